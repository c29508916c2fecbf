"""What a report says about itself: method, calibration record, sources, provenance."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.data.dataset import PROJECT_DATA
from toolkit.reports.blocks import Bullets, Cell, Column, Definitions, Heading, Item, Paragraph, Section, Table
from toolkit.reports.context import Cycle, RunFacts, SourceBook
from toolkit.reports.wording import Words

RECORD = PROJECT_DATA / "panels" / "calibration.csv"
"""It belongs to the model, not to the data of a province: always the one that came with the program."""
LINES = {
    "dense": ("all", "measured", "vietnam_provinces", "grade_A", "grade_B"),
    "sparse": ("all", "vietnam_provinces", "grade_B", "grade_C"),
}
"""A province has series like those of the dense cuts; below it few areas have points, as in the sparse ones."""


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
    wanted = {"shape": shape, "model": "default", "sample": "out_of_sample"}
    found = {line.group: line for line in table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1)].itertuples()}
    return [found[group] for group in LINES[shape] if group in found]


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
        Cell(numbers.with_percent(numbers.with_error(100 * share, 100 * error, 1)), value=share)
        for share, error in ((line.covers_80, line.covers_80_error), (line.covers_95, line.covers_95_error))
    ]
    return (
        Cell(words.t(f"calibration.groups.{line.group}")),
        *shares,
        Cell(numbers.decimal(line.brier, 3), value=line.brier),
        Cell(numbers.decimal(line.base_rate, 3), value=line.base_rate),
        Cell(f"{numbers.decimal(line.cuts, 0)} ({numbers.decimal(line.families, 0)})", value=line.cuts),
    )


def sources_section(words: Words, book: SourceBook) -> Section:
    """Return the sources that the document names, numbered, with publisher, date and address as text."""
    items = []
    for record in book.named():
        published = _published(words, record["published"].strip())
        address = record["url"].strip() or words.t("sources.no_address")
        text = words.t("sources.entry", publisher=record["publisher"], published=published, address=address)
        items.append(Item(text, record["title"]))
    listed = Bullets(tuple(items), ordered=True) if items else Paragraph(words.t("sources.none"))
    return Section("sources", words.t("section.sources"), (listed,))


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


def provenance_section(words: Words, facts: RunFacts, cycle: Cycle | None = None) -> Section:
    """Return how to make the document again, and on what its addressee rests."""
    receiver = ""
    if cycle is not None and cycle.bodies is not None:  # the plan names bodies that are gone
        basis = cycle.bodies.basis_vi if words.language == "vi" else cycle.bodies.basis_en
        receiver = words.t("provenance.received", receiver=cycle.receiver(words.language), basis=basis)
    entries = (
        ("run", facts.title),
        ("as_of", words.day(facts.as_of)),
        ("model", facts.model),
        ("draws", words.t("provenance.seeded", draws=words.numbers.decimal(facts.draws, 0), seed=facts.seed)),
        ("receiver", receiver),
        ("commit", facts.commit),
        ("versions", ", ".join(f"{name} {version}" for name, version in facts.versions.items())),
        ("command", facts.command),
    )
    shown = tuple((words.t(f"provenance.{key}"), text) for key, text in entries if text)
    intro = Paragraph(words.t("provenance.intro"), "note")
    return Section("provenance", words.t("section.provenance"), (intro, Definitions(shown)))
