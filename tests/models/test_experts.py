"""The path that units share, and forecasts free of the unit of measurement."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit import models
from toolkit.models.experts import common_path
from toolkit.models.panel import Panel, Scale

RANDOM = np.random.Generator(np.random.PCG64(4))


def test_the_common_path_is_the_mean_level_and_the_years_effects() -> None:
    level, year = np.array([1.0, 4.0, 7.0]), np.array([-1.0, 0.0, 0.5, 0.5])
    np.testing.assert_allclose(
        common_path(level[:, None] + year, np.ones((level.size, year.size))), 4.0 + year, atol=1e-8
    )


def test_a_gap_does_not_move_the_common_path() -> None:
    value = np.array([1.0, 4.0, 7.0])[:, None] + np.array([-1.0, 0.0, 0.5, 0.5])
    value[2, 1] = np.nan
    np.testing.assert_allclose(common_path(value, np.ones(value.shape)), [3.0, 4.0, 4.5, 4.5], atol=1e-6)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_forecasts_do_not_depend_on_the_unit_of_measurement(factor: float) -> None:
    steps = RANDOM.normal(0.03, 0.05, (6, 5)).cumsum(axis=1)
    value = np.exp(RANDOM.normal(3.0, 0.3, 6)[:, None] + steps)
    unit, year = np.repeat(np.arange(6), 5), np.tile(np.arange(2015, 2020), 6)
    plain, scaled = (
        models.get("default").quantiles(
            Panel.from_rows(6, unit, year, value.ravel() * by, Scale.positive()), range(2020, 2028), (0.1, 0.5, 0.9)
        )
        for by in (1.0, factor)
    )
    np.testing.assert_allclose(scaled / factor, plain, rtol=1e-6)
