"""The observations of a data folder as rows of text: added to, corrected, and never half-written.

What is written for an ingest goes in the order sources, log of what was replaced, log of ingests, observations.
The last is the one that counts: until it is renamed into place the folder holds the old figures, afterwards the
new ones. What came before it is inert (a source that no row names, a replaced row that still stands), and is
found again, not repeated, when the ingest is run once more.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolkit.base.errors import ToolkitError
from toolkit.base.files import write_atomic
from toolkit.base.texts import say
from toolkit.data.cells import year_of
from toolkit.data.csv_rows import delimiter_of
from toolkit.data.encoding import decode
from toolkit.data.problems import Problems
from toolkit.data.schemas import OBSERVATIONS, SOURCES

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


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one ingest at a time write to a data folder; the lock ends with the process, however it ends.

    Raises
    ------
    ToolkitError
        If another ingest is writing there.
    """
    if os.name == "nt":  # a folder cannot be locked there, and a file in it would count as data
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ToolkitError(say("desk.locked", folder=folder), say("desk.locked.remedy")) from error
    finally:
        os.close(handle)


def add_rows(path: Path, names: Sequence[str], added: Sequence[Mapping[str, str]]) -> None:
    """Add rows to a log, leaving out those that it holds already."""
    held = read_rows(path)
    known = {tuple(row.get(name, "") for name in names) for row in held.rows}
    fresh = [row for row in added if tuple(row.get(name, "") for name in names) not in known]
    if fresh:
        write_atomic(path, table_text(names, [*held.rows, *fresh]))


def add_sources(folder: Path, added: Sequence[Mapping[str, str]]) -> None:
    """Add sources to ``sources.csv``, kept in its order."""
    path = folder / SOURCES.file
    held = read_rows(path)
    known = {row["source_id"] for row in held.rows}
    fresh = [row for row in added if row["source_id"] not in known]
    if fresh:
        write_atomic(path, table_text(held.names or SOURCES.names, [*held.rows, *fresh]))


def replaced_rows(folder: Path) -> tuple[Cells, ...]:
    """Return the rows that ingests have replaced; one that still stands (the ingest was cut off) is not among them."""
    standing = {tuple(row.get(name, "") for name in NAMES) for row in read_rows(folder / OBSERVATIONS.file).rows}
    return tuple(
        row for row in read_rows(folder / REPLACED).rows if tuple(row.get(name, "") for name in NAMES) not in standing
    )
