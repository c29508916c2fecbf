"""Objects, not files: what a researcher types works as it is typed, and a wrong answer is never given in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import toolkit
from toolkit.base.errors import UsageError
from toolkit.base.texts import interface_language


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


def test_the_block_of_the_documentation_runs(tmp_path: Path) -> None:
    mpl.use("Agg")
    before = interface_language()
    toolkit.set_language("en")
    try:
        data = toolkit.load()
        own = [["Bình Gia", "poverty_rate", 2023, 14.5, "2024-01-31", "published"]]
        columns = ["area_code", "indicator", "year", "value", "available_from", "available_basis"]
        data = data.with_observations(pd.DataFrame(own, columns=columns))
        plan = toolkit.load_plan("langson-138").with_target("T30-03", value=5).without_proxy("poverty_dtts_from_all")
        model = MyModel()
        run = toolkit.compute_run(data=data, plan=plan, areas=["Bình Gia"], model=model, draws=200, as_of="2024-12-31")
        path = run.path("Bình Gia", "poverty_rate")
        assert path.draws.shape == (200, len(path.years))
        assert path.at(2023).mean() == pytest.approx(14.5)
        assert len(path.draws_frame()) == path.draws.size
        assert path.plot().get_title().startswith("poverty_rate")
        assert len(run.table("Bình Gia")) == len(plan.targets)
        assert run.ask("Bình Gia", "T30-03").attainment.probability is None, "its stand-in is off"
        run.save(tmp_path / "run")
        again = toolkit.open_run(tmp_path / "run")
        assert again.plan == plan
        assert again.path("Bình Gia", "poverty_rate").at(2023).mean() == pytest.approx(14.5)
        pd.testing.assert_frame_equal(again.table("Bình Gia"), run.table("Bình Gia"))
    finally:
        toolkit.set_language(before)


def test_a_run_says_what_it_is_in_a_line(run: Any) -> None:
    assert len(repr(run)) < 200
    assert len(repr(run.path("20", "poverty_rate"))) < 200


def test_several_scenarios_in_one_comparison(run: Any) -> None:
    storm = run.what_if("storm").shock("poverty_rate", 2028, points=5)
    slow = run.what_if("slow").fixed_pace("poverty_rate", points=-0.1)
    found = toolkit.compare(run, [storm, slow], ["20", "Bình Gia"], "T30-03")
    assert found.table[["scenario", "area_code"]].to_numpy().tolist() == [
        ["storm", "20"], ["storm", "181"], ["slow", "20"], ["slow", "181"],
    ]  # fmt: skip
    assert found.plot("T30-03").axes[0].patches


def test_why_is_the_number_what_it_is(run: Any) -> None:
    for language, word in (("vi", "Chỉ số thay thế"), ("en", "Stand-in")):
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
