"""World Bank: means in request years (PIP, package wbpip) and the speed score (trackr)."""

from __future__ import annotations


def extrapolated_mean(mean: float, proxy: float, wanted: float) -> float:
    """Return a survey mean carried to another year by the ratio of a proxy (national accounts)."""
    return mean * wanted / proxy


def request_year_mean(means: tuple[float, float], proxies: tuple[float, float], wanted: float) -> tuple[float, float]:
    """Return both surveys' means in a request year between or beyond them.

    Interpolated where mean and proxy moved the same way and the wanted proxy lies between: both are then equal.
    Otherwise each survey is extrapolated by itself.
    """
    steps = means[1] - means[0], proxies[1] - proxies[0]
    inside = min(proxies) <= wanted <= max(proxies)
    if steps[0] * steps[1] > 0 and inside:
        value = means[0] + steps[0] * (wanted - proxies[0]) / steps[1]
        return value, value
    first, second = (extrapolated_mean(mean, proxy, wanted) for mean, proxy in zip(means, proxies, strict=True))
    return first, second


def proxy_in_survey_year(year: float, before: float, after: float) -> float:
    """Return the proxy of a survey that ran over the turn of a year, weighted by the part in each."""
    part = year - int(year)
    return (1.0 - part) * before + part * after


def speed(typical_start: float, typical_end: float, first_year: int, last_year: int) -> float:
    """Return years passed on the typical path for each calendar year; 2 is twice as fast as typical.

    Raises
    ------
    ValueError
        For less than five years between the observations, which it does not score.
    """
    if last_year - first_year < 5:
        message = "a speed score needs five years"
        raise ValueError(message)
    return (typical_end - typical_start) / (last_year - first_year)
