"""What all forecasts say together: one long table of quantiles, and whether the parts add up to the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from toolkit.data.dataset import Dataset
from toolkit.forecast.panels import Weights, weights_of_parts
from toolkit.forecast.paths import Path
from toolkit.forecast.store import Forecasts
from toolkit.models.panel import FloatArray

COLUMNS = ("area_code", "area_name", "indicator", "scope", "unit", "year", "standard", "observed", "grade", "proxy")


def summary_table(
    forecasts: Forecasts,
    dataset: Dataset,
    area_codes: Sequence[str],
    *,
    levels: tuple[float, ...],
    indicators: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return quantiles of every path of some areas.

    Parameters
    ----------
    forecasts, dataset :
        Of one run.
    area_codes :
        Areas wanted, in order.
    levels :
        Quantile levels, each between 0 and 1.
    indicators :
        Only these; all by default.

    Returns
    -------
    pandas.DataFrame
        One row an area, indicator, scope and year: `COLUMNS`, then one column a level (``q0.1``, …).
        `standard` is the one the values are expressed on: future changes of standard are crossed.
    """
    paths = [
        forecasts.paths[key]
        for code in area_codes
        for key in forecasts.keys_of(code)
        if key[3] and (indicators is None or key[1] in indicators)
    ]
    found = [path.quantiles(levels) for path in paths]
    return pd.DataFrame(summary_columns(paths, found, dataset, levels=levels))


def summary_columns(
    paths: Sequence[Path], found: Sequence[FloatArray], dataset: Dataset, *, levels: tuple[float, ...]
) -> dict[str, list[Any]]:
    """Return the columns of :func:`summary_table` for some paths and the quantiles found of each, (T, levels)."""
    if not paths:
        return {name: [] for name in (*COLUMNS, *(f"q{level:g}" for level in levels))}
    rounded = np.round(np.concatenate(found), 6)
    return _columns(paths, dataset) | {f"q{level:g}": rounded[:, at].tolist() for at, level in enumerate(levels)}


def _columns(paths: Sequence[Path], dataset: Dataset) -> dict[str, list[Any]]:
    counts = [len(path.years) for path in paths]

    def repeated(of: Callable[[Path], str]) -> list[str]:
        return [text for path, count in zip(paths, counts, strict=True) for text in [of(path)] * count]

    return {
        "area_code": repeated(lambda path: path.area_code),
        "area_name": repeated(lambda path: dataset.areas.get(path.area_code).name_vi),
        "indicator": repeated(lambda path: path.indicator),
        "scope": repeated(lambda path: path.scope),
        "unit": repeated(lambda path: path.unit),
        "year": np.concatenate([path.years for path in paths]).tolist(),
        "standard": [standard for path in paths for standard in path.standards],
        "observed": np.concatenate([path.observed & (path.proxy is None) for path in paths]).tolist(),
        "grade": repeated(lambda path: path.grade),
        "proxy": repeated(lambda path: path.proxy.proxy_id if path.proxy else ""),
    }


KEPT = 1e-3
"""A smaller gap is one of stored digits."""


@dataclass(frozen=True)
class CoherenceGap:
    """How far the parts lie from the whole in one year.

    Attributes
    ----------
    indicator, scope, year :
        What is compared.
    parts :
        How many areas the whole is made of.
    borrowed :
        How many of the parts have no figure of their own and follow the whole.
    weights :
        ``counts``: parts are added up, otherwise a mean of the parts weighted by this.
    whole, together :
        Medians, in the indicator's unit.
    median, low, high :
        Of the gap (parts together minus the whole), draw by draw, with its 80 % interval.
    """

    indicator: str
    scope: str
    year: int
    parts: int
    borrowed: int
    weights: Weights
    whole: float
    together: float
    median: float
    low: float
    high: float

    @property
    def agrees(self) -> bool:
        """Whether the 80 % interval of the gap holds 0, but for what is kept of draws."""
        return self.low <= KEPT and self.high >= -KEPT


def coherence_gaps(
    forecasts: Forecasts, dataset: Dataset, whole_code: str, part_codes: Sequence[str], years: Sequence[int]
) -> tuple[CoherenceGap, ...]:
    """Compare a whole with its parts, draw by draw, wherever adding them up means something.

    Districts are drawn so that they add up to their province: a gap that remains is one between published figures.

    Parameters
    ----------
    forecasts, dataset :
        Of one run.
    whole_code, part_codes :
        An area, and the areas that it consists of, without gaps or overlaps.
    years :
        Years to compare.

    Returns
    -------
    One entry an indicator and year, in the order of the indicators: counts of things, where every part has a path,
    and shares of households, weighted by households where all parts have a figure of them, by the people of 2019
    otherwise. Paths through proxies are left out.
    """
    found: list[CoherenceGap] = []
    for _, indicator_id, scope, across in sorted(forecasts.keys_of(whole_code)):
        indicator = dataset.indicators.get(indicator_id)
        if not across or not (indicator.whole or indicator.denominator):
            continue
        whole = forecasts.path(whole_code, indicator_id, scope)
        parts = [forecasts.path(code, indicator_id, scope) for code in part_codes]
        complete = [path for path in parts if path is not None and path.proxy is None]
        if whole is None or whole.proxy is not None or len(complete) < len(part_codes) or not complete:
            continue
        weights, basis = weights_of_parts(dataset, indicator, part_codes, scope, max(years))
        if weights is not None:
            shared = [year for year in years if _comparable(year, (whole, *complete))]
            found.extend(_gap(whole, complete, weights, basis, year) for year in shared)
    return tuple(found)


def _comparable(year: int, paths: Sequence[Path]) -> bool:
    """Say whether all paths speak of a year, on one standard."""
    if not all(int(path.years[0]) <= year <= int(path.years[-1]) for path in paths):
        return False
    return len({path.standards[path.position(year)] for path in paths}) == 1


def _gap(whole: Path, parts: Sequence[Path], weights: FloatArray, basis: Weights, year: int) -> CoherenceGap:
    own = whole.at(year)
    together = np.sum([weight * path.at(year) for weight, path in zip(weights, parts, strict=True)], axis=0)
    low, median, high = np.quantile(together - own, (0.1, 0.5, 0.9))
    return CoherenceGap(
        indicator=whole.indicator,
        scope=whole.scope,
        year=year,
        parts=len(parts),
        borrowed=sum(path.evidence.basis == "C" for path in parts),
        weights=basis,
        whole=float(np.median(own)),
        together=float(np.median(together)),
        median=float(median),
        low=float(low),
        high=float(high),
    )
