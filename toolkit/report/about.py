"""What a report says about itself: the past put to the test, method, sources, provenance."""

from __future__ import annotations

import re
from datetime import date

from toolkit.attainment.hindcast import Hindcast
from toolkit.report.calibration import calibration_blocks
from toolkit.report.context import Context, SourceBook
from toolkit.report.cycle import Cycle
from toolkit.report.facts import RunFacts
from toolkit.report.parts import Bullets, Definitions, Heading, Item, Paragraph
from toolkit.report.requirement import lowered
from toolkit.report.sections import Block, Section
from toolkit.report.words import Words


def history_section(context: Context) -> Section:
    """Return what we would have said of a year now known, what others said, and what came."""
    blocks: list[Block] = [
        Paragraph(_hindcast(context, hindcast), "lead", _hindcast_sources(context, hindcast))
        for hindcast in context.hindcasts
    ]
    if blocks:
        blocks.append(Paragraph(context.words.t("history.one_case"), "note"))
    return Section("history", context.words.t("section.history"), tuple(blocks))


def _hindcast(context: Context, hindcast: Hindcast) -> str:
    words = context.words
    indicator = context.dataset.indicators[hindcast.indicator]
    printed, places = context.printed_unit(indicator), indicator.decimals

    def exact(value: float) -> str:
        return words.amount(value, indicator.unit, printed=printed)

    said = words.t(
        "history.said",
        day=words.day(hindcast.as_of),
        indicator=lowered(indicator.names[words.language]),
        year=hindcast.year,
        median=words.amount(hindcast.median, indicator.unit, places, printed=printed),
        interval=words.interval(hindcast.low, hindcast.high, indicator.unit, places, printed=printed),
        last=exact(hindcast.last_value),
        last_year=hindcast.last_year,
    )
    sentences = [said]
    sentences.append(words.t("history.rival", rival=exact(hindcast.official_forecast)))
    key = "history.inside" if hindcast.inside_80 else "history.outside"
    sentences.append(words.t(key, outcome=exact(hindcast.outcome), year=hindcast.year))
    return " ".join(words.sentence(sentence) for sentence in sentences)


def _hindcast_sources(context: Context, hindcast: Hindcast) -> tuple[int, ...]:
    return context.sources.references(hindcast.official_source, hindcast.outcome_source)


def method_section(words: Words, facts: RunFacts, level: str) -> Section:
    """Return how the numbers are made, what the words mean, and how far they were tested for areas of a level."""
    items = tuple(
        Item(words.t(f"method.{key}", draws=words.numbers.decimal(facts.draws, 0)), words.t(f"method.{key}_head"))
        for key in ("draws", "scale", "grades", "breaks", "limits")
    )
    tested = Heading(words.t("method.calibration_head"))
    blocks = (Bullets(items), tested, *calibration_blocks(words, level))
    return Section("method", words.t("section.method"), blocks, boxed=True)


def sources_section(words: Words, book: SourceBook) -> Section:
    """Return the sources that the document names, numbered, with publisher, date and address as text."""
    items = []
    for record in book.named():
        published = _published(words, record["published"])
        address = record["url"].strip() or words.t("sources.no_address")
        text = words.t("sources.entry", publisher=record["publisher"], published=published, address=address)
        items.append(Item(text, record["title"]))
    if not items:
        return Section("sources", words.t("section.sources"), (Paragraph(words.t("sources.none")),))
    return Section("sources", words.t("section.sources"), (Bullets(tuple(items), ordered=True),))


def _published(words: Words, text: str) -> str:
    """Return the date of a source as far as it is known: a day, a month, a year, or the text as it stands."""
    text = text.strip()
    if not text:
        return words.t("sources.no_date")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return words.day(date.fromisoformat(text))
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        year, month = text.split("-")
        return words.t("month_of", month=int(month), month_name=words.t(f"month.{int(month)}"), year=year)
    return text


def _received(words: Words, cycle: Cycle | None) -> str:
    """Return who receives the report and why it is they: the plan names bodies that are gone."""
    if cycle is None or cycle.bodies is None:
        return ""
    basis = cycle.bodies.basis_vi if words.language == "vi" else cycle.bodies.basis_en
    return words.t("provenance.received", receiver=cycle.receiver(words.language), basis=basis)


def provenance_section(words: Words, facts: RunFacts, cycle: Cycle | None = None) -> Section:
    """Return how to make the document again, and on what its addressee rests."""
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    entries = (
        ("run", facts.title),
        ("as_of", words.day(facts.as_of)),
        ("model", facts.model),
        ("draws", words.t("provenance.seeded", draws=words.numbers.decimal(facts.draws, 0), seed=facts.seed)),
        ("receiver", _received(words, cycle)),
        ("commit", facts.commit),
        ("versions", versions),
        ("command", facts.command),
    )
    shown = tuple((words.t(f"provenance.{key}"), text) for key, text in entries if text)
    intro = Paragraph(words.t("provenance.intro"), "note")
    return Section("provenance", words.t("section.provenance"), (intro, Definitions(shown)))
