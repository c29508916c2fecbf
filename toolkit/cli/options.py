"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from toolkit.base.errors import UsageError
from toolkit.base.texts import say, texts
from toolkit.run.session import parse_day

MOST_FOR_MODEL = 3000
"""Figures that are held against the model; for more that would take too long."""
Data = Annotated[
    Path | None, typer.Option("--data", help="Data folder (default: the project's own).", show_default=False)
]
PlanName = Annotated[
    str | None, typer.Option("--plan", help="Plan in data/plans (default: the only one).", show_default=False)
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Use only what was known on this day.", show_default="today"),
]


def speak(language: str) -> str:
    """Make messages, here and in worker processes, come in a language."""
    os.environ["TOOLKIT_LANG"] = texts(language).language
    return language


Lang = Annotated[
    str, typer.Option("--lang", help="Language of the result and of messages: vi or en.", callback=speak, is_eager=True)
]
Speech = Annotated[str, typer.Option("--lang", help="Language of messages: vi or en.", callback=speak, is_eager=True)]
AreaNames = Annotated[
    list[str] | None,
    typer.Option("--area", metavar="CODE|NAME", help="Area by code or name; may be repeated.", show_default=False),
]
Indicators = Annotated[list[str] | None, typer.Option("--indicator", help="Only these indicators.", show_default=False)]
Table = Annotated[
    Path | None,
    typer.Option("--table", help="Any long table: panel,kind,unit,year,value.", show_default="the plan's data"),
]
Level = Annotated[
    str | None, typer.Option("--level", help="province, district or commune.", show_default="province and districts")
]
MappingFile = Annotated[
    Path | None,
    typer.Option("--mapping", "--map", help="YAML file that says what the headers mean.", show_default=False),
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="FIELD=HEADER", help="What a header means; repeatable.", show_default=False),
]
Fixed = Annotated[
    list[str] | None,
    typer.Option("--fixed", metavar="FIELD=VALUE", help="What holds for all rows; repeatable.", show_default=False),
]
Years = Annotated[bool, typer.Option("--years", help="A column for each year (wide table).")]
AreaLevel = Annotated[
    str | None, typer.Option("--area-level", help="Level of areas given by name.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Draws = Annotated[int, typer.Option("--draws", help="Joint draws of each path.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of all random numbers.")]
Model = Annotated[str, typer.Option("--model", help="Forecasting model.")]


def day_of(as_of: str | None) -> date:
    """Return the day given with ``--as-of``, today by default."""
    return parse_day(as_of) if as_of else date.today()  # noqa: DTZ011  (a civil date, as on the sender's calendar)


def existing(files: Iterable[Path]) -> None:
    """Refuse files that are not there.

    Raises
    ------
    UsageError
        Naming the first of them.
    """
    for file in files:
        if not file.is_file():
            raise UsageError(say("cli.no_file", file=file), say("cli.no_file.table"))


def few_enough(figures: int) -> bool:
    """Say whether figures can be held against the model in bearable time; tell the user if not."""
    if figures > MOST_FOR_MODEL:
        print(say("desk.no_model_many", most=MOST_FOR_MODEL), file=sys.stderr)  # noqa: T201
    return figures <= MOST_FOR_MODEL
