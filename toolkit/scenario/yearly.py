"""What rules about every year and about averages lack, draw by draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.forecast.paths import BoolArray, FloatArray, Path, scale_of
from toolkit.plan.judgement import Case
from toolkit.plan.predicates import Operator, compare, yearly_changes
from toolkit.plan.rules import AnnualChangeRule, PeriodRule
from toolkit.scenario.setting import Setting, open_years

Counted = Literal["link", "points", "percent"]
NUDGE = 1e-6
"""Relative distance by which a threshold is passed, so that rounding to 32 bits does not fall back behind it."""
SMALL = 1e-5
"""The same for efforts, and for changes, which are differences of rounded numbers."""
LARGEST = {"logit": 40.0, "log": 40.0, "identity": 1e4}
"""Efforts beyond these are not looked for."""
HALVINGS = 60


@dataclass(frozen=True)
class Need:
    """What a rule lacks: attributes as those of :class:`toolkit.scenario.effort.Aim`."""

    lacking: FloatArray
    profile: FloatArray
    counted: Counted = "link"
    most: FloatArray | None = None


def just_past(level: FloatArray, op: Operator) -> FloatArray:
    """Return values a little further than `level` in the wanted direction."""
    slack = NUDGE * np.maximum(1e-2, np.abs(level))
    return np.asarray(level - slack if op in ("<", "<=") else level + slack, dtype=np.float64)


def too_late(path: Path, year: int) -> UsageError:
    """Return the refusal of a year that no scenario can change."""
    message = say("scenario.over", year=year, indicator=path.indicator, area=path.area_code)
    return UsageError(message, say("scenario.over.remedy"))


def need_of(path: Path, rule: PeriodRule, due: int, setting: Setting) -> Need:
    """Return what a rule about several years lacks."""
    if isinstance(rule, AnnualChangeRule):  # more of the same change adds up, and may hit a bound too early
        return annual_change(path, rule, setting)
    return yearly(path, rule, due, setting)


def yearly(path: Path, rule: PeriodRule, due: int, setting: Setting) -> Need:
    """Return what is lacking for a yearly flow: as much more in each year that can still change, found by halving."""
    years = rule.years(path)
    if not years:
        raise too_late(path, rule.to_year)
    _window(path, years[0], years[-1])
    open_, count = open_years(path), path.draws.shape[0]
    scale, printed = scale_of(setting.dataset.indicators.get(path.indicator)), setting.printed(path.indicator)
    linked = scale.to_link(path.draws)
    passed = rule.model_copy(update={"value": float(just_past(np.array(rule.value), rule.op))})

    def met(effort: FloatArray) -> BoolArray:
        signed = -effort if rule.falling else effort
        draws = np.where(open_, scale.from_link(linked + signed[:, None]), path.draws)
        return passed.judge(Case(due, replace(path, draws=draws), printed)).met

    low, high = np.full(count, -LARGEST[scale.link]), np.full(count, LARGEST[scale.link])
    reachable = met(high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = met(middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return Need(np.where(reachable, high + SMALL, np.inf), open_.astype(np.float64))


def annual_change(path: Path, rule: AnnualChangeRule, setting: Setting) -> Need:
    """Return what is lacking for yearly changes: the same change more in each year that can still change.

    A change across a break is not judged. A draw that reaches a bound of the indicator cannot go on changing, so
    too much effort makes it fail.
    """
    indicator = setting.dataset.indicators.get(path.indicator)
    falling, relative = rule.op in ("<", "<="), rule.measured_in == "percent"
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
            lacking = np.maximum(lacking, _settled(change, rule.op, rule.value))
            continue
        before, made = path.draws[:, column - 1], elapsed[column - 1]
        if relative:
            needed, limit = _relative(change, before, made, rule, indicator.upper)
        else:
            needed = (change - rule.value if falling else rule.value - change) + SMALL
            bound = indicator.lower if falling else indicator.upper
            limit = _room(before, bound, abs(rule.value), made) if rule.value * (-1 if falling else 1) > 0 else np.inf
        lacking, most = np.maximum(lacking, needed), np.minimum(most, limit)
    never = lacking > most
    return Need(
        np.where(never, np.inf, lacking), elapsed, "percent" if relative else "points", np.where(never, np.inf, most)
    )


def _relative(
    change: FloatArray, before: FloatArray, made: float, rule: AnnualChangeRule, upper: float | None
) -> tuple[FloatArray, FloatArray | float]:
    factor, wanted = 1.0 + change / 100.0, 1.0 + rule.value / 100.0
    ratio = np.divide(wanted, factor, out=np.full(factor.shape, np.nan), where=factor > 0)
    needed = np.nan_to_num((1.0 - ratio if rule.op in ("<", "<=") else ratio - 1.0) + SMALL, nan=np.inf)
    if rule.op in ("<", "<=") or upper is None or wanted <= 1.0:
        return needed, np.inf
    room = np.divide(upper / wanted, before, out=np.full(before.shape, np.inf), where=before > 0)
    return needed, np.where(room < 1.0, -np.inf, np.inf) if made == 0 else room ** (1.0 / made) - 1.0 - SMALL


def _room(before: FloatArray, bound: float | None, step: float, made: float) -> FloatArray | float:
    """Return the largest effort that leaves room for a step between last year's value and the bound."""
    if bound is None:
        return np.inf
    room = np.abs(before - bound) - step
    return np.where(room < 0, -np.inf, np.inf) if made == 0 else room / made - SMALL


def _settled(values: FloatArray, op: Operator, value: float) -> FloatArray:
    return np.where(compare(values, op, value), -np.inf, np.inf)


def _window(path: Path, first: int, last: int) -> list[int]:
    if not int(path.years[0]) <= first <= last <= int(path.years[-1]):
        raise too_late(path, last)
    columns = [path.position(year) for year in range(first, last + 1)]
    if not open_years(path)[columns].any():
        raise too_late(path, last)
    return columns
