"""``toolkit report``: the main job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from toolkit.base.errors import UsageError
from toolkit.base.texts import say, texts
from toolkit.cli import options
from toolkit.cli.areas import wanted_areas
from toolkit.cli.progress import Progress

FORMATS = ("html",)


def report(
    area: options.AreaNames = None,
    level: options.Level = None,
    lang: options.Lang = "vi",
    formats: Annotated[str, typer.Option("--format", help="Forms of the reports: html.")] = "html",
    as_of: options.AsOf = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder of the run.", show_default="reports/…")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes at a time.", show_default="all cores")
    ] = None,
    data: options.Data = None,
    plan: options.PlanName = None,
    draws: options.Draws = 2000,
    seed: options.Seed = 138,
    model: options.Model = "default",
    as_json: options.Json = False,
) -> None:
    """Make the reports of areas: by default the province, its districts and the plan summary.

    Example: toolkit report --area "Bình Gia" --lang en
    """
    from toolkit.data.dataset import load
    from toolkit.data.folder import data_folder
    from toolkit.plan.load import load_plan
    from toolkit.run.provenance import PROJECT, command_line
    from toolkit.run.reports import ReportRequest, make_reports

    language = texts(lang).language
    _check_formats(formats)
    folder = data_folder(data)
    dataset = load(folder, as_of=options.day_of(as_of))
    loaded = load_plan(plan, folder=folder)
    areas = wanted_areas(dataset, loaded, area, level)
    request = ReportRequest(
        areas=areas,
        summary=not area,
        language=language,
        folder=(
            out or PROJECT / "reports" / _run_name(loaded.id, dataset.as_of.isoformat(), lang, area, level)
        ).resolve(),
        data=folder.resolve(),
        plan=plan,
        as_of=dataset.as_of,
        draws=draws,
        seed=seed,
        model=model,
        workers=jobs,
        command=command_line(),
    )
    progress = Progress(total=len(areas) + (not area), language=language, quiet=as_json)
    with progress:
        run = make_reports(request, on_stage=progress.stage, on_done=progress.done)
    if as_json:
        print(json.dumps(_summary(run.folder, run.index, run.done), ensure_ascii=False, indent=1))  # noqa: T201
    else:
        progress.close_with(run.index, run.failed)
    if run.failed:
        raise typer.Exit(1)


def _check_formats(formats: str) -> None:
    unknown = [name for name in formats.split(",") if name.strip() not in FORMATS]
    if unknown:
        message = say("cli.no_format", formats=", ".join(unknown))
        raise UsageError(message, say("base.choose", choices=", ".join(FORMATS)))


def _run_name(plan: str, day: str, lang: str, names: list[str] | None, level: str | None) -> str:
    from toolkit.base.names import slug

    parts = [plan, day, lang, *([level] if level else []), *([slug("-".join(names))[:60]] if names else [])]
    return "_".join(parts)


def _summary(folder: Path, index: Path, done: object) -> dict[str, object]:
    pages = [
        {"name": item.job.name, "page": str(item.job.page), "seconds": round(item.seconds, 2), "error": item.error}
        for item in done  # type: ignore[attr-defined]
    ]
    return {"folder": str(folder), "index": str(index), "pages": pages}
