"""A plain boosted forecaster beside the model: CatBoost's multi-quantile loss on nine features of a panel's past.

CatBoost is no dependency. In an environment of its own that also has the project's: ``pip install catboost``, then
``python -m workshop.catboost_peer`` prints the lines of the calibration record for it and for the model, both learned
without the family that they forecast, on the same cuts (most of an hour).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toolkit.evaluate.backtest import HORIZONS, LEVELS, Cut, score_cut, summary, with_units
from toolkit.models.panel import FloatArray, Panel, grid_of
from workshop.cuts import cut_panels, lone_cuts, read_panels
from workshop.learn import FOLDER, FOLDS, SEED, folds_of
from workshop.record import TEST_SEED, left_out_rows, lone_lines

LEAST_STEP = 0.02
COLUMNS = ["group", "wis", "wis_error", "covers_80", "covers_95", "brier", "base_rate", "families"]
SETTINGS = {
    "iterations": 400,
    "depth": 6,
    "learning_rate": 0.06,
    "random_seed": 1,
    "thread_count": 1,
    "verbose": False,
    "allow_writing_files": False,
}


def features_of(panel: Panel) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return features (N, H, 9), last levels and the panel's typical step (N,), link scale."""
    level, kind = panel.scale.to_link(panel.value), ("logit", "log", "identity").index(panel.scale.link)
    rows, steps = np.zeros((panel.units, 7)), []
    for unit in range(panel.units):
        mine = np.flatnonzero(panel.unit == unit)
        mine = mine[np.argsort(panel.year[mine])]
        year, value = panel.year[mine], level[mine]
        change = np.diff(value) / np.sqrt(np.diff(year)) if mine.size > 1 else np.zeros(1)
        slope = (value[-1] - value[0]) / max(year[-1] - year[0], 1)
        steps.append(change)
        rows[unit] = (
            value[-1],
            slope,
            change[-1],
            np.sqrt(np.mean(change**2)),
            mine.size,
            panel.last_year - year[-1],
            kind,
        )
    typical = max(float(np.sqrt(np.mean(np.concatenate(steps) ** 2))), LEAST_STEP * grid_of(panel).measure)
    shared = np.column_stack([rows, np.full(panel.units, np.median(rows[:, 1]) / typical)])
    shared[:, 1:4] /= typical
    ahead = np.broadcast_to(np.arange(1.0, HORIZONS + 1), (panel.units, HORIZONS))
    wide = np.broadcast_to(shared[:, None], (panel.units, HORIZONS, shared.shape[1]))
    return np.concatenate([wide, ahead[..., None]], axis=-1), rows[:, 0], np.full(panel.units, typical)


def scored_peer(fitted: Any, cuts: Sequence[Cut], chosen: Sequence[int]) -> pd.DataFrame:
    """Return the scored forecasts of some of the cuts; ``cut`` is the position."""
    parts = []
    for number in chosen:
        panel = cuts[number].panel
        x, last, typical = features_of(panel)
        moved = np.sort(fitted.predict(x.reshape(-1, x.shape[-1])), axis=1).reshape(*x.shape[:2], LEVELS.size)
        found = panel.scale.from_link(last[:, None, None] + typical[:, None, None] * moved)
        parts.append(score_cut(cuts[number], found).assign(cut=number))
    return with_units(pd.concat(parts, ignore_index=True))


def boosted(cuts: Sequence[Cut]) -> Any:
    """Return a CatBoost fitted to what came after the cuts; families weigh alike."""
    from catboost import CatBoostRegressor  # type: ignore[import-not-found,unused-ignore]

    x, y, families = [], [], []
    for cut in cuts:
        features, last, typical = features_of(cut.panel)
        x.append(features[cut.unit, cut.horizon - 1])
        y.append((cut.panel.scale.to_link(cut.truth) - last[cut.unit]) / typical[cut.unit])
        families += [cut.family] * cut.unit.size
    of_family = pd.Series(families)
    weight = 1.0 / of_family.map(of_family.value_counts())
    model = CatBoostRegressor(loss_function="MultiQuantile:alpha=" + ",".join(f"{one:g}" for one in LEVELS), **SETTINGS)
    return model.fit(np.concatenate(x), np.clip(np.concatenate(y), -50.0, 50.0), sample_weight=weight)


def main() -> None:
    """Print the lines of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=Path, default=FOLDER, help="folder with panels.csv and sources.csv")
    panels = read_panels(parser.parse_args().panels)
    folds = folds_of(panels["family"])
    for shape, lessons, cuts in (
        ("dense", cut_panels(panels, seed=SEED), cut_panels(panels, seed=TEST_SEED)),
        ("lone", lone_cuts(panels, seed=SEED + 1), lone_cuts(panels, seed=TEST_SEED)),
    ):
        parts = []
        for fold in range(FOLDS):
            mine = [number for number, cut in enumerate(cuts) if folds[cut.family] == fold]
            parts.append(scored_peer(boosted([cut for cut in lessons if folds[cut.family] != fold]), cuts, mine))
        for name, rows in (("default", left_out_rows(cuts, folds)), ("catboost", pd.concat(parts, ignore_index=True))):
            by_points = summary(rows, by=["points"]).reset_index()
            lines = lone_lines(rows, cuts) if shape == "lone" else by_points.rename(columns={"points": "group"})
            table = pd.concat([summary(rows).assign(group="all"), lines])[COLUMNS].round(3)
            sys.stdout.write(f"{shape}, {name}\n{table.to_string(index=False)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
