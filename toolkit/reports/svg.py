"""Charts as small SVG of our own: fan charts, and sparklines that fit a cell of a table.

Shapes name classes of ``templates/picture.css``; a page has that style once, a picture that stands alone carries it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from math import ceil, floor, log10
from pathlib import Path

from toolkit.base.numbers import numbers
from toolkit.reports.blocks import Band, Fan, Point, Spark

SHEETS = Path(__file__).parent / "templates"
PAPER_TEXT = 'text{font-family:"DejaVu Sans";font-size:10px;fill:#52606d}'
"""On a page pictures are written in the page's own type."""


@cache
def sheet(name: str) -> str:
    """Return a style sheet of the templates, without comments that have their own line and without line breaks."""
    style = (SHEETS / f"{name}.css").read_text(encoding="utf-8")
    return "".join(row.strip() for row in style.splitlines() if not row.strip().startswith("/*"))


def picture(width: int, height: int, parts: Iterable[str], label: str, name: str = "") -> str:
    """Return a picture; `label` is what it shows, in words, `name` a class of its own."""
    kind = f' class="{name}"' if name else ""
    words = escape(label, quote=True)
    return f'<svg{kind} viewBox="0 0 {width} {height}" role="img" aria-label="{words}">{"".join(parts)}</svg>'


def shape(names: str, path: str) -> str:
    """Return a path of the given classes; nothing for an empty one."""
    return f'<path class="{names}" d="{path}"/>' if path else ""


def text(names: str, x: float, y: float, words: str) -> str:
    """Return words at a place, as text."""
    return f'<text class="{names}" x="{short(x)}" y="{short(y)}">{escape(words, quote=False)}</text>'


def line(points: Iterable[tuple[float, float]], *, closed: bool = False) -> str:
    """Return the path through points; empty for none.

    >>> line([(0, 1.04), (2, 3)]), line([])
    ('M0,1 2,3', '')
    """
    places = " ".join(f"{short(x)},{short(y)}" for x, y in points)
    return f"M{places}{'Z' if closed else ''}" if places else ""


def short(value: float) -> str:
    """Return a coordinate to a tenth.

    >>> short(12.04), short(-0.01), short(3.25)
    ('12', '0', '3.2')
    """
    written = f"{value:.1f}".removesuffix(".0")
    return "0" if written == "-0" else written


def standing_alone(svg: str) -> str:
    """Return a picture of ours as a file of its own: with name space, size and style.

    >>> standing_alone('<svg viewBox="0 0 120 30"></svg>')[:88]
    '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="30" viewBox="0 0 120 30"><st'
    """
    width, height = svg.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split()
    start, inner = svg.split(">", 1)
    root = start.replace("<svg", f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"', 1)
    return f"{root}><style>{PAPER_TEXT}{sheet('picture')}</style>{inner}"


SPARK_WIDTH, SPARK_HEIGHT, SPARK_MARGIN = 120, 30, 3
CORNERS = 5


def thinned(path: tuple[tuple[int, float, float, float], ...]) -> tuple[tuple[int, float, float, float], ...]:
    """Return at most `CORNERS` years of a path, the first and the last among them: a small line shows no more."""
    if len(path) <= CORNERS:
        return path
    step = (len(path) - 1) / (CORNERS - 1)
    return tuple(path[round(number * step)] for number in range(CORNERS))


def sparkline(spark: Spark) -> str:
    """Return a small line as SVG: dots are published figures, the band the 80 % interval, the dash a target."""
    values = [value for _, value in spark.observed] + [limit for _, low, _, high in spark.path for limit in (low, high)]
    values += [spark.target] if spark.target is not None else []
    years = [year for year, _ in spark.observed] + [year for year, *_ in spark.path]
    if not years:
        return ""
    bottom, top = min(values), max(values)
    first, last = min(years), max(years)

    def at(year: int, value: float) -> tuple[int, int]:
        share = (value - bottom) / (top - bottom) if top > bottom else 0.5
        x = SPARK_MARGIN + (SPARK_WIDTH - 2 * SPARK_MARGIN) * (year - first) / max(last - first, 1)
        return round(x), round(SPARK_HEIGHT - SPARK_MARGIN - (SPARK_HEIGHT - 2 * SPARK_MARGIN) * share)

    path = thinned(spark.path)
    edge = [at(year, high) for year, _, _, high in path] + [at(year, low) for year, low, _, _ in reversed(path)]
    goal = f"M0,{at(first, spark.target)[1]}H{WIDTH}" if spark.target is not None else ""
    dots = "".join(f"{line([at(year, value)])}h0" for year, value in spark.observed)
    middle = line(at(year, median) for year, _, median, _ in path)
    parts = (shape("p-80", line(edge, closed=True)), shape("p-mid", middle), shape("p-goal", goal))
    return picture(SPARK_WIDTH, SPARK_HEIGHT, (*parts, shape("p-dots", dots)), spark.label, "spark")


WIDTH, HEIGHT = 360, 223
RIGHT, TOP, BOTTOM = 352.0, 9.0, 201.0
"""Of the area that is drawn in; its left edge leaves room for the longest number of the axis."""
LETTER, SMALL = 6.4, 5.8
"""Widths of a letter of ten and of nine points."""
BANDS = (("p-95", "low95", "high95"), ("p-80", "low80", "high80"), ("p-50", "low50", "high50"))
MARKERS = {"final": "p-dot", "reported": "p-dot p-open", "preliminary": "p-dot"}
STEPS = (1, 2, 5, 10)


@dataclass(frozen=True)
class Plane:
    """The area that is drawn in: its left edge in units of the picture, and the years and values at its edges."""

    left: float
    first: float
    last: float
    bottom: float
    top: float

    def x(self, year: float) -> float:
        """Return where a year lies."""
        return self.left + (RIGHT - self.left) * (year - self.first) / (self.last - self.first)

    def y(self, value: float) -> float:
        """Return where a value lies, inside the plane."""
        inside = min(max(value, self.bottom), self.top)
        return BOTTOM - (BOTTOM - TOP) * (inside - self.bottom) / (self.top - self.bottom)

    def at(self, year: float, value: float) -> tuple[float, float]:
        """Return where a year and a value lie."""
        return self.x(year), self.y(value)


@lru_cache(maxsize=16)  # every form of a document shows the same charts
def fan_svg(fan: Fan) -> str:
    """Return the chart of `fan` as inline SVG; its accessible name is the fan's alt text."""
    first, last, bottom, top = _limits(fan)
    marks = ticks(bottom, top, 5)
    labels = [numbers(fan.language).plain(mark, 3) for mark in marks]
    plane = Plane(LETTER * max(map(len, labels), default=1) + 8, first, last, bottom, top)
    parts = (
        _axes(plane, list(zip(marks, labels, strict=True))),
        _bands(fan, plane),
        *(shape("p-area", line(plane.at(*point) for point in other.points)) for other in fan.lines),
        *_breaks(fan, plane),
        *_goals(fan, plane),
        *_points(fan, plane),
    )
    return picture(WIDTH, HEIGHT, parts, fan.alt)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most about `most` round numbers between two limits, evenly spaced.

    >>> ticks(0.0, 4.6, 5), ticks(2014.5, 2030.5, 7)
    ([0.0, 1.0, 2.0, 3.0, 4.0], [2015.0, 2020.0, 2025.0, 2030.0])
    """
    rough = (high - low) / most
    power = 10.0 ** floor(log10(rough))
    step = next(step * power for step in STEPS if step * power >= rough * (1 - 1e-9))
    return [round(step * number, 10) for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def _limits(fan: Fan) -> tuple[float, float, float, float]:
    """Return first and last year, bottom and top: all that is known fits, the 95 % band may be cut at the top."""
    points = [*fan.points, *fan.stand_ins, *fan.overruled]
    years = [band.year for band in fan.bands] + [point.year for point in points] + [goal.year for goal in fan.goals]
    needed = [point.value for point in points] + [goal.value for goal in fan.goals]
    needed += [limit for band in fan.bands for limit in (band.low80, band.high80)]
    needed += [value for other in fan.lines for _, value in other.points]
    outer = [limit for band in fan.bands for limit in (band.low95, band.high95)]
    bottom, top = min(needed), max(needed)
    room = max(top - bottom, 10.0**-fan.decimals)
    bottom, top = max(bottom - 0.35 * room, min([bottom, *outer])), min(top + 0.35 * room, max([top, *outer]))
    room = max(top - bottom, 10.0**-fan.decimals)
    below = bottom if 0 <= bottom < 0.02 * room else bottom - 0.05 * room
    if bottom >= 0 and below < 0.3 * room:
        below = 0.0
    return min(years) - 0.5, max(years) + 0.5, below, top + 0.13 * room


def _axes(plane: Plane, marks: Sequence[tuple[float, str]]) -> str:
    rules = "".join(f"M{short(plane.left)},{short(plane.y(mark))}H{short(RIGHT)}" for mark, _ in marks)
    years = [year for year in ticks(plane.first, plane.last, 7) if year == int(year)]
    notches = "".join(f"M{short(plane.x(year))},{short(BOTTOM)}v3" for year in years)
    parts = [shape("p-grid", rules), shape("p-axis", f"M{short(plane.left)},{short(BOTTOM)}H{short(RIGHT)}{notches}")]
    parts += [text("p-right", plane.left - 4, plane.y(mark) + 3.5, label) for mark, label in marks]
    parts += [text("p-centre", plane.x(year), BOTTOM + 14, f"{year:.0f}") for year in years]
    return "".join(parts)


def _bands(fan: Fan, plane: Plane) -> str:
    wide = [number for number, band in enumerate(fan.bands) if band.high95 > band.low95]
    shown = fan.bands[max(wide[0] - 1, 0) :] if wide else ()
    parts = [shape(name, _area(shown, low, high, plane)) for name, low, high in BANDS]
    middle = line(plane.at(band.year, band.median) for band in fan.bands)
    return "".join(parts) + shape("p-mid p-via" if fan.through_proxy else "p-mid", middle)


def _area(bands: Sequence[Band], low: str, high: str, plane: Plane) -> str:
    upper = [plane.at(band.year, getattr(band, high)) for band in bands]
    return line([*upper, *(plane.at(band.year, getattr(band, low)) for band in reversed(bands))], closed=True)


def _points(fan: Fan, plane: Plane) -> Iterator[str]:
    for point in fan.points:
        yield _marker(point, MARKERS.get(point.status, MARKERS["preliminary"]), plane)
    for point in fan.stand_ins:
        x, y = plane.at(point.year, point.value)
        yield shape("p-dot p-stand", f"M{short(x)},{short(y - 3.6)}l3.6,3.6 -3.6,3.6 -3.6,-3.6Z")
    for point in fan.overruled:  # its source stands in the section on figures set aside
        x, y = plane.at(point.year, point.value)
        yield shape("p-out", f"M{short(x - 2.5)},{short(y - 2.5)}l5,5m0,-5l-5,5")
    yield from (_source(point, plane) for points in (fan.points, fan.stand_ins) for point in _named_once(points))


def _marker(point: Point, names: str, plane: Plane) -> str:
    x, y = (short(place) for place in plane.at(point.year, point.value))
    if point.status in {"final", "reported"}:
        return f'<circle class="{names}" cx="{x}" cy="{y}" r="2.6"/>'
    return shape(names, f"M{x},{y}m0,-3.4l3,5.4h-6Z")


def _named_once(points: Sequence[Point]) -> list[Point]:
    """Return the points that show their source's number: the first of those that follow each other from one source."""
    before = [0, *(point.source for point in points)]
    return [point for point, last in zip(points, before, strict=False) if point.source not in {0, last}]


def _source(point: Point, plane: Plane) -> str:
    x, y = plane.at(point.year, point.value)
    return text("p-fine p-centre", x, y - 6, str(point.source))


def _goals(fan: Fan, plane: Plane) -> Iterator[str]:
    """Draw what is asked; the label stands at the end of the line from which the path is farther away."""
    for goal in fan.goals:
        x, y = plane.at(goal.year, goal.value)
        yield shape("p-goal", f"M{short(plane.left)},{short(y)}H{short(x)}")
        yield shape("p-end", f"M{short(x - 6)},{short(y)}h12")
        first, last = (abs(fan.bands[end].median - goal.value) for end in (0, -1))
        above = goal.value < plane.top - 0.12 * (plane.top - plane.bottom)
        height = y - 4 if above else y + 12
        if last > first:
            yield text("p-asked p-right", min(x + 6, RIGHT), height, goal.label)
        else:
            yield text("p-asked", plane.left + 3, height, goal.label)


def _breaks(fan: Fan, plane: Plane) -> Iterator[str]:
    """Draw changes of standard; a label that would run into the one before it stands a line lower."""
    taken, lower = plane.left, False
    for year, label in fan.breaks:
        at = year - 0.5
        if not plane.first < at < plane.last:
            continue
        x, wide = plane.x(at), SMALL * len(label)
        yield shape("p-break", f"M{short(x)},{short(TOP)}V{short(BOTTOM)}")
        late = x + wide > RIGHT
        start = x - wide if late else x
        lower = start < taken and not lower
        taken = start + wide
        yield text(f"p-new{' p-right' if late else ''}", x - 3 if late else x + 3, TOP + (19 if lower else 8), label)
