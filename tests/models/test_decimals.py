"""Forecasts in the decimals of the figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import models
from toolkit.models.panel import Panel, Scale
from toolkit.models.publish import as_printed, quantiles_as_printed, step_of

LEVELS = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
YEARS = range(2021, 2029)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([12.3, 12.0, 11.9, 8.8], 0.1),
        ([0.0125, 0.5, 1.0], 0.0001),
        ([100.0 * number for number in range(12, 22)], 100.0),
        ([50.0, 40.0, 30.0], 1.0),
        ([3.0, 4.0, 17.0], 1.0),
        ([0.1 + 0.2, 0.7, 12.4], 0.1),
        ([1 / 3, 0.5, 0.25], 0.0),
        ([12.3, 12.3, 12.3, 11.0], 0.0),
        ([], 0.0),
        ([0.0, 0.0], 0.0),
    ],
)
def test_the_unit_of_printing_is_found(values: list[float], step: float) -> None:
    assert step_of(np.array(values)) == pytest.approx(step)


def test_an_interval_within_a_step_goes_to_the_steps_around_it() -> None:
    levels = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
    near = np.array([[[99.91, 99.951, 99.952, 99.96, 99.97]], [[99.6, 99.7801, 99.8, 99.8399, 99.9]]])
    found = as_printed(near, levels, 0.1, Scale.percent())
    assert found.tolist() == [[[99.9, 99.9, 100.0, 100.0, 100.0]], [[99.6, 99.7, 99.8, 99.9, 99.9]]]


def test_an_interval_of_few_steps_has_the_figures_inside_it_for_ends() -> None:
    levels = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
    few = np.array([[[11.31, 11.61, 12.04, 12.37, 12.95]]])
    assert as_printed(few, levels, 0.1, Scale.percent()).tolist() == [[[11.4, 11.7, 12.0, 12.3, 12.9]]]
    many = np.array([[[11.31, 11.46, 12.04, 12.37, 12.95]]])
    assert as_printed(many, levels, 0.1, Scale.percent()).tolist() == [[[11.3, 11.5, 12.0, 12.4, 13.0]]]


@settings(max_examples=100, deadline=None)
@given(st.floats(5.0, 90.0), st.floats(0.0, 0.78))
def test_a_small_printed_interval_holds_the_figures_that_the_exact_one_holds(low: float, width: float) -> None:
    exact = np.array([low, low + width / 2.0, low + width])
    figures = np.round(np.arange(40, 950) / 10, 1)
    inside = figures[(figures >= low - 1e-8) & (figures <= low + width + 1e-8)]
    bottom, _, top = as_printed(exact[None, None], np.array([0.1, 0.5, 0.9]), 0.1, Scale.percent())[0, 0]
    if inside.size > 1:
        assert (bottom, top) == (inside[0], inside[-1])
    else:
        assert ((inside >= bottom) & (inside <= top)).all()


def test_a_figure_that_is_certain_stays_as_it_is() -> None:
    certain = np.full((1, 2, 3), 100.0)
    np.testing.assert_array_equal(as_printed(certain, np.array([0.1, 0.5, 0.9]), 0.1, Scale.percent()), certain)


def test_counts_of_few_stand_between_whole_numbers() -> None:
    few = np.array([[[0.2, 0.3, 0.4]]])
    found = as_printed(few, np.array([0.1, 0.5, 0.9]), 1.0, Scale.positive())
    assert found.tolist() == [[[0.2, 0.3, 1.0]]]


def test_a_positive_quantity_is_never_forecast_to_be_nothing() -> None:
    small = np.array([[[0.2, 3.8, 12.4]]])
    found = as_printed(small, np.array([0.1, 0.5, 0.9]), 1.0, Scale.positive())
    assert found.tolist() == [[[0.2, 4.0, 12.0]]]


@st.composite
def tables(draw: st.DrawFn) -> Panel:
    units, points = draw(st.integers(1, 4)), draw(st.integers(2, 8))
    places = draw(st.integers(0, 2))
    kind = draw(st.sampled_from(["percent", "positive", "real"]))
    values = draw(
        st.lists(st.floats(0.0 if kind != "real" else -100.0, 100.0), min_size=units * points, max_size=units * points)
    )
    return Panel.from_rows(
        units,
        np.repeat(np.arange(units), points),
        np.tile(np.arange(2021 - points, 2021), units),
        np.maximum(np.round(values, places), 10.0**-places) if kind == "positive" else np.round(values, places),
        getattr(Scale, kind)(),
    )


@settings(max_examples=60, deadline=None)
@given(tables())
def test_rounded_forecasts_keep_order_bounds_width_and_never_narrow(panel: Panel) -> None:
    scale, step = panel.scale, step_of(panel.value)
    raw = models.get("default").quantiles(panel, YEARS, LEVELS.tolist())
    found = as_printed(raw, LEVELS, step, scale)
    assert (np.diff(found, axis=-1) >= 0).all()
    low, high = found[..., 1], found[..., 5]
    assert (high >= low).all()
    assert ((high > low) | (raw[..., 5] == raw[..., 1])).all()
    if scale.link == "logit":
        assert found.min() >= 0.0
        assert found.max() <= 100.0
    if scale.link == "log":
        assert found.min() > 0.0
    inside = np.abs(found - raw) <= step * 1.5 + 1e-9
    assert inside[:, 0].all()
    wide = scale.to_link(high) - scale.to_link(low)
    exact = scale.to_link(raw[..., 5]) - scale.to_link(raw[..., 1])
    grows = np.diff(exact, axis=1) >= 0
    assert (np.diff(wide, axis=1)[grows] >= -1e-6 * (1.0 + wide.max())).all()


@settings(max_examples=20, deadline=None)
@given(tables(), st.lists(st.sampled_from([0.05, 0.2, 0.5, 0.9, 0.99]), min_size=1, unique=True))
def test_a_quantile_does_not_depend_on_what_else_is_asked(panel: Panel, levels: list[float]) -> None:
    def ask(inner: list[float]) -> np.ndarray:
        return models.get("default").quantiles(panel, YEARS, inner)

    together = quantiles_as_printed(ask, np.array(levels), panel.value, panel.scale)
    for place, level in enumerate(levels):
        alone = quantiles_as_printed(ask, np.array([level]), panel.value, panel.scale)
        np.testing.assert_array_equal(alone[..., 0], together[..., place])
