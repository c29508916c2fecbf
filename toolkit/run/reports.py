"""The main job: reports for many areas in one folder, with tables, an index and a manifest on top.

A report is *fresh* when its record names the content key that it would have today, and every file it left is byte for
byte what the record says. The record is written last: a run killed at any moment leaves either a report with its
record, or a report that is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from toolkit.base.errors import UsageError
from toolkit.base.files import sha256, write_atomic
from toolkit.base.texts import Language, say, slug, texts
from toolkit.data.areas import Area
from toolkit.reports.formats import Edition
from toolkit.reports.plan_summary import earlier_answers
from toolkit.run.batch import Done, Job, run_jobs, run_on_cluster
from toolkit.run.gather import ATTAINMENT, INDEX, SINCE, gather
from toolkit.run.kernels import Kernels, fork_server, usual_kernels
from toolkit.run.manifest import FORECASTS, PROJECT, commit, data_hashes, hashes, versions
from toolkit.run.notebook import Limits, check_parameters
from toolkit.run.session import Run, compute_run, open_run, save_run

TEMPLATES = PROJECT / "parameterized"
AREA_TEMPLATE = TEMPLATES / "area_report.ipynb"
SUMMARY_TEMPLATE = TEMPLATES / "plan_summary.ipynb"
SUMMARY = "plan-summary"
KEY = "key"
RECORDS = "records"
LOCK = ".lock"


@dataclass(frozen=True)
class ReportRequest:
    """What to report on.

    Attributes
    ----------
    areas :
        Areas to report on, in order; one report each.
    summary :
        Whether to make the plan summary too.
    language :
        ``vi`` or ``en``.
    folder :
        The run: all files go below it.
    data :
        Data folder.
    plan :
        Identifier of the plan; None for the only one.
    as_of :
        Only what was known on this day is used.
    draws, seed, model :
        Of the forecasts.
    workers :
        Number of processes; all cores if None.
    kernels :
        ``forked`` from a process that has imported everything, or ``plain``; what suits the system if None.
    force :
        Make everything anew, even what an earlier run left that is still good.
    limits :
        On the time of a cell and of a notebook.
    scheduler :
        Address of a Dask cluster to run on; empty for this machine.
    command :
        How the run can be asked for again, recorded in the manifest.
    edition :
        Forms, reporting round and audience of the reports.
    """

    areas: tuple[Area, ...]
    summary: bool
    language: Language
    folder: Path
    data: Path
    plan: str | None
    as_of: date
    draws: int
    seed: int
    model: str
    workers: int | None = None
    kernels: Kernels | None = None
    force: bool = False
    limits: Limits = Limits()  # noqa: RUF009  (frozen)
    scheduler: str = ""
    command: str = ""
    edition: Edition = Edition()  # noqa: RUF009  (frozen)


@dataclass(frozen=True)
class ReportRun:
    """What a run left: its folder, and how each page ended."""

    folder: Path
    done: tuple[Done, ...]

    @property
    def failed(self) -> tuple[Done, ...]:
        """Return the pages that could not be made."""
        return tuple(item for item in self.done if item.error)

    @property
    def index(self) -> Path:
        """Return the page to open first."""
        return self.folder / INDEX


@dataclass(frozen=True)
class Listener:
    """What is told as a run goes on; every part may be left out.

    Attributes
    ----------
    stage :
        Told the catalogue key of each stage as it starts.
    start, done :
        Told of each report as it starts and ends.
    """

    stage: Callable[[str], None] = lambda _: None
    start: Callable[[Job], None] = lambda _: None
    done: Callable[[Done], None] = lambda _: None


QUIET = Listener()


def make_reports(request: ReportRequest, listener: Listener = QUIET) -> ReportRun:
    """Forecast once, then run one notebook for each area, and gather the results.

    What an earlier run left in the folder and is still good is kept, unless the request says otherwise.

    Parameters
    ----------
    request :
        What to make.
    listener :
        Told how far the run is.

    Returns
    -------
    ReportRun
        With the failed reports named; one failing area does not stop the others.

    Raises
    ------
    UsageError
        If another run is at work in the folder.
    """
    for job in jobs_of(request):
        check_parameters(job.template, dict(job.parameters))
    with Lock(request.folder):
        keep_earlier(request)
        plan = _plan(request)
        kernels = request.kernels or usual_kernels()
        forks_here = kernels == "forked" and plan.stale and not request.scheduler
        with fork_server() if forks_here else nullcontext():  # started first: it imports while we forecast
            listener.stage("run.forecasting")
            run = _computed(request)
            listener.stage("run.reporting")
            done = _done(request, plan, kernels, listener)
            listener.stage("run.gathering")
            gather(request, run, done)
    return ReportRun(request.folder, tuple(done))


def forecast_inputs(request: ReportRequest) -> dict[str, object]:
    """Return all that a run's numbers depend on, as plain JSON types."""
    return {
        "program": program_key(),
        "commit": commit(),
        "data": data_hashes(request.data),
        "plan": request.plan or "",
        "as_of": request.as_of.isoformat(),
        "draws": request.draws,
        "seed": request.seed,
        "model": request.model,
        "command": request.command,
    }


def _computed(request: ReportRequest) -> Run:
    """Return forecasts and answers for all areas: those stored by an earlier run if they are still good."""
    codes = [area.code for area in request.areas]
    key = content_key(inputs=forecast_inputs(request), areas=codes)
    mark = request.folder / FORECASTS / KEY
    if not request.force and mark.is_file() and mark.read_text(encoding="utf-8").strip() == key:
        return open_run(request.folder, data_folder=request.data)
    mark.unlink(missing_ok=True)  # first of all: killed while the old forecasts go, none may pass for complete
    run = compute_run(
        codes,
        data=request.data,
        plan=request.plan,
        as_of=request.as_of,
        draws=request.draws,
        seed=request.seed,
        model=request.model,
        folder=request.folder,
    )
    run = save_run(run, request.folder, request.areas, command=request.command)
    write_atomic(mark, key + "\n")
    return run


@dataclass(frozen=True)
class _Plan:
    """What is to be done: the key that each report would have, and the reports to make."""

    jobs: tuple[Job, ...]
    keys: Mapping[str, str]
    stale: tuple[Job, ...]
    records: Records


def _plan(request: ReportRequest) -> _Plan:
    jobs, records = tuple(jobs_of(request)), Records(request.folder)
    records.sweep(jobs)
    inputs, codes = forecast_inputs(request), [area.code for area in request.areas]
    earlier = sha256(request.folder / SINCE / ATTAINMENT) if request.edition.since else ""
    overall = {"areas": codes, "since": earlier}
    keys = {job.name: records.key(job, {**inputs, **(overall if job.name == SUMMARY else {})}) for job in jobs}
    stale = tuple(job for job in jobs if request.force or not records.is_fresh(job, keys[job.name]))
    for job in stale:
        records.forget(job)
    return _Plan(jobs, keys, stale, records)


def _done(request: ReportRequest, plan: _Plan, kernels: Kernels, listener: Listener) -> list[Done]:
    """Return how each report ended: kept from an earlier run, or made now."""
    ended = {job.name: Done(job, 0.0, kept=True) for job in plan.jobs if job not in plan.stale}
    for done in ended.values():
        listener.done(done)

    def finished(done: Done) -> None:
        plan.records.write(done, plan.keys[done.job.name])
        listener.done(done)

    if request.scheduler:
        made = run_on_cluster(plan.stale, request.scheduler, kernels=kernels, on_done=finished)
    else:
        made = run_jobs(plan.stale, workers=request.workers, on_start=listener.start, on_done=finished, kernels=kernels)
    ended |= {done.job.name: done for done in made}
    return [ended[job.name] for job in plan.jobs]


def jobs_of(request: ReportRequest) -> list[Job]:
    """Return one job for each area, and one for the plan summary if it is wanted."""
    # the run is named as seen from the notebook: wherever the folder lies, the notebook is the same, byte for byte
    language = ("language", request.language)
    jobs = []
    for area in request.areas:
        page = request.folder / "areas" / f"{area.code}-{slug(area.name_vi)}.html"
        jobs.append(
            Job(
                name=area.code,
                label=area.name(request.language),
                template=AREA_TEMPLATE,
                notebook=page.with_suffix(".ipynb"),
                page=page,
                parameters=(("area_code", area.code), language, ("run_folder", ".."), *_edition(request, page)),
                language=request.language,
                limits=request.limits,
                papers=request.edition.papers(page),
                audience=request.edition.audience,
            )
        )
    if request.summary:
        page = request.folder / f"{SUMMARY}.html"
        since = (("since", SINCE),) if request.edition.since else ()
        level = ("level", request.areas[-1].level)
        jobs.append(
            Job(
                name=SUMMARY,
                label=texts(request.language).t("run.plan_summary"),
                template=SUMMARY_TEMPLATE,
                notebook=page.with_suffix(".ipynb"),
                page=page,
                parameters=(language, level, ("run_folder", "."), *since, *_edition(request, page)),
                language=request.language,
                limits=request.limits,
                papers=request.edition.papers(page),
                audience=request.edition.audience,
            )
        )
    return jobs


def _edition(request: ReportRequest, page: Path) -> tuple[tuple[str, str], ...]:
    """Return the parameters that say in which forms and for which round, where they are not the usual ones."""
    given = {"cycle": request.edition.cycle, "papers": ",".join(file.name for file in request.edition.papers(page))}
    return tuple((name, value) for name, value in given.items() if value)


def keep_earlier(request: ReportRequest) -> None:
    """Copy the answers of the earlier run into this one, which then needs nothing from outside to be made again."""
    since = request.edition.since
    if since is not None:
        earlier_answers(since)
        content = (since / ATTAINMENT if since.is_dir() else since).read_bytes()
        write_atomic(request.folder / SINCE / ATTAINMENT, content)


def content_key(**parts: object) -> str:
    """Return the SHA-256 of anything that plain JSON can hold, independent of the order of its names."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def program_key() -> str:
    """Return a key of the program itself: its files, the lock, and the versions it runs with."""
    package = Path(__file__).parents[1]
    files = (file for file in package.rglob("*") if "__pycache__" not in file.parts)
    return content_key(
        code=hashes(files, package), lock=hashes([PROJECT / "requirements.lock"], PROJECT), versions=versions()
    )


class Records:
    """The records of finished reports in a run's folder.

    Parameters
    ----------
    folder :
        The run.
    """

    def __init__(self, folder: Path) -> None:
        self._run = folder
        self._folder = folder / RECORDS

    def key(self, job: Job, inputs: Mapping[str, object]) -> str:
        """Return the content key of a job: what it is made from, whatever folder it is made in."""
        return content_key(
            inputs=inputs,
            template=sha256(job.template),
            parameters=sorted(job.parameters),
            language=job.language,
            audience=job.audience,
            outputs=[file.relative_to(self._run).as_posix() for file in job.outputs],
        )

    def is_fresh(self, job: Job, key: str) -> bool:
        """Say whether the job's files are there, whole, and what they would be again."""
        try:
            record = json.loads(self._file(job).read_text(encoding="utf-8"))
            found = {file.relative_to(self._run).as_posix(): sha256(file) for file in job.outputs}
        except (OSError, ValueError):
            return False
        return bool(record == {"key": key, "outputs": found})

    def forget(self, job: Job) -> None:
        """Remove a job's record before it is done again."""
        self._file(job).unlink(missing_ok=True)

    def write(self, done: Done, key: str) -> None:
        """Record a job that went well; one that failed has no record and is done again next time."""
        if not done.error:
            found = {file.relative_to(self._run).as_posix(): sha256(file) for file in done.job.outputs}
            write_atomic(self._file(done.job), json.dumps({"key": key, "outputs": found}, indent=1) + "\n")

    def sweep(self, jobs: Iterable[Job]) -> None:
        """Remove the parts that a killed run left half-written, and records of jobs that the run has no more."""
        for part in self._run.rglob(".*.part"):
            part.unlink(missing_ok=True)
        names = {self._file(job) for job in jobs}
        for file in self._folder.glob("*.json"):
            if file not in names:
                file.unlink()

    def _file(self, job: Job) -> Path:
        return self._folder / f"{job.name}.json"


class Lock:
    """Keeps a second run out of a folder while the first is at work; it ends with the process that holds it.

    Raises
    ------
    UsageError
        If another run is at work there.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / LOCK
        self._stream: Any = None

    def __enter__(self) -> None:
        try:
            import fcntl
        except ImportError:  # no such locks on this system
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._stream = self._file.open("w")
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._stream.close()
            raise UsageError(say("run.busy", folder=self._file.parent), say("run.busy.remedy")) from error

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._file.unlink(missing_ok=True)
            self._stream.close()
