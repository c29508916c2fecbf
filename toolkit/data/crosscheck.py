"""What only shows between rows: double rows, conflicts between sources, implausible jumps, sums that do not add up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise

from toolkit.data.indicators import Indicator
from toolkit.data.observations import Figure, Figures
from toolkit.data.problems import Problems
from toolkit.data.reference import Reference
from toolkit.data.series import RANK, UNUSED

LARGEST_STEP = {"logit": 1.0, "log": 1.0, "identity": 15.0}
"""Change on the link scale that is implausible from one year to the next; over more years it may be larger by a
quarter of it for each. Ours: of the project's own figures only immunisation passes it (98.6, 73.2, 98.4 %)."""
SMALLEST_SHARE = 0.02
"""Changes below this part of the range between the bounds are not worth a warning, whatever the link scale says."""
RATES = (
    ("poverty_rate", "poor_households"),
    ("near_poverty_rate", "near_poor_households"),
)
"""Rates, and the counts that they are shares of all households of."""
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
LARGEST_GAP_OF_CHILDREN = 0.005
"""Part of a parent's figure by which its children's sum may miss it before that is worth a warning."""

Cell = tuple[str, str, str, int, int | None, str]
Place = tuple[str, str, int, str]


def cross_check(read: Figures, reference: Reference) -> None:
    """Note what is wrong between the rows of a table."""
    problems = read.problems
    doubles(read.figures, problems)
    conflicts(read.figures, problems)
    usable = best(figure for figure in read.figures if figure.qualifier != UNUSED and figure.from_year is None)
    jumps(usable.values(), reference, problems)
    sums(usable, problems)
    children(usable, reference, problems)


def cell(figure: Figure) -> Cell:
    """Return what a figure is about."""
    return figure.area_code, figure.indicator, figure.scope, figure.year, figure.from_year, figure.standard


def doubles(figures: Iterable[Figure], problems: Problems) -> None:
    """Note rows of one source for one cell: the same figure twice, or two figures."""
    first: dict[tuple[Cell, str], Figure] = {}
    for figure in figures:
        key = (cell(figure), figure.source_id)
        earlier = first.setdefault(key, figure)
        if earlier is not figure:
            fields: dict[str, object] = {"first": earlier.row, "other": earlier.written, "source": figure.source_id}
            kind = "double_row" if earlier.value == figure.value else "two_values"
            problems.add(kind, figure.row, "value", figure.written, fields=fields)


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
    series: dict[tuple[str, str, str, str], list[Figure]] = {}
    for figure in figures:
        if figure.qualifier in ("", "about", "derived"):
            series.setdefault((figure.area_code, figure.indicator, figure.scope, figure.standard), []).append(figure)
    for group in series.values():
        indicator = reference.indicators[group[0].indicator]
        for earlier, later in pairwise(sorted(group, key=lambda figure: figure.year)):
            if _implausible(indicator, earlier, later):
                fields = {"earlier": earlier.written, "year": earlier.year, "first": earlier.row}
                problems.warn("jump", later.row, "value", later.written, **fields)


def sums(figures: Mapping[Cell, Figure], problems: Problems) -> None:
    """Warn where rates do not follow from counts, totals from parts, and parts pass their whole."""
    places: dict[Place, dict[str, Figure]] = {}
    for figure in figures.values():
        place = (figure.area_code, figure.scope, figure.year, figure.standard)
        places.setdefault(place, {})[figure.indicator] = figure
    for place, held in places.items():
        _check_rates(held, problems)
        _check_totals(held, problems)
        _check_parts(held, problems)
        if place[1] != "all":
            _check_group(held, places.get((place[0], "all", *place[2:]), {}), problems)


def children(figures: Mapping[Cell, Figure], reference: Reference, problems: Problems) -> None:
    """Warn where the figures of all districts do not add up to their province's."""
    counted = [item for item in figures.values() if reference.indicators[item.indicator].whole]
    by_place = {(item.area_code, item.indicator, item.scope, item.year, item.standard): item for item in counted}
    for figure in counted:
        below = [area.code for area in reference.areas.children(figure.area_code, "district")]
        rest = (figure.indicator, figure.scope, figure.year, figure.standard)
        held = [by_place[(code, *rest)] for code in below if (code, *rest) in by_place]
        if below and len(held) == len(below):
            total = sum(item.value for item in held)
            if abs(total - figure.value) > LARGEST_GAP_OF_CHILDREN * abs(figure.value):
                problems.warn("children", figure.row, "value", figure.written, total=f"{total:g}", count=len(held))


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


def _check_rates(held: Mapping[str, Figure], problems: Problems) -> None:
    households = held.get("households")
    for rate_name, count_name in RATES:
        rate, count = held.get(rate_name), held.get(count_name)
        if rate and count and households and households.value > 0:
            implied = 100.0 * count.value / households.value
            if abs(implied - rate.value) > _unit(rate.written) * 0.75:
                fields = {"count": count.written, "all": households.written, "implied": f"{implied:.2f}"}
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
