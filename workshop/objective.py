"""What the gate is learned by, with its gradient.

The loss of a row is its CRPS (mean pinball loss over the levels of back-tests) in printed units
relative to the error of "no change" in its cut and horizon, plus a share of the same on the link
scale and of the logarithmic score, which keeps the tails honest. Horizons of a cut count equally.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from toolkit.evaluate.backtest import LEVELS
from toolkit.models.gate import EXPERTS, OWN_SHARE, Coefficients, GateRows, mix
from toolkit.models.panel import TAIL_STARTS, FloatArray, IntArray

__all__ = ["BEND_OF_KIND", "Outcomes", "Problem", "flat", "loss_and_gradient", "printed", "unflat"]

LINK_SHARE, LOG_SHARE = 0.3, 0.2
# Added to widths (link scale) where their logarithm counts: a series that stands still would else teach a width of 0
FLOOR = 0.03
# Degrees of freedom while learning; those in use come from indicators left out
FREEDOM = 3.0
# GateRows worked on at a time, so that what is made of them stays in the processor's cache
BLOCK = 4096
# By kind (percent, positive, real); the last stands for no bend at all
BEND_OF_KIND = np.minimum([TAIL_STARTS["logit"], TAIL_STARTS["log"], TAIL_STARTS["identity"]], 1e6)


@dataclass(frozen=True)
class Outcomes:
    """What came of each row; all of shape (R,).

    ``weight`` and ``link_weight`` turn errors into shares of the no-change error; ``equal`` lets
    cuts and horizons count equally. ``kind`` is 0 for percent, 1 for positive, 2 for real.
    """

    value: FloatArray
    linked: FloatArray
    kind: IntArray
    weight: FloatArray
    link_weight: FloatArray
    equal: FloatArray

    def take(self, chosen: slice) -> Outcomes:
        """Return some of the outcomes."""
        return Outcomes(*(getattr(self, field.name)[chosen] for field in fields(self)))


@dataclass(frozen=True)
class Problem:
    """GateRows, outcomes, where the search starts and what leaving it costs (both flat)."""

    rows: GateRows
    outcomes: Outcomes
    start: FloatArray
    penalty: FloatArray


def flat(weights: Coefficients) -> FloatArray:
    """Return all coefficients in one row."""
    return np.concatenate([getattr(weights, field.name).ravel() for field in fields(weights)])


def unflat(values: FloatArray, like: Coefficients) -> Coefficients:
    """Return coefficients of the shapes of ``like``."""
    found, place = {}, 0
    for field in fields(like):
        shape = getattr(like, field.name).shape
        size = int(np.prod(shape))
        found[field.name] = values[place : place + size].reshape(shape)
        place += size
    return Coefficients(**found)


def printed(z: FloatArray, kind: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return printed values of the standard scales and their slopes, for kinds (R,) and z (R, Q)."""
    value, slope = z.copy(), np.ones_like(z)
    rows = np.flatnonzero(kind == 0)
    if rows.size:
        share = 1.0 / (1.0 + np.exp(-np.clip(z[rows], -36.0, 36.0)))
        percent = 100.1 * share - 0.05
        value[rows] = np.clip(percent, 0.0, 100.0)
        slope[rows] = np.where((percent > 0) & (percent < 100), 100.1 * share * (1.0 - share), 0.0)
    rows = np.flatnonzero(kind == 1)
    if rows.size:
        value[rows] = slope[rows] = np.exp(np.clip(z[rows], -60.0, 60.0))
    return value, slope


@lru_cache(maxsize=1)
def student_quantiles() -> FloatArray:
    """Return the Student-t quantiles (Q,) of the levels."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(FREEDOM, LEVELS))


def score_rows(centre: FloatArray, scale: FloatArray, o: Outcomes) -> tuple[float, FloatArray, FloatArray]:
    """Return the loss and its derivatives by centre and scale (R,)."""
    student, freedom = student_quantiles(), FREEDOM
    size = BEND_OF_KIND[o.kind][:, None]
    straight = scale[:, None] * student / size
    root = np.sqrt(1.0 + straight * straight)
    # the inverse hyperbolic sine, several times as fast as numpy's
    z = centre[:, None] + size * np.copysign(np.log(np.abs(straight) + root), straight)
    by_straight = student / root
    count = LEVELS.size
    value, slope = printed(z, o.kind)
    gap = value - o.value[:, None]
    pinball = (gap > 0) - LEVELS
    weight = o.weight[:, None] * (2.0 / count)
    loss = float((weight[:, 0] * np.einsum("rq,rq->r", pinball, gap)).sum())
    by_z = weight * pinball * slope
    gap = z - o.linked[:, None]
    pinball = (gap > 0) - LEVELS
    weight = LINK_SHARE * o.link_weight[:, None] * (2.0 / count)
    loss += float((weight[:, 0] * np.einsum("rq,rq->r", pinball, gap)).sum())
    by_z += weight * pinball
    by_centre, by_scale = by_z.sum(axis=1), np.einsum("rq,rq->r", by_z, by_straight)
    width = np.hypot(scale, FLOOR)
    error = (o.linked - centre) / width
    ratio = error * error / freedom
    weight = LOG_SHARE * o.equal
    loss += float((weight * (np.log(width) + (freedom + 1.0) / 2.0 * np.log1p(ratio))).sum())
    pull = (freedom + 1.0) / (freedom * (1.0 + ratio))
    by_width = weight * (1.0 - pull * error * error) / width
    return loss, by_centre - weight * pull * error / width, by_scale + by_width * scale / width


def backwards_softmax(weights: FloatArray, by_weights: FloatArray) -> FloatArray:
    """Return derivatives by the scores of a softmax."""
    return np.asarray(weights * (by_weights - (weights * by_weights).sum(axis=1, keepdims=True)))


def loss_and_gradient(values: FloatArray, problem: Problem, like: Coefficients) -> tuple[float, FloatArray]:
    """Return loss and gradient (both flat) of all rows and of leaving the start."""
    weights, away = unflat(values, like), values - problem.start
    loss, gradient = float((problem.penalty * away**2).sum()), 2.0 * problem.penalty * away
    for start in range(0, problem.rows.points.size, BLOCK):
        here = slice(start, start + BLOCK)
        lost, slope = loss_of_rows(weights, problem.rows.take(here), problem.outcomes.take(here))
        loss, gradient = loss + lost, gradient + flat(slope)
    return loss, gradient


def loss_of_rows(w: Coefficients, r: GateRows, outcomes: Outcomes) -> tuple[float, Coefficients]:
    """Return loss and gradient; the forward pass is that of :func:`toolkit.models.gate.weigh`.

    Skew, widening and tails take no part: they are found afterwards.
    """
    x, k, mixed = r.features, np.exp(w.disagreement), mix(r, w)
    common, deviation, unit = mixed
    total = k[-1] * common.variance + deviation.variance
    g = 1.0 / (1.0 + np.exp(-(x @ w.structure)))
    scale_b = np.sqrt(total) * np.exp(x @ w.spread_common)
    scale_a = np.sqrt(unit.variance) * np.exp(x @ w.spread_unit)
    centre_b = common.centre + deviation.centre
    loss, by_centre, by_scale = score_rows(
        g * centre_b + (1.0 - g) * unit.centre, g * scale_b + (1.0 - g) * scale_a, outcomes
    )
    by_g = (by_centre * (centre_b - unit.centre) + by_scale * (scale_b - scale_a)) * g * (1.0 - g)
    by_b, by_a = g * by_scale * scale_b, (1.0 - g) * by_scale * scale_a
    by_total = by_b / (2.0 * total)
    by_variances = (k[-1] * by_total, by_total, by_a / (2.0 * unit.variance))
    tables, tempering, disagreement = {}, [], []
    for number, part in enumerate(EXPERTS):
        told, one, by_variance = r.told[number], mixed[number], by_variances[number]
        by_mean = ((1.0 - g) if part == "unit" else g) * by_centre
        by_share = by_mean[:, None] * told.mean + by_variance[:, None] * (told.variance + k[number] * one.apart)
        to = backwards_softmax(one.share, by_share)
        tables[part] = x.T @ to
        tempering += [(to * told.panel).sum(), OWN_SHARE * (to * told.own).sum()]
        disagreement.append(k[number] * (by_variance * (one.share * one.apart).sum(axis=1)).sum())
    return loss, Coefficients(
        **tables,
        structure=x.T @ by_g,
        spread_common=x.T @ by_b,
        spread_unit=x.T @ by_a,
        tempering=np.array(tempering),
        disagreement=np.array([*disagreement, k[-1] * (by_total * common.variance).sum()]),
        skew=np.zeros_like(w.skew),
        widening=np.zeros_like(w.widening),
        freedom=np.zeros_like(w.freedom),
    )
