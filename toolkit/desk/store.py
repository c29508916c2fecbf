"""The observations of a data folder, and the logs of what came in, as rows of text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.data.cells import year_of
from toolkit.data.csv_rows import delimiter_of
from toolkit.data.encoding import decode
from toolkit.data.problems import Problems
from toolkit.data.schemas import OBSERVATIONS

REPLACED = "replaced.csv"
INGESTS = "ingests.csv"
NAMES = OBSERVATIONS.names
REPLACED_NAMES = (*NAMES, "replaced_on", "replaced_by")
INGEST_NAMES = ("ingested_on", "file", "sha256", "new", "changed", "same", "rejected", "observations_sha256")
CELL = ("area_code", "indicator", "scope", "year", "from_year", "standard", "source_id")
Cells = dict[str, str]
Key = tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """A table of the data folder as text.

    Attributes
    ----------
    names :
        Its columns.
    rows :
        Its rows, in the order of the file.
    """

    names: tuple[str, ...]
    rows: tuple[Cells, ...]


def key_of(row: Mapping[str, str]) -> Key:
    """Return what names a row: area, indicator, scope, year, period, standard and source."""
    texts = [row.get(name, "") for name in CELL]
    return tuple(
        str(year_of(text) or text) if name.endswith("year") else text for name, text in zip(CELL, texts, strict=True)
    )


def read_rows(path: Path) -> Rows:
    """Return a table that the checker has accepted; empty if there is none."""
    if not path.is_file():
        return Rows((), ())
    text = decode(path.read_bytes(), Problems(path.name)).text  # the checker accepts other encodings than UTF-8 too
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter_of(text, NAMES))
    names = tuple(reader.fieldnames or ())
    return Rows(names, tuple({name: row.get(name) or "" for name in names} for row in reader))


def table_text(names: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows as CSV text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([row.get(name, "") for name in names] for row in rows)
    return stream.getvalue()


def observations_text(held: Rows, rows: Iterable[Mapping[str, str]]) -> str:
    """Return the whole observation table as text, with every column of the project after those it has."""
    names = (*held.names, *(name for name in NAMES if name not in held.names))
    return table_text(names, rows)


def with_rows(path: Path, names: Sequence[str], added: Sequence[Mapping[str, str]]) -> str:
    """Return the text of a table (which may not exist yet) with more rows."""
    held = read_rows(path)
    return table_text(held.names or names, [*held.rows, *added])


def replaced_rows(folder: Path) -> tuple[Cells, ...]:
    """Return the rows that ingests have replaced."""
    return read_rows(folder / REPLACED).rows
