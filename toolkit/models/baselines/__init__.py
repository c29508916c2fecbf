"""Usual methods behind the same interface, for comparison and for researchers."""

from __future__ import annotations

from toolkit.models.baselines.base import Baseline, Marginals
from toolkit.models.baselines.classical import drift, no_change, ordinary_least_squares
from toolkit.models.baselines.fitted import arima, damped_ets, theta, unobserved_components
from toolkit.models.baselines.pooled import peers_pace, pooled, ridge

__all__ = [
    "Baseline",
    "Marginals",
    "arima",
    "damped_ets",
    "drift",
    "no_change",
    "ordinary_least_squares",
    "peers_pace",
    "pooled",
    "ridge",
    "theta",
    "unobserved_components",
]
