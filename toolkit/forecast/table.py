"""The generic door: forecasts of any long table of histories, for anyone's own data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import pandas as pd

from toolkit import models
from toolkit.base.errors import DataError, Problem, UsageError
from toolkit.models import Forecaster, Panel, Scale

__all__ = ["COLUMNS", "PARENT", "forecast_table"]

COLUMNS = ("panel", "kind", "unit", "year", "value")
PARENT = "__parent__"
KINDS = ("percent", "positive", "real")
YEARS = (1000, 9999)
DRAWS = 2000
Kind = Literal["percent", "positive", "real"]


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


def forecast_table(
    table: pd.DataFrame, *, horizon: int = 8, quantiles: Sequence[float], model: str = "default"
) -> pd.DataFrame:
    """Forecast every unit of every panel for the years after the panel's origin.

    Parameters
    ----------
    table :
        Columns ``panel, kind, unit, year, value``. Series of one panel are pooled; ``kind`` is
        ``percent`` (0..100), ``positive`` or ``real``. The origin is the panel's last year. A unit
        ``__parent__`` is the panel's parent, which the other units follow. A row with an empty
        value announces a unit without data. Unit names stay strings.
    horizon :
        Number of years after the origin, 1..100.
    quantiles :
        Probabilities strictly between 0 and 1.
    model :
        A name of :data:`toolkit.models.NAMES`.

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
    levels = check_options(horizon, quantiles, model)
    forecaster = models.get(model)
    blocks = []
    for histories in read_histories(table):
        names, found = forecast_panel(histories, forecaster, horizon, levels)
        blocks.append(block_of(histories, names, found, levels))
    columns = ["panel", "unit", "year", "quantile", "value"]
    return pd.concat(blocks, ignore_index=True) if blocks else pd.DataFrame(columns=columns)


def forecast_panel(
    histories: Histories, forecaster: Forecaster, horizon: int, levels: np.ndarray
) -> tuple[list[str], np.ndarray]:
    """Return the units forecast and their quantiles (N, H, Q)."""
    ahead = range(histories.origin + 1, histories.origin + horizon + 1)
    names = [name for name in histories.units if name != PARENT]
    if PARENT not in histories.units or not names:
        names = names or [PARENT]
        return names, forecaster.quantiles(histories.panel_of(names), ahead, levels.tolist())
    children = histories.panel_of(names)
    parent_panel = histories.panel_of([PARENT])
    years = range(int(min([*children.year, *parent_panel.year])), ahead[-1] + 1)
    parent = forecaster.paths(parent_panel, years, draws=DRAWS)
    found = forecaster.paths(children, ahead, draws=DRAWS, parent=parent)
    return names, np.moveaxis(np.quantile(found.values, levels, axis=0), 0, -1)


def block_of(histories: Histories, names: list[str], found: np.ndarray, levels: np.ndarray) -> pd.DataFrame:
    """Return quantiles (N, H, Q) as a long table."""
    units, horizon, count = found.shape
    years = np.arange(histories.origin + 1, histories.origin + horizon + 1)
    return pd.DataFrame(
        {
            "panel": histories.name,
            "unit": np.repeat(np.array(names, dtype=object), horizon * count),
            "year": np.tile(np.repeat(years, count), units),
            "quantile": np.tile(levels, units * horizon),
            "value": found.reshape(-1),
        }
    )


def check_options(horizon: int, quantiles: Sequence[float], model: str) -> np.ndarray:
    """Return the levels, or raise UsageError."""
    if not 1 <= horizon <= 100:
        msg, remedy = f"a horizon of {horizon} years cannot be forecast.", "Give a number of years from 1 to 100."
        raise UsageError(msg, remedy)
    levels = np.asarray(quantiles, dtype=np.float64).reshape(-1)
    if not levels.size or not ((levels > 0) & (levels < 1)).all():
        msg, remedy = "quantiles have to lie strictly between 0 and 1.", "Give for instance 0.1,0.5,0.9."
        raise UsageError(msg, remedy)
    if model not in models.NAMES:
        msg, remedy = f"there is no model {model!r}.", f"Choose one of {', '.join(models.NAMES)}."
        raise UsageError(msg, remedy)
    return levels


def read_histories(table: pd.DataFrame) -> list[Histories]:
    """Check a table and cut it into panels; raise DataError with all problems."""
    problems = [
        Problem("table", 1, name, "", "the column is missing.", f"Add it: {', '.join(COLUMNS)}.")
        for name in COLUMNS
        if name not in table.columns
    ]
    if problems:
        msg = "The table cannot be forecast."
        raise DataError(msg, problems)
    texts = {name: as_text(table[name]) for name in COLUMNS}
    value = numbers(texts["value"], "value", problems, empty_allowed=True)
    year = numbers(texts["year"], "year", problems, empty_allowed=False)
    check_rows(texts, year, value, problems)
    if not len(table):
        problems.append(Problem("table", 1, "", "", "the table holds no row.", "Add at least one value."))
    if not problems:
        check_panels(texts, year, value, problems)
    if problems:
        msg = "The table cannot be forecast."
        raise DataError(msg, sorted(problems, key=lambda problem: problem.row))
    return cut(texts, year.astype(np.int64), value)


def as_text(column: pd.Series) -> list[str]:
    """Return the cells as stripped text, an empty one for missing cells."""
    missing = column.isna().tolist()
    return ["" if empty else str(cell).strip() for cell, empty in zip(column.tolist(), missing, strict=True)]


def problem_at(row: int, column: str, found: str, problem: str, remedy: str) -> Problem:
    """Return a problem of the record ``row`` (0-based), placed as a spreadsheet shows it."""
    return Problem("table", row + 2, column, found, problem, remedy)


def numbers(cells: list[str], column: str, problems: list[Problem], *, empty_allowed: bool) -> np.ndarray:
    """Return cells as numbers, nan where empty; note what is no finite number."""
    found = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if not cell:
            if not empty_allowed:
                problems.append(problem_at(row, column, "", f"the {column} is empty.", f"Write the {column}."))
            continue
        try:
            found[row] = float(cell)
        except ValueError:
            remedy = "Write it in digits, with a decimal point."
            problems.append(problem_at(row, column, cell, "this is not a number.", remedy))
            continue
        if not np.isfinite(found[row]):
            remedy = "Leave the cell empty if unknown."
            problems.append(problem_at(row, column, cell, "this is not a finite number.", remedy))
    return found


def check_rows(texts: dict[str, list[str]], year: np.ndarray, value: np.ndarray, problems: list[Problem]) -> None:
    """Note what is wrong with single rows."""
    for row, (panel, kind, unit) in enumerate(zip(texts["panel"], texts["kind"], texts["unit"], strict=True)):
        for column, text in (("panel", panel), ("unit", unit)):
            if not text:
                problems.append(problem_at(row, column, "", "the name is empty.", "Give a name."))
        if kind not in KINDS:
            problems.append(problem_at(row, "kind", kind, "the kind is unknown.", f"Write {', '.join(KINDS)}."))
        if np.isfinite(year[row]) and not (year[row] == int(year[row]) and YEARS[0] <= year[row] <= YEARS[1]):
            written = texts["year"][row]
            problems.append(problem_at(row, "year", written, "this is not a year.", "Write four digits, such as 2024."))
        out = (kind == "percent" and not 0 <= value[row] <= 100) or (kind == "positive" and value[row] < 0)
        if np.isfinite(value[row]) and out:
            wrong = f"a {kind} value has to be {'0 to 100' if kind == 'percent' else '0 or more'}."
            problems.append(problem_at(row, "value", texts["value"][row], wrong, "Correct the value or the kind."))


def check_panels(texts: dict[str, list[str]], year: np.ndarray, value: np.ndarray, problems: list[Problem]) -> None:
    """Note what is wrong between rows: two kinds in a panel, a cell given twice, a panel without values."""
    kinds: dict[str, str] = {}
    cells: dict[tuple[str, str, int], int] = {}
    seen: dict[str, bool] = {}
    first: dict[str, int] = {}
    for row, (panel, kind, unit) in enumerate(zip(texts["panel"], texts["kind"], texts["unit"], strict=True)):
        first.setdefault(panel, row)
        seen[panel] = seen.get(panel, False) or bool(np.isfinite(value[row]))
        if kinds.setdefault(panel, kind) != kind:
            wrong = f"panel {panel!r} began as {kinds[panel]}."
            problems.append(problem_at(row, "kind", kind, wrong, "Give a panel one kind."))
        if not np.isfinite(value[row]):
            continue
        earlier = cells.setdefault((panel, unit, int(year[row])), row)
        if earlier != row:
            wrong = f"unit {unit!r} already has a value for this year in row {earlier + 2}."
            problems.append(problem_at(row, "year", texts["year"][row], wrong, "Keep one of them."))
    for panel, row in first.items():
        if not seen[panel]:
            wrong = f"panel {panel!r} holds no value at all."
            problems.append(problem_at(row, "value", "", wrong, "Add a value or drop the panel."))


def cut(texts: dict[str, list[str]], year: np.ndarray, value: np.ndarray) -> list[Histories]:
    """Return the panels in the order of the table."""
    codes, names = pd.factorize(np.array(texts["panel"], dtype=object))
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
    units_text = np.array(texts["unit"], dtype=object)
    found = []
    for number, name in enumerate(names):
        rows = order[bounds[number] : bounds[number + 1]]
        unit, units = pd.factorize(units_text[rows])
        kind = cast("Kind", texts["kind"][int(rows[0])])
        found.append(
            Histories(
                str(name), kind, tuple(str(one) for one in units), unit, year[rows], value[rows], int(year[rows].max())
            )
        )
    return found
