"""The table of targets, grouped by likelihood: every statement of the plan has its row."""

from __future__ import annotations

from dataclasses import replace

from toolkit.attainment.attainment import Attainment
from toolkit.plan.judgement import Note
from toolkit.report.cells import expected_cell, grade_cell, last_cell, likelihood_cell, remarks, target_cell
from toolkit.report.context import Context, by_verdict
from toolkit.report.fans import charted, ranked_targets, spark
from toolkit.report.parts import Cell, Column, Heading, Paragraph, Table, Tally
from toolkit.report.requirement import lowered
from toolkit.report.sections import Block, Folded, Section
from toolkit.report.words import SCALE

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
