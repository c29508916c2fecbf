"""Tables of somebody else's making, by a declared mapping: long and wide, CSV and workbooks."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.base.errors import UsageError
from toolkit.data.reference import Reference
from toolkit.intake.incoming import Incoming, read_incoming
from toolkit.intake.mapping import ColumnMapping, mapping_of, read_mapping

FIXED = ("scope=all", "unit=percent", "standard=mdp_2022", "status=reported", "source_id=kh99-2021")
WIDE = """\
Biểu số 1: Tỷ lệ hộ nghèo;;;
Huyện;Năm 2022;Năm 2023;Ghi chú
Bình Gia;12,5;10,25;
CHI LANG;8,5;;x
Nguồn: Sở LĐTBXH;;;
"""


def figures(found: Incoming) -> set[tuple[str, str, int, float]]:
    return {(item.area_code, item.indicator, item.year, item.value) for item in found.figures}


def read(path: Path, reference: Reference, mapping: ColumnMapping | None, content: str | bytes) -> Incoming:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_incoming(path, reference, mapping)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_wide_table_of_years_by_names(tmp_path: Path, reference: Reference, encoding: str) -> None:
    mapping = mapping_of(None, ["area_code=Huyện"], [*FIXED, "indicator=poverty_rate"], years=True)
    found = read(tmp_path / "w.csv", reference, mapping, WIDE.encode(encoding))
    assert figures(found) == {
        ("181", "poverty_rate", 2022, 12.5),
        ("187", "poverty_rate", 2022, 8.5),
        ("181", "poverty_rate", 2023, 10.25),
    }
    assert found.rejected == ()
    assert {(item.row, item.severity) for item in found.problems} == {(1, "warning"), (2, "warning"), (5, "warning")}


def test_a_wide_table_in_the_encoding_of_old_windows(tmp_path: Path, reference: Reference) -> None:
    content = WIDE.replace("Tỷ lệ hộ nghèo", "").replace("Bình Gia", "181").replace("Sở LĐTBXH", "")
    content = (
        content.replace("ố", "ô\u0301").replace("ể", "ê\u0309").replace("Huyện", "Huyê\u0323n").replace("ồ", "ô\u0300")
    )
    mapping = mapping_of(None, ["area_code=Huyện"], [*FIXED, "indicator=poverty_rate"], years=True)
    assert len(read(tmp_path / "w.csv", reference, mapping, content.encode("cp1258")).figures) == 3


def test_a_wide_table_of_indicators_by_a_file(tmp_path: Path, reference: Reference) -> None:
    (tmp_path / "m.yaml").write_text(
        "columns: {area_code: Mã, year: Năm}\n"
        "fixed: {scope: all, standard: mdp_2022, status: final, source_id: kh99-2021}\n"
        "wide:\n"
        "  Tỷ lệ: {indicator: poverty_rate, unit: percent}\n"
        "  Số hộ: {indicator: poor_households, unit: households}\n"
        "skip: [Tổng]\n",
        encoding="utf-8",
    )
    content = 'Mã,Năm,Tỷ lệ,Số hộ\n181,năm 2023,"10,25%",1.319\n182,31/12/2023,"8,5",\nTổng,2023,9,1\n'
    found = read(tmp_path / "w.csv", reference, read_mapping(tmp_path / "m.yaml"), content)
    assert figures(found) == {
        ("181", "poverty_rate", 2023, 10.25),
        ("182", "poverty_rate", 2023, 8.5),
        ("181", "poor_households", 2023, 1319.0),
    }
    assert [item.row for item in found.problems] == [4]


def test_problems_name_the_files_own_columns(tmp_path: Path, reference: Reference) -> None:
    mapping = mapping_of(None, ["area_code=Huyện"], [*FIXED, "indicator=poverty_rate"], years=True)
    found = read(tmp_path / "w.csv", reference, mapping, "Huyện,2023,2024\nBình Gia,120,x\nHuyện Lạ,1,2\n")
    assert {(item.row, item.column) for item in found.problems} == {(2, "2023"), (2, "2024"), (3, "Huyện")}
    assert found.figures == ()
    assert {(item.row, item.cells["value"]) for item in found.rejected} == {(2, "120"), (2, "x"), (3, "1"), (3, "2")}


def test_merged_headers_of_two_rows(tmp_path: Path, reference: Reference) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["TỔNG HỢP", None, None, None, None],
        ["Huyện", "Hộ nghèo", None, "Hộ cận nghèo", None],
        [None, "Số hộ", "Tỷ lệ", "Số hộ", "Tỷ lệ"],
        ["Bình Gia", 1319, 0.1025, 900, 0.07],
    ):
        sheet.append(row)
    for name in ("A2:A3", "B2:C2", "D2:E2"):
        sheet.merge_cells(name)
    sheet["C4"].number_format = sheet["E4"].number_format = "0.00%"
    book.save(tmp_path / "m.xlsx")
    mapping = ColumnMapping.model_validate(
        {
            "header_rows": 2,
            "columns": {"area_code": "Huyện"},
            "fixed": {
                "scope": "all",
                "year": "2023",
                "standard": "mdp_2022",
                "status": "final",
                "source_id": "kh99-2021",
            },
            "wide": {
                "Hộ nghèo / Số hộ": {"indicator": "poor_households", "unit": "households"},
                "Hộ nghèo / Tỷ lệ": {"indicator": "poverty_rate", "unit": "percent"},
                "Hộ cận nghèo / Tỷ lệ": {"indicator": "near_poverty_rate", "unit": "percent"},
            },
        }
    )
    found = read_incoming(tmp_path / "m.xlsx", reference, mapping)
    assert figures(found) == {
        ("181", "poor_households", 2023, 1319.0),
        ("181", "poverty_rate", 2023, 10.25),
        ("181", "near_poverty_rate", 2023, 7.0),
    }
    assert [item.column for item in found.problems if item.row == 3] == ["Hộ cận nghèo / Số hộ"]


def test_an_ambiguous_commune_is_refused_with_its_codes(tmp_path: Path, reference: Reference) -> None:
    mapping = mapping_of(None, ["area_code=Xã"], [*FIXED, "indicator=poverty_rate"], years=True, area_level="commune")
    found = read(tmp_path / "w.csv", reference, mapping, "Xã,2023\nChi Lăng,5\n")
    assert [(item.row, item.column) for item in found.problems] == [(2, "Xã")]
    assert "0" in found.problems[0].problem
    assert found.figures == ()


def test_a_header_that_the_file_lacks_is_told(tmp_path: Path, reference: Reference) -> None:
    mapping = mapping_of(None, ["area_code=Huyện", "value=Tỷ lệ"], [*FIXED, "indicator=poverty_rate", "year=2023"])
    found = read(tmp_path / "w.csv", reference, mapping, "Huyện,Tỉ số\n181,2\n")
    assert [(item.row, item.column) for item in found.problems if item.severity == "error"] == [(1, "Tỷ lệ")]


@pytest.mark.parametrize(
    "content",
    [
        "columns: [",
        "a: 1",
        "columns: {areacode: x, value: y}",
        "fixed: {year: 2023}",
        "[]",
        "header_rows: 7",
        b"\xff\xfe",
    ],
)
def test_a_wrong_mapping_is_a_usage_error(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError):
        read_mapping(path)


@pytest.mark.parametrize("text", ["indicator", "indikator=poverty_rate"])
def test_a_wrong_pair_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        mapping_of(None, [], [text])
