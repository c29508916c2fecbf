"""The cells of a target's row: what is asked, the newest figure, what to expect, how likely, on what evidence."""

from __future__ import annotations

from toolkit.attainment.attainment import Attainment
from toolkit.base.numbers import NO_VALUE
from toolkit.report.context import Context
from toolkit.report.parts import Cell
from toolkit.report.requirement import lowered

TOLD = (
    "proxy.", "share_", "borrowed", "outlook", "overruled", "unverified", "not_final", "qualified", "estimated",
    "break_ahead.", "pace_", "bound.", "hold",
)  # fmt: skip
"""Remarks that stand elsewhere: in the row's other cells, or in the sections on standards, pace and readings."""


def target_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the target's name with what it asks for, and our readings in it named."""
    words = context.words
    place = words.t("target.clause", id=attainment.target_id, clause=context.target(attainment).clause)
    where = f"{place} · {words.t('target.inferred')}" if attainment.inferred else place
    return Cell(context.name(attainment), (context.asked(attainment), where))


def last_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the newest figure: value, year, status, and its source."""
    words = context.words
    if attainment.last_value is None or attainment.last_year is None:
        return Cell(words.t("last.none"))
    text = words.amount(attainment.last_value, attainment.last_unit)
    details = [
        words.t("last.year_status", year=attainment.last_year, status=words.t(f"status.{attainment.last_status}"))
    ]
    if attainment.last_qualifier:
        details.append(words.t(f"qualifier.{attainment.last_qualifier}"))
    if attainment.last_indicator not in {"", context.target(attainment).indicator}:
        stand_in = context.dataset.indicators[attainment.last_indicator]
        details.append(lowered(stand_in.names[words.language]))
    elif attainment.last_scope not in {"", context.target(attainment).scope}:
        details.append(words.t(f"scope.{attainment.last_scope}"))
    references = context.sources.references(attainment.last_source)
    return Cell(text, tuple(details), attainment.last_value, references)


def expected_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the judged quantity at the due date: median and 80 % interval."""
    words = context.words
    if attainment.expected is None:
        return Cell(NO_VALUE)
    details = []
    if attainment.low is not None and attainment.high is not None and attainment.high > attainment.low:
        details.append(words.t("interval.80", interval=context.judged_interval(attainment)))
    path = context.path(attainment)
    if path is not None and path.proxy is not None and path.proxy.relation != "equal":
        details.append(words.t(f"expected.{path.proxy.relation}"))
    details.extend(remarks(context, attainment))
    return Cell(context.judged(attainment, attainment.expected), tuple(details), attainment.expected)


def remarks(context: Context, attainment: Attainment) -> tuple[str, ...]:
    """Return the remarks that the rest of the row does not say already."""
    return tuple(
        context.note(note)
        for note in attainment.notes
        if not note.key.removeprefix("attainment.note.").startswith(TOLD)
    )


def likelihood_cell(context: Context, attainment: Attainment) -> Cell:
    """Return verdict and probability, with second readings (stretch, tolerance, standard of today) under it."""
    words = context.words
    numbers = words.numbers
    text = words.verdict(attainment.verdict)
    if attainment.outcome == "settled":
        return Cell(text, (words.t("likelihood.settled"),), verdict=attainment.verdict)
    if attainment.bound == "at_least" and (attainment.probability or 0.0) < 0.01:
        return Cell(text, (words.t("likelihood.says_nothing"),), attainment.probability, (), attainment.verdict)
    shown = numbers.probability(attainment.probability, bound=attainment.bound)
    details = [words.t("likelihood.probability", probability=shown)]
    seconds = (
        ("same_standard", attainment.probability_same_standard),
        ("stretch", attainment.probability_stretch),
        ("basically", attainment.probability_basically),
        ("average", attainment.probability_average),
    )
    for key, value in seconds:
        if value is not None:
            second = numbers.probability(value, bound=attainment.bound)
            details.append(words.t(f"likelihood.{key}", probability=second))
    if attainment.areas_met is not None:
        met, total = attainment.areas_met
        details.append(words.t("likelihood.areas", met=met, total=total))
    return Cell(text, tuple(details), attainment.probability, (), attainment.verdict, attainment.probability)


def grade_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the evidence grade with what it means here."""
    words = context.words
    path = context.path(attainment)
    details = []
    if path is not None:
        basis = path.evidence.basis
        if basis == "C":
            details.append(words.t("grade.C", parent=context.followed(path)))
        else:
            details.append(words.counted(f"grade.{basis}", path.evidence.own_points))
        if path.proxy is not None:
            details.append(words.t(f"grade.proxy.{path.proxy.relation}"))
    return Cell(attainment.grade or NO_VALUE, tuple(details))
