"""An ingest in words: what is new, changed, in conflict, rejected; for people and as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from toolkit.base.texts import say
from toolkit.desk.ingest import Ingest
from toolkit.desk.merge import Change

SHOWN = ("value", "qualifier", "status", "available_from", "available_basis", "unit", "note")
MOST_LINES = 200


def diff_lines(ingest: Ingest) -> list[str]:
    """Return the differences, one a line: ``+`` new, ``~`` changed, ``!`` a conflict; then the counts."""
    lines = [line for change in ingest.changes for line in _lines(change)]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], say("problem.more", count=len(lines) - MOST_LINES)]
    counts = {kind: len(ingest.of(kind)) for kind in ("new", "changed", "same")}
    conflicts = sum(bool(change.others) and change.kind != "same" for change in ingest.changes)
    return [*lines, say("desk.counts", **counts, conflicts=conflicts, rejected=len(ingest.rejected))]


def as_data(ingest: Ingest, *, written: bool) -> dict[str, object]:
    """Return an ingest as plain data, for ``--json``."""
    return {
        "folder": str(ingest.folder),
        "written": written,
        "counts": {
            **{kind: len(ingest.of(kind)) for kind in ("new", "changed", "same")},
            "conflicts": sum(bool(change.others) and change.kind != "same" for change in ingest.changes),
            "rejected": len(ingest.rejected),
        },
        "changes": [
            {
                "kind": change.kind,
                "file": change.proposed.file,
                "sheet": change.proposed.sheet,
                "row": change.proposed.figure.row,
                "after": change.cells,
                "before": change.before,
                "conflicts_with": list(change.others),
            }
            for change in ingest.changes
            if change.kind != "same"
        ],
        "problems": [asdict(problem) for problem in ingest.problems],
    }


def _lines(change: Change) -> Iterator[str]:
    if change.kind == "same":
        return
    cells = change.cells
    place = _place(cells)
    if change.before is None:
        yield f"+ {place}: {cells['value']} {cells['unit']} ({cells['status']}, {cells['source_id']})"
    else:
        parts = [
            f"{name} {change.before.get(name, '') or '–'} → {cells[name] or '–'}"
            for name in SHOWN
            if change.before.get(name, "") != cells[name]
        ]
        yield f"~ {place} ({cells['source_id']}): {'; '.join(parts)}"
    for other in change.others:
        fields = {"other": other["value"], "source": other["source_id"], "status": other["status"]}
        yield f"! {place}: {say('desk.conflict', mine=cells['value'], **fields)}"


def _place(cells: Mapping[str, str]) -> str:
    years = f"{cells['from_year']}–{cells['year']}" if cells.get("from_year") else cells["year"]
    standard = f" [{cells['standard']}]" if cells["standard"] else ""
    return f"{cells['area_code']} {cells['indicator']}/{cells['scope']} {years}{standard}"
