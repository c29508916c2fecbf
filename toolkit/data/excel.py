"""XLSX and ODS workbooks to rows of text, apart as formats of their own: hostile files refused, values as shown.

Read with the standard library as a stream, since checking a table must cost little however long it is. Formulas
count by the results that the spreadsheet program stored.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from toolkit.base.problems import Problems
from toolkit.data.parsing import Numeral, RawSheet, Row

MOST_UNPACKED_BYTES = 300_000_000
"""Unpacked size of all parts of a workbook; 200,000 rows of 14 columns take about a third of it."""
SMALL_BYTES = 10_000_000
MOST_RATIO = 100
"""A workbook above the small size that unpacks to more than this many times its own is a zip bomb."""
MOST_PARTS = 2_000
CHUNK = 1 << 20
XML_PARTS = (".xml", ".rels")
"""Endings of the parts that are searched for entities; no other part is read as XML."""
ENTITY = re.compile(
    b"|".join(
        b"\\x00?".join(re.escape(bytes([sign])) for sign in word) for word in (b"<!DOCTYPE", b"<!ENTITY")
    )  # also as UTF-16, where every other byte is 0
)
USUAL_WORKBOOK_PART = "xl/workbook.xml"
OPEN_DOCUMENT = "content.xml"
"""The part by which an OpenDocument file is known; it holds all its sheets."""
OPEN_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"


def danger(path: Path) -> str:
    """Return why a workbook must not be opened, as a problem's key; empty if it may.

    It must not unpack to more than it seems (zip bomb), and its XML must not declare entities, which a
    spreadsheet program never writes.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            infos = parts.infolist()
            size = sum(info.file_size for info in infos)
            swollen = size > SMALL_BYTES and size > MOST_RATIO * path.stat().st_size
            if len(infos) > MOST_PARTS or size > MOST_UNPACKED_BYTES or swollen:
                return "bomb"
            names = {info.filename for info in infos}
            is_open = OPEN_DOCUMENT in names
            if "xl/workbook.bin" in names or (is_open and not parts.read("mimetype").startswith(OPEN_SPREADSHEET)):
                return "other_workbook"
            if not is_open and "[Content_Types].xml" not in names:
                return "no_workbook"
            sealed = is_open and b"encryption-data" in parts.read("META-INF/manifest.xml")
            if sealed or any(info.flag_bits & 1 for info in infos):
                return "encrypted"
            return "entities" if any(_declares_entities(parts, info) for info in infos) else ""
    except Exception:  # noqa: BLE001  (zip, zlib, lzma and struct each have errors of their own for damaged parts)
        return "no_workbook"


def _declares_entities(parts: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Search one part, reading no more than it claims to hold."""
    if not info.filename.endswith(XML_PARTS):
        return False
    tail, left = b"", info.file_size
    with parts.open(info) as stream:
        while left > 0 and (chunk := stream.read(min(CHUNK, left))):
            if ENTITY.search(tail + chunk):
                return True
            tail, left = chunk[-32:], left - len(chunk)
    return False


@lru_cache(maxsize=1024)
def local(tag: str) -> str:
    """Return a tag without its namespace or prefix; the two editions of the format differ in nothing else."""
    return tag.rpartition("}")[2].rpartition(":")[2]


def elements(parts: zipfile.ZipFile, name: str, *wanted: str) -> Iterator[ElementTree.Element]:
    """Yield the elements of some tags when they are complete, and forget everything behind them."""
    if not name.endswith(XML_PARTS):
        raise ValueError(name)
    with parts.open(name) as stream:
        path: list[ElementTree.Element] = []
        inside = 0
        for event, element in ElementTree.iterparse(stream, ("start", "end")):
            is_wanted = local(element.tag) in wanted
            if event == "start":
                path.append(element)
                inside += is_wanted
                continue
            path.pop()
            inside -= is_wanted
            if is_wanted:
                yield element
            if path and not inside:
                path[-1].clear()


def related(parts: zipfile.ZipFile, source: str) -> dict[str, tuple[str, str]]:
    """Return the parts that a part refers to: id to (kind, name)."""
    folder, file = posixpath.split(source)
    name = posixpath.join(folder, "_rels", f"{file}.rels")
    if name not in parts.namelist():
        return {}
    found = {}
    for element in elements(parts, name, "Relationship"):
        target = element.get("Target", "")
        place = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        found[element.get("Id", "")] = (posixpath.basename(element.get("Type", "")), place)
    return found


MOST_ROWS = 1_048_576
MOST_COLUMNS = 1_000
"""Columns that a table may have; a value further to the right is a mistake or an attack."""
REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")

Merged = tuple[int, int, int, int]
"""First and last row, first and last column of merged cells."""


def reference(text: str) -> tuple[int, int]:
    """Return the row (from 1) and the column (from 0) of a cell.

    >>> reference("B7"), reference("AA1")
    ((7, 1), (1, 26))
    """
    match = REFERENCE.fullmatch(text)
    if match is None:
        raise ValueError(f"cell {text!r}")
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - 64
    return int(match[2]), column - 1


FIRST_DAY = {False: date(1899, 12, 30), True: date(1904, 1, 1)}
"""Day 0 of the calendars of Windows and of old Macintosh workbooks."""
LAST_DAY = 2_958_466
"""The day after 31 December 9999, as a number of days."""
LARGEST_EXACT = 1e15
PERCENT_FORMATS = frozenset({9, 10})
DAY_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.')
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")

Format = Literal["", "percent", "day"]


@dataclass(frozen=True)
class Book:
    """What the cells of all sheets refer to.

    Attributes
    ----------
    strings :
        Texts that cells share.
    formats :
        How the numbers of each style are shown.
    macintosh :
        True if days count from 1904.
    """

    strings: Sequence[str]
    formats: Sequence[Format]
    macintosh: bool

    def shown(self, kind: str, value: str, style: str | None) -> str:
        """Return a stored value as it is shown."""
        if kind == "s":
            return self.strings[int(value)]
        if kind == "n":
            return self._number(float(value), style)
        if kind == "b":
            return "TRUE" if _flag(value) else "FALSE"
        return value[:10] if kind == "d" else unescaped(value)

    def _number(self, value: float, style: str | None) -> str:
        """Return a number as it is shown: days as days, per cent in per cent."""
        shown = self.formats[int(style)] if style and int(style) < len(self.formats) else ""
        if shown == "percent":
            value = round(value * 100, 10)
        elif shown == "day" and 0 < value < LAST_DAY:
            return (FIRST_DAY[self.macintosh] + timedelta(days=int(value))).isoformat()
        return _numeral(value)


def _numeral(value: float) -> Numeral:
    return Numeral(int(value) if value.is_integer() and abs(value) < LARGEST_EXACT else value)


def read_workbook(path: Path, problems: Problems) -> tuple[RawSheet, ...]:
    """Return the sheets of a workbook; none, with a problem, if it cannot or must not be opened."""
    reason = danger(path)
    if reason:
        problems.add(reason, 1)
        return ()
    try:
        with zipfile.ZipFile(path) as parts:
            sheets = _open_sheets if OPEN_DOCUMENT in parts.namelist() else _sheets
            return tuple(sheets(parts, path.name))
    except Exception as error:  # noqa: BLE001  (a damaged workbook may break any expectation)
        problems.add("unreadable", 1, value=type(error).__name__)
        return ()


def _sheets(parts: zipfile.ZipFile, file: str) -> Iterator[RawSheet]:
    documents = (place for kind, place in related(parts, "").values() if kind == "officeDocument")
    main = next(documents, USUAL_WORKBOOK_PART)
    places = related(parts, main)
    named = {kind: place for kind, place in places.values() if kind in ("sharedStrings", "styles")}
    book = Book(
        [_string(item) for item in elements(parts, named["sharedStrings"], "si")] if "sharedStrings" in named else [],
        _formats(parts, named["styles"]) if "styles" in named else [],
        any(_flag(item.get("date1904")) for item in elements(parts, main, "workbookPr")),
    )
    for item in elements(parts, main, "sheet"):
        key = next(value for name, value in item.items() if local(name) == "id")
        kind, place = places[key]
        if kind == "worksheet":
            yield _sheet(parts, place, item, book, file)


def _sheet(parts: zipfile.ZipFile, place: str, item: Element, book: Book, file: str) -> RawSheet:
    rows, merged, hidden, number = list[Row](), list[Merged](), list[int](), 0
    for element in elements(parts, place, "row", "mergeCell"):
        if local(element.tag) == "mergeCell":
            first, _, last = element.get("ref", "").partition(":")
            (row, column), (last_row, last_column) = reference(first), reference(last or first)
            merged.append((row, last_row, column, last_column))
            continue
        number = int(element.get("r", number + 1))
        if not 0 < number <= MOST_ROWS:
            raise ValueError(f"row {number}")
        cells = _cells(element, book)
        rows += [Row(number, cells)] if cells else []
        hidden += [number] if _flag(element.get("hidden")) else []
    visible = item.get("state", "visible") == "visible"
    return _raw(file, item.get("name", ""), rows, merged, hidden, visible=visible)


def _cells(row: Element, book: Book) -> tuple[str, ...]:
    """Return the texts of a row; a formula whose result was never stored stays visible as its text."""
    texts: list[str] = []
    column = -1
    for cell in row:
        column = column + 1 if (place := cell.get("r")) is None else reference(place)[1]
        kind, parts = cell.get("t", "n"), {local(part.tag): part for part in cell}
        value = parts["v"].text or "" if "v" in parts else ""
        if value:
            text = book.shown(kind, value, cell.get("s"))
        elif "is" in parts:
            text = _string(parts["is"])
        else:
            text = f"={parts['f'].text or ''}" if "f" in parts and not (kind == "str" and "v" in parts) else ""
        if text and column >= MOST_COLUMNS:
            raise ValueError(f"column {column + 1}")
        if text:
            texts.extend([""] * (column + 1 - len(texts)))
            texts[column] = text
    return tuple(texts)


def _raw(file: str, name: str, rows: list[Row], merged: list[Merged], hidden: list[int], *, visible: bool) -> RawSheet:
    shown = tuple(row.number for row in rows if row.number in frozenset(hidden)) if hidden else ()
    return RawSheet(name, visible, tuple(rows), tuple(merged), Problems(file, name), cut_short=True, hidden=shown)


def _flag(text: str | None) -> bool:
    return text in ("1", "true", "on")


def _string(item: Element) -> str:
    """Return a text with or without formatted runs; notes on pronunciation are not part of it."""
    runs = [item, *(child for child in item if local(child.tag) == "r")]
    text = "".join(child.text or "" for run in runs for child in run if local(child.tag) == "t")
    return unescaped(text)


def unescaped(text: str) -> str:
    """Return a text with the signs that XML cannot hold, which workbooks write as ``_x000D_``."""
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _formats(parts: zipfile.ZipFile, name: str) -> list[Format]:
    """Return how numbers of each style are shown."""
    codes = {int(item.get("numFmtId", "0")): item.get("formatCode", "") for item in elements(parts, name, "numFmt")}
    styles = [int(item.get("numFmtId", "0")) for part in elements(parts, name, "cellXfs") for item in part]
    return [_format(number, codes.get(number, "")) for number in styles]


def _format(number: int, code: str) -> Format:
    signs = LITERAL.sub("", code.partition(";")[0])
    if number in PERCENT_FORMATS or "%" in signs:
        return "percent"
    is_day = number in DAY_FORMATS or (re.search("[dmyhs]", signs, re.IGNORECASE) and "general" not in signs.casefold())
    return "day" if is_day else ""


MOST_REPEATS = 10_000
"""Equal rows that an ODS workbook may hold as one; more is an attack."""
BLANKS = ("s", "tab", "line-break")
"""Elements of a paragraph that stand for spaces."""


def _open_sheets(parts: zipfile.ZipFile, file: str) -> Iterator[RawSheet]:
    """Yield the sheets of an ODS workbook: equal rows and cells are stored once, with how often they follow."""
    unshown: set[str] = set()
    rows, merged, hidden, number = list[Row](), list[Merged](), list[int](), 0
    with parts.open(OPEN_DOCUMENT) as stream:
        for event, element in ElementTree.iterparse(stream, ("start", "end")):
            tag, given = local(element.tag), _attributes(element)
            if event == "start":
                if tag == "table":
                    rows, merged, hidden, number = [], [], [], 0
            elif tag == "style" and any(_attributes(part).get("display") == "false" for part in element):
                unshown.add(given["name"])
            elif tag == "table-row":
                times = int(given.get("number-rows-repeated", "1"))
                cells = _open_cells(element, number + 1, merged)
                if number + times > MOST_ROWS or (cells and times > MOST_REPEATS):
                    raise ValueError(f"row {number + times}")
                if given.get("visibility", "visible") != "visible":
                    hidden += range(number + 1, number + 1 + times) if cells else ()
                rows += [Row(number + at, cells) for at in range(1, times + 1) if cells]
                number += times
                element.clear()
            elif tag == "table":
                name = given.get("name", "")
                yield _raw(file, name, rows, merged, hidden, visible=given.get("style-name") not in unshown)


def _open_cells(row: Element, number: int, merged: list[Merged]) -> tuple[str, ...]:
    """Return the texts of a row up to the last that is none, noting merged cells."""
    texts: list[str] = []
    column = 0
    for cell in row:
        given = _attributes(cell)
        text, times = _open_text(cell, given), int(given.get("number-columns-repeated", "1"))
        if text and column + times > MOST_COLUMNS:
            raise ValueError(f"column {column + times}")
        if text:
            texts += [""] * (column - len(texts)) + [text] * times
        wide, high = (int(given.get(f"number-{name}-spanned", "1")) for name in ("columns", "rows"))
        if wide * high > 1:
            merged.append((number, number + high - 1, column, column + wide - 1))
        column += times
    return tuple(texts)


def _open_text(cell: Element, given: dict[str, str]) -> str:
    """Return a cell's value as it is shown: days as days, per cent in per cent."""
    kind = given.get("value-type", "")
    if kind in ("float", "currency", "percentage"):
        value = float(given["value"])
        return _numeral(round(value * 100, 10) if kind == "percentage" else value)
    if kind == "date":
        return given["date-value"][:10]
    if kind == "boolean":
        return given["boolean-value"].upper()
    shown = given.get("string-value") or "\n".join(_words(part) for part in cell if local(part.tag) == "p")
    return shown or (f"={given['formula']}" if "formula" in given and not kind else "")


def _words(element: Element) -> str:
    own = " " if local(element.tag) in BLANKS else element.text or ""
    return own + "".join(_words(part) + (part.tail or "") for part in element)


def _attributes(element: Element) -> dict[str, str]:
    return {local(name): value for name, value in element.items()}
