"""What other systems' verdicts cost as forecasts: Brier scores of "on track" on the back-test's events.

``python -m workshop.official_cost PANELS TABLE`` writes the table that the documentation shows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit import models
from toolkit.attainment.official import SYSTEMS, official_verdicts
from toolkit.evaluate.backtest import PACES, Cut, forecast_cut, pace_of, score_cut
from toolkit.models.panel import Forecaster
from workshop.cuts import cut_panels, read_panels
from workshop.record import TEST_SEED

OURS = "toolkit"
HORIZON = 5
"""Years ahead at which targets are set."""


def verdict_rows(cut: Cut, model: Forecaster) -> Iterator[dict[str, object]]:
    """Yield one row a unit and event of a cut: what happened, and 1 or 0 for each system ("on track" or not).

    The events are the back-test's: the last value moved on at a multiple of the panel's median yearly change.
    A system that gives no class has no entry. `toolkit` is the probability of the toolkit's own model.
    """
    pace, ours = pace_of(cut), score_cut(cut, forecast_cut(cut, model))
    for row in np.flatnonzero(cut.horizon == HORIZON):
        mine = cut.panel.unit == cut.unit[row]
        years, values = cut.panel.year[mine].tolist(), cut.panel.value[mine].tolist()
        due = cut.panel.last_year + HORIZON
        moved = pace * (due - int(cut.last_year[row]))
        for number, multiple in enumerate(PACES):
            target = float(cut.last[row]) + multiple * moved
            happened = cut.truth[row] >= target if moved >= 0 else cut.truth[row] <= target
            found = official_verdicts(years, values, target, due, direction="up" if moved >= 0 else "down")
            said = {name: float(one.on_track) for name, one in found.items() if one is not None}
            probability = float(ours[f"probability_{number}"].iloc[int(row)])
            yield {"cut": cut.panel_id, "happened": float(happened), **said, OURS: probability}


def official_cost(cuts: Sequence[Cut], model: Forecaster) -> pd.DataFrame:
    """Return one row a system: `brier` of its verdicts taken as 1 or 0, and of quoting the `base_rate`.

    `said` is how often it says on track, `right` how often it was then reached, `events` how many it judged.
    Cuts count equally. The last row is the toolkit's probability on the same events; `said` is then its mean, and
    `right` how often events came true, weighted by it.
    """
    rows = pd.DataFrame([row for cut in cuts for row in verdict_rows(cut, model)])
    weight = 1.0 / rows.groupby("cut")["cut"].transform("size")
    lines = []
    for name in (*SYSTEMS, OURS):
        judged = rows[name].notna()
        said, happened, share = rows.loc[judged, name], rows.loc[judged, "happened"], weight[judged]
        rate = float(np.average(happened, weights=share))
        lines.append(
            {
                "system": name,
                "brier": round(float(np.average((said - happened) ** 2, weights=share)), 3),
                "base_rate": round(rate * (1.0 - rate), 3),
                "said": round(float(np.average(said, weights=share)), 3),
                "right": round(float(np.average(happened, weights=share * said)), 3),
                "events": int(judged.sum()),
            }
        )
    return pd.DataFrame(lines)


def main(panels: Path, table: Path) -> None:
    """Write the table for the panels of a folder."""
    cuts = cut_panels(read_panels(panels), seed=TEST_SEED)
    official_cost(cuts, models.get("default")).to_csv(table, index=False, lineterminator="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
