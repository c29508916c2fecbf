"""XLSX sheets to rows: values only, in bounded memory; a hostile workbook is refused before it is opened."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.data.csv_rows import Row
from toolkit.data.problems import Problems

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MOST_BYTES = 300_000_000
"""Unpacked size of all parts of a workbook; 200,000 rows of 14 columns take about a third of it."""
SMALL = 10_000_000
MOST_RATIO = 100
"""A workbook above the small size that unpacks to more than this many times its own is a zip bomb."""
MOST_PARTS = 2_000
MOST_ROWS = 1_048_576
MOST_BLANK_ROWS = 200_000
"""Blank rows one after another; more are an attack or a slip of the hand, and cost time."""
MOST_COLUMNS = 200
CHUNK = 1 << 20
ENTITY = re.compile(
    b"|".join(b"\\x00?".join(re.escape(bytes([sign])) for sign in word) for word in (b"<!DOCTYPE", b"<!ENTITY"))
)
FORMULA = re.compile(rb"<f[ >/]")


class Numeral(str):
    """Text of a cell that the workbook holds as a number: its decimal point is no question."""

    __slots__ = ()


@dataclass(frozen=True)
class Sheet:
    """One sheet as text.

    Attributes
    ----------
    name, visible :
        As in the workbook.
    rows :
        Rows that hold anything.
    """

    name: str
    visible: bool
    rows: tuple[Row, ...]


def read_sheets(path: Path, problems: Problems) -> tuple[Sheet, ...]:
    """Return the sheets of a workbook; none, with a problem, if it cannot or must not be opened."""
    reason = danger(path)
    if reason:
        problems.add(reason, 1)
        return ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of features that hold no data
        try:
            return tuple(_sheets(path))
        except Exception as error:  # noqa: BLE001  (a damaged workbook may raise anything inside openpyxl)
            problems.add("unreadable", 1, value=type(error).__name__)
            return ()


def danger(path: Path) -> str:
    """Return why a workbook must not be opened, as a problem's key; empty if it may.

    A workbook is a zip of XML: it must not unpack to more than it seems (zip bomb), and its XML must
    not declare entities, which a spreadsheet program never writes.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            infos = parts.infolist()
            size = sum(info.file_size for info in infos)
            swollen = size > SMALL and size > MOST_RATIO * path.stat().st_size
            if len(infos) > MOST_PARTS or size > MOST_BYTES or swollen:
                return "bomb"
            if "[Content_Types].xml" not in parts.namelist():
                return "no_workbook"
            if any(info.flag_bits & 1 for info in infos):
                return "encrypted"
            xml = [info for info in infos if info.filename.endswith((".xml", ".rels"))]
            return "entities" if any(_declares_entities(parts, info) for info in xml) else ""
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
        return "no_workbook"
    except Exception:  # noqa: BLE001  (zlib and lzma raise errors of their own for damaged parts)
        return "no_workbook"


def _declares_entities(parts: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Search one part, reading no more than it claims to hold."""
    tail, left = b"", info.file_size
    with parts.open(info) as stream:
        while left > 0 and (chunk := stream.read(min(CHUNK, left))):
            if ENTITY.search(tail + chunk):
                return True
            tail, left = chunk[-32:], left - len(chunk)
    return False


def _sheets(path: Path) -> Iterator[Sheet]:
    import openpyxl

    with ExitStack() as stack:
        values = openpyxl.load_workbook(
            stack.enter_context(path.open("rb")), read_only=True, data_only=True, keep_links=False
        )
        stack.callback(values.close)
        formulas = None
        if _has_formulas(path):
            formulas = openpyxl.load_workbook(stack.enter_context(path.open("rb")), read_only=True, keep_links=False)
            stack.callback(formulas.close)
        for sheet in values.worksheets:
            rows = _rows(values, formulas, sheet.title)
            yield Sheet(sheet.title, sheet.sheet_state == "visible", tuple(row for row in rows if any(row.cells)))


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as parts:
        for info in parts.infolist():
            if info.filename.startswith("xl/worksheets/") and info.filename.endswith(".xml"):
                tail = b""
                with parts.open(info) as stream:
                    while chunk := stream.read(CHUNK):
                        if FORMULA.search(tail + chunk):
                            return True
                        tail = chunk[-3:]
    return False


def _rows(values: Workbook, formulas: Workbook | None, title: str) -> Iterator[Row]:
    """Yield the rows of one sheet; a formula whose result was never stored stays visible as its text."""
    shown = _cells(values, title)
    if formulas is None:
        for number, cells in enumerate(shown, start=1):
            yield Row(number, tuple(_text(cell) for cell in cells))
        return
    for number, (cells, sources) in enumerate(zip_longest(shown, _cells(formulas, title), fillvalue=()), start=1):
        pairs = zip_longest(cells, sources)
        yield Row(number, tuple(_text(cell) or _formula(source) for cell, source in pairs))


def _cells(book: Workbook, title: str) -> Iterator[tuple[Any, ...]]:
    sheet: Any = book[title]
    sheet.reset_dimensions()  # the stored size of a sheet may be wrong or absurd
    rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(max_col=MOST_COLUMNS)
    blank = 0
    for number, row in enumerate(rows, start=1):
        cells = _trimmed(row)
        blank = 0 if cells else blank + 1
        if number > MOST_ROWS or blank > MOST_BLANK_ROWS:
            message = "a row beyond all others"
            raise ValueError(message)
        yield cells


def _trimmed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    filled = [position for position, cell in enumerate(row) if cell is not None and cell.value is not None]
    return row[: filled[-1] + 1] if filled else ()


def _formula(cell: Any) -> str:
    value = None if cell is None else cell.value
    return value if isinstance(value, str) and value.startswith("=") else ""


def _text(cell: Any) -> str:
    """Return a cell as text; a number keeps its kind, and one shown as per cent is given in per cent."""
    value = None if cell is None else cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        shown = round(value * 100, 10) if "%" in str(cell.number_format) else value
        whole = isinstance(shown, float) and shown.is_integer() and abs(shown) < 1e15
        return Numeral(int(shown) if whole else shown)
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
