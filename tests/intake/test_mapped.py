"""Tables of somebody else's making, by a declared mapping: long and wide, CSV and workbooks."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from toolkit.base.errors import UsageError
from toolkit.data.reference import Reference
from toolkit.intake.incoming import Incoming, read_incoming
from toolkit.intake.mapping import ColumnMapping, checked_mapping, mapping_of, read_mapping, year_and_status

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


@pytest.mark.parametrize(
    ("text", "year", "status"),
    [
        ("Sơ bộ 2023", "2023", "preliminary"), ("Ước thực hiện năm 2024", "2024", "preliminary"),
        ("2023 (sơ bộ)", "2023", "preliminary"), ("Prel. 2023", "2023", "preliminary"),
        ("2023p", "2023", "preliminary"),
        ("Năm 2019 (ĐVT: %)", "2019", ""), ("Năm 2019 (Đơn vị tính: nghìn đồng)", "2019", ""), ("2020 (*)", "2020", ""),
        ("Thực hiện 2022", "2022", ""), ("Chính thức 2022", "2022", "final"), ("31/12/2021", "2021", ""),
        ("Kế hoạch 2025", "", ""), ("6 tháng 2024", "", ""), ("2021-2023", "", ""), ("2023/2022 (%)", "", ""),
        ("Tăng so với 2022", "", ""),
    ],
)  # fmt: skip
def test_years_are_read_from_headers_as_offices_write_them(text: str, year: str, status: str) -> None:
    given = {"year": year} if year else {}
    assert year_and_status(text) == ({**given, "status": status} if status else given)


def test_a_table_of_the_statistics_office(tmp_path: Path, reference: Reference) -> None:
    """Its newest column says that it is preliminary; signs and flags stand for what is missing or not final."""
    content = (
        "Tỷ lệ hộ nghèo\n;Năm 2021;2022 (ĐVT: %);Sơ bộ 2023\nCẢ NƯỚC;..;4,03;3,4 (p)\nTỉnh Lạng Sơn;12,2;…;6,0\n"
        "H. Bình Gia;-;28,61;21,5\n"
    ).replace("\n;Năm", "\nHuyện;Năm")
    mapping = mapping_of(None, ["area_code=Huyện"], [*FIXED, "indicator=poverty_rate"], years=True,
                         area_level="district")  # fmt: skip
    found = read(tmp_path / "w.csv", reference, mapping, content)
    assert [(item.area_code, item.year, item.value, item.status) for item in found.figures] == [
        ("20", 2021, 12.2, "reported"), ("VN", 2022, 4.03, "reported"), ("181", 2022, 28.61, "reported"),
        ("VN", 2023, 3.4, "preliminary"), ("20", 2023, 6.0, "preliminary"), ("181", 2023, 21.5, "preliminary"),
    ]  # fmt: skip
    signs = {(item.row, item.column, item.fields["count"]) for item in found.problems if item.kind == "missing_signs"}
    assert signs == {(3, "Năm 2021", 2), (4, "2022 (ĐVT: %)", 1)}
    assert found.rejected == ()


def test_names_for_codes_and_a_status_in_words(tmp_path: Path, reference: Reference) -> None:
    (tmp_path / "m.yaml").write_text(
        "columns: {area_code: Đơn vị, indicator: Chỉ tiêu, value: Số, status: Loại, year: Kỳ}\n"
        "fixed: {scope: all, unit: percent, standard: mdp_2022, source_id: kh99-2021}\n"
        "names: {Toàn tỉnh: '20', Nghèo: poverty_rate, Cận nghèo: near_poverty_rate}\narea_level: district\n",
        encoding="utf-8",
    )
    content = (
        "Đơn vị,Chỉ tiêu,Kỳ,Loại,Số\nToàn tỉnh,Nghèo,Năm 2023,Đã phê duyệt,7.92\nBình Gia,CẬN NGHÈO,Sơ bộ 2024,,5.1\n"
    )
    found = read(tmp_path / "w.csv", reference, read_mapping(tmp_path / "m.yaml"), content)
    assert [(item.area_code, item.indicator, item.year, item.status) for item in found.figures] == [
        ("20", "poverty_rate", 2023, "final"),
        ("181", "near_poverty_rate", 2024, "preliminary"),
    ]


@pytest.mark.parametrize(
    ("choice", "rows", "left"),
    [({"only": ["H. Bình Gia", "185"]}, {2, 4}, 2), ({"rest": "ignore"}, {2, 3, 4}, 1), ({}, {2, 3, 4}, 0)],
)
def test_rows_of_other_areas_can_be_left_out_and_are_counted(
    choice: dict[str, object], rows: set[int], left: int, tmp_path: Path, reference: Reference
) -> None:
    mapping = checked_mapping(
        {"columns": {"area_code": "Huyện"}, "years": True, "area_level": "district", **choice,
         "fixed": {**dict(pair.split("=") for pair in FIXED), "indicator": "poverty_rate"}}, "m"
    )  # fmt: skip
    content = "Huyện,2022,2023\nBình Gia,12,10\nChi Lăng,9,8\nBắc Sơn,5,4\nVõ Nhai,7,6\n"
    found = read(tmp_path / "w.csv", reference, mapping, content)
    assert {item.row for item in found.figures} == rows
    told = [item for item in found.problems if item.kind == "rest_left_out"]
    assert [item.fields["count"] for item in told] == ([left] if left else [])
    assert {item.row for item in found.rejected} == (set() if left else {5})


def test_two_columns_of_the_same_figures_are_refused(tmp_path: Path, reference: Reference) -> None:
    mapping = mapping_of(None, ["area_code=Huyện"], [*FIXED, "indicator=poverty_rate"], years=True)
    found = read(tmp_path / "w.csv", reference, mapping, "Huyện,2023,Sơ bộ 2023\n181,12,11\n")
    assert [(item.kind, item.column) for item in found.problems] == [
        ("same_figures", "2023"), ("same_figures", "Sơ bộ 2023")
    ]  # fmt: skip
    assert found.figures == ()


OLD_FONTS = {
    "TCVN3": [("B×nh Gia", 28.61), ("B¾c S¬n", 11.9), ("Léc B×nh", 9.8)],
    "VNI": [("Huyeän Bình Gia", 28.61), ("Huyeän Loäc Bình", 9.8), ("Tænh Laïng Sôn", 5.0)],
}


@pytest.mark.parametrize("font", OLD_FONTS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_names_in_an_old_font_are_told_by_every_format(
    font: str, kind: str, tmp_path: Path, reference: Reference
) -> None:
    rows = [("Huyen", "2022"), *OLD_FONTS[font]]
    path = tmp_path / f"t.{kind}"
    if kind == "csv":
        path.write_text("\n".join(f"{name},{value}" for name, value in rows), encoding="utf-8")
    else:
        book = openpyxl.Workbook()
        for row in rows:
            book.worksheets[0].append(list(row))
        book.save(path)
    mapping = mapping_of(None, ["area_code=Huyen"], [*FIXED, "indicator=poverty_rate"], years=True)
    found = read_incoming(path, reference, mapping)
    assert [item.row for item in found.problems if item.kind == "tcvn3"] == [2]
    assert found.figures == ()


def test_a_note_in_an_old_font_and_hidden_rows_are_told(tmp_path: Path, reference: Reference) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["Huyện", 2022, "Ghi chú"], ["Bình Gia", 28.61, "hé nghÌo ®­îc xÐt"], ["Bắc Sơn", 11.9, "hộ nghèo"],
                ["Cao Lộc", 5.1, None]):  # fmt: skip
        sheet.append(row)
    sheet.row_dimensions[4].hidden = True
    book.save(tmp_path / "t.xlsx")
    mapping = mapping_of(None, ["area_code=Huyện", "note=Ghi chú"], [*FIXED, "indicator=poverty_rate"], years=True)
    found = read_incoming(tmp_path / "t.xlsx", reference, mapping)
    told = {(item.kind, item.row, item.severity) for item in found.problems}
    assert told == {("old_font", 2, "warning"), ("rows_hidden", 4, "warning")}
    assert len(found.figures) == 3
