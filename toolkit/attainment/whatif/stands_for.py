"""What a difference of two rates stands for: households, people, communes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from toolkit.data.dataset import Dataset
from toolkit.forecast.panels import count_of
from toolkit.forecast.paths import Path

Thing = Literal["households", "persons", "communes"]
OF_HOUSEHOLDS = (
    "commodity_farming_households_share",
    "households_in_permanent_house_share",
    "households_in_simple_house_share",
)
"""Shares of households beside those whose denominator is declared; where an area's households are not known, its
people are counted in their place."""
OF_PERSONS = ("health_insurance_share",)
"""Shares of all people of a scope."""


@dataclass(frozen=True)
class StandsFor:
    """Households, people or communes between two medians.

    Attributes
    ----------
    thing, count :
        What, and how many more (negative: fewer).
    whole, year :
        All of them in the area, and the year of that figure.
    assumed :
        True where people stand for households: poor households are taken to be of average size.
    """

    thing: Thing
    count: float
    whole: float
    year: int
    assumed: bool = False


def stands_for(dataset: Dataset, usual: Path, changed: Path, year: int) -> StandsFor | None:
    """Return what the difference of two medians in `year` stands for, or None where no whole is known.

    The whole is the newest published one and is not forecast.
    """
    indicator = dataset.indicators.get(usual.indicator)
    if indicator.unit != "percent" or not int(usual.years[0]) <= year <= int(usual.years[-1]):
        return None
    before, after = (float(path.quantiles((0.5,))[path.position(year), 0]) for path in (usual, changed))
    difference = (after - before) / 100.0
    if indicator.countable == "communes":
        count = count_of(dataset, "communes", usual.area_code, year)
        return None if count is None else StandsFor("communes", difference * count, float(count), year)
    of_households = indicator.denominator == "households" or usual.indicator in OF_HOUSEHOLDS
    for thing in _things(usual.indicator, of_households):
        held = _newest(dataset, usual.area_code, "households" if thing == "households" else "population", usual.scope)
        if held is not None:
            assumed = thing == "persons" and of_households
            return StandsFor(thing, difference * held[0], held[0], held[1], assumed)
    return None


def _things(indicator: str, of_households: bool) -> tuple[Thing, ...]:
    if of_households:
        return ("households", "persons")
    return ("persons",) if indicator in OF_PERSONS else ()


def _newest(dataset: Dataset, code: str, indicator: str, scope: str) -> tuple[float, int] | None:
    figures = dataset.series(code, indicator, scope).observations
    return (figures[-1].value, figures[-1].year) if figures else None
