"""Targets by areas: a heat map in words, colours and patterns, or a table of counts for many areas."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.attainment.attainment import Attainment
from toolkit.report.context import Context
from toolkit.report.figures import HeatMap
from toolkit.report.parts import Cell, Column, Heading, Paragraph, Table
from toolkit.report.sections import Block, Folded, Section
from toolkit.report.words import SCALE, Words

UNANSWERED = ("cannot_be_assessed", "milestone", "orientation")
MOST_COLUMNS = 16
"""Above this number of areas the heat map becomes a table of counts."""


def heat_section(contexts: Sequence[Context]) -> Section:
    """Return what is said of each target in each area, then the targets that no area has an answer to."""
    wording = contexts[0].words
    by_target = {
        target.id: [item for context in contexts for item in context.attainments if item.target_id == target.id]
        for target in contexts[0].plan.targets
    }
    answered = [key for key, found in by_target.items() if any(item.verdict not in UNANSWERED for item in found)]
    rest = [key for key in by_target if key not in answered]
    blocks = (
        _counted(contexts, by_target, answered)
        if len(contexts) > MOST_COLUMNS
        else _mapped(contexts, by_target, answered)
    )
    if rest:
        title = wording.counted("summary.rest", len(rest))
        columns_rest = (Column(wording.t("column.statement")), Column(wording.t("column.state")))
        rows_rest = tuple(_rest_row(contexts[0], by_target[key][0]) for key in rest)
        table = Table("unanswered", wording.t("summary.rest_caption"), columns_rest, rows_rest, "cards", quiet=True)
        blocks.append(Folded(Heading(title), (table,)))
    return Section("heat", wording.t("section.heat"), tuple(blocks))


Answers = dict[str, list[Attainment]]
"""Answers of all areas, in their order, by target."""


def _mapped(contexts: Sequence[Context], by_target: Answers, answered: Sequence[str]) -> list[Block]:
    wording = contexts[0].words
    columns = tuple((_short(context), context.area.name(wording.language)) for context in contexts)
    rows = tuple(_heat_row(contexts, by_target[key]) for key in answered)
    used = [verdict for verdict in SCALE if any(cell.verdict == verdict for _, cells in rows for cell in cells)]
    key_items = tuple((verdict, wording.verdict(verdict)) for verdict in used)
    return [
        Paragraph(wording.t("summary.heat_intro"), "note"),
        HeatMap(wording.t("summary.heat_caption"), wording.t("column.target"), columns, rows, key_items),
    ]


def _counted(contexts: Sequence[Context], by_target: Answers, answered: Sequence[str]) -> list[Block]:
    """Return a table of counts in place of a map with too many columns."""
    wording, province = contexts[0].words, contexts[0].plan.province_code
    below = {key: [item for item in by_target[key] if item.area_code != province] for key in answered}
    used = [verdict for verdict in SCALE if any(item.verdict == verdict for found in below.values() for item in found)]
    columns = (
        Column(wording.t("column.target")),
        *(Column(wording.t(f"short.{verdict}"), numeric=True) for verdict in used),
    )
    rows = []
    for key in answered:
        counts = [sum(item.verdict == verdict for item in below[key]) for verdict in used]
        cells = [Cell(wording.numbers.decimal(count, 0) if count else "", (), count) for count in counts]
        rows.append((_heat_head(contexts[0], by_target[key][0]), *cells))
    table = Table("counts", wording.t("summary.counts_caption"), columns, tuple(rows), "grid", quiet=True)
    return [Paragraph(wording.t("summary.counts_intro"), "note"), table]


def _short(context: Context) -> str:
    return context.short if context.area.level != "province" else context.words.t("summary.province")


def _heat_row(contexts: Sequence[Context], found: Sequence[Attainment]) -> tuple[Cell, tuple[Cell, ...]]:
    first = contexts[0]
    return _heat_head(first, found[0]), tuple(_heat_cell(first.words, item) for item in found)


def _heat_head(context: Context, attainment: Attainment) -> Cell:
    return Cell(context.name(attainment), (f"{attainment.target_id}: {context.asked(attainment)}",))


def _heat_cell(wording: Words, attainment: Attainment) -> Cell:
    text = wording.t(f"short.{attainment.verdict}")
    if attainment.outcome != "probability":
        return Cell(text, verdict=attainment.verdict)
    if attainment.bound == "at_least" and (attainment.probability or 0.0) < 0.01:
        return Cell(text, (attainment.grade,), attainment.probability, (), attainment.verdict)
    shown = wording.numbers.probability(attainment.probability, bound=attainment.bound)
    return Cell(text, (shown, attainment.grade), attainment.probability, (), attainment.verdict)


def _rest_row(context: Context, attainment: Attainment) -> tuple[Cell, ...]:
    wording = context.words
    return (
        _heat_head(context, attainment),
        Cell(wording.verdict(attainment.verdict), verdict=attainment.verdict),
    )
