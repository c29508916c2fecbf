from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest

from tests.cli.commands import run
from tests.data.tables import spoilt
from toolkit.base.errors import Problem
from toolkit.desk.problem_page import problem_page

HOSTILE = Problem("<a>.csv", 3, "value", '"><script>alert(1)</script>', "x < y", "& so", "warning")


def test_a_page_holds_every_problem_and_nothing_that_runs() -> None:
    page = problem_page([HOSTILE, Problem("b.csv", 7, "year", "24", "no year", "four digits")], "vi")
    assert page.count("<tr class=") == 2
    assert "<script" not in page
    assert "http" not in page
    assert "&lt;a&gt;.csv" in page
    assert '<html lang="vi">' in page
    assert page.count("<h1>") == 1
    assert "1 lỗi, 1 cảnh báo." in page


def test_without_problems_the_page_says_so() -> None:
    page = problem_page([], "en")
    assert "0 errors, 0 warnings." in page
    assert "<table" not in page


@pytest.mark.parametrize(("option", "start"), [("--html", "<!DOCTYPE html>"), ("--csv", "file,"), ("--json", "[")])
def test_check_prints_problems_for_people_and_machines(tmp_path: Path, option: str, start: str) -> None:
    (tmp_path / "t.csv").write_text(spoilt(3, "value", "x"), encoding="utf-8")
    done = run("check", tmp_path / "t.csv", option)
    assert done.returncode == 1
    assert done.stdout.startswith(start)
    assert re.search(r"\b3\b", done.stdout)


def test_a_filled_template_is_checked_as_it_would_be_ingested(tmp_path: Path) -> None:
    assert run("template", "--area", "181", "--cycle", "2024", "--out", tmp_path).returncode == 0
    (path,) = tmp_path.glob("*.xlsx")
    assert run("check", path).returncode == 0
    book = openpyxl.load_workbook(path)
    sheet = book["Số liệu"]
    column = [cell.value for cell in sheet[5]].index("value") + 1
    sheet.cell(row=6, column=column, value=-5)
    book.save(path)
    done = run("check", path, "--lang", "en")
    assert done.returncode == 1
    assert "row 6, column value ('-5')" in done.stdout
