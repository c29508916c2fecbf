"""The public names, gathered: what notebooks and scripts reach as ``toolkit.NAME``. This is their only list."""

from __future__ import annotations

from pathlib import Path as _Path

from toolkit.api.answers import Answer, Officials, Run, compute_run, official_answers, open_run
from toolkit.api.comparisons import Backtest, Comparison, Together, backtest, compare, explore, joint
from toolkit.base.errors import ToolkitError
from toolkit.base.texts import set_language
from toolkit.data.dataset import Dataset, data_folder, load
from toolkit.forecast.any_table import forecast_table
from toolkit.forecast.store import Forecasts
from toolkit.plan import load as _plans
from toolkit.plan.plan import Plan
from toolkit.scenario.exchange import iamc_table, steps_from_iamc
from toolkit.scenario.scenario import Scenario

__all__ = (
    "Answer",
    "Backtest",
    "Comparison",
    "Dataset",
    "Forecasts",
    "Officials",
    "Plan",
    "Run",
    "Scenario",
    "Together",
    "ToolkitError",
    "backtest",
    "compare",
    "compute_run",
    "explore",
    "forecast_table",
    "iamc_table",
    "joint",
    "load",
    "load_plan",
    "official_answers",
    "open_run",
    "set_language",
    "steps_from_iamc",
)


def load_plan(name: str | None = None, *, data: _Path | str | None = None) -> Plan:
    """Return a plan: by its name among those of the data folder, by default the only one there.

    >>> load_plan("langson-138").id
    'langson-138-2022'
    """
    return _plans.load_plan(name, folder=data_folder(data))
