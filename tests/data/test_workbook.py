from __future__ import annotations

import tempfile
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.conftest import check_against
from tests.data.tables import COLUMNS, GOOD, changed, workbook
from toolkit.base.problems import Problem, Problems
from toolkit.data.excel import danger, read_workbook
from toolkit.data.parsing import Numeral
from toolkit.data.reference import Reference


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
        (8, "area_code", 5977), (4, "area_code", "Bình Gia"), (2, "year", date(2023, 6, 30)), (2, "year", 2023.5),
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
    (read,) = read_workbook(path, Problems(path.name))
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
    sheet.merge_cells(start_row=3, end_row=4, start_column=1, end_column=1)
    book.save(path)
    found = places(check_against(path, reference))
    wanted = {(1, "from_year"), (1, "value"), (2, ""), (3, "area_code"), (4, "area_code")}
    assert {(*place, "error") for place in wanted} <= found


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


LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
CELLS = st.one_of(
    st.none(),
    st.text(LETTERS, min_size=1, max_size=9),
    st.integers(-(10**9), 10**9),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 6)),
    st.booleans(),
    st.dates(date(1901, 1, 1), date(2100, 1, 1)),
)  # fmt: skip


def shown(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else str(cell)
    return str(cell)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=6))
@settings(max_examples=60)
def test_what_openpyxl_writes_is_read(rows: list[list[object]]) -> None:
    """Another implementation writes, ours reads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for number, cells in enumerate(rows, start=1):
            for column, value in enumerate(cells, start=1):
                cell = sheet.cell(number, column, value)  # type: ignore[arg-type]
                if isinstance(value, str):
                    cell.data_type = "s"  # "=1" is a text here
        book.save(path)
        problems = Problems("a.xlsx")
        (read,) = read_workbook(path, problems)
    assert problems.found == []
    found = {row.number: row.cells for row in read.rows}
    for number, cells in enumerate(rows, start=1):
        wanted = [shown(cell) for cell in cells]
        assert [*found.get(number, ()), *[""] * 4][: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        ("0%", 0.5, "50"), ("0.00%", 0.0232, "2.32"), ("yyyy-mm-dd", 46000, "2025-12-09"),
        ("d/m/yy", 46000, "2025-12-09"),
        ("General", 46000, "46000"), ('0.0" hộ"', 46000, "46000"), ("#,##0", 12868, "12868"), ("[Red]0.0", 1.5, "1.5"),
        ('0.0"%"', 2.32, "2.32"), ("mmm yy", 46000, "2025-12-09"), ("@", 20, "20"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_their_format_shows_them(code: str, value: float, text: str, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.cell(1, 1, value).number_format = code
    book.save(tmp_path / "a.xlsx")
    (read,) = read_workbook(tmp_path / "a.xlsx", Problems("a.xlsx"))
    assert read.rows[0].cells == (text,)


def test_a_macintosh_calendar_begins_in_1904(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [[date(2025, 6, 30)]], header=["day"])
    (read,) = read_workbook(path, Problems("a"))
    assert read.rows[1].cells == ("2025-06-30",)
    spoil(path, "xl/workbook.xml", b"<workbookPr", b'<workbookPr date1904="1"')
    (read,) = read_workbook(path, Problems("a"))
    assert read.rows[1].cells == ("2029-07-01",)


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def by_hand(path: Path, cells: str, strings: str = "", *, prefix: str = "", space: str = MAIN) -> Path:
    """Write a workbook as other programs do: shared strings, prefixes, absolute targets, no styles."""
    p = f"{prefix}:" if prefix else ""
    declared = f'xmlns{":" if prefix else ""}{prefix}="{space}"'
    links = "".join(
        f'<Relationship Id="r{number}" Type="{LINKS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(
            [("worksheet", "/xl/worksheets/one.xml"), ("sharedStrings", "texts.xml")]
        )
    )
    top = f'<Relationship Id="a" Type="{LINKS}/officeDocument" Target="xl/book.xml"/>'
    sheet = f'<{p}sheet name="Số liệu" sheetId="1" r:id="r0"/>'
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}">{top}</Relationships>',
        "xl/_rels/book.xml.rels": f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>',
        "xl/book.xml": f'<{p}workbook {declared} xmlns:r="{LINKS}"><{p}sheets>{sheet}</{p}sheets></{p}workbook>',
        "xl/texts.xml": f"<{p}sst {declared}>{strings}</{p}sst>",
        "xl/worksheets/one.xml": f"<{p}worksheet {declared}><{p}sheetData>{cells}</{p}sheetData></{p}worksheet>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return path


def read(path: Path) -> list[tuple[int, tuple[str, ...]]]:
    problems = Problems(path.name)
    sheets = read_workbook(path, problems)
    assert problems.found == []
    return [(row.number, row.cells) for sheet in sheets for row in sheet.rows]


def test_shared_strings_are_looked_up_and_runs_joined_without_their_pronunciation(tmp_path: Path) -> None:
    runs = "<r><t>Lạng</t></r><r><t xml:space='preserve'> Sơn</t></r><rPh sb='0' eb='1'><t>x</t></rPh>"
    strings = f"<si><t>Bình_x000D_Gia</t></si><si>{runs}</si><si/>"
    cells = "<row r='3'><c r='B3' t='s'><v>1</v></c><c r='D3' t='s'><v>0</v></c><c r='E3' t='s'><v>2</v></c></row>"
    assert read(by_hand(tmp_path / "a.xlsx", cells, strings)) == [(3, ("", "Lạng Sơn", "", "Bình\rGia"))]


@pytest.mark.parametrize(("prefix", "space"), [("", MAIN), ("x", MAIN), ("", STRICT), ("ss", STRICT)])
def test_both_editions_of_the_format_with_and_without_prefix(prefix: str, space: str, tmp_path: Path) -> None:
    p = f"{prefix}:" if prefix else ""
    cells = f"<{p}row><{p}c t='inlineStr'><{p}is><{p}t>a</{p}t></{p}is></{p}c><{p}c><{p}v>1.50</{p}v></{p}c></{p}row>"
    later = f"<{p}row r='9'><{p}c r='C9' t='str'><{p}f>A1</{p}f><{p}v>b</{p}v></{p}c></{p}row>"
    path = by_hand(tmp_path / "a.xlsx", cells + later, prefix=prefix, space=space)
    assert read(path) == [(1, ("a", "1.5")), (9, ("", "", "b"))]


@pytest.mark.parametrize(
    "cells",
    [
        "<row r='0'><c><v>1</v></c></row>", "<row r='1048577'><c><v>1</v></c></row>",
        "<row><c r='1A'><v>1</v></c></row>",
        "<row><c t='s'><v>7</v></c></row>", "<row><c><v>one</v></c></row>", "<row><c r='ALM1'><v>1</v></c></row>",
        "<row><c>", "<row r='99999999999999999999'/>",
    ],
)  # fmt: skip
def test_a_sheet_that_is_none_is_told(cells: str, tmp_path: Path) -> None:
    problems = Problems("a.xlsx")
    assert read_workbook(by_hand(tmp_path / "a.xlsx", cells), problems) == ()
    assert [(problem.row, problem.severity) for problem in problems.found] == [(1, "error")]


def test_a_value_far_to_the_right_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", GOOD[:1])
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    sheet["XFD1"] = "x"
    book.save(path)
    problems = Problems("a")
    assert read_workbook(path, problems) == ()
    assert [problem.row for problem in problems.found] == [1]


OPEN_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "style")
)
MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"


def open_workbook(path: Path, tables: str, mimetype: str = MIMETYPE, manifest: str = "<manifest/>") -> Path:
    """Write an ODS workbook with some tables as XML."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("mimetype", mimetype)
        parts.writestr("META-INF/manifest.xml", manifest)
        style = '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'
        body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        parts.writestr("content.xml", f"<office:document-content {OPEN_SPACES}>{style}{body}</office:document-content>")
    return path


def open_cell(text: str, **given: str) -> str:
    named = {"value_type": "office", "value": "office", "date_value": "office", "boolean_value": "office"}
    attributes = "".join(
        f' {named.get(name, "table")}:{name.replace("_", "-")}="{value}"' for name, value in given.items()
    )
    return f"<table:table-cell{attributes}>{text and f'<text:p>{text}</text:p>'}</table:table-cell>"


def open_row(*cells: str, given: str = "") -> str:
    return f"<table:table-row {given}>{''.join(cells)}</table:table-row>"


def test_an_ods_workbook_is_read_as_shown(tmp_path: Path) -> None:
    rows = [
        open_row(open_cell("Huyện"), open_cell("2022", value_type="float", value="2022")),
        open_row(given='table:number-rows-repeated="3"'),
        open_row(
            open_cell("H. <text:span>Bình</text:span><text:s/>Gia"),
            open_cell("12,2 %", value_type="percentage", value="0.122", number_columns_repeated="2"),
            open_cell("31/12/2024", value_type="date", date_value="2024-12-31T00:00:00"),
            open_cell("ĐÚNG", value_type="boolean", boolean_value="true"),
            open_cell("", formula="of:=1+1"),
        ),
        open_row(
            open_cell("a", number_rows_spanned="2", number_columns_spanned="2"), "<table:covered-table-cell/>",
            open_cell("c"), given='table:number-rows-repeated="2" table:visibility="collapse"',
        ),
        open_row(open_cell("", number_columns_repeated="16384"), given='table:number-rows-repeated="1048567"'),
    ]  # fmt: skip
    tables = f'<table:table table:name="Biểu">{"".join(rows)}</table:table>'
    path = open_workbook(tmp_path / "t.ods", tables + '<table:table table:name="Ẩn" table:style-name="h"/>')
    problems = Problems("t.ods")
    shown, hidden = read_workbook(path, problems)
    assert problems.all() == []
    assert [(row.number, row.cells) for row in shown.rows] == [
        (1, ("Huyện", "2022")),
        (5, ("H. Bình Gia", "12.2", "12.2", "2024-12-31", "TRUE", "=of:=1+1")),
        (6, ("a", "", "c")),
        (7, ("a", "", "c")),
    ]
    assert isinstance(shown.rows[1].cells[1], Numeral)
    assert (shown.merged, shown.hidden) == (((6, 7, 0, 1),), (6, 7))
    assert (shown.name, shown.visible, hidden.name, hidden.visible) == ("Biểu", True, "Ẩn", False)


@pytest.mark.parametrize(
    ("row", "given", "kind"),
    [
        (open_row(open_cell("x"), given='table:number-rows-repeated="900000"'), {}, "unreadable"),
        (open_row(open_cell("x", number_columns_repeated="16384")), {}, "unreadable"),
        (open_row(open_cell("x", value_type="float", value="one")), {}, "unreadable"),
        (open_row(open_cell("x")), {"mimetype": "application/vnd.oasis.opendocument.text"}, "other_workbook"),
        (open_row(open_cell("x")), {"manifest": "<m><encryption-data/></m>"}, "encrypted"),
        (open_row(open_cell("x")), {"manifest": "<!DOCTYPE m [<!ENTITY a 'b'>]><m/>"}, "entities"),
        ("x" * 20_000_000, {}, "bomb"),
        ("<table:table-row>", {}, "unreadable"),
    ],
)
def test_hostile_ods_workbooks_are_refused(row: str, given: dict[str, str], kind: str, tmp_path: Path) -> None:
    problems = Problems("t.ods")
    path = open_workbook(tmp_path / "t.ods", f'<table:table table:name="t">{row}</table:table>', **given)
    assert read_workbook(path, problems) == ()
    assert [(item.kind, item.row) for item in problems.all()] == [(kind, 1)]


def test_an_ods_table_is_checked_like_any_other(tmp_path: Path, reference: Reference) -> None:
    bad = [COLUMNS, *GOOD[:2], changed(4, value="x")]
    rows = "".join(open_row(*map(open_cell, cells)) for cells in bad)
    path = open_workbook(tmp_path / "t.ods", f'<table:table table:name="t">{rows}</table:table>')
    assert places(check_against(path, reference)) == {(4, "value", "error")}
