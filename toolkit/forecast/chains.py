"""The standards that one series runs through, and what is known of the jumps between them.

A jump's prior is declared in ``breaks.csv``; overlaps (areas measured on both standards in one year) narrow it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from toolkit.data.dataset import Dataset
from toolkit.data.indicators import BreakPrior, Indicator, Standards
from toolkit.forecast.paths import Break, scale_of
from toolkit.models.panel import FloatArray, Jump

OPEN_START = -9999
BETWEEN_PLACES = 0.20
"""Standard deviation of the jump between places, link scale: that of 61 provinces at the line of 2010."""
OVERLAP_SD = 0.05
"""Standard deviation of a province's own overlap: rounding, and households that only one count reached."""
LEAST_SD = 0.02
NODES = 1601
EIGHTY = 1.2815515655446004
"""Normal score of the 90 % point."""


@dataclass(frozen=True)
class Chain:
    """Standards that follow one another and may be modelled as one series with jumps.

    Attributes
    ----------
    standards :
        Their names, oldest first; ``("",)`` for an indicator that has no standards.
    first_years :
        First year of each.
    priors :
        What is known of the jump between each and the next.
    """

    standards: tuple[str, ...]
    first_years: tuple[int, ...]
    priors: tuple[BreakPrior, ...]

    def segment(self, standard: str) -> int | None:
        """Return the number of a standard in this chain, or None if it is not part of it."""
        return self.standards.index(standard) if standard in self.standards else None

    def in_force(self, year: int) -> int:
        """Return the number of the newest standard in force in `year` (the oldest before all)."""
        begun = [number for number, first in enumerate(self.first_years) if first <= year]
        return begun[-1] if begun else 0

    def segments(self, years: Iterable[int], *, last: int | None = None) -> tuple[int, ...]:
        """Return the standard of each year, none newer than number `last` if that is given."""
        return tuple(self.in_force(year) if last is None else min(self.in_force(year), last) for year in years)

    def jumps(self) -> tuple[Jump, ...]:
        """Return the jumps with their priors, in the models' terms (segments by number)."""
        return tuple(
            Jump(
                year=prior.year,
                before=number,
                after=number + 1,
                mean=prior.jump_mean or 0.0,
                sd=prior.jump_sd or 0.0,
                skew=prior.jump_skew or 0.0,
            )
            for number, prior in enumerate(self.priors)
        )

    def breaks(self, years: Sequence[int], segments: Sequence[int], measured: Iterable[int]) -> tuple[Break, ...]:
        """Return the changes of standard along `years`.

        Parameters
        ----------
        years, segments :
            As given to the model.
        measured :
            Segments on which any figure is held: a jump onto another one is a prior alone.
        """
        held = set(measured)
        return tuple(
            Break(
                year=int(year),
                before=self.standards[before],
                after=self.standards[after],
                measured=before in held and after in held,
            )
            for year, before, after in zip(years[1:], segments[:-1], segments[1:], strict=True)
            if before != after
        )


def chain_of(indicator: Indicator, standards: Standards, judged_in: int) -> Chain:
    """Return the chain on which a target of `indicator` due in `judged_in` is measured.

    Of parallel kinds (a survey beside a register) the one that the indicator is ``judged_on`` counts.
    Standards that are not comparable with the one in force in `judged_in` are left out: no trend runs
    across them.
    """
    declared = standards.of(indicator.id)
    if not declared:
        return Chain(("",), (OPEN_START,), ())
    kind = indicator.judged_on or declared[-1].chain
    members = tuple(standard for standard in declared if standard.chain == kind)
    links = [standards.link(before.id, after.id, indicator.id) for before, after in pairwise(members)]
    runs: list[list[int]] = [[0]]
    for number, link in enumerate(links, start=1):
        if link is not None and link.comparable:
            runs[-1].append(number)
        else:
            runs.append([number])
    begun = [run for run in runs if members[run[0]].first_year <= judged_in] or runs[:1]
    run = begun[-1]
    return Chain(
        standards=tuple(members[number].id for number in run),
        first_years=tuple(members[number].first_year for number in run),
        priors=tuple(prior for number in run[1:] if (prior := links[number - 1]) is not None),
    )


@dataclass(frozen=True)
class Overlap:
    """One area measured on both standards of a change in one year.

    Attributes
    ----------
    jump :
        Difference on the link scale, new less old.
    own :
        Whether it is the province itself, in the scope that is forecast.
    """

    jump: float
    own: bool


def chain_with_overlaps(chain: Chain, dataset: Dataset, province: str, scope: str) -> Chain:
    """Return a chain whose priors are updated by the overlaps in ``standard_overlaps.csv``.

    Parameters
    ----------
    chain :
        Standards with the priors of ``breaks.csv``.
    dataset :
        Holds the overlaps known on its day. Those from a source that a prior already rests on are not used again.
    province, scope :
        Whose forecast it is.
    """
    return replace(
        chain,
        priors=tuple(updated_prior(prior, overlaps_of(prior, dataset, province, scope)) for prior in chain.priors),
    )


def overlaps_of(prior: BreakPrior, dataset: Dataset, province: str, scope: str) -> list[Overlap]:
    """Return the overlaps at one change of standard that its prior does not rest on already."""
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
        found.append(Overlap(float(new - old), own))
    return found


def updated_prior(prior: BreakPrior, overlaps: Sequence[Overlap]) -> BreakPrior:
    """Return a prior updated by overlaps; the prior itself without any.

    The jump here is the mean jump of all areas plus this area's own part (:data:`BETWEEN_PLACES`): an overlap
    elsewhere informs the mean, one's own the sum. The result is again given as a two-piece normal, by its
    10, 50 and 90 % points.
    """
    if not overlaps or prior.jump_mean is None or prior.jump_sd is None:
        return prior
    upper = prior.jump_sd * (1.0 + (prior.jump_skew or 0.0))
    jumps = [item.jump for item in overlaps]
    reach = 6.0 * upper
    grid = np.linspace(min(prior.jump_mean - reach, *jumps), max(prior.jump_mean + reach, *jumps), NODES)
    elsewhere = [item.jump for item in overlaps if not item.own]
    below, above = ((_without_place(sd) if elsewhere else sd) for sd in (prior.jump_sd, upper))
    density = np.where(grid <= prior.jump_mean, _normal(grid - prior.jump_mean, below),
                       _normal(grid - prior.jump_mean, above))  # fmt: skip
    for jump in elsewhere:
        density = density * _normal(jump - grid, BETWEEN_PLACES)
    if elsewhere:
        density = _normal(grid[:, None] - grid[None, :], BETWEEN_PLACES) @ density
    for item in overlaps:
        if item.own:
            density = density * _normal(item.jump - grid, OVERLAP_SD)
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
