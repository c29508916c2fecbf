"""Effort: how much slope has to be added for a target to be met with a wanted probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.forecast.countable import count_of
from toolkit.forecast.panels import scale_of
from toolkit.forecast.paths import FloatArray, Path
from toolkit.forecast.store import Forecasts
from toolkit.plan.rules import Printed, level_met, ratio_threshold
from toolkit.plan.targets import LevelRule, Operator, RatioToBaseRule, RatioToRule, Target
from toolkit.scenario.moves import open_years
from toolkit.scenario.setting import Setting, path_of

NUDGE = 1e-6
"""Relative distance by which a threshold is passed, so that rounding to 32 bits does not fall back behind it."""


@dataclass(frozen=True)
class Aim:
    """What has to be reached, draw by draw.

    Attributes
    ----------
    path :
        The forecast that moves (the stand-in's source where the target is seen through one).
    thresholds : (S,)
        Value that each draw of `path` has to reach in `due`.
    falling :
        True where less is wanted.
    """

    path: Path
    due: int
    thresholds: FloatArray
    falling: bool

    def room(self, setting: Setting) -> FloatArray:
        """Return how far each draw is inside (positive) or outside of its threshold on the link scale, shape (S,)."""
        scale = scale_of(setting.dataset.indicators.get(self.path.indicator))
        gap = scale.to_link(self.thresholds) - scale.to_link(self.path.at(self.due))
        return np.asarray(gap if self.falling else -gap, dtype=np.float64)

    def chance(self, setting: Setting) -> float:
        """Return the weighted share of draws inside their thresholds."""
        return float(weights_of(self.path)[self.room(setting) >= 0].sum())

    def effort(self, probability: float, setting: Setting) -> float:
        """Return the smallest shift at `due` with which the wanted share of draws is inside; negative if falling."""
        room, weights = self.room(setting), weights_of(self.path)
        order = np.argsort(-room, kind="stable")
        reached = np.searchsorted(np.cumsum(weights[order]), probability - 1e-12)
        lacking = -float(room[order][min(int(reached), len(room) - 1)])
        return -lacking if self.falling else lacking


def weights_of(path: Path) -> FloatArray:
    """Return the weights of a path's draws, equal ones where it has none; they sum to 1."""
    count = path.draws.shape[0]
    return np.full(count, 1.0 / count) if path.weights is None else path.weights


def aim_at_target(forecasts: Forecasts, code: str, target: Target, setting: Setting) -> Aim:
    """Return what one target asks of one area.

    Raises
    ------
    UsageError
        For a target that is not about a level or a ratio in one year.
    """
    rule = target.rule
    path = path_of(forecasts, code, target.indicator, target.scope)
    printed = setting.printed(target.indicator)
    match rule:
        case LevelRule():
            return _aim(forecasts, path, target.due, rule.op, rule.value, printed, setting)
        case RatioToBaseRule():
            levels = rule.value * path.at(rule.base_year)
            return _aim(forecasts, path, target.due, rule.op, levels, printed, setting)
        case RatioToRule():
            named = {"same": code, "province": setting.plan.province_code, "country": _country(code, setting)}
            area = named.get(rule.benchmark.area, rule.benchmark.area)
            held = path_of(forecasts, area, rule.benchmark.indicator, rule.benchmark.scope)
            threshold = ratio_threshold(rule.value, rule.op, rule.tolerance)
            return _aim(forecasts, path, target.due, rule.op, threshold * held.at(target.due), printed, setting)
    raise UsageError(say("scenario.no_pace_for", target=target.id), say("scenario.no_pace_for.remedy"))


def aim_at_level(
    forecasts: Forecasts, code: str, indicator: str, scope: str, op: Operator, value: float, due: int, setting: Setting
) -> Aim:
    """Return what a level of one's own asks of one area."""
    path = path_of(forecasts, code, indicator, scope)
    return _aim(forecasts, path, due, op, value, setting.printed(indicator), setting)


def _country(code: str, setting: Setting) -> str:
    return next((area.code for area in setting.dataset.areas.ancestors(code) if area.level == "country"), "")


def _aim(
    forecasts: Forecasts,
    path: Path,
    due: int,
    op: Operator,
    level: float | FloatArray,
    printed: Printed,
    setting: Setting,
) -> Aim:
    position = path.position(due) if path.years[0] <= due <= path.years[-1] else -1
    if position < 0 or not open_years(path)[position]:
        message = say("scenario.over", year=due, indicator=path.indicator, area=path.area_code)
        raise UsageError(message, say("scenario.over.remedy"))
    countable = setting.dataset.indicators.get(path.indicator).countable
    count = count_of(setting.dataset, countable, path.area_code, due) if path.unit == "percent" else None
    if isinstance(level, np.ndarray):
        edge = _past(level, op)
    else:
        edge = np.full(path.draws.shape[0], edge_of(op, level, printed, count))
    if path.proxy is not None:
        source = path_of(forecasts, path.area_code, path.proxy.indicator, path.proxy.scope)
        seen = path.at(due)
        factor = np.divide(source.at(due), seen, out=np.ones_like(seen), where=seen > 0)
        return Aim(source, due, edge * factor, op in ("<", "<="))
    return Aim(path, due, edge, op in ("<", "<="))


def edge_of(op: Operator, level: float, printed: Printed, count: int | None) -> float:
    """Return the value just inside of which a level counts as met.

    Parameters
    ----------
    op, level, printed :
        As judged by :func:`toolkit.plan.rules.level_met`.
    count :
        Number of things of which the value is a share in per cent, where it is drawn as k of n.

    >>> round(edge_of(">=", 80.0, Printed(1), 10), 3), round(edge_of(">=", 100.0, Printed(1), None), 3)
    (75.0, 99.95)
    """
    if count:
        shares = 100.0 * np.arange(count + 1) / count
        met = shares[level_met(shares, op, level, printed)]
        if met.size:
            half = 50.0 / count
            return float(_past(np.array([met.max() + half if op in ("<", "<=") else met.min() - half]), op)[0])
    half = 0.5 * 10.0**-printed.decimals
    if op == ">=" and level == printed.upper:
        level = level - half
    if op == "<=" and level == printed.lower:
        level = level + half
    return float(_past(np.array([level]), op)[0])


def _past(level: FloatArray, op: Operator) -> FloatArray:
    slack = NUDGE * np.maximum(1e-2, np.abs(level))
    return np.asarray(level - slack if op in ("<", "<=") else level + slack, dtype=np.float64)


def ramp(path: Path, start: int, due: int) -> FloatArray:
    """Return 0 at `start` rising evenly to 1 at `due` and staying there, shape (T,)."""
    return np.asarray(np.clip((path.years - start) / max(due - start, 1), 0.0, 1.0), dtype=np.float64)
