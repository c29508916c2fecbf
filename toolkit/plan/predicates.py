"""Arithmetic of rules: predicates, means and paces on arrays and numbers, shares and quantiles of weighted draws.

Draws stand in rows, years in columns; every predicate answers draw by draw.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from toolkit.data.indicators import LinkName
from toolkit.data.observations import PeriodAverage
from toolkit.data.schemas import STATUSES

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Operator = Literal["<", "<=", ">", ">="]
PaceKind = Literal["points", "percent"]

EXACT = 1e-9
"""Relative slack for sums of printed decimals: 12.1 − 9.1 is a fall of 3.0 although the floats differ."""


def satisfies(values: FloatArray, op: Operator, threshold: float | FloatArray) -> BoolArray:
    """Return ``values op threshold``, any shape; equal up to :data:`EXACT` counts as equal; NaN meets nothing.

    >>> satisfies(np.array([9.1 - 12.1, -2.9]), "<=", -3.0).tolist()
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
        return satisfies(values, ">=", threshold - half)
    if op == "<=" and printed.lower is not None and threshold == printed.lower:
        return satisfies(values, "<", threshold + half)
    return satisfies(values, op, threshold)


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


def usable_averages(averages: Sequence[PeriodAverage], first: int, last: int) -> list[PeriodAverage]:
    """Return the published means that stand for years of first..last, in order of time, none overlapping.

    Of overlapping ones the better status wins, then the longer, then the earlier in the list.
    """
    inside = [average for average in averages if first <= average.from_year and average.to_year <= last]
    ranked = sorted(inside, key=lambda a: (STATUSES.index(a.status), a.from_year - a.to_year))
    chosen: list[PeriodAverage] = []
    for average in ranked:
        if all(average.to_year < other.from_year or other.to_year < average.from_year for other in chosen):
            chosen.append(average)
    return sorted(chosen, key=lambda average: average.from_year)


def pace_kind(link: LinkName, start: float, end: float) -> PaceKind:
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
        raise ValueError(f"the way must take time, not {years} years")
    if kind == "points":
        return (end - start) / years
    if start <= 0 or end <= 0:
        raise ValueError(f"no relative pace leads from {start} to {end}")
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
        As in :func:`mean_growth`.

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


def pace_unit(unit: str, kind: PaceKind) -> str:
    """Return the name of a pace's unit.

    >>> pace_unit("percent", "points"), pace_unit("million_vnd_per_year", "percent"), pace_unit("villages", "points")
    ('percentage_points_per_year', 'percent_per_year', 'villages_per_year')
    """
    if kind == "percent":
        return "percent_per_year"
    return "percentage_points_per_year" if unit == "percent" else f"{unit}_per_year"


class Weighted(Protocol):
    """Draws that may carry weights."""

    @property
    def weights(self) -> FloatArray | None:
        """Weights of the draws, shape (S,), summing to 1; None if all are equal."""


def joint_weights(paths: Iterable[Weighted]) -> FloatArray | None:
    """Return the weights of draws that several paths share, shape (S,), summing to 1; None if all are equal.

    Each path's weights say how well a draw agrees with that path's one-sided figures; joint draws have to agree
    with all of them. Paths whose figures no draw agrees with together count as unweighted.
    """
    product: FloatArray | None = None
    for path in paths:
        if path.weights is not None:
            product = path.weights if product is None else product * path.weights
    if product is None or not product.sum() > 0:
        return None
    return np.asarray(product / product.sum(), dtype=np.float64)


def probability(met: BoolArray, weights: FloatArray | None) -> float:
    """Return the weighted share of draws, shape (S,), that meet a rule."""
    share = float(np.mean(met)) if weights is None else float(np.sum(weights[met]))
    return min(max(share, 0.0), 1.0)


NEXT_TO_NONE = 0.01
"""A share of draws that no answer may hang on: another seed would have more of them, or none."""


def hardly_any(met: BoolArray, weights: FloatArray | None) -> bool:
    """Say whether next to no draw, shape (S,), meets a rule.

    >>> hardly_any(np.arange(4000) < 39, None), hardly_any(np.arange(4000) < 40, None)
    (True, False)
    """
    return probability(met, weights) < NEXT_TO_NONE


def effective_count(draws: int, weights: FloatArray | None) -> float:
    """Return the number of equally weighted draws that the weighted ones are worth."""
    return float(draws) if weights is None else float(1.0 / np.sum(weights**2))


def monte_carlo_error(share: float, effective: float) -> float:
    """Return the standard error of a probability that comes from a finite number of draws.

    >>> monte_carlo_error(0.5, 2500.0)
    0.01
    """
    return math.sqrt(share * (1.0 - share) / effective)


def quantiles_of_draws(draws: FloatArray, weights: FloatArray | None, levels: Sequence[float]) -> FloatArray:
    """Return quantiles of draws (S, ...) along their first axis, shape (L, ...).

    Parameters
    ----------
    draws :
        All defined.
    weights :
        Shape (S,), not negative, with a positive sum; None for equal ones.
    levels :
        L probabilities, 0..1.

    Notes
    -----
    Equally weighted draws are interpolated linearly between neighbours. With weights it is the inverse of the weighted
    distribution function: the smallest draw at which the weights of all draws up to it reach the level. They are
    compared up to rounding, so that 0.3 is reached by three draws of ten with weights 0.1.

    Examples
    --------
    >>> ten = np.arange(1.0, 11.0)
    >>> quantiles_of_draws(ten, None, [0.5]).tolist(), quantiles_of_draws(ten, np.full(10, 0.1), [0.5]).tolist()
    ([5.5], [5.0])
    """
    if weights is None:
        # sorting first is the faster way
        return np.asarray(np.quantile(np.sort(draws, axis=0), levels, axis=0, overwrite_input=True))
    order = np.argsort(draws, axis=0, kind="stable")
    reached = np.cumsum(weights[order], axis=0)
    picks = [np.argmax(reached >= level * reached[-1] * (1.0 - 1e-12), axis=0) for level in levels]
    return np.take_along_axis(np.take_along_axis(draws, order, axis=0), np.stack(picks), axis=0)


def quantiles(values: FloatArray, weights: FloatArray | None, levels: tuple[float, ...]) -> tuple[float | None, ...]:
    """Return quantiles of draws, shape (S,); undefined draws are left out, None if all are."""
    defined = np.isfinite(values)
    kept = None if weights is None else weights[defined]
    if not defined.any() or (kept is not None and kept.sum() <= 0):
        return tuple(None for _ in levels)
    return tuple(float(value) for value in quantiles_of_draws(values[defined], kept, levels))


def median(values: FloatArray, weights: FloatArray | None) -> float | None:
    """Return the median of draws, shape (S,), or None where none is defined."""
    return quantiles(values, weights, (0.5,))[0]
