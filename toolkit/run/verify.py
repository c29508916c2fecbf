"""Whether a run is still what its manifest says, and made again the same. Apart because it trusts nothing of it."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from toolkit.base.files import PROJECT, sha256
from toolkit.base.texts import texts
from toolkit.data.dataset import load
from toolkit.reports.formats import Edition
from toolkit.run.manifest import inputs_of, is_output, read_about, read_manifest
from toolkit.run.reports import SINCE, ReportRequest, make_reports

Change = Literal["altered", "missing", "added"]
FileOutcome = Literal["identical", "within_tolerance", "changed", "missing", "unexpected"]
TextPlace = Literal["page", "source", "output"]
Count = Literal["rows", "cells", "page_lines", "source_lines", "output_lines"]
CellPlace = Mapping[str, str | int]
LINES: Mapping[TextPlace, Count] = {"page": "page_lines", "source": "source_lines", "output": "output_lines"}
TOLERANCE = 1e-6
"""Relative: two machines may round the last digits of a computation differently."""
NUMBER = re.compile(r"[-+−]?\d+(?:[.,\u00a0\u202f]\d+)*(?:e[-+]?\d+)?", re.IGNORECASE)
MOST_DIFFERENCES = 20
LONG_LINE = 4000
COMPARED = (".csv", ".html", ".ipynb")


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


@dataclass(frozen=True)
class Difference:
    """One place where a file of two runs differs.

    Attributes
    ----------
    kind :
        What differs: a value or row of a table, a line of a page or of a notebook cell's source or output, the rest of
        such a cell, a notebook's metadata, or how many rows, cells or lines there are.
    file :
        Its name in the run.
    cell :
        Where in the file, by the names that this kind has (``row``, ``column``, ``cell``, ``output``, ``line`` …).
    before, after :
        What stood there, and what stands there now.
    """

    kind: Literal["value", "row", "rest", "metadata"] | TextPlace | Count
    file: str
    cell: CellPlace
    before: str
    after: str

    @property
    def is_rounding(self) -> bool:
        """Say whether the two differ only in the last digits of numbers."""
        return self.kind in ("value", *LINES) and same_within_tolerance(self.before, self.after)


@dataclass(frozen=True)
class FileResult:
    """How one file of a run compares with the same file made again."""

    file: str
    outcome: FileOutcome
    differences: tuple[Difference, ...] = ()


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


def compare_runs(before: Path, after: Path) -> tuple[FileResult, ...]:
    """Compare the tables, notebooks and pages of two runs.

    Parameters
    ----------
    before, after :
        Folders of runs.

    Returns
    -------
    tuple of FileResult
        One a file, sorted by name.
    """
    files = {file.relative_to(folder).as_posix() for folder in (before, after) for file in _files(folder)}
    return tuple(_compare(name, before / name, after / name) for name in sorted(files))


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.suffix in COMPARED and not file.name.startswith("."))


def _compare(name: str, before: Path, after: Path) -> FileResult:
    if not before.is_file():
        return FileResult(name, "unexpected")
    if not after.is_file():
        return FileResult(name, "missing")
    if sha256(before) == sha256(after):
        return FileResult(name, "identical")
    compare = {".csv": _table_differences, ".ipynb": _notebook_differences}.get(before.suffix, _page_differences)
    differences = tuple(compare(name, before, after))
    real = tuple(item for item in differences if not item.is_rounding)
    outcome: FileOutcome = "within_tolerance" if differences and not real else "changed"
    return FileResult(name, outcome, (real or differences)[:MOST_DIFFERENCES])


def same_within_tolerance(before: str, after: str) -> bool:
    """Say whether two texts are the same but for numbers that differ by rounding.

    Examples
    --------
    >>> same_within_tolerance("p = 0.8500000001", "p = 0.85")
    True
    >>> same_within_tolerance("p = 0.86", "p = 0.85")
    False
    """
    if NUMBER.sub("#", before) != NUMBER.sub("#", after):
        return False
    pairs = zip(NUMBER.findall(before), NUMBER.findall(after), strict=True)
    return all(math.isclose(_number(one), _number(other), rel_tol=TOLERANCE) for one, other in pairs)


def _number(text: str) -> float:
    plain = text.replace("−", "-").replace("\u00a0", "").replace("\u202f", "")
    try:
        return float(plain.replace(",", "."))
    except ValueError:  # several separators: digits alone decide
        return float(re.sub(r"[.,]", "", plain))


def _table_differences(file: str, before: Path, after: Path) -> Iterator[Difference]:
    with before.open(encoding="utf-8", newline="") as one, after.open(encoding="utf-8", newline="") as other:
        old, new = list(csv.reader(one)), list(csv.reader(other))
    if len(old) != len(new):
        yield Difference("rows", file, {}, str(len(old)), str(len(new)))
        return
    for row, (old_row, new_row) in enumerate(zip(old, new, strict=True), start=1):
        if len(old_row) != len(new_row):
            yield Difference("row", file, {"row": row}, ",".join(old_row), ",".join(new_row))
            continue
        of = ", ".join(cell for cell in (old_row[0], *old_row[3:4]) if cell)
        for column, was, now in zip(old[0], old_row, new_row, strict=False):
            if was != now:
                yield Difference("value", file, {"row": row, "of": of, "column": column}, was, now)


def _notebook_differences(file: str, before: Path, after: Path) -> Iterator[Difference]:
    old, new = (json.loads(path.read_text(encoding="utf-8")) for path in (before, after))
    if len(old["cells"]) != len(new["cells"]):
        yield Difference("cells", file, {}, str(len(old["cells"])), str(len(new["cells"])))
        return
    for number, (was, now) in enumerate(zip(old["cells"], new["cells"], strict=True), start=1):
        parts = zip(_parts(was), _parts(now), strict=False)
        different = [pair for pair in parts if pair[0] != pair[1]]
        for (kind, place, one), (_, _, other) in different:
            yield from _line_differences(kind, file, {"cell": number, **place}, one, other)
        if not different and was != now:
            yield Difference("rest", file, {"cell": number}, *_around(json.dumps(was), json.dumps(now)))
    if {**old, "cells": []} != {**new, "cells": []}:
        yield Difference("metadata", file, {}, json.dumps(old.get("metadata")), json.dumps(new.get("metadata")))


def _parts(cell: Mapping[str, Any]) -> list[tuple[TextPlace, CellPlace, str]]:
    found: list[tuple[TextPlace, CellPlace, str]] = [("source", {}, "".join(cell["source"]))]
    for number, output in enumerate(cell.get("outputs", ()), start=1):
        for form, content in output.get("data", {"text": output.get("text", "")}).items():
            text = "".join(content) if isinstance(content, list) else json.dumps(content, ensure_ascii=False)
            found.append(("output", {"output": number, "form": form}, text))
    return found


def _page_differences(file: str, before: Path, after: Path) -> Iterator[Difference]:
    old, new = (path.read_text(encoding="utf-8") for path in (before, after))
    yield from _line_differences("page", file, {}, old, new)


def _line_differences(kind: TextPlace, file: str, cell: CellPlace, before: str, after: str) -> Iterator[Difference]:
    """Yield lines that differ; where lines came or went, the first of them and how many there are."""
    old, new = before.splitlines(), after.splitlines()
    for line, (was, now) in enumerate(zip(old, new, strict=False), start=1):
        if was != now:
            yield Difference(kind, file, {**cell, "line": line}, *_around(was, now))
            if len(old) != len(new):
                return
    if len(old) != len(new):
        yield Difference(LINES[kind], file, cell, str(len(old)), str(len(new)))


def _around(was: str, now: str) -> tuple[str, str]:
    """Return the part of two long lines where they differ, beginning with the number it is in."""
    first = next((place for place, (one, other) in enumerate(zip(was, now, strict=False)) if one != other), 0)
    start = max(0, first - 40)
    while start and was[start - 1 : start].isalnum():
        start -= 1
    end = None if max(len(was), len(now)) < LONG_LINE else first + 200
    return was[start:end], now[start:end]
