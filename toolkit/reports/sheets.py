"""Tables for spreadsheets: CSV files and workbooks in which no text can become a formula, written row by row."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from toolkit.base.files import atomic
from toolkit.reports.blocks import CREATED

if TYPE_CHECKING:
    import pandas as pd

TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings that make a spreadsheet take text for a formula (the list of OWASP)."""
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
WIDEST = 60
"""Characters that a column shows at most."""
ROWS_FOR_WIDTH = 200
"""Rows by which a column's width is chosen."""

Row = Sequence[object]
"""Texts, numbers, booleans; None or not-a-number where there is nothing."""


def neutral(text: str) -> str:
    r"""Return text that a spreadsheet takes for text: an apostrophe goes before what would begin a formula.

    Numbers are not texts and are left alone: ``-0.5`` stays a number wherever it is one.

    >>> neutral("=1+1"), neutral("Bình Gia"), neutral(" @x")
    ("'=1+1", 'Bình Gia', "' @x")
    """
    return f"'{text}" if _like_a_formula(text) else text


def _like_a_formula(text: str) -> bool:
    return text.lstrip(" ").startswith(TRIGGERS)


def csv_text(rows: Iterable[Row]) -> str:
    r"""Return rows as CSV, lines ending with ``\n``, with every text neutralised.

    >>> csv_text([("year", "note"), (2030, "=1"), (None, float("nan"))])
    "year,note\n2030,'=1\n,\n"
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    return stream.getvalue()


def _csv_cell(cell: object) -> object:
    if isinstance(cell, str):
        return _csv_text(cell)
    return None if cell != cell else cell


@lru_cache(maxsize=1024)  # most texts of a table are the same again and again
def _csv_text(text: str) -> str:
    """Return a text of CSV; line breaks are of one kind: a lone carriage return would end the row unquoted."""
    return neutral(text.replace("\r\n", "\n").replace("\r", "\n"))


def rows_of(table: pd.DataFrame) -> Iterator[Row]:
    """Yield the rows of a table, None where it has nothing."""
    return iter(table.astype(object).where(table.notna(), None).itertuples(index=False, name=None))


@contextmanager
def open_workbook(path: Path) -> Iterator[Workbook]:
    """Give a workbook to fill; it is at `path` when the block has ended. Equal rows give equal bytes."""
    with tempfile.TemporaryDirectory() as folder, atomic(path) as stream:
        book = Workbook(stream, folder)
        try:
            yield book
        finally:
            book.close()


class Workbook:
    """A workbook that grows row by row; rows are kept in files until it is closed, not in memory.

    Parameters
    ----------
    stream :
        Where the workbook is written when it is closed.
    folder :
        For the files of rows.
    """

    def __init__(self, stream: IO[bytes], folder: str) -> None:
        from xlsxwriter import Workbook as Book

        self._book = Book(stream, {"constant_memory": True, "tmpdir": folder})
        self._book.set_properties({"created": CREATED})
        self._head = self._book.add_format({"bold": True})
        self._quoted = self._book.add_format({"quote_prefix": True})
        self._sheets: list[Sheet] = []

    def sheet(self, name: str, columns: Sequence[str]) -> Sheet:
        """Return a new sheet, its head frozen and filterable; of the name, 31 characters count."""
        made = Sheet(self._book.add_worksheet(name[:31]), columns, self._head, self._quoted)
        self._sheets.append(made)
        return made

    def close(self) -> None:
        """Write all sheets to the stream."""
        for sheet in self._sheets:
            sheet.finish()
        self._book.close()


class Sheet:
    """One sheet of a :class:`Workbook`.

    Parameters
    ----------
    sheet :
        Of XlsxWriter.
    columns :
        Names of the columns.
    head, quoted :
        Formats of the first row, and of texts that would be formulas if they were typed again.
    """

    def __init__(self, sheet: Any, columns: Sequence[str], head: Any, quoted: Any) -> None:
        self._sheet, self._columns, self._quoted = sheet, tuple(columns), quoted
        self._widths = [len(name) for name in columns]
        sheet.freeze_panes(1, 0)
        for number, name in enumerate(columns):
            sheet.write_string(0, number, _printable(name), head)
        self._count = 1

    def add(self, rows: Iterable[Row]) -> None:
        """Append rows; the first of the first ones decide how wide the columns are."""
        coming = iter(rows)
        if self._count == 1:
            first = list(islice(coming, ROWS_FOR_WIDTH))
            for number, *cells in zip(range(len(self._columns)), *first, strict=True):
                self._widths[number] = max([self._widths[number], *(len(str(cell)) for cell in cells)])
            self._write(first)
        self._write(coming)

    def finish(self) -> None:
        """Set the widths, and say which rows the filters cover."""
        for number, width in enumerate(self._widths):
            self._sheet.set_column(number, number, min(width + 2, WIDEST))
        if self._columns:
            self._sheet.autofilter(0, 0, self._count - 1, len(self._columns) - 1)

    def _write(self, rows: Iterable[Row]) -> None:
        for row in rows:
            for number, (_, cell) in enumerate(zip(self._columns, row, strict=True)):
                self._write_cell(number, cell)
            self._count += 1

    def _write_cell(self, number: int, cell: object) -> None:
        """Write a cell; text is marked as text, whatever it begins with."""
        if isinstance(cell, str):
            style = (self._quoted,) if _like_a_formula(cell) else ()
            self._sheet.write_string(self._count, number, _printable(cell), *style)
        elif isinstance(cell, bool):
            self._sheet.write_boolean(self._count, number, cell)
        elif cell is not None and cell == cell:
            self._sheet.write_number(self._count, number, cell)


@lru_cache(maxsize=1024)
def _printable(text: str) -> str:
    return UNPRINTABLE.sub("\ufffd", text)
