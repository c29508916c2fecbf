"""The top of a run's folder: table, ledger, index, manifest and research object, made when all reports have ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.attainment.result import Attainment
from toolkit.attainment.table import attainment_table
from toolkit.base.files import write_atomic
from toolkit.base.texts import texts
from toolkit.evaluate.ledger import write_ledger
from toolkit.forecast.summary import summary_table
from toolkit.report.facts import RunFacts
from toolkit.report.index import IndexEntry, write_index
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
    answers = tuple(answer for area in request.mine for answer in run.attainments(area.code))
    table = attainment_table(answers, run.dataset, run.plan, texts(request.language))
    _tables(request, run, table)
    facts = facts_of(run.dataset, run.forecasts, request.command)
    write_ledger(request.folder / LEDGER, run.forecasts, answers, [area.code for area in request.mine])
    write_atomic(request.folder / REPORTS, safe_csv(reports_table(request.folder, done)))
    _index(request, run, answers, done, facts)
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


def _tables(request: ReportRequest, run: Run, table: pd.DataFrame) -> None:
    """Write all answers, forecasts and sources as CSV, and as one workbook what is not too long for one."""
    import pandas as pd

    sources = run.dataset.sources.reset_index()
    write_atomic(request.folder / ATTAINMENT, safe_csv(table))
    write_atomic(request.folder / TABLES / "sources.csv", safe_csv(sources))
    forecasts: list[pd.DataFrame] = []
    lines: list[str] = []
    for area in request.mine:
        rows = summary_table(run.forecasts, run.dataset, [area.code], levels=LEVELS)
        lines.append(safe_csv(rows).partition("\n")[2] if lines else safe_csv(rows))
        if len(request.mine) <= MOST_AREAS:
            forecasts.append(rows)
    write_atomic(request.folder / TABLES / "forecast.csv", "".join(lines))
    sheets = {"attainment": table, "sources": sources}
    if forecasts:
        sheets = {"attainment": table, "forecast": pd.concat(forecasts, ignore_index=True), "sources": sources}
    write_workbook(sheets, request.folder / WORKBOOK)


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


def _index(
    request: ReportRequest, run: Run, answers: Sequence[Attainment], done: Sequence[Done], facts: RunFacts
) -> None:
    def relative(file: Path) -> str:
        return file.relative_to(request.folder).as_posix()

    levels = {area.code: area.level for area in request.mine}
    entries = [
        IndexEntry(
            name=item.job.name,
            label=item.job.label,
            page=relative(item.job.page),
            notebook=relative(item.job.notebook) if item.job.notebook.exists() else "",
            error=item.error,
            attainments=tuple(result for result in answers if result.area_code == item.job.name),
            level=levels.get(item.job.name, ""),
            papers=tuple(relative(file) for file in item.job.papers),
        )
        for item in done
    ]
    edition = request.edition
    write_index(
        request.folder / INDEX,
        entries,
        plan=run.plan,
        facts=facts,
        language=request.language,
        cycle=edition.cycle,
        since=request.folder / SINCE if edition.since else None,
    )
