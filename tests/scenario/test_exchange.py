"""IAMC and hubverse layouts, and the way back."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest

from toolkit.base.errors import DataError, ToolkitError, UsageError
from toolkit.scenario.exchange import (
    EVIDENCE,
    HUBVERSE,
    IAMC,
    hubverse_table,
    iamc_table,
    read_iamc,
    scenarios_from_iamc,
    steps_from_iamc,
)
from toolkit.scenario.scenario import Scenario
from toolkit.scenario.steps import PlannedValues


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
    assert [(step.verb, list(step.by_area or {})) for step in steps] == [("planned_values", ["20"])]
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


LONG = "model,scenario,region,variable,unit,year,value\nA,plan,20,poverty_rate|all,percent,2027,4.5\n"
WIDE = "Model,Scenario,Region,Variable,Unit,2027,2028\nA,plan,20,poverty_rate|all,percent,5,4\n"


def refused(text: str, tmp_path: Path, usual: Scenario) -> list[tuple[int, str, str]]:
    """Return row, column and kind of the errors of a table in a file."""
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        steps_from_iamc(read_iamc(path), usual.dataset, "plan")
    return [(one.row, one.column, one.kind) for one in caught.value.problems if one.severity == "error"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        *((LONG + LONG.splitlines()[1].replace(cell, "", 1), (3, column, "empty_cell"))
          for column, cell in {"model": "A", "scenario": "plan", "region": "20", "variable": "poverty_rate|all",
                               "year": "2027"}.items()),
        (LONG.replace("percent", ""), (2, "unit", "other_unit")),
        (LONG + LONG.splitlines()[1], (3, "year", "year_twice")),
        (LONG + LONG.splitlines()[1].replace("20,", "Tỉnh Lạng Sơn [20],", 1), (3, "year", "year_twice")),
        (WIDE.replace("2028", "2027.0"), (2, "year", "year_twice")),
        (LONG.replace("year", "subannual,year").replace("2027", "January,2027"), (2, "subannual", "part_of_year")),
        (LONG.replace("2027", "2027-06-30"), (2, "year", "part_of_year")),
        (LONG.replace("2027", "27"), (2, "year", "no_year")),
        (LONG.replace("2027", "2207"), (2, "year", "no_year")),
        (WIDE.replace("2028", "2207"), (2, "year", "no_year")),
        (LONG.replace("year", "time"), (1, "year", "missing_column")),
        (WIDE.replace(",2027,2028", "").replace(",5,4", ""), (1, "year", "missing_column")),
        (LONG.replace("value", "value,2028").replace("4.5", "4.5,4"), (1, "year", "long_and_wide")),
        (LONG.replace("4.5", "450"), (2, "2027", "out_of_bounds")),
        (WIDE.replace("5,4", "5,-4"), (2, "2028", "out_of_bounds")),
        (LONG.replace("|all", "|all|Mean"), (2, "variable", "other_part")),
        (LONG.replace("|all", "|everyone"), (2, "variable", "unknown_choice")),
        (WIDE + "© SSP Public Database (Version 2.0),,,,,,\n", (3, "", "lone_cell")),
        (WIDE + "© SSP Public Database (Version 2.0)\n", (3, "", "cell_count")),
    ],
)  # fmt: skip
def test_nothing_of_a_table_in_a_file_is_lost_or_guessed(
    text: str, wanted: tuple[int, str, str], usual: Scenario, tmp_path: Path
) -> None:
    assert wanted in refused(text, tmp_path, usual)


def test_the_model_is_part_of_the_key_and_names_that_begin_alike_stay_apart(usual: Scenario, tmp_path: Path) -> None:
    long_name = "a scenario whose name is much longer than forty letters"
    rows = [("A", "plan", 4.5), ("B", "plan", 9.5), ("A", f"{long_name} 1", 3.5), ("A", f"{long_name} 2", 2.5)]
    text = LONG.splitlines()[0] + "\n"
    text += "".join(f"{model},{name},20,poverty_rate|all,percent,2027,{value}\n" for model, name, value in rows)
    (tmp_path / "t.csv").write_text(text + "A,only,20,poverty_rate|all|P90,percent,2027,9\n", encoding="utf-8")
    read, passed = scenarios_from_iamc(read_iamc(tmp_path / "t.csv"), usual.base, usual.dataset, "x")
    assert [one.title.en for one in read.scenarios] == ["plan (A)", "plan (B)", f"{long_name} 1", f"{long_name} 2"]
    assert len({one.id for one in read.scenarios}) == len(rows)
    steps = [cast("PlannedValues", one.steps[0]) for one in read.scenarios]
    assert [(step.by_area or {})["20"][2027] for step in steps] == [value for *_, value in rows]
    assert passed == ("only",)


def test_whole_years_are_read_however_written(usual: Scenario, tmp_path: Path) -> None:
    for year in ("2027.0", "2027-12-31", "31/12/2027"):
        (tmp_path / "t.csv").write_text(LONG.replace("2027", year), encoding="utf-8")
        (step,) = steps_from_iamc(read_iamc(tmp_path / "t.csv"), usual.dataset, "plan")
        assert step.by_area == {"20": {2027: 4.5}}


def test_horizons_of_the_hubverse_count_from_the_reference_date(usual: Scenario) -> None:
    table = hubverse_table(usual.base, ["20", "181"])
    assert tuple(table.columns) == HUBVERSE
    assert set(table["output_type"]) == {"quantile"}
    origin = date.fromisoformat(table["reference_date"].unique().item())
    assert origin.year == usual.base.as_of.year
    ends = [origin.replace(year=origin.year + int(horizon)).isoformat() for horizon in table["horizon"]]
    assert table["target_end_date"].tolist() == ends
    assert (table["horizon"] >= 0).all()
    keys = ["target", "horizon", "location", "output_type_id"]
    assert not table.duplicated(keys).any()
    one = table[(table["target"] == "poverty_rate|all") & (table["target_end_date"] == "2030-12-31")]
    assert one[one["location"] == "20"]["value"].is_monotonic_increasing


def test_every_row_says_what_it_rests_on(usual: Scenario) -> None:
    base = usual.base
    hub, iamc = hubverse_table(base, ["20"]), iamc_table({"x": base}, usual.dataset, ["20"])
    for name, through in (("poverty_rate|all", False), ("poverty_rate|dtts", True)):
        path = base.path("20", *name.split("|"))
        assert path is not None
        assert (path.proxy is not None) == through
        bound = "exact" if path.proxy is None or path.proxy.relation == "equal" else path.proxy.relation
        wanted = {(path.grade, bound, path.proxy.proxy_id if path.proxy else "none")}
        for rows in (hub[hub["target"] == name], iamc[iamc["variable"].str.startswith(f"{name}|")]):
            assert set(rows[list(EVIDENCE)].itertuples(index=False, name=None)) == wanted
