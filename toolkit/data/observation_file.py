"""The observations of a data folder, with every problem of the file."""

from __future__ import annotations

from pathlib import Path

from toolkit.data.crosscheck import cross_check
from toolkit.data.observations import LAYOUT, Figures, figures_of
from toolkit.data.problems import Problems
from toolkit.data.reference import Reference
from toolkit.data.schemas import OBSERVATIONS
from toolkit.data.tables import read_tables


def read_observations(folder: Path, reference: Reference) -> Figures:
    """Read ``observations.csv``, with its problems and those between its rows."""
    path = folder / OBSERVATIONS.file
    if not path.is_file():
        problems = Problems(OBSERVATIONS.file)
        problems.add("no_file", 1)
        return Figures((), problems)
    tables, found = read_tables(path, LAYOUT)
    if not tables:
        problems = Problems(OBSERVATIONS.file)
        problems.found.extend(found)
        return Figures((), problems)
    tables[0].problems.found.extend(found)
    read = figures_of(tables[0], reference)
    cross_check(read, reference)
    return read
