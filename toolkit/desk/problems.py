"""Problems that the desk finds, in words of its own part of the catalogue."""

from __future__ import annotations

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
