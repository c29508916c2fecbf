"""What observation tables are checked against: areas, indicators, sources, standards, and today's date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from toolkit.base.errors import Problem
from toolkit.data.areas import Areas, area_of
from toolkit.data.crosswalk import Crosswalk, link_of
from toolkit.data.indicator_file import FILE as INDICATORS_FILE
from toolkit.data.indicator_file import read_indicators
from toolkit.data.indicators import Indicators
from toolkit.data.journal import settle
from toolkit.data.problems import Problems
from toolkit.data.records import Records, read_records
from toolkit.data.schemas import (
    AREAS,
    BREAKS,
    CROSSWALK,
    LOCAL_TARGETS,
    MILESTONES,
    OVERLAPS,
    SOURCES,
    STANDARDS,
)
from toolkit.data.standards import Standards, break_of, standard_of

SMALL_TABLES = (SOURCES, AREAS, CROSSWALK, STANDARDS, BREAKS, OVERLAPS, LOCAL_TARGETS, MILESTONES)


@dataclass(frozen=True)
class Reference:
    """A data folder without its observations.

    Attributes
    ----------
    areas, crosswalk, indicators, standards :
        As read; entries that cannot be read are missing, and noted.
    tables :
        The small tables by file name.
    today :
        Day from which the future is judged.
    indicator_problems :
        Problems of ``indicators.yaml``.
    """

    areas: Areas
    crosswalk: Crosswalk
    indicators: Indicators
    standards: Standards
    tables: dict[str, Records]
    today: date
    indicator_problems: Problems

    @property
    def sources(self) -> frozenset[str]:
        """Codes of all sources."""
        return frozenset(record.text("source_id") for record in self.tables[SOURCES.file].rows)

    def problems(self) -> list[Problem]:
        """Return the problems of all files, file after file."""
        small = [problem for table in self.tables.values() for problem in table.problems.all()]
        return [*small, *self.indicator_problems.all()]


def today() -> date:
    """Return today's civil date."""
    return date.today()  # noqa: DTZ011  (a civil date, as on the user's calendar)


def read_reference(folder: Path, *, now: date | None = None) -> Reference:
    """Read all of a data folder but its observations, noting what is wrong."""
    settle(folder)
    tables = {schema.file: read_records(folder, schema) for schema in SMALL_TABLES}
    indicator_problems = Problems(INDICATORS_FILE)
    return Reference(
        areas=Areas(area_of(record) for record in tables[AREAS.file].rows),
        crosswalk=Crosswalk(link_of(record) for record in tables[CROSSWALK.file].rows),
        indicators=read_indicators(folder, indicator_problems),
        standards=Standards(
            (standard_of(record) for record in tables[STANDARDS.file].rows),
            (break_of(record) for record in tables[BREAKS.file].rows),
        ),
        tables=tables,
        today=now or today(),
        indicator_problems=indicator_problems,
    )
