"""What a reader has to know before trusting a row: our readings of the plan, stand-ins, and figures set aside."""

from __future__ import annotations

from toolkit.attainment.attainment import Attainment
from toolkit.data.indicators import Proxy
from toolkit.data.series import Observation
from toolkit.report.context import Context
from toolkit.report.parts import Cell, Column, Heading, Paragraph, Table
from toolkit.report.sections import Block, Section

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
