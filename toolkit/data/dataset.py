"""The data folder as one object, as it was known on a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import pandas as pd

from toolkit.base.errors import DataError
from toolkit.base.texts import say
from toolkit.data.areas import Areas
from toolkit.data.crosswalk import Crosswalk
from toolkit.data.folder import data_folder
from toolkit.data.foldercheck import check_reference
from toolkit.data.indicators import Indicators
from toolkit.data.observation_file import read_observations
from toolkit.data.observations import Figure
from toolkit.data.records import Records
from toolkit.data.reference import Reference, read_reference, today
from toolkit.data.replaced import replaced_figures
from toolkit.data.schemas import LOCAL_TARGETS, MILESTONES, OBSERVATIONS, OVERLAPS, SOURCES
from toolkit.data.series import UNUSED, Observation, PeriodAverage, Series, resolved
from toolkit.data.standards import Standards

__all__ = ("SIMULATED", "Dataset", "load", "read_observations")

SIMULATED = "simulated"
"""File in a data folder that says: these data are made up, for teaching and tests."""
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
    reference = read_reference(chosen)
    read = read_observations(chosen, reference)
    check_reference(reference)
    errors = [item for item in (*reference.problems(), *read.problems.all()) if item.severity == "error"]
    if errors:
        raise DataError(say("data.unusable", folder=chosen), errors, say("data.unusable.remedy"))
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
    return Observation(
        year=figure.year,
        value=figure.value,
        status=figure.status,
        qualifier=figure.qualifier,
        standard=figure.standard,
        source_id=figure.source_id,
        note=figure.note,
        available_from=figure.available_from,
        available_basis=figure.available_basis,
        row=figure.row,
    )


def _frame(figures: tuple[Figure, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(figures, columns=list(Figure._fields)).drop(columns="written")
    types = {"row": "int64", "year": "int64", "from_year": "Int64", "value": "float64"}
    texts = {name: "str" for name in frame.columns if name not in types}
    return frame.astype({**types, **texts})[[*OBSERVATIONS.names, "row"]]


def _table(records: Records) -> pd.DataFrame:
    """Return a small table with typed columns; empty texts stay empty texts."""
    columns: dict[str, list[object]] = {}
    for column in records.schema.columns:
        if column.kind in ("number", "whole"):
            columns[column.name] = [record.numbers.get(column.name) for record in records.rows]
        elif column.kind == "year":
            columns[column.name] = [record.year(column.name) for record in records.rows]
        else:
            columns[column.name] = [record.text(column.name) for record in records.rows]
    return pd.DataFrame(columns)
