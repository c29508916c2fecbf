"""Verbs: each takes forecasts and returns forecasts; what is published never changes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.forecast.paths import FloatArray, Path, scale_of
from toolkit.forecast.store import Forecasts
from toolkit.scenario.effort import aim_at_level, aim_at_target
from toolkit.scenario.moves import apply_shifts, shift_between
from toolkit.scenario.peers import peers_pace
from toolkit.scenario.setting import Setting, open_years, path_of
from toolkit.scenario.standard import with_new_standard
from toolkit.scenario.steps import (
    AnyStep,
    BusinessAsUsual,
    ChangeOfPace,
    FixedTarget,
    HaltRise,
    NewStandard,
    PeersPace,
    PlannedValues,
    RequiredPace,
    Shock,
)

RECOVERY_YEARS = {"slow": 5, "fast": 2}
Level = ChangeOfPace | FixedTarget | HaltRise | PeersPace | PlannedValues | Shock


def apply_step(forecasts: Forecasts, step: AnyStep, setting: Setting) -> Forecasts:
    """Return the forecasts of another course of events.

    Parameters
    ----------
    forecasts :
        Joint draws; never changed.
    step :
        A verb with its parameters.
    setting :
        Data and plan.

    Raises
    ------
    UsageError
        If the verb has nothing to act on, or asks for what cannot be.
    """
    match step:
        case BusinessAsUsual():
            return forecasts
        case RequiredPace():
            return _required_pace(forecasts, step, setting)
        case NewStandard():
            return with_new_standard(forecasts, step, setting)
        case _:
            return _on_levels(forecasts, step, setting)


def _on_levels(forecasts: Forecasts, step: Level, setting: Setting) -> Forecasts:
    setting.dataset.indicators.get(step.indicator)
    shifts: dict[str, FloatArray] = {}
    planned = _planned(step, setting)
    named = tuple(planned) or step.areas
    for code in setting.codes(named, forecasts):
        path = forecasts.path(code, step.indicator, step.scope)
        if path is None and named is None:
            continue
        path = path_of(forecasts, code, step.indicator, step.scope)
        if path.proxy is not None:
            if named is None:
                continue
            fields = {"indicator": path.indicator, "scope": path.scope, "area": code}
            seen = {"measured": path.proxy.indicator, "measured_scope": path.proxy.scope}
            raise UsageError(say("scenario.stand_in", **fields), say("scenario.stand_in.remedy", **seen))
        one = step.model_copy(update={"values": planned[code], "by_area": None}) if code in planned else step
        shifts[code] = _shift(forecasts, path, one, setting)
    if not shifts:
        message = say("scenario.nobody", indicator=step.indicator, scope=step.scope)
        raise UsageError(message, say("scenario.no_path.remedy"))
    return apply_shifts(forecasts, step.indicator, step.scope, shifts, setting)


def _planned(step: Level, setting: Setting) -> dict[str, Mapping[int, float]]:
    """Return planned values by area code, where a step names them area by area."""
    if not isinstance(step, PlannedValues) or step.by_area is None:
        return {}
    find = setting.dataset.areas.find
    return {find(name, on=setting.dataset.as_of).code: values for name, values in step.by_area.items()}


def _shift(forecasts: Forecasts, path: Path, step: Level, setting: Setting) -> FloatArray:
    match step:
        case ChangeOfPace():
            return shift_between(path, _paced(path, step), setting)
        case FixedTarget():
            start = path.evidence.last_year
            way = {start: _middle(path, start), step.year: step.value}
            return _along(path, way, setting, spread=step.spread, hold=True)
        case PlannedValues():
            start = path.evidence.last_year
            ahead = {year: value for year, value in (step.values or {}).items() if year > start}
            if not ahead:
                message = say(
                    "scenario.over", year=max(step.values or [start]), indicator=path.indicator, area=path.area_code
                )
                raise UsageError(message, say("scenario.over.remedy"))
            return _along(path, {start: _middle(path, start)} | ahead, setting, spread=step.spread, hold=False)
        case PeersPace():
            return _at_peers_pace(path, step, setting)
        case HaltRise():
            today = forecasts.path(path.area_code, path.indicator, path.scope, across_breaks=False) or path
            return shift_between(today, _halted(today, step, setting), setting)
        case Shock():
            return shift_between(path, _shocked(path, step), setting)


def _bounded(values: FloatArray, path: Path, setting: Setting) -> FloatArray:
    indicator = setting.dataset.indicators.get(path.indicator)
    return np.asarray(np.clip(values, indicator.lower, indicator.upper), dtype=np.float64)


def _middle(path: Path, year: int) -> float:
    position = int(np.clip(year - path.years[0], 0, len(path.years) - 1))
    return float(path.quantiles((0.5,))[position, 0])


def _required_pace(forecasts: Forecasts, step: RequiredPace, setting: Setting) -> Forecasts:
    shifts: dict[tuple[str, str], dict[str, FloatArray]] = {}
    for code in setting.codes(step.areas, forecasts):
        target = setting.plan.target(step.target) if step.target is not None else None
        indicator, scope = (target.indicator, target.scope) if target else (str(step.indicator), step.scope)
        if step.areas is None and forecasts.path(code, indicator, scope) is None:
            continue
        if target is not None:
            aim = aim_at_target(forecasts, code, target, setting, step.counted_from)
        elif step.op is not None and step.value is not None and step.due is not None:
            level = (indicator, scope, step.op, step.value, step.due)
            aim = aim_at_level(forecasts, code, *level, setting, step.counted_from)
        enough = step.keep_better and aim.chance() >= step.probability
        shift = aim.shift(0.0 if enough else aim.effort(step.probability), setting)
        shifts.setdefault((aim.path.indicator, aim.path.scope), {})[code] = shift
    if not shifts:
        name = step.target or step.indicator
        raise UsageError(say("scenario.nobody", indicator=name, scope=step.scope), say("scenario.no_path.remedy"))
    for (moved_indicator, moved_scope), found in shifts.items():
        forecasts = apply_shifts(forecasts, moved_indicator, moved_scope, found, setting)
    return forecasts


def _paced(path: Path, step: ChangeOfPace) -> FloatArray:
    open_ = open_years(path, step.from_year)
    until = path.years <= (step.to_year or int(path.years[-1]))
    elapsed = np.where(open_, np.cumsum(open_ & until), 0)
    if step.points is not None:
        return np.asarray(path.draws + step.points * elapsed, dtype=np.float64)
    return np.asarray(path.draws * (1.0 + (step.percent or 0.0) / 100.0) ** elapsed, dtype=np.float64)


def _along(path: Path, way: Mapping[int, float], setting: Setting, *, spread: str, hold: bool) -> FloatArray:
    """Return the shift that leads the median along `way`, straight between its years.

    After the last year the line is held, or (not `hold`) the forecast goes on from where it is.
    """
    scale = scale_of(setting.dataset.indicators.get(path.indicator))
    line = np.interp(path.years, list(way), list(way.values()))
    line = _bounded(line, path, setting)
    if spread == "none":
        changed = np.broadcast_to(line, path.draws.shape).copy()
    else:
        middle = path.quantiles((0.5,))[:, 0]
        changed = scale.from_link(scale.to_link(path.draws) + scale.to_link(line) - scale.to_link(middle))
    shift = shift_between(path, changed, setting)
    if not hold:
        last = path.years > max(way)
        shift[:, last] = shift[:, [path.position(min(max(way), int(path.years[-1])))]]
    return np.where(open_years(path), shift, 0.0)


def _at_peers_pace(path: Path, step: PeersPace, setting: Setting) -> FloatArray:
    scale = scale_of(setting.dataset.indicators.get(path.indicator))
    pace = peers_pace(setting, path, step.which)
    open_ = open_years(path, step.from_year)
    until = path.years <= (step.to_year or int(path.years[-1]))
    linked = scale.to_link(path.quantiles((0.5,))[:, 0])
    first = int(np.argmax(open_)) if open_.any() else len(open_)
    start = linked[max(first - 1, 0)]
    line = start + pace * np.cumsum(open_ & until)
    jumps = np.zeros(len(path.years))  # a change of standard moves the line as it moves the forecast
    for change in path.breaks:
        at = path.position(change.year)
        if at >= first > 0:
            jumps[at:] += linked[at] - linked[at - 1]
    return np.where(open_, line + jumps - linked, 0.0)


def _halted(path: Path, step: HaltRise, setting: Setting) -> FloatArray:
    """Return draws that never get worse from the first open year on, compared with the year before it."""
    direction = setting.dataset.indicators.get(path.indicator).direction
    if direction == "none":
        message = say("scenario.no_direction", indicator=path.indicator)
        raise UsageError(message, say("scenario.no_direction.remedy"))
    open_ = open_years(path, step.from_year)
    if not open_.any():
        return path.draws
    first = max(int(np.argmax(open_)) - 1, 0)
    best = np.minimum if direction == "down" else np.maximum
    changed = path.draws.copy()
    changed[:, first:] = best.accumulate(path.draws[:, first:], axis=1)
    return np.where(open_, changed, path.draws)


def _shocked(path: Path, step: Shock) -> FloatArray:
    since = path.years - step.year
    profile = np.where(since >= 0, 1.0, 0.0)
    if step.recovery != "never":
        profile = np.where(since >= 0, np.clip(1.0 - since / RECOVERY_YEARS[step.recovery], 0.0, 1.0), 0.0)
    profile = np.where(open_years(path), profile, 0.0)
    if step.points is not None:
        return np.asarray(path.draws + step.points * profile, dtype=np.float64)
    return np.asarray(path.draws * (1.0 + (step.percent or 0.0) / 100.0 * profile), dtype=np.float64)
