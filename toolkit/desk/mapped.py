"""Tables of somebody else's making, read by a declared mapping into tables with the project's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from toolkit.base.errors import Problem, UsageError
from toolkit.base.texts import fold
from toolkit.data.cells import year_of
from toolkit.data.csv_rows import Row
from toolkit.data.problems import Problems, has_error
from toolkit.data.reference import Reference
from toolkit.data.schemas import MISSING_ALLOWED, OBSERVATIONS
from toolkit.data.tables import Table, tidy
from toolkit.data.workbook import Numeral
from toolkit.desk.mapping import ColumnMapping, value_columns
from toolkit.desk.sheets import Headed, RawSheet, headed, raw_sheets

NAMES = OBSERVATIONS.names
LONGEST_NAME = 100


@dataclass
class HeaderedProblems(Problems):
    """Problems of a mapped table: named by the file's own headers.

    Attributes
    ----------
    headers :
        Column of ``observations.csv`` to header in the file.
    names :
        Problems of areas given by name.
    """

    headers: Mapping[str, str] | None = None
    names: list[Problem] = field(default_factory=list)

    def all(self) -> list[Problem]:
        """Return the problems by row, with the columns as the file names them; an unclear name is told once."""
        headers, found = self.headers or {}, super().all()
        unclear = {item.row: item for item in found if item.column == "area_code" and item in self.names}
        return [
            replace(item, column=headers.get(item.column, item.column))
            for item in found
            if item.column != "area_code" or unclear.get(item.row, item) is item
        ]


def mapped_tables(
    path: Path, mapping: ColumnMapping, reference: Reference
) -> tuple[tuple[Table, ...], list[Problem], bool]:
    """Return one table for each column of values of each sheet, the problems, and whether the file is damaged."""
    wanted = [*mapping.columns.values(), *mapping.wide]
    sheets, problems = raw_sheets(path, wanted)
    damaged = bool(sheets) and has_error(problems.found)
    tables: list[Table] = []
    for sheet in sheets:
        if mapping.sheet and sheet.problems.sheet and fold(sheet.problems.sheet) != fold(mapping.sheet):
            continue
        if not sheet.visible and not mapping.sheet:
            sheet.problems.warn("sheet_hidden", sheet.rows[0].number if sheet.rows else 1)
        else:
            tables += _of_sheet(sheet, mapping, reference)
        problems.found += sheet.problems.all()
    if not tables and not has_error(problems.found):
        problems.add("no_header", 1, fields={"columns": ", ".join(wanted)})
    return tuple(tables), problems.all(), damaged


def _of_sheet(sheet: RawSheet, mapping: ColumnMapping, reference: Reference) -> list[Table]:
    wanted = [*mapping.columns.values(), *mapping.wide]
    table = headed(sheet.rows, wanted, mapping.header_rows) if sheet.rows else None
    if table is None:
        if sheet.rows:
            sheet.problems.warn("sheet_unread", sheet.rows[0].number)
        return []
    for row in sheet.rows[: len(sheet.rows) - len(table.rows) - mapping.header_rows]:
        sheet.problems.warn("above_header", row.number, value=" ".join(filter(None, map(tidy, row.cells))))
    missing = [header for header in wanted if table.place(header) is None]
    for header in missing:
        near = sheet.problems.near("header", header, filter(None, table.names), 1)
        sheet.problems.add("missing_column", table.header_row, header, fields={"near": near})
    if missing:
        return []
    rows = _body(table, mapping, sheet.problems)
    areas = AreaReader(reference, mapping.area_level)
    values: dict[str, dict[str, str]] = value_columns(mapping, table.short) if mapping.is_wide else {"": {}}
    _name_unread(table, mapping, values, sheet.problems)
    return [_table(table, rows, mapping, header, given, sheet.problems, areas) for header, given in values.items()]


def _name_unread(
    table: Headed, mapping: ColumnMapping, values: Mapping[str, Mapping[str, str]], problems: Problems
) -> None:
    """Say which columns of the file the mapping does not speak of: none is passed over in silence."""
    read = {table.place(header) for header in [*mapping.columns.values(), *filter(None, values)]}
    for at, name in enumerate(table.names):
        if name and at not in read:
            problems.warn("column_unread", table.header_row, name)


def _body(table: Headed, mapping: ColumnMapping, problems: Problems) -> list[Row]:
    """Return the rows of figures: notes under the table and rows to skip are named and left out."""
    place = table.place(mapping.columns["area_code"]) if "area_code" in mapping.columns else None
    skipped = {fold(text) for text in mapping.skip}
    kept = []
    for row in table.rows:
        filled = [at for at, cell in enumerate(row.cells) if cell.strip()]
        area = tidy(row.cells[place]) if place is not None and place < len(row.cells) else ""
        if area and fold(area) in skipped:
            problems.warn("skipped_row", row.number, table.names[place or 0], area)
        elif len(filled) == 1 and len(table.names) > 2 and not isinstance(row.cells[filled[0]], Numeral):
            problems.warn("note_row", row.number, "", tidy(row.cells[filled[0]]))
        elif filled:
            kept.append(row)
    return kept


def _table(
    table: Headed,
    rows: Sequence[Row],
    mapping: ColumnMapping,
    header: str,
    given: Mapping[str, str],
    sheet: Problems,
    areas: AreaReader,
) -> Table:
    """Return the table of one column of values (or of the only one, in a long table)."""
    headers = {**mapping.columns, **({"value": header} if header else {})}
    places = {name: table.place(text) for name, text in headers.items()}
    fixed = {**mapping.fixed, **given}
    columns = tuple(name for name in NAMES if name in places or name in fixed or name in MISSING_ALLOWED)
    problems = HeaderedProblems(sheet.file, sheet.sheet, headers=headers)
    for name in NAMES:
        if name not in columns:
            problems.add("missing_column", table.header_row, name, fields={"near": "--fixed"})
    made = []
    for row in rows:
        cells = {name: _cell(row, places.get(name), fixed.get(name, "")) for name in columns}
        if header and not cells["value"]:
            continue  # an empty cell of a wide table is a figure that nobody gave
        if "area_code" in cells:
            cells["area_code"] = areas.code(cells["area_code"], cells.get("year", ""), row.number, problems)
        made.append(Row(row.number, tuple(cells[name] for name in columns)))
    return Table(columns, table.header_row, tuple(made), problems)


def _cell(row: Row, place: int | None, otherwise: str) -> str:
    if place is None:
        return otherwise
    text = row.cells[place] if place < len(row.cells) else ""
    return text if isinstance(text, Numeral) else tidy(text) or otherwise


@dataclass
class AreaReader:
    """Reads areas given by code or by name; each text and year once.

    Attributes
    ----------
    reference :
        The project's areas.
    level :
        Level of areas given by name; None for what a name usually means.
    """

    reference: Reference
    level: str | None

    def code(self, text: str, year: str, row: int, problems: HeaderedProblems) -> str:
        """Return the code of an area; the text itself, with a problem, if it is no area's or several areas'."""
        areas = self.reference.areas
        if not text or text in areas or text.isdigit():
            return text
        known = year_of(year)
        day = date(known, 12, 31) if known and self.level == "commune" else None
        try:
            return areas.find(text[:LONGEST_NAME], level=self.level, on=day).code
        except UsageError as error:
            fields = {"reason": error.message, "advice": error.remedy}
            problems.add("area_name", row, "area_code", text, fields=fields)
            problems.names.append(problems.found[-1])
            return text
