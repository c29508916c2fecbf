"""``toolkit check``: all problems of data files, in one list."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from toolkit.base.errors import Problem, UsageError
from toolkit.base.texts import interface_language, say
from toolkit.cli import options


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]…", help="Observation tables; none: the whole data folder.", show_default=False),
    ] = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (the option itself sets the language)
    data: options.Data = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the problems as CSV.")] = False,
    model: Annotated[
        bool, typer.Option("--model", help="Also flag figures of files that the model thinks unlikely.")
    ] = False,
    plan: options.PlanName = None,
    as_html: Annotated[bool, typer.Option("--html", help="Print the problems as a page.")] = False,
    as_json: options.Json = False,
) -> None:
    """Check observation tables, each alone against the project's areas, indicators, sources and standards.

    Example: toolkit check my-district.csv
    """
    from toolkit.data.folder import data_folder
    from toolkit.desk.check import check_file
    from toolkit.desk.problem_page import problem_page

    folder = data_folder(data)
    for file in files or []:
        if not file.is_file():
            raise UsageError(say("cli.no_file", file=file), say("cli.no_file.table"))
    problems = [problem for file in files for problem in check_file(file, folder)] if files else _whole(folder)
    if model and not any(problem.severity == "error" for problem in problems):
        problems += _unlikely(files or [], folder, plan)
    if as_json:
        text = json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=1)
    elif as_html:
        text = problem_page(problems, interface_language())
    elif as_csv:
        text = _csv(problems)
    else:
        text = "\n".join(problem.line() for problem in problems)
    if text:
        print(text)  # noqa: T201
    errors = sum(problem.severity == "error" for problem in problems)
    if not (as_json or as_csv or as_html):
        print(say("cli.checked", errors=errors, warnings=len(problems) - errors))  # noqa: T201
    if errors:
        raise typer.Exit(1)


def _unlikely(files: list[Path], folder: Path, plan: str | None) -> list[Problem]:
    """Return what the model thinks unlikely of files, given the figures of the folder."""
    from toolkit.desk.ingest import prepare, with_doubts
    from toolkit.plan.load import load_plan

    loaded = load_plan(plan, folder=folder)
    prepared = [prepare([file], folder) for file in files]
    return [
        problem for item in prepared for problem in with_doubts(item, loaded).warnings if problem not in item.warnings
    ]


def _whole(folder: Path) -> list[Problem]:
    """Check every table of a data folder, and its plans against them."""
    from toolkit.data.check import check_folder
    from toolkit.data.dataset import load
    from toolkit.plan.check import check_plan

    problems = check_folder(folder)
    if not any(problem.severity == "error" for problem in problems):
        dataset = load(folder)
        problems += [problem for plan in sorted(folder.glob("plans/*.yaml")) for problem in check_plan(plan, dataset)]
    return problems


def _csv(problems: list[Problem]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(Problem.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(problem) for problem in problems)
    return stream.getvalue().rstrip("\n")
