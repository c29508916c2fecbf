"""Checking a file that somebody hands in: read exactly as ingest would read it."""

from __future__ import annotations

from pathlib import Path

from toolkit.base.errors import Problem
from toolkit.data.reference import Reference
from toolkit.desk.incoming import read_incoming, refusal
from toolkit.desk.mapping import ColumnMapping


def check_file(path: Path, reference: Reference, mapping: ColumnMapping | None = None) -> list[Problem]:
    """Return all problems of one file: a filled template, a table with the project's columns, or a mapped one.

    Parameters
    ----------
    path :
        CSV or workbook; ``from_year``, ``qualifier``, ``available_from``, ``available_basis`` and ``note`` may
        be missing.
    reference :
        The project's areas, indicators, sources, standards, which the file is checked against.
    mapping :
        How to read a table of somebody else's making.

    Returns
    -------
    list of Problem
        By sheet and row; row 1 for a file that cannot be read. Errors and warnings.
    """
    taken_in = refusal(path)  # only who takes figures in refuses the rest of a damaged file
    return [problem for problem in read_incoming(path, reference, mapping).problems if problem != taken_in]
