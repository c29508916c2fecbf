"""Progress classes of seven other systems; apart because no answer of ours rests on them: they are for comparison.

They are functions of a few published figures. Each names where its rule was read. Thresholds, class names and
oddities are the systems' own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Direction = Literal["up", "down"]
SYSTEMS = ("UNSD 2022", "UNSD 2023", "Eurostat", "Open SDG", "SDSN", "ESCAP", "Destatis")

# Classes, the best first.
UNSD_2022 = (
    "Substantial progress/ on track",
    "Fair progress but acceleration needed",
    "Limited to no progress",
    "Deterioration",
)
UNSD_2023 = ("3 met or on track", "2 fair progress, acceleration needed", "1 stagnation or regression")
EUROSTAT = ("significant progress", "moderate progress", "insufficient progress", "movement away")
OPEN_SDG = ("substantial_progress", "moderate_progress", "limited_progress", "deterioration")
SDSN = ("on track or maintaining", "moderately improving", "stagnating", "decreasing")
ESCAP = ("maintain (on track)", "accelerate", "reverse")
DESTATIS = ("sun", "sun+cloud", "cloud", "thunderstorm")

DESTATIS_POINTS = 6
"""Points that the mean yearly change of Destatis rests on, at most."""
OPEN_SDG_ZERO = 0.001
"""What a base or target of 0 silently becomes in Open SDG."""


@dataclass(frozen=True)
class Official:
    """What another system says.

    Attributes
    ----------
    system, edition :
        Whose rule, of when.
    value :
        The number that its class rests on (a ratio, a growth rate, a score); None where it defines none.
    verdict :
        Its class, in its own English words.
    on_track :
        True where the class says that the target will be met (or is), if things go on.
    """

    system: str
    edition: str
    value: float | None
    verdict: str
    on_track: bool


@dataclass(frozen=True)
class OpenSDG(Official):
    """What Open SDG says; `score` is -5..5."""

    score: float = 0.0


def cagr(first: float, last: float, years: float) -> float:
    """Return the compound annual growth rate, as a fraction.

    Raises
    ------
    ValueError
        If no time passes, or the two values have no positive ratio.

    >>> round(cagr(20.0, 12.0, 7), 6)
    -0.070376
    """
    if years <= 0:
        raise ValueError(f"growth needs time to pass, not {years} years")
    if first == 0 or last / first < 0:
        raise ValueError(f"no growth rate leads from {first} to {last}")
    return float((last / first) ** (1.0 / years) - 1.0)


def growth_ratio(
    first: float, first_year: int, last: float, last_year: int, target: float, target_year: int
) -> float:  # fmt: skip
    """Return actual growth over the growth required from the first figure to the target."""
    return cagr(first, last, last_year - first_year) / cagr(first, target, target_year - first_year)


def meets(value: float, target: float, direction: Direction) -> bool:
    """Say whether a value has reached a target."""
    return value >= target if direction == "up" else value <= target


def official_verdicts(
    years: Sequence[int], values: Sequence[float], target: float, target_year: int, *, direction: Direction
) -> dict[str, Official | None]:
    """Return what each system says of figures on the way to a target; None where its rule gives nothing.

    Parameters
    ----------
    years, values :
        Published figures on one standard, by year, two or more.
    target, target_year, direction :
        What has to be reached, and whether more or less is wanted.

    Notes
    -----
    SDSN scores are made of the figures as it does: 0 at the first figure's distance from the target, 100 at the
    target; its window is the last four years. ESCAP's prediction is a line that weights recent years more.
    """
    ends = (values[0], years[0], values[-1], years[-1])

    def arrow() -> Official:
        scores = [100.0 * (value - values[0]) / (target - values[0]) for value in values]
        near = min(range(len(years) - 1), key=lambda place: abs(years[-1] - 4 - years[place]))
        window = (scores[near], years[near], scores[-1], years[-1])
        return sdsn(scores[0], years[0], *window, green=100.0, target_year=target_year)

    rules: tuple[Callable[[], Official], ...] = (
        lambda: unsd_2022(*ends, target, target_year),
        lambda: unsd_2023(*ends, target, target_year),
        lambda: eurostat(*ends, target, target_year),
        lambda: opensdg(*ends, target=target, target_year=target_year, direction=direction),
        arrow,
        lambda: escap_anticipated(values[0], weighted_line(years, values, target_year), target, direction=direction),
        lambda: destatis(years, values, target, target_year, direction=direction),
    )
    return {name: _or_nothing(rule) for name, rule in zip(SYSTEMS, rules, strict=True)}


def unsd_2022(first: float, first_year: int, last: float, last_year: int, target: float, target_year: int) -> Official:
    """Return the class of the growth ratio, as in a third party's code (cwtravisyip/unsd_global_database)."""
    ratio = growth_ratio(first, first_year, last, last_year, target, target_year)
    return _class("UNSD", "2022", ratio, UNSD_2022, 0 if ratio > 0.95 else 1 + _rank(ratio, 0.5, -0.1))


def unsd_2023(first: float, first_year: int, last: float, last_year: int, target: float, target_year: int) -> Official:
    """Return the class of the share of the distance that the extrapolated value has closed.

    As restated by the Basque statistics office. A value that has reached the target is met, and so is one within 1
    of the bound (0 or 100) that is the target.
    """
    growth = cagr(first, last, last_year - first_year)
    expected = last * (1.0 + growth) ** (target_year - last_year)
    ratio = (expected - first) / (target - first) if target != first else 1.0
    near = target in (0.0, 100.0) and abs(last - target) <= 1.0
    met = near or meets(last, target, "up" if target >= first else "down")
    return _class("UNSD", "2023", ratio, UNSD_2023, 0 if met else _rank(ratio, 0.95, 0.1))


def eurostat(first: float, first_year: int, last: float, last_year: int, target: float, target_year: int) -> Official:
    """Return the class of the growth ratio for an indicator with a target.

    The thresholds are those of Open SDG, which says that it follows Eurostat; Eurostat's own text was not read.
    """
    ratio = growth_ratio(first, first_year, last, last_year, target, target_year)
    return _class("Eurostat", "2021", ratio, EUROSTAT, _rank(ratio, 0.95, 0.6, 0.0))


def opensdg(
    base: float, base_year: int, current: float, current_year: int, *, direction: Direction, target: float,
    target_year: int,
) -> OpenSDG:  # fmt: skip
    """Return the class of a series' first and last value, as in Open SDG's code (sdg-build, ``ProgressMeasure.py``).

    Zero bases and targets become 0.001 as they do there, so growth from or to zero is absurd.

    Raises
    ------
    ValueError
        For values of mixed signs, on which it gives no verdict.
    """
    sign, first = (1.0 if direction == "up" else -1.0), base or OPEN_SDG_ZERO
    needed = cagr(first, target or OPEN_SDG_ZERO, target_year - base_year)
    flip = -1.0 if first < 0 and current < 0 else 1.0
    value = flip * sign * cagr(first, current, current_year - base_year) / abs(needed)
    if meets(current, target, direction):
        return OpenSDG("Open SDG", "2.4", value, "target_achieved", on_track=True, score=5.0)
    score = 7.1429 * value - 4.2857 if value >= 0.6 else 4.1667 * value - 2.5
    rank = _rank(value, 0.95, 0.6, 0.0)
    return OpenSDG("Open SDG", "2.4", value, OPEN_SDG[rank], on_track=rank == 0, score=max(-5.0, min(5.0, score)))


def sdsn(
    base: float,
    base_year: int,
    earlier: float,
    earlier_year: int,
    last: float,
    last_year: int,
    green: float,
    target_year: int = 2030,
) -> Official:
    """Return the arrow of the SDG Index: the rate since `earlier_year` over the one required from base to `green`.

    From its published legend of four arrows.

    Parameters
    ----------
    base, earlier, last :
        Scores of 0..100, more is better. Editions differ in the window from `earlier_year` to `last_year`.
    green :
        Score from which a goal counts as reached; staying above it is maintaining, even when falling.
    """
    required = (green - base) / (target_year - base_year)
    actual = (last - earlier) / (last_year - earlier_year)
    ratio = actual / required if required > 0 else None
    if last >= green or (ratio is not None and ratio >= 1.0):
        rank = 0
    else:
        rank = 3 if actual < 0 else 1 if ratio is not None and ratio >= 0.5 else 2
    return _class("SDSN", "4-arrow", ratio, SDSN, rank)


def escap_anticipated(base: float, predicted: float, target: float, *, direction: Direction) -> Official:
    """Return their anticipated progress index: the gap left at the target year, in per cent of the way required.

    The cut-offs, 10 and 100 %, are recalled and unverified.
    """
    gap = 0.0 if meets(predicted, target, direction) else 100.0 * abs(target - predicted) / abs(target - base)
    return _class("ESCAP", "anticipated progress index", gap, ESCAP, 0 if gap <= 10.0 else 1 if gap <= 100.0 else 2)


def weighted_line(years: Sequence[int], values: Sequence[float], target_year: int) -> float:
    """Return the value at `target_year` of a regression line that weights recent years more (1, 2, … n).

    The commissions' own weights were not read; these are ours.
    """
    x, y = np.asarray(years, dtype=np.float64), np.asarray(values, dtype=np.float64)
    weights = np.arange(1.0, len(x) + 1.0)
    centre = weights @ x / weights.sum()
    spread = weights @ (x - centre) ** 2
    slope = weights @ ((x - centre) * y) / spread if spread > 0 else 0.0
    return float(weights @ y / weights.sum() + slope * (target_year - centre))


def destatis(
    years: Sequence[int], values: Sequence[float], target: float, target_year: int, *, direction: Direction
) -> Official:
    """Return the weather symbol of a target in one year: the mean change drawn on, and the gap it would leave.

    From the status page of Germany's sustainability strategy.

    Raises
    ------
    ValueError
        For fewer than two points.
    """
    if len(values) < 2:
        raise ValueError("a mean change needs two points")
    last, first = values[-1], -min(DESTATIS_POINTS, len(values))
    change = (last - values[first]) / (years[-1] - years[first])
    if meets(last, target, direction):
        return _class("Destatis", "2025", None, DESTATIS, 0)
    missed = (last + change * (target_year - years[-1]) - target) / (last - target)
    if change == 0 or (change > 0) != (direction == "up"):
        return _class("Destatis", "2025", missed, DESTATIS, 3)
    return _class("Destatis", "2025", missed, DESTATIS, 0 if missed < 0.05 else 1 if missed <= 0.2 else 2)


def _rank(value: float, *thresholds: float) -> int:
    """Return how many thresholds, falling, a value stays below."""
    return next((rank for rank, threshold in enumerate(thresholds) if value >= threshold), len(thresholds))


def _class(system: str, edition: str, value: float | None, classes: Sequence[str], rank: int) -> Official:
    return Official(system, edition, value, classes[rank], on_track=rank == 0)


def _or_nothing(rule: Callable[[], Official]) -> Official | None:
    try:
        return rule()
    except (ValueError, ArithmeticError):  # through zero, no time, no distance: the systems give no class either
        return None
