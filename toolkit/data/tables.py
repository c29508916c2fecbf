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
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from toolkit.base.errors import DataError, UsageError
from toolkit.base.files import read_file
from toolkit.base.problems import Phrase, Problem, Problems, has_error
from toolkit.base.texts import fold, normalise, say
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
ROWS_FOR_HEADER = 30
FEWEST_NAMES = 2
BETWEEN = " / "
"""Between the upper and the lower text of a header of two rows."""
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
    titled :
        Whether something always stands above the header, and needs no remark.
    fewest :
        Names from which a row is taken for the header.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    may_be_empty: bool = False
    also: Callable[[str], bool] = lambda _: False
    titled: bool = False
    fewest: int = FEWEST_NAMES

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
                    fields = {"meanings": found[key]} if fault == "unclear_number" else {}
                    self.problems.add(fault, row.number, column, key[0], fields=fields)
        return [settled[key][0] for key in keys]


class Tables(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    tables :
        One or more a sheet that has a header.
    problems :
        Those of the file itself; each table carries its own.
    damaged :
        Whether its letters cannot be read with certainty.
    """

    tables: tuple[InputTable, ...]
    problems: list[Problem]
    damaged: bool


@_uncollected()
def read_by(
    path: Path,
    known: Iterable[str],
    tables_of: Callable[[RawSheet], Iterable[InputTable] | None],
    lacking: Sequence[str],
    *,
    hidden: bool = False,
) -> Tables:
    """Read a CSV file or a workbook sheet by sheet; what is read nowhere is named.

    Parameters
    ----------
    path :
        The file.
    known :
        Names of columns, from which the delimiter is guessed.
    tables_of :
        Returns the tables of a sheet, whose problems are the sheet's or their own; none for a sheet without the
        header, None for one that holds something else that was read.
    lacking :
        Columns to name where no sheet has the header.
    hidden :
        Whether hidden sheets are read too.
    """
    sheets, problems = read_sheets(path, known)
    damaged, found = bool(sheets) and has_error(problems.found), list[InputTable]()
    for sheet in sheets:
        made = None if not (sheet.visible or hidden) else tables_of(sheet)
        found += made or ()
        if made is None and not (sheet.visible or hidden):
            sheet.problems.warn("sheet_hidden", sheet.rows[0].number)
        elif made == [] and sheet.cut_short and not has_error(sheet.problems.found):
            sheet.problems.warn("sheet_unread", sheet.rows[0].number)
        if not any(table.problems is sheet.problems for table in made or ()):
            problems.found += sheet.problems.all()
    if not found and not has_error(problems.found):
        problems.add("no_header", 1, fields={"columns": ", ".join(lacking)})
    return Tables(tuple(found), problems.all(), damaged)


def read_tables(path: Path, layout: TableLayout) -> Tables:
    """Read the tables of a layout from a CSV file or a workbook; one a sheet that has the header."""
    return read_by(path, layout.columns, lambda sheet: table_of(sheet, layout), layout.required)


def read_first(path: Path, layout: TableLayout) -> InputTable:
    """Return the first table of a file, all problems of the file in it; one without columns if there is none."""
    empty = InputTable((), 1, (), Problems(path.name))
    if not path.is_file():
        empty.problems.add("no_file", 1)
        return empty
    found = read_tables(path, layout)
    table = found.tables[0] if found.tables else empty
    table.problems.found.extend(found.problems)
    return table


def read_table(path: Path, layout: TableLayout, message: str, remedy: str = "") -> InputTable:
    """Read a file that holds one table.

    Raises
    ------
    DataError
        With the message, if there is none, several, or an error in it.
    """
    tables, problems, _ = read_tables(path, layout)
    errors = [item for item in (*problems, *(each for table in tables for each in table.problems.all()))
              if item.severity == "error"]  # fmt: skip
    if errors or len(tables) != 1:
        raise DataError(message, errors, "" if errors else remedy)
    tables[0].problems.found += problems
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
    header = Row(1, tuple(str(column) for column in frame.columns))
    rows = (header, *(Row(number, cells) for number, cells in enumerate(zip(*columns, strict=True), start=2)))
    return _under(
        Header(tuple(map(tidy, header.cells)), header, 1), RawSheet("", True, rows, (), Problems(name)), layout
    )


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
        text = decode(read_file(path), problems)
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


@dataclass(frozen=True)
class Header:
    """The header of a table.

    Attributes
    ----------
    names :
        Its texts, one a column.
    row :
        Its (last) row.
    position :
        Where the rows below it begin among the rows of the sheet.
    """

    names: tuple[str, ...]
    row: Row
    position: int

    @cached_property
    def short(self) -> tuple[str, ...]:
        """The lower texts of a header of two rows, where no other column has the same; else the whole names."""
        lowers = [name.rpartition(BETWEEN)[2] for name in self.names]
        return tuple(
            lower if lowers.count(lower) == 1 else name for name, lower in zip(self.names, lowers, strict=True)
        )

    def places(self, name: str) -> list[int]:
        """Return the positions of the columns of a whole or a short name, case and diacritics ignored."""
        for names in (self.names, self.short):
            found = [at for at, held in enumerate(names) if fold(held) == fold(name)]
            if found:
                return found
        return []


def find_header(rows: Sequence[Row], wanted: Iterable[str], *, height: int = 1, fewest: int = 1) -> Header | None:
    """Find the header that holds most of the wanted names among a sheet's first rows; None if it holds too few.

    A header of two rows is read as ``upper / lower``, the upper text carried to the right as merged cells are;
    a column is also found by its lower text alone where no other has it.
    """
    folded = {fold(name) for name in wanted}
    most, found = fewest - 1, None
    for at in range(min(len(rows), ROWS_FOR_HEADER) - height + 1):
        names = _joined(rows[at : at + height])
        hits = len({fold(part) for name in names for part in (name, name.rpartition(BETWEEN)[2])} & folded)
        if hits > most:
            most, found = hits, Header(names, rows[at + height - 1], at + height)
    return found


def _joined(rows: Sequence[Row]) -> tuple[str, ...]:
    if len(rows) == 1:
        return tuple(tidy(cell) for cell in rows[0].cells)
    carried, names = "", []
    for upper, lower in zip_longest(*(row.cells for row in rows), fillvalue=""):
        carried = tidy(upper) or carried
        below = tidy(lower)
        names.append(f"{carried}{BETWEEN}{below}" if carried and below else below or tidy(upper))
    return tuple(names)


def table_of(sheet: RawSheet, layout: TableLayout) -> list[InputTable]:
    """Return the table of a sheet: its columns and rows below the header; none if there is no header."""
    header = find_header(sheet.rows, layout.columns, fewest=layout.fewest)
    if header is None:
        return []
    if not layout.titled:
        note_above(sheet, header)
    table = _under(header, sheet, layout)
    note_merged(sheet, header)
    return [table]


def _under(header: Header, sheet: RawSheet, layout: TableLayout) -> InputTable:
    taken = [name for name in map(str.casefold, header.names) if layout.takes(name)]
    picks = columns_of(header, [*layout.required, *taken], sheet.problems, layout.columns, layout.required)
    ordered = dict(sorted(picks.items(), key=lambda pick: pick[1]))
    rows = rows_under(header, sheet)
    if header.position == len(sheet.rows) and not layout.may_be_empty:
        sheet.problems.warn("no_rows", header.row.number)
    places = list(ordered.values())
    if sheet.cut_short or places != list(range(len(header.names))):
        rows = [Row(row.number, tuple([cell_at(row, at) for at in places])) for row in rows]
    return InputTable(tuple(ordered), header.row.number, tuple(rows), sheet.problems)


def columns_of(
    header: Header, wanted: Iterable[str], problems: Problems, known: Sequence[str] = (), listed: Sequence[str] = ()
) -> dict[str, int]:
    """Return the positions of the wanted columns; notes missing, double and unread ones.

    Of two columns of one name none is read: which of them is meant nobody can tell.

    Parameters
    ----------
    known, listed :
        Names that an unread column may be misspelt for, and those that a file needs; none where any is possible.
    """
    row = header.row.number
    places = {name: header.places(name) for name in dict.fromkeys(wanted)}
    read = {at for found in places.values() for at in found}
    unread = [name for at, name in enumerate(header.names) if name and at not in read]
    for name, found in places.items():
        if len(found) > 1:
            problems.add("double_column", row, name)
        elif not found:
            names = problems.near("header", name, unread, 1) if unread else ", ".join(listed or header.names)
            near = Phrase(f"data.columns.{'nearest' if unread else 'needed'}", {"names": names})
            problems.add("missing_column", row, name, fields={"near": near})
    for name in unread:
        if known:
            problems.warn("unknown_column", row, name, near=problems.near("columns", name, known, 1))
        else:
            problems.warn("column_unread", row, name)
    return {name: found[0] for name, found in places.items() if len(found) == 1}


def rows_under(header: Header, sheet: RawSheet, left_out: Callable[[Row], bool] = lambda _: False) -> list[Row]:
    """Return the rows below a header that belong to its columns, tidied; notes all others, and hidden ones.

    `left_out` says of a row that it is not meant, and notes it.
    """
    body, problems = sheet.rows[header.position :], sheet.problems
    names = [*header.names, *[""] * (usual_width(body) - len(header.names))]  # some programs end rows with a delimiter
    nameless = [at for at, name in enumerate(names) if not name]
    texts, headers = {cell for row in body for cell in row.cells}, {name.casefold() for name in names}
    odd = {text for text in texts
           if text and (text.isspace() or text.casefold() in headers or SUSPICIOUS.search(text))}  # fmt: skip
    stray = {text: made for text in texts if (made := tidy(text)) != text}
    widths = range(len(names) + 1) if sheet.cut_short else range(len(names), len(names) + 1)
    kept = []
    for row in body:  # nearly all rows of a long table are plain
        plain = len(row.cells) in widths and odd.isdisjoint(row.cells) and len(row.cells) - row.cells.count("") > 1
        if left_out(row) or not (plain or usable(row, names, problems, cut_short=sheet.cut_short)):
            continue
        for at in [at for at in (*nameless, *range(len(names), len(row.cells))) if cell_at(row, at).strip()]:
            problems.add("nameless_column", row.number, value=row.cells[at])
        if stray and not stray.keys().isdisjoint(row.cells):
            row = Row(row.number, tuple([stray.get(text, text) for text in row.cells]))
        kept.append(row)
    hidden = [number for number in sheet.hidden if number > header.row.number]
    if hidden:
        problems.warn("rows_hidden", hidden[0], count=len(hidden))
    return kept


def cell_at(row: Row, at: int) -> str:
    """Return a cell of a row, empty behind its last one."""
    return row.cells[at] if at < len(row.cells) else ""


def note_above(sheet: RawSheet, header: Header, height: int = 1) -> None:
    """Note rows above the header: they are not read."""
    for row in sheet.rows[: header.position - height]:
        if any(cell.strip() for cell in row.cells):
            sheet.problems.warn("above_header", row.number, value=" ".join(filter(None, map(tidy, row.cells))))


def note_merged(sheet: RawSheet, header: Header, columns: Collection[int] | None = None) -> None:
    """Note merged cells in the header and below it: only the first of them holds anything.

    Parameters
    ----------
    columns :
        Positions of the columns that are read, below a header that may be merged; all that have a name if None.
    """
    names = [tidy(cell) for cell in header.row.cells]
    read = set(range(len(names)) if columns is None else columns)
    for first, last, column, last_column in sheet.merged:
        name = names[column] if column < len(names) else ""
        if columns is None and first <= header.row.number <= last:
            sheet.problems.add("merged_header", header.row.number, name, fields={"count": last_column - column + 1})
        elif first > header.row.number and read & set(range(column, last_column + 1)):
            sheet.problems.add("merged_cells", first, name, fields={"last": last})


def usual_width(rows: Iterable[Row]) -> int:
    """Return the number of cells that most rows have."""
    widths = Counter(len(row.cells) for row in rows if any(row.cells))
    return widths.most_common(1)[0][0] if widths else 0


def usable(row: Row, names: Sequence[str], problems: Problems, *, cut_short: bool) -> bool:
    """Note what is wrong with a row as a whole; say whether its cells belong to columns.

    Parameters
    ----------
    names :
        The header's, tidied.
    cut_short :
        True for workbooks, where empty cells at the end of a row are not stored.
    """
    cells = row.cells
    filled = [tidy(cell).casefold() for cell in cells if cell and not cell.isspace()]
    if not filled:
        return False
    if filled == [name.casefold() for name in names if name]:
        problems.add("repeated_header", row.number)
    elif len(cells) != len(names) and not cut_short:
        problems.add("cell_count", row.number, fields={"found": len(cells), "wanted": len(names)})
    elif len(filled) == 1 and len(names) > FEWEST_NAMES + 1:
        problems.add("lone_cell", row.number, value=tidy("".join(cells)))
    else:
        if SUSPICIOUS.search("".join(cells)):
            _check_letters(row, names, problems)
        return True
    return False


def _check_letters(row: Row, names: Sequence[str], problems: Problems) -> None:
    for name, cell in zip(names, row.cells, strict=False):
        if "\ufffd" in cell:
            problems.warn("lost_letters", row.number, name, cell)
        if CONTROL.search(cell):
            problems.add("control_character", row.number, name, cell)
        if TCVN3.search(cell) or old_font(cell, 2):
            problems.warn("old_font", row.number, name, cell)


def tidy(text: str) -> str:
    r"""Return a cell's text without stray spaces and invisible signs, in Unicode form NFC.

    >>> tidy("\u200b 181\u00a0")
    '181'
    """
    return normalise(INVISIBLE.sub("", text))
