"""An observation table from text to figures: every row judged, every cell that is wrong noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from toolkit.data.cells import day_of, year_of
from toolkit.data.indicators import Indicator
from toolkit.data.numerals import Columnwise, Reading, narrowed, reading, settle
from toolkit.data.problems import Problems
from toolkit.data.reference import Reference
from toolkit.data.rules import RULES, Fault, Judge
from toolkit.data.schemas import MISSING_ALLOWED, OBSERVATIONS
from toolkit.data.tables import Layout, Table
from toolkit.data.workbook import Numeral

LAYOUT = Layout(
    tuple(name for name in OBSERVATIONS.names if name not in MISSING_ALLOWED),
    tuple(name for name in OBSERVATIONS.names if name in MISSING_ALLOWED),
)
"""Columns of a table given to ``check``."""


class Figure(NamedTuple):
    """One row of an observation table whose cells can all be used."""

    row: int
    area_code: str
    indicator: str
    scope: str
    year: int
    from_year: int | None
    value: float
    qualifier: str
    unit: str
    standard: str
    status: str
    source_id: str
    available_from: str
    available_basis: str
    note: str
    written: str


@dataclass(frozen=True)
class Figures:
    """A table's figures.

    Attributes
    ----------
    figures :
        Rows without an error, in the order of the file.
    problems :
        All problems of the table.
    """

    figures: tuple[Figure, ...]
    problems: Problems


def figures_of(table: Table, reference: Reference) -> Figures:
    """Judge every row of a table; rows with an error are noted and left out."""
    judge = Judge(reference, table.problems, table.has("from_year"))
    values = _values(table, judge)
    rules = [(columns, rule) for columns, rule in RULES if all(_given(table, column) for column in columns)]
    judged = [(_picker(table, columns), rule, dict[tuple[str, ...], list[Fault]]()) for columns, rule in rules]
    complete = all(table.has(column) for column in LAYOUT.required)
    picker = _picker(table, OBSERVATIONS.names)
    kept = []
    for position, row in enumerate(table.rows):
        fine = values[position] is not None
        for pick, rule, seen in judged:
            cells = pick(row.cells)
            if cells not in seen:
                seen[cells] = rule(judge, *cells)
            for fault in seen[cells]:
                text = row.cells[table.columns.index(fault.column)] if table.has(fault.column) else ""
                table.problems.add(
                    fault.key, row.number, fault.column, text, severity=fault.severity, fields=fault.fields
                )
                fine = fine and fault.severity == "warning"
        value = values[position]
        if fine and complete and value is not None:
            kept.append(_figure(row.number, picker(row.cells), value))
    return Figures(tuple(kept), table.problems)


def _given(table: Table, column: str) -> bool:
    """Say whether a rule can see a column: it is there, or may be missing and counts as empty."""
    return table.has(column) or column in MISSING_ALLOWED


def _picker(table: Table, columns: tuple[str, ...]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    places = [table.columns.index(column) if table.has(column) else None for column in columns]
    return lambda cells: tuple("" if at is None else cells[at] for at in places)


def _figure(row: int, cells: tuple[str, ...], value: float) -> Figure:
    area_code, indicator, scope, year, from_year, written, *others = cells
    qualifier, unit, standard, status, source_id, available_from, available_basis, note = others
    day = day_of(available_from)
    return Figure(
        row, area_code, indicator, scope, year_of(year) or 0, year_of(from_year) if from_year else None, value,
        qualifier, unit, standard, status, source_id, day.isoformat() if day else available_from, available_basis,
        note, written,
    )  # fmt: skip


def _values(table: Table, judge: Judge) -> tuple[float | None, ...]:
    """Return the value of each row, None where it cannot be used (noted)."""
    if not table.has("value"):
        return (None,) * len(table.rows)
    pick = _picker(table, ("indicator", "unit", "value"))
    cells = [pick(row.cells) for row in table.rows]
    known: dict[tuple[str, str, bool], Reading] = {}
    readings = []
    for indicator, _, text in cells:
        key = (indicator, text, isinstance(text, Numeral))
        if key not in known:
            known[key] = _possible(reading(text), judge.indicator(indicator))
        readings.append(known[key])
    settled = settle(readings)
    return tuple(
        _usable(table, position, readings[position], settled, judge.indicator(indicator), unit, text)
        for position, (indicator, unit, text) in enumerate(cells)
    )


def _possible(found: Reading, indicator: Indicator | None) -> Reading:
    return found if indicator is None else narrowed(found, indicator.allows)


def _usable(
    table: Table,
    position: int,
    found: Reading,
    settled: Columnwise,
    indicator: Indicator | None,
    unit: str,
    text: str,
) -> float | None:
    """Note what is wrong with one value; return it if nothing is."""
    value = settled.values[position]
    key, fields = "", dict[str, object]()
    if not text:
        key = "empty_cell"
    elif found.fault:
        key = found.fault
    elif position in settled.mixed:
        key = "mixed_decimals"
    elif position in settled.unclear:
        key, fields = "unclear_number", {"meanings": found.shown()}
    elif found.percent and unit != "percent":
        key, fields = "percent_sign", {"unit": unit}
    elif indicator is not None and value is not None and not indicator.allows(value):
        whole = indicator.whole and value != int(value)
        key = "not_whole" if whole else "out_of_bounds"
        fields = {"lower": _bound(indicator.lower), "upper": _bound(indicator.upper), "indicator": indicator.id}
    if key:
        table.problems.add(key, table.rows[position].number, "value", text, fields=fields)
        return None
    return value


def _bound(bound: float | None) -> str:
    return "∞" if bound is None else f"{bound:g}"
