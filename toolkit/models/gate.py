"""The gate: how much each expert counts, and how wide the prediction is, given a panel's past.

For every unit and horizon the prediction is a Student-t whose centre and scale are weighted means
(quantile averaging) of two structures: A, the unit's own experts, and B, the common path's experts
plus the deviation's. With x the features and L the experts' log likelihoods,

    weights of experts = softmax(x W + tempering * L),  weight of B = 1 / (1 + exp(-x g)),
    centre = B (common + deviation) + (1 - B) own,   scale likewise, times exp(x s).

Last comes what indicators show that the gate was not learned from: by the number of a unit's figures, how much wider
a scale has to be, and how heavy the tails (:data:`POINTS`).

All coefficients were learned on real panels and stand in ``weights.json``, every one by its name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from toolkit.models.experts import COMMON, DEVIATION, UNIT, ExpertFit, PanelFit
from toolkit.models.features import FEATURES, TYPICAL_HORIZON, unit_features
from toolkit.models.panel import BoolArray, FloatArray, Grid, IntArray

# Numbers of figures that a unit has, in classes; it belongs to the last one that it reaches
POINTS = ("1", "2", "3", "4", "7")
FEWEST = np.array([int(name) for name in POINTS])
NO_CHANGE = UNIT.names.index("no_change")
# Names of the coefficients in the weights file
EXPERTS = {"common": COMMON.names, "deviation": DEVIATION.names, "unit": UNIT.names}
NAMES_OF_ROWS = {
    "structure": FEATURES,
    "spread_common": FEATURES,
    "spread_unit": FEATURES,
    "tempering": ("common", "deviation_panel", "deviation_own", "unit_panel", "unit_own"),
    "disagreement": ("common_experts", "unit_experts", "common_variance", "deviation_experts"),
    "widening": POINTS,
    "freedom": POINTS,
}


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
        Shape (5,): weight of the log likelihoods: common path; deviations, mean over units and the
        unit's own; unit paths, likewise.
    disagreement :
        Shape (4,): logarithms of the weights of the common experts' disagreement, of the unit
        experts', of the common variance, and of the deviation experts' disagreement.
    widening, freedom :
        Shape (5,), by :data:`POINTS`: logarithm of what scales are multiplied by, degrees of freedom.
    """

    common: FloatArray
    deviation: FloatArray
    unit: FloatArray
    structure: FloatArray
    spread_common: FloatArray
    spread_unit: FloatArray
    tempering: FloatArray
    disagreement: FloatArray
    widening: FloatArray
    freedom: FloatArray


@dataclass(frozen=True)
class GateRows:
    """Predictions to be weighed, one row a unit and horizon; shapes (R, experts) or (R,).

    Attributes
    ----------
    common, deviation, unit :
        Means of the experts' predictions.
    common_variance, deviation_variance, unit_variance :
        Their variances.
    common_likelihood, deviation_likelihood, unit_likelihood :
        The experts' log likelihoods, centred; of deviations and unit paths the mean over the panel's units.
    deviation_own, unit_own :
        By how much those of the row's own unit differ from that mean.
    features :
        :data:`FEATURES`.
    points :
        Shape (R,): position of the unit in :data:`POINTS`.
    """

    common: FloatArray
    common_variance: FloatArray
    common_likelihood: FloatArray
    deviation: FloatArray
    deviation_variance: FloatArray
    deviation_likelihood: FloatArray
    deviation_own: FloatArray
    unit: FloatArray
    unit_variance: FloatArray
    unit_likelihood: FloatArray
    unit_own: FloatArray
    features: FloatArray
    points: IntArray

    def take(self, chosen: IntArray | BoolArray | slice) -> GateRows:
        """Return some of the rows."""
        return GateRows(*(getattr(self, field.name)[chosen] for field in fields(self)))


def gate_rows(panel: PanelFit) -> GateRows:
    """Return one row for each unit and horizon, units first (N * H rows)."""
    unit, common = panel.unit.predictions, panel.common.predictions
    _, units, horizons = unit.mean.shape

    def flat(values: FloatArray) -> FloatArray:
        spread_out = np.broadcast_to(values, (values.shape[0], units, horizons))
        return np.moveaxis(spread_out, 0, -1).reshape(units * horizons, -1)

    informed = panel.unit.filtered.innovations > 0
    if panel.deviation is None:
        deviation = deviation_variance = deviation_mean = deviation_own = np.zeros((len(DEVIATION.names), 1, 1))
    else:
        found = panel.deviation.predictions
        deviation, deviation_variance = found.mean, found.variance
        deviation_mean, deviation_own = split_likelihood(found.log_likelihood, informed)
    unit_mean, unit_own = split_likelihood(unit.log_likelihood, informed)
    return GateRows(
        common=flat(common.mean),
        common_variance=flat(common.variance),
        common_likelihood=flat(centred(common.log_likelihood)[..., None]),
        deviation=flat(deviation),
        deviation_variance=flat(deviation_variance),
        deviation_likelihood=flat(deviation_mean),
        deviation_own=flat(deviation_own),
        unit=flat(unit.mean),
        unit_variance=flat(unit.variance),
        unit_likelihood=flat(unit_mean),
        unit_own=flat(unit_own),
        features=features_of_units(panel).reshape(units * horizons, -1),
        points=np.repeat(points_of(panel.grid), horizons),
    )


def points_of(grid: Grid) -> IntArray:
    """Return the position (N,) of every unit in :data:`POINTS`; one without figures stands with those of one."""
    return np.asarray(np.maximum(np.searchsorted(FEWEST, grid.counts, side="right") - 1, 0))


def features_of_units(panel: PanelFit) -> FloatArray:
    """Return :data:`FEATURES` of every unit at every horizon, shape (N, H, F)."""
    size = np.sqrt(panel.unit.predictions.variance[NO_CHANGE])
    own = unit_features(size, panel.grid, panel.link)
    shared = np.broadcast_to(panel.features, (*own.shape[:2], panel.features.size))
    return np.concatenate([shared, own], axis=-1)


def centred(likelihood: FloatArray) -> FloatArray:
    """Return log likelihoods (E, N) relative to the experts' mean."""
    return np.asarray(likelihood - likelihood.mean(axis=0))


def split_likelihood(likelihood: FloatArray, informed: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return the panel's mean log likelihoods (E, 1, 1) and the units' differences from it (E, N, 1), centred."""
    of_experts = centred(likelihood)
    share = informed / max(float(informed.sum()), 1.0)
    mean = (of_experts * share).sum(axis=1)[:, None]
    return mean[..., None], np.where(informed, of_experts - mean, 0.0)[..., None]


def softmax(scores: FloatArray) -> FloatArray:
    """Return weights that sum to 1 along the last axis."""
    share = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(share / share.sum(axis=-1, keepdims=True))


def weigh(rows: GateRows, gate: Coefficients) -> tuple[FloatArray, FloatArray]:
    """Return centre and scale (R,) of the Student-t predictions on the link scale."""
    w, x = gate, rows.features
    t, k = w.tempering, np.exp(w.disagreement)
    u = softmax(x @ w.common + t[0] * rows.common_likelihood)
    v = softmax(x @ w.deviation + t[1] * rows.deviation_likelihood + 0.1 * t[2] * rows.deviation_own)
    a = softmax(x @ w.unit + t[3] * rows.unit_likelihood + 0.1 * t[4] * rows.unit_own)
    centre_common, variance_common = combine(u, rows.common, rows.common_variance, k[0])
    centre_deviation, variance_deviation = combine(v, rows.deviation, rows.deviation_variance, k[3])
    centre_unit, variance_unit = combine(a, rows.unit, rows.unit_variance, k[1])
    share = 1.0 / (1.0 + np.exp(-(x @ w.structure)))
    scale_b = np.sqrt(k[2] * variance_common + variance_deviation) * np.exp(x @ w.spread_common)
    scale_a = np.sqrt(variance_unit) * np.exp(x @ w.spread_unit)
    centre = share * (centre_common + centre_deviation) + (1.0 - share) * centre_unit
    scale = share * scale_b + (1.0 - share) * scale_a
    return centre, scale * np.exp(w.widening[rows.points])


def combine(
    weights: FloatArray, mean: FloatArray, variance: FloatArray, disagreement: float
) -> tuple[FloatArray, FloatArray]:
    """Return the weighted mean (R,), and the weighted variance with a share of the experts' disagreement."""
    centre = (weights * mean).sum(axis=1)
    apart = (weights * (mean - centre[:, None]) ** 2).sum(axis=1)
    return centre, (weights * variance).sum(axis=1) + disagreement * apart


def common_weights(panel: PanelFit, gate: Coefficients) -> FloatArray:
    """Return the weights (K, 1) of the members of the common path, at a typical horizon."""
    scores = (typical_features(panel).mean(axis=0, keepdims=True) @ gate.common).T
    scores = scores + gate.tempering[0] * centred(panel.common.predictions.log_likelihood)
    return of_members(panel.common, scores)


def deviation_weights(panel: PanelFit, deviation: ExpertFit, gate: Coefficients) -> FloatArray:
    """Return the weights (K, N) of the members of the deviations, at a typical horizon."""
    mean, own = split_likelihood(deviation.predictions.log_likelihood, panel.unit.filtered.innovations > 0)
    scores = (typical_features(panel) @ gate.deviation).T
    scores = scores + gate.tempering[1] * mean[..., 0] + 0.1 * gate.tempering[2] * own[..., 0]
    return of_members(deviation, scores)


def typical_features(panel: PanelFit) -> FloatArray:
    """Return the features (N, F) of the units at a typical horizon."""
    features = features_of_units(panel)
    return features[:, min(round(TYPICAL_HORIZON), features.shape[1]) - 1]


def of_members(fitted: ExpertFit, scores: FloatArray) -> FloatArray:
    """Return the members' weights (K, N), given the scores (E, N) of their experts."""
    return np.asarray(softmax(scores.T).T[fitted.experts.expert] * fitted.predictions.within)


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
    panels_by_fold, single_by_fold = (
        tuple(from_document(one) for one in document[f"{part}_by_fold"]) for part in ("panels", "single")
    )
    return Gates(panels, single, panels_by_fold, single_by_fold)


@lru_cache(maxsize=1)
def learned() -> Gates:
    """Return the gates that were learned from the panels that the project carries."""
    return gates_of(files("toolkit.models").joinpath("weights.json").read_text(encoding="utf-8"))
