"""The standards that one series runs through, and the jumps between them, as the models want them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from toolkit.data.indicators import Indicator
from toolkit.data.standards import BreakPrior, Standard, Standards
from toolkit.forecast.paths import Break
from toolkit.models.panel import Jump

OPEN_START = -9999


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
    kind = _kind(indicator, declared)
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


def _kind(indicator: Indicator, declared: Sequence[Standard]) -> str:
    if indicator.judged_on:
        return indicator.judged_on
    return declared[-1].chain
