"""What a scenario does to targets: one by one on the same draws, and several at once, draw by draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit.attainment.assess import assess
from toolkit.attainment.attainment import PLACES, Attainment, verdict_words
from toolkit.attainment.pace import peers_keeping_mean, peers_keeping_pace
from toolkit.attainment.question import Question
from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.panels import count_of
from toolkit.forecast.paths import Path
from toolkit.forecast.store import Forecasts
from toolkit.models.panel import BoolArray, FloatArray
from toolkit.plan.judgement import Bound, Judgement, covers
from toolkit.plan.plan import Plan, Target
from toolkit.plan.predicates import PaceKind, effective_count, joint_weights, monte_carlo_error, pace
from toolkit.plan.rules import PeriodRule

if TYPE_CHECKING:
    import pandas as pd

Thing = Literal["households", "persons", "communes"]
COMPARED = ("probability", "settled")
OF_HOUSEHOLDS = (
    "commodity_farming_households_share",
    "households_in_permanent_house_share",
    "households_in_simple_house_share",
)
"""Shares of households beside those whose denominator is declared; where an area's households are not known, its
people are counted in their place."""
OF_PERSONS = ("health_insurance_share",)
"""Shares of all people of a scope."""
COLUMNS = (
    "scenario", "area_code", "target_id", "due", "probability_usual", "probability", "bound", "verdict_usual",
    "verdict", "grade", "change", "change_error", "expected_usual", "expected", "low", "high", "unit",
    "stands_for", "stands_for_count", "stands_for_year", "stands_for_assumed", "pace", "pace_kind",
    "peers_pace_share", "peers_count",
)  # fmt: skip


@dataclass(frozen=True)
class StandsFor:
    """Households, people or communes that a difference of two medians stands for.

    Attributes
    ----------
    thing, count :
        What, and how many more (negative: fewer).
    whole, year :
        All of them in the area, and the year of that figure.
    assumed :
        True where people stand for households: poor households are taken to be of average size.
    """

    thing: Thing
    count: float
    whole: float
    year: int
    assumed: bool = False


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


def effects(
    plan: Plan,
    areas: Sequence[Area],
    dataset: Dataset,
    usual: Forecasts,
    changed: Forecasts,
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


def effect(target: Target, area: Area, plan: Plan, dataset: Dataset, usual: Forecasts, changed: Forecasts) -> Effect:
    """Return what a scenario does to one target in one area."""
    sources = (usual, changed)
    before, after = (assess(target, area, plan, dataset, source) for source in sources)
    judged = (judgement_of(target, area, plan, dataset, source) for source in sources)
    change, error = change_of(*judged) or (None, None)
    old, new = (source.path(area.code, target.indicator, target.scope) for source in sources)
    counted = None
    if old is not None and new is not None and target.rule.has_number:
        counted = stands_for(dataset, old, new, target.due)
    way = _way(target, area, dataset, changed)
    return Effect(area.code, target.id, target.due, before, after, change, error, counted, *way)


def judgement_of(target: Target, area: Area, plan: Plan, dataset: Dataset, forecasts: Forecasts) -> Judgement | None:
    """Return which draws meet a target, or None where it cannot be judged."""
    question = Question(target, area, plan, dataset, forecasts)
    if not target.rule.has_number or question.for_orientation or question.judged.missing:
        return None
    return question.judged


def change_of(before: Judgement | None, after: Judgement | None) -> tuple[float, float] | None:
    """Return the difference of two probabilities on the same draws, and its Monte Carlo standard error."""
    if before is None or after is None or before.met.shape != after.met.shape:
        return None
    steps: FloatArray = after.met.astype(np.float64) - before.met.astype(np.float64)
    count = len(steps)
    weights = np.full(count, 1.0 / count) if after.weights is None else after.weights
    mean = float(np.sum(weights * steps))
    variance = float(np.sum(weights * (steps - mean) ** 2))
    return mean, math.sqrt(variance / effective_count(count, after.weights))


def judge_together(
    plan: Plan, area: Area, dataset: Dataset, forecasts: Forecasts, targets: Sequence[str] | None = None
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
    judged = {target.id: judgement_of(target, area, plan, dataset, forecasts) for target in asked}
    kept = [(target, found) for target in asked if (found := judged[target.id]) is not None]
    if not kept:
        raise UsageError(say("scenario.nothing_judged", area=area.code), say("scenario.no_path.remedy"))
    count, weights = len(kept[0][1].met), joint_weights([found for _, found in kept])
    return Joint(
        area_code=area.code,
        target_ids=tuple(target.id for target, _ in kept),
        dues=tuple(target.due for target, _ in kept),
        met=np.column_stack([found.met for _, found in kept]),
        weights=np.full(count, 1.0 / count) if weights is None else weights,
        bounds=tuple(assess(target, area, plan, dataset, forecasts).bound for target, _ in kept),
        left_out=tuple(target.id for target in asked if judged[target.id] is None) if targets is not None else (),
    )


def stands_for(dataset: Dataset, usual: Path, changed: Path, year: int) -> StandsFor | None:
    """Return what the difference of two medians in `year` stands for, or None where no whole is known.

    The whole is the newest published one and is not forecast.
    """
    indicator, code = dataset.indicators.get(usual.indicator), usual.area_code
    if indicator.unit != "percent" or not covers(usual, year):
        return None
    difference = (_median(changed, year) - _median(usual, year)) / 100.0
    if indicator.countable == "communes":
        count = count_of(dataset, "communes", code, year)
        return None if count is None else StandsFor("communes", difference * count, float(count), year)
    of_households = indicator.denominator == "households" or usual.indicator in OF_HOUSEHOLDS
    wholes: list[tuple[Thing, str]] = [("households", "households")] if of_households else []
    if of_households or usual.indicator in OF_PERSONS:
        wholes.append(("persons", "population"))
    for thing, name in wholes:
        figures = dataset.series(code, name, usual.scope).observations
        if figures:
            whole, assumed = figures[-1], thing == "persons" and of_households
            return StandsFor(thing, difference * whole.value, whole.value, whole.year, assumed)
    return None


Way = tuple[float | None, PaceKind | None, float | None, int]
"""A scenario's pace, how it is counted, and how often peers kept it: what share, of how many."""
NO_WAY: Way = (None, None, None, 0)


def _way(target: Target, area: Area, dataset: Dataset, changed: Forecasts) -> Way:
    rule = target.rule
    path = changed.path(area.code, target.indicator, target.scope, across_breaks=False)
    if not rule.has_number or path is None:
        return NO_WAY
    if isinstance(rule, PeriodRule) and rule.flow:
        return _mean_way(path, rule, area, dataset)
    if path.proxy is not None:
        path = changed.path(area.code, path.proxy.indicator, path.proxy.scope, across_breaks=False)
    if path is None or path.evidence.last_year >= target.due or not covers(path, path.evidence.last_year, target.due):
        return NO_WAY
    span = target.due - path.evidence.last_year
    first, last = _median(path, path.evidence.last_year), _median(path, target.due)
    kind = rule.pace_kind(dataset.indicators.get(path.indicator).link, first, last)
    kept, series = pace(first, last, span, kind), (path.indicator, path.scope, area.code)
    return kept, kind, *peers_keeping_pace(dataset, series, kept, kind, rule.falling, span)


def _mean_way(path: Path, rule: PeriodRule, area: Area, dataset: Dataset) -> Way:
    """Return the mean of the medians of the years left, for yearly flows in per cent."""
    years = [year for year in range(rule.from_year, rule.to_year + 1) if year > path.evidence.last_year]
    if path.unit != "percent" or not years or not covers(path, *years):
        return NO_WAY
    kept = float(np.mean([_median(path, year) for year in years]))
    series = (path.indicator, path.scope, area.code)
    return kept, "percent", *peers_keeping_mean(dataset, series, kept, rule.falling, len(years))


def _median(path: Path, year: int) -> float:
    return float(path.quantiles((0.5,))[path.position(year), 0])


def effects_table(found: Sequence[Effect], name: str = "") -> pd.DataFrame:
    """Return one row an area and target, columns :data:`COLUMNS`; numbers that do not exist are empty."""
    import pandas as pd

    table = pd.DataFrame([_row(item, name) for item in found], columns=list(COLUMNS))
    numbers = table.select_dtypes("float").columns
    table[numbers] = table[numbers].round(PLACES)
    return table.astype({"stands_for_year": "Int64"})


def _row(item: Effect, name: str) -> tuple[object, ...]:
    counted = item.stands_for
    return (
        name, item.area_code, item.target_id, item.due, item.usual.probability, item.changed.probability,
        item.changed.bound, verdict_words(item.usual.verdict), verdict_words(item.changed.verdict),
        item.changed.grade, item.change, item.change_error, item.usual.expected, item.changed.expected,
        item.changed.low, item.changed.high, item.changed.unit, counted.thing if counted else "",
        counted.count if counted else None, counted.year if counted else None,
        counted.assumed if counted else None, item.pace, item.pace_kind or "", item.peers_share, item.peers_count,
    )  # fmt: skip
