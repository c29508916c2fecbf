"""Parts that add up to their whole, draw by draw; apart because it is arithmetic on draws and knows no data."""

from __future__ import annotations

import numpy as np

from toolkit.models.panel import BoolArray, FloatArray, IntArray, Scale
from toolkit.models.sampling import VALUES, even_levels, in_order, stream

POOLINGS, QUICK_STEPS, STEPS = 3, 3, 40
"""How often like parts are pooled, and steps of the search for the common push before that and at last."""
FIXED, TURN, FARTHEST = 1e-9, 1e-4, 1e5
"""A variance, and what may be lacking, that are none; the push tried first, and the largest, link scale."""


def added_up(
    parts: FloatArray, whole: FloatArray, weights: FloatArray, scale: Scale, alike: BoolArray | None = None
) -> FloatArray:
    """Return draws of parts moved as little as possible so that together they are their whole, draw by draw.

    The draws of independent parts given their weighted sum: each moves, on the link scale, in proportion to its weight
    and its variance, so that what is published stays and what is known worst gives way most (for normal draws the
    exact conditional distribution; Rue and Held 2005, Gaussian Markov random fields, section 2.3.3). Where the parts
    that are known leave no room, they move to the bound. A large part would end nearer to the whole than a small one:
    parts of which nothing is known share one distribution.

    Parameters
    ----------
    parts : (S, N, T)
        In the indicator's unit.
    whole : (S, T)
        Joint draws of their whole.
    weights : (N, T)
        By how much each counts.
    scale :
        Link and bounds.
    alike : (N,)
        Parts of which the same is known; none by default.

    Examples
    --------
    >>> parts = np.array([[[10.0], [20.0]], [[12.0], [30.0]]])
    >>> made = added_up(parts, np.array([[16.0], [16.0]]), np.array([[0.5], [0.5]]), Scale.percent())
    >>> made.mean(axis=1).round(6).tolist()
    [[16.0], [16.0]]
    """
    linked, target = scale.to_link(parts), scale.to_link(whole)
    push = weights * np.minimum(linked.var(axis=0), (linked - target[:, None]).var(axis=0))
    most = push.max(axis=0)
    push = np.divide(push, most, out=np.zeros_like(push), where=most > FIXED)
    for _ in range(POOLINGS if alike is not None and alike.sum() > 1 else 0):
        linked = linked + _common_push(linked, target, push, weights, scale, QUICK_STEPS)[:, None] * push
        linked[:, alike] = one_distribution(linked[:, alike])
    made = scale.from_link(linked + _common_push(linked, target, push, weights, scale, STEPS)[:, None] * push)
    return np.where(push > 0, made, parts)


def _common_push(
    linked: FloatArray, target: FloatArray, push: FloatArray, weights: FloatArray, scale: Scale, steps: int
) -> FloatArray:
    """Return by how much (S, T) all parts are pushed to reach the target: the secant method, kept in a bracket.

    Draws that are there already take no further steps.
    """
    found = np.zeros_like(target)
    for year in np.flatnonzero(push.any(axis=0)):  # one at a time: it stays in the processor's cache
        rows, way, weight = np.ascontiguousarray(linked[:, :, year].T), push[:, [year]], weights[:, [year]]
        found[:, year] = _push_in_a_year(rows, target[:, year], way, weight, scale, steps)
    return found


def _push_in_a_year(
    rows: FloatArray, goal: FloatArray, push: FloatArray, weights: FloatArray, scale: Scale, steps: int
) -> FloatArray:
    """Return the push (S,) of parts (N, S) to their goal (S,), with ``push`` and ``weights`` (N, 1)."""

    def lacking(left: IntArray, factor: FloatArray) -> FloatArray:
        parts = rows if left.size == goal.size else rows[:, left]
        whole = (weights * scale.from_link(parts + factor[left] * push)).sum(axis=0)
        return goal[left] - scale.to_link(whole)

    left = np.arange(goal.size)
    before, factor, lacked, low, high = (np.full_like(goal, one) for one in (TURN, 0.0, 0.0, -FARTHEST, FARTHEST))
    lacked[left] = lacking(left, before)
    for _ in range(steps):
        lacks = lacking(left, factor)
        far = np.abs(lacks) >= FIXED
        left, lacks = left[far], lacks[far]
        now, turned = factor[left], lacked[left] - lacks
        low[left], high[left] = np.where(lacks > 0, now, low[left]), np.where(lacks < 0, now, high[left])
        way, turns = lacks * (now - before[left]), np.abs(turned) > FIXED**2
        secant = now + np.divide(way, turned, out=np.full_like(way, np.inf), where=turns)
        before[left], lacked[left] = now, lacks
        inside = (low[left] < secant) & (secant < high[left])
        factor[left] = np.where(inside, secant, (low[left] + high[left]) / 2)
    return factor


def one_distribution(draws: FloatArray) -> FloatArray:
    """Return draws (S, N, T) of the same ranks, of which all N have one distribution: the mean of their quantiles."""
    if draws.shape[1] < 2:
        return draws
    (order, ordered), made = in_order(draws), np.empty_like(draws)
    common = ordered.mean(axis=1, keepdims=True)
    np.put_along_axis(made, order, np.broadcast_to(common, draws.shape), axis=0)
    return made


def whole_counts(parts: FloatArray, counts: FloatArray, observed: BoolArray, seed: int) -> FloatArray:
    """Return shares of parts as k of n such that the sum of all k is that of the shares, draw by draw.

    A share is rounded up where most is owed to it: what earlier draws between the same two numbers lost or won is
    carried on, so that over all draws each k is as frequent as the shares ask for, with next to no chance in it.

    Parameters
    ----------
    parts : (S, N, T)
        In per cent.
    counts : (N, T)
        Number of things.
    observed : (N, T)
        Published shares stay as they are, and out of the sum.
    seed :
        Of how sums that are no whole numbers are rounded.
    """
    start = stream(seed, 0, VALUES).permuted(even_levels(parts.shape[0]))[:, None]
    wanted = np.where(observed, 0.0, parts * counts / 100.0)
    made = np.floor(wanted + FIXED)
    rest, many = np.maximum(wanted - made, 0.0), np.floor(wanted.sum(axis=1) + start + FIXED) - made.sum(axis=1)
    part, year = np.ogrid[: counts.shape[0], : counts.shape[1]]
    owed = np.zeros((int(counts.max()) + 1, *counts.shape))
    claim = np.full((counts.shape[0] + 1, counts.shape[1]), np.inf)  # the last line: none rises
    for whole, asked, up in zip(made, rest, many.astype(np.int64), strict=True):
        between = whole.astype(np.int64), part, year
        claim[:-1] = np.where(asked > FIXED, owed[between] + asked, -np.inf)
        least = np.sort(claim, axis=0)[len(whole) - up, year[0]]
        rises = claim[:-1] >= least
        owed[between] += asked - rises
        whole += rises
    return np.where(observed, parts, made * 100.0 / counts)
