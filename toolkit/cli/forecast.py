"""``toolkit forecast``: the plan's forecasts as a table, or those of any table of short series."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.cli import options
from toolkit.cli.areas import wanted_areas

DEFAULT_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


def forecast(
    table: options.Table = None,
    horizon: Annotated[
        int, typer.Option("--horizon", min=1, max=50, help="Years after the origin (with --table).")
    ] = 8,
    quantiles: Annotated[
        str | None, typer.Option("--quantiles", help="Levels, with commas.", show_default="0.025,0.1,…,0.975")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="CSV to write.", show_default="standard output")
    ] = None,
    area: options.AreaNames = None,
    level: options.Level = None,
    indicator: options.Indicators = None,
    as_of: options.AsOf = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (the option itself sets the language)
    data: options.Data = None,
    plan: options.PlanName = None,
    draws: options.Draws = 2000,
    seed: options.Seed = 138,
    model: options.Model = "default",
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FILE", help="Other weights (with --table).", show_default="all panels'"),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Forecast what the plan asks about, or any table of short yearly series.

    Example: toolkit forecast --area "Bình Gia" --indicator poverty_rate

    Example: toolkit forecast --table histories.csv --horizon 8 --quantiles 0.1,0.5,0.9 --out forecasts.csv
    """
    levels = parse_levels(quantiles)
    if table is not None:
        from toolkit.forecast.any_table import forecast_table

        result = forecast_table(existing(table), horizon=horizon, quantiles=levels, model=model, weights=weights)
    elif weights is not None:
        raise UsageError(say("cli.weights_without_table"), say("cli.no_file.histories"))
    else:
        from toolkit.data.dataset import data_folder, load
        from toolkit.forecast.make import make_forecasts
        from toolkit.forecast.summary import summary_table
        from toolkit.plan.load import load_plan

        folder = data_folder(data)
        dataset = load(folder, as_of=options.day_of(as_of))
        loaded = load_plan(plan, folder=folder)
        for name in indicator or []:
            dataset.indicators.get(name)
        areas = wanted_areas(dataset, loaded, area, level)
        codes = [item.code for item in areas]
        made = make_forecasts(dataset, loaded, codes, draws=draws, seed=seed, model=model)
        result = summary_table(made, dataset, codes, levels=levels, indicators=indicator)
    text = (
        result.to_json(orient="records", force_ascii=False, indent=1)
        if as_json
        else result.to_csv(index=False, lineterminator="\n")
    )
    if out is None:
        sys.stdout.write(text)
    else:
        from toolkit.base.files import write_atomic

        write_atomic(out, text)
        print(say("cli.rows_written", rows=len(result), file=out), file=sys.stderr)  # noqa: T201


def parse_levels(text: str | None) -> tuple[float, ...]:
    """Return quantile levels from text such as ``0.1,0.5,0.9``, sorted.

    Raises
    ------
    UsageError
        If a part is no number between 0 and 1, both excluded.
    """
    if text is None:
        return DEFAULT_LEVELS
    try:
        levels = sorted({float(part) for part in text.split(",")})
    except ValueError as error:
        raise UsageError(say("cli.no_levels", text=text), say("cli.no_levels.remedy")) from error
    if not all(0 < level < 1 for level in levels):
        raise UsageError(say("cli.levels_outside", text=text), say("cli.no_levels.remedy"))
    return tuple(levels)


def existing(table: Path) -> Path:
    """Return the path of a table of histories.

    Raises
    ------
    UsageError
        If there is no such file.
    """
    if not table.is_file():
        raise UsageError(say("cli.no_file", file=table), say("cli.no_file.histories"))
    return table
