"""The variance function of shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import models
from toolkit.models import features
from toolkit.models.features import bound_proximity, widening_near_bounds
from toolkit.models.panel import Panel, Scale

YEARS = range(2021, 2027)


def panel_of(scale: Scale, values: list[float]) -> Panel:
    years = np.arange(2021 - len(values), 2021)
    rows = np.concatenate([values, np.array(values) * 0.9])
    return Panel.from_rows(2, np.repeat([0, 1], years.size), np.tile(years, 2), rows, scale)


def widths(panel: Panel) -> np.ndarray:
    found = models.get("default").quantiles(panel, YEARS, [0.1, 0.9])
    return np.diff(panel.scale.to_link(found), axis=-1)[..., 0]


def test_the_logit_of_a_binomial_share_has_the_power_of_a_half() -> None:
    random, n = np.random.default_rng(1), 4000
    for share in (0.5, 0.9, 0.97):
        draws = random.binomial(n, share, 20_000) / n
        spread = np.log(draws / (1.0 - draws)).std()
        linked = np.array([np.log(share / (1.0 - share))])
        assert spread == pytest.approx(np.exp(bound_proximity(linked)[0] / 2.0) / np.sqrt(n), rel=0.03)


@given(st.floats(-30.0, 30.0), st.floats(-30.0, 30.0))
def test_scales_grow_towards_either_bound_within_limits(past: float, centre: float) -> None:
    held = bound_proximity(np.array([past]))
    factor = widening_near_bounds(np.array([centre, -centre, past]), np.repeat(held, 3))
    assert factor[0] == pytest.approx(factor[1])
    assert factor[2] == pytest.approx(1.0)
    assert 0.8 <= factor[0] <= 2.3
    assert (factor[0] >= 1.0 - 1e-9) == (abs(centre) >= abs(past) - 1e-6) or factor[0] == pytest.approx(1.0)


def test_a_share_that_nears_a_bound_is_forecast_less_surely(monkeypatch: pytest.MonkeyPatch) -> None:
    rising = panel_of(Scale.percent(), [60.0, 68.0, 77.0, 84.0, 90.0, 94.0])
    with_it = widths(rising)
    monkeypatch.setattr(features, "POWER", 0.0)
    assert (with_it > widths(rising) * 1.05).all()


@pytest.mark.parametrize("scale", [Scale.positive(), Scale.real()])
def test_quantities_without_bounds_have_no_variance_function(monkeypatch: pytest.MonkeyPatch, scale: Scale) -> None:
    rising = panel_of(scale, [60.0, 68.0, 77.0, 84.0, 90.0, 94.0])
    with_it = widths(rising)
    monkeypatch.setattr(features, "POWER", 0.0)
    np.testing.assert_array_equal(with_it, widths(rising))
