"""Small notebooks made for tests."""

from __future__ import annotations

from pathlib import Path

import nbformat


def write_notebook(path: Path, *cells: str, parameters: str = 'area_code: str = "20"\n') -> Path:
    """Write a notebook with a tagged cell of parameters and some code cells."""
    tagged = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}, id="parameters")
    others = [nbformat.v4.new_code_cell(cell, id=f"cell-{number}") for number, cell in enumerate(cells)]
    metadata = {"kernelspec": {"name": "a-kernel-that-is-not-here", "display_name": "none"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        nbformat.writes(nbformat.v4.new_notebook(cells=[tagged, *others], metadata=metadata)), encoding="utf-8"
    )
    return path
