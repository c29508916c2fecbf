"""Forecasts of one indicator for all areas that are wanted: families from the top down, draws kept together."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
from toolkit.forecast.chains import Chain, chain_of
from toolkit.forecast.countable import count_of, rounded_to_counts
from toolkit.forecast.hierarchy import Family, families_below, upward
from toolkit.forecast.panels import UnitFigures, figures_of, panel_of
from toolkit.forecast.paths import BoolArray, Evidence, FloatArray, Path, PeriodAverage
from toolkit.models import Forecaster
from toolkit.models.panel import Paths

FEWEST_EFFECTIVE_DRAWS = 50
"""A one-sided figure that leaves fewer effective draws than this contradicts the model: it is not used."""
OWN_SERIES = 4
"""Points on one standard from which a series counts as evidence grade A."""


@dataclass(frozen=True)
class Wanted:
    """What to forecast: one indicator in one scope.

    Attributes
    ----------
    indicator, scope :
        Of the plan's targets, their benchmarks, and the sources of their proxies.
    first_year, last_year :
        Years that some rule needs.
    judged_in :
        Due year that decides which standards are comparable.
    """

    indicator: str
    scope: str
    first_year: int
    last_year: int
    judged_in: int


@dataclass(frozen=True)
class Modelled:
    """A family's draws with what they were made from, and the last year that any figure informs them."""

    family: Family
    figures: tuple[UnitFigures, ...]
    paths: Paths
    origin: int


@dataclass(frozen=True)
class Builder:
    """Makes the paths of one wanted indicator, without and across future breaks.

    Attributes
    ----------
    dataset, province, codes :
        Data as of a date, the plan's province, and the areas wanted below it.
    model :
        Any forecaster of the models room.
    draws, seed :
        Number of joint draws, and the run's seed.
    """

    dataset: Dataset
    province: str
    codes: tuple[str, ...]
    model: Forecaster
    draws: int
    seed: int

    def paths(self, wanted: Wanted, *, across_breaks: bool) -> dict[str, Path]:
        """Return a path for every area that has figures of its own or a parent to borrow from."""
        indicator = self.dataset.indicators.get(wanted.indicator)
        chain = chain_of(indicator, self.dataset.standards, wanted.judged_in)
        above = Family("", upward(self.dataset, self.province))
        known = [unit for unit in self._figures(above, wanted, chain) if unit.exact]
        if not known:
            return {}
        families = families_below(self.dataset, self.province, self.codes)
        everyone = known + [unit for family in families for unit in self._figures(family, wanted, chain)]
        years = self._years(wanted, everyone)
        last = None if across_breaks else _latest_segment(known, chain)
        segments = chain.segments(years, last=last)
        return self._assemble(wanted, indicator, chain, known, families, years, segments)

    def _assemble(
        self,
        wanted: Wanted,
        indicator: Indicator,
        chain: Chain,
        top: Sequence[UnitFigures],
        families: Sequence[Family],
        years: Sequence[int],
        segments: Sequence[int],
    ) -> dict[str, Path]:
        modelled: dict[str, tuple[Modelled, int]] = {}
        for unit in top:
            family = Family(_better_known(unit, modelled), (unit.area_code,))
            modelled[unit.area_code] = (self._draw(family, [unit], indicator, chain, years, segments, modelled), 0)
        for family in families:
            if family.parent_code in modelled:
                figures = self._figures(family, wanted, chain)
                below = self._draw(family, figures, indicator, chain, years, segments, modelled)
                modelled |= {code: (below, number) for number, code in enumerate(family.members)}
        finish = Finish(self.dataset, indicator, wanted, chain, tuple(years), tuple(segments))
        paths = {code: finish.path(item, row, modelled) for code, (item, row) in modelled.items()}
        # a share may be borrowed from the province, a number may not: a district does not have its 385 villages
        return {code: path for code, path in paths.items() if path.evidence.basis != "C" or not indicator.whole}

    def _figures(self, family: Family, wanted: Wanted, chain: Chain) -> tuple[UnitFigures, ...]:
        return tuple(
            figures_of(self.dataset.series(code, wanted.indicator, wanted.scope), chain) for code in family.members
        )

    def _years(self, wanted: Wanted, units: Iterable[UnitFigures]) -> list[int]:
        observed = [figure.year for unit in units for figure in (*unit.exact, *unit.one_sided)]
        return list(range(min([wanted.first_year, *observed]), max([wanted.last_year, *observed]) + 1))

    def _draw(
        self,
        family: Family,
        figures: Sequence[UnitFigures],
        indicator: Indicator,
        chain: Chain,
        years: Sequence[int],
        segments: Sequence[int],
        modelled: Mapping[str, tuple[Modelled, int]],
    ) -> Modelled:
        parent = modelled.get(family.parent_code)
        informed = [figure.year for unit in figures for figure in unit.exact]
        origin = max([*informed, *([parent[0].origin] if parent else [])])
        paths = self.model.paths(
            panel_of(figures, indicator, chain, origin=origin),
            years,
            draws=self.draws,
            seed=_seed(
                self.seed, indicator.id, family.parent_code, family.members[0] if len(family.members) == 1 else ""
            ),
            segments=segments,
            parent=one_unit(parent[0].paths, parent[1]) if parent else None,
        )
        return Modelled(family, tuple(figures), paths, origin)


@dataclass(frozen=True)
class Finish:
    """Turns a model's draws into the paths that rules are evaluated on."""

    dataset: Dataset
    indicator: Indicator
    wanted: Wanted
    chain: Chain
    years: tuple[int, ...]
    segments: tuple[int, ...]

    def path(self, modelled: Modelled, row: int, everyone: dict[str, tuple[Modelled, int]]) -> Path:
        """Return one area's path."""
        figures = modelled.figures[row]
        code = figures.area_code
        held = {figure.year: figure for figure in figures.exact if self._on_path(figure.year, figure.standard)}
        observed = np.array([year in held for year in self.years])
        final = [year in held and held[year].status == "final" and not held[year].qualifier for year in self.years]
        draws = np.asarray(modelled.paths.values[:, row, :], dtype=np.float64)
        measured = {
            self.chain.segment(figure.standard) or 0
            for item, number in everyone.values()
            for figure in item.figures[number].exact
        }
        first = min([self.wanted.first_year, *(figure.year for figure in (*figures.exact, *figures.one_sided))])
        shown = slice(self.years.index(first), None)  # earlier years served the area followed, not this one
        return Path(
            area_code=code,
            indicator=self.indicator.id,
            scope=self.wanted.scope,
            unit=self.indicator.unit,
            years=np.array(self.years[shown], dtype=np.int64),
            draws=self._counted(draws, code, observed)[:, shown],
            observed=observed[shown],
            final=np.array(final)[shown],
            standards=tuple(self.chain.standards[segment] for segment in self.segments[shown]),
            breaks=self.chain.breaks(self.years[shown], self.segments[shown], measured),
            evidence=self._evidence(modelled, row, everyone),
            weights=self._weights(draws, figures),
            period_averages=self._period_averages(code),
        )

    def _on_path(self, year: int, standard: str) -> bool:
        return self.chain.segment(standard) == self.segments[self.years.index(year)]

    def _evidence(self, modelled: Modelled, row: int, everyone: dict[str, tuple[Modelled, int]]) -> Evidence:
        figures = modelled.figures[row]
        informed = [figure.year for figure in figures.exact]
        parent = modelled.family.parent_code
        while parent:
            item, number = everyone[parent]
            informed += [figure.year for figure in item.figures[number].exact]
            parent = item.family.parent_code
        points = figures.most_on_one_standard()
        return Evidence(
            basis="A" if points >= OWN_SERIES else "B" if points else "C",
            own_points=points,
            observations=figures.exact,
            parent_code=modelled.family.parent_code,
            last_year=max(informed),
        )

    def _counted(self, draws: FloatArray, code: str, observed: BoolArray) -> FloatArray:
        counts = [count_of(self.dataset, self.indicator.countable, code, year) for year in self.years]
        return rounded_to_counts(draws, counts, observed, self.indicator)

    def _weights(self, draws: FloatArray, figures: UnitFigures) -> FloatArray | None:
        fits = np.ones(draws.shape[0], dtype=bool)
        for figure in figures.one_sided:
            if self._on_path(figure.year, figure.standard):
                values = draws[:, self.years.index(figure.year)]
                fits &= values >= figure.value if figure.qualifier == "at_least" else values <= figure.value
        if fits.all() or fits.sum() < FEWEST_EFFECTIVE_DRAWS:
            return None
        return np.asarray(fits / fits.sum(), dtype=np.float64)

    def _period_averages(self, code: str) -> tuple[PeriodAverage, ...]:
        carriers = [item.id for item in self.dataset.indicators.values() if item.period_average_of == self.indicator.id]
        return tuple(
            average
            for carrier in (self.indicator.id, *carriers)
            for average in self.dataset.series(code, carrier, self.wanted.scope).period_averages
        )


def one_unit(paths: Paths, row: int) -> Paths:
    """Return the draws of one unit alone, for its children to follow."""
    return Paths(
        years=paths.years,
        latent=paths.latent[:, row : row + 1, :],
        values=paths.values[:, row : row + 1, :],
        offsets=paths.offsets,
    )


def _better_known(unit: UnitFigures, modelled: Mapping[str, tuple[Modelled, int]]) -> str:
    """Return the nearest larger area with more figures than `unit`: only such a path is worth following."""
    larger = [code for code, (item, row) in modelled.items() if len(item.figures[row].exact) > len(unit.exact)]
    return larger[-1] if larger else ""


def _latest_segment(units: Iterable[UnitFigures], chain: Chain) -> int:
    return max(chain.segment(figure.standard) or 0 for unit in units for figure in unit.exact)


def _seed(seed: int, *names: str) -> int:
    """Return a seed of its own for each indicator and family, the same on every machine."""
    mixed = np.random.SeedSequence([seed, zlib.crc32("|".join(names).encode())])
    return int(mixed.generate_state(1)[0])
