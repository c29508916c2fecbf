"""Cells as people fill them in, and as they may safely be given back to a spreadsheet."""

from __future__ import annotations

import re

PLAIN_NUMBER = re.compile(r"[+-]?\d[\d.,]*%?", re.ASCII)
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


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
