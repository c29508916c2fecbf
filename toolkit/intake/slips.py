"""Mistakes as people make them, planted into good figures so that checking can be practised and measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.data.journal import Cells


@dataclass(frozen=True)
class Slip:
    """One planted mistake.

    Attributes
    ----------
    row, column :
        Where it stands in the table, as a spreadsheet shows it.
    kind :
        What was done.
    before, after :
        The cell.
    """

    row: int
    column: str
    kind: str
    before: str
    after: str


KINDS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("decimal_slip", "value", lambda text: f"{float(text) * 10:g}"),
    ("text_for_number", "value", lambda text: f"khoảng {text}"),
    ("emptied", "value", lambda text: text[:0]),
    ("year_ahead", "year", lambda text: str(int(text) + 40)),
    ("unknown_area", "area_code", lambda text: f"{text}9"),
    ("wrong_unit", "unit", lambda text: "million_vnd_per_year" if text != "million_vnd_per_year" else "percent"),
    ("unknown_source", "source_id", lambda text: f"{text}-"),
    ("planned", "status", lambda text: "plan" if text else text),
    ("unknown_scope", "scope", lambda text: f"{text}x"),
    ("misspelt_indicator", "indicator", lambda text: text[:-1]),
)


def with_slips(rows: Sequence[Cells], count: int, seed: int) -> tuple[list[Cells], list[Slip]]:
    """Return a copy of some rows with `count` mistakes in different rows, and the list of them."""
    random = np.random.default_rng(np.random.SeedSequence([seed, 2]))
    spoilt = [dict(row) for row in rows]
    slips = []
    for at, position in enumerate(sorted(random.choice(len(rows), size=min(count, len(rows)), replace=False))):
        kind, column, change = KINDS[at % len(KINDS)]
        before = spoilt[position][column]
        after = change(before)
        spoilt[position][column] = after
        slips.append(Slip(int(position) + 2, column, kind, before, after))
    return spoilt, slips
