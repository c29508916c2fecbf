"""The top of a run's folder: table, ledger, index, manifest and research object, made when all reports have ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.attainment.attainment import attainment_rows
from toolkit.base.files import atomic, write_atomic
from toolkit.base.texts import texts
from toolkit.evaluate.ledger import LEVELS, ledger_text
from toolkit.forecast.summary import summary_columns
from toolkit.reports.context import RunFacts
from toolkit.reports.index import (
    AreaCounts,
    IndexEntry,
    Sheet,
    SheetRow,
    Workbook,
    counts_of,
    csv_text,
    index_page,
    open_workbook,
    rows_of,
)
from toolkit.reports.plan_summary import changes_section
from toolkit.reports.wording import words
from toolkit.run.batch import Done
from toolkit.run.manifest import facts_of, inputs_of, write_crate, write_manifest
from toolkit.run.session import Run

if TYPE_CHECKING:
    from toolkit.run.reports import ReportRequest

ATTAINMENT = "attainment.csv"
WORKBOOK = "attainment.xlsx"
TABLES = "tables"
SINCE = "since"
"""Folder with the answers of the earlier run that changes are told from."""
MOST_AREAS = 100
"""Up to so many areas the workbook has a sheet of forecasts; of more they stand in ``tables/forecast.csv`` alone."""
LEDGER = "ledger.csv"
REPORTS = "reports.csv"
INDEX = "index.html"


def gather(request: ReportRequest, run: Run, done: Sequence[Done]) -> None:
    """Write everything that stands on top of the run; the manifest comes last and names all the rest."""
    told = _tables(request, run)
    facts = facts_of(run.dataset, run.forecasts, request.command)
    write_atomic(request.folder / REPORTS, csv_text(report_rows(request.folder, done)))
    _index(request, run, done, facts, told)
    parameters = {
        "areas": [area.code for area in request.areas],
        "summary": request.summary,
        "language": request.language,
        "plan": run.plan.id,
        "formats": list(request.edition.formats),
        "cycle": request.edition.cycle,
        "audience": request.edition.audience,
        "since": request.edition.since is not None,
        "failed": {item.job.name: item.error for item in done if item.error},
    }
    write_crate(request.folder, facts, language=request.language, plan=run.plan.name(request.language))
    write_manifest(request.folder, inputs=inputs_of(request.data), parameters=parameters, facts=facts)


class _Table:
    """One table as CSV, and as a sheet of the workbook if it is not too long for that."""

    def __init__(self, file: Path, book: Workbook | None, open_files: ExitStack) -> None:
        self._stream = open_files.enter_context(atomic(file))
        self._name, self._book = file.stem, book
        self._sheet: Sheet | None = None
        self._begun = False

    def add(self, columns: Sequence[str], rows: Sequence[SheetRow]) -> None:
        """Append rows."""
        if not self._begun:
            self._sheet = self._book.sheet(self._name, columns) if self._book else None
        self._stream.write(csv_text(rows if self._begun else [columns, *rows]).encode())
        if self._sheet:
            self._sheet.add(rows)
        self._begun = True


def _tables(request: ReportRequest, run: Run) -> dict[str, AreaCounts]:
    """Write answers, forecasts and sources as CSV and as a workbook, and the ledger; return what the index tells.

    All in one pass, area by area: each is read once, and what is written need not be in memory.
    """
    language, folder = texts(request.language), request.folder
    told = {}
    with ExitStack() as files:
        book = files.enter_context(open_workbook(folder / WORKBOOK))
        answered = _Table(folder / ATTAINMENT, book, files)
        forecast = _Table(folder / TABLES / "forecast.csv", book if len(request.areas) <= MOST_AREAS else None, files)
        ledger = files.enter_context(atomic(folder / LEDGER))
        for number, area in enumerate(request.areas):
            answers = run.attainments(area.code)
            rows = attainment_rows(answers, run.dataset, run.plan, language)
            answered.add(list(rows[0]), [tuple(row.values()) for row in rows])
            paths = [run.forecasts.paths[key] for key in run.forecasts.keys_of(area.code) if key[3]]
            found = [path.quantiles(LEVELS) for path in paths]
            columns = summary_columns(paths, found, run.dataset, levels=LEVELS)
            forecast.add(list(columns), list(zip(*columns.values(), strict=True)))
            told[area.code] = counts_of(answers, run.plan, request.language)
            pairs = zip(paths, found, strict=True)
            ledger.write(ledger_text(run.forecasts, pairs, answers, head=number == 0).encode())
        sources = run.dataset.sources.reset_index()
        _Table(folder / TABLES / "sources.csv", book, files).add(list(sources.columns), list(rows_of(sources)))
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
        changed=changes_section(words(request.language), run.plan, names, answers, since),
    )
    write_atomic(request.folder / INDEX, page)
