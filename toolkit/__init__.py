"""The Lạng Sơn indicator toolkit: whether a province will meet the targets of its ethnic-affairs plan.

The public names below load what they need when they are first used, so importing the package costs little.

Examples
--------
>>> import toolkit
>>> "open_run" in dir(toolkit)
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.api import (
        Answer,
        Comparison,
        Dataset,
        Forecasts,
        Plan,
        Run,
        Scenario,
        ask,
        assess_all,
        compare,
        compute_run,
        explore,
        forecast_table,
        iamc_table,
        joint,
        load,
        load_plan,
        make_forecasts,
        official_answers,
        open_run,
        spread_budget,
        steps_from_iamc,
        what_if,
    )

__version__ = "0.1.0"

__all__ = (
    "Answer",
    "Comparison",
    "Dataset",
    "Forecasts",
    "Plan",
    "Run",
    "Scenario",
    "__version__",
    "ask",
    "assess_all",
    "compare",
    "compute_run",
    "explore",
    "forecast_table",
    "iamc_table",
    "joint",
    "load",
    "load_plan",
    "make_forecasts",
    "official_answers",
    "open_run",
    "spread_budget",
    "steps_from_iamc",
    "what_if",
)


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module("toolkit.api"), name)
    message = f"module 'toolkit' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return list(__all__)
