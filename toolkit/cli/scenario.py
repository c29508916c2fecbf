"""``toolkit scenario``: what would follow if things went differently."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from toolkit.base.errors import UsageError
from toolkit.base.texts import say, texts
from toolkit.cli import options

MOST_NAMED = 5
"""So many series that were passed over are named."""


def scenario(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Scenarios in YAML; or a table in the IAMC layout, as CSV or XLSX.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder.", show_default="reports/scenario-FILE")
    ] = None,
    lang: options.Lang = "vi",
    as_of: options.AsOf = None,
    data: options.Data = None,
    plan: options.PlanName = None,
    draws: options.Draws = 2000,
    seed: options.Seed = 138,
    model: options.Model = "default",
    as_json: options.Json = False,
) -> None:
    """Compare scenarios with business as usual: tables, charts, one page an area; iamc.csv and hubverse.csv beside.

    Example: toolkit scenario data/scenarios/poverty.yaml --lang en
    """
    if not file.is_file():
        raise UsageError(say("scenario.no_file", file=file), say("scenario.file.remedy"))
    from toolkit.run.manifest import PROJECT
    from toolkit.run.session import compute_run
    from toolkit.run.studies import scenario_run
    from toolkit.scenario.exchange import read_iamc, scenarios_from_iamc
    from toolkit.scenario.scenario import read_scenarios

    table = read_iamc(file) if file.suffix.lower() in (".csv", ".xlsx") else None
    wanted = read_scenarios(file) if table is None else None
    run = compute_run(data=data, plan=plan, as_of=options.day_of(as_of), draws=draws, seed=seed, model=model)
    if wanted is None and table is not None:
        wanted, passed = scenarios_from_iamc(table, run.forecasts, run.dataset, file.stem)
        if passed:
            said = say("scenario.iamc.passed", count=len(passed), series="; ".join(passed[:MOST_NAMED]))
            sys.stderr.write(f"{said}\n")
    if wanted is None:
        raise UsageError(say("scenario.no_file", file=file), say("scenario.file.remedy"))
    folder = out or PROJECT / "reports" / f"scenario-{file.stem}"
    found = scenario_run(run, wanted, folder, language=texts(lang).language)
    if as_json:
        sys.stdout.write(found.comparison.to_json(orient="records", force_ascii=False, indent=1))
    else:
        print(say("scenario.written", count=len(found.pages), page=found.pages[0]))  # noqa: T201
