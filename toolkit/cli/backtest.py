"""``toolkit backtest``: forecasts from past origins, held against what came."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.base.errors import UsageError
from toolkit.base.numbers import numbers
from toolkit.base.texts import say, texts
from toolkit.cli import options
from toolkit.cli.forecast import existing

if TYPE_CHECKING:
    from toolkit.run.studies import Backtest


def backtest(
    table: options.Table = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="Model; may be repeated.", show_default="default, no_change, drift"),
    ] = None,
    first: Annotated[int, typer.Option("--from", min=1900, max=2100, help="First origin, a year's end.")] = 2008,
    area: options.AreaNames = None,
    level: options.Level = None,
    indicator: options.Indicators = None,
    as_of: options.AsOf = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder.", show_default="reports/backtest")
    ] = None,
    lang: options.Lang = "vi",
    data: options.Data = None,
    plan: options.PlanName = None,
    draws: options.Draws = 1000,
    seed: options.Seed = 138,
    as_json: options.Json = False,
) -> None:
    """Forecast from past origins with what was known then, and score what came since.

    Writes tables (scores, by number of points, horizon, evidence grade and panel, reliability, all outcomes) and
    figures into a folder.

    Example: toolkit backtest --indicator poverty_rate --from 2015 --lang en

    Example: toolkit backtest --table histories.csv --model default --model theta
    """
    from toolkit.run.manifest import PROJECT
    from toolkit.run.studies import of_table, write_backtest

    chosen = _models(model)
    language = texts(lang).language
    if table is not None:
        _only_table({"--area": area, "--level": level, "--indicator": indicator, "--as-of": as_of, "--plan": plan})
        found = of_table(existing(table), chosen, progress=_progress)
    else:
        from toolkit.cli.areas import wanted_areas
        from toolkit.data.dataset import data_folder, load
        from toolkit.plan.load import load_plan
        from toolkit.run.studies import of_plan

        folder = data_folder(data)
        dataset, loaded = load(folder, as_of=options.day_of(as_of)), load_plan(plan, folder=folder)
        for name in indicator or []:
            dataset.indicators.get(name)
        codes = [item.code for item in wanted_areas(dataset, loaded, area, level)]
        found = of_plan(
            dataset, loaded, codes, chosen, first=first, indicators=indicator or (), draws=draws, seed=seed,
            progress=_progress,
        )  # fmt: skip
    where = out or PROJECT / "reports" / "backtest"
    write_backtest(found, where, language=language)
    if as_json:
        sys.stdout.write(found.scores.to_json(orient="records", force_ascii=False, indent=1))
    else:
        _tell(found, where, language)


def _models(names: list[str] | None) -> list[str]:
    from toolkit.models import NAMES
    from toolkit.run.studies import BASELINES

    chosen = list(dict.fromkeys(names or ("default", *BASELINES)))
    for name in chosen:
        if name not in NAMES:
            raise UsageError(say("forecast.no_model", model=name), say("base.choose", choices=", ".join(NAMES)))
    return chosen


def _only_table(options_of_plan: dict[str, object]) -> None:
    named = [name for name, value in options_of_plan.items() if value]
    if named:
        raise UsageError(say("run.backtest.one_table", names=", ".join(named)), say("run.backtest.one_table.remedy"))


def _progress(model: str) -> None:
    print(say("run.backtest.model", model=model), file=sys.stderr)  # noqa: T201


def _tell(found: Backtest, folder: Path, language: str) -> None:
    form = numbers(language)
    for line in found.scores.to_dict("records"):
        words = {name: form.decimal(line[name], 2) for name in ("crps", "brier", "base_rate")}
        cover = form.with_error(line["covers_80"], line["covers_80_error"], 2)
        print(  # noqa: T201
            say("run.backtest.line", model=line["model"], outcomes=int(line["outcomes"]), crps=words["crps"],
                cover=cover, brier=words["brier"], base=words["base_rate"])
        )  # fmt: skip
    if "dated_by_rule" in found.rows.columns:
        share = form.decimal(float(found.rows["dated_by_rule"].mean()), 2)
        print(say("run.backtest.by_rule", share=share))  # noqa: T201
    print(say("run.review.written", folder=folder))  # noqa: T201
