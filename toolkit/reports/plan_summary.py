"""The summary of a plan over all areas: heat map, tile map, ranking of risks, and whether districts add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from toolkit.attainment.result import Attainment
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.coherence import Gap, gaps
from toolkit.forecast.store import Forecasts
from toolkit.plan.schema import Plan
from toolkit.reports.blocks import (
    Block,
    Cell,
    Column,
    Folded,
    Head,
    Heading,
    HeatMap,
    Paragraph,
    PlanDocument,
    Section,
    Table,
    Tile,
    TileMap,
)
from toolkit.reports.changes import changes_section
from toolkit.reports.context import Context, RunFacts, SourceBook, cycle_of, foot, kicker, letter
from toolkit.reports.method import method_section, provenance_section, sources_section
from toolkit.reports.outlook import chance, counts_sentence, leading_target, open_targets, verdict_sentence
from toolkit.reports.targets import tally
from toolkit.reports.wording import SCALE, Words, words


def build_plan_document(
    areas: Sequence[Area],
    attainments: Sequence[Attainment],
    forecasts: Forecasts,
    dataset: Dataset,
    plan: Plan,
    *,
    language: str,
    run: RunFacts,
    cycle: str = "",
    since: str = "",
) -> PlanDocument:
    """Return the summary of the plan as data.

    Parameters
    ----------
    areas :
        Areas to show, the plan's province among them or not.
    attainments :
        Of these areas, one for every statement of the plan each.
    forecasts, dataset, plan, language, run, cycle :
        As in :func:`toolkit.reports.area_report.build_area_document`.
    since :
        Folder of an earlier run, to say what changed since then; empty for none.
    """
    wording = words(language)
    book = SourceBook(dataset.sources)
    contexts = tuple(
        Context(
            area, tuple(item for item in attainments if item.area_code == area.code), forecasts, dataset, plan,
            run, wording, book, cycle_of(cycle, plan),
        )
        for area in areas
    )  # fmt: skip
    main = next((item for item in contexts if item.area.code == plan.province_code), contexts[0])
    sections = (
        changes_section(wording, plan, _names(contexts), attainments, Path(since) if since else None),
        heat_section(contexts),
        tile_section(contexts, main),
        _risk_section(contexts, main),
        coherence_section(contexts, main),
        method_section(wording, run, "province"),
        sources_section(wording, book),
        provenance_section(wording, run, main.cycle),
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
        kicker=kicker(wording, main.cycle),
        title=wording.t("summary.title", number=plan.number),
        subtitle=wording.t("subtitle", plan=plan.names[wording.language], day=wording.day(main.facts.as_of)),
        answer=tuple(answer),
        notices=(wording.t("notice.former_districts"),) if _former(contexts, main) else (),
        banner=wording.t("simulated") if main.facts.simulated else "",
        tally=tally(main),
        contents_title=wording.t("contents"),
        contents=tuple((section.key, section.title) for section in sections if section.blocks),
        letter=letter(main, wording.t("summary.title", number=plan.number)),
    )


def _names(contexts: Sequence[Context]) -> dict[str, str]:
    return {context.area.code: context.area.name(context.words.language) for context in contexts}


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
    below = [answer(context, attainment.target_id) for context in others]
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


ROW = 5
"""Tiles in a row where no file places them."""
TILES = "tiles.csv"
"""Optional file of a data folder: ``area_code,column,row`` of each area in the tile map."""


def tile_section(contexts: Sequence[Context], main: Context) -> Section:
    """Return the tile map of the target that most areas below the province have an answer to."""
    wording = main.words
    below = [context for context in contexts if context is not main]
    target_id = _mapped_target(below, main)
    if not below or not target_id:
        return Section("tiles", wording.t("section.tiles"), ())
    found = {context.area.code: answer(context, target_id) for context in below}
    places = _places(main, [context.area.code for context in below])
    tiles = tuple(
        Tile(
            context.area.code, context.short, *places[context.area.code],
            found[context.area.code].verdict, _tile_text(wording, found[context.area.code]),
            _tile_detail(context, found[context.area.code]),
        )
        for context in below
    )  # fmt: skip
    verdicts = [verdict for verdict in SCALE if any(tile.verdict == verdict for tile in tiles)]
    items = tuple((verdict, wording.verdict(verdict)) for verdict in verdicts)
    caption = main.quoted(answer(main, target_id))
    intro = Paragraph(wording.t("summary.tiles_intro"), "note")
    groups = _by_former_district(main, below, tiles)
    if not groups:
        return Section("tiles", wording.t("section.tiles"), (intro, TileMap(caption, tiles, items)))
    last = len(groups) - 1
    maps = (TileMap(name, members, items if number == last else ()) for number, (name, members) in enumerate(groups))
    told = (Paragraph(caption, "lead"), Paragraph(wording.t("summary.tiles_communes"), "note"))
    return Section("tiles", wording.t("section.tiles"), (*told, *maps))


def _by_former_district(
    main: Context, below: Sequence[Context], tiles: Sequence[Tile]
) -> list[tuple[str, tuple[Tile, ...]]]:
    """Return the communes of today by the district that their land was in; a shared one stands with the first.

    Empty unless all areas are such communes.
    """
    crosswalk, known = main.dataset.crosswalk, main.dataset.areas
    groups: dict[str, list[Tile]] = {}
    for context, tile in zip(below, tiles, strict=True):
        former = crosswalk.former_districts(tile.code) if context.area.level == "commune" else ()
        if not former:
            return []
        members = groups.setdefault(former[0], [])
        others = [known.get(code).short_name for code in former[1:]]
        shared = main.words.t("summary.shared_with", others=main.words.listed(others)) if others else ""
        detail = " · ".join(text for text in (tile.detail, shared) if text)
        row, column = divmod(len(members), ROW)
        members.append(replace(tile, detail=detail, column=column, row=row))
    names = {code: known.get(code).name(main.words.language) for code in groups}
    return [(names[code], tuple(groups[code])) for code in sorted(groups)]


def _mapped_target(below: Sequence[Context], main: Context) -> str:
    leading = leading_target(main)
    if leading is not None and any(answer(context, leading.target_id).outcome == "probability" for context in below):
        return leading.target_id
    counts = {
        target.id: sum(answer(context, target.id).outcome == "probability" for context in below)
        for target in main.plan.targets
    }
    best = max(counts, key=lambda key: counts[key], default="")
    return best if best and counts[best] else ""


def answer(context: Context, target_id: str) -> Attainment:
    """Return an area's answer to one target."""
    return next(item for item in context.attainments if item.target_id == target_id)


def _tile_text(wording: Words, attainment: Attainment) -> str:
    if attainment.outcome == "probability":
        return wording.numbers.probability(attainment.probability, bound=attainment.bound)
    return wording.t(f"short.{attainment.verdict}")


def _tile_detail(context: Context, attainment: Attainment) -> str:
    if attainment.expected is None:
        return ""
    return " · ".join(text for text in (context.judged(attainment, attainment.expected), attainment.grade) if text)


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
    return {code: (number % ROW, number // ROW) for number, code in enumerate(codes)}


def coherence_section(contexts: Sequence[Context], main: Context) -> Section:
    """Return how far the areas below `main` lie, taken together, from its own forecast.

    Empty where the areas do not make up the whole, or nothing can be added up.
    """
    wording = main.words
    parts = [context.area.code for context in contexts if context is not main]
    level = {context.area.level for context in contexts if context is not main}
    found: tuple[Gap, ...] = ()
    if level == {"district"} and len(parts) == _districts(main):
        years = sorted({main.facts.as_of.year, *(item.due for item in main.attainments if _near(main, item.due))})
        found = gaps(main.forecasts, main.dataset, main.area.code, parts, years)
    title = wording.t("section.coherence")
    if not found:
        return Section("coherence", title, ())
    table = Table(
        key="coherence",
        caption=wording.t("coherence.caption"),
        columns=tuple(
            Column(wording.t(f"column.{name}"), numeric=name != "indicator")
            for name in ("indicator", "year", "province_own", "parts_together", "parts_gap")
        ),
        rows=tuple(_coherence_row(main, gap) for gap in found),
        quiet=True,
    )
    apart = sum(not gap.agrees for gap in found)
    verdict = wording.counted("coherence.apart", apart) if apart else wording.t("coherence.agree")
    return Section("coherence", title, (Paragraph(verdict), Paragraph(wording.t("coherence.intro"), "note"), table))


def _districts(main: Context) -> int:
    areas = main.dataset.areas.all(level="district")
    return sum(area.parent_code == main.area.code for area in areas)


def _near(main: Context, due: int) -> bool:
    return main.facts.as_of.year <= due <= main.facts.as_of.year + 8


def _coherence_row(main: Context, gap: Gap) -> tuple[Cell, ...]:
    wording, indicator = main.words, main.dataset.indicators[gap.indicator]
    printed, places = main.printed_unit(indicator), indicator.decimals
    unit = "percentage_points" if indicator.unit == "percent" else indicator.unit
    name = indicator.names[wording.language]
    basis = wording.t(f"coherence.weights.{gap.weights}", parts=gap.parts, borrowed=gap.borrowed)
    return (
        Cell(name if gap.scope == "all" else f"{name}, {wording.t(f'scope.{gap.scope}')}", (basis,)),
        Cell(str(gap.year), (), gap.year),
        Cell(wording.amount(gap.whole, indicator.unit, places, printed=printed), (), gap.whole),
        Cell(wording.amount(gap.together, indicator.unit, places, printed=printed), (), gap.together),
        Cell(
            wording.amount(gap.median, unit, places, printed=printed),
            (wording.interval(gap.low, gap.high, unit, places, printed=printed),),
            gap.median,
        ),
    )
