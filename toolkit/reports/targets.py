"""The tables of targets: the plan's, grouped by likelihood, and those that the area has set itself."""

from __future__ import annotations

from dataclasses import replace

from toolkit.attainment.local import LocalTarget
from toolkit.attainment.result import Attainment, Note
from toolkit.attainment.stated import Stated, stated
from toolkit.base.numbers import NO_VALUE
from toolkit.reports.blocks import Block, Bullets, Cell, Column, Folded, Heading, Item, Paragraph, Section, Table, Tally
from toolkit.reports.context import Context, by_verdict
from toolkit.reports.fan_charts import charted, ranked_targets, spark
from toolkit.reports.wording import SCALE, lowered, requirement

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


FOLDED = ("cannot_be_assessed", "milestone")
"""Long groups without an answer: a reader in a hurry unfolds them only if wanted."""


def targets_section(context: Context) -> Section:
    """Return one table per verdict, in the order of the scale."""
    words = context.words
    blocks: list[Block] = [Paragraph(words.t("targets.intro"), "note")]
    large = {item.target_id for item in charted(context)}
    small = {item.target_id for item in ranked_targets(context)} - large
    for verdict in SCALE:
        found = by_verdict(context.attainments, verdict)
        if found:
            heading = Heading(words.t(f"group.{verdict}"), count=len(found), verdict=verdict)
            content: tuple[Block, ...] = (*_group_note(context, verdict), _table(context, verdict, found, small))
            blocks += [Folded(heading, content)] if verdict in FOLDED else [heading, *content]
    return Section("targets", words.t("section.targets"), tuple(blocks))


def tally(context: Context) -> Tally:
    """Return the counts by verdict."""
    counts = [(verdict, len(by_verdict(context.attainments, verdict))) for verdict in SCALE]
    entries = tuple((verdict, _counted(context, verdict, count), count) for verdict, count in counts if count)
    return Tally(context.words.t("tally.caption", total=len(context.attainments)), entries)


def _counted(context: Context, verdict: str, count: int) -> str:
    return context.words.counted("tally.milestone", count) if verdict == "milestone" else context.words.verdict(verdict)


def _group_note(context: Context, verdict: str) -> list[Paragraph]:
    key = f"group_note.{verdict}"
    return [Paragraph(context.words.t(key), "note")] if context.words.texts.has(f"report.{key}") else []


def _table(context: Context, verdict: str, attainments: tuple[Attainment, ...], small: set[str]) -> Table:
    """Return the table of one verdict; the targets in `small` get a small line, having no chart of their own."""
    words = context.words
    if verdict == "cannot_be_assessed":
        titles: tuple[str, ...] = ("target", "missing", "last")
        rows = [_missing_row(context, item) for item in attainments]
    elif verdict == "milestone":
        titles = ("statement", "status", "evidence")
        rows = [_milestone_row(context, item) for item in attainments]
    else:
        titles = ("target", "last", "expected", "likelihood", "grade")
        rows = [_judged_row(context, item, drawn=item.target_id in small) for item in attainments]
    if verdict == "orientation":
        titles, rows = (*titles[:3], titles[4]), [(*row[:3], row[4]) for row in rows]
    return Table(
        key=f"targets-{verdict}",
        caption=words.t("targets.caption", group=words.t(f"group.{verdict}")),
        columns=tuple(Column(words.t(f"column.{title}")) for title in titles),
        rows=tuple(rows),
        quiet=True,
        anchors=tuple(item.target_id for item in attainments),
    )


def _judged_row(context: Context, attainment: Attainment, *, drawn: bool) -> tuple[Cell, ...]:
    last = last_cell(context, attainment)
    return (
        target_cell(context, attainment),
        replace(last, spark=spark(context, attainment)) if drawn else last,
        expected_cell(context, attainment),
        likelihood_cell(context, attainment),
        grade_cell(context, attainment),
    )


def _missing(context: Context, attainment: Attainment, note: Note) -> str:
    """Return what is missing; in the common case shorter than the note, for the row names the rest."""
    if note.key != "attainment.missing.series":
        return context.note(note)
    return context.words.t("missing.series", indicator=lowered(context.measured(context.target(attainment))))


def _missing_row(context: Context, attainment: Attainment) -> tuple[Cell, ...]:
    notes = [_missing(context, attainment, note) for note in attainment.missing]
    extra = remarks(context, attainment)
    return (
        target_cell(context, attainment),
        Cell(notes[0], (*notes[1:], *extra)),
        last_cell(context, attainment),
    )


def _milestone_row(context: Context, attainment: Attainment) -> tuple[Cell, ...]:
    words = context.words
    status, *evidence = attainment.notes
    missing = [context.note(note) for note in attainment.missing]
    texts = [context.note(note) for note in evidence] or missing or [words.t("milestone.no_evidence")]
    sources = [str(note.fields.get("source", "")) for note in evidence]
    held = Cell(texts[0], tuple(texts[1:]), references=context.sources.references(*sources))
    return (target_cell(context, attainment), Cell(context.note(status)), held)


def own_section(context: Context) -> Section:
    """Return the area's own targets with their answers; those that nothing can be said of are named below them."""
    words = context.words
    blocks: list[Block] = []
    if context.own:
        titles = ("own_target", "last", "expected", "likelihood", "plan_asks")
        columns = tuple(Column(words.t(f"column.{title}")) for title in titles)
        rows = tuple(_own_row(context, item) for item in context.own)
        blocks += [
            Paragraph(words.t("own.intro"), "note"),
            Table("own", words.t("own.caption"), columns, rows, quiet=True),
        ]
    rest = _unjudged(context)
    if rest:
        blocks.append(Paragraph(words.counted("own.unjudged", len(rest)), "note"))
        blocks.append(Bullets(tuple(_own_item(context, row) for row in rest)))
    return Section("own", words.t("section.own"), tuple(blocks))


def _own_row(context: Context, item: LocalTarget) -> tuple[Cell, ...]:
    indicator = context.dataset.indicators[item.target.indicator]
    asked = requirement(item.target, context.words, context.printed_unit(indicator))
    name = Cell(
        context.measured(item.target), (asked,), references=context.sources.references(item.source_id)
    )  # fmt: skip
    last = last_cell(context, item.attainment)
    return (
        name,
        last,
        expected_cell(context, item.attainment),
        likelihood_cell(context, item.attainment),
        _plans(context, item),
    )


def _plans(context: Context, item: LocalTarget) -> Cell:
    """Return what the plan asks of the same quantity, and its answer."""
    same = [found for found in context.attainments if _alike(context, found, item)]
    if not same:
        return Cell(context.words.t("own.plan_silent"))
    texts = [
        f"{found.target_id}: {context.asked(found)} ({context.words.verdict(found.verdict)})" for found in same
    ]  # fmt: skip
    return Cell(texts[0], tuple(texts[1:]))


def _alike(context: Context, found: Attainment, item: LocalTarget) -> bool:
    target = context.plan.target(found.target_id)
    return (target.indicator, target.scope) == (item.target.indicator, item.target.scope)


def _unjudged(context: Context) -> list[Stated]:
    judged = {(item.target.indicator, item.target.scope, item.target.due) for item in context.own}
    own = [row for row in stated(context.dataset) if row.area_code == context.area.code]
    return [row for row in own if (row.indicator, row.scope, row.due) not in judged]


def _own_item(context: Context, row: Stated) -> Item:
    words, known = context.words, context.dataset.indicators
    name = row.indicator.replace("_", " ")
    if row.indicator in known:
        name = context.scoped(row.indicator, row.scope)
    sign = {"<=": "≤", ">=": "≥"}.get(row.op, row.op)
    value = words.amount(row.value, row.unit)
    return Item(
        words.t("own.stated", name=name, sign=sign, value=value, due=row.due),
        "",
        context.sources.references(row.source_id),
    )
