"""Whether a run is still what its manifest says, and made again the same. Apart because it trusts nothing of it.

A run may come from anybody: only plain files inside it are opened, and each only as far as its fellow made again is
large. Where another program makes it again, that prints the versions and the digest that the run claims, so that equal
numbers give equal bytes, papers too; whether the claims are those of this program is said apart.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from toolkit.base.errors import DataError, UsageError, need_extra
from toolkit.base.files import sha256
from toolkit.base.texts import say
from toolkit.data.dataset import data_folder, load
from toolkit.evaluate.ledger import read_ledger
from toolkit.forecast.store import unpacked
from toolkit.run.manifest import (
    FORECASTS,
    KEY,
    MANIFEST,
    NOTEBOOK,
    RECORDS,
    SINCE,
    SNAPSHOT,
    Manifest,
    Program,
    data_files,
    full_digest,
    is_output,
    plain_files,
    program_inputs,
    read_manifest,
    this_program,
)
from toolkit.run.reports import LEDGER, WORKBOOK, ReportRequest, data_name, make_reports

Part = Literal["input", "output"]
Change = Literal["altered", "missing", "added"]
FileOutcome = Literal["identical", "within_tolerance", "changed", "missing", "unexpected"]
Outcome = Literal["identical", "versions", "changed"]
Place = Mapping[str, str | int]
TOLERANCE = 1e-6
"""Relative: two machines may round the last digits of a computation differently."""
NUMBER = re.compile(r"[-+−]?\d+(?:[.,\u00a0\u202f]\d+)*(?:e[-+]?\d+)?", re.IGNORECASE)
MOST_DIFFERENCES = 20
SLACK = 1024 * 1024
"""Bytes by which a file may be larger than its fellow made again and is still opened."""


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

    part: Part
    file: str
    change: Change


@dataclass(frozen=True)
class Difference:
    """One place where a file of two runs differs.

    Attributes
    ----------
    place :
        Where in the file, by the names that its kind has: ``row`` and ``column``, ``part``, ``line``, ``entry``,
        ``draw``; ``bytes`` of what cannot be compared inside, ``unreadable`` of what cannot be read.
    before, after :
        What stood there, and what stands there now.
    is_rounding :
        Whether the two differ only in the last digits of numbers.
    """

    place: Place
    before: str
    after: str
    is_rounding: bool = False


@dataclass(frozen=True)
class FileResult:
    """How one file of a run compares with the same file made again."""

    file: str
    outcome: FileOutcome
    differences: tuple[Difference, ...] = ()


def ledger_of(folder: Path) -> tuple[Manifest, pd.DataFrame]:
    """Return the manifest of a run and its ledger.

    Raises
    ------
    DataError
        If the ledger is not the file that the manifest names, or of other areas or another day than the run.
    """
    record, files = read_manifest(folder), plain_files(folder)
    name = next((one for one in (LEDGER, "ledger.csv") if one in record.outputs), LEDGER)  # runs once had it as CSV
    forged = DataError(say("run.review.forged", file=name), remedy=say("run.not_plain.remedy"))
    if name not in files or sha256(files[name]) != record.outputs.get(name):
        raise forged
    ledger, asked = read_ledger(files[name]), record.parameters
    if not (set(ledger["location"]) <= set(asked.areas) and set(ledger["as_of"]) <= {asked.as_of.isoformat()}):
        raise forged
    return record, ledger


def own_data(record: Manifest) -> Path | None:
    """Return the data folder of this machine that a run says it was made from; None where there is none."""
    found = data_folder()
    return found if data_name(found) == record.parameters.data else None


def altered_files(folder: Path, *, data: Path | None = None) -> tuple[Altered, ...]:
    """Return every input, template and output that differs from what the manifest of a run says.

    Parameters
    ----------
    folder :
        Of the run.
    data :
        Data folder to hold the run's own copy of its data against; none by default.
    """
    record = read_manifest(folder)
    outputs = {name: sha256(file) for name, file in plain_files(folder).items() if is_output(file)}
    carried = {name: outputs[name] for name in outputs if name.partition("/")[0] in (SNAPSHOT, SINCE, NOTEBOOK)}
    inputs = program_inputs() | carried
    if data is not None:
        theirs = {name: sha256(file) for name, file in data_files(data).items()}
        others = {name: one for name, one in carried.items() if name.startswith((SINCE, NOTEBOOK))}
        unlike = {name: one for name, one in carried.items() if record.inputs.get(name) != one}
        inputs = program_inputs() | others | theirs | unlike
    return (*_altered("input", record.inputs, inputs), *_altered("output", record.outputs, outputs))


def _altered(part: Part, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Altered]:
    for file in sorted({*before, *now}):
        if before.get(file) != now.get(file):
            yield Altered(part, file, "missing" if file not in now else "altered" if file in before else "added")


def digest_holds(folder: Path, *, given: str = "") -> bool:
    """Say whether a run has the digest that it claims, and the one given: off a page, or a command's whole last line.

    Parameters
    ----------
    folder :
        Of the run, whose files are what its manifest says.
    given :
        A digest from outside the folder; empty for none.
    """
    record = read_manifest(folder)
    wanted = "".join(given.split()).casefold()
    return record.digest == record.expected_digest() and wanted in (
        "",
        record.digest,
        full_digest(folder, record.digest),
    )


def unchecked(record: Manifest) -> tuple[tuple[str, str, str], ...]:
    """Return what a run says of its program that this one, being another, cannot vouch for: name, then, and now."""
    now = this_program()
    then = {"commit": record.commit, **record.versions, "program": record.program[:12]}
    here = {"commit": now.commit, **now.versions, "program": now.key[:12]}
    names = dict.fromkeys((*then, *here))
    return tuple((name, then.get(name, "–"), here.get(name, "–")) for name in names if then.get(name) != here.get(name))


def outcome_of(files: Sequence[FileResult], *, same_program: bool) -> Outcome:
    """Return what came of making a run again: all the same, the same numbers by other versions, or other numbers."""
    found = {item.outcome for item in files}
    if found - {"identical", "within_tolerance"}:
        return "changed"
    return "identical" if found <= {"identical"} and same_program else "versions"


def made_again(
    folder: Path, into: Path, *, data: Path | None = None, notebook: Path | None = None
) -> tuple[FileResult, ...]:
    """Make a run again in another folder, and compare the two.

    Parameters
    ----------
    folder :
        The run.
    into :
        An empty folder.
    data :
        Data folder to make it from; the copy that the run carries by default.
    notebook :
        The notebook of their own that its makers ran for each area: a program, which is not run because it lies there.

    Raises
    ------
    UsageError
        If the run was made by such a notebook, and none is given.
    """
    request = replace(request_of(folder, into, data=data), notebook=notebook)
    own = request.asked.notebook
    if own != (notebook.name if notebook else ""):
        kept = folder / NOTEBOOK / own
        raise UsageError(say("run.verify.own_notebook", name=own), say("run.verify.own_notebook.remedy", file=kept))
    if WORKBOOK in read_manifest(folder).outputs:
        need_extra("sheets")
    if request.asked.formats != ("html",):
        need_extra("documents")
    make_reports(request)
    return compare_runs(folder, into)


def request_of(folder: Path, into: Path, *, data: Path | None = None) -> ReportRequest:
    """Return the request that made a run, with another folder to write to, and what the run claims of its program."""
    record = read_manifest(folder)
    asked, where = record.parameters, data or folder / SNAPSHOT
    areas = load(where, as_of=asked.as_of).areas
    return ReportRequest(
        asked,
        tuple(areas.get(code) for code in asked.areas),
        folder=into,
        data=where,
        since=folder / SINCE if asked.since else None,
        program=Program(record.program, record.commit, record.versions),
        digest=record.digest,
    )


def compare_runs(before: Path, after: Path) -> tuple[FileResult, ...]:
    """Compare all files of two runs, given by their folders; one result a file, sorted by name."""
    old, new = (
        {name: file for name, file in plain_files(folder).items() if is_output(file) or name == MANIFEST}
        for folder in (before, after)
    )
    return tuple(_compare(name, old.get(name), new.get(name)) for name in sorted({*old, *new}))


def not_compared(folder: Path) -> list[str]:
    """Return the files of a run that no comparison covers: signatures, and what is hidden."""
    return [name for name, file in plain_files(folder).items() if not is_output(file) and name != MANIFEST]


def _compare(name: str, before: Path | None, after: Path | None) -> FileResult:
    if before is None or after is None:
        return FileResult(name, "missing" if before else "unexpected")
    digests = sha256(before), sha256(after)
    if digests[0] == digests[1]:
        return FileResult(name, "identical")
    found, unlike = list[Difference](), Difference({"bytes": ""}, digests[0][:12], digests[1][:12])
    try:
        if before.stat().st_size <= 2 * after.stat().st_size + SLACK:
            found = list(_differences(name, before, after))
    except Exception as error:  # noqa: BLE001  (whatever reading a file of anybody may raise)
        found = [Difference({"unreadable": ""}, type(error).__name__, "–")]
    if not found and name == MANIFEST:  # its lists of files were held against the files
        return FileResult(name, "identical")
    real = [item for item in found or [unlike] if not item.is_rounding]
    return FileResult(name, "changed" if real else "within_tolerance", tuple((real or found)[:MOST_DIFFERENCES]))


def _differences(name: str, before: Path, after: Path) -> Iterator[Difference]:
    """Yield where two files differ, as far as they go alike; past what stands in one of them alone nothing is like."""
    for was, now in zip_longest(_contents(name, before, after), _contents(name, after, after)):
        if was is None or now is None or {**was[0], "row": 0} != {**now[0], "row": 0}:
            alone = was or now
            assert alone is not None
            yield Difference(alone[0], str(was[1]) if was else "–", str(now[1]) if now else "–")
            return
        (place, one), (_, other) = was, now
        if isinstance(one, str):
            if one != other:
                yield Difference(place, *_around(one, other), same_within_tolerance(one, other))
        elif one.shape != other.shape:
            yield Difference(place, str(one.shape), str(other.shape))
        elif (differ := np.flatnonzero(one != other)).size:
            first, close = int(differ[0]), bool(np.allclose(one, other, rtol=TOLERANCE, atol=0.0))
            yield Difference({**place, "draw": first + 1}, f"{one[first]:g}", f"{other[first]:g}", close)


def _contents(name: str, path: Path, fellow: Path) -> Iterator[tuple[Place, Any]]:
    """Yield all that a file holds, piece by piece with its place: texts, and arrays of draws.

    Parameters
    ----------
    fellow :
        The same file of a run that can be trusted: nothing is opened that is much larger than there.
    """
    match path.suffix:
        case ".npz":
            arrays = {part.removesuffix(".npy"): np.load(io.BytesIO(held)) for part, held in _parts_of(path, fellow)}
            weights = {part: array for part, array in arrays.items() if part.startswith("w")}
            for part, array in {"draws": unpacked(arrays), **weights}.items():
                for column, values in enumerate(np.atleast_2d(array), start=1):
                    yield {"part": part, "column": column}, values
        case ".docx" | ".xlsx" | ".zip":
            for part, held in _parts_of(path, fellow):
                for line, text in enumerate(held.decode(errors="backslashreplace").split("\n"), start=1):
                    yield {"part": part, "line": line}, text
        case ".csv":
            with path.open(encoding="utf-8", newline="") as stream:
                rows = list(csv.reader(stream))
            for row, cells in enumerate(rows, start=1):
                of = ", ".join(cell for cell in (*cells[:1], *cells[3:4]) if cell)
                for header, cell in zip_longest(rows[0][: len(cells)], cells, fillvalue=""):
                    yield {"row": f"{row} ({of})", "column": header}, cell
        case ".html":
            for line, text in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
                yield {"line": line}, text
        case ".json" | ".ipynb" | "":
            yield from _entries(_record(name, path, fellow))


def _record(name: str, path: Path, fellow: Path) -> Any:
    """Return what a JSON file or a notebook says; hashes are held against the files that they name."""
    record = json.loads(path.read_text(encoding="utf-8"))
    if name == MANIFEST:
        return {key: value for key, value in record.items() if key not in ("inputs", "outputs")}
    if name.startswith(f"{RECORDS}/") or name == f"{FORECASTS}/{KEY}":
        named = json.loads(fellow.read_text(encoding="utf-8"))["outputs"]
        there = {file: sha256(path.parents[name.count("/")] / file) for file in named}
        return {**record, "outputs": record["outputs"] == there}
    return record


def _entries(value: Any, place: str = "") -> Iterator[tuple[Place, str]]:
    """Yield all texts and numbers of a record with their places."""
    if isinstance(value, dict | list) and value:
        pairs: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value, start=1)
        for name, inner in pairs:
            yield from _entries(inner, f"{place}/{name}")
    else:
        yield {"entry": place}, json.dumps(value, ensure_ascii=False)


def _parts_of(path: Path, fellow: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the parts of an archive; what would unfold to far more than the archive's fellow is refused."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(fellow) as other:
        most = 2 * sum(part.file_size for part in other.infolist()) + SLACK
        if sum(part.file_size for part in archive.infolist()) > most:
            raise ValueError(path.name)
        for part in archive.infolist():
            yield part.filename, archive.read(part)  # never more than the size it declares


def same_within_tolerance(before: str, after: str) -> bool:
    """Say whether two texts are the same but for numbers that differ by rounding: written alike, and never counts.

    Examples
    --------
    >>> same_within_tolerance("p = 0.8500000001", "p = 0.85")
    True
    >>> same_within_tolerance("p = 0.86", "p = 0.85")
    False
    >>> same_within_tolerance("2.884", "2,884"), same_within_tolerance("1234567", "1234568")
    (False, False)
    """
    if NUMBER.sub("#", before) != NUMBER.sub("#", after):
        return False
    return all(map(_close, NUMBER.findall(before), NUMBER.findall(after)))


def _close(before: str, after: str) -> bool:
    marks = {re.sub(r"[^.,\u00a0\u202f]", "", text) for text in (before, after)} - {""}
    if before == after or len(marks) > 1 or (_is_count(before) and _is_count(after)):
        return before == after  # of a count, not even the last digit may differ
    return math.isclose(_number(before), _number(after), rel_tol=TOLERANCE)


def _is_count(text: str) -> bool:
    return "e" not in text.casefold() and _number(text).is_integer() and not re.search(r"[.,]0+$", text)


def _number(text: str) -> float:
    plain = text.replace("−", "-").replace("\u00a0", "").replace("\u202f", "")
    mark = max(plain.rfind("."), plain.rfind(","))
    if mark < 0 or plain.count(plain[mark]) > 1:  # one that stands several times parts thousands
        return float(re.sub(r"[.,]", "", plain))
    return float(f"{re.sub(r'[.,]', '', plain[:mark])}.{plain[mark + 1 :]}")


def _around(was: str, now: str) -> tuple[str, str]:
    """Return the part of two long lines where they begin to differ."""
    first = next((place for place, (one, other) in enumerate(zip(was, now, strict=False)) if one != other), 0)
    part = slice(max(0, first - 40), first + 200)
    return was[part], now[part]
