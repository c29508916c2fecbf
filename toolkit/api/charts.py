"""Charts for notebooks: the fan of a report, drawn with axes that a reader can go on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from toolkit.attainment.result import Attainment
from toolkit.forecast.paths import Path
from toolkit.reports.blocks import FanChart
from toolkit.reports.context import Context
from toolkit.reports.fan_charts import fan_chart
from toolkit.reports.wording import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BANDS = (("low95", "high95", "#dbe7f3"), ("low80", "high80", "#b5cfe8"), ("low50", "high50", "#86b0d9"))
MIDDLE, USUAL, GOAL, INK = "#12548f", "#6b7785", "#9c3d00", "#1f2933"


def draw_fan(context: Context, found: Attainment, usual: Sequence[tuple[int, float]] = ()) -> Figure:
    """Return the fan chart of an answer: 50, 80 and 95 % intervals, median, published figures, target.

    Parameters
    ----------
    context, found :
        The area and the answer.
    usual :
        ``(year, median)`` as forecast, drawn beside a scenario.
    """
    from toolkit.api.chart import Chart

    chart, t = fan_chart(context, found), context.words.texts.t
    figure = Chart(figsize=(7.2, 4.4), layout="constrained", alt=chart.alt)
    axes = figure.add_subplot()
    years = [band.year for band in chart.bands]
    for low, high, colour in BANDS:
        bottom, top = ([getattr(band, name) for band in chart.bands] for name in (low, high))
        label = t("scenario.chart.interval", share=low.removeprefix("low"))
        axes.fill_between(years, bottom, top, color=colour, linewidth=0, label=label)
    line = "--" if chart.through_proxy else "-"  # as in reports: dashed is not measured
    axes.plot(years, [band.median for band in chart.bands], line, color=MIDDLE, label=t("scenario.chart.median"))
    if usual:
        axes.plot(*zip(*usual, strict=True), color=USUAL, linestyle=":", linewidth=2, label=t("scenario.usual"))
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
    from matplotlib.ticker import MaxNLocator

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


def median_line(path: Path | None, until: int) -> tuple[tuple[int, float], ...]:
    """Return ``(year, median)`` of a forecast from its newest evidence to a year; nothing without a path."""
    if path is None:
        return ()
    middle = path.quantiles((0.5,))[:, 0]
    years = [int(year) for year in path.years if path.evidence.last_year <= year <= until]
    return tuple((year, float(middle[path.position(year)])) for year in years)


def footnotes(context: Context, found: Attainment, note: str) -> list[str]:
    """Return what a chart rests on: who published its figures, and what stands in for what."""
    import textwrap

    path = context.path(found)
    figures = path.evidence.observations if path is not None else ()
    publishers = dict.fromkeys(context.sources.publisher(figure.source_id) or figure.source_id for figure in figures)
    day = context.words.day(context.facts.as_of)
    lines = [note] if note else []
    lines.append(context.words.texts.t("scenario.chart.sources", sources="; ".join(publishers) or "–", day=day))
    return [part for line in lines for part in textwrap.wrap(line, 125)]


def bars(
    title: str,
    names: Sequence[str],
    shown: Mapping[str, Sequence[float]],
    colours: Sequence[str],
    wording: Words,
    *,
    alt: str,
) -> Figure:
    """Return lying bars of probabilities, one group a name, with their numbers beside them.

    Parameters
    ----------
    title, names, alt :
        Of the chart, of its rows, and what it says in words.
    shown, colours :
        Probabilities by what they are, one a name, and the colour of each.
    """
    from toolkit.api.chart import Chart

    height = 0.8 / len(shown)
    figure = Chart(figsize=(7.2, 1.2 + 0.34 * len(names) * len(shown)), layout="constrained", alt=alt)
    axes = figure.add_subplot()
    for place, ((label, chances), colour) in enumerate(zip(shown.items(), colours, strict=True)):
        rows = [row + (place - (len(shown) - 1) / 2) * height for row in range(len(names))]
        axes.barh(rows, chances, height=height, color=colour, label=label)
        for row, chance in zip(rows, chances, strict=True):
            axes.annotate(
                wording.numbers.percent(chance),
                (chance, row),
                (3, 0),
                textcoords="offset points",
                va="center",
                fontsize=7,
            )
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.12)
    axes.set_xticks([0.0, 0.5, 1.0], [wording.numbers.percent(tick) for tick in (0.0, 0.5, 1.0)], fontsize=7)
    axes.set_xlabel(wording.texts.t("scenario.chart.chance"), fontsize=7)
    axes.set_title(title, loc="left", fontsize=10)
    if len(shown) > 1:
        axes.legend(fontsize=7, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
