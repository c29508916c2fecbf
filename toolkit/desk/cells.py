"""Cells as people fill them in, and as they may safely be given back to a spreadsheet."""

from __future__ import annotations

import re
from datetime import date

from toolkit.base.names import fold

YEAR = re.compile(r"(?:nam\s+|year\s+)?(\d{4})(?:\.0+)?", re.ASCII)
DAY = re.compile(r"(?:ngay\s+)?(\d{1,2})(?:\s*[/.-]\s*|\s+thang\s+)(\d{1,2})(?:\s*[/.-]\s*|\s+nam\s+)(\d{4})", re.ASCII)
PLAIN_NUMBER = re.compile(r"[+-]?\d[\d.,]*%?", re.ASCII)
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def year_text(text: str) -> str:
    """Return a year written in a Vietnamese way as four digits; anything else as it is.

    >>> year_text("Năm 2023"), year_text("31/12/2023"), year_text("23")
    ('2023', '2023', '23')
    """
    match = YEAR.fullmatch(fold(text))
    if match:
        return match[1]
    day = day_text(text)
    return day[:4] if day != text else text


def day_text(text: str) -> str:
    """Return a day written in a Vietnamese way (day first) as ``YYYY-MM-DD``; anything else as it is.

    >>> day_text("30/6/2025"), day_text("ngày 15 tháng 01 năm 2026"), day_text("31/02/2025")
    ('2025-06-30', '2026-01-15', '31/02/2025')
    """
    match = DAY.fullmatch(fold(text))
    if not match:
        return text
    try:
        return date(int(match[3]), int(match[2]), int(match[1])).isoformat()
    except ValueError:
        return text


def harmless(text: str) -> str:
    """Return text that a spreadsheet program shows and never runs: a quote stands before what looks like a formula.

    >>> harmless("=1+1"), harmless("-3,5"), harmless("+84 205")
    ("'=1+1", '-3,5', "'+84 205")
    """
    return f"'{text}" if text.startswith(DANGEROUS) and not PLAIN_NUMBER.fullmatch(text) else text


def value_text(value: float, written: str) -> str:
    """Return a figure as the project writes it: decimal point, no thousands, as many decimals as its source printed.

    >>> value_text(12.2, "12,20%"), value_text(12868.0, "12.868"), value_text(0.692, "0.692")
    ('12.20', '12868', '0.692')
    """
    digits = written.rstrip("% ")
    mark = max(digits.rfind(","), digits.rfind("."))
    places = len(digits) - mark - 1 if mark >= 0 else 0
    shown = f"{value:.{min(places, 12)}f}"
    if float(shown) == value and not (places == 3 and value == int(value)):
        return shown
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
