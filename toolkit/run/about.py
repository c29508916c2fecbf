"""What a run's folder says of itself to those who open it: plan, facts, and where its data lie."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.base.errors import DataError
from toolkit.base.files import write_atomic
from toolkit.base.texts import say
from toolkit.reports.context import RunFacts

if TYPE_CHECKING:
    from toolkit.run.session import Run

FORECASTS = "forecasts"
ABOUT = "run.json"
HERE = "here.json"
"""What is true on this machine only; no part of what two runs of the same data have in common."""


@dataclass(frozen=True)
class About:
    """What stands in a run's folder beside its numbers.

    Attributes
    ----------
    plan :
        Identifier of the plan.
    facts :
        How the numbers came about.
    data :
        Folder of the data, if it is still there; else empty.
    """

    plan: str
    facts: RunFacts
    data: str


def write_about(folder: Path, run: Run, facts: RunFacts) -> None:
    """Write what :func:`read_about` reads."""
    record = {"plan": run.plan.id, "facts": {**asdict(facts), "as_of": facts.as_of.isoformat()}}
    write_here(folder, run.dataset.folder)
    write_atomic(folder / FORECASTS / ABOUT, json.dumps(record, ensure_ascii=False, indent=1) + "\n")


def write_here(folder: Path, data: Path) -> None:
    """Write where the data of a run lie, as seen from the run: what is published names no path of this machine.

    Nothing is written for another drive, which has no such name.
    """
    try:
        seen = Path(os.path.relpath(data.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return
    write_atomic(folder / HERE, json.dumps({"data": seen}, ensure_ascii=False) + "\n")


def read_about(folder: Path) -> About:
    """Read what a run's folder says of itself.

    Raises
    ------
    DataError
        If it holds no run.
    """
    try:
        record = json.loads((folder / FORECASTS / ABOUT).read_text(encoding="utf-8"))
        facts = RunFacts(**{**record["facts"], "as_of": date.fromisoformat(record["facts"]["as_of"])})
        return About(record["plan"], facts, _data(folder))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            say("forecast.no_store", folder=folder, error=error), remedy=say("forecast.no_store.remedy")
        ) from error


def _data(folder: Path) -> str:
    """Return where the data of a run lay, if they still lie there: a run that was moved takes the project's own."""
    try:
        here: Mapping[str, Any] = json.loads((folder / HERE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    seen = str(here.get("data", ""))
    data = (folder / seen).resolve()
    return str(data) if seen and data.is_dir() else ""
