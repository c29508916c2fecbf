"""Business as usual on the real data."""

from __future__ import annotations

import pytest

from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.schema import Plan
from toolkit.scenario.scenario import Scenario


@pytest.fixture(scope="session")
def usual(real_forecasts: Forecasts, real_data: Dataset, real_plan: Plan) -> Scenario:
    return Scenario(real_forecasts, real_data, real_plan)
