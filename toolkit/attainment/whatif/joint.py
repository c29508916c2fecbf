"""Questions about several targets at once: all of them, at least k, which one fails first. Draw by draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.attainment.assess import assess
from toolkit.attainment.question import PathSource
from toolkit.attainment.whatif.effect import judgement_of
from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.paths import BoolArray, FloatArray
from toolkit.plan.judgement import Bound
from toolkit.plan.plan import Plan
from toolkit.plan.predicates import effective_count, monte_carlo_error


@dataclass(frozen=True)
class Joint:
    """Several targets of one area on the same draws.

    Attributes
    ----------
    area_code, target_ids, dues :
        Which targets, with their due years.
    met : (S, K)
        Which draws meet which target.
    weights : (S,)
        Weights of the draws, summing to 1.
    bounds :
        Whether each target's probability is exact or a lower bound; with a lower bound among them, "all" and
        "at least k" are lower bounds too.
    left_out :
        Targets that were asked for and cannot be judged in this area.
    """

    area_code: str
    target_ids: tuple[str, ...]
    dues: tuple[int, ...]
    met: BoolArray
    weights: FloatArray
    bounds: tuple[Bound, ...]
    left_out: tuple[str, ...]

    @property
    def bound(self) -> Bound:
        """``at_least`` as soon as one target is seen through a bound."""
        return "at_least" if "at_least" in self.bounds else "exact"

    @property
    def all_met(self) -> float:
        """P(every target is met)."""
        return self.at_least(len(self.target_ids))

    def at_least(self, count: int) -> float:
        """Return P(at least `count` of the targets are met).

        Raises
        ------
        UsageError
            For a count below 0 or above the number of targets.
        """
        if not 0 <= count <= len(self.target_ids):
            message = say("scenario.no_count", count=count, total=len(self.target_ids))
            raise UsageError(message, say("base.choose", choices=f"0–{len(self.target_ids)}"))
        return min(float(self.weights[self.met.sum(axis=1) >= count].sum()), 1.0)

    def error(self, probability: float) -> float:
        """Return the Monte Carlo standard error of a probability of these draws."""
        return monte_carlo_error(probability, effective_count(len(self.weights), self.weights))

    @property
    def expected(self) -> float:
        """Expected number of targets met."""
        return float(self.weights @ self.met.sum(axis=1))

    def first_to_fail(self) -> dict[str, float]:
        """Return for each target P(it is among the first to fail), by due year; ties share alike.

        Together with ``all_met`` the values sum to 1.
        """
        failed = ~self.met
        dues = np.where(failed, np.array(self.dues), np.iinfo(np.int64).max)
        first = failed & (dues == dues.min(axis=1, keepdims=True, initial=np.iinfo(np.int64).max))
        ties = np.maximum(first.sum(axis=1, keepdims=True), 1)
        shares = self.weights @ (first / ties)
        return {name: float(share) for name, share in zip(self.target_ids, shares, strict=True)}


def joint(
    plan: Plan, area: Area, dataset: Dataset, forecasts: PathSource, targets: Sequence[str] | None = None
) -> Joint:
    """Return several targets of one area judged on the same draws.

    Parameters
    ----------
    targets :
        Which; by default all that have a probability or a settled answer.

    Raises
    ------
    UsageError
        If none of them can be judged.
    """
    asked = plan.targets if targets is None else tuple(plan.target(name) for name in targets)
    kept, columns, left_out, product = [], [], [], None
    for target in asked:
        judged = judgement_of(target, area, plan, dataset, forecasts)
        if judged is None:
            left_out.append(target.id)
            continue
        kept.append((target, assess(target, area, plan, dataset, forecasts).bound))
        columns.append(judged.met)
        if judged.weights is not None:
            product = judged.weights if product is None else product * judged.weights
    if not columns:
        raise UsageError(say("scenario.nothing_judged", area=area.code), say("scenario.no_path.remedy"))
    count = len(columns[0])
    weights = np.full(count, 1.0 / count) if product is None or not product.sum() > 0 else product / product.sum()
    return Joint(
        area_code=area.code,
        target_ids=tuple(target.id for target, _ in kept),
        dues=tuple(target.due for target, _ in kept),
        met=np.column_stack(columns),
        weights=np.asarray(weights, dtype=np.float64),
        bounds=tuple(bound for _, bound in kept),
        left_out=tuple(left_out) if targets is not None else (),
    )
