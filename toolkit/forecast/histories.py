"""Histories: any long table of short yearly series, checked and cut into panels; every problem told with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.base.errors import DataError, Problem
from toolkit.base.texts import say
from toolkit.data.numerals import reading, settle
from toolkit.data.tables import Layout, read_tables
from toolkit.models import Panel, Scale

__all__ = ["COLUMNS", "PARENT", "Histories", "histories_of_file", "read_histories"]

COLUMNS = ("panel", "kind", "unit", "year", "value")
PARENT = "__parent__"
KINDS = ("percent", "positive", "real")
YEARS = (1000, 9999)
MOST_OF_A_KIND = 1000
"""Problems of one kind that are listed; a file of rubbish is not worth more."""
Kind = Literal["percent", "positive", "real"]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Histories:
    """One checked panel: unit names in the order of the table, and its rows."""

    name: str
    kind: Kind
    units: tuple[str, ...]
    unit: np.ndarray
    year: np.ndarray
    value: np.ndarray
    origin: int

    def scale(self) -> Scale:
        """Return the link; a printed 0 of a positive quantity counts as half the smallest positive value."""
        if self.kind == "percent":
            return Scale.percent()
        if self.kind == "real":
            return Scale.real()
        positive = self.value[np.isfinite(self.value) & (self.value > 0)]
        return Scale.positive(float(positive.min()) / 2.0) if positive.size else Scale.positive()

    def panel_of(self, names: Sequence[str]) -> Panel:
        """Return the panel of the units named."""
        wanted = {name: number for number, name in enumerate(names)}
        position = np.array([wanted.get(name, -1) for name in self.units])
        kept = (position[self.unit] >= 0) & np.isfinite(self.value)
        return Panel.from_rows(
            len(names),
            position[self.unit[kept]],
            self.year[kept],
            self.value[kept],
            self.scale(),
            origin=self.origin,
        )


@dataclass
class Sheet:
    """A table's cells as text while it is checked, and where each record stands in its file."""

    file: str
    cells: pd.DataFrame
    row: npt.NDArray[np.int64]
    problems: list[Problem] = field(default_factory=list)

    def note(self, key: str, column: str, wrong: npt.ArrayLike, **fields: Sequence[object]) -> None:
        """Note a problem of all records where `wrong` is true; fields hold one entry a record."""
        for record in np.flatnonzero(np.asarray(wrong))[:MOST_OF_A_KIND]:
            words = {name: values[record] for name, values in fields.items()}
            found = str(self.cells[column].iloc[record]) if column in self.cells else ""
            self.problems.append(self.problem(key, int(self.row[record]), column, found, **words))

    def problem(self, key: str, row: int, column: str = "", found: str = "", **fields: object) -> Problem:
        """Return a problem in the user's language."""
        words = {"column": column, **fields}
        problem, remedy = say(f"forecast.table.{key}", **words), say(f"forecast.table.{key}.remedy", **words)
        return Problem(self.file, row, column, found, problem, remedy)


def histories_of_file(path: Path) -> list[Histories]:
    """Read a file of histories: CSV in any usual encoding and style, or a workbook.

    Raises
    ------
    DataError
        With every problem of the file, at its place.
    """
    try:
        # plain CSV is what large tables are; whatever is wrong with it is told by the thorough reader below
        return read_histories(pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig"))
    except (ValueError, DataError, OSError):
        pass
    tables, problems = read_tables(path, Layout(COLUMNS))
    noted = [*problems, *(one for table in tables for one in table.problems.all())]
    errors = [item for item in noted if item.severity == "error"]
    if errors or len(tables) != 1:
        remedy = "" if errors else say("forecast.table.one_sheet")
        raise DataError(say("forecast.table.unusable", file=path.name), errors, remedy)
    first = tables[0]
    cells = pd.DataFrame([row.cells for row in first.rows], columns=list(first.columns), dtype=object)
    return read_histories(cells, file=path.name, rows=[row.number for row in first.rows])


def read_histories(table: pd.DataFrame, *, file: str = "table", rows: Sequence[int] | None = None) -> list[Histories]:
    """Check a table and cut it into panels.

    Parameters
    ----------
    table :
        Columns ``panel, kind, unit, year, value``; an empty value announces a unit without data.
    file, rows :
        Name of the file and row of each record, for messages; by default those of a table with one header row.

    Raises
    ------
    DataError
        With all problems.
    """
    numbers = np.asarray(rows if rows is not None else np.arange(2, len(table) + 2), dtype=np.int64)
    sheet = Sheet(file, pd.DataFrame({name: as_text(table[name]) for name in COLUMNS if name in table}), numbers)
    listed = ", ".join(COLUMNS)
    missing = [name for name in COLUMNS if name not in table.columns]
    sheet.problems.extend(sheet.problem("no_column", 1, name, columns=listed) for name in missing)
    if not missing and not len(table):
        sheet.problems.append(sheet.problem("no_row", 1))
    stop_if_any(sheet)
    value, year = as_numbers(sheet, "value"), as_numbers(sheet, "year")
    check_records(sheet, year, value)
    stop_if_any(sheet)
    check_panels(sheet, year, value)
    stop_if_any(sheet)
    return cut(sheet.cells, year.astype(np.int64), value)


def stop_if_any(sheet: Sheet) -> None:
    """Raise DataError if a problem was noted."""
    if sheet.problems:
        problems = sorted(sheet.problems, key=lambda problem: problem.row)
        raise DataError(say("forecast.table.unusable", file=sheet.file), problems)


def as_text(column: pd.Series) -> pd.Series:
    """Return the cells as stripped text, an empty one for missing cells."""
    text = column.astype(object).where(column.notna(), "")
    return text.map(str).str.strip().reset_index(drop=True) if len(text) else text


def as_numbers(sheet: Sheet, column: str) -> FloatArray:
    """Return cells as numbers, nan where empty; note what is no finite number, or is written in another style."""
    cells = sheet.cells[column].to_numpy(dtype=object)
    empty = cells == ""
    found = np.full(len(cells), np.nan)
    try:
        found[~empty] = cells[~empty].astype(np.float64)
        infinite = ~empty & ~np.isfinite(found)
    except ValueError:
        readings = [reading(text) for text in cells]
        column_wise = settle(readings)
        faults = np.array([item.fault for item in readings])
        infinite, no_number = ~empty & (faults == "infinite"), ~empty & (faults == "no_number")
        odd = np.zeros(len(cells), dtype=np.bool_)
        odd[[*column_wise.mixed, *column_wise.unclear]] = True
        sheet.note("no_number", column, no_number)
        sheet.note("mixed", column, odd & ~empty)
        found = np.array([np.nan if one is None else one for one in column_wise.values], dtype=np.float64)
    sheet.note("infinite", column, infinite)
    return np.where(empty | infinite, np.nan, found)


def check_records(sheet: Sheet, year: FloatArray, value: FloatArray) -> None:
    """Note what is wrong with single records."""
    cells = sheet.cells
    for column in ("panel", "unit", "year"):
        sheet.note("empty", column, cells[column] == "")
    sheet.note("no_kind", "kind", ~cells["kind"].isin(KINDS))
    known = np.isfinite(year)
    inside = (np.where(known, year, 0) % 1 == 0) & (year >= YEARS[0]) & (year <= YEARS[1])
    sheet.note("no_year", "year", known & ~inside)
    percent, positive = (cells["kind"] == kind for kind in ("percent", "positive"))
    with np.errstate(invalid="ignore"):
        sheet.note("no_percent", "value", percent & ((value < 0) | (value > 100)))
        sheet.note("negative", "value", positive & (value < 0))


def check_panels(sheet: Sheet, year: FloatArray, value: FloatArray) -> None:
    """Note what is wrong between records: two kinds in a panel, a cell given twice, a panel without values."""
    cells = sheet.cells.assign(year=year, row=sheet.row, known=np.isfinite(value))
    kinds = cells.groupby("panel", sort=False)["kind"].transform("first")
    sheet.note("two_kinds", "kind", cells["kind"] != kinds, panel=cells["panel"].tolist(), kind=kinds.tolist())
    held = cells[cells["known"]]
    twice = np.zeros(len(cells), dtype=np.bool_)
    twice[held.index[held.duplicated(["panel", "unit", "year"])]] = True
    if twice.any():
        keys = ["panel", "unit", "year"]
        earlier = held.groupby(keys, sort=False)["row"].transform("first").reindex(cells.index, fill_value=0)
        sheet.note("given_twice", "year", twice, unit=cells["unit"].tolist(), earlier=earlier.tolist())
    some = cells.groupby("panel", sort=False)["known"].transform("any")
    first = ~cells["panel"].duplicated()
    sheet.note("no_value", "value", first & ~some, panel=cells["panel"].tolist())


def cut(cells: pd.DataFrame, year: np.ndarray, value: FloatArray) -> list[Histories]:
    """Return the panels in the order of the table."""
    codes, names = pd.factorize(cells["panel"].to_numpy(dtype=object))
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
    units_text, kinds = cells["unit"].to_numpy(dtype=object), cells["kind"].to_numpy(dtype=object)
    found = []
    for number, name in enumerate(names):
        rows = order[bounds[number] : bounds[number + 1]]
        unit, units = pd.factorize(units_text[rows])
        kind = cast("Kind", kinds[int(rows[0])])
        found.append(
            Histories(
                str(name), kind, tuple(str(one) for one in units), unit, year[rows], value[rows], int(year[rows].max())
            )
        )
    return found
