"""What lies ahead: the headline's sentences, the coming change of standard, the pace it takes, this year's estimates.

The evidence grade decides how a sentence begins (its condition), whether its probability is "about" or "at
least", and whether the area itself may be the subject; the probability decides the verb.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from toolkit.attainment.result import Attainment, Bound
from toolkit.base.numbers import NO_VALUE
from toolkit.forecast.paths import Break, Path
from toolkit.plan.targets import LevelRule
from toolkit.reports.blocks import Block, Bullets, Cell, Column, Heading, Item, Paragraph, Section, Table
from toolkit.reports.context import Context
from toolkit.reports.fan_charts import ranked_targets
from toolkit.reports.targets import last_cell

JUDGED = (
    ("met", ("met",)),
    ("likely", ("very_likely", "likely")),
    ("even", ("about_as_likely_as_not",)),
    ("unlikely", ("unlikely", "very_unlikely")),
    ("not_met", ("not_met",)),
)
"""Verdicts as the first sentence adds them up."""
OPEN = (
    ("open", ("not_decided_by_bound", "outlook", "orientation")),
    ("cannot_be_assessed", ("cannot_be_assessed",)),
    ("milestone", ("milestone",)),
)
"""What has no likelihood."""


def headline(context: Context, most_wanted: str) -> tuple[str, ...]:
    """Return the answer in two to four sentences.

    Parameters
    ----------
    context :
        The area's numbers.
    most_wanted :
        The sentence about the figure that would help most; empty for none.
    """
    sentences = [counts_sentence(context)]
    leading = leading_target(context)
    if leading is not None:
        sentences.append(verdict_sentence(context, leading))
    other = weakest_target(context, leading) or strongest_target(context, leading)
    if other is not None:
        sentences.append(verdict_sentence(context, other))
    if most_wanted:
        sentences.append(most_wanted)
    return tuple(sentences)


def counts_sentence(context: Context) -> str:
    """Return how many of the plan's statements have which kind of answer."""
    words = context.words
    judged, rest = (
        [(name, sum(item.verdict in verdicts for item in context.attainments)) for name, verdicts in groups]
        for groups in (JUDGED, OPEN)
    )
    total = sum(number for _, number in judged)
    listed, others = (
        words.listed([words.counted(f"count.{name}", number) for name, number in groups if number])
        for groups in (judged, rest)
    )
    fields = {"total": len(context.attainments), "number": context.plan.number, "list": listed}
    text = words.counted("headline.answered", total, **fields) if total else words.t("headline.none_answered", **fields)
    sentence = words.sentence(text)
    return f"{sentence} {words.sentence(words.t('headline.rest', rest=others))}" if others else sentence


def condition(context: Context, attainment: Attainment) -> str:
    """Return what a sentence about an attainment has to say first, by its evidence grade; empty for grade A."""
    words = context.words
    path = context.path(attainment)
    parts = []
    if attainment.grade.startswith("B") and path is not None:
        parts.append(words.counted("condition.few", path.evidence.own_points))
    if attainment.grade.startswith("C") and path is not None:
        parts.append(words.t("condition.borrowed", area=context.here, parent=context.followed(path)))
    if path is not None and path.proxy is not None:
        parts.append(words.t("condition.proxy", indicator=context.stand_in(path)))
    elif "D" in attainment.grade:  # the stand-in is that of another quantity in the rule, such as a benchmark
        parts.append(words.t("condition.proxy_part"))
    return "; ".join(parts)


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
    before = condition(context, attainment)
    return words.sentence(words.t("conditional", condition=before, statement=phrase) if before else phrase)


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


def _graded(attainment: Attainment) -> int:
    return "ABC".find(attainment.grade[:1]) + (3 if "D" in attainment.grade else 0)


def leading_target(context: Context) -> Attainment | None:
    """Return the open target to speak of first: one that a coming change of standard touches, else the best known."""
    choices = open_targets(context)
    touched = [attainment for attainment in choices if attainment.probability_same_standard is not None]
    ranked = sorted(touched or choices, key=lambda attainment: (attainment.due, _graded(attainment)))
    return ranked[0] if ranked else None


def weakest_target(context: Context, leading: Attainment | None) -> Attainment | None:
    """Return the open target that is least likely to be met, if any is unlikely."""
    choices = _without(open_targets(context), leading, ("unlikely", "very_unlikely"))
    return min(choices, key=lambda attainment: (attainment.probability or 0.0, _graded(attainment)), default=None)


def strongest_target(context: Context, leading: Attainment | None) -> Attainment | None:
    """Return the open target that is most likely to be met, if any is likely; the best known of equals."""
    choices = _without(open_targets(context), leading, ("likely", "very_likely"))
    return min(choices, key=lambda attainment: (_graded(attainment), -(attainment.probability or 0.0)), default=None)


def _without(choices: Iterable[Attainment], leading: Attainment | None, verdicts: Sequence[str]) -> list[Attainment]:
    return [attainment for attainment in choices if attainment is not leading and attainment.verdict in verdicts]


ESTIMATES = 15
"""Estimates of the running year shown at most: those of the indicators that matter most."""
OLDEST_BASE = 3
"""An estimate of the running year starts from a figure at most this many years old."""


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
    elif isinstance(context.target(attainment).rule, LevelRule):
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


FIXED, UNKNOWN = ("settled", "known", "past"), ("no_data",)
"""Why no effort of this year changes an answer, and why nothing can be said."""


def movable_section(context: Context) -> Section:
    """Return the open targets whose figure of this year is still to come, then what this year settles no more.

    Empty outside the half-year round.
    """
    words, year = context.words, context.year
    title = words.t("section.movable", year=year)
    if context.cycle is None or context.cycle.kind != "six_month":
        return Section("movable", title, ())
    open_ones = [(item, path) for item in context.attainments if (path := _open_path(context, item)) is not None]
    blocks: list[Block] = [Paragraph(words.t("movable.intro", year=year), "note")]
    if open_ones:
        names = ("target", "last", "estimate", "required")
        columns = tuple(Column(words.t(f"column.{name}", year=year)) for name in names)
        rows = tuple(_movable_row(context, item, path) for item, path in open_ones)
        blocks.append(Table("movable", words.t("movable.caption", year=year), columns, rows))
    else:
        blocks.append(Paragraph(words.t("movable.nothing", year=year)))
    rest = _movable_rest(context, {item.target_id for item, _ in open_ones})
    for name, kinds in (("fixed", FIXED), ("unknown", UNKNOWN)):
        items = tuple(_movable_item(context, kind, rest[kind]) for kind in kinds if rest[kind])
        if items:
            blocks += [Paragraph(words.t(f"movable.{name}", year=year), "lead"), Bullets(items)]
    return Section("movable", title, tuple(blocks))


def _open_path(context: Context, attainment: Attainment) -> Path | None:
    """Return the path of a target still ahead whose figure of this year is not final yet."""
    path = context.path(attainment)
    if path is None or attainment.outcome != "probability" or attainment.due < context.year:
        return None
    inside = int(path.years[0]) <= context.year <= int(path.years[-1])
    return path if inside and not bool(path.final[path.position(context.year)]) else None


def _movable_row(context: Context, attainment: Attainment, path: Path) -> tuple[Cell, ...]:
    words, indicator = context.words, context.indicator(attainment)
    printed, places = context.printed_unit(indicator), indicator.decimals
    low, middle, high = (float(value) for value in path.quantiles((0.1, 0.5, 0.9))[path.position(context.year)])
    estimate = words.t("nowcast.about", value=words.amount(middle, path.unit, places, printed=printed))
    interval = words.interval(low, high, path.unit, places, printed=printed)
    return (
        Cell(context.name(attainment), (context.asked(attainment), attainment.target_id)),
        last_cell(context, attainment),
        Cell(estimate, (words.t("interval.80", interval=interval),), middle),
        Cell(context.required(attainment), (), attainment.required_pace),
    )


def _movable_rest(context: Context, movable: set[str]) -> dict[str, list[str]]:
    """Return every other target with a number, by the reason why it cannot be said to move this year."""
    groups: dict[str, list[str]] = {kind: [] for kind in (*FIXED, *UNKNOWN)}
    for item in context.attainments:
        if item.target_id in movable or item.outcome in {"milestone", "orientation"}:
            continue
        if item.outcome == "settled":
            kind = "settled"
        elif item.due < context.year:
            kind = "past"
        else:
            kind = "no_data" if item.outcome == "cannot_assess" else "known"
        groups[kind].append(item.target_id)
    return groups


def _movable_item(context: Context, kind: str, ids: list[str]) -> Item:
    return Item(", ".join(ids), context.words.counted(f"movable.{kind}", len(ids), year=context.year))
