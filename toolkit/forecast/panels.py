"""From published figures to the models' panels: which figures count, how exact each one is, and on which standards.

A *chain* holds the standards that one series runs through, and what is known of the jumps between them: a jump's prior
is declared in ``breaks.csv``; overlaps (areas measured on both standards in one year) narrow it. Also what counting
does to shares: of 65 communes a share is k of 65, and a share of few households varies by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Literal

import numpy as np

from toolkit.data.dataset import Dataset
from toolkit.data.indicators import BreakPrior, Indicator, Standards
from toolkit.data.observations import Observation, Series
from toolkit.forecast.paths import ONE_SIDED, Break, scale_of
from toolkit.models.panel import BoolArray, FloatArray, Jump, Panel, Scale
from toolkit.models.sampling import VALUES, normals

REVISION = {"final": 0.0, "reported": 0.05, "preliminary": 0.10}
"""Standard deviation on the link scale by which a figure of each status may still move.

Ours, of the size seen where our data hold two figures for one cell: poverty 2025, 3 then 2.32 % (0.26);
trained labour 2016, 15.8 then 15.1 % (0.05); growth 2025, 8.41 then 8.06 % (0.04); GRDP per person 2018,
36 against 38.4 million (0.06); population 2015, 757.9 against 760.6 thousand (0.004).
"""
APPROXIMATE_SD = 0.05
"""Added for figures that their source calls approximate."""
SMALLEST_BINOMIAL_SD = 0.02
"""A smaller binomial standard deviation (link scale: that of a share of some 20,000 households) is left out."""


@dataclass(frozen=True)
class UnitFigures:
    """One area's figures of one indicator, as far as they lie on a chain of standards.

    Attributes
    ----------
    exact :
        Figures that a model may use, by year.
    one_sided :
        ``at_least`` and ``at_most`` figures, which reweight draws.
    size :
        How many households (the indicator's denominator) the area has, where that is held.
    """

    area_code: str
    exact: tuple[Observation, ...]
    one_sided: tuple[Observation, ...]
    size: float | None = None

    def most_on_one_standard(self) -> int:
        """Return how many exact figures the standard with the most of them has."""
        standards = [observation.standard for observation in self.exact]
        return max((standards.count(standard) for standard in set(standards)), default=0)


def unit_figures(series: Series, chain: Chain, size: float | None = None) -> UnitFigures:
    """Sort out an area's figures: on the chain, exact or one-sided; `size` as in :class:`UnitFigures`.

    A figure without a standard is on the one in force in its year.
    """
    named = [
        observation if observation.standard else replace(observation, standard=chain.at(observation.year))
        for observation in series.observations
    ]
    on_chain = [observation for observation in named if chain.segment(observation.standard) is not None]
    exact = [observation for observation in on_chain if observation.qualifier not in ONE_SIDED]
    return UnitFigures(
        area_code=series.area_code,
        exact=tuple(sorted(exact, key=lambda observation: (observation.year, observation.standard))),
        one_sided=tuple(observation for observation in on_chain if observation.qualifier in ONE_SIDED),
        size=size,
    )


def panel_of(units: Sequence[UnitFigures], indicator: Indicator, chain: Chain, origin: int | None = None) -> Panel:
    """Return the panel of several areas' exact figures.

    Parameters
    ----------
    units :
        One entry an area, in the order wanted; entries without figures announce areas without data.
    indicator, chain :
        What is measured, and on which standards.
    origin :
        Last year of the panel; the last observed year by default.
    """
    rows = [(number, figure) for number, unit in enumerate(units) for figure in unit.exact]
    size = float(np.median([abs(figure.value) for _, figure in rows])) if rows and indicator.link == "identity" else 1.0
    scale = scale_of(indicator)
    noise = [
        np.hypot(
            np.hypot(size * revision_sd(figure), conflict_sd(figure, scale)),
            binomial_sd(figure.value, units[number].size, indicator),
        )
        for number, figure in rows
    ]
    return Panel.from_rows(
        units=len(units),
        unit=[number for number, _ in rows],
        year=[figure.year for _, figure in rows],
        value=[figure.value for _, figure in rows],
        noise=noise,
        segment=[chain.segment(figure.standard) or 0 for _, figure in rows],
        scale=scale,
        jumps=chain.jumps(),
        origin=origin,
    )


def revision_sd(figure: Observation) -> float:
    """Return the standard deviation by which a figure may still move, on the link scale (relative if identity)."""
    about = APPROXIMATE_SD if figure.qualifier == "about" else 0.0
    return float(np.hypot(REVISION.get(figure.status, REVISION["preliminary"]), about))


def conflict_sd(figure: Observation, scale: Scale) -> float:
    """Return the spread (standard deviation, link scale) of figures of equal standing for one cell.

    A better status settles a conflict, and a final figure counts as it is: only among reported or among preliminary
    figures of different sources nobody knows which one is right.
    """
    alike = (other for other in figure.overruled if other.status == figure.status)
    rivals = [other.value for other in alike if other.source_id != figure.source_id]
    if figure.status == "final" or not rivals:
        return 0.0
    return float(np.std(scale.to_link([figure.value, *rivals])))


def binomial_sd(value: float, size: float | None, indicator: Indicator) -> float:
    """Return the binomial standard deviation (link scale) of a share of few households.

    Parameters
    ----------
    value :
        A figure in the indicator's unit.
    size :
        Number n of what it is a share of; None where that is not held.
    indicator :
        A share with a denominator: ``1 / sqrt(n p (1 - p))``, the delta method for the logit of k of n, with half a
        case added on both sides as in the empirical logit. 0 for all others, and where it is below
        :data:`SMALLEST_BINOMIAL_SD`.

    Examples
    --------
    >>> from toolkit.data.dataset import load
    >>> poverty = load().indicators.get("poverty_rate")
    >>> round(binomial_sd(10.0, 400, poverty), 3), binomial_sd(10.0, 200_000, poverty)
    (0.166, 0.0)
    """
    if indicator.denominator is None or indicator.link != "logit" or not size:
        return 0.0
    found = float(logit_binomial_sd(np.array(value), size))
    return found if found >= SMALLEST_BINOMIAL_SD else 0.0


def logit_binomial_sd(percent: FloatArray, size: float) -> FloatArray:
    """Return the binomial standard deviation (logit) of shares of `size` things, in per cent."""
    share = np.clip(percent, 0.0, 100.0) / 100.0
    return np.asarray(np.sqrt(1.0 / (size * share + 0.5) + 1.0 / (size * (1.0 - share) + 0.5)))


def count_of(dataset: Dataset, countable: str | None, area_code: str, year: int) -> int | None:
    """Return how many of the countable things an area has at the end of `year`, or None if that is not held.

    Communes are counted in the table of areas. After 30 June 2025 a former district's communes are the new ones most
    of whose old communes were its own: each counts once, so that districts add up to the province.
    """
    level = dataset.areas.get(area_code).level if countable == "communes" else ""
    if level not in ("district", "province"):
        return None
    units = list(dataset.areas.all(level="commune", on=date(year, 12, 31)))
    if level == "district":
        inside = [unit for unit in units if unit.parent_code == area_code]
        units = inside or [unit for unit in units if area_code == main_district(dataset, unit.code)]
    return len(units) or None


def main_district(dataset: Dataset, commune_code: str) -> str:
    """Return the former district of most of a new commune's old communes, the first of several; empty if unknown."""
    former = [link.old_district_code for link in dataset.crosswalk.old_of(commune_code)]
    return max(sorted(set(former)), key=former.count, default="")


Weights = Literal["counts", "communes", "households", "area", "population"]
"""By what parts are weighed in their whole."""


def weights_of_parts(
    dataset: Dataset, indicator: Indicator, codes: Sequence[str], scope: str, year: int
) -> tuple[FloatArray | None, Weights]:
    """Return by how much each part counts in its whole, and by what: 1 each for counts of things, else summing to 1.

    Shares of communes go by the number of communes at the end of `year`, of land by area, of households by
    households where all parts have a figure of them; all other shares by the people of 2019, which is near enough for
    pupils, births and ethnic minorities of a province where they are the majority everywhere. None where nothing adds
    up (growth, incomes, indices) or a part's weight is not known.
    """
    if indicator.whole:
        return np.ones(len(codes)), "counts"
    if indicator.link != "logit":
        return None, "population"
    areas = [dataset.areas.get(code) for code in codes]
    series = [dataset.series(code, indicator.denominator or "", scope).observations for code in codes]
    basis: Weights
    sizes: list[float | None]
    if indicator.countable == "communes":
        basis, sizes = "communes", [count_of(dataset, "communes", code, year) for code in codes]
    elif indicator.countable == "hectares":
        basis, sizes = "area", [area.area_km2 for area in areas]
    elif indicator.denominator and all(series):
        basis, sizes = "households", [figures[-1].value for figures in series]
    else:
        basis, sizes = "population", [area.population_2019 for area in areas]
    known = [size for size in sizes if size]
    return (np.array(known) / sum(known) if known and len(known) == len(sizes) else None), basis


def rounded_to_counts(
    draws: FloatArray, counts: Sequence[int | None], observed: BoolArray, indicator: Indicator
) -> FloatArray:
    """Round drawn percentages to k of n where n is known; published figures stay as they are.

    Parameters
    ----------
    draws : (S, T)
        In the indicator's unit.
    counts : (T,)
        Number of things in each year, None where unknown.
    observed : (T,)
        Years with a published figure.
    """
    if indicator.unit != "percent" or not any(counts):
        return draws
    rounded = draws.copy()
    for column, count in enumerate(counts):
        if count and not observed[column]:
            rounded[:, column] = np.round(draws[:, column] * count / 100) * 100 / count
    return rounded


def denominator_of(dataset: Dataset, indicator: Indicator, area_code: str, scope: str) -> float | None:
    """Return the newest figure of what an indicator is a share of in an area, or None where none is held."""
    if indicator.denominator is None:
        return None
    figures = dataset.series(area_code, indicator.denominator, scope).observations
    return figures[-1].value if figures else None


def with_binomial_noise(
    draws: FloatArray, size: float | None, observed: BoolArray, indicator: Indicator, seed: int
) -> FloatArray:
    """Add binomial noise to drawn shares of few things; published figures stay as they are.

    Parameters
    ----------
    draws : (S, T)
        In the indicator's unit.
    size :
        Number of what the shares are shares of, None where unknown.
    observed : (T,)
        Years with a published figure.
    seed :
        Of the noise.
    """
    if size is None or not binomial_sd(float(np.median(draws)), size, indicator):
        return draws
    scale = scale_of(indicator)
    by_chance = logit_binomial_sd(draws, size) * normals(seed, 1, VALUES, draws.T.shape)[..., 0].T
    return np.where(observed[None, :], draws, scale.from_link(scale.to_link(draws) + by_chance))


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

    def at(self, year: int) -> str:
        """Return the standard in force in `year`."""
        return self.standards[self.in_force(year)]

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
        used = row["source_id"] in prior.source_ids
        if used or pair != (prior.before, prior.after) or row["indicator"] not in prior.indicators:
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
    jumps, reach = [item.jump for item in overlaps], 6.0 * upper
    grid = np.linspace(min(prior.jump_mean - reach, *jumps), max(prior.jump_mean + reach, *jumps), NODES)
    elsewhere = [item.jump for item in overlaps if not item.own]
    below, above = (_sd_of_mean(sd) if elsewhere else sd for sd in (prior.jump_sd, upper))
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


def _sd_of_mean(sd: float) -> float:
    """Return the standard deviation of the mean jump alone."""
    return float(max(sd**2 - BETWEEN_PLACES**2, LEAST_SD**2) ** 0.5)


def _normal(distance: FloatArray, sd: float) -> FloatArray:
    return np.asarray(np.exp(-0.5 * (distance / sd) ** 2) / sd)
