"""Features of a panel's past, from which the gate learns what kind of panel it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from toolkit.models.experts import common_path
from toolkit.models.features import (
    PANEL_FEATURES,
    between_units,
    gaps_of,
    own_features,
    panel_features,
    step_features,
    steps_of,
)
from toolkit.models.panel import Panel, Scale, grid_of

RANDOM = np.random.Generator(np.random.PCG64(4))


def test_smooth_series_are_told_from_rough_ones() -> None:
    trends = np.outer(np.linspace(-0.2, 0.2, 8), np.arange(10.0))
    rough = RANDOM.normal(0, 0.2, (8, 10))
    smooth_correlation, smooth_trends = own_features(trends, 0.05)
    rough_correlation, rough_trends = own_features(rough, 0.05)
    assert smooth_correlation > 0.5 > 0.0 > rough_correlation
    assert smooth_trends > rough_trends + 1.0


def test_gaps_are_counted_from_each_units_first_year() -> None:
    seen = np.array([[False, True, False, True], [True, True, True, True]])
    assert gaps_of(seen) == pytest.approx(1.0 / 7.0)


def test_roughness_is_that_of_independent_steps() -> None:
    walk = RANDOM.normal(0.0, 0.1, (200, 60)).cumsum(axis=1)
    roughness, evenness = step_features(steps_of(walk))
    # independent steps of variance 1 change by variance 2; a normal mean absolute step is sqrt(2 / pi)
    assert roughness == pytest.approx(np.log(2.0) / 2.0, abs=0.02)
    assert evenness == pytest.approx(np.log(np.sqrt(2.0 / np.pi) / 0.8), abs=0.02)


def test_a_gap_counts_as_the_years_it_lasted() -> None:
    line = np.arange(8.0) * 0.1
    gap = line.copy()
    gap[[2, 3, 5]] = np.nan
    assert step_features(steps_of(gap[None]))[0] == step_features(steps_of(line[None]))[0] == -2.0


def test_one_large_step_is_uneven() -> None:
    even = np.tile([0.0, 0.1], (5, 6))
    once = np.zeros((5, 12))
    once[:, 6:] = 1.0
    assert step_features(steps_of(once))[1] < step_features(steps_of(even))[1] - 0.5


def test_units_that_move_together_agree_and_those_far_apart_are_distant() -> None:
    steps = RANDOM.normal(0.0, 0.1, (20, 8)).cumsum(axis=1)
    trend = steps + np.arange(8.0) * 0.3
    apart = trend + np.arange(20.0)[:, None]

    def told(value: np.ndarray) -> tuple[float, float]:
        return between_units(value, steps_of(value), (value[:, -1] - value[:, 0]) / 7.0)

    assert told(trend)[0] > 0.9 > 0.6 > told(steps)[0]
    assert told(apart)[1] > told(trend)[1] + 1.0


@given(
    arrays(np.float64, (4, 6), elements=st.floats(0.0, 100.0) | st.just(np.nan)).filter(
        lambda value: bool(np.isfinite(value).any())
    )
)
def test_features_are_finite_and_bounded_for_any_panel(value: np.ndarray) -> None:
    unit, year = np.nonzero(np.isfinite(value))
    grid = grid_of(Panel.from_rows(4, unit, year + 2010, value[unit, year], Scale.percent(), origin=2016))
    found = panel_features(grid, common_path(grid.value[..., 0]), 0.05, 1.0)
    assert found.shape == (len(PANEL_FEATURES),)
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 10.0


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_features_are_free_of_the_unit_of_measurement(factor: float) -> None:
    value = RANDOM.normal(0.0, 1.0, (5, 7)).cumsum(axis=1)
    unit, year = np.repeat(np.arange(5), 7), np.tile(np.arange(2010, 2017), 5)
    found = []
    for by in (1.0, factor):
        grid = grid_of(Panel.from_rows(5, unit, year, value.ravel() * by, Scale.real()))
        found.append(panel_features(grid, common_path(grid.value[..., 0]), 0.1 * by, by))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)
