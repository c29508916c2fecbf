"""The gate: how much each expert counts, and how wide the prediction is, given a panel's past.

For every unit and horizon the prediction is a Student-t whose centre and scale are weighted means
(quantile averaging) of two structures: A, the unit's own experts, and B, the common path's experts
plus the deviation's. With x the features and L the experts' evidence,

    weights of experts = softmax(x W + tempering * L),  weight of B = 1 / (1 + exp(-x g)),
    centre = B (common + deviation) + (1 - B) own,   scale likewise, times exp(x s),

and for shares times the variance function of :mod:`toolkit.models.variance`.

All coefficients were learned on real panels (``make weights``) and stand in ``weights.json``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from toolkit.models.experts import DEVIATION
from toolkit.models.features import PANEL_FEATURES
from toolkit.models.links import BoolArray, FloatArray, IntArray
from toolkit.models.sight import Sight
from toolkit.models.unit_features import TYPICAL_HORIZON, UNIT_FEATURES, unit_features
from toolkit.models.variance import widening_near_bounds

__all__ = [
    "FEATURES",
    "Coefficients",
    "Rows",
    "mixed_weights",
    "rows_of",
    "softmax",
    "weigh",
]

FEATURES = (*PANEL_FEATURES, *UNIT_FEATURES)
# Degrees of freedom of all predictions: few, since a whole panel may surprise, however long its
# series are; back-tests out of sample ask for tails as heavy as these.
FREEDOM = 2.6


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
        Shape (5,): weight of the evidence: common path; deviations, mean over units and the
        unit's own; unit paths, likewise.
    disagreement :
        Shape (4,): logarithms of the weights of the common experts' disagreement, of the unit
        experts', of the common variance, and of the deviation experts' disagreement.
    """

    common: FloatArray
    deviation: FloatArray
    unit: FloatArray
    structure: FloatArray
    spread_common: FloatArray
    spread_unit: FloatArray
    tempering: FloatArray
    disagreement: FloatArray


@dataclass(frozen=True)
class Rows:
    """Predictions to be weighed, one row a unit and horizon; shapes (R, experts) or (R,)."""

    common: FloatArray
    common_variance: FloatArray
    common_evidence: FloatArray
    deviation: FloatArray
    deviation_variance: FloatArray
    deviation_evidence: FloatArray
    deviation_own: FloatArray
    unit: FloatArray
    unit_variance: FloatArray
    unit_evidence: FloatArray
    unit_own: FloatArray
    features: FloatArray
    past_crowding: FloatArray
    freedom: FloatArray

    def take(self, chosen: IntArray | BoolArray | slice) -> Rows:
        """Return some of the rows."""
        return Rows(*(getattr(self, field.name)[chosen] for field in fields(self)))


def softmax(scores: FloatArray) -> FloatArray:
    """Return weights that sum to 1 along the last axis."""
    share = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(share / share.sum(axis=-1, keepdims=True))


def rows_of(sight: Sight) -> Rows:
    """Return one row for each unit and horizon, units first (N * H rows)."""
    mean = sight.unit.opinion.mean
    _, units, horizons = mean.shape

    def spread_out(values: FloatArray) -> FloatArray:
        return np.moveaxis(np.broadcast_to(values, (values.shape[0], units, horizons)), 0, -1).reshape(
            units * horizons, -1
        )

    seen = sight.unit.filtered.innovations > 0
    common = sight.common.opinion
    unit_mean, unit_own = split_evidence(sight.unit.opinion.evidence, seen)
    view = sight.deviation
    if view is None:
        zero = np.zeros((len(DEVIATION.names), 1, 1))
        deviation, deviation_variance, deviation_mean, deviation_own = zero, zero, zero, zero
    else:
        deviation, deviation_variance = view.opinion.mean, view.opinion.variance
        deviation_mean, deviation_own = split_evidence(view.opinion.evidence, seen)
    evidence = common.evidence - common.evidence.mean(axis=0)
    return Rows(
        spread_out(common.mean),
        spread_out(common.variance),
        spread_out(evidence[..., None]),
        spread_out(deviation),
        spread_out(deviation_variance),
        spread_out(deviation_mean),
        spread_out(deviation_own),
        spread_out(mean),
        spread_out(sight.unit.opinion.variance),
        spread_out(unit_mean),
        spread_out(unit_own),
        features_of_units(sight).reshape(units * horizons, -1),
        np.full(units * horizons, sight.past_crowding),
        np.full(units * horizons, FREEDOM),
    )


def features_of_units(sight: Sight) -> FloatArray:
    """Return :data:`FEATURES` of every unit at every horizon, shape (N, H, F)."""
    own = unit_features(sight.unit.opinion, sight.link, sight.unit.filtered.innovations > 0)
    shared = np.broadcast_to(sight.features, (*own.shape[:2], sight.features.size))
    return np.concatenate([shared, own], axis=-1)


def split_evidence(evidence: FloatArray, seen: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return the panel's mean evidence (E, 1, 1) and the units' differences from it (E, N, 1), experts centred."""
    centred = evidence - evidence.mean(axis=0)
    share = seen / max(float(seen.sum()), 1.0)
    mean = (centred * share).sum(axis=1)[:, None]
    return mean[..., None], np.where(seen, centred - mean, 0.0)[..., None]


def weigh(rows: Rows, gate: Coefficients) -> tuple[FloatArray, FloatArray]:
    """Return centre and scale (R,) of the Student-t predictions on the link scale."""
    w, x = gate, rows.features
    t, k = w.tempering, np.exp(w.disagreement)
    u = softmax(x @ w.common + t[0] * rows.common_evidence)
    v = softmax(x @ w.deviation + t[1] * rows.deviation_evidence + 0.1 * t[2] * rows.deviation_own)
    a = softmax(x @ w.unit + t[3] * rows.unit_evidence + 0.1 * t[4] * rows.unit_own)
    centre_common, variance_common = pooled(u, rows.common, rows.common_variance, k[0])
    centre_deviation, variance_deviation = pooled(v, rows.deviation, rows.deviation_variance, k[3])
    centre_unit, variance_unit = pooled(a, rows.unit, rows.unit_variance, k[1])
    share = 1.0 / (1.0 + np.exp(-(x @ w.structure)))
    scale_b = np.sqrt(k[2] * variance_common + variance_deviation) * np.exp(x @ w.spread_common)
    scale_a = np.sqrt(variance_unit) * np.exp(x @ w.spread_unit)
    centre = share * (centre_common + centre_deviation) + (1.0 - share) * centre_unit
    scale = share * scale_b + (1.0 - share) * scale_a
    return centre, scale * widening_near_bounds(centre, rows.past_crowding)


def mixed_weights(sight: Sight, part: str, gate: Coefficients) -> FloatArray:
    """Return the weights of all members (K, N) of the common or deviation view, at a typical horizon."""
    view = sight.common if part == "common" else sight.deviation
    if view is None:
        msg = "a single unit has no deviations"
        raise ValueError(msg)
    features = features_of_units(sight)
    features = features[:, min(round(TYPICAL_HORIZON), features.shape[1]) - 1]
    if part == "common":  # one path for all units
        features = features.mean(axis=0, keepdims=True)
    scores = (features @ getattr(gate, part)).T
    if part == "common":
        scores = scores + gate.tempering[0] * (view.opinion.evidence - view.opinion.evidence.mean(axis=0))
    else:
        mean, own = split_evidence(view.opinion.evidence, sight.unit.filtered.innovations > 0)
        scores = scores + gate.tempering[1] * mean[..., 0] + 0.1 * gate.tempering[2] * own[..., 0]
    return np.asarray(softmax(scores.T).T[view.experts.expert] * view.opinion.within)


def pooled(
    weights: FloatArray, mean: FloatArray, variance: FloatArray, disagreement: float
) -> tuple[FloatArray, FloatArray]:
    """Return the weighted mean, and the weighted variance with a share of the experts' disagreement."""
    centre = (weights * mean).sum(axis=1)
    apart = (weights * (mean - centre[:, None]) ** 2).sum(axis=1)
    return centre, (weights * variance).sum(axis=1) + disagreement * apart
