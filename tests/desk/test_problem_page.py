from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl

from tests.cli.commands import run
from tests.data.tables import spoilt
from toolkit.base.errors import Problem
from toolkit.data.dataset import load
from toolkit.data.folder import PROJECT_DATA
from toolkit.data.reference import Reference
from toolkit.desk.check import check_file
from toolkit.desk.problem_page import problem_page
from toolkit.desk.template import FIGURES, FIRST_ROW, template
from toolkit.plan.load import load_plan

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


def test_check_prints_the_page(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(spoilt(3, "value", "x"), encoding="utf-8")
    done = run("check", tmp_path / "t.csv", "--html")
    assert (done.returncode, done.stdout.startswith("<!DOCTYPE html>")) == (1, True)
    assert "<td>3</td><td>value</td><td>x</td>" in done.stdout


def test_a_filled_template_is_checked_as_it_would_be_ingested(tmp_path: Path, reference: Reference) -> None:
    dataset = load(PROJECT_DATA, as_of=date(2026, 11, 23))
    plan = load_plan(None, folder=PROJECT_DATA)
    path = tmp_path / "t.xlsx"
    path.write_bytes(template(dataset, plan, dataset.areas.get("181"), [2024]))
    assert check_file(path, reference) == []
    book = openpyxl.load_workbook(path)
    sheet = book["Số liệu"]
    sheet.cell(row=FIRST_ROW, column=list(FIGURES).index("value") + 1, value=-5)
    book.save(path)
    found = {(problem.row, problem.column) for problem in check_file(path, reference)}
    assert (FIRST_ROW, "value") in found
