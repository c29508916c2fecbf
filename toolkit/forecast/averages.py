"""Published means of several years: which of them stand for a period."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.forecast.paths import PeriodAverage

STATUS_RANK = {"final": 0, "reported": 1, "preliminary": 2}


def usable_averages(averages: Sequence[PeriodAverage], first: int, last: int) -> list[PeriodAverage]:
    """Return the published means that stand for years of first..last, in order of time, none overlapping.

    Of overlapping ones the better status wins, then the longer, then the earlier in the list.
    """
    inside = [average for average in averages if first <= average.from_year and average.to_year <= last]
    ranked = sorted(inside, key=lambda a: (STATUS_RANK.get(a.status, len(STATUS_RANK)), a.from_year - a.to_year))
    chosen: list[PeriodAverage] = []
    for average in ranked:
        if all(average.to_year < other.from_year or other.to_year < average.from_year for other in chosen):
            chosen.append(average)
    return sorted(chosen, key=lambda average: average.from_year)
