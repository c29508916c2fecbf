"""Features from which the gate tells what kind of panel it sees, beside the experts' likelihoods.

Features of a panel's past (what tells a smooth panel from a rough one), features of a unit at a horizon (how large
its steps are beside its panel's and for its kind of quantity), and how near shares are to their bounds. All are free
of the unit of measurement.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from toolkit.models.panel import BoolArray, FloatArray, Grid, IntArray, Link, last_seen, mean_steps, yearly_values

PANEL_FEATURES = (
    "constant", "points", "trend_strength", "step_correlation", "same_direction", "common_to_own_noise",
    "own_step_correlation", "own_trends", "gaps", "roughness", "evenness", "agreement", "distance",
)  # fmt: skip
TYPICAL_POINTS = 6.0
# Keeps series without any step from looking like certain trends
TREND_FLOOR = 0.1
# A panel with no more steps than these says half of what it seems to say
FEW_STEPS = 20.0
# Steps smaller than these say nothing (link scale, relative to the panel's measure)
TINY_STEP, TINY_SPREAD = 1e-4, 1e-3
# Mean absolute step of a normal distribution beside its root mean square; typical logarithm of `distance`
NORMAL_EVENNESS, TYPICAL_DISTANCE = 0.8, 1.5

UNIT_FEATURES = ("own_size", "percent", "step_size", "horizon")
TYPICAL_HORIZON = 3.5
# Centres and spreads that make the features of typical panels about as large as 1
TYPICAL_PERCENT, TYPICAL_STEP = 0.4, -2.5
LARGEST_STEP_SIZE = 2.0

# The variance function of shares: near 0 and 100 % changes on the logit scale are larger than in between. Of counts,
# k of n, the logit's standard deviation is in proportion to p (1 - p) to the power of -1/2. Figures of whole areas ask
# for a smaller power, since most of what moves them is not chance.
# Of 0, 0.05 ... 0.5 those from 0.2 to 0.3 have the least CRPS on indicators that the gates never saw, for panels and
# single series alike, and hardly differ: the smallest of them. The gates are learned without it
POWER = 0.2
# How far it is trusted: a past at the bounds tells little of the middle, and one in the middle little of the bounds
LEAST, MOST = -1.0, 4.0


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
    value = yearly_values(grid)
    years = np.flatnonzero(np.isfinite(path))
    steps = np.diff(path[years]) / np.diff(years) if years.size > 1 else np.zeros(0)
    count = steps.size
    mean = float(steps.mean()) if count else 0.0
    spread = float(np.sqrt((((steps - mean) ** 2).sum() + common_scale**2) / (count + 1)))
    rest = steps - mean
    correlation = float((rest[1:] * rest[:-1]).sum() / ((rest**2).sum() + spread**2)) if count > 1 else 0.0
    own = mean_steps(grid)
    own = own[np.isfinite(own)]
    observed = grid.counts[grid.counts > 0]
    points = float(np.median(observed)) if observed.size else 1.0
    relative = value / measure
    since_last = steps_of(relative)
    return np.array(
        [
            1.0,
            np.log(points / TYPICAL_POINTS),
            np.tanh(abs(mean) / spread * np.sqrt(max(count, 1)) / 4.0),
            correlation,
            float(abs(np.sign(own).mean())) if own.size else 0.0,
            float(np.clip(np.log(spread / (2.0 * common_scale)), -3.0, 2.0)),
            *own_features(value - path, common_scale),
            gaps_of(np.isfinite(value)),
            *step_features(since_last),
            *between_units(relative, since_last, own / measure),
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


def gaps_of(seen: BoolArray) -> float:
    """Return the share of unobserved years (N, T) between the units' first years and the panel's last one."""
    begun = np.logical_or.accumulate(seen, axis=1)
    return float(1.0 - seen.sum() / max(int(begun.sum()), 1))


def earlier(seen: BoolArray) -> IntArray:
    """Return the column (N, T) of the last observation before each, -1 where there is none."""
    column = np.where(seen, np.arange(seen.shape[1]), -1)
    latest = np.maximum.accumulate(column, axis=1)
    return np.asarray(np.concatenate([np.full((seen.shape[0], 1), -1), latest[:, :-1]], axis=1))


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


def unit_features(size: FloatArray, link: Link, stepped: BoolArray) -> FloatArray:
    """Return the features of N units at H horizons, shape (N, H, U), bounded for any data.

    Parameters
    ----------
    size :
        Shape (N, H): standard deviations (link scale) of "no change".
    link :
        Of the panel.
    stepped :
        Shape (N,): whether the unit has two observations or more.

    Returns
    -------
    Array whose last axis is :data:`UNIT_FEATURES`:

    - own_size: whether the unit's steps are larger than those of its panel, -1..1;
    - percent: whether values are shares, about 0;
    - step_size: logarithm of the yearly steps of a positive quantity, centred; 0 for others;
    - horizon: logarithm, 0 for a typical one.
    """
    horizon = np.broadcast_to(np.arange(1, size.shape[1] + 1), size.shape)
    logarithm = np.log(size)
    yearly = (logarithm - np.log(horizon) / 2.0 - TYPICAL_STEP) / 2.0
    return np.stack(
        [
            np.tanh(relative_to_others(logarithm, stepped) / 2.0),
            np.full(size.shape, float(link == "logit") - TYPICAL_PERCENT),
            float(link == "log") * np.clip(yearly, -LARGEST_STEP_SIZE, LARGEST_STEP_SIZE),
            np.log(horizon / TYPICAL_HORIZON),
        ],
        axis=-1,
    )


def relative_to_others(values: FloatArray, stepped: BoolArray) -> FloatArray:
    """Return how far the values (N, H) of units with steps lie from their mean; 0 for the others.

    Examples
    --------
    >>> relative_to_others(np.array([[1.0], [3.0], [9.0]]), np.array([True, True, False])).tolist()
    [[-1.0], [1.0], [0.0]]
    """
    if not stepped.any():
        return np.zeros_like(values)
    return np.where(stepped[:, None], values - values[stepped].mean(axis=0), 0.0)


def bound_proximity(linked: FloatArray) -> FloatArray:
    """Return how near to a bound shares are, ``-log(p (1 - p))``, for values on the logit scale (any shape).

    Examples
    --------
    >>> [round(float(one), 2) for one in bound_proximity(np.array([0.0, 4.6, -4.6]))]
    [1.39, 4.62, 4.62]
    """
    return np.asarray(np.logaddexp(0.0, linked) + np.logaddexp(0.0, -linked))


def past_proximity(grid: Grid, link: Link) -> float:
    """Return the mean :func:`bound_proximity` of a panel's past; nan without bounds or observations."""
    value = yearly_values(grid)
    known = value[np.isfinite(value)]
    return float(bound_proximity(known).mean()) if link == "logit" and known.size else float("nan")


def widening_near_bounds(centre: FloatArray, past: FloatArray) -> FloatArray:
    """Return what to multiply scales by, given centres and the past's proximity (both (R,)): 0.8 to 2.2.

    1 where the forecast is as near to a bound as the past was, and where there is no bound (``past`` is nan).

    Examples
    --------
    >>> widening_near_bounds(np.array([0.0, 4.6, 4.6]), np.array([1.39, 1.39, np.nan])).round(2).tolist()
    [1.0, 1.91, 1.0]
    """
    return np.exp(POWER * np.where(np.isnan(past), 0.0, np.clip(bound_proximity(centre) - past, LEAST, MOST)))
