"""Forecasts of short panels: arrays in, joint draws out. Knows no areas and no plans."""

from __future__ import annotations

from difflib import get_close_matches

from toolkit.models.baselines import BASELINES, Baseline
from toolkit.models.panel import Forecaster, Jump, Panel, Paths, Scale
from toolkit.models.panel_model import DrawUnits, PanelModel, draws_after_parent

__all__ = [
    "NAMES",
    "DrawUnits",
    "Forecaster",
    "Jump",
    "Panel",
    "Paths",
    "Scale",
    "default",
    "draws_after_parent",
    "get",
]

NAMES: tuple[str, ...] = ("default", *BASELINES)
"""Names of all models: the one in use, and the baselines."""


def get(name: str) -> Forecaster:
    """Return the model of that name.

    Raises
    ------
    KeyError
        If there is no such model; the message names the nearest ones.
    """
    if name == "default":
        return default()
    if name not in BASELINES:
        near = get_close_matches(name, NAMES, n=3) or list(NAMES)
        msg = f"no model {name!r}; try {', '.join(near)}"
        raise KeyError(msg)
    return Baseline(name, BASELINES[name])


def default() -> PanelModel:
    """Return the model that the toolkit uses."""
    return PanelModel()
