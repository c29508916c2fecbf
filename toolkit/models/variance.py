"""The variance function of shares: near 0 and 100 % changes on the logit scale are larger than in between.

Of counts, k of n, the logit's standard deviation is in proportion to p (1 - p) to the power of -1/2. Figures of whole
areas ask for a smaller power, since most of what moves them is not chance.
"""

from __future__ import annotations

import numpy as np

from toolkit.models.grid import Grid, first_layer
from toolkit.models.links import FloatArray, Link

__all__ = ["crowding", "past_crowding", "widening_near_bounds"]

# Of 0, 0.05 ... 0.5 those from 0.2 to 0.3 have the least CRPS on indicators that the gates never saw, for panels and
# single series alike, and hardly differ: the smallest of them. The gates are learned without it
POWER = 0.2
# How far it is trusted: a past at the bounds tells little of the middle, and one in the middle little of the bounds
LEAST, MOST = -1.0, 4.0


def crowding(linked: FloatArray) -> FloatArray:
    """Return how near to a bound shares are, ``-log(p (1 - p))``, for values on the logit scale (any shape).

    Examples
    --------
    >>> [round(float(one), 2) for one in crowding(np.array([0.0, 4.6, -4.6]))]
    [1.39, 4.62, 4.62]
    """
    return np.asarray(np.logaddexp(0.0, linked) + np.logaddexp(0.0, -linked))


def past_crowding(grid: Grid, link: Link) -> float:
    """Return the mean :func:`crowding` of a panel's past; nan without bounds or observations."""
    value = first_layer(grid)
    known = value[np.isfinite(value)]
    return float(crowding(known).mean()) if link == "logit" and known.size else float("nan")


def widening_near_bounds(centre: FloatArray, past: FloatArray) -> FloatArray:
    """Return what to multiply scales by, given centres and the past's crowding (both (R,)): 0.8 to 2.2.

    1 where the forecast is as near to a bound as the past was, and where there is no bound (``past`` is nan).

    Examples
    --------
    >>> widening_near_bounds(np.array([0.0, 4.6, 4.6]), np.array([1.39, 1.39, np.nan])).round(2).tolist()
    [1.0, 1.91, 1.0]
    """
    return np.exp(POWER * np.where(np.isnan(past), 0.0, np.clip(crowding(centre) - past, LEAST, MOST)))
