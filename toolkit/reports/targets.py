"""The tables of targets: the plan's, grouped by likelihood, and those that the area has set itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from toolkit.attainment.attainment import Attainment
from toolkit.attainment.own_targets import LocalTarget, Stated, stated
from toolkit.base.texts import NO_VALUE
from toolkit.plan.judgement import Note
from toolkit.reports.blocks import Block, Bullets, Cell, Folded, Heading, Item, Paragraph, Section, Table, Tally
from toolkit.reports.context import Context
from toolkit.reports.fan_charts import charted, ranked_targets, sparkline
from toolkit.reports.wording import SCALE, lowered, requirement

FOLDED = ("cannot_be_assessed", "milestone")
"""Long groups without an answer: a reader in a hurry unfolds them only if wanted."""
SAID_ELSEWHERE = (
    "proxy.", "share_", "borrowed", "outlook", "overruled", "unverified", "not_final", "qualified", "estimated",
    "break_ahead.", "pace_", "bound.", "hold",
)  # fmt: skip
"""Remarks that stand in the row's other cells, or in the sections on standards, pace and data quality."""


def targets_section(context: Context) -> Section:
    """Return one table per verdict, in the order of the scale: every statement of the plan has its row."""
    words = context.words
    blocks: list[Block] = [Paragraph(words.t("targets.intro"), "note")]
    with_chart = {item.target_id for item in charted(context)}
    with_sparkline = {item.target_id for item in ranked_targets(context)} - with_chart
    for verdict in SCALE:
        found = [item for item in context.attainments if item.verdict == verdict]
        if found:
            heading = Heading(words.t(f"group.{verdict}"), count=len(found), verdict=verdict)
            note = f"group_note.{verdict}"
            notes = [Paragraph(words.t(note), "note")] if words.texts.has(f"report.{note}") else []
            content: tuple[Block, ...] = (*notes, _table(context, verdict, found, with_sparkline))
            blocks += [Folded(heading, content)] if verdict in FOLDED else [heading, *content]
    return Section("targets", words.t("section.targets"), tuple(blocks))


def tally(context: Context) -> Tally:
    """Return the counts by verdict."""
    words, verdicts = context.words, [str(item.verdict) for item in context.attainments]
    entries = []
    for verdict in SCALE:
        count = verdicts.count(verdict)
        label = words.counted("tally.milestone", count) if verdict == "milestone" else words.verdict(verdict)
        entries += [(verdict, label, count)] if count else []
    return Tally(words.t("tally.caption", total=len(verdicts)), tuple(entries))


def _table(context: Context, verdict: str, found: Sequence[Attainment], with_sparkline: set[str]) -> Table:
    words = context.words
    if verdict == "cannot_be_assessed":
        names: tuple[str, ...] = ("target", "missing", "last")
        rows = [_missing_row(context, item) for item in found]
    elif verdict == "milestone":
        names = ("statement", "status", "evidence")
        rows = [_milestone_row(context, item) for item in found]
    else:
        names = ("target", "last", "expected", "likelihood", "grade")
        rows = [_judged_row(context, item, drawn=item.target_id in with_sparkline) for item in found]
    if verdict == "orientation":
        names, rows = (*names[:3], names[4]), [(*row[:3], row[4]) for row in rows]
    caption = words.t("targets.caption", group=words.t(f"group.{verdict}"))
    anchors = tuple(item.target_id for item in found)
    return Table.of(words.t, f"targets-{verdict}", names, rows, caption=caption, anchors=anchors)


def _judged_row(context: Context, attainment: Attainment, *, drawn: bool) -> tuple[Cell, ...]:
    last = last_cell(context, attainment)
    return (
        _target_cell(context, attainment),
        replace(last, spark=sparkline(context, attainment)) if drawn else last,
        _expected_cell(context, attainment),
        _likelihood_cell(context, attainment),
        _grade_cell(context, attainment),
    )


def _missing_row(context: Context, attainment: Attainment) -> tuple[Cell, ...]:
    first, *rest = (_missing(context, attainment, note) for note in attainment.missing)
    details = (*rest, *_remarks(context, attainment))
    return (_target_cell(context, attainment), Cell(first, details), last_cell(context, attainment))


def _missing(context: Context, attainment: Attainment, note: Note) -> str:
    """Return what is missing; in the common case shorter than the note, for the row names the rest."""
    if note.key != "attainment.missing.series":
        return context.note(note)
    return context.words.t("missing.series", indicator=lowered(context.quantity(attainment)))


def _milestone_row(context: Context, attainment: Attainment) -> tuple[Cell, ...]:
    status, *evidence = attainment.notes
    texts = [context.note(note) for note in evidence or attainment.missing]
    texts = texts or [context.words.t("milestone.no_evidence")]
    sources = [str(note.fields.get("source", "")) for note in evidence]
    held = Cell(texts[0], tuple(texts[1:]), references=context.sources.references(*sources))
    return (_target_cell(context, attainment), Cell(context.note(status)), held)


def _target_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the target's name with its requirement, and whether parts of it are our reading."""
    words = context.words
    place = words.t("target.clause", id=attainment.target_id, clause=context.target(attainment).clause)
    where = f"{place} · {words.t('target.inferred')}" if attainment.inferred else place
    return Cell(context.name(attainment), (context.requirement(attainment), where))


def name_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the target's name with its requirement and its number, for tables that come after that of the targets."""
    return Cell(context.name(attainment), (context.requirement(attainment), attainment.target_id))


def last_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the newest observation: value, year, status, and its source."""
    words, target = context.words, context.target(attainment)
    if attainment.last_value is None or attainment.last_year is None:
        return Cell(words.t("last.none"))
    status = words.t(f"status.{attainment.last_status}")
    details = [words.t("last.year_status", year=attainment.last_year, status=status)]
    if attainment.last_qualifier:
        details.append(words.t(f"qualifier.{attainment.last_qualifier}"))
    if attainment.last_indicator not in {"", target.indicator}:
        details.append(lowered(context.dataset.indicators[attainment.last_indicator].names[words.language]))
    elif attainment.last_scope not in {"", target.scope}:
        details.append(words.t(f"scope.{attainment.last_scope}"))
    text = words.amount(attainment.last_value, attainment.last_unit)
    return Cell(text, tuple(details), attainment.last_value, context.sources.references(attainment.last_source))


def _expected_cell(context: Context, attainment: Attainment) -> Cell:
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
    details.extend(_remarks(context, attainment))
    return Cell(context.judged(attainment, attainment.expected), tuple(details), attainment.expected)


def _remarks(context: Context, attainment: Attainment) -> list[str]:
    """Return the remarks that the rest of the row does not say already."""
    keys = ((note, note.key.removeprefix("attainment.note.")) for note in attainment.notes)
    return [context.note(note) for note, key in keys if not key.startswith(SAID_ELSEWHERE)]


def _likelihood_cell(context: Context, attainment: Attainment) -> Cell:
    """Return verdict and probability, with second readings (stretch, tolerance, standard of today) under it."""
    words, verdict = context.words, attainment.verdict
    text = words.verdict(verdict)
    if attainment.outcome == "settled":
        return Cell(text, (words.t("likelihood.settled"),), verdict=verdict)
    if attainment.bound == "at_least" and (attainment.probability or 0.0) < 0.01:
        return Cell(text, (words.t("likelihood.says_nothing"),), attainment.probability, (), verdict)
    readings = (
        ("probability", attainment.probability),
        ("same_standard", attainment.probability_same_standard),
        ("stretch", attainment.probability_stretch),
        ("basically", attainment.probability_basically),
        ("average", attainment.probability_average),
    )
    details = [
        words.t(f"likelihood.{key}", probability=words.numbers.probability(value, bound=attainment.bound))
        for key, value in readings
        if value is not None or key == "probability"
    ]
    if attainment.areas_met is not None:
        met, total = attainment.areas_met
        details.append(words.t("likelihood.areas", met=met, total=total))
    return Cell(text, tuple(details), attainment.probability, (), verdict, attainment.probability)


def _grade_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the evidence grade with what it means here."""
    words = context.words
    path = context.path(attainment)
    details = []
    if path is not None:
        basis = path.evidence.basis
        if basis == "C":
            details.append(words.t("grade.C", parent=context.parent_name(path)))
        else:
            details.append(words.counted(f"grade.{basis}", path.evidence.own_points))
        if path.proxy is not None:
            details.append(words.t(f"grade.proxy.{path.proxy.relation}"))
    return Cell(attainment.grade or NO_VALUE, tuple(details))


def own_section(context: Context) -> Section:
    """Return the area's own targets with their answers; those that nothing can be said of are named below them."""
    words = context.words
    blocks: list[Block] = []
    if context.own:
        names = ("own_target", "last", "expected", "likelihood", "plan_asks")
        rows = [_own_row(context, item) for item in context.own]
        blocks += [
            Paragraph(words.t("own.intro"), "note"),
            Table.of(words.t, "own", names, rows, caption=words.t("own.caption")),
        ]
    judged = {(item.target.indicator, item.target.scope, item.target.due) for item in context.own}
    own = [row for row in stated(context.dataset) if row.area_code == context.area.code]
    rest = [row for row in own if (row.indicator, row.scope, row.due) not in judged]
    if rest:
        blocks.append(Paragraph(words.counted("own.unjudged", len(rest)), "note"))
        blocks.append(Bullets(tuple(_stated_item(context, row) for row in rest)))
    return Section("own", words.t("section.own"), tuple(blocks))


def _own_row(context: Context, item: LocalTarget) -> tuple[Cell, ...]:
    indicator = context.dataset.indicators[item.target.indicator]
    required = requirement(item.target, context.words, context.printed_unit(indicator))
    references = context.sources.references(item.source_id)
    return (
        Cell(context.series_name(item.target.indicator, item.target.scope), (required,), references=references),
        last_cell(context, item.attainment),
        _expected_cell(context, item.attainment),
        _likelihood_cell(context, item.attainment),
        _plan_cell(context, item),
    )


def _plan_cell(context: Context, item: LocalTarget) -> Cell:
    """Return what the plan requires of the same quantity, and its answer."""
    texts = [
        f"{target.id}: {context.requirement(found)} ({context.words.verdict(found.verdict)})"
        for found in context.attainments
        for target in [context.plan.target(found.target_id)]
        if (target.indicator, target.scope) == (item.target.indicator, item.target.scope)
    ]
    return Cell(texts[0], tuple(texts[1:])) if texts else Cell(context.words.t("own.plan_silent"))


def _stated_item(context: Context, row: Stated) -> Item:
    known = row.indicator in context.dataset.indicators
    name = context.series_name(row.indicator, row.scope) if known else row.indicator.replace("_", " ")
    sign = {"<=": "≤", ">=": "≥"}.get(row.op, row.op)
    value = context.words.amount(row.value, row.unit)
    text = context.words.t("own.stated", name=name, sign=sign, value=value, due=row.due)
    return Item(text, references=context.sources.references(row.source_id))
