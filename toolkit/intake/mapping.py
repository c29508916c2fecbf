"""How a table of somebody else's making is to be read: which header means what, and what the table does not say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.base.errors import Problem, UsageError
from toolkit.base.names import fold, nearest
from toolkit.base.texts import say
from toolkit.data.excel import read_sheets
from toolkit.data.parsing import Numeral, Row, csv_rows, decode, delimiter_of, year_of
from toolkit.data.problems import Problems, has_error
from toolkit.data.reference import Reference
from toolkit.data.schemas import MISSING_ALLOWED, OBSERVATIONS
from toolkit.data.tables import MOST_BYTES, OTHER_FORMATS, WORKBOOKS, Table, tidy

FIELDS = OBSERVATIONS.names


class ColumnMapping(BaseModel):
    """A declared reading of a table.

    Attributes
    ----------
    sheet :
        Sheet of a workbook; every visible sheet with the header if empty.
    header_rows :
        Rows that the header takes; in two, the upper one (merged cells) is carried to the right.
    columns :
        Column of ``observations.csv`` to header in the file.
    fixed :
        Column of ``observations.csv`` to what holds for every row.
    wide :
        Header to what its figures are: ``{"2023": {year: "2023"}}``; each such column holds values.
    years :
        Take every header that is a year for a column of values of that year.
    area_level :
        Level of areas that are given by name.
    skip :
        Rows whose area is written so are left out, such as ``Tổng cộng``; they are named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet: str = ""
    header_rows: int = Field(default=1, ge=1, le=2)
    columns: dict[str, str] = Field(default_factory=dict)
    fixed: dict[str, str] = Field(default_factory=dict)
    wide: dict[str, dict[str, str]] = Field(default_factory=dict)
    years: bool = False
    area_level: Literal["province", "district", "commune"] | None = None
    skip: tuple[str, ...] = ()

    @property
    def is_wide(self) -> bool:
        """Whether several columns hold values."""
        return self.years or bool(self.wide)


def read_mapping(path: Path) -> ColumnMapping:
    """Read a mapping from a YAML file.

    Raises
    ------
    UsageError
        If the file is missing, no YAML, or names a column that observations do not have.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = yaml.load(text, Loader=yaml.BaseLoader)  # all scalars stay texts, so 05977 stays a code
    except (OSError, UnicodeDecodeError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise UsageError(say("desk.mapping.unreadable", file=path), say("desk.mapping.remedy")) from error
    return checked(content, path.name)


def checked(content: Any, name: str) -> ColumnMapping:
    """Return a mapping from plain data.

    Raises
    ------
    UsageError
        If it breaks a rule, with the nearest valid names.
    """
    try:
        mapping = ColumnMapping.model_validate(content)
    except ValidationError as error:
        reason = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:3])
        raise UsageError(say("desk.mapping.wrong", file=name, reason=reason), say("desk.mapping.remedy")) from error
    named = [*mapping.columns, *mapping.fixed, *(field for given in mapping.wide.values() for field in given)]
    for column in named:
        if column not in FIELDS:
            near = ", ".join(nearest(column, FIELDS))
            raise UsageError(say("desk.mapping.no_field", file=name, field=column), say("data.nearest", near=near))
    if not mapping.is_wide and "value" not in mapping.columns:
        raise UsageError(say("desk.mapping.no_value", file=name), say("desk.mapping.remedy"))
    return mapping


def mapping_of(
    file: Path | None,
    columns: Sequence[str] = (),
    fixed: Sequence[str] = (),
    *,
    years: bool = False,
    area_level: str | None = None,
) -> ColumnMapping | None:
    """Return the mapping that a user declares, in a file or as ``field=header`` and ``field=value``; None for none.

    Raises
    ------
    UsageError
        If a part has no equals sign, or names an unknown column.
    """
    if file is None and not columns and not fixed and not years:
        return None
    held = read_mapping(file).model_dump() if file else {"columns": {}, "fixed": {}}
    held["columns"] = {**held["columns"], **_pairs(columns)}
    held["fixed"] = {**held["fixed"], **_pairs(fixed)}
    held["years"] = years or held.get("years", False)
    held["area_level"] = area_level or held.get("area_level")
    if not held["years"] and not held.get("wide"):
        held["columns"].setdefault("value", "value")
    return checked(held, file.name if file else "--column, --fixed")


def value_columns(mapping: ColumnMapping, headers: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the headers that hold values, with what their figures are.

    >>> value_columns(checked({"years": True}, ""), ["Huyện", "Năm 2022", "2023"])
    {'Năm 2022': {'year': '2022'}, '2023': {'year': '2023'}}
    """
    found = dict(mapping.wide)
    if mapping.years:
        declared = {fold(header) for header in mapping.wide}
        years = {header: year_of(header) for header in headers if fold(header) not in declared}
        found |= {header: {"year": str(year)} for header, year in years.items() if year is not None}
    return found


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise UsageError(say("desk.mapping.no_pair", text=text), say("desk.mapping.no_pair.remedy"))
        pairs[name.strip()] = value.strip()
    return pairs


ROWS_FOR_HEADER = 30
BETWEEN = " / "
"""Between the upper and the lower text of a header of two rows."""


@dataclass(frozen=True)
class RawSheet:
    """One sheet, or one CSV file.

    Attributes
    ----------
    rows :
        Rows that hold anything, cells as they stand.
    visible :
        False for a hidden sheet.
    problems :
        Where its problems are noted.
    """

    rows: tuple[Row, ...]
    visible: bool
    problems: Problems


def raw_sheets(path: Path, known: Iterable[str]) -> tuple[tuple[RawSheet, ...], Problems]:
    """Return the sheets of a workbook, or the one table of a CSV file, and the problems of the file itself.

    Parameters
    ----------
    known :
        Headers to look for, by which the delimiter is told.
    """
    problems = Problems(path.name)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(8)
        if not size or size > MOST_BYTES:
            key = "too_large" if size else "empty_file"
            problems.add(key, 1, fields={"limit": MOST_BYTES // 1_000_000})
            return (), problems
        other = next((key for mark, key in OTHER_FORMATS.items() if head.startswith(mark)), "")
        if other:
            problems.add(other, 1)
            return (), problems
        if path.suffix.casefold() in WORKBOOKS or head.startswith(b"PK\x03\x04"):
            sheets = read_sheets(path, problems)
            return tuple(RawSheet(item.rows, item.visible, Problems(path.name, item.name)) for item in sheets), problems
        text = decode(path.read_bytes(), problems).text
    except OSError as error:
        problems.add("unreadable", 1, value=error.strerror or type(error).__name__)
        return (), problems
    own = Problems(path.name)
    delimiter = delimiter_of(text, [name.casefold() for name in known])
    rows = tuple(row for row in csv_rows(text, delimiter, own) if any(cell.strip() for cell in row.cells))
    if not rows and not problems.found:
        problems.add("empty_file", 1)
    return (RawSheet(rows, True, own),) if rows else (), problems


@dataclass(frozen=True)
class Headed:
    """Rows under a header.

    Attributes
    ----------
    names :
        The header's texts, one a column.
    header_row :
        Its (last) row.
    rows :
        What stands below it.
    """

    names: tuple[str, ...]
    header_row: int
    rows: tuple[Row, ...]

    @property
    def short(self) -> tuple[str, ...]:
        """The lower texts of a header of two rows, where no other column has the same; else the whole names."""
        lowers = [name.rpartition(BETWEEN)[2] for name in self.names]
        return tuple(
            lower if lowers.count(lower) == 1 else name for name, lower in zip(self.names, lowers, strict=True)
        )

    def place(self, name: str) -> int | None:
        """Return the position of a column by its whole or its short name, case and diacritics ignored."""
        for names in (self.names, self.short):
            found = [at for at, held in enumerate(names) if fold(held) == fold(name)]
            if found:
                return found[0]
        return None


def headed(rows: Sequence[Row], wanted: Iterable[str], header_rows: int) -> Headed | None:
    """Find the header that holds the wanted names; None if no row holds any of them.

    A header of two rows is read as ``upper / lower``, the upper text carried to the right as merged cells are;
    a column is also found by its lower text alone where no other has it.
    """
    folded = {fold(name) for name in wanted}
    best: tuple[int, int, tuple[str, ...]] = (0, 0, ())
    for at in range(min(len(rows), ROWS_FOR_HEADER) - header_rows + 1):
        names = _joined(rows[at : at + header_rows])
        found = {fold(part) for name in names for part in (name, name.rpartition(BETWEEN)[2])}
        hits = len(found & folded)
        if hits > best[0]:
            best = (hits, at, names)
    hits, at, names = best
    if not hits:
        return None
    last = at + header_rows - 1
    return Headed(names, rows[last].number, tuple(rows[last + 1 :]))


def _joined(rows: Sequence[Row]) -> tuple[str, ...]:
    if len(rows) == 1:
        return tuple(tidy(cell) for cell in rows[0].cells)
    carried, names = "", []
    for upper, lower in zip_longest(*(row.cells for row in rows), fillvalue=""):
        carried = tidy(upper) or carried
        below = tidy(lower)
        names.append(f"{carried}{BETWEEN}{below}" if carried and below else below or tidy(upper))
    return tuple(names)


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
