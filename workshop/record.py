"""The calibration record: how forecasts did on panels that no weight was learned on.

``python -m workshop.record`` writes ``data/panels/calibration.csv`` again. Families are
left out in folds: the weights that forecast a panel never saw its indicator anywhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit import models
from toolkit.evaluate.backtest import score_cuts, summary
from toolkit.models.gate import learned
from toolkit.models.panel_model import PanelModel
from workshop.cuts import cut_panels, read_panels
from workshop.learn import FOLDER, FOLDS, folds_of

__all__ = ["calibration_lines", "main", "number_cuts", "record"]

TARGET = FOLDER / "calibration.csv"
TEST_SEED = 7
BASELINES = ("no_change", "drift", "ols")


def record(folder: Path) -> pd.DataFrame:
    """Return the calibration record, one line a group of forecasts."""
    panels = read_panels(folder)
    dense, sparse = cut_panels(panels, seed=TEST_SEED), cut_panels(panels, seed=TEST_SEED, sparse=True)
    folds = folds_of(panels["family"])
    dense_rows: list[pd.DataFrame] = []
    sparse_rows: list[pd.DataFrame] = []
    for fold in range(FOLDS):
        mine = [[cut for cut in cuts if folds[cut.family] == fold] for cuts in (dense, sparse)]
        for cuts, rows in zip(mine, (dense_rows, sparse_rows), strict=True):
            if cuts:
                rows.append(score_cuts(cuts, model_without(fold)).assign(fold=fold))
    lines = [
        calibration_lines(number_cuts(pd.concat(rows, ignore_index=True), "fold"), shape, "default", "out_of_sample")
        for rows, shape in ((dense_rows, "dense"), (sparse_rows, "sparse"))
    ]
    lines.append(calibration_lines(score_cuts(dense, models.get("default")), "dense", "default", "in_sample"))
    lines.extend(
        calibration_lines(score_cuts(dense, models.get(name)), "dense", name, "out_of_sample") for name in BASELINES
    )
    return pd.concat(lines, ignore_index=True)


def model_without(fold: int) -> PanelModel:
    """Return the model with the gate that was learned without the families of a fold.

    Only the stretch, one number that was itself found on families left out, knows of them.
    """
    return PanelModel(gates=(learned().panels_by_fold[fold], learned().single_by_fold[fold]))


def number_cuts(rows: pd.DataFrame, part: str) -> pd.DataFrame:
    """Return the rows with cuts of their own numbers, where those of every ``part`` (a column) are numbered from 0."""
    return rows.assign(cut=rows.groupby([part, "cut"]).ngroup())


def calibration_lines(rows: pd.DataFrame, shape: str, model: str, sample: str) -> pd.DataFrame:
    """Return the lines of one model in one shape."""
    vietnam = rows["family"].str.startswith("vn_")
    groups = {
        "all": np.ones(len(rows), dtype=np.bool_),
        "measured": ~rows["modelled"].to_numpy(),
        "modelled": rows["modelled"].to_numpy(),
        "vietnam_provinces": vietnam.to_numpy(),
        "poverty": rows["family"].str.contains("poverty").to_numpy(),
        # evidence grades: own series, own points, borrowed; no panel tells of proxies (D)
        "grade_A": (rows["points"] >= 4).to_numpy(),
        "grade_B": rows["points"].between(1, 3).to_numpy(),
        "grade_C": (rows["points"] == 0).to_numpy(),
        "horizon_1_3": (rows["horizon"] <= 3).to_numpy(),
        "horizon_4_8": (rows["horizon"] >= 4).to_numpy(),
    }
    groups |= {f"points_{count}": (rows["points"] == count).to_numpy() for count in sorted(rows["points"].unique())}
    lines = [
        summary(rows[chosen]).assign(shape=shape, model=model, sample=sample, group=name)
        for name, chosen in groups.items()
        if chosen.any() and (model == "default" or name in ("all", "measured", "modelled", "vietnam_provinces"))
    ]
    table = pd.concat(lines, ignore_index=True)
    first = ["shape", "model", "sample", "group"]
    return table[[*first, *[name for name in table.columns if name not in first]]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the calibration record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=Path, default=FOLDER, help="folder with panels.csv and sources.csv")
    parser.add_argument("--out", type=Path, default=TARGET, help="record to write")
    options = parser.parse_args(arguments)
    record(options.panels).round(4).to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
