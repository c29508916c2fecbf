"""Figures hold the numbers of their tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.evaluate import figures


def rows() -> pd.DataFrame:
    random = np.random.default_rng(1)
    table = pd.DataFrame({"position": random.random(400)})
    for k in range(3):
        table[f"probability_{k}"] = random.random(400)
        table[f"happened_{k}"] = random.random(400) < table[f"probability_{k}"]
    return table


def test_reliability_figure_draws_its_table() -> None:
    table = figures.reliability_of_events(rows())
    figure = figures.reliability_figure(rows(), forecast_label="forecast", observed_label="observed")
    points = np.asarray(figure.axes[0].collections[0].get_offsets())
    np.testing.assert_allclose(points, table[["forecast", "observed"]].to_numpy())
    assert figure.axes[0].get_xlabel() == "forecast"


def test_position_figure_counts_all_outcomes() -> None:
    figure = figures.position_figure(rows(), position_label="position", count_label="count")
    assert sum(patch.get_height() for patch in figure.axes[0].patches) == 400
