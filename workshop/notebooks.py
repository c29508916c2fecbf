"""The researchers' notebooks: written from their scripts, and all run, one after another, as a reader would.

``python -m workshop.notebooks write FOLDER`` makes the notebook of every script (py:percent) of a folder. Cells get
the same ids every time, and no outputs, so that a notebook changes only where its script does.
``python -m workshop.notebooks run FOLDER OUT`` puts executed copies into another folder.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toolkit.base.errors import ToolkitError
from toolkit.base.files import write_atomic
from toolkit.run.notebook import execute


def notebook_of(script: Path) -> Any:
    """Return the notebook of a script, with ids ``cell-01``, ``cell-02`` … and without outputs."""
    import jupytext  # type: ignore[import-untyped]

    notebook = jupytext.read(script)
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"cell-{number:02d}"
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata["jupytext"] = {"formats": "ipynb,py:percent"}
    notebook["nbformat_minor"] = 5
    return notebook


def text_of(script: Path) -> str:
    """Return the notebook of a script as the text of its file."""
    import nbformat

    return f"{nbformat.writes(notebook_of(script)).rstrip()}\n"


def write_pairs(folder: Path) -> None:
    """Write the notebook of every script of a folder."""
    for script in sorted(folder.glob("*.py")):
        write_atomic(script.with_suffix(".ipynb"), text_of(script))


def run_folder(notebooks: Path, output: Path) -> int:
    """Execute every notebook of a folder and return how many failed."""
    failed = 0
    for notebook in sorted(notebooks.glob("*.ipynb")):
        started = time.perf_counter()
        try:
            execute(notebook, output / notebook.name, {}, needs_parameters=False)
            outcome = "done"
        except ToolkitError as error:
            outcome, failed = f"FAILED – {error}", failed + 1
        print(f"{notebook.name}: {outcome} ({time.perf_counter() - started:.1f} s)", flush=True)  # noqa: T201
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or run the notebooks of a folder; the exit code is 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    write, run = commands.add_parser("write"), commands.add_parser("run")
    for command in (write, run):
        command.add_argument("folder", type=Path)
    run.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    if not options.folder.is_dir() or not any(options.folder.glob("*.py" if options.command == "write" else "*.ipynb")):
        parser.error(f"{options.folder} holds nothing to {options.command}")
    if options.command == "write":
        write_pairs(options.folder)
        return 0
    return int(bool(run_folder(options.folder, options.out)))


if __name__ == "__main__":
    sys.exit(main())
