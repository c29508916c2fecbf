"""Cuts: short histories before an origin, taken out of real panels, and what came afterwards; and a few made-up ones.

The made-up ones teach a must that real panels hardly teach: a unit that has gone its own way for years, steadily, goes
on. Panels in which one unit moves evenly against all others are rare in public statistics, and a gate that has seen
none sends such a unit back at once. They teach, and never test: no score and no width rests on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit.evaluate.backtest import HORIZONS, Cut
from toolkit.models.panel import BoolArray, FloatArray, IntArray, Panel, Scale

__all__ = ["LENGTHS", "cut_panels", "level_of", "lone_cuts", "parent_cuts", "read_panels", "steady_cuts"]

LENGTHS = (3, 4, 6, 8, 10, 15)
MOST_UNITS, FEWEST_UNITS = 30, 5
# A unit whose last value is older than this is left out of a cut
OLDEST = 3
# A path is told by the years in which at least this share of the units was observed
PATH_SHARE = 0.6
# Single series: numbers of figures, and how many of a family and number at each level
LONE_POINTS = (1, 2, 3, 5, 8)
QUOTAS = {"near100": 8, "near0": 8, "middle": 4, "quantity": 5}
NEAR_NONE, NEAR_FULL = 5.0, 95.0
# Series of whole areas: numbers of figures, and how many of a family
PARENT_POINTS, PARENT_QUOTA = (3, 4, 6, 8, 10), 15
# Made-up panels, logit scale: slopes a year and noise; the steady unit's noise beside that of the others
STEADY_FAMILY, STEADY_UNITS, STEADY_POINTS = "made_up_steady_unit", (7, 15), (6, 12)
SLOPES, NOISE, STEADINESS = (0.1, 0.3), (0.02, 0.1), 0.2
# A positive quantity moves in steps of a quarter of these
POSITIVE_SIZE, POSITIVE_LEVEL = 0.25, 4.0


def scale_of_kind(kind: str) -> Scale:
    """Return the scale of ``percent``, ``positive`` or ``real``."""
    return {"percent": Scale.percent, "positive": Scale.positive, "count": Scale.counts, "real": Scale.real}[kind]()


def read_panels(folder: Path) -> pd.DataFrame:
    """Return the real panels: ``panel_id, unit_type, unit, year, value, family, modelled, units_are``."""
    panels = pd.read_csv(folder / "panels.csv", dtype={"unit": str, "panel_id": str})
    sources = pd.read_csv(folder / "sources.csv", dtype=str)
    sources["modelled"] = sources["basis"] == "modelled"
    return panels.merge(sources[["panel_id", "family", "modelled", "units_are"]], on="panel_id", validate="many_to_one")


def cut_panels(
    panels: pd.DataFrame, *, seed: int, repeats: int = 1, sparse: bool = False, lengths: Sequence[int] = LENGTHS
) -> list[Cut]:
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
    lengths :
        Numbers of points.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    found = []
    for panel_id, rows in panels.groupby("panel_id", sort=True):
        wide = rows.pivot_table(index="unit", columns="year", values="value", aggfunc="first", sort=True)
        wide = wide.reindex(columns=range(int(rows["year"].min()), int(rows["year"].max()) + 1))
        scale, family = scale_of_kind(str(rows["unit_type"].iloc[0])), str(rows["family"].iloc[0])
        scale = Scale.of_positive(rows["value"]) if scale.link == "log" else scale
        for length in np.repeat(lengths, repeats):
            layout = one_layout(wide, int(length), random)
            if layout is None:
                continue
            make = sparse_cut if sparse else dense_cut
            cut = make(str(panel_id), family, bool(rows["modelled"].iloc[0]), int(length), scale, layout, random)
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
    panel_id: str, family: str, modelled: bool, length: int, scale: Scale, layout: Layout, random: np.random.Generator
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
        layout.value.shape[0], rows, columns + layout.first, value, scale, origin=layout.origin + layout.first
    )
    last = layout.value[np.arange(newest.size), newest]
    return Cut(panel_id, family, modelled, length, panel, unit, horizon, truth, last[unit], newest[unit] + layout.first)


def sparse_cut(
    panel_id: str, family: str, modelled: bool, length: int, scale: Scale, layout: Layout, random: np.random.Generator
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
    origin = layout.origin + layout.first
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


def level_of(scale: Scale, value: float) -> str:
    """Return where a figure stands: near a bound, in the middle between them, or a quantity without bounds."""
    if scale.link != "logit":
        return "quantity"
    return "near100" if value >= NEAR_FULL else "near0" if value <= NEAR_NONE else "middle"


def lone_cuts(panels: pd.DataFrame, *, seed: int) -> list[Cut]:
    """Cut single series of few figures, of which something is known three to eight years later.

    Of every family as many of each number of figures and each level (:func:`level_of`); near bounds measured figures
    only, since modelled ones hardly ever turn.

    Parameters
    ----------
    panels, seed :
        As for :func:`cut_panels`.
    """
    random, found = np.random.Generator(np.random.PCG64(seed)), []
    for _, rows in panels.sort_values(["panel_id", "unit", "year"]).groupby("family", sort=True):
        value, year = rows["value"].to_numpy(np.float64), rows["year"].to_numpy(np.int64)
        series = rows.groupby(["panel_id", "unit"], sort=False).ngroup().to_numpy()
        scale = scale_of_kind(str(rows["unit_type"].iloc[0]))
        modelled = rows["modelled"].to_numpy()
        level = np.array([level_of(scale, one) for one in value])
        key = series * 10_000 + year
        later = np.searchsorted(key, key + HORIZONS, "right") > np.searchsorted(key, key + 2, "right")
        ids = rows["panel_id"].to_numpy()
        for points in LONE_POINTS:
            start = np.arange(len(rows)) - points + 1
            first = np.maximum(start, 0)
            whole = (start >= 0) & (series[first] == series) & (year - year[first] <= 2 * points) & later
            for name, quota in QUOTAS.items():
                can = np.flatnonzero(whole & (level == name) & ~(modelled & (name in ("near100", "near0"))))
                for last in random.permutation(can)[:quota].tolist():
                    past = slice(last - points + 1, last + 1)
                    ahead = slice(last + 1, np.searchsorted(key, key[last] + HORIZONS, "right"))
                    found.append(
                        lone_cut(str(ids[last]), rows, scale, (year[past], value[past]), (year[ahead], value[ahead]))
                    )
    return found


def parent_cuts(panels: pd.DataFrame, *, seed: int) -> list[Cut]:
    """Cut the series of whole areas, means of their units: what a province's own series looks like.

    A mean is steadier than its parts. Futures are those years in which most units are known, at most
    :data:`PARENT_QUOTA` cuts of a family.

    Parameters
    ----------
    panels, seed :
        As for :func:`cut_panels`.
    """
    of_family: dict[str, list[Cut]] = {}
    for cut in cut_panels(panels, seed=seed, repeats=3, sparse=True, lengths=PARENT_POINTS):
        known = np.bincount(cut.horizon, minlength=HORIZONS + 1)
        horizon = np.flatnonzero(known >= PATH_SHARE * cut.panel.units)
        if cut.parent is None or not horizon.size:
            continue
        truth = np.bincount(cut.horizon, cut.truth, minlength=HORIZONS + 1)[horizon] / known[horizon]
        none, last = np.zeros_like(horizon), np.full(horizon.size, cut.parent.value[-1])
        alone = replace(cut, panel=cut.parent, parent=None, unit=none, horizon=horizon, truth=truth, last=last)
        of_family.setdefault(cut.family, []).append(replace(alone, last_year=none + cut.parent.year[-1]))
    random = np.random.Generator(np.random.PCG64(seed))
    return [cuts[number] for cuts in of_family.values() for number in random.permutation(len(cuts))[:PARENT_QUOTA]]


def lone_cut(
    panel_id: str,
    rows: pd.DataFrame,
    scale: Scale,
    past: tuple[IntArray, FloatArray],
    ahead: tuple[IntArray, FloatArray],
) -> Cut:
    """Return one series as a cut, given years and values of its past and of what came."""
    (year, value), (later, truth) = past, ahead
    own = Scale.of_positive(value) if scale.link == "log" else scale
    none = np.zeros(truth.size, np.int64)
    return Cut(
        panel_id,
        str(rows["family"].iloc[0]),
        bool(rows["modelled"].iloc[0]),
        value.size,
        Panel.from_rows(1, np.zeros(value.size, np.int64), year, value, own),
        none,
        later - year[-1],
        truth,
        np.full(truth.size, value[-1]),
        none + year[-1],
    )


def steady_cuts(count: int, *, seed: int) -> list[Cut]:
    """Return histories in which unit 0 moves evenly against all others, and goes on; it alone has outcomes.

    Every third is of a positive quantity, the others are of shares.

    Examples
    --------
    >>> cut = steady_cuts(1, seed=1)[0]
    >>> cut.truth.shape, set(cut.unit.tolist())
    ((8,), {0})
    """
    random = np.random.Generator(np.random.PCG64(seed))
    return [steady_cut("positive" if number % 3 == 2 else "percent", random) for number in range(count)]


def steady_cut(kind: str, random: np.random.Generator) -> Cut:
    """Return one of them, of a kind of quantity: straight lines on the link scale with noise about them."""
    units, points = (int(random.integers(low, high + 1)) for low, high in (STEADY_UNITS, STEADY_POINTS))
    years, direction = np.arange(1 - points, HORIZONS + 1), float(random.choice([-1.0, 1.0]))
    slope = np.full(units, -direction * random.uniform(*SLOPES))
    slope[0] = direction * random.uniform(*SLOPES)
    noise = random.normal(0.0, random.uniform(*NOISE), (units, years.size))
    noise[0] *= STEADINESS
    size, level = (POSITIVE_SIZE, POSITIVE_LEVEL) if kind == "positive" else (1.0, 0.0)
    line = level + size * (random.uniform(-1.0, 1.0, units)[:, None] + slope[:, None] * years)
    scale = scale_of_kind(kind)
    value, truth = scale.from_link(line + size * noise)[:, :points], scale.from_link(line[0, points:])
    unit, column = np.divmod(np.arange(value.size), points)
    panel = Panel.from_rows(units, unit, years[column], value.ravel(), scale, origin=0)
    last = np.full(HORIZONS, value[0, -1])
    ahead, zeros = years[points:], np.zeros(HORIZONS, np.int64)
    return Cut(STEADY_FAMILY, STEADY_FAMILY, False, points, panel, zeros, ahead, truth, last, zeros)
