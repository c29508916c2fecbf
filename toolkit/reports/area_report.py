"""The report of one area as a frozen document, and its sections that look ahead. Apart because notebooks open it.

The sections that look ahead say which pace is needed, where the area stands this year, and which standards change.
A commune without a figure of its own gets one page in their place: what its former district suggests, and what to send.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from toolkit.attainment.assess import assess_local, breaks_ahead
from toolkit.attainment.attainment import Attainment
from toolkit.base.texts import NO_VALUE
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.paths import Break
from toolkit.forecast.paths import Path as ForecastPath
from toolkit.forecast.store import Forecasts
from toolkit.plan.judgement import covers
from toolkit.plan.plan import Plan
from toolkit.reports import evidence, first_page
from toolkit.reports.blocks import Block, Cell, Document, Heading, Paragraph, Section
from toolkit.reports.context import Context, RunFacts, SourceBook, cycle_of, head_of, page_of
from toolkit.reports.targets import charted, charts_section, name_cell, own_section, ranked_targets, targets_section
from toolkit.reports.wording import words


def build_area_document(
    area: Area,
    attainments: Sequence[Attainment],
    forecasts: Forecasts,
    dataset: Dataset,
    plan: Plan,
    *,
    language: str,
    run: RunFacts,
    cycle: str = "",
    since: str = "",
    look_back: bool = False,
) -> Document:
    """Return the report of one area as data.

    Parameters
    ----------
    area :
        The unit that the report is about: a province, a (former) district or a commune.
    attainments :
        One for every statement of the plan, in the plan's order.
    forecasts, dataset, plan :
        What the attainments were made from.
    language :
        ``"vi"`` or ``"en"``.
    run :
        How the numbers came about.
    cycle :
        Reporting round such as ``2026-annual``; empty for a report outside the rounds.
    since :
        Folder of an earlier run, to say what changed since then; empty for none.
    look_back :
        Whether to say what would have been forecast at past dates: it takes seconds where an area has long series.

    Returns
    -------
    Document
        Always with the same section keys; a section with nothing to say has no blocks.

    Raises
    ------
    UsageError
        For a language other than ``vi`` and ``en``.
    ValueError
        If an attainment is another area's, or a statement of the plan has none.
    """
    _check(area, attainments, plan)
    wording, book, reporting = words(language), SourceBook(dataset.sources), cycle_of(cycle, plan)
    own = assess_local(area, plan, dataset, forecasts)
    context = Context(area, tuple(attainments), forecasts, dataset, plan, run, wording, book, reporting, own)
    lent = context.is_lent
    made = {section.key: section for section in (_lent if lent else _sections)(context)}
    if look_back and not lent:
        made["record"] = evidence.record_section(context, charted(context))
    name, earlier = area.name(wording.language), Path(since) if since else None
    changed = first_page.changes_section(context, {area.code: name}, attainments, earlier)
    opening = () if lent else first_page.front(context, changed)  # before the list of sources, which comes last
    late = (evidence.sources_section(context), evidence.provenance_section(context))
    sections = context.with_origins((*(made.get(key, Section(key, "", ())) for key in KEYS), *late))
    notices = []
    if area.valid_to is not None and area.valid_to < run.as_of:
        key = "notice.former_district" if area.level == "district" else "notice.former_area"
        notices.append(wording.t(key, area=name, day=wording.day(area.valid_to)))
    answered = (wording.sentence(wording.t("lent.answer", area=context.area_name)),)
    head = head_of(
        context,
        sections,
        page_title=wording.t("page_title", area=name, number=plan.number),
        title=wording.t("title", area=name, number=plan.number),
        answer=answered if lent else first_page.answer(context),
        notices=notices,
        front=opening,
        links=(
            *(() if lent else ("#targets",)), "index.html", "attainment.csv", "tables/forecast.csv",
            f"{page_of(area)}.ipynb",
        ),
    )  # fmt: skip
    return Document(head, sections)


KEYS = (
    "suggested", "request", "targets", "charts", "standards", "pace", "own", "nowcast", "gaps", "record",
    "readings", "method",
)  # fmt: skip
"""Sections of every report, before its sources; those with nothing to say have no blocks."""


def _sections(context: Context) -> Iterable[Section]:
    """Return what follows the first page."""
    yield targets_section(context)
    yield charts_section(context)
    yield standards_section(context)
    yield pace_section(context)
    yield own_section(context)
    yield nowcast_section(context)
    yield evidence.gaps_section(context)
    yield evidence.readings_section(context)
    yield evidence.method_section(context.words, context.facts, context.area.level)


def _lent(context: Context) -> Iterable[Section]:
    """Return the page of an area without figures: what those above it suggest, and the form of what to send."""
    words, lent = context.words, dict[tuple[str, str], tuple[Attainment, ForecastPath]]()
    for item in sorted(context.attainments, key=lambda item: item.due < context.year):
        path = context.path(item) if item.outcome == "cannot_assess" else None
        lender = None if path is None else _lender(context, path)
        if lender and covers(lender, item.due) and context.sources.citable(lender.evidence.observations[-1].source_id):
            lent.setdefault((lender.indicator, lender.scope), (item, lender))
    rows = [_lent_row(context, *one) for one in list(lent.values())[:SUGGESTED]]
    intro, nothing = words.t("lent.suggested"), words.t("lent.nothing")
    yield Section.of_rows(words.t, "suggested", LENT, rows, intro=intro, nothing=nothing)
    forms = []
    for gap in evidence.missing_series(context)[:REQUESTED]:
        unit = words.unit(context.dataset.indicators[gap.indicator].unit)
        name = Cell(context.series_name(gap.indicator, gap.scope), (unit,))
        forms.append((name, Cell(str(context.year - 1)), Cell(BLANK), Cell(BLANK)))
    intro, names = words.t("lent.request", day=context.next_round), ("gap", "year", "your_value", "your_source")
    yield Section.of_rows(words.t, "request", names, forms, intro=intro)


LENT = ("target", "lender", "lender_last", "lender_expected")
SUGGESTED, REQUESTED = 4, 6
"""Rows of the page of an area without figures."""
BLANK = "……………"


def _lender(context: Context, path: ForecastPath) -> ForecastPath | None:
    """Return the path, of the areas above, that has figures of its own."""
    found: ForecastPath | None = path
    while found is not None and not found.evidence.own_points:
        code = found.evidence.parent_code
        found = context.forecasts.path(code, found.indicator, found.scope) if code else None
    return found


def _lent_row(context: Context, item: Attainment, lender: ForecastPath) -> tuple[Cell, ...]:
    area = context.dataset.areas.get(lender.area_code).name(context.words.language)
    median, amount, interval = context.expected(lender, item.due)
    details = [context.words.t("interval.80", interval=interval), str(item.due)]
    if lender.proxy is not None:
        details.append(context.words.t(f"nowcast.proxy.{lender.proxy.relation}", indicator=context.proxy_name(lender)))
    expected = Cell(amount, tuple(details), median)
    return (name_cell(context, item), Cell(area), _newest_cell(context, lender), expected)


def _check(area: Area, attainments: Sequence[Attainment], plan: Plan) -> None:
    strangers = {attainment.area_code for attainment in attainments} - {area.code}
    if strangers:
        raise ValueError(f"attainments of {sorted(strangers)} in the document of {area.code}")
    judged = {item.target_id for item in attainments}
    lacking = [target.id for target in plan.targets if target.id not in judged]
    if lacking:
        raise ValueError(f"no attainment for {', '.join(lacking)} in {area.code}")


ESTIMATES = 15
"""Estimates of the running year shown at most: those of the indicators that matter most."""
OLDEST_BASE = 3
"""An estimate of the running year starts from an observation at most this many years old."""


def standards_section(context: Context) -> Section:
    """Return, for every target that a coming change of standard touches, both answers and why they differ."""
    words = context.words
    touched = [
        (item, path)
        for item in context.attainments
        if item.probability_same_standard is not None and item.verdict != "not_decided_by_bound"
        if (path := context.path(item)) is not None
    ]
    blocks: list[Block] = []
    for attainment, path in touched:
        blocks.append(Heading(context.quoted(attainment)))
        blocks.append(Paragraph(_two_answers(context, attainment, path), "lead"))
    if blocks:
        lines = {bool(context.dataset.indicators[path.indicator].denominator) for _, path in touched}
        blocks.extend(Paragraph(words.t("standards.why" if raised else "standards.units")) for raised in sorted(lines))
        blocks.extend(dict.fromkeys(_jump(context, *found) for found in _future_breaks(touched)))
    return Section("standards", words.t("section.standards"), tuple(blocks))


def _two_answers(context: Context, attainment: Attainment, path: ForecastPath) -> str:
    words, standards = context.words, context.dataset.standards
    changes = [item for item in breaks_ahead(path, attainment.due) if not item.measured]
    before, after = (
        (standards.get(name).name(words.language) if name in standards else name)
        for name in ((changes[0].before, changes[-1].after) if changes else ("", ""))
    )
    across, today = attainment.probability or 0.0, attainment.probability_same_standard or 0.0
    both = words.t(
        "standards.both",
        chance=first_page.chance(context, attainment),
        today=first_page.chance(context, replace(attainment, probability=today)),
        after=after,
        before=before,
        year=changes[-1].year if changes else attainment.due,
    )
    points = first_page.whole_percent(today, attainment.bound) - first_page.whole_percent(across, attainment.bound)
    effect = words.counted("standards.lower" if points > 0 else "standards.higher", abs(points))
    sentences = (both, _two_levels(context, attainment), effect if points else words.t("standards.same"))
    return " ".join(words.sentence(sentence) for sentence in sentences if sentence)


def _two_levels(context: Context, attainment: Attainment) -> str:
    """Return what is expected in the due year on either standard."""
    fields: dict[str, object] = {"due": attainment.due}
    for name, across in (("across", True), ("today", False)):
        path = context.path(attainment, across_breaks=across)
        if path is None:
            return ""
        _, fields[name], fields[f"{name}_interval"] = context.expected(path, attainment.due)
    return context.words.t("standards.level", **fields)


def _future_breaks(touched: Iterable[tuple[Attainment, ForecastPath]]) -> list[tuple[str, Break]]:
    """Return the coming changes of standard, each once, with the indicator that is measured."""
    found: dict[tuple[str, str], tuple[str, Break]] = {}
    for attainment, path in touched:
        for change in breaks_ahead(path, attainment.due):
            if not change.measured:
                measured = path.proxy.indicator if path.proxy is not None else path.indicator
                found.setdefault((change.before, change.after), (measured, change))
    return list(found.values())


def _jump(context: Context, indicator: str, change: Break) -> Paragraph:
    """Return what is known of the effect that a change of standard has on an indicator."""
    prior = context.dataset.standards.link(change.before, change.after, indicator)
    if prior is None:
        return Paragraph(context.words.t("standards.unknown_jump"), "note")
    references = context.sources.references(*prior.source_ids)
    return Paragraph(prior.basis(context.words.language), "note", references)


def pace_section(context: Context) -> Section:
    """Return what it would take: the pace each open target needs, the pace kept lately, and how rare it was."""
    words = context.words
    first = [item for item in first_page.at_risk(context) if item.due >= context.year]
    rest = [item for item in first_page.open_targets(context) if item not in first]
    rows = [_pace_row(context, item) for item in (*first, *rest) if item.required_pace is not None]
    names, nothing = ("target", "required", "recent", "peers", "reached"), words.t("pace.nothing")
    return Section.of_rows(words.t, "pace", names, rows, intro=words.t("pace.intro"), nothing=nothing)


def _pace_row(context: Context, attainment: Attainment) -> tuple[Cell, ...]:
    words = context.words
    peers = Cell(NO_VALUE, (words.t("pace.no_peers"),))
    if attainment.peers_pace_share is not None and attainment.peers_count:
        share = words.numbers.percent(attainment.peers_pace_share)
        detail = words.counted("pace.peers", attainment.peers_count)
        peers = Cell(share, (detail,), attainment.peers_pace_share)
    reached = NO_VALUE
    if attainment.year_reached is not None:
        reached = str(attainment.year_reached)
    elif (rule := context.target(attainment).rule).at_due and rule.of_level:
        reached = words.t("pace.not_reached")
    return (name_cell(context, attainment), *first_page.pace_cells(context, attainment), peers, Cell(reached))


def nowcast_section(context: Context) -> Section:
    """Return this year's estimates ("ước") for what has no published value of this year yet: what can still move.

    Only from figures of the area's own of the last years, and only for targets of its level.
    """
    words, year = context.words, context.year
    half_year = context.cycle is not None and context.cycle.kind == "six_month"
    title = words.t(f"section.{'this_year' if half_year else 'nowcast'}", year=year)
    estimated = [
        (item, path)
        for item in ranked_targets(context)
        if (path := context.path(item)) is not None
        and covers(path, year)
        and item.outcome != "orientation"
        and any(year - figure.year <= OLDEST_BASE for figure in path.evidence.observations)
        and not path.observed[path.position(year)]
        and context.sources.citable(path.evidence.observations[-1].source_id)
    ]
    rows = [_nowcast_row(context, item, path) for item, path in estimated[:ESTIMATES]]
    names, intro = (
        ("indicator", "estimate", "interval80", "last", "required", "grade"),
        words.t("nowcast.intro", year=year),
    )
    return Section.of_rows(words.t, "nowcast", names, rows, title=title, intro=intro, year=year)


def _nowcast_row(context: Context, item: Attainment, path: ForecastPath) -> tuple[Cell, ...]:
    words, details = context.words, [item.target_id]
    median, amount, interval = context.expected(path, context.year)
    if path.proxy is not None:
        details.append(words.t(f"nowcast.proxy.{path.proxy.relation}", indicator=context.proxy_name(path)))
    ahead = item.due >= context.year and item.outcome == "probability"
    return (
        Cell(context.quantity(item), tuple(details)),
        Cell(words.t("nowcast.about", value=amount), (), median),
        Cell(interval),
        _newest_cell(context, path),
        Cell(context.required_pace(item), (), item.required_pace) if ahead else Cell(NO_VALUE),
        Cell(item.grade),
    )


def _newest_cell(context: Context, path: ForecastPath) -> Cell:
    """Return the newest figure that a path is made from."""
    newest = path.evidence.observations[-1]
    references, link = context.sources.references(newest.source_id), context.figure_link(newest)
    return Cell(context.observation(path, -1), (str(newest.year),), newest.value, references, link=link)
