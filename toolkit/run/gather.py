"""The top of a run's folder: table, ledger, index, manifest and research object, made when all reports have ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING

from toolkit.attainment.result import Attainment
from toolkit.attainment.table import attainment_table
from toolkit.base.files import write_atomic
from toolkit.base.texts import texts
from toolkit.evaluate.ledger import write_ledger
from toolkit.forecast.summary import summary_table
from toolkit.report.facts import RunFacts
from toolkit.report.index import IndexEntry, index_html
from toolkit.report.sheets import safe_csv, write_workbook
from toolkit.run.batch import Done
from toolkit.run.crate import write_crate
from toolkit.run.provenance import facts_of, inputs_of, write_manifest
from toolkit.run.session import Run

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.run.request import ReportRequest

ATTAINMENT = "attainment.csv"
WORKBOOK = "attainment.xlsx"
TABLES = "tables"
SINCE = "since"
"""Folder with the answers of the earlier run that changes are told from."""
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Quantiles in the table of forecasts: the limits of the 95, 80 and 50 % intervals, and the median."""
MOST_AREAS = 100
"""Up to so many areas the workbook has a sheet of forecasts; of more they stand in ``tables/forecast.csv`` alone."""
LEDGER = "ledger.csv"
REPORTS = "reports.csv"
INDEX = "index.html"


def gather(request: ReportRequest, run: Run, done: Sequence[Done]) -> None:
    """Write everything that stands on top of the run; the manifest comes last and names all the rest."""
    _tables(request, run)
    facts = facts_of(run.dataset, run.forecasts, request.command)
    write_ledger(request.folder / LEDGER, run.forecasts, run.attainments, [area.code for area in request.mine])
    write_atomic(request.folder / REPORTS, safe_csv(reports_table(request.folder, done)))
    _index(request, run, done, facts)
    parameters = {
        "areas": [area.code for area in request.mine],
        "all_areas": [area.code for area in request.areas],
        "shard": list(request.shard) if request.shard else None,
        "summary": request.summary,
        "language": request.language,
        "plan": run.plan.id,
        "formats": list(request.edition.formats),
        "cycle": request.edition.cycle,
        "audience": request.edition.audience,
        "since": request.edition.since is not None,
        "failed": {item.job.name: item.error for item in done if item.error},
    }
    write_crate(request.folder, facts, language=request.language, plan=run.plan.names[request.language])
    write_manifest(request.folder, inputs=inputs_of(request.data), parameters=parameters, facts=facts)


def _tables(request: ReportRequest, run: Run) -> None:
    """Write all answers, forecasts and sources as CSV, and as one workbook what is not too long for one.

    Area by area: what is written need not be in memory.
    """
    language = texts(request.language)

    def answers() -> Iterator[pd.DataFrame]:
        for area in request.mine:
            yield attainment_table(run.attainments(area.code), run.dataset, run.plan, language)

    def forecasts() -> Iterator[pd.DataFrame]:
        for area in request.mine:
            yield summary_table(run.forecasts, run.dataset, [area.code], levels=LEVELS)

    sources = run.dataset.sources.reset_index()
    write_atomic(request.folder / ATTAINMENT, _csv(answers()))
    write_atomic(request.folder / TABLES / "forecast.csv", _csv(forecasts()))
    write_atomic(request.folder / TABLES / "sources.csv", safe_csv(sources))
    short = {"forecast": forecasts()} if len(request.mine) <= MOST_AREAS else {}
    write_workbook({"attainment": answers(), **short, "sources": sources}, request.folder / WORKBOOK)


def _csv(parts: Iterable[pd.DataFrame]) -> Iterator[str]:
    """Yield tables with the same columns as one, its head first."""
    for number, part in enumerate(parts):
        text = safe_csv(part)
        yield text.partition("\n")[2] if number else text


def reports_table(folder: Path, done: Sequence[Done]) -> pd.DataFrame:
    """Return one row a report: whether it was made, and for those that failed the cell (from 1) and the error.

    Times are left out, so that two runs give the same table; ``toolkit report --json`` tells them.
    """
    import pandas as pd

    rows = [
        {
            "name": item.job.name,
            "label": item.job.label,
            "outcome": "failed" if item.error else "made",
            "cell": item.cell or "",
            "error": item.error,
            "page": "" if item.error else item.job.page.relative_to(folder).as_posix(),
            "notebook": item.job.notebook.relative_to(folder).as_posix() if item.job.notebook.exists() else "",
        }
        for item in done
    ]
    return pd.DataFrame(rows)


def told(answer: Attainment) -> Attainment:
    """Return what the index tells of an answer: all answers are in memory for it, so the rest is left out."""
    return Attainment(
        area_code=intern(answer.area_code),
        target_id=intern(answer.target_id),
        due=answer.due,
        outcome=answer.outcome,
        probability=answer.probability,
        bound=answer.bound,
        verdict=answer.verdict,
        grade=intern(answer.grade),
        proxy=intern(answer.proxy),
        missing=(),
        inferred=(),
        unit=intern(answer.unit),
        last_year=answer.last_year,
    )


def _index(request: ReportRequest, run: Run, done: Sequence[Done], facts: RunFacts) -> None:
    def relative(file: Path) -> str:
        return file.relative_to(request.folder).as_posix()

    def answers(name: str) -> tuple[Attainment, ...]:
        return tuple(told(answer) for answer in run.attainments(name)) if name in levels else ()

    levels = {area.code: area.level for area in request.mine}
    entries = [
        IndexEntry(
            name=item.job.name,
            label=item.job.label,
            page=relative(item.job.page),
            notebook=relative(item.job.notebook) if item.job.notebook.exists() else "",
            error=item.error,
            attainments=tuple(told(answer) for answer in run.attainments(item.job.name))
            if item.job.name in levels
            else (),
            level=levels.get(item.job.name, ""),
            papers=tuple(relative(file) for file in item.job.papers),
        )
        for item in done
    ]
    edition = request.edition
    since = request.folder / SINCE if edition.since else None
    page = index_html(entries, plan=run.plan, facts=facts, language=request.language, cycle=edition.cycle, since=since)
    write_atomic(request.folder / INDEX, page)
