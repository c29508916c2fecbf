"""Charts as small SVG of our own: fan charts, and sparklines that fit a cell of a table.

Text stays text, a chart has a few kilobytes, and no library is needed to draw it. Shapes name classes of
``templates/picture.css``; a page has that style once, a picture that stands alone carries it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from math import ceil, floor, log10
from pathlib import Path

from toolkit.base.texts import numbers
from toolkit.reports.blocks import Band, FanChart, Point, Sparkline

TEMPLATES = Path(__file__).parent / "templates"
PAPER_TEXT = 'text{font-family:"DejaVu Sans";font-size:10px;fill:#52606d}'
"""On a page pictures are written in the page's own type."""


@cache
def style_sheet(name: str) -> str:
    """Return a style sheet of the templates, without comments that have their own line and without line breaks."""
    style = (TEMPLATES / f"{name}.css").read_text(encoding="utf-8")
    return "".join(row.strip() for row in style.splitlines() if not row.strip().startswith("/*"))


def standing_alone(svg: str) -> str:
    """Return a picture of ours as a file of its own: with name space, size and style.

    >>> standing_alone('<svg viewBox="0 0 120 30"></svg>')[:88]
    '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="30" viewBox="0 0 120 30"><st'
    """
    width, height = svg.split('viewBox="0 0 ', 1)[1].split('"', 1)[0].split()
    start, inner = svg.split(">", 1)
    root = start.replace("<svg", f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"', 1)
    return f"{root}><style>{PAPER_TEXT}{style_sheet('picture')}</style>{inner}"


def _picture(width: int, height: int, parts: Iterable[str], label: str, name: str = "") -> str:
    """Return a picture; `label` is what it shows, in words, `name` a class of its own."""
    kind = f' class="{name}"' if name else ""
    words = escape(label, quote=True)
    return f'<svg{kind} viewBox="0 0 {width} {height}" role="img" aria-label="{words}">{"".join(parts)}</svg>'


def _shape(names: str, path: str) -> str:
    """Return a path of the given classes; nothing for an empty one."""
    return f'<path class="{names}" d="{path}"/>' if path else ""


def _text(names: str, x: float, y: float, words: str) -> str:
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


SPARK_WIDTH, SPARK_HEIGHT, SPARK_MARGIN, SPARK_YEARS = 120, 30, 3, 5
"""Size of a sparkline, and how many years of a forecast it shows at most."""


def sparkline_svg(spark: Sparkline) -> str:
    """Return a small chart as SVG: dots are observations, the band the 80 % interval, the dash the target."""
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

    path = spark.path
    if len(path) > SPARK_YEARS:  # the first and the last year among them
        step = (len(path) - 1) / (SPARK_YEARS - 1)
        path = tuple(path[round(number * step)] for number in range(SPARK_YEARS))
    edge = [at(year, high) for year, _, _, high in path] + [at(year, low) for year, low, _, _ in reversed(path)]
    parts = (
        _shape("p-80", line(edge, closed=True)),
        _shape("p-mid", line(at(year, median) for year, _, median, _ in path)),
        _shape("p-goal", f"M0,{at(first, spark.target)[1]}H{SPARK_WIDTH}" if spark.target is not None else ""),
        _shape("p-dots", "".join(f"{line([at(year, value)])}h0" for year, value in spark.observed)),
    )
    return _picture(SPARK_WIDTH, SPARK_HEIGHT, parts, spark.label, "spark")


WIDTH, HEIGHT = 360, 223
RIGHT, TOP, BOTTOM = 352.0, 9.0, 201.0
"""Of the area that is drawn in; its left edge leaves room for the longest number of the axis."""
LETTER, SMALL = 6.4, 5.8
"""Widths of a letter of ten and of nine points."""
BANDS = (("p-95", "low95", "high95"), ("p-80", "low80", "high80"), ("p-50", "low50", "high50"))


@dataclass(frozen=True)
class Plane:
    """The area that is drawn in: its left edge in units of the picture, and the years and values at its edges."""

    left: float
    first: float
    last: float
    bottom: float
    top: float

    def at(self, year: float, value: float) -> tuple[float, float]:
        """Return where a year and a value lie; values outside lie on the edge."""
        inside = min(max(value, self.bottom), self.top)
        x = self.left + (RIGHT - self.left) * (year - self.first) / (self.last - self.first)
        return x, BOTTOM - (BOTTOM - TOP) * (inside - self.bottom) / (self.top - self.bottom)


@lru_cache(maxsize=16)  # every form of a document shows the same charts
def fan_chart_svg(chart: FanChart) -> str:
    """Return a fan chart as inline SVG; its accessible name is the chart's alt text."""
    first, last, bottom, top = _limits(chart)
    marks = ticks(bottom, top, 5)
    labels = [numbers(chart.language).plain(mark, 3) for mark in marks]
    plane = Plane(LETTER * max(map(len, labels), default=1) + 8, first, last, bottom, top)
    parts = (
        *_axes(plane, list(zip(marks, labels, strict=True))),
        *_bands(chart, plane),
        *_lines(chart, plane),
        *_breaks(chart, plane),
        *_targets(chart, plane),
        *_points(chart, plane),
    )
    return _picture(WIDTH, HEIGHT, parts, chart.alt)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most about `most` round numbers between two limits, evenly spaced.

    >>> ticks(0.0, 4.6, 5), ticks(2014.5, 2030.5, 7)
    ([0.0, 1.0, 2.0, 3.0, 4.0], [2015.0, 2020.0, 2025.0, 2030.0])
    """
    rough = (high - low) / most
    power = 10.0 ** floor(log10(rough))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= rough * (1 - 1e-9))
    return [round(step * number, 10) for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def _limits(chart: FanChart) -> tuple[float, float, float, float]:
    """Return first and last year, bottom and top: all that is known fits, the 95 % band may be cut at the top."""
    points = (*chart.points, *chart.proxy_points, *chart.overruled)
    known = [(item.year, item.value) for item in points] + [(item.year, item.value) for item in chart.targets]
    years = [band.year for band in chart.bands] + [year for year, _ in known]
    needed = [value for _, value in known]
    needed += [limit for band in chart.bands for limit in (band.low80, band.high80)]
    needed += [value for other in chart.lines for _, value in other.points]
    outer = [limit for band in chart.bands for limit in (band.low95, band.high95)]
    bottom, top = min(needed), max(needed)
    room = max(top - bottom, 10.0**-chart.decimals)
    bottom, top = max(bottom - 0.35 * room, min([bottom, *outer])), min(top + 0.35 * room, max([top, *outer]))
    room = max(top - bottom, 10.0**-chart.decimals)
    below = bottom if 0 <= bottom < 0.02 * room else bottom - 0.05 * room
    if bottom >= 0 and below < 0.3 * room:
        below = 0.0
    return min(years) - 0.5, max(years) + 0.5, below, top + 0.13 * room


def _axes(plane: Plane, marks: Sequence[tuple[float, str]]) -> Iterator[str]:
    left, heights = short(plane.left), [(plane.at(plane.first, mark)[1], label) for mark, label in marks]
    years = [(plane.at(year, 0)[0], year) for year in ticks(plane.first, plane.last, 7) if year == int(year)]
    notches = "".join(f"M{short(x)},{short(BOTTOM)}v3" for x, _ in years)
    yield _shape("p-grid", "".join(f"M{left},{short(y)}H{short(RIGHT)}" for y, _ in heights))
    yield _shape("p-axis", f"M{left},{short(BOTTOM)}H{short(RIGHT)}{notches}")
    yield from (_text("p-right", plane.left - 4, y + 3.5, label) for y, label in heights)
    yield from (_text("p-centre", x, BOTTOM + 14, f"{year:.0f}") for x, year in years)


def _bands(chart: FanChart, plane: Plane) -> Iterator[str]:
    wide = [number for number, band in enumerate(chart.bands) if band.high95 > band.low95]
    shown = chart.bands[max(wide[0] - 1, 0) :] if wide else ()
    yield from (_shape(name, _area(shown, low, high, plane)) for name, low, high in BANDS)
    median = line(plane.at(band.year, band.median) for band in chart.bands)
    yield _shape("p-mid p-via" if chart.through_proxy else "p-mid", median)


def _lines(chart: FanChart, plane: Plane) -> Iterator[str]:
    """Draw other forecasts; of several each has a letter, a year apart from the next one's."""
    for number, other in enumerate(chart.lines, start=1):
        yield _shape("p-area", line(plane.at(*point) for point in other.points))
        if len(chart.lines) > 1:
            x, y = plane.at(*other.points[-min(number, len(other.points))])
            yield _text("p-fine p-centre", x, y - 3, chr(96 + number))


def _area(bands: Sequence[Band], low: str, high: str, plane: Plane) -> str:
    edge = [(band.year, getattr(band, high)) for band in bands]
    edge += [(band.year, getattr(band, low)) for band in reversed(bands)]
    return line(((round(x), round(y)) for x, y in (plane.at(*point) for point in edge)), closed=True)


def _points(chart: FanChart, plane: Plane) -> Iterator[str]:
    for point in chart.points:
        x, y = (short(place) for place in plane.at(point.year, point.value))
        names = "p-dot p-open" if point.status == "reported" else "p-dot"
        if point.status in {"final", "reported"}:
            yield f'<circle class="{names}" cx="{x}" cy="{y}" r="2.6"/>'
        else:
            yield _shape(names, f"M{x},{y}m0,-3.4l3,5.4h-6Z")
    for point in chart.proxy_points:
        at_x, at_y = plane.at(point.year, point.value)
        yield _shape("p-dot p-stand", f"M{short(at_x)},{short(at_y - 3.6)}l3.6,3.6 -3.6,3.6 -3.6,-3.6Z")
    for point in chart.overruled:  # its source stands in the section on conflicts
        at_x, at_y = plane.at(point.year, point.value)
        yield _shape("p-out", f"M{short(at_x - 2.5)},{short(at_y - 2.5)}l5,5m0,-5l-5,5")
    for points in (chart.points, chart.proxy_points):
        yield from _source_numbers(points, plane)


def _source_numbers(points: Sequence[Point], plane: Plane) -> Iterator[str]:
    """Draw the numbers of sources: once for points that follow each other from one source."""
    before = 0
    for point in points:
        if point.source not in {0, before}:
            x, y = plane.at(point.year, point.value)
            yield _text("p-fine p-centre", x, y - 6, str(point.source))
        before = point.source


def _targets(chart: FanChart, plane: Plane) -> Iterator[str]:
    """Draw what is required; the label stands at the end of the line from which the forecast is farther away."""
    for target in chart.targets:
        x, y = plane.at(target.year, target.value)
        yield _shape("p-goal", f"M{short(plane.left)},{short(y)}H{short(x)}")
        yield _shape("p-end", f"M{short(x - 6)},{short(y)}h12")
        first, last = (abs(chart.bands[end].median - target.value) for end in (0, -1))
        above = target.value < plane.top - 0.12 * (plane.top - plane.bottom)
        height = y - 4 if above else y + 12
        if last > first:
            yield _text("p-asked p-right", min(x + 6, RIGHT), height, target.label)
        else:
            yield _text("p-asked", plane.left + 3, height, target.label)


def _breaks(chart: FanChart, plane: Plane) -> Iterator[str]:
    """Draw changes of standard; a label that would run into the one before it stands a line lower."""
    taken, lower = plane.left, False
    for year, label in chart.breaks:
        if not plane.first < year - 0.5 < plane.last:
            continue
        (x, _), wide = plane.at(year - 0.5, 0), SMALL * len(label)
        yield _shape("p-break", f"M{short(x)},{short(TOP)}V{short(BOTTOM)}")
        late = x + wide > RIGHT
        start = x - wide if late else x
        lower = start < taken and not lower
        taken = start + wide
        yield _text(f"p-new{' p-right' if late else ''}", x - 3 if late else x + 3, TOP + (19 if lower else 8), label)
