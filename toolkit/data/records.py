"""The small tables of the data folder: typed records, with every cell that breaks its column noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from toolkit.data.cells import day_of, whole_of, year_of
from toolkit.data.folder import file_of
from toolkit.data.numerals import reading, settle
from toolkit.data.problems import Problems
from toolkit.data.schemas import Column, Schema
from toolkit.data.tables import Table, read_tables

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
