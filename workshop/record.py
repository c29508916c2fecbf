"""The calibration record: how forecasts did on panels that no weight was learned on.

``python -m workshop.record`` writes ``data/panels/calibration.csv`` again. Families are
left out in folds: the weights that forecast a panel never saw its indicator anywhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit import models
from toolkit.evaluate.backtest import Cut, score_cuts, summary
from toolkit.models.gate import learned
from toolkit.models.panel_model import PanelModel
from workshop.cuts import LONE_POINTS, cut_panels, level_of, lone_cuts, read_panels
from workshop.learn import FOLDER, Each, folds_of

__all__ = ["calibration_lines", "main", "record"]

TARGET = FOLDER / "calibration.csv"
TEST_SEED = 7
# Drawing children takes several times as long as the closed form of dense cuts
SPARSE_LENGTHS = (4, 8)
BASELINES = ("no_change", "drift", "ols")
OF_PEERS = ("all", "measured", "modelled", "vietnam_provinces")


def record(folder: Path, each: Each = map) -> pd.DataFrame:
    """Return the calibration record, one line a group of forecasts; ``each`` may spread the work over processes."""
    panels = read_panels(folder)
    dense = cut_panels(panels, seed=TEST_SEED)
    sparse = cut_panels(panels, seed=TEST_SEED, sparse=True, lengths=SPARSE_LENGTHS)
    lone = lone_cuts(panels, seed=TEST_SEED)
    folds = folds_of(panels["family"])
    lines = [
        calibration_lines(left_out_rows(cuts, folds, each), shape, "default", "out_of_sample")
        for shape, cuts in (("dense", dense), ("sparse", sparse))
    ]
    lines.append(lone_lines(left_out_rows(lone, folds, each), lone))
    lines.extend(
        calibration_lines(score_cuts(dense, models.get(name)), "dense", name, "out_of_sample") for name in BASELINES
    )
    return pd.concat(lines, ignore_index=True)


def left_out_rows(cuts: Sequence[Cut], folds: Mapping[str, int], each: Each = map) -> pd.DataFrame:
    """Return the scored forecasts of cuts, each by the model that never saw its family; ``cut`` is its position."""
    fold = np.array([folds[cut.family] for cut in cuts])
    mine = {one: np.flatnonzero(fold == one) for one in np.unique(fold).tolist()}
    scored = each(rows_of_fold, [(one, [cuts[int(at)] for at in numbers]) for one, numbers in mine.items()])
    parts = [rows.assign(cut=mine[one][rows["cut"].to_numpy()]) for one, rows in zip(mine, scored, strict=True)]
    found: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return found


def rows_of_fold(fold: tuple[int, Sequence[Cut]]) -> pd.DataFrame:
    """Return the scored forecasts of the cuts of a fold by the model that was learned without it."""
    number, cuts = fold
    return score_cuts(cuts, model_without(number))


def lone_lines(rows: pd.DataFrame, cuts: Sequence[Cut]) -> pd.DataFrame:
    """Return the lines of single series, by level of the last figure and number of figures."""
    level = np.array([level_of(cut.panel.scale, float(cut.last[0])) for cut in cuts])[rows["cut"].to_numpy()]
    lines = []
    for name in ("near100", "near0", "middle", "quantity"):
        for points in LONE_POINTS:
            chosen = rows[(level == name) & (rows["points"] == points).to_numpy()]
            if len(chosen):
                group = f"{name}_{points}"
                lines.append(summary(chosen).assign(shape="lone", model="default", sample="out_of_sample", group=group))
    return in_order(pd.concat(lines, ignore_index=True))


def model_without(fold: int) -> PanelModel:
    """Return the model with the gate that was learned without the families of a fold.

    Only the stretch, one number that was itself found on families left out, knows of them.
    """
    return PanelModel(gates=(learned().panels_by_fold[fold], learned().single_by_fold[fold]))


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
        if chosen.any() and (model == "default" or name in OF_PEERS or name.startswith("points_"))
    ]
    return in_order(pd.concat(lines, ignore_index=True))


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Return lines with what they are about in front."""
    first = ["shape", "model", "sample", "group"]
    return table[[*first, *[name for name in table.columns if name not in first]]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the calibration record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=Path, default=FOLDER, help="folder with panels.csv and sources.csv")
    parser.add_argument("--out", type=Path, default=TARGET, help="record to write")
    options = parser.parse_args(arguments)
    with Pool() as pool:
        record(options.panels, partial(pool.map, chunksize=1)).round(4).to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
