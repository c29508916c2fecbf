"""Where the data lie."""

from __future__ import annotations

import os
from pathlib import Path

from toolkit.base.errors import UsageError
from toolkit.base.texts import say

PROVINCES = "provinces"
NATIONAL = ("indicators.yaml", "standards.csv", "breaks.csv", "standard_overlaps.csv")
"""Files that hold for every province of the country."""
PROJECT_DATA = Path(__file__).parents[2] / "data"


def data_folder(path: Path | str | None = None) -> Path:
    """Return the data folder: the argument, else the environment's ``TOOLKIT_DATA``, else the project's ``data/``.

    Raises
    ------
    UsageError
        If there is no such folder.
    """
    chosen = path or os.environ.get("TOOLKIT_DATA") or PROJECT_DATA
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        raise UsageError(say("data.no_folder", folder=folder), say("data.no_folder.remedy"))
    return folder


def file_of(folder: Path, name: str) -> Path:
    """Return where a file of a data folder lies: in it, or, for what a province leaves to the country, above it.

    A folder ``<data>/provinces/<province>`` may leave out the files in :data:`NATIONAL`: those of ``<data>`` hold.
    """
    own, parent = folder / name, folder.resolve().parent
    return own if own.exists() or name not in NATIONAL or parent.name != PROVINCES else parent.parent / name
