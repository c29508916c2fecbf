"""From levels on the link scale to values as they would be published."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolkit.models.grid import Grid
from toolkit.models.links import FloatArray, IntArray
from toolkit.models.panel import Panel, Paths
from toolkit.models.sampling import PAST_VALUES, VALUES, normals
from toolkit.models.widening import widen_draws

__all__ = ["latest_segment", "publish", "segments_of"]


def latest_segment(panel: Panel) -> int:
    """Return the standard of the latest observation (the later standard where two share the year)."""
    if not panel.year.size:
        return panel.segments[0]
    last = panel.segment[panel.year == panel.year.max()]
    return max((int(number) for number in last), key=panel.segments.index)


def segments_of(panel: Panel, asked: IntArray, segments: Sequence[int] | None) -> IntArray:
    """Return the position of the standard that each asked year is wanted on.

    Raises
    ------
    ValueError
        If a standard is unknown or their number differs from that of the years.
    """
    wanted = [latest_segment(panel)] * asked.size if segments is None else [int(number) for number in segments]
    if len(wanted) != asked.size:
        msg = f"{asked.size} years need as many segments, not {len(wanted)}"
        raise ValueError(msg)
    unknown = sorted(set(wanted) - set(panel.segments))
    if unknown:
        msg = f"unknown segments {unknown}: the panel has {list(panel.segments)}"
        raise ValueError(msg)
    return np.array([panel.segments.index(number) for number in wanted], dtype=np.int64)


def value_noise(grid: Grid, work: IntArray, units: int, draws: int, seed: int) -> FloatArray:
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
    segments: Sequence[int] | None,
    seed: int,
) -> Paths:
    """Add measurement noise, keep the widening rule, put observed cells in, and pick the years asked for.

    Parameters
    ----------
    panel, grid :
        Observations.
    work :
        Shape (W,): ascending years of ``level``.
    level :
        Shape (S, N, W): link scale, base standard.
    noise_sd :
        Shape (S, N): standard deviation of the values around the level.
    offsets :
        Shape (S, K).
    asked, segments :
        Years and standards asked for.
    """
    position = segments_of(panel, asked, segments)
    draws, units = noise_sd.shape
    published = level + noise_sd[..., None] * value_noise(grid, work, units, draws, seed)
    seen = grid.seen
    last_seen = np.where(
        seen.any(axis=1), grid.first + seen.shape[1] - 1 - seen[:, ::-1].argmax(axis=1), panel.last_year
    )
    added = widen_draws(published, work[None, :] > last_seen[:, None])
    level, published = level + added, published + added
    pick = np.searchsorted(work, asked)
    latent = level[:, :, pick]
    wanted = offsets[:, None, position]
    values = panel.scale.from_link(published[:, :, pick] + wanted)
    put_observed(panel, asked, position, values, latent + wanted, (published - level)[:, :, pick], noise_sd)
    return Paths(asked, latent, values, offsets, panel.segments)


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
