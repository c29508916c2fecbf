"""A document as data: blocks (paragraphs, tables, charts, maps), sections, head; every form is made from these.

Texts are plain texts in the document's language, never markup: whoever makes a form escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from toolkit.base.texts import Language

CREATED = datetime(2022, 6, 13, tzinfo=UTC)
"""Day of creation that every file says: the plan's, not the run's, so that equal contents give equal bytes."""

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


@dataclass(frozen=True)
class Point:
    """A published figure in a chart; `source` is its number in the list of sources (0: none)."""

    year: int
    value: float
    status: str
    source: int


@dataclass(frozen=True)
class Line:
    """A labelled line in a chart, such as the province's path behind a district's."""

    label: str
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Band:
    """The forecast of one year: limits of the 95, 80 and 50 % intervals, and the median."""

    year: int
    low95: float
    low80: float
    low50: float
    median: float
    high50: float
    high80: float
    high95: float


@dataclass(frozen=True)
class Goal:
    """What a target asks of the quantity in a chart in its due year."""

    year: int
    value: float
    label: str


@dataclass(frozen=True)
class Fan:
    """A fan chart as data, with the words around it.

    Attributes
    ----------
    key :
        Unique in the document.
    title, subtitle, alt :
        Heading, unit and evidence under it, and a description made from the numbers.
    points, stand_ins, overruled :
        Own published figures; those of the stand-in that the path goes through; figures set aside.
    bands :
        The path, year by year.
    lines :
        Other paths, told apart by their labels.
    breaks :
        ``(year, label)``: first year on a new standard.
    goals :
        What the plan asks for.
    decimals :
        Printed precision of the axis.
    observed_until :
        Last year with a figure; the forecast begins after it.
    through_proxy :
        True where the path is not the wanted quantity but a stand-in's.
    table :
        The numbers of the chart.
    """

    key: str
    language: Language
    title: str
    subtitle: str
    alt: str
    points: tuple[Point, ...]
    stand_ins: tuple[Point, ...]
    overruled: tuple[Point, ...]
    bands: tuple[Band, ...]
    lines: tuple[Line, ...]
    breaks: tuple[tuple[int, str], ...]
    goals: tuple[Goal, ...]
    decimals: int
    observed_until: int
    through_proxy: bool
    table: Table
    note: str = ""


@dataclass(frozen=True)
class Fans:
    """Charts side by side, with one key to all of them."""

    key_title: str
    key_items: tuple[tuple[str, str], ...]
    charts: tuple[Fan, ...]


@dataclass(frozen=True)
class Tile:
    """An area in a tile map: where it stands, its answer, and a smaller line."""

    code: str
    name: str
    column: int
    row: int
    verdict: str
    text: str
    detail: str = ""


@dataclass(frozen=True)
class TileMap:
    """Areas as equal tiles, roughly where they lie; `key_items` are ``(verdict, words)``."""

    caption: str
    tiles: tuple[Tile, ...]
    key_items: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class HeatMap:
    """Targets by areas: a verdict, a short word and a probability in each cell."""

    caption: str
    corner: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, tuple[Cell, ...]], ...]
    key_items: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Letter:
    """What Decree 30 asks to stand around a report.

    Attributes
    ----------
    superior, body, number, place_and_date :
        Of the head, dotted where the office has to fill in.
    subject :
        What the report is about, under its form ("BÁO CÁO").
    addressee :
        "Kính gửi: …"; empty for a report outside a cycle.
    authority, post, signer, copies :
        Of the signature and of "Nơi nhận".
    """

    superior: str = ""
    body: str = ""
    number: str = ""
    place_and_date: str = ""
    subject: str = ""
    addressee: str = ""
    authority: str = ""
    post: str = ""
    signer: str = ""
    copies: tuple[str, ...] = ()


HEAD_TYPE = "application/vnd.langson-toolkit.head+json"
"""Media type under which a notebook keeps what the page around its outputs needs."""


@dataclass(frozen=True)
class Folded:
    """Blocks under a heading that a reader opens when wanted; printed in full."""

    heading: Heading
    blocks: tuple[Block, ...]


Block = Paragraph | Bullets | Heading | Table | Tally | Fans | TileMap | HeatMap | Definitions | Folded


@dataclass(frozen=True)
class Section:
    """A titled part of a document. `key` is the same in every language."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    boxed: bool = False

    @property
    def unfolded(self) -> tuple[Block, ...]:
        """All blocks in order, those that a page folds in full after their heading: as on paper."""
        opened = [(block.heading, *block.blocks) if isinstance(block, Folded) else (block,) for block in self.blocks]
        return tuple(block for blocks in opened for block in blocks)

    def __repr__(self) -> str:
        """Return the title and the size of the section, for plain text output."""
        return f"<Section {self.key}: {self.title} ({len(self.blocks)} blocks)>"

    def _repr_html_(self) -> str:
        from toolkit.reports.html import section_html

        return section_html(self)  # empty for a section without blocks


@dataclass(frozen=True)
class Head:
    """What stands on top: title, what it is about, the answer in words.

    Attributes
    ----------
    language, page_title, foot, skip_label :
        Of the whole document: language of all its texts, title of the window, last line, name of the link that
        skips to the content.
    kicker, title, subtitle :
        Line above the title, the only heading of level 1, and the plan and day below it.
    answer :
        The headline: two to four sentences.
    notices :
        What has to be read first (territory of a former district).
    banner :
        Warning on every page and every printed sheet (simulated data).
    tally :
        Counts by verdict.
    contents_title, contents :
        Table of contents: ``(key, title)`` of the sections.
    letter :
        Letterhead and signature of the form that is sent.
    """

    language: Language
    page_title: str
    foot: str
    skip_label: str
    kicker: str
    title: str
    subtitle: str
    answer: tuple[str, ...]
    notices: tuple[str, ...] = ()
    banner: str = ""
    tally: Tally | None = None
    contents_title: str = ""
    contents: tuple[tuple[str, str], ...] = ()
    letter: Letter = field(default_factory=Letter)

    def __repr__(self) -> str:
        """Return title and answer as text."""
        return "\n".join(text for text in (self.banner, self.title, self.subtitle, *self.notices, *self.answer) if text)

    def _repr_mimebundle_(  # IPython asks with both arguments; all forms are small, so none is left out
        self,
        include: object = None,  # noqa: ARG002
        exclude: object = None,  # noqa: ARG002
    ) -> dict[str, str | dict[str, str]]:
        from toolkit.reports.html import head_html

        frame = {"language": self.language, "title": self.page_title, "banner": self.banner}
        frame |= {"foot": self.foot, "skip": self.skip_label}
        return {"text/html": head_html(self), "text/plain": repr(self), HEAD_TYPE: frame}


@dataclass(frozen=True)
class Document:
    """What every document is: a head and sections, in one language."""

    head: Head
    sections: tuple[Section, ...]

    @property
    def language(self) -> Language:
        """Language of all texts."""
        return self.head.language

    def section(self, key: str) -> Section:
        """Return the section named `key`.

        Raises
        ------
        KeyError
            If there is none; the message names those there are.
        """
        for section in self.sections:
            if section.key == key:
                return section
        message = f"no section {key!r}; there are {[section.key for section in self.sections]}"
        raise KeyError(message)


@dataclass(frozen=True)
class AreaDocument(Document):
    """The report of one area."""

    area_code: str = ""


@dataclass(frozen=True)
class PlanDocument(Document):
    """The summary of the whole plan over all areas."""

    area_codes: tuple[str, ...] = ()
