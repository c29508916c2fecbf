"""Files whose content has slipped, through the command line: every row comes in or is told, and every slip is named."""

from __future__ import annotations

import functools
import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest

from tests.data.tables import changed, text
from tests.intake.test_corpus import PEOPLES, TABLES, WORKBOOKS
from tests.intake.test_nasty import BOOKS, FILES
from toolkit.base.texts import catalogue
from toolkit.cli.main import main
from toolkit.data.dataset import PROJECT_DATA, usable_folder
from toolkit.intake import ingest

pytestmark = pytest.mark.hostile
MOST_ALIKE = 8
Told = set[tuple[int, str]]
"""Row and kind of a problem."""
MAPPED = ("--area-level", "district", "--column", "area_code=Huyện")
POOR = tuple(
    part
    for pair in ("scope=all", "indicator=poverty_rate", "unit=percent", "standard=mdp_2022", "status=reported",
                 "source_id=lsgov-2025review")
    for part in ("--fixed", pair)
)  # fmt: skip
COUNTS = tuple(part.replace("poverty_rate", "households").replace("percent", "households") for part in POOR)
MILLIONS = tuple(
    part.replace("poverty_rate", "income_per_capita").replace("percent", "million_vnd_per_year").replace("mdp_2022", "")
    for part in POOR
)
TWO = "Huyện,2023\nBình Gia,5.67\nBắc Sơn,7.25\n"
LONG = ("--column", "value=Tỷ lệ", "--fixed", "year=2023")


class Slip(NamedTuple):
    """A file: its content, how it is called for, what has to be told, and how many figures come in of it."""

    content: str | bytes | Callable[[Any], None]
    options: tuple[str, ...]
    told: Told
    taken: int | None = None


def wide(rows: str, told: Told, taken: int | None = None, fixed: tuple[str, ...] = POOR, *more: str) -> Slip:
    return Slip(rows, (*MAPPED, "--years", *fixed, *more), told, taken)


def commune(name: str, year: str, told: Told, taken: int) -> Slip:
    columns = ("--area-level", "commune", "--column", "area_code=Xã", "--column", "value=Hộ nghèo")
    fixed = (part.replace("=households", "=poor_households", 1) if "indicator" in part else part for part in COUNTS)
    return Slip(f"Xã,Hộ nghèo\n{name},120\n", (*columns, "--fixed", f"year={year}", *fixed), told, taken)


def long(rows: str, told: Told, taken: int | None = None, *more: str) -> Slip:
    return Slip(rows, (*MAPPED, *LONG, *POOR, *more), told, taken)


def own(told: Told, *rows: tuple[str, ...]) -> Slip:
    return Slip(text(rows), (), told)


def sheet(change: Callable[[Any], None], told: Told, taken: int | None = None) -> Slip:
    return Slip(change, (*MAPPED, "--years", *POOR), told, taken)


def rate(area: str, value: str, **cells: str) -> tuple[str, ...]:
    return changed(2, area_code=area, value=value, **{
        "source_id": "lsgov-2025review", "year": "2023", "status": "reported", **cells})  # fmt: skip


def hide_row(page: Any) -> None:
    page.row_dimensions[3].hidden = True


def hide_page(page: Any) -> None:
    other = page.parent.create_sheet("Cũ")
    other.append(["Huyện", "2022"])
    other.append(["Bắc Sơn", 9.87])
    other.sheet_state = "hidden"


def second_page(page: Any) -> None:
    other = page.parent.create_sheet("Bản 2")
    other.append(["Huyện", "2023"])
    other.append(["Bình Gia", 9.87])


def put(**cells: object) -> Callable[[Any], None]:
    def change(page: Any) -> None:
        for place, value in cells.items():
            page[place] = value

    return change


def fraction_formatted(page: Any) -> None:
    page["C2"], page["C2"].number_format = 0.1234, "0.00%"


TAKEN: dict[str, Slip] = {  # ---- written otherwise than we would, and clear
    **{f"named {name}": wide(f"Huyện,2023\n{name},5.67\n", set(), 1) for name in (
        "H. Bình Gia", "H.Bình Gia", "TP. Lạng Sơn", "TP Lạng Sơn", "T.P. Lạng Sơn", "Tỉnh Lạng Sơn", "T. Lạng Sơn",
        "huyện bình gia", "HUYỆN BÌNH GIA", "Huyen Binh Gia", "1. Bình Gia", "II. Huyện Bình Gia", "Bình Gia (*)",
        "Bình Gia (1)", "Huyện  Bình  Gia", "Bi\u0300nh Gia", "\u200bBình Gia", "Bình\u00a0Gia", "Binh Gia district",
        "181", "Cả nước", "Toàn quốc", "Tỉnh Bà Rịa-Vũng Tàu", "Tỉnh Thừa Thiên - Huế")},
    **{f"year as {name}": wide(f'Huyện,"{name}"\nBình Gia,5.67\n', set(), 1) for name in (
        "Năm 2023", "NĂM 2023", "Sơ bộ 2023", "2023 (sơ bộ)", "Ước 2023", "Ước thực hiện 2023", "Năm 2023 (ĐVT: %)",
        "Năm 2023 (Đơn vị tính: %)", "2023*", "2023 (1)", "31/12/2023", "2023.0", "TH 2023", "Thực hiện năm 2023",
        "Chính thức 2023", "Year 2023", "2023 (p)", "Sơ bộ - Prel. 2023", "2023/sơ bộ", "Số liệu năm 2023",
        "Kết quả 2023", "Đến 31/12/2023", "Tính đến ngày 31/12/2023", "2023 final")},
    **{f"commune {name} in {year}": commune(name, year, set(), 1) for name, year in (
        ("X. Bình Gia", "2025"), ("P. Đông Kinh", "2025"), ("P.Tam Thanh", "2025"), ("xã Tân Văn", "2025"),
        ("TT. Na Sầm", "2023"), ("P Vĩnh Trại", "2023"))},
    **{f"value as {name}": wide(f'Huyện,2023\nBình Gia,"{name}"\nBắc Sơn,"7,25"\n', set(), 2) for name in (
        "5,67", "5,67%", "5,67 %", "5,67 (p)", "5,67 (sơ bộ)", "5,67 ước", " 5,67 ", "5,670", "5", "0", "0,00")},
    **{f"households as {name}": wide(f'Huyện,2023\nBình Gia,"{name}"\n', set(), 1, COUNTS) for name in (
        "12.868", "12,868", "12 868", "12\u00a0868", "12\u202f868", "12868", "12868.0", "12868,0")},
    **{f"{name} for no figure": wide(f"Huyện,2023\nBình Gia,{name}\nBắc Sơn,7.25\n", {(2, "missing_signs")}, 1)
       for name in ("..", "...", "…", "-", "–", "—")},
    "a note below": wide("Huyện,2022,2023\nBình Gia,9.12,5.67\nNguồn: Cục Thống kê,,\n", {(3, "note_row")}, 2),
    "a title above": wide("Biểu 1. Tỷ lệ hộ nghèo\nHuyện,2023\nBình Gia,5.67\n", {(1, "above_header")}, 1),
    "per cent by format": sheet(fraction_formatted, set(), 4),
}  # fmt: skip

SLIPPED: dict[str, Slip] = {
    # ---- fractions, tens, thousands
    **{f"{value} among per cents": wide(f"Huyện,2023\nBình Gia,{value}\nBắc Sơn,12.31\nCao Lộc,14.72\n",
                                        {(2, "fraction")}, 3) for value in ("0.12", "0.962", "0.0567", "0.9")},
    "all are fractions": wide("Huyện,2023\nBình Gia,0.12\nBắc Sơn,0.09\n", {(2, "fraction"), (3, "fraction")}, 2),
    **{f"{value} of a hundred": wide(f"Huyện,2023\nBình Gia,{value}\nBắc Sơn,12.31\n", {(2, "out_of_bounds")}, 1)
       for value in ("567", "100.01", "-5.67", "1e3", "999999999999")},
    "one hundred as one": wide("Huyện,2023\nBình Gia,1\nBắc Sơn,97.1\nCao Lộc,95\n", {(2, "fraction")}, 3),
    **{f"commune {name} in {year}": commune(name, year, {(2, "area_name")}, 0) for name, year in (
        ("TT. Bình Gia", "2025"), ("Hồng Phong", "2023"), ("X. Hoàng Văn Thụ", "2023"))},
    **{f"{value} households": wide(f'Huyện,2023\nBình Gia,"{value}"\n', {(2, kind)}, 0, COUNTS) for value, kind in (
        ("128.5", "not_whole"), ("-12", "out_of_bounds"), ("12.868,5", "not_whole"), ("12,8%", "percent_sign"),
        ("12 hộ", "no_number"), ("12/2600", "no_number"))},
    **{f"millions of {first} and {second}": wide(f'Huyện,2023\nBình Gia,"{first}"\nBắc Sơn,"{second}"\n', told, 0,
                                                 MILLIONS)
       for first, second, told in (
           ("12.868", "11.902", {(2, "unclear_number"), (3, "unclear_number")}),
           ("12,868", "11,902", {(2, "unclear_number"), (3, "unclear_number")}),
           ("12.5", "12,5", {(2, "mixed_decimals"), (3, "mixed_decimals")}))},
    **{f"value as {value}": wide(f'Huyện,2023\nBình Gia,"{value}"\n', {(2, kind)}, 0) for value, kind in (
        ("khoảng 5", "no_number"), ("5-6", "no_number"), (">5", "no_number"), ("5,6,7", "no_number"),
        ("năm", "no_number"), ("#REF!", "no_number"), ("=5+1", "no_number"), ("5 điểm %", "no_number"),
        ("inf", "infinite"), ("nan", "infinite"), ("x", "no_number"), ("?", "no_number"), ("5*", "no_number"))},
    # ---- rows
    "the row above copied": wide("Huyện,2023\nBình Gia,5.67\nBắc Sơn,5.67\n", {(3, "copied")}, 2),
    "two spellings, two values": wide("Huyện,2023\nBình Gia,5.67\nH. Bình Gia,5.68\n",
                                      {(2, "two_values"), (3, "two_values")}, 0),
    "two spellings, one value": wide("Huyện,2023\nBình Gia,5.67\nHuyện Bình Gia,5.67\n", {(3, "double_row")}, 1),
    "a total": wide("Huyện,2023\nBình Gia,5.67\nTổng cộng,5.67\n", {(3, "area_name")}, 1),
    "of which": wide("Huyện,2023\nBình Gia,5.67\nTrong đó: DTTS,5.9\n", {(3, "area_name")}, 1),
    "an area nobody knows": wide("Huyện,2023\nBình Gai,5.67\n", {(2, "area_name")}, 0),
    "a commune": wide("Huyện,2023\nXã Hoa Thám,5.67\n", {(2, "area_name")}, 0),
    "a row too long": wide("Huyện,2023\nBình Gia,5,67\nBắc Sơn,7\nCao Lộc,8\n", {(2, "cell_count")}, 2),
    "all rows too long": wide("Huyện,2023\nBình Gia,5,67\nBắc Sơn,7,25\n",
                              {(2, "nameless_column"), (3, "nameless_column")}, 0),
    "a row too short": wide("Huyện,2022,2023\nBình Gia,5.67\n", {(2, "cell_count")}, 0),
    "the header again": wide("Huyện,2023\nBình Gia,5.67\nHuyện,2023\nBắc Sơn,7.25\n", {(3, "repeated_header")}, 2),
    "an open quotation mark": wide('Huyện,2023\nBình Gia,"5.67\nBắc Sơn,7.25\n', {(2, "broken_row")}, 1),
    "an area without a name": wide("Huyện,2023\n,5.67\nBắc Sơn,7.25\n", {(2, "empty_cell")}, 1),
    # ---- headers and years
    **{f"a column of {year}": wide(f'Huyện,2023,"{year}"\nBình Gia,5.67,5.1\n', {(1, "column_unread")}, 1) for year in (
        "Kế hoạch 2025", "Mục tiêu 2030", "30/6/2024", "6 tháng 2024", "Quý I/2024", "2022-2023", "Tăng/giảm",
        "So với 2022 (%)", "1823", "20233", "Bình quân 2021-2025")},
    **{f"a year ahead, {year}": wide(f"Huyện,2023,{year}\nBình Gia,5.67,5.1\n", {(2, "year_ahead")}, 1)
       for year in ("2027", "2042", "2099")},
    "a year twice": wide("Huyện,2023,2023\nBình Gia,5.67,5.1\n", {(1, "double_column")}, 0),
    "a year twice in words": wide("Huyện,2023,Năm 2023\nBình Gia,5.67,5.1\n", {(1, "same_figures")}, 0),
    "a year twice by status": wide("Huyện,2023,Sơ bộ 2023\nBình Gia,5.67,5.1\n", {(1, "same_figures")}, 0),
    "the area twice": wide("Huyện,Huyện,2023\nBình Gia,Bắc Sơn,5.67\n", {(1, "double_column")}, 0),
    "a column without a name": wide("Huyện,,2023\nBình Gia,9.1,5.67\n", {(2, "nameless_column")}, 0),
    "no header": wide("Bình Gia,5.67\nBắc Sơn,7.25\n", {(1, "no_header")}, 0),
    "another word for the area": wide("Đơn vị,2023\nBình Gia,5.67\n", {(1, "no_header")}, 0),
    **{f"no year in {header}": wide(f"Huyện,{header}\nBình Gia,5.67\n", {(1, "no_year_column")}, 0)
       for header in ("Tỷ lệ", "Kế hoạch 2025", "Tỷ lệ hộ nghèo 2023")},
    "a standard of other years": wide("Huyện,2019,2023\nBình Gia,9.1,5.67\n", {(2, "standard_not_in_force")}, 1),
    "before there were figures": wide("Huyện,1944,2023\nBình Gia,9.1,5.67\n", {(2, "no_year")}, 1),
    **{f"the value twice, {second}": long(f"Huyện,Tỷ lệ,{second}\nBình Gia,5.67,5.1\n", {(1, "double_column")}, 0)
       for second in ("Tỷ lệ", "TỶ LỆ", "Ty le", " Tỷ  lệ")},
    "the value missing": long("Huyện,Tỉ lệ\nBình Gia,5.67\n", {(1, "missing_column")}, 0),
    "an empty value": long("Huyện,Tỷ lệ\nBình Gia,\nBắc Sơn,7.25\n", {(2, "empty_cell")}, 1),
    # ---- old fonts, encodings
    **{f"old font, {sample}": wide(f"Huyện,2023,GC\n{sample},5.67,{sample}\n", {(2, "tcvn3")}, 0) for sample in (
        "HuyÖn B×nh Gia tØnh L¹ng S¬n", "Huyeän Bình Gia, tyû leä hoä ngheøo", "§×nh LËp và §iÖn Biªn",
        "Huyeän Baéc Sôn vaø Cao Loäc", "sè liÖu \u00adíc n¨m 2023, tØnh l\u00adîng", "thÞ x· vµ huyÖn")},
    "marked letters of another code page": Slip(
        b"Huyen,2023\nBinh Gia,5.67\nB\xecnh Gia,7\n", ("--column", "area_code=Huyen", "--years", *POOR),
        {(3, "bad_bytes")}, 0),
    **{f"in {name}": Slip(TWO.encode(name), (*MAPPED, "--years", *POOR), set(), 2)
       for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")},
    "cut within a letter": Slip(TWO.encode() + b"B\xe1\xba,7\n", (*MAPPED, "--years", *POOR), {(4, "bad_bytes")}, 0),
    # ---- workbooks
    "a hidden row": sheet(hide_row, {(3, "rows_hidden")}, 4),
    "a hidden sheet": sheet(hide_page, {(1, "sheet_hidden")}, 4),
    "two sheets, two values": sheet(second_page, {(2, "two_values")}, 3),
    "merged values": sheet(lambda page: page.merge_cells("B2:B3"), {(2, "merged_cells")}),
    "merged values aside": sheet(lambda page: page.merge_cells("B2:C2"), {(2, "merged_cells")}),
    "merged areas": sheet(lambda page: page.merge_cells("A2:A3"), {(2, "merged_cells")}),
    "a value to the right": sheet(put(F2=9.9), {(2, "nameless_column")}),
    "a header as a number twice": sheet(put(D1=2023, D2=5), {(1, "double_column")}, 2),
    "a year ahead in a workbook": sheet(put(D1=2042, D2=5), {(2, "year_ahead")}, 4),
    "a formula without its result": sheet(put(B2="=1+1"), {(2, "no_number")}, 3),
    "an error": sheet(put(B2="#DIV/0!"), {(2, "no_number")}, 3),
    "yes": sheet(put(B2=True), {(2, "no_number")}, 3),
    # ---- tables with the project's columns
    "minorities below all": own({(3, "group_below_all")}, rate("181", "9.87"), rate("181", "3.21", scope="dtts")),
    "two sources, two values": own({(3, "conflict")}, rate("181", "9.87", status="reported"),
                                   rate("181", "9.11", status="preliminary", source_id="tbtc-ls-2025")),
    "a final beside a preliminary": own({(3, "conflict")}, rate("181", "9.87", status="final"),
                                        rate("181", "9.11", status="preliminary")),
    "one source, two values": own({(2, "two_values"), (3, "two_values")}, rate("181", "9.87"), rate("181", "9.11")),
    **{f"a rate not of its counts, {value}": own({(4, "rate_and_count")},
        *(changed(row, area_code="182", year="2023", standard="mdp_2022", status="reported", value=count,
                  source_id="lsgov-2025review", available_from="", available_basis="")
          for row, count in ((4, "120"), (5, "2600"))), rate("182", value)) for value in ("6.42", "46.2")},
    "more poor than households": own({(2, "part_above_whole")},
        *(changed(row, area_code="182", year="2023", standard="mdp_2022", status="reported", value=count,
                  source_id="lsgov-2025review", available_from="", available_basis="")
          for row, count in ((4, "2601"), (5, "2600")))),
    **{f"year as {value}": own({(2, kind)}, rate("181", "9.87", year=value)) for value, kind in (
        ("2042", "year_ahead"), ("24", "no_year"), ("Quý IV/2023", "part_of_year"), ("45291", "no_year"))},
    **{f"status as {value}": own({(2, kind)}, rate("181", "9.87", status=value)) for value, kind in (
        ("kế hoạch", "planned_status"), ("mục tiêu", "planned_status"), ("é", "unknown_choice"),
        ("hoàn thành", "unknown_choice"))},
}  # fmt: skip


HISTORY = (
    "panel,kind,unit,year,value\np,{kind},Bình Gia,{year},{value}\np,{kind},Bắc Sơn,2022,7\np,{kind},Bắc Sơn,2023,8\n"
)
FIVE = HISTORY.format(kind="percent", year="2022", value="5")
HISTORIES: dict[str, tuple[str | bytes, Told]] = {
    **{f"year {year}": (HISTORY.format(kind="percent", year=year, value="5.6"), {(2, kind)}) for year, kind in (
        ("2042", "year_ahead"), ("2027", "year_ahead"), ("23", "no_year"), ("30/6/2023", "part_of_year"),
        ("1023", "no_year"), ("", "empty_cell"))},
    **{f"{kind} {value}": (HISTORY.format(kind=kind, year="2022", value=f'"{value}"'), {(2, told)})
       for kind, value, told in (
           ("percent", "120", "no_percent"), ("percent", "-1", "no_percent"), ("positive", "-1", "negative"),
           ("count", "-3", "negative"), ("real", "12.868", "unclear_number"), ("positive", "12,868", "unclear_number"),
           ("percent", "x", "no_number"), ("percent", "inf", "infinite"), ("procent", "5", "no_kind"))},
    "a unit in two forms": (FIVE + "p,percent,Bi\u0300nh Gia,2022,6\n",
                            {(5, "given_twice")}),
    "two kinds": (FIVE + "p,count,Cao Lộc,2022,6\n", {(5, "two_kinds")}),
    "two styles": ('panel,kind,unit,year,value\np,percent,a,2021,5.25\np,percent,a,2022,"5,25"\n',
                   {(2, "mixed_decimals"), (3, "mixed_decimals")}),
    "a row cut off": (FIVE + "p,percent,Cao\n", {(5, "cell_count")}),
    "no values": ("panel,kind,unit,year,value\np,percent,a,2022,\n", {(2, "no_value")}),
    "the value twice": ("panel,kind,unit,year,value,Value\np,percent,a,2022,5,6\n", {(1, "double_column")}),
    "no value": ("panel,kind,unit,year\np,percent,a,2022\n", {(1, "missing_column")}),
    "an old font": ("panel,kind,unit,year,value\np,percent,HuyÖn B×nh Gia tØnh L¹ng S¬n,2022,5\n", {(2, "tcvn3")}),
    "another code page": (b"panel,kind,unit,year,value\np,percent,B\xecnh Gia,2022,5\n", {(2, "bad_bytes")}),
    "damaged": (FIVE.encode() + b"p,percent,B\xe1\xba,2023,7\n",
                {(5, "bad_bytes")}),
}  # fmt: skip
"""Tables of histories that are refused: content, and what has to be told."""


@pytest.mark.parametrize("command", ["forecast", "backtest"])
def test_histories_that_slipped_are_refused_with_their_rows(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, (content, told) in HISTORIES.items():
        path = tmp_path / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        code, said = called(capsys, monkeypatch, command, "--table", path)
        assert code == 1, name
        for row, kind in told:
            keys = {f"data.problem.{kind}", f"forecast.problem.{kind}"} & catalogue().keys()
            starts = [catalogue()[key]["vi"].partition("{")[0].strip() for key in keys]
            lines = [line for line in said.splitlines() if f"dòng {row}" in line]
            assert any(start in line for start in starts for line in lines), (name, said)


def test_what_is_not_read_of_a_table_of_histories_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    book = openpyxl.Workbook()
    page: Any = book.active
    for cells in (["panel", "kind", "unit", "year", "value", "GC"], ["p", "percent", "a", "2023,0", 5.6, "x"]):
        page.append(cells)
    hidden = book.create_sheet("Cũ")
    hidden.append(["panel", "kind", "unit", "year", "value"])
    hidden.append(["p", "percent", "a", 2022, 7])
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "t.xlsx")
    monkeypatch.setattr(sys, "argv", ["toolkit", "forecast", "--table", str(tmp_path / "t.xlsx"), "--horizon", "1"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert not ended.value.code
    assert "p,a,2024," in said.out
    assert "cột GC" in said.err
    assert "[Cũ]" in said.err


@pytest.fixture(scope="module")
def quick() -> Callable[..., Any]:
    """Read the project's data once for all files."""
    return functools.lru_cache(usable_folder)


def called(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["toolkit", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return int(ended.value.code or 0), said.out or said.err


def written(slip: Slip, folder: Path) -> tuple[Path, set[int]]:
    """Write the file; return it and the rows below its first that hold anything."""
    path = folder / "t.csv"
    if callable(slip.content):
        book = openpyxl.Workbook()
        page: Any = book.active
        for cells in (["Huyện", 2022, 2023], ["Bình Gia", 8.91, 5.67], ["Bắc Sơn", 9.87, 7.25]):
            page.append(cells)
        slip.content(page)
        book.save(folder / "t.xlsx")
        return folder / "t.xlsx", {2, 3}
    path.write_bytes(slip.content if isinstance(slip.content, bytes) else slip.content.encode())
    lines = slip.content.splitlines() if isinstance(slip.content, str) else [""] * 3
    return path, {
        row
        for row, line in enumerate(lines, start=1)
        if row > 1 and re.search(r"\w", line) and not line.startswith("Huyện,2")
    }


def by_family() -> list[Any]:
    """Return the names of all files; of many alike the first few belong to the quick suite."""
    seen: Counter[str] = Counter()
    marked = []
    for name in [*TAKEN, *SLIPPED]:
        seen[family := name.split()[0]] += 1
        marked.append(pytest.param(name, marks=[pytest.mark.slow] if seen[family] > MOST_ALIKE else []))
    return marked


@pytest.mark.parametrize("name", by_family())
def test_content_that_slipped_is_told_and_no_row_is_lost(
    name: str,
    quick: Callable[..., Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slip = {**TAKEN, **SLIPPED}[name]
    path, rows = written(slip, tmp_path)
    monkeypatch.setattr(ingest, "usable_folder", quick)
    arguments = ("--dry-run", "--no-model", "--json", "--data", PROJECT_DATA, *slip.options, path)
    code, out = called(capsys, monkeypatch, "ingest", *arguments)
    found = json.loads(out)
    problems = {(item["row"], item["key"].rpartition(".")[2]) for item in found["problems"]}
    assert slip.told <= problems
    assert code == any(item["severity"] == "error" for item in found["problems"])
    if slip.taken is not None:
        assert sum(found["counts"][kind] for kind in ("new", "changed", "same")) == slip.taken, problems
    whole = {kind for row, kind in problems if row == 1} & {
        "no_header",
        "missing_column",
        "double_column",
        "same_figures",
        "no_year_column",
    }
    same = rows if found["counts"]["same"] else set()
    assert rows <= {item["row"] for item in found["changes"]} | {row for row, _ in problems} | same or whole
    assert all(item["problem"] and item["remedy"] for item in found["problems"])


def test_there_are_two_hundred_files() -> None:
    assert len(TAKEN) + len(SLIPPED) >= 150
    assert sum(map(len, (TAKEN, SLIPPED, HISTORIES, FILES, BOOKS, TABLES, PEOPLES, WORKBOOKS))) >= 300
