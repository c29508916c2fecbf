"""What verbs need beside the draws: indicators, the plan, the areas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.data.dataset import Dataset
from toolkit.forecast.paths import BoolArray, Path
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Plan
from toolkit.plan.predicates import Printed


@dataclass(frozen=True)
class Setting:
    """Data and plan that a scenario is about."""

    dataset: Dataset
    plan: Plan

    def codes(self, names: Iterable[str] | None, forecasts: Forecasts) -> list[str]:
        """Return the codes of named areas, or of the plan's province and all below it that have forecasts."""
        if names is None:
            above = {area.code for area in self.dataset.areas.ancestors(self.plan.province_code)}
            return [code for code in forecasts.areas() if code not in above]
        return list(dict.fromkeys(self.dataset.areas.find(name, on=self.dataset.as_of).code for name in names))

    def printed(self, indicator: str) -> Printed:
        """Return how an indicator is printed."""
        found = self.dataset.indicators.get(indicator)
        return Printed(found.decimals, found.lower, found.upper)


def path_of(forecasts: Forecasts, code: str, indicator: str, scope: str) -> Path:
    """Return what is forecast of an indicator in an area.

    Raises
    ------
    UsageError
        Without evidence there is nothing that a scenario could change.
    """
    path = forecasts.path(code, indicator, scope)
    if path is None:
        message = say("scenario.no_path", indicator=indicator, scope=scope, area=code)
        raise UsageError(message, say("scenario.no_path.remedy"))
    return path


def open_years(path: Path, from_year: int | None = None) -> BoolArray:
    """Return which years a scenario may change: those after the newest evidence, without a figure. Shape (T,).

    What is published, and what was already informed by figures, stays as it is.
    """
    first = path.evidence.last_year + 1 if from_year is None else max(from_year, path.evidence.last_year + 1)
    return np.asarray((path.years >= first) & ~path.observed)
