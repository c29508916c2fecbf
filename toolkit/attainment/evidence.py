"""What an answer rests on, in one grade and in notes: stand-ins, borrowed paths, breaks, figures used and not used.

Also what figures would help, and how much one of them would narrow the answer.
"""

from __future__ import annotations

import numpy as np

from toolkit.attainment.attainment import LONGEST_TESTED_HORIZON
from toolkit.attainment.question import Question
from toolkit.forecast.paths import Break, Path
from toolkit.models.panel import BoolArray, FloatArray
from toolkit.plan.judgement import Judgement, Note, covers

FEW_DRAWS = 400
"""Effective draws below which a probability is said to be rough."""
GROUPS = 10
"""Groups of draws by the figure that would be held; within one it counts as known."""
FEWEST = 2
"""Effective draws that a group needs to say anything of itself."""


def grade_of(*paths: Path) -> str:
    """Return the evidence grade of what rests on all of `paths`: the weakest basis, ``·D`` if any is a stand-in.

    Without a path it is ``N``.
    """
    if not paths:
        return "N"
    weakest = max(path.evidence.basis for path in paths)
    return f"{weakest}·D" if any(path.proxy is not None for path in paths) else weakest


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
    for figure in question.figures:
        for other in figure.overruled:
            fields = {"year": other.year, "value": other.value, "unit": question.measured_unit}
            fields |= {"source": other.source_id, "used": figure.value}
            notes.append(Note("attainment.note.overruled", fields))
    for indicator, scope in dict.fromkeys([question.measured, (question.target.indicator, question.target.scope)]):
        unit = question.dataset.indicators.get(indicator).unit
        for figure in question.dataset.series(question.area.code, indicator, scope).unverified:
            fields = {"year": figure.year, "value": figure.value, "unit": unit, "source": figure.source_id}
            notes.append(Note("attainment.note.unverified", fields))
    return (*notes, *_unused_notes(question))


def _unused_notes(question: Question) -> tuple[Note, ...]:
    """Return what is held of the indicator but cannot be used: on another standard, or of another scope."""
    if question.path is not None:
        return ()
    target, last, notes = question.target, question.last, []
    if last is not None:
        fields = {"year": last.year, "value": last.value, "unit": question.measured_unit}
        fields |= {"standard": last.standard, "source": last.source_id}
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


def narrowed(question: Question, judged: Judgement) -> float | None:
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
    for group in np.array_split(order, GROUPS):
        mine = weight[group].sum()
        effective = mine**2 / np.square(weight[group]).sum() if mine > 0 else 0.0
        if effective < FEWEST:
            within += mine * total
            continue
        part = float(weight[group] @ met[group] / mine)
        within += mine * part * (1.0 - part) * effective / (effective - 1.0)  # a share of few draws looks too sure
    return float(np.clip(1.0 - within / total, 0.0, 1.0))
