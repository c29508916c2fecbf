"""Scenarios: a name and a chain of verbs over one set of forecasts, in Python or from a file. Nothing ever changes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Concatenate, ParamSpec, TypeVar

import numpy as np
from pydantic import Field, GetCoreSchemaHandler, GetPydanticSchema, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass
from pydantic_core import CoreSchema, core_schema

from toolkit.base.errors import DataError, UsageError
from toolkit.base.texts import say, slug
from toolkit.base.yaml_files import read_yaml
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Both, Declaration, Scope
from toolkit.forecast.paths import Path as ForecastPath
from toolkit.forecast.store import Forecasts
from toolkit.models.panel import FloatArray, IntArray
from toolkit.plan.plan import Plan
from toolkit.scenario import steps as verbs
from toolkit.scenario.propagate import Setting, shift_between
from toolkit.scenario.steps import STRICT, VERBS, Shifting, Step


@checked_dataclass(frozen=True, config=STRICT)
class Applied(Shifting):
    """Change the draws of one indicator by a function of one's own; in Python alone, never from a file.

    Parameters
    ----------
    indicator, scope, areas :
        What moves, and where.
    function :
        From draws (S, T) and years (T,) to draws of the same shape, in the indicator's unit. Only years that are
        still open change, inside the indicator's bounds.
    """

    verb: ClassVar[str] = "apply"
    function: Callable[[FloatArray, IntArray], Any]

    def shift(self, path: ForecastPath, setting: Setting) -> FloatArray:
        """Return the shift to what the function gives."""
        changed = np.asarray(self.function(path.draws.copy(), path.years.copy()), dtype=np.float64)
        if changed.shape != path.draws.shape or not np.isfinite(changed).all():
            fields = {"wanted": path.draws.shape, "given": changed.shape}
            raise UsageError(say("scenario.bad_function", **fields), say("scenario.bad_function.remedy"))
        indicator = setting.indicator(path.indicator)
        return shift_between(path, np.clip(changed, indicator.lower, indicator.upper), setting)


P = ParamSpec("P")
S = TypeVar("S", bound=Step)
MOST_SCENARIOS = 20


def checked_step(step: Callable[P, S], *args: P.args, **parameters: P.kwargs) -> S:
    """Return a step, or refuse its parameters as a user's mistake."""
    try:
        return step(*args, **parameters)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        fields = {"verb": getattr(step, "verb", ""), "faults": faults}
        raise UsageError(say("scenario.bad_step", **fields), say("scenario.bad_step.remedy")) from error


def _method(step: Callable[P, Step]) -> Callable[Concatenate[Scenario, P], Scenario]:
    """Return the method that adds a step: its parameters and its help are those of the step."""

    def method(self: Scenario, /, *args: P.args, **parameters: P.kwargs) -> Scenario:
        return self.then(checked_step(step, *args, **parameters))

    given = inspect.signature(step)
    first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    shape = given.replace(parameters=[first, *given.parameters.values()], return_annotation="Scenario")
    vars(method)["__signature__"] = shape
    method.__doc__, method.__name__ = step.__doc__, getattr(step, "verb", "")
    method.__qualname__ = f"Scenario.{method.__name__}"
    return method


@dataclass(frozen=True)
class Scenario:
    """A chain of verbs on forecasts; every verb returns a new scenario.

    Attributes
    ----------
    base :
        The forecasts as they are: business as usual.
    dataset :
        The data that they were made from.
    plan :
        The plan that they were made for.
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
    steps: tuple[Step, ...] = ()

    business_as_usual = _method(verbs.BusinessAsUsual)
    required_pace = _method(verbs.RequiredPace)
    fixed_target = _method(verbs.FixedTarget)
    fixed_pace = _method(verbs.FixedPace)
    change_of_pace = _method(verbs.ChangeOfPace)
    peers_pace = _method(verbs.PeersPace)
    halt_rise = _method(verbs.HaltRise)
    shock = _method(verbs.Shock)
    planned_values = _method(verbs.PlannedValues)
    new_standard = _method(verbs.NewStandard)

    @cached_property
    def forecasts(self) -> Forecasts:
        """The forecasts after all verbs."""
        made, setting = self.base, Setting(self.dataset, self.plan)
        for step in self.steps:
            made = step.apply(made, setting)
        return made

    def named(self, name: str) -> Scenario:
        """Return the same scenario under another name."""
        return replace(self, name=name)

    def then(self, step: Step) -> Scenario:
        """Return this scenario with one more verb; unknown names and years in the past are refused."""
        step.check(self.base, Setting(self.dataset, self.plan))
        return replace(self, steps=(*self.steps, step))

    def apply(
        self,
        function: Callable[[FloatArray, IntArray], Any],
        indicator: str | None = None,
        *,
        scope: Scope = "all",
        areas: Sequence[str] | None = None,
    ) -> Scenario:
        """Return this scenario with a change of one's own: `function` from draws (S, T) and years (T,) to draws.

        Parameters
        ----------
        function :
            Gets draws in the indicator's unit and years, and returns draws of the same shape. Only open years change.
        indicator, scope :
            What moves; by default what the verb before moves.
        areas :
            Codes or names; all by default.

        Raises
        ------
        UsageError
            If no indicator is named and no verb before has one.

        Examples
        --------
        >>> usual.apply(lambda draws, years: draws * (1 - 0.02 * (years > 2027)), "poverty_rate")
        <Scenario –: apply>
        """
        before = [step.parameters for step in self.steps if "indicator" in step.parameters]
        if indicator is None and not before:
            raise UsageError(say("scenario.no_indicator"), say("scenario.no_indicator.remedy"))
        if indicator is None:
            indicator, scope = before[-1]["indicator"], before[-1].get("scope", scope)
        return self.then(checked_step(Applied, indicator, function, scope=scope, areas=areas))

    def __repr__(self) -> str:
        """Return the name and the verbs."""
        chain = " → ".join(step.verb for step in self.steps) or "business_as_usual"
        return f"<Scenario {self.name or '–'}: {chain}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002  (IPython gives both)
        printer.text(repr(self))


# ---- scenario files


def _without_verb(content: Any) -> Any:
    if not isinstance(content, Mapping):
        return content
    return {name: value for name, value in content.items() if name != "verb"}


def _by_verb(_: object, handler: GetCoreSchemaHandler) -> CoreSchema:
    choices: dict[Any, CoreSchema] = {
        verb: core_schema.no_info_before_validator_function(_without_verb, handler.generate_schema(step))
        for verb, step in VERBS.items()
    }
    return core_schema.tagged_union_schema(choices, discriminator="verb", from_attributes=True)


AnyStep = Annotated[Step, GetPydanticSchema(_by_verb)]
"""A step as it stands in a file: the verb beside its parameters."""


class Planned(Declaration):
    """One scenario of a file.

    Attributes
    ----------
    id :
        Its name in tables and in files.
    title :
        Its name on pages, in both languages.
    steps :
        Its verbs, in order.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")]
    title: Both
    steps: tuple[AnyStep, ...] = ()


class ScenarioFile(Declaration):
    """A file of scenarios.

    Attributes
    ----------
    title :
        Of the comparison.
    areas :
        Codes or names of the areas to compare.
    targets :
        Numbers of the targets to compare; by default all that can be judged.
    at_least :
        Numbers k for the question "at least k of the targets".
    scenarios :
        At least one; business as usual always stands beside them.
    """

    title: Both
    areas: Annotated[tuple[str, ...], Field(min_length=1)]
    targets: tuple[str, ...] | None = None
    at_least: tuple[Annotated[int, Field(ge=1)], ...] = ()
    scenarios: Annotated[tuple[Planned, ...], Field(min_length=1, max_length=MOST_SCENARIOS)]


def read_scenarios(file: Path) -> ScenarioFile:
    """Return what a scenario file says.

    Raises
    ------
    DataError
        With every problem of the file: what cannot be read, unknown verbs and parameters, two scenarios of one id.
    """
    text = read_yaml(file, room="scenario")
    if not text.problems:
        try:
            read = ScenarioFile.model_validate(text.content if isinstance(text.content, Mapping) else {})
        except ValidationError as error:
            for fault in error.errors():
                place = fault["loc"]
                shown = fault.get("input")
                value = "" if isinstance(shown, Mapping | list | tuple) or shown is None else shown
                text.add(place, ".".join(map(str, place)), "bad_field", {"reason": fault["msg"]}, value)
        else:
            ids = [one.id for one in read.scenarios]
            for at, one in enumerate(ids):
                if one in ids[:at]:
                    text.add(("scenarios", at, "id"), "scenarios", "twice", value=one)
            if not text.problems:
                return read
    raise DataError(say("scenario.file.refused", file=file.name), text.problems, say("scenario.file.remedy"))


def scenarios_of(read: ScenarioFile, forecasts: Forecasts, dataset: Dataset, plan: Plan) -> dict[str, Scenario]:
    """Return the scenarios of a file by id, business as usual first."""
    usual = Scenario(forecasts, dataset, plan, "business_as_usual")
    made = {one.id: Scenario(forecasts, dataset, plan, one.id) for one in read.scenarios}
    for one in read.scenarios:
        for step in one.steps:
            made[one.id] = made[one.id].then(step)
    return {usual.name: usual} | {name: scenario for name, scenario in made.items() if slug(name)}
