"""How draws move: shifts on the link scale, handed on to areas that follow and to what is seen through a stand-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from toolkit.forecast.panels import count_of, rounded_to_counts
from toolkit.forecast.paths import BoolArray, FloatArray, Path, scale_of, through_proxy
from toolkit.forecast.store import Forecasts, PathKey, round_as_stored
from toolkit.scenario.setting import Setting, open_years
from toolkit.scenario.whole import agreeing, lifted, parts_of

Shifts = Mapping[str, FloatArray]
"""By area: what is added on the link scale, shape (S, T) over that area's years."""


def shift_between(path: Path, changed: FloatArray, setting: Setting) -> FloatArray:
    """Return what has to be added on the link scale for `path` to become `changed`, shape (S, T)."""
    scale = scale_of(setting.dataset.indicators.get(path.indicator))
    moved = changed != path.draws
    with np.errstate(invalid="ignore"):
        shift = scale.to_link(changed) - scale.to_link(path.draws)
    return np.asarray(np.where(moved, shift, 0.0), dtype=np.float64)


def moved(path: Path, shift: FloatArray, setting: Setting) -> Path:
    """Return a path with its open years shifted on the link scale; an unshifted draw stays the same number.

    Draws stay inside the indicator's bounds, and shares of countable things stay k of n.
    """
    indicator = setting.dataset.indicators.get(path.indicator)
    scale = scale_of(indicator)
    shift = np.where(open_years(path), np.broadcast_to(shift, path.draws.shape), 0.0)
    changed = shift != 0.0
    if not changed.any():
        return path
    drawn = np.where(changed, scale.from_link(scale.to_link(path.draws) + shift), path.draws)
    counts = [count_of(setting.dataset, indicator.countable, path.area_code, int(year)) for year in path.years]
    drawn = rounded_to_counts(drawn, counts, path.observed, indicator)
    return replace(path, draws=round_as_stored(np.where(changed, drawn, path.draws)))


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


def with_followers(
    forecasts: Forecasts, indicator: str, scope: str, shifts: Shifts, setting: Setting
) -> dict[str, FloatArray]:
    """Return shifts of all areas that move: a follower takes those of the area it follows, year by year.

    Where all parts of an area follow it, their shifts are scaled so that their changes add up to its change.
    """
    every = dict(shifts)
    province = setting.plan.province_code
    for whole in (province, *parts_of(setting, province)):
        parts = parts_of(setting, whole)
        moving = [_inherit(code, forecasts, indicator, scope, every) is not None for code in (whole, *parts)]
        if all(moving) and len(moving) > 1 and not set(parts).intersection(shifts):
            every |= agreeing(forecasts, indicator, scope, whole, every, setting)
    for code in forecasts.areas():
        _inherit(code, forecasts, indicator, scope, every)
    return {code: shift for code, shift in every.items() if shift.size}


def _inherit(
    code: str, forecasts: Forecasts, indicator: str, scope: str, every: dict[str, FloatArray]
) -> FloatArray | None:
    if code in every:
        return every[code] if every[code].size else None
    path = forecasts.path(code, indicator, scope)
    every[code] = np.empty((0, 0))
    if path is None or not path.evidence.parent_code:
        return None
    above = _inherit(path.evidence.parent_code, forecasts, indicator, scope, every)
    parent = forecasts.path(path.evidence.parent_code, indicator, scope)
    if above is None or parent is None:
        return None
    columns = np.clip(path.years - parent.years[0], 0, len(parent.years) - 1)
    known = (path.years >= parent.years[0]) & (path.years <= parent.years[-1])
    every[code] = np.where(known, np.broadcast_to(above, parent.draws.shape)[:, columns], 0.0)
    return every[code]


def with_stand_ins(
    paths: dict[PathKey, Path], before: Mapping[PathKey, Path], touched: set[tuple[str, str]], setting: Setting
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
        wanted = setting.dataset.indicators.get(name)
        proxy = next((item for item in wanted.proxies if item.id == path.proxy.proxy_id), None)
        if proxy is None:
            continue
        form = proxy.transform
        parts = [(proxy.indicator, proxy.scope)]
        if form.kind == "divide_by_share":
            parts.append((form.indicator, form.scope))
        if not touched.intersection(parts):
            continue
        new = [_stored(paths, code, *part, across) for part in parts]
        old = [_stored(before, code, *part, across) for part in parts]
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


def _stored(paths: Mapping[PathKey, Path], code: str, indicator: str, scope: str, across: bool) -> Path | None:
    crossing = paths.get((code, indicator, scope, True))
    return crossing if across else paths.get((code, indicator, scope, False), crossing)
