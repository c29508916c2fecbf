"""One reader behind every door: a file means the same, and is refused in the same words, wherever it comes in."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from tests.data.tables import changed, text
from toolkit.base.errors import DataError, UsageError
from toolkit.base.problems import Problem
from toolkit.data.dataset import PROJECT_DATA, Dataset, load
from toolkit.data.reference import Reference
from toolkit.forecast.any_table import panels_of
from toolkit.intake.incoming import Incoming, check_files, read_incoming
from toolkit.intake.ingest import prepare
from toolkit.intake.mapping import mapping_of
from toolkit.scenario.exchange import read_iamc, steps_from_iamc

pytestmark = pytest.mark.hostile
CASES = Path(__file__).parents[1] / "data" / "cases"
FIXED = ("scope=all", "indicator=poverty_rate", "unit=percent", "standard=mdp_2022", "status=reported",
         "source_id=lsgov-2025review")  # fmt: skip


def told(problems: tuple[Problem, ...] | list[Problem]) -> list[tuple[str, int, str]]:
    return [(problem.kind, problem.row, problem.column) for problem in problems if problem.severity == "error"]


def refused(file: str) -> list[tuple[str, int, str]]:
    with pytest.raises(DataError) as caught:
        panels_of(CASES / file)
    return told(caught.value.problems)


def mapped(
    file: str, reference: Reference, *columns: str, fixed: tuple[str, ...] = (), years: bool = False
) -> Incoming:
    mapping = mapping_of(None, columns, [*FIXED, *fixed], years=years, area_level="district")
    return read_incoming(CASES / file, reference, mapping)


def test_decomposed_letters_are_one_unit_from_a_csv_as_from_a_workbook() -> None:
    (one,), (other,) = (panels_of(CASES / name) for name in ("unit_nfd.csv", "unit_nfd.xlsx"))
    assert (one.units, one.value.tolist()) == (other.units, other.value.tolist()) == (("Bình Gia",), [12.0, 11.0])


def test_numbers_that_can_mean_two_things_are_asked_about(tmp_path: Path, reference: Reference) -> None:
    assert refused("thousand_dot_mixed.csv") == [("unclear_number", 2, "value"), ("unclear_number", 3, "value")]
    assert refused("thousand_comma.csv") == [("unclear_number", row, "value") for row in (2, 3, 4)]
    # the same column, handed in as observations
    (tmp_path / "in.csv").write_text(text([changed(6, value="0.692"), changed(2, value="12.868")]), encoding="utf-8")
    assert check_files([tmp_path / "in.csv"], reference) == []
    income = {"indicator": "income_per_capita", "unit": "million_vnd_per_year", "standard": ""}
    values = (("2021", "12.868"), ("2022", "11.902"), ("2023", "950"))
    incomes = [changed(2, year=year, value=value, **income) for year, value in values]
    (tmp_path / "in.csv").write_text(text(incomes), encoding="utf-8")
    found = [item for item in told(check_files([tmp_path / "in.csv"], reference)) if item[2] == "value"]
    assert found == [("unclear_number", 2, "value"), ("unclear_number", 3, "value")]


def test_a_share_of_three_decimals_is_no_question(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("panel,kind,unit,year,value\np,percent,a,2021,12.868\np,percent,a,2022,11.902\n")
    (found,) = panels_of(tmp_path / "t.csv")
    assert found.value.tolist() == [12.868, 11.902]


def test_a_year_ahead_is_refused_with_its_row() -> None:
    assert refused("future_typo.csv") == [("year_ahead", 12, "year")]


@pytest.mark.parametrize("rows", ["p,percent,a,2021", "p,percent,a,2021,1,2"])
def test_rows_that_are_cut_off_are_refused_at_every_door(rows: str, tmp_path: Path, reference: Reference) -> None:
    (tmp_path / "t.csv").write_text(f"panel,kind,unit,year,value\np,percent,a,2020,5\n{rows}\n")
    with pytest.raises(DataError) as caught:
        panels_of(tmp_path / "t.csv")
    assert told(caught.value.problems) == [("cell_count", 3, "")]
    mapping = mapping_of(None, ["area_code=panel"], [*FIXED, "year=2023"], area_level="district")
    assert ("cell_count", 3, "") in told(read_incoming(tmp_path / "t.csv", reference, mapping).problems)


def test_a_header_that_stands_twice_is_refused_by_a_mapping_too(reference: Reference) -> None:
    found = mapped("mapped_dup_header.xlsx", reference, "area_code=Huyện", "value=Tỷ lệ", fixed=("year=2023",))
    assert told(found.problems) == [("double_column", 1, "Tỷ lệ")]
    assert found.figures == ()


def test_merged_cells_of_figures_are_named_by_a_mapping_too(reference: Reference) -> None:
    found = mapped("mapped_merged_value.xlsx", reference, "area_code=Huyện", years=True)
    assert told(found.problems) == [("merged_cells", 2, "2022"), ("merged_cells", 3, "2022")]
    assert {(item.row, item.value) for item in found.figures} == {(3, 8.7), (4, 5.1)}


def test_merged_cells_of_a_template_are_named(reference: Reference) -> None:
    found = read_incoming(CASES / "template_merged_value.xlsx", reference)
    assert told(found.problems) == [("merged_cells", 8, "value")]
    assert [item.row for item in found.rejected] == [8]


def test_a_bad_byte_behind_a_mark_is_told_with_its_row(reference: Reference) -> None:
    found = mapped("bad_byte_after_bom.csv", reference, "area_code=Huyen", years=True)
    assert (found.problems[0].kind, found.problems[0].row, found.problems[0].value) == ("bad_bytes", 2, "0xEC")


@pytest.mark.parametrize("value", ["1001234567", "1000000000", "1009999999"])
def test_values_like_row_numbers_are_values(value: str, folder: Path, tmp_path: Path) -> None:
    content = (CASES / "value_like_a_row_number.csv").read_text(encoding="utf-8").replace("1001234567", value)
    content = content.replace("178,population,all,2019", "20,population,all,2015").replace(
        ",,final", ",census_2009_based,final"
    )
    (tmp_path / "in.csv").write_text(content, encoding="utf-8")
    found = prepare([tmp_path / "in.csv"], folder)
    assert [(change.kind, change.cells["value"]) for change in found.changes] == [("new", value)]
    (conflict,) = [item for item in found.warnings if item.kind == "conflict"]
    assert (conflict.kind, conflict.file, conflict.fields["other"]) == ("conflict", "0001.csv", value)
    assert f"row 2 of in.csv ({value}, source vnn-2205626)" in conflict.text("en")
    assert f"dòng 2 của in.csv ({value}, nguồn vnn-2205626)" in conflict.text("vi")


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load(PROJECT_DATA)


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("iamc_two_spellings.csv", {2027: 4.5, 2030: 2.0}),
        ("iamc_yearfloat.csv", {2027: 4.5}),
        ("iamc_long_year.xlsx", {2027: 4.5, 2028: 4.0}),
    ],
)
def test_scenario_tables_are_read_by_the_same_rules(file: str, values: dict[int, float], dataset: Dataset) -> None:
    (step,) = steps_from_iamc(read_iamc(CASES / file), dataset, "plan")
    assert step.by_area == {"20": values}  # type: ignore[union-attr]


def test_rows_of_scenario_tables_that_cannot_be_used_are_named(dataset: Dataset) -> None:
    with pytest.raises(DataError) as caught:
        steps_from_iamc(read_iamc(CASES / "iamc_na_unit.csv"), dataset, "plan")
    assert told(caught.value.problems) == [("other_unit", 3, "unit")]


def test_one_scenario_of_two_models_is_two_scenarios(dataset: Dataset) -> None:
    table = read_iamc(CASES / "iamc_two_models.csv")
    steps = [steps_from_iamc(table, dataset, f"plan (Model {name})")[0] for name in "AB"]
    assert [step.by_area["20"][2026] for step in steps] == [4.5, 9.5]  # type: ignore[index]


def book(path: Path, **sheets: list[list[object]]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        page = made.create_sheet(name)
        for cells in rows:
            page.append(cells)
    made.save(path)
    return path


HEAD: list[object] = ["Model", "Scenario", "Region", "Variable", "Unit", 2027]


def test_a_sheet_about_scenarios_is_no_second_table_and_a_second_table_is_named(
    tmp_path: Path, dataset: Dataset
) -> None:
    figures = [HEAD, ["A", "plan", "20", "poverty_rate|all", "percent", 4.5]]
    about: list[list[object]] = [["model", "scenario", "exclude"], ["A", "plan", False]]
    (step,) = steps_from_iamc(read_iamc(book(tmp_path / "a.xlsx", data=figures, meta=about)), dataset, "plan")
    assert step.by_area == {"20": {2027: 4.5}}
    with pytest.raises(DataError) as caught:
        read_iamc(book(tmp_path / "b.xlsx", data=figures, data2=figures))
    assert "one sheet" in str(caught.value)


def test_a_mapping_that_names_no_areas_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="which column holds the areas"):
        mapping_of(None, (), FIXED, years=True)


def test_a_sheet_beside_a_template_is_told_and_a_flag_in_it_read(tmp_path: Path, reference: Reference) -> None:
    filled = openpyxl.load_workbook(CASES / "template_merged_value.xlsx")
    page = filled["Số liệu"]
    for merged in list(page.merged_cells.ranges):
        page.unmerge_cells(str(merged))
    names = {cell.value: cell.column for cell in page[5]}
    row = next(at for at in range(6, page.max_row + 1) if page.cell(at, names["value"]).value is not None)
    value = page.cell(row, names["value"]).value
    page.cell(row, names["value"]).value = f"{value} (ước)"
    filled.create_sheet("Tính toán").append(["Bình Gia", 12.3])
    filled.save(tmp_path / "t.xlsx")
    found = read_incoming(tmp_path / "t.xlsx", reference)
    assert [item.sheet for item in found.problems if item.kind == "sheet_unread"] == ["Tính toán"]
    (figure,) = [item for item in found.figures if item.row == row]
    assert (figure.value, figure.status) == (value, "preliminary")
