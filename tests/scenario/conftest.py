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
    found = {code: real_data.series(code, "population", "all").observations[-1] for code in DISTRICTS}
    assert len({figure.year for figure in found.values()}) == 1
    return {code: figure.value for code, figure in found.items()}
