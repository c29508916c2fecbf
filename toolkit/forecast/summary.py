"""Forecasts as one long table: for each area, indicator and year the quantiles, and what they rest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from toolkit.data.dataset import Dataset
from toolkit.forecast.paths import FloatArray, Path
from toolkit.forecast.store import Forecasts

COLUMNS = ("area_code", "area_name", "indicator", "scope", "unit", "year", "standard", "observed", "grade", "proxy")


def grade_of(path: Path) -> str:
    """Return the evidence grade of a path: A, B or C, with ``·D`` behind it where it goes through a proxy."""
    return f"{path.evidence.basis}·D" if path.proxy else path.evidence.basis


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
        "grade": repeated(grade_of),
        "proxy": repeated(lambda path: path.proxy.proxy_id if path.proxy else ""),
    }
