"""Models by name."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from toolkit.models import baselines
from toolkit.models.panel import Forecaster
from toolkit.models.panel_model import PanelModel

__all__ = ["NAMES", "default", "get"]

BUILDERS: dict[str, Callable[[], Forecaster]] = {
    "default": PanelModel,
    "no_change": lambda: baselines.Baseline("no_change", baselines.no_change),
    "drift": lambda: baselines.Baseline("drift", baselines.drift),
    "ols": lambda: baselines.Baseline("ols", baselines.ordinary_least_squares),
    "damped_ets": lambda: baselines.Baseline("damped_ets", baselines.damped_ets),
    "theta": lambda: baselines.Baseline("theta", baselines.theta),
    "arima": lambda: baselines.Baseline("arima", baselines.arima),
    "unobserved_components": lambda: baselines.Baseline("unobserved_components", baselines.unobserved_components),
    "ridge": lambda: baselines.pooled("ridge", baselines.ridge),
    "peers_pace": lambda: baselines.pooled("peers_pace", baselines.peers_pace),
}
NAMES: tuple[str, ...] = tuple(BUILDERS)


def get(name: str) -> Forecaster:
    """Return the model of that name.

    Raises
    ------
    KeyError
        If there is no such model; the message names the nearest ones.
    """
    if name not in BUILDERS:
        near = get_close_matches(name, NAMES, n=3) or list(NAMES)
        msg = f"no model {name!r}; try {', '.join(near)}"
        raise KeyError(msg)
    return BUILDERS[name]()


def default() -> Forecaster:
    """Return the model that the toolkit uses."""
    return get("default")
