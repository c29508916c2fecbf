"""Forecasts in the layouts of others: IAMC, which pyam reads, and hubverse's model output."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from toolkit.base.errors import DataError, Problem, UsageError
from toolkit.base.texts import say, slug
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Scope
from toolkit.forecast.store import Forecasts
from toolkit.scenario.scenario import Names, Planned, ScenarioFile
from toolkit.scenario.steps import PlannedValues, checked

if TYPE_CHECKING:
    import pandas as pd

IAMC = ("model", "scenario", "region", "variable", "unit", "year", "value")
HUBVERSE = (
    "reference_date", "target", "horizon", "target_end_date", "location", "output_type", "output_type_id", "value"
)  # fmt: skip
MODEL = "langson-toolkit"
LEVELS = (0.1, 0.5, 0.9)
HUBVERSE_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
PLACES = 6
TABLE = "IAMC"
"""What messages call a table that came in."""
CODE = re.compile(r"\[([0-9A-Z-]+)\]\s*$")


def iamc_table(
    scenarios: Mapping[str, Forecasts],
    dataset: Dataset,
    area_codes: Sequence[str],
    *,
    levels: Sequence[float] = LEVELS,
    indicators: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return forecasts in the long IAMC layout, columns :data:`IAMC`.

    A region is ``name [code]``, so that codes keep their zeros; a variable is ``indicator|scope|P50``.

    Parameters
    ----------
    scenarios :
        By name.
    levels :
        Quantiles; 0.5 is what :func:`steps_from_iamc` reads back.
    indicators :
        Only these; all by default.

    Examples
    --------
    >>> table = iamc_table({"as usual": run.forecasts}, run.dataset, ["20"], indicators=["poverty_rate"])
    >>> sorted(set(table["variable"]))[:3]
    ['poverty_rate|all|P10', 'poverty_rate|all|P50', 'poverty_rate|all|P90']
    >>> steps_from_iamc(table[table["variable"].str.contains("all")], run.dataset, "as usual")[0].verb
    'planned_values'
    """
    import pandas as pd

    parts = []
    for name, forecasts in scenarios.items():
        for (code, indicator, scope, across), path in forecasts.paths.items():
            if code not in area_codes or not across or (indicators is not None and indicator not in indicators):
                continue
            part = {
                "model": f"{MODEL} {forecasts.model_name}",
                "scenario": name,
                "region": f"{dataset.areas.get(code).name_vi} [{code}]",
                "variable": np.repeat([f"{indicator}|{scope}|P{100 * level:g}" for level in levels], len(path.years)),
                "unit": path.unit,
                "year": np.tile(path.years, len(levels)),
                "value": path.quantiles(tuple(levels)).round(PLACES).T.ravel(),
            }
            parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(IAMC))


def steps_from_iamc(table: pd.DataFrame, dataset: Dataset, scenario: str) -> tuple[PlannedValues, ...]:
    """Return planned values for every indicator of one scenario of a table in the IAMC layout, long or wide.

    One step an indicator and scope, with all its areas, so that none of them follows another.

    Variables are ``indicator|scope``, with ``|P50`` behind them or nothing; other quantiles are passed over.
    Regions are area codes, names, or ``name [code]``. Years that are over are passed over when the step is
    applied.

    Raises
    ------
    UsageError
        For missing columns or an unknown scenario.
    DataError
        With every row that cannot be used: an unknown indicator or area (with the nearest), a unit that is not the
        indicator's, a value that is no number.
    """
    import pandas as pd

    long = _long(table)
    names = sorted(set(long["scenario"].astype(str)))
    if scenario not in names:
        raise UsageError(say("scenario.no_scenario", scenario=scenario), say("base.choose", choices=", ".join(names)))
    planned: dict[tuple[str, str], dict[str, dict[int, float]]] = {}
    faults: list[Problem] = []
    mine = long[long["scenario"].astype(str) == scenario].dropna(subset=["value"])
    for (region, variable, unit), rows in mine.groupby(["region", "variable", "unit"], sort=True):
        parts = str(variable).split("|")
        name, scope = parts[0], parts[1] if len(parts) > 1 else "all"
        if len(parts) > 2 and parts[2] != "P50":
            continue
        values = pd.to_numeric(rows["value"], errors="coerce")
        wrong = [_fault(row, "value", rows["value"][row], "scenario.no_number") for row in rows.index[values.isna()]]
        try:
            found = CODE.search(str(region))
            area = dataset.areas.find(found[1] if found else str(region), on=dataset.as_of)
            indicator = dataset.indicators.get(name)
        except UsageError as error:
            faults.append(
                Problem(TABLE, int(rows.index[0]) + 2, "", f"{region}, {variable}", error.message, error.remedy)
            )
            continue
        if str(unit) != indicator.unit:
            wrong.append(_fault(rows.index[0], "unit", unit, "scenario.other_unit", indicator.unit))
        faults += wrong
        if not wrong:
            by_year = {int(year): float(value) for year, value in zip(rows["year"], values, strict=True)}
            planned.setdefault((indicator.id, scope), {})[area.code] = by_year
    if faults:
        raise DataError(say("scenario.iamc.refused", scenario=scenario), faults, say("scenario.iamc.remedy"))
    return tuple(
        checked(PlannedValues, indicator, scope=cast("Scope", scope), by_area=by_area)
        for (indicator, scope), by_area in planned.items()
    )


def _fault(row: object, column: str, value: object, key: str, wanted: str = "") -> Problem:
    remedy = say("base.choose", choices=wanted) if wanted else say("scenario.iamc.remedy")
    return Problem(TABLE, int(str(row)) + 2, column, str(value), say(key), remedy)


def scenarios_from_iamc(
    table: pd.DataFrame, forecasts: Forecasts, dataset: Dataset, title: str
) -> tuple[ScenarioFile, tuple[str, ...]]:
    """Return every scenario of an IAMC table as a scenario file of planned values, and the series passed over.

    Passed over is what no scenario can change: series without a year after the newest evidence, those without a
    forecast, and those that are seen through a stand-in.

    Parameters
    ----------
    table :
        As for :func:`steps_from_iamc`.
    forecasts :
        What can be changed.
    title :
        Of the comparison, in both languages.

    Raises
    ------
    UsageError
        As :func:`steps_from_iamc`; and if nothing is left that could be changed.
    """
    planned: list[Planned] = []
    passed: list[str] = []
    codes: list[str] = []
    for name in dict.fromkeys(_long(table)["scenario"].astype(str)):
        kept = []
        for step in steps_from_iamc(table, dataset, name):
            open_, closed = _changeable(step, forecasts)
            passed += [f"{name}: {step.indicator}|{step.scope} [{code}]" for code in closed]
            if open_:
                kept.append(replace(step, by_area=open_))
                codes += open_
        if kept:
            planned.append(Planned(id=slug(name)[:40], title=Names(vi=name, en=name), steps=tuple(kept)))
    if not planned:
        raise UsageError(say("scenario.iamc.nothing"), say("scenario.iamc.remedy"))
    file = ScenarioFile(title=Names(vi=title, en=title), areas=tuple(dict.fromkeys(codes)), scenarios=tuple(planned))
    return file, tuple(passed)


def _changeable(step: PlannedValues, forecasts: Forecasts) -> tuple[dict[str, Mapping[int, float]], list[str]]:
    """Return the areas of a step that a scenario can change, with their values, and the others."""
    open_: dict[str, Mapping[int, float]] = {}
    closed = []
    for code, values in (step.by_area or {}).items():
        path = forecasts.path(code, step.indicator, step.scope)
        if path is None or path.proxy is not None or max(values) <= path.evidence.last_year:
            closed.append(code)
        else:
            open_[code] = values
    return open_, closed


def _long(table: pd.DataFrame) -> pd.DataFrame:
    named = table.reset_index(drop=True).rename(columns={name: str(name).strip().lower() for name in table.columns})
    keys = list(IAMC[:5])
    lacking = [name for name in keys if name not in named]
    if lacking:
        raise UsageError(say("scenario.iamc.lacking", columns=", ".join(lacking)), say("scenario.iamc.remedy"))
    if "year" in named and "value" in named:
        return named
    years = [name for name in named.columns if str(name).isdigit()]
    return named.melt(id_vars=keys, value_vars=years, var_name="year", value_name="value", ignore_index=False)


def hubverse_table(
    forecasts: Forecasts,
    area_codes: Sequence[str],
    *,
    levels: Sequence[float] = HUBVERSE_LEVELS,
) -> pd.DataFrame:
    """Return quantiles of the years after the newest evidence in hubverse's columns (:data:`HUBVERSE`).

    `horizon` counts years from the newest evidence; figures of a year end with it.
    """
    import pandas as pd

    parts = []
    for (code, indicator, scope, across), path in forecasts.paths.items():
        ahead = path.years > path.evidence.last_year
        if code not in area_codes or not across or not ahead.any():
            continue
        years = path.years[ahead]
        part = {
            "reference_date": forecasts.as_of.isoformat(),
            "target": f"{indicator}|{scope}",
            "horizon": np.tile(years - path.evidence.last_year, len(levels)),
            "target_end_date": [f"{year}-12-31" for year in years] * len(levels),
            "location": code,
            "output_type": "quantile",
            "output_type_id": np.repeat(levels, len(years)),
            "value": path.quantiles(tuple(levels))[ahead].round(PLACES).T.ravel(),
        }
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(HUBVERSE))
