"""The answers of a run in its folder: made once with the forecasts, read by every notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from toolkit.attainment.attainment import Attainment
from toolkit.base.files import write_atomic
from toolkit.forecast.store import observation_from
from toolkit.plan.judgement import Note

ANSWERS = "answers"


def save_answers(answers: Sequence[Attainment], folder: Path) -> None:
    """Write answers to `folder`, one file an area."""
    by_area: dict[str, list[Attainment]] = {}
    for answer in answers:
        by_area.setdefault(answer.area_code, []).append(answer)
    for code, entries in by_area.items():
        text = json.dumps(entries, ensure_ascii=False, separators=(",", ":"), default=_fields)
        write_atomic(folder / f"{code}.json", text)


def _fields(result: Any) -> dict[str, Any]:
    """Return one level of a result; json comes back for those inside it."""
    return {item.name: getattr(result, item.name) for item in fields(result)}


def load_answers(area_code: str, folder: Path) -> tuple[Attainment, ...] | None:
    """Return the stored answers of an area; None if there are none."""
    file = folder / f"{area_code}.json"
    if not file.is_file():
        return None
    return tuple(_answer(entry) for entry in json.loads(file.read_text(encoding="utf-8")))


def _answer(entry: Mapping[str, Any]) -> Attainment:
    plain = {name: tuples(value) if isinstance(value, list) else value for name, value in entry.items()}
    plain |= {name: tuple(Note(**note) for note in plain[name]) for name in ("missing", "notes")}
    plain["overruled"] = tuple(observation_from(item) for item in entry["overruled"])
    return Attainment(**plain)


def tuples(value: Any) -> Any:
    """Return `value` as it was before it became JSON: our results hold tuples, never lists."""
    if isinstance(value, list):
        return tuple(tuples(item) for item in value)
    if isinstance(value, dict):
        return {name: tuples(item) for name, item in value.items()}
    return value
