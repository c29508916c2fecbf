"""When a target is reached: the first year in which it is as likely as not."""

from __future__ import annotations

from toolkit.attainment.case import Case, covers
from toolkit.attainment.draws import joint_weights, probability
from toolkit.forecast.paths import BoolArray, Path
from toolkit.plan.rules import compare, level_met, ratio, ratio_threshold
from toolkit.plan.schema import LevelRule, RatioToBaseRule, RatioToRule


def year_reached(case: Case, first: int) -> int | None:
    """Return the first year from `first` on with P(rule met in that year) >= 1/2, or None.

    Years on a standard that was given up before the newest figure do not count. None also for rules that speak
    of more than one year (changes, means).
    """
    found = met_each_year(case, max(first, standard_since(case.path)))
    if found is None:
        return None
    weights = joint_weights(case.paths)
    years, met = found
    return next((year for column, year in enumerate(years) if probability(met[:, column], weights) >= 0.5), None)


def standard_since(path: Path) -> int:
    """Return the first year of the standard that is in force in the year of the newest figure."""
    newest = min(max(path.evidence.last_year, int(path.years[0])), int(path.years[-1]))
    return max((change.year for change in path.breaks if change.year <= newest), default=int(path.years[0]))


def met_each_year(case: Case, first: int) -> tuple[list[int], BoolArray] | None:
    """Return for every year from `first` on which draws meet the rule in it, shape (S, T).

    For rules about a level (level, ratio to a base, ratio to a benchmark); None for others.
    """
    path, rule = case.path, case.rule
    years = [int(year) for year in path.years if year >= first]
    if isinstance(rule, RatioToRule) and case.benchmark is not None:
        years = [year for year in years if covers(case.benchmark, year)]
    if isinstance(rule, RatioToBaseRule):
        years = [year for year in years if year > rule.base_year] if covers(path, rule.base_year) else []
    if not years:
        return None
    values = path.draws[:, [path.position(year) for year in years]]
    match rule:
        case LevelRule():
            return years, level_met(values, rule.op, rule.value, case.printed)
        case RatioToBaseRule():
            base = path.at(rule.base_year)[:, None]
            return years, compare(ratio(values, base), rule.op, rule.value)
        case RatioToRule() if case.benchmark is not None:
            other = case.benchmark.draws[:, [case.benchmark.position(year) for year in years]]
            threshold = ratio_threshold(rule.value, rule.op, rule.tolerance)
            return years, compare(ratio(values, other), rule.op, threshold)
    return None
