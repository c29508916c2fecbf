"""Effort: how much has to be added for a target to be met with a wanted probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.forecast.panels import count_of
from toolkit.forecast.paths import FloatArray, Path, scale_of
from toolkit.forecast.store import Forecasts
from toolkit.plan.base import NumberRule
from toolkit.plan.judgement import Case
from toolkit.plan.plan import Target
from toolkit.plan.predicates import Operator, Printed, level_met
from toolkit.plan.rules import PeriodRule
from toolkit.scenario.moves import shift_between
from toolkit.scenario.setting import Setting, open_years, path_of
from toolkit.scenario.steps import Start
from toolkit.scenario.yearly import Counted, just_past, need_of, too_late


@dataclass(frozen=True)
class Aim:
    """What has to be reached, draw by draw.

    Attributes
    ----------
    path :
        The forecast that moves (the stand-in's source where the target is seen through one).
    lacking : (S,)
        Effort that each draw lacks, 0 or less where it has enough; infinite where none would do.
    falling :
        True where less is wanted: effort then takes away.
    profile : (T,)
        How often (or how much of) the effort has been made by each year.
    counted :
        The effort's unit: of the link scale, units of the indicator, or a factor less 1.
    most : (S,) or None
        With more effort than this a draw stands at a bound too early to go on changing; None without such bounds.
    """

    path: Path
    lacking: FloatArray
    falling: bool
    profile: FloatArray
    counted: Counted = "link"
    most: FloatArray | None = None

    @property
    def weights(self) -> FloatArray:
        """Weights of the draws, equal ones where the path has none; they sum to 1."""
        count = self.path.draws.shape[0]
        return np.full(count, 1.0 / count) if self.path.weights is None else self.path.weights

    def chance(self, effort: float = 0.0) -> float:
        """Return the weighted share of draws that meet the target with an effort."""
        enough = self.lacking <= effort
        if self.most is not None:
            enough &= effort <= self.most
        return float(self.weights[enough].sum())

    def effort(self, probability: float) -> float:
        """Return the smallest effort with which the wanted share of draws meets the target.

        Raises
        ------
        UsageError
            If no effort is enough for that share.
        """
        order = np.argsort(self.lacking, kind="stable")
        reached = np.cumsum(self.weights[order])
        if self.most is not None:
            late = np.argsort(self.most, kind="stable")
            passed = np.concatenate([[0.0], np.cumsum(self.weights[late])])
            reached = reached - passed[np.searchsorted(self.most[late], self.lacking[order], side="left")]
        reached = np.where(np.isfinite(self.lacking[order]), reached, 0.0)
        enough = reached >= probability - 1e-12
        if not enough.any():
            fields = {"indicator": self.path.indicator, "area": self.path.area_code}
            chances = {"probability": f"{probability:.0%}", "most": f"{reached.max():.0%}"}
            raise UsageError(say("scenario.unreachable", **fields, **chances), say("scenario.unreachable.remedy"))
        return float(self.lacking[order][int(np.argmax(enough))])

    def shift(self, effort: float, setting: Setting) -> FloatArray:
        """Return what an effort adds on the link scale, shape (T,) or (S, T)."""
        signed = -effort if self.falling else effort
        if effort == 0.0 or self.counted == "link":
            return signed * self.profile
        indicator = setting.dataset.indicators.get(self.path.indicator)
        draws = self.path.draws
        changed = draws + signed * self.profile if self.counted == "points" else draws * (1.0 + signed) ** self.profile
        changed = np.clip(changed, indicator.lower, indicator.upper)
        return shift_between(self.path, np.asarray(changed, dtype=np.float64), setting)


def aim_at_target(forecasts: Forecasts, code: str, target: Target, setting: Setting, start: Start = "last") -> Aim:
    """Return what one target asks of one area.

    Parameters
    ----------
    start :
        ``last``: a slope begins after the newest figure; ``base``: in the plan's base year. Rules about every
        year or an average know no slope.

    Raises
    ------
    UsageError
        For a milestone, a rule about every year seen through a stand-in, and years that are over.
    """
    rule = target.rule
    path = path_of(forecasts, code, target.indicator, target.scope)
    printed = setting.printed(target.indicator)
    held, wanted = None, rule.compared_with
    if wanted is not None:
        area = wanted.area_code(code, setting.plan.province_code, setting.dataset.areas)
        held = path_of(forecasts, area, wanted.indicator, wanted.scope)
    level = rule.level_asked(Case(target.due, path, printed, held))
    if level is not None and isinstance(rule, NumberRule):
        return _aim(forecasts, path, target.due, rule.op, level, printed, setting, start)
    if not isinstance(rule, PeriodRule) or path.proxy is not None:
        raise UsageError(say("scenario.no_pace_for", target=target.id), say("scenario.no_pace_for.remedy"))
    need = need_of(path, rule, target.due, setting)
    return Aim(path, need.lacking, rule.falling, need.profile, need.counted, need.most)


def aim_at_level(
    forecasts: Forecasts,
    code: str,
    indicator: str,
    scope: str,
    op: Operator,
    value: float,
    due: int,
    setting: Setting,
    start: Start = "last",
) -> Aim:
    """Return what a level of one's own asks of one area."""
    path = path_of(forecasts, code, indicator, scope)
    return _aim(forecasts, path, due, op, value, setting.printed(indicator), setting, start)


def _aim(
    forecasts: Forecasts,
    path: Path,
    due: int,
    op: Operator,
    level: float | FloatArray,
    printed: Printed,
    setting: Setting,
    start: Start,
) -> Aim:
    if not (path.years[0] <= due <= path.years[-1] and open_years(path)[path.position(due)]):
        raise too_late(path, due)
    countable = setting.dataset.indicators.get(path.indicator).countable
    count = count_of(setting.dataset, countable, path.area_code, due) if path.unit == "percent" else None
    if isinstance(level, np.ndarray):
        edge = just_past(level, op)
    else:
        edge = np.full(path.draws.shape[0], edge_of(op, level, printed, count))
    falling, moving = op in ("<", "<="), path
    if path.proxy is not None:
        moving = path_of(forecasts, path.area_code, path.proxy.indicator, path.proxy.scope)
        seen = path.at(due)
        edge = edge * np.divide(moving.at(due), seen, out=np.ones_like(seen), where=seen > 0)
    scale = scale_of(setting.dataset.indicators.get(moving.indicator))
    gap = scale.to_link(edge) - scale.to_link(moving.at(due))
    begun = moving.evidence.last_year if start == "last" else setting.plan.base_year
    return Aim(moving, np.asarray(-gap if falling else gap), falling, ramp(moving, begun, due))


def edge_of(op: Operator, level: float, printed: Printed, count: int | None) -> float:
    """Return the value just inside of which a level counts as met.

    Parameters
    ----------
    op, level, printed :
        As judged by :func:`toolkit.plan.predicates.level_met`.
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
            return float(just_past(np.array([met.max() + half if op in ("<", "<=") else met.min() - half]), op)[0])
    half = 0.5 * 10.0**-printed.decimals
    if op == ">=" and level == printed.upper:
        level = level - half
    if op == "<=" and level == printed.lower:
        level = level + half
    return float(just_past(np.array([level]), op)[0])


def ramp(path: Path, start: int, due: int) -> FloatArray:
    """Return 0 at `start` rising evenly to 1 at `due` and staying there, shape (T,)."""
    return np.asarray(np.clip((path.years - start) / max(due - start, 1), 0.0, 1.0), dtype=np.float64)
