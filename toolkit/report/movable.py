"""For the half-year report: what can still move this year, and what cannot."""

from __future__ import annotations

from toolkit.attainment.attainment import Attainment
from toolkit.forecast.paths import Path
from toolkit.report.cells import last_cell
from toolkit.report.context import Context
from toolkit.report.parts import Bullets, Cell, Column, Item, Paragraph, Table
from toolkit.report.sections import Block, Section

FIXED, UNKNOWN = ("settled", "known", "past"), ("no_data",)
"""Why no effort of this year changes an answer, and why nothing can be said."""


def movable_section(context: Context) -> Section:
    """Return the open targets whose figure of this year is still to come, then what this year settles no more.

    Empty outside the half-year round.
    """
    words, year = context.words, context.year
    title = words.t("section.movable", year=year)
    if context.cycle is None or context.cycle.kind != "six_month":
        return Section("movable", title, ())
    open_ones = [(item, path) for item in context.attainments if (path := _open(context, item)) is not None]
    blocks: list[Block] = [Paragraph(words.t("movable.intro", year=year), "note")]
    if open_ones:
        names = ("target", "last", "estimate", "required")
        columns = tuple(Column(words.t(f"column.{name}", year=year)) for name in names)
        rows = tuple(_row(context, item, path) for item, path in open_ones)
        blocks.append(Table("movable", words.t("movable.caption", year=year), columns, rows))
    else:
        blocks.append(Paragraph(words.t("movable.nothing", year=year)))
    rest = _rest(context, {item.target_id for item, _ in open_ones})
    for name, kinds in (("fixed", FIXED), ("unknown", UNKNOWN)):
        items = tuple(_item(context, kind, rest[kind]) for kind in kinds if rest[kind])
        if items:
            blocks += [Paragraph(words.t(f"movable.{name}", year=year), "lead"), Bullets(items)]
    return Section("movable", title, tuple(blocks))


def _open(context: Context, attainment: Attainment) -> Path | None:
    """Return the path of a target still ahead whose figure of this year is not final yet."""
    path = context.path(attainment)
    if path is None or attainment.outcome != "probability" or attainment.due < context.year:
        return None
    inside = int(path.years[0]) <= context.year <= int(path.years[-1])
    return path if inside and not bool(path.final[path.position(context.year)]) else None


def _row(context: Context, attainment: Attainment, path: Path) -> tuple[Cell, ...]:
    words, indicator = context.words, context.indicator(attainment)
    printed, places = context.printed_unit(indicator), indicator.decimals
    low, middle, high = (float(value) for value in path.quantiles((0.1, 0.5, 0.9))[path.position(context.year)])
    estimate = words.t("nowcast.about", value=words.amount(middle, path.unit, places, printed=printed))
    interval = words.interval(low, high, path.unit, places, printed=printed)
    return (
        Cell(context.name(attainment), (context.asked(attainment), attainment.target_id)),
        last_cell(context, attainment),
        Cell(estimate, (words.t("interval.80", interval=interval),), middle),
        Cell(context.required(attainment), (), attainment.required_pace),
    )


def _rest(context: Context, movable: set[str]) -> dict[str, list[str]]:
    """Return every other target with a number, by the reason why it cannot be said to move this year."""
    groups: dict[str, list[str]] = {kind: [] for kind in (*FIXED, *UNKNOWN)}
    for item in context.attainments:
        if item.target_id in movable or item.outcome in {"milestone", "orientation"}:
            continue
        if item.outcome == "settled":
            kind = "settled"
        elif item.due < context.year:
            kind = "past"
        else:
            kind = "no_data" if item.outcome == "cannot_assess" else "known"
        groups[kind].append(item.target_id)
    return groups


def _item(context: Context, kind: str, ids: list[str]) -> Item:
    return Item(", ".join(ids), context.words.counted(f"movable.{kind}", len(ids), year=context.year))
