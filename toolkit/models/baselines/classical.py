"""Baselines in closed form: no change, drift, a straight line."""

from __future__ import annotations

import numpy as np

from toolkit.models.baselines.base import Marginals, Series
from toolkit.models.links import IntArray

__all__ = ["drift", "no_change", "ordinary_least_squares"]


def no_change(series: Series, horizons: IntArray) -> Marginals:
    """Repeat the last value; steps of a random walk with the series' root mean squared yearly change."""
    step = series.step
    if series.value.size > 1:
        step = float(np.sqrt(np.mean(np.diff(series.value) ** 2 / np.diff(series.time))))
    return Marginals(np.full(horizons.shape, series.value[-1]), step * np.sqrt(horizons))


def drift(series: Series, horizons: IntArray) -> Marginals:
    """Draw a line through the first and the last point (on the log link: compound annual growth)."""
    count = series.value.size - 1
    if count < 1:
        return no_change(series, horizons)
    span = int(series.time[-1] - series.time[0])
    slope = (series.value[-1] - series.value[0]) / span
    gaps = np.diff(series.time)
    squares = float(np.sum((np.diff(series.value) - slope * gaps) ** 2 / gaps))
    step = np.sqrt(squares / (count - 1)) if count > 1 else series.step
    spread = step * np.sqrt(horizons * (1.0 + horizons / span))
    return Marginals(series.value[-1] + slope * horizons, spread, float(max(count - 1, 1)))


def ordinary_least_squares(series: Series, horizons: IntArray) -> Marginals:
    """Fit a straight line by least squares on the link scale, with its prediction interval."""
    count = series.value.size
    if count < 3:
        return drift(series, horizons)
    design = np.column_stack([np.ones(count), series.time])
    coefficients = np.linalg.lstsq(design, series.value, rcond=None)[0]
    freedom = count - 2
    variance = float(((series.value - design @ coefficients) ** 2).sum()) / freedom
    ahead = np.column_stack([np.ones(horizons.size), series.time[-1] + horizons])
    leverage = np.einsum("ij,jk,ik->i", ahead, np.linalg.inv(design.T @ design), ahead)
    return Marginals(ahead @ coefficients, np.sqrt(variance * (1.0 + leverage)), float(freedom))
