"""Years, days, counts and choices as texts of cells."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from toolkit.base.texts import fold

YEAR = re.compile(r"(\d{4})(?:\.0+)?", re.ASCII)
YEAR_IN_WORDS = re.compile(r"(?:(?:ca|cuoi|het|den cuoi|den het)\s+)?(?:nam|year)\s+(\d{4})", re.ASCII)
DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
DAY_FIRST = re.compile(
    r"(?:ngay\s+)?(\d{1,2})(?:\s*[/.-]\s*|\s+thang\s+)(\d{1,2})(?:\s*[/.-]\s*|\s+nam\s+)(\d{4})", re.ASCII
)
PART_OF_YEAR = re.compile(r"\b(?:thang|quy|nua|half|quarter|[qh][1-4]|\d{1,2}t|t\d{1,2})\b", re.ASCII)
HAS_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)", re.ASCII)
LONGEST = 60
WHOLE = re.compile(r"\d{1,15}(?:\.0+)?", re.ASCII)
FIRST_YEAR = 1945
"""Years before it are taken for slips: no figure of the present administration is older."""


@lru_cache(maxsize=4096)
def year_of(text: str) -> int | None:
    """Return a year: four digits, in words, or the last day of it, on which yearly reviews are dated; else None.

    >>> year_of("2024"), year_of("2024.0"), year_of("Năm 2023"), year_of("31/12/2023")
    (2024, 2024, 2023, 2023)
    >>> year_of("24"), year_of("1204"), year_of("30/06/2023"), year_of("6 tháng đầu năm 2024")
    (None, None, None, None)
    """
    match = YEAR.fullmatch(text)
    if not match and len(text) <= LONGEST:
        match = YEAR_IN_WORDS.fullmatch(fold(text))
    if match:
        year = int(match[1])
    else:
        day = day_of(text)
        year = day.year if day is not None and (day.month, day.day) == (12, 31) else 0
    return year if year >= FIRST_YEAR else None


def part_of_year(text: str) -> bool:
    """Say whether a text that is no year means months, a quarter, a half or a day of one.

    >>> [part_of_year(text) for text in ("6 tháng đầu năm 2024", "Quý I/2024", "30/06/2024", "2023-2024")]
    [True, True, True, False]
    """
    if len(text) > LONGEST or year_of(text) is not None:
        return False
    folded = fold(text)
    return day_of(text) is not None or bool(PART_OF_YEAR.search(folded) and HAS_YEAR.search(folded))


@lru_cache(maxsize=4096)
def day_of(text: str) -> date | None:
    """Return a day written as ``YYYY-MM-DD`` or, day first, in a Vietnamese way, else None.

    >>> day_of("2025-06-30"), day_of("30/6/2025"), day_of("ngày 15 tháng 01 năm 2026"), day_of("2025-02-30")
    (datetime.date(2025, 6, 30), datetime.date(2025, 6, 30), datetime.date(2026, 1, 15), None)
    """
    if len(text) > LONGEST:
        return None
    plain, worded = DAY.fullmatch(text), DAY_FIRST.fullmatch(fold(text))
    try:
        if plain:
            return date.fromisoformat(plain[1])
        return date(int(worded[3]), int(worded[2]), int(worded[1])) if worded else None
    except ValueError:
        return None


def whole_of(text: str) -> int | None:
    """Return a count written in digits, else None."""
    return int(text.partition(".")[0]) if WHOLE.fullmatch(text) else None
