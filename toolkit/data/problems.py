"""Problems of a file, collected while it is read and checked; the words come from the catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from toolkit.base.errors import Problem
from toolkit.base.texts import fold, nearest, say

Severity = Literal["error", "warning"]

LONGEST_VALUE = 80
"""Characters of a cell that a message repeats."""
MOST_OF_A_KIND = 1000
"""Problems of one kind in one column that are listed one by one; the rest are counted."""
MOST_SEARCHES = 100
"""Distinct unknown values for which the nearest choice is searched; a file of rubbish is not worth more."""


@dataclass
class Problems:
    """The problems of one file (or sheet), in the order found.

    Attributes
    ----------
    file, sheet :
        Where they stand.
    found :
        The problems listed so far.
    """

    file: str
    sheet: str = ""
    found: list[Problem] = field(default_factory=list)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _last: dict[tuple[str, str], tuple[int, Severity]] = field(default_factory=dict)
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
    ) -> None:
        """Note a problem whose words are ``data.problem.<key>`` and ``data.remedy.<key>``."""
        kind = (key, column)
        self._counts[kind] += 1
        self._last[kind] = (row, severity)
        if self._counts[kind] > MOST_OF_A_KIND:
            return
        words = {"column": column, **(fields or {})}
        self.found.append(
            Problem(
                file=self.file,
                row=row,
                column=column,
                value=shortened(value),
                problem=say(f"data.problem.{key}", **words),
                remedy=say(f"data.remedy.{key}", **words),
                severity=severity,
                sheet=self.sheet,
            )
        )

    def warn(self, key: str, row: int, column: str = "", value: str = "", **fields: object) -> None:
        """Note a warning."""
        self.add(key, row, column, value, severity="warning", fields=fields)

    def near(self, kind: str, value: str, choices: Iterable[str], count: int = 3) -> str:
        """Return the valid choices most like `value`, as text; searched once for each value.

        Parameters
        ----------
        kind :
            Name of the list of choices, so that equal values of different columns do not meet.
        """
        key = (kind, value)
        if key not in self._nearest:
            if len(self._nearest) >= MOST_SEARCHES:
                return say("data.see_list")
            self._nearest[key] = closest(value, choices, count)
        return ", ".join(self._nearest[key]) or say("data.see_list")

    def all(self) -> list[Problem]:
        """Return the problems by row, with one more for each kind that was too frequent to list."""
        beyond = [
            Problem(
                file=self.file,
                row=self._last[kind][0],
                column=kind[1],
                value="",
                problem=say("data.problem.more_of_a_kind", count=count - MOST_OF_A_KIND, kind=kind[0]),
                remedy=say("data.remedy.more_of_a_kind"),
                severity=self._last[kind][1],
                sheet=self.sheet,
            )
            for kind, count in self._counts.items()
            if count > MOST_OF_A_KIND
        ]
        return sorted(self.found, key=lambda problem: problem.row) + beyond


def has_error(problems: Iterable[Problem]) -> bool:
    """Say whether any problem is an error."""
    return any(problem.severity == "error" for problem in problems)


def shortened(value: str) -> str:
    """Return `value` as a message repeats it: one line, at most 80 characters, nothing that moves the cursor."""
    line = "".join(letter if letter.isprintable() else "�" for letter in value[: LONGEST_VALUE + 1])
    return line if len(line) <= LONGEST_VALUE else f"{line[:LONGEST_VALUE]}…"


def closest(value: str, choices: Iterable[str], count: int = 3) -> list[str]:
    """Return the choices most like `value`; codes that only lost their leading zeros come first."""
    known = list(dict.fromkeys(choices))
    text = value[:LONGEST_VALUE]
    padded = [choice for choice in known if choice.lstrip("0") == text.lstrip("0")] if text.isdigit() else []
    same = [choice for choice in known if fold(choice) == fold(text)]
    return list(dict.fromkeys([*same, *padded, *nearest(text, known, count)]))[:count]
