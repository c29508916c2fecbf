"""What the gate sees of a unit at a horizon."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from toolkit.models.experts import fit_experts
from toolkit.models.features import UNIT_FEATURES
from toolkit.models.gate import FEATURES, features_of_units
from toolkit.models.panel import Panel, Scale, grid_of

YEARS = np.arange(2010, 2016)


def seen(values: np.ndarray, scale: Scale) -> dict[str, np.ndarray]:
    """Return the features (N, H) by name; nan is no observation."""
    unit, year = np.nonzero(np.isfinite(values))
    panel = Panel.from_rows(values.shape[0], unit, YEARS[year], values[unit, year], scale, origin=int(YEARS[-1]))
    found = features_of_units(fit_experts(grid_of(panel), scale.link, 8))
    assert found.shape == (values.shape[0], 8, len(FEATURES))
    return {name: found[..., FEATURES.index(name)] for name in UNIT_FEATURES}


def test_a_loud_unit_is_told_from_a_quiet_one() -> None:
    noise = np.random.default_rng(1).normal(0, 1, (6, 6))
    values = 40.0 + noise * np.array([0.3, 0.3, 0.3, 0.3, 0.3, 5.0])[:, None]
    size = seen(values, Scale.percent())["own_size"]
    assert (size[5] > 0.3).all()
    assert (size[:5] < 0.0).all()


def test_a_unit_never_seen_has_no_size_of_its_own() -> None:
    values = np.full((3, 6), np.nan)
    values[:2] = np.linspace(10, 20, 6)
    assert (seen(values, Scale.percent())["own_size"][2] == 0.0).all()
    assert (seen(np.full((2, 6), np.nan), Scale.percent())["own_size"] == 0.0).all()


def test_shares_are_told_from_other_quantities() -> None:
    values = np.array([[30.0, 32.0, 31.0, 35.0, 36.0, 38.0]])
    assert (seen(values, Scale.percent())["percent"] > 0).all()
    for scale in (Scale.positive(), Scale.real()):
        assert (seen(values, scale)["percent"] < 0).all()


def test_sizes_count_for_positive_quantities_only_and_not_their_unit() -> None:
    values = np.exp(np.random.default_rng(2).normal(0, 0.1, (4, 6)).cumsum(axis=1))
    here, there = (seen(values * factor, Scale.positive())["step_size"] for factor in (1.0, 1e6))
    np.testing.assert_allclose(here, there, atol=1e-9)
    assert (seen(np.exp(np.log(values) * 5), Scale.positive())["step_size"] > here).all()
    for scale in (Scale.percent(), Scale.real()):
        assert (seen(values, scale)["step_size"] == 0.0).all()


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, (3, 6), elements=st.floats(-1e12, 1e12) | st.just(np.nan) | st.just(0.0)),
    st.sampled_from(["percent", "positive", "real"]),
)
def test_features_are_bounded_for_any_data(values: np.ndarray, kind: str) -> None:
    if kind != "real":
        values = np.abs(values) % 100.0
    found = seen(values, getattr(Scale, kind)())
    for feature in found.values():
        assert np.isfinite(feature).all()
        assert (np.abs(feature) < 4.0).all()
