"""Scenario files: scenarios and what to ask of them, in YAML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.base.errors import DataError, Problem
from toolkit.base.names import slug
from toolkit.base.texts import say
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
    """

    title: Names
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
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        row = mark.line + 1 if mark else 1
        reason = str(getattr(error, "problem", None) or error)
        raise _refused(file, [Problem(file.name, row, "", "", reason, say("scenario.file.remedy"))]) from error
    try:
        read = ScenarioFile.model_validate(content if isinstance(content, Mapping) else {})
    except ValidationError as error:
        raise _refused(file, [_problem(file, dict(fault)) for fault in error.errors()]) from error
    ids = [one.id for one in read.scenarios]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        fault = Problem(file.name, 1, "scenarios", ", ".join(twice), say("scenario.twice"), say("scenario.file.remedy"))
        raise _refused(file, [fault])
    return read


def _refused(file: Path, problems: list[Problem]) -> DataError:
    return DataError(say("scenario.file.refused", file=file.name), problems, say("scenario.file.remedy"))


def _problem(file: Path, fault: Mapping[str, Any]) -> Problem:
    place = ".".join(str(part) for part in fault["loc"])
    value = fault.get("input")
    shown = "" if isinstance(value, Mapping | list | tuple) or value is None else str(value)[:80]
    return Problem(file.name, 1, place, shown, str(fault["msg"]), say("scenario.bad_step.remedy"))


def scenarios_of(read: ScenarioFile, forecasts: Forecasts, dataset: Dataset, plan: Plan) -> dict[str, Scenario]:
    """Return the scenarios of a file by id, business as usual first."""
    usual = Scenario(forecasts, dataset, plan, "business_as_usual")
    made = {one.id: Scenario(forecasts, dataset, plan, one.id, one.steps) for one in read.scenarios}
    return {usual.name: usual} | {name: scenario for name, scenario in made.items() if slug(name)}
