"""Forecasts of short panels: arrays in, joint draws out. Knows no areas and no plans."""

from __future__ import annotations

from inspect import signature
from typing import Any, cast

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.models.baselines import BASELINES, Baseline, Estimator, OwnModel, no_change
from toolkit.models.panel import Forecaster
from toolkit.models.panel_model import PanelModel

NAMES: tuple[str, ...] = ("default", *BASELINES)
"""Names of all models: the one in use, and the baselines."""


Model = str | Estimator | Forecaster
"""A model by its name, or a model of one's own."""


def get(name: Model) -> Forecaster:
    """Return the model of that name, or a model of one's own as a forecaster.

    Raises
    ------
    UsageError
        If there is no such model, or an object is neither a forecaster nor has ``fit`` and ``predict``.
    """
    if not isinstance(name, str):
        own: Any = name
        if not isinstance(own, type) and hasattr(own, "paths") and hasattr(own, "quantiles"):
            return cast("Forecaster", own)
        if not isinstance(own, type) and hasattr(own, "predict") and _takes_a_panel(getattr(own, "fit", None)):
            return OwnModel(type(own).__name__, no_change, own)
        raise UsageError(
            say("forecast.unlike_model", kind=getattr(own, "__name__", type(own).__name__)),
            say("forecast.unlike_model.remedy"),
        )
    if name == "default":
        return PanelModel()
    if name not in BASELINES:
        raise UsageError(say("forecast.no_model", model=name), say("base.choose", choices=", ".join(NAMES)))
    return Baseline(name, BASELINES[name])


def _takes_a_panel(fit: Any) -> bool:
    """Say whether a method can be called with a panel alone: a regression of scikit-learn asks for x and y."""
    try:
        signature(fit).bind("panel")
    except (TypeError, ValueError):
        return False
    return True
