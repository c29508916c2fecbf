"""Figures that their own source corrected later: what was known before the day of the correction."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from toolkit.data.observations import LAYOUT, Figure, figures_of
from toolkit.data.reference import Reference
from toolkit.data.tables import Layout, Table, read_tables

FILE = "replaced.csv"
REPLACED_ON, REPLACED_BY = "replaced_on", "replaced_by"
WITH_DAY = Layout((*LAYOUT.columns, REPLACED_ON), (REPLACED_BY,))


def replaced_figures(folder: Path, reference: Reference, day: date) -> tuple[Figure, ...]:
    """Return the figures that stood on `day` and were replaced after it; none if nothing was ever replaced.

    Parameters
    ----------
    folder :
        Data folder; its ``replaced.csv`` is written by ``toolkit ingest``.
    reference :
        The folder's areas, indicators, sources, standards: rows that break a rule are left out.
    day :
        As of when.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    tables, _ = read_tables(path, WITH_DAY)
    return tuple(figure for table in tables for figure in _before(table, reference, day))


def _before(table: Table, reference: Reference, day: date) -> list[Figure]:
    if not table.has(REPLACED_ON):
        return []
    at = table.columns.index(REPLACED_ON)
    corrected_later = {row.number for row in table.rows if row.cells[at] > day.isoformat()}
    return [figure for figure in figures_of(table, reference).figures if figure.row in corrected_later]
