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
from toolkit.report.facts import RunFacts
from toolkit.report.index import IndexEntry, write_index
from toolkit.run.batch import Done
from toolkit.run.crate import write_crate
from toolkit.run.provenance import facts_of, inputs_of, write_manifest
from toolkit.run.session import Run

if TYPE_CHECKING:
    from toolkit.run.reports import ReportRequest

ATTAINMENT = "attainment.csv"
LEDGER = "ledger.csv"
INDEX = "index.html"


def gather(request: ReportRequest, run: Run, answers: Sequence[Attainment], done: Sequence[Done]) -> None:
    """Write everything that stands on top of the run; the manifest comes last and names all the rest."""
    table = attainment_table(answers, run.dataset, run.plan, texts(request.language))
    write_atomic(request.folder / ATTAINMENT, table.to_csv(index=False, lineterminator="\n"))
    facts = facts_of(run.dataset, run.forecasts, request.command)
    write_ledger(request.folder / LEDGER, run.forecasts, answers, [area.code for area in request.mine])
    _index(request, run, answers, done, facts)
    parameters = {
        "areas": [area.code for area in request.mine],
        "all_areas": [area.code for area in request.areas],
        "shard": list(request.shard) if request.shard else None,
        "summary": request.summary,
        "language": request.language,
        "plan": run.plan.id,
        "failed": {item.job.name: item.error for item in done if item.error},
    }
    write_crate(request.folder, facts, language=request.language, plan=run.plan.names[request.language])
    write_manifest(request.folder, inputs=inputs_of(request.data), parameters=parameters, facts=facts)


def _index(
    request: ReportRequest, run: Run, answers: Sequence[Attainment], done: Sequence[Done], facts: RunFacts
) -> None:
    def relative(file: Path) -> str:
        return file.relative_to(request.folder).as_posix()

    entries = [
        IndexEntry(
            name=item.job.name,
            label=item.job.label,
            page=relative(item.job.page),
            notebook=relative(item.job.notebook) if item.job.notebook.exists() else "",
            error=item.error,
            attainments=tuple(result for result in answers if result.area_code == item.job.name),
        )
        for item in done
    ]
    write_index(request.folder / INDEX, entries, plan=run.plan, facts=facts, language=request.language)
