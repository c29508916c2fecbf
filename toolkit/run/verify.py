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
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from toolkit.base.errors import DataError, need_extra
from toolkit.base.files import sha256
from toolkit.base.texts import say, texts
from toolkit.data.dataset import data_folder, load
from toolkit.evaluate.ledger import read_ledger
from toolkit.forecast.store import unpacked
from toolkit.reports.formats import Edition
from toolkit.run.manifest import (
    FORECASTS,
    KEY,
    MANIFEST,
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

Change = Literal["altered", "missing", "added"]
FileOutcome = Literal["identical", "within_tolerance", "changed", "missing", "unexpected"]
Outcome = Literal["identical", "versions", "changed"]
TextPlace = Literal["page", "part"]
Count = Literal["rows", "page_lines", "part_lines"]
CellPlace = Mapping[str, str | int]
LINES: Mapping[TextPlace, Count] = {"page": "page_lines", "part": "part_lines"}
TOLERANCE = 1e-6
"""Relative: two machines may round the last digits of a computation differently."""
NUMBER = re.compile(r"[-+−]?\d+(?:[.,\u00a0\u202f]\d+)*(?:e[-+]?\d+)?", re.IGNORECASE)
MOST_DIFFERENCES = 20
LONG_LINE = 4000
SLACK = 1024 * 1024
"""Bytes by which a file may be larger than its fellow made again and is still opened."""
UNREADABLE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RuntimeError, MemoryError, csv.Error,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What reading a file that is not what it should be may raise."""


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
        What differs: a value or row of a table, an entry of a record or notebook, a drawn value, a line of a page or of
        a part of an archive, how many rows, parts or lines there are, the bytes of what cannot be compared inside, or
        what cannot be read.
    file :
        Its name in the run.
    cell :
        Where in the file, by the names that this kind has (``row``, ``column``, ``cell``, ``output``, ``line`` …).
    before, after :
        What stood there, and what stands there now.
    is_rounding :
        Whether the two differ only in the last digits of numbers.
    """

    kind: Literal["value", "row", "entry", "draw", "parts", "bytes", "unreadable"] | TextPlace | Count
    file: str
    cell: CellPlace
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
    if LEDGER not in files or sha256(files[LEDGER]) != record.outputs.get(LEDGER):
        raise DataError(say("run.review.forged", file=LEDGER), remedy=say("run.not_plain.remedy"))
    ledger = read_ledger(files[LEDGER])
    if not set(ledger["location"]) <= set(record.parameters.areas) or set(ledger["as_of"]) - {record.as_of.isoformat()}:
        raise DataError(say("run.review.forged", file=LEDGER), remedy=say("run.not_plain.remedy"))
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
    carried = {name: outputs[name] for name in outputs if name.partition("/")[0] in (SNAPSHOT, SINCE)}
    inputs = program_inputs() | carried
    if data is not None:
        theirs = {name: sha256(file) for name, file in data_files(data).items()}
        others = {name: one for name, one in carried.items() if name not in theirs and name.startswith(SINCE)}
        unlike = {name: one for name, one in carried.items() if record.inputs.get(name) != one}
        inputs = program_inputs() | others | theirs | unlike
    parts: tuple[tuple[Literal["input", "output"], Mapping[str, str], dict[str, str]], ...] = (
        ("input", record.inputs, inputs),
        ("output", record.outputs, outputs),
    )
    return tuple(Altered(part, file, change) for part, then, now in parts for file, change in _changes(then, now))


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


def made_again(folder: Path, into: Path, *, data: Path | None = None) -> tuple[FileResult, ...]:
    """Make a run again in another folder, and compare the two.

    Parameters
    ----------
    folder :
        The run.
    into :
        An empty folder.
    data :
        Data folder to make it from; the copy that the run carries by default.
    """
    request = request_of(folder, into, data=data)
    if WORKBOOK in read_manifest(folder).outputs:
        need_extra("sheets")
    if request.edition.formats != ("html",):
        need_extra("documents")
    make_reports(request)
    return compare_runs(folder, into)


def request_of(folder: Path, into: Path, *, data: Path | None = None) -> ReportRequest:
    """Return the request that made a run, with another folder to write to, and what the run claims of its program."""
    record = read_manifest(folder)
    asked = record.parameters
    where = data or folder / SNAPSHOT
    known = load(where, as_of=record.as_of).areas
    return ReportRequest(
        areas=tuple(known.get(code) for code in asked.areas),
        summary=asked.summary,
        language=texts(asked.language).language,
        folder=into,
        data=where,
        plan=asked.plan,
        as_of=record.as_of,
        draws=record.draws,
        seed=record.seed,
        model=record.model,
        edition=Edition(asked.formats, asked.cycle, asked.audience, folder / SINCE if asked.since else None),
        data_name=asked.data,
        program=Program(record.program, record.commit, record.versions),
        digest=record.digest,
    )


def compare_runs(before: Path, after: Path) -> tuple[FileResult, ...]:
    """Compare all files of two runs.

    Parameters
    ----------
    before, after :
        Folders of runs.

    Returns
    -------
    tuple of FileResult
        One a file, sorted by name.
    """
    old, new = (
        {name: file for name, file in plain_files(folder).items() if is_output(file) or name == MANIFEST}
        for folder in (before, after)
    )
    return tuple(_compare(name, old.get(name), new.get(name)) for name in sorted({*old, *new}))


def not_compared(folder: Path) -> list[str]:
    """Return the files of a run that no comparison covers: signatures, and what is hidden."""
    return [name for name, file in plain_files(folder).items() if not is_output(file) and name != MANIFEST]


def _compare(name: str, before: Path | None, after: Path | None) -> FileResult:
    if before is None:
        return FileResult(name, "unexpected")
    if after is None:
        return FileResult(name, "missing")
    digests = sha256(before), sha256(after)
    if digests[0] == digests[1]:
        return FileResult(name, "identical")
    differences: tuple[Difference, ...] = ()
    if before.stat().st_size <= 2 * after.stat().st_size + SLACK:
        try:
            differences = tuple(_differences(name, before, after))
        except UNREADABLE as error:
            differences = (Difference("unreadable", name, {}, type(error).__name__, "–"),)
    if not differences and name == MANIFEST:  # its lists of files were held against the files
        return FileResult(name, "identical")
    differences = differences or (Difference("bytes", name, {}, digests[0][:12], digests[1][:12]),)
    real = tuple(item for item in differences if not item.is_rounding)
    return FileResult(name, "changed" if real else "within_tolerance", (real or differences)[:MOST_DIFFERENCES])


def _differences(name: str, before: Path, after: Path) -> Iterator[Difference]:
    match after.suffix:
        case ".csv":
            return _table_differences(name, before, after)
        case ".html":
            return _page_differences(name, before, after)
        case ".npz":
            return _draw_differences(name, before, after)
        case ".docx" | ".xlsx":
            return _archive_differences(name, before, after)
        case ".json" | ".ipynb" | "":
            return _record_differences(name, before, after)
        case _:
            return iter(())


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
                place: CellPlace = {"row": row, "of": of, "column": column}
                yield Difference("value", file, place, was, now, same_within_tolerance(was, now))


def _record_differences(file: str, before: Path, after: Path) -> Iterator[Difference]:
    """Yield what two JSON files, notebooks too, say differently; hashes are held against the files that they name."""
    old, new = (json.loads(path.read_text(encoding="utf-8")) for path in (before, after))
    if file == MANIFEST:
        old, new = ({name: record[name] for name in record if not name.endswith("puts")} for record in (old, new))
    elif file.startswith(f"{RECORDS}/") or file == f"{FORECASTS}/{KEY}":
        root = before.parents[file.count("/")]
        there = {name: sha256(root / name) for name in new["outputs"]}
        old, new = {**old, "outputs": old["outputs"] == there}, {**new, "outputs": True}
    was, now = dict(_entries(old)), dict(_entries(new))
    for entry in sorted({*was, *now}):
        one, other = was.get(entry, "–"), now.get(entry, "–")
        if one != other:
            close = same_within_tolerance(one, other)
            yield Difference("entry", file, {"entry": entry}, *_around(one, other), close)


def _entries(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield all texts and numbers of a record with their places."""
    if isinstance(value, dict | list) and value:
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value, start=1):
            yield from _entries(inner, f"{place}/{name}")
    else:
        yield place, json.dumps(value, ensure_ascii=False)


def _draw_differences(file: str, before: Path, after: Path) -> Iterator[Difference]:
    """Yield the first drawn value that differs in each column; weights likewise."""
    old, new = (dict(_arrays(path, after)) for path in (before, after))
    if old.keys() != new.keys():
        yield Difference("parts", file, {}, ", ".join(old), ", ".join(new))
        return
    weights = [name for name in new if name.startswith("w")]
    for name, was, now in (
        ("draws", unpacked(old), unpacked(new)),
        *((name, old[name], new[name]) for name in weights),
    ):
        if was.shape != now.shape:
            yield Difference("parts", file, {}, f"{name} {was.shape}", f"{name} {now.shape}")
            continue
        for column, (one, other) in enumerate(zip(np.atleast_2d(was), np.atleast_2d(now), strict=True), start=1):
            differ = np.flatnonzero(one != other)
            if differ.size:
                first, close = int(differ[0]), bool(np.allclose(one, other, rtol=TOLERANCE, atol=0.0))
                place: CellPlace = {"part": name, "column": column, "draw": first + 1}
                yield Difference("draw", file, place, f"{one[first]:g}", f"{other[first]:g}", close)


def _arrays(path: Path, fellow: Path) -> Iterator[tuple[str, Any]]:
    """Yield the arrays of a file of draws, none larger than its fellow made again has them."""
    for name, content in _parts_of(path, fellow):
        yield name.removesuffix(".npy"), np.load(io.BytesIO(content), allow_pickle=False)


def _parts_of(path: Path, fellow: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the parts of an archive; what would unfold to far more than the archive's fellow is refused."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(fellow) as other:
        most = 2 * sum(part.file_size for part in other.infolist()) + SLACK
        if sum(part.file_size for part in archive.infolist()) > most:
            raise ValueError(path.name)
        for part in archive.infolist():
            yield part.filename, archive.read(part)  # never more than the size it declares


def _archive_differences(file: str, before: Path, after: Path) -> Iterator[Difference]:
    old, new = (dict(_parts_of(path, after)) for path in (before, after))
    if list(old) != list(new):
        yield Difference("parts", file, {}, ", ".join(old), ", ".join(new))
        return
    for name, content in new.items():
        if old[name] != content:
            one, other = (part.decode("utf-8", errors="replace") for part in (old[name], content))
            yield from _line_differences("part", file, {"part": name}, one, other)


def _page_differences(file: str, before: Path, after: Path) -> Iterator[Difference]:
    old, new = (path.read_text(encoding="utf-8") for path in (before, after))
    yield from _line_differences("page", file, {}, old, new)


def _line_differences(kind: TextPlace, file: str, cell: CellPlace, before: str, after: str) -> Iterator[Difference]:
    """Yield lines that differ; where lines came or went, the first of them and how many there are."""
    old, new = before.splitlines(), after.splitlines()
    for line, (was, now) in enumerate(zip(old, new, strict=False), start=1):
        if was != now:
            close = same_within_tolerance(was, now)
            yield Difference(kind, file, {**cell, "line": line}, *_around(was, now), close)
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
