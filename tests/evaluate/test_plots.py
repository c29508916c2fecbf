"""Plots hold the numbers of their tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from toolkit.evaluate import backtest as plots


def rows() -> pd.DataFrame:
    random = np.random.default_rng(1)
    table = pd.DataFrame({"position": random.random(400)})
    for k in range(3):
        table[f"probability_{k}"] = random.random(400)
        table[f"happened_{k}"] = random.random(400) < table[f"probability_{k}"]
    return table


def test_reliability_figure_draws_its_table() -> None:
    table = plots.reliability_of_events(rows())
    figure = plots.reliability_figure(rows(), forecast_label="forecast", observed_label="observed")
    points = np.asarray(figure.axes[0].collections[0].get_offsets())
    np.testing.assert_allclose(points, table[["forecast", "observed"]].to_numpy())
    assert figure.axes[0].get_xlabel() == "forecast"


def test_position_figure_counts_all_outcomes() -> None:
    figure = plots.position_figure(rows(), position_label="position", count_label="count")
    assert sum(patch.get_height() for patch in figure.axes[0].patches) == 400


def test_coverage_is_drawn_with_its_standard_errors() -> None:
    table = pd.DataFrame(
        {"model": ["a", "a", "b", "b"], "horizon": [1, 2] * 2, "crps": 0.5, "covers_80": [0.8, 0.7, 0.6, 0.5]}
    )
    table["covers_80_error"] = [0.05, np.nan, 0.1, 0.02]
    figure = plots.by_group_figure(table, "horizon", group_label="h", error_label="e", cover_label="c")
    bars = [segment[:, 1].tolist() for lines in figure.axes[1].collections for segment in lines.get_segments()]
    np.testing.assert_allclose(bars, [[0.75, 0.85], [0.7, 0.7], [0.5, 0.7], [0.48, 0.52]])
