"""How much it takes: efforts that targets lack, paces that others kept. Apart because it searches; verbs only move.

Apart from the verbs of :mod:`toolkit.scenario.steps`, which ask it: how an effort is found is a story of its own. An
effort is the same in every draw: the smallest with which the target is met with a wanted probability.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.forecast.panels import count_of
from toolkit.forecast.paths import Path
from toolkit.forecast.store import Forecasts
from toolkit.models.panel import BoolArray, FloatArray
from toolkit.plan.judgement import Case, NumberRule
from toolkit.plan.plan import Target
from toolkit.plan.predicates import Operator, Printed, level_met, satisfies, yearly_changes
from toolkit.plan.rules import AnnualChangeRule, PeriodRule
from toolkit.scenario.propagate import Setting, open_years, path_of, shift_between

EffortStart = Literal["last", "base"]
Counted = Literal["link", "points", "percent"]
LEVEL_NUDGE = 1e-6
"""Relative distance by which a threshold is passed, so that rounding to 32 bits does not fall back behind it."""
CHANGE_NUDGE = 1e-5
"""The same for efforts, and for changes, which are differences of rounded numbers."""
LARGEST_EFFORT = {"logit": 40.0, "log": 40.0, "identity": 1e4}
"""Efforts beyond these are not looked for."""
HALVINGS = 60
Which = Literal["best", "top_third", "median"]
LONGEST_STEP = 5
"""Years between two figures that still tell a pace."""
SAME_LEVEL = 1.0
"""Distance on the link scale within which an area stood about where this one stands."""
FEWEST, ENOUGH = 3, 5
"""Below the first there is no peers' pace; below the second the nearest levels count too."""


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
        indicator, draws = setting.indicator(self.path.indicator), self.path.draws
        changed = draws + signed * self.profile if self.counted == "points" else draws * (1.0 + signed) ** self.profile
        changed = np.clip(changed, indicator.lower, indicator.upper)
        return shift_between(self.path, np.asarray(changed, dtype=np.float64), setting)


def too_late(path: Path, year: int) -> UsageError:
    """Return the refusal of a year that no scenario can change."""
    message = say("scenario.over", year=year, indicator=path.indicator, area=path.area_code)
    return UsageError(message, say("scenario.over.remedy"))


def aim_at_target(
    forecasts: Forecasts, code: str, target: Target, setting: Setting, start: EffortStart = "last"
) -> Aim:
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
    held, wanted = None, rule.compared_with
    if wanted is not None:
        area = wanted.area_code(code, setting.plan.province_code, setting.dataset.areas)
        held = path_of(forecasts, area, wanted.indicator, wanted.scope)
    level = rule.level_asked(Case(target.due, path, setting.printed(path.indicator), held))
    if level is not None and isinstance(rule, NumberRule):
        return aim_at_level(forecasts, path, rule.op, level, target.due, setting, start)
    if not isinstance(rule, PeriodRule) or path.proxy is not None:
        raise UsageError(say("scenario.no_pace_for", target=target.id), say("scenario.no_pace_for.remedy"))
    if isinstance(rule, AnnualChangeRule):  # more of the same change adds up, and may hit a bound too early
        return _annual_change(path, rule, setting)
    return _yearly(path, rule, target.due, setting)


# ---- levels and ratios: a slope on the link scale


def aim_at_level(
    forecasts: Forecasts,
    path: Path,
    op: Operator,
    level: float | FloatArray,
    due: int,
    setting: Setting,
    start: EffortStart = "last",
) -> Aim:
    """Return what a level, one for all draws or one for each, asks of a path in its due year."""
    if not (path.years[0] <= due <= path.years[-1] and open_years(path)[path.position(due)]):
        raise too_late(path, due)
    if isinstance(level, np.ndarray):
        edge = just_past(level, op)
    else:
        countable = setting.indicator(path.indicator).countable
        count = count_of(setting.dataset, countable, path.area_code, due) if path.unit == "percent" else None
        edge = np.full(path.draws.shape[0], edge_of(op, level, setting.printed(path.indicator), count))
    falling, moving = op in ("<", "<="), path
    if path.proxy is not None:
        moving = path_of(forecasts, path.area_code, path.proxy.indicator, path.proxy.scope)
        seen = path.at(due)
        edge = edge * np.divide(moving.at(due), seen, out=np.ones_like(seen), where=seen > 0)
    scale = setting.scale(moving.indicator)
    gap = scale.to_link(edge) - scale.to_link(moving.at(due))
    begun = moving.evidence.last_year if start == "last" else setting.plan.base_year
    profile = np.asarray(np.clip((moving.years - begun) / max(due - begun, 1), 0.0, 1.0), dtype=np.float64)
    return Aim(moving, np.asarray(-gap if falling else gap), falling, profile)


def just_past(level: FloatArray, op: Operator) -> FloatArray:
    """Return values a little further than `level` in the wanted direction."""
    slack = LEVEL_NUDGE * np.maximum(1e-2, np.abs(level))
    return np.asarray(level - slack if op in ("<", "<=") else level + slack, dtype=np.float64)


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


# ---- every year, averages, yearly changes: as much more in each year that can still change


def _yearly(path: Path, rule: PeriodRule, due: int, setting: Setting) -> Aim:
    """Return what is lacking for yearly values or their mean, found by halving."""
    years = rule.years(path)
    if not years:
        raise too_late(path, rule.to_year)
    open_, count = open_years(path), path.draws.shape[0]
    inside = path.years[0] <= years[0] and years[-1] <= path.years[-1]
    if not (inside and open_[path.position(years[0]) : path.position(years[-1]) + 1].any()):
        raise too_late(path, years[-1])
    scale, printed = setting.scale(path.indicator), setting.printed(path.indicator)
    linked = scale.to_link(path.draws)
    passed = rule.model_copy(update={"value": float(just_past(np.array(rule.value), rule.op))})

    def met(effort: FloatArray) -> BoolArray:
        signed = -effort if rule.falling else effort
        draws = np.where(open_, scale.from_link(linked + signed[:, None]), path.draws)
        return passed.judge(Case(due, replace(path, draws=draws), printed)).met

    low, high = np.full(count, -LARGEST_EFFORT[scale.link]), np.full(count, LARGEST_EFFORT[scale.link])
    reachable = met(high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = met(middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return Aim(path, np.where(reachable, high + CHANGE_NUDGE, np.inf), rule.falling, open_.astype(np.float64))


def _annual_change(path: Path, rule: AnnualChangeRule, setting: Setting) -> Aim:
    """Return what is lacking for yearly changes: the same change more each year, in units or per cent.

    A change across a break is not judged. A draw that reaches a bound of the indicator cannot go on changing, so
    too much effort makes it fail.
    """
    indicator = setting.indicator(path.indicator)
    falling, relative = rule.falling, rule.measured_in == "percent"
    open_ = open_years(path)
    elapsed = np.cumsum(open_).astype(np.float64)
    count = path.draws.shape[0]
    lacking, most = np.full(count, -np.inf), np.full(count, np.inf)
    years = range(max(rule.from_year, int(path.years[0]) + 1), min(rule.to_year, int(path.years[-1])) + 1)
    columns = [path.position(year) for year in years]
    columns = [one for one in columns if path.standards[one - 1] == path.standards[one]]
    if not any(open_[one] for one in columns):
        raise too_late(path, rule.to_year)
    for column in columns:
        change = yearly_changes(path.draws[:, column - 1 : column + 1], rule.measured_in)[:, 0]
        if not open_[column]:
            lacking = np.maximum(lacking, np.where(satisfies(change, rule.op, rule.value), -np.inf, np.inf))
            continue
        before, made = path.draws[:, column - 1], elapsed[column - 1]
        if relative:
            needed, limit = _relative(change, before, made, rule, indicator.upper)
        else:
            needed = (change - rule.value if falling else rule.value - change) + CHANGE_NUDGE
            bound = indicator.lower if falling else indicator.upper
            limit = _room(before, bound, abs(rule.value), made) if rule.value * (-1 if falling else 1) > 0 else np.inf
        lacking, most = np.maximum(lacking, needed), np.minimum(most, limit)
    never = lacking > most
    lacking, most = np.where(never, np.inf, lacking), np.where(never, np.inf, most)
    return Aim(path, lacking, falling, elapsed, "percent" if relative else "points", most)


def _relative(
    change: FloatArray, before: FloatArray, made: float, rule: AnnualChangeRule, upper: float | None
) -> tuple[FloatArray, FloatArray | float]:
    factor, wanted = 1.0 + change / 100.0, 1.0 + rule.value / 100.0
    ratio = np.divide(wanted, factor, out=np.full(factor.shape, np.nan), where=factor > 0)
    needed = np.nan_to_num((1.0 - ratio if rule.falling else ratio - 1.0) + CHANGE_NUDGE, nan=np.inf)
    if rule.falling or upper is None or wanted <= 1.0:
        return needed, np.inf
    room = np.divide(upper / wanted, before, out=np.full(before.shape, np.inf), where=before > 0)
    return needed, np.where(room < 1.0, -np.inf, np.inf) if made == 0 else room ** (1.0 / made) - 1.0 - CHANGE_NUDGE


def _room(before: FloatArray, bound: float | None, step: float, made: float) -> FloatArray | float:
    """Return the largest effort that leaves room for a step between last year's value and the bound."""
    if bound is None:
        return np.inf
    room = np.abs(before - bound) - step
    return np.where(room < 0, -np.inf, np.inf) if made == 0 else room / made - CHANGE_NUDGE


# ---- paces that other areas kept, from about the same level


class PeerStep(NamedTuple):
    """A step between two figures of another area on one standard.

    Attributes
    ----------
    area_code, from_year :
        The other area, and the year of the first figure.
    start, pace :
        The first figure and the change a year, on the link scale.
    """

    area_code: str
    from_year: int
    start: float
    pace: float


def peer_steps(setting: Setting, path: Path) -> tuple[PeerStep, ...]:
    """Return the steps of other areas that began at about the level of `path`'s newest year.

    Areas of every level count, each standard by itself. Levels are compared on the link scale, within
    :data:`SAME_LEVEL`; where fewer than :data:`ENOUGH` are found, the nearest ones are taken.
    """
    scale = setting.scale(path.indicator)
    found: list[PeerStep] = []
    for code, name, scope in sorted(setting.dataset.with_data()):
        if (name, scope) != (path.indicator, path.scope) or code == path.area_code:
            continue
        figures = setting.dataset.series(code, name, scope).observations
        for standard in sorted({figure.standard for figure in figures}):
            for before, after in pairwise([figure for figure in figures if figure.standard == standard]):
                years = after.year - before.year
                if 0 < years <= LONGEST_STEP:
                    start, end = (float(scale.to_link(figure.value)) for figure in (before, after))
                    found.append(PeerStep(code, before.year, start, (end - start) / years))
    last = min(max(path.evidence.last_year, int(path.years[0])), int(path.years[-1]))
    level = float(scale.to_link(np.median(path.at(last))))
    found.sort(key=lambda step: (abs(step.start - level), step.area_code, step.from_year))
    near = sum(abs(step.start - level) <= SAME_LEVEL for step in found)
    return tuple(found[: max(near, ENOUGH)])


def pace_of_peers(setting: Setting, path: Path, which: Which) -> float:
    """Return a yearly pace of peers on the link scale.

    Raises
    ------
    UsageError
        If fewer than :data:`FEWEST` steps of peers are known, or the indicator has no better direction.
    """
    indicator = setting.indicator(path.indicator)
    steps = peer_steps(setting, path)
    if len(steps) < FEWEST or indicator.direction == "none":
        message = say("scenario.few_peers", indicator=path.indicator, area=path.area_code, count=len(steps))
        raise UsageError(message, say("scenario.few_peers.remedy", fewest=FEWEST))
    sign = 1.0 if indicator.direction == "up" else -1.0
    level = {"best": 1.0, "top_third": 2.0 / 3.0, "median": 0.5}[which]
    return sign * float(np.quantile([sign * step.pace for step in steps], level))
