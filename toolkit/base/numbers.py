"""The one formatter of numbers: Vietnamese (decimal comma, points for thousands) and English.

Vietnamese usage: ``12,2 %``, ``781.655 người``, a change of a rate in ``điểm phần trăm``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from toolkit.base.texts import Language

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
        r"""Return a share of 0..1 as a percentage: ``72 %`` (vi) or ``72%`` (en).

        >>> numbers("vi").percent(0.724), numbers("en").percent(0.724, 1)
        ('72\xa0%', '72.4%')
        """
        if share is None or math.isnan(share):
            return NO_VALUE
        return self.with_percent(self.decimal(100 * share, places))

    def with_percent(self, text: str) -> str:
        """Return the text of a number followed by the percent sign as the language sets it."""
        return f"{text}\u00a0%" if self.language == "vi" else f"{text}%"

    def with_unit(self, text: str, unit: str) -> str:
        """Return the text of a number followed by its unit as printed, which may be a percent sign or nothing."""
        if unit == "%":
            return self.with_percent(text)
        return f"{text}\u00a0{unit}" if unit else text

    def probability(self, probability: float | None, *, bound: str = "exact") -> str:
        r"""Return a probability as whole per cent, never as a false certainty.

        Below 1 % and above 99 % the text says so instead of rounding to 0 or 100;
        a lower bound is written with ``≥``.

        >>> numbers("en").probability(0.997), numbers("vi").probability(0.43, bound="at_least")
        ('>99%', '≥\xa043\xa0%')
        """
        if probability is None or math.isnan(probability):
            return NO_VALUE
        if bound == "at_least":
            floored = math.floor(100 * probability + 1e-9)
            return f"≥\u00a0{self.with_percent(str(min(floored, 99)))}"
        if probability < 0.01:
            return self.with_percent("<1")
        if probability > 0.99:
            return self.with_percent(">99")
        return self.percent(probability)


@cache
def numbers(language: Language) -> Numbers:
    """Return the formatter of `language`."""
    return Numbers(language)
