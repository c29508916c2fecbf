"""What offices stated as their own targets, from ``local_targets.csv``. Never observations."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.data.dataset import Dataset


@dataclass(frozen=True)
class Stated:
    """One row of ``local_targets.csv``; attributes are its columns."""

    area_code: str
    indicator: str
    scope: str
    due: int
    op: str
    value: float
    unit: str
    standard: str
    source_id: str
    note: str


def stated(dataset: Dataset) -> tuple[Stated, ...]:
    """Return the targets, in the order of the file."""
    rows = dataset.local_targets[dataset.local_targets["kind"] == "target"].to_dict("records")
    return tuple(
        Stated(
            area_code=str(row["area_code"]),
            indicator=str(row["indicator"]),
            scope=str(row["scope"]),
            due=int(row["due"]),
            op=str(row["op"] or ""),
            value=float(row["value"]),
            unit=str(row["unit"]),
            standard=str(row["standard"] or ""),
            source_id=str(row["source_id"]),
            note=str(row["note"] or ""),
        )
        for row in rows
    )
