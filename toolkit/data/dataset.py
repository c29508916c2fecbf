"""The data folder: as one object, as it was known on a day; its problems as a list; its files changed by an ingest.

An ingest changes all of its files or none: the new files are written into a hidden folder beside the old ones, then
one rename puts down that they hold. Before it the old state holds, after it the new one. What is left of the switch,
moving files into place, is finished by whoever opens the folder next.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.base.errors import DataError, ToolkitError, UsageError
from toolkit.base.files import PROJECT, WAIT, locked, write_atomic
from toolkit.base.problems import Problem, Problems
from toolkit.base.texts import say
from toolkit.data.areas import Areas, Crosswalk
from toolkit.data.consistency import check_between, check_reference
from toolkit.data.indicators import Indicators, Standards
from toolkit.data.observations import (
    OBSERVATION_LAYOUT,
    UNUSED,
    Figure,
    Figures,
    Observation,
    PeriodAverage,
    Series,
    figures_of,
    resolved,
)
from toolkit.data.parsing import decode, delimiter_of, year_of
from toolkit.data.reference import Reference, read_reference, today
from toolkit.data.schemas import LOCAL_TARGETS, MILESTONES, OBSERVATIONS, OVERLAPS, SOURCES, Records
from toolkit.data.tables import TableLayout, read_first

if TYPE_CHECKING:
    import pandas as pd


PROJECT_DATA = PROJECT / "data"
SIMULATED = "simulated"
"""File in a data folder that says: these data are made up, for teaching and tests."""
OBSERVATION_FIELDS = {field.name for field in fields(Observation)}
SeriesKey = tuple[str, str, str]


@dataclass(frozen=True)
class Dataset:
    """All data of a folder.

    Attributes
    ----------
    folder, as_of :
        Where they lie, and the day as of which: observations that became known later are left out.
    observations :
        Columns of ``observations.csv`` and `row` (as in a spreadsheet); `year` and `from_year` whole
        numbers (`from_year` may be missing), `value` a float, all else text, empty where the file has none.
    sources :
        By ``source_id``.
    local_targets, overlaps, milestones :
        The tables of these names; double counts that became known later are left out.
    areas, crosswalk, standards, indicators :
        Look-ups.
    simulated :
        True if the folder says that its data are made up.
    """

    folder: Path
    as_of: date
    observations: pd.DataFrame
    sources: pd.DataFrame
    local_targets: pd.DataFrame
    overlaps: pd.DataFrame
    milestones: pd.DataFrame
    areas: Areas
    crosswalk: Crosswalk
    standards: Standards
    indicators: Indicators
    simulated: bool
    figures: tuple[Figure, ...] = field(repr=False, default=())

    @cached_property
    def _by_series(self) -> dict[SeriesKey, list[Figure]]:
        grouped: dict[SeriesKey, list[Figure]] = {}
        for figure in self.figures:
            grouped.setdefault((figure.area_code, figure.indicator, figure.scope), []).append(figure)
        return grouped

    def series(self, area_code: str, indicator: str, scope: str) -> Series:
        """Return all figures of an area, indicator and scope; without any, an empty series.

        Of a code that several units bore in turn, only the figures of the one that bears it on the dataset's day.
        """
        found = self._by_series.get((area_code, indicator, scope), [])
        figures = [figure for figure in found if self.of_present_unit(figure)]
        single = [figure for figure in figures if figure.from_year is None]
        return Series(
            area_code,
            indicator,
            scope,
            resolved([_observation(figure) for figure in single if figure.qualifier != UNUSED]),
            tuple(
                PeriodAverage(figure.from_year, figure.year, figure.value, figure.status, figure.source_id)
                for figure in figures
                if figure.from_year is not None
            ),
            tuple(_observation(figure) for figure in single if figure.qualifier == UNUSED),
        )

    def with_data(self) -> frozenset[SeriesKey]:
        """Return area, indicator and scope of every series with a figure that may be used."""
        return self._with_data

    @cached_property
    def _with_data(self) -> frozenset[SeriesKey]:
        return frozenset(
            key
            for key, figures in self._by_series.items()
            if any(item.qualifier != UNUSED and self.of_present_unit(item) for item in figures)
        )

    def of_present_unit(self, figure: Figure) -> bool:
        """Say whether a figure is of the unit that bears its area's code on the dataset's day."""
        key = (figure.area_code, figure.year)
        if key not in self._present:
            self._present[key] = self.areas.unit_in(*key) == self.areas.get(figure.area_code, self.as_of)
        return self._present[key]

    @cached_property
    def _present(self) -> dict[tuple[str, int], bool]:
        """Answers of :meth:`of_present_unit`, by code and year."""
        return {}


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


def load(folder: Path | None = None, *, as_of: date | None = None) -> Dataset:
    """Read a data folder.

    Parameters
    ----------
    folder :
        Data folder; by default the one of :func:`~toolkit.data.dataset.data_folder`.
    as_of :
        Only observations known on this day; today by default.

    Raises
    ------
    DataError
        With every error of every file, if there is any.
    UsageError
        If there is no such folder.
    """
    chosen = data_folder(folder)
    reference, read = usable_folder(chosen)
    day = as_of or today()
    figures = tuple(
        dated
        for figure in (*read.figures, *replaced_figures(chosen, reference, day))
        if (dated := _dated(figure, reference)).available_from <= day.isoformat()
    )
    tables = reference.tables
    return Dataset(
        folder=chosen,
        as_of=day,
        observations=_frame(figures),
        sources=_table(tables[SOURCES.file]).set_index("source_id"),
        local_targets=_table(tables[LOCAL_TARGETS.file]),
        overlaps=_known_overlaps(_table(tables[OVERLAPS.file]), reference, day),
        milestones=_table(tables[MILESTONES.file]),
        areas=reference.areas,
        crosswalk=reference.crosswalk,
        standards=reference.standards,
        indicators=reference.indicators,
        simulated=(chosen / SIMULATED).exists(),
        figures=figures,
    )


def _known_overlaps(overlaps: pd.DataFrame, reference: Reference, day: date) -> pd.DataFrame:
    """Return the double counts known on a day, by the rule of their new standard."""
    pairs = zip(overlaps["standard_to"], overlaps["year"], strict=True)
    known = [reference.standards.published(standard, int(year)) <= day for standard, year in pairs]
    return overlaps[known].reset_index(drop=True)


def _dated(figure: Figure, reference: Reference) -> Figure:
    """Give a figure without a day of publication the day by rule."""
    if figure.available_from:
        return figure
    day = reference.standards.published(figure.standard, figure.year)
    return figure._replace(available_from=day.isoformat(), available_basis="rule")


def _observation(figure: Figure) -> Observation:
    return Observation(**{name: value for name, value in figure._asdict().items() if name in OBSERVATION_FIELDS})


def _frame(figures: tuple[Figure, ...]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(figures, columns=list(Figure._fields)).drop(columns=["written", "file", "sheet"])
    types = {"row": "int64", "year": "int64", "from_year": "Int64", "value": "float64"}
    texts = {name: "str" for name in frame.columns if name not in types}
    return frame.astype({**types, **texts})[[*OBSERVATIONS.names, "row"]]


def _table(records: Records) -> pd.DataFrame:
    """Return a small table with typed columns; empty texts stay empty texts."""
    import pandas as pd

    columns: dict[str, list[object]] = {}
    for column in records.schema.columns:
        cells = [record.values[column.name] for record in records.rows]
        if column.kind == "year":
            cells = [year or 0 for year in cells]
        elif column.kind not in ("number", "whole"):
            cells = [record.text(column.name) for record in records.rows]
        columns[column.name] = cells
    return pd.DataFrame(columns)


def check_folder(folder: Path) -> list[Problem]:
    """Return all problems of a data folder: each file alone, and what one says of another.

    Returns
    -------
    list of Problem
        File after file, by row.
    """
    reference, held = read_folder(folder)
    return [*reference.problems(), *held.problems.all()]


def read_folder(folder: Path) -> tuple[Reference, Figures]:
    """Return a data folder's reference and figures, with every problem noted in them."""
    finish_switch(folder)
    reference = read_reference(folder)
    check_reference(reference)
    read = figures_of(read_first(folder / OBSERVATIONS.file, OBSERVATION_LAYOUT), reference)
    check_between(read, reference)
    return reference, read


def usable_folder(folder: Path) -> tuple[Reference, Figures]:
    """Return a data folder's reference and figures.

    Raises
    ------
    DataError
        If there is an error in them.
    """
    reference, held = read_folder(folder)
    errors = [item for item in (*reference.problems(), *held.problems.all()) if item.severity == "error"]
    if errors:
        raise DataError(say("data.unusable", folder=folder), errors, say("data.unusable.remedy"))
    return reference, held


STAGED = ".ingest"
DECIDED = "decided.json"
REPLACED = "replaced.csv"
INGESTS = "ingests.csv"
REPLACED_NAMES = (*OBSERVATIONS.names, "replaced_on", "replaced_by")
INGEST_NAMES = ("ingested_on", "file", "sha256", "new", "changed", "same", "rejected", "observations_sha256")
Cells = dict[str, str]
"""A row as text, by column."""
RowKey = tuple[str, ...]


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


def finish_switch(folder: Path) -> None:
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


@dataclass(frozen=True)
class Rows:
    """A table of the data folder as text.

    Attributes
    ----------
    names :
        Its columns.
    rows :
        Its rows, in the order of the file.
    """

    names: tuple[str, ...]
    rows: tuple[Cells, ...]


def key_of(row: Mapping[str, str]) -> RowKey:
    """Return what names a row: area, indicator, scope, year, period, standard and source."""
    texts = ((name, row.get(name, "")) for name in OBSERVATIONS.key)
    return tuple(str(year_of(text) or text) if name.endswith("year") else text for name, text in texts)


def read_rows(path: Path) -> Rows:
    """Return a table that the checker has accepted; empty if there is none."""
    if not path.is_file():
        return Rows((), ())
    text = decode(path.read_bytes(), Problems(path.name)).text  # the checker accepts other encodings than UTF-8 too
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter_of(text, OBSERVATIONS.names))
    names = tuple(reader.fieldnames or ())
    return Rows(names, tuple({name: row.get(name) or "" for name in names} for row in reader))


def table_text(names: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows as CSV text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([row.get(name, "") for name in names] for row in rows)
    return stream.getvalue()


def with_rows(path: Path, names: Sequence[str], added: Sequence[Mapping[str, str]]) -> str:
    """Return the text of a table (which may not exist yet) with more rows."""
    held = read_rows(path)
    return table_text(held.names or names, [*held.rows, *added])


def replaced_figures(folder: Path, reference: Reference, day: date) -> tuple[Figure, ...]:
    """Return the figures that stood on `day` and were replaced after it; none if nothing was ever replaced.

    Rows of ``replaced.csv``, which ``toolkit ingest`` writes, are left out if they break a rule.
    """
    table = read_first(folder / REPLACED, TableLayout((*OBSERVATION_LAYOUT.columns, "replaced_on"), ("replaced_by",)))
    if not table.has("replaced_on"):
        return ()
    days = zip(table.rows, table.texts("replaced_on"), strict=True)
    later = {row.number for row, replaced_on in days if replaced_on > day.isoformat()}
    return tuple(figure for figure in figures_of(table, reference).figures if figure.row in later)
