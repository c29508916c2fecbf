"""Ten lines from data to answer: answers and comparisons with a table, a text, a chart, and a rich display."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest

import toolkit
from toolkit.base.errors import UsageError
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.schema import Plan
from toolkit.run.session import Run


@pytest.fixture(scope="session")
def run(real_forecasts: Forecasts, real_data: Dataset, real_plan: Plan) -> Run:
    return Run(real_data, real_plan, real_forecasts)


def test_an_answer_has_table_text_chart_and_displays_itself(run: Run) -> None:
    answer = toolkit.ask(run, "binh gia", "T30-03", language="en")
    assert answer.probability == answer.table.loc[0, "probability"]
    percent = int(100 * (answer.probability or 0))
    assert f"{percent}%" in answer.text
    assert "Bình Gia" in answer.text
    assert repr(answer) == answer.text
    assert "<table" in answer._repr_html_()
    shown = answer.plot()._repr_mimebundle_()
    assert shown["image/png"][:4] == b"\x89PNG"
    assert "Bình Gia" in shown["text/plain"]
    with pytest.raises(FrozenInstanceError):
        answer.attainment = None  # type: ignore[misc]


def test_in_vietnamese_by_default(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOOLKIT_LANG", raising=False)
    assert "khả năng đạt" in toolkit.ask(run, "181", "T30-03").text


def test_what_cannot_be_assessed_says_so(run: Run) -> None:
    answer = toolkit.ask(run, "181", "T25-08a", language="en")
    assert answer.probability is None
    assert "%" not in answer.text.split(" – ")[-1]
    if answer.path is None:
        with pytest.raises(UsageError):
            answer.plot()


def test_a_comparison_has_table_text_and_chart(run: Run) -> None:
    storm = toolkit.what_if(run, "storm").shock("poverty_rate", 2028, points=6, recovery="never")
    found = toolkit.compare(run, storm, "20", ["T30-03"], language="en")
    assert "storm" in found.text
    assert found.table.loc[0, "change"] < 0
    assert "<table" in found._repr_html_()
    assert found.plot()._repr_mimebundle_()["image/png"]
    assert found.joint.all_met <= found.usual_joint.all_met
    with pytest.raises(UsageError):
        found.plot("T99")
    unchanged = toolkit.compare(run, toolkit.what_if(run), "20", ["T30-03"], language="en")
    assert unchanged.text == "No target's chance changes in these scenarios."


def test_other_systems_stand_beside_ours(run: Run) -> None:
    table = toolkit.official_answers(run, "20", "T45-02")
    assert table["system"].tolist()[-1] == "toolkit"
    assert len(table) == 8
    assert set(table["on_track"].dropna()) == {True, False}
    with pytest.raises(UsageError):
        toolkit.official_answers(run, "20", "T30-01")


def test_mistakes_offer_the_nearest(run: Run) -> None:
    with pytest.raises(UsageError, match="Bình Gia"):
        toolkit.ask(run, "Bình Giaa", "T30-03")
    with pytest.raises(UsageError, match="T30-03"):
        toolkit.ask(run, "181", "T30-033")


def test_tab_completion_shows_the_api_alone() -> None:
    program = "import toolkit; print(dir(toolkit) == sorted(toolkit.__all__), len(toolkit.__all__))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", str(len(toolkit.__all__))]
    assert len(toolkit.__all__) <= 25
