"""Observation tables for tests: one good one, and ways to spoil it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

COLUMNS = (
    "area_code", "indicator", "scope", "year", "from_year", "value", "qualifier", "unit", "standard", "status",
    "source_id", "available_from", "available_basis", "note",
)  # fmt: skip
REQUIRED = tuple(
    name for name in COLUMNS if name not in ("from_year", "qualifier", "available_from", "available_basis", "note")
)
GOOD = tuple(
    tuple(line.split(","))
    for line in """\
20,poverty_rate,all,2023,,6.03,,percent,mdp_2022,reported,tbtc-ls-2025,2024-01-31,rule,
20,poverty_rate,all,2024,,3.36,,percent,mdp_2022,final,baodantoc-ls-2025,,,
181,poor_households,all,2018,,3681,,households,mdp_2016,reported,dansinh-binhgia-2019,2019-01-31,rule,3681/12868
181,households,all,2018,,12868,,households,mdp_2016,reported,dansinh-binhgia-2019,2019-01-31,rule,
20,hdi,all,2020,,0.692,about,index,,reported,vovfr-hdi,2021-06-30,rule,whole population
20,grdp_growth_period_average,all,2020,2016,4.67,,percent,,preliminary,kh99-2021,2021-05-04,published,
05977,population,all,2025,,31000,,persons,census_2019_based,reported,tramanh,,,new ward
""".splitlines()
)
"""Rows 2 to 8 of a table without any problem."""


def text(
    rows: Sequence[Sequence[str]] = GOOD, columns: Sequence[str] = COLUMNS, delimiter: str = ",", end: str = "\n"
) -> str:
    """Return a table as CSV text."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end)
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue()


def spoilt(row: int, column: str, value: str) -> str:
    """Return the good table with one cell (row as in a spreadsheet) replaced."""
    rows = [list(cells) for cells in GOOD]
    rows[row - 2][COLUMNS.index(column)] = value
    return text(rows)


def without(column: str) -> str:
    """Return the good table without one column."""
    at = COLUMNS.index(column)
    return text([(*cells[:at], *cells[at + 1 :]) for cells in GOOD], [name for name in COLUMNS if name != column])


def plus(*cells: str) -> str:
    """Return the good table with a ninth row."""
    return text([*GOOD, cells])


def changed(row: int, **cells: str) -> tuple[str, ...]:
    """Return one good row with some cells replaced."""
    return tuple(cells.get(name, value) for name, value in zip(COLUMNS, GOOD[row - 2], strict=True))


def workbook(path: Path, rows: Sequence[Sequence[object]], *, header: Sequence[str] = COLUMNS) -> Path:
    """Write a workbook with one sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(header))
    for cells in rows:
        sheet.append(list(cells))
    book.save(path)
    book.close()
    return path
