"""A file that somebody hands in, to figures: what can be used, what is rejected, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from toolkit.base.errors import Problem
from toolkit.data.crosscheck import cross_check
from toolkit.data.observations import LAYOUT, Figure, figures_of
from toolkit.data.problems import Problems, has_error
from toolkit.data.reference import Reference
from toolkit.data.schemas import OBSERVATIONS
from toolkit.data.tables import Table, read_tables
from toolkit.desk.cells import value_text
from toolkit.desk.mapped import mapped_tables
from toolkit.desk.mapping import ColumnMapping
from toolkit.desk.store import Cells
from toolkit.desk.workbook import filled_tables, is_template

NAMES = OBSERVATIONS.names


@dataclass(frozen=True)
class Proposed:
    """A figure that may go into ``observations.csv``.

    Attributes
    ----------
    cells :
        The row as it would be stored.
    figure :
        The same, typed; its row is that of the file.
    file, sheet :
        Where it stands.
    """

    cells: Cells
    figure: Figure
    file: str
    sheet: str


@dataclass(frozen=True)
class Rejected:
    """A row that is not taken.

    Attributes
    ----------
    file, sheet, row :
        Where it stands; the row as a spreadsheet shows it.
    cells :
        What it says, by column of ``observations.csv``; empty where its cells could not be told apart.
    problems :
        Why.
    """

    file: str
    sheet: str
    row: int
    cells: Cells
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Incoming:
    """What a file holds.

    Attributes
    ----------
    path :
        The file.
    proposed, rejected :
        Its rows.
    problems :
        Everything noted, errors and warnings.
    sources :
        Sources that it declares, as rows of ``sources.csv``.
    """

    path: Path
    proposed: tuple[Proposed, ...]
    rejected: tuple[Rejected, ...]
    problems: tuple[Problem, ...]
    sources: tuple[Cells, ...] = field(default=())


def read_incoming(path: Path, reference: Reference, mapping: ColumnMapping | None = None) -> Incoming:
    """Read a file: a filled template, a table with the project's own columns, or one read by a mapping.

    Parameters
    ----------
    path :
        CSV or workbook.
    reference :
        The project's areas, indicators, sources, standards.
    mapping :
        How to read a table of somebody else's making.

    Returns
    -------
    Incoming
        Every row that holds anything is either proposed or rejected with its reasons.
    """
    sources: tuple[Cells, ...] = ()
    if mapping is not None:
        tables, problems, damaged = mapped_tables(path, mapping, reference)
    elif is_template(path):
        tables, problems, sources = filled_tables(path, reference)
        reference, damaged = with_sources(reference, sources), False
    else:
        tables, problems = read_tables(path, LAYOUT)
        damaged = bool(tables) and has_error(problems)
    proposed: list[Proposed] = []
    rejected: list[Rejected] = []
    for table in tables:
        taken, refused = judged(table, reference)
        proposed += taken
        rejected += refused
        problems += table.problems.all()
    if damaged:
        reason = refusal(path)
        rejected += [Rejected(item.file, item.sheet, item.figure.row, item.cells, (reason,)) for item in proposed]
        problems, proposed = [*problems, reason], []
    rejected += _elsewhere(problems, rejected)
    return Incoming(path, tuple(proposed), tuple(rejected), tuple(dict.fromkeys(problems)), sources)


def refusal(path: Path) -> Problem:
    """Return the problem that says that nothing is taken: letters that were lost in one row may be lost in all."""
    problems = Problems(path.name)
    problems.add("file_refused", 1)
    return problems.found[0]


def with_sources(reference: Reference, added: Sequence[Cells]) -> Reference:
    """Return the reference with sources that a workbook declares."""
    if not added:
        return reference
    from toolkit.data.records import Record
    from toolkit.data.schemas import SOURCES

    held = reference.tables[SOURCES.file]
    rows = (*held.rows, *(Record(0, source, {}, {}, {}) for source in added))
    return replace(reference, tables={**reference.tables, SOURCES.file: replace(held, rows=rows)})


def judged(table: Table, reference: Reference) -> tuple[list[Proposed], list[Rejected]]:
    """Judge every row of a table by the rules of observations, and against each other."""
    read = figures_of(table, reference)
    refused = cross_check(read, reference)
    by_row = {figure.row: figure for figure in read.figures if figure.row not in refused}
    proposed, rejected = [], []
    reasons = _by_row(table.problems.all())
    for row in table.rows:
        cells = dict(zip(table.columns, row.cells, strict=True))
        figure = by_row.get(row.number)
        errors = tuple(reasons.get(row.number, ()))
        if figure is None or errors:
            why = errors or tuple(reasons.get(table.header_row, ()))
            rejected.append(Rejected(table.problems.file, table.problems.sheet, row.number, cells, why))
        else:
            proposed.append(_proposed(figure, table))
    return proposed, rejected


def stored_cells(figure: Figure) -> Cells:
    """Return a figure as a row of ``observations.csv``."""
    held = figure._asdict()
    cells = {name: "" if held[name] is None else str(held[name]) for name in NAMES}
    return {**cells, "value": value_text(figure.value, str(figure.written))}


def _proposed(figure: Figure, table: Table) -> Proposed:
    return Proposed(stored_cells(figure), figure, table.problems.file, table.problems.sheet)


def _by_row(problems: Iterable[Problem]) -> dict[int, list[Problem]]:
    rows: dict[int, list[Problem]] = {}
    for problem in problems:
        if problem.severity == "error":
            rows.setdefault(problem.row, []).append(problem)
    return rows


def _elsewhere(problems: Sequence[Problem], rejected: Sequence[Rejected]) -> list[Rejected]:
    """Return the rows with an error whose cells never became a row of a table: broken, too short, too long."""
    held = {(item.file, item.sheet, item.row) for item in rejected}
    found: dict[tuple[str, str, int], list[Problem]] = {}
    for problem in problems:
        place = (problem.file, problem.sheet, problem.row)
        if problem.severity == "error" and place not in held:
            found.setdefault(place, []).append(problem)
    return [Rejected(*place, {}, tuple(reasons)) for place, reasons in found.items()]
