"""Bytes to text, text to cells, cells to years, days and numbers: however they are written, and never a guess.

Text in the old TCVN3 fonts ("ABC") looks like Latin letters with symbols between them; which letter was meant
cannot be known from bytes alone once case is lost, so it is refused with advice.

``12.868`` is 12868 to a Vietnamese reader and 12.868 to an English one. What a cell can mean is narrowed by
what it counts (no fraction of a household, no share above 100 %), then by the other cells of the column;
what is still open, and a column that mixes both styles, is a problem.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from itertools import count
from typing import Literal, NamedTuple, TypeVar

from toolkit.base.problems import Phrase, Problems
from toolkit.base.texts import Language, fold

BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""Bytes at the beginning of a file that name its encoding."""
UTF16_SAMPLE = 4096
TCVN3_SIGNS = frozenset("µ¶·¸¹¨©ª«¬\u00ad®")
"""Vietnamese letters in the TCVN3 fonts; symbols in Windows code pages and in Unicode."""
TCVN3 = re.compile(
    "[A-Za-z][{signs}]+[A-Za-z]|[®§][{signs}]*[a-zà-ÿ]|\u00ad[è-ÿ]|[a-z][ÐÑÒÓÔÕÖØÜÝÞ](?![A-Z])".format(
        signs="".join(sorted(TCVN3_SIGNS)) + "»¼½¾×÷"
    )
)
"""A sign between letters, the sign of đ, Đ or ư before one, or a capital with a mark behind a small letter."""
VNI = re.compile("[Aa][øûïäâåéèêùõ]|[Ee][øûïäâåùõ]|[Oo][øûïäâåõ]|[Yy][øûïä]|[ÖÔöô][ùøûõï]|[Uu][ûøï]")
"""Letter and tone in the VNI fonts, as no Vietnamese text in Unicode has them side by side."""
FEWEST_OLD_WORDS = 3
"""Words with such signs from which a text that is valid Unicode counts as written in an old font."""
OLD_SIGNS = "§µ¶·¸¹¨©ª«¬\u00ad®»¼½¾×÷øûïäåÐÑÒÓÔÕÖØÜÝÞ"
FOREIGN = frozenset("ÖÜÑßäåæçëîïñöøüû×÷")
"""What TCVN3 letters look like in Windows-1258, and no Vietnamese word holds."""
VOWELS = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
STRAY_TONE = re.compile(f"[^{VOWELS}][\u0300\u0301\u0303\u0309\u0323]")
"""A tone on a consonant: the text is not Windows-1258."""
TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
"""Marks that Windows-1258 and decomposed UTF-8 put behind the letter."""


def decode(data: bytes, problems: Problems) -> str:
    """Return the text of a file in Unicode form NFC, noting what cannot be read; empty if nothing can."""
    mark, encoding = next(((mark, name) for mark, name in BYTE_ORDER_MARKS.items() if data.startswith(mark)), (b"", ""))
    data = data.removeprefix(mark)
    sample = data[:UTF16_SAMPLE]
    if not encoding and b"\0" in sample:
        encoding = _unmarked_utf16(sample)
        if not encoding and sample.count(0) > len(sample) // 20:
            problems.add("binary", 1)
            return ""
    try:
        text = data.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        return _damaged(data, encoding, error.start, problems)
    word = old_font(text)
    if word:
        problems.add("tcvn3", text[: text.index(word)].count("\n") + 1, value=word)
    return unicodedata.normalize("NFC", text)


def _unmarked_utf16(sample: bytes) -> str:
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 2 * even and odd > len(sample) // 8:
        return "utf-16-le"
    return "utf-16-be" if even > 2 * odd and even > len(sample) // 8 else ""


def _damaged(data: bytes, encoding: str, start: int, problems: Problems) -> str:
    """Decide between damaged Unicode, Windows-1258 and TCVN3."""
    patched = data.decode(encoding or "utf-8", errors="replace")
    row = patched[: patched.index("\ufffd")].count("\n") + 1
    byte = f"0x{data[start]:02X}" if start < len(data) else ""
    damaged = patched.count("\ufffd")
    good = len(patched) - len(patched.encode("ascii", errors="ignore")) - damaged
    if encoding or good >= damaged:
        problems.add("bad_bytes", row, value=byte, fields={"encoding": encoding or "utf-8"})
        return unicodedata.normalize("NFC", patched)
    legacy = data.decode("cp1258", errors="replace")
    if looks_like_tcvn3(legacy):
        problems.add("tcvn3", row, value=byte)
        return ""
    if stray := re.search(f"\ufffd|{STRAY_TONE.pattern}", legacy):
        row = legacy[: stray.start()].count("\n") + 1
        problems.add("bad_bytes", row, fields={"encoding": "windows-1258"})
    return unicodedata.normalize("NFC", legacy)


def old_font(text: str, fewest: int = FEWEST_OLD_WORDS) -> str:
    """Return the first letters that speak for an old font, TCVN3 or VNI; empty if there are few or none.

    A word of another language may hold a sign of VNI; several different ones mean the font.

    >>> old_font("B×nh Gia, B¾c S¬n"), old_font("Huyeän Bình Gia, tyû leä hoä ngheøo"), old_font("Malmö, Haïti, maïs")
    ('B×n', 'eä', '')
    """
    if not any(sign in text for sign in OLD_SIGNS):
        return ""
    words: list[str] = TCVN3.findall(text)
    pairs: list[str] = VNI.findall(text)
    if len(words) >= fewest:
        return words[0]
    return pairs[0] if len(pairs) >= fewest and len(set(pairs)) > 1 else ""


def looks_like_tcvn3(text: str) -> bool:
    """Say whether text read as Windows-1258 is more likely TCVN3: its signs inside words, and hardly any tones."""
    signs, foreign, tones = (sum(map(text.count, letters)) for letters in (TCVN3_SIGNS, FOREIGN, TONES))
    stray = len(STRAY_TONE.findall(text))
    return signs + foreign + stray > tones - stray and (TCVN3.search(text) or VNI.search(text)) is not None


class Row(NamedTuple):
    """One record as text.

    Attributes
    ----------
    number :
        Row as a spreadsheet shows it, from 1; a line break inside quotes does not count.
    cells :
        Texts as they stand in the file.
    """

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class RawSheet:
    """One sheet of a workbook, or one CSV file, as rows of text.

    Attributes
    ----------
    name, visible :
        As in the workbook.
    rows :
        Rows that hold anything (of a CSV file also blank ones).
    merged :
        Rows (as in a spreadsheet, from 1) and columns (from 0) that hold merged cells: first and last of each.
    problems :
        Where its problems are noted.
    cut_short :
        True where empty cells at the end of a row are not stored, as in workbooks.
    hidden :
        Numbers of rows that hold anything and are not shown.
    """

    name: str
    visible: bool
    rows: tuple[Row, ...]
    merged: tuple[tuple[int, int, int, int], ...]
    problems: Problems
    cut_short: bool = False
    hidden: tuple[int, ...] = ()


DELIMITERS = (",", ";", "\t", "|")
LINES_FOR_DELIMITER = 20
LONGEST_FIELD = 131_072
"""Characters in one cell; more is an unclosed quotation mark or an attack."""
MOST_RESTARTS = 50
"""Damaged records after which reading goes on; then the rest of the file is reported as unread."""


class UnclosedQuoteError(csv.Error):
    """A record that swallowed the ones behind it."""


def delimiter_of(text: str, known: Iterable[str]) -> str:
    r"""Return the delimiter that finds most known column names in the first lines; a comma if none does.

    >>> delimiter_of("area_code;year;value\n181;2020;12,5", ["area_code", "year", "value"])
    ';'
    """
    names = {fold(name) for name in known}
    lines = text[:65_536].splitlines()[:LINES_FOR_DELIMITER]

    def hits(delimiter: str) -> int:
        cells = ([fold(cell.strip(' "\ufeff\u200b\u00a0')) for cell in line.split(delimiter)] for line in lines)
        return max((sum(cell in names for cell in row) for row in cells), default=0)

    return max(DELIMITERS, key=hits)


def csv_rows(text: str, delimiter: str, problems: Problems) -> Iterator[Row]:
    """Yield the rows of a CSV text; a damaged record is noted and reading goes on behind it."""
    csv.field_size_limit(LONGEST_FIELD)
    whole, seen = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), dict[str, str]()
    with suppress(csv.Error):
        records = [tuple(map(seen.setdefault, cells, cells)) for cells in whole]  # equal texts are one object
        if len(records) == whole.line_num:  # no record has several lines: none has swallowed others
            yield from map(Row, count(1), records)
            return
    lines = io.StringIO(text, newline="")
    number = width = 0
    for _ in range(MOST_RESTARTS):
        start = 0 if not number else lines.tell()
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        read = 0
        try:
            for cells in reader:
                swallowed = reader.line_num - read > 1 and bool(width) and len(cells) != width
                if swallowed:
                    raise UnclosedQuoteError
                number, read, start, width = number + 1, reader.line_num, lines.tell(), width or len(cells)
                yield Row(number, tuple(cells))
        except csv.Error as error:
            number += 1
            unclosed = isinstance(error, UnclosedQuoteError)
            problems.add(
                "broken_row", number, fields={"reason": Phrase("data.unclosed_quote") if unclosed else str(error)}
            )
            lines.seek(start)
            lines.readline()
            continue
        return
    rest = sum(1 for line in lines if line.strip())
    if rest:
        problems.add("rest_unread", number + 1, fields={"count": rest})


YEAR = re.compile(r"(\d{4})(?:[.,]0+)?", re.ASCII)
YEAR_IN_WORDS = re.compile(r"(?:(?:ca|cuoi|het|den cuoi|den het)\s+)?(?:nam|year)\s+(\d{4})", re.ASCII)
DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
DAY_FIRST = re.compile(
    r"(?:(?:tinh\s+)?den\s+)?(?:het\s+)?(?:ngay\s+)?"
    r"(\d{1,2})(?:\s*[/.-]\s*|\s+thang\s+)(\d{1,2})(?:\s*[/.-]\s*|\s+nam\s+)(\d{4})",
    re.ASCII,
)
PART_OF_YEAR = re.compile(r"\b(?:thang|quy|nua|half|quarter|[qh][1-4]|\d{1,2}t|t\d{1,2})\b", re.ASCII)
HAS_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)", re.ASCII)
LONGEST_YEAR = 60
COUNT = re.compile(r"\d{1,15}(?:\.0+)?", re.ASCII)
FIRST_YEAR = 1945
"""Years before it are taken for mistakes: no figure of the present administration is older."""


class Numeral(str):
    """Text of a cell that the workbook holds as a number: its decimal point is no question."""

    __slots__ = ()


@lru_cache(maxsize=4096)
def year_of(text: str, first: int = FIRST_YEAR) -> int | None:
    """Return a year: four digits, in words, or the last day of it, on which yearly reviews are dated; else None.

    Parameters
    ----------
    first :
        Earlier ones are none.

    Examples
    --------
    >>> year_of("2024"), year_of("2024.0"), year_of("Năm 2023"), year_of("31/12/2023")
    (2024, 2024, 2023, 2023)
    >>> year_of("24"), year_of("1204"), year_of("30/06/2023"), year_of("6 tháng đầu năm 2024")
    (None, None, None, None)
    """
    match = YEAR.fullmatch(text)
    if not match and len(text) <= LONGEST_YEAR:
        match = YEAR_IN_WORDS.fullmatch(fold(text))
    if match:
        year = int(match[1])
    else:
        day = day_of(text)
        year = day.year if day is not None and (day.month, day.day) == (12, 31) else 0
    return year if year >= first else None


def part_of_year(text: str) -> bool:
    """Say whether a text that is no year means months, a quarter, a half or a day of one.

    >>> [part_of_year(text) for text in ("6 tháng đầu năm 2024", "Quý I/2024", "30/06/2024", "2023-2024")]
    [True, True, True, False]
    """
    if len(text) > LONGEST_YEAR or year_of(text) is not None:
        return False
    folded = fold(text)
    return day_of(text) is not None or bool(PART_OF_YEAR.search(folded) and HAS_YEAR.search(folded))


def no_year(text: str) -> str:
    """Return what is wrong with a text that is no year, as the key of a problem."""
    return "part_of_year" if part_of_year(text) else "no_year"


@lru_cache(maxsize=4096)
def day_of(text: str) -> date | None:
    """Return a day written as ``YYYY-MM-DD`` or, day first, in a Vietnamese way, else None.

    >>> day_of("2025-06-30"), day_of("30/6/2025"), day_of("ngày 15 tháng 01 năm 2026"), day_of("2025-02-30")
    (datetime.date(2025, 6, 30), datetime.date(2025, 6, 30), datetime.date(2026, 1, 15), None)
    """
    if len(text) > LONGEST_YEAR:
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
    return int(text.partition(".")[0]) if COUNT.fullmatch(text) else None


Style = Literal["comma", "point"]
"""Which sign stands before the decimals."""
STYLES: tuple[Style, ...] = ("comma", "point")
T = TypeVar("T")

BODIES: dict[Style, re.Pattern[str]] = {
    "point": re.compile(r"(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?|\.\d+", re.ASCII),
    "comma": re.compile(r"(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,\d+)?|,\d+", re.ASCII),
}
SPACED = re.compile(r"(?<=\d) (?=\d{3}(?!\d))", re.ASCII)
LONGEST_NUMBER = 60
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

    @cached_property
    def first(self) -> float | None:
        """The first meaning; None for what is no number."""
        return next(iter(self.meanings.values()), None)

    @cached_property
    def telling(self) -> Style | None:
        """The style that this cell speaks for; None for plain digits and for what can be read both ways."""
        return next(iter(self.meanings)) if len(self.meanings) == 1 else None

    @cached_property
    def open(self) -> bool:
        """Whether the cell means two different numbers."""
        return len(set(self.meanings.values())) > 1

    def text(self, language: Language) -> str:
        """Return the possible values, for messages."""
        shown = " / ".join(f"{value:.10g}" for value in dict.fromkeys(self.meanings.values()))
        return shown.replace(".", ",") if language == "vi" else shown


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
    if not body or len(body) > LONGEST_NUMBER:
        return Reading({}, fault="no_number")
    meanings = {style: sign * _value(body, style) for style in STYLES if BODIES[style].fullmatch(body)}
    if any(math.isinf(value) for value in meanings.values()):
        return Reading({}, fault="infinite")
    return Reading(meanings, percent, "" if meanings else "no_number")


def _value(body: str, style: Style) -> float:
    group, mark = (".", ",") if style == "comma" else (",", ".")
    return float(body.replace(group, "").replace(mark, "."))


def narrowed_reading(found: Reading, fits: Callable[[float], bool]) -> Reading:
    """Return the reading without the meanings that cannot be; all stay if none can be."""
    if not found.open:
        return found
    possible = {style: value for style, value in found.meanings.items() if fits(value)}
    return Reading(possible, found.percent) if possible else found


def as_column(readings: Mapping[T, Reading], counts: Mapping[T, int]) -> dict[T, tuple[float | None, str]]:
    """Read the different cells of a column in the style of most of its cells.

    Where as many cells speak for one style as for the other, all of them are mixed.

    Parameters
    ----------
    readings :
        What each cell can mean.
    counts :
        How often each stands in the column.

    Returns
    -------
    dict
        Value, None where it is no number or its meaning is open, and the key of the problem, empty without one.
    """
    votes: Counter[Style | None] = Counter()
    for cell, found in readings.items():
        votes[found.telling] += counts[cell]
    tie = votes["comma"] == votes["point"]
    style: Style | None = None if tie else max(STYLES, key=lambda each: votes[each])

    def settled(found: Reading) -> tuple[float | None, str]:
        if found.fault:
            return found.first, found.fault
        if found.telling not in (None, style):
            return None, "mixed_decimals"
        if style is None and found.open:
            return None, "unclear_number"
        return found.meanings.get(style or "comma", found.first), ""

    return {cell: settled(found) for cell, found in readings.items()}


def decimals_of(written: str) -> int:
    """Return the decimals with which a number was written: 2 for ``2,32``."""
    digits = written.rstrip("% ")
    mark = max(digits.rfind(","), digits.rfind("."))
    return len(digits) - mark - 1 if mark >= 0 else 0


def last_place(written: str) -> float:
    """Return the last place in which a number was written, as a number: 0.01 for ``2,32``."""
    return float(10.0 ** -decimals_of(written))
