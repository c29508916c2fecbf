"""A budget of effort spread over areas so that as many targets as possible are expected to be met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.data.dataset import Dataset
from toolkit.forecast.paths import FloatArray
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Plan, Target
from toolkit.scenario.effort import Aim, aim_at_target
from toolkit.scenario.setting import Setting

PORTIONS = 60
"""Equal portions into which a budget is cut; the best spread of whole portions is found exactly."""


@dataclass(frozen=True)
class Spread:
    """A budget of effort, spread: one entry an area and target.

    Attributes
    ----------
    budget :
        In units of the link scale at the due year, summed over areas and indicators (a logit of 1 multiplies the
        odds by 2.7).
    area_codes, target_ids, efforts :
        The effort, 0 or more, in the wanted direction; targets of one area that move the same indicator share it.
    usual, evenly, best :
        P(target) without effort, with the budget spread evenly, and with the best spread.
    """

    budget: float
    area_codes: tuple[str, ...]
    target_ids: tuple[str, ...]
    efforts: tuple[float, ...]
    usual: tuple[float, ...]
    evenly: tuple[float, ...]
    best: tuple[float, ...]

    @property
    def expected(self) -> tuple[float, float, float]:
        """Expected number of targets met, summed over areas: as usual, spread evenly, spread best."""
        return sum(self.usual), sum(self.evenly), sum(self.best)

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that were asked about."""
        return tuple(dict.fromkeys(self.target_ids))


def spread_budget(
    forecasts: Forecasts, dataset: Dataset, plan: Plan, targets: Sequence[str], areas: Sequence[str], budget: float
) -> Spread:
    """Spread a budget of effort over areas so that the expected number of targets met is largest.

    Parameters
    ----------
    targets :
        About a level, a ratio, a yearly flow or an average; not about yearly changes.
    areas :
        Codes or names.
    budget :
        Effort in all, above 0; see :class:`Spread`.

    Raises
    ------
    UsageError
        If the budget is not positive, an area has no forecast, or a target is the province's alone.

    Notes
    -----
    Equal efforts cost the same everywhere: the toolkit knows no prices. Effort in one area is taken not to help
    another. Effort on an indicator reaches its size in the first due year and is held, so that it serves every
    target about that indicator.
    """
    if not budget > 0:
        raise UsageError(say("scenario.no_budget", budget=budget), say("scenario.no_budget.remedy"))
    setting = Setting(dataset, plan)
    aims = {
        (code, name): _aim(forecasts, code, plan.target(name), setting)
        for code in setting.codes(areas, forecasts)
        for name in dict.fromkeys(targets)
    }
    groups: dict[tuple[str, str, str], list[Aim]] = {}
    for (code, _), aim in aims.items():
        groups.setdefault((code, aim.path.indicator, aim.path.scope), []).append(aim)
    portions = np.linspace(0.0, budget, PORTIONS + 1, dtype=np.float64)
    gains = [
        np.sum([reached(-aim.lacking, aim.weights, portions) for aim in group], axis=0) for group in groups.values()
    ]
    efforts = {key: float(portions[found]) for key, found in zip(groups, best_spread(np.array(gains)), strict=True)}
    given = [efforts[code, aim.path.indicator, aim.path.scope] for (code, _), aim in aims.items()]
    return Spread(
        budget=budget,
        area_codes=tuple(code for code, _ in aims),
        target_ids=tuple(name for _, name in aims),
        efforts=tuple(given),
        usual=tuple(aim.chance() for aim in aims.values()),
        evenly=tuple(aim.chance(budget / len(groups)) for aim in aims.values()),
        best=tuple(aim.chance(effort) for aim, effort in zip(aims.values(), given, strict=True)),
    )


def _aim(forecasts: Forecasts, code: str, target: Target, setting: Setting) -> Aim:
    if target.level == "province" and setting.dataset.areas.get(code).level != "province":
        raise UsageError(say("scenario.province_only", target=target.id), say("scenario.no_budget_for.remedy"))
    aim = aim_at_target(forecasts, code, target, setting)
    if aim.counted != "link":
        raise UsageError(say("scenario.no_pace_for", target=target.id), say("scenario.no_budget_for.remedy"))
    return aim


def reached(room: FloatArray, weights: FloatArray, efforts: FloatArray) -> FloatArray:
    """Return P(target) for each effort: the share of draws that lack no more than it."""
    return np.array([float(weights[room >= -effort].sum()) for effort in efforts])


def best_spread(gains: FloatArray) -> tuple[int, ...]:
    """Return how many portions each area gets so that the sum of gains is largest.

    Parameters
    ----------
    gains : (N, B + 1)
        Gain of each area from 0..B portions; never falling.

    Notes
    -----
    Exact, by dynamic programming over areas; gains need not be concave. Of equal spreads the one that spends
    less on later areas is taken, and portions that gain nothing are not spent.

    >>> best_spread(np.array([[0.0, 0.1, 0.9], [0.0, 0.5, 0.6]]))
    (2, 0)
    """
    count, size = gains.shape
    value = np.zeros(size)
    taken = np.zeros((count, size), dtype=np.int64)
    for area in range(count):
        table = np.full((size, size), -np.inf)  # spent in all × spent here
        for here in range(size):
            table[here:, here] = value[: size - here] + gains[area, here]
        taken[area] = np.argmax(table, axis=1)
        value = np.maximum.reduce(table, axis=1)
    left = int(np.argmax(value))
    chosen = []
    for area in range(count - 1, -1, -1):
        chosen.append(int(taken[area, left]))
        left -= chosen[-1]
    return tuple(reversed(chosen))
