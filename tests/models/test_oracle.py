"""Our filter, forecasts and draws against statsmodels, gaps included."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.statespace.initialization import Initialization
from statsmodels.tsa.statespace.mlemodel import MLEModel
from statsmodels.tsa.statespace.structural import UnobservedComponents

from toolkit.models.sampling import sample_levels
from toolkit.models.state_space import Bank, Filtered, FirstLevel, log_marginal_likelihood, predict, run_filter

GAPS = np.array([1.0, 1.4, np.nan, 1.1, 2.3, np.nan, np.nan, 2.9, 3.0])
FULL = np.array([-2.1, -2.4, -2.2, -2.9, -3.3])
LEVEL, LEVEL_VARIANCE, SLOPE_VARIANCE = 0.7, 2.5, 0.6


def one_member(phi: float, rho: float, level: float, slope: float, value: float, initial: float) -> Bank:
    return Bank(*(np.array([number]) for number in (phi, rho, level, slope, value, initial, 1.0)))


def ours(bank: Bank, series: np.ndarray, drift: float, start: FirstLevel | None) -> Filtered:
    panel = series[None, :, None]
    return run_filter(bank.column(), panel, np.zeros_like(panel), np.array([[drift]]), start=start)


def log_likelihood(filtered: Filtered) -> float:
    count = filtered.innovations[0]
    return float(-0.5 * (count * np.log(2 * np.pi) + filtered.log_determinant[0, 0] + filtered.squares[0, 0]))


def forecasts(filtered: Filtered, bank: Bank, drift: float, horizons: int) -> tuple[np.ndarray, np.ndarray]:
    state, mean, variance = filtered.state, [], []
    for _ in range(horizons):
        state = predict(state, bank.column(), np.array([[drift]]))
        mean.append(state.level[0, 0])
        variance.append(state.level_variance[0, 0] + bank.value_noise[0])
    return np.array(mean), np.array(variance)


def oracle(bank: Bank, series: np.ndarray, drift: float) -> MLEModel:
    phi, rho = float(bank.phi[0]), float(bank.rho[0])
    model = MLEModel(series, k_states=2, k_posdef=2)
    model["design"] = np.array([[1.0, 0.0]])
    model["transition"] = np.array([[rho, phi], [0.0, phi]])
    model["selection"] = np.eye(2)
    model["state_cov"] = np.diag([bank.level_noise[0], bank.slope_noise[0]])
    model["obs_cov"] = np.array([[bank.value_noise[0]]])
    model["state_intercept"] = np.array([[drift], [0.0]])
    model.ssm.initialize_known(np.array([LEVEL, 0.0]), np.diag([LEVEL_VARIANCE, bank.initial_slope[0]]))
    return model


def known_start() -> FirstLevel:
    return FirstLevel(np.full((1, 1), LEVEL), np.full((1, 1), LEVEL_VARIANCE))


@pytest.mark.parametrize("series", [GAPS, FULL], ids=["gaps", "full"])
def test_equals_unobserved_components_without_damping(series: np.ndarray) -> None:
    bank = one_member(1.0, 1.0, 0.8, 0.3, 0.5, SLOPE_VARIANCE)
    model = UnobservedComponents(series, "lltrend")
    model.ssm.initialize_known(np.array([LEVEL, 0.0]), np.diag([LEVEL_VARIANCE, SLOPE_VARIANCE]))
    result = model.smooth([0.5, 0.8, 0.3])  # irregular, level, trend
    filtered = ours(bank, series, 0.0, known_start())
    assert log_likelihood(filtered) == pytest.approx(result.llf_obs.sum(), abs=1e-8)
    mean, variance = forecasts(filtered, bank, 0.0, 8)
    forecast = result.get_forecast(8)
    np.testing.assert_allclose(mean, forecast.predicted_mean, atol=1e-8)
    np.testing.assert_allclose(variance, forecast.var_pred_mean, atol=1e-8)


@pytest.mark.parametrize("series", [GAPS, FULL], ids=["gaps", "full"])
@pytest.mark.parametrize(
    "parameters", [(0.6, 0.93, 1.0, 0.1, 0.4, 2.0), (0.9, 1.0, 0.25, 0.0, 1.0, 0.3), (0.0, 0.98, 1.0, 0.0, 0.0, 0.0)]
)
def test_equals_an_mle_model_with_our_matrices(series: np.ndarray, parameters: tuple[float, ...]) -> None:
    bank, drift = one_member(*parameters), -0.2
    result = oracle(bank, series, drift).smooth([])
    filtered = ours(bank, series, drift, known_start())
    assert log_likelihood(filtered) == pytest.approx(result.llf_obs.sum(), abs=1e-8)
    mean, variance = forecasts(filtered, bank, drift, 8)
    forecast = oracle(bank, np.append(series, np.full(8, np.nan)), drift).filter([]).filter_results
    np.testing.assert_allclose(mean, forecast.forecasts[0, -8:], atol=1e-8)
    np.testing.assert_allclose(variance, forecast.forecasts_error_cov[0, 0, -8:], atol=1e-8)


def test_unknown_first_level_equals_the_exact_diffuse_start() -> None:
    bank = one_member(0.8, 1.0, 1.0, 0.2, 0.5, 0.7)
    model = oracle(bank, GAPS, 0.1)
    start = Initialization(2)
    start.set(0, "diffuse")
    start.set(1, "known", constant=np.array([0.0]), stationary_cov=np.array([[0.7]]))
    model.ssm.initialize(start)
    result = model.smooth([])
    filtered = ours(bank, GAPS, 0.1, None)
    assert log_likelihood(filtered) == pytest.approx(result.llf_obs[1:].sum(), abs=1e-8)
    mean, _ = forecasts(filtered, bank, 0.1, 1)
    # statsmodels' exact diffuse filter carries the drift like ours
    assert mean[0] == pytest.approx(float(result.forecast(1)[0]), abs=1e-8)


def test_scale_is_integrated_out() -> None:
    from scipy.integrate import quad
    from scipy.stats import invgamma

    filtered = ours(one_member(0.8, 1.0, 1.0, 0.2, 0.5, 0.7), FULL, 0.0, None)
    count, squares = filtered.innovations[0], filtered.squares[0, 0]
    shape, squared_scale = 2.5, 0.04

    def density(variance: float) -> float:
        normal = (2 * np.pi * variance) ** (-count / 2) * np.exp(-squares / (2 * variance))
        prior = invgamma.pdf(variance, shape, scale=shape * squared_scale)
        return float(normal * np.exp(-filtered.log_determinant[0, 0] / 2) * prior)

    expected = np.log(quad(density, 1e-8, 5.0, limit=400)[0])
    assert log_marginal_likelihood(filtered, shape)(squared_scale)[0, 0] == pytest.approx(expected, abs=1e-6)


def test_draws_follow_the_smoother() -> None:
    draws = 20000
    bank = one_member(0.8, 0.95, 1.0, 0.2, 0.5, 0.7)
    rows = bank.take(np.zeros((draws, 1), np.int64))
    panel = GAPS[None, :, None]
    start = FirstLevel(np.full((1, 1), LEVEL), np.full((1, 1), LEVEL_VARIANCE))
    level = sample_levels(
        rows,
        panel,
        np.zeros_like(panel),
        np.full((draws, 1), -0.1),
        np.ones((draws, 1)),
        start=start,
        unseen=np.zeros((draws, 1)),
        before=0,
        after=4,
        seed=3,
    )[:, 0]
    smoothed = oracle(bank, np.append(GAPS, np.full(4, np.nan)), -0.1).smooth([])
    mean, variance = smoothed.smoothed_state[0], smoothed.smoothed_state_cov[0, 0]
    np.testing.assert_allclose(level.mean(axis=0), mean, atol=4.5 * np.sqrt(variance.max() / draws))
    np.testing.assert_allclose(level.var(axis=0), variance, rtol=0.06)
    # neighbouring years move together as the smoother says
    joint = smoothed.smoothed_state_autocov[0, 0]
    for year in range(1, 13):
        found = np.cov(level[:, year], level[:, year - 1])[0, 1]
        assert found == pytest.approx(joint[year - 1], rel=0.05, abs=0.06)
