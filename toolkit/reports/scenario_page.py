"""A comparison of scenarios for one area; apart because it is a document of its own, with charts and steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from toolkit.attainment.whatif import Effect, Joint
from toolkit.reports.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    Document,
    FanCharts,
    Item,
    Letter,
    Paragraph,
    Section,
    Table,
)
from toolkit.reports.context import Context, head_of
from toolkit.reports.targets import fan_chart, median_line
from toolkit.reports.wording import Words
from toolkit.scenario.steps import Step

MOST_CHARTS = 2
"""Charts at most: those of the targets whose probability changes most."""


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
    steps: tuple[Step, ...]
    context: Context
    effects: tuple[Effect, ...]
    joint: Joint | None


def comparison_document(
    title: str, usual: Context, usual_joint: Joint | None, compared: Sequence[Compared], *, at_least: Sequence[int] = ()
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
    words, t = usual.words, _texts(usual.words)
    steps = [Item(_step_text(step, t), one.title) for one in compared for step in one.steps]
    blocks: tuple[tuple[str, tuple[Block, ...]], ...] = (
        ("compared", tuple(_effects(one) for one in compared)),
        ("joint", _joint(usual_joint, compared, at_least, words)),
        ("charts", _charts(usual, compared)),
        ("steps", (Bullets(tuple(steps) or (Item(t("step.business_as_usual")),)),)),
    )
    sections = tuple(Section(key, t(f"page.{key}"), found) for key, found in blocks if found)
    day, plan = words.day(usual.facts.as_of), usual.plan.name(words.language)
    head = head_of(
        usual,
        sections,
        page_title=f"{title} · {usual.area_name}",
        title=title,
        answer=_answer(compared, words),
        notices=(t("page.notice"), t("page.whole")),
    )
    head = replace(
        head,
        kicker=t("page.kicker"),
        subtitle=t("page.subtitle", area=usual.area_name, plan=plan, day=day),
        contents_title=t("page.contents"),
        letter=Letter(),
    )
    return Document(head, sections)


def _texts(words: Words) -> Callable[..., str]:
    """Return the texts of the catalogue's part on scenarios."""
    return lambda key, **fields: words.texts.t(f"scenario.{key}", **fields)


def _answer(compared: Sequence[Compared], words: Words) -> list[str]:
    """Return for each scenario the target that it changes most."""
    sentences = []
    for one in compared:
        changed = [item for item in one.effects if item.change]
        if changed:
            most = max(changed, key=lambda item: abs(item.change or 0.0))
            sentences.append(effect_sentence(one.context, one.title, most))
    return sentences or [_texts(words)("page.no_answer")]


def effect_sentence(context: Context, scenario: str, item: Effect) -> str:
    """Return what a scenario does to the chance of one target."""
    target = f"{item.target_id} ({context.name(item.changed)})"
    before, after = (
        context.words.numbers.probability(answer.probability, bound=answer.bound)
        for answer in (item.usual, item.changed)
    )
    return _texts(context.words)("page.answer", scenario=scenario, target=target, before=before, after=after)


def _effects(one: Compared) -> Table:
    t = _texts(one.context.words)
    names = ("target", "usual", "scenario", "change", "expected", "stands_for", "pace", "peers")
    numeric = set(names) - {"target", "stands_for"}
    caption = t("page.caption", scenario=one.title)
    rows = [_effect_row(one.context, item) for item in one.effects]
    return Table.of(t, f"effects-{one.id}", names, rows, caption=caption, numeric=numeric, quiet=False)


def _effect_row(context: Context, item: Effect) -> tuple[Cell, ...]:
    words, t = context.words, _texts(context.words)
    decimal, chance = words.numbers.decimal, words.numbers.probability
    usual, changed = item.usual, item.changed
    change = Cell(decimal(None))
    if item.change is not None and item.change_error is not None:
        points = t("points", points=decimal(100 * item.change, 1, sign=True))
        change = Cell(f"{points} ({t('error', error=decimal(100 * item.change_error, 1))})", (), item.change)
    share = ""
    if item.peers_share is not None:
        share = t("of", share=words.numbers.percent(item.peers_share), count=item.peers_count)
    unit = "percentage_points" if item.pace_kind == "points" and changed.unit == "percent" else changed.unit
    pace = "percent_per_year" if item.pace_kind == "percent" else f"{unit}_per_year"
    stands_for, counted = "", item.stands_for
    if counted is not None:
        key = f"thing.{counted.thing}{'_assumed' if counted.assumed else ''}"
        whole = decimal(counted.whole, 0)
        stands_for = t(key, count=decimal(counted.count, 0, sign=True), whole=whole, year=counted.year)
    return (
        Cell(item.target_id, (context.name(changed), context.requirement(changed))),
        Cell(chance(usual.probability, bound=usual.bound), (), usual.probability, verdict=usual.verdict),
        Cell(
            chance(changed.probability, bound=changed.bound),
            (words.verdict(changed.verdict),),
            changed.probability,
            verdict=changed.verdict,
            probability=changed.probability,
        ),
        change,
        Cell(context.judged(changed, changed.expected), (context.judged_interval(changed),), changed.expected),
        Cell(stands_for),
        Cell(words.pace(item.pace, pace) if item.pace is not None else "", (), item.pace),
        Cell(share, (), item.peers_share),
    )


def _joint(
    usual: Joint | None, compared: Sequence[Compared], at_least: Sequence[int], words: Words
) -> tuple[Block, ...]:
    """Return the probability that all targets, or at least some of them, are met together."""
    if usual is None:
        return ()
    t = _texts(words)
    counts = [count for count in at_least if count <= len(usual.target_ids)]
    columns = (
        Column(t("column.scenario")),
        Column(t("column.all"), numeric=True),
        *(Column(t("column.at_least", count=count), numeric=True) for count in counts),
        Column(t("column.first")),
    )
    named = [(t("usual"), usual), *((one.title, one.joint) for one in compared if one.joint is not None)]
    rows = tuple(_joint_row(title, found, counts, words) for title, found in named)
    note = Paragraph(words.listed(usual.target_ids), "note")
    return (Table("joint", t("page.joint_caption"), columns, rows, layout="plain"), note)


def _joint_row(title: str, found: Joint, counts: Sequence[int], words: Words) -> tuple[Cell, ...]:
    failing = found.first_to_fail()
    first = max(failing, key=lambda name: failing[name])
    chances = [found.all_met, *(found.at_least(count) for count in counts)]
    shown = words.numbers.probability
    cells = (Cell(shown(chance, bound=found.bound), (), chance, probability=chance) for chance in chances)
    last = Cell(f"{first} ({words.numbers.percent(failing[first])})" if failing[first] > 0 else "")
    return (Cell(title), *cells, last)


def _charts(usual: Context, compared: Sequence[Compared]) -> tuple[Block, ...]:
    """Return charts of the targets that change most: as forecast, with the median of every scenario as a line."""
    t = _texts(usual.words)
    changed = [item for one in compared for item in one.effects if item.change]
    most = dict.fromkeys(item.target_id for item in sorted(changed, key=lambda item: -abs(item.change or 0.0)))
    charts = []
    for target_id in list(most)[:MOST_CHARTS]:
        answer = next(item.usual for item in changed if item.target_id == target_id)
        chart, paths = fan_chart(usual, answer), [(one.title, one.context.path(answer)) for one in compared]
        years = [band.year for band in chart.bands]
        lines = tuple(median_line(title, path, years) for title, path in paths if path is not None)
        charts.append(replace(chart, lines=lines))
    key = [("median", t("usual")), *(("parent", f"{chr(97 + at)}: {one.title}") for at, one in enumerate(compared))]
    return (FanCharts(t("page.charts"), tuple(key), tuple(charts)),) if charts else ()


def _step_text(step: Step, t: Callable[..., str]) -> str:
    details = ", ".join(f"{name} = {_value(value)}" for name, value in step.parameters.items())
    return t(f"step.{step.verb}", details=details)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_value(item)}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
