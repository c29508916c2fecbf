"""The one catalogue of words, the spelling of names, the one format of numbers, and how objects show themselves.

The catalogue is the folder ``catalogue/``: YAML files of ``key: {vi: …, en: …}``, one file a room. It holds every
text that a user reads, in Vietnamese and English. Texts may hold ``{fields}``, filled by :meth:`Texts.t`.
Names are kept in one spelling (Unicode form NFC) and looked up in any reasonable one. Numbers are written as Vietnamese
(``12,2%``, ``781.655 người``, a change of a rate in ``điểm phần trăm``) or English usage has it.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from toolkit.base.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

ROWS_SHOWN = 8
"""So many rows of an object are shown in a notebook."""


def several(given: Any) -> list[Any]:
    """Return one thing as a list, and several as they are: what is asked for may be one, or a list of them.

    >>> several("20"), several(["20", 181])
    (['20'], ['20', 181])
    """
    return [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)


class Tabular:
    """What holds rows: it says in a line what it is, and a notebook shows its first rows."""

    def to_frame(self) -> pd.DataFrame:
        """Return the rows."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """Return what it is and how many rows it has."""
        return f"<{type(self).__name__}: {len(self.to_frame())}>"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(repr(self))}</p>{self.to_frame().head(ROWS_SHOWN).to_html(index=False, na_rep='–')}"


class FieldsAlone:
    """A model of pydantic's whose completion shows its own fields and methods, not pydantic's."""

    def __dir__(self) -> list[str]:
        ours = [vars(kind) for kind in type(self).__mro__ if kind.__module__.startswith("toolkit.")]
        fields: Any = getattr(type(self), "model_fields", {})
        names = {*fields, *(name for kind in ours for name in kind)}
        return sorted(name for name in names if not name.startswith(("_", "model_")))


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


UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\ufeff\u202a-\u202e\u2066-\u2069]")
"""What a terminal would obey, and marks that change the direction of writing: what follows is read from its end."""


def visible(text: str) -> str:
    r"""Return anybody's text with what cannot be seen and does something as visible signs.

    >>> visible("12\u202e3 \x1b[2J5\u00a0%")
    '12⟨U+202E⟩3 ⟨U+001B⟩[2J5\xa0%'
    """
    return UNSEEN.sub(lambda mark: f"⟨U+{ord(mark[0]):04X}⟩", text)


TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings that make a spreadsheet take text for a formula (the list of OWASP)."""
NUMBER = re.compile(r"[+-]?[\d.,\u00a0]+ ?%?")


def formula_like(text: str) -> bool:
    """Say whether a spreadsheet may take a text for a formula."""
    return text.lstrip(" ").startswith(TRIGGERS)


def neutral(text: str) -> str:
    r"""Return text that a spreadsheet takes for text: an apostrophe goes before what would begin a formula.

    Numbers are not texts and are left alone: ``-0.5`` stays a number wherever it is one.

    >>> neutral("=1+1"), neutral("Bình Gia"), neutral(" @x")
    ("'=1+1", 'Bình Gia', "' @x")
    """
    return f"'{text}" if formula_like(text) else text


def neutral_cell(text: object) -> str:
    """Return the text of a cell that may hold a number as somebody wrote it, which stays as it is."""
    return str(text) if NUMBER.fullmatch(str(text)) else neutral(str(text))


Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
CATALOGUE = Path(__file__).parent / "catalogue"
FIELD = re.compile(r"\{(\w+)\}")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return the whole catalogue, ``{key: {"vi": text, "en": text}}``.

    Raises
    ------
    ValueError
        If a key stands twice, or lacks a language: a defect of the catalogue, not of a user.
    """
    from toolkit.base.yaml_files import read_yaml  # whose problems are said in these texts

    entries: dict[str, dict[str, str]] = {}
    for path in sorted(CATALOGUE.glob("*.yaml")):
        read = read_yaml(path)
        if read.problems or not isinstance(read.content, dict):
            raise ValueError(f"{path.name}, line {read.problems[0].row if read.problems else 1}: this is no catalogue")
        for key, texts in read.content.items():
            if key in entries:
                raise ValueError(f"{path.name}: the key {key!r} stands in the catalogue already")
            if set(texts) != set(LANGUAGES):
                raise ValueError(f"{path.name}: {key!r} needs exactly the languages {LANGUAGES}, not {sorted(texts)}")
            entries[key] = {language: normalise(str(text)) for language, text in texts.items()}
    return entries


@dataclass(frozen=True)
class Texts:
    """The catalogue in one language.

    Attributes
    ----------
    language :
        ``"vi"`` or ``"en"``.
    """

    language: Language

    def t(self, key: str, **fields: object) -> str:
        """Return the text of `key` with its ``{fields}`` filled.

        Raises
        ------
        KeyError
            For a key that the catalogue lacks, or a field that the text needs and the caller lacks.
        """
        entries = catalogue()
        if key not in entries:
            raise KeyError(f"no text {key!r} in the catalogue; near: {nearest(key, entries)}")
        return visible(FIELD.sub(lambda match: str(fields[match[1]]), entries[key][self.language]))

    def has(self, key: str) -> bool:
        """Say whether the catalogue holds `key`."""
        return key in catalogue()


@cache
def texts(language: str) -> Texts:
    """Return the catalogue in `language`.

    Raises
    ------
    UsageError
        For a language other than ``vi`` and ``en``.
    """
    for known in LANGUAGES:
        if language == known:
            return Texts(known)
    raise UsageError(say("base.no_language", language=language), say("base.choose", choices=", ".join(LANGUAGES)))


def interface_language() -> Language:
    """Return the language in which the toolkit speaks to its user, outside reports: ``vi`` unless told otherwise.

    The environment variable ``TOOLKIT_LANG`` tells it, so that worker processes speak the same language.
    """
    return "en" if os.environ.get("TOOLKIT_LANG", "vi").casefold().startswith("en") else "vi"


def set_language(language: str) -> None:
    """Choose the language in which the toolkit speaks from now on: ``vi`` or ``en``.

    Raises
    ------
    UsageError
        For another language.

    Examples
    --------
    >>> before = interface_language()
    >>> set_language("en")
    >>> interface_language()
    'en'
    >>> set_language(before)
    """
    os.environ["TOOLKIT_LANG"] = texts(language).language


def say(key: str, **fields: object) -> str:
    """Return a text of the catalogue in the user's language; see :meth:`Texts.t`."""
    return texts(interface_language()).t(key, **fields)


NO_VALUE = "–"
MINUS = "−"


@dataclass(frozen=True)
class Numbers:
    """Numbers as a reader of one language writes them.

    Attributes
    ----------
    language :
        ``"vi"`` or ``"en"``.
    """

    language: Language

    def decimal(self, value: float | None, places: int = 1, *, sign: bool = False) -> str:
        """Return `value` with a fixed number of decimal places; a dash for ``None`` and NaN.

        >>> numbers("vi").decimal(781655, 0), numbers("en").decimal(-2.47, 2)
        ('781.655', '−2.47')
        """
        if value is None or math.isnan(value):
            return NO_VALUE
        if math.isinf(value):
            return "∞" if value > 0 else f"{MINUS}∞"
        text = f"{abs(value):,.{places}f}"
        negative = value < 0 and any(digit not in "0,." for digit in text)
        if self.language == "vi":
            text = text.replace(",", " ").replace(".", ",").replace(" ", ".")
        return f"{MINUS if negative else '+' if sign and value > 0 else ''}{text}"

    def with_error(self, value: float, error: float, places: int) -> str:
        """Return `value` and its standard error; the value alone where the error is NaN.

        >>> numbers("vi").with_error(79.76, 1.04, 1), numbers("en").with_error(0.5, float("nan"), 2)
        ('79,8 ± 1,0', '0.50')
        """
        text = self.decimal(value, places)
        return text if math.isnan(error) else f"{text} ± {self.decimal(error, places)}"

    def plain(self, value: float | None, most: int = 4) -> str:
        """Return `value` as printed by its source: no more places than it has, at most `most`.

        >>> numbers("vi").plain(2.32), numbers("vi").plain(12.0)
        ('2,32', '12')
        """
        if value is None or math.isnan(value):
            return NO_VALUE
        places = next(
            (n for n in range(most) if math.isclose(round(value, n), value, rel_tol=1e-9, abs_tol=1e-12)), most
        )
        return self.decimal(value, places)

    def percent(self, share: float | None, places: int = 0) -> str:
        """Return a share of 0..1 as a percentage; no space before the sign, as the plan itself writes it.

        >>> numbers("vi").percent(0.724), numbers("en").percent(0.724, 1)
        ('72%', '72.4%')
        """
        if share is None or math.isnan(share):
            return NO_VALUE
        return f"{self.decimal(100 * share, places)}%"

    def with_unit(self, text: str, unit: str) -> str:
        """Return the text of a number followed by its unit as printed, which may be a percent sign or nothing."""
        return f"{text}\u00a0{unit}" if unit not in ("", "%") else f"{text}{unit}"

    def probability(self, probability: float | None, *, bound: str = "exact") -> str:
        r"""Return a probability as whole per cent, never as a false certainty.

        Below 1 % and above 99 % the text says so instead of rounding to 0 or 100;
        a lower bound is written with ``≥``.

        >>> numbers("en").probability(0.997), numbers("vi").probability(0.43, bound="at_least")
        ('>99%', '≥\xa043%')
        """
        if probability is None or math.isnan(probability):
            return NO_VALUE
        if bound == "at_least":
            floored = math.floor(100 * probability + 1e-9)
            return f"≥\u00a0{min(floored, 99)}%"
        if probability < 0.01:
            return "<1%"
        if probability > 0.99:
            return ">99%"
        return self.percent(probability)


@cache
def numbers(language: Language) -> Numbers:
    """Return the formatter of `language`."""
    return Numbers(language)
