"""Draws of units that follow the draws of a parent.

A child's deviation from its parent is mildly mean-reverting around the mean deviation of the
children; draw s of the child goes with draw s of the parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolkit.models import banks
from toolkit.models.grid import Grid, grid_of
from toolkit.models.jumps import draw_offsets
from toolkit.models.kalman import Start
from toolkit.models.links import FloatArray, IntArray, Link
from toolkit.models.panel import Panel, Paths
from toolkit.models.posterior import Posterior
from toolkit.models.publish import publish, segments_of
from toolkit.models.sampling import UNSEEN, choose_members, normals, sample_levels
from toolkit.models.structure import fit, measure_of

__all__ = ["FittedUnits", "fit_units"]


def check_parent(panel: Panel, asked: IntArray, parent: Paths, draws: int) -> None:
    """Raise ValueError unless the parent's draws can be followed."""
    missing = sorted((set(asked.tolist()) | set(panel.year.tolist())) - set(parent.years.tolist()))
    if missing:
        msg = f"the parent's paths lack the years {missing}"
        raise ValueError(msg)
    if parent.latent.shape[:2] != (draws, 1):
        msg = f"the parent's paths have to hold {draws} draws of one unit, not {parent.latent.shape[:2]}"
        raise ValueError(msg)


@dataclass(frozen=True)
class FittedUnits:
    """Units fitted together, of which any can be drawn: a unit's draws do not depend on which others are.

    Attributes
    ----------
    panel, grid :
        Their observations.
    asked, segments, seed :
        Years and standards to publish, and the seed.
    parent, followed :
        The path that they follow, and its draws on the grid's years (S, T).
    offsets :
        Shape (S, K): of the standards.
    posterior, extra_noise :
        The fit, as in :class:`toolkit.models.structure.Fit`.
    shift, spread :
        Centre and spread of the deviations from the parent.
    peers :
        Number of units with an observation.
    """

    panel: Panel
    grid: Grid
    asked: IntArray
    segments: tuple[int, ...]
    seed: int
    parent: Paths
    followed: FloatArray
    offsets: FloatArray
    posterior: Posterior
    extra_noise: FloatArray
    shift: float
    spread: float
    peers: int

    def draw(self, rows: IntArray) -> Paths:
        """Return the draws of the units numbered ``rows``."""
        panel, grid, draws = self.panel.of_units(rows), self.grid.of_units(rows), self.offsets.shape[0]
        choice = choose_members(self.posterior.of_units(rows), draws, self.seed, rows)
        bank = banks.deviations().bank.take(choice.member)
        value = grid.value - offsets_at(grid, self.offsets) - self.shift - self.followed[:, None, :, None]
        first = min(int(self.asked.min()), grid.first)
        level = sample_levels(
            bank,
            value,
            self.extra_noise[rows],
            np.zeros_like(choice.scale),
            choice.scale,
            start=Start(np.zeros(1), (self.spread / choice.scale) ** 2),
            unseen=self.spread * unseen_scores(self.seed, rows, draws, self.peers),
            before=grid.first - first,
            after=max(int(self.asked.max()) - panel.last_year, 0),
            seed=self.seed,
            numbers=rows,
        )
        work, level = self._with_parent(np.arange(first, first + level.shape[2]), level + self.shift)
        noise_sd = choice.scale * np.sqrt(bank.value_noise)
        return publish(
            panel, grid, work, level, noise_sd, self.offsets, self.asked, self.segments, self.seed, numbers=rows
        )

    def _with_parent(self, work: IntArray, level: FloatArray) -> tuple[IntArray, FloatArray]:
        """Return years and levels with the parent's added, over the years that it has."""
        kept = np.isin(work, self.parent.years)
        at = np.searchsorted(self.parent.years, work[kept])
        return work[kept], level[:, :, kept] + self.parent.latent[:, :, at]


def fit_units(
    panel: Panel, asked: IntArray, draws: int, seed: int, segments: Sequence[int] | None, parent: Paths
) -> FittedUnits:
    """Fit units that follow a parent, ready to be drawn."""
    check_parent(panel, asked, parent, draws)
    grid = grid_of(panel)
    measure = measure_of(grid, panel.scale.link)
    followed = parent_on_grid(grid, parent)
    offsets = draw_offsets(
        grid,
        panel.jumps,
        lambda one: fit(grid.shifted(one), banks.jump_evidence(), measure).posterior.evidence,
        draws=draws,
        seed=seed,
        parent=parent,
    )
    centre = grid.shifted(offsets.mean(axis=0))
    centre = replace(centre, value=centre.value - followed.mean(axis=0)[None, :, None])
    shift, spread = deviation_spread(centre, measure, panel.scale.link)
    fitted = fit(replace(centre, value=centre.value - shift), banks.deviations(), measure, start_spread=spread)
    return FittedUnits(
        panel=panel,
        grid=grid,
        asked=asked,
        segments=tuple(panel.segments[place] for place in segments_of(panel, asked, segments)),
        seed=seed,
        parent=parent,
        followed=followed,
        offsets=offsets,
        posterior=fitted.posterior,
        extra_noise=fitted.extra_noise,
        shift=shift,
        spread=spread,
        peers=int((centre.counts > 0).sum()),
    )


def parent_on_grid(grid: Grid, parent: Paths) -> FloatArray:
    """Return the parent's draws (S, T) on the grid's years; unobserved years that it lacks stay 0 and unused."""
    years = grid.first + np.arange(grid.value.shape[1])
    held = np.isin(years, parent.years)
    followed = np.zeros((parent.latent.shape[0], years.size))
    followed[:, held] = parent.latent[:, 0, np.searchsorted(parent.years, years[held])]
    return followed


def offsets_at(grid: Grid, offsets: FloatArray) -> FloatArray:
    """Return the offsets of all observations: (S, N, T, L), or one row where there is one standard."""
    if offsets.shape[1] == 1:
        return np.zeros((1, *grid.value.shape))
    return np.asarray(offsets[:, grid.segment])


UNSEEN_FREEDOM = 5.0


def unseen_scores(seed: int, units: IntArray, draws: int, peers: int) -> FloatArray:
    """Return Student-t scores (S, N) of the levels of units that were never observed.

    The spread itself is known only from the peers: the fewer they are, the heavier the tails.
    """
    from scipy.special import ndtr, stdtrit

    scores = normals(seed, units, UNSEEN, (draws,))
    freedom = min(max(float(peers), 3.0), UNSEEN_FREEDOM)
    return np.asarray(-np.sign(scores) * stdtrit(freedom, np.maximum(ndtr(-np.abs(scores)), 1e-12)))


# Deviations of children from their parent, link scale: what is believed before any is seen
PRIOR_SPREAD, PRIOR_UNITS, PRIOR_CENTRE_UNITS = 0.2, 0.3, 1.0
# … and where no unit was ever seen: the spread of Vietnam's provinces in the panels that the project carries
# (logit: 0.45 to 1.85, median 0.9, districts of one province differ somewhat less; log: 0.34 to 0.56)
UNKNOWN_SPREAD: dict[Link, float] = {"logit": 0.7, "log": 0.4, "identity": 1.0}


def deviation_spread(centre: Grid, measure: float, link: Link) -> tuple[float, float]:
    """Return centre and spread of the units' deviations from their parent.

    Seen units tell, with a light prior; where none was ever seen the spread is a wide prior of its own.
    """
    seen = np.isfinite(centre.value)
    has = seen.any(axis=(1, 2))
    if not has.any():
        return 0.0, UNKNOWN_SPREAD[link] * (measure if link == "identity" else 1.0)
    means = np.nansum(centre.value[has], axis=(1, 2)) / seen[has].sum(axis=(1, 2))
    middle = float(means.sum() / (means.size + PRIOR_CENTRE_UNITS))
    squares = float(((means - middle) ** 2).sum())
    return middle, float(np.sqrt((PRIOR_UNITS * PRIOR_SPREAD**2 + squares) / (PRIOR_UNITS + means.size)))
