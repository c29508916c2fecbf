"""The report of one area as a frozen document, and its sections that look ahead. Apart because notebooks open it.

The sections that look ahead say what the running year still decides, which pace is needed, where the area stands now,
and which standards change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from toolkit.attainment.assess import assess_local, breaks_ahead
from toolkit.attainment.attainment import Attainment
from toolkit.base.texts import NO_VALUE, slug
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.paths import Break, Path
from toolkit.forecast.store import Forecasts
from toolkit.plan.judgement import Bound, covers
from toolkit.plan.plan import Plan
from toolkit.reports.blocks import Block, Bullets, Cell, Document, Heading, Item, Paragraph, Section, Table
from toolkit.reports.context import Context, RunFacts, SourceBook, cycle_of, head_of
from toolkit.reports.evidence import (
    gaps_section,
    method_section,
    most_wanted,
    provenance_section,
    readings_section,
    sources_section,
)
from toolkit.reports.targets import (
    charts_section,
    last_cell,
    name_cell,
    own_section,
    ranked_targets,
    tally,
    targets_section,
)
from toolkit.reports.wording import GROUPS, JUDGED, LIKELY, words


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
    sections = (
        targets_section(context),
        charts_section(context),
        standards_section(context),
        this_year_section(context),
        pace_section(context),
        own_section(context),
        nowcast_section(context),
        gaps_section(context),
        readings_section(context),
        method_section(wording, run, area.level),
        sources_section(wording, book),
        provenance_section(wording, run, reporting),
    )
    name = area.name(wording.language)
    notices = []
    if area.valid_to is not None and area.valid_to < run.as_of:
        key = "notice.former_district" if area.level == "district" else "notice.former_area"
        notices.append(wording.t(key, area=name, day=wording.day(area.valid_to)))
    head = head_of(
        context,
        sections,
        page_title=wording.t("page_title", area=name, number=plan.number),
        title=wording.t("title", area=name, number=plan.number),
        answer=headline(context, most_wanted(context)),
        notices=notices,
        tally=tally(context),
        links=(
            "../index.html",
            "../attainment.csv",
            "../tables/forecast.csv",
            f"{area.code}-{slug(area.name_vi)}.ipynb",
        ),
    )
    return Document(head, sections)


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


def headline(context: Context, most_wanted: str) -> tuple[str, ...]:
    """Return the answer in two to four sentences.

    Parameters
    ----------
    context :
        The area's numbers.
    most_wanted :
        The sentence about the missing series that would help most; empty for none.
    """
    leading = leading_target(context)
    other = _telling_target(context, leading)
    answers = [verdict_sentence(context, item) for item in (leading, other) if item is not None]
    return (counts_sentence(context), *answers, *([most_wanted] if most_wanted else []))


def counts_sentence(context: Context) -> str:
    """Return how many of the plan's statements have which kind of answer."""
    words = context.words
    counts = [(name, sum(item.verdict in verdicts for item in context.attainments)) for name, verdicts in GROUPS]
    judged, rest = counts[:JUDGED], counts[JUDGED:]
    listed, others = (
        words.listed([words.counted(f"count.{name}", count) for name, count in groups if count])
        for groups in (judged, rest)
    )
    total = sum(count for _, count in judged)
    fields = {"total": len(context.attainments), "number": context.plan.number, "list": listed}
    text = words.counted("headline.answered", total, **fields) if total else words.t("headline.none_answered", **fields)
    sentence = words.sentence(text)
    return f"{sentence} {words.sentence(words.t('headline.rest', rest=others))}" if others else sentence


def verdict_sentence(context: Context, attainment: Attainment) -> str:
    """Return one sentence that answers one target, hedged by its probability and its evidence grade."""
    words = context.words
    quoted = context.quoted(attainment)
    if attainment.outcome == "settled":
        value = context.judged(attainment, attainment.last_value)
        text = words.t(f"settled.{attainment.verdict}", target=quoted, value=value, year=attainment.last_year)
        return words.sentence(text)
    if attainment.outcome != "probability":
        return words.sentence(words.t(f"state.{attainment.outcome}", target=quoted))
    tense = "past" if attainment.due < context.year else "future"
    phrase = words.t(f"phrase.{attainment.verdict}.{tense}", target=quoted, chance=chance(context, attainment))
    before = _condition(context, attainment)
    return words.sentence(words.t("conditional", condition=before, statement=phrase) if before else phrase)


def _condition(context: Context, attainment: Attainment) -> str:
    """Return what a sentence about an attainment has to say first, by its evidence grade; empty for grade A."""
    words = context.words
    path = context.path(attainment)
    parts = []
    if attainment.basis == "B" and path is not None:
        parts.append(words.counted("condition.few", path.evidence.own_points))
    if attainment.basis == "C" and path is not None:
        parts.append(words.t("condition.borrowed", area=context.area_name, parent=context.parent_name(path)))
    if path is not None and path.proxy is not None:
        parts.append(words.t("condition.proxy", indicator=context.proxy_name(path)))
    elif attainment.through_proxy:  # the proxy is that of another quantity in the rule, such as a benchmark
        parts.append(words.t("condition.proxy_part"))
    return "; ".join(parts)


def chance(context: Context, attainment: Attainment) -> str:
    """Return the probability in words: plain for grade A, "about" for weaker evidence, "at least" through a bound."""
    words = context.words
    if attainment.bound == "at_least":
        shown = words.numbers.percent(whole_percent(attainment.probability or 0.0, attainment.bound) / 100)
        return words.t("chance.at_least", probability=shown)
    probability = attainment.probability if attainment.probability is not None else float("nan")
    if probability < 0.01 or probability > 0.99:
        limit = words.numbers.percent(0.01 if probability < 0.01 else 0.99)
        return words.t("chance.below" if probability < 0.01 else "chance.above", probability=limit)
    shown = words.numbers.probability(probability)
    return words.t("chance.plain" if attainment.grade == "A" else "chance.about", probability=shown)


def whole_percent(probability: float, bound: Bound) -> int:
    """Return a probability in whole per cent as it is written: a bound is rounded down, nothing is more than 99.

    >>> whole_percent(0.839, "at_least"), whole_percent(0.839, "exact"), whole_percent(1.0, "exact")
    (83, 84, 99)
    """
    written = int(100 * probability + 1e-9) if bound == "at_least" else round(100 * probability)
    return min(written, 99)


def open_targets(context: Context) -> tuple[Attainment, ...]:
    """Return what still lies ahead and has a likelihood word, in the plan's order."""
    return tuple(
        attainment
        for attainment in context.attainments
        if attainment.outcome == "probability" and attainment.verdict != "outlook" and attainment.due >= context.year
    )


def _grade_rank(attainment: Attainment) -> int:
    return "ABC".find(attainment.basis) + (3 if attainment.through_proxy else 0)


def leading_target(context: Context) -> Attainment | None:
    """Return the open target to speak of first: one that a coming change of standard touches, else the best known."""
    choices = open_targets(context)
    touched = [item for item in choices if item.probability_same_standard is not None]
    return min(touched or choices, key=lambda item: (item.due, _grade_rank(item)), default=None)


def _telling_target(context: Context, leading: Attainment | None) -> Attainment | None:
    """Return the open target least likely to be met, if any is unlikely; else the most likely, if any is likely."""
    others = [item for item in open_targets(context) if item is not leading]
    unlikely = [item for item in others if item.verdict in {"unlikely", "very_unlikely"}]
    if unlikely:
        return min(unlikely, key=lambda item: (item.probability or 0.0, _grade_rank(item)))
    likely = [item for item in others if item.verdict in LIKELY]
    return min(likely, key=lambda item: (_grade_rank(item), -(item.probability or 0.0)), default=None)


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


def _two_answers(context: Context, attainment: Attainment, path: Path) -> str:
    words, standards = context.words, context.dataset.standards
    changes = [item for item in breaks_ahead(path, attainment.due) if not item.measured]
    before, after = (
        (standards.get(name).name(words.language) if name in standards else name)
        for name in ((changes[0].before, changes[-1].after) if changes else ("", ""))
    )
    across, today = attainment.probability or 0.0, attainment.probability_same_standard or 0.0
    both = words.t(
        "standards.both",
        chance=chance(context, attainment),
        today=chance(context, replace(attainment, probability=today)),
        after=after,
        before=before,
        year=changes[-1].year if changes else attainment.due,
    )
    points = whole_percent(today, attainment.bound) - whole_percent(across, attainment.bound)
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


def _future_breaks(touched: Iterable[tuple[Attainment, Path]]) -> list[tuple[str, Break]]:
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
    rows = [_pace_row(context, item) for item in open_targets(context) if item.required_pace is not None]
    if not rows:
        return Section("pace", words.t("section.pace"), (Paragraph(words.t("pace.nothing")),))
    names = ("target", "required", "recent", "peers", "reached")
    table = Table.of(words.t, "pace", names, rows, caption=words.t("pace.caption"))
    return Section("pace", words.t("section.pace"), (Paragraph(words.t("pace.intro"), "note"), table))


def _pace_row(context: Context, attainment: Attainment) -> tuple[Cell, ...]:
    words = context.words
    recent = Cell(NO_VALUE, (words.t("pace.no_recent"),))
    if attainment.recent_pace is not None:
        years = attainment.recent_pace_years
        details = (f"{years[0]}–{years[1]}",) if years is not None else ()
        if any(note.key.startswith("attainment.note.pace_of_bound") for note in attainment.notes):
            details = (*details, words.t("pace.of_bound"))
        recent = Cell(context.pace(attainment, attainment.recent_pace), details, attainment.recent_pace)
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
    required = Cell(context.required_pace(attainment), (), attainment.required_pace)
    return (name_cell(context, attainment), required, recent, peers, Cell(reached))


def nowcast_section(context: Context) -> Section:
    """Return this year's estimates ("ước") for what has no published value of this year yet."""
    words, year = context.words, context.year
    title = words.t("section.nowcast", year=year)
    estimated = [
        (item, path)
        for item in ranked_targets(context)
        if (path := context.path(item)) is not None
        and covers(path, year)
        and year - path.evidence.last_year <= OLDEST_BASE
        and not path.observed[path.position(year)]
    ]
    if not estimated:
        return Section("nowcast", title, ())
    rows = [_nowcast_row(context, item, path) for item, path in estimated[:ESTIMATES]]
    names = ("indicator", "estimate", "interval80", "last", "grade")
    caption = words.t("nowcast.caption", year=year)
    table = Table.of(words.t, "nowcast", names, rows, caption=caption, year=year)
    return Section("nowcast", title, (Paragraph(words.t("nowcast.intro", year=year), "note"), table))


def _nowcast_row(context: Context, attainment: Attainment, path: Path) -> tuple[Cell, ...]:
    words = context.words
    median, amount, interval = context.expected(path, context.year)
    details = []
    if path.proxy is not None:
        details.append(words.t(f"nowcast.proxy.{path.proxy.relation}", indicator=context.proxy_name(path)))
    last = Cell(NO_VALUE)
    if path.evidence.observations:
        newest = path.evidence.observations[-1]
        references = context.sources.references(newest.source_id)
        link = context.figure_link(newest)
        last = Cell(context.observation(path, -1), (str(newest.year),), newest.value, references, link=link)
    return (
        Cell(context.quantity(attainment), tuple(details)),
        Cell(words.t("nowcast.about", value=amount), (), median),
        Cell(interval),
        last,
        Cell(attainment.grade),
    )


def this_year_section(context: Context) -> Section:
    """Return the open targets whose value of this year is still to come, then what this year decides no more.

    Empty outside the half-year round.
    """
    words, year = context.words, context.year
    title = words.t("section.this_year", year=year)
    if context.cycle is None or context.cycle.kind != "six_month":
        return Section("this_year", title, ())
    undecided = [(item, path) for item in context.attainments if (path := _undecided(context, item)) is not None]
    blocks: list[Block] = [Paragraph(words.t("this_year.intro", year=year), "note")]
    if undecided:
        names = ("target", "last", "estimate", "required")
        rows = [_this_year_row(context, item, path) for item, path in undecided]
        caption = words.t("this_year.caption", year=year)
        blocks.append(Table.of(words.t, "this_year", names, rows, caption=caption, quiet=False, year=year))
    else:
        blocks.append(Paragraph(words.t("this_year.nothing", year=year)))
    decided = _decided(context, {item.target_id for item, _ in undecided})
    for name, reasons in (("fixed", ("settled", "known", "past")), ("unknown", ("no_data",))):
        found = [(reason, decided[reason]) for reason in reasons if reason in decided]
        items = tuple(
            Item(", ".join(ids), words.counted(f"this_year.{reason}", len(ids), year=year)) for reason, ids in found
        )
        if items:
            blocks += [Paragraph(words.t(f"this_year.{name}", year=year), "lead"), Bullets(items)]
    return Section("this_year", title, tuple(blocks))


def _undecided(context: Context, attainment: Attainment) -> Path | None:
    """Return the path of a target still ahead whose value of this year is not final yet."""
    path = context.path(attainment)
    if path is None or attainment.outcome != "probability" or attainment.due < context.year:
        return None
    return path if covers(path, context.year) and not path.final[path.position(context.year)] else None


def _this_year_row(context: Context, attainment: Attainment, path: Path) -> tuple[Cell, ...]:
    words = context.words
    median, amount, interval = context.expected(path, context.year)
    return (
        name_cell(context, attainment),
        last_cell(context, attainment),
        Cell(words.t("nowcast.about", value=amount), (words.t("interval.80", interval=interval),), median),
        Cell(context.required_pace(attainment), (), attainment.required_pace),
    )


def _decided(context: Context, undecided: set[str]) -> dict[str, list[str]]:
    """Return every other target with a number, by the reason why no effort of this year changes its answer."""
    groups: dict[str, list[str]] = {}
    for item in context.attainments:
        if item.target_id in undecided or item.outcome in {"milestone", "orientation"}:
            continue
        if item.outcome == "settled":
            reason = "settled"
        elif item.due < context.year:
            reason = "past"
        else:
            reason = "no_data" if item.outcome == "cannot_assess" else "known"
        groups.setdefault(reason, []).append(item.target_id)
    return groups
