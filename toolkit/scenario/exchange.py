"""Forecasts in the layouts of others: IAMC, which pyam reads, and hubverse's model output."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain, count
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from toolkit.base.errors import DataError, UsageError
from toolkit.base.problems import Phrase, Problems, has_error
from toolkit.base.texts import say, several, slug
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Both, Indicator, Scope
from toolkit.data.parsing import year_of
from toolkit.data.schemas import SCOPES
from toolkit.data.tables import InputTable, TableLayout, read_table, table_of_frame
from toolkit.forecast.paths import Path
from toolkit.forecast.store import Forecasts
from toolkit.scenario.scenario import Planned, ScenarioFile, checked_step
from toolkit.scenario.steps import PlannedValues

if TYPE_CHECKING:
    import pandas as pd

EVIDENCE = ("grade", "bound", "proxy")
"""What a forecast rests on, in both layouts; texts that are never empty, since pyam refuses empty cells."""
IAMC = ("model", "scenario", "region", "variable", "unit", "year", "value", *EVIDENCE)
HUBVERSE = (
    "reference_date", "target", "horizon", "target_end_date", "location", "output_type", "output_type_id", "value",
    *EVIDENCE,
)  # fmt: skip
IAMC_LAYOUT = TableLayout(
    IAMC[:5], ("year", "value", "subannual", *EVIDENCE), also=lambda name: year_of(name) is not None, fewest=3
)
"""A sheet of pyam's on models and scenarios has two of its names, and is no table of figures."""
WHOLE_YEAR = "year"
"""What stands in the column `subannual` of a figure of a whole year, if anything does."""
MODEL = "langson-toolkit"
IAMC_LEVELS = (0.1, 0.5, 0.9)
HUBVERSE_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
PLACES = 6
LAST_YEAR = 2100
"""Later ones no step of a scenario takes."""
LONGEST_ID = 36
"""Letters of a scenario's id before what tells it from one that begins alike."""
MOST_NAMED = 100
"""Series passed over that are named."""
QUANTILE = re.compile(r"P\d{1,2}(?:\.\d+)?", re.ASCII)
CODE = re.compile(r"\[([0-9A-Z-]+)\]\s*$")


def iamc_table(
    scenarios: Mapping[str, Forecasts],
    dataset: Dataset,
    area_codes: str | Sequence[str],
    *,
    levels: Sequence[float] = IAMC_LEVELS,
    indicators: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return forecasts in the long IAMC layout, columns :data:`IAMC`; those of :data:`EVIDENCE` are pyam's extra ones.

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
    parts, codes = [], several(area_codes)
    for name, forecasts in scenarios.items():
        for (code, indicator, scope, across), path in forecasts.paths.items():
            if code not in codes or not across or (indicators is not None and indicator not in several(indicators)):
                continue
            part = {
                "model": f"{MODEL} {forecasts.model_name}",
                "scenario": name,
                "region": f"{dataset.areas.get(code).name_vi} [{code}]",
                "variable": np.repeat([f"{indicator}|{scope}|P{100 * level:g}" for level in levels], len(path.years)),
                "unit": path.unit,
                "year": np.tile(path.years, len(levels)),
                "value": path.quantiles(tuple(levels)).round(PLACES).T.ravel(),
                **evidence_of(path),
            }
            parts.append(part)
    return _stacked(parts, IAMC)


def _stacked(parts: Sequence[Mapping[str, object]], columns: Sequence[str]) -> pd.DataFrame:
    """Return tables below each other, each a mapping of columns; an empty one of these columns if there are none."""
    import pandas as pd

    return pd.concat(map(pd.DataFrame, parts), ignore_index=True) if parts else pd.DataFrame(columns=list(columns))


def read_iamc(file: FilePath) -> InputTable:
    """Read a CSV file or a workbook in the IAMC layout, long or wide.

    Raises
    ------
    DataError
        With every problem of the file.
    """
    return read_table(file, IAMC_LAYOUT, say("scenario.file.refused", file=file.name), say("forecast.table.one_sheet"))


def steps_from_iamc(table: pd.DataFrame | InputTable, dataset: Dataset, scenario: str) -> tuple[PlannedValues, ...]:
    """Return planned values for every indicator of one scenario of a table in the IAMC layout, long or wide.

    One step an indicator and scope, with all its areas, so that none of them follows another.

    A scenario of several models is one scenario for each, called ``scenario (model)``. Variables are
    ``indicator|scope``, with ``|P50`` behind them or nothing; other quantiles are passed over. Regions are area codes,
    names, or ``name [code]``. Years that are over are passed over when the step is applied.

    Raises
    ------
    UsageError
        For an unknown scenario.
    DataError
        With every row that cannot be used: an empty cell, an unknown indicator or area (with the nearest), a unit that
        is not the indicator's, a value that is no number or out of bounds, a part of a year, a year given twice; and
        for missing columns.
    """
    cells, file = _cells(table)
    names = sorted({cell.scenario for cell in cells})
    if scenario not in names:
        raise UsageError(say("scenario.no_scenario", scenario=scenario), say("base.choose", choices=", ".join(names)))
    return _steps([cell for cell in cells if cell.scenario == scenario], dataset, scenario, file)


class _Cell(NamedTuple):
    """A value of an IAMC table, with what it is a value of; the scenario with its model where several have that one."""

    row: int
    scenario: str
    region: str
    variable: str
    unit: str
    year: int
    value: float


def _steps(cells: Sequence[_Cell], dataset: Dataset, scenario: str, file: Problems) -> tuple[PlannedValues, ...]:
    """Return the steps of one scenario's cells."""
    problems = Problems(file.file, file.sheet)
    planned: dict[tuple[str, Scope], dict[str, dict[int, float]]] = {}
    for cell in cells:
        found = _series(cell, dataset, problems)
        if found is None:
            continue
        indicator, scope, code = found
        by_year = planned.setdefault((indicator.id, scope), {}).setdefault(code, {})
        if not indicator.within(cell.value):
            bounds = {"lower": indicator.lower, "upper": indicator.upper, "indicator": indicator.names}
            problems.add("out_of_bounds", cell.row, str(cell.year), f"{cell.value:g}", fields=bounds)
        if cell.year > LAST_YEAR:
            problems.add("no_year", cell.row, "year", str(cell.year))
        if cell.year in by_year:
            problems.add("scenario.problem.year_twice", cell.row, "year", str(cell.year))
        by_year[cell.year] = cell.value
    if problems.found:
        remedy = say("scenario.iamc.remedy")
        raise DataError(say("scenario.iamc.refused", scenario=scenario), list(dict.fromkeys(problems.all())), remedy)
    return tuple(
        checked_step(PlannedValues, indicator, scope=scope, by_area=by_area)
        for (indicator, scope), by_area in sorted(planned.items())
    )


def _series(cell: _Cell, dataset: Dataset, problems: Problems) -> tuple[Indicator, Scope, str] | None:
    """Return indicator, scope and area code of a cell, noting what is none; None for what is not read."""
    name, *rest = cell.variable.split("|")
    scope, *parts = rest or ["all"]
    if parts and parts != ["P50"]:
        if len(parts) > 1 or not QUANTILE.fullmatch(parts[0]):
            problems.add("scenario.problem.other_part", cell.row, "variable", cell.variable)
        return None
    try:
        found = CODE.search(cell.region)
        area = dataset.areas.find(found[1] if found else cell.region, on=dataset.as_of)
        indicator = dataset.indicators.get(name)
    except UsageError as error:
        said = {"reason": error.message, "advice": error.remedy}
        problems.add("scenario.problem.unknown", cell.row, "", f"{cell.region}, {cell.variable}", fields=said)
        return None
    if scope not in SCOPES:
        problems.add("unknown_choice", cell.row, "variable", scope, fields={"near": ", ".join(SCOPES)})
    if cell.unit != indicator.unit:
        problems.add("scenario.problem.other_unit", cell.row, "unit", cell.unit, fields={"wanted": indicator.unit})
    return indicator, cast("Scope", scope), area.code


def _cells(table: pd.DataFrame | InputTable) -> tuple[list[_Cell], Problems]:
    """Return the values of a table, long or wide, all of whose cells can be read."""
    if not isinstance(table, InputTable):
        table = table_of_frame(table, IAMC_LAYOUT, "IAMC")
    wide, note = {name: year for name in table.columns if (year := year_of(name)) is not None}, table.problems.add
    if not has_error(table.problems.found):
        for name in ("year", "value"):
            if not table.has(name) and not wide:
                note(
                    "missing_column",
                    table.header_row,
                    name,
                    fields={"near": Phrase("data.columns.needed", {"names": ", ".join(IAMC[:7])})},
                )
            elif table.has(name) and wide:
                note("scenario.problem.long_and_wide", table.header_row, name)
    years, columns = [], {}
    if not has_error(table.problems.found):
        table.check_filled(*IAMC[:4], *([] if wide else ["year"]))
        if table.has("subannual"):
            table.parsed("subannual", lambda text: text if text.casefold() == WHOLE_YEAR else None, "part_of_year")
        columns = {name: table.numbers(name) for name in wide or ["value"]}
        years = [] if wide else table.years("year")
    if has_error(table.problems.found):
        message = say("scenario.file.refused", file=table.problems.file)
        raise DataError(message, table.problems.all(), say("scenario.iamc.remedy"))
    models, scenarios, regions, variables, units = (table.texts(name) for name in IAMC[:5])
    of_name = Counter(scenario for scenario, _ in {*zip(scenarios, models, strict=True)})
    cells = []
    for at, row in enumerate(table.rows):
        label = f"{scenarios[at]} ({models[at]})" if of_name[scenarios[at]] > 1 else scenarios[at]
        for name, values in columns.items():
            year, value = wide.get(name) if wide else years[at], values[at]
            if year is not None and value is not None:
                cells.append(_Cell(row.number, label, regions[at], variables[at], units[at], year, value))
    return cells, table.problems


def scenarios_from_iamc(
    table: pd.DataFrame | InputTable, forecasts: Forecasts, dataset: Dataset, title: str
) -> tuple[ScenarioFile, tuple[str, ...]]:
    """Return every scenario of an IAMC table as a scenario file of planned values, and the series passed over.

    Passed over is what no scenario can change: series without a year after the newest evidence, those without a
    forecast, those that are seen through a stand-in, and scenarios without a median.

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
    planned: dict[str, Planned] = {}
    passed: list[str] = []
    codes: list[str] = []
    cells, source = _cells(table)
    for name in dict.fromkeys(cell.scenario for cell in cells):
        kept = []
        steps = _steps([cell for cell in cells if cell.scenario == name], dataset, name, source)
        for step in steps:
            open_, closed = _changeable(step, forecasts)
            passed += [f"{name}: {step.indicator}|{step.scope} [{code}]" for code in closed]
            if open_:
                kept.append(replace(step, by_area=open_))
                codes += open_
        if kept:
            short = slug(name)[:LONGEST_ID] or "scenario"
            key = next(key for key in chain([short], (f"{short}-{n}" for n in count(2))) if key not in planned)
            planned[key] = Planned(id=key, title=Both(vi=name, en=name), steps=tuple(kept))
        elif not steps:
            passed.append(name)
    if not planned:
        raise UsageError(say("scenario.iamc.nothing"), passed_over(passed))
    file = ScenarioFile(
        title=Both(vi=title, en=title), areas=tuple(dict.fromkeys(codes)), scenarios=tuple(planned.values())
    )
    return file, tuple(passed)


def passed_over(series: Sequence[str]) -> str:
    """Say which series no scenario can change, and why that may be."""
    named = "; ".join(series[:MOST_NAMED]) + (" …" if len(series) > MOST_NAMED else "")
    return say("scenario.iamc.passed", count=len(series), series=named)


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


def evidence_of(path: Path) -> dict[str, str]:
    """Return the evidence of a path as texts by :data:`EVIDENCE`: its grade, whether it is exact or a bound, its proxy.

    >>> evidence_of(run.forecasts.path("20", "poverty_rate", "dtts"))
    {'grade': 'A·D', 'bound': 'upper_bound', 'proxy': 'poverty_dtts_from_all'}
    """
    bound = "exact" if path.proxy is None or path.proxy.relation == "equal" else path.proxy.relation
    return {"grade": path.grade, "bound": bound, "proxy": path.proxy.proxy_id if path.proxy else "none"}


def reference_date(as_of: date) -> date:
    """Return the day from which horizons count: the end of the year in which forecasts were made.

    Figures of a year end with it, so that `target_end_date` is this day and `horizon` whole years.
    """
    return date(as_of.year, 12, 31)


def hubverse_table(forecasts: Forecasts, area_codes: Sequence[str]) -> pd.DataFrame:
    """Return quantiles of the years without evidence in hubverse's columns (:data:`HUBVERSE`).

    `horizon` counts years from `reference_date`, 0 for the year in which the forecasts were made; estimates of
    years that were over by then are no forecasts and have no row.
    """
    parts, levels, origin = [], HUBVERSE_LEVELS, reference_date(forecasts.as_of)
    for (code, indicator, scope, across), path in forecasts.paths.items():
        ahead = (path.years > path.evidence.last_year) & (path.years >= origin.year)
        if code not in area_codes or not across or not ahead.any():
            continue
        years = path.years[ahead]
        part = {
            "reference_date": origin.isoformat(),
            "target": f"{indicator}|{scope}",
            "horizon": np.tile(years - origin.year, len(levels)),
            "target_end_date": [origin.replace(year=int(year)).isoformat() for year in years] * len(levels),
            "location": code,
            "output_type": "quantile",
            "output_type_id": np.repeat(levels, len(years)),
            "value": path.quantiles(levels)[ahead].round(PLACES).T.ravel(),
            **evidence_of(path),
        }
        parts.append(part)
    return _stacked(parts, HUBVERSE)
