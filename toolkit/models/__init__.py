"""Forecasts of short panels: arrays in, joint draws out. Knows no areas and no plans."""

from __future__ import annotations

from typing import Any, cast

from toolkit.base.texts import nearest
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
    KeyError
        If there is no such model; the message names the nearest ones.
    TypeError
        For an object that is neither a forecaster nor an estimator with ``fit`` and ``predict``.
    """
    if not isinstance(name, str):
        own: Any = name
        if hasattr(own, "paths") and hasattr(own, "quantiles"):
            return cast("Forecaster", own)
        if hasattr(own, "fit") and hasattr(own, "predict"):
            return OwnModel(type(own).__name__, lambda _: no_change, own)
        raise TypeError(f"a model needs fit(panel) and predict(horizons); {type(own).__name__} lacks them")
    if name == "default":
        return PanelModel()
    if name not in BASELINES:
        raise KeyError(f"no model {name!r}; try {', '.join(nearest(name, NAMES))}")
    return Baseline(name, BASELINES[name])
