"""From a question to its answer: judged draws become a verdict, an evidence grade, and notes on what it rests on.

Areas' own targets (``local_targets.csv``) are answered in the same way, beside the plan's.

Notes name stand-ins, borrowed paths, changes of standard, figures used and not used, and what figures would help; of
the area's own figure also how much it would narrow the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np

from toolkit.attainment.attainment import LIMITS, LONGEST_TESTED_HORIZON, Attainment, Outcome, Verdict, verdict_of
from toolkit.attainment.pace import Pace, pace_to_target
from toolkit.attainment.question import Question
from toolkit.base.texts import LANGUAGES
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Scope
from toolkit.data.observations import Observation
from toolkit.forecast.build import SILENT_YEARS
from toolkit.forecast.paths import Break, Path
from toolkit.forecast.store import Forecasts
from toolkit.models.panel import FloatArray
from toolkit.plan.judgement import Judgement, Note, covers
from toolkit.plan.plan import Plan, Target
from toolkit.plan.predicates import BoolArray, Operator, effective_count, monte_carlo_error, probability, quantiles
from toolkit.plan.rules import LevelRule


def assess_all(plan: Plan, areas: Sequence[Area], dataset: Dataset, forecasts: Forecasts) -> tuple[Attainment, ...]:
    """Return the answer to every target of a plan for every area: by area, then in the plan's order."""
    return tuple(assess(target, area, plan, dataset, forecasts) for area in areas for target in plan.targets)


def assess(target: Target, area: Area, plan: Plan, dataset: Dataset, forecasts: Forecasts) -> Attainment:
    """Return the answer to one target in one area.

    Parameters
    ----------
    target, area, plan :
        What is asked, of whom, in which plan.
    dataset :
        Published figures, indicators, areas.
    forecasts :
        Joint draws made from the same data.

    Returns
    -------
    Attainment
        A settled verdict, a probability, a milestone's status, a value for orientation, or what is missing.
    """
    if not target.rule.has_number:
        return _milestone(target, area, dataset)
    question = Question(target, area, plan, dataset, forecasts)
    judged, last = question.judged, question.last
    outcome = _outcome(question, judged)
    answered, open_ = outcome in ("settled", "probability"), outcome == "probability"
    share: float | None = None
    error: float | None = None
    expected: tuple[float | None, ...] = (None, None, None)
    effective, horizon, pace = None, None, Pace()
    if not judged.missing:
        effective = effective_count(len(judged.met), judged.weights)
        horizon = max(0, target.due - min(path.evidence.last_year for path in question.paths))
        expected = quantiles(judged.quantity, judged.weights, (0.5, 0.1, 0.9))
        pace = pace_to_target(question) if question.refuted is None else pace
        if open_:
            share = probability(judged.met, judged.weights)
            error = monte_carlo_error(share, effective)
    if outcome == "settled":
        share, error = float(bool(judged.decided)), 0.0
    return Attainment(
        area_code=area.code,
        target_id=target.id,
        due=target.due,
        outcome=outcome,
        probability=share,
        bound=(question.bound or "exact") if answered else "exact",
        verdict=_verdict(question, outcome, share, horizon or 0),
        grade="N" if question.path is None and judged.missing else grade_of(*question.paths),
        proxy=next((path.proxy.proxy_id for path in question.paths if path.proxy is not None), ""),
        missing=distinct(judged.missing or _wanted(question, outcome)),
        inferred=target.inferred,
        unit=target.rule.unit(target.unit),
        last_value=None if last is None else last.value,
        last_year=None if last is None else last.year,
        last_status="" if last is None else last.status,
        last_qualifier="" if last is None else last.qualifier,
        last_standard="" if last is None else last.standard,
        last_source="" if last is None else last.source_id,
        last_indicator="" if last is None else question.measured[0],
        last_scope="" if last is None else question.measured[1],
        last_unit="" if last is None else question.measured_unit,
        overruled=tuple(other for figure in question.figures for other in figure.overruled),
        expected=expected[0],
        low=expected[1],
        high=expected[2],
        required_pace=pace.required,
        recent_pace=pace.recent,
        pace_unit=pace.unit,
        recent_pace_years=pace.recent_years,
        peers_pace_share=pace.peers_share,
        peers_count=pace.peers_count,
        year_reached=pace.year_reached,
        probability_same_standard=_same_standard(question) if open_ else None,
        probability_stretch=_share(judged.met_stretch, judged) if answered else None,
        probability_basically=_share(judged.met_basically, judged) if answered else None,
        probability_average=_share(judged.met_average, judged) if answered else None,
        years_met=tuple((year, probability(met, judged.weights)) for year, met in judged.by_year if answered),
        areas_met=question.areas_met,
        horizon=horizon,
        monte_carlo_error=error,
        effective_draws=effective,
        narrowing=narrowing_by_own_figure(question, judged) if open_ else None,
        notes=distinct(_notes(question, judged, pace, outcome, horizon or 0)),
    )


def _outcome(question: Question, judged: Judgement) -> Outcome:
    if question.for_orientation:
        return "orientation"
    if judged.missing:
        return "cannot_assess"
    return "settled" if judged.decided is not None and question.bound == "exact" else "probability"


def _verdict(question: Question, outcome: Outcome, share: float | None, horizon: int) -> Verdict:
    if outcome == "orientation":
        return "orientation"
    if share is None:
        return "cannot_be_assessed"
    if outcome == "settled":
        return "met" if share else "not_met"
    return verdict_of(_deciding(question, share), question.bound or "exact", horizon)


def _deciding(question: Question, share: float) -> float:
    """Return the probability that the word goes by: through a bound, who borrows never knows more than the lender."""
    lender = _lender(question) if question.bound == "at_least" else None
    return share if lender is None else min(share, probability(lender.judged.met, lender.judged.weights))


def _lender(question: Question) -> Question | None:
    """Return the same question to the area whose path is borrowed, if it can be answered there."""
    path = question.path
    if path is None or path.evidence.basis != "C" or path.evidence.parent_code not in question.dataset.areas:
        return None
    lender = replace(question, area=question.dataset.areas.get(path.evidence.parent_code))
    return None if lender.judged.missing else lender


def _share(met: BoolArray | None, judged: Judgement) -> float | None:
    return None if met is None else probability(met, judged.weights)


def _same_standard(question: Question) -> float | None:
    """Return the probability if the standard of the newest figure stayed, where it is going to change."""
    if question.everywhere or question.path is None or not breaks_ahead(question.path, question.target.due):
        return None
    judged = replace(question, across_breaks=False).judged
    return None if judged.missing else probability(judged.met, judged.weights)


def _wanted(question: Question, outcome: Outcome) -> tuple[Note, ...]:
    """Return what figures would help, or settle the answer."""
    helpful = tuple(note for path in question.paths for note in would_help(path))
    return (*helpful, *would_settle(question)) if outcome == "probability" else helpful


def _notes(question: Question, judged: Judgement, pace: Pace, outcome: Outcome, horizon: int) -> Iterator[Note]:
    for path in question.paths:
        yield from evidence_notes(path)
    yield from figure_notes(question)
    yield from question.part_notes()
    yield from judged.notes
    yield from pace.notes
    if question.path is not None and not judged.missing:
        yield from break_notes(question.path, question.target.due)
    if outcome == "probability":
        yield from time_notes(question, horizon)
        yield from limit_notes(question, judged, horizon)
        if judged.met_in_full is not None:
            fields = {"tolerance": judged.tolerance, "probability": probability(judged.met_in_full, judged.weights)}
            yield Note("attainment.note.tolerance", fields)


def distinct(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return notes in order, each once."""
    kept: list[Note] = []
    for note in notes:
        if note not in kept:
            kept.append(note)
    return tuple(kept)


def _milestone(target: Target, area: Area, dataset: Dataset) -> Attainment:
    """Return the answer to a statement without a number: what ``milestones.csv`` says of it."""
    held = dataset.milestones
    status, notes = "unknown", []
    for row in (held.iloc[number] for number, name in enumerate(held["target_id"].tolist()) if name == target.id):
        status = str(row.get("status") or "unknown")
        evidence = {language: str(row.get(f"evidence_{language}") or "") for language in LANGUAGES}
        if all(evidence.values()):
            fields = {"evidence": evidence, "source": str(row.get("source_id") or "")}
            notes.append(Note("attainment.note.milestone_evidence", fields))
    return Attainment(
        area_code=area.code,
        target_id=target.id,
        due=target.due,
        outcome="milestone",
        probability=None,
        bound="exact",
        verdict="milestone",
        grade="",
        proxy="",
        missing=(Note("attainment.missing.milestone"),) if status == "unknown" else (),
        inferred=target.inferred,
        unit="",
        notes=(Note(f"attainment.note.milestone.{status}"), *notes),
    )


ERRORS_FROM_LIMIT = 2.0
"""A probability within so many of the simulation's errors from a limit between two words is said to be on it."""
FEW_DRAWS = 400
"""Effective draws below which a probability is said to be rough."""
DRAW_GROUPS = 10
"""Groups of draws by the figure that would be held; within one it counts as known."""
FEWEST = 2
"""Effective draws that a group needs to say anything of itself."""


def grade_of(*paths: Path) -> str:
    """Return the evidence grade of what rests on all of `paths`: the weakest basis, ``·D`` if any is a stand-in.

    Without a path it is ``N``.
    """
    grades = [path.grade for path in paths]
    return max(grade[0] for grade in grades) + max(grade[1:] for grade in grades) if grades else "N"


def evidence_notes(path: Path) -> tuple[Note, ...]:
    """Return notes on what a path rests on: a stand-in and its share, or another area's path."""
    notes = []
    if path.proxy is not None:
        use = path.proxy
        fields = {"proxy": use.proxy_id, "indicator": use.indicator, "scope": use.scope}
        notes.append(Note(f"attainment.note.proxy.{use.relation}", fields))
        if use.share_note:
            notes.append(Note("attainment.note.share_used", {"share": use.share_note}))
        if use.unknown_share:
            notes.append(Note("attainment.note.share_unknown"))
    own = max((figure.year for figure in path.evidence.observations), default=path.evidence.last_year)
    if path.evidence.parent_code and own <= path.evidence.last_year - SILENT_YEARS:
        notes.append(Note("attainment.note.leans", {"area": path.evidence.parent_code, "year": own}))
    if path.evidence.parts:
        percent = round(100 * path.evidence.covered)
        made = {"held": path.evidence.parts_held, "count": path.evidence.parts, "percent": percent}
        notes.append(Note("attainment.note.from_parts", made))
    elif path.evidence.basis == "C":
        notes.append(Note("attainment.note.borrowed", {"area": path.evidence.parent_code}))
    if path.evidence.placed_by:
        wanted = path.proxy.indicator if path.proxy else path.indicator
        notes.append(Note("attainment.note.placed", {"signals": path.evidence.placed_by, "indicator": wanted}))
    if path.weights is not None:
        notes.append(Note("attainment.note.reweighted", {"effective": round(path.effective_draws)}))
        if path.effective_draws < FEW_DRAWS:
            notes.append(Note("attainment.note.few_draws"))
    return tuple(notes)


def breaks_ahead(path: Path, due: int) -> tuple[Break, ...]:
    """Return the changes of standard after the newest figure, up to the due year."""
    return tuple(change for change in path.breaks if path.evidence.last_year < change.year <= due)


def break_notes(path: Path, due: int) -> tuple[Note, ...]:
    """Return a note for each change of standard between the newest figure and the due year."""
    return tuple(
        Note(
            f"attainment.note.break_ahead.{'measured' if change.measured else 'unmeasured'}",
            {"year": change.year, "before": change.before, "after": change.after},
        )
        for change in breaks_ahead(path, due)
    )


def figure_notes(question: Question) -> tuple[Note, ...]:
    """Return notes on figures: provisional, inexact, overruled, unverified, or of another kind than is judged."""
    notes, last = [], question.last
    if last is not None and last.status != "final":
        notes.append(Note("attainment.note.not_final", {"year": last.year, "status": last.status}))
    if last is not None and last.qualifier:
        notes.append(Note("attainment.note.qualified", {"year": last.year, "qualifier": last.qualifier}))
    overruled = [(figure, other) for figure in question.figures for other in figure.overruled]
    for figure, other in overruled:
        fields = {**_said(other, question.measured_unit), "used": figure.value}
        notes.append(Note("attainment.note.overruled", fields))
    for indicator, scope in dict.fromkeys([question.measured, (question.target.indicator, question.target.scope)]):
        unit = question.dataset.indicators.get(indicator).unit
        unverified = question.dataset.series(question.area.code, indicator, scope).unverified
        notes += [Note("attainment.note.unverified", _said(figure, unit)) for figure in unverified]
    return (*notes, *_unused_notes(question))


def _said(figure: Observation, unit: str) -> dict[str, object]:
    return {"year": figure.year, "value": figure.value, "unit": unit, "source": figure.source_id}


def _unused_notes(question: Question) -> tuple[Note, ...]:
    """Return what is held of the indicator but cannot be used: on another standard, or of another scope."""
    if question.path is not None:
        return ()
    target, last, notes = question.target, question.last, []
    if last is not None:
        fields = {**_said(last, question.measured_unit), "standard": last.standard}
        notes.append(Note("attainment.note.not_comparable", fields))
    for area, indicator, scope in sorted(question.dataset.with_data()):
        if area == question.area.code and indicator == target.indicator and scope != target.scope:
            notes.append(Note("attainment.note.other_scope", {"indicator": indicator, "scope": scope}))
    return tuple(notes)


def time_notes(question: Question, horizon: int) -> tuple[Note, ...]:
    """Return notes on time: an estimate of a year that has begun, an outlook beyond tested horizons."""
    notes = []
    if question.target.due <= question.dataset.as_of.year:
        notes.append(Note("attainment.note.estimated", {"year": question.target.due}))
    if horizon > LONGEST_TESTED_HORIZON:
        notes.append(Note("attainment.note.outlook", {"years": horizon, "longest": LONGEST_TESTED_HORIZON}))
    return tuple(notes)


def limit_notes(question: Question, judged: Judgement, horizon: int) -> tuple[Note, ...]:
    """Return a note where the simulation's error alone could move the probability over a limit between two words."""
    share = _deciding(question, probability(judged.met, judged.weights))
    error = monte_carlo_error(share, effective_count(len(judged.met), judged.weights))
    limits = LIMITS if question.bound == "exact" else LIMITS[2:]
    near = [limit for limit in limits if abs(share - limit) <= ERRORS_FROM_LIMIT * error]
    if not near or horizon > LONGEST_TESTED_HORIZON:
        return ()
    return (Note("attainment.note.near_limit", {"probability": near[0]}),)


def would_help(path: Path) -> tuple[Note, ...]:
    """Return the figures whose lack makes the evidence borrowed or second-hand."""
    wanted = {"indicator": path.indicator, "scope": path.scope, "area": path.area_code}
    borrowed = path.evidence.basis == "C"
    if path.proxy is None:
        return (Note("attainment.missing.own", wanted),) if borrowed else ()
    stand_in = {"indicator": path.proxy.indicator, "scope": path.proxy.scope, "area": path.area_code}
    own = (Note("attainment.missing.own", stand_in),) if borrowed else ()
    return (Note("attainment.missing.direct", wanted), *own)


def would_settle(question: Question) -> tuple[Note, ...]:
    """Return the final figure that would settle a target whose year is over, where own figures are held at all."""
    path, due = question.path, question.target.due
    if path is None or path.proxy is not None or path.evidence.basis == "C" or due >= question.dataset.as_of.year:
        return ()
    fields = {"indicator": path.indicator, "scope": path.scope, "area": path.area_code, "year": due}
    return (Note("attainment.missing.final", fields),)


def narrowing_by_own_figure(question: Question, judged: Judgement) -> float | None:
    """Return how much the area's own figure of the running year, or of an earlier due year, would narrow the answer."""
    path, year = question.path, min(question.target.due, question.dataset.as_of.year)
    if path is None or not covers(path, year) or len(path.draws) != len(judged.met):
        return None
    return narrowing(judged.met, path.at(year), judged.weights)


def narrowing(met: BoolArray, figure: FloatArray, weights: FloatArray | None = None) -> float:
    """Return the share of an answer's uncertainty that knowing a figure is expected to remove.

    Parameters
    ----------
    met : (S,)
        Whether the target is met, draw by draw.
    figure : (S,)
        What the figure would be in the same draws.
    weights : (S,) or None
        Weights of the draws.

    Returns
    -------
    ``1 - E[p_g (1 - p_g)] / (p (1 - p))`` over groups g of draws with like figures: the expected reduction of the
    variance of a yes or no (law of total variance), 0..1. 0 where nothing is uncertain.

    Examples
    --------
    >>> random = np.random.Generator(np.random.PCG64(1))
    >>> now = random.standard_normal(4000)
    >>> round(narrowing(now > 0, now), 1), round(narrowing(random.standard_normal(4000) > 0, now), 1)
    (1.0, 0.0)
    """
    weight = np.full(met.shape, 1.0 / max(met.size, 1)) if weights is None else weights / weights.sum()
    share = float(weight @ met)
    total = share * (1.0 - share)
    if total <= 0 or np.ptp(figure) == 0:
        return 0.0
    order = np.argsort(figure, kind="stable")
    within = 0.0
    for group in np.array_split(order, DRAW_GROUPS):
        mine = weight[group].sum()
        effective = mine**2 / np.square(weight[group]).sum() if mine > 0 else 0.0
        if effective < FEWEST:
            within += mine * total
            continue
        part = float(weight[group] @ met[group] / mine)
        within += mine * part * (1.0 - part) * effective / (effective - 1.0)  # a share of few draws looks too sure
    return float(np.clip(1.0 - within / total, 0.0, 1.0))


def stated_targets(dataset: Dataset, area_code: str) -> list[Any]:
    """Return the targets that an area has set itself: rows of ``local_targets.csv``, whose columns they have."""
    table = dataset.local_targets
    rows = table[(table["kind"] == "target") & (table["area_code"] == area_code)].fillna("")
    return list(rows.itertuples(index=False))


@dataclass(frozen=True)
class LocalTarget:
    """A target that an area has set itself, with its answer.

    Attributes
    ----------
    target :
        What was set, as a rule about a level.
    source_id, note :
        Where it stands, and the file's remark.
    attainment :
        The answer.
    """

    target: Target
    source_id: str
    note: str
    attainment: Attainment


def assess_local(area: Area, plan: Plan, dataset: Dataset, forecasts: Forecasts) -> tuple[LocalTarget, ...]:
    """Return the answers to the targets that an area has set itself (``local_targets.csv``, kind ``target``).

    Left out, because nothing can be judged: targets for indicators without a path in the area, for years that
    the path does not reach, in another unit, or on another standard than the one in force in the due year; and
    those with a path through another indicator, which was declared to stand in for the plan's meaning, not for
    theirs (a province's "thu nhập bình quân" is mostly GRDP per person, twice the income of households).
    """
    own = stated_targets(dataset, area.code)
    answers = []
    for number, row in enumerate(own, start=1):
        target = _target(row, number, dataset)
        if target is not None and _can_be_judged(target, row.standard, area, forecasts):
            attainment = assess(target, area, plan, dataset, forecasts)
            answers.append(LocalTarget(target, row.source_id, row.note, attainment))
    return tuple(answers)


def _target(row: Any, number: int, dataset: Dataset) -> Target | None:
    op = next((known for known in get_args(Operator) if known == row.op), None)
    scope = next((known for known in get_args(Scope) if known == row.scope), None)
    if op is None or scope is None or row.indicator not in dataset.indicators:
        return None
    names = dataset.indicators[row.indicator].names
    return Target(
        id=f"local-{row.area_code}-{number}",
        due=row.due,
        clause="",
        indicator=row.indicator,
        scope=scope,
        unit=row.unit,
        name_vi=names["vi"],
        name_en=names["en"],
        rule=LevelRule(kind="level", op=op, value=row.value),
    )


def _can_be_judged(target: Target, standard: str, area: Area, forecasts: Forecasts) -> bool:
    path = forecasts.path(area.code, target.indicator, target.scope)
    if path is None or (path.proxy is not None and path.proxy.indicator != target.indicator):
        return False
    if path.unit != target.unit or not covers(path, target.due):
        return False
    return standard in ("", path.standards[path.position(target.due)])
