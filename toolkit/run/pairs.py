"""Notebooks from their paired scripts (py:percent): ``python -m toolkit.run.pairs FOLDER``.

Cells get the same ids every time, and no outputs, so that a notebook changes only where its script does.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from toolkit.base.files import write_atomic


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


def write_pairs(folder: Path) -> int:
    """Write the notebook of every script of a folder, and return how many."""
    scripts = sorted(folder.glob("*.py"))
    for script in scripts:
        write_atomic(script.with_suffix(".ipynb"), text_of(script))
    return len(scripts)


if __name__ == "__main__":
    sys.exit(0 if write_pairs(Path(sys.argv[1])) else 1)
