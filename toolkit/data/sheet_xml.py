"""The XML of one sheet to rows, as a stream: no tree is built, so a long sheet stays small and quick."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from toolkit.data.csv_rows import Row

MOST_ROWS = 1_048_576
MOST_COLUMNS = 1_000
"""Columns that a table may have; a value further to the right is a slip of the hand or an attack."""
CHUNK = 1 << 18
REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")

Convert = Callable[[str, str, str | None], str]
"""Kind of cell (``t``), stored value and style to the text shown."""


@dataclass
class SheetReader:
    """Reads one sheet.

    Attributes
    ----------
    convert :
        Turns stored values into texts.
    rows, merged :
        Rows that hold anything; rows (from 1) and columns (from 0) that hold merged cells.
    """

    convert: Convert
    rows: list[Row] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    _number: int = 0
    _texts: list[str] = field(default_factory=list)
    _column: int = -1
    _kind: str = "n"
    _style: str | None = None
    _value: str | None = None
    _formula: str | None = None
    _inline: str = ""
    _pronunciation: int = 0
    _collected: list[str] | None = None
    _names: dict[str, str] = field(default_factory=dict)

    def read(self, stream: IO[bytes]) -> SheetReader:
        """Read the whole stream.

        Raises
        ------
        ValueError, xml.parsers.expat.ExpatError
            For XML that is no sheet.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = _refuse
        while chunk := stream.read(CHUNK):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
        return self

    def _local(self, name: str) -> str:
        if name not in self._names:
            self._names[name] = name.rpartition(":")[2]
        return self._names[name]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = self._local(name)
        if tag == "c":
            self._begin_cell(attributes)
        elif tag in ("v", "f", "t"):
            self._collected = []
        elif tag == "row":
            self._begin_row(attributes)
        elif tag == "rPh":
            self._pronunciation += 1
        elif tag == "mergeCell":
            first, _, last = attributes.get("ref", "").partition(":")
            (row, column), (last_row, last_column) = reference(first), reference(last or first)
            self.merged.append((row, last_row, column, last_column))

    def _data(self, text: str) -> None:
        if self._collected is not None:
            self._collected.append(text)

    def _end(self, name: str) -> None:
        tag = self._local(name)
        if tag in ("v", "f", "t"):
            self._keep(tag, "".join(self._collected or ()))
        elif tag == "c":
            self._end_cell()
        elif tag == "row":
            if self._texts:
                self.rows.append(Row(self._number, tuple(self._texts)))
        elif tag == "rPh":
            self._pronunciation -= 1

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self._number = int(attributes.get("r", self._number + 1))
        self._texts, self._column = [], -1
        if not 0 < self._number <= MOST_ROWS:
            message = f"row {self._number}"
            raise ValueError(message)

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        self._column = self._column + 1 if place is None else reference(place)[1]
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s")
        self._value = self._formula = None
        self._inline = ""

    def _keep(self, tag: str, text: str) -> None:
        self._collected = None
        if tag == "v":
            self._value = text if text or self._kind == "str" else None
        elif tag == "f":
            self._formula = text
        elif not self._pronunciation:
            self._inline += text

    def _end_cell(self) -> None:
        """Place a cell's text; a formula whose result was never stored stays visible as its text."""
        if self._value is not None:
            text = self.convert(self._kind, self._value, self._style)
        else:
            text = self._inline or ("" if self._formula is None else f"={self._formula}")
        if not text:
            return
        if self._column >= MOST_COLUMNS:
            message = f"column {self._column + 1}"
            raise ValueError(message)
        self._texts.extend([""] * (self._column + 1 - len(self._texts)))
        self._texts[self._column] = text


def reference(text: str) -> tuple[int, int]:
    """Return the row (from 1) and the column (from 0) of a cell.

    >>> reference("B7"), reference("AA1")
    ((7, 1), (1, 26))
    """
    match = REFERENCE.fullmatch(text)
    if match is None:
        message = f"cell {text!r}"
        raise ValueError(message)
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - 64
    return int(match[2]), column - 1


def _refuse(*_: object) -> None:
    message = "a document type is declared"
    raise ValueError(message)
