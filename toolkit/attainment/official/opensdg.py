"""Open SDG (Statistics Canada), 2.4: read in the code of sdg-build, ``ProgressMeasure.py``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.attainment.official.growth import Direction, Official, cagr, meets

ZERO = 0.001
"""What a base or target of 0 silently becomes there."""
CLASSES = ("substantial_progress", "moderate_progress", "limited_progress", "deterioration")
WITH_TARGET = (0.95, 0.6, 0.0)
WITHOUT_TARGET = (0.015, 0.005, 0.0)


@dataclass(frozen=True)
class OpenSDG(Official):
    """What Open SDG says; `score` is -5..5, `room` (C) shrinks the thresholds near a natural limit."""

    score: float = 0.0
    room: float = 1.0


def opensdg(
    base: float,
    base_year: int,
    current: float,
    current_year: int,
    *,
    direction: Direction = "down",
    target: float | None = None,
    target_year: int = 2030,
    limit: float | None = None,
) -> OpenSDG:
    """Return the verdict of Open SDG on a series' first and last value.

    Zero bases and targets become 0.001 as they do there, so growth from or to zero is absurd; a limit is ignored
    where there is a target.

    Raises
    ------
    ValueError
        For values of mixed signs, on which it gives no verdict.
    """
    sign = 1.0 if direction == "up" else -1.0
    first = base or ZERO
    growth = cagr(first, current, current_year - base_year)
    if target is not None:
        aim = target or ZERO
        needed = cagr(first, aim, target_year - base_year)
        flip = -1.0 if first < 0 and current < 0 else 1.0
        value = flip * sign * growth / abs(needed)
        if meets(current, target, direction):
            return OpenSDG("Open SDG", "2.4", value, "target_achieved", on_track=True, score=5.0)
        score = 7.1429 * value - 4.2857 if value >= WITH_TARGET[1] else 4.1667 * value - 2.5
        return _made(value, _class(value, WITH_TARGET), score, 1.0)
    value, room = sign * growth, _room(first, limit)
    if room == 0.0 and growth >= 0:
        return _made(value, CLASSES[0], 5.0, room)
    verdict = _class(value, tuple(threshold * room for threshold in WITHOUT_TARGET))
    slope, shift = {
        "substantial_progress": (500.0 / room, -5.0),
        "moderate_progress": (250.0 / room, -1.25),
        "limited_progress": (500.0, -2.5) if room == 1.0 else (500.0 / room, -2.5),
        "deterioration": (125.0, -2.5),
    }[verdict]
    return _made(value, verdict, slope * value + shift, room)


def opensdg_aggregate(results: Sequence[OpenSDG]) -> OpenSDG:
    """Return the verdict on an indicator with several series: by the mean of their scores."""
    if all(result.verdict == "target_achieved" for result in results):
        return results[0]
    return opensdg_of_score(sum(result.score for result in results) / len(results))


def opensdg_of_score(score: float) -> OpenSDG:
    """Return the class of an overall score."""
    return _made(None, _class(score, (2.5, 0.0, -2.5)), score, 1.0)


def _made(value: float | None, verdict: str, score: float, room: float) -> OpenSDG:
    bounded = max(-5.0, min(5.0, score))
    return OpenSDG("Open SDG", "2.4", value, verdict, on_track=verdict == CLASSES[0], score=bounded, room=room)


def _class(value: float, thresholds: Sequence[float]) -> str:
    reached = (name for name, threshold in zip(CLASSES, thresholds, strict=False) if value >= threshold)
    return next(reached, CLASSES[-1])


def _room(base: float, limit: float | None) -> float:
    if limit is None:
        return 1.0
    base, limit = abs(base), abs(limit)
    if base <= limit:
        return float(1.0 - (base / limit) ** 4.44)
    return float(1.0 - ((2 * limit - base) / limit) ** 4.44) if base < 2 * limit else 1.0
