"""Any long table in, quantiles out, and clear words for a bad table."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit.base.errors import DataError, UsageError
from toolkit.forecast.any_table import PARENT, forecast_table
from toolkit.models.gate import gates_of
from toolkit.models.panel_model import PanelModel

LEVELS = [0.1, 0.5, 0.9]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")


def history(**changed: object) -> pd.DataFrame:
    rows = {
        "panel": ["p"] * 5,
        "kind": ["percent"] * 5,
        "unit": ["007", "007", "007", "b", "b"],
        "year": [2019, 2020, 2021, 2020, 2021],
        "value": [20.0, 18.0, 17.0, 40.0, 39.0],
    }
    return pd.DataFrame({**rows, **changed})


def test_columns_order_and_names() -> None:
    found = forecast_table(history(), horizon=3, quantiles=LEVELS)
    assert list(found.columns) == ["panel", "unit", "year", "quantile", "value"]
    assert found["unit"].unique().tolist() == ["007", "b"]
    assert found["year"].unique().tolist() == [2022, 2023, 2024]
    assert found["quantile"].unique().tolist() == LEVELS
    assert len(found) == 2 * 3 * 3
    assert found["value"].between(0, 100).all()


def test_numeric_unit_names_become_strings() -> None:
    found = forecast_table(history(unit=[7, 7, 7, 8, 8]), horizon=1, quantiles=[0.5])
    assert found["unit"].tolist() == ["7", "8"]


@pytest.mark.parametrize("kind", ["positive", "count"])
def test_counts_may_come_to_none(kind: str) -> None:
    """Numbers with zeros among them are counts, whether the table says so or not."""
    value = [3.0, 0, 1, 2, 0]
    found = forecast_table(history(kind=kind, value=value), horizon=8, quantiles=LEVELS)
    wide = found.pivot_table(index=["unit", "year"], columns="quantile", values="value")
    assert (wide[0.1] == 0.0).all()
    assert wide[0.9].between(0.5, 20.0).all()


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(
    ("value", "half"), [([96, 98, 99], 0.5), ([96.4, 98.2, 99.1], 0.05), ([96.41, 98.2, 99.1], 0.005)]
)
def test_what_rounds_to_a_bound_is_the_bound(value: list[float], half: float, mirrored: bool) -> None:
    """Of figures in whole per cent many are 100: an interval must not end at 99.7."""
    given = [round(100 - one, 2) if mirrored else one for one in value]
    table = pd.DataFrame({"panel": "p", "kind": "percent", "unit": "a", "year": [2019, 2020, 2021], "value": given})
    found = forecast_table(table, horizon=8, quantiles=[0.025, 0.5, 0.9, 0.975])["value"].to_numpy()
    found = 100 - found if mirrored else found
    assert not ((found > 100 - half) & (found < 100)).any()
    assert (found == 100).any() or half < 0.5
    assert (found < 99).any()


def test_parent_and_announced_units() -> None:
    table = pd.DataFrame(
        {
            "panel": "p",
            "kind": "percent",
            "unit": [PARENT] * 4 + ["a", "a", "empty"],
            "year": [2017, 2018, 2019, 2021, 2018, 2020, 2021],
            "value": [30.0, 28.0, 26.0, 22.0, 15.0, 13.0, np.nan],
        }
    )
    found = forecast_table(table, horizon=8, quantiles=LEVELS)
    assert set(found["unit"]) == {"a", "empty"}
    assert found["year"].min() == 2022
    wide = found.pivot_table(index=["unit", "year"], columns="quantile", values="value")
    spread = wide[0.9] - wide[0.1]
    assert spread["empty", 2022] > spread["a", 2022]


def test_a_unit_without_data_borrows_from_its_peers() -> None:
    table = pd.concat([history(), history(unit="c", value=np.nan, year=2021).iloc[:1]])
    found = forecast_table(table, horizon=1, quantiles=LEVELS)
    middle = found[(found["unit"] == "c") & (found["quantile"] == 0.5)]["value"].iloc[0]
    assert 15 < middle < 45


@pytest.mark.parametrize("model", ["no_change", "drift", "ols", "damped_ets", "theta"])
def test_every_model_answers(model: str) -> None:
    values = [20.0, 18.5, 18.0, 16.0, 15.5, 14.0, 13.7, 12.0]
    table = pd.DataFrame({"panel": "p", "kind": "percent", "unit": "a", "year": range(2014, 2022), "value": values})
    found = forecast_table(table, horizon=2, quantiles=LEVELS, model=model)
    middle = found[found["quantile"] == 0.5]["value"]
    assert middle.between(5, 14).all()
    assert found.groupby("year")["value"].apply(lambda one: one.is_monotonic_increasing).all()


def test_panels_do_not_touch_each_other() -> None:
    alone = forecast_table(history(), horizon=2, quantiles=LEVELS)
    both = forecast_table(pd.concat([history(), history(panel="q", value=50.0)]), horizon=2, quantiles=LEVELS)
    pd.testing.assert_frame_equal(both[both["panel"] == "p"].reset_index(drop=True), alone)


@pytest.mark.parametrize(
    ("changed", "row", "column", "word"),
    [
        ({"value": [20.0, 18.0, 17.0, 40.0, 139.0]}, 6, "value", "0 to 100"),
        ({"value": ["20", "x", "17", "40", "39"]}, 3, "value", "not a number"),
        ({"value": [20.0, np.inf, 17.0, 40.0, 39.0]}, 3, "value", "finite"),
        ({"year": [2019, 2020, 2021, 2020, 2020.5]}, 6, "year", "not a year"),
        ({"year": [2019, 2020, 2020, 2020, 2021]}, 4, "year", "row 3"),
        ({"year": [2019, 2020, 2021, None, 2021]}, 5, "year", "empty"),
        ({"value": ["20", "18,5", "17.25", "40", "39"]}, 3, "value", "mixes"),
        ({"kind": ["percent"] * 4 + ["share"]}, 6, "kind", "unknown"),
        ({"kind": ["percent"] * 4 + ["real"]}, 6, "kind", "began as percent"),
        ({"unit": ["a", "a", "", "b", "b"]}, 4, "unit", "empty"),
        ({"value": [np.nan] * 5}, 2, "value", "no value at all"),
    ],
)
def test_bad_tables_name_row_and_column(changed: dict, row: int, column: str, word: str) -> None:
    with pytest.raises(DataError) as caught:
        forecast_table(history(**changed), quantiles=LEVELS)
    problem = caught.value.problems[0]
    assert (problem.row, problem.column) == (row, column)
    assert word in problem.problem
    assert problem.remedy


def test_all_problems_at_once() -> None:
    with pytest.raises(DataError) as caught:
        forecast_table(history(value=["a", "b", "1", "2", "300"]), quantiles=LEVELS)
    assert [problem.row for problem in caught.value.problems] == [2, 3, 6]


def test_missing_columns_and_empty_tables() -> None:
    with pytest.raises(DataError) as caught:
        forecast_table(history().drop(columns=["kind", "unit"]), quantiles=LEVELS)
    assert {problem.column for problem in caught.value.problems} == {"kind", "unit"}
    with pytest.raises(DataError):
        forecast_table(history().iloc[:0], quantiles=LEVELS)


@pytest.mark.parametrize("options", [{"horizon": 0}, {"quantiles": [0.0, 0.5]}, {"quantiles": []}, {"model": "magic"}])
def test_wrong_options(options: dict) -> None:
    with pytest.raises(UsageError):
        forecast_table(history(), **{"quantiles": LEVELS, **options})


def test_other_weights_give_other_forecasts() -> None:
    document = json.loads(files("toolkit.models").joinpath("weights.json").read_text(encoding="utf-8"))
    usual = forecast_table(history(), quantiles=LEVELS)
    for part in ("spread_common", "spread_unit"):
        document["panels"][part]["constant"] += np.log(4.0)
    gates = gates_of(json.dumps(document))
    wider = forecast_table(history(), quantiles=LEVELS, model=PanelModel(gates=(gates.panels, gates.single)))
    middle = usual["quantile"] == 0.5
    np.testing.assert_allclose(wider["value"][middle], usual["value"][middle])
    assert (wider["value"] > usual["value"])[usual["quantile"] == 0.9].all()


def test_files_of_any_usual_kind_give_the_same(tmp_path: Path) -> None:
    table = history(unit=["Bình Gia"] * 3 + ["b"] * 2, value=[20.5, 18.0, 17.0, 40.0, 39.0])
    expected = forecast_table(table, horizon=2, quantiles=LEVELS)
    commas = table.assign(value=table["value"].map(lambda value: str(value).replace(".", ",")))
    table.to_csv(tmp_path / "plain.csv", index=False)
    commas.to_csv(tmp_path / "excel.csv", index=False, sep=";", encoding="utf-8-sig")
    commas.to_csv(tmp_path / "utf16.csv", index=False, sep="\t", encoding="utf-16")
    table.to_excel(tmp_path / "book.xlsx", index=False)
    for name in ("plain.csv", "excel.csv", "utf16.csv", "book.xlsx"):
        pd.testing.assert_frame_equal(forecast_table(tmp_path / name, horizon=2, quantiles=LEVELS), expected)


def test_problems_of_a_file_stand_at_their_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("panel;kind;unit;year;value\n\np;percent;a;2020;5,5\np;percent;a;2021;x\n", "utf-8")
    with pytest.raises(DataError) as caught:
        forecast_table(tmp_path / "t.csv", quantiles=LEVELS)
    assert [(one.file, one.row, one.column, one.value) for one in caught.value.problems] == [("t.csv", 4, "value", "x")]
    (tmp_path / "two.csv").write_bytes(b"\x00\x01\x02")
    with pytest.raises(DataError):
        forecast_table(tmp_path / "two.csv", quantiles=LEVELS)


def test_messages_come_in_vietnamese_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "vi")
    with pytest.raises(DataError) as caught:
        forecast_table(history(kind="share"), quantiles=LEVELS)
    assert "không có loại đại lượng này" in caught.value.problems[0].problem


def test_the_module_can_be_the_first_that_is_imported() -> None:
    subprocess.run([sys.executable, "-c", "import toolkit.forecast.any_table"], check=True)
