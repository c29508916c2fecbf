"""Forecasts as one long table: for each area, indicator and year the quantiles, and what they rest on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from toolkit.data.dataset import Dataset
from toolkit.forecast.paths import Path
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
    tables = [
        _rows(forecasts.paths[key], dataset, levels)
        for code in area_codes
        for key in forecasts.keys_of(code)
        if key[3] and (indicators is None or key[1] in indicators)
    ]
    names = [f"q{level:g}" for level in levels]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*COLUMNS, *names])


def _rows(path: Path, dataset: Dataset, levels: tuple[float, ...]) -> pd.DataFrame:
    quantiles = path.quantiles(levels)
    frame = pd.DataFrame(
        {
            "area_code": path.area_code,
            "area_name": dataset.areas.get(path.area_code).name_vi,
            "indicator": path.indicator,
            "scope": path.scope,
            "unit": path.unit,
            "year": path.years,
            "standard": list(path.standards),
            "observed": path.observed & (path.proxy is None),
            "grade": grade_of(path),
            "proxy": path.proxy.proxy_id if path.proxy else "",
        }
    )
    for column, level in enumerate(levels):
        frame[f"q{level:g}"] = np.round(quantiles[:, column], 6)
    return frame
