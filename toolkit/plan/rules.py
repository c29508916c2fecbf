"""What a rule asks of joint draws: vectorised predicates that know arrays and numbers only.

Draws stand in rows, years in columns; every predicate answers draw by draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.plan.targets import Operator

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

EXACT = 1e-9
"""Relative slack for sums of printed decimals: 12.1 − 9.1 is a fall of 3.0 although the floats differ."""


def compare(values: FloatArray, op: Operator, threshold: float | FloatArray) -> BoolArray:
    """Return ``values op threshold``, any shape; equal up to :data:`EXACT` counts as equal; NaN meets nothing.

    >>> compare(np.array([9.1 - 12.1, -2.9]), "<=", -3.0).tolist()
    [True, False]
    """
    slack = EXACT * np.maximum(1.0, np.abs(threshold))
    if op == "<":
        return np.asarray(values < threshold - slack)
    if op == "<=":
        return np.asarray(values <= threshold + slack)
    if op == ">":
        return np.asarray(values > threshold + slack)
    return np.asarray(values >= threshold - slack)


@dataclass(frozen=True)
class Printed:
    """How an indicator is printed.

    Attributes
    ----------
    decimals :
        Printed decimal places.
    lower, upper :
        Bounds of the indicator; None where it is open.
    """

    decimals: int = 1
    lower: float | None = 0.0
    upper: float | None = 100.0


def level_met(values: FloatArray, op: Operator, threshold: float, printed: Printed) -> BoolArray:
    """Return where a level meets its threshold, any shape.

    A threshold that is the indicator's own bound (100 % of communes, no makeshift house) is met when the value
    rounds to it (halves up) at the printed precision: an estimate of a share never is the bound itself.

    >>> level_met(np.array([99.94, 99.96, 100.0]), ">=", 100.0, Printed(decimals=1)).tolist()
    [False, True, True]
    """
    half = 0.5 * 10.0**-printed.decimals
    if op == ">=" and printed.upper is not None and threshold == printed.upper:
        return compare(values, ">=", threshold - half)
    if op == "<=" and printed.lower is not None and threshold == printed.lower:
        return compare(values, "<", threshold + half)
    return compare(values, op, threshold)


def ratio(values: FloatArray, base: FloatArray) -> FloatArray:
    """Return ``values / base`` draw by draw; NaN where the base is zero."""
    base = np.broadcast_to(base, values.shape)
    with np.errstate(over="ignore"):  # over a vanishing base the ratio is infinite, and compares as such
        quotient = np.divide(values, base, out=np.full(values.shape, np.nan), where=base != 0)
    return np.asarray(quotient, dtype=np.float64)


def ratio_threshold(value: float, op: Operator, tolerance: float) -> float:
    """Return the threshold softened by `tolerance` (parity 1.0 with 0.05 asks for at least 0.95)."""
    return value - tolerance if op in (">", ">=") else value + tolerance


def yearly_changes(values: FloatArray, measured_in: Literal["percentage_points", "percent"]) -> FloatArray:
    """Return changes from year to year.

    Parameters
    ----------
    values : (S, T)
        Draws of consecutive years.
    measured_in :
        ``percentage_points`` for differences, ``percent`` for relative changes in per cent.

    Returns
    -------
    (S, T - 1)
    """
    steps = np.asarray(np.diff(values, axis=1), dtype=np.float64)
    if measured_in == "percentage_points":
        return steps
    return ratio(100.0 * steps, values[:, :-1])


def worst(values: FloatArray, op: Operator) -> FloatArray:
    """Return each draw's worst year, shape (S,): the least for ``>``, the largest for ``<``."""
    picked = values.min(axis=1) if op in (">", ">=") else values.max(axis=1)
    return np.asarray(picked, dtype=np.float64)


def mean_growth(values: FloatArray, years: Sequence[int], *, compounds: bool) -> FloatArray:
    """Return the mean of yearly values over a period, draw by draw.

    Parameters
    ----------
    values : (S, K)
        Yearly values or means of blocks of years.
    years : (K,)
        Number of years that each column stands for, at least 1.
    compounds :
        True for growth rates in per cent: 100 (prod (1 + x/100)^years)^(1 / sum years) − 100. A rate of −100 %
        or less ends at −100 %.

    >>> float(mean_growth(np.array([[10.0, 0.0]]), [1, 1], compounds=True)[0].round(4))
    4.8809
    """
    weights = np.asarray(years, dtype=np.float64)
    if not compounds:
        return np.asarray(values @ weights / weights.sum(), dtype=np.float64)
    factors = np.maximum(1.0 + values / 100.0, 0.0)
    with np.errstate(divide="ignore"):
        mean_log = np.log(factors) @ weights / weights.sum()
    return np.asarray(100.0 * np.expm1(mean_log), dtype=np.float64)


def part_below_whole(
    part: FloatArray, whole: FloatArray, *, part_known: bool, whole_known: bool
) -> tuple[FloatArray, FloatArray]:
    """Return part and whole, shape (S,) each, with the part at most the whole in every draw.

    What is drawn gives way to what is known: a known part lifts the whole, otherwise the part is cut. Two known
    figures stay as they are published, even where they contradict each other.
    """
    if part_known and whole_known:
        return part, whole
    if part_known:
        return part, np.maximum(whole, part)
    return np.minimum(part, whole), whole
