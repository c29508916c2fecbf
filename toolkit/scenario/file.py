"""Scenario files: scenarios and what to ask of them, in YAML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.base.errors import DataError
from toolkit.base.names import slug
from toolkit.base.texts import say
from toolkit.base.yaml_files import read_yaml
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.schema import Plan
from toolkit.scenario.scenario import Scenario
from toolkit.scenario.steps import AnyStep

MOST_SCENARIOS = 20
Text = Annotated[str, Field(min_length=1, max_length=200)]


class Strict(BaseModel):
    """Frozen, nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Names(Strict):
    """A title in both languages."""

    vi: Text
    en: Text


class Planned(Strict):
    """One scenario: its id, its title, its verbs in order."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")]
    title: Names
    steps: tuple[AnyStep, ...] = ()


class Budget(Strict):
    """A question: effort spread over areas so that most of some targets are met."""

    targets: Annotated[tuple[str, ...], Field(min_length=1)]
    effort: Annotated[float, Field(gt=0)]
    areas: Annotated[tuple[str, ...], Field(min_length=1)]


class ScenarioFile(Strict):
    """A file of scenarios.

    Attributes
    ----------
    title :
        Of the comparison.
    areas, targets :
        What to compare; without targets all that can be judged.
    at_least :
        Numbers k for the question "at least k of the targets".
    scenarios :
        At least one; business as usual always stands beside them.
    budget :
        An optional question.
    """

    title: Names
    areas: Annotated[tuple[str, ...], Field(min_length=1)]
    targets: tuple[str, ...] | None = None
    at_least: tuple[Annotated[int, Field(ge=1)], ...] = ()
    scenarios: Annotated[tuple[Planned, ...], Field(min_length=1, max_length=MOST_SCENARIOS)]
    budget: Budget | None = None


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
    made = {one.id: Scenario(forecasts, dataset, plan, one.id, one.steps) for one in read.scenarios}
    return {usual.name: usual} | {name: scenario for name, scenario in made.items() if slug(name)}
