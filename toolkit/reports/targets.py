"""Targets in tables and charts: the plan's by likelihood, those that the area has set itself, their fan charts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from toolkit.attainment.assess import LocalTarget, stated_targets
from toolkit.attainment.attainment import Attainment, lowered
from toolkit.base.texts import NO_VALUE, slug
from toolkit.data.observations import Observation
from toolkit.forecast.paths import Path
from toolkit.plan.judgement import Note, NumberRule
from toolkit.plan.plan import Target
from toolkit.reports.blocks import (
    Band,
    Block,
    Bullets,
    Cell,
    FanChart,
    FanCharts,
    Folded,
    Heading,
    Item,
    Line,
    Paragraph,
    Point,
    Section,
    Sparkline,
    Table,
    TargetLevel,
)
from toolkit.reports.context import Context
from toolkit.reports.wording import SCALE, requirement, tolerance

FOLDED = ("cannot_be_assessed", "milestone")
"""Long groups without an answer: a reader in a hurry unfolds them only if wanted."""
SAID_ELSEWHERE = (
    "proxy.", "share_", "borrowed", "outlook", "overruled", "unverified", "not_final", "qualified", "estimated",
    "break_ahead.", "pace_", "bound.", "hold", "reweighted", "few_draws",
)  # fmt: skip
"""Remarks that stand in the row's other cells, or in the sections on standards, pace and data quality."""


def targets_section(context: Context) -> Section:
    """Return one table per verdict, in the order of the scale: every statement of the plan has its row."""
    words = context.words
    blocks: list[Block] = [Paragraph(words.t("targets.intro"), "note")]
    with_chart = {item.target_id for item in charted(context)}
    with_sparkline = {item.target_id for item in ranked_targets(context) if item.basis in OWN} - with_chart
    for verdict in SCALE:
        found = [item for item in context.attainments if item.verdict == verdict]
        if found:
            heading = Heading(words.t(f"group.{verdict}"), count=len(found), verdict=verdict)
            note = f"group_note.{verdict}"
            notes = [Paragraph(words.t(note), "note")] if words.texts.has(f"report.{note}") else []
            content: tuple[Block, ...] = (*notes, _table(context, verdict, found, with_sparkline))
            folded = verdict in FOLDED or (verdict == "orientation" and all(item.expected is None for item in found))
            blocks += [Folded(heading, content)] if folded else [heading, *content]
    return Section("targets", words.t("section.targets"), tuple(blocks))


def _table(context: Context, verdict: str, found: Sequence[Attainment], with_sparkline: set[str]) -> Table:
    words = context.words
    if verdict == "cannot_be_assessed":
        names: tuple[str, ...] = ("target", "missing", "last")
        rows = [_missing_row(context, item) for item in found]
    elif verdict == "milestone":
        names = ("statement", "status", "evidence")
        rows = [_milestone_row(context, item) for item in found]
    else:
        names = ("target", "last", "expected", "likelihood", "grade")
        rows = [_judged_row(context, item, drawn=item.target_id in with_sparkline) for item in found]
    if verdict == "orientation":
        names, rows = (*names[:3], names[4]), [(*row[:3], row[4]) for row in rows]
    caption = words.t("targets.caption", group=words.t(f"group.{verdict}"))
    anchors = tuple(item.target_id for item in found)
    return Table.of(words.t, f"targets-{verdict}", names, rows, caption=caption, anchors=anchors)


def _judged_row(context: Context, attainment: Attainment, *, drawn: bool) -> tuple[Cell, ...]:
    last = last_cell(context, attainment)
    return (
        _target_cell(context, attainment),
        replace(last, spark=sparkline(context, attainment)) if drawn else last,
        _expected_cell(context, attainment),
        _likelihood_cell(context, attainment),
        _grade_cell(context, attainment),
    )


def _missing_row(context: Context, attainment: Attainment) -> tuple[Cell, ...]:
    first, *rest = (_missing(context, attainment, note) for note in attainment.missing)
    details = (*rest, *_remarks(context, attainment))
    return (_target_cell(context, attainment), Cell(first, details), last_cell(context, attainment))


def _missing(context: Context, attainment: Attainment, note: Note) -> str:
    """Return what is missing; in the common cases shorter than the note, for the row names the rest."""
    kind = note.key.removeprefix("attainment.missing.")
    if kind not in {"series", "instead_of_bound"}:
        return context.note(note)
    return context.words.t(f"missing.{kind}", indicator=lowered(context.quantity(attainment)))


def _milestone_row(context: Context, attainment: Attainment) -> tuple[Cell, ...]:
    status, *evidence = attainment.notes
    texts = [context.note(note) for note in evidence or attainment.missing]
    texts = texts or [context.words.t("milestone.no_evidence")]
    sources = [str(note.fields.get("source", "")) for note in evidence]
    held = Cell(texts[0], tuple(texts[1:]), references=context.sources.references(*sources))
    return (_target_cell(context, attainment), Cell(context.note(status)), held)


def _target_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the target's name with its requirement, and whether parts of it are our reading."""
    words = context.words
    place = words.t("target.clause", id=attainment.target_id, clause=context.target(attainment).clause)
    where = f"{place} · {words.t('target.inferred')}" if attainment.inferred else place
    return Cell(context.name(attainment), (context.requirement(attainment), where))


def name_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the target's name with its requirement and its number, for tables that come after that of the targets."""
    return Cell(context.name(attainment), (context.requirement(attainment), attainment.target_id))


def last_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the newest observation: value, year, status, and its source."""
    words, target = context.words, context.target(attainment)
    if attainment.last_value is None or attainment.last_year is None:
        return Cell(words.t("last.none"))
    status = words.t(f"status.{attainment.last_status}")
    details = [words.t("last.year_status", year=attainment.last_year, status=status)]
    if attainment.last_qualifier:
        details.append(words.t(f"qualifier.{attainment.last_qualifier}"))
    if attainment.last_indicator not in {"", target.indicator}:
        details.append(lowered(context.dataset.indicators[attainment.last_indicator].names[words.language]))
    elif attainment.last_scope not in {"", target.scope}:
        details.append(words.t(f"scope.{attainment.last_scope}"))
    if not context.sources.citable(attainment.last_source):
        details.append(words.t("last.weak_source"))
    text = words.amount(attainment.last_value, attainment.last_unit)
    references, link = context.sources.references(attainment.last_source), context.last_link(attainment)
    return Cell(text, tuple(details), attainment.last_value, references, link=link)


def _expected_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the judged quantity at the due date: median and 80 % interval."""
    words = context.words
    if attainment.expected is None:
        return Cell(NO_VALUE)
    details = []
    if attainment.low is not None and attainment.high is not None and attainment.high > attainment.low:
        details.append(words.t("interval.80", interval=context.judged_interval(attainment)))
    path = context.path(attainment)
    if path is not None and path.proxy is not None and path.proxy.relation != "equal":
        details.append(words.t(f"expected.{path.proxy.relation}"))
    details.extend(_remarks(context, attainment))
    return Cell(context.judged(attainment, attainment.expected), tuple(details), attainment.expected)


def _remarks(context: Context, attainment: Attainment) -> list[str]:
    """Return the remarks that the rest of the row does not say already."""
    keys = ((note, note.key.removeprefix("attainment.note.")) for note in attainment.notes)
    return [context.note(note) for note, key in keys if not key.startswith(SAID_ELSEWHERE)]


def _likelihood_cell(context: Context, attainment: Attainment) -> Cell:
    """Return verdict and probability, with second readings (stretch, tolerance, standard of today) under it."""
    words, verdict = context.words, attainment.verdict
    text = words.verdict(verdict)
    if attainment.outcome == "settled":
        return Cell(text, (words.t("likelihood.settled"),), verdict=verdict)
    if attainment.bound == "at_least" and (attainment.probability or 0.0) < 0.01:
        return Cell(text, (words.t("likelihood.says_nothing"),), attainment.probability, (), verdict)
    readings = (
        ("probability", attainment.probability),
        ("same_standard", attainment.probability_same_standard),
        ("stretch", attainment.probability_stretch),
        ("basically", attainment.probability_basically),
        ("average", attainment.probability_average),
    )
    details = [
        words.t(
            f"likelihood.{key}",
            probability=words.numbers.probability(value, bound=attainment.bound),
            tolerance=tolerance(context.target(attainment), words),
        )
        for key, value in readings
        if value is not None or key == "probability"
    ]
    if attainment.areas_met is not None:
        met, total = attainment.areas_met
        details.append(words.t("likelihood.areas", met=met, total=total))
    return Cell(text, tuple(details), attainment.probability, (), verdict, attainment.probability)


def _grade_cell(context: Context, attainment: Attainment) -> Cell:
    """Return the evidence grade with what it means here."""
    words = context.words
    path = context.path(attainment)
    details = []
    if path is not None:
        basis = path.evidence.basis
        if basis == "C":
            details.append(words.t("grade.C", parent=context.parent_name(path)))
        else:
            details.append(words.counted(f"grade.{basis}", path.evidence.own_points))
        if path.proxy is not None:
            details.append(words.t(f"grade.proxy.{path.proxy.relation}"))
    return Cell(attainment.grade or NO_VALUE, tuple(details))


def own_section(context: Context) -> Section:
    """Return the area's own targets with their answers; those that nothing can be said of are named below them."""
    words = context.words
    blocks: list[Block] = []
    if context.own:
        names = ("own_target", "last", "expected", "likelihood", "plan_asks")
        rows = [_own_row(context, item) for item in context.own]
        blocks += [
            Paragraph(words.t("own.intro"), "note"),
            Table.of(words.t, "own", names, rows, caption=words.t("own.caption")),
        ]
    judged = {(item.target.indicator, item.target.scope, item.target.due) for item in context.own}
    own = stated_targets(context.dataset, context.area.code)
    rest = [row for row in own if (row.indicator, row.scope, row.due) not in judged]
    if rest:
        blocks.append(Paragraph(words.counted("own.unjudged", len(rest)), "note"))
        blocks.append(Bullets(tuple(_stated_item(context, row) for row in rest)))
    return Section("own", words.t("section.own"), tuple(blocks))


def _own_row(context: Context, item: LocalTarget) -> tuple[Cell, ...]:
    required = requirement(item.target, context.words)
    references = context.sources.references(item.source_id)
    return (
        Cell(context.series_name(item.target.indicator, item.target.scope), (required,), references=references),
        last_cell(context, item.attainment),
        _expected_cell(context, item.attainment),
        _likelihood_cell(context, item.attainment),
        _plan_cell(context, item),
    )


def _plan_cell(context: Context, item: LocalTarget) -> Cell:
    """Return what the plan requires of the same quantity, and its answer."""
    texts = [
        f"{target.id}: {context.requirement(found)} ({context.words.verdict(found.verdict)})"
        for found in context.attainments
        for target in [context.plan.target(found.target_id)]
        if (target.indicator, target.scope) == (item.target.indicator, item.target.scope)
    ]
    return Cell(texts[0], tuple(texts[1:])) if texts else Cell(context.words.t("own.plan_silent"))


def _stated_item(context: Context, row: Any) -> Item:
    known = row.indicator in context.dataset.indicators
    name = context.series_name(row.indicator, row.scope) if known else row.indicator.replace("_", " ")
    sign = {"<=": "≤", ">=": "≥"}.get(row.op, row.op)
    value = context.words.amount(row.value, row.unit)
    text = context.words.t("own.stated", name=name, sign=sign, value=value, due=row.due)
    return Item(text, references=context.sources.references(row.source_id))


MOST_CHARTS = 4
OWN = frozenset("AB")
"""Grades of evidence that rest on figures of the area's own: what is borrowed is drawn where it comes from."""
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
    if any(item.basis in OWN for item in ranked_targets(context)[len(chosen) :]):
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
    own = 0.3 if attainment.basis in OWN else 0.0
    if attainment.outcome in {"settled", "orientation"}:
        return 0.2 * own
    over, far = attainment.due < context.year, attainment.due > context.year + 8
    near = 0.5 if over else 0.1 if far else 0.6 if attainment.verdict == "outlook" else 1.0
    changing = 0.7 if attainment.probability_same_standard is not None else 0.0
    borrowed = 0.3 if over and not own else 1.0  # nothing of the area's own, about a year that is past
    return borrowed * near * (0.2 + uncertain + own + changing)


def charted(context: Context) -> tuple[Attainment, ...]:
    """Return the targets that get a fan chart: with figures of the area's own, those that matter most, at most six."""
    own = [item for item in ranked_targets(context) if item.basis in OWN and _weight(context, item) >= WORTH_A_CHART]
    return tuple(own[:MOST_CHARTS])


def fan_chart(context: Context, attainment: Attainment) -> FanChart:
    """Return the chart of the indicator that an attainment is about, in the context's area.

    Raises
    ------
    ValueError
        If the area has no path for it.
    """
    path = context.path(attainment)
    if path is None:
        raise ValueError(f"no path for {attainment.target_id} in {context.area.code}")
    words, target, indicator = context.words, context.target(attainment), context.indicator(attainment)
    unit, grade = words.unit(path.unit), words.t("chart.grade", grade=attainment.grade)
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
        table=_chart_table(context, path, bands, f"data-{slug(attainment.target_id)}"),
        note=_chart_note(context, path, target),
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


def _chart_note(context: Context, path: Path, target: Target) -> str:
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


def _chart_table(context: Context, path: Path, bands: Sequence[Band], key: str) -> Table:
    """Return the numbers of a chart, year by year."""
    words, indicator = context.words, context.dataset.indicators[path.indicator]
    observed = {item.year: item for item in path.evidence.observations}
    published = "figure_stand_in" if path.proxy is not None else "figure"
    names = ("year", published, "median", "interval50", "interval80", "interval95")
    rows = (_chart_row(context, band, observed.get(band.year), indicator.decimals) for band in bands)
    unit = words.unit(path.unit)
    caption = words.t("chart.table", unit=unit) if unit else words.t("chart.table_plain")
    return Table.of(words.t, key, names, rows, caption=caption, numeric=names[1:], layout="plain")


def _chart_row(context: Context, band: Band, observed: Observation | None, places: int) -> tuple[Cell, ...]:
    words = context.words
    published = Cell("")
    if observed is not None:
        mark = "" if observed.status == "final" else f" {words.t(f'status_mark.{observed.status}')}"
        references = context.sources.references(observed.source_id)
        text = f"{words.numbers.plain(observed.value)}{mark}"
        published = Cell(text, (), observed.value, references, link=context.figure_link(observed))
    known = bool(np.isclose(band.low95, band.high95))
    limits = ((band.low50, band.high50), (band.low80, band.high80), (band.low95, band.high95))
    intervals = [Cell("" if known else words.interval(low, high, "", places)) for low, high in limits]
    median = Cell(words.numbers.decimal(band.median, places), (), band.median)
    return (Cell(str(band.year)), published, median, *intervals)
