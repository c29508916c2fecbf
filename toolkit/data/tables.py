"""Files to tables: whatever the format, one header, rows with their numbers, and every problem noted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.base.errors import Problem
from toolkit.base.names import normalise
from toolkit.data.excel import Sheet, read_sheets
from toolkit.data.parsing import Numeral, Row, csv_rows, decode, delimiter_of
from toolkit.data.problems import Problems, has_error

WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xltx", ".xltm"})
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
SUSPICIOUS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")


@dataclass(frozen=True)
class Layout:
    """The columns that a table may have.

    Attributes
    ----------
    required, optional :
        Column names.
    may_be_empty :
        Whether a header without rows needs no remark.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    may_be_empty: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All column names."""
        return (*self.required, *self.optional)


@dataclass(frozen=True)
class Table:
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


def read_tables(path: Path, layout: Layout) -> tuple[tuple[Table, ...], list[Problem]]:
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
    problems = Problems(path.name)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(8)
        if size > MOST_BYTES:
            problems.add("too_large", 1, fields={"limit": MOST_BYTES // 1_000_000})
            return (), problems.all()
        if not size:
            problems.add("empty_file", 1)
            return (), problems.all()
        other = next((key for mark, key in OTHER_FORMATS.items() if head.startswith(mark)), "")
        if other:
            problems.add(other, 1)
            return (), problems.all()
        if path.suffix.casefold() in WORKBOOKS or head.startswith(b"PK\x03\x04"):
            return _from_workbook(path, layout, problems), problems.all()
        return _from_csv(path.read_bytes(), layout, problems), problems.all()
    except OSError as error:
        problems.add("unreadable", 1, value=error.strerror or type(error).__name__)
        return (), problems.all()


def _from_csv(data: bytes, layout: Layout, file: Problems) -> tuple[Table, ...]:
    text = decode(data, file).text
    if not text.strip():
        if not file.found:
            file.add("empty_file", 1)
        return ()
    own = Problems(file.file)
    rows = list(csv_rows(text, delimiter_of(text, layout.columns), own))
    table = table_of(rows, layout, own, ragged_allowed=False)
    if table is None:
        own.add("no_header", 1, fields={"columns": ", ".join(layout.required)})
        file.found.extend(own.all())
        return ()
    return (table,)


def _from_workbook(path: Path, layout: Layout, file: Problems) -> tuple[Table, ...]:
    tables = []
    for sheet in read_sheets(path, file):
        own = Problems(path.name, sheet.name)
        table = table_of(sheet.rows, layout, own, ragged_allowed=True) if sheet.visible else None
        if table is not None:
            _check_merged(sheet, table)
            tables.append(table)
        elif sheet.rows:
            own.warn("sheet_unread" if sheet.visible else "sheet_hidden", sheet.rows[0].number)
            file.found.extend(own.all())
    if not tables and not has_error(file.found):
        file.add("no_header", 1, fields={"columns": ", ".join(layout.required)})
    return tuple(tables)


def _check_merged(sheet: Sheet, table: Table) -> None:
    """Note merged cells in the header and below it: only the first of them holds anything."""
    header = next(row for row in sheet.rows if row.number == table.header_row)
    for first, last, column, last_column in sheet.merged:
        name = tidy(header.cells[column]) if column < len(header.cells) else ""
        if first <= table.header_row <= last:
            table.problems.add("merged_header", table.header_row, name, fields={"count": last_column - column + 1})
        elif first > table.header_row and column < len(header.cells):
            table.problems.add("merged_cells", first, name, fields={"last": last})


def table_of(rows: Sequence[Row], layout: Layout, problems: Problems, *, ragged_allowed: bool) -> Table | None:
    """Find the header among the first rows and put the rest in order; None if there is no header.

    Parameters
    ----------
    ragged_allowed :
        True for workbooks, where empty cells at the end of a row are not stored.
    """
    position = _header_position(rows, layout.columns)
    if position is None:
        return None
    header = rows[position]
    for row in rows[:position]:
        if any(cell.strip() for cell in row.cells):
            problems.warn("above_header", row.number, value=" ".join(filter(None, map(tidy, row.cells))))
    names = [tidy(cell).casefold() for cell in header.cells]
    names += [""] * (_usual_width(rows[position + 1 :]) - len(names))  # some programs end every row with a delimiter
    wanted = _check_header(names, layout, header.number, problems)
    picks = [(names.index(name), name) for name in wanted]
    body = rows[position + 1 :]
    nameless = [at for at, name in enumerate(names) if not name]
    known: dict[str, str] = {}
    kept = tuple(
        Row(row.number, _picked(row.cells, picks, known))
        for row in body
        if _usable(row, names, nameless, problems, ragged_allowed=ragged_allowed)
    )
    if not body and not layout.may_be_empty:
        problems.warn("no_rows", header.number)
    return Table(tuple(wanted), header.number, kept, problems)


def _header_position(rows: Sequence[Row], columns: Iterable[str]) -> int | None:
    names = set(columns)
    counts = [len({tidy(cell).casefold() for cell in row.cells} & names) for row in rows[:ROWS_FOR_HEADER]]
    best = max(counts, default=0)
    return counts.index(best) if best >= FEWEST_NAMES else None


def _usual_width(rows: Iterable[Row]) -> int:
    """Return the number of cells that most rows have."""
    widths = Counter(len(row.cells) for row in rows if any(row.cells))
    return widths.most_common(1)[0][0] if widths else 0


def _check_header(names: Sequence[str], layout: Layout, row: int, problems: Problems) -> list[str]:
    """Note missing, double and unknown columns; return the known ones in the file's order.

    Of two columns of one name none is read: which of them is meant nobody can tell.
    """
    known = [name for name in dict.fromkeys(names) if name in layout.columns]
    wanted = [name for name in known if list(names).count(name) == 1]
    for name in known:
        if name not in wanted:
            problems.add("double_column", row, name)
    unknown = [name for name in names if name and name not in layout.columns]
    for name in layout.required:
        if name not in known:
            near = problems.near("header", name, unknown, 1) if unknown else ", ".join(layout.required)
            problems.add("missing_column", row, name, fields={"near": near})
    for name in unknown:
        problems.warn("unknown_column", row, name, near=problems.near("columns", name, layout.columns, 1))
    return wanted


def _usable(
    row: Row, names: Sequence[str], nameless: Sequence[int], problems: Problems, *, ragged_allowed: bool
) -> bool:
    """Note what is wrong with a row as a whole; say whether its cells can be told apart."""
    cells = row.cells
    filled = [cell for cell in cells if cell and not cell.isspace()]
    if not filled:
        return False
    if tidy(filled[0]).casefold() in names and [tidy(cell).casefold() for cell in filled] == [*filter(None, names)]:
        problems.add("repeated_header", row.number)
        return False
    if len(cells) > len(names) or (len(cells) < len(names) and not ragged_allowed):
        problems.add("cell_count", row.number, fields={"found": len(cells), "wanted": len(names)})
        return False
    if len(filled) == 1 and len(names) > FEWEST_NAMES + 1:
        problems.add("lone_cell", row.number, value=tidy(filled[0]))
        return False
    for at in nameless:
        if at < len(cells) and cells[at].strip():
            problems.add("nameless_column", row.number, value=cells[at])
    if SUSPICIOUS.search("".join(cells)):
        _check_letters(row, names, problems)
    return True


def _check_letters(row: Row, names: Sequence[str], problems: Problems) -> None:
    for name, cell in zip(names, row.cells, strict=False):
        if "\ufffd" in cell:
            problems.warn("lost_letters", row.number, name, cell)
        if SUSPICIOUS.search(cell.replace("\ufffd", "")):
            problems.add("control_character", row.number, name, cell)


def _picked(cells: Sequence[str], picks: Sequence[tuple[int, str]], known: dict[str, str]) -> tuple[str, ...]:
    """Return the wanted cells; equal texts are one object, so that a long table stays small."""
    texts = [cells[at] if at < len(cells) else "" for at, _ in picks]
    for text in texts:
        if text not in known:
            known[text] = tidy(text)
    return tuple(text if isinstance(text, Numeral) else known[text] for text in texts)


def tidy(text: str) -> str:
    r"""Return a cell's text without stray spaces and invisible signs, in Unicode form NFC.

    >>> tidy("\u200b 181\u00a0")
    '181'
    """
    return normalise(INVISIBLE.sub("", text))
