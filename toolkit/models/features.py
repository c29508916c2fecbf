"""Features from which the gate tells what kind of panel it sees, beside the experts' likelihoods.

There are nine, each explained in a line of :data:`FEATURES`, which begins with a constant; the kind of quantity, one of
three, takes two columns. All are free of the unit of measurement and bounded for any data.
"""

from __future__ import annotations

import numpy as np

from toolkit.models.panel import FloatArray, Grid, Link, last_levels, yearly_values

# Of the panel's past
PANEL_FEATURES = (
    "constant",
    "trend_strength",  # how large the common path's mean step is beside its standard error, 0..1
    "common_noise",  # how much the common path's steps vary beside the units' own
    "roughness",  # how much steps turn: straight lines far below 0, independent steps 0.35
    "evenness",  # whether steps are alike: rare large ones below 0
    "share",  # what kind of quantity it is, of three: a share, an amount
    "either_sign",  # or one that may be below 0
)
# Of a unit at a horizon
UNIT_FEATURES = (
    "points",  # how many figures the unit has
    "bound",  # how near its last figure is to 0 or 100 %
    "step_size",  # how large its yearly steps are (link scale)
    "horizon",  # how far ahead
)
FEATURES = (*PANEL_FEATURES, *UNIT_FEATURES)
# Centres and spreads that make the features of typical panels about as large as 1
TYPICAL_POINTS, TYPICAL_HORIZON = 6.0, 3.5
TYPICAL_STEP, LARGEST_STEP_SIZE = -2.5, 2.0
# Of each kind of quantity "share" and "either_sign", the first less its typical value
KINDS: dict[Link, tuple[float, float]] = {"logit": (0.6, 0.0), "log": (-0.4, 0.0), "identity": (-0.4, 1.0)}
# Proximity to a bound in the middle, and the one from which on it makes no difference: 0.03 or 99.97 %
MIDDLE, NEAREST, NEAR = 1.386, 8.0, 3.0
# Steps smaller than this say nothing (link scale, relative to the panel's measure)
TINY_STEP = 1e-4
# Mean absolute step of a normal distribution beside its root mean square
NORMAL_EVENNESS = 0.8


def panel_features(grid: Grid, path: FloatArray, common_scale: float) -> FloatArray:
    """Return :data:`PANEL_FEATURES` of a panel, shape (F,).

    Parameters
    ----------
    grid :
        Observations on one standard.
    path :
        Shape (T,): the common path, nan where no unit was observed.
    common_scale :
        Keeps short paths from looking certain.
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
            *step_features(yearly_values(grid) / grid.measure),
            *KINDS[grid.scale.link],
        ]
    )


def step_features(value: FloatArray) -> tuple[float, float]:
    """Return roughness and evenness of the steps of the units' values (N, T), whatever their size.

    Roughness: logarithm of how much yearly steps change from one to the next, beside their own size (straight
    lines: far below 0; independent steps: log(2) / 2). Evenness: logarithm of the mean absolute step beside the root
    mean square, relative to that of a normal distribution (rare large steps: below 0). A step over several years counts
    by their square root.

    Examples
    --------
    >>> [round(one, 1) for one in step_features(np.array([[0.0, 1.0, 2.0, 3.0], [9.0, 8.0, 7.0, 6.0]]))]
    [-2.0, 0.2]
    """
    steps, several, turns = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    for row in value:
        time = np.flatnonzero(np.isfinite(row))
        change, years = np.diff(row[time]), np.diff(time)
        steps.append(change / np.sqrt(years))
        turns.append(np.diff(change / years))
        several.append(steps[-1] if steps[-1].size > 1 else np.zeros(0))
    known, turn = np.concatenate(steps), np.concatenate(turns)
    roughness = 0.0
    if turn.size:
        size = root_mean_square(np.concatenate(several))
        roughness = np.log((root_mean_square(turn) + TINY_STEP) / (size + TINY_STEP))
    mean = float(np.abs(known).mean()) if known.size else NORMAL_EVENNESS * TINY_STEP
    # the mean's floor is the smaller one: a panel that stands still looks like one of rare large steps
    evenness = np.log((mean + TINY_STEP / 10.0) / (root_mean_square(known) + TINY_STEP * 1.1) / NORMAL_EVENNESS)
    return float(np.clip(roughness, -2.0, 0.6)), float(evenness)


def root_mean_square(values: FloatArray) -> float:
    """Return the root mean square, 0 of none."""
    return float(np.sqrt((values**2).mean())) if values.size else 0.0


def unit_features(size: FloatArray, grid: Grid) -> FloatArray:
    """Return :data:`UNIT_FEATURES` of N units at H horizons, shape (N, H, U).

    Parameters
    ----------
    size :
        Shape (N, H): standard deviations (link scale) of "no change".
    grid :
        Observations on one standard.
    """
    horizon = np.broadcast_to(np.arange(1, size.shape[1] + 1), size.shape)
    points = np.broadcast_to(np.maximum(grid.counts, 1)[:, None], size.shape)
    yearly = (np.log(size) - np.log(horizon) / 2.0 - TYPICAL_STEP) / 2.0
    return np.stack(
        [
            np.log(points / TYPICAL_POINTS),
            np.broadcast_to(nearness(grid)[:, None], size.shape),
            float(grid.scale.link != "identity") * np.clip(yearly, -LARGEST_STEP_SIZE, LARGEST_STEP_SIZE),
            np.log(horizon / TYPICAL_HORIZON),
        ],
        axis=-1,
    )


def nearness(grid: Grid) -> FloatArray:
    """Return how near to a bound units' last figures are (N,): 0 in the middle and without bounds, about 1 at 2 %."""
    last = np.nan_to_num(last_levels(grid))
    if grid.scale.link != "logit":
        return np.zeros(last.shape)
    # -log(p (1 - p)) of a share p, from its logit
    proximity = np.logaddexp(0.0, last) + np.logaddexp(0.0, -last)
    return np.asarray((np.clip(proximity, MIDDLE, NEAREST) - MIDDLE) / NEAR)
