"""Features of a panel's past and of its units, from which the gate learns what kind of panel it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from toolkit.models.experts import common_path, fit_experts
from toolkit.models.features import FEATURES, panel_features, step_features
from toolkit.models.panel import Panel, Scale, grid_of

RANDOM = np.random.Generator(np.random.PCG64(4))
YEARS = np.arange(2010, 2016)


def seen(values: np.ndarray, scale: Scale) -> dict[str, np.ndarray]:
    """Return the features (N, H) by name; nan is no observation."""
    unit, year = np.nonzero(np.isfinite(values))
    panel = Panel.from_rows(values.shape[0], unit, YEARS[year], values[unit, year], scale, origin=int(YEARS[-1]))
    found = fit_experts(grid_of(panel), 8).features
    assert found.shape == (values.shape[0], 8, len(FEATURES))
    return {name: found[..., FEATURES.index(name)] for name in FEATURES}


def test_roughness_is_that_of_independent_steps() -> None:
    walk = RANDOM.normal(0.0, 0.1, (200, 60)).cumsum(axis=1)
    # independent steps of variance 1 change by variance 2
    assert step_features(walk)[0] == pytest.approx(np.log(2.0) / 2.0, abs=0.02)


def test_a_gap_counts_as_the_years_it_lasted() -> None:
    line = np.arange(8.0) * 0.1
    gap = line.copy()
    gap[[2, 3, 5]] = np.nan
    assert step_features(gap[None])[0] == step_features(line[None])[0] == -2.0


@pytest.mark.parametrize(("kind", "told"), [("percent", (0.6, 0.0)), ("positive", (-0.4, 0.0)), ("real", (-0.4, 1.0))])
def test_the_kind_of_quantity_and_the_number_of_figures_are_told(kind: str, told: tuple[float, float]) -> None:
    values = np.full((2, 6), 5.0)
    values[1, :-1] = np.nan
    found = seen(values, getattr(Scale, kind)())
    assert (found["points"][0] > found["points"][1]).all()
    for name, wanted in zip(("share", "either_sign"), told, strict=True):
        assert found[name] == pytest.approx(wanted)


@pytest.mark.parametrize("level", [99.0, 1.0])
def test_a_figure_near_a_bound_is_told(level: float) -> None:
    values = np.full((1, 6), level)
    assert (seen(values, Scale.percent())["bound"] > 0.8).all()
    assert (seen(np.full((1, 6), 50.0), Scale.percent())["bound"] < 0.01).all()
    assert (seen(values, Scale.positive())["bound"] == 0.0).all()


def test_sizes_do_not_know_their_unit() -> None:
    values = np.exp(np.random.default_rng(2).normal(0, 0.1, (4, 6)).cumsum(axis=1))
    here, there = (seen(values * factor, Scale.positive())["step_size"] for factor in (1.0, 1e6))
    np.testing.assert_allclose(here, there, atol=1e-9)
    assert (seen(np.exp(np.log(values) * 5), Scale.positive())["step_size"] > here).all()
    assert (seen(values, Scale.real())["step_size"] == 0.0).all()


@settings(max_examples=40)
@given(
    arrays(np.float64, (3, 6), elements=st.floats(-1e12, 1e12) | st.just(np.nan) | st.just(0.0)),
    st.sampled_from(["percent", "positive", "real"]),
)
def test_features_are_bounded_for_any_data(values: np.ndarray, kind: str) -> None:
    if kind != "real":
        values = np.abs(values) % 100.0
    for feature in seen(values, getattr(Scale, kind)()).values():
        assert np.isfinite(feature).all()
        assert (np.abs(feature) < 6.0).all()


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_features_are_free_of_the_unit_of_measurement(factor: float) -> None:
    value = RANDOM.normal(0.0, 1.0, (5, 7)).cumsum(axis=1)
    unit, year = np.repeat(np.arange(5), 7), np.tile(np.arange(2010, 2017), 5)
    found = []
    for by in (1.0, factor):
        grid = grid_of(Panel.from_rows(5, unit, year, value.ravel() * by, Scale.real()))
        found.append(panel_features(grid, common_path(grid.value[..., 0], np.ones((5, 7))), 0.1 * by))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)
