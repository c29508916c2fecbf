"""Checking a file that somebody hands in: a table with the project's columns, or a filled template."""

from __future__ import annotations

from pathlib import Path

from toolkit.base.errors import Problem
from toolkit.data.check import check_observations
from toolkit.desk.incoming import read_incoming
from toolkit.desk.ingest import usable_folder
from toolkit.desk.workbook import is_template


def check_file(path: Path, folder: Path) -> list[Problem]:
    """Return all problems of one file against a data folder, as ingest would find them.

    Raises
    ------
    DataError
        If the folder's own files cannot be used.
    """
    if not is_template(path):
        return check_observations(path, folder)
    reference, _ = usable_folder(folder)
    return list(read_incoming(path, reference).problems)
