"""Destatis weather symbols: read on the status page of Germany's sustainability strategy."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.attainment.official.growth import Direction, Official, meets

LAST = 6
"""Points that the mean yearly change rests on, at most."""
SYMBOLS = ("sun", "sun+cloud", "cloud", "thunderstorm")


def mean_change(years: Sequence[int], values: Sequence[float]) -> float:
    """Return the mean yearly change of the last six points.

    Raises
    ------
    ValueError
        For fewer than two points.
    """
    if len(values) < 2:
        message = "a mean change needs two points"
        raise ValueError(message)
    first = -min(LAST, len(values))
    return (values[-1] - values[first]) / (years[-1] - years[first])


def destatis(
    years: Sequence[int], values: Sequence[float], target: float, target_year: int, *, direction: Direction
) -> Official:
    """Return the symbol of a target in one year: the mean change drawn on, and how much of the gap it would leave."""
    last, change = values[-1], mean_change(years, values)
    if meets(last, target, direction):
        return Official("Destatis", "2025", None, SYMBOLS[0], on_track=True)
    missed = (last + change * (target_year - years[-1]) - target) / (last - target)
    if change == 0 or (change > 0) != (direction == "up"):
        rank = 3
    else:
        rank = 0 if missed < 0.05 else 1 if missed <= 0.2 else 2
    return Official("Destatis", "2025", missed, SYMBOLS[rank], on_track=rank == 0)


def destatis_each_year(last: float, change: float, target: float, *, direction: Direction) -> Official:
    """Return the symbol of a target that holds in every year: the last value first, the mean change second."""
    met, better = meets(last, target, direction), change >= 0 if direction == "up" else change <= 0
    rank = (0 if better else 1) if met else (2 if better else 3)
    return Official("Destatis", "2025", None, SYMBOLS[rank], on_track=met)
