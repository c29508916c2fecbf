"""Every problem of observation tables, or of a whole data folder, in one list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.base.errors import DataError, Problem
from toolkit.base.texts import say
from toolkit.data.crosscheck import cross_check
from toolkit.data.foldercheck import check_reference
from toolkit.data.observation_file import read_observations
from toolkit.data.observations import LAYOUT, figures_of
from toolkit.data.reference import Reference, read_reference
from toolkit.data.tables import read_tables

if TYPE_CHECKING:
    from toolkit.data.dataset import Dataset  # needs pandas, which checking a table does not


def check_observations(path: Path, dataset_or_folder: Dataset | Path | str) -> list[Problem]:
    """Return all problems of one observation table (CSV or workbook), checked alone.

    Parameters
    ----------
    path :
        The file; ``from_year``, ``qualifier``, ``available_from``, ``available_basis`` and ``note`` may be missing.
    dataset_or_folder :
        The project's data: its areas, indicators, sources and standards are what the table is checked against.

    Returns
    -------
    list of Problem
        By sheet and row; row 1 for a file that cannot be read. Errors and warnings.

    Raises
    ------
    DataError
        If the project's own areas, indicators, sources or standards cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> from toolkit.data.folder import data_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "empty.csv"
    ...     _ = file.write_text("")
    ...     [(problem.row, problem.severity) for problem in check_observations(file, data_folder())]
    [(1, 'error')]
    """
    return check_against(path, _reference(dataset_or_folder))


def check_against(path: Path, reference: Reference) -> list[Problem]:
    """Return all problems of one observation table; the data folder has been read already."""
    tables, problems = read_tables(path, LAYOUT)
    for table in tables:
        read = figures_of(table, reference)
        cross_check(read, reference)
        problems.extend(read.problems.all())
    return problems


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


def _reference(dataset_or_folder: Dataset | Path | str) -> Reference:
    folder = Path(dataset_or_folder) if isinstance(dataset_or_folder, str | Path) else dataset_or_folder.folder
    reference = read_reference(folder)
    check_reference(reference)
    errors = [problem for problem in reference.problems() if problem.severity == "error"]
    if errors:
        raise DataError(say("data.unusable", folder=folder), errors, say("data.unusable.remedy"))
    return reference
