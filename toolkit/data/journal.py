"""What ingests leave in a data folder: files changed all at once or not at all, and the rows that were replaced.

The new files are written into a hidden folder beside the old ones. Then one rename puts down that they hold:
before it the old state holds, after it the new one. What is left of the switch, moving files into place, is
finished by whoever opens the folder next.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from toolkit.base.errors import ToolkitError
from toolkit.base.files import WAIT, locked, write_atomic
from toolkit.base.problems import Problems
from toolkit.base.texts import say
from toolkit.data.observations import LAYOUT, Figure, figures_of
from toolkit.data.parsing import decode, delimiter_of, year_of
from toolkit.data.reference import Reference
from toolkit.data.schemas import OBSERVATIONS
from toolkit.data.tables import Layout, read_first

STAGED = ".ingest"
DECIDED = "decided.json"
REPLACED = "replaced.csv"
INGESTS = "ingests.csv"
NAMES = OBSERVATIONS.names
REPLACED_NAMES = (*NAMES, "replaced_on", "replaced_by")
INGEST_NAMES = ("ingested_on", "file", "sha256", "new", "changed", "same", "rejected", "observations_sha256")
Cells = dict[str, str]
"""A row as text, by column."""
Key = tuple[str, ...]


def switch(folder: Path, files: Mapping[str, str]) -> None:
    """Give some files of a folder new texts, all of them or none; the caller holds the folder's lock.

    Parameters
    ----------
    folder :
        The data folder.
    files :
        Name to new text; files that do not exist yet are made.
    """
    recover(folder)
    for name, text in files.items():
        write_atomic(folder / STAGED / name, text)
    write_atomic(folder / STAGED / DECIDED, json.dumps(list(files)))
    recover(folder)


def recover(folder: Path) -> None:
    """Finish a switch that was decided, forget one that was not; the caller holds the folder's lock."""
    staged = folder / STAGED
    decided = staged / DECIDED
    if decided.is_file():
        for name in json.loads(decided.read_text(encoding="utf-8")):
            if (staged / name).is_file():
                (staged / name).replace(folder / name)
        decided.unlink()
    if staged.is_dir():
        shutil.rmtree(staged)


def finish_switch(folder: Path) -> None:
    """Bring a folder into the old or the new state, if a switch was cut off there; called before it is read.

    Raises
    ------
    ToolkitError
        If a decided switch cannot be finished, for want of the right to write.
    """
    staged = folder / STAGED
    if not staged.is_dir():
        return
    decided = (staged / DECIDED).is_file()
    try:
        with locked(folder, wait=WAIT if decided else 0.0):
            recover(folder)
    except ToolkitError:
        if decided:
            raise
    except OSError as error:
        if decided:
            raise ToolkitError(say("data.unsettled", folder=folder), say("data.unsettled.remedy")) from error


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
    texts = ((name, row.get(name, "")) for name in OBSERVATIONS.key)
    return tuple(str(year_of(text) or text) if name.endswith("year") else text for name, text in texts)


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


def with_rows(path: Path, names: Sequence[str], added: Sequence[Mapping[str, str]]) -> str:
    """Return the text of a table (which may not exist yet) with more rows."""
    held = read_rows(path)
    return table_text(held.names or names, [*held.rows, *added])


def replaced_rows(folder: Path) -> tuple[Cells, ...]:
    """Return the rows that ingests have replaced."""
    return read_rows(folder / REPLACED).rows


def replaced_figures(folder: Path, reference: Reference, day: date) -> tuple[Figure, ...]:
    """Return the figures that stood on `day` and were replaced after it; none if nothing was ever replaced.

    Rows of ``replaced.csv``, which ``toolkit ingest`` writes, are left out if they break a rule.
    """
    table = read_first(folder / REPLACED, Layout((*LAYOUT.columns, "replaced_on"), ("replaced_by",)))
    if not table.has("replaced_on"):
        return ()
    days = zip(table.rows, table.texts("replaced_on"), strict=True)
    later = {row.number for row, replaced_on in days if replaced_on > day.isoformat()}
    return tuple(figure for figure in figures_of(table, reference).figures if figure.row in later)
