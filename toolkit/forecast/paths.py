"""What a forecast is: joint draws of one indicator's path in one area, with the evidence behind them.

Also the path of a target's indicator through a proxy, and where an area without figures stands among its peers by
what is known of it in other indicators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit.base.texts import Tabular
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator, Proxy, Relation
from toolkit.data.observations import Observation, PeriodAverage
from toolkit.models.panel import BoolArray, FloatArray, IntArray, Scale
from toolkit.models.panel_model import UNKNOWN_SPREAD, Places
from toolkit.plan.predicates import effective_count, quantiles_of_draws

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

KEPT = 1e-4
"""Relative error of stored draws, at most."""
INDEX_MEASURE = 0.3
"""Differences of an index or a length of life beside those of shares, on the logit scale.

Between Indonesia's provinces the development index spreads by 0.18, where shares of Vietnam's provinces do by 0.7; the
yearly steps of the index and of life expectancy are 0.04 to 0.06 in ``data/panels``, those of shares 0.1.
"""
ONE_SIDED = ("at_least", "at_most")
"""Qualifiers of figures that bound from one side."""
Basis = Literal["A", "B", "C"]
"""A: own series of 4 points or more on one standard; B: own points, 1 to 3; C: borrowed from parent and peers."""


@dataclass(frozen=True)
class Evidence:
    """What an area's path rests on.

    Attributes
    ----------
    basis :
        ``A``, ``B`` or ``C`` of the evidence grades (``D`` comes with a proxy, ``N`` means no path).
    own_points :
        Number of the area's own usable figures on the standard with the most of them.
    observations :
        The area's own usable figures, by year (empty for ``C``).
    parent_code :
        The area whose path is followed; empty for the top of the hierarchy.
    last_year :
        Last year that any figure (own, or of the area followed) informs: horizons count from here.
    placed_by :
        Other indicators, or ``population_density``, that say where the area stands among its peers; only for ``C``.
    parts, parts_held, covered :
        Where the path is made from those of the areas below: how many there are, how many have figures of their own,
        and the share of people or households that these cover; 0 otherwise.
    """

    basis: Basis
    own_points: int
    observations: tuple[Observation, ...]
    parent_code: str
    last_year: int
    placed_by: tuple[str, ...] = ()
    parts: int = 0
    parts_held: int = 0
    covered: float = 0.0


@dataclass(frozen=True)
class ProxyUse:
    """A declared proxy that a path goes through.

    Attributes
    ----------
    proxy_id :
        Its name in ``indicators.yaml``.
    indicator, scope :
        What is measured in place of the target's own indicator and scope.
    relation :
        ``equal``, ``upper_bound`` (the wanted value is at most the path) or ``lower_bound``.
    unknown_share :
        True where a share inside the proxy had to be drawn because the area has no figure for it.
    share_note :
        Catalogue-free description of the share used, e.g. ``"83.91 (2019)"``; empty when none is used.
    """

    proxy_id: str
    indicator: str
    scope: str
    relation: Relation
    unknown_share: bool = False
    share_note: str = ""


@dataclass(frozen=True)
class Break:
    """A change of standard inside a path.

    Attributes
    ----------
    year :
        First year on the new standard.
    before, after :
        The two standards.
    measured :
        False where the size of the jump is a prior alone (nobody has measured on both).
    """

    year: int
    before: str
    after: str
    measured: bool


@dataclass(frozen=True, repr=False)
class Path(Tabular):
    """Joint draws of one indicator in one area, year by year, as figures would be published.

    Draw ``s`` of every path of one :class:`~toolkit.forecast.store.Forecasts` belongs together:
    rules are evaluated draw by draw, never by combining marginals.

    Attributes
    ----------
    area_code, indicator, scope, unit :
        What is described. With a proxy, `indicator` and `scope` are those of the target.
    years : (T,)
        Consecutive years, past and future.
    draws : (S, T)
        Values in `unit`, inside the indicator's bounds. Where a final figure is held, every draw equals it.
    observed : (T,)
        True where a usable own figure is held on the standard of that year.
    final : (T,)
        True where that figure's status is ``final`` and exact (no qualifier).
    standards :
        For each year the standard on which the draws are expressed; ``""`` if the indicator has none.
    breaks :
        Changes of standard between the first and the last year.
    evidence, proxy :
        What the path rests on.
    weights : (S,) or None
        Weights of the draws, summing to 1, where ``at_least``/``at_most`` figures reweight them.
    period_averages :
        Published means over several years.
    """

    area_code: str
    indicator: str
    scope: str
    unit: str
    years: IntArray
    draws: FloatArray
    observed: BoolArray
    final: BoolArray
    standards: tuple[str, ...]
    breaks: tuple[Break, ...]
    evidence: Evidence
    proxy: ProxyUse | None = None
    weights: FloatArray | None = None
    period_averages: tuple[PeriodAverage, ...] = ()

    def to_frame(self, levels: Sequence[float] = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)) -> pd.DataFrame:
        """Return quantiles, one row a year: the year, one column a level, whether a figure is held, its standard.

        Examples
        --------
        >>> run.forecasts.path("20", "poverty_rate", "all").to_frame().columns.tolist()[:4]
        ['year', 0.025, 0.1, 0.25]
        """
        import pandas as pd

        table = pd.DataFrame(self.quantiles(tuple(levels)), columns=list(levels))
        table.insert(0, "year", self.years)
        return table.assign(observed=self.observed, standard=self.standards)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw 50, 80 and 95 % intervals, the median and the area's own figures, and return the axes.

        Parameters
        ----------
        ax :
            Where to draw; by default the current axes of pyplot.
        """
        import matplotlib.pyplot as plt

        axes, table = ax if ax is not None else plt.gca(), self.to_frame()
        for low, high, colour in ((0.025, 0.975, "#dbe7f3"), (0.1, 0.9, "#b5cfe8"), (0.25, 0.75, "#86b0d9")):
            label = f"{100 * (high - low):.0f} %"
            axes.fill_between(self.years, table[low], table[high], color=colour, linewidth=0, label=label)
        axes.plot(self.years, table[0.5], "--" if self.proxy else "-", color="#12548f")
        held = [figure for figure in self.evidence.observations if self.proxy is None]
        axes.plot([figure.year for figure in held], [figure.value for figure in held], "o", color="#1f2933")
        axes.set(title=f"{self.indicator} ({self.scope}), {self.area_code}", ylabel=self.unit)
        return axes

    def __repr__(self) -> str:
        """Return what it is a path of, in one line."""
        years = f"{self.years[0]}–{self.years[-1]}"
        return f"<Path {self.area_code} {self.indicator} ({self.scope}) {years}, {len(self.draws)} draws, {self.grade}>"

    def at(self, year: int) -> FloatArray:
        """Return the draws of one year, shape (S,).

        Raises
        ------
        KeyError
            If `year` lies outside `years`.
        """
        return np.asarray(self.draws[:, self.position(year)], dtype=np.float64)

    def position(self, year: int) -> int:
        """Return the column of `year` in `draws`."""
        offset = year - int(self.years[0])
        if not 0 <= offset < len(self.years):
            span = f"{int(self.years[0])}..{int(self.years[-1])}"
            raise KeyError(f"{year} lies outside {span} ({self.indicator}, {self.area_code})")
        return offset

    @property
    def grade(self) -> str:
        """Evidence grade: A, B or C, with ``·D`` behind it where the path goes through a proxy."""
        return f"{self.evidence.basis}·D" if self.proxy else self.evidence.basis

    @property
    def effective_draws(self) -> float:
        """Effective number of draws after reweighting; S when there are no weights."""
        return effective_count(self.draws.shape[0], self.weights)

    def outside(self) -> list[tuple[Observation, float, float]]:
        """Return own figures outside the draws' own 95 % of their year, each with the ends of that interval."""
        found = []
        for figure in self.evidence.observations if self.proxy is None else ():
            at = figure.year - int(self.years[0])
            if 0 <= at < len(self.years) and self.standards[at] == figure.standard:
                low, high = quantiles_of_draws(self.draws[:, at], self.weights, (0.025, 0.975)).tolist()
                slack = KEPT * max(1.0, abs(figure.value))
                if not low - slack <= figure.value <= high + slack:
                    found.append((figure, low, high))
        return found

    def quantiles(self, levels: tuple[float, ...]) -> FloatArray:
        """Return quantiles for each year, shape (T, L), see :func:`toolkit.plan.predicates.quantiles_of_draws`."""
        return quantiles_of_draws(self.draws, self.weights, levels).T


def scale_of(indicator: Indicator) -> Scale:
    """Return the link and bounds of an indicator as the models want them."""
    if indicator.link == "logit" and indicator.lower is not None and indicator.upper is not None:
        span = indicator.upper - indicator.lower
        measure = INDEX_MEASURE if indicator.unit in ("index", "years") else 1.0
        return Scale("logit", indicator.lower, indicator.upper, 0.0005 * span, measure=measure)
    if indicator.link == "log":
        return Scale.counts() if indicator.whole else Scale.positive()
    return Scale.real()


def through_proxy(proxy: Proxy, wanted: Indicator, source: Path, share: Path | None) -> Path | None:
    """Return the path of `wanted` through `proxy`, or None if a share that it needs has no path.

    Parameters
    ----------
    proxy :
        The declaration in ``indicators.yaml``.
    wanted :
        The target's own indicator.
    source :
        Path of the indicator that is measured.
    share :
        For ``divide_by_share``: path of the share, in per cent, over any years.

    Notes
    -----
    ``divide_by_share`` is a bound: if every poor household were of the group, the group's rate would be the
    overall rate divided by the group's share, and never above 100 %.
    """
    use = ProxyUse(proxy.id, proxy.indicator, proxy.scope, proxy.relation)
    match proxy.transform.kind:
        case "identity":
            draws = source.draws
        case "scale":
            draws = source.draws * proxy.transform.factor
        case "divide_by_share":
            if share is None:
                return None
            draws = np.minimum(100.0 * source.draws / _over_years(share, source), 100.0)
            use = replace(use, unknown_share=share.evidence.basis == "C", share_note=_last_share(share))
    return replace(
        source,
        indicator=wanted.id,
        scope=proxy.for_scope,
        unit=wanted.unit,
        draws=np.asarray(draws, dtype=np.float64),
        final=np.zeros_like(source.final),  # a proxy settles nothing
        proxy=use,
        period_averages=(),
    )


def _over_years(share: Path, source: Path) -> FloatArray:
    """Return the share in each year of `source`, held where the last figure left it.

    Who lives in a province changes slowly, and the figures held show no trend: continuing one would add
    movement that nobody saw. Not knowing an area's share stays in the draws all the same.
    """
    last = max(min(share.evidence.last_year, int(share.years[-1])) - int(share.years[0]), 0)
    columns = np.clip(source.years - share.years[0], 0, last)
    return np.clip(share.draws[:, columns], 0.1, 100.0)


def _last_share(share: Path) -> str:
    figures = share.evidence.observations
    return f"{figures[-1].value:g} ({figures[-1].year})" if figures else ""


DENSITY = "population_density"
LOADINGS = {
    "income_per_capita": 0.91, "household_income_per_capita": 0.91, "households_with_electricity_share": 0.85,
    "literacy_15_plus": 0.83, "full_immunisation_share": 0.53, "trained_labour_share": 0.38,
    "infant_mortality_rate": -0.90, "under5_mortality_rate": -0.88, "dtts_population_share": -0.87,
    "poverty_rate": -0.81, "poverty_rate_survey": -0.81, DENSITY: 0.80,
}  # fmt: skip
"""Correlation of each indicator (link scale, all people) with the one factor that Vietnam's provinces share.

The main axis of the correlations between 62 provinces, 2008 to 2016, in ``data/panels`` (a test finds it again). The
share of minorities is that of pupils; density is 0.89 between provinces (areas and people of 2019: General Statistics
Office, Statistical Yearbook), and is taken for less, as districts of one province differ less in what a town brings.
"""
FEWEST_PLACED = 3
"""Areas whose density has to be known before one of them is dense or sparse."""
FARTHEST = 2.5
"""A standardised deviation counts no further: the factor's distribution was seen between provinces only."""


def places_of(
    dataset: Dataset, indicator: Indicator, scope: str, codes: Sequence[str], parent: str
) -> tuple[Places | None, list[tuple[str, ...]]]:
    """Return where areas are expected among their peers by all that is known but this indicator, and what says so.

    One factor f, standard normal, is shared by all indicators: a standardised deviation is ``a f`` and a rest of
    variance ``1 - a^2``, with the indicator's loading a (:data:`LOADINGS`). Signals are the density of population
    beside the other areas', and each figure beside the followed area's of its year, in units of
    :data:`toolkit.models.panel_model.UNKNOWN_SPREAD`.

    An area with figures of its own stands where these put it, and has no signals.

    Returns
    -------
    The places, None where nothing is known; and for each area the ids of its signals.
    """
    loading = LOADINGS.get(indicator.id)
    found = _signals(dataset, indicator, codes, parent) if loading and scope == "all" else [{} for _ in codes]
    names = [tuple(signals) for signals in found]
    if not loading or not any(names):
        return None, names
    mean, sd = np.zeros(len(codes)), np.ones(len(codes))
    for row, signals in enumerate(found):
        tells = [(LOADINGS[name] / (1.0 - LOADINGS[name] ** 2), LOADINGS[name], z) for name, z in signals.items()]
        precision = 1.0 + sum(weight * a for weight, a, _ in tells)
        mean[row] = loading * sum(weight * z for weight, _, z in tells) / precision
        sd[row] = np.sqrt(1.0 - loading**2 * (1.0 - 1.0 / precision))
    return Places(mean, sd), names


def _signals(dataset: Dataset, indicator: Indicator, codes: Sequence[str], parent: str) -> list[dict[str, float]]:
    """Return the standardised deviations that are known of each area, by indicator."""
    areas = [dataset.areas.get(code) for code in codes]
    density = np.array([(area.population_2019 or np.nan) / (area.area_km2 or np.nan) for area in areas])
    linked = np.log(density[np.isfinite(density)])
    found: list[dict[str, float]] = [{} for _ in codes]
    if linked.size >= FEWEST_PLACED and linked.std() > 0:
        for row in np.flatnonzero(np.isfinite(density)).tolist():
            found[row][DENSITY] = float((np.log(density[row]) - linked.mean()) / linked.std())
    for name in LOADINGS:
        if name == indicator.id or name not in dataset.indicators:
            continue
        other = dataset.indicators.get(name)
        above = {(one.year, one.standard): one.value for one in dataset.series(parent, name, "all").observations}
        for row, code in enumerate(codes):
            held = dataset.series(code, name, "all").observations
            both = [one for one in held if (one.year, one.standard) in above and one.qualifier not in ONE_SIDED]
            if both:
                newest = max(both, key=lambda one: one.year)
                values = np.array([newest.value, above[newest.year, newest.standard]])
                own, whole = scale_of(other).to_link(values)
                found[row][name] = float(own - whole) / UNKNOWN_SPREAD[other.link]
    placed = [not dataset.series(code, indicator.id, "all").observations for code in codes]
    return [
        {name: float(np.clip(z, -FARTHEST, FARTHEST)) for name, z in signals.items() if free}
        for signals, free in zip(found, placed, strict=True)
    ]
