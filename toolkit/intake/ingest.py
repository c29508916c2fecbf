"""Ingest: changes that can be read first, then made all or none. Apart because it alone writes to the data folder."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, count
from pathlib import Path
from typing import Literal, get_args

from toolkit.base.errors import ToolkitError, UsageError
from toolkit.base.files import locked, sha256, write_atomic
from toolkit.base.problems import Problem, Problems
from toolkit.base.texts import say
from toolkit.data.consistency import check_plausible, figure_key
from toolkit.data.dataset import (
    INGEST_NAMES,
    INGESTS,
    REPLACED,
    REPLACED_NAMES,
    Cells,
    RowKey,
    Rows,
    key_of,
    load,
    read_rows,
    recover,
    switch,
    table_text,
    usable_folder,
    with_rows,
)
from toolkit.data.observations import Figure, Figures
from toolkit.data.reference import Reference
from toolkit.data.schemas import OBSERVATIONS, SOURCES
from toolkit.intake.incoming import Incoming, Rejected, as_problem, doubts, harmless, read_incoming, stored_cells
from toolkit.intake.mapping import ColumnMapping
from toolkit.plan.plan import Plan

ChangeKind = Literal["new", "changed", "same"]
CHANGE_KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
UNSAID = ("qualifier", "available_from", "available_basis", "note")
"""An empty cell here says nothing about the row held: it never erases what stands there."""


@dataclass(frozen=True)
class RowChange:
    """One incoming row and what becomes of it.

    Attributes
    ----------
    kind :
        ``new``, ``changed`` (the same source corrects itself) or ``same``.
    figure :
        The incoming figure.
    cells :
        The row as it will be stored.
    before :
        The row that it replaces; None for a new one.
    others :
        Rows of other sources for the same cell with another value: both stay, the better status counts.
    """

    kind: ChangeKind
    figure: Figure
    cells: Cells
    before: Cells | None = None
    others: tuple[Cells, ...] = ()


def changes_of(figures: Sequence[Figure], held: Rows, reference: Reference) -> tuple[RowChange, ...]:
    """Return what becomes of each incoming figure beside the rows held.

    Of several files that give one source's figure for one cell the last one counts.
    """
    by_cell: dict[RowKey, list[Cells]] = {}
    for row in held.rows:
        by_cell.setdefault(key_of(row)[:-1], []).append(row)
    last = {key_of(stored_cells(figure)): figure for figure in figures}
    return tuple(_change(figure, by_cell.get(key[:-1], ()), reference) for key, figure in last.items())


def _change(figure: Figure, held: Sequence[Cells], reference: Reference) -> RowChange:
    """Return what becomes of a figure beside the rows held for its cell."""
    given = stored_cells(figure)
    before = next((row for row in reversed(held) if row.get("source_id") == figure.source_id), None)
    others = tuple(row for row in held if row.get("source_id") != figure.source_id and not _equal(row, given))
    if before is None:
        return RowChange("new", figure, _dated(given, reference), None, others)
    cells = {**before, **{name: given[name] for name in OBSERVATIONS.names if given[name] or name not in UNSAID}}
    if _equal(before, given):
        cells["value"] = before["value"]  # the same number: how the source first printed it stays
    if all(cells[name] == before.get(name, "") for name in OBSERVATIONS.names if not name.endswith("year")):
        return RowChange("same", figure, before, before, others)
    if not _equal(before, given) and not given["available_from"]:
        cells |= {"available_from": reference.today.isoformat(), "available_basis": ""}
    return RowChange("changed", figure, cells, before, others)


def _dated(cells: Cells, reference: Reference) -> Cells:
    """Give a figure whose day of publication by rule lies ahead the day on which it came in."""
    if cells["available_from"]:
        return cells
    ruled: date = reference.standards.published(cells["standard"], int(cells["year"]))
    return {**cells, "available_from": reference.today.isoformat()} if ruled > reference.today else cells


def _equal(row: Mapping[str, str], other: Mapping[str, str]) -> bool:
    try:
        return float(row["value"]) == float(other["value"])
    except ValueError:  # a decimal comma in the file held: it is compared as it stands
        return row["value"] == other["value"]


def merged_rows(held: Rows, changes: Iterable[RowChange]) -> list[Cells]:
    """Return the rows held with the changes made: corrections in place, new rows at the end."""
    changed = {key_of(item.before): item.cells for item in changes if item.kind == "changed" and item.before}
    rows = [changed.get(key_of(row), row) for row in held.rows]
    return [*rows, *(item.cells for item in changes if item.kind == "new")]


def warnings_beside(changes: Sequence[RowChange], held: Figures, reference: Reference) -> list[Problem]:
    """Return what is unlikely about the incoming figures beside those held, at the row of the incoming file.

    Parameters
    ----------
    changes :
        What becomes of each incoming row.
    held :
        The figures of the folder.
    """
    arriving = {figure_key(item.figure): item.figure for item in changes if item.kind != "same"}
    replaced = {key_of(item.before) for item in changes if item.kind == "changed" and item.before}
    codes = {figure.area_code for figure in arriving.values()}
    counted = {figure.indicator for figure in arriving.values() if reference.indicators[figure.indicator].whole}
    near = [figure for figure in held.figures
            if (figure.area_code in codes or figure.indicator in counted)
            and key_of(stored_cells(figure)) not in replaced]  # fmt: skip
    known = set(_unlikely_among(near, reference))
    return [item for item in _unlikely_among([*near, *arriving.values()], reference) if item not in known]


def _unlikely_among(figures: Sequence[Figure], reference: Reference) -> list[Problem]:
    problems = Problems(OBSERVATIONS.file)
    check_plausible(figures, reference, problems)
    return problems.all()


REJECTED = "rejected.csv"
REJECTED_NAMES = ("file", "sheet", "row", *OBSERVATIONS.names, "problem", "remedy")


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
    changes: tuple[RowChange, ...]
    warnings: tuple[Problem, ...]
    digest: str
    today: str

    def of(self, kind: str) -> tuple[RowChange, ...]:
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
        If the folder's own files have errors.
    UsageError
        If `today` lies ahead.
    """
    reference, held = usable_folder(folder)
    day = today or reference.today
    if day > reference.today:
        raise UsageError(say("desk.day_ahead", day=day), say("desk.day_ahead.remedy", today=reference.today))
    reference = replace(reference, today=day)
    incoming = tuple(read_incoming(path, reference, mapping) for path in files)
    figures = [figure for file in incoming for figure in file.figures]
    path = folder / OBSERVATIONS.file
    changes = changes_of(figures, read_rows(path), reference)
    warnings = warnings_beside(changes, held, reference)
    return Ingest(folder, incoming, changes, tuple(warnings), sha256(path), reference.today.isoformat())


def with_doubts(ingest: Ingest, plan: Plan) -> Ingest:
    """Return the ingest with a warning for each incoming figure that the model thinks unlikely; none is dropped."""
    arriving = [change.figure for change in ingest.changes if change.kind != "same"]
    known = load(ingest.folder, as_of=date.fromisoformat(ingest.today))
    found = tuple(as_problem(item) for item in doubts(arriving, known, plan))
    return replace(ingest, warnings=(*ingest.warnings, *found))


def write_changes(ingest: Ingest) -> bool:
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
        names = (*held.names, *(name for name in OBSERVATIONS.names if name not in held.names))
        text = table_text(names, merged_rows(held, ingest.changes))
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
        {**change.before, "replaced_on": ingest.today, "replaced_by": change.figure.file}
        for change in ingest.of("changed")
        if change.before is not None
    ]


def _log(ingest: Ingest, text: str) -> list[Cells]:
    after = hashlib.sha256(text.encode("utf-8")).hexdigest()
    log = []
    for file in ingest.files:
        kinds = Counter(change.kind for change in ingest.changes if change.figure.file == file.path.name)
        counts = {kind: str(kinds[kind]) for kind in CHANGE_KINDS} | {"rejected": str(len(file.rejected))}
        named = {"ingested_on": ingest.today, "file": file.path.name, "sha256": sha256(file.path)}
        log.append({**named, **counts, "observations_sha256": after})
    return log


def _rejected_cells(row: Rejected) -> Cells:
    reasons = [problem for problem in row.problems if problem.severity == "error"]
    words = {
        "problem": " ".join(dict.fromkeys(": ".join(filter(None, (one.column, one.problem))) for one in reasons))
        or say("desk.many_of_a_kind"),
        "remedy": " ".join(dict.fromkeys(problem.remedy for problem in reasons)),
    }
    cells = {**{name: str(text) for name, text in row.cells.items()}, **words}
    named = {"file": row.file, "sheet": row.sheet, "row": str(row.row)}
    return {name: harmless(text) for name, text in {**cells, **named}.items()}


COMPARED = ("value", "qualifier", "status", "available_from", "available_basis", "unit", "note")
MOST_LINES = 200


def diff_lines(ingest: Ingest) -> list[str]:
    """Return the differences, one a line: ``+`` new, ``~`` changed, ``!`` a conflict; then the counts."""
    lines = [line for change in ingest.changes for line in _lines(change)]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], say("problem.more", count=len(lines) - MOST_LINES)]
    return [*lines, say("desk.counts", **_counts(ingest))]


def as_data(ingest: Ingest, *, written: bool) -> dict[str, object]:
    """Return an ingest as plain data, for ``--json``."""
    changes = [
        {
            "kind": change.kind,
            "file": change.figure.file,
            "sheet": change.figure.sheet,
            "row": change.figure.row,
            "after": change.cells,
            "before": change.before,
            "conflicts_with": list(change.others),
        }
        for change in ingest.changes
        if change.kind != "same"
    ]
    problems = [problem.as_row() for problem in ingest.problems]
    named = {"folder": str(ingest.folder), "written": written, "counts": _counts(ingest)}
    return {**named, "changes": changes, "problems": problems}


def _counts(ingest: Ingest) -> dict[str, int]:
    conflicts = sum(bool(change.others) and change.kind != "same" for change in ingest.changes)
    counts: dict[str, int] = {kind: len(ingest.of(kind)) for kind in CHANGE_KINDS}
    return {**counts, "conflicts": conflicts, "rejected": len(ingest.rejected)}


def _lines(change: RowChange) -> Iterator[str]:
    if change.kind == "same":
        return
    cells = change.cells
    place = _place(cells)
    if change.before is None:
        yield f"+ {place}: {cells['value']} {cells['unit']} ({cells['status']}, {cells['source_id']})"
    else:
        parts = [
            f"{name} {change.before.get(name, '') or '–'} → {cells[name] or '–'}"
            for name in COMPARED
            if change.before.get(name, "") != cells[name]
        ]
        yield f"~ {place} ({cells['source_id']}): {'; '.join(parts)}"
    for other in change.others:
        fields = {"other": other["value"], "source": other["source_id"], "status": other["status"]}
        yield f"! {place}: {say('desk.conflict', mine=cells['value'], **fields)}"


def _place(cells: Mapping[str, str]) -> str:
    years = f"{cells['from_year']}–{cells['year']}" if cells.get("from_year") else cells["year"]
    standard = f" [{cells['standard']}]" if cells["standard"] else ""
    return f"{cells['area_code']} {cells['indicator']}/{cells['scope']} {years}{standard}"
