"""Quantiles of mixtures of Student-t distributions, for many mixtures at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from toolkit.models.links import FloatArray, IntArray

__all__ = ["heaviest", "mixture_quantiles"]

NODES = 4001
SCAN = 33
REFINEMENTS = 8
TOLERANCE = 1e-7


def heaviest(weights: FloatArray, kept: int) -> tuple[IntArray, FloatArray]:
    """Return the heaviest members of each unit (M, N) and their weights, which sum to 1 again."""
    if weights.shape[0] <= kept:
        members = np.broadcast_to(np.arange(weights.shape[0])[:, None], weights.shape)
        return np.asarray(members), weights
    members = np.argpartition(-weights, kept - 1, axis=0)[:kept]
    members = np.sort(members, axis=0)
    chosen = np.take_along_axis(weights, members, axis=0)
    return members, chosen / chosen.sum(axis=0)


@lru_cache(maxsize=256)
def table(freedom: float) -> FloatArray:
    """Return the Student-t distribution function on equal steps of x / sqrt(freedom + x^2) from -1 to 1."""
    from scipy.special import stdtr

    ratio = np.linspace(-1.0, 1.0, NODES)
    with np.errstate(divide="ignore"):
        score = ratio * np.sqrt(freedom / np.maximum(1.0 - ratio * ratio, 0.0))
    score[[0, -1]] = -np.inf, np.inf
    return np.asarray(stdtr(freedom, score))


class Mixture:
    """The distribution functions of N x H mixtures."""

    def __init__(self, weights: FloatArray, location: FloatArray, spread: FloatArray, freedom: FloatArray) -> None:
        self.weights = weights[:, :, None, None]
        self.location = location[..., None]
        self.inverse = 1.0 / spread[..., None]
        self.freedom = freedom[None, :, None, None]
        distinct, code = np.unique(freedom, return_inverse=True)
        self.tables = np.stack([table(float(one)) for one in distinct]).reshape(-1)
        self.first = (code * NODES)[None, :, None, None]

    def below(self, points: FloatArray) -> FloatArray:
        """Return the probability below points of shape (N, H, P)."""
        score = (points[None] - self.location) * self.inverse
        place = (score / np.sqrt(self.freedom + score * score) + 1.0) * ((NODES - 1) / 2.0)
        left = np.minimum(place.astype(np.int64), NODES - 2)
        place -= left
        left += self.first
        low = self.tables[left]
        probability = low + place * (self.tables[left + 1] - low)
        return np.asarray(np.einsum("mnhp,mn->nhp", probability, self.weights[:, :, 0, 0]))


def mixture_quantiles(
    weights: FloatArray, location: FloatArray, spread: FloatArray, freedom: FloatArray, levels: FloatArray
) -> FloatArray:
    """Return quantiles of mixtures of Student-t distributions.

    A scan brackets every quantile, regula falsi (Illinois) closes the bracket.

    Parameters
    ----------
    weights :
        Shape (M, N), columns sum to 1.
    location, spread :
        Shape (M, N, H): centre and scale of the components.
    freedom :
        Shape (N,): degrees of freedom.
    levels :
        Shape (Q,): probabilities between 0 and 1.

    Returns
    -------
    Array of shape (N, H, Q), exact to 1e-6 in probability.
    """
    from scipy.special import stdtrit

    mixture = Mixture(weights, location, spread, freedom)
    reach = stdtrit(freedom[:, None], np.minimum(levels.min(), 1.0 - levels.max()))[None, :, :]
    bottom, top = (location + reach * spread).min(axis=0), (location - reach * spread).max(axis=0)
    # denser in the middle of the mixture, where most quantiles lie
    centre = np.einsum("mn,mnh->nh", weights, location)
    share = np.linspace(-1.0, 1.0, SCAN)
    bend = np.abs(share) ** 2.5
    points = centre[..., None] + np.where(
        share < 0, (bottom - centre)[..., None] * bend, (top - centre)[..., None] * bend
    )
    found = mixture.below(points)
    # counting avoids a search per mixture: the distribution function rises with the points
    right = np.clip((found[..., None, :] < levels[:, None]).sum(axis=-1), 1, SCAN - 1)
    low, high = np.take_along_axis(points, right - 1, -1), np.take_along_axis(points, right, -1)
    under = np.take_along_axis(found, right - 1, -1) - levels
    over = np.take_along_axis(found, right, -1) - levels
    return close_brackets(mixture, levels, low, high, under, over)


def close_brackets(
    mixture: Mixture, levels: FloatArray, low: FloatArray, high: FloatArray, under: FloatArray, over: FloatArray
) -> FloatArray:
    """Return the roots between ``low`` and ``high``, where the probability is off by ``under`` and ``over``."""
    middle = low
    for _ in range(REFINEMENTS):
        gap = over - under
        share = np.clip(np.divide(-under, gap, out=np.full_like(gap, 0.5), where=gap > 0), 0.0, 1.0)
        middle = low + share * (high - low)
        error = mixture.below(middle) - levels
        if np.abs(error).max() < TOLERANCE:
            break
        left = error < 0
        # Illinois: halve the stale end's error so that it moves too
        over = np.where(left, over / 2.0, error)
        under = np.where(left, error, under / 2.0)
        low, high = np.where(left, middle, low), np.where(left, high, middle)
    return middle
