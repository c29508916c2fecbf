"""The main job: reports for many areas in one folder, and what stands on top of them.

Forecasts are made once, one notebook is run for each area that has no fresh report, and when all have ended the tables,
the ledger, the index, the research object and last the manifest are written.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from toolkit.attainment.attainment import attainment_rows
from toolkit.base.errors import missing_packages
from toolkit.base.files import PROJECT, atomic, own_folder, write_atomic
from toolkit.base.texts import Language, slug, texts
from toolkit.data.areas import Area
from toolkit.data.dataset import PROJECT_DATA
from toolkit.evaluate.ledger import LEVELS, ledger_text
from toolkit.forecast.make import DRAWS, MODEL, SEED
from toolkit.forecast.summary import summary_columns
from toolkit.reports.context import FIGURES, RunFacts
from toolkit.reports.first_page import changes_section, earlier_answers
from toolkit.reports.formats import Edition
from toolkit.reports.index import (
    Annex,
    AreaCounts,
    IndexEntry,
    SheetRow,
    counts_of,
    csv_text,
    figure_pages,
    index_page,
    open_workbook,
    rows_of,
)
from toolkit.reports.wording import words
from toolkit.run.batch import Done, Job, run_jobs, run_on_cluster
from toolkit.run.kernels import Kernels, fork_server, usual_kernels
from toolkit.run.manifest import (
    FORECASTS,
    KEY,
    MANIFEST,
    SINCE,
    SNAPSHOT,
    Asked,
    Manifest,
    Program,
    ReportRecords,
    content_key,
    facts_of,
    full_digest,
    hashes,
    is_whole,
    numbers_of,
    program_inputs,
    take_snapshot,
    this_program,
    write_about,
    write_crate,
    write_manifest,
    write_record,
)
from toolkit.run.notebook import Limits, Parameter, check_parameters
from toolkit.run.session import Run, compute_run, open_run, save_run, stored_in

TEMPLATES = PROJECT / "parameterized"
AREA_TEMPLATE = TEMPLATES / "area_report.ipynb"
SUMMARY_TEMPLATE = TEMPLATES / "plan_summary.ipynb"
SUMMARY = "plan-summary"


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
    edition :
        Forms, reporting round and audience of the reports.
    data_name :
        What the command calls the data folder: by no path of this machine; empty for the project's own.
    program, digest :
        What pages name as their maker and print as their digest, where they are made again to be compared with those of
        another program; this program, and the digest of this run, by default.
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
    edition: Edition = Edition()  # noqa: RUF009  (frozen)
    data_name: str = ""
    program: Program | None = None
    digest: str = ""

    @property
    def command(self) -> str:
        """Return the command that makes the run again: what shapes its numbers and words, not where or how fast."""
        levels, edition = {area.level for area in self.areas}, self.edition
        parts = ["toolkit", "report"]
        if not self.summary:
            parts += [part for area in self.areas for part in ("--area", area.code)]
        given = {
            "--level": levels.pop() if self.summary and len(levels) == 1 else "",
            "--lang": self.language,
            "--as-of": self.as_of.isoformat(),
            "--format": "" if edition.formats == ("html",) else ",".join(edition.formats),
            "--cycle": edition.cycle,
            "--audience": "" if edition.audience == "planner" else edition.audience,
            "--plan": self.plan or "",
            "--data": self.data_name,
        }
        numbers = {"--draws": (self.draws, DRAWS), "--seed": (self.seed, SEED), "--model": (self.model, MODEL)}
        given |= {name: str(value) for name, (value, usual) in numbers.items() if value != usual}
        return shlex.join(parts + [part for name, value in given.items() if value for part in (name, value)])


def data_name(data: Path) -> str:
    """Return what a command calls a data folder: by no path of this machine; empty for the project's own.

    >>> data_name(PROJECT_DATA / "provinces" / "bac-kan")
    'data/provinces/bac-kan'
    """
    known = data.resolve()
    if known == PROJECT_DATA:
        return ""
    return known.relative_to(PROJECT).as_posix() if known.is_relative_to(PROJECT) else known.name


@dataclass(frozen=True)
class ReportRun:
    """What a run left: its folder, how each page ended, and the digest of the whole."""

    folder: Path
    done: tuple[Done, ...]
    digest: str

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
    ToolkitError
        If another run is at work in the folder, or it holds files of somebody else.
    """
    for job in jobs_of(request):
        check_parameters(job.template, dict(job.parameters))
    with own_folder(request.folder, MANIFEST):
        keep_earlier(request)
        made = _Making(request)
        whole = not request.force and made.has_forecasts
        plan = _plan(made, whole=whole)
        kernels = request.kernels or usual_kernels()
        forks_here = kernels == "forked" and plan.stale and not request.scheduler
        with fork_server() if forks_here else nullcontext():  # started first: it imports while we forecast
            listener.stage("run.forecasting")
            run, manifest = made.opened() if whole else made.forecast()
            listener.stage("run.reporting")
            done = _done(request, plan, kernels, listener)
            listener.stage("run.gathering")
            gather(request, run, done, manifest)
    return ReportRun(request.folder, tuple(done), full_digest(request.folder, manifest.digest))


class _Making:
    """A run that is being made: what goes into it, all from the snapshot of its data, and its forecasts.

    Parameters
    ----------
    request :
        What to make; the snapshot is taken at once.
    """

    def __init__(self, request: ReportRequest) -> None:
        self.request = request
        self.program = request.program or this_program()
        taken = take_snapshot(request.data, request.folder)
        earlier = hashes((request.folder / SINCE).rglob("*"), request.folder) if request.edition.since else {}
        self.inputs = taken | program_inputs() | earlier
        self._stored = request.folder / FORECASTS

    def key(self) -> str:
        """Return the content key of all that forecasts, answers and the digest on the pages depend on."""
        asked = self._asked(self.request.plan or "").model_dump(mode="json")
        numbers = (self.request.as_of.isoformat(), self.request.draws, self.request.seed, self.request.model)
        return content_key(program=asdict(self.program), inputs=self.inputs, asked=asked, numbers=numbers)

    @property
    def has_forecasts(self) -> bool:
        """Say whether an earlier run left the same draws and answers, none of them damaged or altered since."""
        return is_whole(self._stored / KEY, self.key(), self._files(), self.request.folder)

    def _files(self) -> list[Path]:
        return [file for file in self._stored.rglob("*") if file.is_file() and file.name != KEY]

    def opened(self) -> tuple[Run, Manifest]:
        """Return the forecasts of an earlier run."""
        run = open_run(self.request.folder)
        return run, self._manifest(run)

    def forecast(self) -> tuple[Run, Manifest]:
        """Make forecasts and answers for all areas; their record comes last."""
        asked, mark = self.request, self._stored / KEY
        mark.unlink(missing_ok=True)  # first of all: killed while the old forecasts go, none may pass for complete
        run = compute_run(
            [area.code for area in asked.areas],
            data=asked.folder / SNAPSHOT,
            plan=asked.plan,
            as_of=asked.as_of,
            draws=asked.draws,
            seed=asked.seed,
            model=asked.model,
            folder=asked.folder,
        )
        save_run(run, asked.folder, asked.areas)
        manifest = self._manifest(run)
        facts = facts_of(run.dataset, run.forecasts, asked.command, self.program)
        write_about(asked.folder, plan=run.plan.id, facts=replace(facts, digest=manifest.digest))
        write_record(mark, self.key(), self._files(), asked.folder)
        return stored_in(run, asked.folder), manifest

    def _asked(self, plan: str) -> Asked:
        request, edition = self.request, self.request.edition
        return Asked(
            areas=tuple(area.code for area in request.areas),
            summary=request.summary,
            language=request.language,
            plan=plan,
            data=request.data_name,
            formats=edition.formats,  # type: ignore[arg-type]  # checked by the model
            cycle=edition.cycle,
            audience=edition.audience,
            since=edition.since is not None,
        )

    def _manifest(self, run: Run) -> Manifest:
        """Return the manifest as far as it is known before the reports are made."""
        numbers = run.forecasts
        manifest = Manifest(
            digest=self.request.digest,
            as_of=numbers.as_of,
            seed=numbers.seed,
            draws=numbers.draw_count,
            model=numbers.model_name,
            simulated=run.dataset.simulated,
            command=self.request.command,
            program=self.program.key,
            commit=self.program.commit,
            versions=dict(self.program.versions),
            parameters=self._asked(run.plan.id),
            failed={},
            inputs=self.inputs,
            outputs=numbers_of(self.request.folder),
        )
        return manifest.model_copy(update={"digest": self.request.digest or manifest.expected_digest()})


@dataclass(frozen=True)
class _Plan:
    """What is to be done: the key that each report would have, and the reports to make."""

    jobs: tuple[Job, ...]
    keys: Mapping[str, str]
    stale: tuple[Job, ...]
    records: ReportRecords


def _plan(made: _Making, *, whole: bool) -> _Plan:
    """Return what is to be done: all of it, unless draws and answers are whole."""
    jobs, records = tuple(jobs_of(made.request)), ReportRecords(made.request.folder)
    records.sweep(jobs)
    inputs = made.key()
    keys = {job.name: records.key(job, inputs) for job in jobs}
    stale = tuple(job for job in jobs if not whole or not records.is_fresh(job, keys[job.name]))
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

    def job(name: str, label: str, template: Path, page: Path, *parameters: tuple[str, Parameter]) -> Job:
        edition = request.edition
        papers = edition.papers(page)
        # in which forms and for which round, where they are not the usual ones
        given = (("cycle", edition.cycle), ("papers", ",".join(file.name for file in papers)))
        return Job(
            name, label, template, page.with_suffix(".ipynb"), page,
            (*parameters, *(pair for pair in given if pair[1])),
            request.language, request.limits, papers, edition.audience,
        )  # fmt: skip

    jobs = []
    for area in request.areas:
        page = request.folder / "areas" / f"{area.code}-{slug(area.name_vi)[:80]}.html"
        code = ("area_code", area.code)
        since = (("since", f"../{SINCE}"),) if request.edition.since else ()
        given = (code, language, ("run_folder", ".."), *since)
        jobs.append(job(area.code, area.name(request.language), AREA_TEMPLATE, page, *given))
    if request.summary:
        page = request.folder / f"{SUMMARY}.html"
        earlier = (("since", SINCE),) if request.edition.since else ()
        given = (language, ("level", request.areas[-1].level), ("run_folder", "."), *earlier)
        jobs.append(job(SUMMARY, texts(request.language).t("run.plan_summary"), SUMMARY_TEMPLATE, page, *given))
    return jobs


def keep_earlier(request: ReportRequest) -> None:
    """Copy the answers of the earlier run into this one, which then needs nothing from outside to be made again."""
    since = request.edition.since
    if since is not None:
        earlier_answers(since)
        content = (since / ATTAINMENT if since.is_dir() else since).read_bytes()
        write_atomic(request.folder / SINCE / ATTAINMENT, content)


ATTAINMENT = "attainment.csv"
WORKBOOK = "attainment.xlsx"
TABLES = "tables"
LEDGER = "ledger.csv"
REPORTS = "reports.csv"
INDEX = "index.html"


def gather(request: ReportRequest, run: Run, done: Sequence[Done], manifest: Manifest) -> None:
    """Write everything that stands on top of the run; the manifest comes last and names all the rest."""
    told = _tables(request, run)
    write_atomic(request.folder / REPORTS, csv_text(report_rows(request.folder, done)))
    _index(request, run, done, run.facts, told)
    shutil.rmtree(request.folder / FIGURES, ignore_errors=True)
    for page, content in figure_pages(run.dataset, request.language, run.facts):
        write_atomic(request.folder / page, content)
    write_crate(request.folder, run.facts, language=request.language, plan=run.plan.name(request.language))
    failed = {item.job.name: item.error for item in done if item.error}
    write_manifest(request.folder, manifest.model_copy(update={"failed": failed}))


class _Table:
    """A table as CSV that spreadsheets read as UTF-8."""

    def __init__(self, file: Path, open_files: ExitStack) -> None:
        self._stream = open_files.enter_context(atomic(file))
        self._begun = False

    def add(self, columns: Sequence[str], rows: Sequence[SheetRow]) -> None:
        """Append rows."""
        self._stream.write(csv_text(rows).encode() if self._begun else csv_text([columns, *rows]).encode("utf-8-sig"))
        self._begun = True


def _tables(request: ReportRequest, run: Run) -> dict[str, AreaCounts]:
    """Write answers, forecasts and sources as CSV, the annex, and the ledger; return what the index tells.

    All in one pass, area by area: each is read once, and what is written need not be in memory.
    """
    language, folder = texts(request.language), request.folder
    told = {}
    with ExitStack() as files:
        (folder / WORKBOOK).unlink(missing_ok=True)
        book = None if missing_packages("sheets") else files.enter_context(open_workbook(folder / WORKBOOK))
        annex = Annex(book, run.plan, words(request.language)) if book else None
        answered, forecast = (_Table(folder / name, files) for name in (ATTAINMENT, f"{TABLES}/forecast.csv"))
        ledger = files.enter_context(atomic(folder / LEDGER))
        for number, area in enumerate(request.areas):
            answers = run.attainments(area.code)
            rows = attainment_rows(answers, run.dataset, run.plan, language)
            answered.add(list(rows[0]), [tuple(row.values()) for row in rows])
            if annex:
                annex.add(area, answers, run.dataset)
            paths = [run.forecasts.paths[key] for key in run.forecasts.keys_of(area.code) if key[3]]
            found = [path.quantiles(LEVELS) for path in paths]
            columns = summary_columns(paths, found, run.dataset, levels=LEVELS)
            forecast.add(list(columns), list(zip(*columns.values(), strict=True)))
            told[area.code] = counts_of(answers, run.plan, request.language)
            pairs = zip(paths, found, strict=True)
            ledger.write(ledger_text(run.forecasts, pairs, answers, head=number == 0).encode())
        sources = run.dataset.sources.reset_index()
        _Table(folder / TABLES / "sources.csv", files).add(list(sources.columns), list(rows_of(sources)))
    return told


def report_rows(folder: Path, done: Sequence[Done]) -> list[SheetRow]:
    """Return one row a report: whether it was made, and for those that failed the cell (from 1) and the error.

    Times are left out, so that two runs give the same table; ``toolkit report --json`` tells them.
    """
    columns = ("name", "label", "outcome", "cell", "error", "page", "notebook")
    return [columns, *(_report_row(folder, item) for item in done)]


def _report_row(folder: Path, item: Done) -> SheetRow:
    return (
        item.job.name,
        item.job.label,
        "failed" if item.error else "made",
        item.cell or "",
        item.error,
        "" if item.error else item.job.page.relative_to(folder).as_posix(),
        item.job.notebook.relative_to(folder).as_posix() if item.job.notebook.exists() else "",
    )


def _index(
    request: ReportRequest, run: Run, done: Sequence[Done], facts: RunFacts, told: Mapping[str, AreaCounts]
) -> None:
    def relative(file: Path) -> str:
        return file.relative_to(request.folder).as_posix()

    levels = {area.code: area.level for area in request.areas}
    entries = [
        IndexEntry(
            name=item.job.name,
            label=item.job.label,
            page=relative(item.job.page),
            notebook=relative(item.job.notebook) if item.job.notebook.exists() else "",
            error=item.error,
            answers=told.get(item.job.name),
            level=levels.get(item.job.name, ""),
            papers=tuple(relative(file) for file in item.job.papers),
        )
        for item in done
    ]
    names = {entry.name: entry.label for entry in entries if entry.answers and not entry.error}
    answers = (answer for name in names for answer in run.attainments(name))
    since = request.folder / SINCE if request.edition.since else None
    page = index_page(
        entries,
        plan=run.plan,
        facts=facts,
        language=request.language,
        cycle=request.edition.cycle,
        workbook=(request.folder / WORKBOOK).is_file(),
        changed=changes_section(words(request.language), run.plan, names, answers, since),
    )
    write_atomic(request.folder / INDEX, page)
