"""Brier scores of other systems' verdicts, against a plain loop; the committed table says what it should."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT
from toolkit.attainment.official import SYSTEMS, unsd_2023
from toolkit.evaluate.backtest import PACES, Cut, forecast_cut, pace_of, score_cut
from toolkit.models import get
from toolkit.models.panel import Panel, Scale
from workshop.official_cost import HORIZON, OURS, official_cost


def cut_of(name: str, seed: int) -> Cut:
    random = np.random.default_rng(seed)
    years = np.arange(2010, 2016)
    values = 30 - 1.5 * (years - 2010)[None, :] + random.normal(0, 2, (6, 6))
    unit, column = np.indices(values.shape)
    panel = Panel.from_rows(6, unit.ravel(), years[column.ravel()], values.ravel(), Scale.percent())
    truth = values[:, -1] - 1.5 * HORIZON + random.normal(0, 3, 6)
    return Cut(
        name, name, False, 6, panel, np.arange(6), np.full(6, HORIZON), truth, values[:, -1], np.full(6, 2015)
    )  # fmt: skip


def test_scores_follow_a_plain_loop() -> None:
    cuts = [cut_of("a", 1), cut_of("b", 2)]
    table = official_cost(cuts, get("drift")).set_index("system")
    errors, happened = [], []
    for cut in cuts:
        for unit in range(6):
            values = cut.panel.value[cut.panel.unit == unit]
            for multiple in PACES:
                target = cut.last[unit] + multiple * pace_of(cut) * HORIZON
                came = float(cut.truth[unit] <= target)
                said = unsd_2023(values[0], 2010, values[-1], 2015, target, 2015 + HORIZON).on_track
                errors.append((said - came) ** 2)
                happened.append(came)
    assert table.loc["UNSD 2023", "brier"] == pytest.approx(np.mean(errors), abs=5e-4)
    rate = np.mean(happened)
    assert table.loc["UNSD 2023", "base_rate"] == pytest.approx(rate * (1 - rate), abs=5e-4)
    assert table.loc["UNSD 2023", "events"] == 36
    ours = pd.concat([score_cut(cut, forecast_cut(cut, get("drift"))) for cut in cuts])
    squares = [(ours[f"probability_{k}"] - ours[f"happened_{k}"].astype(float)) ** 2 for k in range(len(PACES))]
    assert table.loc[OURS, "brier"] == pytest.approx(np.mean(squares), abs=5e-4)


def test_in_the_published_table_every_system_loses_to_the_base_rate_and_a_probability_does_not() -> None:
    table = pd.read_csv(ROOT / "docs" / "tables" / "official_cost.csv")
    assert tuple(table["system"]) == (*SYSTEMS, OURS)
    theirs, ours = table[table["system"] != OURS], table[table["system"] == OURS].iloc[0]
    assert (theirs["brier"] > theirs["base_rate"]).all()
    assert ours["brier"] < ours["base_rate"]
    assert (table["events"] > 9000).all()
