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
        Dataset,
        Forecasts,
        Plan,
        Run,
        assess_all,
        compute_run,
        forecast_table,
        load,
        load_plan,
        make_forecasts,
        open_run,
    )

__version__ = "0.1.0"

__all__ = (
    "Dataset",
    "Forecasts",
    "Plan",
    "Run",
    "__version__",
    "assess_all",
    "compute_run",
    "forecast_table",
    "load",
    "load_plan",
    "make_forecasts",
    "open_run",
)


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module("toolkit.api"), name)
    message = f"module 'toolkit' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return list(__all__)
