"""``toolkit ingest``: figures into the data folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.cli import options

if TYPE_CHECKING:
    from toolkit.intake.ingest import Ingest


def ingest(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Filled templates, CSV tables or workbooks.")],
    mapping: options.MappingFile = None,
    column: options.Columns = None,
    fixed: options.Fixed = None,
    years: options.Years = False,
    area_level: options.AreaLevel = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the differences and write nothing.")] = False,
    rejected: Annotated[
        Path | None,
        typer.Option(
            "--rejected",
            metavar="FILE",
            help="Where rejected rows go.",
            show_default="beside the first file",
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="Day on which the figures came in.", show_default="today"),
    ] = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (the option itself sets the language)
    data: options.Data = None,
    plan: options.PlanName = None,
    model: Annotated[
        bool, typer.Option("--model/--no-model", help="Flag figures that the model thinks unlikely.")
    ] = True,
    as_json: options.Json = False,
) -> None:
    """Read figures into the data folder: shows what is new, changed or in conflict, then asks.

    What a figure replaces is kept in replaced.csv; rejected rows go to rejected.csv with their reasons.
    Ingesting a file twice changes nothing.

    Example: toolkit ingest binh-gia-2026.xlsx

    Example: toolkit ingest bieu.csv --years --column area_code="Huyện" --fixed indicator=poverty_rate …
    """
    from toolkit.data.dataset import data_folder
    from toolkit.intake.ingest import REJECTED, as_data, diff_lines, prepare, write_changes, write_rejected
    from toolkit.intake.mapping import mapping_of

    folder = data_folder(data)
    options.existing(files)
    declared = mapping_of(mapping, column or (), fixed or (), years=years, area_level=area_level)
    found = prepare(files, folder, declared, today=options.day_of(as_of))
    if model and found.writes:
        found = _doubted(found, folder, plan)
    if not as_json:
        lines = [*(problem.line() for problem in found.problems), *diff_lines(found)]
        print("\n".join(lines))  # noqa: T201
    kept = write_rejected(found, rejected or files[0].parent / REJECTED) if not dry_run else None
    agreed = not dry_run and found.writes and (yes or (not as_json and _agreed()))
    written = write_changes(found) if agreed else False
    if as_json:
        print(json.dumps(as_data(found, written=written), ensure_ascii=False, indent=1))  # noqa: T201
    else:
        print(say("desk.written" if written else "desk.nothing_written", folder=folder))  # noqa: T201
        if kept:
            print(say("desk.rejected", count=len(found.rejected), file=kept))  # noqa: T201
    declined = found.writes and not written and not dry_run
    if found.rejected or declined or any(problem.severity == "error" for problem in found.problems):
        raise typer.Exit(1)


def _doubted(found: Ingest, folder: Path, plan: str | None) -> Ingest:
    """Hold the figures against the model, if there is one plan to tell the province and they are not too many."""
    from toolkit.intake.ingest import with_doubts
    from toolkit.plan.load import load_plan

    try:
        loaded = load_plan(plan, folder=folder)
    except UsageError:
        if plan is not None:
            raise
        print(say("desk.no_model_plan"), file=sys.stderr)  # noqa: T201
        return found
    if not options.few_enough(len(found.changes)):
        return found
    return with_doubts(found, loaded)


def _agreed() -> bool:
    """Ask on a terminal; elsewhere nobody can answer, so nothing is written."""
    if not sys.stdin.isatty():
        print(say("desk.nobody_to_ask"), file=sys.stderr)  # noqa: T201
        return False
    return typer.confirm(say("desk.ask"), default=False)
