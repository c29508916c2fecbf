"""Errors that a user may meet, each with what is wrong and what to do.

The command line turns every :class:`ToolkitError` into a short message and an exit code;
anything else that reaches it is a defect of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in one file, where it stands and what to do about it.

    Attributes
    ----------
    file, sheet :
        Name of the file and, for workbooks, of its sheet (empty otherwise).
    row :
        Row as a spreadsheet shows it: the header is row 1, the first record row 2.
        1 for a file that is empty or cannot be read.
    column, value :
        Column name and the text found there (both empty when the whole row is meant).
    problem, remedy :
        What is wrong and what to do, in words.
    severity :
        ``"error"`` stops the use of the row, ``"warning"`` does not.
    """

    file: str
    row: int
    column: str
    value: str
    problem: str
    remedy: str
    severity: str = "error"
    sheet: str = ""

    def line(self) -> str:
        """Return the problem as one line of text, in the user's language."""
        from toolkit.base.texts import say  # errors lie below texts, which raise them

        file = f"{self.file} [{self.sheet}]" if self.sheet else self.file
        place = say(
            "problem.place_column" if self.column else "problem.place", file=file, row=self.row, column=self.column
        )
        found = f" ({self.value!r})" if self.value else ""
        return f"{say(f'problem.{self.severity}')}: {place}{found}: {self.problem} {self.remedy}".rstrip()


class ToolkitError(Exception):
    """Base of all errors that a user can cause and mend.

    Parameters
    ----------
    message :
        What is wrong.
    remedy :
        What to do about it; may be empty.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class DataError(ToolkitError):
    """Data break a rule; carries every problem found, not only the first.

    Parameters
    ----------
    message :
        Summary, such as ``"observations.csv cannot be used."``.
    problems :
        All problems, in the order of the file.
    remedy :
        What to do.
    """

    SHOWN: ClassVar[int] = 5

    def __init__(self, message: str, problems: Sequence[Problem] = (), remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [super().__str__(), *(f"  {problem.line()}" for problem in self.problems[: self.SHOWN])]
        if len(self.problems) > self.SHOWN:
            from toolkit.base.texts import say  # errors lie below texts, which raise them

            lines.append(f"  {say('problem.more', count=len(self.problems) - self.SHOWN)}")
        return "\n".join(lines)


class UsageError(ToolkitError):
    """The call itself is wrong: an unknown area, option or name."""

    exit_code: ClassVar[int] = 2


class AmbiguousNameError(UsageError):
    """A name stands for several areas; the message lists their codes."""
