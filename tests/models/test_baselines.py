"""Baselines against closed forms and against statsmodels itself."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import norm, t
from threadpoolctl import threadpool_info, threadpool_limits

from toolkit import models
from toolkit.models.baselines import Baseline, fitted
from toolkit.models.panel import Panel, Scale

YEARS = range(2021, 2029)
VALUES = [3.0, 2.5, 2.7, 2.0, 1.6, 1.4]
LEVELS = [0.1, 0.5, 0.9]


def panel(values: list[float] | None = None) -> Panel:
    given = VALUES if values is None else values
    return Panel.from_rows(1, [0] * len(given), range(2021 - len(given), 2021), given, Scale.real())


def test_no_change() -> None:
    found = models.get("no_change").quantiles(panel(), YEARS, LEVELS)[0]
    step = np.sqrt(np.mean(np.diff(VALUES) ** 2))
    np.testing.assert_allclose(found[:, 1], 1.4)
    np.testing.assert_allclose(found[:, 2], 1.4 + norm.ppf(0.9) * step * np.sqrt(np.arange(1, 9)))


def test_drift() -> None:
    found = models.get("drift").quantiles(panel(), YEARS, LEVELS)[0]
    slope, h = (1.4 - 3.0) / 5, np.arange(1, 9)
    step = np.sqrt(np.sum((np.diff(VALUES) - slope) ** 2) / 4)
    np.testing.assert_allclose(found[:, 2], 1.4 + slope * h + t.ppf(0.9, 4) * step * np.sqrt(h * (1 + h / 5)))


def test_ols_equals_statsmodels() -> None:
    found = models.get("ols").quantiles(panel(), YEARS, LEVELS)[0]
    fitted = sm.OLS(VALUES, sm.add_constant(np.arange(6.0))).fit()
    frame = fitted.get_prediction(sm.add_constant(np.arange(6.0, 14.0))).summary_frame(alpha=0.2)
    np.testing.assert_allclose(found, frame[["obs_ci_lower", "mean", "obs_ci_upper"]].to_numpy(), rtol=1e-8)


@pytest.mark.parametrize("name", ["damped_ets", "theta", "arima", "unobserved_components"])
@pytest.mark.parametrize("values", [VALUES, [1.0], [1.0, 2.0], [5.0] * 8, [0.0] * 3 + [9.0] * 3])
def test_fitted_baselines_never_raise_nor_warn(name: str, values: list[float]) -> None:
    model = models.get(name)
    assert np.isfinite(model.quantiles(panel(values), YEARS, LEVELS)).all()
    found = model.paths(panel(values), range(2018, 2029), draws=40)
    assert np.isfinite(found.values).all()
    if values == VALUES:
        assert found.notes == ()
    if len(values) < 4:
        assert found.notes == ("baseline_fell_back",)


def test_ets_is_statsmodels_ets() -> None:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    values = [3.0, 2.8, 2.5, 2.7, 2.0, 1.9, 1.6, 1.4]
    expected = ETSModel(np.array(values), error="add", trend="add", damped_trend=True).fit(disp=False, maxiter=200)
    found = models.get("damped_ets").quantiles(panel(values), YEARS, [0.5])[0, :, 0]
    np.testing.assert_allclose(found, expected.forecast(8), rtol=1e-4)


def test_a_fit_has_one_numerical_thread() -> None:
    used = []

    def fitter(values: np.ndarray, last: int) -> tuple[np.ndarray, np.ndarray]:
        used.append({library["num_threads"] for library in threadpool_info()})
        return np.full(last, values[-1]), np.ones(last)

    with threadpool_limits(limits=2):
        Baseline("mine", fitted(fitter, 2)).quantiles(panel(), YEARS, LEVELS)
        assert {library["num_threads"] for library in threadpool_info()} == {2}
    assert used == [{1}]
