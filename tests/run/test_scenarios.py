"""A scenario file from end to end: tables, pages, and the same numbers in all of them."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import docx
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT
from tests.reports.test_paper import faults
from toolkit.base.errors import DataError, UsageError
from toolkit.cli.main import app
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Plan
from toolkit.run.session import Run
from toolkit.run.studies import ScenarioRun, scenario_run
from toolkit.scenario.scenario import read_scenarios

SAMPLE = ROOT / "data" / "scenarios" / "poverty.yaml"


@pytest.fixture(scope="session")
def run(real_forecasts: Forecasts, real_data: Dataset, real_plan: Plan) -> Run:
    return Run(real_data, real_plan, real_forecasts)


@pytest.fixture(scope="session")
def made(run: Run, tmp_path_factory: pytest.TempPathFactory) -> ScenarioRun:
    return scenario_run(
        run, read_scenarios(SAMPLE), tmp_path_factory.mktemp("scenario"), language="en", formats=("docx", "pdf")
    )


def test_tables_and_one_page_an_area(made: ScenarioRun) -> None:
    assert sorted(path.name for path in made.folder.iterdir()) == [
        "181.docx", "181.html", "181.pdf", "20.docx", "20.html", "20.pdf", "comparison.csv", "figures", "hubverse.csv",
        "iamc.csv", "joint.csv",
    ]  # fmt: skip
    charts = sorted((made.folder / "figures").glob("*.svg"))
    assert charts
    for chart in charts:
        assert ElementTree.parse(chart).getroot().tag.endswith("svg")
    table = pd.read_csv(made.folder / "comparison.csv", dtype={"area_code": str})
    assert len(table) == 3 * 2 * 2
    assert set(table["area_code"]) == {"20", "181"}
    assert table["change_error"].notna().all()
    pace = table[(table["scenario"] == "required-pace") & (table["target_id"] == "T45-02")]
    assert (pace["probability"] - 0.9).abs().max() <= 1 / 400 + 1e-9
    storm = table[(table["scenario"] == "storm") & (table["target_id"] == "T30-03")]
    assert (storm["change"] <= 0).all()
    counted = storm.set_index("area_code")["stands_for_count"]
    assert counted["20"] > 1000
    assert pd.isna(counted["181"])  # how many minority people live in the district is not known
    together = pd.read_csv(made.folder / "joint.csv")
    assert (together["all_met"] <= together["at_least_1"]).all()


def test_the_word_file_is_an_annex_with_the_numbers_of_the_page(made: ScenarioRun, tmp_path: Path) -> None:
    for page in made.pages:
        content = page.with_suffix(".docx").read_bytes()
        assert faults(content, tmp_path) == []
        body = docx.Document(io.BytesIO(content)).element.body
        text = body.xpath("string(.)")
        assert text.startswith("Annex ……")
        assert "[To be written" not in text
        numbers = re.findall(r"[−+]\d[\d,.]* points", page.read_text(encoding="utf-8"))
        assert numbers
        assert [number for number in numbers if number.split()[0] not in text] == []


def test_pages_say_what_the_tables_say_and_fetch_nothing(made: ScenarioRun) -> None:
    for page in made.pages:
        text = page.read_text(encoding="utf-8")
        assert len(text.encode()) < 150 * 1024
        assert not re.search(r"(src|href)=\"https?:", text)
        assert text.count("<h1") == 1
        assert "<svg" in text
        assert "a: Met with 90% probability" in text  # the key of the lines that compare all scenarios in one chart
        assert "which policy would cause it" in text
        ids = re.findall(r"\sid=\"([^\"]+)\"", text)
        assert len(ids) == len(set(ids))
    province = made.comparison[
        (made.comparison["area_code"] == "20") & (made.comparison["scenario"] == "required-pace")
    ]
    change = province.set_index("target_id").loc["T45-02", "change"]
    shown = re.findall(r"\+(\d+\.\d)\b", (made.folder / "20.html").read_text(encoding="utf-8"))
    # half a tenth may be rounded either way
    assert min(abs(float(one) - 100 * float(change)) for one in shown) < 0.05 + 1e-9


def test_vietnamese_pages(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(
        SAMPLE.read_text(encoding="utf-8").replace('areas: ["20", "181"]', 'areas: ["20"]'), encoding="utf-8"
    )
    found = scenario_run(run, read_scenarios(file), tmp_path, language="vi")
    text = found.pages[0].read_text(encoding="utf-8")
    assert "So sánh kịch bản" in text
    assert 'lang="vi"' in text
    assert "business as usual" not in text.casefold()


def test_unknown_targets_and_areas_are_refused_before_anything_is_written(run: Run, tmp_path: Path) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    for old, new in (('areas: ["20", "181"]', 'areas: ["Bình Giaa"]'), ("targets: [T30-03", "targets: [T99-03")):
        file = tmp_path / "s.yaml"
        file.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(UsageError):
            scenario_run(run, read_scenarios(file), tmp_path / "out", language="vi")
    assert not (tmp_path / "out").exists()


def test_the_command_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    missing = CliRunner().invoke(app, ["scenario", str(tmp_path / "none.yaml")])
    assert isinstance(missing.exception, UsageError)
    bad = tmp_path / "bad.yaml"
    bad.write_text("scenarios: []", encoding="utf-8")
    assert isinstance(CliRunner().invoke(app, ["scenario", str(bad)]).exception, DataError)
    assert "Example: toolkit scenario" in CliRunner().invoke(app, ["scenario", "--help"]).output
