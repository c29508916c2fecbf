"""``toolkit bench``: speed and memory, as ratios within one run."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from toolkit.cli import options


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="At most 65 areas, no cluster and no large table.")] = False,
    areas: Annotated[
        list[int] | None, typer.Option("--areas", min=1, help="Numbers of areas.", show_default="11, 65, 700")
    ] = None,
    statsforecast: Annotated[
        str, typer.Option("--statsforecast", metavar="PYTHON", help="Interpreter that has statsforecast.")
    ] = "",
    lang: options.Speech = "vi",  # noqa: ARG001  (the option itself sets the language)
    as_json: options.Json = False,
) -> None:
    """Measure speed and memory against the budgets; exit code 1 if one was not held.

    Example: toolkit bench --quick
    """
    from toolkit.run.bench import COMMUNES, DISTRICTS, MANY, measured, table_of
    from toolkit.run.manifest import commit, versions

    counts = [count for count in areas or (DISTRICTS, COMMUNES, MANY) if count <= COMMUNES or not quick]
    lines = measured(counts, statsforecast=statsforecast, large=not quick)
    if as_json:
        print(json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=1))  # noqa: T201
    else:
        known = versions()
        print(f"langson-toolkit {known['langson-toolkit']} {commit()}, Python {known['python']}")  # noqa: T201
        print(table_of(lines))  # noqa: T201
    if any(line.held is False for line in lines):
        sys.exit(1)
