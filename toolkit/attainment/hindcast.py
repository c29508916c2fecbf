"""Lines that history wrote: what would have been said, what an office said, and what came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from toolkit.attainment.draws import quantiles
from toolkit.attainment.figures import newest
from toolkit.attainment.result import PathSource
from toolkit.attainment.stated import Stated, stated
from toolkit.data.dataset import Dataset
from toolkit.data.series import Observation
from toolkit.forecast.paths import Path


@dataclass(frozen=True)
class Hindcast:
    """A forecast from what was known on a day, an official forecast of the same figure, and the outcome.

    Attributes
    ----------
    area_code, indicator, scope, year :
        What was forecast.
    as_of :
        Only figures published up to this day were used.
    last_year, last_value :
        The newest figure known then.
    median, low, high :
        The forecast of then, with its 80 % interval, in the indicator's unit.
    official_forecast, official_source :
        What an office said, and where.
    outcome, outcome_source :
        The figure that came, and where it stands.
    inside_80 :
        Whether the outcome lies in the interval.
    """

    area_code: str
    indicator: str
    scope: str
    year: int
    as_of: date
    last_year: int
    last_value: float
    median: float
    low: float
    high: float
    official_forecast: float
    official_source: str
    outcome: float
    outcome_source: str
    inside_80: bool


def hindcasts(dataset: Dataset, past: PathSource) -> tuple[Hindcast, ...]:
    """Return one line for every official forecast that has an outcome.

    Parameters
    ----------
    dataset :
        Today's data: official forecasts (``local_targets.csv``) and outcomes. An outcome is a final figure of
        that year on the standard that the official forecast names.
    past :
        Forecasts made from what was known earlier; official forecasts of years whose outcome was known by then,
        or without an own path then, are left out.
    """
    lines = [_line(row, dataset, past) for row in stated(dataset, "official_forecast")]
    return tuple(line for line in lines if line is not None)


def _line(row: Stated, dataset: Dataset, past: PathSource) -> Hindcast | None:
    outcome = _outcome(row, dataset)
    path = past.path(row.area_code, row.indicator, row.scope)
    if outcome is None or path is None or path.proxy is not None or not _foresees(path, row.due, outcome.standard):
        return None
    known = newest(path.evidence.observations, path)
    median, low, high = quantiles(path.at(row.due), path.weights, (0.5, 0.1, 0.9))
    if known is None or median is None or low is None or high is None:
        return None
    return Hindcast(
        area_code=row.area_code,
        indicator=row.indicator,
        scope=row.scope,
        year=row.due,
        as_of=past.as_of,
        last_year=known.year,
        last_value=known.value,
        median=median,
        low=low,
        high=high,
        official_forecast=row.value,
        official_source=row.source_id,
        outcome=outcome.value,
        outcome_source=outcome.source_id,
        inside_80=low <= outcome.value <= high,
    )


def _outcome(row: Stated, dataset: Dataset) -> Observation | None:
    figures = dataset.series(row.area_code, row.indicator, row.scope).observations
    settling = [figure for figure in figures if figure.year == row.due and figure.status == "final"]
    return next((figure for figure in settling if row.standard in ("", figure.standard)), None)


def _foresees(path: Path, year: int, standard: str) -> bool:
    """Say whether `year` was still ahead for the path, on the standard that it was measured on later."""
    inside = int(path.years[0]) <= year <= int(path.years[-1])
    return inside and path.evidence.last_year < year and path.standards[path.position(year)] == standard
