"""Years, days, counts and choices as texts of cells."""

from __future__ import annotations

import re
from datetime import date

YEAR = re.compile(r"(\d{4})(?:\.0+)?", re.ASCII)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
WHOLE = re.compile(r"\d{1,15}(?:\.0+)?", re.ASCII)
FIRST_YEAR = 1945
"""Years before it are taken for slips: no figure of the present administration is older."""


def year_of(text: str) -> int | None:
    """Return a year written as four digits (``2024`` or, as some programs export it, ``2024.0``), else None.

    >>> year_of("2024"), year_of("2024.0"), year_of("24"), year_of("1204")
    (2024, 2024, None, None)
    """
    match = YEAR.fullmatch(text)
    year = int(match[1]) if match else 0
    return year if year >= FIRST_YEAR else None


def day_of(text: str) -> date | None:
    """Return a day written as ``YYYY-MM-DD``, else None.

    >>> day_of("2025-06-30"), day_of("30/06/2025"), day_of("2025-02-30")
    (datetime.date(2025, 6, 30), None, None)
    """
    if not DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def whole_of(text: str) -> int | None:
    """Return a count written in digits, else None."""
    return int(text.partition(".")[0]) if WHOLE.fullmatch(text) else None
