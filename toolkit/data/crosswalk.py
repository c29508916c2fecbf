"""Crosswalk of 2025: which old communes went into which new one; never a conversion whose weights are missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toolkit.base.errors import DataError, Problem
from toolkit.base.texts import say
from toolkit.data.records import Record
from toolkit.data.schemas import CROSSWALK


@dataclass(frozen=True)
class Link:
    """A piece of an old commune's territory that went into a new one.

    Attributes
    ----------
    old_district_code, old_commune_code, new_commune_code :
        Codes; an old and a new commune may share one.
    whole :
        False where only a part of the old commune went there.
    weight :
        Share of the old commune that went there, 0..1; None where unknown.
    row :
        Row of the file, as a spreadsheet shows it.
    """

    old_district_code: str
    old_commune_code: str
    new_commune_code: str
    whole: bool
    weight: float | None
    row: int


@dataclass(frozen=True)
class Converted:
    """A figure carried over to another division of the territory.

    Attributes
    ----------
    code :
        Unit that it is for.
    value :
        Sum of the counts, or mean of the rates.
    coverage :
        Share of the contributing units (of their denominators, for rates) whose figure was given, 0..1.
    missing :
        Codes of the contributing units without a figure.
    """

    code: str
    value: float
    coverage: float
    missing: tuple[str, ...]


class Crosswalk:
    """Old communes, new communes and old districts.

    Parameters
    ----------
    links :
        In the order of the file.
    """

    def __init__(self, links: Iterable[Link]) -> None:
        self.links = tuple(links)
        self._old_of: dict[str, tuple[Link, ...]] = {}
        for link in self.links:
            self._old_of[link.new_commune_code] = (*self._old_of.get(link.new_commune_code, ()), link)

    def __len__(self) -> int:
        return len(self.links)

    def new_of(self, old_commune_code: str) -> tuple[Link, ...]:
        """Return where an old commune went: one link, or several if it was split; none for an unknown code."""
        return tuple(link for link in self.links if link.old_commune_code == old_commune_code)

    def old_of(self, new_commune_code: str) -> tuple[Link, ...]:
        """Return what a new commune is made of; none for an unknown code."""
        return self._old_of.get(new_commune_code, ())

    def former_districts(self, new_commune_code: str) -> tuple[str, ...]:
        """Return the former districts of a new commune's territory; usually one."""
        return tuple(dict.fromkeys(link.old_district_code for link in self.old_of(new_commune_code)))

    def communes_of_district(self, district_code: str) -> tuple[str, ...]:
        """Return the new communes with territory of a former district, those shared with another one too."""
        return tuple(
            dict.fromkeys(link.new_commune_code for link in self.links if link.old_district_code == district_code)
        )

    def counts_to_new(self, counts: Mapping[str, float]) -> tuple[Converted, ...]:
        """Add up counts of old communes for the new ones they went into.

        Parameters
        ----------
        counts :
            Old commune code to count (people, households), 0 or more.

        Raises
        ------
        DataError
            If a split commune is among them whose weights are not known, or a code is no old commune.
        """
        self._check_known(counts, {link.old_commune_code for link in self.links})
        needed = [link for link in self.links if link.old_commune_code in counts]
        _check_weights(needed)
        converted = []
        for code in dict.fromkeys(link.new_commune_code for link in needed):
            parts = self.old_of(code)
            given = [link for link in parts if link.old_commune_code in counts]
            value = sum(counts[link.old_commune_code] * (link.weight or 0.0) for link in given)
            missing = tuple(link.old_commune_code for link in parts if link.old_commune_code not in counts)
            converted.append(Converted(code, value, len(given) / len(parts), missing))
        return tuple(converted)

    def rates_to_new(self, rates: Mapping[str, float], denominators: Mapping[str, float]) -> tuple[Converted, ...]:
        """Average rates of old communes for the new ones, weighted by what they are rates of.

        Parameters
        ----------
        rates :
            Old commune code to rate.
        denominators :
            Old commune code to denominator (people, households); needed for every part of a new commune.

        Raises
        ------
        DataError
            If a denominator or a weight that is needed is not known.
        """
        self._check_known(rates, {link.old_commune_code for link in self.links})
        wanted = dict.fromkeys(link.new_commune_code for link in self.links if link.old_commune_code in rates)
        converted = []
        for code in wanted:
            parts = self.old_of(code)
            _check_weights(parts)
            self._check_denominators(parts, denominators)
            sizes = {
                link.old_commune_code: denominators[link.old_commune_code] * (link.weight or 0.0) for link in parts
            }
            given = {old: size for old, size in sizes.items() if old in rates}
            total, covered = sum(sizes.values()), sum(given.values())
            if covered > 0:
                value = sum(rates[old] * size for old, size in given.items()) / covered
                converted.append(
                    Converted(code, value, covered / total, tuple(old for old in sizes if old not in rates))
                )
        return tuple(converted)

    def counts_to_districts(self, counts: Mapping[str, float]) -> tuple[Converted, ...]:
        """Add up counts of new communes for the former districts.

        Parameters
        ----------
        counts :
            New commune code to count.

        Raises
        ------
        DataError
            If a new commune with territory of several former districts is among them: how its count
            divides is not known. Or a code is no new commune.
        """
        self._check_known(counts, {link.new_commune_code for link in self.links})
        shared = [code for code in counts if len(self.former_districts(code)) > 1]
        if shared:
            faults = [_fault(self.old_of(code)[0], "district_weight", code) for code in shared]
            raise DataError(say("data.no_conversion"), faults, say("data.no_conversion.remedy"))
        converted = []
        for district in dict.fromkeys(self.former_districts(code)[0] for code in counts):
            parts = self.communes_of_district(district)
            given = [code for code in parts if code in counts]
            missing = tuple(code for code in parts if code not in counts)
            converted.append(Converted(district, sum(counts[code] for code in given), len(given) / len(parts), missing))
        return tuple(converted)

    def _check_known(self, given: Iterable[str], known: set[str]) -> None:
        unknown = [code for code in given if code not in known]
        if unknown:
            raise DataError(
                say("data.not_in_crosswalk", codes=", ".join(unknown)), (), say("data.not_in_crosswalk.remedy")
            )

    def _check_denominators(self, parts: Iterable[Link], denominators: Mapping[str, float]) -> None:
        lacking = [link for link in parts if link.old_commune_code not in denominators]
        if lacking:
            faults = [_fault(link, "denominator", link.old_commune_code) for link in lacking]
            raise DataError(say("data.no_conversion"), faults, say("data.no_conversion.remedy"))


def _check_weights(links: Iterable[Link]) -> None:
    faults = [_fault(link, "weight", link.old_commune_code) for link in links if link.weight is None]
    if faults:
        raise DataError(say("data.no_conversion"), faults, say("data.no_conversion.remedy"))


def _fault(link: Link, kind: str, code: str) -> Problem:
    words = {"old": link.old_commune_code, "new": link.new_commune_code, "code": code}
    return Problem(
        file=CROSSWALK.file,
        row=link.row,
        column="weight",
        value="",
        problem=say(f"data.problem.no_{kind}", **words),
        remedy=say(f"data.remedy.no_{kind}", **words),
    )


def link_of(record: Record) -> Link:
    """Return a link from its row."""
    return Link(
        old_district_code=record.text("old_district_code"),
        old_commune_code=record.text("old_commune_code"),
        new_commune_code=record.text("new_commune_code"),
        whole=record.text("share") == "whole",
        weight=record.numbers.get("weight"),
        row=record.row,
    )
