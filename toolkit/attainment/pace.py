"""Pace: what is required and what was kept lately, how rare that is among peers, and when the target is reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.attainment.question import Question
from toolkit.data.dataset import Dataset
from toolkit.data.observations import Observation
from toolkit.forecast.paths import Path
from toolkit.plan.judgement import Case, Note, PaceStart, RuleBase, covers
from toolkit.plan.predicates import PaceKind, median, pace, pace_kind, probability

RECENT_YEARS = 5
"""The recent pace looks back at most this far."""
SLACK = 1e-9


@dataclass(frozen=True)
class Pace:
    """What pace is needed, what pace was kept, and where it leads.

    Attributes
    ----------
    required :
        The pace that the rule asks for; None where there is none.
    recent :
        The pace lately kept, in the same unit.
    unit :
        ``<unit>_per_year``; empty without a pace.
    recent_years :
        First and last year of the recent pace.
    peers_share :
        Share of past spells of other areas that kept the required pace or better; None without spells.
    peers_count :
        Number of those spells.
    year_reached :
        First year in which the rule is as likely met as not.
    notes :
        What the paces leave out.
    """

    required: float | None = None
    recent: float | None = None
    unit: str = ""
    recent_years: tuple[int, int] | None = None
    peers_share: float | None = None
    peers_count: int = 0
    year_reached: int | None = None
    notes: tuple[Note, ...] = ()


def pace_to_target(question: Question) -> Pace:
    """Return required and recent pace, peers' pace and the year the target is reached.

    The way is counted from the newest figure; where the area has none, from the estimate for the newest year
    that any figure informs. It stays on the standard of that figure.
    """
    case, path = question.case, question.path
    if case is None or path is None:
        return Pace()
    rule, known = question.target.rule, known_values(path)
    reached = year_reached(rule, case, path, question.plan.base_year)
    required = rule.required(case, question.indicator.link, _start(path, known, case.due), known)
    if required is None:
        return Pace(year_reached=reached)
    recent, years = recent_mean(known) if rule.flow else recent_pace(path, required.kind, known)
    peers_share, peers_count = None, 0
    if required.pace is not None and required.span > 0 and not rule.flow:
        series = (*question.measured, question.area.code)
        peers_share, peers_count = peers_keeping_pace(
            question.dataset, series, required.pace, required.kind, rule.falling, required.span
        )
    return Pace(
        required=required.pace,
        recent=recent,
        unit=required.unit,
        recent_years=years,
        peers_share=peers_share,
        peers_count=peers_count,
        year_reached=reached,
        notes=required.notes if recent is None else (*required.notes, *_of_bound(path)),
    )


def _of_bound(path: Path) -> tuple[Note, ...]:
    """Return that a recent pace is that of a bound, not of the indicator."""
    relation = "equal" if path.proxy is None else path.proxy.relation
    return () if relation == "equal" else (Note(f"attainment.note.pace_of_bound.{relation}"),)


def year_reached(rule: RuleBase, case: Case, path: Path, first: int) -> int | None:
    """Return the first year from `first` on with P(rule met in that year) >= 1/2, or None.

    Years on a standard that was given up before the newest figure do not count. None also for rules that speak
    of more than one year (changes, means).
    """
    newest = min(max(path.evidence.last_year, int(path.years[0])), int(path.years[-1]))
    in_force = max((change.year for change in path.breaks if change.year <= newest), default=int(path.years[0]))
    found = rule.met_by_year(case, max(first, in_force))
    if found is None:
        return None
    years, met = found
    return next((year for column, year in enumerate(years) if probability(met[:, column], case.weights) >= 0.5), None)


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


def recent_pace(path: Path, kind: PaceKind, known: Mapping[int, float]) -> tuple[float | None, tuple[int, int] | None]:
    """Return the pace over at most the last :data:`RECENT_YEARS` years of figures on one standard, and which."""
    last = max(known, default=0)
    near = [year for year in known if last - RECENT_YEARS <= year and _on_one_standard(path, year, last)]
    first = min(near, default=last)
    if first == last or (kind == "percent" and pace_kind("log", known[first], known[last]) != "percent"):
        return None, None
    return pace(known[first], known[last], last - first, kind), (first, last)


def recent_mean(known: Mapping[int, float]) -> tuple[float | None, tuple[int, int] | None]:
    """Return the mean of yearly flows over the last :data:`RECENT_YEARS` years, and which years are known of them."""
    recent = sorted(year for year in known if year > max(known) - RECENT_YEARS)
    if not recent:
        return None, None
    return sum(known[year] for year in recent) / len(recent), (recent[0], recent[-1])


def _start(path: Path, known: Mapping[int, float], due: int) -> PaceStart | None:
    """Return the newest own figure if it is on the standard of the newest evidence, else the estimate for then."""
    newest, last = path.evidence.last_year, max(known, default=None)
    if last is not None and (not covers(path, newest) or _on_one_standard(path, last, newest)):
        year, value, notes = last, known[last], []
    else:
        middle = median(path.at(newest), path.weights) if covers(path, newest) else None
        if middle is None:
            return None
        year, value = newest, middle
        notes = [Note("attainment.note.pace_from_estimate", {"year": year, "value": value})]
    if any(year < change.year <= due for change in path.breaks):
        notes.append(Note("attainment.note.pace_on_standard", {"standard": path.standards[path.position(year)]}))
    return PaceStart(year, value, tuple(notes))


def _on_one_standard(path: Path, year: int, other: int) -> bool:
    return path.standards[path.position(year)] == path.standards[path.position(other)]


Peers = tuple[float | None, int]
"""Share of past spells of other areas that were as good, None without spells; and how many spells there are."""


def peers_keeping_pace(
    dataset: Dataset, series: tuple[str, str, str], required: float, kind: PaceKind, falling: bool, span: int
) -> Peers:
    """Return how many past spells of other areas kept a pace or better.

    Parameters
    ----------
    dataset :
        Areas of every level and standards of every time count, each standard by itself.
    series :
        Indicator and scope that are measured, and the area that is asked about (its own past is not a peer).
    required, kind :
        The pace, in units or per cent a year.
    falling :
        True where as fast a fall is as good; else as fast a rise.
    span :
        Years over which the pace has to be kept.
    """
    paces = (kept for figures in _of_peers(dataset, series) for kept in past_paces(figures, span, kind))
    return _as_good(list(paces), required, falling)


def peers_keeping_mean(
    dataset: Dataset, series: tuple[str, str, str], required: float, falling: bool, span: int
) -> Peers:
    """Return how many past spells of `span` years of other areas had a mean that good; for yearly flows.

    Parameters
    ----------
    required, falling :
        The mean of the yearly values, and whether less is wanted.
    """
    means: list[float] = []
    for figures in _of_peers(dataset, series):
        values = {figure.year: figure.value for figure in figures}
        spells = [range(year, year + span) for year in values]
        means += [sum(map(values.__getitem__, spell)) / span for spell in spells if values.keys() >= set(spell)]
    return _as_good(means, required, falling)


def _of_peers(dataset: Dataset, series: tuple[str, str, str]) -> Iterator[tuple[Observation, ...]]:
    """Yield the figures of an indicator and scope of every area but one."""
    indicator, scope, area_code = series
    for code, name, group in sorted(dataset.with_data()):
        if (name, group) == (indicator, scope) and code != area_code:
            yield dataset.series(code, indicator, scope).observations


def _as_good(spells: Sequence[float], required: float, falling: bool) -> Peers:
    if not spells:
        return None, 0
    better = [kept <= required + SLACK if falling else kept >= required - SLACK for kept in spells]
    return sum(better) / len(better), len(better)


def past_paces(observations: Sequence[Observation], span: int, kind: PaceKind) -> Iterator[float]:
    """Yield the paces of a series' spells of about `span` years, one from each starting year.

    From every figure to the later figure on the same standard whose distance is nearest to `span`, if that is
    between half and twice of it.
    """
    by_standard: dict[str, list[Observation]] = defaultdict(list)
    for figure in observations:
        by_standard[figure.standard].append(figure)
    for figures in by_standard.values():
        for start in figures:
            later = [figure for figure in figures if span <= 2 * (figure.year - start.year) <= 4 * span]
            end = min(later, key=lambda figure: abs(figure.year - start.year - span), default=None)
            if end is None or (kind == "percent" and pace_kind("log", start.value, end.value) != "percent"):
                continue
            yield pace(start.value, end.value, end.year - start.year, kind)
