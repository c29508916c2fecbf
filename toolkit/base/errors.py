"""Errors that a user may meet, each with what is wrong and what to do.

The command line turns every :class:`ToolkitError` into a short message and an exit code;
anything else that reaches it is a defect of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from toolkit.base.problems import Problem


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


EXTRAS: Mapping[str, tuple[str, ...]] = {
    "sheets": ("xlsxwriter",),
    "documents": ("docxtpl", "typst"),
    "cluster": ("distributed",),
    "lab": ("ipywidgets", "voila"),
}
"""Packages that the core does without, by the extra that brings them."""


def missing_packages(extra: str) -> tuple[str, ...]:
    """Return the packages of an extra that are not installed; none of them is imported.

    >>> missing_packages("sheets")
    ()
    """
    return tuple(name for name in EXTRAS[extra] if find_spec(name) is None)


def need_extra(extra: str) -> None:
    """Refuse work that needs an extra, before it begins.

    Raises
    ------
    UsageError
        Naming the packages that are missing, and the command that installs them.
    """
    from toolkit.base.texts import say

    if missing := missing_packages(extra):
        message = say("base.no_extra", extra=extra, packages=", ".join(missing))
        raise UsageError(message, say("base.no_extra.remedy", packages=" ".join(missing)))


class AmbiguousNameError(UsageError):
    """A name stands for several areas; the message lists their codes."""
