"""Units that follow a parent: a unit's deviation from it is mildly mean-reverting, around the units' mean deviation.

Draw s of the unit goes with draw s of the parent. Units are fitted together and drawn a few at a time: a unit's
draws do not depend on which others are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolkit.models.breaks import draw_offsets
from toolkit.models.grid import Grid, grid_of, unit_of_measure
from toolkit.models.panel import FloatArray, IntArray, Link, Panel, Paths, require
from toolkit.models.posterior import PanelPrior, Posterior, fit_bank
from toolkit.models.publish import publish, segment_positions
from toolkit.models.sampling import UNSEEN, choose_members, normals, sample_levels, student_scores
from toolkit.models.state_space import FirstLevel, bank_of

# Members: pairs (variance of the level's steps, of the values), and (of the initial slope, of the slope's steps)
DEVIATIONS = bank_of(
    (0.6,), (0.9, 0.98, 1.0), ((1.0, 0.0), (1.0, 0.4), (0.25, 1.0)), ((0.0, 0.0), (0.3, 0.02), (1.0, 0.1))
)
SLOPED = DEVIATIONS.initial_slope > 0
WEIGHTS = np.where(SLOPED, 0.5 / SLOPED.sum(), 0.5 / (~SLOPED).sum())
# A unit's points are few: how large its steps are is hardly told by them. Scale and tails are those with which
# intervals cover what they should in sparse back-tests (the sparse lines of the calibration record)
PRIOR = PanelPrior(WEIGHTS / WEIGHTS.sum(), shapes=(1.0, 0.75, 0.5), scale=0.06)
# Deviations from the parent, link scale: what is believed before any is seen
PRIOR_SPREAD, PRIOR_UNITS, PRIOR_CENTRE_UNITS = 0.2, 0.3, 1.0
# … and where no unit was ever seen: the spread of Vietnam's provinces in the panels that the project carries
# (logit: 0.45 to 1.85, median 0.9, districts of one province differ somewhat less; log: 0.34 to 0.56)
UNKNOWN_SPREAD: dict[Link, float] = {"logit": 0.7, "log": 0.4, "identity": 1.0}
# Degrees of freedom of the level of a unit that was never observed
UNSEEN_FREEDOM = (3.0, 5.0)


@dataclass(frozen=True)
class FittedChildren:
    """Units fitted together, of which any can be drawn.

    Attributes
    ----------
    panel, grid :
        Their observations.
    asked, position, seed :
        Years to publish, the standard of each, and the seed.
    parent, followed :
        The path that they follow, and its draws on the grid's years (S, T).
    offsets :
        Shape (S, K): of the standards.
    posterior, extra_noise :
        The fit, see :func:`toolkit.models.posterior.fit_bank`.
    centre, spread :
        Of the deviations from the parent.
    """

    panel: Panel
    grid: Grid
    asked: IntArray
    position: IntArray
    seed: int
    parent: Paths
    followed: FloatArray
    offsets: FloatArray
    posterior: Posterior
    extra_noise: FloatArray
    centre: float
    spread: float

    def draw(self, rows: IntArray) -> Paths:
        """Return the draws of the units numbered ``rows``."""
        panel, grid, draws = self.panel.of_units(rows), self.grid.of_units(rows), self.offsets.shape[0]
        choice = choose_members(self.posterior.of_units(rows), draws, self.seed, rows)
        bank = DEVIATIONS.take(choice.member)
        value = grid.value - offsets_at(grid, self.offsets) - self.centre - self.followed[:, None, :, None]
        first = min(int(self.asked.min()), grid.first)
        level = sample_levels(
            bank,
            value,
            self.extra_noise[rows],
            np.zeros_like(choice.scale),
            choice.scale,
            start=FirstLevel(np.zeros(1), (self.spread / choice.scale) ** 2),
            unseen=self.spread * self._unseen_scores(rows),
            before=grid.first - first,
            after=max(int(self.asked.max()) - panel.last_year, 0),
            seed=self.seed,
            numbers=rows,
        )
        years = np.arange(first, first + level.shape[2])
        held = np.isin(years, self.parent.years)
        work, at = years[held], np.searchsorted(self.parent.years, years[held])
        level = (level + self.centre)[:, :, held] + self.parent.latent[:, :, at]
        noise_sd = choice.scale * np.sqrt(bank.value_noise)
        return publish(
            panel, grid, work, level, noise_sd, self.offsets, self.asked, self.position, self.seed, numbers=rows
        )

    def _unseen_scores(self, rows: IntArray) -> FloatArray:
        """Return Student-t scores (S, N) of the levels of units that were never observed.

        The spread itself is known only from the peers: the fewer they are, the heavier the tails.
        """
        scores = normals(self.seed, rows, UNSEEN, (self.offsets.shape[0],))
        least, most = UNSEEN_FREEDOM
        return student_scores(scores, min(max(float((self.grid.counts > 0).sum()), least), most))


def fit_children(
    panel: Panel, asked: IntArray, draws: int, seed: int, segments: Sequence[int] | None, parent: Paths
) -> FittedChildren:
    """Fit units that follow a parent, ready to be drawn.

    Raises
    ------
    ValueError
        If the parent's paths lack a year that is asked for or observed, or differ in their number of draws; if an
        unknown segment is asked for.
    """
    missing = sorted((set(asked.tolist()) | set(panel.year.tolist())) - set(parent.years.tolist()))
    require(not missing, f"the parent's paths lack the years {missing}")
    shape = parent.latent.shape[:2]
    require(shape == (draws, 1), f"the parent's paths have to hold {draws} draws of one unit, not {shape}")
    grid = grid_of(panel)
    measure = unit_of_measure(grid, panel.scale.link)
    followed = parent_on_grid(grid, parent)
    offsets = draw_offsets(panel, grid, draws=draws, seed=seed, parent=parent)
    apart = grid.shifted(offsets.mean(axis=0))
    apart = replace(apart, value=apart.value - followed.mean(axis=0)[None, :, None])
    centre, spread = deviation_spread(apart, measure, panel.scale.link)
    around = replace(apart, value=apart.value - centre)
    posterior, extra_noise = fit_bank(around, DEVIATIONS, PRIOR, measure, start_spread=spread)
    position = segment_positions(panel, asked, segments)
    return FittedChildren(
        panel, grid, asked, position, seed, parent, followed, offsets, posterior, extra_noise, centre, spread
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


def deviation_spread(apart: Grid, measure: float, link: Link) -> tuple[float, float]:
    """Return centre and spread of the units' deviations from their parent.

    Observed units tell, with a light prior; where none was ever observed the spread is a wide prior of its own.
    """
    seen = np.isfinite(apart.value)
    has = seen.any(axis=(1, 2))
    if not has.any():
        return 0.0, UNKNOWN_SPREAD[link] * (measure if link == "identity" else 1.0)
    means = np.nansum(apart.value[has], axis=(1, 2)) / seen[has].sum(axis=(1, 2))
    middle = float(means.sum() / (means.size + PRIOR_CENTRE_UNITS))
    squares = float(((means - middle) ** 2).sum())
    return middle, float(np.sqrt((PRIOR_UNITS * PRIOR_SPREAD**2 + squares) / (PRIOR_UNITS + means.size)))
