"""``toolkit report``: the main job."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.base.errors import UsageError
from toolkit.base.files import write_atomic
from toolkit.base.texts import say, texts
from toolkit.cli import options
from toolkit.cli.areas import wanted_areas
from toolkit.cli.progress import Progress

if TYPE_CHECKING:
    from datetime import date

    from toolkit.plan.plan import Plan
    from toolkit.reports.formats import Edition
    from toolkit.run.kernels import Kernels
    from toolkit.run.reports import ReportRequest


def report(
    area: options.AreaNames = None,
    level: options.Level = None,
    lang: Annotated[
        str,
        typer.Option(
            "--lang",
            help="Language of the reports and of messages: vi, en, or vi,en for both.",
            callback=lambda text: options.speak(text.split(",")[0].strip()) and text,
            is_eager=True,
        ),
    ] = "vi",
    formats: Annotated[str, typer.Option("--format", help="Forms of the reports: html,docx,pdf.")] = "html",
    cycle: Annotated[
        str, typer.Option("--cycle", metavar="YEAR-annual|YEAR-six-month", help="Reporting round.", show_default=False)
    ] = "",
    audience: Annotated[
        str, typer.Option("--audience", help="planner (no code) or reviewer (code to unfold).")
    ] = "planner",
    since: Annotated[
        Path | None,
        typer.Option("--since", metavar="RUN", help="Tell what changed since an earlier run.", show_default=False),
    ] = None,
    as_of: options.AsOf = None,
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="Folder of the run.", show_default="reports/…")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Processes at a time.", show_default="all cores")
    ] = None,
    kernels: Annotated[
        str | None,
        typer.Option(
            "--kernels", help="forked (from a warm process) or plain.", show_default="forked where the system can"
        ),
    ] = None,
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="tcp://…", help="Run on a Dask cluster.", show_default=False)
    ] = "",
    force: Annotated[
        bool,
        typer.Option("--force/--resume", help="Make all anew, or keep what is still good of an earlier run."),
    ] = False,
    cell_timeout: Annotated[float, typer.Option("--cell-timeout", min=1, help="Seconds that a cell may take.")] = 600,
    notebook_timeout: Annotated[
        float, typer.Option("--notebook-timeout", min=1, help="Seconds that a notebook may take.")
    ] = 1800,
    data: options.Data = None,
    plan: options.PlanName = None,
    draws: options.Draws = 2000,
    seed: options.Seed = 138,
    model: options.Model = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Print events, one JSON object a line.")] = False,
) -> None:
    """Make the reports of areas: by default the province, its districts and the plan summary.

    Example: toolkit report --area "Bình Gia" --lang en

    Example: toolkit report --lang vi,en --format html,docx,pdf
    """
    from toolkit.data.dataset import data_folder, load
    from toolkit.plan.load import load_plan
    from toolkit.reports.index import start_html
    from toolkit.run.manifest import PROJECT
    from toolkit.run.notebook import Limits
    from toolkit.run.reports import ReportRequest

    if "://" in (out or ""):
        raise UsageError(say("run.no_address", out=out), say("run.no_address.remedy"))
    languages = tuple(dict.fromkeys(texts(name.strip()).language for name in lang.split(",")))
    edition = _edition(formats, cycle, audience, since)
    folder = data_folder(data)
    loaded = load_plan(plan, folder=folder)
    dataset = load(folder, as_of=_day(as_of, cycle, loaded))
    areas = wanted_areas(dataset, loaded, area, level)
    request = ReportRequest(
        areas=areas,
        summary=not area,
        language=languages[0],
        folder=Path(),
        data=folder.resolve(),
        plan=loaded.id,
        as_of=dataset.as_of,
        draws=draws,
        seed=seed,
        model=model,
        workers=jobs,
        kernels=_kernels(kernels),
        force=force,
        limits=Limits(cell_timeout, notebook_timeout),
        scheduler=scheduler,
        edition=edition,
    )
    spoken = "-".join(languages)
    name = _run_name(loaded.id, cycle or dataset.as_of.isoformat(), spoken, area, level)
    top = Path(out or PROJECT / "reports" / name).resolve()
    failed = False
    for language in languages:
        options.speak(language)
        asked = replace(request, language=language)
        asked = replace(asked, command=command_of(asked, area, level, plan))
        asked = replace(asked, folder=top if len(languages) == 1 else top / language)
        failed |= _made(asked, as_json)
    if len(languages) > 1:
        write_atomic(top / "index.html", start_html(loaded, languages))
    if failed:
        raise typer.Exit(1)


def _made(request: ReportRequest, as_json: bool) -> bool:
    """Make one run, tell how far it is, and say whether a report failed."""
    from toolkit.run.reports import Listener, jobs_of, make_reports

    progress = Progress(total=len(jobs_of(request)), language=request.language, events=as_json)
    with progress:
        run = make_reports(request, Listener(progress.stage, progress.start, progress.done))
    progress.close_with(run.index, run.failed)
    return bool(run.failed)


def command_of(request: ReportRequest, names: list[str] | None, level: str | None, plan: str | None) -> str:
    """Return the command that makes the run again: what shapes its numbers and words, not where or how fast."""
    from toolkit.run.manifest import PROJECT

    parts = ["toolkit", "report"]
    for name in names or []:
        parts += ["--area", name]
    options_given = {"--level": level, "--lang": request.language, "--as-of": request.as_of.isoformat()}
    edition = request.edition
    usual_form, usual_reader = edition.formats == ("html",), edition.audience == "planner"
    options_given |= {
        "--format": None if usual_form else ",".join(edition.formats),
        "--cycle": edition.cycle,
        "--audience": None if usual_reader else edition.audience,
    }
    options_given |= {"--plan": plan, "--data": request.data.name if request.data != PROJECT / "data" else None}
    numbers = {"--draws": (request.draws, 2000), "--seed": (request.seed, 138), "--model": (request.model, "default")}
    options_given |= {name: str(value) for name, (value, usual) in numbers.items() if value != usual}
    return shlex.join(parts + [part for name, value in options_given.items() if value for part in (name, value)])


def _kernels(name: str | None) -> Kernels | None:
    from toolkit.run.kernels import KINDS

    for kind in KINDS:
        if name == kind:
            return kind
    if name is None:
        return None
    raise UsageError(say("run.no_kernels", kernels=name), say("base.choose", choices=", ".join(KINDS)))


def _edition(formats: str, cycle: str, audience: str, since: Path | None) -> Edition:
    """Return how the reports are made; what cannot be is refused before anything starts."""
    from toolkit.reports.formats import FORMATS, Edition
    from toolkit.reports.html import AUDIENCES

    wanted = [name.strip() for name in formats.split(",")]
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown:
        message = say("cli.no_format", formats=", ".join(unknown))
        raise UsageError(message, say("base.choose", choices=", ".join(FORMATS)))
    reader = next((known for known in AUDIENCES if known == audience), None)
    if reader is None:
        raise UsageError(say("report.no_audience", audience=audience), say("base.choose", choices=", ".join(AUDIENCES)))
    return Edition(tuple(name for name in FORMATS if name in {"html", *wanted}), cycle.strip(), reader, since)


def _day(as_of: str | None, cycle: str, plan: Plan) -> date:
    """Return the day that counts: the one given, else the reporting round's, else today."""
    from toolkit.reports.context import cycle_of

    reporting = cycle_of(cycle.strip(), plan)
    if as_of or reporting is None:
        return options.day_of(as_of)
    return reporting.as_of(options.day_of(None))


def _run_name(plan: str, day: str, lang: str, names: list[str] | None, level: str | None) -> str:
    from toolkit.base.texts import slug

    parts = [plan, day, lang, *([level] if level else []), *([slug("-".join(names))[:60]] if names else [])]
    return "_".join(parts)
