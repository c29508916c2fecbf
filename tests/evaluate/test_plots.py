"""Plots hold the numbers of their tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.base.texts import texts
from toolkit.evaluate.backtest import draw_scores, reliability_of_events


def test_a_figure_draws_its_tables() -> None:
    random = np.random.default_rng(1)
    rows = pd.DataFrame({"position": random.random(400)})
    for k in range(3):
        rows[f"probability_{k}"] = random.random(400)
        rows[f"happened_{k}"] = random.random(400) < rows[f"probability_{k}"]
    table = pd.DataFrame({"model": ["a", "a", "b", "b"], "wis": 0.5, "covers_80": [0.8, 0.7, 0.6, 0.5]})
    table["covers_80_error"] = [0.05, np.nan, 0.1, 0.02]
    groups = {name: table.assign(**{name: [1, 2] * 2}) for name in ("points", "horizon")}
    figure = Figure()
    draw_scores(figure, rows, groups, texts("en").t)
    reliability, _, _, positions, *covers = figure.axes
    points = np.asarray(reliability.collections[0].get_offsets())
    np.testing.assert_allclose(points, reliability_of_events(rows)[["forecast", "observed"]].to_numpy())
    assert reliability.get_xlabel() == "Forecast probability"
    assert sum(patch.get_height() for patch in positions.patches) == 400  # type: ignore[attr-defined]
    for axes in covers:  # with their standard errors
        bars = [segment[:, 1].tolist() for lines in axes.collections for segment in lines.get_segments()]  # type: ignore[attr-defined]
        np.testing.assert_allclose(bars, [[0.75, 0.85], [0.7, 0.7], [0.5, 0.7], [0.48, 0.52]])
