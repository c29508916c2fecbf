"""An observation table to figures, and the figures of one area, indicator and scope to a series."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from toolkit.base.texts import Tabular
from toolkit.data.indicators import Indicator
from toolkit.data.parsing import day_of, year_of
from toolkit.data.reference import ROW_RULES, Reference, RowContext, RowFault, in_codes
from toolkit.data.schemas import MISSING_ALLOWED, OBSERVATIONS, STATUSES
from toolkit.data.tables import InputTable, TableLayout, frame_of

if TYPE_CHECKING:
    import pandas as pd

UNUSED = "unverified"
"""Figures with this qualifier are shown and never used; those of a weak source get it, whatever its table says."""
OBSERVATION_LAYOUT = TableLayout(
    tuple(name for name in OBSERVATIONS.names if name not in MISSING_ALLOWED),
    tuple(name for name in OBSERVATIONS.names if name in MISSING_ALLOWED),
)
"""Columns of a table given to ``check``."""


@dataclass(frozen=True)
class Observation:
    """One published figure as a report shows it.

    Attributes
    ----------
    year, value :
        The year it speaks of and the figure, in the indicator's unit.
    status, qualifier, standard, source_id, note :
        As in an observation table; empty texts where the file has none.
    overruled :
        Other figures for the same cell that a better status or a later date set aside.
    available_from, available_basis :
        Day (ISO) from which it was known, and whether that is ``published`` or follows a ``rule``.
    row, delivery :
        Row of the file, as a spreadsheet shows it, and the number of the delivery; 0 for ``observations.csv``.
    """

    year: int
    value: float
    status: str
    qualifier: str
    standard: str
    source_id: str
    note: str = ""
    overruled: tuple[Observation, ...] = ()
    available_from: str = ""
    available_basis: str = ""
    row: int = 0
    delivery: int = 0


@dataclass(frozen=True)
class PeriodAverage:
    """A published mean over several years; it feeds `average` rules only.

    Attributes
    ----------
    from_year, to_year :
        First and last year, both included.
    value :
        The published mean, in the indicator's unit.
    status, source_id :
        As in an observation table.
    """

    from_year: int
    to_year: int
    value: float
    status: str
    source_id: str


@dataclass(frozen=True, repr=False)
class Series(Tabular):
    """All figures of one area, indicator and scope.

    Attributes
    ----------
    area_code, indicator, scope :
        Whose figures they are.
    observations :
        One a year and standard, by year: of several figures for one cell the better status wins, then
        the later day of publication, then the earlier row; the losers are its ``overruled``.
    period_averages :
        Means over several years.
    unverified :
        Figures that are shown and never used.
    """

    area_code: str
    indicator: str
    scope: str
    observations: tuple[Observation, ...] = ()
    period_averages: tuple[PeriodAverage, ...] = ()
    unverified: tuple[Observation, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the figures that count, one row a year and standard."""
        return frame_of(self.observations, [item.name for item in fields(Observation) if item.name != "overruled"])

    @property
    def overruled(self) -> tuple[Observation, ...]:
        """All figures set aside by another one for the same cell."""
        return tuple(loser for observation in self.observations for loser in observation.overruled)


def resolved(figures: list[Observation]) -> tuple[Observation, ...]:
    """Return one figure a year and standard, each with those it overrules.

    >>> older = Observation(2025, 3.0, "preliminary", "", "mdp_2022", "press")
    >>> newer = Observation(2025, 2.32, "final", "", "mdp_2022", "decision")
    >>> [(figure.value, len(figure.overruled)) for figure in resolved([older, newer])]
    [(2.32, 1)]
    """
    cells: dict[tuple[int, str], list[Observation]] = {}
    for figure in figures:
        cells.setdefault((figure.year, figure.standard), []).append(figure)
    ordered = (best_first(cell) for cell in cells.values())
    winners = [replace(best, overruled=tuple(others)) for best, *others in ordered]
    return tuple(sorted(winners, key=lambda figure: figure.year))


def best_first(figures: Iterable[Published]) -> list[Published]:
    """Return the figures for one cell, the one that counts first: the better status, then the later publication."""
    newest_first = sorted(figures, key=lambda figure: figure.available_from, reverse=True)
    return sorted(newest_first, key=lambda figure: STATUSES.index(figure.status))


class Figure(NamedTuple):
    """One row of an observation table whose cells can all be used.

    Attributes
    ----------
    written :
        The value as its source prints it.
    file, sheet, row, delivery :
        Where it stands, and the number of the delivery that it came with.

    Every other attribute is the column of an observation table of its name.
    """

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
    file: str = ""
    sheet: str = ""
    delivery: int = 0


Published = TypeVar("Published", Observation, Figure)


def figures_of(table: InputTable, reference: Reference) -> tuple[Figure, ...]:
    """Judge every row of a table, words of offices read as codes; rows with an error are noted and left out."""
    table = in_codes(table)
    context = RowContext(reference, table.problems, table.has("from_year"))
    values = _values(table, context)
    visible = {name for name in OBSERVATIONS.names if table.has(name)} | set(MISSING_ALLOWED)
    rules = [(columns, rule) for columns, rule in ROW_RULES if visible.issuperset(columns)]
    judged = [(_picker(table, columns), rule, dict[tuple[str, ...], list[RowFault]]()) for columns, rule in rules]
    complete = all(table.has(column) for column in OBSERVATION_LAYOUT.required)
    picker, place = _picker(table, OBSERVATIONS.names), (table.problems.file, table.problems.sheet)
    weak = reference.weak_sources
    kept = []
    for position, row in enumerate(table.rows):
        fine = values[position] is not None
        for pick, rule, seen in judged:
            cells = pick(row.cells)
            if cells not in seen:
                seen[cells] = rule(context, *cells)
            for fault in seen[cells]:
                text = row.cells[table.columns.index(fault.column)] if table.has(fault.column) else ""
                table.problems.add(
                    fault.key, row.number, fault.column, text, severity=fault.severity, fields=fault.fields
                )
                fine = fine and fault.severity == "warning"
        value = values[position]
        if fine and complete and value is not None:
            figure = _figure(row.number, picker(row.cells), value, place)
            kept.append(figure._replace(qualifier=UNUSED) if figure.source_id in weak else figure)
    return tuple(kept)


def _picker(table: InputTable, columns: tuple[str, ...]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    places = [table.columns.index(column) if table.has(column) else None for column in columns]
    return lambda cells: tuple("" if at is None else cells[at] for at in places)


def _figure(row: int, cells: tuple[str, ...], value: float, place: tuple[str, str]) -> Figure:
    area_code, indicator, scope, year, from_year, written, *others = cells
    qualifier, unit, standard, status, source_id, available_from, available_basis, note = others
    day = day_of(available_from)
    return Figure(
        row, area_code, indicator, scope, year_of(year) or 0, year_of(from_year) if from_year else None, value,
        qualifier, unit, standard, status, source_id, day.isoformat() if day else available_from, available_basis,
        note, written, *place,
    )  # fmt: skip


def _values(table: InputTable, context: RowContext) -> list[float | None]:
    """Return the value of each row, None where it cannot be used (noted)."""
    if not table.has("value"):
        return [None] * len(table.rows)
    pick = _picker(table, ("indicator", "unit", "value"))
    cells = [pick(row.cells) for row in table.rows]
    declared = {name: context.indicator(name) for name, _, _ in cells}
    allows = {name: indicator.allows if indicator else None for name, indicator in declared.items()}
    values = table.numbers("value", [allows[name] for name, _, _ in cells])
    for at, (name, unit, text) in enumerate(cells):
        fault = _fault(text, values[at], declared[name], unit)
        if fault is not None:
            table.problems.add(fault[0], table.rows[at].number, "value", text, fields=fault[1])
            values[at] = None
    return values


def _fault(
    text: str, value: float | None, indicator: Indicator | None, unit: str
) -> tuple[str, dict[str, object]] | None:
    """Return what is wrong with one value; None if nothing is, or it is noted already as no number."""
    if not text:
        return "empty_cell", {}
    if value is not None and text.endswith("%") and unit != "percent":
        return "percent_sign", {"unit": unit}
    if indicator is None or value is None or indicator.allows(value):
        return None
    bounds = {"lower": _bound(indicator.lower), "upper": _bound(indicator.upper), "indicator": indicator.names}
    return ("not_whole" if indicator.whole and value != int(value) else "out_of_bounds"), {**bounds}


def _bound(bound: float | None) -> str:
    return "∞" if bound is None else f"{bound:g}"
