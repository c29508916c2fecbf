"""Tables for spreadsheets: CSV files and workbooks in which no text can become a formula, written row by row."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from toolkit.base.files import atomic
from toolkit.reports.word import put, timeless_part

if TYPE_CHECKING:
    import pandas as pd

TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings that make a spreadsheet take text for a formula (the list of OWASP)."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
WIDEST = 60
"""Characters that a column shows at most."""
LOOKED_AT = 200
"""Rows by which a column's width is chosen."""
REPEATED = 1024
"""Texts remembered in the form they are written in: most of a table's are the same again and again."""
_ROWS_END = b"</sheetData>"
Row = Sequence[object]
"""Texts, numbers, booleans; None or not-a-number where there is nothing."""


def neutral(text: str) -> str:
    r"""Return text that a spreadsheet takes for text: an apostrophe goes before what would begin a formula.

    Numbers are not texts and are left alone: ``-0.5`` stays a number wherever it is one.

    >>> neutral("=1+1"), neutral("Bình Gia"), neutral(" @x")
    ("'=1+1", 'Bình Gia', "' @x")
    """
    return f"'{text}" if text.lstrip(" ").startswith(TRIGGERS) else text


def csv_text(rows: Iterable[Row]) -> str:
    r"""Return rows as CSV, lines ending with ``\n``, with every text neutralised.

    >>> csv_text([("year", "note"), (2030, "=1"), (None, float("nan"))])
    "year,note\n2030,'=1\n,\n"
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return stream.getvalue()


def _safe(cell: object) -> object:
    if isinstance(cell, str):
        return _safe_text(cell)
    return None if cell != cell else cell


@lru_cache(maxsize=REPEATED)
def _safe_text(text: str) -> str:
    """Return a text of CSV; line breaks are of one kind: a lone carriage return would end the row unquoted."""
    return neutral(text.replace("\r\n", "\n").replace("\r", "\n"))


def rows_of(table: pd.DataFrame) -> Iterator[Row]:
    """Yield the rows of a table, None where it has nothing."""
    return iter(table.astype(object).where(table.notna(), None).itertuples(index=False, name=None))


@contextmanager
def open_workbook(path: Path) -> Iterator[Workbook]:
    """Give a workbook to fill; it is at `path` when the block has ended. Equal rows give equal bytes."""
    with ExitStack() as files:
        book = Workbook(files)
        yield book
        with atomic(path) as stream:
            book.save(stream)


class Workbook:
    """A workbook that grows row by row; rows are kept in files until it is saved, not in memory.

    Parameters
    ----------
    files :
        Closes these files.
    """

    def __init__(self, files: ExitStack) -> None:
        from openpyxl import Workbook as Book

        self._files = files
        self._book = Book(write_only=True)
        self._book.properties.creator = ""
        self._sheets: list[Sheet] = []

    def sheet(self, name: str, columns: Sequence[str]) -> Sheet:
        """Return a new sheet, its head frozen and filterable; of the name, 31 characters count."""
        rows = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the workbook)
        self._files.enter_context(rows)
        made = Sheet(self._book.create_sheet(name[:31]), columns, rows)
        self._sheets.append(made)
        return made

    def save(self, stream: IO[bytes]) -> None:
        """Write the workbook: all but the rows by openpyxl, and the rows into their places."""
        for sheet in self._sheets:
            sheet.finish()
        frame = io.BytesIO()
        self._book.save(frame)
        rows = {f"xl/worksheets/sheet{number}.xml": sheet.rows for number, sheet in enumerate(self._sheets, start=1)}
        with zipfile.ZipFile(frame) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                part = timeless_part(name, old.read(name))
                before, mark, after = part.partition(_ROWS_END)
                put(new, name, [before, *([rows[name]] if mark else []), mark + after])


class Sheet:
    """One sheet of a :class:`Workbook`.

    Parameters
    ----------
    sheet :
        Of openpyxl; it gets the head.
    columns :
        Names of the columns.
    rows :
        File that keeps the rows as they will stand in the sheet.
    """

    def __init__(self, sheet: Any, columns: Sequence[str], rows: IO[bytes]) -> None:
        from openpyxl.utils import get_column_letter

        self._sheet, self._columns, self.rows = sheet, tuple(columns), rows
        self._letters = [get_column_letter(number) for number in range(1, len(columns) + 1)]
        self._count = 0

    def add(self, rows: Iterable[Row]) -> None:
        """Append rows; the first of the first ones decide how wide the columns are."""
        coming = iter(rows)
        if not self._count:
            first = list(islice(coming, LOOKED_AT))
            self._head(first)
            self._write(first)
        self._write(coming)

    def finish(self) -> None:
        """Say which rows the filters cover."""
        if not self._count:
            self._head([])
        if self._columns:
            self._sheet.auto_filter.ref = f"A1:{self._letters[-1]}{self._count}"

    def _head(self, rows: Sequence[Row]) -> None:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font

        self._sheet.freeze_panes = "A2"
        heads = []
        for letter, name, *cells in zip(self._letters, self._columns, *rows, strict=True):
            longest = max((len(str(cell)) for cell in cells), default=0)
            self._sheet.column_dimensions[letter].width = min(max(longest, len(name)) + 2, WIDEST)
            head = WriteOnlyCell(self._sheet, _printable(name))
            head.data_type, head.font = "s", Font(bold=True)
            heads.append(head)
        self._sheet.append(heads)
        self._count = 1

    def _write(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._count += 1
            number = str(self._count)
            cells = "".join(
                self._cell(letter + number, cell)
                for letter, cell in zip(self._letters, row, strict=True)
                if cell is not None
            )
            self.rows.write(f'<row r="{number}">{cells}</row>'.encode("ascii", "xmlcharrefreplace"))

    def _cell(self, place: str, cell: Any) -> str:
        """Return a cell as the sheet has it: text is marked as text, whatever it begins with."""
        if isinstance(cell, str):
            style = f' s="{self._quoted}"' if cell.lstrip(" ").startswith(TRIGGERS) else ""
            return f'<c r="{place}"{style} t="inlineStr">{_text(cell)}</c>'
        if isinstance(cell, bool):
            return f'<c r="{place}" t="b"><v>{cell:d}</v></c>'
        return f'<c r="{place}" t="n"><v>{cell:.16g}</v></c>' if cell == cell else ""

    @cached_property
    def _quoted(self) -> int:
        """Number of the style of texts that would be formulas if they were typed again."""
        from openpyxl.cell import WriteOnlyCell

        cell = WriteOnlyCell(self._sheet)
        cell.quotePrefix = True
        return int(cell.style_id)


@lru_cache(maxsize=REPEATED)
def _text(text: str) -> str:
    kept = ' xml:space="preserve"' if text != text.strip() else ""
    safe = escape(_printable(text), {"\r": "&#13;"})
    return f"<is><t{kept}>{safe}</t></is>" if text else ""


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)
