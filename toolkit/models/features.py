"""Features from which the gate tells what kind of panel it sees, beside the experts' likelihoods.

Each is explained in a line of :data:`FEATURES`. All are free of the unit of measurement and bounded for any data.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from toolkit.models.panel import BoolArray, FloatArray, Grid, IntArray, Link, last_seen, mean_steps, yearly_values

# Of the panel's past
PANEL_FEATURES = (
    "constant",
    "trend_strength",  # how large the common path's mean step is beside its standard error, 0..1
    "common_noise",  # how much the common path's steps vary beside the units' own
    "roughness",  # how much steps turn: straight lines far below 0, independent steps 0.35
    "own_step_correlation",  # whether units' own steps follow one another
    "own_trends",  # how large units' own mean steps are beside those of independent steps
    "agreement",  # whether the units' mean step is large beside its standard error, 0..1
    "distance",  # how far units' last levels are apart beside a step
    "evenness",  # whether steps are alike: rare large ones below 0
    "same_direction",  # share of units that move the same way
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
TINY_STEP, TINY_SPREAD = 1e-4, 1e-3
# Keeps series without any step from looking like certain trends
TREND_FLOOR = 0.1
# A panel with no more steps than these says half of what it seems to say
FEW_STEPS = 20.0
# Mean absolute step of a normal distribution beside its root mean square; typical logarithm of `distance`
NORMAL_EVENNESS, TYPICAL_DISTANCE = 0.8, 1.5


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
    value, own = yearly_values(grid), mean_steps(grid)
    own, since_last = own[np.isfinite(own)], steps_of(value / measure)
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
            *step_features(since_last)[:1],
            *own_features(value - path, common_scale),
            *between_units(value / measure, since_last, own / measure),
            *step_features(since_last)[1:],
            float(abs(np.sign(own).mean())) if own.size else 0.0,
        ]
    )


def own_features(deviation: FloatArray, scale: float) -> tuple[float, float]:
    """Return step correlation and trend size of the units' deviations (N, T) from the common path.

    Correlation of successive steps (rough series: negative, smooth ones: positive), and the
    logarithm of how large the units' mean steps are beside those of independent steps.
    """
    steps = np.diff(deviation, axis=1)
    known = np.isfinite(steps)
    if known.sum() < 2:
        return 0.0, 0.0
    filled = np.where(known, steps, 0.0)
    squares, products = float((filled**2).sum()), float((filled[:, 1:] * filled[:, :-1]).sum())
    pairs, total = float((known[:, 1:] & known[:, :-1]).sum()), float(known.sum())
    correlation = products / (squares * pairs / total + scale**2) if pairs else 0.0
    correlation = float(np.clip(correlation, -1.0, 1.0)) * pairs / (pairs + FEW_STEPS)
    count = known.sum(axis=1)
    several = count > 1
    means = filled.sum(axis=1)[several] / count[several]
    typical = squares / total + TREND_FLOOR * scale**2
    trends = float((count[several] * means**2).mean() / typical) if several.any() else 1.0
    return correlation, float(np.log(trends + TREND_FLOOR)) * total / (total + FEW_STEPS)


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


def step_features(steps: Steps) -> tuple[float, float]:
    """Return roughness and evenness of the steps of the units, whatever their size.

    Roughness: logarithm of how much yearly steps change from one to the next, beside their own size (straight
    lines: far below 0; independent steps: log(2) / 2). Evenness: logarithm of the mean absolute step beside the root
    mean square, relative to that of a normal distribution (rare large steps: below 0).

    Examples
    --------
    >>> line = np.array([[0.0, 1.0, 2.0, 3.0]])
    >>> [round(one, 1) for one in step_features(steps_of(line))]
    [-2.0, 0.2]
    """
    step, turn = steps
    size = root_mean_square(step)
    several = np.isfinite(step).sum(axis=1) > 1
    roughness = 0.0
    if np.isfinite(turn).any():
        roughness = np.log((root_mean_square(turn) + TINY_STEP) / (root_mean_square(step[several]) + TINY_STEP))
    known = step[np.isfinite(step)]
    mean = float(np.abs(known).mean()) if known.size else NORMAL_EVENNESS * TINY_STEP
    # the mean's floor is the smaller one: a panel that stands still looks like one of rare large steps
    evenness = np.log((mean + TINY_STEP / 10.0) / (size + TINY_STEP * 1.1) / NORMAL_EVENNESS)
    return float(np.clip(roughness, -2.0, 0.6)), float(evenness)


def between_units(value: FloatArray, steps: Steps, typical: FloatArray) -> tuple[float, float]:
    """Return how units (N, T) stand to each other, given their steps and mean yearly steps (those known).

    Agreement: whether the units' mean step is large beside its standard error, 0..1. Distance: logarithm of the
    spread of their last levels beside a step; 0 for a typical panel and for a single unit.
    """
    seen = np.isfinite(value)
    has = seen.any(axis=1)
    agreement = distance = 0.0
    if typical.size > 1:
        error = float(typical.std()) / np.sqrt(typical.size) + TINY_SPREAD
        agreement = float(np.tanh(abs(float(typical.mean())) / error / 4.0))
    if has.sum() > 1:
        last = value[has, last_seen(seen[has])]
        size = root_mean_square(steps.step) + TINY_STEP
        distance = float(np.clip(np.log((last.std() + TINY_SPREAD) / size) - TYPICAL_DISTANCE, -2.0, 2.0))
    return agreement, distance


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
