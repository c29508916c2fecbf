"""A corpus of bad files through ingest: no traceback, no row lost in silence, and the right cell for each.

The rules of single cells are tested with the data room; here are whole files as they come in: formats, encodings,
headers, tables of people, templates, workbooks that were tampered with.
"""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.tables import COLUMNS, GOOD, REQUIRED, changed, plus, spoilt, text, without
from toolkit.base.texts import fold
from toolkit.data.parsing import day_of, reading, year_of
from toolkit.data.reference import STATUS_WORDS, Reference
from toolkit.data.tables import tidy
from toolkit.intake.incoming import Incoming, read_incoming, stored_cells
from toolkit.intake.mapping import checked_mapping

pytestmark = pytest.mark.hostile
Place = tuple[int, str]
WIDE = checked_mapping(
    {
        "columns": {"area_code": "Huyện"}, "years": True, "area_level": "district",
        "fixed": {"indicator": "poverty_rate", "scope": "all", "unit": "percent", "standard": "mdp_2022",
                  "status": "final", "source_id": "kh99-2021"},
    }, "",
)  # fmt: skip

# ---- tables with the project's columns: content, and where an error must be told
TABLES: dict[str, tuple[str | bytes, set[Place]]] = {
    "nothing at all": (b"", {(1, "")}),
    "blank lines": ("\n\n \n", {(1, "")}),
    "a letter": ("Kính gửi: Sở Dân tộc và Tôn giáo\nBáo cáo năm 2025\n", {(1, "")}),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), {(1, "")}),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", {(1, "")}),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, {(1, "")}),
    "gzip": (b"\x1f\x8b\x08\x00" + b"x" * 100, {(1, "")}),
    "zeros": (b"\0" * 300, {(1, "")}),
    "a broken zip": (b"PK\x03\x04broken", {(1, "")}),
    "HTML saved as CSV": ("<html><body><table><tr><td>1</td></tr></table></body></html>", {(1, "")}),
    "JSON saved as CSV": ('[{"area_code": "20", "value": 1}]', {(1, "")}),
    "only strange columns": ("a,b\n1,2\n", {(1, "")}),
    **{f"no column {name}": (without(name), {(1, name)}) for name in REQUIRED},
    "TCVN3": ("area_code;note\n181;Tû lÖ hé nghÌo n¨m 2020 cña huyÖn\n".encode("cp1252"), {(2, "")}),
    "damaged UTF-8": (text().encode().replace(b"whole", b"wh\xffole\xc3\xa9\xe1\xba\xa1", 1), {(6, "")}),
    "half a row": (text() + "20,poverty_rate,all\n", {(9, "")}),
    "a row too long": (text() + ",".join([*GOOD[0], "x"]) + "\n", {(9, "")}),
    "an open quotation mark": (text() + '20,"poverty_rate,all,2021\n', {(9, "")}),
    "header repeated": (plus(*COLUMNS), {(9, "")}),
    "a note below": (plus("Ghi chú: số sơ bộ", *[""] * (len(COLUMNS) - 1)), {(9, "")}),
    "a total below": (plus("Tổng cộng", *[""] * (len(COLUMNS) - 1)), {(9, "")}),
    "merge marks": (plus("<<<<<<< HEAD", *[""] * (len(COLUMNS) - 1)), {(9, "")}),
    "a huge cell": (spoilt(3, "note", "x" * 200_000), {(3, "")}),
    "formula as a value": (spoilt(2, "value", "=6+0.03"), {(2, "value")}),
    "command as a value": (spoilt(2, "value", "=cmd|' /C calc'!A0"), {(2, "value")}),
    "entity as a value": (spoilt(2, "value", "&lt;6.03&gt;"), {(2, "value")}),
    "script as a code": (spoilt(2, "area_code", "<script>alert(1)</script>"), {(2, "area_code")}),
    "path as a source": (spoilt(2, "source_id", "../../etc/passwd"), {(2, "source_id")}),
    "control characters": (spoilt(2, "note", "a\x07b"), {(2, "note")}),
    "a word for a number": (spoilt(2, "value", "khoảng 6"), {(2, "value")}),
    "a range for a number": (spoilt(2, "value", "6-7"), {(2, "value")}),
    "a fraction for a number": (spoilt(2, "value", "3681/12868"), {(2, "value")}),
    "infinity": (spoilt(2, "value", "inf"), {(2, "value")}),
    "not a number": (spoilt(2, "value", "NaN"), {(2, "value")}),
    "an error of Excel": (spoilt(2, "value", "#DIV/0!"), {(2, "value")}),
    "a dash for nothing": (spoilt(2, "value", "-"), {(2, "value")}),
    "dots for nothing": (spoilt(2, "value", "..."), {(2, "value")}),
    "full-width digits": (spoilt(2, "value", "６.０３"), {(2, "value")}),
    "both decimal marks": (spoilt(2, "value", "6,03"), {(2, "value")}),
    "above one hundred per cent": (spoilt(2, "value", "603"), {(2, "value")}),
    "below zero": (spoilt(2, "value", "-6.03"), {(2, "value")}),
    "half a household": (spoilt(4, "value", "3681.5"), {(4, "value")}),
    "two digits of a year": (spoilt(2, "year", "23"), {(2, "year")}),
    "a school year": (spoilt(2, "year", "2022-2023"), {(2, "year")}),
    "a year ahead": (spoilt(2, "year", "2031"), {(2, "year")}),
    "a code that lost its zero": (spoilt(8, "area_code", "5977"), {(8, "area_code")}),
    "a name for a code": (spoilt(4, "area_code", "Bình Gia"), {(4, "area_code")}),
    "a district after its end": (plus(*changed(2, area_code="181", year="2026", status="reported",
                                               available_from="", available_basis="")), {(9, "area_code")}),
    "a commune after its end": (plus(*changed(8, area_code="06379", year="2026")), {(9, "area_code")}),
    "a planned figure": (spoilt(2, "status", "kế hoạch"), {(2, "status")}),
    "a target's day": (spoilt(2, "available_from", "2020-06-01"), {(2, "available_from")}),
    "a standard not in force": (spoilt(3, "standard", "mdp_2016"), {(3, "standard")}),
    "the line of 2027": (spoilt(3, "standard", "mdp_2027"), {(3, "standard")}),
    "no standard": (spoilt(3, "standard", ""), {(3, "standard")}),
    "unit as a sign": (spoilt(2, "unit", "%"), {(2, "unit")}),
    "a period backwards": (spoilt(7, "from_year", "2022"), {(7, "from_year")}),
    "two values of one source": (plus(*changed(2, value="7.5")), {(2, "value"), (9, "value")}),
}  # fmt: skip

# ---- tables of people, read by a mapping
PEOPLES: dict[str, tuple[str, set[Place]]] = {
    "no such header": ("Đơn vị,2023\nBình Gia,5\n", {(1, "")}),
    "an unknown district": ("Huyện,2023\nBình Lạ,5\n", {(2, "Huyện")}),
    "a commune among districts": ("Huyện,2023\nBình La,5\n", {(2, "Huyện")}),
    "a total that was not declared": ("Huyện,2023\nBình Gia,5\nTổng cộng,5\n", {(3, "Huyện")}),
    "a value in words": ("Huyện,2023\nBình Gia,năm\n", {(2, "2023")}),
    "a value too large": ("Huyện,2023\nBình Gia,105\n", {(2, "2023")}),
    "mixed decimal marks": ("Huyện,2023\nBình Gia,5.25\nBắc Sơn,\"5,25\"\n", {(2, "2023"), (3, "2023")}),
    "a year ahead": ("Huyện,2024,2031\nBình Gia,5,4\n", {(2, "year")}),
    "a year of another standard": ("Huyện,2019\nBình Gia,5\n", {(2, "standard")}),
    "one district twice": ("Huyện,2023\nBình Gia,5\nHuyện Bình Gia,6\n", {(2, "2023"), (3, "2023")}),
    "a footnote mark": ("Huyện,2023\nBình Gia,5*\n", {(2, "2023")}),
}  # fmt: skip


def errors(found: Incoming) -> set[Place]:
    return {(problem.row, problem.column) for problem in found.problems if problem.severity == "error"}


def no_row_is_lost(found: Incoming, rows: set[int]) -> bool:
    told = {item.row for item in found.figures} | {item.row for item in found.rejected}
    told |= {problem.row for problem in found.problems}
    return rows <= told and all(item.problems for item in found.rejected)


def test_the_corpus_has_at_least_sixty_files() -> None:
    assert len(TABLES) + len(PEOPLES) + len(WORKBOOKS) >= 60


@pytest.mark.parametrize("name", TABLES)
def test_bad_tables(name: str, tmp_path: Path, reference: Reference) -> None:
    content, wanted = TABLES[name]
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    found = read_incoming(path, reference)
    assert wanted <= errors(found), found.problems
    rows = {row for row, _ in wanted if row > 1}
    assert rows <= {item.row for item in found.rejected}
    assert not rows & {item.row for item in found.figures}


@pytest.mark.parametrize("name", PEOPLES)
def test_bad_tables_of_people(name: str, tmp_path: Path, reference: Reference) -> None:
    content, wanted = PEOPLES[name]
    path = tmp_path / "t.csv"
    path.write_text(content, encoding="utf-8")
    found = read_incoming(path, reference, WIDE)
    assert wanted <= errors(found), found.problems
    assert (1, "") in wanted or no_row_is_lost(found, set(range(2, content.count("\n") + 1)))


# ---- workbooks that were tampered with
def book(path: Path, rows: Sequence[Sequence[object]] = GOOD) -> Path:
    made = openpyxl.Workbook()
    sheet: Any = made.active
    for cells in (COLUMNS, *rows):
        sheet.append(list(cells))
    made.save(path)
    return path


def repacked(path: Path, change: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None) -> Path:
    with zipfile.ZipFile(path) as parts:
        content = {name: change(name, parts.read(name)) for name in parts.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, data in {**content, **(extra or {})}.items():
            parts.writestr(name, data)
    return path


def in_sheet(old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    return lambda name, data: data.replace(old, new, 1) if name.startswith("xl/worksheets/sheet") else data


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
WORKBOOKS: dict[str, Callable[[Path], Path]] = {
    "entities": lambda path: repacked(book(path), in_sheet(b"<worksheet", ENTITIES + b"<worksheet")),
    "a bomb": lambda path: repacked(book(path), lambda _, data: data, {"xl/media/a.bin": b"0" * 60_000_000}),
    "thousands of parts": lambda path: repacked(
        book(path), lambda _, data: data, {f"xl/media/{at}": b"" for at in range(2_500)}
    ),
    "no sheets inside": lambda path: repacked(book(path), lambda name, data: b"" if "sheet1" in name else data),
    "broken XML": lambda path: repacked(book(path), in_sheet(b"</worksheet>", b"")),
}


@pytest.mark.parametrize("name", WORKBOOKS)
def test_hostile_workbooks_are_refused(name: str, tmp_path: Path, reference: Reference) -> None:
    path = WORKBOOKS[name](tmp_path / "t.xlsx")
    found = read_incoming(path, reference)
    assert [(problem.row, problem.severity) for problem in found.problems] == [(1, "error")]
    assert found.figures == ()


def test_macros_and_links_are_never_followed(tmp_path: Path, reference: Reference) -> None:
    """Only cells' values are read: a macro beside them, or a link elsewhere, is dead weight."""
    extra = {
        "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" * 10,
        "xl/externalLinks/externalLink1.xml": b'<externalLink><externalBook r:id="http://example.invalid/x"/></externalLink>',
    }
    path = repacked(book(tmp_path / "t.xlsm"), lambda _, data: data, extra)
    found = read_incoming(path, reference)
    assert len(found.figures) == len(GOOD)
    assert errors(found) == set()


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path, reference: Reference) -> None:
    path = book(tmp_path / "t.xlsx", [*GOOD[:3], changed(5, note="=1+1")])
    found = read_incoming(path, reference)
    assert errors(found) == set() or {row for row, _ in errors(found)} == {5}
    assert all(item.note != "2" for item in found.figures)


# ---- mutation: any single cell changed is harmless by definition or reported
FREE = ("note",)
"""Columns whose text is anybody's."""
OTHER = st.sampled_from(["", "x", "181", "20", "2020", "2019", "0", "-1", "1e9", "12,5", "percent", "all", "final",
                         "mdp_2022", "poverty_rate", "households", "about", "=1", "é", "\u200b", "None"])  # fmt: skip


MUTATIONS: dict[str, Callable[[str, int], str]] = {
    "a letter lost": lambda text, at: text[:at] + text[at + 1 :],
    "a letter twice": lambda text, at: text[: at + 1] + text[at:],
    "neighbours swapped": lambda text, at: text[:at] + text[at : at + 2][::-1] + text[at + 2 :],
    "a space inside": lambda text, at: f"{text[:at]} {text[at:]}",
    "spaces around": lambda text, _: f"\u00a0 {text} ",
    "capitals": lambda text, _: text.upper(),
    "the other decimal mark": lambda text, _: text.replace(".", ","),
    "a per cent sign": lambda text, _: f"{text}%",
    "an apostrophe": lambda text, _: f"'{text}",
    "a footnote mark": lambda text, _: f"{text}*",
    "in brackets": lambda text, _: f"({text})",
    "decomposed": lambda text, _: unicodedata.normalize("NFD", text),
    "a year more": lambda text, _: f"{text} (2024)",
    "ten times": lambda text, _: f"{text}0",
}
# a bare carriage return ends a row: it is no change of one cell
CELLS = st.one_of(
    OTHER.map(lambda value: lambda _: value),
    st.tuples(st.sampled_from(list(MUTATIONS)), st.integers(0, 30)).map(
        lambda drawn: lambda text: MUTATIONS[drawn[0]](text, min(drawn[1], max(len(text) - 1, 0)))
    ),
    st.text(st.characters(exclude_characters="\r", codec="utf-8"), max_size=6).map(lambda value: lambda _: value),
)


def says(stored: str, written: str, column: str) -> bool:
    """Say whether what is stored is what the cell says: the same text, number, year or day."""
    text = tidy(written)
    if column in ("year", "from_year"):
        return stored == str(year_of(text) or "")
    if column == "available_from" and text:
        return day_of(text) == day_of(stored)
    if column == "value":
        return float(stored) in reading(text).meanings.values()
    if column == "status" and text.isascii():  # "p" and "e" are what offices write for a preliminary figure
        return stored == STATUS_WORDS.get(fold(text), text)
    return stored == text


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.integers(0, len(GOOD) - 1), column=st.sampled_from(COLUMNS), change=CELLS)
def test_a_changed_cell_is_stored_as_changed_or_reported(
    row: int, column: str, change: Callable[[str], str], tmp_path: Path, reference: Reference
) -> None:
    value = change(GOOD[row][COLUMNS.index(column)])
    path = tmp_path / "t.csv"
    path.write_text(spoilt(row + 2, column, value), encoding="utf-8")
    found = read_incoming(path, reference)
    taken = {item.row: stored_cells(item) for item in found.figures}
    if row + 2 not in taken:
        assert row + 2 in {item.row for item in found.rejected}
        assert row + 2 in {place[0] for place in errors(found)}
        return
    assert says(taken[row + 2][column], value, column)
    others = {name: text for name, text in taken[row + 2].items() if name != column}
    assert all(says(text, GOOD[row][COLUMNS.index(name)], name) for name, text in others.items())
    assert len(taken) == len(GOOD) or errors(found)


TYPED = st.sampled_from([None, True, 0, -1, 6.5, 2019, 45291, 1e30, date(2023, 12, 31), date(2024, 5, 5), "x", "=1+1",
                         "#REF!", "181", "2,32", "\u200b"])  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.integers(0, len(GOOD) - 1), column=st.sampled_from(COLUMNS), value=TYPED)
def test_a_changed_cell_of_a_workbook_is_stored_as_changed_or_reported(
    row: int, column: str, value: object, tmp_path: Path, reference: Reference
) -> None:
    rows: list[list[object]] = [list(cells) for cells in GOOD]
    rows[row][COLUMNS.index(column)] = value
    found = read_incoming(book(tmp_path / "t.xlsx", rows), reference)
    taken = {item.row: stored_cells(item) for item in found.figures}
    if row + 2 not in taken:
        assert row + 2 in {place[0] for place in errors(found)}
        return
    written = "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
    written = written.upper() if isinstance(value, bool) else written
    assert says(taken[row + 2][column], written, column)
