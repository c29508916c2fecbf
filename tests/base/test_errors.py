from __future__ import annotations

import pytest

from toolkit.base.errors import AmbiguousNameError, DataError, Problem, ToolkitError, UsageError

PROBLEM = Problem("a.csv", 5, "value", "x", "this is not a number.", "Write the number alone.", sheet="Bình Gia")


def test_a_problem_is_one_line_in_the_users_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")
    place = "a.csv [Bình Gia], row 5, column value ('x')"
    assert PROBLEM.line() == f"error: {place}: this is not a number. Write the number alone."
    monkeypatch.delenv("TOOLKIT_LANG")
    assert PROBLEM.line().startswith("lỗi: a.csv [Bình Gia], dòng 5, cột value ('x'): ")


def test_a_problem_of_a_whole_row_names_no_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")
    assert Problem("a.csv", 1, "", "", "empty.", "", "warning").line() == "warning: a.csv, row 1: empty."


def test_many_problems_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")
    text = str(DataError("a.csv cannot be used.", [PROBLEM] * 8, "Mend it."))
    assert text.splitlines()[0] == "a.csv cannot be used. Mend it."
    assert text.splitlines()[-1] == "  … and 3 more"
    assert len(text.splitlines()) == 7


def test_exit_codes() -> None:
    assert (ToolkitError("x").exit_code, DataError("x").exit_code) == (1, 1)
    assert (UsageError("x").exit_code, AmbiguousNameError("x").exit_code) == (2, 2)
