"""A budget of effort spread over areas so that as many as possible are expected to meet a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.data.dataset import Dataset
from toolkit.forecast.paths import FloatArray
from toolkit.forecast.store import Forecasts
from toolkit.plan.schema import Plan
from toolkit.scenario.effort import aim_at_target
from toolkit.scenario.setting import Setting

PORTIONS = 60
"""Equal portions into which a budget is cut; the best spread of whole portions is found exactly."""


@dataclass(frozen=True)
class Spread:
    """A budget of effort, spread.

    Attributes
    ----------
    target_id, budget :
        What it is for; in units of the link scale at the due year, summed over areas (a logit of 1 multiplies
        the odds by 2.7).
    area_codes, efforts :
        The effort of each area, 0 or more, in the wanted direction.
    usual, evenly, best :
        P(target) of each area without effort, with the budget spread evenly, and with the best spread.
    """

    target_id: str
    budget: float
    area_codes: tuple[str, ...]
    efforts: tuple[float, ...]
    usual: tuple[float, ...]
    evenly: tuple[float, ...]
    best: tuple[float, ...]

    @property
    def expected(self) -> tuple[float, float, float]:
        """Expected number of areas that meet the target: as usual, spread evenly, spread best."""
        return sum(self.usual), sum(self.evenly), sum(self.best)


def spread_budget(
    forecasts: Forecasts, dataset: Dataset, plan: Plan, target_id: str, areas: Sequence[str], budget: float
) -> Spread:
    """Spread a budget of effort over areas so that the expected number that meet a target is largest.

    Parameters
    ----------
    target_id :
        A target about a level, a ratio, a yearly flow or an average; not one about yearly changes.
    areas :
        Codes or names.
    budget :
        Effort in all, above 0; see :class:`Spread`.

    Raises
    ------
    UsageError
        If the budget is not positive, or an area has no forecast.

    Notes
    -----
    Equal efforts cost the same everywhere: the toolkit knows no prices. Effort in one area is taken not to help
    another.
    """
    if not budget > 0:
        raise UsageError(say("scenario.no_budget", budget=budget), say("scenario.no_budget.remedy"))
    setting = Setting(dataset, plan)
    codes = setting.codes(areas, forecasts)
    aims = [aim_at_target(forecasts, code, plan.target(target_id), setting) for code in codes]
    if any(aim.counted != "link" for aim in aims):
        raise UsageError(say("scenario.no_pace_for", target=target_id), say("scenario.no_budget_for.remedy"))
    portions = np.linspace(0.0, budget, PORTIONS + 1, dtype=np.float64)
    gains = np.array([reached(-aim.lacking, aim.weights, portions) for aim in aims])
    chosen = best_spread(gains)
    each = np.array([budget / len(codes)])
    return Spread(
        target_id=target_id,
        budget=budget,
        area_codes=tuple(codes),
        efforts=tuple(float(portions[portion]) for portion in chosen),
        usual=tuple(float(row[0]) for row in gains),
        evenly=tuple(float(reached(-aim.lacking, aim.weights, each)[0]) for aim in aims),
        best=tuple(float(row[portion]) for row, portion in zip(gains, chosen, strict=True)),
    )


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
