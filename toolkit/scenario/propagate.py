"""How a change spreads: to areas that follow, to the whole that parts make up, to what is seen through a stand-in.

Draws move by shifts on the link scale. A rate of the whole is the mean of its parts' rates, weighted by households or
people; counts add up. Forecasts of parts and whole differ by a gap of their own (the whole has more figures); a
scenario leaves that gap as it is and makes the *changes* agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
from toolkit.forecast.build import parent_of_commune
from toolkit.forecast.panels import count_of, rounded_to_counts, weights_of_parts
from toolkit.forecast.paths import Path, scale_of, through_proxy
from toolkit.forecast.store import Forecasts, PathKey, round_as_stored
from toolkit.models.panel import BoolArray, FloatArray, Scale
from toolkit.plan.plan import Plan
from toolkit.plan.predicates import Printed

Spread = Literal["kept", "none"]
PathsByKey = Mapping[PathKey, Path]
Shifts = Mapping[str, FloatArray]
"""By area: what is added on the link scale, shape (S, T) or (T,) over that area's years."""
STEPS = 14
"""Steps of Newton's method, held between bounds that close in; after them nothing is left to see."""
LARGEST_FACTOR = 10.0
"""No part moves more than so many times its whole's shift."""


@dataclass(frozen=True)
class Setting:
    """Data and plan that a scenario is about: what verbs need beside the draws.

    Attributes
    ----------
    dataset :
        Areas, indicators and published figures.
    plan :
        The plan, whose province is the area above all others.
    """

    dataset: Dataset
    plan: Plan

    def codes(self, names: Iterable[str] | None, forecasts: Forecasts) -> list[str]:
        """Return the codes of named areas, or of the plan's province and all below it that have forecasts."""
        if names is None:
            above = {area.code for area in self.dataset.areas.ancestors(self.plan.province_code)}
            return [code for code in forecasts.areas() if code not in above]
        return list(dict.fromkeys(self.dataset.areas.find(name, on=self.dataset.as_of).code for name in names))

    def indicator(self, name: str) -> Indicator:
        """Return what is known of an indicator; an unknown one is refused with the nearest."""
        return self.dataset.indicators.get(name)

    def scale(self, name: str) -> Scale:
        """Return the link scale of an indicator."""
        return scale_of(self.indicator(name))

    def printed(self, name: str) -> Printed:
        """Return how an indicator is printed."""
        found = self.indicator(name)
        return Printed(found.decimals, found.lower, found.upper)


def path_of(forecasts: Forecasts, code: str, indicator: str, scope: str) -> Path:
    """Return what is forecast of an indicator in an area.

    Raises
    ------
    UsageError
        Without evidence there is nothing that a scenario could change.
    """
    path = forecasts.path(code, indicator, scope)
    if path is None:
        raise no_path(indicator, scope, code)
    return path


def no_path(indicator: str, scope: str, code: str) -> UsageError:
    """Return the refusal of what has no forecast."""
    message = say("scenario.no_path", indicator=indicator, scope=scope, area=code)
    return UsageError(message, say("scenario.no_path.remedy"))


def nobody(indicator: str | None, scope: str) -> UsageError:
    """Return the refusal of a verb that no area has a forecast for."""
    return UsageError(say("scenario.nobody", indicator=indicator, scope=scope), say("scenario.no_path.remedy"))


def open_years(path: Path, from_year: int | None = None) -> BoolArray:
    """Return which years a scenario may change: those after the newest evidence, without a figure. Shape (T,).

    What is published, and what was already informed by figures, stays as it is.
    """
    first = path.evidence.last_year + 1 if from_year is None else max(from_year, path.evidence.last_year + 1)
    return np.asarray((path.years >= first) & ~path.observed)


def shift_between(path: Path, changed: FloatArray, setting: Setting) -> FloatArray:
    """Return what has to be added on the link scale for `path` to become `changed`, shape (S, T)."""
    scale = setting.scale(path.indicator)
    with np.errstate(invalid="ignore"):
        shift = scale.to_link(changed) - scale.to_link(path.draws)
    return np.asarray(np.where(changed != path.draws, shift, 0.0), dtype=np.float64)


def years_lasted(path: Path, from_year: int | None, to_year: int | None) -> FloatArray:
    """Return how many years a pace has lasted, shape (T,)."""
    open_ = open_years(path, from_year)
    until = path.years <= (to_year or int(path.years[-1]))
    return np.where(open_, np.cumsum(open_ & until), 0).astype(np.float64)


def shift_along(path: Path, way: Mapping[int, float], setting: Setting, *, spread: Spread) -> FloatArray:
    """Return the shift that leads the median from its newest value along `way`, straight between its years."""
    indicator, scale = setting.indicator(path.indicator), setting.scale(path.indicator)
    middle = path.quantiles((0.5,))[:, 0]
    start = path.evidence.last_year
    now = float(middle[int(np.clip(start - path.years[0], 0, len(path.years) - 1))])
    way = {start: now} | dict(way)
    line = np.clip(np.interp(path.years, list(way), list(way.values())), indicator.lower, indicator.upper)
    if spread == "none":
        changed = np.broadcast_to(line, path.draws.shape).copy()
    else:
        changed = scale.from_link(scale.to_link(path.draws) + scale.to_link(line) - scale.to_link(middle))
    return shift_between(path, changed, setting)


def shift_to_line(
    path: Path, setting: Setting, from_year: int | None, line_from: Callable[[float], FloatArray]
) -> FloatArray:
    """Return the shift that leads the median along a line, shape (T,).

    Parameters
    ----------
    from_year :
        First year of the line; None for the first that is open.
    line_from :
        From the median before that year to the line (T,), both on the link scale. A change of standard moves the
        line as it moves the forecast.
    """
    linked = setting.scale(path.indicator).to_link(path.quantiles((0.5,))[:, 0])
    open_ = open_years(path, from_year)
    first = int(np.argmax(open_)) if open_.any() else len(open_)
    line = line_from(float(linked[max(first - 1, 0)]))
    jumps = np.zeros(len(path.years))
    for change in path.breaks:
        at = path.position(change.year)
        if at >= first > 0:
            jumps[at:] += linked[at] - linked[at - 1]
    return np.where(open_, line + jumps - linked, 0.0)


def apply_shifts(forecasts: Forecasts, indicator: str, scope: str, shifts: Shifts, setting: Setting) -> Forecasts:
    """Return forecasts in which areas are shifted, those that follow and those they are part of with them.

    What is seen through a stand-in is made anew.
    """
    every = with_followers(forecasts, indicator, scope, shifts, setting)
    paths = dict(forecasts.paths)
    for (code, name, group, across), path in forecasts.paths.items():
        if (name, group) == (indicator, scope) and path.proxy is None and code in every:
            paths[code, name, group, across] = moved(path, every[code], setting)
    paths = lifted(paths, forecasts.paths, indicator, scope, setting)
    return replace(forecasts, paths=with_stand_ins(paths, forecasts.paths, {(indicator, scope)}, setting))


def moved(path: Path, shift: FloatArray, setting: Setting) -> Path:
    """Return a path with its open years shifted on the link scale; an unshifted draw stays the same number."""
    scale = setting.scale(path.indicator)
    shift = np.where(open_years(path), np.broadcast_to(shift, path.draws.shape), 0.0)
    changed = shift != 0.0
    if not changed.any():
        return path
    drawn = np.where(changed, scale.from_link(scale.to_link(path.draws) + shift), path.draws)
    return _redrawn(path, drawn, changed, setting)


def _redrawn(path: Path, drawn: FloatArray, changed: BoolArray, setting: Setting) -> Path:
    """Return a path with new draws where they changed; shares of countable things stay k of n."""
    indicator = setting.indicator(path.indicator)
    counts = [count_of(setting.dataset, indicator.countable, path.area_code, int(year)) for year in path.years]
    drawn = rounded_to_counts(drawn, counts, path.observed, indicator)
    return replace(path, draws=round_as_stored(np.where(changed, drawn, path.draws)))


def _in_years_of(path: Path, other: Path, values: FloatArray) -> FloatArray:
    """Return values over the years of another path, shape (S, T), over those of `path`; 0 where it has none."""
    columns = np.clip(path.years - other.years[0], 0, len(other.years) - 1)
    inside = (path.years >= other.years[0]) & (path.years <= other.years[-1])
    return np.where(inside, values[:, columns], 0.0)


# ---- areas that follow


def with_followers(
    forecasts: Forecasts, indicator: str, scope: str, shifts: Shifts, setting: Setting
) -> dict[str, FloatArray]:
    """Return shifts of all areas that move: a follower takes those of the area it follows, year by year.

    Where all parts of an area follow it, their shifts are scaled so that their changes add up to its change.
    """
    every: dict[str, FloatArray | None] = dict(shifts)

    def inherit(code: str) -> FloatArray | None:
        if code in every:
            return every[code]
        every[code] = None
        path = forecasts.path(code, indicator, scope)
        if path is None or not path.evidence.parent_code:
            return None
        above = inherit(path.evidence.parent_code)
        parent = forecasts.path(path.evidence.parent_code, indicator, scope)
        if above is not None and parent is not None:
            every[code] = _in_years_of(path, parent, np.broadcast_to(above, parent.draws.shape))
        return every[code]

    province = setting.plan.province_code
    for whole in (province, *parts_of(setting, province)):
        parts = parts_of(setting, whole)
        moving = [inherit(code) is not None for code in (whole, *parts)]
        if all(moving) and len(moving) > 1 and not set(parts).intersection(shifts):
            known = {code: shift for code, shift in every.items() if shift is not None}
            every |= agreeing(forecasts, indicator, scope, whole, known, setting)
    for code in forecasts.areas():
        inherit(code)
    return {code: shift for code, shift in every.items() if shift is not None}


# ---- parts and their whole


def parts_of(setting: Setting, code: str) -> tuple[str, ...]:
    """Return the areas that make up an area: a province's districts, the communes that follow a district."""
    dataset, province = setting.dataset, setting.plan.province_code
    if code == province:
        return tuple(area.code for area in dataset.areas.all(level="district") if area.parent_code == province)
    if dataset.areas.get(code).level != "district":
        return ()
    communes = dataset.areas.all(level="commune", on=dataset.as_of)
    return tuple(area.code for area in communes if parent_of_commune(dataset, province, area.code) == code)


def shares_of(setting: Setting, indicator: str, scope: str, whole: str) -> dict[str, float] | None:
    """Return by how much each part's change moves its whole; None where that is not known.

    As :func:`toolkit.forecast.panels.weights_of_parts` has it.
    """
    parts, dataset = parts_of(setting, whole), setting.dataset
    described = setting.indicator(indicator)
    if not parts:
        return None
    weights, _ = weights_of_parts(dataset, described, parts, scope, dataset.as_of.year)
    return None if weights is None else dict(zip(parts, weights.tolist(), strict=True))


def agreeing(
    forecasts: Forecasts, indicator: str, scope: str, whole: str, shifts: Shifts, setting: Setting
) -> dict[str, FloatArray]:
    """Return the shifts of parts that follow their whole, scaled so that their weighted changes equal its change.

    Parameters
    ----------
    shifts :
        Of the whole and of all its parts, on the link scale; each draw and year gets one factor for all parts.
        Where the parts cannot reach the whole's change (they stand at a bound, or their figures are known) the
        factor stays between 0 and :data:`LARGEST_FACTOR`.
    """
    shares = shares_of(setting, indicator, scope, whole)
    paths = {code: forecasts.path(code, indicator, scope) for code in (whole, *(shares or ()))}
    held = {code: path for code, path in paths.items() if path is not None}
    if shares is None or len(held) < len(paths):
        return {}
    first = max(int(path.years[0]) for path in held.values())
    last = min(int(path.years[-1]) for path in held.values())
    columns = {code: slice(path.position(first), path.position(last) + 1) for code, path in held.items()}
    scale = setting.scale(indicator)
    drawn = {code: path.draws[:, columns[code]] for code, path in held.items()}
    linked = {code: scale.to_link(draws) for code, draws in drawn.items()}
    added = {code: np.where(open_years(path), shifts[code], 0.0)[..., columns[code]] for code, path in held.items()}

    def change(code: str, factor: FloatArray | float) -> FloatArray:
        shift = factor * added[code]
        return np.where(shift != 0.0, scale.from_link(linked[code] + shift) - drawn[code], 0.0)

    wanted = change(whole, 1.0)
    factor, low, high = np.ones(wanted.shape), np.zeros(wanted.shape), np.full(wanted.shape, LARGEST_FACTOR)
    upward = np.sign(sum(np.sign(added[code]) for code in shares))  # more of the shift, more of the change
    for _ in range(STEPS):
        reached, ahead = (sum(share * change(code, factor + h) for code, share in shares.items()) for h in (0.0, 1e-4))
        lacking, slope = wanted - reached, (ahead - reached) / 1e-4
        low, high = np.where(upward * lacking > 0, factor, low), np.where(upward * lacking > 0, high, factor)
        newton = factor + np.divide(lacking, slope, out=np.full(wanted.shape, np.nan), where=slope != 0)
        inside = (newton >= low) & (newton <= high)
        factor = np.where(lacking == 0, factor, np.where(inside, newton, (low + high) / 2))
    made = {}
    for code in shares:
        made[code] = np.array(np.broadcast_to(shifts[code], held[code].draws.shape))
        made[code][:, columns[code]] *= factor
    return made


def lifted(paths: PathsByKey, before: PathsByKey, indicator: str, scope: str, setting: Setting) -> dict[PathKey, Path]:
    """Return the wholes that move because parts of them did, although nobody moved them: districts, then the province.

    Parameters
    ----------
    paths, before :
        After and before the parts moved.
    """
    made = dict(paths)
    province = setting.plan.province_code
    for whole in (*parts_of(setting, province), province):
        keys = [key for key in ((whole, indicator, scope, True), (whole, indicator, scope, False)) if key in made]
        if not keys or any(made[key] is not before[key] or made[key].proxy is not None for key in keys):
            continue
        across = [(part, indicator, scope, True) for part in parts_of(setting, whole)]
        if all(made.get(key) is before.get(key) for key in across):
            continue
        shares = shares_of(setting, indicator, scope, whole)
        if shares is not None:
            for key in keys:
                made[key] = _summed(made, before, key, shares, setting)
    return made


def _summed(paths: PathsByKey, before: PathsByKey, key: PathKey, shares: Mapping[str, float], setting: Setting) -> Path:
    path, (_, indicator, scope, across) = before[key], key
    described = setting.indicator(indicator)
    gained = np.zeros(path.draws.shape)
    for code, share in shares.items():
        name = (code, indicator, scope, across)
        name = name if name in paths else (code, indicator, scope, True)
        new, old = paths.get(name), before.get(name)
        if new is not None and old is not None and new is not old:
            gained += share * _in_years_of(path, new, new.draws - old.draws)
    changed = open_years(path) & (gained != 0.0)
    if not changed.any():
        return path
    return _redrawn(path, np.clip(path.draws + gained, described.lower, described.upper), changed, setting)


# ---- what is seen through a stand-in


def with_stand_ins(
    paths: dict[PathKey, Path], before: PathsByKey, touched: set[tuple[str, str]], setting: Setting
) -> dict[PathKey, Path]:
    """Return paths in which everything seen through a moved indicator is made again from it.

    Parameters
    ----------
    paths, before :
        After and before the move.
    touched :
        Indicators and scopes that moved.
    """
    for (code, name, group, across), path in list(paths.items()):
        if path.proxy is None:
            continue
        wanted = setting.indicator(name)
        proxy = next((item for item in wanted.proxies if item.id == path.proxy.proxy_id), None)
        if proxy is None:
            continue
        form = proxy.transform
        parts = [(proxy.indicator, proxy.scope)]
        if form.kind == "divide_by_share":
            parts.append((form.indicator, form.scope))
        if not touched.intersection(parts):
            continue
        new, old = ([_stored(held, code, *part, across) for part in parts] for held in (paths, before))
        made = through_proxy(proxy, wanted, new[0], new[-1]) if new[0] is not None else None
        if made is not None:
            still = np.all([_same(one, other, path) for one, other in zip(new, old, strict=True)], axis=0)
            drawn = np.where(still, path.draws, round_as_stored(made.draws))
            paths[code, name, group, across] = replace(made, draws=drawn)
    return paths


def _same(one: Path | None, other: Path | None, path: Path) -> BoolArray:
    """Return which draws of `path` rest on numbers that did not move, shape (S, T)."""
    if one is None or other is None or one.draws.shape != other.draws.shape:
        return np.zeros(path.draws.shape, dtype=bool)
    if one.draws.shape != path.draws.shape:
        return np.full(path.draws.shape, np.array_equal(one.draws, other.draws))
    return np.asarray(one.draws == other.draws)


def _stored(paths: PathsByKey, code: str, indicator: str, scope: str, across: bool) -> Path | None:
    crossing = paths.get((code, indicator, scope, True))
    return crossing if across else paths.get((code, indicator, scope, False), crossing)
