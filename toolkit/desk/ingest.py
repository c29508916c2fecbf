"""Ingest: files to changes that can be looked at, and changes to the data folder, all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, count
from pathlib import Path

from toolkit.base.errors import DataError, Problem, ToolkitError, UsageError
from toolkit.base.files import sha256, write_atomic
from toolkit.base.lock import locked
from toolkit.base.texts import say
from toolkit.data.dataset import load, read_observations
from toolkit.data.foldercheck import check_reference
from toolkit.data.journal import recover, switch
from toolkit.data.observations import Figures
from toolkit.data.reference import Reference, read_reference
from toolkit.data.schemas import OBSERVATIONS, SOURCES
from toolkit.desk.cells import harmless
from toolkit.desk.incoming import NAMES, Incoming, Rejected, read_incoming
from toolkit.desk.mapping import ColumnMapping
from toolkit.desk.merge import Change, changes_of, merged_rows, warnings_beside
from toolkit.desk.plausibility import as_problem, doubts
from toolkit.desk.store import (
    INGEST_NAMES,
    INGESTS,
    REPLACED,
    REPLACED_NAMES,
    Cells,
    observations_text,
    read_rows,
    table_text,
    with_rows,
)
from toolkit.plan.schema import Plan

REJECTED = "rejected.csv"
REJECTED_NAMES = ("file", "sheet", "row", *NAMES, "problem", "remedy")


@dataclass(frozen=True)
class Ingest:
    """What files would change in a data folder.

    Attributes
    ----------
    folder :
        The data folder.
    files :
        What each file holds.
    changes :
        What becomes of each figure.
    warnings :
        What is unlikely beside the figures held.
    digest :
        SHA-256 of the observations that the changes were worked out against.
    today :
        Day on which the figures come in (ISO).
    """

    folder: Path
    files: tuple[Incoming, ...]
    changes: tuple[Change, ...]
    warnings: tuple[Problem, ...]
    digest: str
    today: str

    def of(self, kind: str) -> tuple[Change, ...]:
        """Return the changes of a kind."""
        return tuple(change for change in self.changes if change.kind == kind)

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Rows that are not taken."""
        return tuple(row for file in self.files for row in file.rejected)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, file after file, then those beside the figures held."""
        found = (*(problem for file in self.files for problem in file.problems), *self.warnings)
        return tuple(dict.fromkeys(found))

    @property
    def writes(self) -> bool:
        """Whether anything would change."""
        return any(change.kind != "same" for change in self.changes)


def prepare(
    files: Sequence[Path], folder: Path, mapping: ColumnMapping | None = None, *, today: date | None = None
) -> Ingest:
    """Read files and work out what they would change; nothing is written.

    Parameters
    ----------
    files :
        Filled templates, tables with the project's columns, or, with `mapping`, tables of somebody else's making.
    folder :
        The data folder.
    mapping :
        How to read the tables.
    today :
        Day on which the figures come in: what lies ahead of it is refused, and what is replaced stood until it.

    Raises
    ------
    DataError
        If the folder's own files have errors: nothing is built on sand.
    UsageError
        If `today` lies ahead.
    """
    reference, held = usable_folder(folder)
    day = today or reference.today
    if day > reference.today:
        raise UsageError(say("desk.day_ahead", day=day), say("desk.day_ahead.remedy", today=reference.today))
    reference = replace(reference, today=day)
    incoming = tuple(read_incoming(path, reference, mapping) for path in files)
    proposed = [item for file in incoming for item in file.proposed]
    path = folder / OBSERVATIONS.file
    changes = changes_of(proposed, read_rows(path), reference)
    warnings = warnings_beside(changes, held, reference)
    return Ingest(folder, incoming, changes, tuple(warnings), sha256(path), reference.today.isoformat())


def with_doubts(ingest: Ingest, plan: Plan) -> Ingest:
    """Return the ingest with a warning for each incoming figure that the model thinks unlikely; none is dropped."""
    places = {change.proposed.figure: change.proposed for change in ingest.changes if change.kind != "same"}
    known = load(ingest.folder, as_of=date.fromisoformat(ingest.today))
    found = doubts(list(places), known, plan)
    warnings = tuple(as_problem(item, places[item.figure].file, places[item.figure].sheet) for item in found)
    return replace(ingest, warnings=(*ingest.warnings, *warnings))


def usable_folder(folder: Path) -> tuple[Reference, Figures]:
    """Return a data folder's reference and figures.

    Raises
    ------
    DataError
        If there is an error in them.
    """
    reference = read_reference(folder)
    check_reference(reference)
    held = read_observations(folder, reference)
    errors = [item for item in (*reference.problems(), *held.problems.all()) if item.severity == "error"]
    if errors:
        raise DataError(say("data.unusable", folder=folder), errors, say("data.unusable.remedy"))
    return reference, held


def commit(ingest: Ingest) -> bool:
    """Write the changes; False if there was nothing to write.

    The folder holds the old files until one rename, and all of the new ones after it.

    Raises
    ------
    ToolkitError
        If the observations have changed since the changes were worked out, or another ingest is writing.
    """
    if not ingest.writes:
        return False
    folder, path = ingest.folder, ingest.folder / OBSERVATIONS.file
    with locked(folder):
        recover(folder)
        if sha256(path) != ingest.digest:
            raise ToolkitError(say("desk.moved", folder=folder), say("desk.moved.remedy"))
        held = read_rows(path)
        text = observations_text(held, merged_rows(held, ingest.changes))
        added = (
            (SOURCES.file, SOURCES.names, _sources_needed(ingest)),
            (REPLACED, REPLACED_NAMES, _replaced(ingest)),
            (INGESTS, INGEST_NAMES, _log(ingest, text)),
        )
        files = {name: with_rows(folder / name, names, rows) for name, names, rows in added if rows}
        switch(folder, {**files, path.name: text})
    return True


def write_rejected(ingest: Ingest, path: Path) -> Path | None:
    """Write the rejected rows with their reasons, so that they can be mended and ingested; None if there are none.

    Returns
    -------
    Path or None
        The file: `path`, or one with a number behind its name where `path` is one of the files read; those are
        never written over.
    """
    if not ingest.rejected:
        return None
    read = {file.path.resolve() for file in ingest.files}
    names = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    path = next(item for item in chain([path], names) if item.resolve() not in read)
    return write_atomic(path, table_text(REJECTED_NAMES, [_rejected_cells(row) for row in ingest.rejected]))


def _sources_needed(ingest: Ingest) -> list[Cells]:
    used = {change.cells["source_id"] for change in ingest.changes if change.kind != "same"}
    used -= {row["source_id"] for row in read_rows(ingest.folder / SOURCES.file).rows}
    named = {source["source_id"]: source for file in ingest.files for source in file.sources}
    return [source for key, source in named.items() if key in used]


def _replaced(ingest: Ingest) -> list[Cells]:
    return [
        {**change.before, "replaced_on": ingest.today, "replaced_by": change.proposed.file}
        for change in ingest.of("changed")
        if change.before is not None
    ]


def _log(ingest: Ingest, text: str) -> list[Cells]:
    import hashlib

    after = hashlib.sha256(text.encode("utf-8")).hexdigest()
    counts = {
        file.path: {kind: sum(item.proposed.file == file.path.name for item in ingest.of(kind)) for kind in _KINDS}
        for file in ingest.files
    }
    return [
        {
            "ingested_on": ingest.today,
            "file": file.path.name,
            "sha256": sha256(file.path),
            **{kind: str(count) for kind, count in counts[file.path].items()},
            "rejected": str(len(file.rejected)),
            "observations_sha256": after,
        }
        for file in ingest.files
    ]


_KINDS = ("new", "changed", "same")


def _rejected_cells(row: Rejected) -> Cells:
    reasons = [problem for problem in row.problems if problem.severity == "error"]
    words = {
        "problem": " ".join(dict.fromkeys(_reason(problem) for problem in reasons)) or say("desk.many_of_a_kind"),
        "remedy": " ".join(dict.fromkeys(problem.remedy for problem in reasons)),
    }
    cells = {**{name: str(text) for name, text in row.cells.items()}, **words}
    named = {"file": row.file, "sheet": row.sheet, "row": str(row.row)}
    return {name: harmless(text) for name, text in {**cells, **named}.items()}


def _reason(problem: Problem) -> str:
    return f"{problem.column}: {problem.problem}" if problem.column else problem.problem
