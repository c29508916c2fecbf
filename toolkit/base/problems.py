"""Problems of files as fields: what is wrong, where it stands, what to do; words are made when they are printed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from toolkit.base.texts import Language, fold, interface_language, nearest, normalise, numbers, texts, visible

Severity = Literal["error", "warning"]

PROBLEM_COLUMNS = ("file", "row", "column", "value", "problem", "remedy", "severity", "sheet", "key")
"""Of a table of problems."""
LONGEST_VALUE = 80
"""Characters of a cell that a message repeats."""
MOST_OF_A_KIND = 1000
"""Problems of one kind in one column that are listed one by one; the rest are counted."""
DECIMAL = re.compile(r"-?(?:0\.\d+|\d+\.(?:\d{1,2}|\d{4,}))%?", re.ASCII)
"""Numbers whose point cannot stand for thousands."""
AS_WRITTEN = ("no_number", "mixed_decimals", "unclear_number")
"""Kinds of problem that are about how a number is written: it is shown as it stands."""
MOST_SEARCHES = 100
"""Distinct unknown values for which the nearest choice is searched; a file of rubbish is not worth more."""


@runtime_checkable
class Worded(Protocol):
    """Anything that becomes words in a language only when it is printed."""

    def text(self, language: Language) -> str:
        """Return the words."""
        ...


@dataclass(frozen=True)
class Phrase:
    """A text of the catalogue before it is said.

    Attributes
    ----------
    key :
        Its key in the catalogue.
    fields :
        What fills its ``{fields}``; a value may be a phrase itself, or a number.
    """

    key: str
    fields: Mapping[str, object] = field(default_factory=dict, hash=False)

    def text(self, language: Language) -> str:
        """Return the words in a language."""
        return texts(language).t(self.key, **{name: _said(value, language) for name, value in self.fields.items()})

    def __str__(self) -> str:
        return self.text(interface_language())


def _said(value: object, language: Language) -> object:
    """Return what fills the words of a phrase as a language has it: phrases said, numbers as they are written."""
    if isinstance(value, Worded):
        return value.text(language)
    if isinstance(value, float):
        return numbers(language).plain(value)
    return localised(value, language) if isinstance(value, str) else value


def localised(text: str, language: Language | None = None) -> str:
    """Return a number written with a decimal point as a language writes it; any other text, and 12.868, as it is.

    >>> localised("0.962", "vi"), localised("12.868", "vi"), localised("0.12", "en")
    ('0,962', '12.868', '0.12')
    """
    plain = DECIMAL.fullmatch(text) and (language or interface_language()) == "vi"
    return text.replace(".", ",") if plain else text


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in one file, where it stands and what to do about it.

    Attributes
    ----------
    key :
        What is wrong: a key of the catalogue such as ``data.problem.no_number``, whose remedy has the key
        ``data.remedy.no_number``.
    file :
        Name of the file.
    row :
        Row as a spreadsheet shows it: the header is row 1, the first record row 2; the line of a YAML file.
        1 for a file that is empty or cannot be read.
    column :
        Column name; empty when the whole row is meant.
    value :
        Text found there; empty when the whole row is meant.
    fields :
        What fills the words.
    severity :
        ``"error"`` stops the use of the row, ``"warning"`` does not.
    sheet :
        Name of the sheet of a workbook; empty otherwise.
    """

    key: str
    file: str
    row: int
    column: str = ""
    value: str = ""
    fields: Mapping[str, object] = field(default_factory=dict, hash=False)
    severity: Severity = "error"
    sheet: str = ""

    @property
    def kind(self) -> str:
        """The last part of the key: ``no_number``."""
        return self.key.rpartition(".")[2]

    def words(self, language: Language) -> tuple[str, str]:
        """Return what is wrong and what to do about it."""
        fields = {"column": self.column, **self.fields}
        remedy = self.key.replace(".problem.", ".remedy.")
        return Phrase(self.key, fields).text(language), Phrase(remedy, fields).text(language)

    @property
    def problem(self) -> str:
        """What is wrong, in the user's language."""
        return self.words(interface_language())[0]

    @property
    def remedy(self) -> str:
        """What to do about it, in the user's language."""
        return self.words(interface_language())[1]

    def text(self, language: Language) -> str:
        """Return the problem as one line of text."""
        said, form = texts(language), f"desk.column.{self.column}"
        file = f"{self.file} [{self.sheet}]" if self.sheet else self.file
        column = self.column
        if language == "vi" and said.has(form):  # as the form has it, and as tables of other origin have it
            column = f"{said.t(form)} ({column})"
        place = said.t("problem.place_column" if column else "problem.place", file=file, row=self.row, column=column)
        shown = self.value if self.kind in AS_WRITTEN else localised(self.value, language)
        found = f" ({shown!r})" if self.value else ""
        return f"{said.t(f'problem.{self.severity}')}: {place}{found}: {' '.join(self.words(language))}".rstrip()

    def line(self) -> str:
        """Return the problem as one line of text, in the user's language."""
        return self.text(interface_language())

    def as_row(self) -> dict[str, object]:
        """Return the problem as a row of a table, with its words in the user's language."""
        problem, remedy = self.words(interface_language())
        cells = (self.file, self.row, self.column, self.value, problem, remedy, self.severity, self.sheet, self.key)
        return dict(zip(PROBLEM_COLUMNS, cells, strict=True))


@dataclass
class Problems:
    """The problems of one file (or sheet), in the order found.

    Attributes
    ----------
    file :
        Name of the file.
    sheet :
        Name of the sheet of a workbook; empty otherwise.
    found :
        The problems listed so far.
    """

    file: str
    sheet: str = ""
    found: list[Problem] = field(default_factory=list)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _last: dict[tuple[str, str], Problem] = field(default_factory=dict)
    _nearest: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(
        self,
        key: str,
        row: int,
        column: str = "",
        value: str = "",
        *,
        severity: Severity = "error",
        fields: Mapping[str, object] | None = None,
        at: tuple[str, str] | None = None,
    ) -> None:
        """Note a problem whose words are ``data.problem.<key>`` and ``data.remedy.<key>``.

        Parameters
        ----------
        key :
            Or the whole key, such as ``forecast.problem.no_kind``.
        at :
            File and sheet, where they are not those of all these problems.
        """
        file, sheet = at or (self.file, self.sheet)
        name = key if ".problem." in key else f"data.problem.{key}"
        problem = Problem(name, file, row, column, shortened(value), dict(fields or {}), severity, sheet)
        kind = (key, column)
        self._counts[kind] += 1
        self._last[kind] = problem
        if self._counts[kind] <= MOST_OF_A_KIND:
            self.found.append(problem)

    def warn(self, key: str, row: int, column: str = "", value: str = "", **fields: object) -> None:
        """Note a warning."""
        self.add(key, row, column, value, severity="warning", fields=fields)

    def near(self, kind: str, value: str, choices: Iterable[str], count: int = 3) -> str | Phrase:
        """Return the valid choices most like `value`; searched once for each value.

        Parameters
        ----------
        kind :
            Name of the list of choices, so that equal values of different columns do not meet.
        """
        key = (kind, value)
        if key not in self._nearest:
            if len(self._nearest) >= MOST_SEARCHES:
                return Phrase("problem.see_list")
            self._nearest[key] = closest(value, choices, count)
        return ", ".join(self._nearest[key]) or Phrase("problem.see_list")

    def all(self) -> list[Problem]:
        """Return the problems by row, with one more for each kind that was too frequent to list."""
        beyond = []
        for (key, column), count in self._counts.items():
            if count > MOST_OF_A_KIND:
                last, fields = self._last[key, column], {"count": count - MOST_OF_A_KIND, "kind": key}
                more = Problem(
                    "base.problem.more_of_a_kind", last.file, last.row, column, "", fields, last.severity, last.sheet
                )
                beyond.append(more)
        return sorted(self.found, key=lambda problem: problem.row) + beyond


def has_error(problems: Iterable[Problem]) -> bool:
    """Say whether any problem is an error."""
    return any(problem.severity == "error" for problem in problems)


def shortened(value: str) -> str:
    """Return `value` as a message repeats it: one line, at most 80 characters, nothing that moves the cursor."""
    line = visible(normalise(value[: LONGEST_VALUE + 1]))
    return line if len(value) <= LONGEST_VALUE else f"{line[:LONGEST_VALUE]}…"


def closest(value: str, choices: Iterable[str], count: int = 3) -> list[str]:
    """Return the choices most like `value`; codes that only lost their leading zeros come first."""
    known = list(dict.fromkeys(choices))
    text = value[:LONGEST_VALUE]
    padded = [choice for choice in known if choice.lstrip("0") == text.lstrip("0")] if text.isdigit() else []
    same = [choice for choice in known if fold(choice) == fold(text)]
    return list(dict.fromkeys([*same, *padded, *nearest(text, known, count)]))[:count]
