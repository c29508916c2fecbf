"""Features from which the gate tells what kind of panel it sees, beside the experts' likelihoods.

Each is explained in a line of :data:`FEATURES`. All are free of the unit of measurement and bounded for any data.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from toolkit.models.panel import BoolArray, FloatArray, Grid, IntArray, Link, last_seen, yearly_values

# Of the panel's past
PANEL_FEATURES = (
    "constant",
    "trend_strength",  # how large the common path's mean step is beside its standard error, 0..1
    "common_noise",  # how much the common path's steps vary beside the units' own
    "roughness",  # how much steps turn: straight lines far below 0, independent steps 0.35
)
# Of a unit at a horizon
UNIT_FEATURES = (
    "points",  # how many figures the unit has
    "percent",  # whether it is a share
    "bound",  # how near its last figure is to 0 or 100 %
    "few_near_bound",  # the same where figures are few
    "step_size",  # how large its yearly steps are (link scale)
    "horizon",  # how far ahead
)
FEATURES = (*PANEL_FEATURES, *UNIT_FEATURES)
# Centres and spreads that make the features of typical panels about as large as 1
TYPICAL_POINTS, TYPICAL_HORIZON = 6.0, 3.5
TYPICAL_PERCENT, TYPICAL_STEP = 0.4, -2.5
LARGEST_STEP_SIZE = 2.0
# Proximity to a bound in the middle, and the one from which on it makes no difference: 0.03 or 99.97 %
MIDDLE, NEAREST, NEAR = 1.386, 8.0, 3.0
# Steps smaller than this say nothing (link scale, relative to the panel's measure)
TINY_STEP = 1e-4


def panel_features(grid: Grid, path: FloatArray, common_scale: float, measure: float) -> FloatArray:
    """Return :data:`PANEL_FEATURES` of a panel, shape (F,).

    Parameters
    ----------
    grid :
        Observations on one standard.
    path :
        Shape (T,): the common path, nan where no unit was observed.
    common_scale :
        Keeps short paths from looking certain.
    measure :
        See :func:`toolkit.models.panel.unit_of_measure`.
    """
    years = np.flatnonzero(np.isfinite(path))
    steps = np.diff(path[years]) / np.diff(years) if years.size > 1 else np.zeros(0)
    count = steps.size
    mean = float(steps.mean()) if count else 0.0
    spread = float(np.sqrt((((steps - mean) ** 2).sum() + common_scale**2) / (count + 1)))
    return np.array(
        [
            1.0,
            np.tanh(abs(mean) / spread * np.sqrt(max(count, 1)) / 4.0),
            float(np.clip(np.log(spread / (2.0 * common_scale)), -3.0, 2.0)),
            roughness(steps_of(yearly_values(grid) / measure)),
        ]
    )


class Steps(NamedTuple):
    """Changes since the last observation, shape (N, T), nan where there is none.

    Attributes
    ----------
    step :
        Per square root of the years between.
    turn :
        Change of the yearly step from one to the next.
    """

    step: FloatArray
    turn: FloatArray


def earlier(seen: BoolArray) -> IntArray:
    """Return the column (N, T) of the last observation before each, -1 where there is none."""
    column = np.where(seen, np.arange(seen.shape[1]), -1)
    latest = np.maximum.accumulate(column, axis=1)
    return np.asarray(np.concatenate([np.full((seen.shape[0], 1), -1), latest[:, :-1]], axis=1))


def steps_of(value: FloatArray) -> Steps:
    """Return the steps of units' values (N, T)."""
    seen = np.isfinite(value)
    before = earlier(seen)
    has = seen & (before >= 0)
    years = np.where(has, np.arange(value.shape[1]) - before, 1)
    place = np.maximum(before, 0)
    change = np.where(has, value - np.take_along_axis(value, place, axis=1), np.nan)
    rate = change / years
    turn = np.where(has, rate - np.take_along_axis(rate, place, axis=1), np.nan)
    return Steps(change / np.sqrt(years), turn)


def roughness(steps: Steps) -> float:
    """Return the logarithm of how much yearly steps change from one to the next, beside their own size.

    Straight lines: far below 0; independent steps: log(2) / 2; 0 where no unit has two steps.

    Examples
    --------
    >>> roughness(steps_of(np.array([[0.0, 1.0, 2.0, 3.0]])))
    -2.0
    """
    several = np.isfinite(steps.step).sum(axis=1) > 1
    if not np.isfinite(steps.turn).any():
        return 0.0
    turn, step = (root_mean_square(part) + TINY_STEP for part in (steps.turn, steps.step[several]))
    return float(np.clip(np.log(turn / step), -2.0, 0.6))


def root_mean_square(values: FloatArray) -> float:
    """Return the root mean square of the known values, 0 for none."""
    known = values[np.isfinite(values)]
    return float(np.sqrt((known**2).mean())) if known.size else 0.0


def unit_features(size: FloatArray, grid: Grid, link: Link) -> FloatArray:
    """Return :data:`UNIT_FEATURES` of N units at H horizons, shape (N, H, U).

    Parameters
    ----------
    size :
        Shape (N, H): standard deviations (link scale) of "no change".
    grid :
        Observations on one standard.
    link :
        Of the panel.
    """
    horizon = np.broadcast_to(np.arange(1, size.shape[1] + 1), size.shape)
    points = np.broadcast_to(np.maximum(grid.counts, 1)[:, None], size.shape)
    near = np.broadcast_to(nearness(grid, link)[:, None], size.shape)
    yearly = (np.log(size) - np.log(horizon) / 2.0 - TYPICAL_STEP) / 2.0
    return np.stack(
        [
            np.log(points / TYPICAL_POINTS),
            np.full(size.shape, float(link == "logit") - TYPICAL_PERCENT),
            near,
            near / points,
            float(link != "identity") * np.clip(yearly, -LARGEST_STEP_SIZE, LARGEST_STEP_SIZE),
            np.log(horizon / TYPICAL_HORIZON),
        ],
        axis=-1,
    )


def nearness(grid: Grid, link: Link) -> FloatArray:
    """Return how near to a bound units' last figures are (N,): 0 in the middle and without bounds, about 1 at 2 %."""
    value = yearly_values(grid)
    seen = np.isfinite(value)
    last = np.where(seen.any(axis=1), value[np.arange(value.shape[0]), last_seen(seen)], 0.0)
    if link != "logit":
        return np.zeros(last.shape)
    return (np.clip(bound_proximity(last), MIDDLE, NEAREST) - MIDDLE) / NEAR


def bound_proximity(linked: FloatArray) -> FloatArray:
    """Return how near to a bound shares are, ``-log(p (1 - p))``, for values on the logit scale (any shape).

    Examples
    --------
    >>> [round(float(one), 2) for one in bound_proximity(np.array([0.0, 4.6, -4.6]))]
    [1.39, 4.62, 4.62]
    """
    return np.asarray(np.logaddexp(0.0, linked) + np.logaddexp(0.0, -linked))
