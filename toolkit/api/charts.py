"""Matplotlib figures for notebooks: the fan chart of a report and bars, with axes that a reader can go on with.

Imported when something is drawn: matplotlib is heavy.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from toolkit.api.answers import footnotes
from toolkit.attainment.attainment import Attainment
from toolkit.reports.blocks import FanChart, Line
from toolkit.reports.context import Context
from toolkit.reports.targets import fan_chart
from toolkit.reports.wording import Words

BAND_COLOURS = (("low95", "high95", "#dbe7f3"), ("low80", "high80", "#b5cfe8"), ("low50", "high50", "#86b0d9"))
MIDDLE, USUAL, GOAL, INK = "#12548f", "#6b7785", "#9c3d00", "#1f2933"


class Chart(Figure):
    """A figure that displays itself, whether or not pyplot is in use.

    Attributes
    ----------
    alt :
        What it shows, in words made from the numbers.
    """

    def __init__(self, *args: Any, alt: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.alt = alt

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str | bytes]:  # noqa: ARG002
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=110)
        return {"image/png": stream.getvalue(), "text/plain": self.alt}


def draw_fan(context: Context, found: Attainment, usual: Line | None = None) -> Chart:
    """Return the fan chart of an answer: 50, 80 and 95 % intervals, median, published figures, target.

    Parameters
    ----------
    context :
        The area, and what words and charts are made from.
    found :
        The answer.
    usual :
        The median as usual, drawn beside a scenario.
    """
    chart, t = fan_chart(context, found), context.words.texts.t
    figure = Chart(figsize=(7.2, 4.4), layout="constrained", alt=chart.alt)
    axes = figure.add_subplot()
    years = [band.year for band in chart.bands]
    for low, high, colour in BAND_COLOURS:
        bottom, top = ([getattr(band, name) for band in chart.bands] for name in (low, high))
        label = t("scenario.chart.interval", share=low.removeprefix("low"))
        axes.fill_between(years, bottom, top, color=colour, linewidth=0, label=label)
    line = "--" if chart.through_proxy else "-"  # as in reports: dashed is not measured
    axes.plot(years, [band.median for band in chart.bands], line, color=MIDDLE, label=t("scenario.chart.median"))
    if usual is not None and usual.points:
        axes.plot(*zip(*usual.points, strict=True), color=USUAL, linestyle=":", linewidth=2, label=usual.label)
    known = chart.points or chart.proxy_points
    if known:
        label = t("scenario.chart.figures" if chart.points else "scenario.chart.stand_ins")
        axes.plot([one.year for one in known], [one.value for one in known], "o", color=INK, label=label)
    for goal in chart.targets:
        axes.plot([goal.year], [goal.value], "D", color=GOAL, label=goal.label)
    for year, label in chart.breaks:
        if years[0] <= year <= years[-1]:
            axes.axvline(year - 0.5, color=USUAL, linewidth=0.8, linestyle=":")
            axes.annotate(label, (year - 0.45, 1.0), xycoords=("data", "axes fraction"), va="top", fontsize=7)
    _dress(axes, chart, context)
    figure.supxlabel("\n".join(footnotes(context, found, chart.note)), x=0.02, ha="left", fontsize=6.5, color=USUAL)
    return figure


def _dress(axes: Axes, chart: FanChart, context: Context) -> None:
    """Add what makes a chart stand alone: title, unit, key, and whether its data are simulated."""
    axes.set_title(f"{chart.title} – {context.area_name}\n", loc="left", fontsize=11)
    axes.text(0.0, 1.02, chart.subtitle, transform=axes.transAxes, fontsize=7.5, color=USUAL)
    write, places = context.words.numbers.decimal, 0 if axes.get_ylim()[1] > 5 else 1
    axes.yaxis.set_major_formatter(lambda value, _: write(value, places))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.07), ncols=4, fontsize=7, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    if context.facts.simulated:
        mark = context.words.t("simulated")
        axes.text(0.5, 0.5, mark, transform=axes.transAxes, ha="center", color=GOAL, fontsize=9, alpha=0.8, wrap=True)


def bars(
    title: str, shares: Mapping[str, float], wording: Words, *, alt: str, key: str = "scenario.chart.chance"
) -> Chart:
    """Return lying bars of shares by name with their numbers; `alt` says them in words, `key` what they are."""
    write = wording.numbers.percent
    figure = Chart(figsize=(7.2, 1.2 + 0.34 * len(shares)), layout="constrained", alt=alt)
    axes = figure.add_subplot()
    axes.barh(range(len(shares)), list(shares.values()), height=0.8, color=MIDDLE)
    for row, share in enumerate(shares.values()):
        axes.annotate(write(share), (share, row), (3, 0), textcoords="offset points", va="center", fontsize=7)
    axes.set_yticks(range(len(shares)), list(shares), fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.12)
    axes.set_xticks([0.0, 0.5, 1.0], [write(tick) for tick in (0.0, 0.5, 1.0)], fontsize=7)
    axes.set_xlabel(wording.texts.t(key), fontsize=7)
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
