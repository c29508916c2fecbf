"""The data folder: as one object, as it was known on a day, and its problems as a list.

Its figures are deliveries: ``observations/0001.csv``, ``0002.csv`` …, each written once and never changed. A correction
is a later delivery; one that should not have come in gets a mark beside it, ``0002.withdrawn.csv``, with the reason. So
all that was ever held stays, and which of it stands on a day is worked out when it is read. A folder may hold a table
``observations.csv`` too, or instead: it is read as what was there before the first delivery.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.base.errors import DataError, UsageError
from toolkit.base.files import PROJECT, noting_reads, sha256
from toolkit.base.problems import Problem, Problems, has_error
from toolkit.base.texts import Tabular, say
from toolkit.data import consistency, schemas
from toolkit.data.areas import Areas, Crosswalk
from toolkit.data.indicators import Indicator, Indicators, Standards
from toolkit.data.observations import (
    OBSERVATION_LAYOUT,
    UNUSED,
    Figure,
    Observation,
    PeriodAverage,
    Series,
    figures_of,
    resolved,
)
from toolkit.data.parsing import day_of
from toolkit.data.reference import Reference, read_reference, today
from toolkit.data.tables import InputTable, TableLayout, frame_given, read_first, table_of_frame

if TYPE_CHECKING:
    import pandas as pd


PROJECT_DATA = PROJECT / "data"
SIMULATED = "simulated"
"""File in a data folder that says: these data are made up, for teaching and tests."""
OBSERVATION_FIELDS = {field.name for field in fields(Observation)}
DELIVERY_FILE = re.compile(r"(\d{4,})\.csv", re.ASCII)
SeriesKey = tuple[str, str, str]
OWN_SOURCE = {"source_id": "own_figures", "title": "own figures", "publisher": "–"}
"""Source of figures that a researcher brings in without one."""


@dataclass(frozen=True)
class Delivery:
    """Figures that came in together.

    Attributes
    ----------
    number, file :
        From 1 on, and the name of its table; 0 for ``observations.csv``, what was there before deliveries.
    delivered_on, delivered_by :
        When (ISO) and by whom; empty for number 0.
    files :
        Name and SHA-256 of each file that was handed in.
    count :
        Figures in it.
    withdrawn_on, withdrawn_by, reason :
        Of one that was withdrawn; empty otherwise.
    """

    number: int
    file: str
    delivered_on: str = ""
    delivered_by: str = ""
    files: tuple[tuple[str, str], ...] = ()
    count: int = 0
    withdrawn_on: str = ""
    withdrawn_by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class SetAside:
    """A figure that does not stand: replaced by a later one of its own source, or withdrawn.

    Attributes
    ----------
    figure :
        The figure.
    by :
        The figure that replaced it; None for one that was withdrawn.
    """

    figure: Figure
    by: Figure | None = None


@dataclass(frozen=True)
class Held:
    """Everything that was ever delivered.

    Attributes
    ----------
    figures :
        Usable rows of all deliveries, in their order; each with the day from which it was known.
    deliveries :
        By number.
    problems :
        Of the tables, and of the figures that stand today beside each other.
    """

    figures: tuple[Figure, ...]
    deliveries: tuple[Delivery, ...]
    problems: tuple[Problem, ...] = ()

    def on(self, day: date) -> tuple[tuple[Figure, ...], tuple[SetAside, ...]]:
        """Return the figures that stood on a day, and those known then that did not stand any more.

        Of one source's figures for one cell the better status stands, then the later delivery. A later one with
        a worse status, or one of the same delivery, stays beside it, so that the conflict is told.
        """
        marks = {item.number: item for item in self.deliveries if item.withdrawn_on}
        last: dict[tuple[consistency.FigureKey, str], Figure] = {}
        stand, aside = [], []
        for figure in reversed(self.figures):
            mark = marks.get(figure.delivery)
            if figure.available_from > day.isoformat() or (mark and mark.delivered_on > day.isoformat()):
                continue
            if mark and mark.withdrawn_on <= day.isoformat():
                aside.append(SetAside(figure))
                continue
            key = (consistency.figure_key(figure), figure.source_id)
            by = last.get(key)
            better = by is None or schemas.STATUSES.index(figure.status) < schemas.STATUSES.index(by.status)
            if by is not None and not better and by.delivery != figure.delivery:
                aside.append(SetAside(figure, by))
                continue
            stand.append(figure)
            if better:
                last[key] = figure
        return tuple(reversed(stand)), tuple(reversed(aside))


@dataclass(frozen=True, repr=False)
class Dataset(Tabular):
    """All data of a folder.

    Attributes
    ----------
    folder, as_of :
        Where they lie, and the day as of which: observations that became known later are left out.
    observations :
        Columns of observations, `row` (as in a spreadsheet) and `delivery`; `year` and `from_year` whole
        numbers (`from_year` may be missing), `value` a float, all else text, empty where the file has none.
    sources :
        By ``source_id``.
    local_targets, overlaps, milestones :
        The tables of these names; double counts that became known later are left out.
    areas, crosswalk, standards, indicators :
        Look-ups.
    simulated :
        True if the folder says that its data are made up.
    figures, set_aside :
        What stands on the day, and what was known and does not stand any more.
    deliveries :
        All that the folder holds.
    inputs :
        SHA-256 of every file that was read, of the bytes that were read.
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
    set_aside: tuple[SetAside, ...] = field(repr=False, default=())
    deliveries: tuple[Delivery, ...] = field(repr=False, default=())
    inputs: Mapping[Path, str] = field(repr=False, default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """Return :attr:`observations`."""
        return self.observations

    @cached_property
    def _by_series(self) -> dict[SeriesKey, list[Figure]]:
        grouped: dict[SeriesKey, list[Figure]] = {}
        derived = consistency.derived_figures(self.figures, self.areas, self.crosswalk, self.indicators)
        for figure in (*self.figures, *derived):
            grouped.setdefault((figure.area_code, figure.indicator, figure.scope), []).append(figure)
        return grouped

    def series(self, area_code: str, indicator: str, scope: str) -> Series:
        """Return all figures of an area, indicator and scope; without any, an empty series.

        Of a code that several units bore in turn, only the figures of the one that bears it on the dataset's day.
        """
        found = self._by_series.get((area_code, indicator, scope), [])
        figures = [figure for figure in found if self.of_present_unit(figure)]
        used = [figure for figure in figures if figure.qualifier != UNUSED]
        return Series(
            area_code,
            indicator,
            scope,
            resolved([_observation(figure) for figure in used if figure.from_year is None]),
            tuple(
                PeriodAverage(figure.from_year, figure.year, figure.value, figure.status, figure.source_id)
                for figure in used
                if figure.from_year is not None
            ),
            tuple(_observation(figure) for figure in figures if figure.qualifier == UNUSED),
        )

    def known_on(self, day: date) -> Dataset:
        """Return the data as they were known on an earlier day.

        Raises
        ------
        UsageError
            For a later day: what became known since was not loaded.
        """
        if day > self.as_of:
            raise UsageError(say("data.later", day=day, as_of=self.as_of), say("data.later.remedy"))
        every = [*self.figures, *(item.figure for item in self.set_aside)]
        held = Held(tuple(sorted(every, key=lambda item: (item.delivery, item.row))), self.deliveries)
        figures, set_aside = held.on(day)
        overlaps = _known_overlaps(self.overlaps, self.standards, day)
        made = replace(self, as_of=day, figures=figures, set_aside=set_aside, overlaps=overlaps)
        return replace(made, observations=_frame(figures))

    def with_observations(self, frame: pd.DataFrame) -> Dataset:
        """Return the data with figures of one's own beside them, checked as a file would be; nothing is written.

        Parameters
        ----------
        frame :
            Columns of an observation table; ``area_code, indicator, year, value`` are enough. Areas may be named. A
            missing scope is ``all``, a missing unit the indicator's, a missing standard the one in force, a missing
            status ``reported``, a missing source ``own_figures``. A figure without ``available_from`` is known on
            this dataset's day.

        Raises
        ------
        DataError
            With every problem: its row (the first figure is row 2, as in a file), column and remedy.

        Examples
        --------
        >>> import pandas as pd
        >>> columns = ["area_code", "indicator", "year", "value"]
        >>> own = pd.DataFrame([["Bình Gia", "poverty_rate", 2025, 9.5]], columns=columns)
        >>> data.with_observations(own).series("181", "poverty_rate", "all").to_frame()["year"].tolist()[-1]
        2025
        """
        reference = usable_folder(self.folder)[0].with_sources([OWN_SOURCE])
        table = table_of_frame(self._completed(frame), OBSERVATION_LAYOUT, "observations")
        read = figures_of(table, reference)
        consistency.check_between(read, reference, table.problems)
        if has_error(table.problems.found):
            raise DataError(say("data.frame_unusable"), table.problems.all(), say("data.unusable.remedy"))
        number, day = max((item.number for item in self.deliveries), default=0) + 1, self.as_of.isoformat()
        own = [item._replace(delivery=number, available_from=item.available_from or day) for item in read]
        deliveries = (*self.deliveries, Delivery(number, "", day, count=len(own)))
        figures, set_aside = Held((*self.figures, *own), deliveries).on(self.as_of)
        sources = self.sources.copy()
        sources.loc[OWN_SOURCE["source_id"]] = [OWN_SOURCE.get(name, "") for name in sources.columns]
        return replace(
            self,
            sources=sources,
            figures=figures,
            observations=_frame(figures),
            set_aside=(*self.set_aside, *set_aside),
            deliveries=deliveries,
        )

    def _completed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a table of figures with the columns that it may leave out, and codes for names of areas."""
        made = frame_given(frame).copy()
        if "area_code" in made:
            made["area_code"] = [self._code(area) for area in made["area_code"]]
        for name, value in (("scope", "all"), ("status", "reported"), ("source_id", OWN_SOURCE["source_id"])):
            if name not in made:
                made[name] = value
        known = [self.indicators[name] if name in self.indicators else None for name in made.get("indicator", ())]  # noqa: SIM401
        if "unit" not in made:
            made["unit"] = [indicator.unit if indicator else "" for indicator in known]
        if "standard" not in made and "year" in made:
            rows = zip(known, made["year"].astype(str), strict=True)
            made["standard"] = [self._standard(indicator, year) if indicator else "" for indicator, year in rows]
        return made

    def _code(self, area: object) -> str:
        """Return the code of an area that is named; what is no name of one stays, and is refused as in a file."""
        text = str(area)
        try:
            return text if text in self.areas else self.areas.find(int(text) if text.isdigit() else text).code
        except UsageError:
            return text

    def _standard(self, indicator: Indicator, year: str) -> str:
        """Return the standard in force in a year where there is just one, else nothing."""
        held = self.standards.of(indicator.id) if year.isdigit() else ()
        found = [standard.id for standard in held if standard.measured_in(int(year))]
        return found[0] if len(found) == 1 else ""

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
    with noting_reads() as inputs:
        reference, held = usable_folder(chosen)
    day = as_of or today()
    figures, set_aside = held.on(day)
    tables = reference.tables
    return Dataset(
        folder=chosen,
        as_of=day,
        observations=_frame(figures),
        sources=_table(tables[schemas.SOURCES.file]).set_index("source_id"),
        local_targets=_table(tables[schemas.LOCAL_TARGETS.file]),
        overlaps=_known_overlaps(_table(tables[schemas.OVERLAPS.file]), reference.standards, day),
        milestones=_table(tables[schemas.MILESTONES.file]),
        areas=reference.areas,
        crosswalk=reference.crosswalk,
        standards=reference.standards,
        indicators=reference.indicators,
        simulated=(chosen / SIMULATED).exists(),
        figures=figures,
        set_aside=set_aside,
        deliveries=held.deliveries,
        inputs=inputs,
    )


def _known_overlaps(overlaps: pd.DataFrame, standards: Standards, day: date) -> pd.DataFrame:
    """Return the double counts known on a day, by the rule of their new standard."""
    pairs = zip(overlaps["standard_to"], overlaps["year"], strict=True)
    known = [standards.published(standard, int(year)) <= day for standard, year in pairs]
    return overlaps[known].reset_index(drop=True)


def _observation(figure: Figure) -> Observation:
    return Observation(**{name: value for name, value in figure._asdict().items() if name in OBSERVATION_FIELDS})


def _frame(figures: tuple[Figure, ...]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(figures, columns=list(Figure._fields)).drop(columns=["written", "file", "sheet"])
    types = {"row": "int64", "delivery": "int64", "year": "int64", "from_year": "Int64", "value": "float64"}
    texts = {name: "str" for name in frame.columns if name not in types}
    return frame.astype({**types, **texts})[[*schemas.OBSERVATIONS.names, "row", "delivery"]]


def _table(records: schemas.Records) -> pd.DataFrame:
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
    return [*reference.problems(), *held.problems]


def read_folder(folder: Path) -> tuple[Reference, Held]:
    """Return a data folder's reference and all that was ever delivered, with every problem noted in them."""
    reference, problems = read_reference(folder), Problems(schemas.DELIVERIES)
    paths = delivery_files(folder)
    tables = [read_first(path, DELIVERY_LAYOUT if number else OBSERVATION_LAYOUT) for number, path in paths.items()]
    reference = reference.with_sources(source for table in tables for source in _declared(table))
    consistency.check_reference(reference)
    if not paths:
        problems.add("no_file", 1, at=(schemas.OBSERVATIONS.file, ""))
    for path in {*(folder / schemas.DELIVERIES).glob("*.csv")} - {*paths.values(), *map(mark_of, paths.values())}:
        problems.add("no_delivery", 1, severity="warning", at=(path.name, ""))
    figures, deliveries = list[Figure](), list[Delivery]()
    found = problems.found
    for (number, path), table in zip(paths.items(), tables, strict=True):
        read, delivery = figures_of(table, reference), _delivery(number, path, table)
        consistency.check_doubles(read, table.problems)
        figures += [_dated(figure, reference, delivery) for figure in read]
        deliveries.append(_marked(delivery, path, table.problems))
        found += table.problems.all()
    held = Held(tuple(figures), tuple(deliveries))
    consistency.check_plausible(held.on(reference.today)[0], reference, beside := Problems(schemas.DELIVERIES))
    return reference, replace(held, problems=(*found, *beside.all()))


DELIVERY_LAYOUT = TableLayout((*schemas.OBSERVATIONS.names, *schemas.DELIVERED, *schemas.DECLARED))


def delivery_files(folder: Path) -> dict[int, Path]:
    """Return the tables of a data folder by number, 0 for ``observations.csv``."""
    old, new = folder / schemas.OBSERVATIONS.file, (folder / schemas.DELIVERIES).glob("*.csv")
    numbered = {int(name[1]): path for path in new if (name := DELIVERY_FILE.fullmatch(path.name))}
    return ({0: old} if old.exists() else {}) | dict(sorted(numbered.items()))


def mark_of(path: Path) -> Path:
    """Return where the mark of a withdrawn delivery stands."""
    return path.with_suffix(f".withdrawn{path.suffix}")


def _declared(table: InputTable) -> list[dict[str, str]]:
    """Return the sources that a delivery declares, as rows of ``sources.csv``."""
    if not all(map(table.has, ("source_id", *schemas.DECLARED))):
        return []
    rows = zip(*(table.texts(name) for name in ("source_id", *schemas.DECLARED)), strict=True)
    return [dict(zip(schemas.SOURCES.names, row, strict=False)) for row in dict.fromkeys(rows) if row[1]]


def _delivery(number: int, path: Path, table: InputTable) -> Delivery:
    if not number or not table.rows or not all(map(table.has, schemas.DELIVERED)):
        return Delivery(number, path.name, count=len(table.rows))
    table.parsed("delivered_on", day_of, "no_day")
    days, names, *files = (table.texts(column) for column in schemas.DELIVERED)
    origins = tuple(dict.fromkeys(zip(*files, strict=True)))
    return Delivery(number, path.name, days[0], names[0], origins, len(table.rows))


def _marked(delivery: Delivery, path: Path, problems: Problems) -> Delivery:
    """Return the delivery with the mark that withdraws it, if there is one."""
    if not delivery.number or not mark_of(path).exists():
        return delivery
    mark = read_first(mark_of(path), TableLayout(schemas.WITHDRAWN))
    if has_error(mark.problems.found) or not all(mark.parsed("withdrawn_on", day_of, "no_day")):
        problems.found += mark.problems.all()
        return delivery
    on, by, reason = mark.rows[0].cells
    return replace(delivery, withdrawn_on=on, withdrawn_by=by, reason=reason)


def _dated(figure: Figure, reference: Reference, delivery: Delivery) -> Figure:
    """Return a figure with the number of its delivery and, where its source names none, the day it was known from.

    That is the day on which it came in; what was there before the first delivery was known by the rule.
    """
    if figure.available_from:
        return figure._replace(delivery=delivery.number)
    ruled = reference.standards.published(figure.standard, figure.year).isoformat()
    day, basis = (delivery.delivered_on, "delivered") if delivery.number else (ruled, "rule")
    return figure._replace(delivery=delivery.number, available_from=day, available_basis=basis)


def usable_folder(folder: Path) -> tuple[Reference, Held]:
    """Return a data folder's reference and figures.

    Raises
    ------
    DataError
        If there is an error in them.
    """
    reference, held = read_folder(folder)
    errors = [item for item in (*reference.problems(), *held.problems) if item.severity == "error"]
    if errors:
        raise DataError(say("data.unusable", folder=folder), errors, say("data.unusable.remedy"))
    return reference, held


def state_of(folder: Path) -> tuple[str, ...]:
    """Return what the observations of a folder consist of: two equal states hold the same figures."""
    paths = delivery_files(folder)
    old = [sha256(path) for number, path in paths.items() if not number]
    return (*old, *sorted(path.name for path in (folder / schemas.DELIVERIES).glob("*.csv")))


def new_delivery(folder: Path) -> Path:
    """Return where the next delivery goes."""
    return folder / schemas.DELIVERIES / f"{max(delivery_files(folder), default=0) + 1:04}.csv"
