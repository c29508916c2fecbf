"""Back-tests: scores as the yardstick defines them, origins in order, calibration lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS

from toolkit import models
from toolkit.evaluate import backtest
from toolkit.evaluate.backtest import LEVELS
from toolkit.models.panel import Panel, Scale
from workshop import learn
from workshop.cuts import cut_panels, read_panels
from workshop.record import calibration_lines


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    panels = read_panels(learn.FOLDER)
    cuts = cut_panels(panels[panels["family"].str.startswith("vn_")], seed=2)
    return backtest.score_cuts(cuts, models.get("no_change"))


def test_no_change_has_the_error_of_no_change(rows: pd.DataFrame) -> None:
    np.testing.assert_allclose(rows["absolute_error"], rows["naive"], atol=1e-6)
    line = backtest.summary(rows).iloc[0]
    assert line["absolute_error"] == pytest.approx(1.0, abs=1e-6)
    assert line["outcomes"] == len(rows)
    assert line["cuts"] == rows["cut"].nunique()


def test_the_default_model_beats_no_change_on_vietnams_provinces(rows: pd.DataFrame) -> None:
    panels = read_panels(learn.FOLDER)
    cuts = cut_panels(panels[panels["family"].str.startswith("vn_")], seed=2)
    ours = backtest.summary(backtest.score_cuts(cuts, models.get("default"))).iloc[0]
    theirs = backtest.summary(rows).iloc[0]
    assert ours["wis"] < 0.87 * theirs["wis"]
    assert ours["brier"] < ours["base_rate"]
    assert 0.7 < ours["covers_80"] < 0.95


def test_groups_share_out_the_outcomes(rows: pd.DataFrame) -> None:
    by_points = backtest.summary(rows, ["points"])
    assert by_points["outcomes"].sum() == len(rows)
    by_horizon = backtest.summary(rows, ["horizon"])
    assert by_horizon["horizon"].tolist() == sorted(rows["horizon"].unique())


@pytest.mark.parametrize("by", [(), ("horizon",), ("horizon", "points")])
def test_standard_errors_are_those_of_a_regression_clustered_by_indicator(
    rows: pd.DataFrame, by: tuple[str, ...]
) -> None:
    found = backtest.summary(rows, by)
    cells = rows.groupby(list(dict.fromkeys([*by, "cut", "horizon"])), as_index=False).agg(
        covers_80=("covers_80", "mean"), family=("family", "first")
    )
    groups = [group for _, group in cells.groupby(list(by))] if by else [cells]
    assert len(groups) == len(found)
    for group, (_, line) in zip(groups, found.iterrows(), strict=True):
        code, families = pd.factorize(group["family"])
        assert line["families"] == len(families)
        if len(families) > 1:
            constant = OLS(group["covers_80"].to_numpy(), np.ones(len(group)))
            fitted = constant.fit(cov_type="cluster", cov_kwds={"groups": code})
            assert line["covers_80_error"] == pytest.approx(fitted.bse[0], rel=1e-9, abs=1e-12)
        else:
            assert np.isnan(line["covers_80_error"])


def test_a_single_indicator_has_no_standard_error(rows: pd.DataFrame) -> None:
    by_family = backtest.summary(rows, ["family"])
    assert by_family["family"].tolist() == sorted(rows["family"].unique())
    assert by_family["wis_error"].isna().all()
    assert (by_family["families"] == 1).all()


def test_events_are_set_at_the_origin() -> None:
    panel = Panel.from_rows(
        2, [0, 0, 0, 1, 1, 1], [2010, 2011, 2012] * 2, [10.0, 9.0, 8.0, 20.0, 18.0, 16.0], Scale.percent()
    )
    cut = backtest.rolling_origins("p", panel, fewest=2)[0]
    assert cut.panel.last_year == 2011
    assert cut.truth.tolist() == [8.0, 16.0]
    quantiles = np.tile(np.linspace(5, 20, LEVELS.size), (2, 8, 1))
    table = backtest.score_cut(cut, quantiles)
    # median yearly change so far is -1.5: the whole pace asks for 7.5 and 16.5
    assert table["happened_1"].tolist() == [False, True]
    assert table["happened_0"].tolist() == [True, True]
    expected = np.interp(7.5, np.linspace(5, 20, LEVELS.size), LEVELS)
    assert table["probability_1"].iloc[0] == pytest.approx(expected)


def test_rolling_origins_never_look_ahead() -> None:
    panel = Panel.from_rows(1, [0] * 6, range(2010, 2016), [5.0, 4, 4, 3, 3, 2], Scale.percent())
    cuts = backtest.rolling_origins("p", panel)
    assert [cut.panel.last_year for cut in cuts] == [2012, 2013, 2014]
    assert all(cut.panel.year.max() <= cut.panel.last_year for cut in cuts)
    assert cuts[0].horizon.tolist() == [1, 2, 3]


def test_calibration_lines_hold_what_reports_cite(rows: pd.DataFrame) -> None:
    lines = calibration_lines(rows, "dense", "default", "out_of_sample")
    assert {"all", "measured", "vietnam_provinces", "grade_A", "grade_B"} <= set(lines["group"])
    record = pd.read_csv(learn.FOLDER / "calibration.csv")
    assert list(record.columns) == list(lines.columns)
    needed = {("dense", "grade_A"), ("dense", "vietnam_provinces"), ("sparse", "grade_B"), ("sparse", "grade_C")}
    default = record[(record["model"] == "default") & (record["sample"] == "out_of_sample")]
    assert needed <= set(zip(default["shape"], default["group"], strict=True))
