"""A plan held against the data it speaks of: indicators, units, bounds, stand-ins, areas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from toolkit.base.errors import DataError
from toolkit.base.names import nearest
from toolkit.base.problems import Problem
from toolkit.base.yaml_files import Place, read_yaml
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
from toolkit.plan.faults import Fault
from toolkit.plan.load import read_plan
from toolkit.plan.schema import MilestoneRule, Plan, RatioToRule, Target

LEVEL_KINDS = ("level", "each_year", "average")
"""Kinds of rule whose value is a value of the indicator itself."""


def check_plan(path: Path, dataset: Dataset) -> list[Problem]:
    """Return everything that is wrong with a plan file, in itself and against the data.

    Parameters
    ----------
    path :
        The plan file.
    dataset :
        The data whose indicators, stand-ins and areas it names.
    """
    try:
        plan = read_plan(path)
    except DataError as error:
        return list(error.problems)
    text = read_yaml(path, room="plan", references=False)
    for fault in _header_faults(plan, dataset):
        text.add(("plan", *_place(fault)), f"plan: {fault.field}", fault.key, fault.fields)
    for position, target in enumerate(plan.targets):
        for fault in _target_faults(target, dataset):
            place: Place = ("targets", position, *_place(fault))
            text.add(place, f"{target.id}: {fault.field}", fault.key, fault.fields)
    return text.problems


def _place(fault: Fault) -> Place:
    return tuple(int(part) if part.isdigit() else part for part in fault.field.split("."))


def _header_faults(plan: Plan, dataset: Dataset) -> Iterator[Fault]:
    if plan.province_code not in dataset.areas:
        yield Fault("province_code", "unknown_area", {"name": plan.province_code})
    declared = [proxy.id for indicator in dataset.indicators.values() for proxy in indicator.proxies]
    for switch, names in (("proxies.on", plan.proxies.on), ("proxies.off", plan.proxies.off)):
        for position, name in enumerate(names):
            if name not in declared:
                yield Fault(
                    f"{switch}.{position}", "unknown_proxy", {"name": name, "near": ", ".join(nearest(name, declared))}
                )


def _target_faults(target: Target, dataset: Dataset) -> Iterator[Fault]:
    rule = target.rule
    named = [("indicator", target.indicator)]
    if isinstance(rule, RatioToRule):
        named.append(("rule.benchmark.indicator", rule.benchmark.indicator))
        area = rule.benchmark.area
        if area not in ("same", "country", "province") and area not in dataset.areas:
            yield Fault("rule.benchmark.area", "unknown_area", {"name": area})
    for field, name in named:
        if name not in dataset.indicators:
            yield Fault(
                field, "unknown_indicator", {"name": name, "near": ", ".join(nearest(name, dataset.indicators))}
            )
    if target.indicator not in dataset.indicators:
        return
    indicator = dataset.indicators[target.indicator]
    unit = dataset.indicators.units.get(target.unit)
    if indicator.unit not in (target.unit, unit.measured_as if unit else None):
        yield Fault("unit", "unlike_unit", {"unit": target.unit, "declared": indicator.unit})
    if not isinstance(rule, MilestoneRule) and rule.kind in LEVEL_KINDS and _outside(rule.value, indicator):
        yield Fault("rule.value", "out_of_bounds", {"value": rule.value})


def _outside(value: float, indicator: Indicator) -> bool:
    below = indicator.lower is not None and value < indicator.lower
    return below or (indicator.upper is not None and value > indicator.upper)
