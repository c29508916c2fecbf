"""What only shows between rows and between files.

Between rows: double rows, conflicts between sources, implausible jumps, sums that do not add up; and figures that
follow from others by arithmetic, rates from counts and sums of parts. Between the files of a data folder: names that
another file should know and does not, and contradictions.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, product
from statistics import median

from toolkit.base.problems import Phrase, Problems, Severity, closest
from toolkit.data import schemas
from toolkit.data.areas import Area, Areas, Crosswalk, Division, divided
from toolkit.data.indicators import Indicator, Indicators, Proxy
from toolkit.data.observations import UNUSED, Figure, best_first
from toolkit.data.parsing import day_of, last_place
from toolkit.data.reference import Reference


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


LARGEST_GAP = 0.005
"""Part of a whole's figure by which its parts' sum may miss it before that is worth a warning."""
LEAST_COVERED = 0.8
"""Share of its parts from which the rate of those with counts stands for a whole without figures: what is lacking then
moves it about as much as the word ``about`` allows for (5 of 100, link scale, where parts differ by 40 of 100)."""
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
TOTALS = {"poor_or_near_poor_rate": ("poverty_rate", "near_poverty_rate")}
"""Figures that are sums of others."""
PARTS_AND_WHOLES = (
    ("poor_households", "households"),
    ("near_poor_households", "households"),
    ("healthy_life_expectancy", "life_expectancy"),
    ("extremely_difficult_villages", "villages"),
)
"""Figures that cannot pass another one."""
POORER = ("poverty_rate", "near_poverty_rate", "poor_or_near_poor_rate")
"""Rates that are higher among ethnic minorities than among all, wherever both are known."""
LEAST_OF_ALL = 0.8
COUNTED = ("households", "persons", "communes", "villages")
"""Units in which a group cannot have more than everyone."""

FigureKey = tuple[str, str, str, int, int | None, str]


def check_between(figures: Sequence[Figure], reference: Reference, problems: Problems) -> frozenset[Figure]:
    """Note what is wrong between the rows of a table; return those that cannot be used for it."""
    refused = check_doubles(figures, problems)
    check_plausible([figure for figure in figures if figure not in refused], reference, problems)
    return refused


def that_count(figures: Iterable[Figure]) -> dict[FigureKey, Figure]:
    """Return the figure that counts for each cell, without means of periods, one-sided and unverified figures."""
    usable = [item for item in figures if item.from_year is None and item.qualifier in ("", "about", "derived")]
    return {key: best_first(group)[0] for key, group in _by_cell(usable).items()}


def check_plausible(figures: Iterable[Figure], reference: Reference, problems: Problems) -> None:
    """Warn of what is unlikely between figures: conflicts, jumps, rates and sums that do not follow."""
    figures = tuple(figures)
    check_conflicts(figures, problems)
    cells = _by_cell(figure for figure in figures if figure.qualifier != UNUSED and figure.from_year is None)
    usable = [best_first(group)[0] for group in cells.values()]
    check_jumps(usable, reference, problems)
    check_slips(usable, problems)
    check_sums(usable, reference.indicators, problems)
    check_divisions(usable, reference, problems)


def figure_key(figure: Figure) -> FigureKey:
    """Return what a figure is about."""
    return figure.area_code, figure.indicator, figure.scope, figure.year, figure.from_year, figure.standard


def check_doubles(figures: Iterable[Figure], problems: Problems) -> frozenset[Figure]:
    """Note figures of one source for one cell that came in together; return those that cannot be used.

    Of one figure given twice the first stays, of two figures with one status none does. Where their status differs
    both stay, and the better one counts.
    """
    groups: dict[tuple[FigureKey, str, str], list[Figure]] = defaultdict(list)
    for figure in figures:
        groups[figure_key(figure), figure.source_id, figure.status].append(figure)
    refused: set[Figure] = set()
    for group in groups.values():
        differ = len({figure.value for figure in group}) > 1
        for figure in group if differ else group[1:]:
            other = next(item for item in group if not differ or item.value != figure.value)
            fields = {"other": other.written, "source": figure.source_id}
            _warn(problems, "two_values" if differ else "double_row", figure, fields, other, "error")
            refused.add(figure)
    return frozenset(refused)


def check_conflicts(figures: Iterable[Figure], problems: Problems) -> None:
    """Warn of different figures for one cell; says which one is used and why."""
    for group in _by_cell(figure for figure in figures if figure.qualifier != UNUSED).values():
        winner = best_first(group)[0]
        for figure in group:
            if not agree(figure, winner):
                fields = {"other": winner.written, "source": winner.source_id, "mine": figure.source_id}
                _warn(problems, "conflict", figure, {**fields, "why": why_used(winner, figure)}, winner)


def why_used(used: Figure, other: Figure) -> Phrase:
    """Return why one of two figures for one cell is used."""
    if used.status != other.status:
        better, worse = (Phrase(f"attainment.status.{item.status}") for item in (used, other))
        return Phrase("data.conflict.status", {"better": better, "worse": worse})
    return Phrase(f"data.conflict.{'later' if used.available_from > other.available_from else 'first'}")


def check_jumps(figures: Iterable[Figure], reference: Reference, problems: Problems) -> None:
    """Warn of changes from one figure to the next on the same standard that are too large to be likely."""
    series: dict[tuple[Area | None, str, str, str], list[Figure]] = defaultdict(list)
    for figure in figures:
        if figure.qualifier in ("", "about", "derived"):
            unit = reference.areas.unit_in(figure.area_code, figure.year)
            series[unit, figure.indicator, figure.scope, figure.standard].append(figure)
    for group in series.values():
        indicator = reference.indicators[group[0].indicator]
        for earlier, later in pairwise(sorted(group, key=lambda figure: figure.year)):
            if _implausible(indicator, earlier, later):
                _warn(problems, "jump", later, {"earlier": earlier.written, "year": earlier.year}, earlier)


def check_slips(figures: Iterable[Figure], problems: Problems) -> None:
    """Ask about likely slips of the hand: fractions for per cent, a copied row, the rate of a group and of all."""
    by_series: dict[tuple[str, str], list[Figure]] = defaultdict(list)
    held: dict[FigureKey, Figure] = {}
    for figure in figures:
        held[figure_key(figure)] = figure
        if figure.unit == "percent" and figure.value > 0 and figure.qualifier in ("", "about"):
            by_series[figure.indicator, figure.scope].append(figure)
    for group in by_series.values():
        usual = [figure.value for figure in group if figure.value > 1]
        middle = median(usual) if usual else 100.0
        copied: dict[tuple[int, str, int], Figure] = {}
        for figure in group:
            times = 10 if figure.value < 1 else 50
            if figure.value <= 1 and times * figure.value < middle:  # nearer to the others as a share of one
                fields = {"small": figure.written, "large": f"{100 * figure.value:.10g}"}
                _warn(problems, "fraction", figure, fields)
            place = (figure.year, figure.written, len(figure.area_code))
            other = copied.setdefault(place, figure)
            same = (figure.file, figure.sheet) == (other.file, other.sheet) and abs(figure.row - other.row) == 1
            if same and other.area_code != figure.area_code and last_place(figure.written) < 0.1:
                _warn(problems, "copied", figure, {"area": other.area_code}, other)
    for figure in held.values():
        everyone = held.get(figure_key(figure._replace(scope="all"))) if figure.scope == "dtts" else None
        if everyone is not None and figure.indicator in POORER and figure.value < LEAST_OF_ALL * everyone.value:
            _warn(problems, "group_below_all", figure, {"other": everyone.written}, everyone)


def check_sums(figures: Iterable[Figure], indicators: Indicators, problems: Problems) -> None:
    """Warn where rates do not follow from counts, totals from parts, and parts pass their whole."""
    by_year: dict[tuple[str, int, str, str], list[Figure]] = defaultdict(list)
    places: dict[tuple[str, str, int, str], dict[str, Figure]] = defaultdict(dict)
    for figure in figures:
        by_year[figure.area_code, figure.year, figure.indicator, figure.scope].append(figure)
        places[figure.area_code, figure.scope, figure.year, figure.standard][figure.indicator] = figure
    _check_rates(by_year, problems)
    for (area, scope, year, standard), held in list(places.items()):
        _check_totals(held, problems)
        everyone = places.get((area, "all", year, standard), {}) if scope != "all" else {}
        _check_parts(held, everyone, indicators, problems)


def check_divisions(figures: Iterable[Figure], reference: Reference, problems: Problems) -> None:
    """Warn where counts of parts do not add up to the whole's, or some of the parts pass it already.

    Parameters
    ----------
    figures :
        The figure that counts for each cell; rates and the like are passed over.
    """
    for found in sums_of_parts(figures, reference.areas, reference.crosswalk, reference.indicators):
        printed, total = found.printed, found.figures[0].value
        slack = LARGEST_GAP * abs(printed.value) if printed else 0.0
        fields = {"total": f"{total:.10g}", "held": found.held, "count": found.count}
        if printed and found.complete and abs(total - printed.value) > slack:
            _warn(problems, "children", printed, fields)
        elif printed and not found.complete and total > printed.value + slack:
            _warn(problems, "children_above", printed, fields)


@dataclass(frozen=True)
class PartsSum:
    """What counts of an area's parts add up to.

    Attributes
    ----------
    figures :
        Those of the parts that have one of every count asked for, summed: one a count, each ``derived``.
    held, count :
        How many parts those are, of how many.
    printed :
        The area's own figure of the first count; None without one.
    """

    figures: tuple[Figure, ...]
    held: int
    count: int
    printed: Figure | None

    @property
    def complete(self) -> bool:
        """Whether every part has a figure."""
        return self.held == self.count


def sums_of_parts(
    figures: Iterable[Figure], areas: Areas, crosswalk: Crosswalk, indicators: Indicators, names: Sequence[str] = ()
) -> Iterator[PartsSum]:
    """Give the sums of the counts of communes in districts, then of both in provinces, complete or not.

    Parameters
    ----------
    figures :
        The figure that counts for each cell.
    names :
        Counts that are wanted of one and the same parts, such as numerator and denominator; each alone if empty.
    """
    counts: dict[FigureKey, dict[str, dict[str, Figure]]] = defaultdict(lambda: defaultdict(dict))
    for item in figures:
        if item.indicator in names if names else indicators[item.indicator].whole:
            what = figure_key(item._replace(area_code="", indicator="" if names else item.indicator))
            counts[what][item.area_code][item.indicator] = item
    divisions: dict[int, list[tuple[str, Division]]] = {}
    parents = {area.parent_code for area in areas.all()}  # provinces of which only the whole is held have no parts
    for of_areas in counts.values():
        wanted = {
            code: tuple(map(held.get, names)) if names else tuple(held.values()) for code, held in of_areas.items()
        }
        held = {code: each for code, each in wanted.items() if None not in each}
        year = next(iter(next(iter(of_areas.values())).values())).year
        if year not in divisions:
            wholes = [
                area
                for level in ("district", "province")
                for area in areas.all(level)
                if area.exists_in(year) and (level == "district" or area.code in parents)
            ]
            divisions[year] = [
                (area.code, one) for area in wholes for one in divided(area.code, year, areas, crosswalk)
            ]
        for code, division in divisions[year]:
            parts = [held[part] for part in division.codes if part in held]
            if parts:
                count = len(division.codes) + len(division.shared)
                made = tuple(_sum(each, code, f"{len(parts)}/{count}") for each in zip(*parts, strict=True))
                yield PartsSum(made, len(parts), count, held.get(code, (None,))[0])
                if len(parts) == count:
                    held.setdefault(code, made)


def _sum(parts: Sequence[Figure], code: str, note: str) -> Figure:
    return _derived(parts, sum(item.value for item in parts), note)._replace(area_code=code)


def derived_figures(
    figures: Iterable[Figure], areas: Areas, crosswalk: Crosswalk, indicators: Indicators
) -> tuple[Figure, ...]:
    """Return the figures that follow from others: sums of the counts of all parts, and rates of two counts.

    A sum is made where the whole has no figure of its own and every part has one; a rate already where the parts with
    both counts are at least :data:`LEAST_COVERED` of all: it is ``about`` right. One is left out where a printed rate
    says the same.
    All others are marked ``derived``; each has the worst status and the latest day of what it is made from, and says
    in its note what that is.
    """
    held = that_count(figures)
    sums = [found.figures[0] for found in sums_of_parts(held.values(), areas, crosswalk, indicators)
            if found.complete and found.printed is None]  # fmt: skip
    held |= {figure_key(item): item for item in sums}
    rates = [*_rates(held, indicators)]
    held |= {figure_key(item): item for item in rates}
    for ratio in RATES:
        counts = () if ratio.part_scope else (ratio.part, ratio.whole)
        for found in sums_of_parts(held.values(), areas, crosswalk, indicators, counts) if counts else ():
            if found.count > found.held >= LEAST_COVERED * found.count:
                partly = {figure_key(item): item for item in found.figures}
                rates += [item._replace(qualifier="about", note=f"{found.figures[0].note}: {item.note}")
                          for item in _rates(partly, indicators) if figure_key(item) not in held]  # fmt: skip
    return (*sums, *rates)


def _rates(held: Mapping[FigureKey, Figure], indicators: Indicators) -> Iterator[Figure]:
    """Give the rates of counts that no printed rate says already."""
    for key, whole in held.items():
        for ratio in RATES:
            scope = ratio.part_scope or whole.scope
            part = held.get((key[0], ratio.part, scope, *key[3:]))
            if whole.indicator != ratio.whole or part is None or whole.value <= 0 or part.value > whole.value:
                continue
            if ratio.part_scope and whole.scope != "all":
                continue
            places = max(indicators[ratio.rate].decimals, 2)
            value = round(100.0 * part.value / whole.value, places)
            made = _derived((part, whole), value, f"{part.value:.10g}/{whole.value:.10g}")
            made = made._replace(indicator=ratio.rate, unit="percent", scope=whole.scope)
            printed = held.get(figure_key(made))
            if printed is None or abs(value - printed.value) > last_place(printed.written) * 0.75:
                yield made


def _derived(parts: Sequence[Figure], value: float, note: str) -> Figure:
    worst = max(parts, key=lambda item: schemas.STATUSES.index(item.status))
    latest = max(parts, key=lambda item: item.available_from)
    return worst._replace(
        value=value,
        written=f"{value:.10g}",
        qualifier="derived",
        note=note,
        available_from=latest.available_from,
        available_basis=latest.available_basis,
    )


def _by_cell(figures: Iterable[Figure]) -> dict[FigureKey, list[Figure]]:
    cells: dict[FigureKey, list[Figure]] = defaultdict(list)
    for figure in figures:
        cells[figure_key(figure)].append(figure)
    return cells


def _warn(
    problems: Problems,
    key: str,
    figure: Figure,
    fields: Mapping[str, object],
    beside: Figure | None = None,
    severity: Severity = "warning",
) -> None:
    """Warn of a figure at its place, naming the row of another one (with its file or sheet where that is another)."""
    if beside is not None:
        there: object = beside.row
        if (beside.file, beside.sheet) != (figure.file, figure.sheet):
            file = f"{beside.file} [{beside.sheet}]" if beside.sheet else beside.file
            there = Phrase("data.row_elsewhere", {"row": beside.row, "file": file})
        fields = {**fields, "first": there}
    place = (figure.file, figure.sheet) if figure.file else None
    problems.add(key, figure.row, "value", figure.written, severity=severity, fields=fields, at=place)


def agree(one: Figure, other: Figure) -> bool:
    """Say whether two figures are equal at the precision of the coarser one."""
    unit = max(last_place(one.written), last_place(other.written))
    return abs(one.value - other.value) <= unit / 2 + 1e-9


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


def _check_rates(held: Mapping[tuple[str, int, str, str], list[Figure]], problems: Problems) -> None:
    for ratio in RATES:
        for rate in [figure for key, group in held.items() if key[2] == ratio.rate for figure in group]:
            wholes = held.get((rate.area_code, rate.year, ratio.whole, rate.scope), [])
            parts = held.get((rate.area_code, rate.year, ratio.part, ratio.part_scope or rate.scope), [])
            for part, whole in product(parts, wholes):
                if part.standard == whole.standard and rate.standard in ("", part.standard) and whole.value > 0:
                    implied = 100.0 * part.value / whole.value
                    if abs(implied - rate.value) > last_place(rate.written) * 0.75:
                        fields = {"count": part.written, "all": whole.written, "implied": f"{implied:.2f}"}
                        _warn(problems, "rate_and_count", rate, fields)


def _check_totals(held: Mapping[str, Figure], problems: Problems) -> None:
    for name, parts in TOTALS.items():
        if name in held and all(part in held for part in parts):
            total = sum(held[part].value for part in parts)
            units = max(last_place(held[part].written) for part in (name, *parts))
            if abs(total - held[name].value) > 1.5 * units:
                shown = " + ".join(held[part].written for part in parts)
                _warn(problems, "total", held[name], {"parts": shown, "sum": f"{total:g}"})


def _check_parts(
    held: Mapping[str, Figure], everyone: Mapping[str, Figure], indicators: Indicators, problems: Problems
) -> None:
    """Warn where a part passes its whole, or a group's count that of everyone."""
    wholes: list[tuple[str, Figure | None, object]] = [
        (part, held[whole], indicators[whole].names) for part, whole in PARTS_AND_WHOLES if whole in held
    ]
    wholes += [(name, everyone.get(name), Phrase("data.of_all", {"name": indicators[name].names}))
               for name, figure in held.items() if figure.unit in COUNTED]  # fmt: skip
    for part, whole, name in wholes:
        if part in held and whole is not None and held[part].value > whole.value:
            _warn(problems, "part_above_whole", held[part], {"whole": name, "other": whole.written}, whole)


NAMES = (
    ("indicator", "indicator", (schemas.STANDARDS, schemas.BREAKS, schemas.OVERLAPS, schemas.LOCAL_TARGETS)),
    ("source_id", "source", (schemas.OVERLAPS, schemas.LOCAL_TARGETS, schemas.MILESTONES)),
    ("source_ids", "source", (schemas.BREAKS,)),
    ("valid_source", "source", (schemas.AREAS,)),
    ("area_code", "area", (schemas.LOCAL_TARGETS,)),
    ("standard", "standard_name", (schemas.LOCAL_TARGETS,)),
    ("before", "standard_name", (schemas.BREAKS,)),
    ("after", "standard_name", (schemas.BREAKS,)),
    ("standard_from", "standard_name", (schemas.OVERLAPS,)),
    ("standard_to", "standard_name", (schemas.OVERLAPS,)),
)
"""Columns whose names another file should know, what they name, and the files that have them."""


def check_reference(reference: Reference) -> None:
    """Note every name in a file that another file should know and does not, and every contradiction."""
    tables = reference.tables
    known: dict[str, Collection[str]] = {
        "indicator": reference.indicators,
        "source": reference.sources,
        "area": reference.areas.codes,
        "standard_name": [standard.id for standard in reference.standards.all],
    }
    for column, kind, files in NAMES:
        for schema in files:
            tables[schema.file].check(column, known[kind], kind)
    _check_areas(tables[schemas.AREAS.file], reference)
    _check_crosswalk(tables[schemas.CROSSWALK.file], reference)
    _check_standards(tables[schemas.STANDARDS.file])
    _check_breaks(tables[schemas.BREAKS.file], reference)
    _check_local_targets(tables[schemas.LOCAL_TARGETS.file], reference)
    _check_milestones(tables[schemas.MILESTONES.file])
    _check_proxies(reference)


def _check_areas(table: schemas.Records, reference: Reference) -> None:
    table.check("parent_code", reference.areas.codes, "area")
    spans: dict[str, list[tuple[date, date, int]]] = {}
    for record in table.rows:
        first, last = record.values["valid_from"] or date.min, record.values["valid_to"] or date.max
        if first > last:
            table.note("validity_backwards", record, "valid_to")
        held = spans.setdefault(record.text("code"), [])
        for other_first, other_last, row in held:
            if first <= other_last and other_first <= last:
                table.note("validity_overlaps", record, "code", first=row)
        held.append((first, last, record.row))


def _check_crosswalk(table: schemas.Records, reference: Reference) -> None:
    codes = {"old_district_code": "district", "old_commune_code": "commune", "new_commune_code": "commune"}
    for record in table.rows:
        start, weight = record.values["valid_from"], record.values["weight"]
        for column, level in codes.items() if start is not None else ():
            units = [area for area in reference.areas.units(record.text(column)) if area.level == level]
            if not any(_fits(area, start, new=column.startswith("new")) for area in units):
                near = table.problems.near("area", record.text(column), reference.areas.codes)
                table.note("unknown_area", record, column, near=near)
        if weight is not None and (not 0 < weight <= 1 or (record.text("share") == "whole" and weight != 1)):
            table.note("bad_weight", record, "weight")


def _fits(area: Area, start: date, *, new: bool) -> bool:
    return area.valid_from == start if new else area.valid_to is not None and area.valid_to < start


def _check_standards(table: schemas.Records) -> None:
    for record in table.rows:
        if record.year("first_year") > record.year("last_year") > 0:
            table.note("period_backwards", record, "first_year", year=record.text("last_year"))
        published = record.text("published_next_year")
        if published and day_of(f"2023-{published}") is None:
            table.note("no_day_of_year", record, "published_next_year")


def _check_breaks(table: schemas.Records, reference: Reference) -> None:
    declared: set[tuple[str, str, str]] = set()
    for record in table.rows:
        before, after = record.text("before"), record.text("after")
        declared |= {(indicator, before, after) for indicator in record.list("indicator")}
        mean, sd, skew = (record.values[name] for name in ("jump_mean", "jump_sd", "jump_skew"))
        if record.values["comparable"] and None in (mean, sd, skew):
            table.note("no_jump", record, "jump_mean")
        if (sd is not None and sd <= 0) or (skew is not None and skew < 0):
            table.note("bad_jump", record, "jump_sd")
        first = reference.standards.get(after).first_year if after in reference.standards else None
        if first not in (None, record.year("year")):
            table.note("wrong_break_year", record, "year", first=first)
    for indicator in reference.indicators:
        for one, other in reference.standards.neighbours(indicator):
            if (indicator, one.id, other.id) not in declared:
                fields = {"indicator": indicator, "before": one.id, "after": other.id}
                table.problems.add("undeclared_break", 1, "before", one.id, fields=fields)


def _check_local_targets(table: schemas.Records, reference: Reference) -> None:
    for record in table.rows:
        indicator, known = record.text("indicator"), reference.indicators
        if indicator in known and record.text("unit") != (wanted := known[indicator].unit):
            table.note("wrong_unit", record, "unit", wanted=wanted, indicator=indicator)
        if record.text("kind") == "target" and not record.text("op"):
            table.note("empty_cell", record, "op")


def _check_milestones(table: schemas.Records) -> None:
    for record in table.rows:
        lacking = [name for name in ("evidence_vi", "evidence_en", "source_id") if not record.text(name)]
        if record.text("status") not in ("", "unknown") and lacking:
            table.note("no_evidence", record, lacking[0])


def _check_proxies(reference: Reference) -> None:
    text = reference.indicator_text
    ids: set[str] = set()
    for indicator in reference.indicators.values():
        place = ("indicators", indicator.id)
        for proxy in indicator.proxies:
            column = f"{indicator.id}.proxies.{proxy.id}"
            if proxy.id in ids:
                text.add(place, column, "double_proxy", value=proxy.id)
            ids.add(proxy.id)
            for kind, names, known in _named_by(proxy, reference):
                for name in (name for name in names if name not in known):
                    text.add(place, column, f"unknown_{kind}", _near(name, known), name)
        for field in ("period_average_of", "denominator"):
            named = getattr(indicator, field)
            if named is not None and named not in reference.indicators:
                text.add(
                    place, f"{indicator.id}.{field}", "unknown_indicator", _near(named, reference.indicators), named
                )
        chains = {standard.chain for standard in reference.standards.of(indicator.id)}
        if indicator.judged_on not in (None, *chains):
            text.add(place, f"{indicator.id}.judged_on", "unknown_chain", value=indicator.judged_on)


def _near(name: str, known: Iterable[str]) -> dict[str, object]:
    return {"near": ", ".join(closest(name, known)) or Phrase("problem.see_list")}


def _named_by(proxy: Proxy, reference: Reference) -> tuple[tuple[str, Iterable[str], Collection[str]], ...]:
    """Return what a proxy names: its kind, the names, and those that are known."""
    share = [proxy.transform.indicator] if proxy.transform.kind == "divide_by_share" else []
    standard = [proxy.standard] if proxy.standard is not None else []
    known_standards = [item.id for item in reference.standards.of(proxy.indicator)]
    return (
        ("indicator", [proxy.indicator, *share], reference.indicators),
        ("source", proxy.source_ids, reference.sources),
        ("standard_name", standard, known_standards),
    )
