"""A document for paper: a sequence of plain pieces, set as PDF by typst (Word is made from the same pieces).

Nothing is computed here. What a screen folds, scrolls or lays out in two dimensions becomes paragraphs and tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    Fan,
    Fans,
    Heading,
    HeatMap,
    Item,
    Paragraph,
    Table,
    Tally,
    TileMap,
)
from toolkit.reports.html import TEMPLATES
from toolkit.reports.svg import fan_svg, sparkline, standing_alone
from toolkit.reports.wording import Words, words

Kind = Literal["paragraph", "heading", "item", "caption", "table", "picture"]
PADDING, LETTER, LONGEST, DRAWN = 0.035, 0.0125, 14, 0.14
"""Shares of the page's width: margins of a cell, a letter (of words up to so many), a small line with its margins."""
BOLD = 1.15
"""A letter of a bold heading beside one of the text."""
MARKS = {
    "final": "●", "reported": "○", "preliminary": "▲", "stand_in": "◇", "overruled": "✕", "median": "━━",
    "median_proxy": "━ ━", "bands": "▒", "parent": "┄┄", "goal": "╌╌", "break": "┊",
}  # fmt: skip
"""How the key of the charts shows each mark in print, where there are no small drawings between words."""
SIGNS = {
    "met": "✓", "very_likely": "▲▲", "likely": "▲", "about_as_likely_as_not": "◆", "unlikely": "▽",
    "very_unlikely": "▽▽", "not_met": "✕", "not_decided_by_bound": "?", "outlook": "○",
}  # fmt: skip
"""The signs of the verdicts, as the pages' style sheet has them."""


@dataclass(frozen=True)
class PrintedCell:
    """A cell: its lines, the first in full size, and a small picture under them with what it shows."""

    lines: tuple[str, ...]
    verdict: str = ""
    numeric: bool = False
    picture: str = ""
    alt: str = ""


@dataclass(frozen=True)
class Piece:
    """One piece of a printed document.

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
    wide :
        The same table as a grid for a form that can turn its page; None for most.
    """

    kind: Kind
    text: str = ""
    tone: str = "plain"
    head: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[PrintedCell, ...], ...] = ()
    widths: tuple[float, ...] = ()
    key: str = ""
    small: bool = False
    picture: str = ""
    alt: str = ""
    wide: Piece | None = None


@dataclass(frozen=True)
class PrintedSection:
    """A section: its key, its title and its pieces in order."""

    key: str
    title: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Printed:
    """A document ready to be set on paper.

    Attributes
    ----------
    document :
        Where it comes from; its head is printed as it is.
    tally :
        Counts by verdict.
    sections :
        Those that say something.
    pictures :
        SVG of the pictures that pieces and cells name, in order; each stands alone.
    """

    document: Document
    tally: tuple[Piece, ...]
    sections: tuple[PrintedSection, ...]
    pictures: dict[str, str]


def printed(document: Document) -> Printed:
    """Return `document` as pieces for paper, with its pictures."""
    press = _Press(words(document.language))
    sections = tuple(
        PrintedSection(section.key, section.title, tuple(press.pieces(section.unfolded)))
        for section in document.sections
        if section.blocks
    )
    tally = tuple(press.pieces([document.head.tally])) if document.head.tally else ()
    return Printed(document, tally, sections, press.pictures)


class _Press:
    """Turns blocks into pieces and keeps the pictures."""

    def __init__(self, wording: Words) -> None:
        self.words = wording
        self.pictures: dict[str, str] = {}

    def pieces(self, blocks: Iterable[Block]) -> Iterator[Piece]:
        for block in blocks:
            match block:
                case Paragraph():
                    yield Piece("paragraph", _referred(block.text, block.references), block.tone)
                case Heading():
                    yield Piece("heading", f"{block.text} ({block.count})" if block.count is not None else block.text)
                case Bullets():
                    yield from self._items(block.items, ordered=block.ordered)
                case Table():
                    yield from self._table(block)
                case Tally():
                    yield Piece("paragraph", block.caption, "lead")
                    yield from (Piece("item", label, head=str(count)) for _, label, count in block.entries)
                case Definitions():
                    yield from (Piece("item", text, head=f"{term}:") for term, text in block.entries)
                case Fans():
                    yield from self._fans(block)
                case HeatMap():
                    caption, listed = self._table(_heat_table(block, self.words))
                    wide = self._grid(block) if block.rows else None
                    yield replace(caption, key="wide" if wide else "")  # a page that is turned has it on top
                    yield replace(listed, wide=wide)
                case TileMap():
                    yield from self._table(_tile_table(block, self.words))

    def _items(self, items: Iterable[Item], *, ordered: bool) -> Iterator[Piece]:
        for number, item in enumerate(items, start=1):
            head = f"[{number}] {item.head}".strip() if ordered else item.head
            yield Piece("item", _referred(item.text, item.references), head=head)

    def _fans(self, fans: Fans) -> Iterator[Piece]:
        key = "; ".join(f"{MARKS.get(name, '')} {text}".strip() for name, text in fans.key_items)
        yield Piece("paragraph", f"{fans.key_title}: {key}.", "note")
        for fan in fans.charts:
            yield from self._fan(fan)

    def _fan(self, fan: Fan) -> Iterator[Piece]:
        yield Piece("heading", fan.title)
        yield Piece("paragraph", fan.subtitle, "note")
        yield Piece("picture", picture=self._keep(fan_svg(fan)), alt=fan.alt)
        if fan.note:
            yield Piece("paragraph", fan.note, "note")
        yield from self._table(replace(fan.table, quiet=False), small=True)

    def _table(self, table: Table, *, small: bool = False) -> Iterator[Piece]:
        if not table.quiet:
            yield Piece("caption", table.caption)
        rows = tuple(
            tuple(
                self._cell(cell, numeric=number > 0 and (column.numeric or table.layout in {"grid", "plain"}))
                for number, (cell, column) in enumerate(zip(row, table.columns, strict=True))
            )
            for row in table.rows
        )
        titles = tuple(column.title for column in table.columns)
        shares = widths(titles, rows)
        yield Piece("table", table.caption, columns=titles, rows=rows, widths=shares, key=table.key, small=small)

    def _grid(self, heat: HeatMap) -> Piece:
        rows = tuple(
            (
                self._cell(head, numeric=False),
                *(PrintedCell((_signed(cell), " · ".join(cell.details)), cell.verdict) for cell in cells),
            )
            for head, cells in heat.rows
        )
        return Piece("table", heat.caption, columns=(heat.corner, *(short for short, _ in heat.columns)), rows=rows)

    def _cell(self, cell: Cell, *, numeric: bool) -> PrintedCell:
        lines = (_referred(cell.text, cell.references), *cell.details)
        picture = self._keep(sparkline(cell.spark)) if cell.spark else ""
        alt = cell.spark.label if cell.spark else ""
        return PrintedCell(tuple(line for line in lines if line), cell.verdict, numeric, picture, alt)

    def _keep(self, svg: str) -> str:
        if not svg:
            return ""
        name = f"picture-{len(self.pictures) + 1}.svg"
        self.pictures[name] = standing_alone(svg)
        return name


def _signed(cell: Cell) -> str:
    return f"{SIGNS.get(cell.verdict, '')} {cell.text}".strip()


def _referred(text: str, references: tuple[int, ...]) -> str:
    return text + "".join(f" [{number}]" for number in references)


def widths(titles: tuple[str, ...], rows: tuple[tuple[PrintedCell, ...], ...]) -> tuple[float, ...]:
    """Return each column's share of the width, 0..1 and 1 together: the root of how much stands in it.

    The root keeps a column of long texts from starving the others, and every column wider than its longest word.

    >>> widths(("a", "b"), ((PrintedCell(("xx " * 30,)), PrintedCell(("yy yy yy y",))),))
    (0.75, 0.25)
    """
    weights, least = [], []
    for number, title in enumerate(titles):
        sizes = [sum(len(line) for line in row[number].lines) for row in rows]
        weights.append(max(sum(sizes) / max(len(sizes), 1), 0.6 * len(title), 4.0) ** 0.5)
        lengths = [len(word) for row in rows for line in row[number].lines for word in _parts(line)]
        longest = max([BOLD * max(map(len, _parts(title))), *lengths])
        drawn = DRAWN if any(row[number].picture for row in rows) else 0.0
        least.append(max(drawn, PADDING + LETTER * min(longest, LONGEST)))
    shares = [max(weight / sum(weights), low) for weight, low in zip(weights, least, strict=True)]
    excess, room = sum(shares) - 1, sum(share - low for share, low in zip(shares, least, strict=True))
    if excess > 0 and room > excess:  # taken from the columns that have room, so that no word is cut
        shares = [share - excess * (share - low) / room for share, low in zip(shares, least, strict=True)]
    return tuple(round(share / sum(shares), 4) for share in shares)


def _parts(text: str) -> list[str]:
    """Return the parts of a text that no line break may cut: office programs break neither at a slash nor at a dash."""
    return re.split(r"[ \-]", text)


def _heat_table(heat: HeatMap, wording: Words) -> Table:
    """Return a heat map as a table that fits a page: for each target its answers, each with the areas that have it."""
    rows = []
    for head, cells in heat.rows:
        groups: dict[str, list[str]] = {}
        for (area, _), cell in zip(heat.columns, cells, strict=True):
            groups.setdefault(cell.text, []).append(
                f"{area} ({'; '.join(cell.details)})" if cell.details else area
            )  # fmt: skip
        answers = tuple(f"{text}: {', '.join(areas)}" for text, areas in groups.items())
        rows.append((head, Cell(answers[0], answers[1:])))
    columns = (Column(heat.corner), Column(wording.t("column.areas_by_answer")))
    return Table("heat", heat.caption, columns, tuple(rows))


def _tile_table(tiles: TileMap, wording: Words) -> Table:
    columns = tuple(Column(wording.t(f"column.{name}")) for name in ("area", "likelihood", "expected"))
    rows = tuple((Cell(tile.name), Cell(tile.text), Cell(tile.detail)) for tile in tiles.tiles)
    return Table("tiles", tiles.caption, columns, rows)


def write_pdf(document: Document, path: Path) -> Path:
    """Write `document` as PDF (tagged, with bookmarks, fonts embedded) and return `path`.

    Text of the document reaches the typesetter as data, so nothing in it is ever taken for a command.
    """
    return write_atomic(path, pdf_bytes(printed(document)))


def pdf_bytes(made: Printed) -> bytes:
    """Return the PDF of a printed document; equal documents give equal bytes."""
    head = made.document.head
    wording = words(head.language)
    content = {
        "language": head.language,
        "window": head.page_title,
        "banner": head.banner,
        "kicker": head.kicker,
        "title": head.title,
        "subtitle": head.subtitle,
        "notices": head.notices,
        "answer": head.answer,
        "foot": head.foot,
        "contents": head.contents_title,
        "page_of": wording.t("paper.page_of", page="{page}", pages="{pages}"),
        "tally": [asdict(piece) for piece in made.tally],
        "sections": [asdict(section) for section in made.sections],
    }
    files = {name: svg.encode() for name, svg in made.pictures.items()}
    files["main.typ"] = (TEMPLATES / "report.typ").read_bytes()
    files["document.json"] = json.dumps(content, ensure_ascii=False).encode()
    return compile_pdf(files, day=int(CREATED.timestamp()))


PIXELS_PER_INCH = 200.0
_PICTURES = """#set page(width: auto, height: auto, margin: 0pt)
#for (number, name) in json("names.json").enumerate() { if number > 0 { pagebreak() }; image(name) }
"""


def compile_pdf(files: Mapping[str, bytes], *, day: int) -> bytes:
    """Return the PDF of ``main.typ``.

    Parameters
    ----------
    files :
        All files that the document may read, by name.
    day :
        Seconds since 1970 that the file's time of creation says, so that equal input gives equal bytes.
    """
    return bytes(_typst().compile(dict(files), font_paths=fonts(), format="pdf", timestamp=day))


def pictures_png(pictures: Mapping[str, str]) -> dict[str, bytes]:
    """Return each SVG (by its file's name) as PNG."""
    names: Sequence[str] = list(pictures)
    if not names:
        return {}
    files = {name: svg.encode() for name, svg in pictures.items()}
    files |= {"main.typ": _PICTURES.encode(), "names.json": json.dumps(names).encode()}
    made = _typst().compile(files, font_paths=fonts(), format="png", ppi=PIXELS_PER_INCH)
    pages = made if isinstance(made, list) else [made]
    return {name: bytes(page) for name, page in zip(names, pages, strict=True)}


def _typst() -> Any:
    """Return typst; its stub file knows single files only, the module takes several."""
    import typst

    return typst


@cache
def fonts() -> Any:
    """Return DejaVu Sans (all Vietnamese letters, all signs of the verdicts), which comes with matplotlib."""
    import matplotlib as mpl

    return _typst().Fonts(include_system_fonts=False, font_paths=[str(Path(mpl.get_data_path()) / "fonts" / "ttf")])
