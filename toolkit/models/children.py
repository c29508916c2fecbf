"""Draws of units that go by themselves (structure A) or follow the draws of a parent.

A child's deviation from its parent is mildly mean-reverting around the mean deviation of the
children; draw s of the child goes with draw s of the parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from toolkit.models import banks
from toolkit.models.grid import Grid, grid_of
from toolkit.models.jumps import draw_offsets
from toolkit.models.kalman import Start
from toolkit.models.links import FloatArray, IntArray, Link
from toolkit.models.panel import Panel, Paths
from toolkit.models.publish import publish
from toolkit.models.sampling import UNSEEN, choose_members, normals, sample_levels
from toolkit.models.structure import fit, levels_of_peers, measure_of

__all__ = ["check_parent", "draw_units"]


def check_parent(panel: Panel, asked: IntArray, parent: Paths, draws: int) -> None:
    """Raise ValueError unless the parent's draws can be followed."""
    missing = sorted((set(asked.tolist()) | set(panel.year.tolist())) - set(parent.years.tolist()))
    if missing:
        msg = f"the parent's paths lack the years {missing}"
        raise ValueError(msg)
    if parent.latent.shape[:2] != (draws, 1):
        msg = f"the parent's paths have to hold {draws} draws of one unit, not {parent.latent.shape[:2]}"
        raise ValueError(msg)


def draw_units(
    panel: Panel, asked: IntArray, draws: int, seed: int, segments: Sequence[int] | None, parent: Paths | None
) -> Paths:
    """Draw paths of units, each by itself or following a parent; publish the years asked for."""
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
    if followed is not None:
        centre = replace(centre, value=centre.value - followed.mean(axis=0)[None, :, None])
    shift, spread = (0.0, None) if parent is None else deviation_spread(centre, measure, panel.scale.link)
    structure = banks.unit_paths() if parent is None else banks.deviations()
    fitted = fit(replace(centre, value=centre.value - shift), structure, measure, start_spread=spread)
    choice = choose_members(fitted.posterior, draws, seed)
    bank = structure.bank.take(choice.member)
    value = grid.value - offsets_at(grid, offsets) - shift
    if followed is not None:
        value = value - followed[:, None, :, None]
    mean, sd = levels_of_peers(centre, panel.scale.link) if spread is None else (0.0, spread)
    unseen = mean + sd * unseen_scores(seed, panel.units, draws, centre)
    start = None if spread is None else Start(np.zeros(1), (spread / choice.scale) ** 2)
    first = min(int(asked.min()), grid.first)
    level = sample_levels(
        bank,
        value,
        fitted.extra_noise,
        bank.drift_share * fitted.drift,
        choice.scale,
        start=start,
        unseen=unseen,
        before=grid.first - first,
        after=max(int(asked.max()) - panel.last_year, 0),
        seed=seed,
    )
    work = np.arange(first, first + level.shape[2])
    level = level + shift
    if parent is not None:
        kept = np.isin(work, parent.years)
        work, level = work[kept], level[:, :, kept]
        level = level + parent.latent[:, :, np.searchsorted(parent.years, work)]
    noise_sd = choice.scale * np.sqrt(bank.value_noise)
    return publish(panel, grid, work, level, noise_sd, offsets, asked, segments, seed)


def parent_on_grid(grid: Grid, parent: Paths | None) -> FloatArray | None:
    """Return the parent's draws (S, T) on the grid's years; unobserved years that it lacks stay 0 and unused."""
    if parent is None:
        return None
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


def unseen_scores(seed: int, units: int, draws: int, centre: Grid) -> FloatArray:
    """Return Student-t scores (S, N) of the levels of units that were never observed.

    The spread itself is known only from the peers: the fewer they are, the heavier the tails.
    """
    from scipy.special import ndtr, stdtrit

    peers = float((centre.counts > 0).sum())
    scores = normals(seed, units, UNSEEN, (draws,))
    freedom = min(max(peers, 3.0), UNSEEN_FREEDOM)
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
