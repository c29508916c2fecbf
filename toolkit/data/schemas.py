"""The files of the data folder: where they lie, their columns as the data dictionary describes them, their records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from toolkit.base.problems import Problems
from toolkit.data.parsing import day_of, whole_of
from toolkit.data.tables import InputTable, TableLayout, read_first

ColumnKind = Literal["text", "whole", "number", "year", "day", "flag"]

SCOPES = ("all", "dtts", "dtts_mn", "dtts_in_dtts_mn")
STATUSES = ("final", "reported", "preliminary")
"""From the best to the least: of two figures for one cell the better status wins."""
QUALIFIERS = ("", "about", "at_least", "at_most", "derived", "unverified")
BASES = ("", "published", "delivered", "rule")
WEAK = "weak"
SOURCE_CLASSES = ("", "official", "press", "secondary", WEAK)
"""From the best to the least, after those that nobody has judged: no figure of a weak source is used."""
LEVELS = ("country", "region", "province", "district", "commune")
TARGET_KINDS = ("target", "official_forecast")
OPERATORS = ("", "<", "<=", ">", ">=", "=")
MILESTONE_STATUSES = ("unknown", "not_started", "in_progress", "done", "not_done")
ADDED = ("title_en", "valid_source")
"""Columns that came later: folders of before are read as if their cells were empty."""
MISSING_ALLOWED = ("from_year", "qualifier", "available_from", "available_basis", "note")
"""Columns that an observation table given to ``check`` may leave out."""


@dataclass(frozen=True)
class ColumnSchema:
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
    kind: ColumnKind = "text"
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
    columns: tuple[ColumnSchema, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names."""
        return tuple(column.name for column in self.columns)

    @property
    def layout(self) -> TableLayout:
        """All columns of a file of the project are required, but for those that older folders do not have."""
        needed = tuple(name for name in self.names if name not in ADDED)
        return TableLayout(needed, tuple(name for name in self.names if name in ADDED), may_be_empty=True)


def _schema(file: str, columns: str, key: str, **choices: tuple[str, ...]) -> Schema:
    """Return the schema of a file whose columns are written as ``name``, ``name?`` (may be empty) or ``name:kind``."""
    parts = (column.removesuffix("?").partition(":") for column in columns.split())
    made = (
        ColumnSchema(name, cast("ColumnKind", kind or "text"), not column.endswith("?"), choices.get(name, ()))
        for column, (name, _, kind) in zip(columns.split(), parts, strict=True)
    )
    return Schema(file, tuple(made), tuple(key.split()))


OBSERVATIONS = _schema(
    "observations.csv",
    "area_code indicator scope year:year from_year:year? value:number qualifier? unit standard? status source_id "
    "available_from:day? available_basis? note?",
    "area_code indicator scope year from_year standard source_id",
    scope=SCOPES, qualifier=QUALIFIERS, status=STATUSES, available_basis=BASES,
)  # fmt: skip
DELIVERIES = "observations"
"""Folder of the deliveries: ``0001.csv``, ``0002.csv`` …, and ``0002.withdrawn.csv`` for one that was withdrawn."""
DELIVERED = ("delivered_on", "delivered_by", "file", "sha256")
"""Columns of a delivery beside those of :data:`OBSERVATIONS`: when and by whom, from which file and its hash."""
DECLARED = ("source_title", "source_publisher", "source_published", "source_url")
"""What a delivery says of a source that ``sources.csv`` does not have."""
WITHDRAWN = ("withdrawn_on", "withdrawn_by", "reason")
"""Columns of the mark of a withdrawn delivery."""
SOURCES = _schema(
    "sources.csv",
    "source_id title publisher published? url? class? title_en?",
    "source_id",
    **{"class": SOURCE_CLASSES},
)
AREAS = _schema(
    "areas.csv",
    "code name_vi name_en? level parent_code? valid_from:day? valid_to:day? valid_source? "
    "population_2019:whole? area_km2:number?",
    "code valid_from",
    level=LEVELS,
)
CROSSWALK = _schema(
    "crosswalk_2025.csv",
    "old_district_code old_commune_code old_commune new_commune_code new_commune share valid_from:day weight:number?",
    "old_commune_code new_commune_code",
    share=("whole", "part"),
)
STANDARDS = _schema(
    "standards.csv",
    "standard chain indicator name_vi name_en legal_text? first_year:year last_year:year published_next_year? note?",
    "standard",
)
BREAKS = _schema(
    "breaks.csv",
    "indicator before after year:year jump_mean:number? jump_sd:number? jump_skew:number? measured:flag "
    "comparable:flag basis_vi basis_en source_ids?",
    "indicator before after",
)
OVERLAPS = _schema(
    "standard_overlaps.csv",
    "area_name indicator scope year:year standard_from value_from:number standard_to value_to:number source_id",
    "area_name indicator scope year standard_from standard_to source_id",
    scope=SCOPES,
)
LOCAL_TARGETS = _schema(
    "local_targets.csv",
    "area_code indicator scope kind due:year op? value:number unit standard? source_id note?",
    "area_code indicator scope kind due source_id",
    scope=SCOPES, kind=TARGET_KINDS, op=OPERATORS,
)  # fmt: skip
MILESTONES = _schema(
    "milestones.csv",
    "target_id status evidence_vi? evidence_en? source_id? as_of:day? note?",
    "target_id",
    status=MILESTONE_STATUSES,
)
SMALL_TABLES = (SOURCES, AREAS, CROSSWALK, STANDARDS, BREAKS, OVERLAPS, LOCAL_TARGETS, MILESTONES)
SCHEMAS = (OBSERVATIONS, *SMALL_TABLES)
PARSERS: dict[ColumnKind, tuple[Callable[[str], object], str]] = {
    "whole": (whole_of, "no_count"),
    "day": (day_of, "no_day"),
    "flag": ({"true": True, "false": False}.get, "no_flag"),
}
"""How cells of a kind are read, and the problem of one that cannot be."""


@dataclass(frozen=True)
class Record:
    """One row of a small table.

    Attributes
    ----------
    row :
        As a spreadsheet shows it.
    texts :
        Cells as text.
    values :
        Cells of every column of the schema by their kind; None where nothing valid stands.
    """

    row: int
    texts: Mapping[str, str]
    values: Mapping[str, Any]

    def text(self, column: str) -> str:
        """Return a cell as text, empty if the file lacks the column."""
        return self.texts.get(column, "")

    def list(self, column: str) -> tuple[str, ...]:
        """Return the parts of a cell that lists texts with semicolons."""
        return tuple(part.strip() for part in self.text(column).split(";") if part.strip())

    def year(self, column: str) -> int:
        """Return a year; 0 where it is missing or wrong (noted already)."""
        return self.values[column] or 0


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

    def note(self, key: str, record: Record, column: str, **fields: object) -> None:
        """Note a problem of a cell."""
        self.problems.add(key, record.row, column, record.text(column), fields=fields)

    def check(self, column: str, known: Collection[str], kind: str) -> None:
        """Note every text of a column (or part of it, with semicolons) that is not in `known`."""
        for record in self.rows:
            for part in record.list(column):
                if part not in known:
                    near = self.problems.near(kind, part, known)
                    self.problems.add(f"unknown_{kind}", record.row, column, part, fields={"near": near})


def read_records(folder: Path, schema: Schema) -> Records:
    """Read one file of the data folder; whatever is wrong is in the result's problems."""
    table = read_first(file_of(folder, schema.file), schema.layout)
    texts, values = dict[str, list[str]](), dict[str, Sequence[object]]()
    for column in schema.columns:
        values[column.name] = ["" if column.kind == "text" else None] * len(table.rows)
        if table.has(column.name):
            texts[column.name] = table.texts(column.name)
            _check_texts(table, column)
            values[column.name] = _values(table, column)
    records = tuple(
        Record(
            row.number,
            {name: cells[at] for name, cells in texts.items()},
            {name: cells[at] for name, cells in values.items()},
        )
        for at, row in enumerate(table.rows)
    )
    _check_key(records, schema, table.problems)
    return Records(schema, records, table.problems)


def _check_texts(table: InputTable, column: ColumnSchema) -> None:
    for row, cell in zip(table.rows, table.texts(column.name), strict=True):
        if not cell:
            if column.required:
                table.problems.add("empty_cell", row.number, column.name)
        elif column.choices and cell not in column.choices:
            near = table.problems.near(column.name, cell, filter(None, column.choices))
            table.problems.add("unknown_choice", row.number, column.name, cell, fields={"near": near})


def _values(table: InputTable, column: ColumnSchema) -> Sequence[object]:
    """Return the cells of a column by its kind, None where nothing valid stands."""
    if column.kind in PARSERS:
        return table.parsed(column.name, *PARSERS[column.kind])
    if column.kind == "year":
        return table.years(column.name)
    return table.numbers(column.name) if column.kind == "number" else table.texts(column.name)


def _check_key(records: tuple[Record, ...], schema: Schema, problems: Problems) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for record in records:
        key = tuple(record.text(column) for column in schema.key)
        if key in seen:
            fields = {"first": seen[key], "columns": ", ".join(schema.key)}
            problems.add("double_key", record.row, schema.key[0], record.text(schema.key[0]), fields=fields)
        else:
            seen[key] = record.row


PROVINCES = "provinces"
NATIONAL = ("indicators.yaml", "standards.csv", "breaks.csv", "standard_overlaps.csv")
"""Files that hold for every province of the country."""


def file_of(folder: Path, name: str) -> Path:
    """Return where a file of a data folder lies: in it, or, for what a province leaves to the country, above it.

    A folder ``<data>/provinces/<province>`` may leave out the files in :data:`NATIONAL`: those of ``<data>`` hold.
    """
    own, parent = folder / name, folder.resolve().parent
    return own if own.exists() or name not in NATIONAL or parent.name != PROVINCES else parent.parent / name
