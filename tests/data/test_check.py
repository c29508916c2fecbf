"""Bad files: each is read to its end, and the right cell is named."""

from __future__ import annotations

import csv
import math
import random
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.conftest import Check, check_against
from tests.data.tables import COLUMNS, GOOD, REQUIRED, changed, plus, spoilt, text, without
from toolkit.base.texts import fold
from toolkit.data.dataset import PROJECT_DATA
from toolkit.data.observations import OBSERVATION_LAYOUT, figures_of
from toolkit.data.reference import QUALIFIER_WORDS, STATUS_WORDS, Reference
from toolkit.data.tables import read_first, tidy

Case = tuple[bytes | str, set[tuple[int, str]]]

ERRORS: dict[str, Case] = {
    # the file as a whole
    "empty file": ("", {(1, "")}),
    "only spaces": (" \n \n", {(1, "")}),
    "not a table": ("Kính gửi: Ủy ban nhân dân tỉnh\nBáo cáo năm 2024\n", {(1, "")}),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), {(1, "")}),
    "zeros": (b"\0" * 500, {(1, "")}),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, {(1, "")}),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", {(1, "")}),
    "zip that is no workbook": (b"PK\x03\x04broken", {(1, "")}),
    "header only of strangers": ("a,b,c\n1,2,3\n", {(1, "")}),
    # header
    **{f"without {name}": (without(name), {(1, name)}) for name in REQUIRED},
    "misspelt column": (text(columns=[name.replace("value", "vaule") for name in COLUMNS]), {(1, "value")}),
    "double column": (
        text([(*cells, "1") for cells in GOOD], [*COLUMNS, "value"]),
        {(1, "value")},
    ),
    "header again inside": (plus(*COLUMNS), {(9, "")}),
    "value under a nameless column": (text([(*cells, "x") for cells in GOOD[:1]], [*COLUMNS, ""]), {(2, "")}),
    # rows
    "too few cells": (text() + "20,poverty_rate,all\n", {(9, "")}),
    "too many cells": (text() + ",".join([*GOOD[0], "x", "y"]) + "\n", {(9, "")}),
    "decimal comma without quotes": (text().replace("6.03", "6,03"), {(2, "")}),
    "unclosed quotation mark": (text().replace("3681/12868", '"3681'), {(4, "")}),
    "letters behind a quotation mark": (text() + '20,"poverty_rate"x,all,2021\n', {(9, "")}),
    "note under the table": (text() + "Ghi chú: số liệu sơ bộ" + "," * (len(COLUMNS) - 1) + "\n", {(9, "")}),
    "control characters": (spoilt(6, "note", "a\x00b"), {(6, "note")}),
    # codes and lists
    "unknown area": (spoilt(2, "area_code", "190"), {(2, "area_code")}),
    "area without its zeros": (spoilt(8, "area_code", "5977"), {(8, "area_code")}),
    "area by name": (spoilt(4, "area_code", "Bình Gia"), {(4, "area_code")}),
    "no area": (spoilt(3, "area_code", ""), {(3, "area_code")}),
    "unknown indicator": (spoilt(2, "indicator", "povety_rate"), {(2, "indicator")}),
    "no indicator": (spoilt(2, "indicator", ""), {(2, "indicator")}),
    "indicator in capitals": (spoilt(2, "indicator", "POVERTY_RATE"), {(2, "indicator")}),
    "milestone as indicator": (
        plus(*changed(2, indicator="sedentarisation", unit="milestone", standard="", value="1")),
        {(9, "indicator")},
    ),
    "unknown scope": (spoilt(5, "scope", "minorities"), {(5, "scope")}),
    "no scope": (spoilt(5, "scope", ""), {(5, "scope")}),
    "unknown unit": (spoilt(2, "unit", "%"), {(2, "unit")}),
    "unit of another indicator": (spoilt(2, "unit", "households"), {(2, "unit")}),
    "no unit": (spoilt(2, "unit", ""), {(2, "unit")}),
    "unknown standard": (spoilt(2, "standard", "mdp_2023"), {(2, "standard")}),
    "standard of another indicator": (spoilt(2, "standard", "inventory_2015"), {(2, "standard")}),
    "standard where there is none": (spoilt(6, "standard", "mdp_2022"), {(6, "standard")}),
    "no standard where one is needed": (spoilt(2, "standard", ""), {(2, "standard")}),
    "standard not in force": (spoilt(3, "standard", "mdp_2016"), {(3, "standard")}),
    "standard not in force yet": (spoilt(4, "standard", "mdp_2022"), {(4, "standard")}),
    "future standard": (spoilt(3, "standard", "mdp_2027"), {(3, "standard")}),
    "unknown source": (spoilt(6, "source_id", "wiki"), {(6, "source_id")}),
    "no source": (spoilt(6, "source_id", ""), {(6, "source_id")}),
    "unknown qualifier": (spoilt(6, "qualifier", "circa"), {(6, "qualifier")}),
    "unknown basis": (spoilt(6, "available_basis", "guess"), {(6, "available_basis")}),
    # status
    "status of a plan": (spoilt(2, "status", "plan"), {(2, "status")}),
    "status of a plan in Vietnamese": (spoilt(2, "status", "kế hoạch"), {(2, "status")}),
    "status of a target": (spoilt(2, "status", "target"), {(2, "status")}),
    "status of a forecast": (spoilt(2, "status", "Official_Forecast"), {(2, "status")}),
    "unknown status": (spoilt(2, "status", "confirmed"), {(2, "status")}),
    "no status": (spoilt(2, "status", ""), {(2, "status")}),
    "final figure of a year not over": (
        plus(*changed(2, year="2026", status="final", available_from="2026-06-30", value="2.1")),
        {(9, "status")},
    ),
    # years and days
    "year with two digits": (spoilt(2, "year", "23"), {(2, "year")}),
    "half a year": (spoilt(2, "year", "6 tháng đầu năm 2023"), {(2, "year")}),
    "a quarter": (spoilt(2, "year", "Quý IV/2023"), {(2, "year")}),
    "a day within a year": (spoilt(2, "year", "30/06/2023"), {(2, "year")}),
    "year with decimals": (spoilt(2, "year", "2023.5"), {(2, "year")}),
    "year of long ago": (spoilt(6, "year", "1203"), {(6, "year")}),
    "year with five digits": (spoilt(6, "year", "20203"), {(6, "year")}),
    "negative year": (spoilt(6, "year", "-2020"), {(6, "year")}),
    "no year": (spoilt(6, "year", ""), {(6, "year")}),
    "year in other digits": (spoilt(6, "year", "２０２０"), {(6, "year")}),
    "year ahead": (spoilt(6, "year", "2027"), {(6, "year")}),
    "year far ahead": (spoilt(8, "year", "2030"), {(8, "year")}),
    "period backwards": (spoilt(7, "from_year", "2021"), {(7, "from_year")}),
    "period of one year": (spoilt(7, "from_year", "2020"), {(7, "from_year")}),
    "period without a beginning": (spoilt(7, "from_year", ""), {(7, "from_year")}),
    "beginning that is no year": (spoilt(7, "from_year", "16"), {(7, "from_year")}),
    "day in American order": (spoilt(2, "available_from", "01/31/2024"), {(2, "available_from")}),
    "day that does not exist": (spoilt(2, "available_from", "2024-02-30"), {(2, "available_from")}),
    "day ahead": (spoilt(2, "available_from", "2027-01-31"), {(2, "available_from")}),
    "known before its year": (spoilt(2, "available_from", "2022-12-31"), {(2, "available_from")}),
    # areas in time
    "district after its end": (
        plus(*changed(2, area_code="181", year="2026", available_from="2026-06-30", note="x")),
        {(9, "area_code")},
    ),
    "ended commune": (
        plus(*changed(8, area_code="05971", year="2026", source_id="s-danso")),
        {(9, "area_code")},
    ),
    "commune before it began": (plus(*changed(8, area_code="05998", year="2020")), {(9, "area_code")}),
    # values
    "no value": (spoilt(2, "value", ""), {(2, "value")}),
    "text as value": (spoilt(2, "value", "khoảng 6"), {(2, "value")}),
    "dash as value": (spoilt(2, "value", "-"), {(2, "value")}),
    "not available": (spoilt(2, "value", "#N/A"), {(2, "value")}),
    "inequality as value": (spoilt(2, "value", ">6"), {(2, "value")}),
    "infinite": (spoilt(2, "value", "inf"), {(2, "value")}),
    "not a number": (spoilt(2, "value", "NaN"), {(2, "value")}),
    "too large for a number": (spoilt(8, "value", "1e999"), {(8, "value")}),
    "underscores": (spoilt(8, "value", "31_000"), {(8, "value")}),
    "formula": (spoilt(2, "value", "=6.03"), {(2, "value")}),
    "command": (spoilt(2, "value", "=cmd|'/C calc'!A0"), {(2, "value")}),
    "above the bound": (spoilt(2, "value", "603"), {(2, "value")}),
    "below the bound": (spoilt(2, "value", "-6.03"), {(2, "value")}),
    "share as fraction of an index": (spoilt(6, "value", "69.2"), {(6, "value")}),
    "half a household": (spoilt(4, "value", "3681.5"), {(4, "value")}),
    "negative people": (spoilt(8, "value", "-31000"), {(8, "value")}),
    "per cent sign on households": (spoilt(4, "value", "28%"), {(4, "value")}),
    "decimal comma among points": (spoilt(2, "value", "6,03"), {(2, "value")}),
    "thousands dot among decimal points": (spoilt(5, "value", "12.868"), {(5, "value")}),
    "thousands unclear": (
        text([changed(2, indicator="grdp_per_capita", unit="million_vnd_per_year", standard="", value="61.125")]),
        {(2, "value")},
    ),
    "huge cell": (spoilt(2, "value", "9" * 200_000), {(2, "")}),
    "long value": (spoilt(2, "value", "9" * 5_000), {(2, "value")}),
    # between rows
    "same row twice": (plus(*GOOD[1]), {(9, "value")}),
    "two values of one source": (plus(*changed(3, value="3.40")), {(3, "value"), (9, "value")}),
    # encodings
    "broken UTF-8": (
        text().replace("whole population", "dân số trung bình của tỉnh").encode()[:-60] + b"\xff\xfe,x\n",
        {(8, "")},
    ),
    "TCVN3": (text([changed(2, note="TØnh L¹ng S¬n cã h¬n 12 v¹n hé")]).encode("latin-1"), {(2, "")}),
    "odd UTF-16": (text().encode("utf-16")[:-1], {(8, "")}),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_a_bad_file_is_told_with_row_and_column(name: str, check: Check) -> None:
    content, cells = ERRORS[name]
    problems = [problem for problem in check(content, "table.csv") if problem.severity == "error"]
    assert cells <= {(problem.row, problem.column) for problem in problems}, [problem.line() for problem in problems]
    assert all(problem.problem and problem.remedy and "{" not in problem.line() for problem in problems)


SINGLE = [
    name
    for name, (content, cells) in ERRORS.items()
    if isinstance(content, str) and min(cells)[0] > 1 and name not in ("unclosed quotation mark", "no indicator")
]


@pytest.mark.parametrize("name", SINGLE)
def test_nothing_else_is_blamed(name: str, check: Check) -> None:
    content, cells = ERRORS[name]
    problems = [problem for problem in check(content, "table.csv") if problem.severity == "error"]
    assert {problem.row for problem in problems} == {row for row, _ in cells}


def test_the_good_table_is_good(check: Check) -> None:
    assert check(text()) == []


@pytest.mark.parametrize("year", ["năm 2023", "NĂM 2023", "cuối năm 2023", "31/12/2023", "2023-12-31", "2023.0"])
def test_years_in_vietnamese_forms(year: str, check: Check) -> None:
    assert check(spoilt(2, "year", year)) == []


@pytest.mark.parametrize("day", ["31/1/2024", "31.01.2024", "ngày 31 tháng 1 năm 2024", "2024-01-31 00:00:00"])
def test_days_in_vietnamese_forms(day: str, check: Check) -> None:
    assert check(spoilt(2, "available_from", day)) == []


@pytest.mark.parametrize(
    ("column", "word", "code"),
    [("status", "ước", "preliminary"), ("status", "Đã phê duyệt", "final"), ("qualifier", "khoảng", "about")],
)
def test_words_of_offices_are_read_in_every_table(
    column: str, word: str, code: str, tmp_path: Path, reference: Reference
) -> None:
    (tmp_path / "t.csv").write_text(spoilt(2, column, word), encoding="utf-8")
    read = figures_of(read_first(tmp_path / "t.csv", OBSERVATION_LAYOUT), reference)
    assert getattr(read[0], column) == code


def test_columns_that_may_be_missing_may_be_missing(check: Check) -> None:
    for name in set(COLUMNS) - set(REQUIRED):
        problems = check(without(name))
        assert [problem.line() for problem in problems if problem.severity == "error"] == []
    at = [COLUMNS.index(name) for name in REQUIRED]
    short = text([[cells[position] for position in at] for cells in GOOD], REQUIRED)
    assert [problem.column for problem in check(short)] == ["from_year"]


def test_the_projects_own_observations_have_no_error(reference: Reference) -> None:
    problems = check_against(PROJECT_DATA / "observations" / "0001.csv", reference)
    assert [problem.line() for problem in problems if problem.severity == "error"] == []
    assert {(problem.row, problem.column) for problem in problems} >= {(244, "value"), (227, "value"), (40, "value")}


@pytest.mark.parametrize(
    ("encoding", "delimiter", "end"),
    [
        ("utf-8", ",", "\n"), ("utf-8-sig", ",", "\r\n"), ("utf-16", ",", "\r\n"), ("utf-16", "\t", "\r\n"),
        ("utf-16-le", ",", "\n"), ("utf-16-be", ";", "\n"), ("utf-8", ";", "\r\n"), ("utf-8-sig", "\t", "\n"),
        ("utf-8", "|", "\n"), ("cp1258", ",", "\r\n"), ("utf-8", ",", "\r"),
    ],
)  # fmt: skip
def test_encodings_delimiters_and_line_ends(encoding: str, delimiter: str, end: str, check: Check) -> None:
    content = text([*GOOD[:3], changed(6, note="ghi chu Đà")], delimiter=delimiter, end=end)
    assert check(content.encode(encoding)) == []


@pytest.mark.parametrize(
    ("value", "expected"), [("6,03", []), ("6,03 %", []), ("6,03%", []), (" 6,03 ", []), ("\u00a06,03", [])]
)
def test_decimal_commas_and_per_cent_signs_can_be_read(value: str, expected: list[str], check: Check) -> None:
    rows = [changed(2, value=value), changed(4, value="3.681"), changed(5, value="12.868"), changed(6, value="0,692")]
    assert [problem.line() for problem in check(text(rows, delimiter=";"))] == expected


def test_nearest_choices_are_named(check: Check) -> None:
    assert "181 (Huyện Bình Gia)" in check(spoilt(4, "area_code", "binh gia"))[0].remedy
    assert "05977" in check(spoilt(8, "area_code", "5977"))[0].remedy
    assert "poverty_rate" in check(spoilt(2, "indicator", "povety_rate"))[0].remedy
    assert "percent" in check(spoilt(2, "unit", "%"))[0].remedy
    assert "mdp_2022" in check(spoilt(2, "standard", "mdp_2016"))[0].remedy
    misspelt = check(text(columns=[name.replace("value", "vaule") for name in COLUMNS]))
    assert ["vaule" in misspelt[0].remedy, "value" in misspelt[1].remedy] == [True, True]


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        (plus(*changed(3, source_id="tbtc-ls-2025", value="3.9", status="preliminary")), {(9, "value")}),
        (plus(*changed(3, year="2025", value="33.6", source_id="lsgov-2025review")), {(9, "value")}),
        (plus(*changed(4, scope="dtts", value="3700")), {(9, "value")}),
        (plus(*changed(2, area_code="181", year="2018", standard="mdp_2016", value="36.81")), {(9, "value")}),
        (text([(*cells, "x") for cells in GOOD], [*COLUMNS, "ghi_chu"]), {(1, "ghi_chu")}),
        ("Biểu 1: Tỷ lệ hộ nghèo\n" + text(), {(1, "")}),
        (plus(*changed(2, area_code="181", year="2025", value="6.1", available_from="2025-12-31")), {(9, "area_code")}),
        (spoilt(6, "note", "m\ufffdt"), {(6, "note")}),
        (text([]), {(1, "")}),
    ],
)  # fmt: skip
def test_warnings_do_not_stop_anything(content: str, cells: set[tuple[int, str]], check: Check) -> None:
    problems = check(content)
    assert {(problem.row, problem.column) for problem in problems if problem.severity == "warning"} == cells
    assert [problem.line() for problem in problems if problem.severity == "error"] == []


def test_all_problems_of_a_file_are_listed_with_rows_as_in_a_spreadsheet(check: Check) -> None:
    rows = [
        changed(2, area_code="999", value="x"),
        tuple("" for _ in COLUMNS),
        changed(3, note="two\nlines", status="plan"),
        changed(6, year="2099"),
    ]
    found = {(problem.row, problem.column) for problem in check(text(rows))}
    assert found == {(2, "area_code"), (2, "value"), (4, "status"), (5, "year")}


def test_messages_come_in_vietnamese_by_default(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOOLKIT_LANG")
    line = check(spoilt(2, "value", "khoảng 6"))[0].line()
    assert line.startswith("lỗi: table.csv, dòng 2, cột GIÁ TRỊ (value) ('khoảng 6'): đây không phải là số.")


def test_a_folder_instead_of_a_file_is_a_problem_not_a_traceback(tmp_path: Path, reference: Reference) -> None:
    assert [problem.row for problem in check_against(tmp_path, reference)] == [1]


def test_formula_text_in_a_note_is_plain_text(check: Check) -> None:
    assert check(spoilt(6, "note", '=HYPERLINK("http://example.org")')) == []


def test_rubbish_in_every_row_is_counted_not_listed_for_ever(check: Check) -> None:
    rows = [changed(2, area_code=f"x{number}", year=str(1946 + number % 70)) for number in range(3000)]
    problems = check(text(rows))
    assert len(problems) < 5000
    assert any("2000 more problems" in problem.problem for problem in problems)


@given(st.binary(max_size=400))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_break_the_checker(check: Check, data: bytes) -> None:
    for content in (data, text().encode() + data, b"PK\x03\x04" + data):
        for problem in check(content):
            assert problem.row >= 1
            assert problem.line()


@cache
def vocabulary(column: str) -> set[str]:
    """What a cell of a column may hold, straight from the files of the project."""
    files = {"area_code": ("areas.csv", "code"), "source_id": ("sources.csv", "source_id")}
    if column in files:
        name, key = files[column]
        with (PROJECT_DATA / name).open(encoding="utf-8", newline="") as stream:
            return {record[key] for record in csv.DictReader(stream)}
    declared = yaml.safe_load((PROJECT_DATA / "indicators.yaml").read_text(encoding="utf-8"))
    return {
        "indicator": set(declared["indicators"]),
        "unit": set(declared["units"]),
        "scope": {"all", "dtts", "dtts_mn", "dtts_in_dtts_mn"},
        "status": {"final", "reported", "preliminary"},
        "qualifier": {"", "about", "at_least", "at_most", "derived", "unverified"},
        "available_basis": {"", "published", "rule"},
    }[column]


CLOSED = ("area_code", "source_id", "indicator", "unit", "scope", "status", "qualifier", "available_basis")
LETTERS = st.characters(codec="utf-8", exclude_characters="\r")  # the writer leaves a lone return unquoted
WORDS = st.one_of(
    st.text(LETTERS, max_size=12),
    st.sampled_from(["", "20", "181", "05977", "final", "Final", "all", "dtts", "percent", "about", "s-danso", "hdi"]),
)
NUMBERS = st.one_of(
    st.text(alphabet="0123456789.,-+ %eE−", max_size=10),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.text(LETTERS, max_size=8),
)


@given(st.integers(2, 1 + len(GOOD)), st.sampled_from(CLOSED), WORDS)
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_word_outside_its_list_passes(check: Check, row: int, column: str, word: str) -> None:
    errors = [problem for problem in check(spoilt(row, column, word)) if problem.severity == "error"]
    if tidy(word) not in vocabulary(column):
        meant = {"status": STATUS_WORDS, "qualifier": QUALIFIER_WORDS}.get(column, {}).get(fold(tidy(word)))
        assert meant or row in {problem.row for problem in errors}
    elif word == GOOD[row - 2][COLUMNS.index(column)]:
        assert errors == []


@given(st.integers(2, 1 + len(GOOD)), NUMBERS)
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_value_passes_only_if_it_is_a_possible_number(check: Check, row: int, written: str) -> None:
    table = spoilt(row, "value", written)
    bounds = {2: (0, 100), 3: (0, 100), 6: (0, 1), 7: (-100, math.inf)}
    low, high = bounds.get(row, (0, math.inf))
    if any(problem.severity == "error" for problem in check(table)):
        return
    plain = tidy(written).replace("−", "-").removesuffix("%").replace(" ", "").replace(",", "")
    assert low <= float(plain) <= high
    assert row not in (4, 5, 8) or float(plain).is_integer()


@given(st.integers(2, 1 + len(GOOD)), st.one_of(st.text(LETTERS, max_size=8), st.integers(-3000, 99999).map(str)))
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_year_passes_only_if_it_has_begun(check: Check, row: int, written: str) -> None:
    if all(problem.severity == "warning" for problem in check(spoilt(row, "year", written))):
        assert 1945 <= float(tidy(written)) <= 2026


def test_a_long_file_is_checked_quickly(check: Check) -> None:
    chance = random.Random(1)
    codes = [str(code) for code in (178, *range(180, 190))]
    rows = [
        changed(4, area_code=codes[number % 11], year=str(2016 + number % 6), value=str(chance.randint(100, 9000)))
        for number in range(20_000)
    ]  # fmt: skip
    problems = check(text(rows))
    assert sum(problem.severity == "error" for problem in problems) > 0


def test_checking_a_table_loads_nothing_heavy() -> None:
    program = "import sys, toolkit.data.dataset; print([name for name in sys.argv[1:] if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program, "pandas", "numpy", "openpyxl"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
