"""Figures of a document, as data: fan charts, tile maps, heat maps."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.base.texts import Language
from toolkit.report.parts import Cell, Table


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
