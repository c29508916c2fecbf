"""The columns of every table in the data folder, as the data dictionary describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, TypeVar

from toolkit.base.errors import Problem
from toolkit.data.folder import file_of
from toolkit.data.parsing import day_of, reading, settle, whole_of, year_of
from toolkit.data.problems import Problems
from toolkit.data.tables import Layout, Table, read_tables

Kind = Literal["text", "whole", "number", "year", "day", "flag"]

SCOPES = ("all", "dtts", "dtts_mn", "dtts_in_dtts_mn")
STATUSES = ("final", "reported", "preliminary")
"""From the best to the least: of two figures for one cell the better status wins."""
QUALIFIERS = ("", "about", "at_least", "at_most", "derived", "unverified")
BASES = ("", "published", "rule")
LEVELS = ("country", "region", "province", "district", "commune")
TARGET_KINDS = ("target", "official_forecast")
OPERATORS = ("", "<", "<=", ">", ">=", "=")
MILESTONE_STATUSES = ("unknown", "not_started", "in_progress", "done", "not_done")
MISSING_ALLOWED = ("from_year", "qualifier", "available_from", "available_basis", "note")
"""Columns that an observation table given to ``check`` may leave out."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    name, kind :
        Its header and what its cells hold.
    required :
        True if no cell may be empty.
    choices :
        Allowed texts; empty for free ones.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Schema:
    """One file.

    Attributes
    ----------
    file :
        Its name in the data folder.
    columns :
        In order.
    key :
        Columns that together name a row once.
    """

    file: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names."""
        return tuple(column.name for column in self.columns)

    @property
    def layout(self) -> Layout:
        """All columns of a file of the project are required."""
        return Layout(self.names, may_be_empty=True)


def text(name: str, *choices: str, required: bool = True) -> Column:
    """Return a column of texts."""
    return Column(name, "text", required, choices)


OBSERVATIONS = Schema(
    "observations.csv",
    (
        text("area_code"), text("indicator"), text("scope", *SCOPES), Column("year", "year", required=True),
        Column("from_year", "year"), Column("value", "number", required=True),
        text("qualifier", *QUALIFIERS, required=False), text("unit"), text("standard", required=False),
        text("status", *STATUSES), text("source_id"), Column("available_from", "day"),
        text("available_basis", *BASES, required=False), text("note", required=False),
    ),
    ("area_code", "indicator", "scope", "year", "from_year", "standard", "source_id"),
)  # fmt: skip
SOURCES = Schema(
    "sources.csv",
    (
        text("source_id"),
        text("title"),
        text("publisher"),
        text("published", required=False),
        text("url", required=False),
    ),
    ("source_id",),
)
AREAS = Schema(
    "areas.csv",
    (
        text("code"), text("name_vi"), text("name_en", required=False), text("level", *LEVELS),
        text("parent_code", required=False), Column("valid_from", "day"), Column("valid_to", "day"),
        Column("population_2019", "whole"), Column("area_km2", "number"),
    ),
    ("code", "valid_from"),
)  # fmt: skip
CROSSWALK = Schema(
    "crosswalk_2025.csv",
    (
        text("old_district_code"), text("old_commune_code"), text("old_commune"), text("new_commune_code"),
        text("new_commune"), text("share", "whole", "part"), Column("valid_from", "day", required=True),
        Column("weight", "number"),
    ),
    ("old_commune_code", "new_commune_code"),
)  # fmt: skip
STANDARDS = Schema(
    "standards.csv",
    (
        text("standard"), text("chain"), text("indicator"), text("name_vi"), text("name_en"),
        text("legal_text", required=False), Column("first_year", "year", required=True),
        Column("last_year", "year", required=True), text("published_next_year", required=False),
        text("note", required=False),
    ),
    ("standard",),
)  # fmt: skip
BREAKS = Schema(
    "breaks.csv",
    (
        text("indicator"), text("before"), text("after"), Column("year", "year", required=True),
        Column("jump_mean", "number"), Column("jump_sd", "number"), Column("jump_skew", "number"),
        Column("measured", "flag", required=True), Column("comparable", "flag", required=True),
        text("basis_vi"), text("basis_en"), text("source_ids", required=False),
    ),
    ("indicator", "before", "after"),
)  # fmt: skip
OVERLAPS = Schema(
    "standard_overlaps.csv",
    (
        text("area_name"), text("indicator"), text("scope", *SCOPES), Column("year", "year", required=True),
        text("standard_from"), Column("value_from", "number", required=True), text("standard_to"),
        Column("value_to", "number", required=True), text("source_id"),
    ),
    ("area_name", "indicator", "scope", "year", "standard_from", "standard_to", "source_id"),
)  # fmt: skip
LOCAL_TARGETS = Schema(
    "local_targets.csv",
    (
        text("area_code"), text("indicator"), text("scope", *SCOPES), text("kind", *TARGET_KINDS),
        Column("due", "year", required=True), text("op", *OPERATORS, required=False),
        Column("value", "number", required=True), text("unit"), text("standard", required=False),
        text("source_id"), text("note", required=False),
    ),
    ("area_code", "indicator", "scope", "kind", "due", "source_id"),
)  # fmt: skip
MILESTONES = Schema(
    "milestones.csv",
    (
        text("target_id"), text("status", *MILESTONE_STATUSES), text("evidence", required=False),
        text("source_id", required=False), Column("as_of", "day"), text("note", required=False),
    ),
    ("target_id",),
)  # fmt: skip
SCHEMAS = (
    OBSERVATIONS, SOURCES, AREAS, CROSSWALK, STANDARDS, BREAKS, OVERLAPS, LOCAL_TARGETS, MILESTONES,
)  # fmt: skip


Value = TypeVar("Value")
FLAGS = {"true": True, "false": False}


@dataclass(frozen=True)
class Record:
    """One row of a small table.

    Attributes
    ----------
    row :
        As a spreadsheet shows it.
    texts :
        Cells as text.
    numbers :
        Cells of number, whole and year columns that are filled and valid.
    days, flags :
        Likewise for days and true/false.
    """

    row: int
    texts: Mapping[str, str]
    numbers: Mapping[str, float]
    days: Mapping[str, date]
    flags: Mapping[str, bool]

    def text(self, column: str) -> str:
        """Return a cell as text, empty if the file lacks the column."""
        return self.texts.get(column, "")

    def list(self, column: str) -> tuple[str, ...]:
        """Return the parts of a cell that lists texts with semicolons."""
        return tuple(part.strip() for part in self.text(column).split(";") if part.strip())

    def year(self, column: str) -> int:
        """Return a year; 0 where it is missing or wrong (noted already)."""
        return int(self.numbers.get(column, 0))


@dataclass(frozen=True)
class Records:
    """A small table.

    Attributes
    ----------
    schema :
        What it should look like.
    rows :
        Its records; empty if the file is missing or unreadable.
    problems :
        Where further problems of the file are noted.
    """

    schema: Schema
    rows: tuple[Record, ...]
    problems: Problems

    def check(self, column: str, known: Mapping[str, object] | frozenset[str] | set[str], kind: str) -> None:
        """Note every text of a column (or part of it, with semicolons) that is not in `known`."""
        for record in self.rows:
            for part in record.list(column):
                if part not in known:
                    near = self.problems.near(kind, part, known)
                    self.problems.add(f"unknown_{kind}", record.row, column, part, fields={"near": near})


def read_records(folder: Path, schema: Schema) -> Records:
    """Read one file of the data folder; whatever is wrong is in the result's problems."""
    path = file_of(folder, schema.file)
    if not path.is_file():
        problems = Problems(schema.file)
        problems.add("no_file", 1)
        return Records(schema, (), problems)
    tables, found = read_tables(path, schema.layout)
    if not tables:
        problems = Problems(schema.file)
        problems.found.extend(found)
        return Records(schema, (), problems)
    table = tables[0]
    table.problems.found.extend(found)
    return Records(schema, _records(table, schema), table.problems)


def all_problems(*tables: Records) -> list[Problem]:
    """Return the problems of several tables, file after file."""
    return [problem for table in tables for problem in table.problems.all()]


def _records(table: Table, schema: Schema) -> tuple[Record, ...]:
    columns = [column for column in schema.columns if table.has(column.name)]
    places = {column.name: table.columns.index(column.name) for column in columns}
    for column in columns:
        _check_texts(table, places[column.name], column)
    numbers = {column.name: _numbers(table, places[column.name], column) for column in columns}
    days = {column.name: _parsed(table, places[column.name], column, "day", day_of, "no_day") for column in columns}
    flags = {
        column.name: _parsed(table, places[column.name], column, "flag", FLAGS.get, "no_flag") for column in columns
    }
    records = tuple(
        Record(
            row.number,
            {name: row.cells[at] for name, at in places.items()},
            _held(numbers, number),
            _held(days, number),
            _held(flags, number),
        )
        for number, row in enumerate(table.rows)
    )
    _check_key(records, schema, table.problems)
    return records


def _held(columns: Mapping[str, Mapping[int, Value]], number: int) -> dict[str, Value]:
    """Return the valid cells of one row by column."""
    return {name: values[number] for name, values in columns.items() if number in values}


def _check_texts(table: Table, at: int, column: Column) -> None:
    for row in table.rows:
        cell = row.cells[at]
        if not cell:
            if column.required:
                table.problems.add("empty_cell", row.number, column.name)
        elif column.choices and cell not in column.choices:
            near = table.problems.near(column.name, cell, filter(None, column.choices))
            table.problems.add("unknown_choice", row.number, column.name, cell, fields={"near": near})


def _numbers(table: Table, at: int, column: Column) -> dict[int, float]:
    """Return the valid numbers of a column by position of the row."""
    if column.kind == "year":
        return _parsed(table, at, column, "year", year_of, "no_year")
    if column.kind == "whole":
        return _parsed(table, at, column, "whole", whole_of, "no_count")
    if column.kind != "number":
        return {}
    filled = [(number, row) for number, row in enumerate(table.rows) if row.cells[at]]
    readings = [reading(row.cells[at]) for _, row in filled]
    settled = settle(readings)
    values = {}
    for place, (number, row) in enumerate(filled):
        value = settled.values[place]
        if value is None:
            key = "mixed_decimals" if place in settled.mixed else readings[place].fault or "unclear_number"
            fields: dict[str, object] = {"meanings": readings[place].shown()}
            table.problems.add(key, row.number, column.name, row.cells[at], fields=fields)
        else:
            values[number] = value
    return values


def _parsed(
    table: Table, at: int, column: Column, kind: str, parse: Callable[[str], Value | None], fault: str
) -> dict[int, Value]:
    if column.kind != kind:
        return {}
    values = {}
    for number, row in enumerate(table.rows):
        cell = row.cells[at]
        if not cell:
            continue
        value = parse(cell)
        if value is None:
            table.problems.add(fault, row.number, column.name, cell)
        else:
            values[number] = value
    return values


def _check_key(records: tuple[Record, ...], schema: Schema, problems: Problems) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for record in records:
        key = tuple(record.text(column) for column in schema.key)
        if key in seen:
            fields = {"first": seen[key], "columns": ", ".join(schema.key)}
            problems.add("double_key", record.row, schema.key[0], record.text(schema.key[0]), fields=fields)
        else:
            seen[key] = record.row
