"""Damped local trends in state-space form: one Kalman pass for many at once, and what a panel says about them.

Every member of a bank is the model

    level'  = rho * level + drift + phi * slope + e1
    slope'  = phi * slope + e2
    value   = level + e3

whose variances are relative to one scale that each series integrates out. Nothing is optimised per
series: members only gain or lose weight. The two-dimensional state (level, slope) is written out by
hand, so that every operation runs over arrays of shape (R, N): R members (scoring) or R draws
(sampling), N units. A unit starts at its first observation; its first level is either unknown
(exactly diffuse) or normal with a given mean and variance.

The posterior is conjugate in the scale, with a few EM steps in the panel. The squared scale of unit i is inverse gamma
with shape ``a`` and mean precision ``1 / s2``; ``s2`` belongs to the panel. With n innovations, sum of squares Q and
log determinant D under a member, the scale integrates out to

    log p = lgamma(a + n/2) - lgamma(a) + a log(a s2) - (a + n/2) log(a s2 + Q/2) - D/2 - n/2 log(2 pi)

so that predictions are Student-t with 2a + n degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import NamedTuple

import numpy as np

from toolkit.models.panel import BoolArray, FloatArray, IntArray

# Two counts of one year never differ by the jump alone; variance relative to the squared scale
SECOND_VALUE_NOISE = 0.1
# Where noise is declared, scales are looked for among these multiples of the prior's, since the noise does not grow
# with the scale: then the posterior is a sum over them instead of the integral
MULTIPLES = 2.0 ** np.arange(-3, 7)
# Shape of a scale that is known
KNOWN = 1e9


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
    noise: FloatArray,
    drift: FloatArray,
    *,
    squared_scale: FloatArray | float = 1.0,
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
    noise :
        Shape (N, T, L): declared variance of the values, in their own unit.
    drift :
        What the level gains every year, broadcast against (R, N).
    squared_scale :
        What all other variances are relative to, broadcast against (R, N).
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
            second = SECOND_VALUE_NOISE if layer else 0.0
            own = bank.value_noise + second + noise[:, t, layer] / squared_scale
            # a diffuse start is settled by the first value, which then tells nothing more
            known = present if start is not None else present & started
            fresh = present & ~started
            if fresh.any():
                level, variance = start or (observed, own)
                first = State(level, zero, variance, zero, zero + bank.initial_slope)
                state = choose(fresh, first, state)
            if known.any():
                # units without a value this year get variance 1: their result is not used
                updated, innovation, variance = update(state, observed, np.where(known, own, 1.0))
                state = choose(known, updated, state)
                squares += np.where(known, innovation * innovation / variance, 0.0)
                log_determinant += np.where(known, np.log(variance), 0.0)
                counted = counted + known
            started = started | present
        if keep:
            history.append(state)
    return Filtered(state, squares, log_determinant, counted, tuple(history))


EM_STEPS = 8
SMALLEST_SCALE = 0.002


@dataclass(frozen=True)
class PanelPrior:
    """What is believed before a panel is seen.

    Attributes
    ----------
    weights :
        Shape (K,): weights of the members, positive, sum 1.
    strength :
        Number of units that the weights count for when a panel updates them.
    shape :
        Of the inverse-gamma prior of a unit's squared scale, ``a``: small where units differ much in their noise.
    scale :
        Typical scale of a panel (link scale, or relative to the data for the identity link).
    scale_strength :
        Number of units that ``scale`` counts for.
    smallest :
        The panel's scale never falls below this: a constant series keeps a positive width.
    """

    weights: FloatArray
    strength: float = 10.0
    shape: float = 1.0
    scale: float = 0.1
    scale_strength: float = 0.3
    smallest: float = SMALLEST_SCALE


@dataclass(frozen=True)
class Posterior:
    """Members and scales after a panel was seen.

    Attributes
    ----------
    weights :
        Shape (K, N): weights of the members for each unit.
    shape :
        Shape (K, N): shape of the posterior of the squared scale.
    rate :
        Shape (K, N): its rate under each member.
    panel_scale :
        The panel's typical scale.
    log_likelihood :
        Of the panel.
    likelihoods :
        Shape (K, N): log likelihoods of the units under the members.
    """

    weights: FloatArray
    shape: FloatArray
    rate: FloatArray
    panel_scale: float
    log_likelihood: float
    likelihoods: FloatArray

    def of_units(self, rows: IntArray) -> Posterior:
        """Return what is known of some units; the rest is the whole panel's."""
        kept = {name: getattr(self, name)[:, rows] for name in ("weights", "shape", "rate", "likelihoods")}
        return replace(self, **kept)


def log_marginal_likelihood(filtered: Filtered, shape: float) -> Callable[[float], FloatArray]:
    """Return a function of the panel's squared scale: log likelihoods (K, N) of units under members.

    Each unit's own scale is integrated out. What does not depend on the panel's scale is worked out once.
    """
    from scipy.special import gammaln

    posterior_shape = shape + filtered.innovations / 2.0
    of_shape = gammaln(posterior_shape) - gammaln(shape)
    density = filtered.innovations / 2.0 * np.log(2.0 * np.pi)
    squares, determinant = filtered.squares / 2.0, filtered.log_determinant / 2.0

    def at(squared_scale: float) -> FloatArray:
        rate = shape * squared_scale
        constant = of_shape + shape * np.log(rate) - density
        return np.asarray(constant - posterior_shape * np.log(rate + squares) - determinant)

    return at


def responsibilities(log_likelihood: FloatArray, log_weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the members' posterior weights (K, N) and each unit's log likelihood (N,)."""
    joint = log_likelihood + log_weights[:, None]
    highest = joint.max(axis=0)
    share = np.exp(joint - highest)
    total = share.sum(axis=0)
    return share / total, highest + np.log(total)


def log_likelihood_at(filtered: Filtered, shape: float, nodes: FloatArray) -> Callable[[float], FloatArray]:
    """Return the same for members (R, 1) with given squared scales, evenly spaced in the logarithm.

    What the prior says of each of these is part of it; the sum over them stands for the integral.
    """
    spread = filtered.innovations * np.log(2.0 * np.pi * nodes) + filtered.log_determinant + filtered.squares / nodes

    def at(squared_scale: float) -> FloatArray:
        believed = shape * (np.log(squared_scale / nodes) - squared_scale / nodes)
        total = np.logaddexp.reduce(believed[: MULTIPLES.size])
        return np.asarray(believed - total - spread / 2.0)

    return at


def update_panel(filtered: Filtered, prior: PanelPrior, nodes: FloatArray | None = None) -> Posterior:
    """Update weights and scale within the panel.

    Parameters
    ----------
    filtered :
        A pass of all members over all units, shapes (K, N).
    prior :
        What was believed before.
    nodes :
        Shape (K, 1): squared scales of the members; None where the scale is integrated out.
    """
    informative = filtered.innovations > 0
    shape = np.broadcast_to(prior.shape + filtered.innovations / 2.0, filtered.squares.shape)
    known, squares = float(informative.sum()), filtered.squares / 2.0
    if nodes is None:
        likelihood = log_marginal_likelihood(filtered, prior.shape)
    else:
        likelihood, shape = log_likelihood_at(filtered, prior.shape, nodes), np.full_like(squares, KNOWN)
    believed = prior.scale_strength / prior.scale**2

    def rates(squared_scale: float) -> FloatArray:
        return np.asarray(prior.shape * squared_scale + squares if nodes is None else KNOWN * nodes + 0.0 * squares)

    weights, squared = prior.weights, max(prior.scale, prior.smallest) ** 2
    of_members = likelihood(squared)
    share, of_units = responsibilities(of_members, np.log(weights))
    for _ in range(EM_STEPS if known else 0):
        precision = (share * shape / rates(squared)).sum(axis=0)
        squared = (known + prior.scale_strength) / (float(precision[informative].sum()) + believed)
        squared = max(squared, prior.smallest**2)
        weights = prior.strength * prior.weights + share[:, informative].sum(axis=1)
        if nodes is not None:  # a member has one weight, whatever its scale
            weights = np.repeat(weights.reshape(-1, MULTIPLES.size).mean(axis=1), MULTIPLES.size)
        weights = weights / weights.sum()
        of_members = likelihood(squared)
        share, of_units = responsibilities(of_members, np.log(weights))
    return Posterior(share, shape, rates(squared), float(np.sqrt(squared)), float(of_units.sum()), of_members)


def fit_panel(
    bank: Bank,
    value: FloatArray,
    noise: FloatArray,
    drift: float,
    prior: PanelPrior,
    measure: float = 1.0,
    start_spread: float | None = None,
) -> tuple[Bank, Filtered, Posterior]:
    """Score all members on a panel and update weights and scales.

    Parameters
    ----------
    bank, prior :
        Members, and what is believed about them.
    value :
        As for :func:`run_filter`.
    noise :
        Declared standard deviations, in the same shape.
    drift :
        Yearly step that enters the level by each member's share.
    measure :
        What the prior's scales are relative to, see :attr:`toolkit.models.panel.Grid.measure`.
    start_spread :
        Standard deviation of the units' first levels around 0; None for unknown levels.

    Returns
    -------
    The members of pass and posterior, then these two. Where noise is declared each member of the bank comes once for
    each of :data:`MULTIPLES`, one after another.
    """
    prior = replace(prior, scale=prior.scale * measure, smallest=prior.smallest * measure)
    nodes, squared = None, np.asarray(prior.scale**2)
    if (noise > 0).any():
        bank = bank.take(np.repeat(np.arange(len(bank)), MULTIPLES.size))
        nodes = squared = np.resize((prior.scale * MULTIPLES) ** 2, (len(bank), 1))
        prior = replace(prior, weights=np.repeat(prior.weights, MULTIPLES.size) / MULTIPLES.size)
    for _ in range(1 if start_spread is None or nodes is not None else 2):
        start = None if start_spread is None else FirstLevel(np.zeros(1), start_spread**2 / squared)
        column = bank.column()
        filtered = run_filter(column, value, noise**2, column.drift_share * drift, squared_scale=squared, start=start)
        posterior = update_panel(filtered, prior, nodes)
        squared = squared if nodes is not None else np.asarray(posterior.panel_scale**2)
    return bank, filtered, posterior
