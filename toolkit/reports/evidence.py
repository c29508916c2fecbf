"""What answers rest on: missing series, stand-ins, conflicting values, our readings; method, test record, sources."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.attainment.attainment import Attainment, lowered
from toolkit.data.dataset import PROJECT_DATA
from toolkit.data.indicators import Indicator
from toolkit.data.observations import Observation
from toolkit.evaluate.backtest import backtest_plan, origin_days
from toolkit.plan.judgement import OP_KEYS, Note
from toolkit.reports.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    Definitions,
    Heading,
    Item,
    Paragraph,
    Section,
    Sparkline,
    Table,
)
from toolkit.reports.context import Context, RunFacts
from toolkit.reports.wording import Words, tolerance

MOST_MISSING = 12
"""Missing series that are listed."""


@dataclass(frozen=True)
class MissingSeries:
    """A series that the area lacks.

    Attributes
    ----------
    indicator, scope :
        What is missing.
    unanswered :
        Targets that cannot be assessed without it.
    weak :
        Targets whose answer rests on a proxy, or on other areas, in its place.
    worth :
        What the ranking goes by: see :func:`missing_series`.
    """

    indicator: str
    scope: str
    unanswered: tuple[Attainment, ...]
    weak: tuple[Attainment, ...]
    worth: float


def missing_series(context: Context) -> tuple[MissingSeries, ...]:
    """Return the missing series, the one that would help most first.

    A target that could not be answered at all counts 1. One answered through a proxy or from other areas
    counts by what a series of the area's own would take away: how uncertain the answer is, 4 p (1 − p), times the share
    of that which the series is expected to remove (:func:`toolkit.attainment.assess.narrowing`). Targets still ahead
    count in full, those of a past year half, those beyond the tested horizon a quarter.
    """
    found: dict[tuple[str, str], list[Attainment]] = {}
    for item in context.attainments:
        weak = item.basis == "C" or item.through_proxy
        target = context.target(item)
        asked = item.outcome == "cannot_assess" or (item.outcome == "probability" and weak)
        if asked and context.dataset.indicators[target.indicator].known_at(context.area.level):
            found.setdefault((target.indicator, target.scope), []).append(item)
    ranked = [
        MissingSeries(
            *key,
            unanswered=tuple(item for item in items if item.outcome == "cannot_assess"),
            weak=tuple(item for item in items if item.outcome != "cannot_assess"),
            worth=sum(_worth(context, item) for item in items),
        )
        for key, items in found.items()
    ]
    return tuple(sorted(ranked, key=lambda gap: -gap.worth))


def _worth(context: Context, attainment: Attainment) -> float:
    when = 0.5 if attainment.due < context.year else 1.0 if attainment.due <= context.year + 8 else 0.25
    if attainment.outcome == "cannot_assess":
        return when
    chance = attainment.probability or 0.0
    removed = 1.0 if attainment.narrowing is None else attainment.narrowing
    return when * 4 * chance * (1 - chance) * removed


def most_wanted(context: Context) -> str:
    """Return the headline's sentence about the series that would help most; empty when nothing is missing."""
    ranked = missing_series(context)
    if not ranked:
        return ""
    words, first = context.words, ranked[0]
    name = lowered(context.series_name(first.indicator, first.scope))
    key, helped = ("opens", first.unanswered) if first.unanswered else ("firms", first.weak)
    return words.sentence(words.counted(f"headline.gap_{key}", len(helped), indicator=name, area=context.area_name))


def gaps_section(context: Context) -> Section:
    """Return the ranking of missing series."""
    words, ranked = context.words, missing_series(context)
    rows = [_gap_row(context, gap) for gap in ranked[:MOST_MISSING]]
    names, intro, nothing = ("gap", "would_answer", "held_now"), words.t("gaps.intro"), words.t("gaps.nothing")
    section, more = Section.of_rows(words.t, "gaps", names, rows, intro=intro, nothing=nothing), len(ranked) - len(rows)
    rest = (Paragraph(words.counted("gaps.rest", more), "note"),) if more else ()
    return replace(section, blocks=(*section.blocks, *rest))


def _gap_row(context: Context, gap: MissingSeries) -> tuple[Cell, ...]:
    first, *rest = gap_effects(context, gap)
    return (Cell(context.series_name(gap.indicator, gap.scope)), Cell(first, tuple(rest)), Cell(_held(context, gap)))


def gap_effects(context: Context, gap: MissingSeries) -> list[str]:
    """Return what a missing series would answer, firm up and take away of the uncertainty."""
    words = context.words
    effects = [
        words.counted(f"gaps.{key}", len(items), ids=_ids(items))
        for key, items in (("opens", gap.unanswered), ("firms", gap.weak))
        if items
    ]
    removed = [
        item.narrowing for item in gap.weak if item.narrowing is not None and 0.0 < (item.probability or 0.0) < 1.0
    ]
    if removed:
        effects.append(words.t("gaps.removes", percent=words.numbers.percent(max(removed))))
    return effects


def _ids(attainments: Iterable[Attainment]) -> str:
    return ", ".join(attainment.target_id for attainment in attainments)


def _held(context: Context, gap: MissingSeries) -> str:
    """Return what is held in place of the missing series."""
    words = context.words
    path = context.forecasts.path(context.area.code, gap.indicator, gap.scope)
    if path is None:
        return words.t("gaps.held.nothing")
    if path.proxy is not None:
        key = "gaps.held.proxy" if path.evidence.own_points else "gaps.held.proxy_borrowed"
        return words.t(key, indicator=context.proxy_name(path))
    if path.evidence.placed_by:
        fields = {"area": path.evidence.parent_code, "signals": path.evidence.placed_by}
        return context.note(Note("report.gaps.held.placed", fields))
    if path.evidence.basis == "C":
        return words.t("gaps.held.borrowed", parent=context.parent_name(path))
    return words.counted("gaps.held.own", path.evidence.own_points)


def readings_section(context: Context) -> Section:
    """Return proxies with their basis, conflicting values with what became of them, and our readings of the plan.

    The readings are the plan's: they stand in the province's report alone.
    """
    words = context.words
    used: dict[str, list[Attainment]] = {}
    for item in context.attainments:
        if item.proxy:
            used.setdefault(item.proxy, []).append(item)
    tables = (
        ("proxies", ("stand_in", "for_targets", "basis"), [_proxy_row(context, *one) for one in used.items()]),
        ("overruled", ("indicator", "kept", "set_aside"), _conflict_rows(context)),
        ("outside", ("indicator", "published", "own_interval"), _outside_rows(context)),
        ("inferred", ("statement", "reading"), _inferred_rows(context) if context.area.level == "province" else []),
    )
    blocks: list[Block] = []
    for key, names, rows in tables:
        if rows:
            title = words.t(f"readings.{key}")
            table = Table.of(words.t, key, names, rows, caption=title)
            blocks += [Heading(title), Paragraph(words.t(f"readings.{key}_intro"), "note"), table]
    return Section("readings", words.t("section.readings"), tuple(blocks))


def _proxy_row(context: Context, proxy_id: str, items: list[Attainment]) -> tuple[Cell, ...]:
    words = context.words
    proxy = next(one for one in context.indicator(items[0]).proxies if one.id == proxy_id)
    details = [words.t(f"readings.relation.{proxy.relation}")]
    path = context.path(items[0])
    if path is not None and path.proxy is not None:
        if path.proxy.share_note:
            note = path.proxy.share_note
            details.append(words.t("readings.share", share=note.replace(".", ",") if words.language == "vi" else note))
        if path.proxy.unknown_share:
            details.append(words.t("readings.unknown_share"))
    return (
        Cell(context.dataset.indicators[proxy.indicator].names[words.language], tuple(details)),
        Cell(_ids(items)),
        Cell(proxy.basis[words.language], references=context.sources.references(*proxy.source_ids)),
    )


def _conflict_rows(context: Context) -> list[tuple[Cell, ...]]:
    """Return every value of the area that another one contradicts, of all indicators that the plan rests on."""
    known = context.dataset.indicators
    wanted: dict[tuple[str, str], None] = {}
    for target in context.plan.targets:
        if target.indicator in known:
            wanted[target.indicator, target.scope] = None
            proxies = (one for one in known[target.indicator].proxies if one.for_scope == target.scope)
            wanted |= {(one.indicator, one.scope): None for one in proxies}
    return [
        (
            Cell(known[indicator].names[context.words.language], (str(kept.year),)),
            _observation_cell(context, known[indicator], kept),
            _observation_cell(context, known[indicator], loser),
        )
        for indicator, scope in wanted
        for kept in context.dataset.series(context.area.code, indicator, scope).observations
        for loser in kept.overruled
    ]


def _outside_rows(context: Context) -> list[tuple[Cell, ...]]:
    """Return every figure of the area that lies outside the model's own 95 % of its year."""
    words = context.words
    rows: list[tuple[Cell, ...]] = []
    for code, indicator_id, scope, across in sorted(context.forecasts.keys_of(context.area.code)):
        path = context.forecasts.path(code, indicator_id, scope) if across else None
        indicator = context.dataset.indicators[indicator_id]
        for figure, low, high in path.outside() if path is not None else ():
            interval = words.interval(low, high, indicator.unit, indicator.decimals)
            name = Cell(context.series_name(indicator_id, scope), (str(figure.year),))
            rows.append((name, _observation_cell(context, indicator, figure), Cell(interval)))
    return rows


def _observation_cell(context: Context, indicator: Indicator, item: Observation) -> Cell:
    words = context.words
    value = words.amount(item.value, indicator.unit)
    if item.qualifier == "about":
        value = words.t("about", value=value)
    origin = (words.t(f"status.{item.status}"), context.sources.publisher(item.source_id))
    details = (", ".join(part for part in origin if part),)
    references = context.sources.references(item.source_id)
    return Cell(value, details, item.value, references, link=context.figure_link(item))


def _inferred_rows(context: Context) -> list[tuple[Cell, ...]]:
    """Return what was read into the plan's text, each reading with the targets that it serves."""
    serves: dict[str, list[Attainment]] = {}
    for item in context.attainments:
        if item.inferred:
            reading = "; ".join(_reading(context, item, name) for name in item.inferred)
            serves.setdefault(reading, []).append(item)
    return [
        (
            Cell(", ".join(item.target_id for item in items))
            if len(items) > 1
            else Cell(context.name(items[0]), (items[0].target_id,)),
            Cell(reading),
        )
        for reading, items in serves.items()
    ]


def _reading(context: Context, attainment: Attainment, name: str) -> str:
    """Return one field that was read into the plan's text, with the value taken."""
    words, target = context.words, context.target(attainment)
    key = f"plan.inferred.{name}"
    field = words.texts.t(key) if words.texts.has(key) else name
    match name:
        case "scope":
            value = words.t(f"scope.{target.scope}")
        case "share_of":
            value = target.share_text(words.language)
        case "rule.value":
            value = context.requirement(attainment)
        case "rule.tolerance":
            value = tolerance(target, words)
        case "rule.measured_in":
            return field  # the field's own words say it
        case _:
            taken: Any = target.rule.model_dump(by_alias=True).get(name.removeprefix("rule."))
            if name == "rule.op":
                value = words.t(f"operator.{OP_KEYS[taken]}")
            else:
                value = words.numbers.plain(taken) if isinstance(taken, float) else str(taken)
    return words.t("readings.field", field=field, value=value) if value else field


FIRST_ORIGIN, FEWEST_FIGURES, FEWEST_OUTCOMES = 2012, 3, 2
"""From the end of this year on forecasts are looked back at, made from so many figures, where so many outcomes came."""
PAST_DRAWS = 400
WIDE_ENOUGH = 0.65
"""An 80 % interval that held a smaller share of the outcomes was too narrow."""


def record_section(context: Context, headline: Iterable[Attainment]) -> Section:
    """Return what would have been said of the area's own headline indicators at past dates, beside what came.

    Every forecast is made anew from what was known at the end of its year, by the engine of the report.

    Parameters
    ----------
    context :
        The area's numbers.
    headline :
        Answers about the indicators that the report shows.
    """
    words, dataset, code = context.words, context.dataset, context.area.code
    paths = [path for item in headline if (path := context.path(item)) is not None]
    measured = {path.proxy.indicator if path.proxy else path.indicator for path in paths}
    own = [key for key in dataset.with_data() if key[0] == code and key[1] in measured]
    long = sorted({key[1] for key in own if len(dataset.series(*key).observations) > FEWEST_FIGURES})
    rows: list[tuple[Cell, ...]] = []
    if long:
        days = origin_days(FIRST_ORIGIN, dataset.as_of)
        found = backtest_plan(
            dataset, context.plan, [code], days,
            draws=PAST_DRAWS, seed=context.facts.seed, indicators=long,
        )  # fmt: skip
        found = found[(found["unit"] == code) & (found["points"] >= FEWEST_FIGURES)] if len(found) else found
        groups = found.groupby("panel") if len(found) else ()
        rows = [_record_row(context, str(name), group) for name, group in groups if len(group) >= FEWEST_OUTCOMES]
    names, intro, nothing = (
        ("indicator", "record_shown", "record_inside"),
        words.t("record.intro"),
        words.t("record.none"),
    )
    return Section.of_rows(words.t, "record", names, rows, intro=intro, nothing=nothing)


def _record_row(context: Context, panel: str, found: pd.DataFrame) -> tuple[Cell, ...]:
    words, (indicator, scope) = context.words, panel.split("/")
    newest = found.sort_values(["year", "horizon"]).drop_duplicates("year")
    inside, total = int(found["covers_80"].sum()), len(found)
    known = context.dataset.indicators[indicator]
    unit = "percentage_points" if known.unit == "percent" else known.unit
    error, naive = (float(found[name].mean()) for name in ("absolute_error", "naive"))
    amounts = {name: words.amount(size, unit, known.decimals) for name, size in (("error", error), ("naive", naive))}
    spark = Sparkline(
        observed=tuple(zip(newest["year"].astype(int), newest["outcome"], strict=True)),
        path=tuple(zip(newest["year"].astype(int), newest["low80"], newest["median"], newest["high80"], strict=True)),
        target=None,
        label=words.sentence(words.t("record.inside", inside=inside, total=total)),
    )
    verdicts = (
        words.t(f"record.{'better' if error < naive else 'worse'}", **amounts),
        words.t(f"record.{'good' if inside >= WIDE_ENOUGH * total else 'bad'}"),
    )
    years = Cell(f"{newest['year'].min()}–{newest['year'].max()}", spark=spark)
    told = Cell(words.t("record.inside", inside=inside, total=total), verdicts, inside / total)
    return (Cell(context.series_name(indicator, scope)), years, told)


RECORD = PROJECT_DATA / "panels" / "calibration.csv"
"""It belongs to the model, not to the data of a province: always the one that came with the program."""
LINES = {
    "dense": ("all", "measured", "vietnam_provinces", "grade_A", "grade_B"),
    "sparse": ("all", "vietnam_provinces", "grade_B", "grade_C"),
    "lone": tuple(f"{level}_{points}" for level in ("near100", "near0", "middle", "quantity") for points in (1, 2, 3)),
}
"""A province has series like those of the dense cuts; below it few areas have points, as in the sparse ones. Everywhere
there are single series of one to three figures."""


def method_section(words: Words, facts: RunFacts, level: str) -> Section:
    """Return how the numbers are made, what the words mean, and how far they were tested for areas of a level."""
    items = tuple(
        Item(words.t(f"method.{key}", draws=words.numbers.decimal(facts.draws, 0)), words.t(f"method.{key}_head"))
        for key in ("draws", "scale", "grades", "breaks", "limits")
    )
    tested = Heading(words.t("method.calibration_head"))
    blocks = (Bullets(items), tested, *calibration_blocks(words, level))
    return Section("method", words.t("section.method"), blocks, boxed=True)


def lines_for(level: str, record: Path = RECORD) -> list[Any]:
    """Return the lines of the calibration record that apply to areas of a level; none where it is missing.

    A line is a group of forecasts of panels that no weight was learned on: ``covers_80`` and ``covers_95`` are the
    shares of outcomes inside these intervals, their ``…_error`` the standard errors (nan where a group holds a single
    indicator), ``brier`` the score of the probabilities and ``base_rate`` that of quoting how often the events came
    true; ``cuts`` counts the histories forecast, ``families`` the indicators that they belong to.
    """
    if not record.is_file():
        return []
    shape = "dense" if level in ("country", "region", "province") else "sparse"
    table = pd.read_csv(record, encoding="utf-8")
    table = table[(table["model"] == "default") & (table["sample"] == "out_of_sample")]
    found = {(line.shape, line.group): line for line in table.itertuples()}
    return [found[one, group] for one in (shape, "lone") for group in LINES[one] if (one, group) in found]


def calibration_blocks(words: Words, level: str, record: Path = RECORD) -> tuple[Paragraph | Table, ...]:
    """Return the record's lines as a table with a sentence before and one after it."""
    lines = lines_for(level, record)
    if not lines:
        return (Paragraph(words.t("calibration.none")),)
    names = ("group", "c80", "c95", "brier", "base", "cuts")
    columns = tuple(Column(words.t(f"calibration.{name}"), numeric=name != "group") for name in names)
    rows = tuple(_calibration_row(words, line) for line in lines)
    table = Table("calibration", words.t("calibration.caption"), columns, rows)
    return (Paragraph(words.t("calibration.before")), table, Paragraph(words.t("calibration.after"), "note"))


def _calibration_row(words: Words, line: Any) -> tuple[Cell, ...]:
    numbers = words.numbers
    shares = [
        Cell(f"{numbers.with_error(100 * share, 100 * error, 1)}%", value=share)
        for share, error in ((line.covers_80, line.covers_80_error), (line.covers_95, line.covers_95_error))
    ]
    return (
        Cell(_group_of(words, line)),
        *shares,
        Cell(numbers.decimal(line.brier, 3), value=line.brier),
        Cell(numbers.decimal(line.base_rate, 3), value=line.base_rate),
        Cell(f"{numbers.decimal(line.cuts, 0)} ({numbers.decimal(line.families, 0)})", value=line.cuts),
    )


def _group_of(words: Words, line: Any) -> str:
    """Return a line's group in words."""
    if line.shape != "lone":
        return words.t(f"calibration.groups.{line.group}")
    level, points = line.group.rsplit("_", 1)
    return words.t("calibration.lone", points=points, level=words.t(f"calibration.levels.{level}"))


def sources_section(context: Context) -> Section:
    """Return the sources that the document names, numbered, with publisher, date and address as text."""
    words, items = context.words, []
    for record in context.sources.named():
        published = _published(words, record["published"].strip())
        address = record["url"].strip() or words.t("sources.no_address")
        text = words.t("sources.entry", publisher=record["publisher"], published=published, address=address)
        if record["class"]:
            text += f" {words.t('sources.class.' + record['class'])}"
        title = (words.language == "en" and record["title_en"]) or record["title"]
        items.append(Item(text, title, link=web_address(record["url"])))
    listed = Bullets(tuple(items), ordered=True) if items else Paragraph(words.t("sources.none"))
    return Section("sources", words.t("section.sources"), (listed,))


def web_address(url: str) -> str:
    """Return an address that a page may lead to; empty for anything but the web's."""
    found = url.strip()
    return found if found.startswith(("https://", "http://")) else ""


def _published(words: Words, text: str) -> str:
    """Return the date of a source as far as it is known: a day, a month, a year, or the text as it stands."""
    if not text:
        return words.t("sources.no_date")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return words.day(date.fromisoformat(text))
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        year, month = text.split("-")
        return words.t("month_of", month=int(month), month_name=words.t(f"month.{int(month)}"), year=year)
    return text


def provenance_section(context: Context) -> Section:
    """Return how to make the document again, and on what its addressee rests."""
    words, cycle = context.words, context.cycle
    receiver = ""
    if cycle is not None and cycle.bodies is not None:  # the plan names bodies that are gone
        basis = cycle.bodies.basis_vi if words.language == "vi" else cycle.bodies.basis_en
        receiver = words.t("provenance.received", receiver=cycle.receiver(words.language), basis=basis)
    intro = Paragraph(words.t("provenance.intro"), "note")
    return Section("provenance", words.t("section.provenance"), (intro, made_of(words, context.facts, receiver)))


def made_of(words: Words, facts: RunFacts, receiver: str = "") -> Definitions:
    """Return how numbers came about, term by term; `receiver` is on what the addressee rests."""
    entries = (
        ("as_of", words.day(facts.as_of)),
        ("model", facts.model),
        ("draws", words.t("provenance.seeded", draws=words.numbers.decimal(facts.draws, 0), seed=facts.seed)),
        ("receiver", receiver),
        ("commit", facts.commit),
        ("versions", ", ".join(f"{name} {version}" for name, version in facts.versions.items())),
        ("command", facts.command),
        ("digest", facts.digest),
    )
    return Definitions(tuple((words.t(f"provenance.{key}"), text) for key, text in entries if text))
