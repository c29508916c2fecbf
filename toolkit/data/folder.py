"""Where the data lie."""

from __future__ import annotations

import os
from pathlib import Path

from toolkit.base.errors import UsageError
from toolkit.base.texts import say

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
