"""Forecasts of whole kinds of panels that nothing was learned from: ``python -m workshop.left_out``.

The calibration record leaves indicators out; here all counties, all of Vietnam, all of poverty, or all modelled panels
are left out in turn, weights are learned on the rest in the usual way, and what was left out is forecast. Writes
``data/panels/left_out.csv``, and on demand the weights, which ``toolkit forecast --table … --weights`` takes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from toolkit import models
from toolkit.evaluate.backtest import Cut, score_cuts, summary
from toolkit.models.gate import gates_of
from toolkit.models.panel_model import PanelModel
from workshop.cuts import cut_panels, read_panels
from workshop.learn import FOLDER, as_text, document_of, lessons_of, provenance_of
from workshop.record import BASELINES, TEST_SEED, number_cuts

__all__ = ["GROUPS", "forecasts_of", "main", "panels_of", "table_of"]

GROUPS = ("counties", "vietnam", "poverty", "modelled")
TARGET = FOLDER / "left_out.csv"


def panels_of(panels: pd.DataFrame, group: str) -> frozenset[str]:
    """Return the panels of a kind.

    Parameters
    ----------
    panels :
        As :func:`workshop.cuts.read_panels` returns them.
    group :
        One of :data:`GROUPS`.

    Raises
    ------
    KeyError
        For another group.
    """
    chosen = {
        "counties": panels["units_are"].str.startswith("counties"),
        "vietnam": panels["family"].str.startswith("vn_"),
        "poverty": panels["family"].str.contains("poverty"),
        "modelled": panels["modelled"],
    }[group]
    return frozenset(panels.loc[chosen, "panel_id"])


def forecasts_of(cuts: Sequence[Cut], group: str, model: PanelModel) -> pd.DataFrame:
    """Return the scored forecasts of the model and of the baselines for the cuts of a group."""
    forecasters = [("default", model), *((name, models.get(name)) for name in BASELINES)]
    rows = [score_cuts(cuts, one).assign(left_out=group, model=name) for name, one in forecasters]
    return pd.concat(rows, ignore_index=True)


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one line for each group and model, and last, for each model, all that was left out together.

    Every forecast was made by weights that never saw its group; a panel of two groups counts in both.
    """
    together = number_cuts(rows, "left_out").assign(left_out="all")
    lines = [
        summary(part[(part["left_out"] == group) & (part["model"] == name)]).assign(left_out=group, model=name)
        for part in ((rows, together) if len(set(rows["left_out"])) > 1 else (rows,))
        for group in part["left_out"].unique().tolist()
        for name in part["model"].unique().tolist()
    ]
    table = pd.concat(lines, ignore_index=True)
    first = ["left_out", "model"]
    return table[[*first, *[name for name in table.columns if name not in first]]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Learn without each group, forecast it, and write the scores."""
    from threadpoolctl import threadpool_limits

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", default=GROUPS, help=f"of {', '.join(GROUPS)}; all by default")
    parser.add_argument("--panels", type=Path, default=FOLDER, help="folder with panels.csv and sources.csv")
    parser.add_argument("--out", type=Path, default=TARGET, help="table to write")
    parser.add_argument("--weights", type=Path, help="folder for the weights learned without each group")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.groups) - set(GROUPS))
    if unknown:
        parser.error(f"no groups: {', '.join(unknown)}; choose from {', '.join(GROUPS)}")
    panels = read_panels(options.panels)
    tests, rows = cut_panels(panels, seed=TEST_SEED), []
    with threadpool_limits(limits=1):
        lessons = lessons_of(panels)
        for group in options.groups:
            mine = panels_of(panels, group)
            made_by = f"python -m workshop.left_out {group}"
            text = as_text(document_of(lessons.without(mine), provenance_of(options.panels, made_by)))
            if options.weights is not None:
                options.weights.mkdir(parents=True, exist_ok=True)
                (options.weights / f"without-{group}.json").write_text(text, encoding="utf-8")
            gates = gates_of(text)
            model = PanelModel(gates=(gates.panels, gates.single))
            rows.append(forecasts_of([cut for cut in tests if cut.panel_id in mine], group, model))
    table_of(pd.concat(rows, ignore_index=True)).round(4).to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
