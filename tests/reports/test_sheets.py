"""Spreadsheets: no text becomes a formula, numbers stay numbers, everything can be read back."""

from __future__ import annotations

import gc
import io
import re
import sys
import tracemalloc
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from toolkit.attainment.assess import assess_all
from toolkit.attainment.attainment import attainment_rows, attainment_table
from toolkit.base.texts import TRIGGERS, neutral, texts
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan import Plan
from toolkit.reports.index import ANSWERED, Annex, SheetRow, csv_text, open_workbook, rows_of
from toolkit.reports.wording import words

NASTY = ["=HYPERLINK(1)", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "  =1", "Bình Gia", "–", "a=b"]


def test_no_text_in_a_csv_begins_a_formula() -> None:
    rows = [("=name", "value"), *((text, -1.5) for text in NASTY)]
    read = pd.read_csv(io.StringIO(csv_text(rows)), dtype=str, keep_default_na=False)
    assert list(read.columns) == ["'=name", "value"]
    assert not [text for text in read["'=name"] if text.lstrip(" ").startswith(TRIGGERS)]
    assert set(read["value"]) == {"-1.5"}
    assert [text.removeprefix("'") for text in read["'=name"]] == [text.replace("\r", "\n") for text in NASTY]


@given(st.text(max_size=12))
def test_neutral_text_is_text_and_nothing_is_lost(text: str) -> None:
    assert not neutral(text).lstrip(" ").startswith(TRIGGERS)
    assert neutral(text) in {text, f"'{text}"}
    assert neutral(neutral(text)) == neutral(text)


@settings(max_examples=25)
@example(cells=["\r=1", "_x0041_", "\x01"])
@given(cells=st.lists(st.text(st.characters(), max_size=8), min_size=1, max_size=4))
def test_a_workbook_holds_no_formula_whatever_it_is_given(
    cells: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    sheet = read_sheet(tmp_path_factory.mktemp("book") / "t.xlsx", ["=a"], [[cell] for cell in cells])
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}  # n: none
    shown = [unescape(sheet.cell(row, 1).value or "") for row in range(2, len(cells) + 2)]
    assert [text for text in shown if "\ufffd" not in text] == [
        text for text, told in zip(cells, shown, strict=True) if "\ufffd" not in told
    ]


def read_sheet(path: Path, columns: list[str], rows: Iterable[SheetRow]) -> Any:
    with open_workbook(path) as book:
        book.sheet("answers", columns).add(rows)
    return openpyxl.load_workbook(path)["answers"]


def test_a_workbook_keeps_numbers_texts_and_gaps(tmp_path: Path) -> None:
    def made(path: Path) -> Path:
        with open_workbook(path) as book:
            answers = book.sheet("answers", ["code", "p", "year", "own"])
            book.sheet("empty", ["a"])
            answers.add([("020", 0.25, 2030, True)])
            answers.add([("181", float("nan"), None, False)])
        return path

    path = made(tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(path)["answers"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows == [("code", "p", "year", "own"), ("020", 0.25, 2030, True), ("181", None, None, False)]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:D3"
    with zipfile.ZipFile(path) as archive:
        stamps = re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", archive.read("docProps/core.xml").decode())
    assert set(stamps) == {"2022-06-13T00:00:00Z"}
    assert path.read_bytes() == made(tmp_path / "again.xlsx").read_bytes()


def test_text_that_looks_like_a_formula_stays_text_when_it_is_edited(tmp_path: Path) -> None:
    sheet = read_sheet(tmp_path / "t.xlsx", ["a"], [["=1+1"], ["Bình Gia"]])
    assert [sheet.cell(row, 1).value for row in (2, 3)] == ["=1+1", "Bình Gia"]
    assert [sheet.cell(row, 1).quotePrefix for row in (2, 3)] == [True, False]


def test_a_workbook_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shorter"):
        read_sheet(tmp_path / "t.xlsx", ["a", "b"], [["only one"]])
    assert list(tmp_path.iterdir()) == []


def test_rows_of_a_workbook_are_not_in_memory(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        gc.collect()
        tracemalloc.start()
        with open_workbook(tmp_path / "t.xlsx") as book:
            book.sheet("t", ["code", "text"]).add((number, f"Xã {number}") for number in range(count))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)  # whatever is imported
    few, many = peak(1_000), peak(20_000)
    held = sum(sys.getsizeof(f"Xã {number}") for number in range(19_000))  # the texts alone, were they kept
    assert (tmp_path / "t.xlsx").stat().st_size > 150_000
    assert many - few < held / 4


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_workbook_of_a_run_says_what_the_csv_says(
    real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts, language: str, tmp_path: Path
) -> None:
    areas = [real_data.areas.get(code) for code in ("20", "181")]
    answers = assess_all(real_plan, areas, real_data, real_forecasts)
    kept = attainment_rows(answers, real_data, real_plan, texts(language))
    columns, values = list(kept[0]), [tuple(row.values()) for row in kept]
    sheet = read_sheet(tmp_path / "t.xlsx", columns, values)
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 1 + 2 * 68
    read = pd.read_csv(io.StringIO(csv_text([columns, *values])), dtype={"area_code": str})
    assert list(read.columns) == list(rows[0])
    for row, record in zip(rows[1:], read.to_dict("records"), strict=True):
        for name, cell in zip(rows[0], row, strict=True):
            told = record[name]
            assert (cell in (None, "") and pd.isna(told)) or cell == told or str(cell) == str(told).removeprefix("'")


def test_rows_written_one_by_one_are_those_of_the_table(
    real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts
) -> None:
    answers = assess_all(real_plan, [real_data.areas.get("181")], real_data, real_forecasts)
    table = attainment_table(answers, real_data, real_plan, texts("vi"))
    rows = attainment_rows(answers, real_data, real_plan, texts("vi"))
    written = csv_text([list(rows[0]), *(tuple(row.values()) for row in rows)])
    assert written == csv_text([list(table.columns), *rows_of(table)])
    assert written == table.to_csv(index=False, lineterminator="\n")


def test_the_annex_has_a_sheet_a_due_year_in_words_and_the_numbers_of_the_answers(
    real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts, tmp_path: Path
) -> None:
    province, wording = real_data.areas.get("20"), words("vi")
    answers = assess_all(real_plan, [province], real_data, real_forecasts)
    with open_workbook(tmp_path / "annex.xlsx") as book:
        Annex(book, real_plan, wording).add(province, answers, real_data)
    found = openpyxl.load_workbook(tmp_path / "annex.xlsx")
    assert found.sheetnames == ["2025", "2030", "2045", "Số liệu còn thiếu"]
    rows = {
        row[1]: row for due in ("2025", "2030", "2045") for row in found[due].iter_rows(min_row=2, values_only=True)
    }
    assert set(rows) == {answer.target_id for answer in answers}
    for answer in answers:
        row = dict(zip(ANSWERED, rows[answer.target_id], strict=True))
        assert row["likelihood"] == wording.verdict(answer.verdict)
        assert (row["probability"], row["expected"], row["last"]) == pytest.approx(
            (answer.probability, answer.expected, answer.last_value)
        )
    sheet = found["2030"]
    assert [cell.value for cell in sheet[1]][:4] == ["Địa bàn", "Số", "Mục tiêu", "Yêu cầu"]
    assert (sheet.page_setup.orientation, sheet.print_title_rows) == ("landscape", "$1:$1")
    missing = list(found["Số liệu còn thiếu"].iter_rows(min_row=2, values_only=True))
    assert len(missing) == sum(answer.outcome == "cannot_assess" for answer in answers)
    assert all(row[4] and row[5] for row in missing)


def test_columns_beside_each_other_can_be_read_on_paper_and_rows_show_their_lines(tmp_path: Path) -> None:
    long = "Hộ dân tộc thiểu số cư trú phân tán trong rừng đặc dụng, nơi xa xôi, nguy cơ lũ quét, sạt lở"
    sheet = read_sheet(
        tmp_path / "t.xlsx", ["Mục tiêu", "a", *"bcdefgh"], [[long, 1.23456789, *[long] * 7], ["x", *[1] * 8]]
    )
    widths = [one.width for one in sheet.column_dimensions.values()]
    assert sum(widths) <= 200
    assert widths[1] < 10 < widths[0]
    assert sheet.row_dimensions[2].height >= 60
    assert sheet.row_dimensions[3].height is None
