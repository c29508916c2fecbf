"""What may be passed to each parameterized notebook: one strict model for each, held against its tagged cell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from toolkit.base.errors import UsageError
from toolkit.base.texts import nearest, say
from toolkit.reports.context import ROUND_NAME
from toolkit.run.notebook import Parameter, read_parameters


def _day(text: str) -> str:
    if text:
        date.fromisoformat(text)
    return text


Round = Annotated[str, Field(pattern=rf"^({ROUND_NAME.pattern})?$", description="report.parameter.cycle")]
Code = Annotated[str, Field(pattern=r"^(\d{2}|\d{3}|\d{5})$", description="run.parameter.area_code")]
Day = Annotated[str, AfterValidator(_day), Field(description="run.parameter.as_of")]


class Parameters(BaseModel):
    """What all parameterized notebooks take. Nothing is converted: a code is a text, 1 is no truth value."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    language: Annotated[Literal["vi", "en"], Field(description="run.parameter.language")] = "vi"
    as_of: Day = ""
    run_folder: Annotated[str, Field(description="run.parameter.run_folder")] = ""
    data_folder: Annotated[str, Field(description="run.parameter.data_folder")] = ""
    cycle: Round = ""
    papers: Annotated[str, Field(description="report.parameter.papers")] = ""


class AreaReport(Parameters):
    """Parameters of ``area_report.ipynb``."""

    area_code: Code


class PlanSummary(Parameters):
    """Parameters of ``plan_summary.ipynb``."""

    level: Annotated[Literal["province", "district", "commune"], Field(description="run.parameter.level")]
    since: Annotated[str, Field(description="report.parameter.since")] = ""


MODELS: Mapping[str, type[Parameters]] = {"area_report.ipynb": AreaReport, "plan_summary.ipynb": PlanSummary}


def check_parameters(template: Path, given: Mapping[str, Parameter]) -> None:
    """Refuse parameters that are unknown, missing or mistyped, before anything starts.

    A notebook with a model is checked by it, and its tagged cell must declare just what the model does; any other
    notebook is checked against its tagged cell alone. papermill itself would only log an unknown parameter.

    Raises
    ------
    UsageError
        Naming the parameter, and the nearest declared one or what would be right.
    """
    declared = read_parameters(template).defaults
    for name, value in given.items():
        if name not in declared:
            message = say("run.unknown_parameter", template=template.name, name=name)
            raise UsageError(message, say("data.nearest", near=", ".join(nearest(name, declared))))
        if type(value) is not type(declared[name]):
            kinds = {"wanted": type(declared[name]).__name__, "given": type(value).__name__}
            message = say("run.mistyped_parameter", template=template.name, name=name, **kinds)
            raise UsageError(message, say("run.mistyped_parameter.remedy"))
    model = MODELS.get(template.name)
    if model is not None:
        _check_cell(template, model, declared)
        _check_values(template, model, given)


def _check_cell(template: Path, model: type[Parameters], declared: Mapping[str, Parameter]) -> None:
    if set(declared) != set(model.model_fields):
        names = ", ".join(sorted(set(declared) ^ set(model.model_fields)))
        raise UsageError(say("run.cell_differs", template=template.name, names=names), say("run.cell_differs.remedy"))


def _check_values(template: Path, model: type[Parameters], given: Mapping[str, Parameter]) -> None:
    try:
        model.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "missing":
            message = say("run.missing_parameter", template=template.name, name=name)
        else:
            message = say("run.bad_parameter", template=template.name, name=name, value=given[name])
        raise UsageError(message, f"{name}: {say(str(model.model_fields[name].description))}") from error


def describe_parameters(template: Path) -> list[dict[str, Any]]:
    """Return one entry a parameter: name, type, default, whether it is required, allowed values, and help.

    Raises
    ------
    UsageError
        If the file is no notebook with a usable cell of parameters.
    """
    declared = read_parameters(template).defaults
    model = MODELS.get(template.name)
    if model is None:
        return [
            {"name": name, "type": type(value).__name__, "default": value, "required": False, "allowed": "", "help": ""}
            for name, value in declared.items()
        ]
    _check_cell(template, model, declared)
    properties = model.model_json_schema()["properties"]
    return [
        {
            "name": name,
            "type": type(value).__name__,
            "default": value,
            "required": model.model_fields[name].is_required(),
            "allowed": _allowed(properties[name]),
            "help": say(str(model.model_fields[name].description)),
        }
        for name, value in declared.items()
    ]


def _allowed(schema: Mapping[str, Any]) -> str:
    return ", ".join(schema["enum"]) if "enum" in schema else str(schema.get("pattern", ""))
