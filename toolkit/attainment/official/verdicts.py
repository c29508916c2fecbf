"""All systems' verdicts on one target, from the same published figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from toolkit.attainment.official.destatis import destatis
from toolkit.attainment.official.escap import escap_anticipated, weighted_line
from toolkit.attainment.official.eurostat import eurostat
from toolkit.attainment.official.growth import Direction, Official
from toolkit.attainment.official.opensdg import opensdg
from toolkit.attainment.official.sdsn import sdsn
from toolkit.attainment.official.unsd import unsd_2022, unsd_2023

SYSTEMS = ("UNSD 2022", "UNSD 2023", "Eurostat", "Open SDG", "SDSN", "ESCAP", "Destatis")


def official_verdicts(
    years: Sequence[int], values: Sequence[float], target: float, target_year: int, *, direction: Direction
) -> dict[str, Official | None]:
    """Return what each system says of figures on the way to a target; None where its rule gives nothing.

    Parameters
    ----------
    years, values :
        Published figures on one standard, by year, two or more.
    target, target_year, direction :
        What has to be reached, and whether more or less is wanted.

    Notes
    -----
    SDSN scores are made of the figures as it does: 0 at the first figure's distance from the target, 100 at the
    target; its window is the last four years. ESCAP's prediction is a line that weights recent years more.
    """
    first, last = (years[0], values[0]), (years[-1], values[-1])
    ends = (first[1], first[0], last[1], last[0], target, target_year)
    rules: dict[str, Callable[[], Official]] = {
        "UNSD 2022": lambda: unsd_2022(*ends),
        "UNSD 2023": lambda: unsd_2023(*ends),
        "Eurostat": lambda: eurostat(*ends),
        "Open SDG": lambda: opensdg(
            first[1], first[0], last[1], last[0], direction=direction, target=target, target_year=target_year
        ),
        "SDSN": lambda: _sdsn(years, values, target, target_year),
        "ESCAP": lambda: escap_anticipated(
            first[1], weighted_line(years, values, target_year), target, direction=direction
        ),
        "Destatis": lambda: destatis(years, values, target, target_year, direction=direction),
    }
    return {name: _or_nothing(rules[name]) for name in SYSTEMS}


def _or_nothing(rule: Callable[[], Official]) -> Official | None:
    try:
        return rule()
    except (ValueError, ArithmeticError):  # through zero, no time, no distance: the systems give no class either
        return None


def _sdsn(years: Sequence[int], values: Sequence[float], target: float, target_year: int) -> Official:
    scores = [100.0 * (value - values[0]) / (target - values[0]) for value in values]
    near = min(range(len(years) - 1), key=lambda place: abs(years[-1] - 4 - years[place]))
    window = (scores[near], years[near], scores[-1], years[-1])
    return sdsn(scores[0], years[0], *window, green=100.0, target_year=target_year)
