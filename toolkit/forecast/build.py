"""Forecasts of one indicator for all areas that are wanted: families from the top down, draws kept together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.data.dataset import Dataset
from toolkit.forecast.chains import Chain, chain_of
from toolkit.forecast.countable import denominator_of
from toolkit.forecast.double_counts import informed
from toolkit.forecast.finish import Finish
from toolkit.forecast.hierarchy import Family, upward
from toolkit.forecast.panels import UnitFigures, figures_of, panel_of
from toolkit.forecast.paths import Path
from toolkit.forecast.subject import Branch, Subject, Wanted, seed_of
from toolkit.models import Forecaster, draws_after_parent
from toolkit.models.panel import Paths


@dataclass(frozen=True)
class Builder:
    """Makes the paths of all that is wanted, family by family.

    Attributes
    ----------
    dataset, province :
        Data as of a date, and the plan's province.
    families :
        Below the province, parents before children.
    model :
        Any forecaster of the models room.
    draws, seed :
        Number of joint draws, and the run's seed.
    """

    dataset: Dataset
    province: str
    families: tuple[Family, ...]
    model: Forecaster
    draws: int
    seed: int

    def subject(self, wanted: Wanted) -> Subject | None:
        """Return years and standards of what is wanted; None where neither the province nor any area above has figures.

        They follow from all figures held, never from the areas asked for.
        """
        indicator = self.dataset.indicators.get(wanted.indicator)
        declared = chain_of(indicator, self.dataset.standards, wanted.judged_in)
        chain = informed(declared, self.dataset, self.province, wanted.scope)
        known = self._figures(upward(self.dataset, self.province), wanted, chain)
        held = {code for code, *key in self.dataset.with_data() if key == [wanted.indicator, wanted.scope]}
        below = [code for family in self.families for code in family.members if code in held]
        everyone = [*known, *self._figures(below, wanted, chain)]
        if not any(unit.exact for unit in known):
            return None
        years = _years(wanted, everyone)
        measured = frozenset(chain.segment(figure.standard) or 0 for unit in everyone for figure in unit.exact)
        across = chain.segments(years)
        ahead = any(not change.measured for change in chain.breaks(years, across, measured))
        today = chain.segments(years, last=_latest_segment(known, chain)) if ahead else None
        return Subject(wanted, indicator, chain, tuple(years), across, today, measured)

    def top(self, subject: Subject) -> dict[str, Branch]:
        """Return the province and the areas above it, each by itself or following a better known one."""
        branches: dict[str, Branch] = {}
        for unit in self._figures(upward(self.dataset, self.province), subject.wanted, subject.chain):
            if unit.exact:
                better = _better_known(unit, branches)
                parent = branches[better] if better else None
                branches[unit.area_code] = self._branch(subject, Family(better, (unit.area_code,)), (unit,), parent, 0)
        return branches

    def below(self, subject: Subject, family: Family, parent: Branch) -> Branch:
        """Return a family that follows a member of `parent`."""
        figures = self._figures(family.members, subject.wanted, subject.chain)
        row = parent.family.members.index(family.parent_code)
        return self._branch(subject, family, figures, parent, row)

    def paths(self, subject: Subject, branch: Branch, rows: Sequence[int]) -> dict[bool, dict[str, Path]]:
        """Return the paths of some members across future changes of standard and without them."""
        drawn = branch.draw(np.array(rows, dtype=np.int64)).values
        made: dict[bool, dict[str, Path]] = {True: {}, False: {}}
        for place, row in enumerate(rows):
            for across, draws in subject.variants(drawn[:, place]).items():
                path = Finish(self.dataset, subject, across, self.seed).path(branch, row, draws)
                # a share may be borrowed from the province, a number may not: a district does not have its 385 villages
                if path.evidence.basis != "C" or not subject.indicator.whole:
                    made[across][path.area_code] = path
        return made if subject.today is not None else {True: made[True], False: made[True]}

    def _figures(self, codes: Iterable[str], wanted: Wanted, chain: Chain) -> tuple[UnitFigures, ...]:
        indicator = self.dataset.indicators.get(wanted.indicator)
        return tuple(
            figures_of(
                self.dataset.series(code, wanted.indicator, wanted.scope),
                chain,
                denominator_of(self.dataset, indicator, code, wanted.scope),
            )
            for code in codes
        )

    def _branch(
        self, subject: Subject, family: Family, figures: tuple[UnitFigures, ...], parent: Branch | None, row: int
    ) -> Branch:
        informed = [figure.year for unit in figures for figure in unit.exact]
        origin = max([*informed, *([parent.origin] if parent else [])])
        panel = panel_of(figures, subject.indicator, subject.chain, origin=origin)
        years, segments = subject.asked()
        alone = family.members[0] if len(family.members) == 1 else ""
        seed = seed_of(self.seed, subject.indicator.id, family.parent_code, alone)
        if parent is None:
            made = self.model.paths(panel, years, draws=self.draws, seed=seed, segments=segments)
            return Branch(family, figures, made.of_units, origin, ())
        followed = latent_of(parent.draw(np.array([row])), len(subject.years))
        draw = draws_after_parent(
            self.model, panel, years, draws=self.draws, seed=seed, segments=segments, parent=followed
        )
        above = (*parent.above, *(figure.year for figure in parent.figures[row].exact))
        return Branch(family, figures, draw, origin, above)


def latent_of(paths: Paths, years: int) -> Paths:
    """Return the draws of one unit for its children to follow, over the first so many years; values are left out."""
    latent = paths.latent[:, :, :years]
    return Paths(paths.years[:years], latent, latent[:, :, :0], paths.offsets, paths.segments)


def _years(wanted: Wanted, units: Iterable[UnitFigures]) -> list[int]:
    observed = [figure.year for unit in units for figure in (*unit.exact, *unit.one_sided)]
    return list(range(min([wanted.first_year, *observed]), max([wanted.last_year, *observed]) + 1))


def _better_known(unit: UnitFigures, branches: Mapping[str, Branch]) -> str:
    """Return the nearest larger area with more figures than `unit`: only such a path is worth following."""
    larger = [code for code, branch in branches.items() if len(branch.figures[0].exact) > len(unit.exact)]
    return larger[-1] if larger else ""


def _latest_segment(units: Iterable[UnitFigures], chain: Chain) -> int:
    return max(chain.segment(figure.standard) or 0 for unit in units for figure in unit.exact)
