"""Learn the gate from real panels: ``python -m workshop.learn`` (``make weights``) writes ``weights.json`` again.

Deterministic: fixed seeds, one thread a process, no random restarts. Some ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toolkit.evaluate.backtest import HORIZONS, LEVELS, Cut
from toolkit.models.experts import COMMON, DEVIATION, UNIT, fit_experts
from toolkit.models.features import FEATURES
from toolkit.models.gate import EXPERTS, FEWEST, NAMES_OF_ROWS, POINTS, Coefficients, GateRows, Told, gate_rows, weigh
from toolkit.models.panel import FloatArray, Panel, grid_of
from toolkit.plan.predicates import quantiles_of_draws
from workshop.cuts import cut_panels, level_of, lone_cuts, parent_cuts, read_panels, steady_cuts
from workshop.objective import BEND_OF_KIND, FREEDOM, Outcomes, Problem, flat, loss_and_gradient, printed, unflat

__all__ = ["as_text", "calibrated", "folds_of", "learn", "main", "pieces_of_cuts", "problem_of", "start_of"]

Each = Callable[..., Iterable[Any]]
"""Like :func:`map`."""

FOLDER = Path(__file__).parents[1] / "data" / "panels"
TARGET = Path(__file__).parents[1] / "toolkit" / "models" / "weights.json"
SEED, REPEATS = 101, 32
PENALTY, ITERATIONS = 0.0001, 100
# Made-up cuts (:func:`workshop.cuts.steady_cuts`) beside some fifty thousand real ones
STEADY_CUTS = 192
# The gate in use is learned from all families; one more for each fold, without the families of that fold, tells how
# such gates do on what they never saw. There scales are widened and tails made heavier until intervals of nominal 80
# and 95 % cover this much: more than their names say, by one to two standard errors of coverage, since families are few
FOLDS, NOMINAL, COVERAGE = 5, (0.8, 0.95), (0.815, 0.965)
UNITS_PER_CUT = 2
# Fewer forecasts near a bound than these tell nothing of their own
FEWEST_ROWS = 50
# Skew beyond this is not believed: the farther side reaches seven times as far
LARGEST_SKEW = 1.0
# From so many figures on their own trend says where a unit goes
TREND_FROM = 4
# Each part of the families has random numbers of its own
PARTS = 4
# Cuts count by the square root of how far the better of "no change" and "panel drift" is from right, so that
# rough panels do not drown smooth ones, nor smooth ones rough ones; none counts more than this
LARGEST_WEIGHT = 2.0
# A horizon whose "no change" misses by this many times its own error unit teaches nothing but noise
HOPELESS = 3.0


@dataclass(frozen=True)
class Piece:
    """Rows and outcomes of one cut; its family, and how much it counts beside the others."""

    rows: GateRows
    outcomes: dict[str, FloatArray]
    family: str
    importance: float = 1.0


def rows_of_panel(panel: Panel) -> GateRows:
    """Return the gate's rows of a panel for all horizons."""
    return gate_rows(fit_experts(grid_of(panel), HORIZONS))


def errors_of(cut: Cut) -> tuple[FloatArray, FloatArray]:
    """Return the errors (R,) of "no change", in printed units and on the link scale."""
    linked = cut.panel.scale.to_link(cut.truth) - cut.panel.scale.to_link(cut.last)
    return np.abs(cut.truth - cut.last), np.minimum(np.abs(linked), 5.0)


def piece_of(cut: Cut, random: np.random.Generator, units: tuple[float, float] | None) -> Piece:
    """Return rows and outcomes of at most :data:`UNITS_PER_CUT` units of a cut.

    Parameters
    ----------
    cut :
        History and future.
    random :
        Chooses the units.
    units :
        Units of error, printed and on the link scale; by default the mean error of "no change" in each horizon.
    """
    of_panel = np.unique(cut.unit)
    kept = np.isin(cut.unit, random.choice(of_panel, min(UNITS_PER_CUT, of_panel.size), replace=False))
    error, link_error = errors_of(cut)
    unit, link_unit, count = np.empty(error.size), np.empty(error.size), np.empty(error.size)
    for horizon in np.unique(cut.horizon):
        here = cut.horizon == horizon
        unit[here], link_unit[here] = units or (error[here].mean(), link_error[here].mean())
        count[here] = max(int((here & kept).sum()), 1)
    equal = 1.0 / (count * np.unique(cut.horizon).size)
    outcomes = {
        "value": cut.truth,
        "linked": cut.panel.scale.to_link(cut.truth),
        "kind": np.full(error.size, float(("logit", "log", "identity").index(cut.panel.scale.link))),
        "weight": equal / np.maximum(unit, 1e-9),
        "link_weight": equal / np.maximum(link_unit, 0.005),
        "equal": equal,
    }
    rows = rows_of_panel(cut.panel).take(cut.unit[kept] * HORIZONS + cut.horizon[kept] - 1)
    piece = Piece(rows, {name: values[kept] for name, values in outcomes.items()}, cut.family)
    return piece if units else weighed(piece, cut.horizon[kept])


def weighed(piece: Piece, horizon: np.ndarray) -> Piece:
    """Return a piece without hopeless horizons, with its importance: the less, the harder for simple forecasts.

    Where a panel stands still, any width is infinitely worse than none.
    """
    still, drift = (relative_losses(piece, UNIT.names.index(name)) for name in ("no_change", "panel_drift"))
    hopeless = [number for number in np.unique(horizon) if still[horizon == number].mean() >= HOPELESS]
    kept = ~np.isin(horizon, hopeless)
    outcomes = {name: values[kept] for name, values in piece.outcomes.items()}
    equal = outcomes["equal"]
    best = min(float((one[kept] * equal).sum() / max(equal.sum(), 1e-9)) for one in (still, drift))
    importance = float(1.0 / np.sqrt(max(best, LARGEST_WEIGHT**-2)))
    return Piece(piece.rows.take(kept), outcomes, piece.family, importance)


def relative_losses(piece: Piece, expert: int) -> FloatArray:
    """Return the CRPS (R,) of one of the units' experts relative to the error of "no change"."""
    from scipy.special import stdtrit

    of_units, outcomes = piece.rows.told[-1], piece.outcomes
    student = stdtrit(FREEDOM, LEVELS)
    linked = of_units.mean[:, expert, None] + np.sqrt(of_units.variance[:, expert, None]) * student
    value, _ = printed(linked, outcomes["kind"].astype(np.int64))
    gap = value - outcomes["value"][:, None]
    return np.asarray(outcomes["weight"] / outcomes["equal"] * 2.0 * np.mean(((gap > 0) - LEVELS) * gap, axis=1))


def pieces_of_cuts(cuts: Sequence[Cut], *, seed: int, lone: bool = False) -> list[Piece]:
    """Return rows and outcomes of every cut that teaches; counts do not: chance is added to what the gate says.

    The unit of error of a lone series is that of all of its family with as many figures at the same level.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    taught = [
        cut for cut in cuts if not cut.panel.scale.counted and (cut.panel.scale.link != "log" or cut.truth.min() > 0)
    ]
    if not lone:
        return [piece_of(cut, random, None) for cut in taught]
    groups = [(cut.family, level_of(cut.panel.scale, float(cut.last[0])), cut.length) for cut in taught]
    errors: dict[tuple[str, str, int], list[list[float]]] = {}
    for group, cut in zip(groups, taught, strict=True):
        errors.setdefault(group, []).append([float(one.mean()) for one in errors_of(cut)])
    units = {group: np.mean(found, axis=0) for group, found in errors.items()}
    return [
        piece_of(cut, random, (float(units[group][0]), float(units[group][1])))
        for group, cut in zip(groups, taught, strict=True)
    ]


def start_of() -> Coefficients:
    """Return where the search starts: equal experts, tempered evidence, both structures alike."""
    return Coefficients(
        common=np.zeros((len(FEATURES), len(COMMON.names))),
        deviation=np.zeros((len(FEATURES), len(DEVIATION.names))),
        unit=np.zeros((len(FEATURES), len(UNIT.names))),
        structure=np.zeros(len(FEATURES)),
        spread_common=np.zeros(len(FEATURES)),
        spread_unit=np.zeros(len(FEATURES)),
        tempering=np.array([0.5, 0.0, 2.0, 1.0, 2.0, 1.0]),
        disagreement=np.zeros(4),
        skew=np.zeros(len(POINTS)),
        widening=np.zeros(len(POINTS)),
        freedom=np.full(len(POINTS), FREEDOM),
    )


def penalty_of() -> Coefficients:
    """Return what a squared step away from the start costs: slopes on features more than levels."""
    base = start_of()
    cost = {field.name: np.ones_like(getattr(base, field.name)) for field in fields(base)}
    for name in ("common", "deviation", "unit"):
        cost[name][0] = 0.3
    for name in ("structure", "spread_common", "spread_unit"):
        cost[name][0] = 0.1
    cost["tempering"][:] = 0.1
    cost["disagreement"][:] = 0.3
    return Coefficients(**{name: PENALTY * value for name, value in cost.items()})


def problem_of(pieces: Sequence[Piece]) -> Problem:
    """Return the learning problem of some pieces."""
    told = [piece for piece in pieces if piece.outcomes["value"].size]
    share = np.array([piece.importance for piece in told])
    rows = GateRows(
        tuple(
            Told(*map(np.concatenate, zip(*sets, strict=True)))
            for sets in zip(*(one.rows.told for one in told), strict=True)
        ),
        *(np.concatenate([getattr(piece.rows, name) for piece in told]) for name in ("features", "points")),
    )
    joined = {name: np.concatenate([piece.outcomes[name] for piece in told]) for name in told[0].outcomes}
    each = np.repeat(share / share.sum(), [piece.outcomes["value"].size for piece in told])
    for name in ("weight", "link_weight", "equal"):
        joined[name] = joined[name] * each
    kind = joined.pop("kind").astype(np.int64)
    return Problem(rows, Outcomes(**joined, kind=kind), flat(start_of()), flat(penalty_of()))


def learn(problem: Problem, *, iterations: int = ITERATIONS) -> Coefficients:
    """Return the coefficients that minimise the penalised loss (L-BFGS)."""
    from scipy.optimize import minimize

    like = start_of()
    function: Callable[..., Any] = loss_and_gradient
    result = minimize(
        function, problem.start, (problem, like), jac=True, method="L-BFGS-B", options={"maxiter": iterations}
    )
    return unflat(result.x, like)


def folds_of(families: Iterable[str]) -> dict[str, int]:
    """Return the fold of every family."""
    return {family: number % FOLDS for number, family in enumerate(sorted(set(families)))}


def calibrated(
    pieces: Sequence[Piece], folds: Mapping[str, int], each: Each = map, always: Sequence[Piece] = ()
) -> tuple[Coefficients, tuple[Coefficients, ...]]:
    """Learn a gate from all, and one without each fold; the folds left out tell how wide and how heavy-tailed all are.

    Pieces in ``always`` teach every gate and tell nothing else. Returns the gate in use, and the others by fold.
    """
    taught = [[*always, *(piece for piece in pieces if folds[piece.family] != number)] for number in range(FOLDS)]
    *gates, in_use = each(learned_from, [*taught, [*always, *pieces]])
    errors, weights, points = [], [], []
    for number, gate in enumerate(gates):
        left_out = problem_of([piece for piece in pieces if folds[piece.family] == number])
        centre, scale = weigh(left_out.rows, gate)
        size = BEND_OF_KIND[left_out.outcomes.kind]
        errors.append(size * np.sinh(np.clip((left_out.outcomes.linked - centre) / size, -30.0, 30.0)) / scale)
        weights.append(left_out.outcomes.equal)
        points.append(left_out.rows.points)
    tails = tails_of(*(np.concatenate(parts) for parts in (errors, weights, points)))
    return replace(in_use, **tails), tuple(replace(gate, **tails) for gate in gates)


def learned_from(pieces: Sequence[Piece]) -> Coefficients:
    """Return the gate that some pieces teach."""
    return learn(problem_of(pieces))


def tails_of(errors: FloatArray, weights: FloatArray, points: np.ndarray) -> dict[str, FloatArray]:
    """Return skew, widening and freedom with which intervals cover what they should, by number of figures.

    Near a bound errors are lopsided where figures are few: the side away from it is wider. Then intervals stand
    halfway between those of all units and what units there need: the families that tell it are few.

    Parameters
    ----------
    errors :
        Shape (R,): errors relative to the scale, of indicators left out.
    weights, points :
        Shape (R,): how much each counts, and its position in :data:`toolkit.models.gate.POINTS`.
    """
    count = FEWEST.size
    some = np.unique(points % count)
    skew, widening, freedom = np.zeros((3, len(POINTS) // count, count))
    for number in range(count):
        here = points % count == some[np.abs(some - number).argmin()]
        of_all = tail_of(errors[here], weights[here])
        widening[:, number], freedom[:, number] = of_all
        for level in range(1, len(skew)):
            near = here & (points // count == level)
            if near.sum() >= FEWEST_ROWS:
                away, side = (1, -1)[level - 1], skew_of(errors[near], weights[near])
                if FEWEST[number] < TREND_FROM and away * side > 0:
                    skew[level, number] = side
                own = tail_of(errors[near] * np.exp(-np.sign(errors[near]) * skew[level, number]), weights[near])
                widening[level, number], freedom[level, number] = np.add(own, of_all) / 2.0
    return {"skew": skew.ravel(), "widening": widening.ravel(), "freedom": freedom.ravel()}


def skew_of(errors: FloatArray, weights: FloatArray) -> float:
    """Return the skew of errors about a median of 0: half the logarithm of how much farther those above reach.

    The mean of what deciles and quartiles say, at most :data:`LARGEST_SKEW`.
    """
    low, lower, middle, upper, high = quantiles_of_draws(errors, weights, (0.1, 0.25, 0.5, 0.75, 0.9))
    farther = np.array([-high / low, -upper / lower])
    # both on the same side of 0: as lopsided as can be
    ratio = np.where(farther > 0, np.abs(farther), np.inf if middle > 0 else 0.0)
    with np.errstate(divide="ignore"):
        return float(np.clip(np.log(ratio) / 2.0, -LARGEST_SKEW, LARGEST_SKEW).mean())


def tail_of(errors: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Return widening and freedom for some of the errors."""
    from scipy.special import stdtrit

    candidates = np.geomspace(2.0, 30.0, 200)
    student = [stdtrit(candidates, 0.5 + nominal / 2.0) for nominal in NOMINAL]
    inner, outer = (float(quantiles_of_draws(np.abs(errors), weights, (level,))[0]) for level in COVERAGE)
    best = int(np.abs(student[1] / student[0] - outer / inner).argmin())
    return float(np.log(inner / student[0][best])), float(candidates[best])


def lessons_of(panels: pd.DataFrame, part: int) -> tuple[list[Piece], list[Piece]]:
    """Return the pieces of panels and those of single series, of every :data:`PARTS`-th family from the one given."""
    mine = set(sorted(set(panels["family"]))[part::PARTS])
    cuts = cut_panels(panels[panels["family"].isin(mine)], seed=SEED, repeats=REPEATS)
    pieces, alone = pieces_of_cuts(cuts, seed=SEED + 2 + 1000 * part), []
    for number, kind in enumerate((lone_cuts(panels, seed=SEED + 1), parent_cuts(panels, seed=SEED + 4))):
        single = [cut for cut in kind if cut.family in mine]
        alone.extend(pieces_of_cuts(single, seed=SEED + 3 + number + 1000 * part, lone=True))
    return pieces, alone


def document_of(panels: pd.DataFrame, provenance: Mapping[str, Any], each: Each = map) -> dict[str, Any]:
    """Learn, and return the document that a weights file holds; ``each`` may spread the work over processes."""
    folds = folds_of(panels["family"])
    lessons = zip(*each(partial(lessons_of, panels), range(PARTS)), strict=True)
    pieces, alone = ([piece for part in parts for piece in part] for parts in lessons)
    steady = pieces_of_cuts(steady_cuts(STEADY_CUTS, seed=SEED + 5), seed=SEED + 6)
    in_use, by_fold = calibrated(pieces, folds, each, steady)
    single, single_by_fold = calibrated(alone, folds, each)
    return {
        "provenance": {
            **provenance,
            "cuts": len(pieces),
            "made_up_cuts": STEADY_CUTS,
            "single_cuts": len(alone),
            "seed": SEED,
        },
        "panels": to_document(in_use),
        "single": to_document(single),
        "panels_by_fold": [to_document(gate) for gate in by_fold],
        "single_by_fold": [to_document(gate) for gate in single_by_fold],
    }


def to_document(gate: Coefficients) -> dict[str, Any]:
    """Return the coefficients as plain nested dictionaries with names."""

    def named(names: Sequence[str], values: FloatArray) -> dict[str, float]:
        return {name: round(float(value), 4) for name, value in zip(names, values, strict=True)}

    tables = {
        part: {name: named(FEATURES, column) for name, column in zip(names, getattr(gate, part).T, strict=True)}
        for part, names in EXPERTS.items()
    }
    return tables | {part: named(names, getattr(gate, part)) for part, names in NAMES_OF_ROWS.items()}


def as_text(document: dict[str, Any]) -> str:
    r"""Return a document as JSON with one line an expert.

    Examples
    --------
    >>> as_text({"unit": {"no_change": {"constant": 0.5, "points": 1.0}}})
    '{\n "unit": {\n  "no_change": {"constant": 0.5, "points": 1.0}\n }\n}\n'
    """
    text = json.dumps(document, indent=1)
    return re.sub(r"\{\s+([^{}]*?)\s+\}", lambda found: "{" + " ".join(found[1].split()) + "}", text) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Learn and write the weights file."""
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=Path, default=FOLDER, help="folder with panels.csv and sources.csv")
    parser.add_argument("--out", type=Path, default=TARGET, help="weights file to write")
    options = parser.parse_args(arguments)
    digest = hashlib.sha256((options.panels / "panels.csv").read_bytes()).hexdigest()
    made_by = {"made_by": "python -m workshop.learn", "panels": "data/panels/panels.csv", "panels_sha256": digest}
    # sums in another order lead the search to other fourth digits
    with Pool(initializer=threadpool_limits, initargs=(1,)) as pool:
        document = document_of(read_panels(options.panels), made_by, partial(pool.map, chunksize=1))
    options.out.write_text(as_text(document), encoding="utf-8")


if __name__ == "__main__":
    main()
