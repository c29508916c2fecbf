"""Templates: what they ask, what they let in, and the way back without loss."""

from __future__ import annotations

import os
import re
import shutil
import string
import subprocess
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from openxml_audit import FileFormat, OpenXmlValidator

from toolkit.base.errors import UsageError
from toolkit.base.problems import Problems
from toolkit.base.texts import LANGUAGES
from toolkit.data.dataset import PROJECT_DATA, Dataset, load
from toolkit.data.excel import read_workbook
from toolkit.data.indicators import Indicator
from toolkit.data.reference import Reference
from toolkit.data.schemas import QUALIFIERS, STATUSES
from toolkit.intake.incoming import check_files, is_template
from toolkit.intake.ingest import prepare, write_changes
from toolkit.intake.template import (
    FIGURE_COLUMNS,
    FIRST_ROW,
    NAME_ROW,
    OPEN,
    default_source,
    requested_figures,
    template,
    years_of,
)
from toolkit.plan.load import load_plan
from toolkit.plan.plan import Plan

NAMES = list(FIGURE_COLUMNS)
CALC = os.environ.get("TOOLKIT_SOFFICE", "")
LEFT_OUT = shutil.ignore_patterns("panels", "plans", "provinces")
Entry = Mapping[str, object]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load(PROJECT_DATA, as_of=date(2026, 11, 23))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan("langson-138", folder=PROJECT_DATA)


@pytest.fixture(scope="module")
def blank(dataset: Dataset, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "blank.xlsx"
    path.write_bytes(template(dataset, plan, dataset.areas.get("181"), [2023, 2024]))
    return path


def filled(blank: Path, target: Path, entries: Mapping[int, Entry], source: str = "Báo cáo năm 2024") -> Path:
    book = openpyxl.load_workbook(blank)
    sheet = book["Số liệu"]
    for row, cells in entries.items():
        for name, value in cells.items():
            cell: Any = sheet.cell(row=row, column=NAMES.index(name) + 1)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"  # typed in as text, never a formula
    book["Nguồn"].cell(row=5, column=2, value=source)
    book["Nguồn"].cell(row=5, column=3, value=source and "UBND huyện")
    book.save(target)
    return target


def asked(blank: Path) -> dict[int, dict[str, str]]:
    sheet = openpyxl.load_workbook(blank)["Số liệu"]
    rows = sheet.iter_rows(min_row=FIRST_ROW, values_only=True)
    return {
        number: {name: "" if value is None else str(value) for name, value in zip(NAMES, row, strict=False)}
        for number, row in enumerate(rows, start=FIRST_ROW)
    }


def place(blank: Path, indicator: str, scope: str = "all") -> int:
    rows = asked(blank).items()
    return next(at for at, cells in rows if (cells["indicator"], cells["scope"]) == (indicator, scope))


def test_it_asks_what_the_targets_of_the_area_need(dataset: Dataset, plan: Plan) -> None:
    asked_of_district, asked_of_province = (
        {(item.indicator.id, item.scope) for item in requested_figures(dataset, plan, dataset.areas.get(code), [2024])}
        for code in ("181", "20")
    )
    lowest = {name: item.lowest_level for name, item in dataset.indicators.items()}
    of_districts = [t for t in plan.targets if t.rule.kind != "milestone" and t.level != "province"]
    needed = {(t.indicator, t.scope) for t in of_districts if lowest[t.indicator] != "province"}
    assert needed <= asked_of_district < asked_of_province
    assert ("forest_cover", "all") in asked_of_province - asked_of_district
    assert {("poor_households", "all"), ("households", "dtts")} <= asked_of_district


def test_a_commune_is_asked_only_for_what_it_can_know(dataset: Dataset, plan: Plan) -> None:
    of_commune, of_district, of_province = (
        {item.indicator.id for item in requested_figures(dataset, plan, dataset.areas.get(code), [2025])}
        for code in ("06112", "181", "20")
    )
    regional = {"hdi", "life_expectancy", "healthy_life_expectancy", "grdp_growth", "labour_productivity_growth"}
    assert not regional & (of_commune | of_district)
    assert regional <= of_province
    of_communes = {"communes_with_paved_road_share", "extremely_difficult_communes", "new_rural_communes_share"}
    assert of_communes <= of_district
    assert not of_communes & of_commune
    assert {"villages_with_hard_road_share", "poor_households", "health_insurance_share"} <= of_commune


def test_counts_stand_below_their_rate(dataset: Dataset, plan: Plan) -> None:
    keys = [(item.indicator.id, item.scope)
            for item in requested_figures(dataset, plan, dataset.areas.get("181"), [2024])]  # fmt: skip
    for scope in ("all", "dtts"):
        at = keys.index(("poverty_rate", scope))
        assert keys[at + 1 : at + 3] == [("poor_households", scope), ("households", scope)]


def test_it_prints_as_wide_as_a_page_and_repeats_its_headings(blank: Path) -> None:
    book = openpyxl.load_workbook(blank)
    for sheet in book.worksheets:
        page = sheet.page_setup
        assert (page.orientation, int(page.paperSize), int(page.fitToHeight or 0)) == ("landscape", 9, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert page.fitToWidth in (None, 1)
    sheet = book["Số liệu"]
    assert sheet.print_title_rows == f"${NAME_ROW - 1}:${NAME_ROW - 1}"
    unseen = [part for part in sheet.column_dimensions.values() if part.hidden]
    hidden = {name for at, name in enumerate(NAMES, 1) if any(part.min <= at <= part.max for part in unseen)}
    assert hidden == {"unit", "area_code", "indicator", "scope"}
    assert sheet.row_dimensions[NAME_ROW].hidden
    for row in range(FIRST_ROW, sheet.max_row + 1):
        name = sheet.cell(row=row, column=1)
        assert name.alignment.wrap_text
        assert 15 * len(str(name.value)) / FIGURE_COLUMNS["info_name"] <= (sheet.row_dimensions[row].height or 15)


def test_every_word_of_the_lists_comes_back_as_its_code(
    dataset: Dataset, plan: Plan, folder: Path, tmp_path: Path
) -> None:
    for language in LANGUAGES:
        path = tmp_path / f"{language}.xlsx"
        path.write_bytes(template(dataset, plan, dataset.areas.get("181"), [2023, 2024], language=language))
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[1]
        rules = {str(rule.sqref).split(":")[0]: rule.formula1.strip('"').split(",")
                 for rule in sheet.data_validations.dataValidation if rule.type == "list"}  # fmt: skip
        columns = {name: get_column_letter(NAMES.index(name) + 1) for name in ("status", "qualifier", "value")}
        for name, codes in (("status", STATUSES), ("qualifier", QUALIFIERS[1:])):
            for word, code in zip(rules[f"{columns[name]}{FIRST_ROW}"], codes, strict=True):
                row = place(path, "poverty_rate") if language == "vi" else FIRST_ROW
                sheet[f"{columns['value']}{row}"], sheet[f"{columns[name]}{row}"] = 7.5, word
                book.worksheets[2]["B5"], book.worksheets[2]["C5"] = "Báo cáo", "UBND"
                book.save(tmp_path / "f.xlsx")
                (change,) = prepare([tmp_path / "f.xlsx"], folder).changes
                assert change.cells[name] == code


def test_an_empty_sheet_of_sources_is_one_message_and_every_row_is_kept(
    blank: Path, folder: Path, tmp_path: Path
) -> None:
    rows = range(FIRST_ROW, FIRST_ROW + 22)
    found = prepare([filled(blank, tmp_path / "f.xlsx", {row: {"value": 12} for row in rows}, source="")], folder)
    (said,) = [item for item in found.problems if item.column == "source_id"]
    assert (said.kind, said.row, said.fields["count"]) == ("sources_empty", FIRST_ROW, 22)
    assert {item.row for item in found.rejected} == set(rows)
    assert found.changes == ()


def test_a_hidden_sheet_of_figures_is_told_and_not_read(blank: Path, folder: Path, tmp_path: Path) -> None:
    path = filled(blank, tmp_path / "f.xlsx", {place(blank, "poverty_rate"): {"value": 12.25}})
    book = openpyxl.load_workbook(path)
    book["Số liệu"].sheet_state = "hidden"
    book.save(path)
    found = prepare([path], folder)
    assert found.changes == ()
    assert ("sheet_hidden", "Số liệu") in {(item.kind, item.sheet) for item in found.problems}


def test_it_shows_the_last_figure_with_its_source_and_the_standard(blank: Path) -> None:
    row = next(
        cells for cells in asked(blank).values() if (cells["indicator"], cells["scope"]) == ("poverty_rate", "all")
    )
    assert (row["standard"], row["unit"], row["area_code"]) == ("mdp_2022", "percent", "181")
    assert "," in row["info_last"]
    assert row["info_last_source"]


def test_a_commune_is_shown_its_former_district_as_such(dataset: Dataset, plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "c.xlsx"
    path.write_bytes(template(dataset, plan, dataset.areas.get("06112"), [2025]))
    row = asked(path)[place(path, "poverty_rate")]
    assert (row["info_last"], row["info_last_source"]) == ("–", "huyện (cũ) 181: 28,61 (2018)")


def test_only_cells_of_entry_are_open_and_each_figure_has_its_bounds(blank: Path) -> None:
    sheet = openpyxl.load_workbook(blank)["Số liệu"]
    assert sheet.protection.sheet
    rows = range(FIRST_ROW, sheet.max_row + 1)
    for row in rows:
        unlocked = {name for at, name in enumerate(NAMES, 1) if not sheet.cell(row=row, column=at).protection.locked}
        assert unlocked == set(OPEN)
    bounded = {str(part) for rule in sheet.data_validations.dataValidation for part in str(rule.sqref).split()
               if rule.type in ("whole", "decimal")}  # fmt: skip
    covered = {row for part in bounded for row in _rows(part)}
    assert covered == set(rows)
    assert [str(cell.value) for cell in sheet[NAME_ROW]][: len(NAMES)] == NAMES


def _rows(part: str) -> range:
    first, _, last = part.partition(":")
    number = int("".join(filter(str.isdigit, first)))
    return range(number, int("".join(filter(str.isdigit, last or first))) + 1)


def test_a_template_is_a_valid_workbook_of_the_same_bytes(blank: Path, dataset: Dataset, plan: Plan) -> None:
    assert blank.read_bytes() == template(dataset, plan, dataset.areas.get("181"), [2023, 2024])
    found = OpenXmlValidator(file_format=FileFormat.OFFICE_2019).validate(str(blank))
    assert found.is_valid, found.errors[:3]


def test_instructions_come_in_vietnamese_first(blank: Path) -> None:
    sheet = openpyxl.load_workbook(blank).worksheets[0]
    texts = [str(row[0].value) for row in sheet.iter_rows() if row[0].value]
    assert sheet.title == "Hướng dẫn"
    assert texts[0].startswith("Biểu thu thập số liệu: Huyện Bình Gia (181)")
    assert any(text.startswith("Form for figures") for text in texts[5:])


def test_an_area_is_asked_only_for_years_in_which_it_was(dataset: Dataset, plan: Plan) -> None:
    with pytest.raises(UsageError, match="181"):
        template(dataset, plan, dataset.areas.get("181"), [2026])
    with pytest.raises(UsageError, match="2027"):
        template(dataset, plan, dataset.areas.get("20"), [2027])


@pytest.mark.parametrize("text", ["", "x", "2024-", "1-99999", "2025-2020", "24-2a"])
def test_years_that_are_none(text: str) -> None:
    with pytest.raises(UsageError):
        years_of(text)


def test_an_empty_template_says_nothing(blank: Path, folder: Path) -> None:
    assert is_template(blank)
    found = prepare([blank], folder)
    assert (found.changes, found.rejected, found.problems) == ((), (), ())


def test_a_filled_template_comes_in_with_its_source(blank: Path, folder: Path, tmp_path: Path) -> None:
    row = next(
        at for at, cells in asked(blank).items() if cells["indicator"] == "poverty_rate" and cells["scope"] == "all"
    )
    entries = {
        row: {"value": "12,25 %", "status": "final", "available_from": "31/01/2024"},
        row + 1: {"note": "no figure yet"},
    }
    found = prepare([filled(blank, tmp_path / "f.xlsx", entries)], folder)
    (change,) = found.changes
    stored = {name: change.cells[name] for name in ("value", "status", "available_from", "source_id", "year")}
    assert stored == {
        "value": "12.25", "status": "final", "available_from": "2024-01-31", "source_id": "bc-181-2024", "year": "2023",
    }  # fmt: skip
    assert [(item.row, item.column, item.severity) for item in found.problems] == [(row + 1, "value", "warning")]
    write_changes(found)
    assert load(folder).sources.loc["bc-181-2024", "title"] == "Báo cáo năm 2024"


def as_another_program_writes(path: Path) -> Path:
    """Rewrite a workbook as Excel and LibreOffice do: shared texts, prefixed tags, numbers typed as such."""
    strings: list[str] = []

    def shared(match: re.Match[str]) -> str:
        strings.append(match[3])
        return f'<c r="{match[1]}"{match[2] or ""} t="s"><v>{len(strings) - 1}</v></c>'

    def change(name: str, data: bytes) -> bytes:
        text = data.decode("utf-8")
        if name.endswith("workbook.xml.rels"):
            kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
            return text.replace(
                "</", f'<Relationship Id="rIdT" Type="{kind}" Target="sharedStrings.xml"/></', 1
            ).encode()
        if not name.startswith("xl/worksheets/sheet"):
            return data
        text = re.sub(r'<c r="(\w+)"( s="\d+")? t="inlineStr"><is><t[^>]*>([^<]*)</t></is></c>', shared, text)
        text = re.sub(r'<c r="(\w+)"( s="\d+")? t="n">', r'<c r="\1"\2>', text)
        text = re.sub(r"<(/?)(\w+)", r"<\1x:\2", text)
        return text.replace("xmlns=", "xmlns:x=", 1).encode("utf-8")

    with zipfile.ZipFile(path) as parts:
        content = {name: change(name, parts.read(name)) for name in parts.namelist()}
    items = "".join(f"<si><r><t>{text[:3]}</t></r><r><t>{text[3:]}</t></r></si>" if "&" not in text else
                    f"<si><t>{text}</t></si>" for text in strings)  # fmt: skip
    content["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{items}</sst>'.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, data in content.items():
            parts.writestr(name, data)
    assert len(strings) > 100
    return path


def test_a_template_saved_by_another_program_says_the_same(blank: Path, folder: Path, tmp_path: Path) -> None:
    entries = {
        place(blank, "poverty_rate"): {"value": 12.25, "status": "final", "note": "a < b & c"},
        place(blank, "poor_households"): {"value": 1319, "status": "reported", "available_from": date(2024, 1, 31)},
    }
    first = prepare([filled(blank, tmp_path / "f.xlsx", entries)], folder)
    other = as_another_program_writes(Path(shutil.copyfile(tmp_path / "f.xlsx", tmp_path / "g.xlsx")))
    assert is_template(other)
    assert (tmp_path / "f.xlsx").read_bytes() != other.read_bytes()
    second = prepare([other], folder)
    assert [change.cells for change in second.changes] == [change.cells for change in first.changes]
    assert len(second.changes) == 2
    assert second.problems == ()


def test_a_figure_without_any_source_is_rejected_at_its_cell(blank: Path, folder: Path, tmp_path: Path) -> None:
    found = prepare([filled(blank, tmp_path / "f.xlsx", {FIRST_ROW: {"value": 12}}, source="")], folder)
    assert [(row.row, row.problems[0].column) for row in found.rejected] == [(FIRST_ROW, "source_id")]


NOTES = st.text(alphabet=string.ascii_letters + "=+-@'ệươ, 0123", max_size=12).map(str.strip)
ENTRIES = st.dictionaries(
    st.integers(0, 200),
    st.tuples(st.integers(0, 10_000), st.sampled_from(["", "about", "derived", "at_most"]),
              st.sampled_from(["final", "reported", "preliminary"]), NOTES),
    min_size=1, max_size=20,
)  # fmt: skip
Answer = tuple[float, str, str, str]


def answer(indicator: Indicator, amount: int, qualifier: str, status: str, note: str) -> Answer:
    """Return an entry within the indicator's bounds."""
    lower = 0.0 if indicator.lower is None else indicator.lower
    upper = 10_000.0 if indicator.upper is None else indicator.upper
    value = lower + (upper - lower) * amount / 10_000
    return float(int(value)) if indicator.whole else round(value, 4), qualifier, status, " ".join(note.split())


@settings(
    max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(entries=ENTRIES)
def test_template_filled_ingested_exported_loses_nothing(
    entries: dict[int, tuple[int, str, str, str]], blank: Path, dataset: Dataset, tmp_path: Path
) -> None:
    rows = asked(blank)
    shutil.rmtree(tmp_path / "round", ignore_errors=True)
    folder = Path(shutil.copytree(PROJECT_DATA, tmp_path / "round", ignore=LEFT_OUT))
    given_answers: dict[int, Answer] = {}
    for number, entry in entries.items():
        row = FIRST_ROW + number % len(rows)
        given_answers[row] = answer(dataset.indicators[rows[row]["indicator"]], *entry)
    names = ("value", "qualifier", "status", "note")
    cells = {row: {name: part or None if part == "" else part for name, part in zip(names, entry, strict=True)}
             for row, entry in given_answers.items()}  # fmt: skip
    found = prepare([filled(blank, tmp_path / "f.xlsx", cells)], folder)
    assert not found.rejected
    write_changes(found)
    source = default_source(dataset.areas.get("181"), [2023, 2024])
    key = ("indicator", "scope", "year")
    out = {
        tuple(str(getattr(item, name)) for name in key): (item.value, item.qualifier, item.status, item.note)
        for item in load(folder).figures
        if (item.area_code, item.source_id) == ("181", source)
    }
    assert out == {tuple(rows[at][name] for name in key): entry for at, entry in given_answers.items()}
    assert not prepare([tmp_path / "f.xlsx"], folder).writes
    load(folder)


def test_a_filled_template_is_checked_as_it_would_be_ingested(
    blank: Path, tmp_path: Path, reference: Reference
) -> None:
    assert check_files([blank], reference) == []
    book = openpyxl.load_workbook(blank)
    sheet = book["Số liệu"]
    sheet.cell(row=FIRST_ROW, column=NAMES.index("value") + 1, value=-5)
    book.save(tmp_path / "t.xlsx")
    found = {(problem.row, problem.column) for problem in check_files([tmp_path / "t.xlsx"], reference)}
    assert (FIRST_ROW, "value") in found


@pytest.mark.slow
@pytest.mark.skipif(not CALC, reason="needs LibreOffice Calc: set TOOLKIT_SOFFICE to its program")
def test_a_template_filled_in_libreoffice_comes_back_without_loss(blank: Path, folder: Path, tmp_path: Path) -> None:
    """Saved as .ods, and as .xlsx again by Calc: the same rows, figures, sources and problems."""
    at = place(blank, "poverty_rate")
    entries: dict[int, Entry] = {
        at: {"value": 12.25, "status": "đã phê duyệt", "note": "a < b & c"},
        at + 1: {"value": 1319, "qualifier": "khoảng", "available_from": date(2024, 1, 31)},
        at + 2: {"value": "12.868", "status": "báo cáo"},
        at + 4: {"note": "chưa có số"},
    }
    path = filled(blank, tmp_path / "f.xlsx", entries)
    wanted = prepare([path], folder)
    assert len(wanted.changes) == 3
    for source, kind in ((path, "ods"), (tmp_path / "ods" / "f.ods", "xlsx")):
        command = [CALC, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", kind,
                   "--outdir", str(tmp_path / kind), str(source)]  # fmt: skip
        for _ in range(2):  # the first start only makes the profile
            subprocess.run(command, capture_output=True, timeout=180, check=False)
        made = tmp_path / kind / f"f.{kind}"
        assert is_template(made)
        found = prepare([made], folder)
        assert [change.cells for change in found.changes] == [change.cells for change in wanted.changes]
        assert {(item.kind, item.row) for item in found.problems} == {(item.kind, item.row) for item in wanted.problems}
        sheets, again = (read_workbook(each, Problems("")) for each in (path, made))
        assert [[row.cells for row in sheet.rows] for sheet in again] == [
            [row.cells for row in sheet.rows] for sheet in sheets
        ]
