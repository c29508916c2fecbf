"""The summary of a plan over all areas: heat map, tile map, ranking of risks."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from toolkit.attainment.result import Attainment
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.schema import Plan
from toolkit.report.about import method_section, provenance_section, sources_section
from toolkit.report.context import Context, SourceBook
from toolkit.report.document import foot
from toolkit.report.facts import RunFacts
from toolkit.report.figures import HeatMap, Tile, TileMap
from toolkit.report.narrative import chance, counts_sentence, leading_target, open_targets, verdict_sentence
from toolkit.report.parts import Cell, Column, Paragraph, Table
from toolkit.report.sections import Block, Folded, Head, PlanDocument, Section
from toolkit.report.target_tables import tally
from toolkit.report.words import SCALE, Words, words

UNANSWERED = ("cannot_be_assessed", "milestone")
TILES = "tiles.csv"
"""Optional file of a data folder: ``area_code,column,row`` of each area in the tile map."""


def build_plan_document(
    areas: Sequence[Area],
    attainments: Sequence[Attainment],
    forecasts: Forecasts,
    dataset: Dataset,
    plan: Plan,
    *,
    language: str,
    run: RunFacts,
) -> PlanDocument:
    """Return the summary of the plan as data.

    Parameters
    ----------
    areas :
        Areas to show, the plan's province among them or not.
    attainments :
        Of these areas, one for every statement of the plan each.
    forecasts, dataset, plan, language, run :
        As in :func:`toolkit.report.document.build_area_document`.
    """
    wording = words(language)
    book = SourceBook(dataset.sources)
    contexts = tuple(
        Context(
            area, tuple(item for item in attainments if item.area_code == area.code), forecasts, dataset, plan, (),
            run, wording, book,
        )
        for area in areas
    )  # fmt: skip
    main = next((item for item in contexts if item.area.code == plan.province_code), contexts[0])
    sections = (
        _heat_section(contexts),
        _tile_section(contexts, main),
        _risk_section(contexts, main),
        method_section(wording, run),
        sources_section(wording, book),
        provenance_section(wording, run),
    )
    return PlanDocument(
        head=_head(main, contexts, sections), sections=sections, area_codes=tuple(area.code for area in areas)
    )


def _head(main: Context, contexts: Sequence[Context], sections: Sequence[Section]) -> Head:
    wording, plan = main.words, main.plan
    answer = [counts_sentence(main)]
    leading = leading_target(main)
    if leading is not None:
        answer += [verdict_sentence(main, leading), *_spread(main, contexts, leading)]
    return Head(
        language=wording.language,
        page_title=wording.t("summary.page_title", number=plan.number),
        foot=foot(wording, main.facts),
        skip_label=wording.t("skip"),
        kicker=wording.t("kicker"),
        title=wording.t("summary.title", number=plan.number),
        subtitle=wording.t("subtitle", plan=plan.names[wording.language], day=wording.day(main.facts.as_of)),
        answer=tuple(answer),
        notices=(wording.t("notice.former_districts"),) if _former(contexts, main) else (),
        banner=wording.t("simulated") if main.facts.simulated else "",
        tally=tally(main),
        contents_title=wording.t("contents"),
        contents=tuple((section.key, section.title) for section in sections if section.blocks),
    )


def _former(contexts: Sequence[Context], main: Context) -> bool:
    return any(item.area.valid_to is not None and item.area.valid_to < main.facts.as_of for item in contexts)


def _spread(main: Context, contexts: Sequence[Context], leading: Attainment) -> list[str]:
    """Return in how many areas the leading target is likely, with the weakest grade that stands behind it."""
    others = [item for item in contexts if item is not main]
    found = [item for context in others for item in context.attainments if item.target_id == leading.target_id]
    likely = [item for item in found if item.verdict in {"likely", "very_likely", "met"}]
    if not found:
        return []
    borrowed = sum(item.grade.startswith("C") for item in found)
    fields = {"likely": len(likely), "total": len(found), "borrowed": borrowed}
    return [main.words.t("summary.spread_borrowed" if borrowed else "summary.spread", **fields)]


def _heat_section(contexts: Sequence[Context]) -> Section:
    wording = contexts[0].words
    by_target = {
        target.id: [item for context in contexts for item in context.attainments if item.target_id == target.id]
        for target in contexts[0].plan.targets
    }
    answered = [key for key, found in by_target.items() if any(item.verdict not in UNANSWERED for item in found)]
    rest = [key for key in by_target if key not in answered]
    columns = tuple((_short(context), context.area.name(wording.language)) for context in contexts)
    rows = tuple(_heat_row(contexts, key, by_target[key]) for key in answered)
    used = [verdict for verdict in SCALE if any(cell.verdict == verdict for _, cells in rows for cell in cells)]
    key_items = tuple((verdict, wording.verdict(verdict)) for verdict in used)
    blocks: list[Block] = [
        Paragraph(wording.t("summary.heat_intro"), "note"),
        HeatMap(wording.t("summary.heat_caption"), wording.t("column.target"), columns, rows, key_items),
    ]
    if rest:
        title = wording.counted("summary.rest", len(rest))
        columns_rest = (Column(wording.t("column.statement")), Column(wording.t("column.state")))
        rows_rest = tuple(_rest_row(contexts[0], by_target[key][0]) for key in rest)
        table = Table("unanswered", wording.t("summary.rest_caption"), columns_rest, rows_rest, "cards", quiet=True)
        blocks.append(Folded(title, (table,)))
    return Section("heat", wording.t("section.heat"), tuple(blocks))


def _short(context: Context) -> str:
    area = context.area
    return area.short_name if area.level != "province" else context.words.t("summary.province")


def _heat_row(
    contexts: Sequence[Context], target_id: str, found: Sequence[Attainment]
) -> tuple[Cell, tuple[Cell, ...]]:
    first = contexts[0]
    head = Cell(first.name(found[0]), (f"{target_id}: {first.asked(found[0])}",))
    return head, tuple(_heat_cell(first.words, item) for item in found)


def _heat_cell(wording: Words, attainment: Attainment) -> Cell:
    text = wording.t(f"short.{attainment.verdict}")
    if attainment.outcome != "probability":
        return Cell(text, verdict=attainment.verdict)
    shown = wording.numbers.probability(attainment.probability, bound=attainment.bound)
    return Cell(text, (shown, attainment.grade), attainment.probability, (), attainment.verdict)


def _rest_row(context: Context, attainment: Attainment) -> tuple[Cell, ...]:
    wording = context.words
    return (
        Cell(context.name(attainment), (f"{attainment.target_id}: {context.asked(attainment)}",)),
        Cell(wording.verdict(attainment.verdict), verdict=attainment.verdict),
    )


def _tile_section(contexts: Sequence[Context], main: Context) -> Section:
    """Return the tile map of the target that most areas below the province have an answer to."""
    wording = main.words
    below = [context for context in contexts if context is not main]
    target_id = _mapped_target(below, main)
    if not below or not target_id:
        return Section("tiles", wording.t("section.tiles"), ())
    found = {context.area.code: _answer(context, target_id) for context in below}
    places = _places(main, [context.area.code for context in below])
    tiles = tuple(
        Tile(
            context.area.code, context.area.short_name, *places[context.area.code],
            found[context.area.code].verdict, _tile_text(wording, found[context.area.code]),
        )
        for context in below
    )  # fmt: skip
    verdicts = [verdict for verdict in SCALE if any(tile.verdict == verdict for tile in tiles)]
    items = tuple((verdict, wording.verdict(verdict)) for verdict in verdicts)
    caption = main.quoted(_answer(main, target_id))
    intro = Paragraph(wording.t("summary.tiles_intro"), "note")
    return Section("tiles", wording.t("section.tiles"), (intro, TileMap(caption, tiles, items)))


def _mapped_target(below: Sequence[Context], main: Context) -> str:
    leading = leading_target(main)
    if leading is not None and any(_answer(context, leading.target_id).outcome == "probability" for context in below):
        return leading.target_id
    counts = {
        target.id: sum(_answer(context, target.id).outcome == "probability" for context in below)
        for target in main.plan.targets
    }
    best = max(counts, key=lambda key: counts[key], default="")
    return best if best and counts[best] else ""


def _answer(context: Context, target_id: str) -> Attainment:
    return next(item for item in context.attainments if item.target_id == target_id)


def _tile_text(wording: Words, attainment: Attainment) -> str:
    if attainment.outcome == "probability":
        return wording.numbers.probability(attainment.probability, bound=attainment.bound)
    return wording.t(f"short.{attainment.verdict}")


def _places(main: Context, codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return column and row of each area: from the data folder's file, else in rows of five."""
    path = main.dataset.folder / TILES
    known: dict[str, tuple[int, int]] = {}
    if path.exists():
        table = pd.read_csv(path, dtype={"area_code": str}, encoding="utf-8")
        known = {
            str(code): (int(column), int(row))
            for code, column, row in table[["area_code", "column", "row"]].itertuples(index=False)
        }
    if all(code in known for code in codes):
        return {code: known[code] for code in codes}
    return {code: (number % 5, number // 5) for number, code in enumerate(codes)}


def _risk_section(contexts: Sequence[Context], main: Context) -> Section:
    """Return the open targets of the province, the least likely first, with how many areas share the risk."""
    wording = main.words
    found = sorted(open_targets(main), key=lambda item: item.probability or 0.0)
    if not found:
        return Section("risks", wording.t("section.risks"), (Paragraph(wording.t("summary.no_risk")),))
    others = [context for context in contexts if context is not main]
    titles = ("target", "likelihood", "required", "areas_at_risk", "grade")
    table = Table(
        key="risks",
        caption=wording.t("summary.risk_caption"),
        columns=tuple(Column(wording.t(f"column.{title}")) for title in titles),
        rows=tuple(_risk_row(main, others, item) for item in found),
        quiet=True,
    )
    return Section("risks", wording.t("section.risks"), (Paragraph(wording.t("summary.risk_intro"), "note"), table))


def _risk_row(main: Context, others: Sequence[Context], attainment: Attainment) -> tuple[Cell, ...]:
    wording = main.words
    below = [_answer(context, attainment.target_id) for context in others]
    judged = [item for item in below if item.outcome == "probability"]
    risky = [item for item in judged if item.verdict in {"unlikely", "very_unlikely"}]
    areas = wording.t("summary.areas_at_risk", risky=len(risky), judged=len(judged)) if judged else "–"
    return (
        Cell(main.name(attainment), (main.asked(attainment), attainment.target_id)),
        Cell(
            wording.verdict(attainment.verdict), (chance(main, attainment),), attainment.probability, (),
            attainment.verdict, attainment.probability,
        ),
        Cell(main.required(attainment), (), attainment.required_pace),
        Cell(areas),
        Cell(attainment.grade),
    )  # fmt: skip
