"""The one catalogue of words, and the spelling of names.

The catalogue is the folder ``catalogue/``: YAML files of ``key: {vi: …, en: …}``, one file a room. It holds every
text that a user reads, in Vietnamese and English. Texts may hold ``{fields}``, filled by :meth:`Texts.t`.
Names are kept in one spelling (Unicode form NFC) and looked up in any reasonable one.
"""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from toolkit.base.errors import UsageError

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
            message = f"{path.name}, line {read.problems[0].row if read.problems else 1}: this is no catalogue"
            raise ValueError(message)
        for key, texts in read.content.items():
            if key in entries:
                message = f"{path.name}: the key {key!r} stands in the catalogue already"
                raise ValueError(message)
            if set(texts) != set(LANGUAGES):
                message = f"{path.name}: {key!r} needs exactly the languages {LANGUAGES}, not {sorted(texts)}"
                raise ValueError(message)
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
            message = f"no text {key!r} in the catalogue; near: {nearest(key, entries)}"
            raise KeyError(message)
        return FIELD.sub(lambda match: str(fields[match[1]]), entries[key][self.language])

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
    message = say("base.no_language", language=language)
    raise UsageError(message, say("base.choose", choices=", ".join(LANGUAGES)))


def interface_language() -> Language:
    """Return the language in which the toolkit speaks to its user, outside reports: ``vi`` unless told otherwise.

    The environment variable ``TOOLKIT_LANG`` tells it, so that worker processes speak the same language.
    """
    return "en" if os.environ.get("TOOLKIT_LANG", "vi").casefold().startswith("en") else "vi"


def say(key: str, **fields: object) -> str:
    """Return a text of the catalogue in the user's language; see :meth:`Texts.t`."""
    return texts(interface_language()).t(key, **fields)
