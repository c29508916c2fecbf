"""How parts make up their whole: districts a province, communes their former district.

A rate of the whole is the mean of its parts' rates, weighted by households or people; counts add up. Forecasts of
parts and whole differ by a gap of their own (the whole has more figures); a scenario leaves that gap as it is and
makes the *changes* agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from toolkit.forecast.build import parent_of_commune
from toolkit.forecast.panels import count_of, rounded_to_counts
from toolkit.forecast.paths import FloatArray, Path, scale_of
from toolkit.forecast.store import Forecasts, PathKey, round_as_stored
from toolkit.forecast.summary import aggregation_weights
from toolkit.scenario.setting import Setting, open_years

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
    communes = dataset.areas.all(level="commune", on=dataset.as_of)
    return tuple(area.code for area in communes if parent_of_commune(dataset, province, area.code) == code)


def shares_of(setting: Setting, indicator: str, scope: str, whole: str) -> dict[str, float] | None:
    """Return by how much each part's change moves its whole; None where that is not known.

    As :func:`toolkit.forecast.summary.aggregation_weights` has it; shares of communes by the number of communes.
    """
    parts, dataset = parts_of(setting, whole), setting.dataset
    described = dataset.indicators.get(indicator)
    if not parts:
        return None
    if described.countable == "communes":
        counts = [count_of(dataset, "communes", part, dataset.as_of.year) or 0 for part in parts]
        return {part: count / sum(counts) for part, count in zip(parts, counts, strict=True)} if all(counts) else None
    if not (described.whole or described.denominator):
        return None
    weights, _ = aggregation_weights(dataset, described, parts, scope)
    return None if weights is None else dict(zip(parts, weights.tolist(), strict=True))


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
    return replace(path, draws=round_as_stored(np.where(moved, drawn, path.draws)))
