"""What an ingest would change: new figures, corrections, figures held already, and conflicts between sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from toolkit.base.errors import Problem
from toolkit.data.children import children
from toolkit.data.crosscheck import best, cell, conflicts, jumps, sums
from toolkit.data.observations import Figure, Figures
from toolkit.data.problems import Problems
from toolkit.data.reference import Reference
from toolkit.data.schemas import OBSERVATIONS
from toolkit.data.series import UNUSED
from toolkit.desk.incoming import NAMES, Proposed
from toolkit.desk.store import Cells, Key, Rows, key_of

Kind = Literal["new", "changed", "same"]
FAR = 1_000_000_000
"""Incoming rows are numbered from here while they stand beside rows held, so that no number is taken twice."""
FAR_ROW = re.compile(r"10{2}\d{7}")
UNSAID = ("qualifier", "available_from", "available_basis", "note")
"""An empty cell here says nothing about the row held: it never erases what stands there."""


@dataclass(frozen=True)
class Change:
    """One incoming row and what becomes of it.

    Attributes
    ----------
    kind :
        ``new``, ``changed`` (the same source corrects itself) or ``same``.
    proposed :
        The incoming row.
    cells :
        The row as it will be stored.
    before :
        The row that it replaces; None for a new one.
    others :
        Rows of other sources for the same cell with another value: both stay, the better status counts.
    """

    kind: Kind
    proposed: Proposed
    cells: Cells
    before: Cells | None = None
    others: tuple[Cells, ...] = ()


def changes_of(proposed: Sequence[Proposed], held: Rows, reference: Reference) -> tuple[Change, ...]:
    """Return what becomes of each incoming row beside the rows held.

    Of several files that give one source's figure for one cell the last one counts.
    """
    by_key: dict[Key, Cells] = {key_of(row): row for row in held.rows}
    by_cell: dict[Key, list[Cells]] = {}
    for row in held.rows:
        by_cell.setdefault(key_of(row)[:-1], []).append(row)
    last = {key_of(item.cells): item for item in proposed}
    return tuple(_change(key, item, by_key, by_cell, reference) for key, item in last.items())


def _change(
    key: Key,
    item: Proposed,
    by_key: Mapping[Key, Cells],
    by_cell: Mapping[Key, Sequence[Cells]],
    reference: Reference,
) -> Change:
    before = by_key.get(key)
    others = tuple(
        row for row in by_cell.get(key[:-1], ()) if row.get("source_id") != key[-1] and not _equal(row, item.cells)
    )
    if before is None:
        return Change("new", item, _dated(item.cells, reference), None, others)
    cells = {**before, **{name: item.cells[name] for name in NAMES if item.cells[name] or name not in UNSAID}}
    if _equal(before, item.cells):
        cells["value"] = before["value"]  # the same number: how the source first printed it stays
    if all(cells[name] == before.get(name, "") for name in NAMES if not name.endswith("year")):
        return Change("same", item, before, before, others)
    if not _equal(before, item.cells) and not item.cells["available_from"]:
        cells |= {"available_from": reference.today.isoformat(), "available_basis": ""}
    return Change("changed", item, cells, before, others)


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


def merged_rows(held: Rows, changes: Iterable[Change]) -> list[Cells]:
    """Return the rows held with the changes made: corrections in place, new rows at the end."""
    changed = {key_of(item.before): item.cells for item in changes if item.kind == "changed" and item.before}
    rows = [changed.get(key_of(row), row) for row in held.rows]
    return [*rows, *(item.cells for item in changes if item.kind == "new")]


def warnings_beside(changes: Sequence[Change], held: Figures, reference: Reference) -> list[Problem]:
    """Return what is unlikely about the incoming figures beside those held, at the row of the incoming file.

    Parameters
    ----------
    changes :
        What becomes of each incoming row.
    held :
        The figures of the folder.
    """
    arriving = {cell(item.proposed.figure): item for item in changes if item.kind != "same"}
    if not arriving:
        return []
    replaced = {key_of(item.before) for item in changes if item.kind == "changed" and item.before}
    codes = {key[0] for key in arriving}
    summed = {key[1] for key in arriving if reference.indicators[key[1]].whole}
    near = [figure for figure in held.figures
            if (figure.area_code in codes or figure.indicator in summed) and _key(figure) not in replaced]  # fmt: skip
    numbered = {FAR + at: item.proposed for at, item in enumerate(arriving.values())}
    figures = [*near, *(item.figure._replace(row=row) for row, item in numbered.items())]
    known = {(item.row, item.problem) for item in _between(near, reference)}
    return [
        _placed(problem, numbered)
        for problem in _between(figures, reference)
        if (problem.row, problem.problem) not in known
    ]


def _between(figures: Sequence[Figure], reference: Reference) -> list[Problem]:
    problems = Problems(OBSERVATIONS.file)
    conflicts(figures, problems)
    usable = best(figure for figure in figures if figure.qualifier != UNUSED and figure.from_year is None)
    jumps(usable.values(), reference, problems)
    sums(usable, problems)
    children(usable.values(), reference, problems)
    return problems.all()


def _key(figure: Figure) -> Key:
    return key_of({name: "" if value is None else str(value) for name, value in figure._asdict().items()})


def _placed(problem: Problem, numbered: Mapping[int, Proposed]) -> Problem:
    """Return a problem at the row of the file that the figure came from; rows named in its words likewise."""
    words = FAR_ROW.sub(lambda match: f"{numbered[int(match[0])].figure.row}", problem.problem)
    if problem.row not in numbered:
        return replace(problem, problem=words)
    item = numbered[problem.row]
    return replace(problem, file=item.file, sheet=item.sheet, row=item.figure.row, problem=words)
