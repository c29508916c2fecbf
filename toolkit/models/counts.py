"""How much chance moves counts, apart because it says something of the world and nothing of how panels are laid out.

As it moves a Poisson variable, and less where things stay from year to year.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Counts before and after one that tell how much chance moves it
NEIGHBOURS = 2
# How many things the belief that chance moves counts as it moves a Poisson variable is worth
CHANCE_STRENGTH = 10.0


def chance_of_counts(count: FloatArray, unit: IntArray, dispersion: float) -> FloatArray:
    """Return the standard deviations (M,), link scale, by which chance moves counts in the order of units and time.

    The delta method for a Poisson variable, about the mean of the counts before and after: were a count itself part
    of that mean, it would look the more certain the larger it is by chance, and levels would be drawn upwards.
    """
    total, number = np.zeros(count.shape), np.zeros(count.shape)
    for lag in range(1, NEIGHBOURS + 1):
        same = unit[lag:] == unit[:-lag]
        for one, other in ((slice(lag, None), slice(None, -lag)), (slice(None, -lag), slice(lag, None))):
            total[one] += np.where(same, count[other], 0.0)
            number[one] += same
    mean = np.where(number > 0, total / np.maximum(number, 1.0), count)
    return np.asarray(np.sqrt(dispersion / (mean + 0.5)))


def dispersion_of(unit: IntArray, year: IntArray, count: FloatArray) -> float:
    """Return the variance of counts (M,) beside their mean, at most 1: the mean squared change, half of that expected.

    With two standard errors on top, so that chance does not look less by chance.

    Examples
    --------
    >>> unit, year = np.zeros(6, dtype=np.int64), np.arange(6)
    >>> [round(dispersion_of(unit, year, np.array(one)), 2) for one in ([90.0] * 6, [9.0, 12.0, 6.0, 11.0, 5.0, 10.0])]
    [0.02, 1.0]
    """
    order = np.lexsort((year, unit))
    count, same = count[order], np.diff(unit[order]) == 0
    squares = float((np.diff(count)[same] ** 2).sum())
    expected = float((count[1:] + count[:-1])[same].sum())
    error = float(np.sqrt(2.0 / max(int(same.sum()), 1)))
    return min((squares + CHANCE_STRENGTH) / (expected + CHANCE_STRENGTH) * (1.0 + 2.0 * error), 1.0)
