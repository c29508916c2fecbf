"""Back-tests of the plan's data: nothing from after the origin is seen, and every outcome is a later figure."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from toolkit.data.dataset import Dataset, load
from toolkit.evaluate.backtest import LEVELS, backtest_plan, origin_days, settled_after, summary
from toolkit.plan.load import load_plan

DAYS = (date(2021, 12, 31), date(2023, 12, 31))
TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def newer() -> Dataset:
    return load(as_of=TODAY)


@pytest.fixture(scope="module")
def rows(newer: Dataset) -> pd.DataFrame:
    plan = load_plan(folder=newer.folder)
    return backtest_plan(newer, plan, [], DAYS, "no_change", draws=200, indicators=["poverty_rate"])


def test_outcomes_are_final_figures_of_later_publication(newer: Dataset, rows: pd.DataFrame) -> None:
    figures = {
        (figure.year, figure.standard): figure for figure in newer.series("20", "poverty_rate", "all").observations
    }
    assert set(rows["unit"]) == {"20"}
    for row in rows.to_dict("records"):
        assert row["known_on"] > f"{row['origin']}-12-31"
        last_known = row["origin"] - row["horizon"]
        year = next(year for (year, _), figure in figures.items() if figure.available_from == row["known_on"])
        assert year > last_known
        assert figures[year, row["standard"]].status == "final"
    assert rows["unit_of_error"].gt(0).all()


def test_the_median_of_no_change_is_near_the_last_value_known_then(newer: Dataset, rows: pd.DataFrame) -> None:
    known = load(newer.folder, as_of=DAYS[1]).series("20", "poverty_rate", "all").observations
    assert max(figure.available_from for figure in known) <= "2023-12-31"
    later = rows[rows["origin"] == 2023]
    # only near: a preliminary figure may still be revised
    np.testing.assert_allclose(later["absolute_error"], later["naive"], rtol=0.08)


def test_a_figure_known_at_the_origin_settles_nothing(newer: Dataset) -> None:
    before, after = (len(settled_after(newer, ["20"], day)) for day in (date(2010, 12, 31), date(2024, 12, 31)))
    assert before > after > 0
    assert settled_after(newer, ["20"], TODAY) == []


def test_any_score_can_be_computed_again_from_the_rows(rows: pd.DataFrame) -> None:
    quantiles = rows[[f"q{level:g}" for level in LEVELS]].to_numpy()
    outcome = rows["outcome"].to_numpy()
    loss = np.maximum(LEVELS * (outcome[:, None] - quantiles), (LEVELS - 1) * (outcome[:, None] - quantiles))
    np.testing.assert_allclose(rows["wis"], 2 * loss.mean(axis=1))
    np.testing.assert_allclose(rows["absolute_error"], np.abs(rows["outcome"] - rows["q0.5"]))
    for k in range(3):
        falling = rows["threshold_2"] < rows["threshold_0"]
        reached = np.where(falling, outcome <= rows[f"threshold_{k}"], outcome >= rows[f"threshold_{k}"])
        assert reached.tolist() == rows[f"happened_{k}"].tolist()


def test_scores_go_by_horizon_and_points(rows: pd.DataFrame) -> None:
    for group in ("horizon", "points", "grade"):
        table = summary(rows, [group])
        assert table["outcomes"].sum() == len(rows)


def test_origins_end_before_today() -> None:
    assert origin_days(2026, TODAY) == []
    assert origin_days(2024, date(2025, 12, 31)) == [date(2024, 12, 31)]
