"""A tile map: areas as equal tiles roughly where they lie, each with its answer to one target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from toolkit.attainment.attainment import Attainment
from toolkit.report.context import Context
from toolkit.report.figures import Tile, TileMap
from toolkit.report.narrative import leading_target
from toolkit.report.parts import Paragraph
from toolkit.report.sections import Section
from toolkit.report.words import SCALE, Words

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
