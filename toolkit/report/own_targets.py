"""Targets that the area has set itself, judged beside the plan's."""

from __future__ import annotations

from toolkit.attainment.attainment import Attainment
from toolkit.attainment.own_targets import LocalTarget, Stated, stated
from toolkit.report.cells import expected_cell, last_cell, likelihood_cell
from toolkit.report.context import Context
from toolkit.report.parts import Bullets, Cell, Column, Item, Paragraph, Table
from toolkit.report.requirement import requirement
from toolkit.report.sections import Block, Section


def own_section(context: Context) -> Section:
    """Return the area's own targets with their answers; those that nothing can be said of are named below them."""
    words = context.words
    blocks: list[Block] = []
    if context.own:
        titles = ("own_target", "last", "expected", "likelihood", "plan_asks")
        columns = tuple(Column(words.t(f"column.{title}")) for title in titles)
        rows = tuple(_row(context, item) for item in context.own)
        blocks += [
            Paragraph(words.t("own.intro"), "note"),
            Table("own", words.t("own.caption"), columns, rows, quiet=True),
        ]
    rest = _unjudged(context)
    if rest:
        blocks.append(Paragraph(words.counted("own.unjudged", len(rest)), "note"))
        blocks.append(Bullets(tuple(_item(context, row) for row in rest)))
    return Section("own", words.t("section.own"), tuple(blocks))


def _row(context: Context, item: LocalTarget) -> tuple[Cell, ...]:
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


def _item(context: Context, row: Stated) -> Item:
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
