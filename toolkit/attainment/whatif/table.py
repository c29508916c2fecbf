"""Comparisons as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from toolkit.attainment.table import PLACES, verdict_words
from toolkit.attainment.whatif.effect import Effect

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "scenario", "area_code", "target_id", "due", "probability_usual", "probability", "bound", "verdict_usual",
    "verdict", "grade", "change", "change_error", "expected_usual", "expected", "low", "high", "unit",
    "stands_for", "stands_for_count", "stands_for_year", "stands_for_assumed", "pace", "pace_kind",
    "peers_pace_share", "peers_count",
)  # fmt: skip


def effects_table(found: Sequence[Effect], name: str = "") -> pd.DataFrame:
    """Return one row an area and target, columns :data:`COLUMNS`; numbers that do not exist are empty."""
    import pandas as pd

    table = pd.DataFrame([_row(item, name) for item in found], columns=list(COLUMNS))
    numbers = table.select_dtypes("float").columns
    table[numbers] = table[numbers].round(PLACES)
    return table.astype({"stands_for_year": "Int64"})


def _row(item: Effect, name: str) -> tuple[object, ...]:
    counted = item.stands_for
    return (
        name, item.area_code, item.target_id, item.due, item.usual.probability, item.changed.probability,
        item.changed.bound, verdict_words(item.usual.verdict), verdict_words(item.changed.verdict),
        item.changed.grade, item.change, item.change_error, item.usual.expected, item.changed.expected,
        item.changed.low, item.changed.high, item.changed.unit, counted.thing if counted else "",
        counted.count if counted else None, counted.year if counted else None,
        counted.assumed if counted else None, item.pace, item.pace_kind or "", item.peers_share, item.peers_count,
    )  # fmt: skip
