"""Any table as rows of text with a header of its own making: the first step of reading by a declared mapping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from toolkit.base.texts import fold
from toolkit.data.csv_rows import Row, csv_rows, delimiter_of
from toolkit.data.encoding import decode
from toolkit.data.problems import Problems
from toolkit.data.tables import MOST_BYTES, OTHER_FORMATS, WORKBOOKS, tidy
from toolkit.data.workbook import read_sheets

ROWS_FOR_HEADER = 30
BETWEEN = " / "
"""Between the upper and the lower text of a header of two rows."""


@dataclass(frozen=True)
class RawSheet:
    """One sheet, or one CSV file.

    Attributes
    ----------
    rows :
        Rows that hold anything, cells as they stand.
    visible :
        False for a hidden sheet.
    problems :
        Where its problems are noted.
    """

    rows: tuple[Row, ...]
    visible: bool
    problems: Problems


def raw_sheets(path: Path, known: Iterable[str]) -> tuple[tuple[RawSheet, ...], Problems]:
    """Return the sheets of a workbook, or the one table of a CSV file, and the problems of the file itself.

    Parameters
    ----------
    known :
        Headers to look for, by which the delimiter is told.
    """
    problems = Problems(path.name)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(8)
        if not size or size > MOST_BYTES:
            key = "too_large" if size else "empty_file"
            problems.add(key, 1, fields={"limit": MOST_BYTES // 1_000_000})
            return (), problems
        other = next((key for mark, key in OTHER_FORMATS.items() if head.startswith(mark)), "")
        if other:
            problems.add(other, 1)
            return (), problems
        if path.suffix.casefold() in WORKBOOKS or head.startswith(b"PK\x03\x04"):
            sheets = read_sheets(path, problems)
            return tuple(RawSheet(item.rows, item.visible, Problems(path.name, item.name)) for item in sheets), problems
        text = decode(path.read_bytes(), problems).text
    except OSError as error:
        problems.add("unreadable", 1, value=error.strerror or type(error).__name__)
        return (), problems
    own = Problems(path.name)
    delimiter = delimiter_of(text, [name.casefold() for name in known])
    rows = tuple(row for row in csv_rows(text, delimiter, own) if any(cell.strip() for cell in row.cells))
    if not rows and not problems.found:
        problems.add("empty_file", 1)
    return (RawSheet(rows, True, own),) if rows else (), problems


@dataclass(frozen=True)
class Headed:
    """Rows under a header.

    Attributes
    ----------
    names :
        The header's texts, one a column.
    header_row :
        Its (last) row.
    rows :
        What stands below it.
    """

    names: tuple[str, ...]
    header_row: int
    rows: tuple[Row, ...]

    @property
    def short(self) -> tuple[str, ...]:
        """The lower texts of a header of two rows, where no other column has the same; else the whole names."""
        lowers = [name.rpartition(BETWEEN)[2] for name in self.names]
        return tuple(
            lower if lowers.count(lower) == 1 else name for name, lower in zip(self.names, lowers, strict=True)
        )

    def place(self, name: str) -> int | None:
        """Return the position of a column by its whole or its short name, case and diacritics ignored."""
        for names in (self.names, self.short):
            found = [at for at, held in enumerate(names) if fold(held) == fold(name)]
            if found:
                return found[0]
        return None


def headed(rows: Sequence[Row], wanted: Iterable[str], header_rows: int) -> Headed | None:
    """Find the header that holds the wanted names; None if no row holds any of them.

    A header of two rows is read as ``upper / lower``, the upper text carried to the right as merged cells are;
    a column is also found by its lower text alone where no other has it.
    """
    folded = {fold(name) for name in wanted}
    best: tuple[int, int, tuple[str, ...]] = (0, 0, ())
    for at in range(min(len(rows), ROWS_FOR_HEADER) - header_rows + 1):
        names = _joined(rows[at : at + header_rows])
        found = {fold(part) for name in names for part in (name, name.rpartition(BETWEEN)[2])}
        hits = len(found & folded)
        if hits > best[0]:
            best = (hits, at, names)
    hits, at, names = best
    if not hits:
        return None
    last = at + header_rows - 1
    return Headed(names, rows[last].number, tuple(rows[last + 1 :]))


def _joined(rows: Sequence[Row]) -> tuple[str, ...]:
    if len(rows) == 1:
        return tuple(tidy(cell) for cell in rows[0].cells)
    carried, names = "", []
    for upper, lower in zip_longest(*(row.cells for row in rows), fillvalue=""):
        carried = tidy(upper) or carried
        below = tidy(lower)
        names.append(f"{carried}{BETWEEN}{below}" if carried and below else below or tidy(upper))
    return tuple(names)
