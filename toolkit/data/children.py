"""Counts of parts against the count of the whole: districts, communes, and new communes of a former district."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from toolkit.data.areas import Areas
from toolkit.data.crosswalk import Crosswalk
from toolkit.data.observations import Figure
from toolkit.data.problems import Problems
from toolkit.data.reference import Reference

LARGEST_GAP = 0.005
"""Part of a whole's figure by which its parts' sum may miss it before that is worth a warning."""

Place = tuple[str, str, str, int, str]


@dataclass(frozen=True)
class Division:
    """One way in which an area is divided.

    Attributes
    ----------
    codes :
        Units that lie in it whole.
    shared :
        Units that lie in it with a part only: their figures cannot be divided, so the sum stays incomplete.
    """

    codes: tuple[str, ...]
    shared: tuple[str, ...] = ()


def children(figures: Iterable[Figure], reference: Reference, problems: Problems) -> None:
    """Warn where counts of parts do not add up to the whole's, or some of the parts pass it already.

    Parameters
    ----------
    figures :
        The figure that counts for each cell; rates and the like are passed over.
    """
    counted = {_place(item): item for item in figures if reference.indicators[item.indicator].whole}

    @cache
    def divisions(code: str, year: int) -> tuple[Division, ...]:
        return divided(code, year, reference.areas, reference.crosswalk)

    for figure in counted.values():
        for division in divisions(figure.area_code, figure.year):
            _check(figure, division, counted, problems)


def divided(code: str, year: int, areas: Areas, crosswalk: Crosswalk) -> tuple[Division, ...]:
    """Return how an area was divided at the end of a year: into districts, into communes.

    A former district is divided into the new communes of its territory; those that it shares with another
    district are told apart.
    """
    day = date(year, 12, 31)
    levels = {area.level for area in areas.units(code)}
    if "province" in levels:
        districts = [area.code for area in areas.children(code, "district") if area.exists_in(year)]
        below = {code, *(area.code for area in areas.children(code, "district"))}
        communes = [area.code for area in areas.all("commune", day) if area.parent_code in below]
        found = [Division(tuple(districts)), Division(tuple(communes))]
    elif "district" in levels:
        own = [area.code for area in areas.children(code, "commune", day)]
        new = [item for item in crosswalk.communes_of_district(code) if not own]
        new = [item for item in new if any(area.in_force(day) for area in areas.units(item))]
        shared = [item for item in new if len(crosswalk.former_districts(item)) > 1]
        found = [Division((*own, *(item for item in new if item not in shared)), tuple(shared))]
    else:
        found = []
    return tuple(division for division in found if division.codes)


def _check(figure: Figure, division: Division, counted: Mapping[Place, Figure], problems: Problems) -> None:
    places = ((code, *_place(figure)[1:]) for code in division.codes)
    held = [counted[place].value for place in places if place in counted]
    if not held:
        return
    total, count = sum(held), len(division.codes) + len(division.shared)
    slack = LARGEST_GAP * abs(figure.value)
    fields = {"total": f"{total:.10g}", "held": len(held), "count": count}
    if len(held) == count and abs(total - figure.value) > slack:
        problems.warn("children", figure.row, "value", figure.written, **fields)
    elif len(held) < count and total > figure.value + slack:
        problems.warn("children_above", figure.row, "value", figure.written, **fields)


def _place(figure: Figure) -> Place:
    return figure.area_code, figure.indicator, figure.scope, figure.year, figure.standard
