"""The parts of an answer, each added to what is there: figures, evidence, pace, verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from toolkit.attainment.case import Case, Judgement, Refusal, covers
from toolkit.attainment.draws import effective_count, monte_carlo_error, probability, quantiles
from toolkit.attainment.figures import Figures, figure_notes
from toolkit.attainment.judge import judge
from toolkit.attainment.narrowing import narrowing
from toolkit.attainment.paces import paces_of
from toolkit.attainment.peers import peers_pace
from toolkit.attainment.question import Question
from toolkit.attainment.reach import year_reached
from toolkit.attainment.remarks import break_notes, breaks_ahead, evidence_notes, time_notes, tolerance_note
from toolkit.attainment.result import Attainment, Bound, Note
from toolkit.attainment.standing import Standing
from toolkit.attainment.verdicts import grade_of, verdict_of
from toolkit.forecast.paths import BoolArray, Path
from toolkit.plan.schema import AnnualChangeRule, AverageRule, MilestoneRule, RatioToBaseRule, RatioToRule, Target


def distinct(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return notes in order, each once."""
    kept: list[Note] = []
    for note in notes:
        if note not in kept:
            kept.append(note)
    return tuple(kept)


def unit_of(target: Target) -> str:
    """Return the unit of the quantity that a target's rule judges."""
    match target.rule:
        case RatioToBaseRule() | RatioToRule():
            return "times"
        case AnnualChangeRule() as rule:
            return rule.measured_in
        case MilestoneRule():
            return ""
    return target.unit


def asked(question: Question, figures: Figures, standing: Standing) -> Attainment:
    """Return an answer that holds what is published and what the evidence is, and says no more."""
    target, last = question.target, figures.last
    notes = [note for path in standing.paths for note in evidence_notes(path)]
    answer = Attainment(
        area_code=question.area.code,
        target_id=target.id,
        due=target.due,
        outcome="cannot_assess",
        probability=None,
        bound="exact",
        verdict="cannot_be_assessed",
        grade="N" if question.path is None and isinstance(standing.judged, Refusal) else grade_of(*standing.paths),
        proxy=standing.proxy,
        missing=(),
        inferred=target.inferred,
        unit=unit_of(target),
        overruled=figures.overruled,
        notes=distinct((*notes, *figure_notes(question, figures), *question.part_notes())),
    )
    if last is None:
        return answer
    return replace(
        answer,
        last_value=last.value,
        last_year=last.year,
        last_status=last.status,
        last_qualifier=last.qualifier,
        last_standard=last.standard,
        last_source=last.source_id,
        last_indicator=figures.indicator,
        last_scope=figures.scope,
        last_unit=figures.unit,
    )


def unanswered(answer: Attainment, refusal: Refusal) -> Attainment:
    """Return the answer with what is missing."""
    return replace(answer, missing=distinct(refusal.missing), notes=distinct((*answer.notes, *refusal.notes)))


def measured(answer: Attainment, judged: Judgement, paths: tuple[Path, ...]) -> Attainment:
    """Return the answer with what is expected at the due year, and what figures would help."""
    expected, low, high = quantiles(judged.quantity, judged.weights, (0.5, 0.1, 0.9))
    return replace(
        answer,
        expected=expected,
        low=low,
        high=high,
        horizon=max(0, answer.due - min(path.evidence.last_year for path in paths)),
        effective_draws=effective_count(len(judged.met), judged.weights),
        missing=distinct(note for path in paths for note in _would_help(path)),
        notes=distinct((*answer.notes, *judged.notes)),
    )


def _would_help(path: Path) -> tuple[Note, ...]:
    """Return the figures whose lack makes the evidence borrowed or second-hand."""
    wanted = {"indicator": path.indicator, "scope": path.scope, "area": path.area_code}
    if path.proxy is not None:
        notes = [Note("attainment.missing.direct", wanted)]
        if path.evidence.basis == "C":
            stand_in = {"indicator": path.proxy.indicator, "scope": path.proxy.scope, "area": path.area_code}
            notes.append(Note("attainment.missing.own", stand_in))
        return tuple(notes)
    return (Note("attainment.missing.own", wanted),) if path.evidence.basis == "C" else ()


def paced(answer: Attainment, question: Question, case: Case, figures: Figures) -> Attainment:
    """Return the answer with required and recent pace, peers' pace and the year the target is reached."""
    paces = paces_of(case, question.indicator.link)
    answer = replace(
        answer,
        required_pace=paces.required,
        recent_pace=paces.recent,
        pace_unit=paces.unit,
        recent_pace_years=paces.recent_years,
        year_reached=year_reached(case, question.plan.base_year),
        notes=distinct((*answer.notes, *paces.notes, *break_notes(case.path, case.due))),
    )
    if paces.required is None or paces.span <= 0 or isinstance(case.rule, AverageRule | MilestoneRule):
        return answer
    peers = peers_pace(
        question.dataset,
        figures.indicator,
        figures.scope,
        question.area.code,
        required=paces.required,
        kind=paces.kind,
        op=case.rule.op,
        span=paces.span,
    )
    return replace(answer, peers_pace_share=peers.share, peers_count=peers.count)


def judged_answer(answer: Attainment, question: Question, judged: Judgement, bound: Bound) -> Attainment:
    """Return the answer with its probability and verdict."""
    answer = replace(with_readings(answer, judged), bound=bound)
    if judged.decided is not None and bound == "exact":
        return replace(
            answer,
            outcome="settled",
            probability=float(judged.decided),
            verdict="met" if judged.decided else "not_met",
            monte_carlo_error=0.0,
        )
    share, horizon = probability(judged.met, judged.weights), answer.horizon or 0
    case = question.case()
    tolerance = tolerance_note(case) if isinstance(case, Case) else ()
    return replace(
        answer,
        outcome="probability",
        probability=share,
        verdict=verdict_of(share, bound, horizon),
        narrowing=_narrowing(question, judged),
        monte_carlo_error=monte_carlo_error(share, answer.effective_draws or float(len(judged.met))),
        probability_same_standard=_same_standard(question),
        missing=distinct((*answer.missing, *_to_settle(question))),
        notes=distinct((*answer.notes, *time_notes(question, horizon), *tolerance)),
    )


def _narrowing(question: Question, judged: Judgement) -> float | None:
    """Return how much the area's own figure of the running year, or of an earlier due year, would tell."""
    path, year = question.path, min(question.target.due, question.dataset.as_of.year)
    if path is None or not covers(path, year) or len(path.draws) != len(judged.met):
        return None
    return narrowing(judged.met, path.at(year), judged.weights)


def _to_settle(question: Question) -> tuple[Note, ...]:
    """Return the final figure that would settle a target whose year is over, where own figures are held at all."""
    path, due = question.path, question.target.due
    if path is None or path.proxy is not None or path.evidence.basis == "C" or due >= question.dataset.as_of.year:
        return ()
    fields = {"indicator": path.indicator, "scope": path.scope, "area": path.area_code, "year": due}
    return (Note("attainment.missing.final", fields),)


def _same_standard(question: Question) -> float | None:
    """Return the probability if the standard of the newest figure stayed, where it is going to change."""
    everywhere = question.target.each_area and question.area.level == "province"
    if everywhere or question.path is None or not breaks_ahead(question.path, question.target.due):
        return None
    case = question.case(across_breaks=False)
    judged = case if isinstance(case, Refusal) else judge(case)
    return None if isinstance(judged, Refusal) else probability(judged.met, judged.weights)


def with_readings(answer: Attainment, judged: Judgement) -> Attainment:
    """Return the answer with the probabilities of second readings and of single years."""

    def share(met: BoolArray | None) -> float | None:
        return None if met is None else probability(met, judged.weights)

    return replace(
        answer,
        probability_stretch=share(judged.met_stretch),
        probability_basically=share(judged.met_basically),
        probability_average=share(judged.met_average),
        years_met=tuple((year, probability(met, judged.weights)) for year, met in judged.by_year),
    )
