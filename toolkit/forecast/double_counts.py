"""Places counted on two standards at once tell how far the level jumps: they narrow the jump's prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from toolkit.data.dataset import Dataset
from toolkit.data.standards import BreakPrior
from toolkit.forecast.chains import Chain
from toolkit.forecast.panels import scale_of

FloatArray = npt.NDArray[np.float64]
BETWEEN_PLACES = 0.20
"""Standard deviation of the jump between places, link scale: that of 61 provinces at the line of 2010."""
OF_OWN_COUNT = 0.05
"""Standard deviation of a province's own double count: rounding, and households that only one count reached."""
LEAST_SD = 0.02
NODES = 1601
EIGHTY = 1.2815515655446004
"""Normal score of the 90 % point."""


@dataclass(frozen=True)
class DoubleCount:
    """One place counted on both standards of a change.

    Attributes
    ----------
    jump :
        Difference on the link scale, new less old.
    own :
        Whether it is the province itself, in the scope that is forecast.
    """

    jump: float
    own: bool


def informed(chain: Chain, dataset: Dataset, province: str, scope: str) -> Chain:
    """Return a chain whose priors have learned from the double counts in ``standard_overlaps.csv``.

    Parameters
    ----------
    chain :
        Standards with the priors of ``breaks.csv``.
    dataset :
        Holds the double counts known on its day. Those whose source a prior names already rests on are not
        counted twice.
    province, scope :
        Whose forecast it is.
    """
    return replace(
        chain, priors=tuple(told(prior, double_counts(prior, dataset, province, scope)) for prior in chain.priors)
    )


def double_counts(prior: BreakPrior, dataset: Dataset, province: str, scope: str) -> list[DoubleCount]:
    """Return the double counts at one change of standard that its prior does not rest on already."""
    found = []
    for row in dataset.overlaps.to_dict("records"):
        pair = (row["standard_from"], row["standard_to"])
        if pair != (prior.before, prior.after) or row["indicator"] not in prior.indicators:
            continue
        if row["source_id"] in prior.source_ids:
            continue
        scale = scale_of(dataset.indicators[row["indicator"]])
        old, new = scale.to_link(np.array([row["value_from"], row["value_to"]], dtype=np.float64))
        own = any(area.code == province for area in dataset.areas.named(row["area_name"])) and row["scope"] == scope
        found.append(DoubleCount(float(new - old), own))
    return found


def told(prior: BreakPrior, counts: Sequence[DoubleCount]) -> BreakPrior:
    """Return a prior with what double counts say; the prior itself without any.

    The jump here is the mean jump of all places plus this place's own part (:data:`BETWEEN_PLACES`): a count
    elsewhere tells of the mean, one's own of the sum. The result is again given as a two-piece normal, by its
    10, 50 and 90 % points.
    """
    if not counts or prior.jump_mean is None or prior.jump_sd is None:
        return prior
    upper = prior.jump_sd * (1.0 + (prior.jump_skew or 0.0))
    jumps = [item.jump for item in counts]
    reach = 6.0 * upper
    grid = np.linspace(min(prior.jump_mean - reach, *jumps), max(prior.jump_mean + reach, *jumps), NODES)
    elsewhere = [item.jump for item in counts if not item.own]
    below, above = ((_without_place(sd) if elsewhere else sd) for sd in (prior.jump_sd, upper))
    density = np.where(grid <= prior.jump_mean, _normal(grid - prior.jump_mean, below),
                       _normal(grid - prior.jump_mean, above))  # fmt: skip
    for jump in elsewhere:
        density = density * _normal(jump - grid, BETWEEN_PLACES)
    if elsewhere:
        density = _normal(grid[:, None] - grid[None, :], BETWEEN_PLACES) @ density
    for item in counts:
        if item.own:
            density = density * _normal(item.jump - grid, OF_OWN_COUNT)
    cumulative = np.cumsum(density) / density.sum()
    low, middle, high = np.interp([0.1, 0.5, 0.9], cumulative, grid)
    down, up = (middle - low) / EIGHTY, (high - middle) / EIGHTY
    if up < down:
        down = up = (high - low) / (2 * EIGHTY)
    return replace(prior, jump_mean=float(middle), jump_sd=float(down), jump_skew=float(up / down - 1.0))


def _without_place(sd: float) -> float:
    """Return the standard deviation of the mean jump alone."""
    return float(max(sd**2 - BETWEEN_PLACES**2, LEAST_SD**2) ** 0.5)


def _normal(distance: FloatArray, sd: float) -> FloatArray:
    return np.asarray(np.exp(-0.5 * (distance / sd) ** 2) / sd)
