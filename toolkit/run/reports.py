"""The main job: reports for many areas in one folder, with tables, an index and a manifest on top."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from toolkit.attainment.assess import assess_all
from toolkit.attainment.result import Attainment
from toolkit.attainment.table import attainment_table
from toolkit.base.files import write_atomic
from toolkit.base.names import slug
from toolkit.base.texts import Language, texts
from toolkit.data.areas import Area
from toolkit.report.facts import RunFacts
from toolkit.report.index import IndexEntry, write_index
from toolkit.run.about import FORECASTS
from toolkit.run.batch import Done, Job, run_jobs
from toolkit.run.forked import Zygote
from toolkit.run.fresh import Lock, Records, content_key, data_hashes, program_key
from toolkit.run.kernels import Kernels, usual_kernels
from toolkit.run.notebook import Limits
from toolkit.run.parameters import check_parameters
from toolkit.run.provenance import PROJECT, commit, facts_of, hashes, write_manifest
from toolkit.run.session import Run, compute_run, open_run, save_run

TEMPLATES = PROJECT / "parameterized"
AREA_TEMPLATE = TEMPLATES / "area_report.ipynb"
SUMMARY_TEMPLATE = TEMPLATES / "plan_summary.ipynb"
SUMMARY = "plan-summary"
ATTAINMENT = "attainment.csv"
INDEX = "index.html"
KEY = "key"


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
    command :
        How the run can be asked for again, recorded in the manifest.
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
    command: str = ""


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


def make_reports(request: ReportRequest, listener: Listener = Listener()) -> ReportRun:
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
    with Lock(request.folder), _zygote(request.kernels or usual_kernels()) as zygote:
        listener.stage("run.forecasting")
        inputs = forecast_inputs(request)
        run, answers = _computed(request, inputs)
        listener.stage("run.reporting")
        done = _done(request, inputs, zygote, listener)
        listener.stage("run.gathering")
        _write_table(run, answers, request)
        _write_index(request, run, answers, done)
        _write_manifest(request, run, done)
    return ReportRun(request.folder, tuple(done))


@contextmanager
def _zygote(kernels: Kernels) -> Iterator[str]:
    """Start the process that forks workers and kernels, at once: it imports while we forecast."""
    if kernels == "plain":
        yield ""
    else:
        with Zygote() as zygote:
            yield zygote.address


def forecast_inputs(request: ReportRequest) -> dict[str, object]:
    """Return all that a run's numbers depend on, as plain JSON types."""
    return {
        "program": program_key(),
        "commit": commit(),
        "data": data_hashes(request.data),
        "plan": request.plan,
        "as_of": request.as_of.isoformat(),
        "draws": request.draws,
        "seed": request.seed,
        "model": request.model,
        "command": request.command,
    }


def _computed(request: ReportRequest, inputs: Mapping[str, object]) -> tuple[Run, tuple[Attainment, ...]]:
    """Return forecasts and answers for all areas: those stored by an earlier run if they are still good."""
    codes = [area.code for area in request.areas]
    key = content_key(inputs=inputs, areas=codes)
    mark = request.folder / FORECASTS / KEY
    if not request.force and mark.is_file() and mark.read_text(encoding="utf-8").strip() == key:
        run = open_run(request.folder, data_folder=request.data)
        return run, tuple(answer for code in codes for answer in run.attainments(code))
    run = compute_run(
        codes,
        data=request.data,
        plan=request.plan,
        as_of=request.as_of,
        draws=request.draws,
        seed=request.seed,
        model=request.model,
    )
    answers = assess_all(run.plan, request.areas, run.dataset, run.forecasts)
    save_run(run, request.folder, answers=answers, command=request.command)
    write_atomic(mark, key + "\n")
    return run, answers


def _done(request: ReportRequest, inputs: Mapping[str, object], zygote: str, listener: Listener) -> list[Done]:
    """Return how each report ended: kept from an earlier run, or made now."""
    jobs, records = jobs_of(request), Records(request.folder)
    records.sweep(jobs)
    codes = [area.code for area in request.areas]
    keys = {job.name: records.key(job, {**inputs, "areas": codes if job.name == SUMMARY else []}) for job in jobs}
    kept = [job for job in jobs if not request.force and records.is_fresh(job, keys[job.name])]
    ended = {job.name: Done(job, 0.0, kept=True) for job in kept}
    for done in ended.values():
        listener.done(done)
    stale = [job for job in jobs if job.name not in ended]
    for job in stale:
        records.forget(job)

    def finished(done: Done) -> None:
        records.write(done, keys[done.job.name])
        listener.done(done)

    made = run_jobs(stale, workers=request.workers, on_start=listener.start, on_done=finished, zygote=zygote)
    ended |= {done.job.name: done for done in made}
    return [ended[job.name] for job in jobs]


def jobs_of(request: ReportRequest) -> list[Job]:
    """Return one job for each area, and one for the plan summary if it is wanted."""
    # the run is named as seen from the notebook: wherever the folder lies, the notebook is the same, byte for byte
    language = ("language", request.language)
    jobs = []
    for area in request.areas:
        stem = f"{area.code}-{slug(area.name_vi)}"
        jobs.append(
            Job(
                name=area.code,
                label=area.name(request.language),
                template=AREA_TEMPLATE,
                notebook=request.folder / "areas" / f"{stem}.ipynb",
                page=request.folder / "areas" / f"{stem}.html",
                parameters=(("area_code", area.code), language, ("run_folder", "..")),
                language=request.language,
                limits=request.limits,
            )
        )
    if request.summary:
        jobs.append(
            Job(
                name=SUMMARY,
                label=texts(request.language).t("run.plan_summary"),
                template=SUMMARY_TEMPLATE,
                notebook=request.folder / f"{SUMMARY}.ipynb",
                page=request.folder / f"{SUMMARY}.html",
                parameters=(language, ("level", request.areas[-1].level), ("run_folder", ".")),
                language=request.language,
                limits=request.limits,
            )
        )
    return jobs


def _write_table(run: Run, attainments: Sequence[Attainment], request: ReportRequest) -> None:
    table = attainment_table(attainments, run.dataset, run.plan, texts(request.language))
    write_atomic(request.folder / ATTAINMENT, table.to_csv(index=False, lineterminator="\n"))


def _write_index(request: ReportRequest, run: Run, attainments: Sequence[Attainment], done: Sequence[Done]) -> None:
    entries = [
        IndexEntry(
            name=item.job.name,
            label=item.job.label,
            page=item.job.page.relative_to(request.folder).as_posix(),
            notebook=item.job.notebook.relative_to(request.folder).as_posix() if item.job.notebook.exists() else "",
            error=item.error,
            attainments=tuple(result for result in attainments if result.area_code == item.job.name),
        )
        for item in done
    ]
    write_index(request.folder / INDEX, entries, plan=run.plan, facts=_facts(request, run), language=request.language)


def _write_manifest(request: ReportRequest, run: Run, done: Sequence[Done]) -> None:
    inputs = data_hashes(request.data)
    inputs |= hashes([*TEMPLATES.glob("*.ipynb"), PROJECT / "requirements.lock"], PROJECT)
    parameters = {
        "areas": [area.code for area in request.areas],
        "language": request.language,
        "plan": run.plan.id,
        "failed": {item.job.name: item.error for item in done if item.error},
    }
    write_manifest(request.folder, inputs=inputs, parameters=parameters, facts=_facts(request, run))


def _facts(request: ReportRequest, run: Run) -> RunFacts:
    return facts_of(run.dataset, run.forecasts, request.command)
