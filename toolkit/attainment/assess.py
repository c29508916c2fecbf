"""The answer to every statement of a plan, area by area."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from toolkit.attainment import evidence
from toolkit.attainment.attainment import Attainment, Outcome, Verdict, verdict_of
from toolkit.attainment.pace import Pace, pace_of
from toolkit.attainment.question import PathSource, Question
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.plan.judgement import Judgement, Note
from toolkit.plan.plan import Plan, Target
from toolkit.plan.predicates import BoolArray, effective_count, monte_carlo_error, probability, quantiles


def assess_all(plan: Plan, areas: Sequence[Area], dataset: Dataset, forecasts: PathSource) -> tuple[Attainment, ...]:
    """Return the answer to every target of a plan for every area: by area, then in the plan's order."""
    return tuple(assess(target, area, plan, dataset, forecasts) for area in areas for target in plan.targets)


def assess(target: Target, area: Area, plan: Plan, dataset: Dataset, forecasts: PathSource) -> Attainment:
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
        pace = pace_of(question)
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
        grade="N" if question.path is None and judged.missing else evidence.grade_of(*question.paths),
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
        narrowing=evidence.narrowed(question, judged) if open_ else None,
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
    return verdict_of(share, question.bound or "exact", horizon)


def _share(met: BoolArray | None, judged: Judgement) -> float | None:
    return None if met is None else probability(met, judged.weights)


def _same_standard(question: Question) -> float | None:
    """Return the probability if the standard of the newest figure stayed, where it is going to change."""
    if question.everywhere or question.path is None or not evidence.breaks_ahead(question.path, question.target.due):
        return None
    judged = replace(question, across_breaks=False).judged
    return None if judged.missing else probability(judged.met, judged.weights)


def _wanted(question: Question, outcome: Outcome) -> tuple[Note, ...]:
    """Return what figures would help, or settle the answer."""
    helpful = tuple(note for path in question.paths for note in evidence.would_help(path))
    return (*helpful, *evidence.would_settle(question)) if outcome == "probability" else helpful


def _notes(question: Question, judged: Judgement, pace: Pace, outcome: Outcome, horizon: int) -> Iterator[Note]:
    for path in question.paths:
        yield from evidence.evidence_notes(path)
    yield from evidence.figure_notes(question)
    yield from question.part_notes()
    yield from judged.notes
    yield from pace.notes
    if question.path is not None and not judged.missing:
        yield from evidence.break_notes(question.path, question.target.due)
    if outcome == "probability":
        yield from evidence.time_notes(question, horizon)
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
        fields = {name: str(row.get(name) or "") for name in ("evidence", "source_id", "as_of", "note")}
        if fields["evidence"]:
            fields["source"] = fields.pop("source_id")
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
