"""Tables for spreadsheets: a workbook and CSV files in which no text can become a formula."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.base.files import write_atomic
from toolkit.report.archive import timeless

if TYPE_CHECKING:
    import pandas as pd

TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings that make a spreadsheet take text for a formula (the list of OWASP)."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
WIDEST = 60
"""Characters that a column shows at most."""


def neutral(text: str) -> str:
    r"""Return text that a spreadsheet takes for text: an apostrophe goes before what would begin a formula.

    Numbers are not texts and are left alone: ``-0.5`` stays a number wherever it is one.

    >>> neutral("=1+1"), neutral("Bình Gia"), neutral(" @x")
    ("'=1+1", 'Bình Gia', "' @x")
    """
    return f"'{text}" if text.lstrip(" ").startswith(TRIGGERS) else text


def safe_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with every text neutralised, names of columns too."""
    safe = table.copy()
    for name in safe.columns:
        if not (safe[name].dtype.kind in "iufb" or str(safe[name].dtype) == "Int64"):
            safe[name] = safe[name].map(lambda cell: _one_break(cell) if isinstance(cell, str) else cell)
    return safe.rename(columns=_one_break)


def _one_break(text: str) -> str:
    """Return text neutralised, with line breaks of one kind: a lone carriage return would end the row unquoted."""
    return neutral(text.replace("\r\n", "\n").replace("\r", "\n"))


def safe_csv(table: pd.DataFrame) -> str:
    r"""Return the table as CSV text, lines ending with ``\n``."""
    return str(safe_table(table).to_csv(index=False, lineterminator="\n"))


def write_workbook(tables: Mapping[str, pd.DataFrame | Iterable[pd.DataFrame]], path: Path) -> Path:
    """Write one sheet a table, heads frozen and filterable, and return `path`; equal tables give equal bytes.

    Parameters
    ----------
    tables :
        By the name of their sheet (at most 31 characters); a long one may come in parts with the same columns.
    path :
        The ``.xlsx`` to write.
    """
    return write_atomic(path, workbook_bytes(tables))


def workbook_bytes(tables: Mapping[str, pd.DataFrame | Iterable[pd.DataFrame]]) -> bytes:
    """Return the workbook of :func:`write_workbook`."""
    from openpyxl import Workbook
    from pandas import DataFrame

    book = Workbook(write_only=True)
    book.properties.creator = ""
    for name, table in tables.items():
        _sheet(book, name, iter([table] if isinstance(table, DataFrame) else table))
    stream = io.BytesIO()
    book.save(stream)
    return timeless(stream.getvalue())


def _sheet(book: Any, name: str, parts: Iterator[pd.DataFrame]) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(name[:31])
    sheet.freeze_panes = "A2"
    table = next(parts)
    for number, column in enumerate(table.columns, start=1):
        longest = max((len(str(cell)) for cell in table[column].head(200)), default=0)
        sheet.column_dimensions[get_column_letter(number)].width = min(max(longest, len(str(column))) + 2, WIDEST)
    heads = []
    for column in table.columns:
        head = _text_cell(WriteOnlyCell(sheet), str(column))
        head.font = Font(bold=True)
        heads.append(head)
    sheet.append(heads)
    count = 1
    for part in chain([table], parts):
        for row in part.astype(object).where(part.notna(), None).itertuples(index=False, name=None):
            sheet.append([_text_cell(WriteOnlyCell(sheet), cell) if isinstance(cell, str) else cell for cell in row])
            count += 1
    if len(table.columns):
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(table.columns))}{count}"


def _text_cell(cell: Any, text: str) -> Any:
    """Return the cell holding `text` as a string, whatever it begins with; Excel is told that it is quoted."""
    cell.value = _UNPRINTABLE.sub("\ufffd", text)
    cell.data_type = "s"
    if text.lstrip(" ").startswith(TRIGGERS):
        cell.quotePrefix = True
        cell.style = "Normal"
    return cell
