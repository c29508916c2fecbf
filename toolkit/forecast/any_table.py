"""Forecasts of any long table of short yearly series, for anyone's own data.

The table is checked and cut into panels; every problem is told with its row and column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.base.errors import DataError, UsageError
from toolkit.base.texts import say
from toolkit.data.tables import InputTable, TableLayout, read_table, table_of_frame
from toolkit.models import Model, get
from toolkit.models.panel import FloatArray, Forecaster, Panel, Scale
from toolkit.models.panel_model import draws_of_units

DEFAULT = "default"
DRAWS = 2000
COLUMNS = ("panel", "kind", "unit", "year", "value")
LAYOUT = TableLayout(COLUMNS)
PARENT = "__parent__"
KINDS = ("percent", "positive", "count", "real")
FIRST_YEAR = 1700
"""Earlier years are slips of the hand: no yearly statistics are older."""
Histories = pd.DataFrame | InputTable | Path | str
PanelKind = Literal["percent", "positive", "count", "real"]
TOGETHER = 32
"""Children drawn at a time: memory does not grow with their number."""
MOST_DECIMALS = 6
"""Figures with more were worked out, not printed."""


def forecast_table(
    table: Histories, *, horizon: int = 8, quantiles: Sequence[float], model: Model = DEFAULT
) -> pd.DataFrame:
    """Forecast every unit of every panel for the years after the panel's origin.

    Parameters
    ----------
    table :
        Columns ``panel, kind, unit, year, value``. Series of one panel are pooled; ``kind`` is
        ``percent`` (0..100), ``positive``, ``count`` or ``real``. The origin is the panel's last year. A unit
        ``__parent__`` is the panel's parent, which the other units follow. A row with an empty
        value announces a unit without data. Unit names stay strings. Or the path of a file with
        such a table: CSV or a workbook.
    horizon :
        Number of years after the origin, 1..100.
    quantiles :
        Probabilities strictly between 0 and 1.
    model :
        A name of :data:`toolkit.models.NAMES`, or a model of one's own with ``fit`` and ``predict``.

    Returns
    -------
    Columns ``panel, unit, year, quantile, value``: panels and units in the order of the table,
    the parent left out.

    Raises
    ------
    DataError
        If the table breaks a rule; carries all problems with row, column and remedy.
    UsageError
        If horizon, quantiles or model are wrong.

    Examples
    --------
    >>> history = pd.DataFrame({"panel": "p", "kind": "percent", "unit": ["a", "a", "b"],
    ...                         "year": [2020, 2021, 2021], "value": [12.0, 11.0, 30.0]})
    >>> forecast_table(history, horizon=2, quantiles=[0.5])[["unit", "year"]].values.tolist()
    [['a', 2022], ['a', 2023], ['b', 2022], ['b', 2023]]
    """
    levels = check_options(horizon, quantiles)
    forecaster, blocks = get(model), []
    for given in panels_of(table):
        names, found = forecast_panel(given, forecaster, horizon, levels)
        blocks.append(block_of(given, names, given.printed_at_bounds(found), levels))
    columns = ["panel", "unit", "year", "quantile", "value"]
    return pd.concat(blocks, ignore_index=True) if blocks else pd.DataFrame(columns=columns)


def forecast_panel(
    given: PanelTable, forecaster: Forecaster, horizon: int, levels: np.ndarray
) -> tuple[list[str], np.ndarray]:
    """Return the units forecast and their quantiles (N, H, Q)."""
    ahead = range(given.origin + 1, given.origin + horizon + 1)
    names = [name for name in given.units if name != PARENT]
    if PARENT not in given.units or not names:
        names = names or [PARENT]
        return names, forecaster.quantiles(given.panel_of(names), ahead, levels.tolist())
    children = given.panel_of(names)
    parent_panel = given.panel_of([PARENT])
    years = range(int(min([*children.year, *parent_panel.year])), ahead[-1] + 1)
    parent = forecaster.paths(parent_panel, years, draws=DRAWS)
    draw = draws_of_units(forecaster, children, ahead, draws=DRAWS, parent=parent)
    found = [
        np.quantile(draw(np.arange(start, min(start + TOGETHER, len(names)))).values, levels, axis=0)
        for start in range(0, len(names), TOGETHER)
    ]
    return names, np.moveaxis(np.concatenate(found, axis=1), 0, -1)


def block_of(given: PanelTable, names: list[str], found: np.ndarray, levels: np.ndarray) -> pd.DataFrame:
    """Return quantiles (N, H, Q) as a long table."""
    units, horizon, count = found.shape
    years = np.arange(given.origin + 1, given.origin + horizon + 1)
    return pd.DataFrame(
        {
            "panel": given.name,
            "unit": np.repeat(np.array(names, dtype=object), horizon * count),
            "year": np.tile(np.repeat(years, count), units),
            "quantile": np.tile(levels, units * horizon),
            "value": found.reshape(-1),
        }
    )


def check_options(horizon: int, quantiles: Sequence[float]) -> np.ndarray:
    """Return the levels, or raise UsageError."""
    if not 1 <= horizon <= 100:
        raise UsageError(say("forecast.no_horizon", horizon=horizon), say("forecast.no_horizon.remedy"))
    levels = np.asarray(quantiles, dtype=np.float64).reshape(-1)
    if not levels.size or not ((levels > 0) & (levels < 1)).all():
        raise UsageError(say("forecast.no_levels"), say("cli.no_levels.remedy"))
    return levels


@dataclass(frozen=True)
class PanelTable:
    """One checked panel: unit names in the order of the table, and its rows."""

    name: str
    kind: PanelKind
    units: tuple[str, ...]
    unit: np.ndarray
    year: np.ndarray
    value: np.ndarray
    origin: int

    def scale(self) -> Scale:
        """Return the link and bounds of the panel's kind; positive quantities may show that they are counts."""
        if self.kind == "percent":
            return Scale.percent()
        if self.kind == "real":
            return Scale.real()
        return Scale.counts() if self.kind == "count" else Scale.of_positive(self.value)

    def printed_at_bounds(self, forecast: FloatArray) -> FloatArray:
        """Return forecasts in which a share is 0 or 100 where it would be printed so, with the decimals of the figures.

        Of figures in whole per cent many are 100, and an interval that ended at 99.7 would hold none of them.
        """
        if self.kind != "percent":
            return forecast
        known = self.value[np.isfinite(self.value)]
        fits = (places for places in range(MOST_DECIMALS) if np.allclose(known, known.round(places), rtol=0, atol=1e-9))
        half = 0.5 * 10.0 ** -next(fits, MOST_DECIMALS)
        return np.where(forecast >= 100.0 - half, 100.0, np.where(forecast < half, 0.0, forecast))

    def panel_of(self, names: Sequence[str]) -> Panel:
        """Return the panel of the units named."""
        wanted = {name: number for number, name in enumerate(names)}
        position = np.array([wanted.get(name, -1) for name in self.units])
        kept = (position[self.unit] >= 0) & np.isfinite(self.value)
        return Panel.from_rows(
            len(names), position[self.unit[kept]], self.year[kept], self.value[kept], self.scale(), origin=self.origin
        )


def read_histories(path: Path) -> InputTable:
    """Read a file of histories: CSV in any usual encoding and style, or a workbook; what is not read is noted in it.

    Raises
    ------
    DataError
        With every problem of the file, at its place.
    """
    message = say("forecast.table.unusable", file=path.name)
    return read_table(path, LAYOUT, message, say("forecast.table.one_sheet"))


def panels_of(table: Histories) -> list[PanelTable]:
    """Check a table of histories and cut it into panels; messages number the rows of a data frame from 2.

    Parameters
    ----------
    table :
        Columns ``panel, kind, unit, year, value``, in a data frame or a file; an empty value announces a unit
        without data.

    Raises
    ------
    DataError
        With all problems.
    """
    if isinstance(table, str | Path):
        table = read_histories(Path(table))
    return panels_of_checked(table if isinstance(table, InputTable) else table_of_frame(table, LAYOUT, "table"))


def panels_of_checked(table: InputTable) -> list[PanelTable]:
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


def _stop_if_any(table: InputTable) -> None:
    problems = [problem for problem in table.problems.all() if problem.severity == "error"]
    if problems:
        raise DataError(say("forecast.table.unusable", file=table.problems.file), problems)


def _note(table: InputTable, key: str, column: str, wrong: npt.ArrayLike, **fields: Sequence[object]) -> None:
    """Note a problem of all records where `wrong` is true; fields hold one entry a record."""
    at = table.columns.index(column)
    for record in np.flatnonzero(np.asarray(wrong)).tolist():
        row, words = table.rows[record], {name: values[record] for name, values in fields.items()}
        table.problems.add(key, row.number, column, row.cells[at], fields=words)


def _check_records(table: InputTable, cells: pd.DataFrame, year: FloatArray, value: FloatArray) -> None:
    """Note what is wrong with single records."""
    table.check_filled("panel", "unit", "year")
    today = date.today().year  # noqa: DTZ011  (the year on the user's calendar)
    percent, positive = (cells["kind"].isin(kinds) for kinds in (("percent",), ("positive", "count")))
    _note(table, "forecast.problem.no_kind", "kind", ~cells["kind"].isin(KINDS))
    with np.errstate(invalid="ignore"):
        _note(table, "forecast.problem.year_ahead", "year", year > today, today=[today] * len(year))
        _note(table, "forecast.problem.no_percent", "value", percent & ((value < 0) | (value > 100)))
        _note(table, "forecast.problem.negative", "value", positive & (value < 0))


def _check_panels(table: InputTable, cells: pd.DataFrame) -> None:
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


def _cut(cells: pd.DataFrame, year: np.ndarray, value: FloatArray) -> list[PanelTable]:
    """Return the panels in the order of the table."""
    codes, names = pd.factorize(cells["panel"].to_numpy(dtype=object))
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
    units_text, kinds = cells["unit"].to_numpy(dtype=object), cells["kind"].to_numpy(dtype=object)
    found = []
    for number, name in enumerate(names):
        rows = order[bounds[number] : bounds[number + 1]]
        unit, units = pd.factorize(units_text[rows])
        kind = cast("PanelKind", kinds[int(rows[0])])
        found.append(
            PanelTable(
                str(name), kind, tuple(str(one) for one in units), unit, year[rows], value[rows], int(year[rows].max())
            )
        )
    return found
