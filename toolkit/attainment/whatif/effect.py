"""One target in one area, as usual and in a scenario, on the same draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.attainment.assess import assess
from toolkit.attainment.attainment import Attainment
from toolkit.attainment.pace import peers_mean, peers_pace
from toolkit.attainment.question import PathSource, Question
from toolkit.attainment.whatif.stands_for import StandsFor, stands_for
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.paths import FloatArray, Path
from toolkit.plan.judgement import Judgement
from toolkit.plan.plan import Plan, Target
from toolkit.plan.predicates import PaceKind, effective_count, pace
from toolkit.plan.rules import PeriodRule

COMPARED = ("probability", "settled")


@dataclass(frozen=True)
class Effect:
    """What a scenario does to one target in one area.

    Attributes
    ----------
    area_code, target_id, due :
        What is compared.
    usual, changed :
        The answers without and with the scenario.
    change, change_error :
        Difference of the two probabilities, -1..1, and its Monte Carlo standard error: both rest on the same
        draws, so it comes from the draws whose answer changed, not from two separate errors.
    stands_for :
        Households, people or communes that the difference of the two medians at the due year stands for.
    pace, pace_kind :
        Yearly pace of the scenario's median from the newest figure to the due year, in units or per cent a year; for
        averages and yearly flows in per cent the mean of the medians of the years left.
    peers_share, peers_count :
        Share of past spells of other areas that kept this pace or better, of how many.
    """

    area_code: str
    target_id: str
    due: int
    usual: Attainment
    changed: Attainment
    change: float | None
    change_error: float | None
    stands_for: StandsFor | None
    pace: float | None
    pace_kind: PaceKind | None
    peers_share: float | None
    peers_count: int


def judgement_of(target: Target, area: Area, plan: Plan, dataset: Dataset, forecasts: PathSource) -> Judgement | None:
    """Return which draws meet a target, or None where it cannot be judged."""
    question = Question(target, area, plan, dataset, forecasts)
    if not target.rule.has_number or question.for_orientation or question.judged.missing:
        return None
    return question.judged


def effects(
    plan: Plan,
    areas: Sequence[Area],
    dataset: Dataset,
    usual: PathSource,
    changed: PathSource,
    targets: Sequence[str] | None = None,
) -> tuple[Effect, ...]:
    """Return what a scenario does to the plan's targets, by area and in the plan's order.

    Parameters
    ----------
    plan, areas, dataset :
        What is asked, of whom, and what is published.
    usual, changed :
        Forecasts without and with the scenario; draw s of one belongs to draw s of the other.
    targets :
        Only these; by default all that have a probability or a settled answer.
    """
    asked = plan.targets if targets is None else tuple(plan.target(name) for name in targets)
    found = [effect(target, area, plan, dataset, usual, changed) for area in areas for target in asked]
    return tuple(item for item in found if targets is not None or item.usual.outcome in COMPARED)


def effect(target: Target, area: Area, plan: Plan, dataset: Dataset, usual: PathSource, changed: PathSource) -> Effect:
    """Return what a scenario does to one target in one area."""
    before, after = (assess(target, area, plan, dataset, source) for source in (usual, changed))
    difference = change_of(
        judgement_of(target, area, plan, dataset, usual), judgement_of(target, area, plan, dataset, changed)
    )
    way = _way(target, area, dataset, changed)
    old, new = (source.path(area.code, target.indicator, target.scope) for source in (usual, changed))
    counted = None
    if old is not None and new is not None and target.rule.has_number:
        counted = stands_for(dataset, old, new, target.due)
    return Effect(
        area_code=area.code,
        target_id=target.id,
        due=target.due,
        usual=before,
        changed=after,
        change=difference[0] if difference else None,
        change_error=difference[1] if difference else None,
        stands_for=counted,
        pace=way[0] if way else None,
        pace_kind=way[1] if way else None,
        peers_share=way[2] if way else None,
        peers_count=way[3] if way else 0,
    )


def change_of(before: Judgement | None, after: Judgement | None) -> tuple[float, float] | None:
    """Return the difference of two probabilities on the same draws, and its Monte Carlo standard error."""
    if before is None or after is None or before.met.shape != after.met.shape:
        return None
    steps: FloatArray = after.met.astype(np.float64) - before.met.astype(np.float64)
    count = len(steps)
    weights = np.full(count, 1.0 / count) if after.weights is None else after.weights
    mean = float(np.sum(weights * steps))
    spread = float(np.sum(weights * (steps - mean) ** 2))
    return mean, math.sqrt(spread / effective_count(count, after.weights))


def _way(
    target: Target, area: Area, dataset: Dataset, changed: PathSource
) -> tuple[float, PaceKind, float | None, int] | None:
    """Return the scenario's pace, how it is counted, and how often peers kept it."""
    rule = target.rule
    path = changed.path(area.code, target.indicator, target.scope, across_breaks=False)
    if not rule.has_number or path is None:
        return None
    if isinstance(rule, PeriodRule) and rule.flow:
        return _mean_way(path, rule, area, dataset)
    if path.proxy is not None:
        path = changed.path(area.code, path.proxy.indicator, path.proxy.scope, across_breaks=False)
    if path is None or not _holds(path, target.due):
        return None
    start, span = path.evidence.last_year, target.due - path.evidence.last_year
    first, last = (float(path.quantiles((0.5,))[path.position(year), 0]) for year in (start, target.due))
    kind = rule.pace_kind(dataset.indicators.get(path.indicator).link, first, last)
    kept = pace(first, last, span, kind)
    peers = peers_pace(dataset, path.indicator, path.scope, area.code, kept, kind, rule.falling, span)
    return kept, kind, peers.share, peers.count


def _mean_way(
    path: Path, rule: PeriodRule, area: Area, dataset: Dataset
) -> tuple[float, PaceKind, float | None, int] | None:
    """Return the mean of the medians of the years left, for yearly flows in per cent."""
    years = [year for year in range(rule.from_year, rule.to_year + 1) if year > path.evidence.last_year]
    if path.unit != "percent" or not years or not int(path.years[0]) <= years[0] <= years[-1] <= int(path.years[-1]):
        return None
    middle = path.quantiles((0.5,))[:, 0]
    kept = float(np.mean([middle[path.position(year)] for year in years]))
    peers = peers_mean(dataset, path.indicator, path.scope, area.code, kept, rule.falling, len(years))
    return kept, "percent", peers.share, peers.count


def _holds(path: Path, due: int) -> bool:
    first, last = int(path.years[0]), int(path.years[-1])
    return first <= path.evidence.last_year < due <= last
