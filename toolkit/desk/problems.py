"""Problems that the desk finds, in words of its own part of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from toolkit.base.errors import Problem
from toolkit.base.texts import say
from toolkit.data.problems import Problems, Severity, shortened


def note(
    problems: Problems,
    key: str,
    row: int,
    column: str = "",
    value: str = "",
    *,
    severity: Severity = "error",
    **fields: object,
) -> None:
    """Note a problem whose words are ``desk.problem.<key>`` and ``desk.remedy.<key>``."""
    problems.found.append(
        Problem(
            file=problems.file,
            row=row,
            column=column,
            value=shortened(value),
            problem=say(f"desk.problem.{key}", **fields),
            remedy=say(f"desk.remedy.{key}", **fields),
            severity=severity,
            sheet=problems.sheet,
        )
    )


def refuses(problems: Iterable[Problem]) -> bool:
    """Say whether what was found about a file as a whole forbids to take anything from it."""
    return any(problem.severity == "error" for problem in problems)


def refusal(path: Path) -> Problem:
    """Return the problem that says so: letters that were lost in one row may be lost in all."""
    problems = Problems(path.name)
    note(problems, "file_refused", 1)
    return problems.found[0]
