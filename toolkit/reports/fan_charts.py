"""Which indicators matter most now, and their fan charts as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from toolkit.attainment.attainment import Attainment
from toolkit.base.texts import slug
from toolkit.data.observations import Observation
from toolkit.forecast.paths import Path
from toolkit.plan.base import NumberRule
from toolkit.plan.plan import Target
from toolkit.reports.blocks import (
    Band,
    Block,
    Cell,
    FanChart,
    FanCharts,
    Line,
    Paragraph,
    Point,
    Section,
    Sparkline,
    Table,
    TargetLevel,
)
from toolkit.reports.context import Context
from toolkit.reports.wording import lowered

MOST_CHARTS = 6
WORTH_A_CHART = 0.2
"""Below this weight a sparkline does."""
LEVELS = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
YEARS_BACK, YEARS_AHEAD = 12, 14
"""A chart shows at most this many years before the running year and after it."""


def charts_section(context: Context) -> Section:
    """Return fan charts of the indicators that matter most now, with one key to all of them."""
    words = context.words
    chosen = charted(context)
    if not chosen:
        return Section("charts", words.t("section.charts"), (Paragraph(words.t("charts.none")),))
    charts = tuple(fan_chart(context, attainment) for attainment in chosen)
    parents = words.listed(list(dict.fromkeys(line.label for chart in charts for line in chart.lines)))
    items = tuple((name, words.t(f"key.{name}", area=parents)) for name in _marks(charts))
    blocks: list[Block] = [
        Paragraph(words.counted("charts.intro", len(charts)), "note"),
        FanCharts(words.t("key.title"), items, charts),
    ]
    if len(ranked_targets(context)) > len(chosen):
        blocks.append(Paragraph(words.t("charts.rest"), "note"))
    return Section("charts", words.t("section.charts"), tuple(blocks))


def _marks(charts: Sequence[FanChart]) -> list[str]:
    """Return the marks that occur in charts, in the order of the key."""
    statuses = {point.status for chart in charts for point in chart.points}
    present = {
        "final": "final" in statuses,
        "reported": "reported" in statuses,
        "preliminary": statuses - {"final", "reported"},
        "stand_in": any(chart.proxy_points for chart in charts),
        "overruled": any(chart.overruled for chart in charts),
        "median": any(not chart.through_proxy for chart in charts),
        "median_proxy": any(chart.through_proxy for chart in charts),
        "bands": True,
        "parent": any(chart.lines for chart in charts),
        "goal": any(chart.targets for chart in charts),
        "break": any(chart.breaks for chart in charts),
    }
    return [name for name, shown in present.items() if shown]


def ranked_targets(context: Context) -> tuple[Attainment, ...]:
    """Return targets with a path, the one that matters most now first; one target an indicator and scope.

    What is due sooner and less certain matters more; a target whose year is over matters while it is not
    settled, and outlooks beyond the tested horizon matter least.
    """
    chosen: dict[tuple[str, str], Attainment] = {}
    for attainment in sorted(context.attainments, key=lambda item: -_weight(context, item)):
        target = context.target(attainment)
        if context.path(attainment) is not None and attainment.outcome in {"probability", "settled", "orientation"}:
            chosen.setdefault((target.indicator, target.scope), attainment)
    return tuple(chosen.values())


def _weight(context: Context, attainment: Attainment) -> float:
    chance = attainment.probability if attainment.probability is not None else 0.0
    uncertain = 4 * chance * (1 - chance)
    own = 0.3 if attainment.grade[:1] in {"A", "B"} else 0.0
    if attainment.outcome in {"settled", "orientation"}:
        return 0.2 * own
    over, far = attainment.due < context.year, attainment.due > context.year + 8
    near = 0.5 if over else 0.1 if far else 0.6 if attainment.verdict == "outlook" else 1.0
    changing = 0.7 if attainment.probability_same_standard is not None else 0.0
    borrowed = 0.3 if over and not own else 1.0  # nothing of the area's own, about a year that is past
    return borrowed * near * (0.2 + uncertain + own + changing)


def charted(context: Context) -> tuple[Attainment, ...]:
    """Return the targets that get a fan chart: the first of the ranking that matter enough, at most six."""
    return tuple(item for item in ranked_targets(context)[:MOST_CHARTS] if _weight(context, item) >= WORTH_A_CHART)


def fan_chart(context: Context, attainment: Attainment) -> FanChart:
    """Return the chart of the indicator that an attainment is about, in the context's area.

    Raises
    ------
    ValueError
        If the area has no path for it.
    """
    path = context.path(attainment)
    if path is None:
        message = f"no path for {attainment.target_id} in {context.area.code}"
        raise ValueError(message)
    words, target, indicator = context.words, context.target(attainment), context.indicator(attainment)
    unit, grade = words.unit(path.unit, context.printed_unit(indicator)), words.t("chart.grade", grade=attainment.grade)
    required = f"{attainment.target_id}: {context.requirement(attainment)}"
    observed = _points(context, path.evidence.observations)
    bands = _bands(context, path, target)
    proxied = path.proxy is not None
    return FanChart(
        key=slug(f"{context.area.code}-{attainment.target_id}"),
        language=words.language,
        title=context.quantity(attainment),
        subtitle=" · ".join(part for part in (unit, required, grade) if part),
        alt=_alt(context, attainment, path, bands[-1].year),
        points=() if proxied else observed,
        proxy_points=observed if proxied else (),
        overruled=_points(context, [loser for item in path.evidence.observations for loser in item.overruled]),
        bands=bands,
        lines=_parent_line(context, path, bands),
        breaks=tuple((change.year, words.t("chart.break", year=change.year)) for change in path.breaks),
        targets=_target_levels(context, target, path),
        decimals=indicator.decimals,
        through_proxy=proxied,
        table=_table(context, path, bands, f"data-{slug(attainment.target_id)}"),
        note=_note(context, path, target),
    )


def sparkline(context: Context, attainment: Attainment) -> Sparkline | None:
    """Return the small chart of a target's indicator; None without a path."""
    path = context.path(attainment)
    if path is None:
        return None
    target = context.target(attainment)
    bands, levels = _bands(context, path, target), _target_levels(context, target, path)
    wide = [number for number, band in enumerate(bands) if band.high80 > band.low80]
    start = max(wide[0] - 1, 0) if wide else len(bands)  # before it becomes uncertain, the path is the observations
    return Sparkline(
        observed=tuple((point.year, point.value) for point in _points(context, path.evidence.observations)),
        path=tuple((band.year, band.low80, band.median, band.high80) for band in bands[start:]),
        target=levels[0].value if levels else None,
        label=context.words.sentence(_alt_observations(context, path)),
    )


def _bands(context: Context, path: Path, target: Target) -> tuple[Band, ...]:
    """Return the years to draw, from the first observation or the plan's base to the due year, not too far each way."""
    seen = [item.year for item in path.evidence.observations]
    first = max(min([context.plan.base_year, *seen]), context.year - YEARS_BACK, int(path.years[0]))
    last = min(max(target.due, context.year + 1), context.year + YEARS_AHEAD, int(path.years[-1]))
    if target.due > last:
        last = min(target.due, int(path.years[-1]))
    quantiles = path.quantiles(LEVELS)
    years = range(min(first, last), last + 1)
    return tuple(Band(year, *(float(value) for value in quantiles[path.position(year)])) for year in years)


def _points(context: Context, observations: Iterable[Observation]) -> tuple[Point, ...]:
    return tuple(
        Point(item.year, item.value, item.status, context.sources.number(item.source_id))
        for item in observations
        if item.year >= context.year - YEARS_BACK
    )


def _target_levels(context: Context, target: Target, path: Path) -> tuple[TargetLevel, ...]:
    words, rule = context.words, target.rule
    fixed = rule.fixed_level(path)
    if fixed is None or not isinstance(rule, NumberRule):
        return ()
    level, label = fixed
    value = words.amount(rule.value, rule.unit(target.unit))
    return (TargetLevel(target.due, level, words.t(label.key, value=value, **label.fields)),)


def median_line(label: str, path: Path, years: Iterable[int]) -> Line:
    """Return the median of a path in those of `years` that it has."""
    median = path.quantiles((0.5,))[:, 0]
    return Line(label, tuple((year, float(median[path.position(year)])) for year in years if year in path.years))


def _parent_line(context: Context, path: Path, bands: Sequence[Band]) -> tuple[Line, ...]:
    """Return the path of the area whose course is followed, where it is another one."""
    code = path.evidence.parent_code
    parent = context.forecasts.path(code, path.indicator, path.scope) if code else None
    if parent is None:
        return ()
    line = median_line(context.parent_name(path), parent, [band.year for band in bands])
    return (line,) if line.points else ()


def _note(context: Context, path: Path, target: Target) -> str:
    words = context.words
    if path.proxy is not None:
        return words.t(f"chart.proxy.{path.proxy.relation}", indicator=context.proxy_name(path))
    if path.evidence.basis == "C":
        return words.t("chart.borrowed", parent=context.parent_name(path))
    return "" if target.rule.drawn else words.t("chart.other_rule")


def _alt(context: Context, attainment: Attainment, path: Path, year: int) -> str:
    """Return what the chart shows, from the numbers that it is drawn from; `year` is its last one."""
    words = context.words
    _, expected, interval = context.expected(path, year)
    sentences = (
        words.t("alt.title", title=lowered(context.quantity(attainment)), area=context.area_name),
        _alt_observations(context, path),
        words.t("alt.end", year=year, expected=expected, interval=interval),
        words.t("alt.asked", asked=context.requirement(attainment)),
    )
    return " ".join(words.sentence(sentence) for sentence in sentences)


def _alt_observations(context: Context, path: Path) -> str:
    words, found = context.words, path.evidence.observations
    if not found:
        return words.t("alt.no_figure")
    last, last_year = context.observation(path, -1), found[-1].year
    if len(found) == 1:
        return words.t("alt.figure", last=last, last_year=last_year)
    first = context.observation(path, 0)
    years = {"first_year": found[0].year, "last_year": last_year}
    return words.t("alt.figures", first=first, last=last, count=len(found), **years)


def _table(context: Context, path: Path, bands: Sequence[Band], key: str) -> Table:
    """Return the numbers of a chart, year by year."""
    words, indicator = context.words, context.dataset.indicators[path.indicator]
    observed = {item.year: item for item in path.evidence.observations}
    published = "figure_stand_in" if path.proxy is not None else "figure"
    names = ("year", published, "median", "interval50", "interval80", "interval95")
    rows = (_row(context, band, observed.get(band.year), indicator.decimals) for band in bands)
    unit = words.unit(path.unit, context.printed_unit(indicator))
    caption = words.t("chart.table", unit=unit) if unit else words.t("chart.table_plain")
    return Table.of(words.t, key, names, rows, caption=caption, numeric=names[1:], layout="plain")


def _row(context: Context, band: Band, observed: Observation | None, places: int) -> tuple[Cell, ...]:
    words = context.words
    published = Cell("")
    if observed is not None:
        mark = "" if observed.status == "final" else f" {words.t(f'status_mark.{observed.status}')}"
        references = context.sources.references(observed.source_id)
        published = Cell(f"{words.numbers.plain(observed.value)}{mark}", (), observed.value, references)
    known = bool(np.isclose(band.low95, band.high95))
    limits = ((band.low50, band.high50), (band.low80, band.high80), (band.low95, band.high95))
    intervals = [Cell("" if known else words.interval(low, high, "", places)) for low, high in limits]
    median = Cell(words.numbers.decimal(band.median, places), (), band.median)
    return (Cell(str(band.year)), published, median, *intervals)
