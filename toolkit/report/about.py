"""What a report says about itself: method, sources, provenance."""

from __future__ import annotations

import re
from datetime import date

from toolkit.report.calibration import calibration_blocks
from toolkit.report.context import SourceBook
from toolkit.report.cycle import Cycle
from toolkit.report.facts import RunFacts
from toolkit.report.parts import Bullets, Definitions, Heading, Item, Paragraph
from toolkit.report.sections import Section
from toolkit.report.words import Words


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
