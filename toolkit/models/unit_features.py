"""Features of a unit at a horizon: how large its steps are, beside its panel's and for its kind of quantity.

All are free of the unit of measurement and bounded for any data.
"""

from __future__ import annotations

import numpy as np

from toolkit.models.experts import UNIT, Opinion
from toolkit.models.links import BoolArray, FloatArray, Link

__all__ = ["TYPICAL_HORIZON", "UNIT_FEATURES", "unit_features"]

UNIT_FEATURES = ("own_size", "percent", "step_size", "horizon")
TYPICAL_HORIZON = 3.5
# Centres and spreads that make the features of typical panels about as large as 1
TYPICAL_PERCENT, TYPICAL_STEP = 0.4, -2.5
LARGEST_STEP_SIZE = 2.0
NO_CHANGE = UNIT.names.index("no_change")


def unit_features(opinion: Opinion, link: Link, stepped: BoolArray) -> FloatArray:
    """Return the features of N units at H horizons, shape (N, H, U).

    Parameters
    ----------
    opinion :
        What the experts of unit paths say.
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
    size = np.sqrt(opinion.variance[NO_CHANGE])
    horizon = np.broadcast_to(np.arange(1, size.shape[1] + 1), size.shape)
    logarithm = np.log(size)
    yearly = (logarithm - np.log(horizon) / 2.0 - TYPICAL_STEP) / 2.0
    return np.stack(
        [
            np.tanh(beside_the_others(logarithm, stepped) / 2.0),
            np.full(size.shape, float(link == "logit") - TYPICAL_PERCENT),
            float(link == "log") * np.clip(yearly, -LARGEST_STEP_SIZE, LARGEST_STEP_SIZE),
            np.log(horizon / TYPICAL_HORIZON),
        ],
        axis=-1,
    )


def beside_the_others(values: FloatArray, stepped: BoolArray) -> FloatArray:
    """Return how far the values (N, H) of units with steps lie from their mean; 0 for the others.

    Examples
    --------
    >>> beside_the_others(np.array([[1.0], [3.0], [9.0]]), np.array([True, True, False])).tolist()
    [[-1.0], [1.0], [0.0]]
    """
    if not stepped.any():
        return np.zeros_like(values)
    return np.where(stepped[:, None], values - values[stepped].mean(axis=0), 0.0)
