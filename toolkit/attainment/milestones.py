"""Statements without a number: the status and evidence that are held, never a probability."""

from __future__ import annotations

from toolkit.attainment.result import Attainment, Note
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.plan.schema import Target


def milestone(target: Target, area: Area, dataset: Dataset) -> Attainment:
    """Return the answer to a statement without a number: what ``milestones.csv`` says of it."""
    held = dataset.milestones
    status, notes = "unknown", []
    for row in (held.iloc[number] for number, name in enumerate(held["target_id"].tolist()) if name == target.id):
        status = str(row.get("status") or "unknown")
        fields = {name: str(row.get(name) or "") for name in ("evidence", "source_id", "as_of", "note")}
        if fields["evidence"]:
            fields["source"] = fields.pop("source_id")
            notes.append(Note("attainment.note.milestone_evidence", fields))
    unknown = status == "unknown"
    return Attainment(
        area_code=area.code,
        target_id=target.id,
        due=target.due,
        outcome="milestone",
        probability=None,
        bound="exact",
        verdict="milestone",
        grade="",
        proxy="",
        missing=(Note("attainment.missing.milestone"),) if unknown else (),
        inferred=target.inferred,
        unit="",
        notes=(Note(f"attainment.note.milestone.{status}"), *notes),
    )
