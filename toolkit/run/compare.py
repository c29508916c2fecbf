"""Two runs side by side: which files are the same, and which numbers differ, cell by cell."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from toolkit.base.files import sha256

Outcome = Literal["identical", "within_tolerance", "changed", "missing", "unexpected"]
TOLERANCE = 1e-6
"""Relative: two machines may round the last digits of a computation differently."""
NUMBER = re.compile(r"[-+−]?\d+(?:[.,\u00a0\u202f]\d+)*(?:e[-+]?\d+)?", re.IGNORECASE)
MOST_DIFFERENCES = 20
COMPARED = (".csv", ".html", ".ipynb")


@dataclass(frozen=True)
class Difference:
    """One place where two runs differ.

    Attributes
    ----------
    place :
        ``row 12 (181, T30-02), column probability``, or ``cell 5, output 1``.
    before, after :
        What stood there, and what stands there now.
    """

    place: str
    before: str
    after: str


@dataclass(frozen=True)
class FileResult:
    """How one file of a run compares with the same file made again."""

    file: str
    outcome: Outcome
    differences: tuple[Difference, ...] = ()


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
    differences = list(_differences(before, after))
    close = all(same_within_tolerance(item.before, item.after) for item in differences)
    outcome: Outcome = "within_tolerance" if close and differences else "changed"
    real = [item for item in differences if not same_within_tolerance(item.before, item.after)]
    return FileResult(name, outcome, tuple((real or differences)[:MOST_DIFFERENCES]))


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


def _differences(before: Path, after: Path) -> Iterator[Difference]:
    match before.suffix:
        case ".csv":
            yield from _table_differences(before, after)
        case ".ipynb":
            yield from _notebook_differences(before, after)
        case _:
            yield from _line_differences(before, after)


def _table_differences(before: Path, after: Path) -> Iterator[Difference]:
    with before.open(encoding="utf-8", newline="") as one, after.open(encoding="utf-8", newline="") as other:
        old, new = list(csv.reader(one)), list(csv.reader(other))
    if len(old) != len(new):
        yield Difference("rows", f"{len(old)} rows", f"{len(new)} lines")
        return
    for number, (old_row, new_row) in enumerate(zip(old, new, strict=True), start=1):
        if len(old_row) != len(new_row):
            yield Difference(f"row {number}", ",".join(old_row), ",".join(new_row))
            continue
        names = [cell for cell in (old_row[0], *old_row[3:4]) if cell]
        for column, was, now in zip(old[0], old_row, new_row, strict=False):
            if was != now:
                yield Difference(f"row {number} ({', '.join(names)}), column {column}", was, now)


def _notebook_differences(before: Path, after: Path) -> Iterator[Difference]:
    old, new = (json.loads(file.read_text(encoding="utf-8")) for file in (before, after))
    if len(old["cells"]) != len(new["cells"]):
        yield Difference("cells", f"{len(old['cells'])} cells", f"{len(new['cells'])} notebook cells")
        return
    for number, (was, now) in enumerate(zip(old["cells"], new["cells"], strict=True), start=1):
        parts = zip(_parts(was), _parts(now), strict=False)
        different = [pair for pair in parts if pair[0] != pair[1]]
        for (place, one), (_, other) in different:
            yield from _excerpts(f"cell {number}, {place}", one, other)
        if not different and was != now:
            yield Difference(f"cell {number}", "other outputs", "outputs")
    if {**old, "cells": []} != {**new, "cells": []}:
        yield Difference("metadata of the notebook", str(old.get("metadata")), f"now {new.get('metadata')}")


def _parts(cell: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [("source", "".join(cell["source"]))]
    for number, output in enumerate(cell.get("outputs", ()), start=1):
        for kind, content in output.get("data", {"text": output.get("text", "")}).items():
            text = "".join(content) if isinstance(content, list) else json.dumps(content, ensure_ascii=False)
            found.append((f"output {number} ({kind})", text))
    return found


def _line_differences(before: Path, after: Path) -> Iterator[Difference]:
    yield from _excerpts("page", before.read_text(encoding="utf-8"), after.read_text(encoding="utf-8"))


def _excerpts(place: str, before: str, after: str) -> Iterator[Difference]:
    """Yield lines that differ; where lines came or went, the first of them."""
    old, new = before.splitlines(), after.splitlines()
    for number, (was, now) in enumerate(zip(old, new, strict=False), start=1):
        if was != now:
            yield Difference(f"{place}, line {number}", *_around(was, now))
            if len(old) != len(new):
                return
    if len(old) != len(new):
        yield Difference(place, f"{len(old)} lines", f"lines: {len(new)}")


def _around(was: str, now: str) -> tuple[str, str]:
    """Return the part of two long lines where they differ, beginning with the number it is in."""
    first = next((place for place, (one, other) in enumerate(zip(was, now, strict=False)) if one != other), 0)
    start = max(0, first - 40)
    while start and was[start - 1 : start].isalnum():
        start -= 1
    return (
        (was[start:], now[start:])
        if max(len(was), len(now)) < 4000
        else (was[start : first + 200], now[start : first + 200])
    )
