from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from tests.data.tables import COLUMNS, GOOD, changed, workbook
from toolkit.base.errors import Problem
from toolkit.data.check import check_against
from toolkit.data.problems import Problems
from toolkit.data.reference import Reference
from toolkit.data.workbook import Numeral, danger, read_sheets


def places(problems: list[Problem]) -> set[tuple[int, str, str]]:
    return {(problem.row, problem.column, problem.severity) for problem in problems}


def numbers(cells: tuple[str, ...]) -> list[object]:
    """Return a row as Excel would hold it: years and values as numbers."""
    return [
        int(cell) if name in ("year", "from_year") and cell else float(cell) if name == "value" else cell or None
        for name, cell in zip(COLUMNS, cells, strict=True)
    ]


def test_a_good_workbook_is_good(tmp_path: Path, reference: Reference) -> None:
    path = workbook(tmp_path / "good.xlsx", [numbers(cells) for cells in GOOD])
    assert check_against(path, reference) == []


def test_numbers_stored_as_numbers_need_no_decimal_mark(tmp_path: Path, reference: Reference) -> None:
    path = workbook(tmp_path / "good.xlsx", [numbers(changed(2, value="12.868")), numbers(changed(5, value="12868"))])
    assert check_against(path, reference) == []


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        (2, "value", "khoảng 6"), (2, "value", 603), (4, "value", 3681.5), (2, "value", True), (3, "value", None),
        (8, "area_code", 5977), (4, "area_code", "Bình Gia"), (2, "year", date(2023, 12, 31)), (2, "year", 2023.5),
        (6, "year", 2099), (2, "available_from", date(2027, 1, 1)), (2, "standard", "mdp_2016"),
        (2, "value", "=1/0"), (2, "source_id", "=HYPERLINK(1)"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named(row: int, column: str, value: object, tmp_path: Path, reference: Reference) -> None:
    rows = [numbers(cells) for cells in GOOD]
    rows[row - 2][COLUMNS.index(column)] = value
    found = places(check_against(workbook(tmp_path / "bad.xlsx", rows), reference))
    assert found == {(row, column, "error")}


def test_days_and_percentages_are_read_as_shown(tmp_path: Path, reference: Reference) -> None:
    path = workbook(tmp_path / "shown.xlsx", [numbers(GOOD[0])])
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    sheet.cell(2, COLUMNS.index("value") + 1, 0.0603).number_format = "0.00%"
    sheet.cell(2, COLUMNS.index("available_from") + 1, date(2024, 1, 31))
    book.save(path)
    assert check_against(path, reference) == []
    (read,) = read_sheets(path, Problems(path.name))
    assert read.rows[1].cells[COLUMNS.index("value")] == "6.03"
    assert isinstance(read.rows[1].cells[COLUMNS.index("value")], Numeral)


def test_rows_count_as_in_the_sheet_and_sheets_are_named(tmp_path: Path, reference: Reference) -> None:
    book = openpyxl.Workbook()
    first, second, third = book.active, book.create_sheet("Bình Gia"), book.create_sheet("Ghi chú")
    assert first is not None
    first.title = "Ẩn"
    first.append(list(COLUMNS))
    first.append(list(changed(2, value="x")))
    first.sheet_state = "hidden"
    second["A1"] = "Biểu 1"
    for at, name in enumerate(COLUMNS, start=1):
        second.cell(4, at, name)
        second.cell(7, at, changed(2, unit="%")[at - 1])
    third["A2"] = "Nguồn: Sở Nội vụ"
    book.active = 1
    book.save(tmp_path / "sheets.xlsx")
    problems = check_against(tmp_path / "sheets.xlsx", reference)
    assert {(problem.sheet, problem.row, problem.column, problem.severity) for problem in problems} == {
        ("Ẩn", 1, "", "warning"),
        ("Ghi chú", 2, "", "warning"),
        ("Bình Gia", 1, "", "warning"),
        ("Bình Gia", 7, "unit", "error"),
    }
    assert all("[" in problem.line() for problem in problems)


def test_merged_header_cells_are_told(tmp_path: Path, reference: Reference) -> None:
    path = workbook(tmp_path / "merged.xlsx", GOOD)
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    at = COLUMNS.index("value") + 1
    sheet.merge_cells(start_row=1, end_row=1, start_column=at - 1, end_column=at)
    book.save(path)
    found = places(check_against(path, reference))
    assert (1, "value", "error") in found
    assert (2, "", "error") in found


def test_formulas_count_by_their_stored_results(tmp_path: Path, reference: Reference) -> None:
    path = workbook(tmp_path / "formula.xlsx", [numbers(GOOD[0]), numbers(GOOD[1])])
    spoil(path, "xl/worksheets/sheet1.xml", b"<v>6.03</v>", b"<f>2*3.015</f><v>6.03</v>")
    assert check_against(path, reference) == []
    spoil(path, "xl/worksheets/sheet1.xml", b"<f>2*3.015</f><v>6.03</v>", b"<f>2*3.015</f>")
    assert places(check_against(path, reference)) == {(2, "value", "error")}


def spoil(path: Path, part: str, before: bytes, after: bytes) -> None:
    """Rewrite one part of a workbook."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    assert before in parts[part]
    parts[part] = parts[part].replace(before, after, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)


def test_a_zip_bomb_is_refused(tmp_path: Path, reference: Reference) -> None:
    path = workbook(tmp_path / "bomb.xlsx", GOOD)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet2.xml", b"\0" * 60_000_000)
    assert danger(path) == "bomb"
    assert places(check_against(path, reference)) == {(1, "", "error")}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entity_declarations_are_refused(encoding: str, tmp_path: Path, reference: Reference) -> None:
    path = workbook(tmp_path / "entities.xlsx", GOOD)
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    with zipfile.ZipFile(path, "a") as parts:
        parts.writestr("xl/extra.xml", bomb.encode(encoding))
    assert danger(path) == "entities"
    assert places(check_against(path, reference)) == {(1, "", "error")}


@pytest.mark.parametrize(
    ("part", "before", "after"),
    [
        ("xl/workbook.xml", b"<workbook", b"<workbok"),
        ("xl/worksheets/sheet1.xml", b"<sheetData>", b"<sheetData"),
        ("xl/worksheets/sheet1.xml", b'<row r="2"', b'<row r="two"'),
        ("xl/worksheets/sheet1.xml", b'r="A2"', b'r="99999"'),
        ("xl/_rels/workbook.xml.rels", b"worksheets/sheet1.xml", b"worksheets/none.xml"),
        ("[Content_Types].xml", b"<Types", b"<Typ"),
    ],
)
def test_damaged_workbooks_are_told_without_a_traceback(
    part: str, before: bytes, after: bytes, tmp_path: Path, reference: Reference
) -> None:
    path = workbook(tmp_path / "damaged.xlsx", GOOD)
    spoil(path, part, before, after)
    problems = check_against(path, reference)
    assert [problem.row for problem in problems if problem.severity == "error"][:1] == [1]


def test_an_absurd_row_number_ends_quickly(tmp_path: Path, reference: Reference) -> None:
    path = workbook(tmp_path / "far.xlsx", GOOD)
    spoil(path, "xl/worksheets/sheet1.xml", b'<row r="3"', b'<row r="99999999999"')
    assert places(check_against(path, reference)) == {(1, "", "error")}


def test_a_truncated_workbook_is_told(tmp_path: Path, reference: Reference) -> None:
    path = workbook(tmp_path / "cut.xlsx", GOOD)
    path.write_bytes(path.read_bytes()[:-200])
    assert places(check_against(path, reference)) == {(1, "", "error")}


def test_a_workbook_is_known_by_its_content_not_its_name(tmp_path: Path, reference: Reference) -> None:
    path = workbook(tmp_path / "good.xlsx", GOOD[:2])
    assert check_against(path.rename(tmp_path / "named.csv"), reference) == []
