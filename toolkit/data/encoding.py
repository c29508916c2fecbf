"""From bytes to text: UTF-8 with or without a mark, UTF-16, Windows-1258; nothing guessed in silence.

Letters of Windows-1258 are composed (NFC), since the code page writes tones as marks of their own.
Text in the old TCVN3 fonts ("ABC") looks like Latin letters with symbols between them; it cannot be told
from bytes alone which letter was meant once case is lost, so it is refused with advice.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from toolkit.data.problems import Problems

UTF16_SAMPLE = 4096
TCVN3_SIGNS = frozenset("µ¶·¸¹¨©ª«¬\u00ad®")
"""Vietnamese letters in the TCVN3 fonts; symbols in Windows code pages and in Unicode."""
TCVN3 = re.compile(f"[A-Za-z][{''.join(sorted(TCVN3_SIGNS))}]+[A-Za-z]")
FEWEST_TCVN3_WORDS = 3
"""Words with such a sign inside from which a text that is valid Unicode counts as TCVN3."""
FOREIGN = frozenset("ÖÜÑßäåæçëîïñöøüû×÷")
"""What TCVN3 letters look like in Windows-1258, and no Vietnamese word holds."""
VOWELS = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
STRAY_TONE = re.compile(f"[^{VOWELS}][\u0300\u0301\u0303\u0309\u0323]")
"""A tone on a consonant: the text is not Windows-1258."""
TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
"""Marks that Windows-1258 and decomposed UTF-8 put behind the letter."""


@dataclass(frozen=True)
class Decoded:
    """A file's text.

    Attributes
    ----------
    text :
        In Unicode form NFC; empty if it could not be read.
    encoding :
        The encoding found; empty if none fits.
    """

    text: str
    encoding: str


def decode(data: bytes, problems: Problems) -> Decoded:
    """Return the text of a file, noting what cannot be read."""
    encoding = _marked(data)
    if not encoding and b"\0" in data[:UTF16_SAMPLE]:
        encoding = _unmarked_utf16(data)
        if not encoding and data[:UTF16_SAMPLE].count(0) > len(data[:UTF16_SAMPLE]) // 20:
            problems.add("binary", 1)
            return Decoded("", "")
    if encoding:
        return _decoded(data, encoding, problems)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(data, error.start, problems)
    words = TCVN3.findall(text)
    if len(words) >= FEWEST_TCVN3_WORDS:
        problems.add("tcvn3", text[: text.index(words[0])].count("\n") + 1, value=words[0])
    return Decoded(_composed(text), "utf-8")


def _marked(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return ""


def _unmarked_utf16(data: bytes) -> str:
    sample = data[:UTF16_SAMPLE]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 2 * even and odd > len(sample) // 8:
        return "utf-16-le"
    if even > 2 * odd and even > len(sample) // 8:
        return "utf-16-be"
    return ""


def _decoded(data: bytes, encoding: str, problems: Problems) -> Decoded:
    try:
        return Decoded(_composed(data.decode(encoding)), encoding)
    except UnicodeDecodeError as error:
        problems.add("bad_bytes", _row(data, error.start), value=_hex(data, error.start), fields={"encoding": encoding})
        return Decoded(_composed(data.decode(encoding, errors="replace")), encoding)


def _not_utf8(data: bytes, start: int, problems: Problems) -> Decoded:
    """Decide between damaged UTF-8, Windows-1258 and TCVN3."""
    patched = data.decode("utf-8", errors="replace")
    damaged = patched.count("\ufffd")
    good = len(patched) - len(patched.encode("ascii", errors="ignore")) - damaged
    if good >= damaged:
        problems.add("bad_bytes", _row(data, start), value=_hex(data, start), fields={"encoding": "utf-8"})
        return Decoded(_composed(patched), "utf-8")
    legacy = data.decode("cp1258", errors="replace")
    if looks_like_tcvn3(legacy):
        problems.add("tcvn3", _row(data, start), value=_hex(data, start))
        return Decoded("", "")
    if "\ufffd" in legacy:
        row = legacy[: legacy.index("\ufffd")].count("\n") + 1
        problems.add("bad_bytes", row, fields={"encoding": "windows-1258"})
    return Decoded(_composed(legacy), "windows-1258")


def looks_like_tcvn3(text: str) -> bool:
    """Say whether text read as Windows-1258 is more likely TCVN3: its signs inside words, and hardly any tones."""
    signs, foreign, tones = (sum(map(text.count, letters)) for letters in (TCVN3_SIGNS, FOREIGN, TONES))
    stray = len(STRAY_TONE.findall(text))
    return signs + foreign + stray > tones - stray and TCVN3.search(text) is not None


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _row(data: bytes, position: int) -> int:
    return data[:position].count(b"\n") + 1


def _hex(data: bytes, position: int) -> str:
    return f"0x{data[position]:02X}" if position < len(data) else ""
