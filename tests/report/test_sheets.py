"""Spreadsheets: no text becomes a formula, numbers stay numbers, everything can be read back."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.attainment.assess import assess_all
from toolkit.attainment.table import attainment_table
from toolkit.base.texts import texts
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan import Plan
from toolkit.report.sheets import TRIGGERS, neutral, safe_csv, workbook_bytes, write_workbook

NASTY = ["=HYPERLINK(1)", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "  =1", "Bình Gia", "–", "a=b"]


def test_no_text_in_a_csv_begins_a_formula() -> None:
    table = pd.DataFrame({"=name": NASTY, "value": [-1.5] * len(NASTY)})
    read = pd.read_csv(io.StringIO(safe_csv(table)), dtype=str, keep_default_na=False)
    assert list(read.columns) == ["'=name", "value"]
    assert not [text for text in read["'=name"] if text.lstrip(" ").startswith(TRIGGERS)]
    assert set(read["value"]) == {"-1.5"}
    assert [text.removeprefix("'") for text in read["'=name"]] == [text.replace("\r", "\n") for text in NASTY]


@given(st.text(max_size=12))
def test_neutral_text_is_text_and_nothing_is_lost(text: str) -> None:
    assert not neutral(text).lstrip(" ").startswith(TRIGGERS)
    assert neutral(text) in {text, f"'{text}"}
    assert neutral(neutral(text)) == neutral(text)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_a_workbook_holds_no_formula_whatever_it_is_given(cells: list[str]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes({"t": pd.DataFrame({"=a": cells})})))
    assert {cell.data_type for row in book["t"].iter_rows() for cell in row} <= {"s", "n", "inlineStr"}  # n: none


def test_a_workbook_keeps_numbers_texts_and_gaps(tmp_path: Path) -> None:
    table = pd.DataFrame({"code": ["020", "181"], "p": [0.25, None], "year": pd.array([2030, None], dtype="Int64")})
    path = write_workbook({"answers": table, "empty": pd.DataFrame({"a": []})}, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(path)["answers"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows == [("code", "p", "year"), ("020", 0.25, 2030), ("181", None, None)]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:C3"
    with zipfile.ZipFile(path) as archive:
        stamps = re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", archive.read("docProps/core.xml").decode())
    assert set(stamps) == {"2022-06-13T00:00:00Z"}
    assert path.read_bytes() == workbook_bytes({"answers": table, "empty": pd.DataFrame({"a": []})})


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_workbook_of_a_run_says_what_the_csv_says(
    real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts, language: str
) -> None:
    areas = [real_data.areas.get(code) for code in ("20", "181")]
    answers = assess_all(real_plan, areas, real_data, real_forecasts)
    table = attainment_table(answers, real_data, real_plan, texts(language))
    sheet = openpyxl.load_workbook(io.BytesIO(workbook_bytes({"attainment": table})))["attainment"]
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 1 + 2 * 68
    read = pd.read_csv(io.StringIO(safe_csv(table)), dtype={"area_code": str})
    assert list(read.columns) == list(rows[0])
    for row, record in zip(rows[1:], read.to_dict("records"), strict=True):
        for name, cell in zip(rows[0], row, strict=True):
            told = record[name]
            assert (cell in (None, "") and pd.isna(told)) or cell == told or str(cell) == str(told).removeprefix("'")
