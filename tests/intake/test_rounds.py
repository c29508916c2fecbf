"""Three rounds of offices, by the commands of the Vietnamese guide: what they deliver ends in answers."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from tests.conftest import ROOT
from toolkit.cli.main import main
from toolkit.data.dataset import PROJECT_DATA
from toolkit.intake import ingest

pytestmark = pytest.mark.slow
Call = Callable[..., tuple[int, str]]
GUIDE = (ROOT / "docs" / "huong-dan.md").read_text(encoding="utf-8")
NAMES = 5
"""Row of a template with the names of its columns for programs."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    left_out = shutil.ignore_patterns("panels", "provinces")
    return Path(shutil.copytree(PROJECT_DATA, tmp_path / "data", ignore=left_out))


@pytest.fixture
def call(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command on the copied data; return exit code and what it said."""
    monkeypatch.setenv("TOOLKIT_LANG", "vi")
    monkeypatch.setattr(ingest, "DOUBT_DRAWS", 100)

    def run_here(*arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["toolkit", *map(str, arguments), "--data", str(data)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return int(ended.value.code or 0), said.out

    return run_here


def guided(*words: str, **files: Path) -> list[str | Path]:
    """Return the guide's command that begins with these words, with files where it has their names."""
    lines = [shlex.split(line) for line in re.findall(r"^\.venv\\Scripts\\toolkit (.+)$", GUIDE, re.MULTILINE)]
    [found, *_] = [line for line in lines if line[: len(words)] == list(words)]
    held = {path.name: path for path in files.values()}
    assert held.keys() <= set(found), found
    return [held.get(word, word) for word in found]


def cell(sheet: Worksheet, indicator: str, scope: str, column: str = "value") -> str:
    """Return where a template asks for something of a series."""
    names = {str(item.value): item.column for item in sheet[NAMES]}
    for row in range(NAMES + 1, sheet.max_row + 1):
        if [sheet.cell(row, names[name]).value for name in ("indicator", "scope")] == [indicator, scope]:
            return str(sheet.cell(row, names[column]).coordinate)
    raise AssertionError(f"{indicator} of {scope} is not asked for")


def answered(said: str) -> set[str]:
    """Return the targets that an ingest says it has answered."""
    return {name for ids in re.findall(r"\(((?:T\d\d-\d\d\w?(?:, )?)+)\)", said) for name in ids.split(", ")}


def test_a_districts_yearly_delivery_with_five_slips(call: Call, tmp_path: Path) -> None:
    assert call(*guided("template", "--area"), "--out", tmp_path)[0] == 0
    [file] = tmp_path.glob("*.xlsx")
    check, ingest_it = guided("check", file.name, file=file), guided("ingest", file.name, file=file)
    book = openpyxl.load_workbook(file)
    figures, sources = book["Số liệu"], book["Nguồn"]
    values: dict[tuple[str, str], float | str] = {
        ("poverty_rate", "dtts"): 0.12,
        ("poverty_rate", "all"): 11.9,
        ("health_insurance_share", "dtts"): 962,
        ("hygienic_water_share", "dtts"): "89.5 triệu",
        ("at_risk_households_relocated_share", "dtts"): 55.5,
    }
    for (name, scope), value in values.items():
        figures[cell(figures, name, scope)] = value
    at = {what: cell(figures, *what) for what in values}
    figures[cell(figures, "health_insurance_share", "dtts", "status")] = "kế hoạch"
    sources["B5"], sources["C5"] = "Báo cáo năm 2024 của huyện Bình Gia", ""  # nobody is named as publisher
    book.save(file)
    code, said = call(*check)
    assert code == 1
    for text in ("Nguồn", "962", "89.5 triệu", "kế hoạch"):
        assert text in said, text
    sources["C5"] = "Ủy ban nhân dân huyện Bình Gia"
    book.save(file)
    assert "0,12% hay 12%" in call(*check)[1]
    for what, value in {("poverty_rate", "dtts"): 12.3, ("health_insurance_share", "dtts"): 96.2,
                        ("hygienic_water_share", "dtts"): 89.5}.items():  # fmt: skip
        figures[at[what]] = value
    figures[cell(figures, "health_insurance_share", "dtts", "status")] = "báo cáo"
    book.save(file)
    assert call(*check)[0] == 0
    code, said = call(*ingest_it, "--yes")
    assert code == 0, said
    assert {"T25-11", "T25-20", "T30-25"} <= answered(said)
    number = re.search(r"lần nộp số (\d+)", said)
    assert number
    assert "12,3" in call(*guided("history", "Bình Gia"))[1]
    undo, taken_back, *reason = guided("undo")
    assert (undo, str(taken_back).isdigit()) == ("undo", True)
    code, said = call(undo, number[1], *reason)
    assert code == 0, said
    assert "không đánh giá được nữa" in said
    assert "biểu của huyện khác" in call("history")[1]


def test_the_counts_of_communes_become_rates_that_answer(call: Call, tmp_path: Path) -> None:
    table, mapping = tmp_path / "ho-ngheo.csv", tmp_path / "cot.yaml"
    table.write_text(
        "Xã;Tổng số hộ DTTS;Hộ nghèo DTTS\nX. Bình Gia;2.480;119\nXã Thiện Hòa;1.950;..\n", encoding="utf-8"
    )
    [columns] = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    mapping.write_text(columns, encoding="utf-8")
    code, said = call(*guided("ingest", table.name, table=table, mapping=mapping), "--yes")
    assert code == 0, said
    assert "1 ô" in said  # of the sign for no figure
    assert "T30-03: " in said  # its answer moved
    printed = call(*guided("history", "Xã Bình Gia"))[1]
    assert "4,8" in printed


def test_a_departments_wide_table_answers_for_districts_and_province(call: Call, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    names = "Tràng Định, Bình Gia, Văn Lãng, Cao Lộc, Văn Quan, Bắc Sơn, Hữu Lũng, Chi Lăng, Lộc Bình, Đình Lập"
    districts = ("TP. Lạng Sơn", *(f"H. {name}" for name in names.split(", ")))
    for cells in (("Biểu 3: Hộ DTTS được sắp xếp, di dời",), ("Đơn vị", "Năm 2022", "Năm 2023", "Sơ bộ 2024"),
                  *((name, 30.5 + at, 38.5 + at, 45.5 + at) for at, name in enumerate(districts)),
                  ("Nguồn: báo cáo của các huyện",)):  # fmt: skip
        sheet.append(cells)
    book.save(tmp_path / "bieu3.xlsx")
    code, said = call(*guided("ingest", "bieu3.xlsx", file=tmp_path / "bieu3.xlsx"), "--yes")
    assert code == 0, said
    assert said.count("+ ") == 33
    assert "sơ bộ" in said
    assert {"T25-11", "T30-25"} <= answered(said)
    assert re.search(r"tỉnh Lạng Sơn.*\(T25-11, T30-25\)", said, re.IGNORECASE)
