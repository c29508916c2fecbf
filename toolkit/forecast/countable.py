"""Shares of countable things: a share of 65 communes is k of 65, never 99.3 %."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
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
