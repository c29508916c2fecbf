"""The answer to every statement of a plan, area by area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from toolkit.attainment.answer import asked, judged_answer, measured, paced, unanswered
from toolkit.attainment.case import Case, Refusal
from toolkit.attainment.figures import figures_of
from toolkit.attainment.localities import localities_of
from toolkit.attainment.milestones import milestone
from toolkit.attainment.question import Question
from toolkit.attainment.result import Attainment, PathSource
from toolkit.attainment.standing import standing_of
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.plan.schema import MilestoneRule, Plan, Target


def assess_all(plan: Plan, areas: Sequence[Area], dataset: Dataset, forecasts: PathSource) -> tuple[Attainment, ...]:
    """Return the answer to every target of a plan for every area: by area, then in the plan's order."""
    return tuple(assess(target, area, plan, dataset, forecasts) for area in areas for target in plan.targets)


def assess(target: Target, area: Area, plan: Plan, dataset: Dataset, forecasts: PathSource) -> Attainment:
    """Return the answer to one target in one area.

    Parameters
    ----------
    target, area, plan :
        What is asked, of whom, in which plan.
    dataset :
        Published figures, indicators, areas.
    forecasts :
        Joint draws made from the same data.

    Returns
    -------
    Attainment
        A settled verdict, a probability, a milestone's status, a value for orientation, or what is missing.
    """
    if isinstance(target.rule, MilestoneRule):
        return milestone(target, area, dataset)
    question = Question(target, area, plan, dataset, forecasts)
    figures = figures_of(question)
    localities = localities_of(question)
    standing = standing_of(question, localities)
    answer = asked(question, figures, standing)
    if localities is not None:
        answer = replace(answer, areas_met=(localities.expected_to_meet, localities.total))
    orientation = target.level == "province" and area.level != "province"
    if isinstance(standing.judged, Refusal):
        answer = unanswered(answer, standing.judged)
    else:
        answer = measured(answer, standing.judged, standing.paths)
        case = question.case()
        if isinstance(case, Case):
            answer = paced(answer, question, case, figures)
        if not orientation:
            answer = judged_answer(answer, question, standing.judged, standing.bound)
    return replace(answer, outcome="orientation", verdict="orientation") if orientation else answer
