"""The data folder as one object, as it was known on a day, and all its problems as a list."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.base.errors import DataError
from toolkit.base.problems import Problem
from toolkit.base.texts import say
from toolkit.data.areas import Areas, Crosswalk
from toolkit.data.consistency import check_between
from toolkit.data.folder import data_folder
from toolkit.data.indicators import Indicators
from toolkit.data.journal import finish_switch, replaced_figures
from toolkit.data.observations import (
    LAYOUT,
    UNUSED,
    Figure,
    Figures,
    Observation,
    PeriodAverage,
    Series,
    figures_of,
    resolved,
)
from toolkit.data.reference import Reference, check_reference, read_reference, today
from toolkit.data.schemas import LOCAL_TARGETS, MILESTONES, OBSERVATIONS, OVERLAPS, SOURCES, Records
from toolkit.data.standards import Standards
from toolkit.data.tables import read_first

if TYPE_CHECKING:
    import pandas as pd

SIMULATED = "simulated"
"""File in a data folder that says: these data are made up, for teaching and tests."""
SHOWN = {field.name for field in fields(Observation)}
Key = tuple[str, str, str]


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
    def _by_series(self) -> dict[Key, list[Figure]]:
        grouped: dict[Key, list[Figure]] = {}
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

    def with_data(self) -> frozenset[Key]:
        """Return area, indicator and scope of every series with a figure that may be used."""
        return self._with_data

    @cached_property
    def _with_data(self) -> frozenset[Key]:
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


def load(folder: Path | None = None, *, as_of: date | None = None) -> Dataset:
    """Read a data folder.

    Parameters
    ----------
    folder :
        Data folder; by default the one of :func:`~toolkit.data.folder.data_folder`.
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
    return Observation(**{name: value for name, value in figure._asdict().items() if name in SHOWN})


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


def read_observations(folder: Path, reference: Reference) -> Figures:
    """Read ``observations.csv``, with its problems and those between its rows."""
    read = figures_of(read_first(folder / OBSERVATIONS.file, LAYOUT), reference)
    check_between(read, reference)
    return read


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
    return reference, read_observations(folder, reference)


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
