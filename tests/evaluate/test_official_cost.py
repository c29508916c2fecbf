"""Brier scores of other systems' verdicts, against a plain loop; the committed table says what it should."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT
from toolkit.attainment.official.unsd import unsd_2023
from toolkit.attainment.official.verdicts import SYSTEMS
from toolkit.evaluate.backtest import PACES, pace_of
from toolkit.evaluate.cuts import Cut
from toolkit.evaluate.official_cost import HORIZON, official_cost
from toolkit.models import Panel, Scale


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
    table = official_cost(cuts).set_index("system")
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


def test_the_published_table_lists_every_system_and_all_lose_to_the_base_rate() -> None:
    table = pd.read_csv(ROOT / "docs" / "tables" / "official_cost.csv")
    assert tuple(table["system"]) == SYSTEMS
    assert (table["brier"] > table["base_rate"]).all()
    assert (table["events"] > 9000).all()
