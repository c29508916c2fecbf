"""Options that several commands share."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from toolkit.base.texts import texts
from toolkit.run.session import parse_day

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
Level = Annotated[
    str | None, typer.Option("--level", help="province, district or commune.", show_default="province and districts")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Draws = Annotated[int, typer.Option("--draws", help="Joint draws of each path.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of all random numbers.")]
Model = Annotated[str, typer.Option("--model", help="Forecasting model.")]


def day_of(as_of: str | None) -> date:
    """Return the day given with ``--as-of``, today by default."""
    return parse_day(as_of) if as_of else date.today()  # noqa: DTZ011  (a civil date, as on the sender's calendar)
