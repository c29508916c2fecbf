"""The parts of a document, as data: every form (page, Word, PDF, spreadsheet) is made from these.

Texts are plain texts in the document's language, never markup: whoever makes a form escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "lead", "note", "warning"]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `tone` says how much weight it has. `references` are numbers of sources."""

    text: str
    tone: Tone = "plain"
    references: tuple[int, ...] = ()


@dataclass(frozen=True)
class Item:
    """An entry of a list: an optional bold head, a text, and sources."""

    text: str
    head: str = ""
    references: tuple[int, ...] = ()


@dataclass(frozen=True)
class Bullets:
    """A list of entries; `ordered` where the order is a ranking."""

    items: tuple[Item, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading inside a section (one level below the section's own)."""

    text: str
    count: int | None = None
    verdict: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table; `numeric` ones are set flush right."""

    title: str
    numeric: bool = False


@dataclass(frozen=True)
class Spark:
    """A small line without axes: observed points, then the expected path, and the target.

    Attributes
    ----------
    observed :
        ``(year, value)`` of published figures.
    path :
        ``(year, low, median, high)`` with the 80 % interval.
    target :
        Level asked for, or ``None``.
    label :
        What it shows, in words made from the numbers.
    """

    observed: tuple[tuple[int, float], ...]
    path: tuple[tuple[int, float, float, float], ...]
    target: float | None
    label: str


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text, details :
        What stands first, and smaller lines under it.
    value :
        The number behind the text, unrounded, for forms that keep numbers; ``None`` for words.
    references :
        Numbers of the sources, shown behind the text.
    verdict :
        Verdict whose colour and pattern the cell carries; ``""`` for none.
    probability :
        Probability in 0..1 drawn as a bar; ``None`` for none.
    spark :
        A small line under the text.
    """

    text: str
    details: tuple[str, ...] = ()
    value: float | None = None
    references: tuple[int, ...] = ()
    verdict: str = ""
    probability: float | None = None
    spark: Spark | None = None


@dataclass(frozen=True)
class Table:
    """A table; the first column names the row.

    Attributes
    ----------
    caption :
        What the table shows; read out first, and shown unless `quiet`.
    layout :
        ``"cards"``: on a narrow screen each row becomes a card; ``"grid"``: it scrolls sideways;
        ``"plain"``: narrow enough as it is.
    anchors :
        Names by which links reach the rows; empty for none.
    """

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    layout: Literal["cards", "grid", "plain"] = "cards"
    quiet: bool = False
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tally:
    """Counts by verdict, in the order of the scale: ``(verdict, label, count)``."""

    caption: str
    entries: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Definitions:
    """Terms and what they stand for."""

    entries: tuple[tuple[str, str], ...]
