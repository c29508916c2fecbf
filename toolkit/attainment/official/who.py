"""WHO billionaiRe: the arithmetic of its scenarios on single paths, for comparison with ours on draws."""

from __future__ import annotations

from collections.abc import Mapping

Path = Mapping[int, float]
"""Value by year."""


def bounded(value: float, lower: float = 0.0, upper: float = 100.0) -> float:
    """Return a value trimmed to its bounds."""
    return min(max(value, lower), upper)


def percent_of_baseline(
    path: Path,
    percent: float,
    year: int,
    *,
    baseline: int,
    end: int = 2030,
    start: int = 2018,
    compatible: bool = False,
) -> float:
    """Return the value in `year` on the way to the baseline's value changed by `percent` until `end`.

    A straight line from the baseline's value, as its documentation says. Its code begins with the value of
    `start` on the baseline's clock instead, and jumps: that is `compatible`.
    """
    aim = path[baseline] * (1.0 + percent / 100.0)
    origin = path[start] if compatible else path[baseline]
    return bounded(origin + (aim - origin) * (year - baseline) / (end - baseline))


def fixed_target(path: Path, target: float, year: int, *, start: int, end: int) -> float:
    """Return the value in `year` on a straight line from the value of `start` to `target` in `end`."""
    return bounded(path[start] + (target - path[start]) * (year - start) / (end - start))


def latest_rate(path: Path, year: int, *, start: int) -> float:
    """Return the value in `year` if the last yearly rate before `start` goes on, trimmed to 0..100."""
    return bounded(path[start] * (path[start] / path[start - 1]) ** (year - start))


def target_rate(path: Path, target: float, year: int, *, start: int, end: int) -> float:
    """Return the value in `year` at the constant rate that leads to `target` in `end`."""
    return bounded(path[start] * (target / path[start]) ** ((year - start) / (end - start)))


def dip_recover(path: Path, year: int, *, start: int, dip: int, recovery: int | None = None) -> float:
    """Return the value in `year` after a dip: growth in equal steps at the rate before the dip.

    Without a year of recovery it sets in at once; before it the dip's value stays.
    """
    rate = path[start + 1] / path[start] - 1.0
    steps = max(0, year - (dip if recovery is None else recovery - 1))
    return path[dip] * (1.0 + steps * rate)


def back_on_path(held: float, before: Path, year: int, *, recovery: int) -> float:
    """Return the value in `year`: what is held until `recovery`, the path from before the shock from then on."""
    return held if year < recovery else before[year]


def reduced(value: float, percent: float) -> float:
    """Return a value reduced by per cent (of itself, not by points)."""
    return value * (1.0 - percent / 100.0)
