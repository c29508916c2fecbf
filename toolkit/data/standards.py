"""Standards: which definition was in force when, which follow each other, and how the level jumps between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from toolkit.base.texts import Language
from toolkit.data.schemas import Record

OTHERWISE_PUBLISHED = (6, 30)
"""Month and day of the next year on which a figure counts as known where its publication is not held."""


@dataclass(frozen=True)
class Standard:
    """A definition that figures of some indicators follow.

    Attributes
    ----------
    id, indicators :
        Code, and the indicators that it defines.
    name_vi, name_en, legal_text, note :
        In words.
    chain :
        Standards of one chain follow each other; chains of one indicator run side by side.
    first_year, last_year :
        Years in which it is measured. Two standards of one chain may share a year (a double count).
    published :
        Month and day of the next year on which its figures count as known where only a later
        publication is held.
    """

    id: str
    indicators: tuple[str, ...]
    name_vi: str
    name_en: str
    legal_text: str
    chain: str
    first_year: int
    last_year: int
    published: tuple[int, int]
    note: str

    def name(self, language: Language) -> str:
        """Return the name in a language."""
        return self.name_vi if language == "vi" else self.name_en

    def measured_in(self, year: int) -> bool:
        """Say whether figures of a year can be on this standard."""
        return self.first_year <= year <= self.last_year


@dataclass(frozen=True)
class BreakPrior:
    """What is known of the jump at a change of standard, on the indicator's link scale.

    Attributes
    ----------
    indicators :
        For which it holds.
    before, after, year :
        The standards, and the first year on the new one.
    jump_mean, jump_sd, jump_skew :
        Two-piece normal prior: median, standard deviation below it, and how much wider (times 1 + skew)
        it is above. None where the two standards cannot be compared.
    measured :
        Whether any place was measured on both, or on either side of the change.
    comparable :
        False where no trend may run across.
    basis_vi, basis_en, source_ids :
        Where the prior comes from.
    """

    indicators: tuple[str, ...]
    before: str
    after: str
    year: int
    jump_mean: float | None
    jump_sd: float | None
    jump_skew: float | None
    measured: bool
    comparable: bool
    basis_vi: str
    basis_en: str
    source_ids: tuple[str, ...]

    def basis(self, language: Language) -> str:
        """Return where the prior comes from, in a language."""
        return self.basis_vi if language == "vi" else self.basis_en


class Standards:
    """All standards and the changes between them.

    Parameters
    ----------
    standards, breaks :
        In the order of their files.
    """

    def __init__(self, standards: Iterable[Standard], breaks: Iterable[BreakPrior]) -> None:
        self.all = tuple(standards)
        self.breaks = tuple(breaks)
        self._by_id = {standard.id: standard for standard in self.all}
        self._of: dict[str, list[Standard]] = {}
        for standard in self.all:
            for indicator in standard.indicators:
                self._of.setdefault(indicator, []).append(standard)

    def __contains__(self, standard: object) -> bool:
        return standard in self._by_id

    def get(self, standard: str) -> Standard:
        """Return a standard by its id.

        Raises
        ------
        KeyError
            For an unknown one.
        """
        return self._by_id[standard]

    def of(self, indicator: str) -> tuple[Standard, ...]:
        """Return the standards of an indicator, oldest first within their chains; none if it has none."""
        return tuple(self._of.get(indicator, ()))

    def in_force(self, indicator: str, chain: str, year: int) -> Standard | None:
        """Return the newest standard of a chain that had begun in `year`; None before the first.

        The last standard declared stays in force until a newer one is declared.
        """
        begun = [item for item in self.of(indicator) if item.chain == chain and item.first_year <= year]
        return max(begun, key=lambda standard: standard.first_year, default=None)

    def link(self, before: str, after: str, indicator: str | None = None) -> BreakPrior | None:
        """Return the change from one standard to the next, for an indicator (the first declared if none is given)."""
        return next(
            (
                item
                for item in self.breaks
                if (item.before, item.after) == (before, after) and (indicator is None or indicator in item.indicators)
            ),
            None,
        )

    def published(self, standard: str, year: int) -> date:
        """Return the day on which a figure of `year` counts as known by rule."""
        month, day = self._by_id[standard].published if standard in self._by_id else OTHERWISE_PUBLISHED
        return date(year + 1, month, day)

    def neighbours(self, indicator: str) -> tuple[tuple[Standard, Standard], ...]:
        """Return each pair of an indicator's standards that follow each other in a chain."""
        chains = dict.fromkeys(standard.chain for standard in self.of(indicator))
        return tuple(
            pair for chain in chains for pair in pairwise(item for item in self.of(indicator) if item.chain == chain)
        )


def standard_of(record: Record) -> Standard:
    """Return a standard from its row."""
    values = dict(record.values)
    month, _, day = values.pop("published_next_year").partition("-")
    published = (int(month), int(day)) if month.isdigit() and day.isdigit() else OTHERWISE_PUBLISHED
    years = {name: record.year(name) for name in ("first_year", "last_year")}
    named = {"id": values.pop("standard"), "indicators": record.list("indicator"), "published": published}
    del values["indicator"]
    return Standard(**{**values, **years, **named})


def break_of(record: Record) -> BreakPrior:
    """Return a change of standard from its row."""
    values = {name: value for name, value in record.values.items() if name != "indicator"}
    flags = {name: bool(values[name]) for name in ("measured", "comparable")}
    lists = {"indicators": record.list("indicator"), "source_ids": record.list("source_ids")}
    return BreakPrior(**{**values, **flags, **lists, "year": record.year("year")})
