"""Eurostat, indicators with a target: ratio of actual to required growth, at 95, 60 and 0 %.

The thresholds are those of Open SDG, which says that it follows Eurostat; Eurostat's own text was not read.
"""

from __future__ import annotations

from toolkit.attainment.official.growth import Official, cagr

CLASSES = ("significant progress", "moderate progress", "insufficient progress", "movement away")


def eurostat(first: float, first_year: int, last: float, last_year: int, target: float, target_year: int) -> Official:
    """Return the class of the ratio of actual to required growth."""
    ratio = cagr(first, last, last_year - first_year) / cagr(first, target, target_year - first_year)
    rank = 0 if ratio >= 0.95 else 1 if ratio >= 0.6 else 2 if ratio >= 0 else 3
    return Official("Eurostat", "2021", ratio, CLASSES[rank], on_track=rank == 0)
