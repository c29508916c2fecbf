"""The public names, gathered: what notebooks and scripts reach as ``toolkit.NAME``. This is their only list."""

from __future__ import annotations

from toolkit.api.answers import Answer, Officials, ask, official_answers
from toolkit.api.comparisons import Comparison, Together, compare, explore, joint, what_if
from toolkit.data.dataset import Dataset, load
from toolkit.forecast.any_table import forecast_table
from toolkit.forecast.make import make_forecasts
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Plan
from toolkit.run.session import Run, compute_run, open_run
from toolkit.scenario.exchange import iamc_table, steps_from_iamc
from toolkit.scenario.scenario import Scenario

__all__ = (
    "Answer",
    "Comparison",
    "Dataset",
    "Forecasts",
    "Officials",
    "Plan",
    "Run",
    "Scenario",
    "Together",
    "ask",
    "compare",
    "compute_run",
    "explore",
    "forecast_table",
    "iamc_table",
    "joint",
    "load",
    "make_forecasts",
    "official_answers",
    "open_run",
    "steps_from_iamc",
    "what_if",
)
