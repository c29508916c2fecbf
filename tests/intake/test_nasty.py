"""Files as they really come in, nastier than the corpus: through every command, each told in the right cell."""

from __future__ import annotations

import datetime
import json
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.data.tables import COLUMNS, GOOD, changed, plus, spoilt, text
from toolkit.cli.main import main
from toolkit.data.dataset import state_of
from toolkit.data.reference import Reference
from toolkit.intake.incoming import check_files, read_incoming

pytestmark = pytest.mark.hostile
Place = tuple[int, str]
TABLE = text()
FINE: set[Place] = set()
COMMA = [tuple(cell.replace(".", ",") if at == 5 else cell for at, cell in enumerate(row)) for row in GOOD]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600
NFC_NOTE = "hộ nghèo là người dân tộc thiểu số"

FILES: dict[str, tuple[str | bytes, set[Place]]] = {
    # ---- how bytes become text
    "UTF-16 LE without a mark": (TABLE.encode("utf-16-le"), FINE),
    "UTF-16 BE without a mark": (TABLE.encode("utf-16-be"), FINE),
    "UTF-16 cut in the middle of a letter": (TABLE.encode("utf-16")[:-1], {(8, "")}),
    "two encodings in one file": (
        (TABLE + f"20,hdi,all,2019,,0.7,about,index,,reported,wiki-th,,,{NFC_NOTE}\n").encode()
        + "20,hdi,all,2018,,0.7,about,index,,reported,wiki-th,,,Làng\n".encode("cp1258"), {(10, "")},
    ),
    "a NUL byte": (TABLE.replace("tbtc-ls", "tbtc\0-ls").encode(), {(2, "source_id")}),
    "a mark in the middle": (TABLE.replace("181,poor", "\ufeff181,poor"), FINE),
    "decomposed letters": (unicodedata.normalize("NFD", spoilt(2, "note", NFC_NOTE)), FINE),
    "only carriage returns": (TABLE.replace("\n", "\r"), FINE),
    "semicolons, decimal commas": (text(COMMA, delimiter=";"), FINE),
    "a line sep=; as Excel writes it": ("sep=;\n" + text(COMMA, delimiter=";"), FINE),
    "tabs": (text(delimiter="\t"), FINE),
    # ---- headers and the shape of the table
    "the header under a title": ("BÁO CÁO NĂM 2024\n\n\n" + TABLE, FINE),
    "capitals and spaces in the header": (TABLE.replace("area_code,indicator", " Area_Code , INDICATOR ", 1), FINE),
    "two columns of one name": (TABLE.replace("qualifier", "value", 1), {(1, "value")}),
    "two tables in one sheet": (TABLE + "\n\n" + text([changed(2, year="2021", standard="mdp_2016")]), {(11, "")}),
    "two tables that contradict": (TABLE + "\n\n" + text([changed(2, value="7")]), {(11, ""), (2, "value")}),
    "an open quotation mark": (TABLE.replace("20,hdi", '20,"hdi'), {(6, "")}),
    "a header only": (",".join(COLUMNS) + "\n", FINE),
    "thousands of columns": (",".join(f"c{at}" for at in range(9_000)) + "\n", {(1, "")}),
    "a row of half a million cells": (TABLE + "x," * 500_000 + "\n", {(9, "")}),
    # ---- numbers
    "spaces that do not break in thousands": (TABLE.replace(",12868,", ",12\u00a0868,"), FINE),
    "narrow spaces in thousands": (TABLE.replace(",12868,", ",12\u202f868,"), FINE),
    "a minus sign of print": (spoilt(2, "value", "−6.03"), {(2, "value")}),
    "an en dash for a minus": (spoilt(2, "value", "–6.03"), {(2, "value")}),
    "per cent with a space": (spoilt(2, "value", "6.03 %"), FINE),
    "one decimal comma among points": (spoilt(2, "value", "6,03%"), {(2, "value")}),
    "an apostrophe before it": (spoilt(2, "value", "'6.03"), {(2, "value")}),
    "quotation marks of print": (spoilt(2, "value", "“6.03”"), {(2, "value")}),
    "brackets": (spoilt(2, "value", "(6.03)"), {(2, "value")}),
    "n/a": (spoilt(2, "value", "n/a"), {(2, "value")}),
    "#N/A": (spoilt(2, "value", "#N/A"), {(2, "value")}),
    "#REF!": (spoilt(2, "value", "#REF!"), {(2, "value")}),
    "an ellipsis": (spoilt(2, "value", "…"), {(2, "value")}),
    "an x": (spoilt(2, "value", "x"), {(2, "value")}),
    "less than": (spoilt(2, "value", "<6.03"), {(2, "value")}),
    "two in one cell": (spoilt(2, "value", "6.03; 6.04"), {(2, "value")}),
    "in words": (spoilt(2, "value", "sáu phẩy không ba"), {(2, "value")}),
    # ---- years and days
    "a half-year": (spoilt(2, "year", "6 tháng đầu năm 2024"), {(2, "year")}),
    "a quarter": (spoilt(2, "year", "Quý IV/2023"), {(2, "year")}),
    "a day within a year": (spoilt(2, "year", "30/06/2023"), {(2, "year")}),
    "a year in words": (spoilt(2, "year", "Năm 2023"), FINE),
    "the last day of a year": (spoilt(2, "year", "31/12/2023"), FINE),
    "a day as a number": (spoilt(2, "year", "45291"), {(2, "year")}),
    "a day of publication as a number": (spoilt(2, "available_from", "45322"), {(2, "available_from")}),
    "an American day": (spoilt(2, "available_from", "12/31/2024"), {(2, "available_from")}),
    # ---- codes
    "a letter O for a zero": (spoilt(2, "area_code", "2О"), {(2, "area_code")}),
    "text that runs backwards": (spoilt(2, "area_code", "\u202e02x"), {(2, "area_code")}),
    "a space of no width inside": (TABLE.replace("poverty_rate", "poverty\u200b_rate"), FINE),
    "signs outside the first plane": (spoilt(2, "note", "😀" * 100), FINE),
    "one row twice": (plus(*GOOD[0]), {(9, "value")}),
    # ---- other files with a name of ours
    "a password or an old workbook": (OLE, {(1, "")}),
    "nothing": (b"", {(1, "")}),
    "a page": ("<html><table><tr><td>area_code</td></tr></table></html>", {(1, "")}),
    "an end of a zip": (b"PK\x05\x06" + b"\0" * 18, {(1, "")}),
}  # fmt: skip


def sheet_of(change: Callable[[Any], None]) -> Callable[[Path], Path]:
    """Return a maker of a workbook with the good table, changed."""

    def make(path: Path) -> Path:
        book = openpyxl.Workbook()
        sheet: Any = book.active
        for cells in (COLUMNS, *GOOD):
            sheet.append(list(cells))
        change(sheet)
        book.save(path)
        return path

    return make


def put(place: str, value: object, **styles: object) -> Callable[[Any], None]:
    def change(sheet: Any) -> None:
        sheet[place] = value
        for name, style in styles.items():
            setattr(sheet[place], name, style)

    return change


def second_sheet(sheet: Any) -> None:
    other = sheet.parent.create_sheet("Ẩn")
    for cells in (COLUMNS, changed(2, value="99")):
        other.append(list(cells))
    other.sheet_state = "veryHidden"


def titled(sheet: Any) -> None:
    sheet.insert_rows(1, 2)
    sheet["A1"] = "Biểu số 1"


def other_workbook(part: str) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        with zipfile.ZipFile(path, "w") as parts:
            parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            parts.writestr(part, b"")
        return path

    return make


BOOKS: dict[str, tuple[Callable[[Path], Path], set[Place]]] = {
    "as it should be": (sheet_of(lambda _: None), FINE),
    "per cent by format": (sheet_of(put("F2", 0.0603, number_format="0.00%")), FINE),
    "years and days as days": (sheet_of(put("D2", datetime.date(2023, 12, 31))), FINE),
    "a day without its format": (sheet_of(put("D2", 45291)), {(2, "year")}),
    "a formula without its result": (sheet_of(put("F2", "=6+0.03")), {(2, "value")}),
    "an error cell": (sheet_of(put("F2", "#REF!", data_type="e")), {(2, "value")}),
    "a number as text": (sheet_of(put("F2", "6.03", quotePrefix=True)), FINE),
    "a yes": (sheet_of(put("F2", value=True)), {(2, "value")}),
    "a code that lost its zero": (sheet_of(put("A8", 5977)), {(8, "area_code")}),
    "a number beyond all": (sheet_of(put("F2", 9.99e307)), {(2, "value")}),
    "merged cells": (sheet_of(lambda sheet: sheet.merge_cells("A2:A3")), {(2, "area_code"), (3, "area_code")}),
    "a stray cell far below": (sheet_of(put("T300", "lạc")), {(300, "")}),
    "a stray cell far to the right": (sheet_of(put("ZZ3", "lạc")), {(3, "")}),
    "a hidden second table": (sheet_of(second_sheet), FINE),
    "a title above": (sheet_of(titled), FINE),
    "an OpenDocument": (other_workbook("content.xml"), {(1, "")}),
    "a binary workbook": (other_workbook("xl/workbook.bin"), {(1, "")}),
}
NAMES = (
    "dấu cách và dấu.csv",
    "-dash.csv",
    "quote'\".csv",
    "new\nline.csv",
    "=1+1.csv",
    "a;b,c.csv",
    "x" * 200 + ".csv",
)


def places(path: Path, reference: Reference) -> set[Place]:
    return {(item.row, item.column) for item in check_files([path], reference) if item.severity == "error"}


def told_or_taken(path: Path, reference: Reference, wanted: set[Place]) -> None:
    """Assert that the file says what it should, and that every row is taken or rejected with a reason."""
    assert wanted <= places(path, reference)
    assert wanted or not places(path, reference)
    found = read_incoming(path, reference)
    rejected = {item.row for item in found.rejected}
    taken = {item.row for item in found.figures}
    assert {row for row, _ in wanted} <= rejected
    assert not rejected & taken
    assert all(item.problems for item in found.rejected)
    assert wanted or taken or "header only" in path.stem


@pytest.mark.parametrize("name", FILES)
def test_a_nasty_table_is_told(name: str, tmp_path: Path, reference: Reference) -> None:
    content, wanted = FILES[name]
    path = tmp_path / f"{'a header only' if name == 'a header only' else 't'}.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    told_or_taken(path, reference, wanted)


@pytest.mark.parametrize("name", BOOKS)
def test_a_nasty_workbook_is_told(name: str, tmp_path: Path, reference: Reference) -> None:
    make, wanted = BOOKS[name]
    told_or_taken(make(tmp_path / "t.xlsx"), reference, wanted)


def test_a_workbook_under_another_name(tmp_path: Path, reference: Reference) -> None:
    made = BOOKS["as it should be"][0](tmp_path / "t.xlsx")
    assert places(made.rename(tmp_path / "t.csv"), reference) == set()
    (tmp_path / "csv.xlsx").write_text(TABLE, encoding="utf-8")
    assert places(tmp_path / "csv.xlsx", reference) == {(1, "")}
    (tmp_path / "password.xlsx").write_bytes(OLE)
    (problem,) = check_files([tmp_path / "password.xlsx"], reference)
    assert "password" in problem.problem


def everything(folder: Path) -> list[Path]:
    """Write all files, with strange names too."""
    paths = []
    for at, (content, _) in enumerate(FILES.values()):
        paths.append(folder / f"{at}.csv")
        paths[-1].write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    for at, (make, _) in enumerate(BOOKS.values()):
        paths.append(make(folder / f"{at}.xlsx"))
    for name in NAMES:
        paths.append(folder / name)
        paths[-1].write_text(spoilt(2, "value", "x"), encoding="utf-8")
    return paths


def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["toolkit", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return (ended.value.code if isinstance(ended.value.code, int) else 0), capsys.readouterr().out


def test_all_of_them_from_the_command_line(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = everything(tmp_path)
    wrong = {path.name for path, (_, wanted) in zip(paths, [*FILES.values(), *BOOKS.values()], strict=False) if wanted}
    wrong |= set(NAMES)
    code, out = printed(capsys, monkeypatch, "check", "--json", "--", *paths)
    alone = [item for item in json.loads(out) if not item["key"].endswith("two_values")]  # files that contradict others
    assert (code, {item["file"] for item in alone if item["severity"] == "error"}) == (1, wrong)
    code, out = printed(capsys, monkeypatch, "check", "--csv", "--", *paths)
    assert (code, out.count("\n") > len(wrong)) == (1, True)
    before = state_of(folder)
    dry = ("ingest", "--dry-run", "--no-model", "--data", folder)
    code, out = printed(capsys, monkeypatch, *dry, "--", *paths)
    assert code == 1
    fixed = [part for pair in ("area_code=181", "indicator=poverty_rate") for part in ("--fixed", pair)]
    for mapping in (["--column", "value=value"], ["--years"]):
        code, out = printed(capsys, monkeypatch, *dry, *mapping, *fixed, "--json", "--", *paths)
        assert code == 1
        assert json.loads(out)["counts"]["new"] == 0
    assert state_of(folder) == before


@pytest.mark.parametrize("command", ["check", "ingest"])
@pytest.mark.parametrize("kind", ["folder", "missing", "loop", "dangling"])
def test_what_is_no_file_is_a_wrong_call(
    command: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.symlink_to(path if kind == "loop" else tmp_path / "nothing")
    assert printed(capsys, monkeypatch, command, path) == (2, "")


def test_a_file_that_may_not_be_read_is_told(
    tmp_path: Path, reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(TABLE, encoding="utf-8")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    (problem,) = check_files([path], reference)
    assert (problem.row, problem.severity) == (1, "error")
