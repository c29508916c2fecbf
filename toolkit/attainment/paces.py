"""Required and recent pace of one question."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.attainment.case import Case
from toolkit.attainment.draws import joint_weights, median
from toolkit.attainment.result import Note
from toolkit.forecast.paths import Path, usable_averages
from toolkit.plan.pace import Link, PaceKind, pace, pace_kind, required_mean
from toolkit.plan.rules import compare, level_met, ratio_threshold
from toolkit.plan.schema import AnnualChangeRule, AverageRule, LevelRule, RatioToBaseRule, RatioToRule

RECENT_YEARS = 5
"""The recent pace looks back at most this far."""


@dataclass(frozen=True)
class Paces:
    """What pace is needed and what pace was kept.

    Attributes
    ----------
    required, recent :
        In ``unit``; None where there is none.
    unit, kind :
        ``<unit>_per_year`` and how it is counted.
    recent_years :
        First and last year of the recent pace.
    span :
        Years over which the required pace has to be kept.
    notes :
        What the paces leave out.
    """

    required: float | None = None
    recent: float | None = None
    unit: str = ""
    kind: PaceKind = "points"
    recent_years: tuple[int, int] | None = None
    span: int = 0
    notes: tuple[Note, ...] = ()


def paces_of(case: Case, link: Link) -> Paces:
    """Return required and recent pace for a rule; no pace for rules about a yearly flow.

    The way is counted from the newest figure; where the area has none, from the estimate for the newest year
    that any figure informs. It stays on the standard of that figure.
    """
    match case.rule:
        case LevelRule() | RatioToBaseRule() | RatioToRule():
            return _to_a_level(case, link)
        case AnnualChangeRule() as rule:
            kind: PaceKind = "points" if rule.measured_in == "percentage_points" else "percent"
            recent, years = recent_pace(case.path, kind)
            span = rule.to_year - rule.from_year + 1
            return Paces(rule.value, recent, unit_of(case.path.unit, kind), kind, years, span)
        case AverageRule() as rule:
            return _mean_left(rule, case.path)
    return Paces()


def known_values(path: Path) -> dict[int, float]:
    """Return the value at every year with a usable own figure, in the judged unit.

    The figure itself, or through a stand-in the median of what it is turned into.
    """
    published = {(figure.year, figure.standard): figure.value for figure in path.evidence.observations}
    values: dict[int, float] = {}
    for column in np.flatnonzero(path.observed):
        year = int(path.years[column])
        figure = published.get((year, path.standards[column])) if path.proxy is None else None
        value = median(path.at(year), path.weights) if figure is None else figure
        if value is not None:
            values[year] = value
    return values


def recent_pace(path: Path, kind: PaceKind) -> tuple[float | None, tuple[int, int] | None]:
    """Return the pace over at most the last :data:`RECENT_YEARS` years of figures on one standard, and which."""
    values = known_values(path)
    if not values:
        return None, None
    last = max(values)
    standard = path.standards[path.position(last)]
    near = [y for y in values if last - RECENT_YEARS <= y < last and path.standards[path.position(y)] == standard]
    if not near:
        return None, None
    first = min(near)
    if kind == "percent" and pace_kind("log", values[first], values[last]) != "percent":
        return None, None
    return pace(values[first], values[last], last - first, kind), (first, last)


def unit_of(unit: str, kind: PaceKind) -> str:
    """Return the name of a pace's unit.

    >>> unit_of("percent", "points"), unit_of("million_vnd_per_year", "percent"), unit_of("villages", "points")
    ('percentage_points_per_year', 'percent_per_year', 'villages_per_year')
    """
    if kind == "percent":
        return "percent_per_year"
    return "percentage_points_per_year" if unit == "percent" else f"{unit}_per_year"


@dataclass(frozen=True)
class _Start:
    """Where the way begins: a year, its value, and whether that is an own figure."""

    year: int
    value: float
    own: bool


def _start(path: Path) -> _Start | None:
    """Return the newest own figure if it is on the standard of the newest evidence, else the estimate for then."""
    values, newest = known_values(path), path.evidence.last_year
    reached = int(path.years[0]) <= newest <= int(path.years[-1])
    if values:
        last = max(values)
        if not reached or path.standards[path.position(last)] == path.standards[path.position(newest)]:
            return _Start(last, values[last], own=True)
    value = median(path.at(newest), path.weights) if reached else None
    return None if value is None else _Start(newest, value, own=False)


def _aim(case: Case) -> float | None:
    """Return the level of the judged indicator that meets the rule at the due year."""
    rule, weights = case.rule, joint_weights(case.paths)
    match rule:
        case LevelRule():
            return rule.value
        case RatioToBaseRule():
            base = known_values(case.path).get(rule.base_year)
            base = median(case.path.at(rule.base_year), weights) if base is None else base
            return None if base is None else rule.value * base
        case RatioToRule() if case.benchmark is not None:
            benchmark = median(case.benchmark.at(case.due), weights)
            threshold = ratio_threshold(rule.value, rule.op, rule.tolerance)
            return None if benchmark is None else threshold * benchmark
    return None


def _to_a_level(case: Case, link: Link) -> Paces:
    rule, path = case.rule, case.path
    start, aim = _start(path), _aim(case)
    if start is None or aim is None or not isinstance(rule, LevelRule | RatioToBaseRule | RatioToRule):
        return Paces()
    year, value = start.year, start.value
    kind = pace_kind(link, value, aim)
    recent, years = recent_pace(path, kind)
    unit, span = unit_of(path.unit, kind), case.due - year
    if span <= 0:
        return Paces(None, recent, unit, kind, years)
    notes = [] if start.own else [Note("attainment.note.pace_from_estimate", {"year": year, "value": value})]
    if any(year < change.year <= case.due for change in path.breaks):
        notes.append(Note("attainment.note.pace_on_standard", {"standard": path.standards[path.position(year)]}))
    if isinstance(rule, LevelRule):
        there = bool(level_met(np.array([value]), rule.op, aim, case.printed)[0])
    else:
        there = bool(compare(np.array([value]), rule.op, aim)[0])
    if there:
        notes.append(Note("attainment.note.hold", {"year": year, "value": value, "unit": path.unit}))
    required = 0.0 if there else pace(value, aim, span, kind)
    return Paces(required, recent, unit, kind, years, span, tuple(notes))


def _mean_left(rule: AverageRule, path: Path) -> Paces:
    blocks = usable_averages(path.period_averages, rule.from_year, rule.to_year)
    covered = {year for block in blocks for year in range(block.from_year, block.to_year + 1)}
    values = known_values(path)
    single = [year for year in values if rule.from_year <= year <= rule.to_year and year not in covered]
    known = [(block.value, block.to_year - block.from_year + 1) for block in blocks]
    known += [(values[year], 1) for year in single]
    years = rule.to_year - rule.from_year + 1
    required = required_mean(known, rule.value, years, compounds=rule.compounds)
    unit = "percent_per_year" if path.unit == "percent" or rule.compounds else unit_of(path.unit, "points")
    recent = sorted(year for year in values if year > max(values) - RECENT_YEARS)
    mean = sum(values[year] for year in recent) / len(recent) if recent else None
    left = years - sum(count for _, count in known)
    return Paces(required, mean, unit, "points", (recent[0], recent[-1]) if recent else None, left)
