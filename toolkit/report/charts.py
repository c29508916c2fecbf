"""Fan charts drawn by matplotlib, as small SVG with text as text."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from toolkit.base.numbers import numbers
from toolkit.report.figures import Fan, Point
from toolkit.report.svg import compact

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 5.0, 3.1
"""Inches; 72 units of the view box each, so that 9-point text is legible at 320 pixels and calm at 560."""
INK, MUTED, RULE = "#1f2933", "#52606d", "#d5dbe1"
BANDS = (("low95", "high95", "#dbe7f3"), ("low80", "high80", "#b5cfe8"), ("low50", "high50", "#86b0d9"))
MIDDLE, GOAL, BREAK = "#12548f", "#9c3d00", "#6b4fa0"
LETTER = 0.019
"""Width of a letter of a label as a share of the axis."""
MARKERS = {"final": ("o", INK), "reported": ("o", "white"), "preliminary": ("^", "white")}
SETTINGS: dict[str, object] = {
    "svg.fonttype": "none", "text.parse_math": False, "font.family": "DejaVu Sans", "font.size": 10.0,
    "axes.edgecolor": MUTED, "axes.linewidth": 0.8, "xtick.color": MUTED, "ytick.color": MUTED, "text.color": INK,
    "hatch.linewidth": 0.4, "path.simplify": False,
}  # fmt: skip


@lru_cache(maxsize=16)  # every form of a document shows the same charts
def fan_svg(fan: Fan) -> str:
    """Return the chart of `fan` as inline SVG of about 10 KiB; its accessible name is the fan's alt text."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(cast("Any", SETTINGS | {"svg.hashsalt": fan.key})):
        figure = Figure(figsize=(WIDTH, HEIGHT))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.12, 0.1, 0.86, 0.86))
        limits = _limits(fan)
        _frame(axes, fan, limits)
        _bands(axes, fan, limits)
        _lines(axes, fan)
        _points(axes, fan)
        _goals(axes, fan, limits)
        _breaks(axes, fan, limits)
        for artist in figure.findobj():
            artist.set_clip_on(False)  # everything is drawn inside the limits, and clip paths weigh
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None}, transparent=True)
    return compact(stream.getvalue(), title=fan.alt)


def _limits(fan: Fan) -> tuple[float, float, float, float]:
    """Return first and last year, bottom and top: all that is known fits, the 95 % band may be cut at the top."""
    points = [*fan.points, *fan.stand_ins, *fan.overruled]
    years = [band.year for band in fan.bands] + [point.year for point in points] + [goal.year for goal in fan.goals]
    needed = [point.value for point in points] + [goal.value for goal in fan.goals]
    needed += [limit for band in fan.bands for limit in (band.low80, band.high80)]
    needed += [value for line in fan.lines for _, value in line.points]
    outer = [limit for band in fan.bands for limit in (band.low95, band.high95)]
    bottom, top = min(needed), max(needed)
    room = max(top - bottom, 10.0**-fan.decimals)
    bottom, top = max(bottom - 0.35 * room, min([bottom, *outer])), min(top + 0.35 * room, max([top, *outer]))
    room = max(top - bottom, 10.0**-fan.decimals)
    floor = bottom if 0 <= bottom < 0.02 * room else bottom - 0.05 * room
    if bottom >= 0 and floor < 0.3 * room:
        floor = 0.0
    return min(years) - 0.5, max(years) + 0.5, floor, top + 0.13 * room


def _frame(axes: Axes, fan: Fan, limits: tuple[float, float, float, float]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    written = numbers(fan.language)
    axes.set_xlim(limits[0], limits[1])
    axes.set_ylim(limits[2], limits[3])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10], integer=True, min_n_ticks=2))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda year, _: f"{year:.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10], min_n_ticks=2))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written.plain(value, 3)))
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", length=3)


def _bands(axes: Axes, fan: Fan, limits: tuple[float, float, float, float]) -> None:
    years = [band.year for band in fan.bands]
    wide = [number for number, band in enumerate(fan.bands) if band.high95 > band.low95]
    shown = fan.bands[max(wide[0] - 1, 0) :] if wide else ()
    for low, high, colour in BANDS:
        lower = [max(getattr(band, low), limits[2]) for band in shown]
        upper = [min(getattr(band, high), limits[3]) for band in shown]
        axes.fill_between([band.year for band in shown], lower, upper, color=colour, linewidth=0)
    style = (0, (5, 2)) if fan.through_proxy else "solid"
    axes.plot(years, [band.median for band in fan.bands], color=MIDDLE, linewidth=1.6, linestyle=style)


def _lines(axes: Axes, fan: Fan) -> None:
    for line in fan.lines:
        years, values = zip(*line.points, strict=True)
        axes.plot(years, values, color=MUTED, linewidth=1.1, linestyle=(0, (1, 1.6)))


def _points(axes: Axes, fan: Fan) -> None:
    for point in _labelled_once(fan.points):
        marker, face = MARKERS.get(point.status, MARKERS["preliminary"])
        _dot(axes, point, marker=marker, face=face, edge=INK)
    for point in _labelled_once(fan.stand_ins):
        _dot(axes, point, marker="D", face="white", edge=MUTED)
    for point in fan.overruled:  # its source stands in the section on figures set aside
        _dot(axes, replace(point, source=0), marker="x", face=GOAL, edge=GOAL)


def _labelled_once(points: Sequence[Point]) -> list[Point]:
    """Return the points with their source's number on the first of those that follow each other from one source."""
    before = [0, *(point.source for point in points)]
    return [
        replace(point, source=0) if point.source == last else point
        for point, last in zip(points, before[:-1], strict=True)
    ]


def _dot(axes: Axes, point: Point, *, marker: str, face: str, edge: str) -> None:
    axes.plot(
        [point.year], [point.value], marker=marker, markersize=5, markerfacecolor=face, markeredgecolor=edge,
        markeredgewidth=1.1, linestyle="none", zorder=5,
    )  # fmt: skip
    if point.source:
        axes.annotate(
            str(point.source), (point.year, point.value), xytext=(0, 6), textcoords="offset points", ha="center",
            color=MUTED, fontsize=8, zorder=6,
        )  # fmt: skip


def _goals(axes: Axes, fan: Fan, limits: tuple[float, float, float, float]) -> None:
    """Draw what is asked; the label stands at the end of the line from which the path is farther away."""
    for goal in fan.goals:
        axes.plot([limits[0], goal.year], [goal.value] * 2, color=GOAL, linewidth=1.0, linestyle=(0, (6, 3)), zorder=4)
        axes.plot([goal.year], [goal.value], marker="_", markersize=12, markeredgewidth=2.4, color=GOAL, zorder=4)
        first, last = (abs(fan.bands[end].median - goal.value) for end in (0, -1))
        above = goal.value < limits[3] - 0.12 * (limits[3] - limits[2])
        right = last > first
        axes.annotate(
            goal.label, (goal.year if right else limits[0], goal.value), xytext=(6 if right else 3, 3 if above else -3),
            textcoords="offset points", va="bottom" if above else "top", ha="right" if right else "left", color=GOAL,
            fontsize=9.5, fontweight="bold", zorder=6,
        )  # fmt: skip


def _breaks(axes: Axes, fan: Fan, limits: tuple[float, float, float, float]) -> None:
    """Draw changes of standard; a label that would run into the one before it stands a line lower."""
    span = limits[1] - limits[0]
    taken, lower = limits[0], False
    for year, label in fan.breaks:
        at = year - 0.5
        if not limits[0] < at < limits[1]:
            continue
        axes.plot([at] * 2, limits[2:], color=BREAK, linewidth=0.9, linestyle=(0, (2, 2)), zorder=3)
        wide = span * LETTER * len(label)
        late = at + wide > limits[1]
        start = at - wide if late else at
        lower = start < taken and not lower
        taken = start + wide
        axes.annotate(
            label, (at, limits[3]), xytext=(-3 if late else 3, -12 if lower else -1), textcoords="offset points",
            va="top", ha="right" if late else "left", color=BREAK, fontsize=9, zorder=6,
        )  # fmt: skip
