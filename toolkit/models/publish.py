"""From drawn levels on the link scale to values as they would be published.

Measurement noise is added, draws are mapped to the predicted marginals, the 80 % interval never narrows with the
horizon, far tails are drawn in, and what was observed stands where it was observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.models.panel import LOG_LIMIT, FloatArray, Grid, IntArray, Panel, Paths, Scale, last_seen, require
from toolkit.models.sampling import COUNTS, PAST_VALUES, VALUES, even_levels, in_order, normals

# Of how many things on a count is drawn as a normal variable, and nodes of the mixture of counts
MANY, NODES = 50.0, 48
# Multiples of it fill 0..1 evenly
GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Marginals:
    """Two-piece Student-t predictions for the years from ``first`` on.

    Half of each stands above its centre, with the scale times ``exp(skew)``, half below, with the scale divided by it.

    Attributes
    ----------
    centre, scale :
        Shape (N, H).
    skew, freedom :
        Shape (N,).
    """

    first: int
    centre: FloatArray
    scale: FloatArray
    skew: FloatArray
    freedom: FloatArray

    def of_units(self, rows: IntArray) -> Marginals:
        """Return the predictions of some units."""
        return Marginals(self.first, self.centre[rows], self.scale[rows], self.skew[rows], self.freedom[rows])

    def scores(self, levels: FloatArray) -> FloatArray:
        """Return how far from the centre, in scales, the quantiles of probabilities (Q,) stand: shape (N, Q).

        Examples
        --------
        >>> lopsided = Marginals(2026, np.zeros((1, 1)), np.ones((1, 1)), np.log([2.0]), np.array([3.0]))
        >>> lopsided.scores(np.array([0.1, 0.5, 0.9])).round(2).tolist()
        [[-0.82, 0.0, 3.28]]
        """
        from scipy.special import stdtrit

        student = stdtrit(self.freedom[:, None], levels)
        return np.asarray(student * np.exp(np.sign(student) * self.skew[:, None]))


def map_to(marginals: Marginals, work: IntArray, published: FloatArray) -> None:
    """Give draws (S, N, W) the marginals in the years that they are for; the draws keep their ranks."""
    scores = marginals.scores(even_levels(published.shape[0])).T
    for column in np.flatnonzero(work >= marginals.first):
        horizon = int(work[column]) - marginals.first
        target = marginals.centre[:, horizon] + marginals.scale[:, horizon] * scores
        order, _ = in_order(published[:, :, column])
        np.put_along_axis(published[:, :, column], order, target, axis=0)


def counted(scale: Scale, linked: FloatArray, score: FloatArray) -> FloatArray:
    """Return counts in printed units for levels (link scale) and standard normal scores, of shapes that broadcast.

    A Poisson variable about the level's mean. ``log(k + 1/2)`` of a Poisson variable k of mean m has a mean whose
    exponential f is nearly m from 2 on and 1/2 at 0; m = f - exp(-1.5 (f - 1/2)) / 2 undoes that.

    Examples
    --------
    >>> levels = np.log([0.5, 1.5, 100.0])
    >>> counted(Scale.counts(), levels, np.array([[-1.0], [0.0], [1.0]])).tolist()
    [[0.0, 0.0, 90.0], [0.0, 1.0, 100.0], [0.0, 3.0, 110.0]]
    """
    from scipy.special import ndtr, pdtr, pdtrik

    risen = np.exp(np.clip(linked, -LOG_LIMIT, LOG_LIMIT)) / scale.counted
    mean, score = np.broadcast_arrays(np.maximum(risen - 0.5 * np.exp(-1.5 * np.maximum(risen - 0.5, 0.0)), 0.0), score)
    # the normal approximation with its correction for skewness, from MANY on
    number = np.round(mean + np.sqrt(mean) * score + (score**2 - 1.0) / 6.0)
    few = np.flatnonzero(mean < MANY)
    rare, level = np.maximum(mean.flat[few], 1e-12), ndtr(score.flat[few])
    found = np.ceil(np.nan_to_num(pdtrik(level, rare), nan=0.0) - 1e-9)
    lower = np.maximum(found - 1.0, 0.0)
    number.flat[few] = np.where(level <= np.exp(-rare), 0.0, np.where(pdtr(lower, rare) >= level, lower, found))
    # where chance moves counts less, so much nearer to their mean
    number = np.round(mean + np.sqrt(scale.dispersion) * (number - mean))
    return np.asarray(np.maximum(number, 0.0) * scale.counted)


def quantiles_of(scale: Scale, marginals: Marginals, horizons: IntArray, levels: FloatArray) -> FloatArray:
    """Return quantiles (N, H, Q), printed units, of predictions of the link scale with short tails.

    ``horizons`` (H,) counts from 0, the first year of the predictions.

    Those of counts are quantiles of Poisson variables about the prediction, over even probabilities of both, and each
    number k is spread evenly from k - 1/2 to k + 1/2 (mid-quantiles): where few numbers are possible, intervals of
    whole numbers would hold far more than they say.
    """
    from scipy.special import ndtri

    even = (np.arange(NODES) + 0.5) / NODES
    asked = even if scale.counted else levels
    centre, spread = marginals.centre[:, horizons], marginals.scale[:, horizons]
    linked = centre[..., None] + scale.shorten_tails(spread[..., None] * marginals.scores(asked)[:, None])
    if not scale.counted:
        return scale.from_link(linked)
    numbers = counted(scale, linked[..., None], ndtri(even)).reshape(*centre.shape, -1)
    spread_out = numbers + scale.counted * ((np.arange(numbers.shape[-1]) * GOLDEN) % 1.0 - 0.5)
    return np.moveaxis(np.maximum(np.quantile(spread_out, levels, axis=-1), 0.0), 0, -1)


def latest_segment(panel: Panel) -> int:
    """Return the standard of the latest observation (the later standard where two share the year)."""
    if not panel.year.size:
        return panel.segments[0]
    last = panel.segment[panel.year == panel.year.max()]
    return max((int(number) for number in last), key=panel.segments.index)


def segment_positions(panel: Panel, asked: IntArray, segments: Sequence[int] | None) -> IntArray:
    """Return the position (in ``panel.segments``) of the standard that each asked year is wanted on.

    Raises
    ------
    ValueError
        If a standard is unknown or their number differs from that of the years.
    """
    wanted = [latest_segment(panel)] * asked.size if segments is None else [int(number) for number in segments]
    require(len(wanted) == asked.size, f"{asked.size} years need as many segments, not {len(wanted)}")
    unknown = sorted(set(wanted) - set(panel.segments))
    require(not unknown, f"unknown segments {unknown}: the panel has {list(panel.segments)}")
    return np.array([panel.segments.index(number) for number in wanted], dtype=np.int64)


def value_noise(
    grid: Grid, work: IntArray, units: int | IntArray, draws: int, seed: int, purpose: int = VALUES
) -> FloatArray:
    """Return standard normals (S, N, T) for the years of ``work``; a year's numbers depend on nothing else."""
    before, after = max(grid.first - int(work.min()), 0), max(int(work.max()) - grid.first + 1, 0)
    parts = []
    if before:
        parts.append(normals(seed, units, purpose + PAST_VALUES - VALUES, (before, draws))[::-1])
    if after:
        parts.append(normals(seed, units, purpose, (after, draws)))
    every = np.concatenate(parts)
    start = grid.first - before
    return np.moveaxis(every[work - start], 0, -1)


def publish(
    panel: Panel,
    grid: Grid,
    work: IntArray,
    level: FloatArray,
    noise_sd: FloatArray,
    offsets: FloatArray,
    asked: IntArray,
    position: IntArray,
    seed: int,
    *,
    marginals: Marginals | None = None,
    shift: FloatArray | None = None,
    numbers: IntArray | None = None,
) -> Paths:
    """Make values from levels, as the module says, and pick the years asked for.

    Parameters
    ----------
    panel, grid :
        Observations.
    work :
        Shape (W,): ascending years of ``level``.
    level :
        Shape (S, N, W): link scale, on a standard that stands ``shift`` above the base one.
    noise_sd :
        Shape (S, N): standard deviation of the values around the level.
    offsets :
        Shape (S, K).
    asked, position :
        Years asked for, and the standard of each (:func:`segment_positions`).
    seed :
        Of the values' noise.
    marginals, shift :
        Predictions that the draws are mapped to by rank, on the standard of ``level``; and how
        far that stands above the base standard (S, 1), None for not at all.
    numbers :
        Shape (N,): which units of a larger panel these are; None where this is all of it.
    """
    draws, units = noise_sd.shape
    of = units if numbers is None else numbers
    noise = noise_sd[..., None] * value_noise(grid, work, of, draws, seed)
    published = level + noise
    known = np.asarray(grid.seen.any(axis=1))
    last_year = np.where(known, grid.first + last_seen(grid.seen), panel.last_year)
    if marginals is not None:
        map_to(marginals, work, published)
    ahead = work[None, :] > last_year[:, None]
    if ahead.any():
        low, middle, high = np.quantile(np.sort(published, axis=0), (0.1, 0.5, 0.9), axis=0, overwrite_input=True)
        published += widening(published - middle, np.where(ahead, high - low, 0.0))
        # where a unit that was never observed stands is not a forecast's tail: its spread stays
        ahead &= known[:, None]
        short = middle + panel.scale.shorten_tails(published - middle)
        np.copyto(published, short, where=ahead)
    pick = np.searchsorted(work, asked)
    published, noise = published[:, :, pick], noise[:, :, pick]
    if shift is not None:
        published -= shift[:, :, None]
    latent = published - noise  # the level moves as its value does
    wanted = offsets[:, None, position]
    linked = published + wanted
    if panel.scale.counted:
        values = counted(panel.scale, linked, value_noise(grid, work, of, draws, seed, COUNTS)[:, :, pick])
    else:
        values = panel.scale.from_link(linked)
    put_observed(panel, asked, position, values, latent + wanted, noise, noise_sd)
    return Paths(asked, latent, values, offsets, panel.segments)


def widening(apart: FloatArray, width: FloatArray) -> FloatArray:
    """Return what to add to draws, ``apart`` (S, N, T) from their medians, so that their 80 % intervals never narrow.

    ``width`` (N, T) is that of the intervals, 0 in years in which they may.
    """
    reached = np.maximum.accumulate(width, axis=-1)
    return np.asarray((np.divide(reached, width, out=np.ones_like(width), where=width > 0) - 1.0) * apart)


def put_observed(
    panel: Panel,
    asked: IntArray,
    position: IntArray,
    values: FloatArray,
    latent: FloatArray,
    noise: FloatArray,
    noise_sd: FloatArray,
) -> None:
    """Write observed cells into ``values``: exactly where measured without noise, around the value elsewhere."""
    segments = panel.segments
    # exact values last, so that they win over noisy ones of the same cell
    for row in np.argsort(-panel.noise, kind="stable"):
        unit, spread = int(panel.unit[row]), float(panel.noise[row])
        for column in np.flatnonzero(asked == panel.year[row]):
            if segments[position[column]] != panel.segment[row]:
                continue
            if spread == 0.0:
                values[:, unit, column] = panel.value[row]
                continue
            own = noise_sd[:, unit] ** 2
            share = own / (own + spread**2)
            observed = float(panel.scale.to_link(panel.value[row]))
            around = latent[:, unit, column] + share * (observed - latent[:, unit, column])
            # the unexplained part of the value's own noise, shrunk by what was observed
            rest = noise[:, unit, column] * np.sqrt(1.0 - share)
            drawn = panel.scale.from_link(around + rest)
            unit_of = panel.scale.counted
            values[:, unit, column] = np.round(drawn / unit_of) * unit_of if unit_of else drawn
