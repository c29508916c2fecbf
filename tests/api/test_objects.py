"""Objects, not files: what a researcher types works as it is typed, and a wrong answer is never given in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import toolkit
from toolkit.base.errors import UsageError


class MyModel:
    """The last value, with steps that were drawn."""

    def fit(self, panel: pd.DataFrame) -> MyModel:
        self.last = panel.ffill().bfill().iloc[-1].fillna(0.0).to_numpy()
        return self

    def predict(self, horizons: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(1).standard_normal((200, self.last.size, horizons.size))
        return self.last[None, :, None] + 0.2 * noise * np.sqrt(horizons)


@pytest.fixture(scope="module")
def run() -> Any:
    return toolkit.compute_run(areas=["Bình Gia"], draws=200, as_of="2026-11-23")


def test_what_holds_rows_says_so_in_a_line_and_shows_them(run: Any) -> None:
    data = run.dataset
    held = [data, data.areas, data.indicators, data.series("20", "poverty_rate", "all"), run.plan, run.forecasts]
    for one in (*held, run.path("20", "poverty_rate")):
        assert len(repr(one)) < 100
        assert len(one.to_frame())
        assert "<table" in one._repr_html_()
    assert len(repr(run)) < 200
    assert "<p>" in run._repr_html_()


def test_completion_shows_the_words_of_the_field(run: Any) -> None:
    for one in (run.plan, run.plan.target("T30-03"), run.dataset.indicators["poverty_rate"]):
        shown = dir(one)
        assert not [name for name in shown if name.startswith(("model_", "_")) or name in ("copy", "json", "parse_raw")]
        assert [name for name in shown if not hasattr(one, name)] == []
    assert {"target", "with_target", "targets", "number"} <= set(dir(run.plan))


def test_ones_own_model_is_back_tested_beside_ours() -> None:
    rows = [("p", "percent", unit, 2010 + at, start - at) for unit, start in (("a", 40), ("b", 30)) for at in range(8)]
    table = pd.DataFrame(rows, columns=["panel", "kind", "unit", "year", "value"])
    found = toolkit.backtest([MyModel(), "no_change", MyModel()], table=table)
    assert found.scores["model"].tolist() == ["MyModel", "no_change", "MyModel 3"]
    assert {"outcome", "q0.5", "threshold_1", "wis"} <= set(found.rows.columns)
    assert found.plot(language="en")._repr_mimebundle_()["image/png"]
    assert "<table" in found._repr_html_()


def test_several_scenarios_in_one_comparison(run: Any) -> None:
    storm = run.what_if("storm").shock("poverty_rate", 2028, points=5)
    slow = run.what_if("slow").fixed_pace("poverty_rate", points=-0.1)
    found = toolkit.compare(run, [storm, slow], ["20", "Bình Gia"], "T30-03")
    assert found.table[["scenario", "area_code"]].to_numpy().tolist() == [
        ["storm", "20"], ["storm", "181"], ["slow", "20"], ["slow", "181"],
    ]  # fmt: skip
    assert found.plot("T30-03").axes[0].patches


def test_one_stands_for_a_list_of_one_everywhere(run: Any) -> None:
    storm = run.what_if("storm").shock("poverty_rate", 2028, points=5, areas="20")
    assert storm.steps[0].areas == ("20",)
    assert len(toolkit.joint(run, "20", "T30-03").to_frame()) == 1
    tables = [
        toolkit.iamc_table({"x": run.forecasts}, run.dataset, codes, indicators=names)
        for codes, names in (("181", "poverty_rate"), (["181"], ["poverty_rate"]))
    ]
    pd.testing.assert_frame_equal(*tables)
    assert run.table("20").equals(run.table(["20"]))


def test_why_is_the_number_what_it_is(run: Any) -> None:
    for language, word in (("vi", "Chỉ tiêu thay thế"), ("en", "Stand-in")):
        found = run.ask("Bình Gia", "T30-03", language=language).explain()
        assert word in found.text
        assert "2018" in found.text
        assert sum(found.spread.values()) == pytest.approx(1.0)
        assert {"jump", "level", "trend"} <= set(found.spread)
        assert len(found.table) == len(found.steps)
        assert found.plot().axes[0].patches
    missing = run.ask("20", "T25-01", language="en").explain()
    assert missing.table["step"].tolist()


def test_what_is_not_in_the_run_is_refused(run: Any) -> None:
    with pytest.raises(UsageError, match="05977") as error:
        run.ask(5977, "T30-03")
    assert "compute_run" in error.value.remedy
    other = toolkit.compute_run(draws=200, as_of="2026-11-23")
    with pytest.raises(UsageError, match="storm"):
        toolkit.compare(run, other.what_if("storm").shock("poverty_rate", 2028, points=5), "20")
    with pytest.raises(UsageError, match="2024-13-31"):
        toolkit.compute_run(as_of="2024-13-31", draws=200)


def test_a_stored_run_with_another_plan_answers_anew(run: Any, tmp_path: Path) -> None:
    stored = toolkit.open_run(run.save(tmp_path / "run"))
    other = replace(stored, plan=stored.plan.with_target("T30-03", value=1))
    assert other.ask("20", "T30-03").probability < stored.ask("20", "T30-03").probability
