"""Targets that areas have set themselves (``local_targets.csv``), judged beside the plan's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from toolkit.attainment.assess import assess
from toolkit.attainment.attainment import Attainment
from toolkit.attainment.question import PathSource
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Scope
from toolkit.plan.judgement import covers
from toolkit.plan.plan import Plan, Target
from toolkit.plan.predicates import Operator
from toolkit.plan.rules import LevelRule


@dataclass(frozen=True)
class Stated:
    """One row of ``local_targets.csv``; attributes are its columns."""

    area_code: str
    indicator: str
    scope: str
    due: int
    op: str
    value: float
    unit: str
    standard: str
    source_id: str
    note: str


def stated(dataset: Dataset) -> tuple[Stated, ...]:
    """Return the targets, in the order of the file."""
    rows = dataset.local_targets[dataset.local_targets["kind"] == "target"].to_dict("records")
    texts = ("area_code", "indicator", "scope", "op", "unit", "standard", "source_id", "note")
    return tuple(
        Stated(due=int(row["due"]), value=float(row["value"]), **{name: str(row[name] or "") for name in texts})
        for row in rows
    )


@dataclass(frozen=True)
class LocalTarget:
    """A target that an area has set itself, with its answer.

    Attributes
    ----------
    target :
        What was set, as a rule about a level.
    source_id, note :
        Where it stands, and the file's remark.
    attainment :
        The answer.
    """

    target: Target
    source_id: str
    note: str
    attainment: Attainment


def assess_local(area: Area, plan: Plan, dataset: Dataset, forecasts: PathSource) -> tuple[LocalTarget, ...]:
    """Return the answers to the targets that an area has set itself (``local_targets.csv``, kind ``target``).

    Left out, because nothing can be judged: targets for indicators without a path in the area, for years that
    the path does not reach, in another unit, or on another standard than the one in force in the due year; and
    those with a path through another indicator, which was declared to stand in for the plan's meaning, not for
    theirs (a province's "thu nhập bình quân" is mostly GRDP per person, twice the income of households).
    """
    own = [row for row in stated(dataset) if row.area_code == area.code]
    answers = []
    for number, row in enumerate(own, start=1):
        target = _target(row, number, dataset)
        if target is not None and _can_be_judged(target, row.standard, area, forecasts):
            attainment = assess(target, area, plan, dataset, forecasts)
            answers.append(LocalTarget(target, row.source_id, row.note, attainment))
    return tuple(answers)


def _target(row: Stated, number: int, dataset: Dataset) -> Target | None:
    op = next((known for known in get_args(Operator) if known == row.op), None)
    scope = next((known for known in get_args(Scope) if known == row.scope), None)
    if op is None or scope is None or row.indicator not in dataset.indicators:
        return None
    names = dataset.indicators[row.indicator].names
    return Target(
        id=f"local-{row.area_code}-{number}",
        due=row.due,
        clause="",
        indicator=row.indicator,
        scope=scope,
        unit=row.unit,
        name_vi=names["vi"],
        name_en=names["en"],
        rule=LevelRule(kind="level", op=op, value=row.value),
    )


def _can_be_judged(target: Target, standard: str, area: Area, forecasts: PathSource) -> bool:
    path = forecasts.path(area.code, target.indicator, target.scope)
    if path is None or (path.proxy is not None and path.proxy.indicator != target.indicator):
        return False
    if path.unit != target.unit or not covers(path, target.due):
        return False
    return standard in ("", path.standards[path.position(target.due)])
