"""The main job: reports for many areas in one folder, with tables, an index and a manifest on top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from toolkit.run.batch import Done, Job, run_jobs
from toolkit.run.provenance import PROJECT, facts_of, hashes, write_manifest
from toolkit.run.session import Run, compute_run, save_run

TEMPLATES = PROJECT / "parameterized"
AREA_TEMPLATE = TEMPLATES / "area_report.ipynb"
SUMMARY_TEMPLATE = TEMPLATES / "plan_summary.ipynb"
SUMMARY = "plan-summary"
ATTAINMENT = "attainment.csv"
INDEX = "index.html"


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
    command :
        How the run was asked for, recorded in the manifest.
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


def make_reports(
    request: ReportRequest,
    *,
    on_stage: Callable[[str], None] = lambda _: None,
    on_done: Callable[[Done], None] = lambda _: None,
) -> ReportRun:
    """Forecast once, then run one notebook for each area, and gather the results.

    Parameters
    ----------
    request :
        What to make.
    on_stage :
        Told the catalogue key of each stage as it starts.
    on_done :
        Told of each page as it ends.

    Returns
    -------
    ReportRun
        With the failed pages named; one failing area does not stop the others.
    """
    on_stage("run.forecasting")
    run = compute_run(
        [area.code for area in request.areas],
        data=request.data,
        plan=request.plan,
        as_of=request.as_of,
        draws=request.draws,
        seed=request.seed,
        model=request.model,
    )
    save_run(run, request.folder)
    attainments = assess_all(run.plan, request.areas, run.dataset, run.forecasts)
    _write_table(run, attainments, request)
    on_stage("run.reporting")
    done = run_jobs(jobs_of(request), workers=request.workers, on_done=on_done)
    on_stage("run.gathering")
    _write_index(request, run, attainments, done)
    _write_manifest(request, run, done)
    return ReportRun(request.folder, tuple(done))


def jobs_of(request: ReportRequest) -> list[Job]:
    """Return one job for each area, and one for the plan summary if it is wanted."""
    common = (
        ("data_folder", str(request.data)),
        ("language", request.language),
        ("run_folder", str(request.folder)),
    )
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
                parameters=(("area_code", area.code), *common),
                language=request.language,
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
                parameters=(*common, ("level", request.areas[-1].level)),
                language=request.language,
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
    inputs = hashes(request.data.rglob("*"), request.data.parent)
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
