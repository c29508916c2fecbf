"""Baselines that learn yearly changes from the whole panel and apply them one year after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from toolkit.models.baselines.base import SMALLEST_SPREAD, Baseline, Marginals, Series, panel_step
from toolkit.models.grid import Grid, first_layer
from toolkit.models.links import FloatArray, IntArray
from toolkit.models.panel import Panel

__all__ = ["PooledBaseline", "Steps", "peers_pace", "pooled", "ridge", "steps_of"]

# Yearly changes needed before a rule is learned; below, the median change stands in
FEWEST_STEPS = 6
RIDGE_PENALTY = 1.0


@dataclass(frozen=True)
class Steps:
    """All yearly changes of a panel (link scale), each with what was known before it; shape (n,).

    ``level`` is the value before the change relative to the panel's mean level, ``before`` the
    change of the year before (the panel's median where unknown).
    """

    change: FloatArray
    level: FloatArray
    before: FloatArray
    middle: float
    median: float


Rule = Callable[[FloatArray, FloatArray], FloatArray]
Learner = Callable[[Steps], Rule]


def steps_of(value: FloatArray) -> Steps:
    """Return the changes between neighbouring observed years; gaps share their change out evenly."""
    change, level, before = [], [], []
    middle = float(np.nanmean(value)) if np.isfinite(value).any() else 0.0
    for row in value:
        time = np.flatnonzero(np.isfinite(row))
        if time.size < 2:
            continue
        step = np.diff(row[time]) / np.diff(time)
        change.append(step)
        level.append(row[time[:-1]] - middle)
        before.append(np.concatenate([[np.nan], step[:-1]]))
    if not change:
        return Steps(np.zeros(0), np.zeros(0), np.zeros(0), middle, 0.0)
    changes, earlier = np.concatenate(change), np.concatenate(before)
    median = float(np.median(changes))
    return Steps(changes, np.concatenate(level), np.where(np.isfinite(earlier), earlier, median), middle, median)


def median_change(steps: Steps) -> Rule:
    """Expect the panel's median change everywhere."""

    def rule(level: FloatArray, before: FloatArray) -> FloatArray:
        del before
        return np.full_like(level, steps.median)

    return rule


def ridge(steps: Steps) -> Rule:
    """Learn the next change from the last one and the level by ridge regression (scikit-learn)."""
    if steps.change.size < FEWEST_STEPS:
        return median_change(steps)
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), Ridge(alpha=RIDGE_PENALTY))
    model.fit(np.column_stack([steps.level, steps.before]), steps.change)

    def rule(level: FloatArray, before: FloatArray) -> FloatArray:
        # beyond what was seen the regression would run away
        inside = np.clip(level, steps.level.min(), steps.level.max())
        return np.asarray(model.predict(np.column_stack([inside, before])), dtype=np.float64)

    return rule


def peers_pace(steps: Steps) -> Rule:
    """Expect the median change that units of the panel made from a like level (nearest third)."""
    if steps.change.size < FEWEST_STEPS:
        return median_change(steps)
    near = max(steps.change.size // 3, FEWEST_STEPS)

    def rule(level: FloatArray, before: FloatArray) -> FloatArray:
        del before
        order = np.argsort(np.abs(level[:, None] - steps.level[None, :]), axis=1, kind="stable")[:, :near]
        return np.asarray(np.median(steps.change[order], axis=1))

    return rule


def unused(series: Series, horizons: IntArray) -> Marginals:
    """Stand in for the method of single series, which a pooled baseline has not."""
    msg = f"pooled baselines forecast panels, not {series} at {horizons}"
    raise NotImplementedError(msg)


@dataclass(frozen=True)
class PooledBaseline(Baseline):
    """A baseline whose rule is learned from the panel.

    Attributes
    ----------
    learner :
        From the panel's changes to a rule for the next change.
    """

    learner: Learner = peers_pace

    def trajectories(self, base: Grid, panel: Panel, work: IntArray) -> list[tuple[FloatArray, FloatArray, float, str]]:
        """Return centre and spread over the years of ``work``, freedom and note of every unit."""
        value = first_layer(base)
        steps = steps_of(value)
        rule = self.learner(steps)
        missed = steps.change - rule(steps.level, steps.before) if steps.change.size else np.zeros(0)
        step = float(np.sqrt(np.mean(missed**2))) if missed.size > 1 else panel_step(value)
        step = max(step, SMALLEST_SPREAD)

        def follow(series: Series, horizons: IntArray) -> Marginals:
            level, gaps = series.value[-1:], np.diff(series.time)
            before = np.diff(series.value)[-1:] / gaps[-1:] if gaps.size else np.array([steps.median])
            centres = []
            for _ in range(int(horizons.max())):
                before = rule(level - steps.middle, before)
                level = level + before
                centres.append(float(level[0]))
            return Marginals(np.array(centres)[horizons - 1], step * np.sqrt(horizons))

        return Baseline(self.name, follow).trajectories(base, panel, work)


def pooled(name: str, learner: Learner) -> PooledBaseline:
    """Return a pooled baseline as a forecaster."""
    return PooledBaseline(name, unused, learner)
