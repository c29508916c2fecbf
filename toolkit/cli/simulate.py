"""``toolkit simulate``: a data folder with complete, made-up figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.cli import options


def simulate(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to make; must be empty or new.")],
    level: Annotated[str, typer.Option("--level", help="district, or commune for their communes too.")] = "district",
    communes: Annotated[
        int, typer.Option("--communes", help="Make communes up until so many are in force (for load).")
    ] = 0,
    first: Annotated[int, typer.Option("--first", help="First year with figures.")] = 2015,
    last: Annotated[int, typer.Option("--last", help="Last year with figures.")] = 2025,
    truth_until: Annotated[int, typer.Option("--truth-until", help="Last year of the truth written down.")] = 2030,
    seed: Annotated[int, typer.Option("--seed", help="Seed: the same one gives the same bytes.")] = 138,
    noise: Annotated[float, typer.Option("--noise", help="Errors of measurement, sd on the link scale.")] = 0.0,
    gaps: Annotated[float, typer.Option("--gaps", help="Share of figures that are missing.")] = 0.0,
    breaks: Annotated[bool, typer.Option("--breaks/--no-breaks", help="Changes of standard change levels.")] = True,
    errors: Annotated[int, typer.Option("--errors", help="Mistakes planted in with_errors.csv.")] = 0,
    as_of: options.AsOf = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (the option itself sets the language)
    data: options.Data = None,
    plan: options.PlanName = None,
) -> None:
    """Make a data folder with figures for everything that a plan needs, and the truth behind them.

    Its figures are made up: every page made from them says so.

    Example: toolkit simulate --out sim --gaps 0.2 --errors 30

    Example: toolkit report --data sim
    """
    from toolkit.data.dataset import load
    from toolkit.data.folder import data_folder
    from toolkit.intake.simulate import Simulation
    from toolkit.intake.simulate import simulate as write_folder
    from toolkit.plan.load import load_plan

    if level not in ("district", "commune"):
        raise UsageError(say("data.no_level", level=level), say("base.choose", choices="district, commune"))
    folder = data_folder(data)
    dataset = load(folder, as_of=options.day_of(as_of))
    loaded = load_plan(plan, folder=folder)
    wanted = Simulation(
        level=cast("Literal['district', 'commune']", level),
        first=first,
        last=last,
        truth_until=truth_until,
        seed=seed,
        noise=noise,
        gaps=gaps,
        breaks=breaks,
        errors=errors,
        communes=communes,
    )
    write_folder(dataset, loaded, out, wanted)
    print(say("desk.simulate.written", folder=out))  # noqa: T201
