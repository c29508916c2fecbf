"""Histories: any long table of short yearly series, checked and cut into panels; every problem told with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.base.errors import DataError
from toolkit.base.texts import say
from toolkit.data.tables import Layout, Table, read_table, table_of_frame
from toolkit.models import Panel, Scale

__all__ = ["COLUMNS", "PARENT", "Histories", "histories_of_file", "read_histories"]

COLUMNS = ("panel", "kind", "unit", "year", "value")
LAYOUT = Layout(COLUMNS)
PARENT = "__parent__"
KINDS = ("percent", "positive", "real")
FIRST_YEAR = 1000
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


def histories_of_file(path: Path) -> list[Histories]:
    """Read a file of histories: CSV in any usual encoding and style, or a workbook.

    Raises
    ------
    DataError
        With every problem of the file, at its place.
    """
    message = say("forecast.table.unusable", file=path.name)
    return histories_of(read_table(path, LAYOUT, message, say("forecast.table.one_sheet")))


def read_histories(frame: pd.DataFrame, *, file: str = "table") -> list[Histories]:
    """Check a data frame and cut it into panels.

    Parameters
    ----------
    frame :
        Columns ``panel, kind, unit, year, value``; an empty value announces a unit without data.
    file :
        Its name in messages, which number its rows from 2.

    Raises
    ------
    DataError
        With all problems.
    """
    return histories_of(table_of_frame(frame, LAYOUT, file))


def histories_of(table: Table) -> list[Histories]:
    """Check a table and cut it into panels.

    Raises
    ------
    DataError
        With all problems.
    """
    if not table.rows:
        table.problems.add("forecast.problem.no_row", table.header_row)
    _stop_if_any(table)
    cells = pd.DataFrame({column: pd.Series(table.texts(column), dtype=object) for column in COLUMNS})
    year = np.array(table.years("year", FIRST_YEAR), dtype=np.float64)
    percent = (cells["kind"] == "percent").tolist()
    value = np.array(table.numbers("value", [_share if one else None for one in percent]), dtype=np.float64)
    _check_records(table, cells, year, value)
    _stop_if_any(table)
    _check_panels(table, cells.assign(year=year, known=np.isfinite(value)))
    _stop_if_any(table)
    return _cut(cells, year.astype(np.int64), value)


def _share(value: float) -> bool:
    return 0 <= value <= 100


def _stop_if_any(table: Table) -> None:
    problems = [problem for problem in table.problems.all() if problem.severity == "error"]
    if problems:
        raise DataError(say("forecast.table.unusable", file=table.problems.file), problems)


def _note(table: Table, key: str, column: str, wrong: npt.ArrayLike, **fields: Sequence[object]) -> None:
    """Note a problem of all records where `wrong` is true; fields hold one entry a record."""
    at = table.columns.index(column)
    for record in np.flatnonzero(np.asarray(wrong)).tolist():
        row, words = table.rows[record], {name: values[record] for name, values in fields.items()}
        table.problems.add(key, row.number, column, row.cells[at], fields=words)


def _check_records(table: Table, cells: pd.DataFrame, year: FloatArray, value: FloatArray) -> None:
    """Note what is wrong with single records."""
    for column in ("panel", "unit", "year"):
        _note(table, "empty_cell", column, cells[column] == "")
    today = date.today().year  # noqa: DTZ011  (the year on the user's calendar)
    percent, positive = (cells["kind"] == kind for kind in ("percent", "positive"))
    _note(table, "forecast.problem.no_kind", "kind", ~cells["kind"].isin(KINDS))
    with np.errstate(invalid="ignore"):
        _note(table, "forecast.problem.year_ahead", "year", year > today, today=[today] * len(year))
        _note(table, "forecast.problem.no_percent", "value", percent & ((value < 0) | (value > 100)))
        _note(table, "forecast.problem.negative", "value", positive & (value < 0))


def _check_panels(table: Table, cells: pd.DataFrame) -> None:
    """Note what is wrong between records: two kinds in a panel, a cell given twice, a panel without values."""
    panels, kinds = cells["panel"].tolist(), cells.groupby("panel", sort=False)["kind"].transform("first")
    _note(table, "forecast.problem.two_kinds", "kind", cells["kind"] != kinds, panel=panels, kind=kinds.tolist())
    held, keys = cells[cells["known"]], ["panel", "unit", "year"]
    twice = np.zeros(len(cells), dtype=np.bool_)
    twice[held.index[held.duplicated(keys)]] = True
    if twice.any():
        numbers = pd.Series([row.number for row in table.rows])
        earlier = held.assign(row=numbers).groupby(keys, sort=False)["row"].transform("first")
        rows = earlier.reindex(cells.index, fill_value=0).tolist()
        _note(table, "forecast.problem.given_twice", "year", twice, unit=cells["unit"].tolist(), earlier=rows)
    some = cells.groupby("panel", sort=False)["known"].transform("any")
    _note(table, "forecast.problem.no_value", "value", ~cells["panel"].duplicated() & ~some, panel=panels)


def _cut(cells: pd.DataFrame, year: np.ndarray, value: FloatArray) -> list[Histories]:
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
