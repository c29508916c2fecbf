"""Joint draws of paths: forward filter, backward sampling, and simulation beyond the observations.

Every draw has its own member and scale, so arrays have the shape (S, N): draws by units.
Random numbers belong to units: a unit's stream does not depend on the other units. They are spread evenly over the
draws (a Latin hypercube: McKay, Beckman, Conover 1979): each number takes one value from every S-th part of its
distribution, in an order of its own, so that probabilities err less than those of free draws.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from toolkit.models.panel import FloatArray, IntArray
from toolkit.models.state_space import Bank, Filtered, FirstLevel, Posterior, State, choose, predict, run_filter

CHOICE, FUTURE, PAST, VALUES, PAST_VALUES, UNSEEN, OFFSETS = range(7)
# Numbers from 1000 on, and the next, are those of counts in the panel's years and before them
COUNTS = 1000
TINY = 1e-12


def stream(seed: int, unit: int, purpose: int) -> np.random.Generator:
    """Return the random numbers of one unit for one purpose (unit -1: the panel's own)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, unit + 1, purpose])))


def even_levels(draws: int) -> FloatArray:
    """Return the middles of equal parts of 0..1, one a draw."""
    return (np.arange(draws) + 0.5) / draws


def normals(
    seed: int,
    units: int | IntArray,
    purpose: int,
    shape: tuple[int, ...],
    order: IntArray | None = None,
    freedom: float = np.inf,
) -> FloatArray:
    """Return standard normals of shape (shape[0], ..., N), each unit from its own stream, even over the last of shape.

    Parameters
    ----------
    seed, purpose :
        Of the streams.
    units :
        Their number, or which units of a larger panel these are.
    shape :
        Without the units, the draws last.
    order :
        Shape (S,): an order of the draws in every part of which they shall be even too, as many parts as divide the
        draws evenly, up to their root (Tang 1993, Orthogonal array-based Latin hypercubes). Whatever the draws of a
        unit are added to has such an order.
    freedom :
        Degrees of freedom of a Student-t distribution to have instead.
    """
    from scipy.special import ndtri

    numbers, draws = range(units) if isinstance(units, int) else units.tolist(), shape[-1]
    even, made = student_scores(ndtri(even_levels(draws)), freedom), np.empty((*shape, len(numbers)))
    parts = max(part for part in range(1, int(np.sqrt(draws)) + 1) if draws % part == 0)
    for place, unit in enumerate(numbers):
        random = stream(seed, unit, purpose)
        if order is None:
            made[..., place] = random.permuted(np.broadcast_to(even, shape), axis=-1)
        else:
            strata = np.broadcast_to(even.reshape(-1, parts), (*shape[:-1], draws // parts, parts))
            dealt = random.permuted(random.permuted(strata, axis=-1), axis=-2)
            made[..., order, place] = np.swapaxes(dealt, -1, -2).reshape(shape)
    return made


def in_order(draws: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the positions that sort draws (S, ...) along their first axis, equal ones as they came, and them sorted.

    Several times faster than a stable sort, which only columns with equal draws need.

    Examples
    --------
    >>> in_order(np.array([[3.0, 1.0], [2.0, 1.0], [2.0, 0.0]]))[0].tolist()
    [[1, 2], [2, 0], [0, 1]]
    """
    order, ordered = np.asarray(np.argsort(draws, axis=0)), np.sort(draws, axis=0)
    equal = (ordered[1:] == ordered[:-1]).any(axis=0)
    if equal.any():
        order[:, equal] = np.argsort(draws[:, equal], axis=0, kind="stable")
    return order, ordered


def student_scores(scores: FloatArray, freedom: float) -> FloatArray:
    """Return Student-t scores of the same probability as standard normal ones, in the same shape."""
    from scipy.special import ndtr, stdtrit

    if not np.isfinite(freedom):
        return scores
    return np.asarray(-np.sign(scores) * stdtrit(freedom, np.maximum(ndtr(-np.abs(scores)), 1e-12)))


def choose_members(
    posterior: Posterior, draws: int, seed: int, numbers: IntArray | None = None
) -> tuple[IntArray, FloatArray]:
    """Draw members (systematically, so that few draws already represent the weights) and scales, each (S, N).

    ``numbers`` says which units of their panel these are; all of it by default.
    """
    from scipy.special import gammaincinv

    units = posterior.weights.shape[1]
    member, scale = np.empty((draws, units), np.int64), np.empty((draws, units))
    for unit, number in enumerate(range(units) if numbers is None else numbers.tolist()):
        random = stream(seed, number, CHOICE)
        position = random.permutation((np.arange(draws) + random.random()) / draws)
        cumulative = np.cumsum(posterior.weights[:, unit])
        member[:, unit] = np.minimum(np.searchsorted(cumulative, position * cumulative[-1]), cumulative.size - 1)
        gamma = gammaincinv(posterior.shape[member[:, unit], unit], random.permutation(even_levels(draws)))
        scale[:, unit] = np.sqrt(posterior.rate[member[:, unit], unit] / np.maximum(gamma, TINY))
    return member, scale


def draw_state(state: State, scale: FloatArray, noise: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Draw (level, slope); ``noise`` has shape (2, S, N)."""
    level_sd = np.sqrt(np.maximum(state.level_variance, 0.0))
    load = np.divide(state.covariance, level_sd, out=np.zeros_like(level_sd), where=level_sd > TINY)
    rest = np.sqrt(np.maximum(state.slope_variance - load * load, 0.0))
    return state.level + scale * level_sd * noise[0], state.slope + scale * (load * noise[0] + rest * noise[1])


def given_next(state: State, level: FloatArray, slope: FloatArray, bank: Bank, drift: FloatArray) -> State:
    """Return the state of a year given the drawn state of the next one (backward sampling)."""
    after = predict(state, bank, drift)
    level_variance, slope_variance = after.level_variance + TINY, after.slope_variance + TINY
    determinant = level_variance * slope_variance - after.covariance**2
    to_level = (bank.rho * state.level_variance + bank.phi * state.covariance, bank.phi * state.covariance)
    to_slope = (bank.rho * state.covariance + bank.phi * state.slope_variance, bank.phi * state.slope_variance)
    gain = [
        (
            (a * slope_variance - b * after.covariance) / determinant,
            (b * level_variance - a * after.covariance) / determinant,
        )
        for a, b in (to_level, to_slope)
    ]
    error_level, error_slope = level - after.level, slope - after.slope
    return State(
        state.level + gain[0][0] * error_level + gain[0][1] * error_slope,
        state.slope + gain[1][0] * error_level + gain[1][1] * error_slope,
        state.level_variance - gain[0][0] * to_level[0] - gain[0][1] * to_level[1],
        state.covariance - gain[0][0] * to_slope[0] - gain[0][1] * to_slope[1],
        state.slope_variance - gain[1][0] * to_slope[0] - gain[1][1] * to_slope[1],
    )


def backward(
    filtered: Filtered, first: IntArray, bank: Bank, drift: FloatArray, scale: FloatArray, noise: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Draw levels of all grid years backwards; return them (T, S, N), the last slope and the first.

    ``noise`` has shape (T, 2, S, N); years before a unit's first observation are simulated backwards.
    """
    years = len(filtered.history)
    levels = np.empty((years, *scale.shape))
    level, slope = draw_state(filtered.history[-1], scale, noise[-1])
    last_slope = slope
    levels[-1] = level
    for t in range(years - 2, -1, -1):
        inside = t >= first
        past_level, past_slope = draw_state(given_next(filtered.history[t], level, slope, bank, drift), scale, noise[t])
        back_level, back_slope = step_back(level, slope, bank, drift, scale, noise[t])
        level, slope = np.where(inside, past_level, back_level), np.where(inside, past_slope, back_slope)
        levels[t] = level
    return levels, last_slope, slope


def step_back(
    level: FloatArray, slope: FloatArray, bank: Bank, drift: FloatArray, scale: FloatArray, noise: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Simulate the year before the first observation, as if time ran backwards."""
    earlier = bank.rho * level - drift - bank.phi * slope + scale * np.sqrt(bank.level_noise) * noise[0]
    return earlier, bank.phi * slope + scale * np.sqrt(bank.slope_noise) * noise[1]


def step_on(
    level: FloatArray, slope: FloatArray, bank: Bank, drift: FloatArray, scale: FloatArray, noise: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Simulate the next year."""
    slope_part = bank.phi * slope
    later = bank.rho * level + drift + slope_part + scale * np.sqrt(bank.level_noise) * noise[0]
    return later, slope_part + scale * np.sqrt(bank.slope_noise) * noise[1]


def sample_levels(
    bank: Bank,
    value: FloatArray,
    noise: FloatArray,
    drift: FloatArray,
    scale: FloatArray,
    *,
    start: FirstLevel | None,
    unseen: FloatArray,
    before: int,
    after: int,
    seed: int,
    numbers: IntArray | None = None,
    order: IntArray | None = None,
) -> FloatArray:
    """Draw levels for ``before`` years before the grid, the grid's years and ``after`` years beyond.

    Parameters
    ----------
    bank :
        Member of every draw, shape (S, N).
    value, noise :
        Observations and declared variances as for :func:`toolkit.models.state_space.run_filter`: each draw's scale
        meets the noise as it was declared.
    drift, scale :
        Shape (S, N).
    start :
        Distribution of the first observed level (None: diffuse).
    unseen :
        Shape (S, N): level in the last year of the grid for units without any observation.
    numbers :
        Shape (N,): which units of their panel these are; all of it by default.
    order :
        As for :func:`normals`: of what the levels will be added to.

    Returns
    -------
    Array of shape (S, N, before + T + after).
    """
    draws, units = scale.shape
    seen = np.asarray(np.isfinite(value if value.ndim == 3 else value[0]).any(axis=-1), dtype=np.bool_)
    years = seen.shape[1]
    empty = np.asarray(~seen.any(axis=1), dtype=np.bool_)
    first = np.where(empty, years, seen.argmax(axis=1))
    filtered = run_filter(bank, value, noise, drift, squared_scale=scale**2, start=start, keep=True)
    if empty.any():
        zero = np.zeros_like(scale)
        unknown = State(unseen, zero, zero, zero, zero + bank.initial_slope)
        last = choose(empty, unknown, filtered.history[-1])
        filtered = replace(filtered, history=(*filtered.history[:-1], last))
    of = units if numbers is None else numbers
    random = normals(seed, of, FUTURE, (years + after, 2, draws), order)
    inside, slope, first_slope = backward(filtered, first, bank, drift, scale, random[:years])
    level, beyond = inside[-1], []
    for t in range(after):
        level, slope = step_on(level, slope, bank, drift, scale, random[years + t])
        beyond.append(level)
    level, slope, earlier = inside[0], first_slope, []
    past = normals(seed, of, PAST, (before, 2, draws)) if before else random[:0]
    for t in range(before):
        level, slope = step_back(level, slope, bank, drift, scale, past[t])
        earlier.append(level)
    return np.moveaxis(np.stack([*earlier[::-1], *inside, *beyond]), 0, -1)
