"""``toolkit check``: all problems of data files, in one list."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.base.problems import COLUMNS, Problem
from toolkit.base.texts import say
from toolkit.cli import options

if TYPE_CHECKING:
    from toolkit.intake.mapping import ColumnMapping
    from toolkit.plan.plan import Plan


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]…", help="Observation tables; none: the whole data folder.", show_default=False),
    ] = None,
    mapping: options.MappingFile = None,
    column: options.Columns = None,
    fixed: options.Fixed = None,
    years: options.Years = False,
    area_level: options.AreaLevel = None,
    as_of: options.AsOf = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (the option itself sets the language)
    data: options.Data = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the problems as CSV.")] = False,
    model: Annotated[
        bool, typer.Option("--model", help="Also flag figures that the model thinks unlikely, given all others.")
    ] = False,
    plan: options.PlanName = None,
    as_json: options.Json = False,
) -> None:
    """Check observation tables, each alone against the project's areas, indicators, sources and standards.

    Example: toolkit check my-district.csv

    Example: toolkit check --model
    """
    from toolkit.data.dataset import data_folder
    from toolkit.intake.mapping import mapping_of
    from toolkit.plan.load import load_plan

    folder, day = data_folder(data), options.day_of(as_of)
    options.existing(files or [])
    declared = mapping_of(mapping, column or (), fixed or (), years=years, area_level=area_level)
    problems = _of_files(files, folder, declared, day) if files else _whole(folder, day)
    if model and not any(problem.severity == "error" for problem in problems):
        loaded = load_plan(plan, folder=folder)
        problems += _unlikely(files, folder, declared, loaded, day) if files else _unlikely_held(folder, loaded, day)
    if as_json:
        text = json.dumps([problem.as_row() for problem in problems], ensure_ascii=False, indent=1)
    elif as_csv:
        text = _csv(problems)
    else:
        text = "\n".join(problem.line() for problem in problems)
    if text:
        print(text)  # noqa: T201
    errors = sum(problem.severity == "error" for problem in problems)
    if not (as_json or as_csv):
        print(say("cli.checked", errors=errors, warnings=len(problems) - errors))  # noqa: T201
    if errors:
        raise typer.Exit(1)


def _of_files(files: list[Path], folder: Path, mapping: ColumnMapping | None, day: date) -> list[Problem]:
    """Check files one by one, judged on a day."""
    from toolkit.data.dataset import usable_folder
    from toolkit.intake.incoming import check_file

    reference = usable_folder(folder)[0]
    reference = replace(reference, today=min(day, reference.today))
    return [problem for file in files for problem in check_file(file, reference, mapping)]


def _unlikely(files: list[Path], folder: Path, mapping: ColumnMapping | None, plan: Plan, day: date) -> list[Problem]:
    """Return what the model thinks unlikely of files, given the figures of the folder."""
    from toolkit.intake.ingest import prepare, with_doubts

    prepared = [prepare([file], folder, mapping, today=day) for file in files]
    if not options.few_enough(sum(len(item.changes) for item in prepared)):
        return []
    doubted = [(item, with_doubts(item, plan)) for item in prepared]
    return [problem for item, found in doubted for problem in found.warnings if problem not in item.warnings]


def _unlikely_held(folder: Path, plan: Plan, day: date) -> list[Problem]:
    """Return what the model thinks unlikely of the folder's own figures, each given all others."""
    from toolkit.data.dataset import load
    from toolkit.intake.incoming import as_problem, doubts_within

    dataset = load(folder, as_of=day)
    if not options.few_enough(len(dataset.figures)):
        return []
    return [as_problem(doubt) for doubt in doubts_within(dataset, plan)]


def _whole(folder: Path, day: date) -> list[Problem]:
    """Check every table of a data folder, as far as known on a day, and its plans against them."""
    from toolkit.data.dataset import check_folder, load
    from toolkit.data.schemas import OBSERVATIONS
    from toolkit.plan.load import check_plan

    problems = check_folder(folder)
    if not any(problem.severity == "error" for problem in problems):
        dataset = load(folder, as_of=day)
        known = set(dataset.observations["row"])
        problems = [item for item in problems if item.file != OBSERVATIONS.file or item.row in known]
        problems += [problem for plan in sorted(folder.glob("plans/*.yaml")) for problem in check_plan(plan, dataset)]
    return problems


def _csv(problems: list[Problem]) -> str:
    rows = [problem.as_row() for problem in problems]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().rstrip("\n")
