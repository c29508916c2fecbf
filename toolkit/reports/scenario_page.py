"""A comparison of scenarios for one area, as a document: tables, charts, the steps taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from toolkit.attainment.whatif.effect import Effect
from toolkit.attainment.whatif.joint import Joint
from toolkit.forecast.paths import Path
from toolkit.reports.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    Document,
    Fan,
    Fans,
    Head,
    Item,
    Line,
    Paragraph,
    Section,
    Table,
)
from toolkit.reports.context import Context
from toolkit.reports.fan_charts import fan
from toolkit.reports.wording import Words
from toolkit.scenario.steps import AnyStep

CHARTS = 2
"""Charts of each scenario at most: those of the targets whose chance changes most."""


@dataclass(frozen=True)
class Compared:
    """One scenario in one area.

    Attributes
    ----------
    id, title :
        Of the scenario, in the document's language.
    steps :
        Its verbs.
    context :
        The area with the scenario's forecasts and answers.
    effects, joint :
        What it changes, and all compared targets at once (None where none can be judged).
    """

    id: str
    title: str
    steps: tuple[AnyStep, ...]
    context: Context
    effects: tuple[Effect, ...]
    joint: Joint | None


def comparison_document(
    title: str,
    usual: Context,
    usual_joint: Joint | None,
    compared: Sequence[Compared],
    *,
    at_least: Sequence[int] = (),
) -> Document:
    """Return the comparison of scenarios for one area.

    Parameters
    ----------
    title :
        Of the page.
    usual, usual_joint :
        The area as forecast.
    compared :
        The scenarios.
    at_least :
        Numbers of targets to ask "at least k" about.
    """
    words = usual.words
    sections = [
        Section("compared", words.texts.t("scenario.page.compared"), tuple(_effects(one) for one in compared)),
        Section("joint", words.texts.t("scenario.page.joint"), _joint(usual_joint, compared, at_least, words)),
        Section("charts", words.texts.t("scenario.page.charts"), _charts(usual, compared)),
        Section("steps", words.texts.t("scenario.page.steps"), (_steps(compared, words),)),
    ]
    kept = tuple(section for section in sections if section.blocks)
    day, plan = words.day(usual.facts.as_of), usual.plan.name(words.language)
    head = Head(
        language=words.language,
        page_title=f"{title} · {usual.here}",
        foot=words.t("foot", day=day, commit=usual.facts.commit or words.t("foot.no_commit")),
        skip_label=words.t("skip"),
        kicker=words.texts.t("scenario.page.kicker"),
        title=title,
        subtitle=words.texts.t("scenario.page.subtitle", area=usual.here, plan=plan, day=day),
        answer=_answer(compared, words),
        notices=(words.texts.t("scenario.page.notice"), words.texts.t("scenario.page.whole")),
        banner=words.t("simulated") if usual.facts.simulated else "",
        contents_title=words.texts.t("scenario.page.contents"),
        contents=tuple((section.key, section.title) for section in kept),
    )
    return Document(head, kept)


def _answer(compared: Sequence[Compared], words: Words) -> tuple[str, ...]:
    sentences = []
    for one in compared:
        changed = [item for item in one.effects if item.change]
        if changed:
            most = max(changed, key=lambda item: abs(item.change or 0.0))
            before, after = (_chance(answer.probability, answer.bound, words) for answer in (most.usual, most.changed))
            target = f"{most.target_id} ({one.context.name(most.changed)})"
            fields = {"scenario": one.title, "target": target, "before": before, "after": after}
            sentences.append(words.texts.t("scenario.page.answer", **fields))
    return tuple(sentences) or (words.texts.t("scenario.page.no_answer"),)


def _chance(probability: float | None, bound: str, words: Words) -> str:
    return words.numbers.probability(probability, bound=bound)


def _effects(one: Compared) -> Table:
    words = one.context.words
    names = ("target", "usual", "scenario", "change", "expected", "stands_for", "pace", "peers")
    titles = {name: words.texts.t(f"scenario.column.{name}") for name in names}
    columns = tuple(Column(titles[name], numeric=name not in ("target", "stands_for")) for name in names)
    rows = tuple(_effect_row(one.context, item) for item in one.effects)
    caption = words.texts.t("scenario.page.caption", scenario=one.title)
    return Table(f"effects-{one.id}", caption, columns, rows)


def _effect_row(context: Context, item: Effect) -> tuple[Cell, ...]:
    words, t = context.words, context.words.texts.t
    usual, changed = item.usual, item.changed
    change = Cell(words.numbers.decimal(None))
    if item.change is not None and item.change_error is not None:
        points = words.numbers.decimal(100 * item.change, 1, sign=True)
        error = t("scenario.error", error=words.numbers.decimal(100 * item.change_error, 1))
        change = Cell(f"{t('scenario.points', points=points)} ({error})", (), item.change)
    share = ""
    if item.peers_share is not None:
        share = t("scenario.of", share=words.numbers.percent(item.peers_share), count=item.peers_count)
    unit = "percentage_points" if item.pace_kind == "points" and changed.unit == "percent" else changed.unit
    pace = "percent_per_year" if item.pace_kind == "percent" else f"{unit}_per_year"
    return (
        Cell(item.target_id, (context.name(changed), context.asked(changed))),
        Cell(_chance(usual.probability, usual.bound, words), (), usual.probability, verdict=usual.verdict),
        Cell(
            _chance(changed.probability, changed.bound, words),
            (words.verdict(changed.verdict),),
            changed.probability,
            verdict=changed.verdict,
            probability=changed.probability,
        ),
        change,
        Cell(context.judged(changed, changed.expected), (context.judged_interval(changed),), changed.expected),
        Cell(_stands_for(item, words)),
        Cell(words.pace(item.pace, pace) if item.pace is not None else "", (), item.pace),
        Cell(share, (), item.peers_share),
    )


def _stands_for(item: Effect, words: Words) -> str:
    counted = item.stands_for
    if counted is None:
        return ""
    key = f"scenario.thing.{counted.thing}{'_assumed' if counted.assumed else ''}"
    count = words.numbers.decimal(counted.count, 0, sign=True)
    return words.texts.t(key, count=count, whole=words.numbers.decimal(counted.whole, 0), year=counted.year)


def _joint(
    usual: Joint | None, compared: Sequence[Compared], at_least: Sequence[int], words: Words
) -> tuple[Block, ...]:
    if usual is None:
        return ()
    t = words.texts.t
    asked = [count for count in at_least if count <= len(usual.target_ids)]
    columns = (
        Column(t("scenario.column.scenario")),
        Column(t("scenario.column.all"), numeric=True),
        *(Column(t("scenario.column.at_least", count=count), numeric=True) for count in asked),
        Column(t("scenario.column.first")),
    )
    named = [(t("scenario.usual"), usual), *((one.title, one.joint) for one in compared if one.joint is not None)]
    rows = tuple(_joint_row(title, found, asked, words) for title, found in named)
    note = Paragraph(words.listed(usual.target_ids), "note")
    return (Table("joint", t("scenario.page.joint_caption"), columns, rows, layout="plain"), note)


def _joint_row(title: str, found: Joint, asked: Sequence[int], words: Words) -> tuple[Cell, ...]:
    failing = found.first_to_fail()
    first = max(failing, key=lambda name: failing[name])
    chances = [found.all_met, *(found.at_least(count) for count in asked)]
    cells = (Cell(_chance(chance, found.bound, words), (), chance, probability=chance) for chance in chances)
    last = Cell(f"{first} ({words.numbers.percent(failing[first])})" if failing[first] > 0 else "")
    return (Cell(title), *cells, last)


def _charts(usual: Context, compared: Sequence[Compared]) -> tuple[Block, ...]:
    charts = [chart for one in compared for chart in _scenario_charts(usual, one)]
    if not charts:
        return ()
    words = usual.words
    lines = (("line", words.texts.t("scenario.usual")),)
    return (Fans(words.texts.t("scenario.page.charts"), lines, tuple(charts)),)


def _scenario_charts(usual: Context, one: Compared) -> list[Fan]:
    ranked = sorted(one.effects, key=lambda item: -abs(item.change or 0.0))
    seen: list[Fan] = []
    for item in ranked:
        before, after = usual.path(item.usual), one.context.path(item.changed)
        if before is None or after is None or before is after or len(seen) == CHARTS:
            continue
        chart = fan(one.context, item.changed)
        years = [band.year for band in chart.bands]
        line = Line(usual.words.texts.t("scenario.usual"), _median(before, years))
        title = f"{one.title}: {chart.title}"
        table = replace(chart.table, key=f"{chart.table.key}-{one.id}")
        seen.append(replace(chart, key=f"{chart.key}-{one.id}", title=title, lines=(line,), table=table))
    return seen


def _median(path: Path, years: Sequence[int]) -> tuple[tuple[int, float], ...]:
    middle = path.quantiles((0.5,))[:, 0]
    return tuple((year, float(middle[path.position(year)])) for year in years if year in path.years)


def _steps(compared: Sequence[Compared], words: Words) -> Bullets:
    items = [Item(_step_text(step, words), one.title) for one in compared for step in one.steps]
    return Bullets(tuple(items) or (Item(words.texts.t("scenario.step.business_as_usual")),))


def _step_text(step: AnyStep, words: Words) -> str:
    fields: Mapping[str, object] = step.model_dump(exclude_none=True, exclude={"verb"})
    details = ", ".join(f"{name} = {_value(value)}" for name, value in fields.items())
    return words.texts.t(
        f"scenario.step.{step.verb}", **({} if step.verb == "business_as_usual" else {"details": details})
    )


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_value(item)}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
