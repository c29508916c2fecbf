"""Forecasts of short panels: arrays in, joint draws out. Knows no areas and no plans."""

from __future__ import annotations

from toolkit.base.texts import nearest
from toolkit.models.baselines import BASELINES, Baseline
from toolkit.models.panel import Forecaster
from toolkit.models.panel_model import PanelModel

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
        return PanelModel()
    if name not in BASELINES:
        raise KeyError(f"no model {name!r}; try {', '.join(nearest(name, NAMES))}")
    return Baseline(name, BASELINES[name])
