from __future__ import annotations

import pytest

from toolkit.base.errors import AmbiguousNameError, DataError, ToolkitError, UsageError
from toolkit.base.problems import Problem

PROBLEM = Problem("data.problem.no_count", "a.csv", 5, "value", "x", sheet="Bình Gia")


def test_a_problem_is_one_line_in_the_users_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")
    place = "a.csv [Bình Gia], row 5, column value ('x')"
    assert PROBLEM.line() == f"error: {place}: this is not a whole number. Write it in digits, without separators."
    monkeypatch.delenv("TOOLKIT_LANG")
    assert PROBLEM.line().startswith("lỗi: a.csv [Bình Gia], dòng 5, cột GIÁ TRỊ (value) ('x'): ")


def test_a_problem_of_a_whole_row_names_no_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")
    line = Problem("data.problem.no_rows", "a.csv", 1, severity="warning").line()
    assert line == "warning: a.csv, row 1: the table has a header and no rows. Add figures, one a row."


def test_many_problems_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")
    text = str(DataError("a.csv cannot be used.", [PROBLEM] * 8, "Mend it."))
    assert text.splitlines()[0] == "a.csv cannot be used. Mend it."
    assert text.splitlines()[-1] == "  … and 3 more"
    assert len(text.splitlines()) == 7


def test_exit_codes() -> None:
    assert (ToolkitError("x").exit_code, DataError("x").exit_code) == (1, 1)
    assert (UsageError("x").exit_code, AmbiguousNameError("x").exit_code) == (2, 2)
