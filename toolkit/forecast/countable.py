"""Shares of countable things: of 65 communes it is k of 65, never 99.3 %; of few households it moves by chance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
from toolkit.forecast.panels import chance, scale_of, spread_by_chance
from toolkit.forecast.paths import BoolArray, FloatArray


def count_of(dataset: Dataset, countable: str | None, area_code: str, year: int) -> int | None:
    """Return how many of the countable things an area has at the end of `year`, or None if that is not held.

    Communes are counted in the table of areas. After 30 June 2025 a former district's communes are the new
    ones that received any of its old ones.
    """
    if countable != "communes":
        return None
    day = date(year, 12, 31)
    area = dataset.areas.get(area_code)
    if area.level == "district":
        inside = [unit for unit in dataset.areas.all(level="commune", on=day) if unit.parent_code == area_code]
        if not inside:
            inside = [
                unit
                for unit in dataset.areas.all(level="commune", on=day)
                if area_code in dataset.crosswalk.former_districts(unit.code)
            ]
        return len(inside) or None
    if area.level == "province":
        return len(dataset.areas.all(level="commune", on=day)) or None
    return None


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


def with_chance(
    draws: FloatArray, size: float | None, observed: BoolArray, indicator: Indicator, seed: int
) -> FloatArray:
    """Add to drawn shares of few things what chance alone does to them; published figures stay as they are.

    Parameters
    ----------
    draws : (S, T)
        In the indicator's unit.
    size :
        Number of what the shares are shares of, None where unknown.
    observed : (T,)
        Years with a published figure.
    seed :
        Of the chance.
    """
    if size is None or not chance(float(np.median(draws)), size, indicator):
        return draws
    scale = scale_of(indicator)
    random = np.random.Generator(np.random.PCG64(seed))
    moved = scale.from_link(scale.to_link(draws) + spread_by_chance(draws, size) * random.standard_normal(draws.shape))
    return np.where(observed[None, :], draws, moved)
