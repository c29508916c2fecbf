"""Which indicators matter most now, and their fan charts as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from toolkit.attainment.result import Attainment
from toolkit.base.names import slug
from toolkit.forecast.paths import Observation, Path
from toolkit.plan.targets import LevelRule, RatioToBaseRule, Target
from toolkit.report.context import Context
from toolkit.report.figures import Band, Fan, Goal, Line, Point
from toolkit.report.parts import Cell, Column, Spark, Table
from toolkit.report.requirement import lowered

CHARTS = 6
WORTH_A_CHART = 0.2
"""Below this weight a small line does."""
LEVELS = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
YEARS_BACK, YEARS_AHEAD = 12, 14
"""A chart shows at most this many years before the running year and after it."""


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
    return tuple(item for item in ranked_targets(context)[:CHARTS] if _weight(context, item) >= WORTH_A_CHART)


def fan(context: Context, attainment: Attainment) -> Fan:
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
    words, target = context.words, context.target(attainment)
    indicator = context.dataset.indicators[target.indicator]
    figures = _figures(context, path.evidence.observations)
    proxied = path.proxy is not None
    bands = _bands(path, _years(context, path, target))
    goals = _goals(context, target, path)
    return Fan(
        key=slug(f"{context.area.code}-{attainment.target_id}"),
        language=words.language,
        title=context.measured(target),
        subtitle=_subtitle(context, attainment, path),
        alt=_alt(context, attainment, path, bands),
        points=() if proxied else figures,
        stand_ins=figures if proxied else (),
        overruled=_figures(context, [loser for item in path.evidence.observations for loser in item.overruled]),
        bands=bands,
        lines=_lines(context, path, target, bands),
        breaks=_breaks(context, path),
        goals=goals,
        decimals=indicator.decimals,
        through_proxy=proxied,
        table=_table(context, path, bands, slug(attainment.target_id)),
        note=_note(context, path, target),
    )


def _subtitle(context: Context, attainment: Attainment, path: Path) -> str:
    words = context.words
    indicator = context.dataset.indicators[path.indicator]
    unit = words.unit(path.unit, context.printed_unit(indicator))
    grade = words.t("chart.grade", grade=attainment.grade)
    asked = f"{attainment.target_id}: {context.asked(attainment)}"
    return " · ".join(part for part in (unit, asked, grade) if part)


def _years(context: Context, path: Path, target: Target) -> list[int]:
    """Return the years to draw: from the first figure (or the plan's base) to the due year, not too far either way."""
    seen = [item.year for item in path.evidence.observations]
    first = max(min([context.plan.base_year, *seen]), context.year - YEARS_BACK, int(path.years[0]))
    last = min(max(target.due, context.year + 1), context.year + YEARS_AHEAD, int(path.years[-1]))
    if target.due > last:
        last = min(target.due, int(path.years[-1]))
    return list(range(min(first, last), last + 1))


def _bands(path: Path, years: Iterable[int]) -> tuple[Band, ...]:
    quantiles = path.quantiles(LEVELS)
    return tuple(Band(year, *(float(value) for value in quantiles[path.position(year)])) for year in years)


def _figures(context: Context, observations: Iterable[Observation]) -> tuple[Point, ...]:
    return tuple(
        Point(item.year, item.value, item.status, context.sources.number(item.source_id))
        for item in observations
        if item.year >= context.year - YEARS_BACK
    )


def _goals(context: Context, target: Target, path: Path) -> tuple[Goal, ...]:
    words, rule = context.words, target.rule
    if isinstance(rule, LevelRule):
        label = words.t("chart.goal", value=words.amount(rule.value, target.unit))
        return (Goal(target.due, rule.value, label),)
    if isinstance(rule, RatioToBaseRule) and int(path.years[0]) <= rule.base_year:
        base = float(path.quantiles((0.5,))[path.position(rule.base_year), 0])
        label = words.t("chart.goal_ratio", value=words.amount(rule.value, "times"), base=rule.base_year)
        return (Goal(target.due, rule.value * base, label),)
    return ()


def _lines(context: Context, path: Path, target: Target, bands: Sequence[Band]) -> tuple[Line, ...]:
    """Return the path of the area that is followed, where it is another one."""
    parent_code = path.evidence.parent_code
    if not parent_code:
        return ()
    parent = context.forecasts.path(parent_code, target.indicator, target.scope)
    if parent is None:
        return ()
    middle = parent.quantiles((0.5,))[:, 0]
    points = tuple(
        (band.year, float(middle[parent.position(band.year)])) for band in bands if band.year in parent.years
    )
    return (Line(context.followed(path), points),) if points else ()


def _breaks(context: Context, path: Path) -> tuple[tuple[int, str], ...]:
    return tuple((change.year, context.words.t("chart.break", year=change.year)) for change in path.breaks)


def _note(context: Context, path: Path, target: Target) -> str:
    words = context.words
    if path.proxy is not None:
        return words.t(f"chart.proxy.{path.proxy.relation}", indicator=context.stand_in(path))
    if path.evidence.basis == "C":
        return words.t("chart.borrowed", parent=context.followed(path))
    return "" if isinstance(target.rule, LevelRule | RatioToBaseRule) else words.t("chart.other_rule")


def _alt(context: Context, attainment: Attainment, path: Path, bands: Sequence[Band]) -> str:
    """Return what the chart shows, from the numbers that it is drawn from."""
    words = context.words
    indicator = context.dataset.indicators[path.indicator]
    places, printed = indicator.decimals, context.printed_unit(indicator)
    title = context.measured(context.target(attainment))
    sentences = [words.t("alt.title", title=lowered(title), area=context.here)]
    sentences.append(_alt_figures(context, path))
    end = bands[-1]
    expected = words.amount(end.median, path.unit, places, printed=printed)
    interval = words.interval(end.low80, end.high80, path.unit, places, printed=printed)
    sentences.append(words.t("alt.end", year=end.year, expected=expected, interval=interval))
    sentences.append(words.t("alt.asked", asked=context.asked(attainment)))
    return " ".join(words.sentence(sentence) for sentence in sentences)


def _alt_figures(context: Context, path: Path) -> str:
    words, figures = context.words, path.evidence.observations
    if not figures:
        return words.t("alt.no_figure")
    source = context.dataset.indicators[path.proxy.indicator if path.proxy else path.indicator]
    printed = context.printed_unit(source)
    first, last = (words.amount(item.value, source.unit, printed=printed) for item in (figures[0], figures[-1]))
    if len(figures) == 1:
        return words.t("alt.figure", last=last, last_year=figures[-1].year)
    years = {"first_year": figures[0].year, "last_year": figures[-1].year}
    return words.t("alt.figures", first=first, last=last, count=len(figures), **years)


def _table(context: Context, path: Path, bands: Sequence[Band], key: str) -> Table:
    words = context.words
    indicator = context.dataset.indicators[path.indicator]
    held = {item.year: item for item in path.evidence.observations}
    titles = ("year", "figure", "median", "interval50", "interval80", "interval95")
    published = "figure_stand_in" if path.proxy is not None else "figure"
    columns = tuple(
        Column(words.t(f"column.{published if title == 'figure' else title}"), numeric=title != "year")
        for title in titles
    )
    rows = tuple(_row(context, band, held.get(band.year), indicator.decimals) for band in bands)
    unit = words.unit(path.unit, context.printed_unit(indicator))
    caption = words.t("chart.table", unit=unit) if unit else words.t("chart.table_plain")
    return Table(f"data-{key}", caption, columns, rows, layout="plain", quiet=True)


def _row(context: Context, band: Band, figure: Observation | None, places: int) -> tuple[Cell, ...]:
    words = context.words
    decimal = words.numbers.decimal
    published = Cell("")
    if figure is not None:
        mark = "" if figure.status == "final" else f" {words.t(f'status_mark.{figure.status}')}"
        references = context.sources.references(figure.source_id)
        published = Cell(f"{words.numbers.plain(figure.value)}{mark}", (), figure.value, references)
    known = bool(np.isclose(band.low95, band.high95))
    limits = ((band.low50, band.high50), (band.low80, band.high80), (band.low95, band.high95))
    intervals = [Cell("" if known else words.interval(low, high, "", places)) for low, high in limits]
    return (Cell(str(band.year)), published, Cell(decimal(band.median, places), (), band.median), *intervals)


def spark(context: Context, attainment: Attainment) -> Spark | None:
    """Return the small line of a target's indicator; None without a path."""
    path = context.path(attainment)
    if path is None:
        return None
    target = context.target(attainment)
    bands = _bands(path, _years(context, path, target))
    goals = _goals(context, target, path)
    figures = _figures(context, path.evidence.observations)
    return Spark(
        observed=tuple((point.year, point.value) for point in figures),
        path=_uncertain(bands),
        target=goals[0].value if goals else None,
        label=context.words.sentence(_alt_figures(context, path)),
    )


def _uncertain(bands: Sequence[Band]) -> tuple[tuple[int, float, float, float], ...]:
    """Return the path from the last year before it becomes uncertain; what comes before are the figures themselves."""
    wide = [number for number, band in enumerate(bands) if band.high80 > band.low80]
    start = max(wide[0] - 1, 0) if wide else len(bands)
    return tuple((band.year, band.low80, band.median, band.high80) for band in bands[start:])
