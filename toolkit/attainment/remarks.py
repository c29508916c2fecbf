"""Notes that readers of an answer need: stand-ins, borrowed paths, breaks, estimates, bounds."""

from __future__ import annotations

from toolkit.attainment.case import Case
from toolkit.attainment.draws import joint_weights, probability, quantiles
from toolkit.attainment.question import Question
from toolkit.attainment.result import Note
from toolkit.attainment.verdicts import LONGEST_TESTED_HORIZON
from toolkit.forecast.paths import Break, Path
from toolkit.plan.rules import compare, ratio
from toolkit.plan.schema import RatioToRule

FEW_DRAWS = 400
"""Effective draws below which a probability is said to be rough."""


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
    if path.evidence.basis == "C":
        notes.append(Note("attainment.note.borrowed", {"area": path.evidence.parent_code}))
    if path.weights is not None:
        notes.append(Note("attainment.note.reweighted", {"effective": round(path.effective_draws)}))
        if path.effective_draws < FEW_DRAWS:
            notes.append(Note("attainment.note.few_draws"))
    return tuple(notes)


def break_notes(path: Path, due: int) -> tuple[Note, ...]:
    """Return a note for each change of standard between the newest figure and the due year."""
    return tuple(
        Note(
            f"attainment.note.break_ahead.{'measured' if change.measured else 'unmeasured'}",
            {"year": change.year, "before": change.before, "after": change.after},
        )
        for change in breaks_ahead(path, due)
    )


def breaks_ahead(path: Path, due: int) -> tuple[Break, ...]:
    """Return the changes of standard after the newest figure, up to the due year."""
    return tuple(change for change in path.breaks if path.evidence.last_year < change.year <= due)


def time_notes(question: Question, horizon: int) -> tuple[Note, ...]:
    """Return notes on time: an estimate of a year that has begun, an outlook beyond tested horizons."""
    notes = []
    if question.target.due <= question.dataset.as_of.year:
        notes.append(Note("attainment.note.estimated", {"year": question.target.due}))
    if horizon > LONGEST_TESTED_HORIZON:
        notes.append(Note("attainment.note.outlook", {"years": horizon, "longest": LONGEST_TESTED_HORIZON}))
    return tuple(notes)


def tolerance_note(case: Case) -> tuple[Note, ...]:
    """Return the note on a softened benchmark, with the probability of reaching it in full."""
    rule = case.rule
    if not isinstance(rule, RatioToRule) or not rule.tolerance or case.benchmark is None:
        return ()
    full = compare(ratio(case.path.at(case.due), case.benchmark.at(case.due)), rule.op, rule.value)
    fields = {"tolerance": rule.tolerance, "probability": probability(full, joint_weights(case.paths))}
    return (Note("attainment.note.tolerance", fields),)


def bound_note(path: Path, due: int) -> tuple[Note, ...]:
    """Return what a stand-in that cannot answer a rule says all the same: a bound of the level."""
    if path.proxy is None or not int(path.years[0]) <= due <= int(path.years[-1]):
        return ()
    middle, low, high = quantiles(path.at(due), path.weights, (0.5, 0.1, 0.9))
    fields = {"year": due, "median": middle, "low": low, "high": high, "unit": path.unit}
    return (Note(f"attainment.note.bound.{path.proxy.relation}", fields),)
