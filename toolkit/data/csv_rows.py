"""CSV text to rows, numbered as a spreadsheet shows them, however the file is broken."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from toolkit.base.texts import say
from toolkit.data.problems import Problems

DELIMITERS = (",", ";", "\t", "|")
LINES_FOR_DELIMITER = 20
LONGEST_FIELD = 131_072
"""Characters in one cell; more is an unclosed quotation mark or an attack."""
MOST_RESTARTS = 50
"""Damaged records after which reading goes on; then the rest of the file is reported as unread."""


@dataclass(frozen=True)
class Row:
    """One record as text.

    Attributes
    ----------
    number :
        Row as a spreadsheet shows it, from 1; a line break inside quotes does not count.
    cells :
        Texts as they stand in the file.
    """

    number: int
    cells: tuple[str, ...]


def delimiter_of(text: str, known: Iterable[str]) -> str:
    r"""Return the delimiter that finds most known column names in the first lines; a comma if none does.

    >>> delimiter_of("area_code;year;value\n181;2020;12,5", ["area_code", "year", "value"])
    ';'
    """
    names = set(known)
    lines = text[:65_536].splitlines()[:LINES_FOR_DELIMITER]

    def hits(delimiter: str) -> int:
        cells = ([cell.strip(' "\ufeff').casefold() for cell in line.split(delimiter)] for line in lines)
        return max((sum(cell in names for cell in row) for row in cells), default=0)

    return max(DELIMITERS, key=hits)


def csv_rows(text: str, delimiter: str, problems: Problems) -> Iterator[Row]:
    """Yield the rows of a CSV text; a damaged record is noted and reading goes on behind it."""
    csv.field_size_limit(LONGEST_FIELD)
    lines = io.StringIO(text, newline="")
    number = width = 0
    for _ in range(MOST_RESTARTS):
        start = 0 if not number else lines.tell()
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        read = 0
        try:
            for cells in reader:
                swallowed = reader.line_num - read > 1 and bool(width) and len(cells) != width
                if swallowed:
                    raise csv.Error(say("data.unclosed_quote"))
                number, read, start, width = number + 1, reader.line_num, lines.tell(), width or len(cells)
                yield Row(number, tuple(cells))
        except csv.Error as error:
            number += 1
            problems.add("broken_row", number, fields={"reason": str(error)})
            lines.seek(start)
            lines.readline()
            continue
        return
    rest = sum(1 for line in lines if line.strip())
    if rest:
        problems.add("rest_unread", number + 1, fields={"count": rest})
