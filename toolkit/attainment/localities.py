"""Targets that have to hold in every locality, asked of the province: judged in all of them at once, draw by draw."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from toolkit.attainment.case import Judgement, Refusal
from toolkit.attainment.draws import joint_weights, probability
from toolkit.attainment.question import Question
from toolkit.attainment.result import Note
from toolkit.attainment.verdicts import bound_of
from toolkit.forecast.paths import Path


@dataclass(frozen=True)
class Localities:
    """A target in all localities of a province.

    Attributes
    ----------
    judged :
        P(every locality) on joint draws, or which localities lack figures.
    expected_to_meet, total :
        Localities with a probability of one half or more, and all.
    paths :
        Everything that the answer rests on.
    """

    judged: Judgement | Refusal
    expected_to_meet: int
    total: int
    paths: tuple[Path, ...]


def localities_of(question: Question) -> Localities | None:
    """Return the answer in all localities, or None where the question is not about each of them.

    Localities are the province's districts, those that have ended included: their figures and forecasts are the
    ones held.
    """
    if not question.target.each_area or question.area.level != "province":
        return None
    areas = question.dataset.areas.all(level="district")
    asked = [replace(question, area=area) for area in areas if area.parent_code == question.area.code]
    answers = [(one, one.judged) for one in asked if not isinstance(one.judged, Refusal) and _exact(one)]
    found = [judged for _, judged in answers if isinstance(judged, Judgement)]
    expected = sum(probability(judged.met, judged.weights) >= 0.5 for judged in found)
    paths = tuple(path for one, _ in answers for path in _paths(one))
    answered = {one.area.code for one, _ in answers}
    lacking = tuple(one.area.code for one in asked if one.area.code not in answered)
    if lacking or not asked:
        fields = {"areas": lacking, "indicator": question.target.indicator, "scope": question.target.scope}
        refusal = Refusal((Note("attainment.missing.localities", fields),))
        return Localities(refusal, expected, len(asked), paths)
    return Localities(_together(found, paths), expected, len(asked), paths)


def _together(found: list[Judgement], paths: tuple[Path, ...]) -> Judgement:
    met = np.logical_and.reduce([judged.met for judged in found])
    decided = [judged.decided for judged in found]
    settled = False if False in decided else (True if all(decided) else None)
    worst = np.min(np.column_stack([judged.quantity for judged in found]), axis=1)
    return Judgement(met=met, quantity=worst, decided=settled, weights=joint_weights(paths))


def _exact(question: Question) -> bool:
    path = question.path
    return path is not None and bound_of(question.target.rule, path) == "exact"


def _paths(question: Question) -> tuple[Path, ...]:
    case = question.case()
    return () if isinstance(case, Refusal) else case.paths
