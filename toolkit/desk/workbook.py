"""A filled template read back: its sheet of figures, and the sources that it declares."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from toolkit.base.errors import Problem
from toolkit.data.csv_rows import Row
from toolkit.data.observations import LAYOUT
from toolkit.data.problems import Problems
from toolkit.data.reference import Reference
from toolkit.data.schemas import OBSERVATIONS, SOURCES
from toolkit.data.tables import Layout, Table, table_of, tidy
from toolkit.data.workbook import Sheet, read_sheets
from toolkit.desk.store import Cells

MARK = "toolkit_template"
"""Name defined in a workbook that was made by ``toolkit template``."""
INFORMATION = ("info_name", "info_scope", "info_bounds", "info_last", "info_last_year", "info_last_source")
"""Columns that a template shows and nobody reads back."""
ENTERED = ("qualifier", "source_id", "available_from", "note")
"""Cells that say something about a figure; filled without one they are a slip."""
PROJECT_COLUMNS = Layout(LAYOUT.required, (*LAYOUT.optional, *INFORMATION))
NAMED = tuple(column.name for column in SOURCES.columns if column.required)
"""What a source has to say of itself."""
LARGEST_DIRECTORY = 2_000_000
MOST_HEADER_ROWS = 20
NAMES = OBSERVATIONS.names


def is_template(path: Path) -> bool:
    """Say whether a file is a workbook made by ``toolkit template``."""
    if path.suffix.casefold() not in (".xlsx", ".xlsm"):
        return False
    try:
        with zipfile.ZipFile(path) as parts, parts.open("xl/workbook.xml") as stream:
            return MARK.encode() in stream.read(LARGEST_DIRECTORY)
    except Exception:  # noqa: BLE001  (a damaged archive may raise anything; the reader of tables says what is wrong)
        return False


def filled_tables(path: Path, reference: Reference) -> tuple[tuple[Table, ...], list[Problem], tuple[Cells, ...]]:
    """Return the filled rows of a template, the problems of the file itself, and the sources it declares."""
    problems = Problems(path.name)
    sheets = read_sheets(path, problems)
    sources: list[Cells] = []
    for sheet in sheets:
        position = _position(sheet, SOURCES.names[:2])
        if position is not None and _position(sheet, ("area_code", "value")) is None:
            sources += _sources(sheet, position, reference, problems)
    tables = [
        table
        for sheet in sheets
        if (position := _position(sheet, ("area_code", "value"))) is not None
        and (table := _table(sheet, position, problems.file, sources[0]["source_id"] if sources else ""))
    ]
    if not tables and not problems.found:
        problems.add("no_header", 1, fields={"columns": ", ".join(LAYOUT.required)})
    return tuple(tables), problems.all(), tuple(sources)


def _position(sheet: Sheet, names: Sequence[str]) -> int | None:
    """Return where the header stands, by names that must be in it."""
    for at, row in enumerate(sheet.rows[:MOST_HEADER_ROWS]):
        if set(names) <= {tidy(cell).casefold() for cell in row.cells}:
            return at
    return None


def _table(sheet: Sheet, position: int, file: str, source: str) -> Table | None:
    problems = Problems(file, sheet.name)
    table = table_of(_padded(sheet.rows[position:]), PROJECT_COLUMNS, problems, ragged_allowed=True)
    if table is None:
        return None
    rows = []
    for row in table.rows:
        cells = dict(zip(table.columns, row.cells, strict=True))
        if not cells.get("value"):
            if any(cells.get(name) for name in ENTERED):
                problems.warn("no_figure", row.number, "value")
            continue
        cells["source_id"] = cells.get("source_id") or source
        rows.append(Row(row.number, tuple(cells.get(name, "") for name in NAMES)))
    return Table(NAMES, table.header_row, tuple(rows), problems)


def _padded(rows: Sequence[Row]) -> list[Row]:
    """Give every row the header's width."""
    width = len(rows[0].cells)
    return [Row(row.number, (*row.cells, *[""] * (width - len(row.cells)))) for row in rows]


def _sources(sheet: Sheet, position: int, reference: Reference, file: Problems) -> list[Cells]:
    """Return the sources of the sheet that are named; an id alone, as a template proposes it, is none."""
    problems = Problems(file.file, sheet.name)
    proposed = [row for row in sheet.rows[position:] if len(list(filter(None, row.cells))) > 1 or not row.cells[0]]
    table = table_of(proposed, Layout(SOURCES.names[:2], SOURCES.names[2:]), problems, ragged_allowed=True)
    found = []
    for row in table.rows if table else ():
        held = dict(zip(table.columns if table else (), map(str, row.cells), strict=True))
        cells = {name: held.get(name, "") for name in SOURCES.names}
        known = cells["source_id"] in reference.sources
        lacking = [name for name in NAMED if not cells[name]]
        if cells["source_id"] and (known or not lacking):
            found.append(cells)
        elif any(cells[name] for name in SOURCES.names[1:]):
            problems.add("source_unnamed", row.number, lacking[0])
    file.found += [item for item in problems.all() if item.severity == "error"]
    return found
