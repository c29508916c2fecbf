"""What may come: ``toolkit forecast``, ``backtest``, ``scenario``, ``explore``. Apart as a group of commands."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolkit.base.errors import UsageError, need_extra
from toolkit.base.files import check_own, own_folder, results_folder, scratch_folder, write_atomic, write_result
from toolkit.base.texts import numbers, say, texts
from toolkit.cli import options
from toolkit.cli.options import option
from toolkit.forecast.make import DRAWS, MODEL, SEED

if TYPE_CHECKING:
    from toolkit.data.tables import InputTable
    from toolkit.run.studies import Backtest


DEFAULT_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
EXPLORE = """from pathlib import Path

import toolkit
from toolkit.forecast.store import open_forecasts

forecasts = open_forecasts(Path({folder!r}))
data = toolkit.load(as_of=forecasts.as_of)
toolkit.explore(toolkit.Run(data, toolkit.load_plan(), forecasts))"""
"""What the page of sliders runs, with the folder of the draws, which are those of a report."""


def forecast(
    table: options.TableFile = None,
    horizon: Annotated[int, option("--horizon", "Years after the origin (with --table).", min=1, max=50)] = 8,
    quantiles: Annotated[str | None, option("--quantiles", "Levels, with commas.", "0.025,0.1,…,0.975")] = None,
    out: Annotated[Path | None, option("--out", "CSV to write.", "standard output", metavar="FILE")] = None,
    area: options.AreaNames = None,
    level: options.LevelName = None,
    indicator: options.IndicatorNames = None,
    as_of: options.AsOf = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (sets the language by itself)
    data: options.Data = None,
    plan: options.PlanName = None,
    draws: options.DrawCount = DRAWS,
    seed: options.Seed = SEED,
    model: options.Model = MODEL,
    as_json: options.Json = False,
) -> None:
    """Forecast what the plan asks about, or any table of short yearly series.

    Example: toolkit forecast --area "Bình Gia" --indicator poverty_rate

    Example: toolkit forecast --table histories.csv --horizon 8 --quantiles 0.1,0.5,0.9 --out forecasts.csv
    """
    levels = parse_levels(quantiles)
    if table is not None:
        from toolkit.forecast.any_table import forecast_table

        result = forecast_table(_histories(table), horizon=horizon, quantiles=levels, model=model)
    else:
        from toolkit.forecast.make import make_forecasts
        from toolkit.forecast.summary import summary_table

        dataset, loaded = options.data_and_plan(data, plan, as_of, indicator)
        codes = [item.code for item in options.wanted_areas(dataset, loaded, area, level, others=True)]
        made = make_forecasts(dataset, loaded, codes, draws=draws, seed=seed, model=model)
        result = summary_table(made, dataset, codes, levels=levels, indicators=indicator)
    from toolkit.reports.index import table_csv

    text = result.to_json(orient="records", force_ascii=False, indent=1) if as_json else table_csv(result)
    if out is None:
        sys.stdout.write(text)
    else:
        write_result(out, text)
        print(say("cli.rows_written", rows=len(result), file=out), file=sys.stderr)


def _histories(file: Path) -> InputTable:
    """Read a table of histories; what is not read of it is said."""
    from toolkit.forecast.any_table import read_histories

    options.existing([file], "cli.no_file.histories")
    return _told(read_histories(file))


def _told(table: InputTable) -> InputTable:
    for problem in table.problems.all():
        print(problem.line(), file=sys.stderr)
    return table


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


def backtest(
    table: options.TableFile = None,
    model: Annotated[
        list[str] | None, option("--model", "Model; may be repeated.", "default, no_change, drift")
    ] = None,
    first: Annotated[int, option("--from", "First origin, a year's end.", min=1900, max=2100)] = 2008,
    area: options.AreaNames = None,
    level: options.LevelName = None,
    indicator: options.IndicatorNames = None,
    as_of: options.AsOf = None,
    out: Annotated[Path | None, option("--out", "Folder.", "reports/backtest", metavar="DIR")] = None,
    lang: options.Lang = "vi",
    data: options.Data = None,
    plan: options.PlanName = None,
    draws: options.DrawCount = 1000,
    seed: options.Seed = SEED,
    as_json: options.Json = False,
) -> None:
    """Forecast from past origins with what was known then, and score what came since.

    Writes tables (scores, by number of points, horizon, evidence grade and panel, reliability, all outcomes with
    their quantiles and thresholds) and a figure into a folder. The error is the weighted interval score of 23
    quantiles, relative to the error of "no change".

    Example: toolkit backtest --indicator poverty_rate --from 2015 --lang en

    Example: toolkit backtest --table histories.csv --model default --model theta
    """
    from toolkit.run.studies import MODELS, write_backtest
    from toolkit.run.studies import backtest as scored

    where = check_own(out or results_folder() / "backtest")
    chosen: Sequence[Any] = list(dict.fromkeys(model)) if model else MODELS
    language = texts(lang).language
    if table is not None:
        _only_table({"--area": area, "--level": level, "--indicator": indicator, "--as-of": as_of, "--plan": plan})
        found = scored(chosen, table=_histories(table), progress=_progress)
    else:
        dataset, loaded = options.data_and_plan(data, plan, as_of, indicator)
        codes = [item.code for item in options.wanted_areas(dataset, loaded, area, level, others=True)]
        found = scored(
            chosen, data=dataset, plan=loaded, indicators=indicator or (), first=first, draws=draws, seed=seed,
            areas=codes, progress=_progress,
        )  # fmt: skip
    with own_folder(where):
        write_backtest(found, where, language=language)
    if as_json:
        sys.stdout.write(found.scores.to_json(orient="records", force_ascii=False, indent=1))
    else:
        _print_scores(found, where, language)


def _only_table(options_of_plan: dict[str, object]) -> None:
    named = [name for name, value in options_of_plan.items() if value]
    if named:
        raise UsageError(say("run.backtest.one_table", names=", ".join(named)), say("run.backtest.one_table.remedy"))


def _progress(model: str) -> None:
    print(say("run.backtest.model", model=model), file=sys.stderr)


def _print_scores(found: Backtest, folder: Path, language: str) -> None:
    form = numbers(language)
    for line in found.scores.to_dict("records"):
        words = {name: form.decimal(line[name], 2) for name in ("wis", "brier", "base_rate")}
        cover = form.with_error(line["covers_80"], line["covers_80_error"], 2)
        print(
            say("run.backtest.line", model=line["model"], outcomes=int(line["outcomes"]), wis=words["wis"],
                cover=cover, brier=words["brier"], base=words["base_rate"])
        )  # fmt: skip
    if "dated_by_rule" in found.rows.columns:
        share = form.decimal(float(found.rows["dated_by_rule"].mean()), 2)
        print(say("run.backtest.by_rule", share=share))
    print(say("run.review.written", folder=folder))


def scenario(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Scenarios in YAML; or a table in the IAMC layout, as CSV or XLSX.")
    ],
    out: Annotated[Path | None, option("--out", "Folder.", "reports/scenario-FILE", metavar="DIR")] = None,
    lang: options.Lang = "vi",
    as_of: options.AsOf = None,
    data: options.Data = None,
    plan: options.PlanName = None,
    draws: options.DrawCount = DRAWS,
    seed: options.Seed = SEED,
    model: options.Model = MODEL,
    formats: Annotated[str, option("--format", "Forms: html,docx,pdf (docx: an annex to a letter).")] = "html",
    as_json: options.Json = False,
) -> None:
    """Compare scenarios with business as usual: tables, charts, one page an area; iamc.csv and hubverse.csv beside.

    Example: toolkit scenario data/scenarios/poverty.yaml --lang en
    """
    from toolkit.data.tables import WORKBOOKS, InputTable
    from toolkit.run.session import compute_run
    from toolkit.run.studies import scenario_run
    from toolkit.scenario.exchange import passed_over, read_iamc, scenarios_from_iamc
    from toolkit.scenario.scenario import read_scenarios

    options.existing([file], "scenario.file.remedy")
    forms = options.forms(formats, ("html", "docx", "pdf"))
    folder = check_own(out or results_folder() / f"scenario-{file.stem}")
    read = read_iamc(file) if file.suffix.lower() in {".csv", *WORKBOOKS} else read_scenarios(file)
    areas, day = (() if isinstance(read, InputTable) else read.areas), options.counted_day(as_of)
    run = compute_run(areas, data=data, plan=plan, as_of=day, draws=draws, seed=seed, model=model)
    passed: tuple[str, ...] = ()
    if isinstance(read, InputTable):
        read, passed = scenarios_from_iamc(_told(read), run.forecasts, run.dataset, file.stem)
    if passed:
        print(passed_over(passed), file=sys.stderr)
    with own_folder(folder):
        found = scenario_run(run, read, folder, language=texts(lang).language, formats=forms)
    if as_json:
        sys.stdout.write(found.comparison.to_json(orient="records", force_ascii=False, indent=1))
    else:
        print(say("scenario.written", count=len(found.pages), page=found.pages[0]))


def explore(
    port: Annotated[int, option("--port", "Port of this machine.", min=1, max=65535)] = 8866,
    lang: options.Lang = "vi",  # noqa: ARG001  (sets the language by itself)
    data: options.Data = None,
) -> None:
    """Serve a page with sliders for scenarios to the browser of this machine; the address holds the key to it.

    The forecasts are made once, before the page is served, with the draws of a report.

    Example: toolkit explore --lang en
    """
    need_extra("lab")
    from jupyter_server import DEFAULT_STATIC_FILES_PATH
    from jupyter_server.auth import PasswordIdentityProvider
    from nbformat import writes
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
    from traitlets import Type
    from voila.app import Voila

    from toolkit.data.dataset import data_folder
    from toolkit.run.manifest import FORECASTS
    from toolkit.run.session import compute_run, save_run

    class Keeper(PasswordIdentityProvider):
        """Checks where a request comes from even if it brings the key."""

        def should_check_origin(self, handler: Any) -> bool:  # noqa: ARG002
            return True

    class Page(Voila):  # type: ignore[misc]
        """Voilà, which by itself answers to any name of this machine: a page elsewhere could reach it."""

        identity_provider_class = Type(Keeper)

        def init_settings(self) -> dict[str, Any]:
            local = {"allow_remote_access": False, "static_path": DEFAULT_STATIC_FILES_PATH}
            return {**super().init_settings(), **local}

    with socket.socket() as door:
        if door.connect_ex(("127.0.0.1", port)) == 0:  # told before the forecasts are made
            raise UsageError(say("scenario.explorer.port", port=port), say("scenario.explorer.port.remedy"))
    os.environ["TOOLKIT_DATA"] = str(data_folder(data).resolve())
    token = secrets.token_urlsafe(24)
    idle = [f"--MappingKernelManager.cull_{name}" for name in ("idle_timeout=600", "interval=60", "connected=True")]
    sockets = ["--KernelManager.transport=ipc"] if os.name == "posix" else []
    with scratch_folder("explore", sockets=True) as folder:
        print(f"{say('run.forecasting')} …", file=sys.stderr, flush=True)
        save_run(compute_run(data=data, folder=folder), folder, ())
        print(f"http://localhost:{port}/?token={token}", flush=True)
        page = new_notebook(
            cells=[
                new_markdown_cell(f"# {say('scenario.explorer.title')}\n\n{say('scenario.explorer.page')}"),
                new_code_cell(EXPLORE.format(folder=str(folder / FORECASTS))),
            ],
            metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        )
        write_atomic(folder / "page.ipynb", writes(page))
        given = [f"--port={port}", "--Voila.port_retries=0", "--Voila.ip=127.0.0.1", f"--Voila.token={token}"]
        places = [f"--Voila.connection_dir_root={folder}", "--no-browser", "--Voila.log_level=ERROR"]
        Page.launch_instance([str(folder / "page.ipynb"), *given, *places, *idle, *sockets])
