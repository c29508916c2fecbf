"""Words for numbers and requirements: amounts with their unit, yearly changes, lists, dates, verdicts.

Everything a report says goes through here, so that both languages follow the same rules everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from toolkit.attainment.attainment import unit_text
from toolkit.base.texts import NO_VALUE, Language, Numbers, Texts, numbers, texts
from toolkit.data.indicators import Indicator, Unit
from toolkit.plan.plan import Target

SPACE = "\u00a0"
UNBROKEN = r"[\d…]+(?:/\d{4})?/[A-ZĐ]+\d*(?:-[A-ZĐ…]+\d*)*|\bT\d\d-\d\d[a-z]?\b"
"""Numbers of documents (138/KH-UBND, 257/2025/QH15) and targets, which no line ends in; as Python and typst read it."""
GROUPS = (
    ("met", ("met",)),
    ("likely", ("very_likely", "at_least_very_likely", "likely", "at_least_likely")),
    ("about_as_likely_as_not", ("about_as_likely_as_not",)),
    ("unlikely", ("unlikely", "very_unlikely")),
    ("not_met", ("not_met",)),
    ("outlook", ("not_decided_by_bound", "outlook", "orientation")),
    ("cannot_be_assessed", ("cannot_be_assessed",)),
    ("milestone", ("milestone",)),
)
"""Verdicts that are counted together."""
LIKELY = dict(GROUPS)["likely"]
JUDGED = 5
"""So many of these groups, the first ones, have a likelihood."""
SCALE = tuple(verdict for _, verdicts in GROUPS for verdict in verdicts)
"""Every verdict, in the order in which reports list them."""


@dataclass(frozen=True)
class Words:
    """The words of one language.

    Attributes
    ----------
    language :
        ``"vi"`` or ``"en"``.
    texts, numbers :
        The catalogue and the number format of that language.
    units :
        Units as the data folder declares them, for those that the catalogue has no words for.
    """

    language: Language
    texts: Texts
    numbers: Numbers
    units: Mapping[str, Unit] = field(default_factory=dict)

    def t(self, key: str, **fields: object) -> str:
        """Return the catalogue's text ``report.<key>`` with its fields filled."""
        return self.texts.t(f"report.{key}", **fields)

    def counted(self, key: str, count: int, **fields: object) -> str:
        """Return a text that depends on a number: ``<key>.one`` for one, ``<key>.other`` for all others.

        >>> words("en").counted("unit.communes", 1), words("en").counted("unit.communes", 88)
        ('commune', 'communes')
        """
        form = "one" if count == 1 else "other"
        return self.t(f"{key}.{form}", count=self.numbers.decimal(count, 0), **fields)

    def amount(self, value: float | None, unit: str, decimals: int | None = None) -> str:
        r"""Return a value with its unit.

        Parameters
        ----------
        value, unit :
            The number and the unit's id; ``None`` and NaN give a dash.
        decimals :
            Decimal places; as many as the number has when left out (observations).

        >>> words("vi").amount(2.32, "percent"), words("en").amount(1, "communes", 0)
        ('2,32%', '1\xa0commune')
        """
        if value is None or math.isnan(value):
            return NO_VALUE
        text = self.numbers.plain(value) if decimals is None else self.numbers.decimal(value, decimals)
        return self._with_unit(text, unit, value)

    def interval(self, low: float | None, high: float | None, unit: str, decimals: int) -> str:
        r"""Return an interval with its unit, each limit in full.

        >>> words("vi").interval(0.84, 3.91, "percent", 1)
        '0,8–3,9%'
        """
        if low is None or high is None or math.isnan(low) or math.isnan(high):
            return NO_VALUE
        joint = "–" if low >= 0 else f"{SPACE}{self.t('interval.to')}{SPACE}"
        text = f"{self.numbers.decimal(low, decimals)}{joint}{self.numbers.decimal(high, decimals)}"
        return self._with_unit(text, unit, 2.0)

    def _with_unit(self, text: str, unit: str, value: float) -> str:
        if unit in {"percent", "percent_per_year"}:
            return f"{text}%" if unit == "percent" else self.t("unit.percent_per_year", text=f"{text}%")
        name = self.unit(unit, one=abs(value) == 1)
        return f"{text}{SPACE}{name}" if name else text

    def unit(self, unit: str, *, one: bool = False) -> str:
        """Return the name of a unit, as it stands alone in headings or behind a number; `one` asks for the singular."""
        if unit in {"percent", "percent_per_year"}:
            return "%" if unit == "percent" else self.t("unit.percent_per_year", text="%")
        for key in (f"unit.{unit}.{'one' if one else 'other'}", f"unit.{unit}"):
            if self.texts.has(f"report.{key}"):
                return self.t(key)
        return unit_text(unit, self.units, self.texts)

    def pace(self, value: float | None, pace_unit: str, decimals: int = 2) -> str:
        r"""Return a yearly change in words: its direction, its size, its unit.

        >>> words("vi").pace(-1.5, "percentage_points_per_year")
        'giảm 1,5\xa0điểm phần trăm mỗi năm'
        >>> words("en").pace(0.0, "percent_per_year")
        'no change'
        """
        if value is None or math.isnan(value):
            return NO_VALUE
        size = round(abs(value), decimals)
        if size == 0:
            return self.t("pace.none")
        text = self.numbers.plain(size, decimals)
        amount = self._with_unit(text, pace_unit.removesuffix("_per_year"), size)
        return self.t("pace.fall" if value < 0 else "pace.rise", amount=amount)

    def day(self, when: date) -> str:
        """Return a date as it is written: ``23/11/2026`` (vi), ``23 November 2026`` (en).

        >>> words("vi").day(date(2026, 5, 2)), words("en").day(date(2026, 5, 2))
        ('02/5/2026', '2 May 2026')
        """
        day = f"{when.day:02d}" if self.language == "vi" else str(when.day)
        month = f"{when.month:02d}" if self.language == "vi" and when.month < 3 else str(when.month)
        return self.t("day", day=day, month=month, month_name=self.t(f"month.{when.month}"), year=when.year)

    def listed(self, items: Sequence[str]) -> str:
        """Return items as a list inside a sentence.

        >>> words("vi").listed(["a", "b", "c"]), words("en").listed(["a", "b"])
        ('a, b và c', 'a and b')
        """
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self.t('and')} {items[-1]}"

    def verdict(self, verdict: str) -> str:
        """Return a verdict in words, as in the legend of a table."""
        return self.t(f"verdict.{verdict}")

    def sentence(self, text: str) -> str:
        """Return `text` with a capital at the beginning and a full stop at the end."""
        text = text.strip()
        return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!', '…')) else '.'}" if text else ""


@cache
def words(language: str) -> Words:
    """Return the words of `language`.

    Raises
    ------
    UsageError
        For a language other than ``vi`` and ``en``.
    """
    catalogue = texts(language)
    return Words(catalogue.language, catalogue, numbers(catalogue.language))


def requirement(target: Target, words: Words) -> str:
    """Return what `target` requires, without its name: ``"below 10% by 2030"``."""
    unit = words.unit(target.unit)
    rule = target.rule.words("%" if unit.startswith("%") else unit, words.texts)
    return words.t("ask.by", asked=rule, due=target.due) if target.rule.at_due else rule


def tolerance(target: Target, words: Words) -> str:
    """Return the tolerance of a target's rule with its unit; empty for a rule without one."""
    value, unit = getattr(target.rule, "tolerance", None), target.rule.unit(target.unit)
    return words.amount(value, "percentage_points" if unit == "percent" else unit) if value else ""


def asked_of(leads: Iterable[str | None], indicator: Indicator | None, words: Words) -> str:
    """Return whom a request goes to: who leads by the plan file, else who is likely to hold the figure."""
    named = words.listed([lead for lead in dict.fromkeys(leads) if lead])
    if named or indicator is None or indicator.holder is None:
        return named or words.t("ask.no_lead")
    return words.t("ask.holder", holder=indicator.holder[words.language])
