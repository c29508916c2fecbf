"""One Kalman pass for all members and all units at once, and joint draws of paths.

The two-dimensional state (level, slope) is written out by hand, so that every operation runs
over arrays of shape (R, N): R members (scoring) or R draws (sampling), N units. A unit starts
at its first observation; its first level is either unknown (exactly diffuse) or normal with a
given mean and variance. Variances are relative to the scale of the series.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.models.bank import Bank
from toolkit.models.links import BoolArray, FloatArray

__all__ = ["Filtered", "Start", "State", "predict", "run_filter"]


@dataclass(frozen=True)
class State:
    """Mean and covariance of (level, slope), each of shape (R, N)."""

    level: FloatArray
    slope: FloatArray
    level_variance: FloatArray
    covariance: FloatArray
    slope_variance: FloatArray


@dataclass(frozen=True)
class Start:
    """First level of units: normal with this mean and variance (shape (R, N) or broadcast to it).

    ``slope`` is the mean of the first slope.
    """

    level: FloatArray
    level_variance: FloatArray
    slope: FloatArray | float = 0.0


@dataclass(frozen=True)
class Filtered:
    """Result of a pass.

    Attributes
    ----------
    state :
        State after the last year of the grid.
    squares :
        Shape (R, N): sum of squared standardised innovations.
    log_determinant :
        Shape (R, N): sum of the logarithms of the innovations' variances.
    innovations :
        Shape (N,): number of innovations counted (one less than the observations for a diffuse start).
    history :
        States after each year, where asked for.
    """

    state: State
    squares: FloatArray
    log_determinant: FloatArray
    innovations: FloatArray
    history: tuple[State, ...]


def predict(state: State, bank: Bank, drift: FloatArray) -> State:
    """Return the state one year on; ``drift`` is what the level gains besides the slope."""
    phi, rho = bank.phi, bank.rho
    slope_variance = phi * phi * state.slope_variance
    cross = rho * phi * state.covariance
    return State(
        rho * state.level + drift + phi * state.slope,
        phi * state.slope,
        rho * rho * state.level_variance + 2.0 * cross + slope_variance + bank.level_noise,
        cross + slope_variance,
        slope_variance + bank.slope_noise,
    )


def choose(condition: BoolArray, yes: State, no: State) -> State:
    """Return the states of ``yes`` where the condition (shape (N,)) holds, of ``no`` elsewhere."""
    return State(
        np.where(condition, yes.level, no.level),
        np.where(condition, yes.slope, no.slope),
        np.where(condition, yes.level_variance, no.level_variance),
        np.where(condition, yes.covariance, no.covariance),
        np.where(condition, yes.slope_variance, no.slope_variance),
    )


def update(state: State, value: FloatArray, noise: FloatArray) -> tuple[State, FloatArray, FloatArray]:
    """Return the state given a value observed with variance ``noise``, the innovation and its variance."""
    innovation = value - state.level
    variance = state.level_variance + noise
    level_gain, slope_gain = state.level_variance / variance, state.covariance / variance
    updated = State(
        state.level + level_gain * innovation,
        state.slope + slope_gain * innovation,
        state.level_variance * noise / variance,
        state.covariance * noise / variance,
        state.slope_variance - slope_gain * state.covariance,
    )
    return updated, innovation, variance


def run_filter(
    bank: Bank,
    value: FloatArray,
    extra_noise: FloatArray,
    drift: FloatArray,
    *,
    start: Start | None = None,
    keep: bool = False,
) -> Filtered:
    """Filter all units under all members.

    Parameters
    ----------
    bank :
        Parameters, broadcast against (R, N).
    value :
        Shape (N, T, L) or (R, N, T, L): link scale, nan where nothing was observed (the same
        places in every row).
    extra_noise :
        Shape (N, T, L) or (R, N, T, L): extra variance of the values, relative to the scale.
    drift :
        What the level gains every year, broadcast against (R, N).
    start :
        Distribution of the first level; None for a diffuse one.
    keep :
        Whether to keep the states of all years.
    """
    seen = np.isfinite(value if value.ndim == 3 else value[0])
    units, years, layers = seen.shape
    rows = np.broadcast_shapes((1, units), bank.phi.shape, drift.shape, value.shape[:-2][-2:])
    zero = np.zeros(rows)
    state = State(zero, zero, zero, zero, zero)
    squares, log_determinant, counted = zero.copy(), zero.copy(), np.zeros(units)
    started = np.zeros(units, dtype=bool)
    history = []
    for t in range(years):
        if started.any():
            state = choose(started, predict(state, bank, drift), state)
        for layer in range(layers):
            present = seen[:, t, layer]
            if not present.any():
                continue
            observed = np.where(present, value[..., t, layer], 0.0)
            noise = bank.value_noise + extra_noise[..., t, layer]
            fresh = present & ~started
            if fresh.any() and start is None:
                first = State(
                    np.broadcast_to(observed, rows), zero, np.broadcast_to(noise, rows), zero, zero + bank.initial_slope
                )
                state, known = choose(fresh, first, state), present & started
            elif fresh.any() and start is not None:
                first = State(
                    zero + start.level, zero + start.slope, zero + start.level_variance, zero, zero + bank.initial_slope
                )
                state, known = choose(fresh, first, state), present
            else:
                known = present
            if known.any():
                # units without a value this year get variance 1: their result is not used
                updated, innovation, variance = update(state, observed, np.where(known, noise, 1.0))
                state = choose(known, updated, state)
                squares += np.where(known, innovation * innovation / variance, 0.0)
                log_determinant += np.where(known, np.log(variance), 0.0)
                counted = counted + known
            started = started | present
        if keep:
            history.append(state)
    return Filtered(state, squares, log_determinant, counted, tuple(history))
