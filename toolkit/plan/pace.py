"""Pace: what it takes each year to get from here to there, and what was kept in the past."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

Link = Literal["logit", "log", "identity"]
PaceKind = Literal["points", "percent"]


def pace_kind(link: Link, start: float, end: float) -> PaceKind:
    """Return how a pace is counted: per cent a year on the log scale, else units a year.

    A relative pace needs two positive values; a way to zero is counted in units.
    """
    return "percent" if link == "log" and start > 0 and end > 0 else "points"


def pace(start: float, end: float, years: float, kind: PaceKind) -> float:
    """Return the constant yearly pace that leads from `start` to `end`.

    Parameters
    ----------
    start, end :
        First and last value; both positive for ``percent``.
    years :
        Length of the way, above 0.
    kind :
        ``points``: (end − start) / years; ``percent``: 100 ((end / start)^(1 / years) − 1).

    Raises
    ------
    ValueError
        If `years` is not positive, or a relative pace is asked for between values that are not positive.

    >>> round(pace(1.0, 1.5, 5, "percent"), 2), round(pace(12.2, 2.32, 4, "points"), 2)
    (8.45, -2.47)
    """
    if years <= 0:
        message = f"the way must take time, not {years} years"
        raise ValueError(message)
    if kind == "points":
        return (end - start) / years
    if start <= 0 or end <= 0:
        message = f"no relative pace leads from {start} to {end}"
        raise ValueError(message)
    return 100.0 * math.expm1(math.log(end / start) / years)


def required_mean(known: Sequence[tuple[float, int]], target: float, years: int, *, compounds: bool) -> float | None:
    """Return the yearly value that the years left must average for the whole period to reach `target`.

    Parameters
    ----------
    known :
        Pairs (mean, number of years) already known.
    target :
        Wanted mean over the whole period, in the values' unit.
    years :
        Length of the whole period.
    compounds :
        As in :func:`toolkit.plan.rules.mean_growth`.

    Returns
    -------
    float or None
        None where no year is left or growth rates of −100 % leave nothing to grow.

    >>> round(required_mean([(7.1, 5)], 6.0, 10, compounds=True), 2)
    4.91
    """
    left = years - sum(count for _, count in known)
    if left <= 0:
        return None
    if not compounds:
        return (target * years - sum(value * count for value, count in known)) / left
    factors = [1.0 + value / 100.0 for value, _ in known]
    if 1.0 + target / 100.0 <= 0 or any(factor <= 0 for factor in factors):
        return None
    logs = sum(count * math.log(factor) for factor, (_, count) in zip(factors, known, strict=True))
    return 100.0 * math.expm1((years * math.log1p(target / 100.0) - logs) / left)
