"""The main job: ``toolkit report`` with its progress, and ``toolkit params``. Apart as a group of commands."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.base.errors import UsageError, missing_packages, need_extra
from toolkit.base.files import own_folder, results_folder, write_atomic
from toolkit.base.texts import Language, numbers, say, slug, texts, visible
from toolkit.cli import options
from toolkit.run.batch import Done, Job

if TYPE_CHECKING:
    from datetime import date

    from toolkit.plan.plan import Plan
    from toolkit.run.manifest import Asked
    from toolkit.run.reports import ReportRequest


def report(
    area: options.AreaNames = None,
    level: options.LevelName = None,
    lang: Annotated[
        str,
        typer.Option(
            "--lang",
            help="Language of the reports and of messages: vi, en, or vi,en for both.",
            callback=lambda text: options.speak(text.split(",")[0].strip()) and text,
            is_eager=True,
        ),
    ] = "vi",
    formats: Annotated[str, typer.Option("--format", help="Forms: html,docx,pdf,brief (two pages).")] = "html",
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
    notebook: options.Notebook = None,
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
        bool, typer.Option("--force/--resume", help="Make all anew, or keep what is still good of an earlier run.")
    ] = False,
    cell_timeout: Annotated[int, typer.Option("--cell-timeout", min=1, help="Seconds that a cell may take.")] = 600,
    sign: Annotated[
        Path | None,
        typer.Option("--sign", metavar="KEY", help="Sign the manifest with an SSH key.", show_default=False),
    ] = None,
    data: options.Data = None,
    plan: options.PlanName = None,
    draws: options.DrawCount = 2000,
    seed: options.Seed = 138,
    model: options.Model = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Print events, one JSON object a line.")] = False,
) -> None:
    """Make the reports of areas: by default the province, its districts and the plan summary.

    Example: toolkit report --area "Bình Gia" --lang en

    Example: toolkit report --lang vi,en --format html,docx,pdf --level province,district,commune

    Example: toolkit report --notebook mine.ipynb
    """
    from toolkit.data.dataset import data_folder, load
    from toolkit.models import NAMES
    from toolkit.plan.load import load_plan
    from toolkit.reports.formats import AUDIENCES, FORMATS
    from toolkit.reports.index import start_html
    from toolkit.run.kernels import KINDS
    from toolkit.run.manifest import MANIFEST, Asked, signer
    from toolkit.run.notebook import Limits
    from toolkit.run.reports import ReportRequest, data_name

    if sign:
        signer(sign)
    if "://" in (out or ""):
        raise UsageError(say("run.no_address", out=out), say("run.no_address.remedy"))
    languages = tuple(dict.fromkeys(texts(name.strip()).language for name in lang.split(",")))
    forms = options.forms(formats, ("html",) if notebook else FORMATS)
    reader = options.one_of(audience, AUDIENCES, "report.no_audience", audience=audience)
    options.one_of(model, NAMES, "forecast.no_model", model=model)
    kind = options.one_of(kernels, KINDS, "run.no_kernels", kernels=kernels) if kernels else None
    if scheduler:
        need_extra("cluster")
    if missing := missing_packages("sheets"):
        print(say("run.no_workbook", packages=" ".join(missing)), file=sys.stderr)
    folder = data_folder(data)
    loaded = load_plan(plan, folder=folder)
    dataset = load(folder, as_of=_day(as_of, cycle, loaded))
    areas = options.wanted_areas(dataset, loaded, area, level)
    asked = Asked(
        areas=tuple(area.code for area in areas), plan=loaded.id, as_of=dataset.as_of, language=languages[0],
        summary=not area, level="" if area else level or "", data=data_name(folder), draws=draws, seed=seed,
        model=model, formats=tuple(form for form in FORMATS if form in {"html", *forms}), cycle=cycle.strip(),
        audience=reader, since=since is not None, notebook=visible(notebook.name) if notebook else "",
    )  # fmt: skip
    top = Path(out or results_folder() / run_name(asked, folder, "-".join(languages), area)).resolve()
    request = ReportRequest(
        asked, areas, top, folder.resolve(), since, notebook, jobs, kind, force, Limits(cell_timeout),
        scheduler,
    )  # fmt: skip
    failed, several = False, len(languages) > 1
    with own_folder(top, *(f"{name}/{MANIFEST}" for name in languages)) if several else nullcontext():
        for language in languages:
            options.speak(language)
            spoken = asked.model_copy(update={"language": language})
            failed |= _made(replace(request, asked=spoken, folder=top / language if several else top), as_json, sign)
        if several:
            write_atomic(top / "index.html", start_html(loaded, languages))
    if failed:
        raise typer.Exit(1)


def _made(request: ReportRequest, as_json: bool, key: Path | None) -> bool:
    """Make one run, sign it if there is a key, tell how far it is, and say whether a report failed."""
    from toolkit.run.manifest import sign
    from toolkit.run.reports import Listener, jobs_of, make_reports

    progress = Progress(total=len(jobs_of(request)), language=request.asked.language, events=as_json)
    run = make_reports(request, Listener(progress.stage, progress.start, progress.done))
    if key:
        sign(run.folder, key)
    progress.close_with(run.index, run.failed, run.digest)
    return bool(run.failed)


def _day(as_of: str | None, cycle: str, plan: Plan) -> date:
    """Return the day that counts: the one given, else the reporting round's, else today."""
    from toolkit.reports.context import cycle_of

    reporting = cycle_of(cycle.strip(), plan)
    if as_of or reporting is None:
        return options.counted_day(as_of)
    return reporting.as_of(options.counted_day(None))


LONGEST_NAME = 60
"""Characters of a part of a folder's name."""


def run_name(asked: Asked, data: Path, languages: str, names: Sequence[str] | None) -> str:
    """Return the usual name of a run's folder: two runs that differ in what a reader sees never share one."""
    unusual = asked.model_dump(include={"model", "draws", "seed", "audience", "notebook"}, exclude_defaults=True)
    parts = [
        asked.cycle or asked.as_of.isoformat(), languages, asked.level, "-".join(names or []),
        *(f"{name}-{value}" for name, value in unusual.items()),
        _told_apart(asked.data, str(data.resolve())) if asked.data else "",
    ]  # fmt: skip
    return "_".join([asked.plan, *(_short(part) for part in parts if part)])


def _short(text: str) -> str:
    """Return text as part of a name; what is cut off is told apart by six digits."""
    made = slug(text)
    return made if len(made) <= LONGEST_NAME else _told_apart(made[:LONGEST_NAME], text)


def _told_apart(name: str, whole: str) -> str:
    return f"{name}-{hashlib.sha256(whole.encode()).hexdigest()[:6]}"


class Progress:
    """Tells how far a run is, a line a report.

    Parameters
    ----------
    total :
        Number of reports to make.
    language :
        Of the messages.
    events :
        Print one JSON object a line to standard output instead of words to standard error.
    """

    def __init__(self, total: int, language: Language, *, events: bool = False) -> None:
        self._total, self._ended = total, 0
        self._texts, self._numbers = texts(language), numbers(language)
        self._events = events

    def stage(self, key: str) -> None:
        """Say which stage starts."""
        self._tell("stage", f"{self._texts.t(key)} …", name=key.removeprefix("run."))

    def start(self, job: Job) -> None:
        """Note that a report is begun."""
        self._tell("start", "", name=job.name)

    def done(self, done: Done) -> None:
        """Say how one report ended."""
        self._ended += 1
        outcome = "failed" if done.error else "kept" if done.kept else "done"
        job, seconds = done.job, self._numbers.decimal(done.seconds, 1)
        words = self._texts.t(f"run.page_{outcome}", name=job.name, label=job.label, seconds=seconds, error=done.error)
        told = {"seconds": round(done.seconds, 2), "error": done.error, "cell": done.cell}
        left = self._total - self._ended
        self._tell(outcome, f"[{self._ended}/{self._total}] {words}", name=job.name, **told, left=left)

    def close_with(self, index: Path, failed: Sequence[Done], digest: str) -> None:
        """Say where the result is, which reports are missing, and last the digest of the run."""
        names = [item.job.name for item in failed]
        listed = ", ".join(f"{item.job.label} ({item.job.name})" for item in failed)
        missing = self._texts.t("run.some_failed", count=len(failed), names=listed) if failed else ""
        self._tell("end", missing, index=str(index), folder=str(index.parent), failed=names, digest=digest)
        if not self._events:
            print(self._texts.t("run.where", index=index))
            print(self._texts.t("run.digest", digest=digest))

    def _tell(self, event: str, line: str, **fields: object) -> None:
        if self._events:
            print(json.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)
        elif line:
            print(line, file=sys.stderr, flush=True)


def params(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="A notebook with a cell tagged 'parameters'.")],
    lang: options.Speech = "vi",  # noqa: ARG001  (sets the language by itself)
    as_json: options.Json = False,
) -> None:
    """Print the parameters of a notebook: name, type, default, what is allowed, and what it means.

    Example: toolkit params parameterized/area_report.ipynb --lang en
    """
    from toolkit.run.notebook import describe_parameters

    entries = describe_parameters(notebook)
    if as_json:
        print(json.dumps(entries, ensure_ascii=False, indent=1))
        return
    for entry in entries:
        state = say("run.required") if entry["required"] else f"= {json.dumps(entry['default'], ensure_ascii=False)}"
        allowed = f" [{entry['allowed']}]" if entry["allowed"] else ""
        print(f"{entry['name']}: {entry['type']}{allowed} {state}\n    {entry['help']}".rstrip())
