"""Names of areas and columns: one spelling inside, any reasonable spelling at the door."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

_SPACES = re.compile(r"\s+")


def normalise(text: str) -> str:
    r"""Return `text` in Unicode form NFC with single spaces and none at the ends.

    >>> normalise("  Bình\u00a0 Gia ")
    'Bình Gia'
    """
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def fold(text: str) -> str:
    """Return `text` for comparison: no diacritics, no case, ``đ`` as ``d``.

    Unicode does not decompose ``đ``, so it is mapped by hand.

    >>> fold("Huyện ĐÌNH LẬP") == fold("huyen dinh lap")
    True
    """
    decomposed = unicodedata.normalize("NFD", normalise(text).replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def nearest(text: str, choices: Iterable[str], count: int = 3) -> list[str]:
    """Return the `count` choices most like `text`, best first, judged without diacritics.

    >>> nearest("Binh Ga", ["Bình Gia", "Bắc Sơn", "Đình Lập"], count=1)
    ['Bình Gia']
    """
    matcher = difflib.SequenceMatcher()
    matcher.set_seq2(fold(text))  # what stays the same belongs second: difflib prepares it once
    best: list[tuple[float, str]] = []
    for choice in dict.fromkeys(choices):
        matcher.set_seq1(fold(choice))
        least = best[-1][0] if len(best) == count else -1.0
        if matcher.real_quick_ratio() > least and matcher.quick_ratio() > least:
            best = sorted([*best, (matcher.ratio(), choice)], key=lambda scored: -scored[0])[:count]
    return [choice for _, choice in best]


def slug(text: str) -> str:
    """Return a file-name part of `text`: ASCII letters, digits and single hyphens.

    >>> slug("Huyện Bình Gia / 2026")
    'huyen-binh-gia-2026'
    """
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")
