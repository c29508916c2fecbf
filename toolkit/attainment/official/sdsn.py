"""SDSN, SDG Index: four arrows on a normalised score, from its published legend."""

from __future__ import annotations

from toolkit.attainment.official.growth import Official

CLASSES = ("on track or maintaining", "moderately improving", "stagnating", "decreasing")


def sdsn(
    base: float,
    base_year: int,
    earlier: float,
    earlier_year: int,
    last: float,
    last_year: int,
    green: float,
    target_year: int = 2030,
) -> Official:
    """Return the arrow: the yearly rate since `earlier_year` over the one required from the base to `green`.

    Parameters
    ----------
    base, earlier, last :
        Scores of 0..100, more is better. Editions differ in the window from `earlier_year` to `last_year`.
    green :
        Score from which a goal counts as reached; staying above it is maintaining, even when falling.
    """
    required = (green - base) / (target_year - base_year)
    actual = (last - earlier) / (last_year - earlier_year)
    ratio = actual / required if required > 0 else None
    if last >= green or (ratio is not None and ratio >= 1.0):
        rank = 0
    else:
        rank = 3 if actual < 0 else 1 if ratio is not None and ratio >= 0.5 else 2
    return Official("SDSN", "4-arrow", ratio, CLASSES[rank], on_track=rank == 0)
