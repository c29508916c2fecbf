"""The main job: reports for many areas in one folder, and what stands on top of them.

Forecasts are made once, one notebook is run for each area that has no fresh report, and when all have ended the tables,
the ledger, the index, the research object and last the manifest are written.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from toolkit.attainment.attainment import attainment_rows
from toolkit.base.errors import missing_packages
from toolkit.base.files import PROJECT, atomic, own_folder, sha256, write_atomic
from toolkit.base.texts import texts, visible
from toolkit.data.areas import Area
from toolkit.data.dataset import PROJECT_DATA
from toolkit.evaluate.ledger import LEVELS, ledger_text, open_ledger
from toolkit.forecast.summary import summary_columns
from toolkit.reports.context import FIGURES, page_of
from toolkit.reports.evidence import RECORD
from toolkit.reports.first_page import BASIS, basis_of, changes_section, earlier_answers
from toolkit.reports.formats import papers_of
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
from toolkit.run import manifest
from toolkit.run.batch import Done, Job, run_jobs, run_on_cluster
from toolkit.run.kernels import Kernels, fork_server, usual_kernels
from toolkit.run.notebook import Limits, Parameter, check_parameters, read_parameters
from toolkit.run.session import Run, compute_run, open_run, save_run, stored_in

TEMPLATES = PROJECT / "parameterized"
AREA_TEMPLATE = TEMPLATES / "area_report.ipynb"
SUMMARY_TEMPLATE = TEMPLATES / "plan_summary.ipynb"
SUMMARY = "plan-summary"


@dataclass(frozen=True)
class ReportRequest:
    """What to report on, and where and how.

    Attributes
    ----------
    asked :
        What shapes numbers and words.
    areas :
        The areas that it names, in the same order.
    folder :
        The run: all files go below it.
    data :
        Data folder.
    since :
        Folder or ``attainment.csv`` of an earlier run to tell changes from; None for none.
    notebook :
        One's own, to be run for each area in place of the report; None for none.
    workers :
        Number of processes; all cores if None.
    kernels :
        ``forked`` from a process that has imported everything, or ``plain``; what suits the system if None.
    force :
        Make everything anew, even what an earlier run left that is still good.
    limits :
        On the time of a cell and what it shows.
    scheduler :
        Address of a Dask cluster to run on; empty for this machine.
    program, digest :
        What pages name as their maker and print as their digest, where they are made again to be compared with those of
        another program; this program, and the digest of this run, by default.
    """

    asked: manifest.Asked
    areas: tuple[Area, ...]
    folder: Path
    data: Path
    since: Path | None = None
    notebook: Path | None = None
    workers: int | None = None
    kernels: Kernels | None = None
    force: bool = False
    limits: Limits = Limits()  # noqa: RUF009  (frozen)
    scheduler: str = ""
    program: manifest.Program | None = None
    digest: str = ""


def data_name(data: Path) -> str:
    """Return what a command calls a data folder: by no path of this machine; empty for the project's own.

    >>> data_name(PROJECT_DATA / "provinces" / "bac-kan")
    'data/provinces/bac-kan'
    """
    known = data.resolve()
    if known == PROJECT_DATA:
        return ""
    return known.relative_to(PROJECT).as_posix() if known.is_relative_to(PROJECT) else visible(known.name)


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
    jobs, kernels = jobs_of(request), request.kernels or usual_kernels()
    for job in jobs:
        check_parameters(job.template, dict(job.parameters))
    if request.since:
        earlier_answers(request.since)
    with own_folder(request.folder, manifest.MANIFEST):
        made = _Making(request)
        whole = not request.force and made.has_forecasts
        records = manifest.ReportRecords(request.folder, made.key())
        stale = records.stale(jobs, whole=whole)
        forks_here = kernels == "forked" and stale and not request.scheduler
        with fork_server() if forks_here else nullcontext():  # started first: it imports while we forecast
            listener.stage("run.forecasting")
            run, record = made.opened() if whole else made.forecast()
            listener.stage("run.reporting")
            ended = {job.name: Done(job, 0.0, kept=True) for job in jobs if job not in stale}
            for done in ended.values():
                listener.done(done)

            def finished(done: Done) -> None:
                records.write(done)
                listener.done(done)

            if request.scheduler:
                fresh = run_on_cluster(stale, request.scheduler, kernels=kernels, on_done=finished)
            else:
                fresh = run_jobs(
                    stale, workers=request.workers, on_start=listener.start, on_done=finished, kernels=kernels
                )
            ended |= {done.job.name: done for done in fresh}
            listener.stage("run.gathering")
            every = [ended[job.name] for job in jobs]
            gather(request, run, every, record)
    return ReportRun(request.folder, tuple(every), manifest.full_digest(request.folder, record.digest))


class _Making:
    """A run that is being made: what goes into it, all from the snapshot of its data, and its forecasts.

    Parameters
    ----------
    request :
        What to make; the snapshot is taken at once.
    """

    def __init__(self, request: ReportRequest) -> None:
        self.request = request
        self.program = request.program or manifest.this_program()
        taken = manifest.take_snapshot(request.data, request.folder)
        self.inputs = taken | manifest.program_inputs() | keep_given(request)
        self._stored = request.folder / manifest.FORECASTS

    def key(self) -> str:
        """Return the content key of all that forecasts, answers and the digest on the pages depend on."""
        asked = self.request.asked.model_dump(mode="json")
        return manifest.content_key(program=asdict(self.program), inputs=self.inputs, asked=asked)

    @property
    def has_forecasts(self) -> bool:
        """Say whether an earlier run left the same draws and answers, none of them damaged or altered since."""
        return manifest.is_whole(self._stored / manifest.KEY, self.key(), self._files(), self.request.folder)

    def _files(self) -> list[Path]:
        return [file for file in self._stored.rglob("*") if file.is_file() and file.name != manifest.KEY]

    def opened(self) -> tuple[Run, manifest.Manifest]:
        """Return the forecasts of an earlier run."""
        run = open_run(self.request.folder)
        return run, self._manifest(run)

    def forecast(self) -> tuple[Run, manifest.Manifest]:
        """Make forecasts and answers for all areas; their record comes last."""
        folder, asked, mark = self.request.folder, self.request.asked, self._stored / manifest.KEY
        mark.unlink(missing_ok=True)  # first of all: killed while the old forecasts go, none may pass for complete
        run = compute_run(
            asked.areas, data=folder / manifest.SNAPSHOT, plan=asked.plan, as_of=asked.as_of, draws=asked.draws,
            seed=asked.seed, model=asked.model, folder=folder,
        )  # fmt: skip
        save_run(run, folder, self.request.areas)
        record = self._manifest(run)
        facts = manifest.facts_of(run.dataset, run.forecasts, asked.command, self.program)
        manifest.write_about(
            folder, manifest.About(run.plan.id, replace(facts, digest=record.digest, areas=asked.areas))
        )
        manifest.write_record(mark, self.key(), self._files(), folder)
        return stored_in(run, folder), record

    def _manifest(self, run: Run) -> manifest.Manifest:
        """Return the manifest as far as it is known before the reports are made."""
        record = manifest.Manifest(
            digest=self.request.digest,
            parameters=self.request.asked,
            simulated=run.dataset.simulated,
            command=self.request.asked.command,
            program=self.program.key,
            commit=self.program.commit,
            versions=dict(self.program.versions),
            failed={},
            inputs=self.inputs,
            outputs=manifest.numbers_of(self.request.folder),
        )
        return record.model_copy(update={"digest": self.request.digest or record.expected_digest()})


def jobs_of(request: ReportRequest) -> list[Job]:
    """Return one job for each area, and one for the plan summary if it is wanted."""
    if request.notebook:
        return [own_job(request, request.notebook, area) for area in request.areas]
    # the run is named as seen from the notebook: wherever the folder lies, the notebook is the same, byte for byte
    asked, language = request.asked, ("language", request.asked.language)

    def job(name: str, label: str, template: Path, page: Path, *parameters: tuple[str, Parameter]) -> Job:
        papers = papers_of(page, asked.formats)
        # in which forms and for which round, where they are not the usual ones
        given = (("cycle", asked.cycle), ("papers", ",".join(file.name for file in papers)))
        return Job(
            name, label, template, page.with_suffix(".ipynb"), page,
            (*parameters, *(pair for pair in given if pair[1])),
            asked.language, request.limits, papers, asked.audience,
        )  # fmt: skip

    jobs = []
    for area in request.areas:
        page = request.folder / f"{page_of(area)}.html"
        code = ("area_code", area.code)
        since = (("since", f"../{manifest.SINCE}"),) if request.since else ()
        given = (code, language, ("run_folder", ".."), *since)
        jobs.append(job(area.code, area.name(asked.language), AREA_TEMPLATE, page, *given))
    if asked.summary:
        page = request.folder / f"{SUMMARY}.html"
        earlier = (("since", manifest.SINCE),) if request.since else ()
        given = (language, ("level", request.areas[-1].level), ("run_folder", "."), *earlier)
        jobs.append(job(SUMMARY, texts(asked.language).t("run.plan_summary"), SUMMARY_TEMPLATE, page, *given))
    return jobs


def own_job(request: ReportRequest, notebook: Path, area: Area) -> Job:
    """Return the job of one's own notebook for an area: it takes the area's code, and what else it declares of this."""
    asked = request.asked
    known = {"run_folder": "..", "language": asked.language, "as_of": asked.as_of.isoformat(), "cycle": asked.cycle}
    declared = read_parameters(notebook)
    given = {"area_code": area.code, **{name: value for name, value in known.items() if name in declared}}
    page = request.folder / f"{page_of(area)}.html"
    return Job(
        area.code, area.name(asked.language), notebook, page.with_suffix(".ipynb"), page, tuple(given.items()),
        asked.language, request.limits, audience=asked.audience, is_own=True,
    )  # fmt: skip


def keep_given(request: ReportRequest) -> dict[str, str]:
    """Copy what was given beside data into the run, which then needs nothing from outside; return the hashes."""
    given, since = {}, request.since
    if since is not None:
        given[f"{manifest.SINCE}/{ATTAINMENT}"] = (since / ATTAINMENT if since.is_dir() else since).read_bytes()
        if (since / BASIS).is_file():
            given[f"{manifest.SINCE}/{BASIS}"] = (since / BASIS).read_bytes()
        elif (since / manifest.MANIFEST).is_file():
            given[f"{manifest.SINCE}/{BASIS}"] = json.dumps(_basis(manifest.read_manifest(since)), indent=1).encode()
    if request.notebook:
        given[f"{manifest.NOTEBOOK}/{request.notebook.name}"] = request.notebook.read_bytes()
    for name, content in given.items():
        write_atomic(request.folder / name, content)
    return {name: sha256(request.folder / name) for name in given}


def _basis(made: manifest.Manifest) -> dict[str, object]:
    """Return what an earlier run was made from, to say why answers moved since."""
    data = {
        name.partition("/")[2]: one for name, one in made.inputs.items() if name.startswith(f"{manifest.SNAPSHOT}/")
    }
    return basis_of({**vars(made), **vars(made.parameters)}, data)


ATTAINMENT = "attainment.csv"
WORKBOOK = "attainment.xlsx"
TABLES = "tables"
LEDGER = "ledger.zip"
"""Holds ``ledger.csv``, whose rows say the same again and again: a twentieth of its size."""
INDEX = "index.html"


def gather(request: ReportRequest, run: Run, done: Sequence[Done], record: manifest.Manifest) -> None:
    """Write everything that stands on top of the run; the manifest comes last and names all the rest."""
    told = _tables(request, run)
    _index(request, run, done, told)
    shutil.rmtree(request.folder / FIGURES, ignore_errors=True)
    for page, content in figure_pages(run.dataset, run.plan, request.asked.language, run.facts):
        write_atomic(request.folder / page, content)
    manifest.write_crate(
        request.folder, run.facts, language=request.asked.language, plan=run.plan.name(request.asked.language)
    )
    failed = {item.job.name: item.error for item in done if item.error}
    manifest.write_manifest(request.folder, record.model_copy(update={"failed": failed}))


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
    language, folder = texts(request.asked.language), request.folder
    told = {}
    with ExitStack() as files:
        (folder / WORKBOOK).unlink(missing_ok=True)
        book = None if missing_packages("sheets") else files.enter_context(open_workbook(folder / WORKBOOK))
        annex = Annex(book, run.plan, words(request.asked.language)) if book else None
        answered, forecast = (_Table(folder / name, files) for name in (ATTAINMENT, f"{TABLES}/forecast.csv"))
        ledger = files.enter_context(open_ledger(files.enter_context(atomic(folder / LEDGER))))
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
            told[area.code] = counts_of(answers, run.plan, request.asked.language)
            pairs = zip(paths, found, strict=True)
            ledger.write(ledger_text(run.forecasts, pairs, answers, head=number == 0).encode())
        sources = run.dataset.sources.reset_index()
        _Table(folder / TABLES / "sources.csv", files).add(list(sources.columns), list(rows_of(sources)))
        write_atomic(folder / TABLES / RECORD.name, RECORD.read_bytes())
    return told


def _index(request: ReportRequest, run: Run, done: Sequence[Done], told: Mapping[str, AreaCounts]) -> None:
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
    since = request.folder / manifest.SINCE if request.since else None
    context = run.context(run.plan.province_code, request.asked.language, ())
    page = index_page(
        entries,
        plan=run.plan,
        facts=run.facts,
        language=request.asked.language,
        cycle=request.asked.cycle,
        workbook=(request.folder / WORKBOOK).is_file(),
        changed=changes_section(context, names, answers, since),
    )
    write_atomic(request.folder / INDEX, page)
