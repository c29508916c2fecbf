"""The public names, gathered: what notebooks and scripts import from ``toolkit``."""

from __future__ import annotations

from toolkit.attainment.assess import assess_all
from toolkit.data.dataset import Dataset, load
from toolkit.forecast.make import make_forecasts
from toolkit.forecast.store import Forecasts
from toolkit.forecast.table import forecast_table
from toolkit.plan.load import load_plan
from toolkit.plan.schema import Plan
from toolkit.run.session import Run, compute_run, open_run

__all__ = (
    "Dataset",
    "Forecasts",
    "Plan",
    "Run",
    "assess_all",
    "compute_run",
    "forecast_table",
    "load",
    "load_plan",
    "make_forecasts",
    "open_run",
)
