"""Sections that go with the answers: charts, the coming change of standard, the pace it takes, this year's estimate."""

from __future__ import annotations

from dataclasses import replace

from toolkit.attainment.attainment import Attainment
from toolkit.base.numbers import NO_VALUE
from toolkit.forecast.paths import Break, Path
from toolkit.report.context import Context
from toolkit.report.fans import charted, fan, ranked_targets
from toolkit.report.figures import Fan, Fans
from toolkit.report.narrative import chance, open_targets, whole_percent
from toolkit.report.parts import Cell, Column, Heading, Paragraph, Table
from toolkit.report.sections import Block, Section

ESTIMATES = 15
"""Estimates of the running year shown at most: those of the indicators that matter most."""
OLDEST_BASE = 3
"""An estimate of the running year starts from a figure at most this many years old."""


def charts_section(context: Context) -> Section:
    """Return fan charts of the indicators that matter most now, and small lines for the rest."""
    words = context.words
    chosen = charted(context)
    if not chosen:
        return Section("charts", words.t("section.charts"), (Paragraph(words.t("charts.none")),))
    charts = tuple(fan(context, attainment) for attainment in chosen)
    followed = words.listed(list(dict.fromkeys(line.label for chart in charts for line in chart.lines)))
    items = tuple((name, words.t(f"key.{name}", area=followed)) for name in _key_names(charts))
    blocks: list[Block] = [
        Paragraph(words.counted("charts.intro", len(charts)), "note"),
        Fans(words.t("key.title"), items, charts),
    ]
    if len(ranked_targets(context)) > len(chosen):
        blocks.append(Paragraph(words.t("charts.rest"), "note"))
    return Section("charts", words.t("section.charts"), tuple(blocks))


def _key_names(fans: tuple[Fan, ...]) -> tuple[str, ...]:
    statuses = {point.status for chart in fans for point in chart.points}
    present = {
        "final": "final" in statuses,
        "reported": "reported" in statuses,
        "preliminary": bool(statuses - {"final", "reported"}),
        "stand_in": any(chart.stand_ins for chart in fans),
        "overruled": any(chart.overruled for chart in fans),
        "median": any(not chart.through_proxy for chart in fans),
        "median_proxy": any(chart.through_proxy for chart in fans),
        "bands": True,
        "parent": any(chart.lines for chart in fans),
        "goal": any(chart.goals for chart in fans),
        "break": any(chart.breaks for chart in fans),
    }
    return tuple(name for name, shown in present.items() if shown)


def standards_section(context: Context) -> Section:
    """Return, for every target that a coming change of standard touches, both answers and why they differ."""
    words = context.words
    touched = [item for item in context.attainments if item.probability_same_standard is not None]
    blocks: list[Block] = []
    for attainment in touched:
        path = context.path(attainment)
        if path is None:
            continue
        blocks.append(Heading(context.quoted(attainment)))
        blocks.append(Paragraph(_two_answers(context, attainment, path), "lead"))
    if blocks:
        blocks.append(Paragraph(words.t("standards.why")))
        blocks.extend(_jump(context, change) for change in _future_breaks(context, touched))
    return Section("standards", words.t("section.standards"), tuple(blocks))


def _two_answers(context: Context, attainment: Attainment, path: Path) -> str:
    words = context.words
    change = [item for item in path.breaks if not item.measured][-1:]
    across, today = attainment.probability or 0.0, attainment.probability_same_standard or 0.0
    fields = {
        "chance": chance(context, attainment),
        "today": chance(context, replace(attainment, probability=today)),
        "after": _standard_name(context, change[0].after) if change else "",
        "before": _standard_name(context, change[0].before) if change else "",
        "year": change[0].year if change else attainment.due,
    }
    points = whole_percent(today, attainment.bound) - whole_percent(across, attainment.bound)
    text = f"{words.sentence(words.t('standards.both', **fields))} {words.sentence(_two_levels(context, attainment))}"
    if not points:
        return f"{text} {words.sentence(words.t('standards.same'))}"
    key = "standards.lower" if points > 0 else "standards.higher"
    return f"{text} {words.sentence(words.counted(key, abs(points)))}"


def _two_levels(context: Context, attainment: Attainment) -> str:
    """Return what is expected in the due year on either standard."""
    words, indicator = context.words, context.indicator(attainment)
    printed, places = context.printed_unit(indicator), indicator.decimals
    fields: dict[str, object] = {"due": attainment.due}
    for name, across in (("across", True), ("today", False)):
        path = context.path(attainment, across_breaks=across)
        if path is None:
            return ""
        low, middle, high = (float(value) for value in path.quantiles((0.1, 0.5, 0.9))[path.position(attainment.due)])
        fields[name] = words.amount(middle, path.unit, places, printed=printed)
        fields[f"{name}_interval"] = words.interval(low, high, path.unit, places, printed=printed)
    return words.t("standards.level", **fields)


def _standard_name(context: Context, standard: str) -> str:
    known = context.dataset.standards
    return known.get(standard).name(context.words.language) if standard in known else standard


def _future_breaks(context: Context, touched: list[Attainment]) -> tuple[tuple[str, Break], ...]:
    found: dict[tuple[str, str], tuple[str, Break]] = {}
    for attainment in touched:
        path = context.path(attainment)
        for change in path.breaks if path is not None else ():
            if not change.measured and change.year > context.year and path is not None:
                measured = path.proxy.indicator if path.proxy is not None else path.indicator
                found.setdefault((change.before, change.after), (measured, change))
    return tuple(found.values())


def _jump(context: Context, found: tuple[str, Break]) -> Paragraph:
    indicator, change = found
    prior = context.dataset.standards.link(change.before, change.after, indicator)
    if prior is None:
        return Paragraph(context.words.t("standards.unknown_jump"), "note")
    references = context.sources.references(*prior.source_ids)
    return Paragraph(prior.basis(context.words.language), "note", references)


def pace_section(context: Context) -> Section:
    """Return what it would take: the pace each open target needs, the pace kept lately, and how rare it was."""
    words = context.words
    rows = [attainment for attainment in open_targets(context) if attainment.required_pace is not None]
    if not rows:
        return Section("pace", words.t("section.pace"), (Paragraph(words.t("pace.nothing")),))
    titles = ("target", "required", "recent", "peers", "reached")
    table = Table(
        key="pace",
        caption=words.t("pace.caption"),
        columns=tuple(Column(words.t(f"column.{title}")) for title in titles),
        rows=tuple(_pace_row(context, attainment) for attainment in rows),
        quiet=True,
    )
    return Section("pace", words.t("section.pace"), (Paragraph(words.t("pace.intro"), "note"), table))


def _pace_row(context: Context, attainment: Attainment) -> tuple[Cell, ...]:
    words = context.words
    recent = Cell(context.paced(attainment, attainment.recent_pace), (), attainment.recent_pace)
    if attainment.recent_pace is None:
        recent = Cell(NO_VALUE, (words.t("pace.no_recent"),))
    elif attainment.recent_pace_years is not None:
        first, last = attainment.recent_pace_years
        recent = Cell(recent.text, (f"{first}–{last}",), attainment.recent_pace)
    peers = Cell(NO_VALUE, (words.t("pace.no_peers"),))
    if attainment.peers_pace_share is not None and attainment.peers_count:
        share = words.numbers.percent(attainment.peers_pace_share)
        detail = words.counted("pace.peers", attainment.peers_count)
        peers = Cell(share, (detail,), attainment.peers_pace_share)
    reached = NO_VALUE
    if attainment.year_reached is not None:
        reached = str(attainment.year_reached)
    elif context.target(attainment).rule.at_due and context.target(attainment).rule.of_level:
        reached = words.t("pace.not_reached")
    return (
        Cell(context.name(attainment), (context.asked(attainment), attainment.target_id)),
        Cell(context.required(attainment), (), attainment.required_pace),
        recent,
        peers,
        Cell(reached),
    )


def nowcast_section(context: Context) -> Section:
    """Return this year's estimates ("ước") for what has no published figure of this year yet."""
    words = context.words
    rows: list[tuple[Cell, ...]] = []
    for attainment in ranked_targets(context):
        path = context.path(attainment)
        if path is not None and _estimated(context, path) and len(rows) < ESTIMATES:
            rows.append(_nowcast_row(context, attainment, path))
    if not rows:
        return Section("nowcast", words.t("section.nowcast", year=context.year), ())
    titles = ("indicator", "estimate", "interval80", "last", "grade")
    columns = tuple(Column(words.t(f"column.{title}", year=context.year)) for title in titles)
    caption = words.t("nowcast.caption", year=context.year)
    table = Table("nowcast", caption, columns, tuple(rows), quiet=True)
    intro = Paragraph(words.t("nowcast.intro", year=context.year), "note")
    return Section("nowcast", words.t("section.nowcast", year=context.year), (intro, table))


def _estimated(context: Context, path: Path) -> bool:
    """Say whether this year's figure is still out, and a recent one is held to estimate it from."""
    inside = int(path.years[0]) <= context.year <= int(path.years[-1])
    recent = context.year - path.evidence.last_year <= OLDEST_BASE
    return inside and recent and not bool(path.observed[path.position(context.year)])


def _nowcast_row(context: Context, attainment: Attainment, path: Path) -> tuple[Cell, ...]:
    words = context.words
    indicator = context.indicator(attainment)
    printed, places = context.printed_unit(indicator), indicator.decimals
    low, middle, high = (float(value) for value in path.quantiles((0.1, 0.5, 0.9))[path.position(context.year)])
    details = []
    if path.proxy is not None:
        details.append(words.t(f"nowcast.proxy.{path.proxy.relation}", indicator=context.stand_in(path)))
    figures = path.evidence.observations
    last = Cell(NO_VALUE)
    if figures:
        source = context.dataset.indicators[path.proxy.indicator if path.proxy else path.indicator]
        shown = words.amount(figures[-1].value, source.unit, printed=context.printed_unit(source))
        last = Cell(
            shown, (str(figures[-1].year),), figures[-1].value, context.sources.references(figures[-1].source_id)
        )
    return (
        Cell(context.measured(context.target(attainment)), tuple(details)),
        Cell(words.t("nowcast.about", value=words.amount(middle, path.unit, places, printed=printed)), (), middle),
        Cell(words.interval(low, high, path.unit, places, printed=printed)),
        last,
        Cell(attainment.grade),
    )
