"""A corpus of tables as offices have them, in every format, through the command line: no traceback, nothing lost.

Each fault is written in ten formats. Every figure of every file has to be taken as it stands, or the row or the
column where it stands has to be told.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl
import pytest

from toolkit.cli.main import main

Grid = list[list[str]]
Fault = Callable[[Grid], Grid | None]
pytestmark = pytest.mark.hostile
CODES = {"Bình Gia": "181", "Bắc Sơn": "185", "Cao Lộc": "183", "Lộc Bình": "188", "Tỉnh Lạng Sơn": "20"}
GRID = [
    ["Huyện", "Nguồn", "2022", "2023", "2024"],
    ["Bình Gia", "", "28.61", "21.53", "15.47"],
    ["Bắc Sơn", "", "11.91", "8.73", "6.17"],
    ["Cao Lộc", "", "7.31", "5.13", "4.19"],
    ["Lộc Bình", "", "9.83", "7.07", "5.59"],
]
HEADERS = ("Huyện", unicodedata.normalize("NFD", "Huyện"), "\u00a0Huyện\u200b ")
TRUTH = {
    (CODES[row[0]], year, float(text)) for row in GRID[1:] for year, text in zip(GRID[0][2:], row[2:], strict=True)
}


def put(row: int, column: int, text: str) -> Fault:
    def change(grid: Grid) -> None:
        grid[row - 1][column - 1] = text

    return change  # type: ignore[return-value]


def names(form: str) -> Fault:
    return lambda grid: [grid[0], *([form.format(row[0]), *row[1:]] for row in grid[1:])]


def column(header: str, *texts: str) -> Fault:
    return lambda grid: [[*row, text] for row, text in zip(grid, (header, *texts), strict=True)]


def rows(at: int, *added: list[str]) -> Fault:
    return lambda grid: [*grid[: at - 1], *added, *grid[at - 1 :]]


FAULTS: dict[str, Fault] = {
    "as it should be": lambda grid: grid,
    "short kinds": names("H. {}"),
    "short kinds without a space": names("h.{}"),
    "the numbers of a list": names("3. Huyện {} (*)"),
    "capitals": lambda grid: [grid[0], *([row[0].upper(), *row[1:]] for row in grid[1:])],
    "decomposed letters": lambda grid: [[unicodedata.normalize("NFD", cell) for cell in row] for row in grid],
    "stray and invisible spaces": lambda grid: [[f"\u00a0{cell}\u200b " for cell in row] for row in grid],
    "a title above": rows(1, ["Biểu số 1: Tỷ lệ hộ nghèo (%)", "", "", "", ""]),
    "notes below": rows(6, ["Nguồn: Sở Nội vụ; số 2024 là ước", "", "", "", ""]),
    "the header again": lambda grid: [*grid[:3], grid[0], *grid[3:]],
    "an empty row inside": rows(4, ["", "", "", "", ""]),
    "a total": rows(6, ["Tổng cộng", "", "13.37", "10.01", "7.77"]),
    "the province below": rows(6, ["Tỉnh Lạng Sơn", "", "12.21", "7.92", "6.01"]),
    "another province": rows(6, ["Võ Nhai", "", "14.41", "13.31", "12.11"]),
    "preliminary": put(1, 5, "Sơ bộ 2024"),
    "an estimate": put(1, 5, "Ước TH năm 2024 (%)"),
    "a unit in the header": put(1, 4, "Năm 2023 (ĐVT: %)"),
    "one year in two columns": column("Năm 2022", "28.62", "11.92", "7.32", "9.84"),
    "one header twice": column("2022", "28.62", "11.92", "7.32", "9.84"),
    "a column without a name": column("", "3.33", "", "", ""),
    "a plan": column("Kế hoạch 2025", "10.11", "5.22", "3.33", "4.44"),
    "a quarter": column("Quý I/2024", "10.11", "5.22", "3.33", "4.44"),
    "a year ahead": column("2042", "10.11", "5.22", "3.33", "4.44"),
    "a column of remarks": column("Ghi chú", "rà soát", "", "", "tăng 0.55"),
    "signs for no figure": lambda grid: [[{"7.31": "..", "8.73": "-"}.get(cell, cell) for cell in row] for row in grid],
    "a flag": put(3, 5, "6.17 (p)"),
    "a footnote mark": put(3, 5, "6.17*"),
    "words": put(3, 5, "chưa có 6.17"),
    "an error of a formula": put(3, 5, "#REF!"),
    "two figures in a cell": put(3, 5, "6.17/6.18"),
    "out of bounds": put(3, 5, "617.5"),
    "a decimal comma among points": put(3, 5, "6,17"),
    "a control character": put(3, 1, "Bắc\u0007 Sơn"),
    "one district twice": rows(6, ["Huyện Cao Lộc", "", "7.39", "5.19", "4.11"]),
    "TCVN3": lambda grid: [grid[0], *([name, *row[1:]] for name, row in zip(TCVN3, grid[1:], strict=True))],
    "VNI": lambda grid: [grid[0], *([name, *row[1:]] for name, row in zip(VNI, grid[1:], strict=True))],
}
TCVN3 = ("B×nh Gia", "B¾c S¬n", "Cao Léc", "Léc B×nh")
VNI = ("Bình Gia", "Baéc Sôn", "Huyeän Cao Loäc", "Huyeän Loäc Bình")
READ_WHOLE = ("as it should be", "short kinds", "short kinds without a space", "the numbers of a list", "capitals",
              "decomposed letters", "stray and invisible spaces", "a title above", "notes below", "preliminary",
              "an empty row inside", "an estimate", "a unit in the header", "a flag")  # fmt: skip


def legacy(text: str) -> bytes:
    """Return text in Windows-1258, where tones stand behind their letters."""
    parts = re.findall("(.)([\u0300-\u036f]*)", unicodedata.normalize("NFD", text), re.DOTALL)
    letters = []
    for letter, marks in parts:
        shape = "".join(mark for mark in marks if mark in "\u0302\u0306\u031b")
        tones = "".join(mark for mark in marks if mark not in shape)
        letters.append(unicodedata.normalize("NFC", letter + shape) + tones)
    return "".join(letters).encode("cp1258", errors="ignore")


def separated(delimiter: str, encode: Callable[[str], bytes]) -> Callable[[Path, Grid], None]:
    def write(path: Path, grid: Grid) -> None:
        lines = [delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in row) for row in grid]
        path.write_bytes(encode("\n".join(lines) + "\n"))

    return write


def excel(*, numbers: bool) -> Callable[[Path, Grid], None]:
    def write(path: Path, grid: Grid) -> None:
        book = openpyxl.Workbook()
        for row in grid:
            cells = [cell.replace("\u0007", "") for cell in row]
            shown = [float(cell) if numbers and re.fullmatch(r"\d+\.\d+", cell) else cell or None for cell in cells]
            book.worksheets[0].append(shown)
        book.save(path)

    return write


def open_document(path: Path, grid: Grid) -> None:
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
                      for name in ("office", "table", "text"))  # fmt: skip
    cells = ("".join(f"<table:table-cell><text:p>{escape(cell)}</text:p></table:table-cell>" for cell in row)
             for row in grid)  # fmt: skip
    table = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells).replace("\u0007", "")
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        parts.writestr("META-INF/manifest.xml", "<manifest/>")
        parts.writestr(
            "content.xml", f'<office:d {spaces}><table:table table:name="t">{table}</table:table></office:d>'
        )


FORMATS: dict[str, Callable[[Path, Grid], None]] = {
    "utf-8.csv": separated(",", str.encode),
    "mark.csv": separated(";", lambda text: text.encode("utf-8-sig")),
    "utf-16.csv": separated("\t", lambda text: text.encode("utf-16")),
    "unmarked.csv": separated(",", lambda text: text.encode("utf-16-le")),
    "windows.csv": separated(";", legacy),
    "pipes.csv": separated("|", str.encode),
    "carriage.csv": separated(",", lambda text: text.replace("\n", "\r\n").encode()),
    "numbers.xlsx": excel(numbers=True),
    "texts.xlsx": excel(numbers=False),
    "open.ods": open_document,
}


def test_the_corpus_has_at_least_two_hundred_files() -> None:
    assert len(FAULTS) * len(FORMATS) >= 200


@pytest.mark.parametrize("fault", FAULTS)
def test_every_figure_is_taken_or_told(
    fault: str, tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [line.split(",")[0] for line in (folder / "sources.csv").read_text(encoding="utf-8").splitlines()[1:]]
    grids = {}
    for (name, write), source in zip(FORMATS.items(), ids, strict=False):
        grid: Grid = [list(row) for row in GRID]
        grid = FAULTS[fault](grid) or grid
        grids[name] = [[source if at == 1 and row[0] not in HEADERS and any(row[2:]) else cell
                        for at, cell in enumerate(row)] for row in grid]  # fmt: skip
        write(tmp_path / name, grids[name])
    fixed = ("scope=all", "indicator=poverty_rate", "unit=percent", "standard=mdp_2022", "status=reported")
    pairs = [part for pair in fixed for part in ("--fixed", pair)]
    columns = ["--column", "area_code=Huyện", "--column", "source_id=Nguồn", "--years", "--area-level", "district"]
    call = ["toolkit", "ingest", "--dry-run", "--no-model", "--json", "--data", folder, *columns, *pairs]
    monkeypatch.setattr(sys, "argv", [*map(str, call), "--", *(str(tmp_path / name) for name in FORMATS)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, 1, None)
    found = json.loads(capsys.readouterr().out)
    for name, grid in grids.items():
        changes = [change for change in found["changes"] if change["file"] == name]
        taken = {
            (item["area_code"], item["year"], float(item["value"])) for item in (each["after"] for each in changes)
        }
        problems = [item for item in found["problems"] if item["file"] == name]
        assert not lost(grid, taken, problems), (name, problems)
        if fault in READ_WHOLE:
            assert taken == TRUTH, (name, problems)
        assert {item for item in taken if item[0] != "20"} <= TRUTH, name


def lost(grid: Grid, taken: set[tuple[str, str, float]], problems: Sequence[dict[str, object]]) -> list[str]:
    """Return the figures of a table that are neither taken nor told by the row or the column where they stand."""
    values, told_rows = {value for *_, value in taken}, {item["row"] for item in problems}
    if any(item["key"] == "data.problem.file_refused" for item in problems):
        return []
    header = next(at for at, row in enumerate(grid) if "Huyện" in unicodedata.normalize("NFC", row[0]))
    told_columns = {item["column"] for item in problems if item["row"] == header + 1}
    missing = []
    for number, row in enumerate(grid[header + 1 :], start=header + 2):
        for at, cell in enumerate(row[2:], start=2):
            for text in re.findall(r"\d+[.,]\d+", cell):
                place = unicodedata.normalize("NFC", grid[header][at]).strip("\u00a0\u200b ")
                known = float(text.replace(",", ".")) in values or number in told_rows or place in told_columns
                missing += [] if known else [text]
    return missing
