"""Options that several commands share, and what they stand for: a day, files, data and plan, areas."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from toolkit.base.errors import UsageError, need_extra
from toolkit.base.texts import interface_language, say, texts
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.make import check_numbers
from toolkit.plan.plan import Plan
from toolkit.run.session import parse_day, plan_areas


def option(names: str, text: str, usual: str | bool = True, **more: Any) -> Any:
    """Return an option of a command.

    Parameters
    ----------
    names :
        Its names, with spaces between them.
    text :
        What its help says.
    usual :
        What its help says in place of a default that is None.
    more :
        As typer has it: ``metavar``, ``min``, ``callback`` …
    """
    return typer.Option(*names.split(), help=text, show_default=usual, **more)


Data = Annotated[Path | None, option("--data", "Data folder (default: the project's own).")]
PlanName = Annotated[str | None, option("--plan", "Plan in data/plans (default: the only one).")]
AsOf = Annotated[str | None, option("--as-of", "Use only what was known on this day.", "today", metavar="DATE")]


Choice = TypeVar("Choice", bound=str)


def speak(language: str) -> str:
    """Make messages, here and in worker processes, come in a language."""
    os.environ["TOOLKIT_LANG"] = texts(language).language
    return language


Lang = Annotated[
    str, option("--lang", "Language of the result and of messages: vi or en.", callback=speak, is_eager=True)
]
Speech = Annotated[str, option("--lang", "Language of messages: vi or en.", callback=speak, is_eager=True)]
AreaNames = Annotated[list[str] | None, option("--area", "Area by code or name; may be repeated.", metavar="CODE|NAME")]
IndicatorNames = Annotated[list[str] | None, option("--indicator", "Only these indicators.")]
TableFile = Annotated[Path | None, option("--table", "Any long table: panel,kind,unit,year,value.", "the plan's data")]
LevelName = Annotated[
    str | None, option("--level", "province, district, commune; several with commas.", "province,district")
]
MappingFile = Annotated[Path | None, option("--mapping --map", "YAML file that says what the headers mean.")]
Columns = Annotated[list[str] | None, option("--column", "What a header means; repeatable.", metavar="FIELD=HEADER")]
Fixed = Annotated[list[str] | None, option("--fixed", "What holds for all rows; repeatable.", metavar="FIELD=VALUE")]
Years = Annotated[bool, option("--years", "A column for each year (wide table).")]
AreaLevel = Annotated[str | None, option("--area-level", "Level of areas given by name.")]
By = Annotated[str | None, option("--by", "Who delivers.", "your login", metavar="NAME")]
Json = Annotated[bool, option("--json", "Print the result as JSON.")]
DrawCount = Annotated[
    int,
    option(
        "--draws", "Joint draws of each path, 100 to 20000.", callback=lambda given: check_numbers(draws=given) or given
    ),
]
Seed = Annotated[
    int, option("--seed", "Seed of all random numbers.", callback=lambda given: check_numbers(seed=given) or given)
]
Notebook = Annotated[
    Path | None, option("--notebook", "Your own, run for each area in place of the report.", metavar="FILE")
]
Model = Annotated[str, option("--model", "Forecasting model.")]


def deliverer(by: str | None) -> str:
    """Return who delivers: the name given, else that of the user's login, if it has one."""
    try:
        return by or getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def counted_day(as_of: str | None) -> date:
    """Return the day given with ``--as-of``, today by default."""
    return parse_day(as_of) if as_of else date.today()  # noqa: DTZ011  (a civil date, as on the sender's calendar)


def forms(given: str, known: Sequence[str]) -> list[str]:
    """Return the forms that a list names, of those that are known; papers need an extra, which is named if missing."""
    found = [one_of(name.strip(), known, "cli.no_format", formats=name.strip()) for name in given.split(",")]
    if found != ["html"]:
        need_extra("documents")
    return found


def one_of(given: str, choices: Sequence[Choice], key: str, **fields: object) -> Choice:
    """Return the choice that was given.

    Parameters
    ----------
    key, fields :
        Of what is said of any other value.

    Raises
    ------
    UsageError
        Naming the choices.
    """
    for choice in choices:
        if given == choice:
            return choice
    raise UsageError(say(key, **fields), say("base.choose", choices=", ".join(choices)))


def existing(files: Iterable[Path], remedy: str = "cli.no_file.table") -> None:
    """Refuse files that are not there.

    Parameters
    ----------
    remedy :
        Key of what to do then.

    Raises
    ------
    UsageError
        Naming the first of them.
    """
    for file in files:
        if not file.is_file():
            raise UsageError(say("cli.no_file", file=file), say(remedy))


def data_and_plan(
    data: Path | None, plan: str | None, as_of: str | None, indicators: Sequence[str] | None = None
) -> tuple[Dataset, Plan]:
    """Return what was known on a day and the plan, by the values of the options; unknown indicators are refused."""
    from toolkit.data.dataset import data_folder, load
    from toolkit.plan.load import load_plan

    folder = data_folder(data)
    dataset = load(folder, as_of=counted_day(as_of))
    loaded = load_plan(plan, folder=folder)
    for name in indicators or ():
        dataset.indicators.get(name)
    return dataset, loaded


def wanted_areas(
    dataset: Dataset, plan: Plan, names: Sequence[str] | None, level: str | None, *, others: bool = False
) -> tuple[Area, ...]:
    """Return the areas asked for; without names, those of the level, or the province and its districts.

    With names, several levels say no more of what a name means than none. Areas outside the plan's province, which
    are held to compare with, are only taken if `others` are.

    Raises
    ------
    UsageError
        For an unknown or ambiguous name, with the nearest names or the codes to choose from.
    """
    several = plan_areas(dataset, plan, level) if not names or (level and "," in level) else ()
    if not names:
        return tuple(several)
    found = [dataset.areas.find(name, level=None if several else level, on=dataset.as_of) for name in names]
    for area in found:
        _check_in_force(dataset, area)
        above = {area.code, *(one.code for one in dataset.areas.ancestors(area.code, area.valid_from))}
        if not others and plan.province_code not in above:
            fields = {"area": area.name(interface_language()), "plan": plan.number}
            raise UsageError(say("cli.not_of_plan", **fields), say("cli.not_of_plan.remedy"))
    return tuple({area.code: area for area in found}.values())


def _check_in_force(dataset: Dataset, area: Area) -> None:
    """Refuse an ended commune: planning goes on in its heir. Former districts keep their past, and their reports."""
    if area.level != "commune" or area.in_force(dataset.as_of):
        return
    codes = dict.fromkeys(link.new_commune_code for link in dataset.crosswalk.new_of(area.code))
    heirs = [dataset.areas.get(code, dataset.as_of) for code in codes]
    language = interface_language()
    listed = ", ".join(f"{heir.code} {heir.name(language)}" for heir in heirs) or say("cli.heirs_unknown")
    message = say("cli.ended", code=area.code, name=area.name(language), day=area.valid_to)
    raise UsageError(message, say("cli.ended.remedy", heirs=listed))
