"""A document as data: blocks (paragraphs, tables, charts, maps), sections, head; every form is made from these.

Texts are plain texts in the document's language, never markup: whoever makes a form escapes them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Literal

from toolkit.base.texts import Language

CREATED = datetime(2022, 6, 13, tzinfo=UTC)
"""Day of creation that every file says: the plan's, not the run's, so that equal contents give equal bytes."""

Tone = Literal["plain", "lead", "note"]
Layout = Literal["cards", "grid", "plain"]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `tone` says how much weight it has. `references` are numbers of sources."""

    text: str
    tone: Tone = "plain"
    references: tuple[int, ...] = ()


@dataclass(frozen=True)
class Item:
    """An entry of a list: an optional bold head, which may lead to an address, a text, and sources."""

    text: str
    head: str = ""
    references: tuple[int, ...] = ()
    link: str = ""


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
class Sparkline:
    """A small chart without axes: observations, then the forecast, and the target.

    Attributes
    ----------
    observed :
        ``(year, value)`` of published values.
    path :
        ``(year, low, median, high)`` with the 80 % interval.
    target :
        Level that the target requires, or ``None``.
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
        A small chart under the text.
    link :
        Address, from the page, of the row of data that the text comes from; empty for none.
    """

    text: str
    details: tuple[str, ...] = ()
    value: float | None = None
    references: tuple[int, ...] = ()
    verdict: str = ""
    probability: float | None = None
    spark: Sparkline | None = None
    link: str = ""


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
    layout: Layout = "cards"
    quiet: bool = False
    anchors: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        t: Callable[..., str],
        key: str,
        names: Iterable[str],
        rows: Iterable[tuple[Cell, ...]],
        *,
        caption: str,
        numeric: Container[str] = (),
        layout: Layout = "cards",
        quiet: bool = True,
        anchors: tuple[str, ...] = (),
        year: int | None = None,
    ) -> Table:
        """Return a table whose titles are the catalogue's ``column.<name>``.

        Parameters
        ----------
        t :
            Returns the text of a key, such as :meth:`toolkit.reports.wording.Words.t`.
        key, rows, caption, layout, quiet, anchors :
            As they will be in the table.
        names :
            Of the columns.
        numeric :
            Names of the columns that are set flush right.
        year :
            The year that titles name.
        """
        columns = tuple(Column(t(f"column.{name}", year=year), numeric=name in numeric) for name in names)
        return cls(key, caption, columns, tuple(rows), layout, quiet, anchors)


@dataclass(frozen=True)
class Definitions:
    """Terms and what they stand for."""

    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Point:
    """An observation in a chart; `source` is its number in the list of sources (0: none)."""

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
class TargetLevel:
    """The level that a target requires in its due year."""

    year: int
    value: float
    label: str


@dataclass(frozen=True)
class FanChart:
    """A fan chart as data, with the words around it.

    Attributes
    ----------
    key :
        Unique in the document.
    title, subtitle, alt :
        Heading; unit, requirement and evidence grade under it; a description made from the numbers.
    points, proxy_points, overruled :
        Observations of the indicator, of its proxy where the forecast is made from one, and those that another
        source contradicts.
    bands :
        The forecast, year by year.
    lines :
        Other forecasts, told apart by their labels.
    breaks :
        ``(year, label)``: first year on a new standard.
    targets :
        Levels that the plan requires.
    decimals :
        Printed precision of the axis.
    through_proxy :
        True where the forecast is not the wanted quantity's but its proxy's.
    table :
        The numbers of the chart.
    note :
        What a reader has to know about the chart; may be empty.
    """

    key: str
    language: Language
    title: str
    subtitle: str
    alt: str
    points: tuple[Point, ...]
    proxy_points: tuple[Point, ...]
    overruled: tuple[Point, ...]
    bands: tuple[Band, ...]
    lines: tuple[Line, ...]
    breaks: tuple[tuple[int, str], ...]
    targets: tuple[TargetLevel, ...]
    decimals: int
    through_proxy: bool
    table: Table
    note: str = ""


@dataclass(frozen=True)
class FanCharts:
    """Charts side by side, with one key to all of them."""

    key_title: str
    key_items: tuple[tuple[str, str], ...]
    charts: tuple[FanChart, ...]


@dataclass(frozen=True)
class Tile:
    """An area in a tile map: where it stands, its answer, a smaller line, and where the answer leads."""

    code: str
    name: str
    column: int
    row: int
    verdict: str
    text: str
    detail: str = ""
    link: str = ""


@dataclass(frozen=True)
class TileMap:
    """Areas as equal tiles, roughly where they lie; `key_items` are ``(verdict, words)``."""

    caption: str
    tiles: tuple[Tile, ...]
    key_items: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class HeatMap:
    """Targets by areas: a verdict, a short word and a probability in each cell; `anchors` as in a table."""

    caption: str
    corner: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, tuple[Cell, ...]], ...]
    key_items: tuple[tuple[str, str], ...] = ()
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Letter:
    """What Decree 30 asks to stand around a report.

    Attributes
    ----------
    superior, body, number, place_and_date :
        Of the head, dotted where the office has to fill in.
    subject :
        What the report is about, under its form ("BÁO CÁO").
    addressee, opening :
        "Kính gửi: …", and the sentence that names the plan in full.
    authority, post, signer, copies :
        Of the signature and of "Nơi nhận".
    """

    superior: str = ""
    body: str = ""
    number: str = ""
    place_and_date: str = ""
    subject: str = ""
    addressee: str = ""
    opening: str = ""
    authority: str = ""
    post: str = ""
    signer: str = ""
    copies: tuple[str, ...] = ()


HEAD_TYPE = "application/vnd.langson-toolkit.head+json"
"""Media type under which a notebook keeps what the page around its outputs needs."""
PAGE_TYPE = "application/vnd.langson-toolkit.page"
"""Media type of an output as the page made of the notebook shows it: with the names of the page's style sheet."""


@dataclass(frozen=True)
class Folded:
    """Blocks under a heading that a reader opens when wanted; printed in full."""

    heading: Heading
    blocks: tuple[Block, ...]


Block = Paragraph | Bullets | Heading | Table | FanCharts | TileMap | HeatMap | Definitions | Folded


Links = tuple[tuple[str, str], ...]
"""What is said and where it leads, the title of all first, which leads nowhere; empty outside a run's folder."""


@dataclass(frozen=True)
class Section:
    """A titled part of a document. `key` is the same in every language; `links` lead to what its numbers come from."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    boxed: bool = False
    links: Links = ()

    @classmethod
    def of_rows(
        cls,
        t: Callable[..., str],
        key: str,
        names: Iterable[str],
        rows: Iterable[tuple[Cell, ...]],
        *,
        title: str = "",
        intro: str = "",
        nothing: str = "",
        year: int | None = None,
    ) -> Section:
        """Return a section of one table, which its title describes.

        Parameters
        ----------
        t, key, names, rows, year :
            As in :meth:`Table.of`.
        title :
            By default the catalogue's ``section.<key>``.
        intro, nothing :
            What stands before the table, and what in place of it where it has no rows; empty for nothing at all.
        """
        title = title or t(f"section.{key}")
        table = Table.of(t, key, names, rows, caption=title, year=year)
        before = (Paragraph(intro, "note"),) if intro else ()
        return cls(key, title, (*before, table) if table.rows else (Paragraph(nothing),) if nothing else ())

    @property
    def unfolded(self) -> tuple[Block, ...]:
        """All blocks in order, those that a page folds in full after their heading: as on paper."""
        opened = [(block.heading, *block.blocks) if isinstance(block, Folded) else (block,) for block in self.blocks]
        return tuple(block for blocks in opened for block in blocks)

    def __repr__(self) -> str:
        """Return the title and the size of the section, for plain text output."""
        return f"<Section {self.key}: {self.title} ({len(self.blocks)} blocks)>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:  # noqa: ARG002
        from toolkit.reports.formats import notebook_html, section_html

        if not self.blocks:
            return {"text/plain": ""}
        return {"text/html": notebook_html(self), "text/plain": repr(self), PAGE_TYPE: section_html(self)}


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What the page around a document needs.

    Attributes
    ----------
    language, page_title :
        Of the page.
    banner, foot :
        Warning on every page and every printed sheet (simulated data), and last line.
    skip_label :
        Name of the link that skips to the content.
    """

    language: Language
    page_title: str
    banner: str = ""
    foot: str = ""
    skip_label: str = ""


@dataclass(frozen=True, kw_only=True)
class Head(Frame):
    """What stands on top of a document: title, what it is about, the answer in words.

    Attributes
    ----------
    kicker, title, subtitle :
        Line above the title, the only heading of level 1, and the plan and day below it.
    answer :
        The answer: a sentence a due year.
    notices :
        What has to be read first (territory of a former district).
    front :
        What stands on the first page under the answer: risks, changes, requests.
    contents_title, contents :
        Table of contents: ``(key, title)`` of the sections.
    letter :
        Letterhead and signature of the form that is sent.
    links :
        Tables and notebook of the run that the page lies in.
    """

    kicker: str
    title: str
    subtitle: str
    answer: tuple[str, ...]
    notices: tuple[str, ...] = ()
    front: tuple[Section, ...] = ()
    contents_title: str = ""
    contents: tuple[tuple[str, str], ...] = ()
    letter: Letter = field(default_factory=Letter)
    links: Links = ()

    def __repr__(self) -> str:
        """Return title and answer as text."""
        return "\n".join(text for text in (self.banner, self.title, self.subtitle, *self.notices, *self.answer) if text)

    def _repr_mimebundle_(  # IPython asks with both arguments; all forms are small, so none is left out
        self,
        include: object = None,  # noqa: ARG002
        exclude: object = None,  # noqa: ARG002
    ) -> dict[str, str | dict[str, str]]:
        from toolkit.reports.formats import head_html, notebook_html

        frame = {item.name: getattr(self, item.name) for item in fields(Frame)}
        return {
            "text/html": notebook_html(self),
            "text/plain": repr(self),
            PAGE_TYPE: head_html(self),
            HEAD_TYPE: frame,
        }


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
        raise KeyError(f"no section {key!r}; there are {[section.key for section in self.sections]}")
