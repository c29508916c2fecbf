"""Damped local trends in state-space form, and one Kalman pass for many of them at once.

Every member of a bank is the model

    level'  = rho * level + drift + phi * slope + e1
    slope'  = phi * slope + e2
    value   = level + e3

whose variances are relative to one scale that each series integrates out. Nothing is optimised per
series: members only gain or lose weight. The two-dimensional state (level, slope) is written out by
hand, so that every operation runs over arrays of shape (R, N): R members (scoring) or R draws
(sampling), N units. A unit starts at its first observation; its first level is either unknown
(exactly diffuse) or normal with a given mean and variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import NamedTuple

import numpy as np

from toolkit.models.panel import BoolArray, FloatArray, IntArray, require


@dataclass(frozen=True)
class Bank:
    """Parameters of K members, each attribute of shape (K,).

    Attributes
    ----------
    phi :
        Damping of the slope, 0..1.
    rho :
        Persistence of the level, 0..1; 1 is a random walk.
    level_noise, slope_noise, value_noise :
        Variances of e1, e2 and e3, relative to the scale.
    initial_slope :
        Variance of the slope at the first observation, relative to the scale.
    drift_share :
        Share of the panel's drift that enters the level each year.
    """

    phi: FloatArray
    rho: FloatArray
    level_noise: FloatArray
    slope_noise: FloatArray
    value_noise: FloatArray
    initial_slope: FloatArray
    drift_share: FloatArray

    def __post_init__(self) -> None:
        shapes = {getattr(self, field.name).shape for field in fields(self)}
        require(len(shapes) == 1, "all parameters of a bank need one shape")
        noisy = (self.level_noise + self.value_noise > 0).all()
        require(noisy, "every member needs noise of the level or of the value")

    def __len__(self) -> int:
        return int(self.phi.shape[0])

    def take(self, members: IntArray) -> Bank:
        """Return the chosen members, in the shape of ``members``."""
        return Bank(*(getattr(self, field.name)[members] for field in fields(self)))

    def column(self) -> Bank:
        """Return the parameters with a trailing axis, to be broadcast against units."""
        return Bank(*(getattr(self, field.name)[..., None] for field in fields(self)))


def bank_of(
    phi: Sequence[float],
    rho: Sequence[float],
    noises: Sequence[tuple[float, float]],
    slopes: Sequence[tuple[float, float]],
    drift_shares: Sequence[float] = (0.0,),
) -> Bank:
    """Return the bank of all combinations; members without any slope are kept once, at phi = 0.

    Parameters
    ----------
    phi, rho :
        Dampings and persistences.
    noises :
        Pairs (variance of the level's steps, variance of the values).
    slopes :
        Pairs (variance of the initial slope, variance of the slope's steps); (0, 0) is no slope.
    drift_shares :
        Shares of the panel's drift.
    """
    rows: list[tuple[float, ...]] = []
    for share, persistence, (level, value), (initial, steps) in product(drift_shares, rho, noises, slopes):
        dampings = phi if initial > 0 or steps > 0 else (0.0,)
        rows.extend((damping, persistence, level, steps, value, initial, share) for damping in dampings)
    return Bank(*np.array(rows, dtype=np.float64).T)


class State(NamedTuple):
    """Mean and covariance of (level, slope), each of shape (R, N); variances relative to the squared scale."""

    level: FloatArray
    slope: FloatArray
    level_variance: FloatArray
    covariance: FloatArray
    slope_variance: FloatArray


class FirstLevel(NamedTuple):
    """First level of units: normal with this mean and variance (shape (R, N) or broadcast to it)."""

    level: FloatArray
    level_variance: FloatArray


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
    return State(*(np.where(condition, chosen, other) for chosen, other in zip(yes, no, strict=True)))


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
    start: FirstLevel | None = None,
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
    zero = np.zeros(np.broadcast_shapes((1, units), bank.phi.shape, drift.shape, value.shape[:-2][-2:]))
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
            # a diffuse start is settled by the first value, which then tells nothing more
            known = present if start is not None else present & started
            fresh = present & ~started
            if fresh.any():
                level, variance = start or (observed, noise)
                first = State(level, zero, variance, zero, zero + bank.initial_slope)
                state = choose(fresh, first, state)
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
