"""Usual methods behind the interface of the model in use, apart because only comparisons need them.

A baseline knows one unit at a time: a method turns its series into a centre and a standard error for every horizon.
Draws get the method's marginals, and the correlations
over time of a random walk.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol

import numpy as np

from toolkit.models.panel import (
    FloatArray,
    Grid,
    IntArray,
    Panel,
    Paths,
    accumulate,
    grid_of,
    levels_of_peers,
    require,
    yearly_values,
)
from toolkit.models.publish import latest_segment, publish, segment_positions
from toolkit.models.sampling import FUTURE, UNSEEN, normals, student_scores

SMALLEST_SPREAD = 1e-6
FELL_BACK = "baseline_fell_back"
SMOOTHING = np.linspace(0.05, 1.0, 96)
"""Weights of the newest value that the Theta method tries."""
OWN_LEVELS = 200
"""Levels at which the draws of a model of one's own are kept."""


@dataclass(frozen=True)
class UnitSeries:
    """One unit's observations on the link scale.

    Attributes
    ----------
    value :
        Shape (n,), n >= 1.
    time :
        Shape (n,): ascending positions in years.
    step :
        Root mean squared yearly change of the whole panel, for units with one point.
    """

    value: FloatArray
    time: IntArray
    step: float

    def filled(self) -> FloatArray:
        """Return one value a year from the first to the last; gaps are interpolated linearly."""
        return np.interp(np.arange(self.time[0], self.time[-1] + 1), self.time, self.value)


@dataclass(frozen=True)
class Prediction:
    """Prediction of one unit.

    Attributes
    ----------
    centre, spread :
        Shape (H,): centre and standard error by horizon or year, link scale.
    freedom :
        Degrees of freedom of the Student-t; infinite for a normal distribution.
    note :
        Short name of what a reader should know, or empty.
    levels, quantiles :
        Shapes (Q,) and (H, Q): a distribution of any shape, in place of the Student-t; levels ascend.
    """

    centre: FloatArray
    spread: FloatArray
    freedom: float = np.inf
    note: str = ""
    levels: FloatArray | None = None
    quantiles: FloatArray | None = None

    def at(self, scores: FloatArray) -> FloatArray:
        """Return the values at standard normal scores (S, H), by the distribution of each horizon."""
        if self.levels is None or self.quantiles is None:
            return self.centre + self.spread * student_scores(scores, self.freedom)
        from scipy.special import ndtr

        share = ndtr(scores)
        found = [np.interp(share[:, h], self.levels, self.quantiles[h]) for h in range(share.shape[1])]
        return np.stack(found, axis=1)


Method = Callable[[UnitSeries, IntArray], Prediction]
"""From a series and horizons (years after its last observation) to a prediction."""


@dataclass(frozen=True)
class Baseline:
    """A baseline as a forecaster.

    Attributes
    ----------
    name :
        Name under which it is asked for.
    method :
        Forecasts each of a panel's units.
    """

    name: str
    method: Method

    def paths(
        self,
        panel: Panel,
        years: Sequence[int],
        *,
        draws: int = 2000,
        seed: int = 0,
        segments: Sequence[int] | None = None,
        parent: Paths | None = None,
    ) -> Paths:
        """Return draws whose marginals are the method's and whose steps are those of a random walk.

        Baselines know no standards: jumps stay at the mean of their prior, and children keep
        their last deviation from the parent's path.
        """
        asked = np.asarray(years, dtype=np.int64)
        grid = grid_of(panel)
        offsets = mean_offsets(panel, draws)
        base = grid.shifted(offsets[0])
        notes: set[str] = set()
        if parent is not None:
            work = np.unique(asked)
            level = follow_parent(base, parent, work, panel, draws, seed)
        else:
            work = np.arange(min(int(asked.min()), grid.first), max(int(asked.max()), panel.last_year) + 1)
            scores = random_walk(seed, panel.units, draws, work.size)
            found = self.predictions(base, panel, work)
            level = np.stack([one.at(scores[:, u]) for u, one in enumerate(found)], axis=1)
            notes = {one.note for one in found} - {""}
        position = segment_positions(panel, asked, segments)
        noise_sd = np.zeros((draws, panel.units))
        made = publish(panel, grid, work, level, noise_sd, offsets, asked, position, seed)
        return replace(made, notes=tuple(sorted(notes)))

    def quantiles(self, panel: Panel, years: Sequence[int], levels: Sequence[float]) -> FloatArray:
        """Return marginal quantiles (N, H, Q) in printed units."""
        from scipy.special import ndtri

        asked = np.asarray(years, dtype=np.int64)
        offsets = mean_offsets(panel, 1)[0]
        base = grid_of(panel).shifted(offsets)
        scores = ndtri(np.asarray(levels, dtype=np.float64))
        wanted = np.broadcast_to(scores[:, None], (scores.size, asked.size))
        rows = [one.at(wanted).T for one in self.predictions(base, panel, asked)]
        return panel.scale.from_link(np.stack(rows) + offsets[panel.segments.index(latest_segment(panel))])

    def predictions(self, base: Grid, panel: Panel, work: IntArray) -> list[Prediction]:
        """Return centre and spread of every unit over the years of ``work``, past ones included."""
        value = yearly_values(base)
        mean, sd = levels_of_peers(base)
        step = panel_step(value)
        found = []
        for row in value:
            time = np.flatnonzero(np.isfinite(row))
            if not time.size:
                ahead = np.maximum(work - panel.last_year, 0)
                spread = np.sqrt(sd**2 + step**2 * ahead)
                found.append(Prediction(np.full(work.size, mean), spread, note="no_observation"))
                continue
            horizons = work - base.first - int(time[-1])
            marginal = self.method(UnitSeries(row[time], time, step), np.arange(1, max(int(horizons.max()), 1) + 1))
            ahead = np.clip(horizons, 1, None) - 1
            past = np.interp(work - base.first, time, row[time])
            nearest = np.abs((work - base.first)[:, None] - time[None, :]).min(axis=1)
            centre = np.where(horizons > 0, marginal.centre[ahead], past)
            spread = np.where(horizons > 0, marginal.spread[ahead], step * np.sqrt(nearest))
            found.append(replace(marginal, centre=centre, spread=np.maximum(spread, SMALLEST_SPREAD)))
        return found


class Estimator(Protocol):
    """A model of one's own with the manners of scikit-learn.

    Series are given and predicted on the indicator's link scale (the logit of a share, the logarithm of a positive
    quantity), on which any number stays inside the bounds.
    """

    def fit(self, panel: Any) -> Any:
        """Learn from a data frame: one row a year (the index), one column a unit, nan where nothing is known."""

    def predict(self, horizons: IntArray) -> Any:
        """Return what comes so many years after the panel's last year.

        Either draws, an array (S, N, H), or quantiles, a mapping from three levels or more to arrays (N, H).
        """


@dataclass(frozen=True)
class OwnModel(Baseline):
    """A model of one's own as a forecaster: each panel gets a copy of it, fitted to that panel.

    Attributes
    ----------
    estimator :
        Never changed itself.
    """

    estimator: Estimator | None = None

    def predictions(self, base: Grid, panel: Panel, work: IntArray) -> list[Prediction]:
        """Return the estimator's distribution of every unit; known years stay as they are."""
        import pandas as pd

        value = yearly_values(base)
        years = np.arange(base.first, base.first + value.shape[1])
        fitted: Any = copy.deepcopy(self.estimator)
        last = max(int(work.max()) - panel.last_year, 1)
        usual = Baseline(self.name, no_change).predictions(base, panel, work)
        fitted.fit(pd.DataFrame(value.T, index=pd.Index(years, name="year")))
        levels, quantiles = _distribution(fitted.predict(np.arange(1, last + 1)), (value.shape[0], last))
        ahead = np.clip(work - panel.last_year, 1, None) - 1
        later = (work > panel.last_year)[:, None]
        return [
            replace(one, levels=levels, quantiles=np.where(later, quantiles[unit][ahead], one.centre[:, None]))
            for unit, one in enumerate(usual)
        ]


def _distribution(predicted: Any, shape: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Return levels (Q,) and quantiles (N, H, Q) from draws (S, N, H), or from quantiles (N, H) by level."""
    if isinstance(predicted, Mapping):
        levels = np.array(sorted(predicted), dtype=np.float64)
        found = [np.asarray(predicted[level], dtype=np.float64) for level in sorted(predicted)]
        fine = levels.size >= 3 and levels[0] > 0 and levels[-1] < 1 and all(one.shape == shape for one in found)
        require(fine, f"quantiles have to be arrays of shape {shape} at three levels or more between 0 and 1")
        quantiles = np.sort(np.stack(found, axis=-1), axis=-1)
    else:
        draws = np.asarray(predicted, dtype=np.float64)
        require(draws.ndim == 3 and draws.shape[1:] == shape, f"draws have to be an array (S, {shape[0]}, {shape[1]})")
        levels = (np.arange(OWN_LEVELS) + 0.5) / OWN_LEVELS
        quantiles = np.moveaxis(np.quantile(draws, levels, axis=0), 0, -1)
    require(bool(np.isfinite(quantiles).all()), "predictions have to be finite numbers")
    return levels, quantiles


def random_walk(seed: int, units: int, draws: int, years: int) -> FloatArray:
    """Return standard normal scores (S, N, T) whose correlations over time are those of a random walk."""
    steps = normals(seed, units, FUTURE, (years, draws))
    total = np.cumsum(steps, axis=0) / np.sqrt(np.arange(1, years + 1))[:, None, None]
    return np.moveaxis(total, 0, -1)


def panel_step(value: FloatArray) -> float:
    """Return the root mean squared yearly change over all units, a wide 0.1 where nothing is known."""
    squares = [
        np.diff(row[time]) ** 2 / np.diff(time) for row in value if (time := np.flatnonzero(np.isfinite(row))).size > 1
    ]
    mean = float(np.sqrt(np.mean(np.concatenate(squares)))) if squares else 0.1
    return max(mean, SMALLEST_SPREAD)


def mean_offsets(panel: Panel, draws: int) -> FloatArray:
    """Return the offsets of the segments with every jump at its prior mean, shape (S, K)."""
    ordered = sorted(panel.jumps, key=lambda jump: jump.year)
    return accumulate(ordered, {jump.after: np.full(draws, jump.mean) for jump in ordered}, panel.segments, draws)


def follow_parent(base: Grid, parent: Paths, asked: IntArray, panel: Panel, draws: int, seed: int) -> FloatArray:
    """Return the parent's draws moved by each unit's last deviation from the parent's median path."""
    middle = np.median(parent.latent[:, 0], axis=0)
    held = dict(zip(parent.years.tolist(), middle.tolist(), strict=True))
    gaps = np.full(panel.units, np.nan)
    for unit, row in enumerate(yearly_values(base)):
        for time in np.flatnonzero(np.isfinite(row)):
            gaps[unit] = row[time] - held.get(base.first + int(time), np.nan)
    known = gaps[np.isfinite(gaps)]
    between = float(np.std(known)) if known.size > 1 else 0.5
    noise = normals(seed, panel.units, UNSEEN, (draws,))
    deviation = np.where(np.isfinite(gaps), gaps, between * noise)
    return parent.latent[:, :, np.searchsorted(parent.years, asked)] + deviation[:, :, None]


# --- In closed form


def no_change(series: UnitSeries, horizons: IntArray) -> Prediction:
    """Repeat the last value; steps of a random walk with the series' root mean squared yearly change."""
    step = series.step
    if series.value.size > 1:
        step = float(np.sqrt(np.mean(np.diff(series.value) ** 2 / np.diff(series.time))))
    return Prediction(np.full(horizons.shape, series.value[-1]), step * np.sqrt(horizons))


def drift(series: UnitSeries, horizons: IntArray) -> Prediction:
    """Draw a line through the first and the last point (on the log link: compound annual growth)."""
    count = series.value.size - 1
    if count < 1:
        return no_change(series, horizons)
    span = int(series.time[-1] - series.time[0])
    slope = (series.value[-1] - series.value[0]) / span
    gaps = np.diff(series.time)
    squares = float(np.sum((np.diff(series.value) - slope * gaps) ** 2 / gaps))
    step = np.sqrt(squares / (count - 1)) if count > 1 else series.step
    spread = step * np.sqrt(horizons * (1.0 + horizons / span))
    return Prediction(series.value[-1] + slope * horizons, spread, float(max(count - 1, 1)))


def least_squares(series: UnitSeries, horizons: IntArray) -> Prediction:
    """Fit a straight line by least squares on the link scale, with its prediction interval."""
    count = series.value.size
    if count < 3:
        return drift(series, horizons)
    design = np.column_stack([np.ones(count), series.time])
    coefficients = np.linalg.lstsq(design, series.value, rcond=None)[0]
    freedom = count - 2
    variance = float(((series.value - design @ coefficients) ** 2).sum()) / freedom
    ahead = np.column_stack([np.ones(horizons.size), series.time[-1] + horizons])
    leverage = np.einsum("ij,jk,ik->i", ahead, np.linalg.inv(design.T @ design), ahead)
    return Prediction(ahead @ coefficients, np.sqrt(variance * (1.0 + leverage)), float(freedom))


# --- Fitted by statsmodels, one optimiser a series; trouble falls back and is noted, never raised

Fitter = Callable[[FloatArray, int], tuple[FloatArray, FloatArray]]
"""From a series without gaps and a last horizon to centres and standard errors of all horizons."""


def fitted(fitter: Fitter, smallest: int) -> Method:
    """Return the method of a fitter that needs ``smallest`` points.

    Where it refuses, crashes or gives no number, the method falls back on drift or no change.
    """

    def method(series: UnitSeries, horizons: IntArray) -> Prediction:
        if series.value.size >= smallest:
            try:
                with warnings.catch_warnings(), _numerical_threads().limit(limits=1):
                    warnings.simplefilter("ignore")
                    centre, spread = fitter(series.filled(), int(horizons.max()))
            except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, np.linalg.LinAlgError):
                centre = spread = np.full(int(horizons.max()), np.nan)
            if np.isfinite(centre).all() and np.isfinite(spread).all():
                return Prediction(centre[horizons - 1], spread[horizons - 1])
        simple = drift if series.value.size > 2 else no_change
        return replace(simple(series, horizons), note=FELL_BACK)

    return method


@cache
def _numerical_threads() -> Any:
    """Return the control of numerical threads: matrices of two rows are waited for five times as long with several."""
    import scipy.linalg  # noqa: F401  (it has threads of its own, which are to be found)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def damped_ets(values: FloatArray, last: int) -> tuple[FloatArray, FloatArray]:
    """Smooth exponentially, with an additive damped trend."""
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    # its predictions ask for an index
    model = ETSModel(pd.Series(values), error="add", trend="add", damped_trend=True)
    result = model.fit(disp=False, maxiter=200)
    prediction = result.get_prediction(start=values.size, end=values.size + last - 1)
    variance = prediction.forecast_variance
    variance = variance() if callable(variance) else variance
    return np.asarray(prediction.predicted_mean), np.sqrt(np.maximum(np.asarray(variance), 0.0))


def theta(values: FloatArray, last: int) -> tuple[FloatArray, FloatArray]:
    """Forecast by the Theta method (Assimakopoulos and Nikolopoulos 2000), without seasons.

    By Hyndman and Billah (2003) it is simple exponential smoothing with half the slope of the regression on time as
    drift; all weights of the newest value are tried at once, and the one with the least squared error is taken.
    """
    from scipy.signal import lfilter

    horizons, count = np.arange(1, last + 1), values.size
    slope = np.polyfit(np.arange(count), values, 1)[0]
    smooth = [lfilter([one], [1.0, one - 1.0], values, zi=[(1.0 - one) * values[0]])[0] for one in SMOOTHING]
    errors = [values[1:] - level[:-1] for level in smooth]
    best = int(np.argmin([np.sum(error**2) for error in errors]))
    weight = float(SMOOTHING[best])
    drifted = slope / 2.0 * (horizons - 1.0 + (1.0 - (1.0 - weight) ** count) / weight)
    spread = np.sqrt(np.mean(errors[best] ** 2) * (1.0 + (horizons - 1.0) * weight**2))
    return smooth[best][-1] + drifted, spread


def arima(values: FloatArray, last: int) -> tuple[FloatArray, FloatArray]:
    """Forecast by ARIMA(0,1,1) with drift, the usual small model of a yearly series."""
    from statsmodels.tsa.arima.model import ARIMA

    forecast = ARIMA(values, order=(0, 1, 1), trend="t").fit().get_forecast(last)
    return np.asarray(forecast.predicted_mean), np.asarray(forecast.se_mean)


def unobserved_components(values: FloatArray, last: int) -> tuple[FloatArray, FloatArray]:
    """Forecast a local linear trend, variances by maximum likelihood."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    forecast = UnobservedComponents(values, "lltrend").fit(disp=False, maxiter=200).get_forecast(last)
    return np.asarray(forecast.predicted_mean), np.asarray(forecast.se_mean)


BASELINES: dict[str, Method] = {
    "no_change": no_change,
    "drift": drift,
    "ols": least_squares,
    "damped_ets": fitted(damped_ets, 5),
    "theta": fitted(theta, 4),
    "arima": fitted(arima, 5),
    "unobserved_components": fitted(unobserved_components, 5),
}
