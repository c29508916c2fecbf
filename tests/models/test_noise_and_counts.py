"""Declared noise is used as declared, and counts are counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import invgamma

from toolkit import models
from toolkit.models.panel import Panel, Scale, grid_of
from toolkit.models.panel_model import PanelModel, marginals_of
from toolkit.models.publish import counted
from toolkit.models.state_space import Bank, PanelPrior, fit_panel, run_filter

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
GROWTH = np.array([6.5, 7.2, 7.0, 8.1, 5.6, 2.0, 6.3, 6.9, 7.0, 6.5, 8.0])


def series_of(values: np.ndarray, scale: Scale, noise: float = 0.0) -> Panel:
    count = len(values)
    years = range(2025 - count, 2025)
    return Panel.from_rows(1, [0] * count, years, values, scale, noise=[noise] * count)


def forecast(panel: Panel) -> np.ndarray:
    return models.get("default").quantiles(panel, range(2025, 2033), LEVELS)[0]


def test_noise_is_that_of_the_exact_posterior() -> None:
    """One member, noise on every value: the sum over scales against the integral over them."""
    bank = Bank(*(np.array([number]) for number in (0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0)))
    value = np.array([1.0, 1.5, 0.8, 1.9, 2.4, 1.7])[None, :, None]
    noise, shape, scale = np.full_like(value, 0.3), 1.0, 0.2
    prior = PanelPrior(np.ones(1), shape=shape, scale=scale, scale_strength=1e6)
    _, filtered, posterior = fit_panel(bank, value, noise, 0.0, prior)

    def joint(logarithm: float, power: int) -> float:
        squared = np.exp(logarithm)
        one = run_filter(bank.column(), value, noise**2, np.zeros((1, 1)), squared_scale=squared)
        steps = one.innovations[0] * np.log(2 * np.pi * squared) + one.log_determinant[0, 0]
        density = np.exp(-0.5 * (steps + one.squares[0, 0] / squared))
        believed = invgamma.pdf(squared, shape, scale=shape * scale**2) * squared
        return float(density * believed * one.state.level[0, 0] ** power)

    total, mean = (quad(joint, -9.0, 4.0, args=(power,), limit=200)[0] for power in (0, 1))
    assert float((posterior.weights * filtered.state.level).sum()) == pytest.approx(mean / total, abs=0.003)


def test_noise_has_the_unit_of_the_series() -> None:
    for noise in (0.0, 0.72):
        one, ten = (forecast(series_of(size * GROWTH, Scale.real(), size * noise)) for size in (1.0, 10.0))
        np.testing.assert_allclose(ten, 10.0 * one, rtol=1e-6)


@given(
    scale=st.sampled_from([Scale.real(), Scale.percent(), Scale.positive()]),
    units=st.sampled_from([1, 1, 4]),
    points=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
    step=st.sampled_from([0.02, 0.1, 0.4]),
    noises=st.lists(st.floats(0.001, 3.0), min_size=2, max_size=4),
)
@settings(max_examples=40)
def test_more_noise_never_narrows(
    scale: Scale, units: int, points: int, seed: int, step: float, noises: list[float]
) -> None:
    random = np.random.default_rng(seed)
    level = random.normal(0.0, 1.0, (units, 1)) + np.cumsum(random.normal(step / 2.0, step, (units, points)), axis=1)
    unit, year = np.divmod(np.arange(units * points), points)
    value, widths = scale.from_link(level.ravel()), []
    for noise in (0.0, *sorted(noises)):
        panel = Panel.from_rows(units, unit, 2025 - points + year, value, scale, noise=[noise] * value.size)
        found = marginals_of(grid_of(panel), panel, 2032, PanelModel().gate_for(units))[1]
        widths.append(found.scale)
    assert (np.diff(widths, axis=0) >= -1e-9 * np.array(widths[:-1])).all()


@pytest.mark.parametrize("points", [1, 2, 3, 12])
def test_hardly_any_noise_hardly_widens_and_never_narrows(points: int) -> None:
    """Noise of 0.001 once made the forecast from one figure four times as wide."""
    value, widths = 99.5 - 0.1 * np.arange(points)[::-1], []
    for noise in (0.0, 0.001, 0.02, 0.1, 0.5):
        found = Scale.percent().to_link(forecast(series_of(value, Scale.percent(), noise)))
        widths.append(found[:, 3] - found[:, 1])
    assert (np.diff(widths, axis=0) > -0.01 * np.array(widths[:-1])).all()
    assert (widths[1] < 1.6 * widths[0]).all()


def test_a_published_figure_lies_in_the_range_of_its_year() -> None:
    noise = 0.72
    found = models.get("default").paths(series_of(GROWTH, Scale.real(), noise), range(2014, 2025), draws=2000)
    low, high = np.quantile(
        found.latent[:, 0] + noise * np.random.default_rng(1).normal(size=(2000, 1)), [0.025, 0.975], axis=0
    )
    assert ((low < GROWTH) & (high > GROWTH)).sum() >= 10


def test_simulated_truth_with_declared_noise_is_covered() -> None:
    random, inside = np.random.default_rng(4), []
    for _ in range(60):
        level = 6.0 + np.cumsum(random.normal(0.0, 0.4, 15))
        found = forecast(series_of(level[:12] + random.normal(0.0, 0.7, 12), Scale.real(), 0.7))
        inside.append((found[[0, 2], 1] <= level[[12, 14]]) & (level[[12, 14]] <= found[[0, 2], 3]))
    assert 0.72 < np.mean(inside) < 0.97


def poisson_panel(mean: float, seed: int = 7) -> tuple[Panel, np.ndarray]:
    value = np.random.default_rng(seed).poisson(mean, (12, 20)).astype(float)
    unit, year = np.divmod(np.arange(12 * 15), 15)
    return Panel.from_rows(12, unit, 2010 + year, value[:, :15].ravel(), Scale.of_positive(value)), value[:, 15:]


@pytest.mark.parametrize("mean", [0.7, 4.0, 30.0])
def test_counts_are_covered_with_their_zeros(mean: float) -> None:
    panel, later = poisson_panel(mean)
    assert panel.scale.counted == 1.0
    found = models.get("default").quantiles(panel, range(2025, 2030), LEVELS)
    inside = (found[..., 1] <= later) & (later <= found[..., 3])
    assert 0.68 < inside.mean() < 0.96
    assert (found[..., 0][later == 0] == 0.0).all()
    assert found[..., 4].max() < 4.0 * mean + 8.0


def test_chance_neither_widens_nor_lifts_rare_events() -> None:
    panels = [poisson_panel(0.7, seed) for seed in range(4)]
    found = np.array([models.get("default").quantiles(panel, range(2025, 2030), LEVELS) for panel, _ in panels])
    later = np.array([value for _, value in panels])
    # a 0 is never below an interval that begins with 0, so that 90 % is the least that can be meant
    assert 0.85 < ((found[..., 1] <= later) & (later <= found[..., 3])).mean() < 0.95
    # mid-quantiles of a Poisson variable of mean 0.7: median 0.5, 90 % point 1.96
    assert 0.35 < found[..., 2].mean() < 0.8
    assert 1.6 < found[..., 3].mean() < 2.5


def test_things_that_stay_from_year_to_year_are_no_events() -> None:
    stock = np.repeat([[9.0], [12.0], [31.0], [0.0], [5.0], [18.0]], 4, axis=1)
    unit, year = np.divmod(np.arange(stock.size), 4)
    panel = Panel.from_rows(6, unit, 2015 + year, stock.ravel(), Scale.of_positive(stock))
    assert panel.scale.dispersion < 0.1
    low, high = np.moveaxis(models.get("default").quantiles(panel, [2019], [0.1, 0.9])[:, 0], -1, 0)
    assert (np.abs(low - stock[:, 0]) <= 1.5 + stock[:, 0] / 20.0).all()
    assert (np.abs(high - stock[:, 0]) <= 1.5 + stock[:, 0] / 20.0).all()
    assert poisson_panel(4.0)[0].scale.dispersion > 0.8
    assert series_of(np.array([7.0]), Scale.counts()).scale.dispersion == 1.0, "one figure tells nothing of it"


def test_counts_that_fall_to_none_stay_small() -> None:
    panel = series_of(np.array([180.0, 120, 60, 12, 0]), Scale.counts())
    found = models.get("default").paths(panel, range(2018, 2031), draws=1000)
    assert (found.values == np.round(found.values)).all()
    assert 0.3 < (found.values[:, 0, -1] == 0).mean() < 0.98
    assert np.quantile(found.values[:, 0, -1], 0.9) < 60


def test_a_last_figure_of_none_or_one_moves_neighbours_little() -> None:
    medians = []
    for last in (0.0, 1.0, 3.0):
        value = [40.0, 30, 20, 10, last, 90, 80, 75, 66, 60]
        panel = Panel.from_rows(2, [0] * 5 + [1] * 5, [*range(2016, 2021)] * 2, value, Scale.counts())
        medians.append(models.get("default").quantiles(panel, [2023], [0.5])[1, 0, 0])
    assert max(medians) < 1.25 * min(medians)


def test_counted_numbers_have_the_mean_of_their_level() -> None:
    score = np.random.default_rng(2).standard_normal(20000)
    for mean in (0.2, 1.0, 3.0, 200.0):
        number = np.random.default_rng(3).poisson(mean, 20000)
        level = np.log(number + 0.5).mean()
        assert counted(Scale.counts(), np.full(20000, level), score).mean() == pytest.approx(mean, rel=0.08, abs=0.04)
