"""XLSX sheets to rows: values only, as shown, in bounded memory and time.

Read with the standard library as a stream, since checking a table must cost little however long it is.
Formulas count by the results that the spreadsheet program stored.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element

from toolkit.data.csv_rows import Row
from toolkit.data.package import danger, elements, local, related, workbook_part
from toolkit.data.problems import Problems
from toolkit.data.sheet_xml import SheetReader

FIRST_DAY = {False: date(1899, 12, 30), True: date(1904, 1, 1)}
"""Day 0 of the calendars of Windows and of old Macintosh workbooks."""
LAST_DAY = 2_958_466
"""The day after 31 December 9999, as a number of days."""
EXACT = 1e15
PERCENT_FORMATS = frozenset({9, 10})
DAY_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.')
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")

Format = Literal["", "percent", "day"]


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
    merged :
        Rows (as in a spreadsheet, from 1) and columns (from 0) that hold merged cells: first and last of each.
    """

    name: str
    visible: bool
    rows: tuple[Row, ...]
    merged: tuple[tuple[int, int, int, int], ...]


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
        whole = value.is_integer() and abs(value) < EXACT
        return Numeral(int(value) if whole else value)


def read_sheets(path: Path, problems: Problems) -> tuple[Sheet, ...]:
    """Return the sheets of a workbook; none, with a problem, if it cannot or must not be opened."""
    reason = danger(path)
    if reason:
        problems.add(reason, 1)
        return ()
    try:
        with zipfile.ZipFile(path) as parts:
            return tuple(_sheets(parts))
    except Exception as error:  # noqa: BLE001  (a damaged workbook may break any expectation)
        problems.add("unreadable", 1, value=type(error).__name__)
        return ()


def _sheets(parts: zipfile.ZipFile) -> Iterator[Sheet]:
    main = workbook_part(parts)
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
            yield _sheet(parts, place, item, book)


def _sheet(parts: zipfile.ZipFile, place: str, item: Element, book: Book) -> Sheet:
    with parts.open(place) as stream:
        reader = SheetReader(book.shown).read(stream)
    visible = item.get("state", "visible") == "visible"
    return Sheet(item.get("name", ""), visible, tuple(reader.rows), tuple(reader.merged))


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
