"""The generic door: forecasts of any long table of histories, for anyone's own data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.forecast.histories import COLUMNS, PARENT, Histories, histories_of_file, read_histories
from toolkit.models import NAMES, Forecaster, draws_after_parent, get
from toolkit.models.decimals import quantiles_as_printed
from toolkit.models.gate import gates_of
from toolkit.models.panel_model import PanelModel

__all__ = ["COLUMNS", "PARENT", "forecast_table"]

DEFAULT = "default"
DRAWS = 2000
TOGETHER = 32
"""Children drawn at a time: memory does not grow with their number."""


def forecast_table(
    table: pd.DataFrame | Path | str,
    *,
    horizon: int = 8,
    quantiles: Sequence[float],
    model: str = DEFAULT,
    weights: Path | None = None,
) -> pd.DataFrame:
    """Forecast every unit of every panel for the years after the panel's origin.

    Parameters
    ----------
    table :
        Columns ``panel, kind, unit, year, value``. Series of one panel are pooled; ``kind`` is
        ``percent`` (0..100), ``positive`` or ``real``. The origin is the panel's last year. A unit
        ``__parent__`` is the panel's parent, which the other units follow. A row with an empty
        value announces a unit without data. Unit names stay strings. Or the path of a file with
        such a table: CSV or a workbook.
    horizon :
        Number of years after the origin, 1..100.
    quantiles :
        Probabilities strictly between 0 and 1.
    model :
        A name of :data:`toolkit.models.NAMES`.
    weights :
        Weights file for the model in use; None for those that came with the program. Those of
        ``python -m toolkit.evaluate.left_out --weights FOLDER`` never saw a whole kind of panels.

    Returns
    -------
    Columns ``panel, unit, year, quantile, value``: panels and units in the order of the table,
    the parent left out; values in the decimals in which the panel's figures are printed
    (:mod:`toolkit.models.decimals`).

    Raises
    ------
    DataError
        If the table breaks a rule; carries all problems with row, column and remedy.
    UsageError
        If horizon, quantiles or model are wrong, or the weights cannot be read.

    Examples
    --------
    >>> history = pd.DataFrame({"panel": "p", "kind": "percent", "unit": ["a", "a", "b"],
    ...                         "year": [2020, 2021, 2021], "value": [12.0, 11.0, 30.0]})
    >>> forecast_table(history, horizon=2, quantiles=[0.5])[["unit", "year"]].values.tolist()
    [['a', 2022], ['a', 2023], ['b', 2022], ['b', 2023]]
    """
    levels = check_options(horizon, quantiles, model)
    forecaster = get(model) if weights is None else model_of(weights, model)
    blocks = []
    panels = read_histories(table) if isinstance(table, pd.DataFrame) else histories_of_file(Path(table))
    for histories in panels:
        names, found = forecast_panel(histories, forecaster, horizon, levels)
        blocks.append(block_of(histories, names, found, levels))
    columns = ["panel", "unit", "year", "quantile", "value"]
    return pd.concat(blocks, ignore_index=True) if blocks else pd.DataFrame(columns=columns)


def model_of(weights: Path, model: str) -> Forecaster:
    """Return the model in use with other weights, or raise UsageError."""
    if model != DEFAULT:
        raise UsageError(say("forecast.weights_unused", model=model), say("base.choose", choices=DEFAULT))
    try:
        gates = gates_of(weights.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(say("forecast.no_weights", file=weights), say("forecast.no_weights.remedy")) from error
    return PanelModel(gates=(gates.panels, gates.single))


def forecast_panel(
    histories: Histories, forecaster: Forecaster, horizon: int, levels: np.ndarray
) -> tuple[list[str], np.ndarray]:
    """Return the units forecast and their quantiles (N, H, Q), in the decimals of their figures."""
    ahead = range(histories.origin + 1, histories.origin + horizon + 1)
    names = [name for name in histories.units if name != PARENT]
    if PARENT not in histories.units or not names:
        names = names or [PARENT]
        panel = histories.panel_of(names)
        ask = partial(forecaster.quantiles, panel, ahead)
        return names, quantiles_as_printed(ask, levels, panel.value, panel.scale)
    children = histories.panel_of(names)
    parent_panel = histories.panel_of([PARENT])
    years = range(int(min([*children.year, *parent_panel.year])), ahead[-1] + 1)
    parent = forecaster.paths(parent_panel, years, draws=DRAWS)
    draw = draws_after_parent(forecaster, children, ahead, draws=DRAWS, parent=parent)

    def of_draws(inner: list[float]) -> np.ndarray:
        found = [
            np.quantile(draw(np.arange(start, min(start + TOGETHER, len(names)))).values, inner, axis=0)
            for start in range(0, len(names), TOGETHER)
        ]
        return np.moveaxis(np.concatenate(found, axis=1), 0, -1)

    return names, quantiles_as_printed(of_draws, levels, children.value, children.scale)


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
        raise UsageError(say("forecast.no_horizon", horizon=horizon), say("forecast.no_horizon.remedy"))
    levels = np.asarray(quantiles, dtype=np.float64).reshape(-1)
    if not levels.size or not ((levels > 0) & (levels < 1)).all():
        raise UsageError(say("forecast.no_levels"), say("cli.no_levels.remedy"))
    if model not in NAMES:
        raise UsageError(say("forecast.no_model", model=model), say("base.choose", choices=", ".join(NAMES)))
    return levels
