"""A document as a sequence of plain blocks for paper, and as PDF. Apart because PDF needs typst, an extra.

Nothing is computed here. What a screen folds, scrolls or lays out in two dimensions becomes paragraphs and tables.
Typst gets no network and no fonts of the machine, and text reaches it as data, so nothing in it is taken for a command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from toolkit.base.files import write_atomic
from toolkit.reports.blocks import (
    CREATED,
    Block,
    Bullets,
    Cell,
    Column,
    Definitions,
    Document,
    FanChart,
    FanCharts,
    Heading,
    HeatMap,
    Item,
    Paragraph,
    Table,
    TileMap,
)
from toolkit.reports.svg import TEMPLATES, fan_chart_svg, sparkline_svg, standing_alone
from toolkit.reports.wording import UNBROKEN, Words, words

Kind = Literal["paragraph", "heading", "item", "caption", "table", "picture"]
PADDING, LETTER, LONGEST, DRAWN = 0.035, 0.0125, 14, 0.14
"""Shares of the page's width: margins of a cell, a letter (of words up to so many), a sparkline with its margins."""
BOLD = 1.15
"""A letter of a bold heading beside one of the text."""
PIXELS_PER_INCH = 200.0
INTERVAL = r"[\d.,]+–[\d.,]+%?"
"""What no line of the PDF ends in either."""

MARKS = {
    "final": "●", "reported": "○", "preliminary": "▲", "stand_in": "◇", "overruled": "✕", "median": "━━",
    "median_proxy": "━ ━", "bands": "▒", "parent": "┄┄", "goal": "╌╌", "break": "┊",
}  # fmt: skip
"""How the key of the charts shows each mark in print, where there are no small drawings between words."""

SIGNS = {
    "met": "✓", "very_likely": "▲▲", "at_least_very_likely": "≥▲▲", "likely": "▲", "at_least_likely": "≥▲",
    "about_as_likely_as_not": "◆", "unlikely": "▽", "very_unlikely": "▽▽", "not_met": "✕", "not_decided_by_bound": "?",
    "outlook": "○",
}  # fmt: skip
"""The signs of the verdicts, as the pages' style sheet has them."""


@dataclass(frozen=True)
class PaperCell:
    """A cell: its lines, the first in full size, and a small picture under them with what it shows."""

    lines: tuple[str, ...]
    verdict: str = ""
    numeric: bool = False
    picture: str = ""
    alt: str = ""


@dataclass(frozen=True)
class PaperBlock:
    """One block of a document on paper.

    Attributes
    ----------
    kind :
        What it is; the fields below that a kind does not need are empty.
    text, tone, head :
        Its text, the weight of a paragraph, and the bold beginning or the number of an item.
    columns, rows, widths, key :
        Of a table: titles, cells, shares of the page's width, and its name.
    small :
        True for the numbers of a chart.
    picture, alt :
        Name of a picture, and what it shows in words.
    """

    kind: Kind
    text: str = ""
    tone: str = "plain"
    head: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[PaperCell, ...], ...] = ()
    widths: tuple[float, ...] = ()
    key: str = ""
    small: bool = False
    picture: str = ""
    alt: str = ""


@dataclass(frozen=True)
class PaperSection:
    """A section: its key, its title and its blocks in order."""

    key: str
    title: str
    blocks: tuple[PaperBlock, ...]


@dataclass(frozen=True)
class Paper:
    """A document ready to be set on paper.

    Attributes
    ----------
    document :
        Where it comes from; its head is printed as it is.
    front :
        What stands on the first page under the answer.
    sections :
        Those that say something.
    pictures :
        SVG of the pictures that blocks and cells name, in order; each stands alone.
    """

    document: Document
    front: tuple[PaperSection, ...]
    sections: tuple[PaperSection, ...]
    pictures: dict[str, str]


def paper_of(document: Document) -> Paper:
    """Return `document` as blocks for paper, with its pictures."""
    layout = _Layout(words(document.language))
    front, sections = (
        tuple(
            PaperSection(section.key, section.title, tuple(layout.blocks(section.unfolded)))
            for section in found
            if section.blocks
        )
        for found in (document.head.front, document.sections)
    )
    return Paper(document, front, sections, layout.pictures)


class _Layout:
    """Turns blocks into blocks for paper and keeps the pictures."""

    def __init__(self, wording: Words) -> None:
        self.words = wording
        self.pictures: dict[str, str] = {}

    def blocks(self, found: Iterable[Block]) -> Iterator[PaperBlock]:
        for block in found:
            match block:
                case Paragraph():
                    yield PaperBlock("paragraph", _with_sources(block.text, block.references), block.tone)
                case Heading():
                    count = f" ({block.count})" if block.count is not None else ""
                    yield PaperBlock("heading", f"{block.text}{count}")
                case Bullets():
                    yield from self._items(block.items, ordered=block.ordered)
                case Table():
                    yield from self._table(block)
                case Definitions():
                    yield from (PaperBlock("item", text, head=f"{term}:") for term, text in block.entries)
                case FanCharts():
                    key = "; ".join(f"{MARKS.get(name, '')} {text}".strip() for name, text in block.key_items)
                    yield PaperBlock("paragraph", f"{block.key_title}: {key}.", "note")
                    for chart in block.charts:
                        yield from self._chart(chart)
                case HeatMap():
                    yield from self._table(_heat_table(block, self.words))
                case TileMap():
                    names = ("area", "likelihood", "expected")
                    rows = ((Cell(tile.name), Cell(tile.text), Cell(tile.detail)) for tile in block.tiles)
                    yield from self._table(
                        Table.of(self.words.t, "tiles", names, rows, caption=block.caption, quiet=False)
                    )

    def _items(self, items: Iterable[Item], *, ordered: bool) -> Iterator[PaperBlock]:
        for number, item in enumerate(items, start=1):
            head = f"[{number}] {item.head}".strip() if ordered else item.head
            yield PaperBlock("item", _with_sources(item.text, item.references), head=head)

    def _chart(self, chart: FanChart) -> Iterator[PaperBlock]:
        yield PaperBlock("heading", chart.title)
        yield PaperBlock("paragraph", chart.subtitle, "note")
        yield PaperBlock("picture", picture=self._keep(fan_chart_svg(chart)), alt=chart.alt)
        if chart.note:
            yield PaperBlock("paragraph", chart.note, "note")
        yield from self._table(replace(chart.table, quiet=False), small=True)

    def _table(self, table: Table, *, small: bool = False) -> Iterator[PaperBlock]:
        if not table.quiet:
            yield PaperBlock("caption", table.caption)
        right = [False, *(column.numeric or table.layout != "cards" for column in table.columns[1:])]
        rows = tuple(
            tuple(self._cell(cell, numeric=numeric) for cell, numeric in zip(row, right, strict=True))
            for row in table.rows
        )
        titles = tuple(column.title for column in table.columns)
        shares = widths(titles, rows)
        yield PaperBlock("table", table.caption, columns=titles, rows=rows, widths=shares, key=table.key, small=small)

    def _cell(self, cell: Cell, *, numeric: bool) -> PaperCell:
        lines = tuple(line for line in (_with_sources(cell.text, cell.references), *cell.details) if line)
        picture = self._keep(sparkline_svg(cell.spark)) if cell.spark else ""
        return PaperCell(lines, cell.verdict, numeric, picture, cell.spark.label if cell.spark else "")

    def _keep(self, svg: str) -> str:
        if not svg:
            return ""
        name = f"picture-{len(self.pictures) + 1}.svg"
        self.pictures[name] = standing_alone(svg)
        return name


def _with_sources(text: str, references: tuple[int, ...]) -> str:
    return text + "".join(f" [{number}]" for number in references)


def _heat_table(heat: HeatMap, wording: Words) -> Table:
    """Return a heat map as a table that fits a page: for each target its answers, each with the areas that have it."""
    rows = []
    for head, cells in heat.rows:
        groups: dict[str, list[str]] = {}
        for (area, _), cell in zip(heat.columns, cells, strict=True):
            details = f" ({'; '.join(cell.details)})" if cell.details else ""
            groups.setdefault(cell.text, []).append(f"{area}{details}")
        answers = tuple(f"{text}: {', '.join(areas)}" for text, areas in groups.items())
        rows.append((head, Cell(answers[0], answers[1:])))
    columns = (Column(heat.corner), Column(wording.t("column.areas_by_answer")))
    return Table("heat", heat.caption, columns, tuple(rows))


def widths(titles: tuple[str, ...], rows: tuple[tuple[PaperCell, ...], ...]) -> tuple[float, ...]:
    """Return each column's share of the width, 0..1 and 1 together: the root of how much stands in it.

    The root keeps a column of long texts from starving the others, and every column wider than its longest word.

    >>> widths(("a", "b"), ((PaperCell(("xx " * 30,)), PaperCell(("yy yy yy y",))),))
    (0.75, 0.25)
    """
    weights, least = [], []
    for number, title in enumerate(titles):
        sizes = [sum(len(line) for line in row[number].lines) for row in rows]
        weights.append(max(sum(sizes) / max(len(sizes), 1), 0.6 * len(title), 4.0) ** 0.5)
        lengths = [len(word) for row in rows for line in row[number].lines for word in _unbroken(line)]
        longest = max([BOLD * max(map(len, _unbroken(title))), *lengths])
        drawn = DRAWN if any(row[number].picture for row in rows) else 0.0
        least.append(max(drawn, PADDING + LETTER * min(longest, LONGEST)))
    shares = [max(weight / sum(weights), low) for weight, low in zip(weights, least, strict=True)]
    excess, room = sum(shares) - 1, sum(share - low for share, low in zip(shares, least, strict=True))
    if excess > 0 and room > excess:  # taken from the columns that have room, so that no word is cut
        shares = [share - excess * (share - low) / room for share, low in zip(shares, least, strict=True)]
    return tuple(round(share / sum(shares), 4) for share in shares)


def _unbroken(text: str) -> list[str]:
    """Return the parts of a text that no line break may cut: office programs break neither at a slash nor at a dash."""
    return re.split(r"[ \-]", text)


def write_pdf(document: Document, path: Path) -> Path:
    """Write `document` as PDF (tagged, with bookmarks, fonts embedded) and return `path`."""
    return write_atomic(path, pdf_bytes(paper_of(document)))


def pdf_bytes(paper: Paper) -> bytes:
    """Return the PDF of a document on paper; equal documents give equal bytes."""
    head = paper.document.head
    content = {
        **{name: getattr(head, name) for name in ("language", "banner", "kicker", "title", "subtitle", "foot")},
        "window": head.page_title,
        "unbroken": f"{UNBROKEN}|{INTERVAL}",
        "notices": head.notices,
        "answer": head.answer,
        "page_of": words(head.language).t("paper.page_of", page="{page}", pages="{pages}"),
        "sections": [asdict(section) for section in (*paper.front, *paper.sections)],
    }
    files = {name: svg.encode() for name, svg in paper.pictures.items()}
    files["main.typ"] = (TEMPLATES / "report.typ").read_bytes()
    files["document.json"] = json.dumps(content, ensure_ascii=False).encode()
    return bytes(_typst().compile(files, font_paths=fonts(), format="pdf", timestamp=int(CREATED.timestamp())))


BRIEF = ("suggested", "first", "pace", "record")
"""Sections of the brief after the first page."""


def write_brief(document: Document, path: Path) -> Path:
    """Write two pages for readers outside the administration: the first page, the paces, the record, their sources."""
    kept = [section for section in document.sections if section.key in BRIEF]
    named = references_of(block for section in (*document.head.front, *kept) for block in section.blocks)
    for section in document.sections:
        if section.key == "sources" and isinstance(listed := section.blocks[0], Bullets):
            items = (
                replace(item, head=f"[{at}] {item.head}") for at, item in enumerate(listed.items, 1) if at in named
            )
            kept.append(replace(section, blocks=(Bullets(tuple(items)),)))
    return write_pdf(replace(document, sections=tuple(kept)), path)


def references_of(blocks: Iterable[Block]) -> set[int]:
    """Return the numbers of the sources that paragraphs, lists and tables name."""
    found: set[int] = set()
    for block in blocks:
        match block:
            case Paragraph():
                found |= {*block.references}
            case Bullets():
                found |= {number for item in block.items for number in item.references}
            case Table():
                found |= {number for row in block.rows for cell in row for number in cell.references}
    return found


_PICTURES = """#set page(width: auto, height: auto, margin: 0pt)
#for (number, name) in json("names.json").enumerate() { if number > 0 { pagebreak() }; image(name) }
"""


def pictures_png(pictures: Mapping[str, str]) -> dict[str, bytes]:
    """Return each SVG (by its file's name) as PNG."""
    if not pictures:
        return {}
    files = {name: svg.encode() for name, svg in pictures.items()}
    files |= {"main.typ": _PICTURES.encode(), "names.json": json.dumps(list(pictures)).encode()}
    made = _typst().compile(files, font_paths=fonts(), format="png", ppi=PIXELS_PER_INCH)
    pages = made if isinstance(made, list) else [made]
    return {name: bytes(page) for name, page in zip(pictures, pages, strict=True)}


def _typst() -> Any:
    """Return typst; its stub file knows single files only, the module takes several."""
    import typst

    return typst


@cache
def fonts() -> Any:
    """Return DejaVu Sans (all Vietnamese letters, all signs of the verdicts), which comes with matplotlib."""
    import matplotlib as mpl

    return _typst().Fonts(include_system_fonts=False, font_paths=[str(Path(mpl.get_data_path()) / "fonts" / "ttf")])
