"""Growth between two points, which most systems rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["up", "down"]


@dataclass(frozen=True)
class Official:
    """What another system says.

    Attributes
    ----------
    system, edition :
        Whose rule, of when.
    value :
        The number that its class rests on (a ratio, a growth rate, a score); None where it defines none.
    verdict :
        Its class, in its own English words.
    on_track :
        True where the class says that the target will be met (or is), if things go on.
    """

    system: str
    edition: str
    value: float | None
    verdict: str
    on_track: bool


def cagr(first: float, last: float, years: float) -> float:
    """Return the compound annual growth rate, as a fraction.

    Raises
    ------
    ValueError
        If no time passes, or the two values have no positive ratio.

    >>> round(cagr(20.0, 12.0, 7), 6)
    -0.070376
    """
    if years <= 0:
        message = f"growth needs time to pass, not {years} years"
        raise ValueError(message)
    if first == 0 or last / first < 0:
        message = f"no growth rate leads from {first} to {last}"
        raise ValueError(message)
    return float((last / first) ** (1.0 / years) - 1.0)


def meets(value: float, target: float, direction: Direction) -> bool:
    """Say whether a value has reached a target."""
    return value >= target if direction == "up" else value <= target
