"""From cuts to pieces: the rows that the gate learns from, what came of them, and how much a cut counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from toolkit.evaluate.cuts import HORIZONS, Cut
from toolkit.evaluate.objective import LEVELS, printed
from toolkit.models.experts import UNIT, fit_experts
from toolkit.models.gate import GateRows, gate_rows
from toolkit.models.grid import grid_of
from toolkit.models.panel import BoolArray, FloatArray, IntArray, Panel

__all__ = ["Piece", "importance", "pieces_of_cuts", "single_units"]

UNITS_PER_CUT = 2
# Cuts count by the square root of how far the better of "no change" and "panel drift" is from right, so that
# rough panels do not drown smooth ones, nor smooth ones rough ones; none counts more than this
LARGEST_WEIGHT = 2.0
# A cut whose "no change" misses by this many times its own error unit teaches nothing but noise
HOPELESS = 3.0

Piece = tuple[GateRows, dict[str, FloatArray]]


def rows_of_panel(panel: Panel) -> GateRows:
    """Return the gate's rows of a panel for all horizons."""
    return gate_rows(fit_experts(grid_of(panel), panel.scale.link, HORIZONS))


def single_units(cuts: Sequence[Cut], random: np.random.Generator) -> list[Cut]:
    """Return single series: of every second cut one unit alone, of the others the mean of its units."""
    found = []
    for number, cut in enumerate(cuts):
        chosen = [int(random.choice(np.unique(cut.unit)))]
        mean = np.flatnonzero(np.bincount(cut.unit) == np.bincount(cut.unit).max())
        one = series_of(cut, mean if number % 2 else np.array(chosen))
        found.append(one or series_of(cut, np.array(chosen)))
    return [one for one in found if one is not None]


def series_of(cut: Cut, units: IntArray) -> Cut | None:
    """Return the mean of some units as a cut of one series; None if they share fewer than two years."""
    mine, ahead = np.isin(cut.panel.unit, units), np.isin(cut.unit, units)
    years, counts = np.unique(cut.panel.year[mine], return_counts=True)
    horizons, later = np.unique(cut.horizon[ahead], return_counts=True)
    years, horizons = years[counts == units.size], horizons[later == units.size]
    if years.size < 2 or not horizons.size:
        return None
    value = np.array([cut.panel.value[mine & (cut.panel.year == year)].mean() for year in years])
    truth = np.array([cut.truth[ahead & (cut.horizon == horizon)].mean() for horizon in horizons])
    panel = Panel.from_rows(1, np.zeros(years.size, np.int64), years, value, cut.panel.scale, origin=cut.panel.origin)
    return replace(
        cut,
        panel=panel,
        unit=np.zeros(horizons.size, np.int64),
        horizon=horizons,
        truth=truth,
        last=np.full(horizons.size, value[-1]),
        last_year=np.full(horizons.size, years[-1]),
    )


def pieces_of(cut: Cut, random: np.random.Generator, keep: int) -> Piece:
    """Return rows and outcomes of one cut, of at most ``keep`` units."""
    units = np.unique(cut.unit)
    kept = np.isin(cut.unit, random.choice(units, min(keep, units.size), replace=False))
    error = np.abs(cut.truth - cut.last)
    scale = cut.panel.scale
    linked, last = scale.to_link(cut.truth), scale.to_link(cut.last)
    link_error = np.minimum(np.abs(linked - last), 5.0)
    unit_of_error, link_unit, count = np.empty(error.size), np.empty(error.size), np.empty(error.size)
    for horizon in np.unique(cut.horizon):
        here = cut.horizon == horizon
        unit_of_error[here] = max(float(error[here].mean()), 1e-9)
        link_unit[here] = max(float(link_error[here].mean()), 0.005)
        count[here] = max(int((here & kept).sum()), 1)
    equal = 1.0 / (count * np.unique(cut.horizon).size)
    kind = {"logit": 0, "log": 1, "identity": 2}[scale.link]
    outcomes = {
        "value": cut.truth,
        "linked": linked,
        "kind": np.full(error.size, float(kind)),
        "weight": equal / unit_of_error,
        "link_weight": equal / link_unit,
        "equal": equal,
    }
    rows = rows_of_panel(cut.panel).take(cut.unit[kept] * HORIZONS + cut.horizon[kept] - 1)
    outcomes = {name: values[kept] for name, values in outcomes.items()}
    hope = hopeful(rows, outcomes, cut.horizon[kept])
    return rows.take(hope), {name: values[hope] for name, values in outcomes.items()}


def pieces_of_cuts(cuts: Sequence[Cut], *, seed: int, keep: int = UNITS_PER_CUT) -> list[Piece]:
    """Return rows and outcomes of every cut."""
    random = np.random.Generator(np.random.PCG64(seed))
    return [pieces_of(cut, random, keep) for cut in cuts]


def relative_losses(rows: GateRows, outcomes: dict[str, FloatArray], expert: int) -> FloatArray:
    """Return the CRPS (R,) of one of the units' experts relative to the error of "no change"."""
    from scipy.special import stdtrit

    student = stdtrit(rows.freedom[:, None], LEVELS[None, :])
    linked = rows.unit[:, expert, None] + np.sqrt(rows.unit_variance[:, expert, None]) * student
    value, _ = printed(linked, outcomes["kind"].astype(np.int64))
    gap = value - outcomes["value"][:, None]
    return np.asarray(outcomes["weight"] / outcomes["equal"] * 2.0 * np.mean(((gap > 0) - LEVELS) * gap, axis=1))


def importance(piece: Piece) -> float:
    """Return how much a cut counts: the less, the harder it is for the simplest forecasts."""
    rows, outcomes = piece
    equal = outcomes["equal"]
    simple = [UNIT.names.index(name) for name in ("no_change", "panel_drift")]
    losses = [float((relative_losses(rows, outcomes, expert) * equal).sum() / equal.sum()) for expert in simple]
    return float(min(1.0 / np.sqrt(min(losses)), LARGEST_WEIGHT))


def hopeful(rows: GateRows, outcomes: dict[str, FloatArray], horizon: IntArray) -> BoolArray:
    """Tell which rows belong to horizons in which "no change" scores like a forecast at all.

    Where a panel stands still, any width is infinitely worse than none: such horizons teach
    nothing but noise.
    """
    loss = relative_losses(rows, outcomes, UNIT.names.index("no_change"))
    kept = np.zeros(horizon.size, dtype=np.bool_)
    for number in np.unique(horizon):
        here = horizon == number
        kept[here] = loss[here].mean() < HOPELESS
    return kept
