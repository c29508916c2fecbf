"""Cuts: short histories before an origin, taken out of real panels, and what came afterwards; and a few made-up ones.

The made-up ones teach a must that real panels hardly teach: a unit that has gone its own way for years, steadily, goes
on. Whole panels in which one unit moves evenly against all others are rare in public statistics, and a gate that has
seen none may send such a unit back at once. These few histories, beside thousands of real ones, say what is wanted: the
more points a unit has, the more it is believed. They teach, and never test: no score and no stretch of the scales rests
on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit.evaluate.backtest import HORIZONS, Cut
from toolkit.models.panel import BoolArray, FloatArray, IntArray, Panel, Scale

__all__ = ["LENGTHS", "cut_panels", "read_panels", "steady_cuts"]

LENGTHS = (3, 4, 6, 8, 10, 15)
MOST_UNITS, FEWEST_UNITS = 30, 5
# A unit whose last value is older than this is left out of a cut
OLDEST = 3
# A path is told by the years in which at least this share of the units was observed
PATH_SHARE = 0.6
# The made-up histories
STEADY_FAMILY = "made_up_steady_unit"
STEADY_KINDS = ("percent", "percent", "positive")
# Slopes a year and noise on the logit scale; a positive quantity moves in steps of a quarter of these
SLOPES, NOISE = (0.1, 0.3), (0.02, 0.1)
POSITIVE_SIZE, POSITIVE_LEVEL = 0.25, 4.0
# The steady unit's noise beside that of the others
STEADINESS = 0.2
STEADY_UNITS, STEADY_POINTS = (7, 15), (6, 12)
STEADY_ORIGIN = 2020


def scale_of_kind(kind: str) -> Scale:
    """Return the scale of ``percent``, ``positive`` or ``real``."""
    return {"percent": Scale.percent, "positive": Scale.positive, "real": Scale.real}[kind]()


def read_panels(folder: Path) -> pd.DataFrame:
    """Return the real panels: ``panel_id, unit_type, unit, year, value, family, modelled, units_are``."""
    panels = pd.read_csv(folder / "panels.csv", dtype={"unit": str, "panel_id": str})
    sources = pd.read_csv(folder / "sources.csv", dtype=str)
    sources["modelled"] = sources["basis"] == "modelled"
    return panels.merge(sources[["panel_id", "family", "modelled", "units_are"]], on="panel_id", validate="many_to_one")


def cut_panels(panels: pd.DataFrame, *, seed: int, repeats: int = 1, sparse: bool = False) -> list[Cut]:
    """Cut every panel ``repeats`` times at every length, at random origins.

    Parameters
    ----------
    panels :
        As :func:`read_panels` returns them.
    seed :
        Seed of the origins and of the choice of units.
    repeats :
        Origins for each panel and length.
    sparse :
        The shape of a province: the parent's series (mean of the units), four units of ten with
        their last one to three points up to two years old, the rest with none.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    found = []
    for panel_id, rows in panels.groupby("panel_id", sort=True):
        wide = rows.pivot_table(index="unit", columns="year", values="value", aggfunc="first", sort=True)
        wide = wide.reindex(columns=range(int(rows["year"].min()), int(rows["year"].max()) + 1))
        kind, family = str(rows["unit_type"].iloc[0]), str(rows["family"].iloc[0])
        for length in np.repeat(LENGTHS, repeats):
            layout = one_layout(wide, int(length), random)
            if layout is None:
                continue
            make = sparse_cut if sparse else dense_cut
            cut = make(str(panel_id), family, bool(rows["modelled"].iloc[0]), int(length), kind, layout, random)
            if cut is not None:
                found.append(cut)
    return found


@dataclass(frozen=True)
class Layout:
    """Values (N, T) from the first year of history to the last year of the future; ``origin`` is a column."""

    first: int
    value: FloatArray
    history: BoolArray
    origin: int


def one_layout(wide: pd.DataFrame, length: int, random: np.random.Generator) -> Layout | None:
    """Choose an origin and the units that have ``length`` points before it; None where too few have."""
    value = wide.to_numpy(dtype=np.float64)
    observed = np.flatnonzero(np.isfinite(value).any(axis=0))
    if observed.size < length + 1:
        return None
    origin = int(random.choice(observed[length - 1 : -1]))
    seen = np.isfinite(value)
    # the last `length` points up to the origin
    behind = np.cumsum(seen[:, origin::-1], axis=1)[:, ::-1]
    history = np.zeros_like(seen)
    history[:, : origin + 1] = seen[:, : origin + 1] & (behind <= length)
    enough = history.sum(axis=1) == length
    newest = np.where(history.any(axis=1), seen.shape[1] - 1 - history[:, ::-1].argmax(axis=1), -10)
    later = seen[:, origin + 1 : origin + 1 + HORIZONS].any(axis=1)
    units = np.flatnonzero(enough & later & (origin - newest <= OLDEST))
    if units.size < FEWEST_UNITS:
        return None
    if units.size > MOST_UNITS:
        units = np.sort(random.choice(units, MOST_UNITS, replace=False))
    origin = int(newest[units].max())
    return Layout(int(wide.columns[0]), value[units], history[units], origin)


def futures(layout: Layout) -> tuple[IntArray, IntArray, FloatArray]:
    """Return unit, horizon and value of all that came within the horizons."""
    ahead = layout.value[:, layout.origin + 1 : layout.origin + 1 + HORIZONS]
    unit, step = np.nonzero(np.isfinite(ahead))
    return unit, step + 1, ahead[unit, step]


def dense_cut(
    panel_id: str, family: str, modelled: bool, length: int, kind: str, layout: Layout, random: np.random.Generator
) -> Cut | None:
    """Return the cut in which every unit has ``length`` points."""
    del random
    unit, horizon, truth = futures(layout)
    if not unit.size:
        return None
    rows, columns = np.nonzero(layout.history)
    value = layout.value[rows, columns]
    newest = layout.history.shape[1] - 1 - layout.history[:, ::-1].argmax(axis=1)
    panel = Panel.from_rows(
        layout.value.shape[0],
        rows,
        columns + layout.first,
        value,
        scale_of_kind(kind),
        origin=layout.origin + layout.first,
    )
    last = layout.value[np.arange(newest.size), newest]
    return Cut(panel_id, family, modelled, length, panel, unit, horizon, truth, last[unit], newest[unit] + layout.first)


def sparse_cut(
    panel_id: str, family: str, modelled: bool, length: int, kind: str, layout: Layout, random: np.random.Generator
) -> Cut | None:
    """Return the cut in the shape of a province."""
    unit, horizon, truth = futures(layout)
    window = slice(max(layout.origin - length - 2, 0), layout.origin + 1)
    inside = layout.value[:, window]
    counted = np.isfinite(inside).sum(axis=0)
    told = np.flatnonzero(counted >= PATH_SHARE * layout.value.shape[0])[-length:]
    if not unit.size or told.size < 2 or told[-1] != inside.shape[1] - 1:
        return None
    mean = np.nanmean(inside[:, told], axis=0)
    years = told + window.start + layout.first
    scale, origin = scale_of_kind(kind), layout.origin + layout.first
    parent = Panel.from_rows(1, np.zeros(told.size, np.int64), years, mean, scale, origin=origin)
    units = layout.value.shape[0]
    kept = random.choice(units, max(2, round(0.4 * units)), replace=False)
    history = np.zeros_like(layout.history)
    for number in np.sort(kept):
        points, age = int(random.integers(1, 4)), int(random.integers(0, 3))
        columns = np.flatnonzero(layout.history[number, : layout.origin - age + 1])[-points:]
        history[number, columns] = True
    rows, columns = np.nonzero(history)
    panel = Panel.from_rows(units, rows, columns + layout.first, layout.value[rows, columns], scale, origin=origin)
    newest = np.where(history.any(axis=1), history.shape[1] - 1 - history[:, ::-1].argmax(axis=1), layout.origin)
    own = layout.value[np.arange(units), newest]
    last = np.where(history.any(axis=1), own, mean[-1])
    return Cut(
        panel_id, family, modelled, length, panel, unit, horizon, truth, last[unit], newest[unit] + layout.first, parent
    )


def steady_cuts(count: int, random: np.random.Generator) -> list[Cut]:
    """Return histories in which unit 0 moves evenly against all others, and goes on; it alone has outcomes.

    Parameters
    ----------
    count :
        Number of cuts.
    random :
        Source of all that differs between them.

    Examples
    --------
    >>> cut = steady_cuts(1, np.random.default_rng(1))[0]
    >>> cut.truth.shape, set(cut.unit.tolist())
    ((8,), {0})
    """
    return [steady_cut(STEADY_KINDS[number % len(STEADY_KINDS)], random) for number in range(count)]


def steady_cut(kind: str, random: np.random.Generator) -> Cut:
    """Return one of them, of a kind of quantity."""
    units, points = (int(random.integers(low, high + 1)) for low, high in (STEADY_UNITS, STEADY_POINTS))
    years = np.arange(1 - points, HORIZONS + 1)
    line, noise = lines_of(kind, units, years, random)
    scale = scale_of_kind(kind)
    past = years <= 0
    value = scale.from_link(line + noise)[:, past]
    unit, column = np.nonzero(np.isfinite(value))
    panel = Panel.from_rows(
        units, unit, STEADY_ORIGIN + years[past][column], value[unit, column], scale, origin=STEADY_ORIGIN
    )
    last = np.full(HORIZONS, value[0, -1])
    return Cut(
        panel_id=STEADY_FAMILY,
        family=STEADY_FAMILY,
        modelled=False,
        length=points,
        panel=panel,
        unit=np.zeros(HORIZONS, dtype=np.int64),
        horizon=years[~past],
        truth=scale.from_link(line[0, ~past]),
        last=last,
        last_year=np.full(HORIZONS, STEADY_ORIGIN),
    )


def lines_of(kind: str, units: int, years: np.ndarray, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return straight lines (N, T) on the link scale, the first against the others, and noise about them."""
    size, level = (POSITIVE_SIZE, POSITIVE_LEVEL) if kind == "positive" else (1.0, 0.0)
    direction = float(random.choice([-1.0, 1.0]))
    slope = np.full(units, -direction * random.uniform(*SLOPES))
    slope[0] = direction * random.uniform(*SLOPES)
    noise = random.normal(0.0, random.uniform(*NOISE), (units, years.size))
    noise[0] *= STEADINESS
    start = random.uniform(-1.0, 1.0, units)
    return level + size * (start[:, None] + slope[:, None] * years), size * noise
