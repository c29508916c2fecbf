"""The main job: reports for many areas in one folder, with tables, an index and a manifest on top."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from toolkit.base.files import sha256, write_atomic
from toolkit.base.names import slug
from toolkit.base.texts import texts
from toolkit.report.changes import earlier_answers
from toolkit.run.about import FORECASTS
from toolkit.run.batch import Done, Job, run_jobs
from toolkit.run.cluster import run_on_cluster
from toolkit.run.fresh import Lock, Records, content_key, program_key
from toolkit.run.gather import ATTAINMENT, INDEX, SINCE, gather
from toolkit.run.kernels import Kernels, fork_server, usual_kernels
from toolkit.run.parameters import check_parameters
from toolkit.run.provenance import PROJECT, commit, data_hashes
from toolkit.run.request import ReportRequest
from toolkit.run.session import Run, compute_run, open_run, save_run

TEMPLATES = PROJECT / "parameterized"
AREA_TEMPLATE = TEMPLATES / "area_report.ipynb"
SUMMARY_TEMPLATE = TEMPLATES / "plan_summary.ipynb"
SUMMARY = "plan-summary"
KEY = "key"


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


def forecasts_key(request: ReportRequest) -> str:
    """Return the content key of a run's forecasts and answers."""
    return content_key(inputs=forecast_inputs(request), areas=[area.code for area in request.mine])


def _computed(request: ReportRequest) -> Run:
    """Return forecasts and answers for all areas: those stored by an earlier run if they are still good."""
    codes = [area.code for area in request.mine]
    key = forecasts_key(request)
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
    run = save_run(run, request.folder, request.mine, command=request.command)
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
    inputs, codes = forecast_inputs(request), [area.code for area in request.mine]
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
    for area in request.mine:
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
    if request.summary and not request.shard:  # it is about all areas: merging makes it
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
