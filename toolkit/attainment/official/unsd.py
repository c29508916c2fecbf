"""United Nations Statistics Division, progress chart: editions 2022 and 2023, which disagree by design.

2022: ratio of growth rates, as in a third party's code (cwtravisyip/unsd_global_database).
2023: share of the distance closed by extrapolation, as restated by the Basque statistics office.
"""

from __future__ import annotations

from toolkit.attainment.official.growth import Direction, Official, cagr, meets

CLASSES_2022 = (
    "Substantial progress/ on track",
    "Fair progress but acceleration needed",
    "Limited to no progress",
    "Deterioration",
)
CLASSES_2023 = {3: "3 met or on track", 2: "2 fair progress, acceleration needed", 1: "1 stagnation or regression"}
NEAR_BOUND = 1.0


def unsd_2022(first: float, first_year: int, last: float, last_year: int, target: float, target_year: int) -> Official:
    """Return the class of the ratio of actual to required growth."""
    ratio = cagr(first, last, last_year - first_year) / cagr(first, target, target_year - first_year)
    rank = 0 if ratio > 0.95 else 1 if ratio >= 0.5 else 2 if ratio >= -0.1 else 3
    return Official("UNSD", "2022", ratio, CLASSES_2022[rank], on_track=rank == 0)


def unsd_2022_growth(growth: float, direction: Direction) -> Official:
    """Return the class of a growth rate without a target; a fall counts as one (published code took its size)."""
    value = growth if direction == "up" else -growth
    rank = 0 if value > 0.01 else 1 if value >= 0.005 else 2 if value >= -0.01 else 3
    return Official("UNSD", "2022", growth, CLASSES_2022[rank], on_track=rank == 0)


def unsd_2023(first: float, first_year: int, last: float, last_year: int, target: float, target_year: int) -> Official:
    """Return the class of the share of the distance that the extrapolated value has closed.

    A value that has reached the target is met, and so is one within 1 of the bound (0 or 100) that is the target.
    """
    growth = cagr(first, last, last_year - first_year)
    expected = last * (1.0 + growth) ** (target_year - last_year)
    ratio = (expected - first) / (target - first) if target != first else 1.0
    direction: Direction = "up" if target >= first else "down"
    near = target in (0.0, 100.0) and abs(last - target) <= NEAR_BOUND
    rank = 3 if ratio >= 0.95 or near or meets(last, target, direction) else 2 if ratio >= 0.1 else 1
    return Official("UNSD", "2023", ratio, CLASSES_2023[rank], on_track=rank == 3)


def unsd_2023_growth(growth: float, direction: Direction) -> Official:
    """Return the class of a growth rate without a target."""
    value = growth if direction == "up" else -growth
    rank = 3 if value >= 0.02 else 2 if value >= 0.005 else 1
    return Official("UNSD", "2023", growth, CLASSES_2023[rank], on_track=rank == 3)
