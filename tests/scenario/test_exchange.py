"""IAMC and hubverse layouts, and the way back."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from toolkit.base.errors import DataError, ToolkitError, UsageError
from toolkit.scenario.exchange import HUBVERSE, IAMC, hubverse_table, iamc_table, scenarios_from_iamc, steps_from_iamc
from toolkit.scenario.scenario import Scenario


@pytest.fixture(scope="session")
def planned(usual: Scenario) -> Scenario:
    return usual.planned_values("poverty_rate", {2027: 2.0, 2028: 1.5, 2035: 1.0}, areas=["20"])


def test_the_layout_is_iamcs(usual: Scenario, planned: Scenario) -> None:
    table = iamc_table({"usual": usual.base, "plan": planned.forecasts}, usual.dataset, ["20", "181"])
    assert tuple(table.columns) == IAMC
    assert not table.duplicated(list(IAMC[:6])).any()
    assert not table.isna().any().any()
    assert set(table["scenario"]) == {"usual", "plan"}
    assert "Tỉnh Lạng Sơn [20]" in set(table["region"])
    row = table[(table["scenario"] == "plan") & (table["variable"] == "poverty_rate|all|P50") & (table["year"] == 2028)]
    assert row[row["region"].str.contains("20]", regex=False)]["value"].item() == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize("wide", [False, True])
def test_a_table_comes_back_as_planned_values(usual: Scenario, planned: Scenario, wide: bool) -> None:
    table = iamc_table({"plan": planned.forecasts}, usual.dataset, ["20"], indicators=["poverty_rate"])
    table = table[table["variable"].str.startswith("poverty_rate|all")]
    if wide:
        table = table.pivot_table(index=list(IAMC[:5]), columns="year", values="value").reset_index()
        table.columns = [str(name).capitalize() for name in table.columns]
    text = io.StringIO(table.to_csv(index=False))
    steps = steps_from_iamc(pd.read_csv(text), usual.dataset, "plan")
    assert [(step.verb, list(step.by_area or {})) for step in steps] == [("planned_values", ["20"])]  # type: ignore[union-attr]
    again = usual.then(steps[0])
    before, after = (one.forecasts.path("20", "poverty_rate", "all") for one in (planned, again))
    assert before is not None and after is not None  # noqa: PT018
    np.testing.assert_allclose(np.median(after.draws, axis=0), np.median(before.draws, axis=0), atol=0.02)


def test_what_is_wrong_with_a_table_is_said_row_by_row(usual: Scenario, planned: Scenario) -> None:
    table = iamc_table({"plan": planned.forecasts}, usual.dataset, ["20"], indicators=["poverty_rate"])
    table = table[table["variable"] == "poverty_rate|all|P50"].reset_index(drop=True)
    for changed, words in (
        (table.drop(columns="unit"), "unit"),
        (table.assign(scenario="x"), "x"),
        (table.assign(unit="persons"), "percent"),
        (table.assign(region="Lạng Sơm"), "Lạng Sơn"),
        (table.assign(variable="poverty_rat|all"), "poverty_rate"),
    ):
        with pytest.raises(ToolkitError, match=words):
            steps_from_iamc(changed, usual.dataset, "plan")
    broken = table.astype({"value": object})
    broken.loc[[3, 7], "value"] = "=1+1"
    with pytest.raises(DataError) as caught:
        steps_from_iamc(broken, usual.dataset, "plan")
    assert [(one.row, one.column, one.value) for one in caught.value.problems] == [
        (5, "value", "=1+1"),
        (9, "value", "=1+1"),
    ]


def test_what_we_write_comes_back_as_a_scenario_file(usual: Scenario, planned: Scenario) -> None:
    table = iamc_table({"Kế hoạch A": planned.forecasts}, usual.dataset, ["20", "181"])
    read, passed = scenarios_from_iamc(table, usual.base, usual.dataset, "x")
    assert set(read.areas) == {"20", "181"}
    assert [one.id for one in read.scenarios] == ["ke-hoach-a"]
    assert "Kế hoạch A: poverty_rate|dtts [20]" in passed  # seen through a stand-in
    again = Scenario(usual.base, usual.dataset, usual.plan, "again", read.scenarios[0].steps).forecasts
    for code in ("20", "181"):
        before, after = (one.path(code, "poverty_rate", "all") for one in (planned.forecasts, again))
        assert before is not None
        assert after is not None
        np.testing.assert_allclose(np.median(after.draws, axis=0), np.median(before.draws, axis=0), atol=0.02)
    over = table[table["year"] <= 2009]
    with pytest.raises(UsageError):
        scenarios_from_iamc(over, usual.base, usual.dataset, "x")


def test_hubverse_columns(usual: Scenario) -> None:
    table = hubverse_table(usual.base, ["20"])
    assert tuple(table.columns) == HUBVERSE
    assert set(table["output_type"]) == {"quantile"}
    assert (table["horizon"] >= 1).all()
    one = table[(table["target"] == "poverty_rate|all") & (table["target_end_date"] == "2030-12-31")]
    assert one["horizon"].unique().tolist() == [5]
    assert one["value"].is_monotonic_increasing
