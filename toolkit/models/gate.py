"""The gate: how much each expert counts, and how wide the prediction is. Apart because its numbers are learned.

For every unit and horizon the prediction is a Student-t whose centre and scale are weighted means
(quantile averaging) of two structures: A, the unit's own experts, and B, the common path's experts
plus the deviation's. With x the features and L the experts' log likelihoods,

    weights of experts = softmax(x W + tempering * L),  weight of B = 1 / (1 + exp(-x g)),
    centre = B (common + deviation) + (1 - B) own,   scale likewise, times exp(x s).

Last comes what indicators show that the gate was not learned from, by the number of a unit's figures and by whether the
last one is near 0 or 100 % (:data:`POINTS`): how much wider a scale has to be, how heavy the tails, and near a bound
how much farther the side away from it reaches.

All coefficients were learned on real panels and stand in ``weights.json``, every one by its name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from toolkit.models.experts import COMMON, DEVIATION, UNIT, ExpertFit, PanelFit
from toolkit.models.features import FEATURES, TYPICAL_HORIZON
from toolkit.models.panel import BoolArray, FloatArray, Grid, IntArray, last_levels

# Numbers of figures that a unit has, in classes; it belongs to the last one that it reaches. Then the same for units
# whose last figure is near 0 or 100 % (within 5 %, logit scale): what is at a bound can only leave it
FEWEST = np.array([1, 2, 3, 4, 7])
POINTS = tuple(f"{number}{level}" for level in ("", "_near_0", "_near_100") for number in FEWEST)
NEAR_BOUND = 2.94
# Names of the coefficients in the weights file
EXPERTS = {"common": COMMON.names, "deviation": DEVIATION.names, "unit": UNIT.names}
NAMES_OF_ROWS = {
    "structure": FEATURES,
    "spread_common": FEATURES,
    "spread_unit": FEATURES,
    "tempering": tuple(f"{part}_{whose}" for part in EXPERTS for whose in ("panel", "own")),
    "disagreement": (*EXPERTS, "common_variance"),
    "skew": POINTS,
    "widening": POINTS,
    "freedom": POINTS,
}
# A unit's own likelihoods are as many as its figures, the panel's are means: their weights are learned on this scale
OWN_SHARE = 0.1


@dataclass(frozen=True)
class Coefficients:
    """What was learned.

    Attributes
    ----------
    common, deviation, unit :
        Shape (features, experts).
    structure, spread_common, spread_unit :
        Shape (features,).
    tempering :
        Shape (6,), by set of experts: weights of the log likelihoods, mean over the panel's units and the unit's own.
    disagreement :
        Shape (4,): logarithms of the weights of the experts' disagreement, by set, and of the common variance.
    skew, widening, freedom :
        Shape (15,), by :data:`POINTS`: logarithm of what the side above the centre is wider by, and the one below
        narrower; logarithm of what scales are multiplied by; degrees of freedom.
    """

    common: FloatArray
    deviation: FloatArray
    unit: FloatArray
    structure: FloatArray
    spread_common: FloatArray
    spread_unit: FloatArray
    tempering: FloatArray
    disagreement: FloatArray
    skew: FloatArray
    widening: FloatArray
    freedom: FloatArray


class Told(NamedTuple):
    """What one set of E experts says, one row a unit and horizon, each of shape (R, E).

    Attributes
    ----------
    mean, variance :
        Of the predictions.
    panel, own :
        Log likelihoods, centred: their mean over the panel's units, and by how much the row's unit differs from it.
    """

    mean: FloatArray
    variance: FloatArray
    panel: FloatArray
    own: FloatArray


@dataclass(frozen=True)
class GateRows:
    """Predictions to be weighed, one row a unit and horizon.

    Attributes
    ----------
    told :
        What each set of experts says, in the order of :data:`EXPERTS`.
    features :
        Shape (R, F): :data:`FEATURES`.
    points :
        Shape (R,): position of the unit in :data:`POINTS`.
    """

    told: tuple[Told, ...]
    features: FloatArray
    points: IntArray

    def take(self, chosen: IntArray | BoolArray | slice) -> GateRows:
        """Return some of the rows."""
        told = tuple(Told(*(values[chosen] for values in one)) for one in self.told)
        return GateRows(told, self.features[chosen], self.points[chosen])


def gate_rows(panel: PanelFit) -> GateRows:
    """Return one row for each unit and horizon, units first (N * H rows)."""
    _, units, horizons = panel.unit.mean.shape

    def flat(values: FloatArray) -> FloatArray:
        spread_out = np.broadcast_to(values, (values.shape[0], units, horizons))
        return np.moveaxis(spread_out, 0, -1).reshape(units * horizons, -1)

    told = []
    for part, names in EXPERTS.items():
        fitted: ExpertFit | None = getattr(panel, part)
        if fitted is None:
            told.append(Told(*np.zeros((4, units * horizons, len(names)))))
        else:
            likelihoods = (flat(one.T[..., None]) for one in split_likelihood(fitted))
            told.append(Told(flat(fitted.mean), flat(fitted.variance), *likelihoods))
    features = panel.features.reshape(units * horizons, -1)
    return GateRows(tuple(told), features, np.repeat(points_of(panel.grid), horizons))


def points_of(grid: Grid) -> IntArray:
    """Return the position (N,) of every unit in :data:`POINTS`; one without figures stands with those of one."""
    number = np.maximum(np.searchsorted(FEWEST, grid.counts, side="right") - 1, 0)
    last = np.nan_to_num(last_levels(grid)) * (grid.scale.link == "logit")
    return np.asarray(number + FEWEST.size * ((last <= -NEAR_BOUND) + 2 * (last >= NEAR_BOUND)))


def split_likelihood(fitted: ExpertFit) -> tuple[FloatArray, FloatArray]:
    """Return log likelihoods, centred: the panel's mean (1, E), and the units' differences from it (N, E)."""
    likelihood, informed = fitted.log_likelihood, fitted.informed[:, None]
    of_experts = (likelihood - likelihood.mean(axis=0)).T
    mean = (of_experts * informed).sum(axis=0, keepdims=True) / max(float(informed.sum()), 1.0)
    return mean, np.where(informed, of_experts - mean, 0.0)


def expert_shares(
    gate: Coefficients, part: str, features: FloatArray, panel: FloatArray, own: FloatArray
) -> FloatArray:
    """Return the experts' weights (R, E) in one set, given features (R, F) and log likelihoods (R, E)."""
    first = 2 * list(EXPERTS).index(part)
    of_panel, of_own = gate.tempering[first : first + 2]
    scores = features @ getattr(gate, part) + of_panel * panel + OWN_SHARE * of_own * own
    share = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(share / share.sum(axis=1, keepdims=True))


class Mixed(NamedTuple):
    """One set of experts mixed: their weights and squared distances from the centre (R, E), its centre, variance (R,).

    The variance has a share of the experts' disagreement in it.
    """

    share: FloatArray
    apart: FloatArray
    centre: FloatArray
    variance: FloatArray


def mix(rows: GateRows, gate: Coefficients) -> list[Mixed]:
    """Return the three sets of experts, each mixed."""
    found = []
    for part, told, disagreement in zip(EXPERTS, rows.told, np.exp(gate.disagreement), strict=False):
        share = expert_shares(gate, part, rows.features, told.panel, told.own)
        centre = (share * told.mean).sum(axis=1)
        apart = (told.mean - centre[:, None]) ** 2
        found.append(Mixed(share, apart, centre, (share * (told.variance + disagreement * apart)).sum(axis=1)))
    return found


def weigh(rows: GateRows, gate: Coefficients) -> tuple[FloatArray, FloatArray]:
    """Return centre and scale (R,) of the Student-t predictions on the link scale."""
    common, deviation, unit = mix(rows, gate)
    x = rows.features
    share = 1.0 / (1.0 + np.exp(-(x @ gate.structure)))
    variance = np.exp(gate.disagreement[-1]) * common.variance + deviation.variance
    scale = share * np.sqrt(variance) * np.exp(x @ gate.spread_common)
    scale = scale + (1.0 - share) * np.sqrt(unit.variance) * np.exp(x @ gate.spread_unit)
    centre = share * (common.centre + deviation.centre) + (1.0 - share) * unit.centre
    return centre, scale * np.exp(gate.widening[rows.points])


def member_weights(panel: PanelFit, part: str, gate: Coefficients) -> FloatArray:
    """Return the weights (K, N) of the members of one set at a typical horizon; the common path is one unit."""
    fitted: ExpertFit = getattr(panel, part)
    typical = panel.features[:, min(round(TYPICAL_HORIZON), panel.features.shape[1]) - 1]
    if part == "common":
        typical = typical.mean(axis=0, keepdims=True)
    share = expert_shares(gate, part, typical, *split_likelihood(fitted))
    return np.asarray(share.T[fitted.experts.expert] * fitted.within)


@dataclass(frozen=True)
class Gates:
    """What a weights file holds.

    Attributes
    ----------
    panels, single :
        The gates in use, for panels and for panels of one unit.
    panels_by_fold, single_by_fold :
        Gates that were learned without the indicators of a fold, by fold: they tell how the others would do on
        indicators that nothing was learned from.
    """

    panels: Coefficients
    single: Coefficients
    panels_by_fold: tuple[Coefficients, ...]
    single_by_fold: tuple[Coefficients, ...]


def from_document(document: dict[str, Any]) -> Coefficients:
    """Return the coefficients of one gate of a weights file."""
    tables = {
        part: np.array([[document[part][name][feature] for name in names] for feature in FEATURES])
        for part, names in EXPERTS.items()
    }
    rows = {part: np.array([document[part][name] for name in names]) for part, names in NAMES_OF_ROWS.items()}
    return Coefficients(**tables, **rows)


def gates_of(text: str) -> Gates:
    """Return the gates of a weights file."""
    document = json.loads(text)
    panels, single = (from_document(document[part]) for part in ("panels", "single"))
    by_fold = (tuple(from_document(one) for one in document[f"{part}_by_fold"]) for part in ("panels", "single"))
    return Gates(panels, single, *by_fold)


@lru_cache(maxsize=1)
def learned() -> Gates:
    """Return the gates that were learned from the panels that the project carries."""
    return gates_of(files("toolkit.models").joinpath("weights.json").read_text(encoding="utf-8"))
