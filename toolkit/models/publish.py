"""From drawn levels on the link scale to values as they would be published.

Measurement noise is added, draws are mapped to the predicted marginals, the 80 % interval never narrows with the
horizon, far tails are drawn in, and what was observed stands where it was observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.models.grid import Grid, last_seen
from toolkit.models.panel import BoolArray, FloatArray, IntArray, Panel, Paths, require
from toolkit.models.sampling import PAST_VALUES, VALUES, normals


@dataclass(frozen=True)
class Marginals:
    """Student-t predictions for the years from ``first`` on: centre and scale (N, H), freedom (N,)."""

    first: int
    centre: FloatArray
    scale: FloatArray
    freedom: FloatArray


def map_to(marginals: Marginals, work: IntArray, published: FloatArray) -> FloatArray:
    """Return what to add to draws (S, N, W) so that they keep their ranks and take the given marginals."""
    from scipy.special import stdtrit

    draws = published.shape[0]
    level = (np.arange(draws) + 0.5) / draws
    student = stdtrit(marginals.freedom[None, :], level[:, None])
    added = np.zeros_like(published)
    for column in np.flatnonzero(work >= marginals.first):
        horizon = int(work[column]) - marginals.first
        order = np.argsort(published[:, :, column], axis=0, kind="stable")
        target = marginals.centre[:, horizon] + marginals.scale[:, horizon] * student
        mapped = np.empty_like(target)
        np.put_along_axis(mapped, order, target, axis=0)
        added[:, :, column] = mapped - published[:, :, column]
    return added


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


def value_noise(grid: Grid, work: IntArray, units: int | IntArray, draws: int, seed: int) -> FloatArray:
    """Return standard normals (S, N, T) for the years of ``work``; a year's numbers depend on nothing else."""
    before, after = max(grid.first - int(work.min()), 0), max(int(work.max()) - grid.first + 1, 0)
    parts = []
    if before:
        parts.append(normals(seed, units, PAST_VALUES, (before, draws))[::-1])
    if after:
        parts.append(normals(seed, units, VALUES, (after, draws)))
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
    published = level + noise_sd[..., None] * value_noise(
        grid, work, units if numbers is None else numbers, draws, seed
    )
    known = np.asarray(grid.seen.any(axis=1))
    last_year = np.where(known, grid.first + last_seen(grid.seen), panel.last_year)
    if marginals is not None:
        added = map_to(marginals, work, published)
        level, published = level + added, published + added
    ahead = work[None, :] > last_year[:, None]
    added = widen_draws(published, ahead)
    level, published = level + added, published + added
    # where a unit that was never observed stands is not a forecast's tail: its spread stays
    ahead = ahead & known[:, None]
    if ahead.any():
        middle = np.median(published, axis=0)
        added = np.where(ahead, middle + panel.scale.shorten_tails(published - middle) - published, 0.0)
        level, published = level + added, published + added
    pick = np.searchsorted(work, asked)
    if shift is not None:
        level, published = level - shift[:, :, None], published - shift[:, :, None]
    latent = level[:, :, pick]
    wanted = offsets[:, None, position]
    values = panel.scale.from_link(published[:, :, pick] + wanted)
    put_observed(panel, asked, position, values, latent + wanted, (published - level)[:, :, pick], noise_sd)
    return Paths(asked, latent, values, offsets, panel.segments)


def widen_draws(draws: FloatArray, future: BoolArray) -> FloatArray:
    """Return what to add to draws (S, N, T) so that the 80 % interval never narrows in ``future`` (N, T)."""
    added = np.zeros_like(draws)
    if not future.any():
        return added
    low, middle, high = np.quantile(draws, [0.1, 0.5, 0.9], axis=0)
    width = np.where(future, high - low, 0.0)
    reached = np.maximum.accumulate(width, axis=-1)
    stretch = np.where(future, np.divide(reached, width, out=np.ones_like(width), where=width > 0), 1.0)
    changed = (stretch > 1.0).any(axis=0)
    added[:, :, changed] = ((stretch - 1.0) * (draws - middle))[:, :, changed]
    return added


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
            values[:, unit, column] = panel.scale.from_link(around + rest)
