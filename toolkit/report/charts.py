"""Fan charts as small SVG of our own, with text as text: a few kilobytes each, and no library to draw them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, log10

from toolkit.base.numbers import numbers
from toolkit.report.figures import Band, Fan, Point
from toolkit.report.svg import line, picture, shape, short, text

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
