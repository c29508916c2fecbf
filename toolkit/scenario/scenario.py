"""A scenario: a name and a chain of verbs over one set of forecasts. Nothing in it ever changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from toolkit.base.errors import UsageError
from toolkit.base.problems import closest
from toolkit.base.texts import say
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Scope
from toolkit.forecast.store import Forecasts
from toolkit.plan.schema import Plan
from toolkit.plan.targets import Operator
from toolkit.scenario.setting import Setting
from toolkit.scenario.steps import VERBS, AnyStep, Recovery, Spread, Start, Which
from toolkit.scenario.verbs import apply_step

Names = Sequence[str] | None
_STEP: TypeAdapter[AnyStep] = TypeAdapter(AnyStep)


def step_from(content: Mapping[str, object]) -> AnyStep:
    """Return a verb with its parameters, checked.

    Raises
    ------
    UsageError
        For an unknown verb (with the nearest), and for unknown, missing or impossible parameters.
    """
    verb = content.get("verb")
    if verb not in VERBS:
        near = ", ".join(closest(str(verb), VERBS) or VERBS)
        raise UsageError(say("scenario.no_verb", verb=verb), say("data.nearest", near=near))
    try:
        return _STEP.validate_python(dict(content))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors())
        raise UsageError(say("scenario.bad_step", verb=verb, faults=faults), say("scenario.bad_step.remedy")) from error


@dataclass(frozen=True)
class Scenario:
    """A chain of verbs on forecasts; every verb returns a new scenario.

    Attributes
    ----------
    base :
        The forecasts as they are: business as usual.
    dataset, plan :
        What they were made from.
    name :
        How tables and charts call it.
    steps :
        The verbs so far, applied in order.

    Examples
    --------
    >>> usual = Scenario(run.forecasts, run.dataset, run.plan)
    >>> plan = usual.required_pace("T30-03", probability=0.8).halt_rise("poverty_rate")
    >>> plan, usual.steps
    (<Scenario –: required_pace → halt_rise>, ())
    """

    base: Forecasts
    dataset: Dataset
    plan: Plan
    name: str = ""
    steps: tuple[AnyStep, ...] = ()

    @cached_property
    def forecasts(self) -> Forecasts:
        """The forecasts after all verbs."""
        made, setting = self.base, Setting(self.dataset, self.plan)
        for step in self.steps:
            made = apply_step(made, step, setting)
        return made

    def named(self, name: str) -> Scenario:
        """Return the same scenario under another name."""
        return replace(self, name=name)

    def then(self, step: AnyStep) -> Scenario:
        """Return this scenario with one more verb."""
        return replace(self, steps=(*self.steps, step))

    def __repr__(self) -> str:
        """Return the name and the verbs."""
        verbs = " → ".join(step.verb for step in self.steps) or "business_as_usual"
        return f"<Scenario {self.name or '–'}: {verbs}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002  (IPython gives both)
        printer.text(repr(self))

    def _with(self, verb: str, **fields: object) -> Scenario:
        given = {key: value for key, value in fields.items() if value is not None}
        return self.then(step_from({"verb": verb} | given))

    def business_as_usual(self) -> Scenario:
        """Return the scenario unchanged; see :class:`toolkit.scenario.steps.BusinessAsUsual`."""
        return self._with("business_as_usual")

    def required_pace(
        self,
        target: str,
        *,
        probability: float = 0.5,
        counted_from: Start = "last",
        keep_better: bool = True,
        areas: Names = None,
    ) -> Scenario:
        """Add the effort that meets a target of the plan; see :class:`toolkit.scenario.steps.RequiredPace`."""
        fields = {"probability": probability, "counted_from": counted_from, "keep_better": keep_better}
        return self._with("required_pace", target=target, areas=areas, **fields)

    def required_pace_to(
        self,
        indicator: str,
        op: Operator,
        value: float,
        due: int,
        *,
        scope: Scope = "all",
        probability: float = 0.5,
        areas: Names = None,
    ) -> Scenario:
        """Add the effort that meets a level of one's own; see :class:`toolkit.scenario.steps.RequiredPace`."""
        fields = {"op": op, "value": float(value), "due": due, "probability": probability}
        return self._with("required_pace", indicator=indicator, scope=scope, areas=areas, **fields)

    def fixed_target(
        self,
        indicator: str,
        value: float,
        year: int,
        *,
        scope: Scope = "all",
        spread: Spread = "kept",
        areas: Names = None,
    ) -> Scenario:
        """Lead the median to a value; see :class:`toolkit.scenario.steps.FixedTarget`."""
        fields = {"value": float(value), "year": year, "spread": spread}
        return self._with("fixed_target", indicator=indicator, scope=scope, areas=areas, **fields)

    def change_of_pace(
        self,
        indicator: str,
        *,
        points: float | None = None,
        percent: float | None = None,
        from_year: int | None = None,
        to_year: int | None = None,
        scope: Scope = "all",
        areas: Names = None,
    ) -> Scenario:
        """Add a yearly pace; see :class:`toolkit.scenario.steps.ChangeOfPace`."""
        sizes = {"points": points, "percent": percent}
        given = {key: None if size is None else float(size) for key, size in sizes.items()}
        years = {"from_year": from_year, "to_year": to_year}
        return self._with("change_of_pace", indicator=indicator, scope=scope, areas=areas, **given, **years)

    def peers_pace(
        self,
        indicator: str,
        which: Which = "median",
        *,
        from_year: int | None = None,
        to_year: int | None = None,
        scope: Scope = "all",
        areas: Names = None,
    ) -> Scenario:
        """Move at a pace that peers kept; see :class:`toolkit.scenario.steps.PeersPace`."""
        fields = {"which": which, "from_year": from_year, "to_year": to_year}
        return self._with("peers_pace", indicator=indicator, scope=scope, areas=areas, **fields)

    def halt_rise(
        self, indicator: str, *, from_year: int | None = None, scope: Scope = "all", areas: Names = None
    ) -> Scenario:
        """Let nothing get worse; see :class:`toolkit.scenario.steps.HaltRise`."""
        return self._with("halt_rise", indicator=indicator, scope=scope, from_year=from_year, areas=areas)

    def shock(
        self,
        indicator: str,
        year: int,
        *,
        points: float | None = None,
        percent: float | None = None,
        recovery: Recovery = "slow",
        scope: Scope = "all",
        areas: Names = None,
    ) -> Scenario:
        """Strike in one year; see :class:`toolkit.scenario.steps.Shock`."""
        sizes = {"points": points, "percent": percent}
        given = {key: None if size is None else float(size) for key, size in sizes.items()}
        fields = {"year": year, "recovery": recovery}
        return self._with("shock", indicator=indicator, scope=scope, areas=areas, **given, **fields)

    def planned_values(
        self,
        indicator: str,
        values: Mapping[int, float] | None = None,
        *,
        by_area: Mapping[str, Mapping[int, float]] | None = None,
        scope: Scope = "all",
        spread: Spread = "kept",
        areas: Names = None,
    ) -> Scenario:
        """Run through planned values; see :class:`toolkit.scenario.steps.PlannedValues`."""
        planned = None if values is None else _floats(values)
        each = None if by_area is None else {name: _floats(found) for name, found in by_area.items()}
        fields = {"values": planned, "by_area": each, "spread": spread}
        return self._with("planned_values", indicator=indicator, scope=scope, areas=areas, **fields)

    def new_standard(
        self, indicator: str, year: int, *, mean: float, sd: float, skew: float = 0.0, areas: Names = None
    ) -> Scenario:
        """Measure on another standard from a year on; see :class:`toolkit.scenario.steps.NewStandard`."""
        fields = {"year": year, "mean": float(mean), "sd": float(sd), "skew": float(skew)}
        return self._with("new_standard", indicator=indicator, areas=areas, **fields)


def _floats(values: Mapping[int, float]) -> dict[int, float]:
    return {year: float(value) for year, value in values.items()}
