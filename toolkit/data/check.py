"""Every problem of a data folder, in one list."""

from __future__ import annotations

from pathlib import Path

from toolkit.base.errors import Problem
from toolkit.data.foldercheck import check_reference
from toolkit.data.observation_file import read_observations
from toolkit.data.reference import read_reference


def check_folder(folder: Path) -> list[Problem]:
    """Return all problems of a data folder: each file alone, and what one says of another.

    Returns
    -------
    list of Problem
        File after file, by row.
    """
    reference = read_reference(folder)
    check_reference(reference)
    return [*reference.problems(), *read_observations(folder, reference).problems.all()]
