"""How a table of somebody else's making is to be read: which header means what, and what the table does not say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.base.errors import AmbiguousNameError, UsageError
from toolkit.base.problems import Phrase, Problem, Problems
from toolkit.base.texts import fold, interface_language, nearest, normalise, say
from toolkit.base.yaml_files import read_yaml
from toolkit.data import tables
from toolkit.data.areas import Areas
from toolkit.data.parsing import Numeral, RawSheet, Row, year_of
from toolkit.data.reference import LONGEST_NAME, STATUS_WORDS, Reference
from toolkit.data.schemas import MISSING_ALLOWED, OBSERVATIONS, SCOPES


class ColumnMapping(BaseModel):
    """A declared reading of a table.

    Attributes
    ----------
    sheet :
        Sheet of a workbook; every visible sheet with the header if empty.
    header_rows :
        Rows that the header takes; in two, the upper one (merged cells) is carried to the right.
    columns :
        Column of an observation table to header in the file.
    fixed :
        Column of an observation table to what holds for every row.
    wide :
        Header to what its figures are: ``{"2023": {year: "2023"}}``; each such column holds values.
    years :
        Take every header that is a year for a column of values of that year; ``Sơ bộ 2023`` says its status too.
    area_level :
        Level of areas that are given by a bare name; a full one such as ``Tỉnh Lạng Sơn`` says its own.
    names :
        What the table calls an area or anything else that has a code, to its code.
    missing :
        Texts that stand for a figure that nobody has; how many there are is told.
    skip :
        Rows whose area is written so are left out, such as ``Tổng cộng``; they are named.
    only, rest :
        Areas (code or name) that are read, all if empty; with ``rest: ignore`` rows of areas that the project does
        not know are left out too. How many rows that were is told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet: str = ""
    header_rows: int = Field(default=1, ge=1, le=2)
    columns: dict[str, str] = Field(default_factory=dict)
    fixed: dict[str, str] = Field(default_factory=dict)
    wide: dict[str, dict[str, str]] = Field(default_factory=dict)
    years: bool = False
    area_level: Literal["province", "district", "commune"] | None = None
    names: dict[str, str] = Field(default_factory=dict)
    missing: tuple[str, ...] = ("..", "...", "…", "-", "–", "—")
    skip: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    rest: Literal["refuse", "ignore"] = "refuse"

    @cached_property
    def codes(self) -> dict[str, str]:
        """What the table calls things, folded, to their codes."""
        return {fold(name): code for name, code in self.names.items()}

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
    text = read_yaml(path, only_texts=True)
    if text.problems:
        problem, remedy = text.problems[0].words(interface_language())
        reason = f"{text.problems[0].row}: {problem} {remedy}"
        raise UsageError(say("desk.mapping.unreadable", file=path, reason=reason), say("desk.mapping.remedy"))
    return checked_mapping(text.content, path.name)


def checked_mapping(content: Any, name: str) -> ColumnMapping:
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
        if column not in OBSERVATIONS.names:
            near = ", ".join(nearest(column, OBSERVATIONS.names))
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
    name = file.name if file else "--column, --fixed"
    mapping = checked_mapping(held, name)
    if "area_code" not in {*mapping.columns, *mapping.fixed}.union(*mapping.wide.values()):
        raise UsageError(say("desk.mapping.no_area", file=name), say("desk.mapping.no_area.remedy"))
    return mapping


def value_columns(mapping: ColumnMapping, headers: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the headers that hold values, with what their figures are.

    >>> value_columns(checked_mapping({"years": True}, ""), ["Huyện", "Năm 2022", "Sơ bộ 2023"])
    {'Năm 2022': {'year': '2022'}, 'Sơ bộ 2023': {'year': '2023', 'status': 'preliminary'}}
    """
    found = dict(mapping.wide)
    if mapping.years:
        declared = {fold(header) for header in mapping.wide}
        years = {header: year_and_status(header) for header in headers if fold(header) not in declared}
        found |= {header: given for header, given in years.items() if given}
    return found


MARKS = re.compile(
    r"[(\[]?\s*(?:dvt|don vi(?: tinh)?|unit)\b[^)\]]*[)\]]?|\(\s*(?:\*+|\d{1,2})\s*\)|[()\[\]*:%/_]"
    r"|\s[-–—]\s|[-–—]$|\b(?:nam|year)\b"
)
YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)", re.ASCII)
MOST_NAMED = 5
STATUS_WORD = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, STATUS_WORDS), key=len, reverse=True))})\b\.?")
DONE = frozenset({"", "thuc hien", "th", "ket qua", "ket qua thuc hien", "so lieu", "so lieu thuc hien"})
"""What may stand beside a year that is over, folded."""
FLAGGED = re.compile(r"([-+]?\d[\d.,\s]*%?)\s*[(\[]?\s*([^\W\d][^\d()\[\]]*?)\.?\s*[)\]]?")


def year_and_status(text: str) -> dict[str, str]:
    """Return the year that a text names, and its status if the text says one; nothing for what is no whole year.

    >>> year_and_status("Sơ bộ - Prel. 2023"), year_and_status("Năm 2019 (ĐVT: %)"), year_and_status("Kế hoạch 2025")
    ({'year': '2023', 'status': 'preliminary'}, {'year': '2019'}, {})
    """
    if (year := year_of(text)) is not None:
        return {"year": str(year)}
    bare = MARKS.sub(" ", fold(text[:LONGEST_NAME]))
    years, words = YEAR.findall(bare), YEAR.sub(" ", bare)
    statuses = {STATUS_WORDS[word.rstrip(".")] for word in STATUS_WORD.findall(words)}
    rest = normalise(STATUS_WORD.sub(" ", words)).strip(". ")
    if len(years) != 1 or rest not in DONE or len(statuses) > 1:
        return {}
    return {"year": years[0], **({"status": statuses.pop()} if statuses else {})}


def figure_and_status(text: str) -> tuple[str, str]:
    """Return the figure of a cell and the status that a flag behind it says; the text itself without one.

    >>> figure_and_status("21,5 (p)"), figure_and_status("21,5 triệu")
    (('21,5', 'preliminary'), ('21,5 triệu', ''))
    """
    match = FLAGGED.fullmatch(text)
    status = STATUS_WORDS.get(fold(match[2]), "") if match else ""
    return (match[1].strip(), status) if match and status else (text, "")


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise UsageError(say("desk.mapping.no_pair", text=text), say("desk.mapping.no_pair.remedy"))
        pairs[name.strip()] = value.strip()
    return pairs


NEEDLESS = (*MISSING_ALLOWED, "standard")
"""Columns that a mapping need not speak of; where an indicator has standards, the rows say so."""


@dataclass
class HeaderedProblems(Problems):
    """Problems of a mapped table: named by the file's own headers.

    Attributes
    ----------
    headers :
        Column of an observation table to header in the file.
    """

    headers: Mapping[str, str] = field(default_factory=dict)

    def all(self) -> list[Problem]:
        """Return the problems by row, with the columns as the file names them; an unclear name is listed once."""
        found = super().all()
        unclear = {item.row for item in found if item.kind == "area_name"}
        return [
            replace(item, column=self.headers.get(item.column, item.column))
            for item in found
            if item.column != "area_code" or item.row not in unclear or item.kind == "area_name"
        ]


def mapped_tables(path: Path, mapping: ColumnMapping, reference: Reference) -> tables.Tables:
    """Return one table for each column of values of each sheet."""
    wanted = [*mapping.columns.values(), *mapping.wide]
    mapping = mapping.model_copy(update={"names": {**_known_names(reference), **mapping.names}})

    def of_sheet(sheet: RawSheet) -> list[tables.InputTable] | None:
        chosen = not mapping.sheet or not sheet.name or fold(sheet.name) == fold(mapping.sheet)
        return _of_sheet(sheet, mapping, wanted, reference) if chosen else None

    return tables.read_by(path, wanted, of_sheet, wanted, hidden=bool(mapping.sheet))


def _known_names(reference: Reference) -> dict[str, str]:
    """Return what offices call indicators, their units and whom figures speak of, with the codes of these."""
    names = {say(f"desk.scope.{scope}"): scope for scope in SCOPES}
    for item in reversed([*reference.indicators.values()]):
        names |= {
            text: code for both, code in ((item.units, item.unit), (item.names, item.id)) for text in (both.vi, both.en)
        }
    return names


def _of_sheet(
    sheet: RawSheet, mapping: ColumnMapping, wanted: Sequence[str], reference: Reference
) -> list[tables.InputTable]:
    header, problems = tables.find_header(sheet.rows, wanted, height=mapping.header_rows), sheet.problems
    if header is None:
        return []
    tables.note_above(sheet, header, mapping.header_rows)
    values: dict[str, dict[str, str]] = value_columns(mapping, header.short) if mapping.is_wide else {"": {}}
    if not values:
        problems.add("no_year_column", header.row.number, value=", ".join(filter(None, header.names)))
    places = tables.columns_of(header, [*wanted, *filter(None, values)], problems)
    for name, given in values.items():
        same = [other for other in values if other != name and _what(values[other]) == _what(given)]
        if same:
            problems.add("same_figures", header.row.number, name, fields={"other": same[0]})
            places.pop(name, None)
    lacking = any(item.kind == "missing_column" for item in problems.found)
    if lacking or not places.keys() >= set(mapping.columns.values()):
        return []
    meant = tables.rows_under(header, sheet, lambda row: _is_left_out(row, header, mapping, problems))
    unclear = {item.row for item in problems.found if item.severity == "error"}
    meant = [row for row in meant if row.number not in unclear]
    rows = _wanted(meant, header, mapping, reference.areas, problems)
    kept = {name: given for name, given in values.items() if not name or name in places}
    return [_table(sheet, header, rows, mapping, name, given, reference.areas) for name, given in kept.items()]


def _what(given: Mapping[str, str]) -> dict[str, str]:
    """Return what the figures of a column are, but for their status."""
    return {name: text for name, text in given.items() if name != "status"}


def _is_left_out(row: Row, header: tables.Header, mapping: ColumnMapping, problems: Problems) -> bool:
    """Say whether a row is a note under the table, or one to skip; both are named."""
    place = header.places(mapping.columns["area_code"])[0] if "area_code" in mapping.columns else len(row.cells)
    area, filled = tables.tidy(tables.cell_at(row, place)), [cell for cell in row.cells if cell.strip()]
    skipped = bool(area) and fold(area) in map(fold, mapping.skip)
    if skipped:
        problems.warn("skipped_row", row.number, header.names[place], area)
    elif len(filled) == 1 and len(header.names) > tables.FEWEST_NAMES and not isinstance(filled[0], Numeral):
        problems.warn("note_row", row.number, "", tables.tidy(filled[0]))
        return True
    return skipped


def _wanted(
    rows: Sequence[Row], header: tables.Header, mapping: ColumnMapping, areas: Areas, problems: Problems
) -> Sequence[Row]:
    """Return the rows of areas that are to be read, and say how many are left out."""
    if "area_code" not in mapping.columns or not (mapping.only or mapping.rest == "ignore"):
        return rows
    place = header.places(mapping.columns["area_code"])[0]

    def code_of(text: str) -> str:
        try:
            return _code(tables.tidy(text), mapping, areas, "")
        except AmbiguousNameError:
            return "" if mapping.only else next(iter(areas.codes))  # kept, to be refused by its name
        except UsageError:
            return ""

    only = {code_of(text) for text in mapping.only} or set(areas.codes)
    kept = [row for row in rows if code_of(_cell(row, place, "")) in only]
    left = [_cell(row, place, "") for row in rows if row not in kept]
    if left:
        first = next(row.number for row in rows if row not in kept)
        named = ", ".join(list(dict.fromkeys(left))[:MOST_NAMED])
        problems.warn("rest_left_out", first, header.names[place], count=len(left), named=named)
    return kept


def _table(
    sheet: RawSheet,
    header: tables.Header,
    rows: Sequence[Row],
    mapping: ColumnMapping,
    name: str,
    given: Mapping[str, str],
    areas: Areas,
) -> tables.InputTable:
    """Return the table of one column of values (or of the only one, in a long table)."""
    headers = {**mapping.columns, **({"value": name} if name else {})}
    places = {column: header.places(text)[0] for column, text in headers.items()}
    fixed = {**mapping.fixed, **given}
    columns = tuple(name for name in OBSERVATIONS.names if name in places or name in fixed or name in NEEDLESS)
    problems = HeaderedProblems(sheet.problems.file, sheet.problems.sheet, headers=headers)
    for column in OBSERVATIONS.columns:
        if column.name not in columns:
            choices = ", ".join(column.choices) or Phrase(f"data.choices.{column.name}")
            problems.add("undeclared_column", header.row.number, column.name, fields={"choices": choices})
    tables.note_merged(replace(sheet, problems=problems), header, set(places.values()))
    made, missing = [], []
    for row in rows:
        cells = {column: _cell(row, places.get(column), fixed.get(column, "")) for column in columns}
        if name and not cells["value"]:
            continue  # an empty cell of a wide table is a figure that nobody gave
        if "value" in cells and cells["value"] in mapping.missing:
            missing.append(row.number)
            continue
        _by_code(cells, mapping)
        if "area_code" in cells:
            cells["area_code"] = _area_code(
                cells["area_code"], mapping, cells.get("year", ""), row.number, areas, problems
            )
        made.append(Row(row.number, tuple(cells[column] for column in columns)))
    if missing:
        problems.warn("missing_signs", missing[0], "value", count=len(missing), signs=" ".join(mapping.missing))
    return tables.InputTable(columns, header.row.number, tuple(made), problems)


def _cell(row: Row, place: int | None, otherwise: str) -> str:
    if place is None:
        return otherwise
    text = tables.cell_at(row, place)
    return text if isinstance(text, Numeral) else text or otherwise


def _by_code(cells: dict[str, str], mapping: ColumnMapping) -> None:
    """Put codes where a table has words: its own names for things, years and figures with a flag."""
    for column, text in cells.items():
        if column not in ("area_code", "value", "note"):
            cells[column] = mapping.codes.get(fold(text), text)
    stated = year_and_status(cells.get("year", ""))
    if "value" in cells and not isinstance(cells["value"], Numeral):
        cells["value"], flag = figure_and_status(cells["value"])
        stated |= {"status": flag} if flag else {}
    cells.update({name: text for name, text in stated.items() if name in cells})


def _code(text: str, mapping: ColumnMapping, areas: Areas, year: str) -> str:
    """Return the code of an area that a table names, or the text itself if it is no one's.

    Raises
    ------
    UsageError
        For the name of several areas.
    """
    text = mapping.codes.get(fold(text), text)
    if not text or text in areas or text.isdigit():
        return text
    level, known = mapping.area_level, year_of(year)
    day = date(known, 12, 31) if known and level == "commune" else None
    try:
        return areas.find(text[:LONGEST_NAME], level=level, on=day, current=True).code
    except UsageError:
        stated = areas.stated(text[:LONGEST_NAME])
        if stated is None:
            raise
        return stated.code


def _area_code(text: str, mapping: ColumnMapping, year: str, row: int, areas: Areas, problems: HeaderedProblems) -> str:
    """Return the code of an area given by code or by name; the text itself, with a problem, if it is no one's."""
    try:
        return _code(text, mapping, areas, year)
    except UsageError as error:
        fields = {"reason": error.message, "advice": error.remedy}
        problems.add("area_name", row, "area_code", text, fields=fields)
        return text
