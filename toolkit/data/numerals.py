"""Numbers as people write them: decimal comma or point, thousands dots, per cent signs; never a guess.

``12.868`` is 12868 to a Vietnamese reader and 12.868 to an English one. What a cell can mean is narrowed by
what it counts (no fraction of a household, no share above 100 %), then by the other cells of the column;
what is still open, and a column that mixes both styles, is a problem.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from toolkit.data.workbook import Numeral

Style = Literal["comma", "point"]
"""Which sign stands before the decimals."""
STYLES: tuple[Style, ...] = ("comma", "point")

BODIES: dict[Style, re.Pattern[str]] = {
    "point": re.compile(r"(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?|\.\d+", re.ASCII),
    "comma": re.compile(r"(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,\d+)?|,\d+", re.ASCII),
}
SPACED = re.compile(r"(?<=\d) (?=\d{3}(?!\d))", re.ASCII)
LONGEST = 60
INFINITE = frozenset({"inf", "infinity", "nan", "-inf", "+inf", "-infinity", "∞", "-∞", "+∞", "-nan"})


@dataclass(frozen=True)
class Reading:
    """What one cell can mean.

    Attributes
    ----------
    meanings :
        Value under each style in which the text is a number; both are equal for plain digits.
    percent :
        True if a per cent sign followed.
    fault :
        ``""``, ``"no_number"``, ``"infinite"``.
    """

    meanings: dict[Style, float]
    percent: bool = False
    fault: str = ""

    @property
    def telling(self) -> Style | None:
        """The style that this cell speaks for; None for plain digits and for what can be read both ways."""
        return next(iter(self.meanings)) if len(self.meanings) == 1 else None

    @property
    def open(self) -> bool:
        """Whether the cell means two different numbers."""
        return len(set(self.meanings.values())) > 1

    def shown(self) -> str:
        """Return the possible values as text, for messages."""
        return " / ".join(f"{value:.10g}" for value in dict.fromkeys(self.meanings.values()))


def reading(text: str) -> Reading:
    """Return what the text of a cell can mean as a number.

    >>> sorted(reading("12.868").meanings.values()), reading("12,2 %").meanings
    ([12.868, 12868.0], {'comma': 12.2})
    """
    if isinstance(text, Numeral):
        value = float(text)
        return Reading(dict.fromkeys(STYLES, value), fault="" if math.isfinite(value) else "infinite")
    if text.casefold() in INFINITE:
        return Reading({}, fault="infinite")
    body = text.replace("−", "-")
    percent = body.endswith("%")
    body = body.removesuffix("%").rstrip()
    sign = -1.0 if body.startswith("-") else 1.0
    body = SPACED.sub("", body[1:].lstrip() if body[:1] in ("-", "+") else body)
    if not body or len(body) > LONGEST:
        return Reading({}, fault="no_number")
    meanings = {style: sign * _value(body, style) for style in STYLES if BODIES[style].fullmatch(body)}
    if any(math.isinf(value) for value in meanings.values()):
        return Reading({}, fault="infinite")
    return Reading(meanings, percent, "" if meanings else "no_number")


def _value(body: str, style: Style) -> float:
    group, mark = (".", ",") if style == "comma" else (",", ".")
    return float(body.replace(group, "").replace(mark, "."))


def narrowed(found: Reading, fits: Callable[[float], bool]) -> Reading:
    """Return the reading without the meanings that cannot be; all stay if none can be."""
    if not found.open:
        return found
    possible = {style: value for style, value in found.meanings.items() if fits(value)}
    return Reading(possible, found.percent) if possible else found


@dataclass(frozen=True)
class Columnwise:
    """The numbers of a column.

    Attributes
    ----------
    values :
        One a cell; None where the cell is no number or its meaning is open.
    mixed :
        Positions of cells written in another style than the rest of the column.
    unclear :
        Positions of cells that mean two numbers, with nothing in the column to tell which.
    style :
        The column's style, None if no cell tells.
    """

    values: tuple[float | None, ...]
    mixed: frozenset[int]
    unclear: frozenset[int]
    style: Style | None


def settle(readings: Sequence[Reading]) -> Columnwise:
    """Read a column in the style of most of its cells.

    Where as many cells speak for one style as for the other, all of them are mixed.
    """
    votes = {style: [at for at, found in enumerate(readings) if found.telling == style] for style in STYLES}
    comma, point = len(votes["comma"]), len(votes["point"])
    style: Style | None = None if comma == point else "comma" if comma > point else "point"
    if style is None:
        mixed = frozenset([*votes["comma"], *votes["point"]])
    else:
        mixed = frozenset(votes["point" if style == "comma" else "comma"])
    unclear = frozenset(at for at, found in enumerate(readings) if found.open) if style is None else frozenset()
    values = tuple(
        None if at in mixed or at in unclear or not found.meanings else _meaning(found, style)
        for at, found in enumerate(readings)
    )
    return Columnwise(values, mixed, unclear, style)


def _meaning(found: Reading, style: Style | None) -> float:
    return found.meanings[style] if style in found.meanings else next(iter(found.meanings.values()))
