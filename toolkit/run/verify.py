"""Whether a run is still what its manifest says, and whether making it again gives the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from toolkit.base.errors import DataError
from toolkit.base.files import sha256
from toolkit.base.texts import say, texts
from toolkit.data.dataset import load
from toolkit.reports.formats import Edition
from toolkit.run.about import read_about
from toolkit.run.compare import FileResult, compare_runs
from toolkit.run.gather import SINCE
from toolkit.run.provenance import MANIFEST, PROJECT, inputs_of, is_output
from toolkit.run.reports import make_reports
from toolkit.run.request import ReportRequest

Change = Literal["altered", "missing", "added"]


@dataclass(frozen=True)
class Altered:
    """A file that is not what the manifest says.

    Attributes
    ----------
    part :
        ``input`` or ``output``.
    file :
        As the manifest names it.
    change :
        What happened to it since.
    """

    part: Literal["input", "output"]
    file: str
    change: Change


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a run.

    Raises
    ------
    DataError
        If there is none, or it is damaged.
    """
    try:
        record = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {**record, "inputs": dict(record["inputs"]), "outputs": dict(record["outputs"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            say("run.no_manifest", folder=folder, error=error), remedy=say("forecast.no_store.remedy")
        ) from error


def altered_files(folder: Path, *, data: Path | None = None) -> tuple[Altered, ...]:
    """Return every input, template and output that differs from what the manifest of a run says.

    Parameters
    ----------
    folder :
        Of the run.
    data :
        Where the data lie now; where they lay then by default.
    """
    record = read_manifest(folder)
    inputs = inputs_of(data or data_of(folder))
    outputs = {file.relative_to(folder).as_posix(): sha256(file) for file in folder.rglob("*") if is_output(file)}
    parts: tuple[tuple[Literal["input", "output"], dict[str, str]], ...] = (("input", inputs), ("output", outputs))
    return tuple(
        Altered(part, file, change) for part, now in parts for file, change in _changes(record[f"{part}s"], now)
    )


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[tuple[str, Change]]:
    found: list[tuple[str, Change]] = []
    for file in sorted({*before, *now}):
        if file not in now:
            found.append((file, "missing"))
        elif file not in before:
            found.append((file, "added"))
        elif before[file] != now[file]:
            found.append((file, "altered"))
    return found


def data_of(folder: Path) -> Path:
    """Return where the data of a run lie: where they lay then, or the project's own."""
    return Path(read_about(folder).data or PROJECT / "data")


def made_again(folder: Path, into: Path, *, data: Path | None = None) -> tuple[FileResult, ...]:
    """Make a run again in another folder, and compare the two.

    Parameters
    ----------
    folder :
        The run.
    into :
        An empty folder.
    data :
        As for :func:`altered_files`.
    """
    make_reports(request_of(folder, into, data=data))
    return compare_runs(folder, into)


def request_of(folder: Path, into: Path, *, data: Path | None = None) -> ReportRequest:
    """Return the request that made a run, with another folder to write to."""
    record = read_manifest(folder)
    asked = record["parameters"]
    day = date.fromisoformat(record["as_of"])
    where = data or data_of(folder)
    known = load(where, as_of=day).areas
    return ReportRequest(
        areas=tuple(known.get(code) for code in asked["areas"]),
        summary=asked["summary"],
        language=texts(asked["language"]).language,
        folder=into,
        data=where,
        plan=asked["plan"],
        as_of=day,
        draws=record["draws"],
        seed=record["seed"],
        model=record["model"],
        command=record["command"],
        edition=Edition(
            tuple(asked["formats"]), asked["cycle"], asked["audience"], folder / SINCE if asked["since"] else None
        ),
    )
