"""What a forecast is: joint draws of one indicator's path in one area, with the evidence behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.data.observations import Observation, PeriodAverage

__all__ = [
    "BoolArray",
    "Break",
    "Evidence",
    "FloatArray",
    "IntArray",
    "Observation",
    "Path",
    "PeriodAverage",
    "ProxyUse",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Basis = Literal["A", "B", "C"]
"""A: own series of 4 points or more on one standard; B: own points, 1 to 3; C: borrowed from parent and peers."""

Relation = Literal["equal", "upper_bound", "lower_bound"]


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
    """

    basis: Basis
    own_points: int
    observations: tuple[Observation, ...]
    parent_code: str
    last_year: int


@dataclass(frozen=True)
class ProxyUse:
    """A declared stand-in that a path goes through.

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


@dataclass(frozen=True)
class Path:
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
            message = f"{year} lies outside {span} ({self.indicator}, {self.area_code})"
            raise KeyError(message)
        return offset

    @property
    def effective_draws(self) -> float:
        """Effective number of draws after reweighting; S when there are no weights."""
        if self.weights is None:
            return float(self.draws.shape[0])
        return float(1.0 / np.sum(self.weights**2))

    def quantiles(self, levels: tuple[float, ...]) -> FloatArray:
        """Return quantiles for each year, shape (T, len(levels)); draws count by their weights."""
        if self.weights is None:
            return np.asarray(np.quantile(self.draws, levels, axis=0).T, dtype=np.float64)
        order = np.argsort(self.draws, axis=0, kind="stable")
        ranked = np.take_along_axis(self.draws, order, axis=0)
        cumulative = np.cumsum(self.weights[order], axis=0)
        picks = [np.argmax(cumulative >= min(level, 1 - 1e-12), axis=0) for level in levels]
        return np.stack([np.take_along_axis(ranked, pick[None, :], axis=0)[0] for pick in picks], axis=1)
