"""Counts of parts against the count of the whole: districts, communes, and new communes of a former district."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise, product

from toolkit.data.areas import Area, Areas, Crosswalk
from toolkit.data.indicators import Indicator
from toolkit.data.observations import RANK, UNUSED, Figure, Figures
from toolkit.data.problems import Problems
from toolkit.data.reference import Reference

LARGEST_GAP = 0.005
"""Part of a whole's figure by which its parts' sum may miss it before that is worth a warning."""

Counted = tuple[str, str, str, int, str]


@dataclass(frozen=True)
class Division:
    """One way in which an area is divided.

    Attributes
    ----------
    codes :
        Units that lie in it whole.
    shared :
        Units that lie in it with a part only: their figures cannot be divided, so the sum stays incomplete.
    """

    codes: tuple[str, ...]
    shared: tuple[str, ...] = ()


def children(figures: Iterable[Figure], reference: Reference, problems: Problems) -> None:
    """Warn where counts of parts do not add up to the whole's, or some of the parts pass it already.

    Parameters
    ----------
    figures :
        The figure that counts for each cell; rates and the like are passed over.
    """
    counted = {_place(item): item for item in figures if reference.indicators[item.indicator].whole}

    @cache
    def divisions(code: str, year: int) -> tuple[Division, ...]:
        return divided(code, year, reference.areas, reference.crosswalk)

    for figure in counted.values():
        for division in divisions(figure.area_code, figure.year):
            _check(figure, division, counted, problems)


def divided(code: str, year: int, areas: Areas, crosswalk: Crosswalk) -> tuple[Division, ...]:
    """Return how an area was divided at the end of a year: into districts, into communes.

    A former district is divided into the new communes of its territory; those that it shares with another
    district are told apart.
    """
    day = date(year, 12, 31)
    levels = {area.level for area in areas.units(code)}
    if "province" in levels:
        districts = [area.code for area in areas.children(code, "district") if area.exists_in(year)]
        below = {code, *(area.code for area in areas.children(code, "district"))}
        communes = [area.code for area in areas.all("commune", day) if area.parent_code in below]
        found = [Division(tuple(districts)), Division(tuple(communes))]
    elif "district" in levels:
        own = [area.code for area in areas.children(code, "commune", day)]
        new = [item for item in crosswalk.communes_of_district(code) if not own]
        new = [item for item in new if any(area.in_force(day) for area in areas.units(item))]
        shared = [item for item in new if len(crosswalk.former_districts(item)) > 1]
        found = [Division((*own, *(item for item in new if item not in shared)), tuple(shared))]
    else:
        found = []
    return tuple(division for division in found if division.codes)


def _check(figure: Figure, division: Division, counted: Mapping[Counted, Figure], problems: Problems) -> None:
    places = ((code, *_place(figure)[1:]) for code in division.codes)
    held = [counted[place].value for place in places if place in counted]
    if not held:
        return
    total, count = sum(held), len(division.codes) + len(division.shared)
    slack = LARGEST_GAP * abs(figure.value)
    fields = {"total": f"{total:.10g}", "held": len(held), "count": count}
    if len(held) == count and abs(total - figure.value) > slack:
        problems.warn("children", figure.row, "value", figure.written, **fields)
    elif len(held) < count and total > figure.value + slack:
        problems.warn("children_above", figure.row, "value", figure.written, **fields)


def _place(figure: Figure) -> Counted:
    return figure.area_code, figure.indicator, figure.scope, figure.year, figure.standard


@dataclass(frozen=True)
class Ratio:
    """A rate in per cent and the counts that it is made from.

    Attributes
    ----------
    rate, part, whole :
        Indicators.
    part_scope :
        Scope of the part where it is not the rate's own.
    """

    rate: str
    part: str
    whole: str
    part_scope: str = ""


LARGEST_STEP = {"logit": 1.0, "log": 1.0, "identity": 15.0}
"""Change on the link scale that is implausible from one year to the next; over more years it may be larger by a
quarter of it for each. Ours: of the project's own figures only immunisation passes it (98.6, 73.2, 98.4 %)."""
SMALLEST_SHARE = 0.02
"""Changes below this part of the range between the bounds are not worth a warning, whatever the link scale says."""
RATES = (
    Ratio("poverty_rate", "poor_households", "households"),
    Ratio("near_poverty_rate", "near_poor_households", "households"),
    Ratio("dtts_share_of_poor_households", "poor_households", "poor_households", part_scope="dtts"),
)
"""Rates that follow from two counts."""
TOTALS = (
    ("poor_or_near_poor_rate", ("poverty_rate", "near_poverty_rate")),
)  # fmt: skip
"""Figures that are sums of others."""
PARTS = (
    ("poor_households", "households"),
    ("near_poor_households", "households"),
    ("healthy_life_expectancy", "life_expectancy"),
    ("extremely_difficult_villages", "villages"),
)
"""Figures that cannot pass another one."""

Cell = tuple[str, str, str, int, int | None, str]
Place = tuple[str, str, int, str]


def cross_check(read: Figures, reference: Reference) -> frozenset[int]:
    """Note what is wrong between the rows of a table; return the rows that cannot be used for it."""
    problems = read.problems
    refused = doubles(read.figures, problems)
    conflicts(read.figures, problems)
    usable = best(figure for figure in read.figures if figure.qualifier != UNUSED and figure.from_year is None)
    jumps(usable.values(), reference, problems)
    sums(usable, problems)
    children(usable.values(), reference, problems)
    return refused


def cell(figure: Figure) -> Cell:
    """Return what a figure is about."""
    return figure.area_code, figure.indicator, figure.scope, figure.year, figure.from_year, figure.standard


def doubles(figures: Iterable[Figure], problems: Problems) -> frozenset[int]:
    """Note rows of one source for one cell: the same figure twice (the first stays), or two figures (none does)."""
    groups: dict[tuple[Cell, str], list[Figure]] = {}
    for figure in figures:
        groups.setdefault((cell(figure), figure.source_id), []).append(figure)
    refused: list[int] = []
    for group in groups.values():
        differ = len({figure.value for figure in group}) > 1
        for figure in group if differ else group[1:]:
            other = next(item for item in group if not differ or item.value != figure.value)
            fields: dict[str, object] = {"first": other.row, "other": other.written, "source": figure.source_id}
            kind = "two_values" if differ else "double_row"
            problems.add(kind, figure.row, "value", figure.written, fields=fields)
            refused.append(figure.row)
    return frozenset(refused)


def conflicts(figures: Iterable[Figure], problems: Problems) -> None:
    """Warn of different figures of different sources for one cell; says which one is used."""
    cells: dict[Cell, list[Figure]] = {}
    for figure in figures:
        if figure.qualifier != UNUSED:
            cells.setdefault(cell(figure), []).append(figure)
    for group in cells.values():
        winner = _winner(group)
        for figure in group:
            if figure.source_id != winner.source_id and not _agree(figure, winner):
                fields = {"first": winner.row, "other": winner.written, "source": winner.source_id}
                problems.warn("conflict", figure.row, "value", figure.written, **fields)


def best(figures: Iterable[Figure]) -> dict[Cell, Figure]:
    """Return the figure that counts for each cell."""
    cells: dict[Cell, list[Figure]] = {}
    for figure in figures:
        cells.setdefault(cell(figure), []).append(figure)
    return {key: _winner(group) for key, group in cells.items()}


def jumps(figures: Iterable[Figure], reference: Reference, problems: Problems) -> None:
    """Warn of changes from one figure to the next on the same standard that are too large to be likely."""
    series: dict[tuple[Area | None, str, str, str], list[Figure]] = {}
    for figure in figures:
        if figure.qualifier in ("", "about", "derived"):
            unit = reference.areas.unit_in(figure.area_code, figure.year)
            series.setdefault((unit, figure.indicator, figure.scope, figure.standard), []).append(figure)
    for group in series.values():
        indicator = reference.indicators[group[0].indicator]
        for earlier, later in pairwise(sorted(group, key=lambda figure: figure.year)):
            if _implausible(indicator, earlier, later):
                fields = {"earlier": earlier.written, "year": earlier.year, "first": earlier.row}
                problems.warn("jump", later.row, "value", later.written, **fields)


def sums(figures: Mapping[Cell, Figure], problems: Problems) -> None:
    """Warn where rates do not follow from counts, totals from parts, and parts pass their whole."""
    _check_rates(figures.values(), problems)
    places: dict[Place, dict[str, Figure]] = {}
    for figure in figures.values():
        place = (figure.area_code, figure.scope, figure.year, figure.standard)
        places.setdefault(place, {})[figure.indicator] = figure
    for place, held in places.items():
        _check_totals(held, problems)
        _check_parts(held, problems)
        if place[1] != "all":
            _check_group(held, places.get((place[0], "all", *place[2:]), {}), problems)


def _winner(group: Iterable[Figure]) -> Figure:
    newest_first = sorted(group, key=lambda figure: figure.available_from, reverse=True)
    return min(newest_first, key=lambda figure: RANK[figure.status])


def _agree(one: Figure, other: Figure) -> bool:
    """Say whether two figures are equal at the precision of the coarser one."""
    unit = max(_unit(one.written), _unit(other.written))
    return abs(one.value - other.value) <= unit / 2 + 1e-9


def _unit(written: str) -> float:
    """Return the last place in which a figure was written, as a number: 0.01 for ``2,32``."""
    digits = written.rstrip("% ")
    mark = max(digits.rfind(","), digits.rfind("."))
    return 1.0 if mark < 0 else float(10.0 ** -(len(digits) - mark - 1))


def _implausible(indicator: Indicator, earlier: Figure, later: Figure) -> bool:
    gap = max(later.year - earlier.year, 1)
    limit = LARGEST_STEP[indicator.link] * (1 + 0.25 * (gap - 1))
    if indicator.lower is not None and indicator.upper is not None:
        span = indicator.upper - indicator.lower
        if abs(later.value - earlier.value) < SMALLEST_SHARE * span:
            return False
    return abs(_on_link(indicator, later.value) - _on_link(indicator, earlier.value)) > limit


def _on_link(indicator: Indicator, value: float) -> float:
    half = 0.5 * 10.0**-indicator.decimals
    if indicator.link == "logit" and indicator.lower is not None and indicator.upper is not None:
        inside = min(max(value, indicator.lower + half), indicator.upper - half)
        return math.log((inside - indicator.lower) / (indicator.upper - inside))
    return math.log(max(value, half)) if indicator.link == "log" else value


def _check_rates(figures: Iterable[Figure], problems: Problems) -> None:
    held: dict[tuple[str, int, str, str], list[Figure]] = {}
    for figure in figures:
        held.setdefault((figure.area_code, figure.year, figure.indicator, figure.scope), []).append(figure)
    for ratio in RATES:
        for rate in [figure for key, group in held.items() if key[2] == ratio.rate for figure in group]:
            wholes = held.get((rate.area_code, rate.year, ratio.whole, rate.scope), [])
            parts = held.get((rate.area_code, rate.year, ratio.part, ratio.part_scope or rate.scope), [])
            for part, whole in product(parts, wholes):
                if part.standard == whole.standard and rate.standard in ("", part.standard) and whole.value > 0:
                    _check_rate(rate, part, whole, problems)


def _check_rate(rate: Figure, part: Figure, whole: Figure, problems: Problems) -> None:
    implied = 100.0 * part.value / whole.value
    if abs(implied - rate.value) > _unit(rate.written) * 0.75:
        fields = {"count": part.written, "all": whole.written, "implied": f"{implied:.2f}"}
        problems.warn("rate_and_count", rate.row, "value", rate.written, **fields)


def _check_totals(held: Mapping[str, Figure], problems: Problems) -> None:
    for name, parts in TOTALS:
        if name in held and all(part in held for part in parts):
            total = sum(held[part].value for part in parts)
            units = max(_unit(held[part].written) for part in (name, *parts))
            if abs(total - held[name].value) > 1.5 * units:
                fields = {"parts": " + ".join(held[part].written for part in parts), "sum": f"{total:g}"}
                problems.warn("total", held[name].row, "value", held[name].written, **fields)


def _check_parts(held: Mapping[str, Figure], problems: Problems) -> None:
    for part, whole in PARTS:
        if part in held and whole in held and held[part].value > held[whole].value:
            fields = {"whole": whole, "other": held[whole].written, "first": held[whole].row}
            problems.warn("part_above_whole", held[part].row, "value", held[part].written, **fields)


def _check_group(held: Mapping[str, Figure], everyone: Mapping[str, Figure], problems: Problems) -> None:
    """Warn where a group's count passes that of everyone."""
    for name, figure in held.items():
        if figure.unit in ("households", "persons", "communes", "villages") and name in everyone:
            other = everyone[name]
            if figure.value > other.value:
                fields = {"whole": f"{name} (all)", "other": other.written, "first": other.row}
                problems.warn("part_above_whole", figure.row, "value", figure.written, **fields)
