"""The summary of a plan over all areas: which first, maps, sums. Apart because a notebook of its own opens it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import starmap
from pathlib import Path

import pandas as pd

from toolkit.attainment.attainment import Attainment, lowered
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.forecast.summary import CoherenceGap, coherence_gaps
from toolkit.plan.plan import Plan
from toolkit.reports.blocks import (
    Block,
    Cell,
    Column,
    Document,
    Folded,
    Heading,
    HeatMap,
    Paragraph,
    Section,
    Table,
    Tile,
    TileMap,
)
from toolkit.reports.context import Context, RunFacts, SourceBook, cycle_of, head_of
from toolkit.reports.evidence import method_section, missing_series, provenance_section, sources_section
from toolkit.reports.first_page import answer, chance, changes_section, front, leading_target, verdict_sentence
from toolkit.reports.targets import last_cell, name_cell
from toolkit.reports.wording import LIKELY, SCALE, Words, words

UNANSWERED = ("cannot_be_assessed", "milestone", "orientation")
MOST_COLUMNS = 16
"""Above this number of areas the heat map becomes a table of counts."""
ROW = 5
"""Tiles in a row where no file places them."""
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
    cycle: str = "",
    since: str = "",
) -> Document:
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
    wording, book, reporting = words(language), SourceBook(dataset.sources), cycle_of(cycle, plan)
    answers: dict[str, list[Attainment]] = {area.code: [] for area in areas}
    for item in attainments:
        if item.area_code in answers:
            answers[item.area_code].append(item)
    contexts = [
        Context(area, tuple(answers[area.code]), forecasts, dataset, plan, run, wording, book, reporting, up="")
        for area in areas
    ]
    main = next((item for item in contexts if item.area.code == plan.province_code), contexts[0])
    below = [context for context in contexts if context is not main]
    names = {area.code: area.name(wording.language) for area in areas}
    earlier = Path(since) if since else None
    changed = changes_section(main, names, attainments, earlier)
    opening = front(main, changed)  # first of all: the list of sources comes last
    sections = main.with_origins((
        _first_section(main, below),
        _heat_section(contexts),
        _tile_section(main, below),
        _coherence_section(main, below),
        method_section(wording, run, "province"),
        sources_section(main),
        provenance_section(main),
    ))  # fmt: skip
    former = any(area.valid_to is not None and area.valid_to < run.as_of for area in areas)
    head = head_of(
        main,
        sections,
        page_title=wording.t("summary.page_title", number=plan.number),
        title=wording.t("summary.title", number=plan.number),
        answer=_answer(main, below),
        notices=(wording.t("notice.former_districts"),) if former else (),
        front=opening,
        links=("#heat", "index.html", "attainment.csv", "tables/forecast.csv", "plan-summary.ipynb"),
    )
    return Document(head, sections)


def _answer(main: Context, below: Sequence[Context]) -> list[str]:
    """Return the province's answer, with in how many areas the leading target is likely, and on what evidence."""
    leading, sentences = leading_target(main), list(answer(main))
    found = [item for one in below for item in one.attainments if leading and item.target_id == leading.target_id]
    if leading is not None and found:
        likely = sum(item.verdict in (*LIKELY, "met") for item in found)
        borrowed = sum(item.basis == "C" for item in found)
        key = "summary.spread_borrowed" if borrowed else "summary.spread"
        counts = {"likely": likely, "total": len(found), "borrowed": borrowed}
        sentences += [verdict_sentence(main, leading), main.words.t(key, **counts)]
    return sentences


def _answer_to(context: Context, target_id: str) -> Attainment:
    return next(item for item in context.attainments if item.target_id == target_id)


def _heat_section(contexts: Sequence[Context]) -> Section:
    """Return what is said of each target in each area, then the targets that no area has an answer to."""
    first = contexts[0]
    words = first.words
    by_target: dict[str, list[Attainment]] = {
        target.id: [item for context in contexts for item in context.attainments if item.target_id == target.id]
        for target in first.plan.targets
    }
    answered = [found for found in by_target.values() if any(item.verdict not in UNANSWERED for item in found)]
    rest = [found[0] for found in by_target.values() if found not in answered]
    blocks = _counted(first, answered) if len(contexts) > MOST_COLUMNS else _mapped(contexts, answered)
    if rest:
        rows = [(name_cell(first, item), Cell(words.verdict(item.verdict), verdict=item.verdict)) for item in rest]
        caption, anchors = words.t("summary.rest_caption"), _anchors(rest)
        table = Table.of(words.t, "unanswered", ("statement", "state"), rows, caption=caption, anchors=anchors)
        blocks.append(Folded(Heading(words.counted("summary.rest", len(rest))), (table,)))
    return Section("heat", words.t("section.heat"), tuple(blocks))


def _mapped(contexts: Sequence[Context], answered: Sequence[Sequence[Attainment]]) -> list[Block]:
    words = contexts[0].words
    columns = tuple(
        (
            words.t("summary.province") if context.area.level == "province" else context.short_name,
            context.area.name(words.language),
        )
        for context in contexts
    )
    rows = tuple(
        (name_cell(contexts[0], found[0]), tuple(starmap(_heat_cell, zip(contexts, found, strict=True))))
        for found in answered
    )
    anchors = _anchors(found[0] for found in answered)
    key_items = _key({item.verdict for found in answered for item in found}, words)
    return [
        Paragraph(words.t("summary.heat_intro"), "note"),
        HeatMap(words.t("summary.heat_caption"), words.t("column.target"), columns, rows, key_items, anchors),
    ]


def _anchors(answers: Iterable[Attainment]) -> tuple[str, ...]:
    return tuple(item.target_id for item in answers)


def _key(verdicts: set[str], words: Words) -> tuple[tuple[str, str], ...]:
    return tuple((verdict, words.verdict(verdict)) for verdict in SCALE if verdict in verdicts)


def _counted(context: Context, answered: Sequence[Sequence[Attainment]]) -> list[Block]:
    """Return a table of counts in place of a map with too many columns."""
    words, province = context.words, context.plan.province_code
    verdicts = [[str(item.verdict) for item in found if item.area_code != province] for found in answered]
    used = [verdict for verdict in SCALE if any(verdict in found for found in verdicts)]
    columns = (
        Column(words.t("column.target")),
        *(Column(words.t(f"short.{verdict}"), numeric=True) for verdict in used),
    )
    rows = []
    for found, below in zip(answered, verdicts, strict=True):
        counts = [below.count(verdict) for verdict in used]
        cells = [Cell(words.numbers.decimal(count, 0) if count else "", (), count) for count in counts]
        rows.append((name_cell(context, found[0]), *cells))
    caption, anchors = words.t("summary.counts_caption"), _anchors(found[0] for found in answered)
    table = Table("counts", caption, columns, tuple(rows), "grid", quiet=True, anchors=anchors)
    return [Paragraph(words.t("summary.counts_intro"), "note"), table]


def _heat_cell(context: Context, attainment: Attainment) -> Cell:
    words, link = context.words, context.answer_link(attainment)
    text = words.t(f"short.{attainment.verdict}")
    if attainment.outcome != "probability":
        return Cell(text, verdict=attainment.verdict, link=link)
    details = [words.numbers.probability(attainment.probability, bound=attainment.bound), attainment.grade]
    if attainment.bound == "at_least" and (attainment.probability or 0.0) < 0.01:
        del details[0]  # such a bound says nothing
    return Cell(text, tuple(details), attainment.probability, (), attainment.verdict, link=link)


def _tile_section(main: Context, below: Sequence[Context]) -> Section:
    """Return the tile map of the target that most areas below the province have an answer to."""
    words = main.words
    title, target_id = words.t("section.tiles"), _mapped_target(main, below)
    if not below or not target_id:
        return Section("tiles", title, ())
    places = _places(main, [context.area.code for context in below])
    tiles = [_tile(context, _answer_to(context, target_id), places[context.area.code]) for context in below]
    key_items = _key({tile.verdict for tile in tiles}, words)
    caption = main.quoted(_answer_to(main, target_id))
    groups = _by_former_district(main, below, tiles)
    if not groups:
        intro = Paragraph(words.t("summary.tiles_intro"), "note")
        return Section("tiles", title, (intro, TileMap(caption, tuple(tiles), key_items)))
    maps = [TileMap(name, members) for name, members in groups]
    maps[-1] = replace(maps[-1], key_items=key_items)
    intro = Paragraph(words.t("summary.tiles_communes"), "note")
    return Section("tiles", title, (Paragraph(caption, "lead"), intro, *maps))


def _mapped_target(main: Context, below: Sequence[Context]) -> str:
    """Return the province's leading target if an area below has an answer to it, else the one that most have."""
    leading = leading_target(main)
    counts = {
        target.id: sum(_answer_to(context, target.id).outcome == "probability" for context in below)
        for target in main.plan.targets
    }
    if leading is not None and counts[leading.target_id]:
        return leading.target_id
    best = max(counts, key=lambda key: counts[key], default="")
    return best if best and counts[best] else ""


def _tile(context: Context, attainment: Attainment, place: tuple[int, int]) -> Tile:
    words = context.words
    text, detail = words.t(f"short.{attainment.verdict}"), ""
    if attainment.outcome == "probability":
        text = words.numbers.probability(attainment.probability, bound=attainment.bound)
    if attainment.expected is not None:
        expected = context.judged(attainment, attainment.expected)
        detail = " · ".join(part for part in (expected, attainment.grade) if part)
    link = context.answer_link(attainment)
    return Tile(context.area.code, context.short_name, *place, attainment.verdict, text, detail, link)


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
    return [(known.get(code).name(main.words.language), tuple(groups[code])) for code in sorted(groups)]


def _places(main: Context, codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return column and row of each area: from the data folder's file, else in rows of five."""
    path = main.dataset.folder / TILES
    if path.exists():
        table = pd.read_csv(path, dtype={"area_code": str}, encoding="utf-8")
        columns = (table[name] for name in ("area_code", "column", "row"))
        known = {str(code): (int(column), int(row)) for code, column, row in zip(*columns, strict=True)}
        if all(code in known for code in codes):
            return known
    return {code: (number % ROW, number // ROW) for number, code in enumerate(codes)}


FIRST, APART = 10, 0.1
"""Areas shown at most in the answer to "which first?", and the difference of probabilities from which they differ."""


def _first_section(main: Context, below: Sequence[Context]) -> Section:
    """Return the areas with figures of their own, the least likely to meet a target first, and which would rank more.

    The target is the one that most areas answer from figures of their own, of those by which they differ.
    """
    words = main.words
    title, wanted = words.t("section.first"), _wanted_below(main, below)
    ranked = []
    for target in main.plan.targets:
        found = sorted(
            (answered.probability or 0.0, one.area.code, one, answered)
            for one in below
            if (answered := _answer_to(one, target.id)).basis in {"A", "B"}
            and answered.outcome in {"probability", "settled"}
            and answered.verdict not in {"outlook", "not_decided_by_bound"}
        )
        if len(found) > 1:
            ranked.append((found[-1][0] - found[0][0] >= APART, len(found), found))
    if not ranked:
        return Section("first", title, (Paragraph(words.t("first.no_areas")), *wanted))
    differ, count, found = max(ranked, key=lambda each: each[:2])
    said = {"target": main.quoted(found[0][3]), "count": count, "total": len(below)}
    if not differ:
        low, high = (words.numbers.probability(found[place][0]) for place in (0, -1))
        return Section("first", title, (Paragraph(words.t("first.alike", **said, low=low, high=high)), *wanted))
    rows, caption = [_first_row(one, answered) for *_, one, answered in found[:FIRST]], words.t("first.areas", **said)
    names = ("area", "likelihood", "last", "required")
    table = Table.of(words.t, "first", names, rows, caption=caption)
    return Section("first", title, (Paragraph(caption, "lead"), table, *wanted))


def _wanted_below(main: Context, below: Sequence[Context]) -> tuple[Paragraph, ...]:
    """Return which figure would rank most areas: the one that they miss most, with how many miss it."""
    worth, lacking = defaultdict[tuple[str, str], float](float), Counter[tuple[str, str]]()
    for gap in (gap for one in below for gap in missing_series(one)):
        worth[gap.indicator, gap.scope] += gap.worth
        lacking[gap.indicator, gap.scope] += 1
    if not worth:
        return ()
    key = max(worth, key=lambda one: worth[one])
    name = lowered(main.series_name(*key))
    return (Paragraph(main.words.t("first.wanted", indicator=name, count=lacking[key], total=len(below))),)


def _first_row(context: Context, item: Attainment) -> tuple[Cell, ...]:
    words = context.words
    likelihood = Cell(words.verdict(item.verdict), (chance(context, item),), item.probability, (), item.verdict)
    pace = Cell(context.required_pace(item), (), item.required_pace)
    area = Cell(context.short_name, (item.grade,), link=context.answer_link(item))
    return (area, likelihood, last_cell(context, item), pace)


def _coherence_section(main: Context, below: Sequence[Context]) -> Section:
    """Return how far the areas below `main` lie, taken together, from its own forecast.

    They are drawn so that they add up: a gap is one between published figures. Empty where the areas do not make up
    the whole, or nothing can be added up.
    """
    words, now = main.words, main.facts.as_of.year
    districts = main.dataset.areas.all(level="district")
    whole = sum(area.parent_code == main.area.code for area in districts)
    found: tuple[CoherenceGap, ...] = ()
    if {context.area.level for context in below} == {"district"} and len(below) == whole:
        years = sorted({now, *(item.due for item in main.attainments if now <= item.due <= now + 8)})
        codes = [context.area.code for context in below]
        found = coherence_gaps(main.forecasts, main.dataset, main.area.code, codes, years)
    title = words.t("section.coherence")
    if not found:
        return Section("coherence", title, ())
    names = ("indicator", "year", "province_own", "parts_together", "parts_gap")
    rows = [_coherence_row(main, gap) for gap in found]
    caption = words.t("coherence.caption")
    table = Table.of(words.t, "coherence", names, rows, caption=caption, numeric=names[1:])
    apart = sum(not gap.agrees for gap in found)
    verdict = words.counted("coherence.apart", apart) if apart else words.t("coherence.agree")
    return Section("coherence", title, (Paragraph(verdict), Paragraph(words.t("coherence.intro"), "note"), table))


def _coherence_row(main: Context, gap: CoherenceGap) -> tuple[Cell, ...]:
    words, indicator = main.words, main.dataset.indicators[gap.indicator]
    places = indicator.decimals
    difference = "percentage_points" if indicator.unit == "percent" else indicator.unit
    interval = words.interval(gap.low, gap.high, difference, places)
    whole, together, median = (
        words.amount(value, unit, places)
        for value, unit in ((gap.whole, indicator.unit), (gap.together, indicator.unit), (gap.median, difference))
    )
    basis = words.t(f"coherence.weights.{gap.weights}", parts=gap.parts, borrowed=gap.borrowed)
    return (
        Cell(main.series_name(gap.indicator, gap.scope), (basis,)),
        Cell(str(gap.year), (), gap.year),
        Cell(whole, (), gap.whole),
        Cell(together, (), gap.together),
        Cell(median, (interval,), gap.median),
    )
