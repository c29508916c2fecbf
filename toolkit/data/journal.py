"""Several files of a data folder changed at once: all of them or none, however the program ends.

The new files are written into a hidden folder beside the old ones. Then one rename puts down that they hold:
before it the old state holds, after it the new one. What is left of the switch, moving files into place, is
finished by whoever opens the folder next.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from toolkit.base.errors import ToolkitError
from toolkit.base.files import WAIT, locked, write_atomic
from toolkit.base.texts import say

STAGED = ".ingest"
DECIDED = "decided.json"


def switch(folder: Path, files: Mapping[str, str]) -> None:
    """Give some files of a folder new texts, all of them or none; the caller holds the folder's lock.

    Parameters
    ----------
    folder :
        The data folder.
    files :
        Name to new text; files that do not exist yet are made.
    """
    recover(folder)
    for name, text in files.items():
        write_atomic(folder / STAGED / name, text)
    write_atomic(folder / STAGED / DECIDED, json.dumps(list(files)))
    recover(folder)


def recover(folder: Path) -> None:
    """Finish a switch that was decided, forget one that was not; the caller holds the folder's lock."""
    staged = folder / STAGED
    decided = staged / DECIDED
    if decided.is_file():
        for name in json.loads(decided.read_text(encoding="utf-8")):
            if (staged / name).is_file():
                (staged / name).replace(folder / name)
        decided.unlink()
    if staged.is_dir():
        shutil.rmtree(staged)


def settle(folder: Path) -> None:
    """Bring a folder into the old or the new state, if a switch was cut off there; called before it is read.

    Raises
    ------
    ToolkitError
        If a decided switch cannot be finished, for want of the right to write.
    """
    staged = folder / STAGED
    if not staged.is_dir():
        return
    decided = (staged / DECIDED).is_file()
    try:
        with locked(folder, wait=WAIT if decided else 0.0):
            recover(folder)
    except ToolkitError:
        if decided:
            raise
    except OSError as error:
        if decided:
            raise ToolkitError(say("data.unsettled", folder=folder), say("data.unsettled.remedy")) from error
