"""Ten lines from data to answer: answers and comparisons with a table, a text, a chart, and a rich display."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import pytest
from matplotlib.text import Text

import toolkit
from tests.conftest import ROOT
from toolkit.api.answers import Shown
from toolkit.base.errors import UsageError
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Plan


@pytest.fixture(scope="session")
def run(real_forecasts: Forecasts, real_data: Dataset, real_plan: Plan) -> toolkit.Run:
    return toolkit.Run(real_data, real_plan, real_forecasts)


def test_an_answer_has_table_text_chart_and_displays_itself(run: toolkit.Run) -> None:
    answer = run.ask("binh gia", "T30-03", language="en")
    assert answer.probability == answer.table.loc[0, "probability"]
    percent = int(100 * (answer.probability or 0))
    assert f"{percent}%" in answer.text
    assert "Bình Gia" in answer.text
    assert repr(answer) == answer.text
    assert "<table" in answer._repr_html_()
    assert answer.figures.loc[0, "year"] == 2018
    assert answer.figures["source_id"].tolist() == ["dansinh-binhgia-2019"]
    words = " ".join(text.get_text() for text in answer.plot().findobj(Text))
    assert str(answer.figures.loc[0, "publisher"]) in words  # a chart stands alone: title, unit, source
    assert "T30-03" in words
    assert "SIMULATED" not in words
    shown = answer.plot()._repr_mimebundle_()
    assert shown["image/png"][:4] == b"\x89PNG"
    assert "Bình Gia" in shown["text/plain"]
    with pytest.raises(FrozenInstanceError):
        answer.attainment = None  # type: ignore[misc]


def test_a_chart_of_simulated_data_says_so(run: toolkit.Run) -> None:
    simulated = replace(run, dataset=replace(run.dataset, simulated=True))
    words = " ".join(text.get_text() for text in simulated.ask("20", "T30-03", language="en").plot().findobj(Text))
    assert "SIMULATED" in words


def test_in_vietnamese_by_default(run: toolkit.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOOLKIT_LANG", raising=False)
    assert "khả năng đạt" in run.ask("181", "T30-03").text


def test_what_cannot_be_assessed_says_so(run: toolkit.Run) -> None:
    answer = run.ask("181", "T25-08a", language="en")
    assert answer.probability is None
    assert "%" not in answer.text.split(" – ")[-1]
    if answer.path is None:
        with pytest.raises(UsageError):
            answer.plot()


def test_a_comparison_has_table_text_and_chart(run: toolkit.Run) -> None:
    storm = run.what_if("storm").shock("poverty_rate", 2028, points=6, recovery="never")
    found = toolkit.compare(run, storm, "20", ["T30-03"], language="en")
    assert "storm" in found.text
    assert found.table.loc[0, "change"] < 0
    assert "<table" in found._repr_html_()
    assert found.plot()._repr_mimebundle_()["image/png"]
    both = [toolkit.joint(run, "20", ["T30-03"], scenario=one).all_met for one in (storm, None)]
    assert both[0] <= both[1]
    with pytest.raises(UsageError):
        found.plot("T99")
    unchanged = toolkit.compare(run, run.what_if(), "20", ["T30-03"], language="en")
    assert unchanged.text == "No target's chance changes in these scenarios."


def shows_itself(result: Shown) -> None:
    assert repr(result) == result.text
    assert "<table" in result._repr_html_()
    assert result.plot()._repr_mimebundle_()["image/png"][:4] == b"\x89PNG"  # type: ignore[operator]
    field = next(iter(vars(result)))
    with pytest.raises(FrozenInstanceError):
        setattr(result, field, None)


def test_other_systems_stand_beside_ours(run: toolkit.Run) -> None:
    found = toolkit.official_answers(run, "20", "T45-02")
    assert found["system"].tolist()[-1] == "toolkit"
    assert len(found) == 8
    assert set(found["on_track"].dropna()) == {True, False}
    assert found["value"].iloc[-1] == run.ask("20", "T45-02").probability
    with pytest.raises(UsageError):
        toolkit.official_answers(run, "20", "T30-01")


def test_several_targets_at_once_show_themselves(run: toolkit.Run) -> None:
    found = toolkit.joint(run, "20", ["T30-03", "T45-02", "T30-26", "T25-09"], language="en")
    assert found.table["first_to_fail"].sum() + found.all_met == pytest.approx(1)
    assert found.at_least(1) >= found.at_least(2) >= found.all_met
    assert "T25-09" in found.text  # a milestone: cannot be judged
    shows_itself(found)
    storm = run.what_if().shock("poverty_rate", 2029, points=15, recovery="never")
    assert toolkit.joint(run, "20", ["T30-03", "T45-02"], scenario=storm).all_met < found.all_met + 1e-9


def test_numbers_in_tables_follow_the_language(run: toolkit.Run) -> None:
    for language, mark in (("vi", "0,"), ("en", "0.")):
        assert mark in toolkit.joint(run, "20", ["T30-03", "T45-02"], language=language)._repr_html_()


def test_mistakes_offer_the_nearest(run: toolkit.Run) -> None:
    with pytest.raises(UsageError, match="Bình Gia"):
        run.ask("Bình Giaa", "T30-03")
    with pytest.raises(UsageError, match="T30-03"):
        run.ask("181", "T30-033")


def test_tab_completion_shows_the_api_alone() -> None:
    program = (
        "import sys, toolkit; assert 'toolkit.api' not in sys.modules and 'numpy' not in sys.modules;"
        "print(dir(toolkit) == sorted(toolkit.__all__), len(toolkit.__all__))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", str(len(toolkit.__all__))]
    assert len(toolkit.__all__) <= 25


def test_every_public_name_is_typed_and_described() -> None:
    assert (ROOT / "toolkit" / "py.typed").is_file()
    for name in toolkit.__all__:
        thing = getattr(toolkit, name)
        assert name == "__version__" or len(inspect.getdoc(thing) or "") > 30, name
        if inspect.isfunction(thing):
            shape = inspect.signature(thing)
            assert shape.return_annotation is not inspect.Signature.empty, name
            kinds = {parameter.kind for parameter in shape.parameters.values()}
            assert inspect.Parameter.VAR_KEYWORD not in kinds, name
