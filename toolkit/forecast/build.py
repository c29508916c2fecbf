"""Forecasts of one indicator for all areas that are wanted: families from the top down, draws kept together.

Country and region stand beside the province, districts follow the province, communes their old district.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
from toolkit.data.observations import Observation, PeriodAverage
from toolkit.forecast.panels import (
    Chain,
    UnitFigures,
    chain_of,
    chain_with_overlaps,
    count_of,
    denominator_of,
    panel_of,
    rounded_to_counts,
    unit_figures,
    weights_of_parts,
    with_binomial_noise,
)
from toolkit.forecast.paths import Evidence, Path, places_of, scale_of
from toolkit.models.adding_up import added_up, one_distribution, whole_counts
from toolkit.models.panel import FloatArray, Forecaster, IntArray, Paths
from toolkit.models.panel_model import DrawUnits, draws_of_units

FEWEST_EFFECTIVE_DRAWS = 50
"""A one-sided figure that leaves fewer effective draws than this contradicts the model: it is not used."""
SILENT_YEARS = 5
"""So many years from an area's own figures, those of a larger one tell all that they can."""
LEANS_FROM, LEANS_FULLY = 0.2, 0.7
"""Years that a larger area tells for each own figure: up to the first an area's own series says it all."""
LEAST_COVERED = 0.5
"""Share of people or households in districts with figures from which a province is forecast from its districts."""
OWN_SERIES = 4
"""Points on one standard from which a series counts as evidence grade A."""


@dataclass(frozen=True)
class Family:
    """Areas whose figures are pooled, and the area whose path they all follow.

    Attributes
    ----------
    parent_code :
        Followed area; empty for the family at the top.
    members :
        Codes of the family, in a fixed order.
    """

    parent_code: str
    members: tuple[str, ...]


def upward(dataset: Dataset, province: str) -> tuple[str, ...]:
    """Return the country, the region and the province, the largest first."""
    return (*reversed([area.code for area in dataset.areas.ancestors(province)]), province)


def families_below(dataset: Dataset, province: str) -> list[Family]:
    """Return the families below a province: its districts, then the communes that follow the same area.

    A family never depends on which areas are asked for: a forecast is the same alone and in any company. Communes,
    ended ones too, follow the former district that all of their territory came from, or the province where it came
    from several.
    """
    districts = sorted({area.code for area in dataset.areas.all(level="district") if area.parent_code == province})
    communes: dict[str, set[str]] = {}
    for area in dataset.areas.all(level="commune"):
        parent = parent_of_commune(dataset, province, area.code)
        if parent == province or parent in districts:
            communes.setdefault(parent, set()).add(area.code)
    below = [Family(parent, tuple(sorted(communes[parent]))) for parent in sorted(communes)]
    return [Family(province, tuple(districts)), *below]


def parent_of_commune(dataset: Dataset, province: str, code: str) -> str:
    """Return the area whose path a commune follows: its (former) district, or the province."""
    area = dataset.areas.get(code)
    if area.level == "commune" and area.parent_code != province:
        return area.parent_code
    former = dataset.crosswalk.former_districts(code)
    return former[0] if len(former) == 1 else province


@dataclass(frozen=True)
class SeriesSpec:
    """What to forecast: one indicator in one scope, with the years and standards of its paths, alike for all areas.

    Attributes
    ----------
    indicator, scope :
        What is forecast.
    first_year, first_below :
        First year that some rule needs, and the first of these and of the figures of areas below the province.
    chain :
        Standards that it is measured on.
    years :
        Of all paths.
    across, today :
        Standard of each year as it will be measured, and with future changes of standard left out.
    measured :
        Standards on which any area has a figure.
    """

    indicator: Indicator
    scope: str
    first_year: int
    first_below: int
    chain: Chain
    years: tuple[int, ...]
    across: tuple[int, ...]
    today: tuple[int, ...]
    measured: frozenset[int]

    def below(self) -> SeriesSpec:
        """Return the same for areas below the province, without the years that only larger areas have figures of."""
        kept = slice(self.years.index(self.first_below), None)
        return replace(self, years=self.years[kept], across=self.across[kept], today=self.today[kept])

    @property
    def twice(self) -> list[int]:
        """Positions of the years that are wanted on two standards."""
        return [at for at, (new, old) in enumerate(zip(self.across, self.today, strict=True)) if new != old]

    def asked(self) -> tuple[list[int], list[int]]:
        """Return years and standards to ask a model for: all across changes, then some once more on today's."""
        years = [*self.years, *(self.years[at] for at in self.twice)]
        return years, [*self.across, *(self.today[at] for at in self.twice)]

    def variants(self, values: FloatArray) -> dict[bool, FloatArray]:
        """Return draws (..., years) across changes and, if that differs, without, from those of the years asked."""
        across = np.asarray(values[..., : len(self.years)], dtype=np.float64)
        if not self.twice:
            return {True: across}
        without = across.copy()
        without[..., self.twice] = values[..., len(self.years) :]
        return {True: across, False: without}


@dataclass(frozen=True)
class FittedFamily:
    """A family fitted to its figures, of which any member can be drawn.

    Attributes
    ----------
    family, figures :
        The members, and what is known of each.
    draw :
        From numbers of members to their draws.
    origin :
        Last year that any figure informs.
    years :
        Of all paths, as in the specification that it was fitted for.
    above :
        Years of all figures of the areas followed.
    placed_by :
        For each member, what other indicators say where it stands among the others.
    moved :
        By member, how far its draws (S, years) were moved on the link scale so that all members add up.
    """

    family: Family
    figures: tuple[UnitFigures, ...]
    draw: DrawUnits
    origin: int
    years: tuple[int, ...]
    above: tuple[int, ...]
    placed_by: Sequence[tuple[str, ...]] = ()
    moved: dict[int, FloatArray] = field(default_factory=dict)


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

    def spec(self, indicator_id: str, scope: str, first_year: int, last_year: int, judged_in: int) -> SeriesSpec | None:
        """Return what to forecast; None where no area has figures.

        Years and standards follow from all figures held, never from the areas asked for.

        Parameters
        ----------
        indicator_id, scope :
            What is wanted.
        first_year, last_year :
            Years that some rule needs.
        judged_in :
            Due year that decides which standards are comparable.
        """
        indicator = self.dataset.indicators.get(indicator_id)
        declared = chain_of(indicator, self.dataset.standards, judged_in)
        chain = chain_with_overlaps(declared, self.dataset, self.province, scope)
        top = self._figures(upward(self.dataset, self.province), indicator, scope, chain)
        held = {code for code, *rest in self.dataset.with_data() if rest == [indicator_id, scope]}
        codes = [code for family in self.families for code in family.members if code in held]
        below = self._figures(codes, indicator, scope, chain)
        units = [*top, *below]
        if not any(unit.exact for unit in units):
            return None
        observed = years_of(units)
        years = range(min([first_year, *observed]), max([last_year, *observed]) + 1)
        first_below = min([first_year, *years_of(below)])
        measured = frozenset(chain.segment(figure.standard) or 0 for unit in units for figure in unit.exact)
        across = today = chain.segments(years)
        if not all(change.measured for change in chain.breaks(years, across, measured)):
            known = top if any(unit.exact for unit in top) else units
            newest = max(chain.segment(figure.standard) or 0 for unit in known for figure in unit.exact)
            today = chain.segments(years, last=newest)
        return SeriesSpec(indicator, scope, first_year, first_below, chain, tuple(years), across, today, measured)

    def top(self, spec: SeriesSpec) -> dict[str, FittedFamily]:
        """Return the province and the areas above it, each leaning on larger ones as far as these tell it more.

        The province is fitted among the other provinces that have figures; of these nothing but the panel is kept.
        """
        fitted: dict[str, FittedFamily] = {}
        for unit in self._figures(upward(self.dataset, self.province), spec.indicator, spec.scope, spec.chain):
            if unit.exact:
                family = (unit, *(self._peers(spec) if unit.area_code == self.province else ()))
                codes = tuple(one.area_code for one in family)
                shares = leaning(unit, [one.figures[0] for one in fitted.values()])
                made = [self._fit(spec, Family(code, codes), family, fitted.get(code), 0) for code in shares]
                fitted[unit.area_code] = mixed(made, list(shares.values()), self.draws)
        return fitted

    def _peers(self, spec: SeriesSpec) -> list[UnitFigures]:
        """Return the figures of the other provinces, in the years of the paths."""
        held = {code for code, *rest in self.dataset.with_data() if rest == [spec.indicator.id, spec.scope]}
        codes = [area.code for area in self.dataset.areas.all(level="province") if area.code in held - {self.province}]
        found = self._figures(codes, spec.indicator, spec.scope, spec.chain)
        units = (replace(one, exact=tuple(item for item in one.exact if item.year in spec.years)) for one in found)
        return [unit for unit in units if unit.exact]

    def below(self, spec: SeriesSpec, family: Family, parent: FittedFamily | None) -> FittedFamily | None:
        """Return a family that follows a member of `parent`.

        Where nothing is known of the area followed, the members with figures of their own are pooled with each other
        and follow nobody; None if there is none.
        """
        figures = self._figures(family.members, spec.indicator, spec.scope, spec.chain)
        if parent is not None:
            row = parent.family.members.index(family.parent_code)
            if parent.family.parent_code or parent.figures[row].exact:
                return self._fit(spec, family, figures, parent, row)
        alone = Family("", family.members)
        return self._fit(spec, alone, figures, None, 0) if any(unit.exact for unit in figures) else None

    def from_parts(self, spec: SeriesSpec, fitted: FittedFamily) -> dict[bool, dict[str, Path]]:
        """Return the province's path from those of its districts, where those with figures make up most of it.

        Districts without figures enter as the others let expect. Numbers are added up where all districts have figures.
        """
        codes, held = fitted.family.members, np.array([bool(unit.exact) for unit in fitted.figures])
        weights = weights_of_parts(self.dataset, spec.indicator, codes, spec.scope, self.dataset.as_of.year - 1)[0]
        if weights is None or not weights[held].sum() >= weights.sum() * (1 if spec.indicator.whole else LEAST_COVERED):
            return {}
        covered, count = float(weights[held].sum() / weights.sum()), len(spec.years) - spec.years.index(spec.first_year)
        made = {}
        for across, paths in self.paths(spec, fitted, range(len(codes)), every=True).items():
            parts = [paths[code] for code in codes]
            draws = np.stack([path.draws[:, -count:] for path in parts])
            last = max(path.evidence.last_year for path in parts)
            whole = replace(
                parts[0],
                area_code=self.province,
                years=parts[0].years[-count:],
                draws=np.tensordot(weights if spec.indicator.whole else weights / weights.sum(), draws, axes=1),
                observed=np.zeros(count, dtype=bool),
                final=np.zeros(count, dtype=bool),
                standards=parts[0].standards[-count:],
                breaks=tuple(change for change in parts[0].breaks if change.year > spec.first_year),
                evidence=Evidence("C", 0, (), "", last, (), len(codes), int(held.sum()), covered),
                weights=None,
                period_averages=self._period_averages(spec, self.province),
            )
            made[across] = {self.province: whole}
        return made

    def paths(
        self,
        spec: SeriesSpec,
        fitted: FittedFamily,
        rows: Sequence[int],
        whole: Mapping[bool, Path] | None = None,
        *,
        every: bool = False,
    ) -> dict[bool, dict[str, Path]]:
        """Return the paths of some members across future changes of standard and without them.

        Parameters
        ----------
        spec, fitted, rows :
            What is forecast, for which family, and which of its members.
        whole :
            Across changes and without, the path of the area that all members together make up; None where they do not
            make one up, or only some are wanted.
        every :
            Whether members are wanted too of which nothing is known but the others.
        """
        drawn = fitted.draw(np.array(rows, dtype=np.int64)).values
        made: dict[bool, dict[str, Path]] = {True: {}, False: {}}
        for across, draws in spec.variants(drawn).items():
            segments = spec.across if across else spec.today
            values = draws.copy()
            for place, row in enumerate(rows):
                values[:, place] = self._published(spec, segments, fitted.figures[row], draws[:, place])
            if whole is not None:
                values = self._together(spec, segments, fitted, values, whole[across])
            for place, row in enumerate(rows):
                path = self._path(spec, segments, fitted, row, values[:, place])
                # a share may be borrowed from the province, a number may not: a district does not have its 385 villages
                borrowed = path.evidence.basis == "C"
                if every or not borrowed or (path.evidence.parent_code and not spec.indicator.whole):
                    made[across][path.area_code] = path
        return made if spec.twice else {True: made[True], False: made[True]}

    def _figures(self, codes: Iterable[str], indicator: Indicator, scope: str, chain: Chain) -> tuple[UnitFigures, ...]:
        return tuple(
            unit_figures(
                self.dataset.series(code, indicator.id, scope),
                chain,
                denominator_of(self.dataset, indicator, code, scope),
            )
            for code in codes
        )

    def _fit(
        self, spec: SeriesSpec, family: Family, figures: tuple[UnitFigures, ...], parent: FittedFamily | None, row: int
    ) -> FittedFamily:
        """Fit a family that follows member `row` of `parent`, or nobody."""
        observed = [figure.year for unit in figures for figure in unit.exact]
        origin = max([*observed, *([parent.origin] if parent else [])])
        panel = panel_of(figures, spec.indicator, spec.chain, origin=origin)
        years, segments = spec.asked()
        alone = family.members[0] if len(family.members) == 1 else ""
        seed = seed_of(self.seed, spec.indicator.id, family.parent_code, alone)
        if parent is None:
            # of the peers of an area at the top nothing is kept
            rows = np.arange(1 if family.members[0] in upward(self.dataset, self.province) else len(family.members))
            draw = draws_of_units(self.model, panel, years, draws=self.draws, seed=seed, segments=segments, parent=None)
            made = draw(rows)
            return FittedFamily(family, figures, made.of_units, origin, spec.years, (), [()] * len(figures))
        above = parent.draw(np.array([row]))
        count = len(parent.years)
        latent = above.latent[:, :, :count]  # values take no part
        if row in parent.moved:
            latent = latent + parent.moved[row][:, None, :]
        followed = Paths(above.years[:count], latent, latent[:, :, :0], above.offsets, above.segments)
        places, placed_by = places_of(self.dataset, spec.indicator, spec.scope, family.members, family.parent_code)
        draw = draws_of_units(
            self.model, panel, years, draws=self.draws, seed=seed, segments=segments, parent=followed, places=places
        )
        known = (*parent.above, *(figure.year for figure in parent.figures[row].exact))
        return FittedFamily(family, figures, draw, origin, spec.years, known, placed_by)

    def _published(
        self, spec: SeriesSpec, segments: Sequence[int], figures: UnitFigures, draws: FloatArray
    ) -> FloatArray:
        """Return draws (S, years) as they would be published: final figures as they are, shares of few with chance."""
        held = _held(spec, segments, figures)
        draws = np.clip(draws, spec.indicator.lower, spec.indicator.upper)
        for year, figure in held.items():
            if _is_final(figure):
                draws[:, spec.years.index(year)] = figure.value
        observed = np.array([year in held for year in spec.years])
        seed = seed_of(self.seed, spec.indicator.id, figures.area_code, "chance")
        return with_binomial_noise(draws, figures.size, observed, spec.indicator, seed)

    def _together(
        self, spec: SeriesSpec, segments: Sequence[int], fitted: FittedFamily, draws: FloatArray, whole: Path
    ) -> FloatArray:
        """Return draws (S, N, years) of all members that add up to the path of their whole in all of its years.

        Where nothing adds up, members of which the same is known share one distribution all the same.
        """
        indicator, codes = spec.indicator, fitted.family.members
        if whole.proxy is not None or (indicator.whole and not all(unit.exact for unit in fitted.figures)):
            return draws
        columns = [at for at, year in enumerate(spec.years) if whole.years[0] <= year <= whole.years[-1]]
        years = [spec.years[at] for at in columns]
        found = [weights_of_parts(self.dataset, indicator, codes, spec.scope, year)[0] for year in years]
        weights = [one for one in found if one is not None]
        scale, made = scale_of(indicator), draws.copy()
        # of these the same is known: nothing
        alike = np.array([not unit.exact and not unit.one_sided and unit.size is None for unit in fitted.figures])
        alike &= np.array([not signals for signals in fitted.placed_by])
        if not weights or len(weights) < len(found):
            made[:, alike] = scale.from_link(one_distribution(scale.to_link(draws[:, alike])))
            return made
        inside = whole.draws[:, [whole.position(year) for year in years]]
        made[:, :, columns] = added_up(draws[:, :, columns], inside, np.column_stack(weights), scale, alike)
        moved = scale.to_link(made) - scale.to_link(draws)
        for row in range(len(codes)) if segments is spec.across else ():
            fitted.moved[row] = moved[:, row].astype(np.float32)
        counts = [[count_of(self.dataset, indicator.countable, code, year) for year in years] for code in codes]
        if indicator.link == "logit" and all(all(of_part) for of_part in counts):
            held = [_held(spec, segments, unit) for unit in fitted.figures]
            observed = np.array([[year in figures for year in years] for figures in held])
            seed = seed_of(self.seed, indicator.id, fitted.family.parent_code, "counts")
            made[:, :, columns] = whole_counts(made[:, :, columns], np.array(counts, dtype=float), observed, seed)
        return made

    def _path(
        self, spec: SeriesSpec, segments: Sequence[int], fitted: FittedFamily, row: int, draws: FloatArray
    ) -> Path:
        """Return the path of a family's member from its published draws, on the standards of `segments`."""
        figures, years, indicator = fitted.figures[row], spec.years, spec.indicator
        code, held = figures.area_code, _held(spec, segments, figures)
        observed = np.array([year in held for year in years])
        final = np.array([year in held and _is_final(held[year]) for year in years])
        fits = np.ones(draws.shape[0], dtype=bool)
        for figure in _wanted(spec, segments, figures.one_sided):
            values = draws[:, years.index(figure.year)]
            fits &= values >= figure.value if figure.qualifier == "at_least" else values <= figure.value
        reweighted = not fits.all() and fits.sum() >= FEWEST_EFFECTIVE_DRAWS
        counts = [count_of(self.dataset, indicator.countable, code, year) for year in years]
        first = min([spec.first_year, *(figure.year for figure in (*figures.exact, *figures.one_sided))])
        shown = slice(years.index(first), None)  # earlier years served the area followed, not this one
        return Path(
            area_code=code,
            indicator=indicator.id,
            scope=spec.scope,
            unit=indicator.unit,
            years=np.array(years[shown], dtype=np.int64),
            draws=rounded_to_counts(draws, counts, observed, indicator)[:, shown],
            observed=observed[shown],
            final=final[shown],
            standards=tuple(spec.chain.standards[segment] for segment in segments[shown]),
            breaks=spec.chain.breaks(years[shown], segments[shown], spec.measured),
            evidence=_evidence(fitted, row),
            weights=np.asarray(fits / fits.sum(), dtype=np.float64) if reweighted else None,
            period_averages=self._period_averages(spec, code),
        )

    def _period_averages(self, spec: SeriesSpec, code: str) -> tuple[PeriodAverage, ...]:
        """Return the published means of the indicator, its own and those carried by another indicator."""
        own = spec.indicator.id
        carriers = [item.id for item in self.dataset.indicators.values() if item.period_average_of == own]
        series = [self.dataset.series(code, carrier, spec.scope) for carrier in (own, *carriers)]
        return tuple(average for one in series for average in one.period_averages)


def years_of(units: Iterable[UnitFigures]) -> list[int]:
    """Return the years of all figures."""
    return [figure.year for unit in units for figure in (*unit.exact, *unit.one_sided)]


def _wanted(spec: SeriesSpec, segments: Sequence[int], figures: Iterable[Observation]) -> list[Observation]:
    """Return the figures on the standard that their year is wanted on."""
    standard_of = dict(zip(spec.years, segments, strict=True))
    return [one for one in figures if spec.chain.segment(one.standard) == standard_of[one.year]]


def _held(spec: SeriesSpec, segments: Sequence[int], figures: UnitFigures) -> dict[int, Observation]:
    """Return an area's exact figures on the standard that their year is wanted on, by year."""
    return {figure.year: figure for figure in _wanted(spec, segments, figures.exact)}


def _is_final(figure: Observation) -> bool:
    return figure.status == "final" and not figure.qualifier


def leaning(unit: UnitFigures, larger: Sequence[UnitFigures]) -> dict[str, float]:
    """Return how much an area leans on each larger one, by code, the nearest first; by itself under ``""``.

    A larger area tells nothing of the years in which `unit` has figures of its own, and the more of a year, the
    farther that is from them: so no single figure turns the leaning on or off. What it tells counts by the number of
    own figures; what it tells of the years since the last of them also by that of a series.
    """
    shares, left, own = {}, 1.0, np.array([figure.year for figure in unit.exact])
    for area in reversed(larger):
        years = np.unique([figure.year for figure in area.exact])
        told = np.minimum(np.abs(years[:, None] - own).min(axis=1) / SILENT_YEARS, 1.0)
        each = max(told.sum() / own.size, told[years > own.max()].sum() / OWN_SERIES)
        share = left * float(min(max((each - LEANS_FROM) / (LEANS_FULLY - LEANS_FROM), 0.0), 1.0))
        shares[area.area_code], left = share, left - share
    return {code: share for code, share in {**shares, "": left}.items() if share > 0}


def mixed(fits: Sequence[FittedFamily], shares: Sequence[float], draws: int) -> FittedFamily:
    """Return a family of which each of several fits draws its share, evenly spread; evidence is that of the largest."""
    if len(fits) == 1:
        return fits[0]
    # multiples of an irrational number: a share that grows a little takes few draws over, and the others stay
    part = np.searchsorted(np.cumsum(shares[:-1]), np.arange(draws) * np.sqrt(2.0) % 1.0, side="right")

    def draw(rows: IntArray) -> Paths:
        made = [fit.draw(rows) for fit in fits]
        # dealt out in the order of the last year's levels, so that what each fit gives is as even as all it drew
        dealt = np.empty(draws, dtype=np.int64)
        dealt[order_of([one.latent[:, 0, -1] for one in made])] = part
        latent, values, offsets = (
            np.stack([getattr(one, name) for one in made])[dealt, np.arange(draws)]
            for name in ("latent", "values", "offsets")
        )
        return replace(made[0], latent=latent, values=values, offsets=offsets)

    return replace(fits[int(np.argmax(shares))], draw=draw)


def order_of(levels: Sequence[FloatArray]) -> IntArray:
    """Return an order of draws (S,) that goes evenly through the levels (S,) of each of several fits.

    By strata of the first, within them by strata of the second, ..., and by the last one itself, up and down in turns.
    """
    draws = levels[0].size
    strata = np.linspace(0, round(draws ** (1.0 / len(levels))), draws, endpoint=False).astype(np.int64)
    *first, last = [np.argsort(np.argsort(level, kind="stable"), kind="stable") for level in levels]
    turns = 1 - 2 * (sum((strata[rank] for rank in first), np.zeros(draws, np.int64)) % 2)
    return np.lexsort([last * turns, *(strata[rank] for rank in reversed(first))])


def _evidence(fitted: FittedFamily, row: int) -> Evidence:
    figures = fitted.figures[row]
    points = figures.most_on_one_standard()
    return Evidence(
        basis="A" if points >= OWN_SERIES else "B" if points else "C",
        own_points=points,
        observations=figures.exact,
        parent_code=fitted.family.parent_code,
        last_year=max([*fitted.above, *(figure.year for figure in figures.exact)], default=fitted.origin),
        placed_by=() if points else fitted.placed_by[row],
    )


def seed_of(seed: int, *names: str) -> int:
    """Return a seed of its own for each indicator and family, the same on every machine."""
    mixed = np.random.SeedSequence([seed, zlib.crc32("|".join(names).encode())])
    return int(mixed.generate_state(1)[0])
