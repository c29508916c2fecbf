"""Areas with their validity, the look-up by code or name, and the crosswalk of 2025 between old and new communes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from toolkit.base.errors import AmbiguousNameError, UsageError
from toolkit.base.problems import Phrase, closest
from toolkit.base.texts import Language, Tabular, fold, normalise, say
from toolkit.data.schemas import LEVELS, Record
from toolkit.data.tables import frame_of

if TYPE_CHECKING:
    import pandas as pd

Level = Literal["country", "region", "province", "district", "commune"]

DESIGNATIONS = {
    "Thành phố": "city",
    "Thị xã": "town",
    "Thị trấn": "township",
    "Tỉnh": "province",
    "Huyện": "district",
    "Quận": "district",
    "Phường": "ward",
    "Xã": "commune",
}
"""What an area is called before its name, in Vietnamese and English."""
SHORT_KINDS = {
    "tp": "thanh pho", "tx": "thi xa", "tt": "thi tran", "t": "tinh", "h": "huyen", "q": "quan", "p": "phuong",
    "x": "xa",
}  # fmt: skip
"""How offices shorten it, folded: ``TP. Lạng Sơn``, ``H.Bình Gia``."""
SHORT_KIND = re.compile(r"(t\.?p|t\.?x|t\.?t|[thqpx])(?:\.\s*|\s+)(?=\w)", re.ASCII)
DASH = re.compile(r"\s*[-–—]\s*")
NUMBERING = re.compile(r"(?:\d{1,3}|(?!x[.)])[ivx]{1,5})[.)]\s*", re.ASCII)
"""Before the names of a list; ``X.`` may also mean *xã*, so it is no number."""
FOOTNOTE = re.compile(r"\s*(?:\(\s*(?:\*+|\d{1,2})\s*\)|\*+)$", re.ASCII)
COUNTRY_NAMES = frozenset({"ca nuoc", "toan quoc", "whole country"})
LEVELS_OF_BARE_NAMES: tuple[Level, ...] = ("district", "province", "country", "region")
"""A name given without a level means one of these; communes have to be asked for."""
BEGINNING = date.min


@dataclass(frozen=True)
class Area:
    """One administrative unit over the time it was in force.

    Attributes
    ----------
    code :
        Official code, a text with its leading zeros; a later unit may bear the code of an earlier one.
    name_vi, level, parent_code :
        Full Vietnamese name, level, and code of the unit above (empty at the top).
    valid_from, valid_to :
        First and last day in force; None where open (or before the table begins).
    population_2019 :
        People at the census of 1 April 2019; None where unknown.
    area_km2 :
        Area in square kilometres; None where unknown.
    name_en :
        English name where it does not follow from the Vietnamese one.
    valid_source :
        Source of its last day, or of its first where it is in force; empty where nothing is said.
    """

    code: str
    name_vi: str
    level: Level
    parent_code: str
    valid_from: date | None
    valid_to: date | None
    population_2019: int | None
    area_km2: float | None
    name_en: str = ""
    valid_source: str = ""

    def name(self, language: Language = "vi") -> str:
        """Return the full name: ``Huyện Bình Gia`` or ``Bình Gia district``."""
        if language == "vi":
            return self.name_vi
        return self.name_en or (f"{self.short_name} {DESIGNATIONS[self.kind]}" if self.kind else self.name_vi)

    @cached_property
    def kind(self) -> str:
        """What stands before the name (``Huyện``); empty for the country and regions."""
        return next((kind for kind in DESIGNATIONS if self.name_vi.startswith(f"{kind} ")), "")

    @cached_property
    def short_name(self) -> str:
        """The Vietnamese name without what stands before it."""
        return self.name_vi.removeprefix(self.kind).strip()

    def in_force(self, on: date) -> bool:
        """Say whether the unit was in force on a day."""
        return (self.valid_from or BEGINNING) <= on and (self.valid_to is None or on <= self.valid_to)

    def exists_in(self, year: int) -> bool:
        """Say whether the unit was in force on any day of a year."""
        begins = self.valid_from is None or self.valid_from.year <= year
        return begins and (self.valid_to is None or year <= self.valid_to.year)

    def validity(self) -> Phrase | str:
        """Return the time in force, to be said; empty if it is open at both ends."""
        if self.valid_from is None and self.valid_to is None:
            return ""
        key = "to" if self.valid_from is None else "from" if self.valid_to is None else "both"
        return Phrase(f"data.validity.{key}", {"first": self.valid_from, "last": self.valid_to})


class Areas(Tabular):
    """All areas, ended ones too.

    Parameters
    ----------
    areas :
        In the order of the file.
    """

    def __init__(self, areas: Iterable[Area]) -> None:
        self._all = tuple(areas)
        self._by_code: dict[str, list[Area]] = {}
        for area in sorted(self._all, key=lambda area: area.valid_from or BEGINNING):
            self._by_code.setdefault(area.code, []).append(area)

    def __len__(self) -> int:
        return len(self._all)

    def to_frame(self) -> pd.DataFrame:
        """Return all units, ended ones too, one row each."""
        return frame_of(self._all, [item.name for item in fields(Area)])

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes, each once."""
        return tuple(self._by_code)

    def units(self, code: str) -> tuple[Area, ...]:
        """Return the units that bear or bore a code, oldest first; none for an unknown code."""
        return tuple(self._by_code.get(code, ()))

    def unit_in(self, code: str, year: int) -> Area | None:
        """Return the unit that bore a code at the end of a year, else the last one within it; None if there was none.

        Figures belong to units: the communes of 2025 bear codes of old ones, whose figures are not theirs.
        """
        units = self._by_code.get(code, [])
        if len(units) == 1:
            return units[0]
        there = [area for area in units if area.exists_in(year)]
        return there[-1] if there else None

    def get(self, code: str, on: date | None = None, level: str | None = None) -> Area:
        """Return the unit that bears a code.

        Parameters
        ----------
        code :
            Official code.
        on :
            The unit in force on that day; if none was, the last one before it (or else the first one).
            None: the newest.
        level :
            Only units of that level.

        Raises
        ------
        UsageError
            For an unknown code, with the nearest ones.
        """
        units = [area for area in self._by_code.get(normalise(code), ()) if level is None or area.level == level]
        if not units:
            near = closest(code, (area.code for area in self._all if level is None or area.level == level))
            listed = ", ".join(f"{each} ({self._by_code[each][-1].name_vi})" for each in near)
            raise UsageError(say("data.no_code", code=code), say("data.nearest", near=listed))
        if on is None:
            return units[-1]
        begun = [area for area in units if (area.valid_from or BEGINNING) <= on]
        return next((area for area in reversed(begun) if area.in_force(on)), begun[-1] if begun else units[0])

    def find(self, text: str | int, *, level: str | None = None, on: date | None = None, current: bool = False) -> Area:
        """Return the area that a user means by a code or a name, diacritics and case ignored.

        Parameters
        ----------
        text :
            Code or name, with or without ``Huyện``, ``Xã`` and the like, short or in full, Vietnamese or English;
            the number of a list before it and the mark of a footnote behind it are no part of it. A whole number is
            the only code of that number, zeros in front or not: programs take ``05977`` for 5977.
        level :
            With ``commune`` ended units count too. None: a name means a district, the province, a region
            or the country; a code the unit in force at `on`, and a district even though districts ended.
        on :
            Day; None: the newest unit of a code.
        current :
            Of units of one name, only those in force on that day are meant, where there are any.

        Raises
        ------
        AmbiguousNameError
            If several areas bear the name; the message lists their codes and validity.
        UsageError
            If none does, with the nearest names; or for a commune that ended before `on`.
        """
        if level is not None and level not in LEVELS:
            near = ", ".join(closest(level, LEVELS))
            raise UsageError(say("data.no_level", level=level), say("data.nearest", near=near))
        wanted = normalise(text if isinstance(text, str) else self._code_of(text))
        if wanted in self._by_code:
            return self._coded(wanted, level, on)
        if wanted.isdigit():
            return self.get(wanted, on, level)
        levels = (level,) if level else LEVELS_OF_BARE_NAMES
        named = next(filter(None, (self._named(name, levels) for name in _readings(wanted))), [])
        if not named:
            raise self._unknown(wanted, level)
        if current and on and any(area.in_force(on) for area in named):
            named = [area for area in named if area.in_force(on)]
        if len({area.code for area in named}) > 1:
            listed = "; ".join(_described(area) for area in named)
            raise AmbiguousNameError(say("data.ambiguous", name=wanted, listed=listed), say("data.ambiguous.remedy"))
        found = self.get(named[0].code, on, level)
        if level == "commune" and on and found not in named:  # another unit bears its code by then
            raise _not_in_force(named[0], on)
        return found

    def stated(self, text: str) -> Area | None:
        """Return the area above the communes whose full name a text is, whatever its level; None if there is no one."""
        for name in map(_key, _readings(text)):
            named = self._by_name[0].get(name, ()) if name not in COUNTRY_NAMES else self.all("country")
            found = [area for area in named if area.level in LEVELS_OF_BARE_NAMES]
            if len({area.code for area in found}) == 1:
                return found[0]
        return None

    def children(self, code: str, level: str | None = None, on: date | None = None) -> tuple[Area, ...]:
        """Return the units directly below a code; with `on` those in force on that day."""
        return tuple(area for area in self.all(level, on) if area.parent_code == code)

    def ancestors(self, code: str, on: date | None = None) -> tuple[Area, ...]:
        """Return the units above a code, the nearest first."""
        found: list[Area] = []
        parent = self.get(code, on).parent_code
        while parent and parent not in [area.code for area in found]:
            found.append(self.get(parent, on))
            parent = found[-1].parent_code
        return tuple(found)

    def beside(self, province_code: str) -> frozenset[str]:
        """Return the codes of the other provinces: their figures are held to compare with, and no report shows them."""
        return frozenset(area.code for area in self.all("province")) - {province_code}

    def all(self, level: str | None = None, on: date | None = None) -> tuple[Area, ...]:
        """Return all units, or those of a level, or those in force on a day, in the order of the file."""
        return tuple(
            area for area in self._all if (level is None or area.level == level) and (on is None or area.in_force(on))
        )

    def _code_of(self, number: int) -> str:
        """Return the only code that is this number, with its zeros in front; the number as text where none is."""
        found = [code for code in self._by_code if code.isdigit() and int(code) == number]
        if len(found) > 1:
            listed = "; ".join(_described(self._by_code[code][-1]) for code in found)
            raise AmbiguousNameError(say("data.ambiguous", name=number, listed=listed), say("data.ambiguous.remedy"))
        return found[0] if found else str(number)

    def _coded(self, code: str, level: str | None, on: date | None) -> Area:
        area = self.get(code, on, level)
        if level is None and area.level == "commune" and on is not None and not area.in_force(on):
            raise _not_in_force(area, on)
        return area

    def named(self, name: str) -> tuple[Area, ...]:
        """Return all areas of a full or short name, Vietnamese or English, diacritics and case ignored."""
        folded = _key(name)
        full, short = self._by_name
        return tuple(dict.fromkeys([*full.get(folded, ()), *short.get(folded, ())]))

    @cached_property
    def _by_name(self) -> tuple[dict[str, list[Area]], dict[str, list[Area]]]:
        """Areas by folded full name, and by folded short name, in the order of the file."""
        full: dict[str, list[Area]] = {}
        short: dict[str, list[Area]] = {}
        for area in self._all:
            for name in {_key(area.name_vi), _key(area.name("en"))}:
                full.setdefault(name, []).append(area)
            short.setdefault(_key(area.short_name), []).append(area)
        return full, short

    def _named(self, name: str, levels: Sequence[str]) -> list[Area]:
        """Return the areas of a name: by the full name before the short one, with diacritics before without."""
        folded = _key(name)
        if folded in COUNTRY_NAMES:
            return [area for area in self.all("country") if area.level in levels]
        full, short = ([area for area in index.get(folded, ()) if area.level in levels] for index in self._by_name)
        named = full or short
        exact = [area for area in named if name.casefold() in (area.short_name.casefold(), area.name_vi.casefold())]
        return exact if exact and folded != name.casefold() else named

    def _unknown(self, name: str, level: str | None) -> UsageError:
        levels = (level,) if level else LEVELS_OF_BARE_NAMES
        if level is None and self._named(name, ("commune",)):
            return UsageError(say("data.only_commune", name=name), say("data.only_commune.remedy"))
        names = {area.short_name: area.code for area in self._all if area.level in levels}
        elsewhere = self.stated(name)
        if elsewhere is not None:
            names = {elsewhere.name_vi: elsewhere.code}
        near = list(names) if elsewhere else closest(name, names)
        listed = ", ".join(f"{short} ({names[short]})" for short in near)
        return UsageError(say("data.no_name", name=name), say("data.nearest", near=listed))


def _key(name: str) -> str:
    """Return a name for comparison: ``Bà Rịa-Vũng Tàu`` and ``Thừa Thiên - Huế`` are written in several ways."""
    return DASH.sub(" ", fold(name))


def _readings(name: str) -> Iterator[str]:
    """Yield a name as it stands, and as it would be in full: without number and footnote, its kind spelled out."""
    yield name
    bare = FOOTNOTE.sub("", fold(name))
    for text in dict.fromkeys((bare, NUMBERING.sub("", bare, count=1) if NUMBERING.match(bare) else bare)):
        yield text
        short = SHORT_KIND.match(text)
        if short:
            yield f"{SHORT_KINDS[short[1].replace('.', '')]} {text[short.end() :]}"


def _not_in_force(area: Area, on: date) -> UsageError:
    return UsageError(say("data.not_in_force", area=_described(area), on=on), say("data.not_in_force.remedy"))


def _described(area: Area) -> str:
    validity = area.validity()
    return f"{area.code} {area.name_vi}" + (f" ({validity})" if validity else "")


@dataclass(frozen=True)
class CrosswalkLink:
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


class Crosswalk:
    """Old communes, new communes and old districts.

    Parameters
    ----------
    links :
        In the order of the file.
    """

    def __init__(self, links: Iterable[CrosswalkLink]) -> None:
        self.links = tuple(links)
        self._old_of: dict[str, tuple[CrosswalkLink, ...]] = {}
        for link in self.links:
            self._old_of[link.new_commune_code] = (*self._old_of.get(link.new_commune_code, ()), link)

    def __len__(self) -> int:
        return len(self.links)

    def new_of(self, old_commune_code: str) -> tuple[CrosswalkLink, ...]:
        """Return where an old commune went: one link, or several if it was split; none for an unknown code."""
        return tuple(link for link in self.links if link.old_commune_code == old_commune_code)

    def old_of(self, new_commune_code: str) -> tuple[CrosswalkLink, ...]:
        """Return what a new commune is made of; none for an unknown code."""
        return self._old_of.get(new_commune_code, ())

    def former_districts(self, new_commune_code: str) -> tuple[str, ...]:
        """Return the former districts of a new commune's territory; usually one."""
        return tuple(dict.fromkeys(link.old_district_code for link in self.old_of(new_commune_code)))

    def communes_of_district(self, district_code: str) -> tuple[str, ...]:
        """Return the new communes with territory of a former district, those shared with another one too."""
        links = (link for link in self.links if link.old_district_code == district_code)
        return tuple(dict.fromkeys(link.new_commune_code for link in links))


def link_of(record: Record) -> CrosswalkLink:
    """Return a link from its row."""
    codes = {name: record.text(name) for name in ("old_district_code", "old_commune_code", "new_commune_code")}
    return CrosswalkLink(**codes, whole=record.text("share") == "whole", weight=record.values["weight"], row=record.row)


@dataclass(frozen=True)
class Division:
    """One way in which an area is divided.

    Attributes
    ----------
    codes :
        Units that lie in it whole.
    shared :
        Units that lie in it with a part only: their figures cannot be divided, so the sum stays incomplete.
    """

    codes: tuple[str, ...]
    shared: tuple[str, ...] = ()


def divided(code: str, year: int, areas: Areas, crosswalk: Crosswalk) -> tuple[Division, ...]:
    """Return how an area was divided at the end of a year: into districts, into communes.

    A former district is divided into the new communes of its territory; those that it shares with another
    district are listed apart.
    """
    day = date(year, 12, 31)
    levels = {area.level for area in areas.units(code)}
    if "province" in levels:
        districts = [area.code for area in areas.children(code, "district") if area.exists_in(year)]
        below = {code, *(area.code for area in areas.children(code, "district"))}
        communes = [area.code for area in areas.all("commune", day) if area.parent_code in below]
        found = [Division(tuple(districts)), Division(tuple(communes))]
    elif "district" in levels:
        own = [area.code for area in areas.children(code, "commune", day)]
        new = [item for item in crosswalk.communes_of_district(code) if not own]
        new = [item for item in new if any(area.in_force(day) for area in areas.units(item))]
        shared = [item for item in new if len(crosswalk.former_districts(item)) > 1]
        found = [Division((*own, *(item for item in new if item not in shared)), tuple(shared))]
    else:
        found = []
    return tuple(division for division in found if division.codes)
