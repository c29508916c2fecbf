"""Baselines that statsmodels fits, one optimiser a series; trouble falls back and is noted, never raised."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from toolkit.models.baselines.base import Marginals, Series
from toolkit.models.baselines.classical import drift, no_change
from toolkit.models.links import FloatArray, IntArray

__all__ = ["arima", "damped_ets", "theta", "unobserved_components"]

FELL_BACK = "baseline_fell_back"
Centre = Callable[[FloatArray, int], tuple[FloatArray, FloatArray]]


def guarded(fitter: Centre, series: Series, horizons: IntArray, smallest: int) -> Marginals:
    """Run a fitter; where it refuses, crashes or gives no number, fall back on drift or no change."""
    if series.value.size >= smallest:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                centre, spread = fitter(series.filled(), int(horizons.max()))
        except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, np.linalg.LinAlgError):
            centre = spread = np.full(int(horizons.max()), np.nan)
        if np.isfinite(centre).all() and np.isfinite(spread).all():
            return Marginals(centre[horizons - 1], spread[horizons - 1])
    simple = drift if series.value.size > 2 else no_change
    found = simple(series, horizons)
    return Marginals(found.centre, found.spread, found.freedom, FELL_BACK)


def damped_ets(series: Series, horizons: IntArray) -> Marginals:
    """Smooth exponentially, with an additive damped trend."""

    def fitter(values: FloatArray, last: int) -> tuple[FloatArray, FloatArray]:
        import pandas as pd
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel

        # its predictions ask for an index
        model = ETSModel(pd.Series(values), error="add", trend="add", damped_trend=True)
        result = model.fit(disp=False, maxiter=200)
        prediction = result.get_prediction(start=values.size, end=values.size + last - 1)
        variance = prediction.forecast_variance
        variance = variance() if callable(variance) else variance
        return np.asarray(prediction.predicted_mean), np.sqrt(np.maximum(np.asarray(variance), 0.0))

    return guarded(fitter, series, horizons, 5)


def theta(series: Series, horizons: IntArray) -> Marginals:
    """Forecast by the Theta method (Assimakopoulos and Nikolopoulos 2000), without seasons."""

    def fitter(values: FloatArray, last: int) -> tuple[FloatArray, FloatArray]:
        from statsmodels.tsa.forecasting.theta import ThetaModel

        result = ThetaModel(values, period=1, deseasonalize=False).fit()
        centre = np.asarray(result.forecast(last, theta=2))
        interval = np.asarray(result.prediction_intervals(last, theta=2, alpha=0.3173105))
        return centre, (interval[:, 1] - interval[:, 0]) / 2.0

    return guarded(fitter, series, horizons, 4)


def arima(series: Series, horizons: IntArray) -> Marginals:
    """Forecast by ARIMA(0,1,1) with drift, the usual small model of a yearly series."""

    def fitter(values: FloatArray, last: int) -> tuple[FloatArray, FloatArray]:
        from statsmodels.tsa.arima.model import ARIMA

        forecast = ARIMA(values, order=(0, 1, 1), trend="t").fit().get_forecast(last)
        return np.asarray(forecast.predicted_mean), np.asarray(forecast.se_mean)

    return guarded(fitter, series, horizons, 5)


def unobserved_components(series: Series, horizons: IntArray) -> Marginals:
    """Forecast a local linear trend, variances by maximum likelihood."""

    def fitter(values: FloatArray, last: int) -> tuple[FloatArray, FloatArray]:
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        forecast = UnobservedComponents(values, "lltrend").fit(disp=False, maxiter=200).get_forecast(last)
        return np.asarray(forecast.predicted_mean), np.asarray(forecast.se_mean)

    return guarded(fitter, series, horizons, 5)
