"""Rules on joint draws: which draws meet a target, what quantity is judged, and whether published figures decide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolkit.attainment.case import Case, Judgement, Refusal, covers, is_final, no_years
from toolkit.attainment.draws import joint_weights
from toolkit.attainment.result import Note
from toolkit.data.series import PeriodAverage
from toolkit.forecast.paths import BoolArray, Path, usable_averages
from toolkit.plan.rules import (
    compare,
    level_met,
    mean_growth,
    ratio,
    ratio_threshold,
    worst,
    yearly_changes,
)
from toolkit.plan.schema import (
    AnnualChangeRule,
    AverageRule,
    EachYearRule,
    LevelRule,
    MilestoneRule,
    RatioToBaseRule,
    RatioToRule,
)


def judge(case: Case) -> Judgement | Refusal:
    """Judge a rule draw by draw.

    Raises
    ------
    TypeError
        For a milestone, which has no number to judge.
    """
    match case.rule:
        case LevelRule() as rule:
            return _level(rule, case)
        case RatioToBaseRule() as rule:
            return _ratio_to_base(rule, case)
        case AnnualChangeRule() as rule:
            return _annual_change(rule, case)
        case EachYearRule() as rule:
            return _each_year(rule, case)
        case AverageRule() as rule:
            return _average(rule, case)
        case RatioToRule() as rule:
            return _ratio_to(rule, case)
        case MilestoneRule():
            message = "a milestone has no number to judge"
            raise TypeError(message)


def _level(rule: LevelRule, case: Case) -> Judgement | Refusal:
    if not covers(case.path, case.due):
        return no_years(case.due, case.due)
    values = case.path.at(case.due)
    met = level_met(values, rule.op, rule.value, case.printed)
    softer = None if rule.tolerance is None else ratio_threshold(rule.value, rule.op, rule.tolerance)
    return Judgement(
        met=met,
        quantity=values,
        decided=bool(met.all()) if is_final(case.path, case.due) else None,
        weights=joint_weights(case.paths),
        met_stretch=None if rule.stretch is None else level_met(values, rule.op, rule.stretch, case.printed),
        met_basically=None if softer is None else level_met(values, rule.op, softer, case.printed) | met,
    )


def _ratio_to_base(rule: RatioToBaseRule, case: Case) -> Judgement | Refusal:
    path = case.path
    if not covers(path, rule.base_year, case.due):
        return no_years(rule.base_year, case.due)
    before, after = path.standards[path.position(rule.base_year)], path.standards[path.position(case.due)]
    if before != after:
        fields = {"year": rule.base_year, "before": before, "after": after}
        return Refusal((Note("attainment.missing.base_on_standard", fields),))
    ratios = ratio(path.at(case.due), path.at(rule.base_year))
    met = compare(ratios, rule.op, rule.value)
    final = is_final(path, rule.base_year) and is_final(path, case.due)
    unobserved = not path.observed[path.position(rule.base_year)]
    notes = (Note("attainment.note.base_unobserved", {"year": rule.base_year}),) if unobserved else ()
    return Judgement(met, ratios, bool(met.all()) if final else None, joint_weights(case.paths), notes=notes)


def _ratio_to(rule: RatioToRule, case: Case) -> Judgement | Refusal:
    if case.benchmark is None or not covers(case.path, case.due) or not covers(case.benchmark, case.due):
        return no_years(case.due, case.due)
    ratios = ratio(case.path.at(case.due), case.benchmark.at(case.due))
    met = compare(ratios, rule.op, ratio_threshold(rule.value, rule.op, rule.tolerance))
    final = is_final(case.path, case.due) and is_final(case.benchmark, case.due)
    return Judgement(met, ratios, bool(met.all()) if final else None, joint_weights(case.paths))


def _annual_change(rule: AnnualChangeRule, case: Case) -> Judgement | Refusal:
    path = case.path
    years, notes = _comparable_years(rule, path)
    if not years:
        fields = {"first": rule.from_year, "last": rule.to_year}
        return Refusal((Note("attainment.missing.comparable_years", fields),), notes)
    changes = np.column_stack(
        [yearly_changes(path.draws[:, at - 1 : at + 1], rule.measured_in)[:, 0] for at in map(path.position, years)]
    )
    met = compare(changes, rule.op, rule.value)
    final = [is_final(path, year - 1) and is_final(path, year) for year in years]
    return Judgement(
        met=np.asarray(met.all(axis=1)),
        quantity=worst(changes, rule.op),
        decided=_decided(met, final),
        weights=joint_weights(case.paths),
        by_year=tuple((year, met[:, column]) for column, year in enumerate(years)),
        met_average=compare(changes.mean(axis=1), rule.op, rule.value),
        notes=notes,
    )


def _comparable_years(rule: AnnualChangeRule, path: Path) -> tuple[list[int], tuple[Note, ...]]:
    """Return the years whose change can be judged, and notes that name the others."""
    kept: list[int] = []
    notes: list[Note] = []
    for year in range(rule.from_year, rule.to_year + 1):
        if not covers(path, year - 1, year):
            notes.append(Note("attainment.note.change_without_figures", {"year": year}))
            continue
        before, after = path.standards[path.position(year) - 1], path.standards[path.position(year)]
        if before != after:
            fields = {"year": year, "before": before, "after": after}
            notes.append(Note("attainment.note.change_across_break", fields))
        else:
            kept.append(year)
    return kept, tuple(notes)


def _each_year(rule: EachYearRule, case: Case) -> Judgement | Refusal:
    path = case.path
    if not covers(path, rule.from_year, rule.to_year):
        return no_years(rule.from_year, rule.to_year)
    years = range(rule.from_year, rule.to_year + 1)
    values = path.draws[:, path.position(rule.from_year) : path.position(rule.to_year) + 1]
    met = compare(values, rule.op, rule.value)
    return Judgement(
        met=np.asarray(met.all(axis=1)),
        quantity=worst(values, rule.op),
        decided=_decided(met, [is_final(path, year) for year in years]),
        weights=joint_weights(case.paths),
        by_year=tuple((year, met[:, column]) for column, year in enumerate(years)),
    )


def _decided(met: BoolArray, final: Sequence[bool]) -> bool | None:
    """Return what final years decide: one that fails is enough, else all have to be final."""
    settled = [bool(met[:, column].all()) for column, known in enumerate(final) if known]
    if not all(settled):
        return False
    return True if len(settled) == len(final) else None


def _average(rule: AverageRule, case: Case) -> Judgement | Refusal:
    path = case.path
    blocks = usable_averages(path.period_averages, rule.from_year, rule.to_year)
    covered = {year for block in blocks for year in range(block.from_year, block.to_year + 1)}
    single = [year for year in range(rule.from_year, rule.to_year + 1) if year not in covered]
    if single and not covers(path, single[0], single[-1]):
        return no_years(single[0], single[-1])
    columns = [np.full(path.draws.shape[0], block.value) for block in blocks] + [path.at(year) for year in single]
    lengths = [block.to_year - block.from_year + 1 for block in blocks] + [1] * len(single)
    means = mean_growth(np.column_stack(columns), lengths, compounds=rule.compounds)
    met = compare(means, rule.op, rule.value)
    final = all(block.status == "final" for block in blocks) and all(is_final(path, year) for year in single)
    return Judgement(
        met=met,
        quantity=means,
        decided=bool(met.all()) if final and path.proxy is None else None,
        weights=joint_weights(case.paths),
        met_stretch=None if rule.stretch is None else compare(means, rule.op, rule.stretch),
        notes=tuple(_average_note(block, path.unit) for block in blocks),
    )


def _average_note(block: PeriodAverage, unit: str) -> Note:
    fields = {"first": block.from_year, "last": block.to_year, "value": block.value, "unit": unit}
    return Note("attainment.note.period_average", fields | {"status": block.status, "source": block.source_id})
