"""What the answers rest on: missing series and which would help most, our readings of the plan, proxies, conflicts."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.attainment.result import Attainment
from toolkit.data.indicators import Proxy
from toolkit.forecast.paths import Observation
from toolkit.reports.blocks import Block, Cell, Column, Heading, Paragraph, Section, Table
from toolkit.reports.context import Context
from toolkit.reports.wording import lowered

SHOWN = 12


@dataclass(frozen=True)
class Gap:
    """A series that the area lacks.

    Attributes
    ----------
    indicator, scope :
        What is missing.
    opens :
        Targets that cannot be assessed without it.
    firms :
        Targets whose answer rests on a stand-in, or on other areas, in its place.
    worth :
        What the ranking goes by: see :func:`gaps`.
    """

    indicator: str
    scope: str
    opens: tuple[Attainment, ...]
    firms: tuple[Attainment, ...]
    worth: float


def gaps(context: Context) -> tuple[Gap, ...]:
    """Return the missing series, the one that would help most first.

    A target that could not be answered at all counts 1. One answered through a stand-in or from other areas
    counts by what the area's own figure would take away: how uncertain the answer is, 4 p (1 − p), times the share of
    that which the figure is expected to remove (:func:`toolkit.attainment.narrowing.narrowing`). Targets still ahead
    count in full, those of a past year half, those beyond the tested horizon a quarter.
    """
    found: dict[tuple[str, str], list[Attainment]] = {}
    for attainment in context.attainments:
        if _is_gap(attainment):
            target = context.target(attainment)
            found.setdefault((target.indicator, target.scope), []).append(attainment)
    ranked = [
        Gap(
            *key,
            opens=tuple(item for item in items if item.outcome == "cannot_assess"),
            firms=tuple(item for item in items if item.outcome != "cannot_assess"),
            worth=sum(_worth(context, item) for item in items),
        )
        for key, items in found.items()
    ]
    return tuple(sorted(ranked, key=lambda gap: -gap.worth))


def _is_gap(attainment: Attainment) -> bool:
    borrowed = attainment.grade[:1] == "C" or "D" in attainment.grade
    return attainment.outcome == "cannot_assess" or (attainment.outcome == "probability" and borrowed)


def _worth(context: Context, attainment: Attainment) -> float:
    when = 0.5 if attainment.due < context.year else 1.0 if attainment.due <= context.year + 8 else 0.25
    if attainment.outcome == "cannot_assess":
        return when
    chance = attainment.probability or 0.0
    removed = 1.0 if attainment.narrowing is None else attainment.narrowing
    return when * 4 * chance * (1 - chance) * removed


def most_wanted(context: Context) -> str:
    """Return the headline's sentence about the figure that would help most; empty when nothing is missing."""
    ranked = gaps(context)
    if not ranked:
        return ""
    words, first = context.words, ranked[0]
    name = lowered(context.scoped(first.indicator, first.scope))
    key, count = ("opens", len(first.opens)) if first.opens else ("firms", len(first.firms))
    text = words.counted(f"headline.gap_{key}", count, indicator=name, area=context.here)
    return words.sentence(text)


def gaps_section(context: Context) -> Section:
    """Return the ranking of missing series."""
    words = context.words
    ranked = gaps(context)
    title = words.t("section.gaps")
    if not ranked:
        return Section("gaps", title, (Paragraph(words.t("gaps.nothing")),))
    columns = tuple(Column(words.t(f"column.{name}")) for name in ("gap", "would_answer", "held_now"))
    rows = tuple(_gap_row(context, gap) for gap in ranked[:SHOWN])
    blocks: list[Block] = [
        Paragraph(words.t("gaps.intro"), "note"),
        Table("gaps", words.t("gaps.caption"), columns, rows, quiet=True),
    ]
    rest = len(ranked) - SHOWN
    if rest > 0:
        blocks.append(Paragraph(words.counted("gaps.rest", rest), "note"))
    blocks.append(Paragraph(words.t("gaps.template", code=context.area.code), "note"))
    return Section("gaps", title, tuple(blocks))


def _gap_row(context: Context, gap: Gap) -> tuple[Cell, ...]:
    words = context.words
    answers = []
    if gap.opens:
        answers.append(words.counted("gaps.opens", len(gap.opens), ids=_ids(gap.opens)))
    if gap.firms:
        answers.append(words.counted("gaps.firms", len(gap.firms), ids=_ids(gap.firms)))
        removed = [item.narrowing for item in gap.firms if item.narrowing is not None and _open(item)]
        if removed:
            percent = words.numbers.with_percent(words.numbers.decimal(100 * max(removed), 0))
            answers.append(words.t("gaps.removes", percent=percent))
    return (
        Cell(context.scoped(gap.indicator, gap.scope)),
        Cell(answers[0], tuple(answers[1:])),
        Cell(_held(context, gap)),
    )


def _open(attainment: Attainment) -> bool:
    return attainment.probability is not None and 0.0 < attainment.probability < 1.0


def _ids(attainments: tuple[Attainment, ...]) -> str:
    return ", ".join(attainment.target_id for attainment in attainments)


def _held(context: Context, gap: Gap) -> str:
    """Return what is held in place of the missing series."""
    words = context.words
    path = context.forecasts.path(context.area.code, gap.indicator, gap.scope)
    if path is None:
        return words.t("gaps.held.nothing")
    if path.proxy is not None:
        key = "gaps.held.proxy" if path.evidence.own_points else "gaps.held.proxy_borrowed"
        return words.t(key, indicator=context.stand_in(path))
    if path.evidence.basis == "C":
        return words.t("gaps.held.borrowed", parent=context.followed(path))
    return words.counted("gaps.held.own", path.evidence.own_points)


OPERATORS = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}


def readings_section(context: Context) -> Section:
    """Return inferred fields, stand-ins with their basis, and conflicting figures with what became of them."""
    words = context.words
    blocks: list[Block] = []
    for key, table in (
        ("proxies", _proxies(context)),
        ("overruled", _overruled(context)),
        ("inferred", _inferred(context)),
    ):
        if table is not None:
            blocks += [Heading(words.t(f"readings.{key}")), Paragraph(words.t(f"readings.{key}_intro"), "note"), table]
    return Section("readings", words.t("section.readings"), tuple(blocks))


def _columns(context: Context, *names: str) -> tuple[Column, ...]:
    return tuple(Column(context.words.t(f"column.{name}")) for name in names)


def _inferred(context: Context) -> Table | None:
    words = context.words
    rows = []
    for attainment in context.attainments:
        if attainment.inferred:
            details = (attainment.target_id,)
            rows.append((Cell(context.name(attainment), details), Cell(_reading(context, attainment))))
    if not rows:
        return None
    columns = _columns(context, "statement", "reading")
    return Table("inferred", words.t("readings.inferred"), columns, tuple(rows), quiet=True)


def _reading(context: Context, attainment: Attainment) -> str:
    """Return what was read into the plan's text, field by field, with the value taken."""
    words, target = context.words, context.target(attainment)
    rule = target.rule.model_dump(by_alias=True)
    parts = []
    for name in attainment.inferred:
        key = f"plan.inferred.{name}"
        field = words.texts.t(key) if words.texts.has(key) else name
        if name == "scope":
            value = words.t(f"scope.{target.scope}")
        elif name == "share_of":
            value = target.share_text(words.language)
        elif name == "rule.value":
            value = context.asked(attainment)
        elif name == "rule.measured_in":
            value = ""  # the field's own words say it
        else:
            value = _field(context, rule.get(name.removeprefix("rule.")), name)
        parts.append(words.t("readings.field", field=field, value=value) if value else field)
    return "; ".join(parts)


def _field(context: Context, value: object, name: str) -> str:
    words = context.words
    if name == "rule.op":
        return words.t(f"operator.{OPERATORS[str(value)]}")
    if isinstance(value, int):
        return str(value)
    return words.numbers.plain(value) if isinstance(value, float) else str(value)


def _proxies(context: Context) -> Table | None:
    words = context.words
    used: dict[str, list[Attainment]] = {}
    for attainment in context.attainments:
        if attainment.proxy:
            used.setdefault(attainment.proxy, []).append(attainment)
    rows = [_proxy_row(context, proxy_id, items) for proxy_id, items in used.items()]
    if not rows:
        return None
    columns = _columns(context, "stand_in", "for_targets", "basis")
    return Table("proxies", words.t("readings.proxies"), columns, tuple(rows), quiet=True)


def _proxy_row(context: Context, proxy_id: str, items: list[Attainment]) -> tuple[Cell, ...]:
    words = context.words
    proxy = _declared(context, context.target(items[0]).indicator, proxy_id)
    path = context.path(items[0])
    stand_in = context.dataset.indicators[proxy.indicator].names[words.language]
    details = [words.t(f"readings.relation.{proxy.relation}")]
    if path is not None and path.proxy is not None and path.proxy.share_note:
        note = path.proxy.share_note
        shown = note.replace(".", ",") if words.language == "vi" else note
        details.append(words.t("readings.share", share=shown))
    if path is not None and path.proxy is not None and path.proxy.unknown_share:
        details.append(words.t("readings.unknown_share"))
    basis = proxy.basis[words.language]
    return (
        Cell(stand_in, tuple(details)),
        Cell(", ".join(item.target_id for item in items)),
        Cell(basis, references=context.sources.references(*proxy.source_ids)),
    )


def _declared(context: Context, indicator: str, proxy_id: str) -> Proxy:
    for proxy in context.dataset.indicators[indicator].proxies:
        if proxy.id == proxy_id:
            return proxy
    message = f"{indicator} declares no proxy {proxy_id!r}"
    raise KeyError(message)


def _overruled(context: Context) -> Table | None:
    words = context.words
    rows = [
        _conflict_row(context, indicator, kept, loser)
        for indicator, kept in _conflicts(context)
        for loser in kept.overruled
    ]
    if not rows:
        return None
    columns = _columns(context, "indicator", "kept", "set_aside")
    return Table("overruled", words.t("readings.overruled"), columns, tuple(rows), quiet=True)


def _conflicts(context: Context) -> list[tuple[str, Observation]]:
    """Return every figure of the area that another one contradicts, of all indicators that the plan rests on."""
    wanted: dict[tuple[str, str], None] = {}
    for target in context.plan.targets:
        if target.indicator not in context.dataset.indicators:
            continue
        wanted[target.indicator, target.scope] = None
        for proxy in context.dataset.indicators[target.indicator].proxies:
            if proxy.for_scope == target.scope:
                wanted[proxy.indicator, proxy.scope] = None
    found = []
    for indicator, scope in wanted:
        series = context.dataset.series(context.area.code, indicator, scope)
        found += [(indicator, item) for item in series.observations if item.overruled]
    return found


def _conflict_row(context: Context, indicator_id: str, kept: Observation, loser: Observation) -> tuple[Cell, ...]:
    words = context.words
    indicator = context.dataset.indicators[indicator_id]

    def shown(item: Observation) -> Cell:
        value = words.amount(item.value, indicator.unit, printed=context.printed_unit(indicator))
        if item.qualifier == "about":
            value = words.t("about", value=value)
        told = (words.t(f"status.{item.status}"), context.sources.publisher(item.source_id))
        details = (", ".join(part for part in told if part),)
        return Cell(value, details, item.value, context.sources.references(item.source_id))

    return (Cell(indicator.names[words.language], (str(kept.year),)), shown(kept), shown(loser))
