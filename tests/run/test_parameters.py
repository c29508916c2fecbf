"""Parameters: a model for each notebook, held against its tagged cell; refused before anything starts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.run.notebooks import write_notebook
from toolkit.base.errors import UsageError
from toolkit.cli.main import app
from toolkit.run.notebook import MODELS, check_injected, check_parameters, describe_parameters, read_parameters
from toolkit.run.reports import TEMPLATES

AREA, SUMMARY = TEMPLATES / "area_report.ipynb", TEMPLATES / "plan_summary.ipynb"


def test_every_parameterized_notebook_has_a_model_that_agrees_with_its_cell() -> None:
    assert {file.name for file in TEMPLATES.glob("*.ipynb")} == set(MODELS)
    for template in TEMPLATES.glob("*.ipynb"):
        assert {entry["name"] for entry in describe_parameters(template)} == set(MODELS[template.name].model_fields)


@pytest.mark.parametrize("code", ["05977", "001", "20"])
def test_codes_are_texts_with_their_zeros(code: str) -> None:
    check_parameters(AREA, {"area_code": code, "language": "en"})


@pytest.mark.parametrize(
    ("template", "given", "message"),
    [
        (AREA, {}, "needs the parameter “area_code”"),
        (SUMMARY, {"language": "vi"}, "needs the parameter “level”"),
        (AREA, {"area_code": 1}, "“area_code” of area_report.ipynb cannot be “1”.*in quotes"),
        (AREA, {"area_code": "1"}, "“area_code” of area_report.ipynb cannot be “1”.*two digits"),
        (AREA, {"area_code": "20", "lang": "vi"}, "no parameter “lang”.*Nearest: language"),
        (AREA, {"area_code": "20", "language": "fr"}, "“language” .* cannot be “fr”"),
        (AREA, {"area_code": "20", "as_of": "2026-13-01"}, "“as_of” .* cannot be “2026-13-01”"),
        (SUMMARY, {"level": "village"}, "“level” .* cannot be “village”"),
    ],
)
def test_what_is_unknown_missing_or_mistyped_is_refused(template: Path, given: dict, message: str) -> None:
    with pytest.raises(UsageError, match=re.compile(message, re.DOTALL)):
        check_parameters(template, given)


def test_a_cell_that_left_its_model_behind_is_refused(tmp_path: Path) -> None:
    template = write_notebook(
        tmp_path / "area_report.ipynb", parameters='area_code: str = "20"\nlanguage: str = "vi"\n'
    )
    with pytest.raises(UsageError, match="differ in: as_of, cycle, data_folder, papers, run_folder"):
        check_parameters(template, {"area_code": "20"})


def test_params_prints_name_type_and_what_is_allowed() -> None:
    done = CliRunner().invoke(app, ["params", str(AREA), "--lang", "en"])
    assert done.exit_code == 0, done.output
    assert "area_code: str [^(\\d{2}|\\d{3}|\\d{5})$] (required)" in done.output
    assert 'language: str [vi, en] = "vi"' in done.output
    entries = json.loads(CliRunner().invoke(app, ["params", str(SUMMARY), "--lang", "en", "--json"]).output)
    assert entries[0]["name"] == "level"
    assert entries[0]["allowed"] == "province, district, commune"


def test_params_of_any_notebook_come_from_its_cell(tmp_path: Path) -> None:
    template = write_notebook(tmp_path / "t.ipynb", parameters='code = "01"\ncount: int = 3\n')
    found = {entry["name"]: (entry["type"], entry["default"]) for entry in describe_parameters(template)}
    assert found == {"code": ("str", "01"), "count": ("int", 3)}


@pytest.mark.parametrize("notebook", sorted(MODELS))
def test_papermill_used_by_hand_cannot_pass_an_unknown_name(notebook: str) -> None:
    check_injected(notebook, ["", 'language: str = "vi"', '# Parameters\nlanguage = "en"\n', "area = 181"])
    with pytest.raises(UsageError, match="no parameter “langauge”") as error:
        check_injected(notebook, ['# Parameters\nlangauge = "en"\n'])
    assert "language" in error.value.remedy


def test_a_report_by_hand_needs_an_area_and_says_how_to_give_one() -> None:
    with pytest.raises(UsageError, match="needs the parameter “area_code”") as error:
        check_injected("area_report.ipynb", [], area_code="")
    assert "-p area_code 181" in error.value.remedy
    check_injected("area_report.ipynb", [], area_code=5977)
    assert read_parameters(AREA)["area_code"] == "", "no area that could be taken for another's"
