"""Drivers and typology: planted structure is found, leaving one out is what it says, noise explains nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toolkit.base.errors import UsageError
from toolkit.evaluate.drivers import coefficients, drivers, features, left_out, paces, typology
from toolkit.models import Scale


def wide_of(slopes: np.ndarray, levels: np.ndarray, noise: float, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    years = np.arange(2010, 2018)
    linked = levels[:, None] + slopes[:, None] * (years - years.mean()) + random.normal(0, noise, (len(slopes), 8))
    return pd.DataFrame(Scale.percent().from_link(linked), columns=years, index=[f"u{n}" for n in range(len(slopes))])


def test_paces_are_slopes_on_the_link_scale() -> None:
    slopes = np.linspace(-0.3, 0.3, 15)
    wide = wide_of(slopes, np.zeros(15), 0.0)
    wide.iloc[3, [1, 4]] = np.nan
    np.testing.assert_allclose(paces(wide, Scale.percent()), slopes, atol=1e-9)
    wide.iloc[5, 2:] = np.nan
    assert "u5" not in features(wide, Scale.percent()).index


def test_leaving_one_out_is_what_a_loop_gives() -> None:
    random = np.random.default_rng(1)
    x, y = random.normal(size=(20, 3)), random.normal(size=20)
    for penalty in (0.1, 10.0):
        looped = []
        for unit in range(20):
            kept = np.arange(20) != unit
            slope = coefficients(x[kept], y[kept], penalty)
            looped.append(y[kept].mean() + (x[unit] - x[kept].mean(axis=0)) @ slope)
        np.testing.assert_allclose(left_out(x, y, penalty), looped, rtol=1e-8)


def test_a_planted_driver_is_found_and_noise_is_not() -> None:
    random = np.random.default_rng(2)
    conditions = pd.DataFrame(random.normal(size=(40, 3)), columns=["real", "noise_a", "noise_b"])
    conditions.index = pd.Index([f"u{n}" for n in range(40)])
    pace = 0.1 * conditions["real"] + random.normal(0, 0.03, 40)
    found = drivers(pace, conditions)
    assert found.table.loc["real", "low"] > 0.05
    assert found.explained > 0.7
    assert found.units == 40
    nothing = drivers(pd.Series(random.normal(size=40), index=conditions.index), conditions)
    assert nothing.explained < 0.2


def test_planted_types_are_found_again() -> None:
    slopes = np.repeat([0.4, 0.0, -0.4], 8) + np.random.default_rng(3).normal(0, 0.02, 24)
    found = typology(wide_of(slopes, np.repeat([1.0, 0.0, -1.0], 8), 0.02, seed=3), Scale.percent(), groups=3)
    assert found.groups.tolist()[:8] == [0] * 8
    assert found.groups.tolist()[-8:] == [2] * 8
    assert found.stability > 0.9
    assert found.centres["units"].sum() == 24


def test_too_few_units_are_refused() -> None:
    wide = wide_of(np.zeros(5), np.zeros(5), 0.1)
    with pytest.raises(UsageError):
        typology(wide, Scale.percent())
    with pytest.raises(UsageError):
        drivers(paces(wide, Scale.percent()), pd.DataFrame({"a": range(5)}, index=wide.index))
