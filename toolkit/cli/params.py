"""``toolkit params``: what may be passed to a parameterized notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from toolkit.base.texts import say
from toolkit.cli import options


def params(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="A notebook with a cell tagged 'parameters'.")],
    lang: options.Speech = "vi",  # noqa: ARG001  (the option itself sets the language)
    as_json: options.Json = False,
) -> None:
    """Print the parameters of a notebook: name, type, default, what is allowed, and what it means.

    Example: toolkit params parameterized/area_report.ipynb --lang en
    """
    from toolkit.run.notebook import describe_parameters

    entries = describe_parameters(notebook)
    if as_json:
        print(json.dumps(entries, ensure_ascii=False, indent=1))  # noqa: T201
        return
    for entry in entries:
        state = say("run.required") if entry["required"] else f"= {json.dumps(entry['default'], ensure_ascii=False)}"
        allowed = f" [{entry['allowed']}]" if entry["allowed"] else ""
        print(f"{entry['name']}: {entry['type']}{allowed} {state}\n    {entry['help']}".rstrip())  # noqa: T201
