"""Files to tables: the one reader of all commands, with one header, rows with their numbers, and every problem noted.

The same rules hold for CSV files, workbooks and data frames: texts are composed (NFC) and lose stray spaces, a column
that stands twice is not read, cut-off rows are reported, and a column of numbers is read in one style or refused.
"""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from toolkit.base.errors import DataError, UsageError
from toolkit.base.files import read_file
from toolkit.base.problems import Problem, Problems, has_error
from toolkit.base.texts import normalise, say
from toolkit.data.excel import read_workbook
from toolkit.data.parsing import (
    FIRST_YEAR,
    OLD_SIGNS,
    TCVN3,
    Numeral,
    RawSheet,
    Row,
    as_column,
    csv_rows,
    decode,
    delimiter_of,
    narrowed_reading,
    no_year,
    old_font,
    reading,
    year_of,
)

if TYPE_CHECKING:
    import pandas as pd

WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xltx", ".xltm", ".ods", ".ots"})
OTHER_FORMATS = {
    b"\xd0\xcf\x11\xe0": "old_workbook",
    b"%PDF": "binary",
    b"\x89PNG": "binary",
    b"\x1f\x8b": "binary",
    b"7z\xbc\xaf": "binary",
    b"Rar!": "binary",
}
MOST_BYTES = 256_000_000
ROWS_FOR_HEADER = 20
FEWEST_NAMES = 2
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
SUSPICIOUS = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd{OLD_SIGNS}]")

Value = TypeVar("Value")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the search for cycles of objects: rows hold none, and it takes longer than reading a long table."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@dataclass(frozen=True)
class TableLayout:
    """The columns that a table may have.

    Attributes
    ----------
    required, optional :
        Column names.
    may_be_empty :
        Whether a header without rows needs no remark.
    also :
        Says whether a table may have a column of a name that is not listed.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    may_be_empty: bool = False
    also: Callable[[str], bool] = lambda _: False

    @property
    def columns(self) -> tuple[str, ...]:
        """All column names."""
        return (*self.required, *self.optional)

    def takes(self, name: str) -> bool:
        """Say whether a table may have a column."""
        return name in self.columns or bool(name and self.also(name))


@dataclass(frozen=True)
class InputTable:
    """One table as text.

    Attributes
    ----------
    columns :
        The layout's columns that the file has, in the file's order.
    header_row :
        Row of the header as a spreadsheet shows it.
    rows :
        Cells in the order of `columns`, stripped, NFC, with their row numbers; blank rows left out.
    problems :
        Where problems of this table are noted.
    """

    columns: tuple[str, ...]
    header_row: int
    rows: tuple[Row, ...]
    problems: Problems

    def has(self, column: str) -> bool:
        """Say whether the file has a column."""
        return column in self.columns

    def texts(self, column: str) -> list[str]:
        """Return the cells of a column."""
        at = self.columns.index(column)
        return [row.cells[at] for row in self.rows]

    def check_filled(self, *columns: str) -> None:
        """Note the empty cells of some columns."""
        for column in columns:
            for row, text in zip(self.rows, self.texts(column), strict=True):
                if not text:
                    self.problems.add("empty_cell", row.number, column)

    def parsed(
        self, column: str, parse: Callable[[str], Value | None], fault: str | Callable[[str], str]
    ) -> list[Value | None]:
        """Return the cells of a column as values, None for empty ones; what is none is noted as `fault`."""
        known: dict[str, Value | None] = {}
        values = []
        for row, text in zip(self.rows, self.texts(column), strict=True):
            if text not in known:
                known[text] = parse(text) if text else None
            values.append(known[text])
            if text and known[text] is None:
                self.problems.add(fault if isinstance(fault, str) else fault(text), row.number, column, text)
        return values

    def years(self, column: str, first: int = FIRST_YEAR) -> list[int | None]:
        """Return the cells of a column as years, none of them before the first possible one."""
        return self.parsed(column, lambda text: year_of(text, first), no_year)

    @_uncollected()
    def numbers(
        self, column: str, allows: Sequence[Callable[[float], bool] | None] | None = None
    ) -> list[float | None]:
        """Return the cells of a column as numbers, read in one style; what is none, or unclear, is noted.

        Parameters
        ----------
        allows :
            One a row: says whether a number is possible there, which may tell what ``12.868`` means.
        """
        texts = self.texts(column)
        keys = list(zip(texts, map(type, texts), allows or [None] * len(texts), strict=True))
        counts = Counter(keys)  # a long table holds few different numbers
        found = {key: narrowed_reading(reading(key[0]), key[2]) if key[2] else reading(key[0]) for key in counts}
        settled = as_column(found, counts)
        if any(fault for (text, _, _), (_, fault) in settled.items() if text):
            for key, row in zip(keys, self.rows, strict=True):
                fault = settled[key][1]
                if key[0] and fault:
                    fields = {"meanings": found[key].shown()} if fault == "unclear_number" else {}
                    self.problems.add(fault, row.number, column, key[0], fields=fields)
        return [settled[key][0] for key in keys]


@_uncollected()
def read_tables(path: Path, layout: TableLayout) -> tuple[tuple[InputTable, ...], list[Problem]]:
    """Read a CSV file or a workbook.

    Parameters
    ----------
    path :
        The file.
    layout :
        Columns to look for; names are compared without case and stray spaces.

    Returns
    -------
    tables, problems :
        One table a sheet that has a header; `problems` are those of the file itself, each table
        carries its own.
    """
    sheets, problems = read_sheets(path, layout.columns)
    tables = []
    for sheet in sheets:
        table = table_of(sheet, layout) if sheet.visible else None
        if table is not None:
            tables.append(table)
            continue
        if sheet.cut_short:
            sheet.problems.warn("sheet_unread" if sheet.visible else "sheet_hidden", sheet.rows[0].number)
        else:
            sheet.problems.add("no_header", 1, fields={"columns": ", ".join(layout.required)})
        problems.found += sheet.problems.all()
    if not tables and not has_error(problems.found):
        problems.add("no_header", 1, fields={"columns": ", ".join(layout.required)})
    return tuple(tables), problems.all()


def read_first(path: Path, layout: TableLayout) -> InputTable:
    """Return the first table of a file, all problems of the file in it; one without columns if there is none."""
    empty = InputTable((), 1, (), Problems(path.name))
    if not path.is_file():
        empty.problems.add("no_file", 1)
        return empty
    tables, found = read_tables(path, layout)
    table = tables[0] if tables else empty
    table.problems.found.extend(found)
    return table


def read_table(path: Path, layout: TableLayout, message: str, remedy: str = "") -> InputTable:
    """Read a file that holds one table.

    Raises
    ------
    DataError
        With the message, if there is none, several, or an error in it.
    """
    tables, problems = read_tables(path, layout)
    errors = [item for item in (*problems, *(each for table in tables for each in table.problems.all()))
              if item.severity == "error"]  # fmt: skip
    if errors or len(tables) != 1:
        raise DataError(message, errors, "" if errors else remedy)
    return tables[0]


def frame_of(records: Iterable[object], names: Sequence[str]) -> pd.DataFrame:
    """Return records as a data frame, one row each: their attributes of these names, in this order."""
    import pandas as pd

    return pd.DataFrame([[getattr(record, name) for name in names] for record in records], columns=list(names))


def frame_given(frame: object) -> pd.DataFrame:
    """Return what somebody gives for a data frame.

    Raises
    ------
    UsageError
        If it is none.
    """
    import pandas as pd

    if isinstance(frame, pd.DataFrame):
        return frame
    raise UsageError(say("data.no_frame", kind=type(frame).__name__), say("data.no_frame.remedy"))


def table_of_frame(frame: pd.DataFrame, layout: TableLayout, name: str = "table") -> InputTable:
    """Return a data frame as a table whose header stands in row 1; its numbers are numbers, however they look."""
    frame = frame_given(frame)
    columns = [[_cell(value) for value in frame.iloc[:, at].tolist()] for at in range(frame.shape[1])]
    rows = [Row(number, cells) for number, cells in enumerate(zip(*columns, strict=True), start=2)]
    header = Row(1, tuple(str(column) for column in frame.columns))
    return _under(header, rows, layout, Problems(name), cut_short=False)


def _cell(value: object) -> str:
    if value is None or value != value or str(value) == "<NA>":
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e15)
        return Numeral(int(value) if whole else value)
    return str(value)


def read_sheets(path: Path, known: Iterable[str]) -> tuple[tuple[RawSheet, ...], Problems]:
    """Return the sheets of a workbook, or the one table of a CSV file, as rows of text, and the file's own problems.

    Parameters
    ----------
    known :
        Names of columns, from which the delimiter is guessed.
    """
    problems = Problems(path.name)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(8)
        other = next((key for mark, key in OTHER_FORMATS.items() if head.startswith(mark)), "")
        if not size or size > MOST_BYTES:
            other = "too_large" if size else "empty_file"
        if other:
            problems.add(other, 1, fields={"limit": MOST_BYTES // 1_000_000})
            return (), problems
        if path.suffix.casefold() in WORKBOOKS or head.startswith(b"PK\x03\x04"):
            sheets = read_workbook(path, problems)
            for sheet in sheets:
                _check_font(sheet, problems)
            return tuple(sheet for sheet in sheets if sheet.rows), problems
        text = decode(read_file(path), problems).text
    except OSError as error:
        problems.add("unreadable", 1, value=error.strerror or type(error).__name__)
        return (), problems
    if not text.strip():
        if not problems.found:
            problems.add("empty_file", 1)
        return (), problems
    own = Problems(path.name)
    rows = tuple(csv_rows(text, delimiter_of(text, known), own))
    return (RawSheet("", True, rows, (), own),), problems


def _check_font(sheet: RawSheet, problems: Problems) -> None:
    """Note a sheet whose texts are in an old font, as in a CSV file."""
    word = old_font(" ".join(cell for row in sheet.rows for cell in row.cells if not cell.isascii()))
    if word:
        row = next(row.number for row in sheet.rows if any(word in cell for cell in row.cells))
        problems.add("tcvn3", row, value=word, at=(problems.file, sheet.name))


def table_of(sheet: RawSheet, layout: TableLayout) -> InputTable | None:
    """Find the header among a sheet's first rows and put the rest in order; None if there is no header."""
    position = _header_position(sheet.rows, layout.columns)
    if position is None:
        return None
    header = sheet.rows[position]
    note_above(sheet.rows[:position], sheet.problems)
    table = _under(header, sheet.rows[position + 1 :], layout, sheet.problems, cut_short=sheet.cut_short)
    note_merged(sheet, header)
    note_hidden(sheet, header)
    return table


def _under(header: Row, body: Sequence[Row], layout: TableLayout, problems: Problems, *, cut_short: bool) -> InputTable:
    names = [tidy(cell).casefold() for cell in header.cells]
    names += [""] * (usual_width(body) - len(names))  # some programs end every row with a delimiter
    wanted = _check_header(names, layout, header.number, problems)
    picks = [names.index(name) for name in wanted]
    nameless = [at for at, name in enumerate(names) if not name]
    known, kept = _Tidied(), []
    for row in body:
        if usable(row, names, problems, cut_short=cut_short):
            for at in nameless:
                if at < len(row.cells) and row.cells[at].strip():
                    problems.add("nameless_column", row.number, value=row.cells[at])
            kept.append(Row(row.number, _picked(row.cells, picks, known)))
    if not body and not layout.may_be_empty:
        problems.warn("no_rows", header.number)
    return InputTable(tuple(wanted), header.number, tuple(kept), problems)


def note_above(rows: Iterable[Row], problems: Problems) -> None:
    """Note rows above the header: they are not read."""
    for row in rows:
        if any(cell.strip() for cell in row.cells):
            problems.warn("above_header", row.number, value=" ".join(filter(None, map(tidy, row.cells))))


def note_merged(sheet: RawSheet, header: Row, columns: Collection[int] | None = None) -> None:
    """Note merged cells in the header and below it: only the first of them holds anything.

    Parameters
    ----------
    columns :
        Positions of the columns that are read, below a header that may be merged; all that have a name if None.
    """
    names = [tidy(cell) for cell in header.cells]
    read = set(range(len(names)) if columns is None else columns)
    for first, last, column, last_column in sheet.merged:
        name = names[column] if column < len(names) else ""
        if columns is None and first <= header.number <= last:
            sheet.problems.add("merged_header", header.number, name, fields={"count": last_column - column + 1})
        elif first > header.number and read & set(range(column, last_column + 1)):
            sheet.problems.add("merged_cells", first, name, fields={"last": last})


def note_hidden(sheet: RawSheet, header: Row) -> None:
    """Note hidden rows below the header: they are read as any other."""
    rows = [number for number in sheet.hidden if number > header.number]
    if rows:
        sheet.problems.warn("rows_hidden", rows[0], count=len(rows))


def _header_position(rows: Sequence[Row], columns: Iterable[str]) -> int | None:
    names = set(columns)
    counts = [len({tidy(cell).casefold() for cell in row.cells} & names) for row in rows[:ROWS_FOR_HEADER]]
    best = max(counts, default=0)
    return counts.index(best) if best >= FEWEST_NAMES else None


def usual_width(rows: Iterable[Row]) -> int:
    """Return the number of cells that most rows have."""
    widths = Counter(len(row.cells) for row in rows if any(row.cells))
    return widths.most_common(1)[0][0] if widths else 0


def _check_header(names: Sequence[str], layout: TableLayout, row: int, problems: Problems) -> list[str]:
    """Note missing, double and unknown columns; return the known ones in the file's order.

    Of two columns of one name none is read: which of them is meant nobody can tell.
    """
    known = [name for name in dict.fromkeys(names) if layout.takes(name)]
    wanted = [name for name in known if list(names).count(name) == 1]
    for name in known:
        if name not in wanted:
            problems.add("double_column", row, name)
    unknown = [name for name in names if name and name not in known]
    for name in layout.required:
        if name not in known:
            near = problems.near("header", name, unknown, 1) if unknown else ", ".join(layout.required)
            problems.add("missing_column", row, name, fields={"near": near})
    for name in unknown:
        problems.warn("unknown_column", row, name, near=problems.near("columns", name, layout.columns, 1))
    return wanted


def usable(row: Row, names: Sequence[str], problems: Problems, *, cut_short: bool) -> bool:
    """Note what is wrong with a row as a whole; say whether its cells belong to columns.

    Parameters
    ----------
    names :
        The header's, tidied and in lower case.
    cut_short :
        True for workbooks, where empty cells at the end of a row are not stored.
    """
    cells = row.cells
    if len(cells) == len(names) and "" not in cells and cells[0].casefold() not in names and not cells[0].isspace():
        if SUSPICIOUS.search("".join(cells)):
            _check_letters(row, names, problems)
        return True  # as nearly all rows of a long table are
    filled = [cell for cell in cells if cell and not cell.isspace()]
    if not filled:
        return False
    if tidy(filled[0]).casefold() in names and [tidy(cell).casefold() for cell in filled] == [*filter(None, names)]:
        problems.add("repeated_header", row.number)
        return False
    if len(cells) > len(names) or (len(cells) < len(names) and not cut_short):
        problems.add("cell_count", row.number, fields={"found": len(cells), "wanted": len(names)})
        return False
    if len(filled) == 1 and len(names) > FEWEST_NAMES + 1:
        problems.add("lone_cell", row.number, value=tidy(filled[0]))
        return False
    if SUSPICIOUS.search("".join(cells)):
        _check_letters(row, names, problems)
    return True


def _check_letters(row: Row, names: Sequence[str], problems: Problems) -> None:
    for name, cell in zip(names, row.cells, strict=False):
        if "\ufffd" in cell:
            problems.warn("lost_letters", row.number, name, cell)
        if CONTROL.search(cell):
            problems.add("control_character", row.number, name, cell)
        if TCVN3.search(cell) or old_font(cell, 2):
            problems.warn("old_font", row.number, name, cell)


class _Tidied(dict[str, str]):
    """Texts to themselves, tidied; equal ones are one object, so that a long table stays small."""

    def __missing__(self, text: str) -> str:
        self[text] = tidy(text)
        return self[text]


def _picked(cells: tuple[str, ...], picks: Sequence[int], known: _Tidied) -> tuple[str, ...]:
    """Return the wanted cells."""
    if len(cells) > max(picks, default=0):
        wanted = [cells[at] for at in picks]
    else:
        wanted = [cells[at] if at < len(cells) else "" for at in picks]
    return tuple([known[text] if type(text) is str else text for text in wanted])


def tidy(text: str) -> str:
    r"""Return a cell's text without stray spaces and invisible signs, in Unicode form NFC.

    >>> tidy("\u200b 181\u00a0")
    '181'
    """
    return normalise(INVISIBLE.sub("", text))
