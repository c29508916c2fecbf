"""What all baselines share: one unit at a time, a centre and a spread for every horizon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.models.grid import Grid, first_layer, grid_of
from toolkit.models.links import FloatArray, IntArray
from toolkit.models.panel import Panel, Paths
from toolkit.models.publish import publish
from toolkit.models.sampling import FUTURE, UNSEEN, normals
from toolkit.models.structure import levels_of_peers

__all__ = ["Baseline", "Marginals", "Series"]

SMALLEST_SPREAD = 1e-6


@dataclass(frozen=True)
class Series:
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
class Marginals:
    """Predictions of one unit: centre and standard error by horizon (H,), and degrees of freedom.

    ``note`` is the key of what a reader should know, or empty.
    """

    centre: FloatArray
    spread: FloatArray
    freedom: float = np.inf
    note: str = ""


Method = Callable[[Series, IntArray], Marginals]


@dataclass(frozen=True)
class Baseline:
    """A baseline as a forecaster.

    Attributes
    ----------
    name :
        Name.
    method :
        From a series and horizons (years after its last observation) to predictions.
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
        first = min(int(asked.min()), grid.first)
        work = np.arange(first, max(int(asked.max()), panel.last_year) + 1)
        if parent is not None:
            work = np.unique(asked)
            level = follow(base, parent, work, panel, draws, seed)
            return publish(panel, grid, work, level, np.zeros((draws, panel.units)), offsets, asked, segments, seed)
        scores = walk(seed, panel.units, draws, work.size)
        level = np.empty((draws, panel.units, work.size))
        notes = set()
        for unit, (middle, spread, freedom, note) in enumerate(self.trajectories(base, panel, work)):
            level[:, unit] = middle + spread * student(scores[:, unit], freedom)
            notes.add(note)
        found = publish(panel, grid, work, level, np.zeros((draws, panel.units)), offsets, asked, segments, seed)
        return Paths(found.years, found.latent, found.values, offsets, panel.segments, tuple(sorted(notes - {""})))

    def quantiles(self, panel: Panel, years: Sequence[int], levels: Sequence[float]) -> FloatArray:
        """Return marginal quantiles (N, H, Q) in printed units."""
        from scipy.special import ndtri

        asked = np.asarray(years, dtype=np.int64)
        offsets = mean_offsets(panel, 1)[0]
        base = grid_of(panel).shifted(offsets)
        scores = ndtri(np.asarray(levels, dtype=np.float64))
        rows = [
            middle[:, None] + spread[:, None] * student(scores, freedom)[None, :]
            for middle, spread, freedom, _ in self.trajectories(base, panel, asked)
        ]
        latest = offsets[panel.segments.index(int(panel.segment[panel.year.argmax()]))] if panel.year.size else 0.0
        return panel.scale.from_link(np.stack(rows) + latest)

    def trajectories(self, base: Grid, panel: Panel, work: IntArray) -> list[tuple[FloatArray, FloatArray, float, str]]:
        """Return centre and spread over the years of ``work``, freedom and note of every unit."""
        value = first_layer(base)
        mean, sd = levels_of_peers(base, panel.scale.link)
        step = panel_step(value)
        found = []
        for row in value:
            time = np.flatnonzero(np.isfinite(row))
            if not time.size:
                ahead = np.maximum(work - panel.last_year, 0)
                found.append((np.full(work.size, mean), np.sqrt(sd**2 + step**2 * ahead), np.inf, "no_observation"))
                continue
            series = Series(row[time], time, step)
            horizons = work - base.first - int(time[-1])
            marginal = self.method(series, np.arange(1, max(int(horizons.max()), 1) + 1))
            ahead = np.clip(horizons, 1, None) - 1
            past = np.interp(work - base.first, time, row[time])
            nearest = np.abs((work - base.first)[:, None] - time[None, :]).min(axis=1)
            centre = np.where(horizons > 0, marginal.centre[ahead], past)
            spread = np.where(horizons > 0, marginal.spread[ahead], step * np.sqrt(nearest))
            found.append((centre, np.maximum(spread, SMALLEST_SPREAD), marginal.freedom, marginal.note))
        return found


def student(scores: FloatArray, freedom: float) -> FloatArray:
    """Return Student-t scores of the same probability as standard normal ones."""
    if not np.isfinite(freedom):
        return scores
    from scipy.special import ndtr, stdtrit

    tail = np.sign(scores) * stdtrit(freedom, np.maximum(ndtr(-np.abs(scores)), 1e-12))
    return np.asarray(-tail)


def walk(seed: int, units: int, draws: int, years: int) -> FloatArray:
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
    offsets = np.zeros((draws, len(panel.segments)))
    for jump in sorted(panel.jumps, key=lambda one: one.year):
        offsets[:, panel.segments.index(jump.after)] = offsets[:, panel.segments.index(jump.before)] + jump.mean
    return offsets


def follow(base: Grid, parent: Paths, asked: IntArray, panel: Panel, draws: int, seed: int) -> FloatArray:
    """Return the parent's draws moved by each unit's last deviation from the parent's median path."""
    value = first_layer(base)
    middle = np.median(parent.latent[:, 0], axis=0)
    held = dict(zip(parent.years.tolist(), middle.tolist(), strict=True))
    gaps = np.full(panel.units, np.nan)
    for unit, row in enumerate(value):
        for time in np.flatnonzero(np.isfinite(row)):
            gaps[unit] = row[time] - held.get(base.first + int(time), np.nan)
    known = gaps[np.isfinite(gaps)]
    between = float(np.std(known)) if known.size > 1 else 0.5
    noise = normals(seed, panel.units, UNSEEN, (draws,))
    deviation = np.where(np.isfinite(gaps), gaps, between * noise)
    return parent.latent[:, :, np.searchsorted(parent.years, asked)] + deviation[:, :, None]
