"""From a model's draws to the paths that rules are evaluated on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.data.dataset import Dataset
from toolkit.forecast.countable import count_of, rounded_to_counts, with_chance
from toolkit.forecast.panels import UnitFigures
from toolkit.forecast.paths import BoolArray, Evidence, FloatArray, Path, PeriodAverage
from toolkit.forecast.subject import Branch, Subject, seed_of

FEWEST_EFFECTIVE_DRAWS = 50
"""A one-sided figure that leaves fewer effective draws than this contradicts the model: it is not used."""
OWN_SERIES = 4
"""Points on one standard from which a series counts as evidence grade A."""


@dataclass(frozen=True)
class Finish:
    """Turns a model's draws into the paths that rules are evaluated on."""

    dataset: Dataset
    subject: Subject
    across: bool
    seed: int

    @property
    def segments(self) -> tuple[int, ...]:
        """Return the standard of each year."""
        return self.subject.across if self.across or self.subject.today is None else self.subject.today

    def path(self, branch: Branch, row: int, draws: FloatArray) -> Path:
        """Return the path of a family's member from its draws, one column a year."""
        subject, figures = self.subject, branch.figures[row]
        code, years = figures.area_code, subject.years
        held = {figure.year: figure for figure in figures.exact if self._on_path(figure.year, figure.standard)}
        observed = np.array([year in held for year in years])
        final = [year in held and held[year].status == "final" and not held[year].qualifier for year in years]
        draws = draws.copy()
        for column in np.flatnonzero(final):
            draws[:, column] = held[years[column]].value
        first = min([subject.wanted.first_year, *(figure.year for figure in (*figures.exact, *figures.one_sided))])
        shown = slice(years.index(first), None)  # earlier years served the area followed, not this one
        return Path(
            area_code=code,
            indicator=subject.indicator.id,
            scope=subject.wanted.scope,
            unit=subject.indicator.unit,
            years=np.array(years[shown], dtype=np.int64),
            draws=self._counted(draws, figures, observed)[:, shown],
            observed=observed[shown],
            final=np.array(final)[shown],
            standards=tuple(subject.chain.standards[segment] for segment in self.segments[shown]),
            breaks=subject.chain.breaks(years[shown], self.segments[shown], subject.measured),
            evidence=_evidence(branch, row),
            weights=self._weights(draws, figures),
            period_averages=self._period_averages(code),
        )

    def _on_path(self, year: int, standard: str) -> bool:
        return self.subject.chain.segment(standard) == self.segments[self.subject.years.index(year)]

    def _counted(self, draws: FloatArray, figures: UnitFigures, observed: BoolArray) -> FloatArray:
        indicator, code = self.subject.indicator, figures.area_code
        moved = with_chance(draws, figures.size, observed, indicator, seed_of(self.seed, indicator.id, code, "chance"))
        counts = [count_of(self.dataset, indicator.countable, code, year) for year in self.subject.years]
        return rounded_to_counts(moved, counts, observed, indicator)

    def _weights(self, draws: FloatArray, figures: UnitFigures) -> FloatArray | None:
        fits = np.ones(draws.shape[0], dtype=bool)
        for figure in figures.one_sided:
            if self._on_path(figure.year, figure.standard):
                values = draws[:, self.subject.years.index(figure.year)]
                fits &= values >= figure.value if figure.qualifier == "at_least" else values <= figure.value
        if fits.all() or fits.sum() < FEWEST_EFFECTIVE_DRAWS:
            return None
        return np.asarray(fits / fits.sum(), dtype=np.float64)

    def _period_averages(self, code: str) -> tuple[PeriodAverage, ...]:
        wanted = self.subject.wanted
        carriers = [item.id for item in self.dataset.indicators.values() if item.period_average_of == wanted.indicator]
        return tuple(
            average
            for carrier in (wanted.indicator, *carriers)
            for average in self.dataset.series(code, carrier, wanted.scope).period_averages
        )


def _evidence(branch: Branch, row: int) -> Evidence:
    figures = branch.figures[row]
    points = figures.most_on_one_standard()
    return Evidence(
        basis="A" if points >= OWN_SERIES else "B" if points else "C",
        own_points=points,
        observations=figures.exact,
        parent_code=branch.family.parent_code,
        last_year=max(*branch.above, *(figure.year for figure in figures.exact), 0),
    )
