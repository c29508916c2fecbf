"""How parts make up their whole: districts a province, communes their former district.

A rate of the whole is the mean of its parts' rates, weighted by households or people; counts add up. Forecasts of
parts and whole differ by a gap of their own (the whole has more figures); a scenario leaves that gap as it is and
makes the *changes* agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from toolkit.forecast.countable import count_of, rounded_to_counts
from toolkit.forecast.hierarchy import commune_siblings
from toolkit.forecast.packing import compact
from toolkit.forecast.panels import scale_of
from toolkit.forecast.paths import FloatArray, Path
from toolkit.forecast.store import Forecasts, PathKey
from toolkit.scenario.setting import Setting, open_years

OF_HOUSEHOLDS = (
    "poverty_rate",
    "near_poverty_rate",
    "poor_or_near_poor_rate",
    "households_with_electricity_share",
    "commodity_farming_households_share",
    "households_in_permanent_house_share",
    "households_in_simple_house_share",
)
"""Shares of households; where households are not known, people are counted in their place."""
OF_PERSONS = ("health_insurance_share", "income_per_capita")
"""Shares or means of all people of a scope."""
COUNTED = ("households", "houses", "persons", "communes", "villages")
"""Units of indicators whose parts add up to their whole."""
STEPS = 14
"""Steps of Newton's method, held between bounds that close in; after them nothing is left to see."""
LARGEST = 10.0
"""No part moves more than so many times its whole's shift."""


def parts_of(setting: Setting, code: str) -> tuple[str, ...]:
    """Return the areas that make up an area: a province's districts, the communes that follow a district."""
    dataset, province = setting.dataset, setting.plan.province_code
    if code == province:
        return tuple(area.code for area in dataset.areas.all(level="district") if area.parent_code == province)
    if dataset.areas.get(code).level != "district":
        return ()
    return tuple(area.code for area in commune_siblings(dataset, province, code))


def shares_of(setting: Setting, indicator: str, scope: str, whole: str) -> dict[str, float] | None:
    """Return by how much each part's change moves its whole; None where that is not known.

    Households of all parts in the newest year for which all are known, else people; communes for shares of
    communes; 1 for counts.
    """
    parts, dataset = parts_of(setting, whole), setting.dataset
    described = dataset.indicators.get(indicator)
    if not parts:
        return None
    if described.unit in COUNTED:
        return dict.fromkeys(parts, 1.0)
    if described.countable == "communes":
        counts = {part: count_of(dataset, "communes", part, dataset.as_of.year) for part in parts}
        sizes = {part: float(count) for part, count in counts.items() if count}
    else:
        things = ("households", "population") if indicator in OF_HOUSEHOLDS else ("population",)
        known = (_sizes(setting, parts, thing, scope) for thing in things)
        sizes = next((found for found in known if found), {}) if indicator in (*OF_HOUSEHOLDS, *OF_PERSONS) else {}
    total = sum(sizes.values())
    return {part: size / total for part, size in sizes.items()} if len(sizes) == len(parts) and total > 0 else None


def _sizes(setting: Setting, parts: tuple[str, ...], thing: str, scope: str) -> dict[str, float]:
    held = {
        part: {one.year: one.value for one in setting.dataset.series(part, thing, scope).observations} for part in parts
    }
    common = set.intersection(*(set(years) for years in held.values()))
    return {part: years[max(common)] for part, years in held.items()} if common else {}


def agreeing(
    forecasts: Forecasts, indicator: str, scope: str, whole: str, shifts: Mapping[str, FloatArray], setting: Setting
) -> dict[str, FloatArray]:
    """Return the shifts of parts that follow their whole, scaled so that their weighted changes equal its change.

    Parameters
    ----------
    shifts :
        Of the whole and of all its parts, on the link scale, shape (S, T); each draw and year gets one factor
        for all parts. Where the parts cannot reach the whole's change (they stand at
        a bound, or their figures are known) the factor stays between 0 and :data:`LARGEST`.
    """
    shares = shares_of(setting, indicator, scope, whole)
    paths = {code: forecasts.path(code, indicator, scope) for code in (whole, *(shares or ()))}
    held = {code: path for code, path in paths.items() if path is not None}
    if shares is None or len(held) < len(paths):
        return {}
    first = max(int(path.years[0]) for path in held.values())
    last = min(int(path.years[-1]) for path in held.values())
    columns = {code: slice(path.position(first), path.position(last) + 1) for code, path in held.items()}
    scale = scale_of(setting.dataset.indicators.get(indicator))
    drawn = {code: path.draws[:, columns[code]] for code, path in held.items()}
    linked = {code: scale.to_link(draws) for code, draws in drawn.items()}
    added = {code: np.where(open_years(path), shifts[code], 0.0)[..., columns[code]] for code, path in held.items()}

    def change(code: str, factor: FloatArray | float) -> FloatArray:
        shift = factor * added[code]
        return np.where(shift != 0.0, scale.from_link(linked[code] + shift) - drawn[code], 0.0)

    wanted = change(whole, 1.0)
    factor, low, high = np.ones(wanted.shape), np.zeros(wanted.shape), np.full(wanted.shape, LARGEST)
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


def lifted(
    paths: Mapping[PathKey, Path], before: Mapping[PathKey, Path], indicator: str, scope: str, setting: Setting
) -> dict[PathKey, Path]:
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
        parts = parts_of(setting, whole)
        if not any(
            made.get((part, indicator, scope, True)) is not before.get((part, indicator, scope, True)) for part in parts
        ):
            continue
        shares = shares_of(setting, indicator, scope, whole)
        if shares is not None:
            for key in keys:
                made[key] = _summed(made, before, key, shares, setting)
    return made


def _summed(
    paths: Mapping[PathKey, Path],
    before: Mapping[PathKey, Path],
    key: PathKey,
    shares: Mapping[str, float],
    setting: Setting,
) -> Path:
    path, (_, indicator, scope, across) = before[key], key
    described = setting.dataset.indicators.get(indicator)
    gained = np.zeros(path.draws.shape)
    for code, share in shares.items():
        name = (code, indicator, scope, across)
        name = name if name in paths else (code, indicator, scope, True)
        new, old = paths.get(name), before.get(name)
        if new is None or old is None or new is old:
            continue
        columns = np.clip(path.years - new.years[0], 0, len(new.years) - 1)
        inside = (path.years >= new.years[0]) & (path.years <= new.years[-1])
        gained += share * np.where(inside, (new.draws - old.draws)[:, columns], 0.0)
    moved = open_years(path) & (gained != 0.0)
    if not moved.any():
        return path
    drawn = np.clip(path.draws + gained, described.lower, described.upper)
    counts = [count_of(setting.dataset, described.countable, path.area_code, int(year)) for year in path.years]
    drawn = rounded_to_counts(drawn, counts, path.observed, described)
    return replace(path, draws=compact(np.where(moved, drawn, path.draws)))
