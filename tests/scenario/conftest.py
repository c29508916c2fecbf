"""Business as usual on the real data."""

from __future__ import annotations

import pytest

from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Plan
from toolkit.scenario.scenario import Scenario

DISTRICTS = ("178", "180", "181", "182", "183", "184", "185", "186", "187", "188", "189")


@pytest.fixture(scope="session")
def usual(real_forecasts: Forecasts, real_data: Dataset, real_plan: Plan) -> Scenario:
    return Scenario(real_forecasts, real_data, real_plan)


@pytest.fixture(scope="session")
def people(real_data: Dataset) -> dict[str, float]:
    """Return the people of each district at the census of 2019."""
    figures = {code: real_data.series(code, "population", "all").observations for code in DISTRICTS}
    return {code: next(one.value for one in known if one.year == 2019) for code, known in figures.items()}
