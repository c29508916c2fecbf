"""Crosswalk of 2025: which old communes went into which new one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.data.records import Record


@dataclass(frozen=True)
class Link:
    """A piece of an old commune's territory that went into a new one.

    Attributes
    ----------
    old_district_code, old_commune_code, new_commune_code :
        Codes; an old and a new commune may share one.
    """

    old_district_code: str
    old_commune_code: str
    new_commune_code: str


class Crosswalk:
    """Old communes, new communes and old districts.

    Parameters
    ----------
    links :
        In the order of the file.
    """

    def __init__(self, links: Iterable[Link]) -> None:
        self.links = tuple(links)
        former: dict[str, dict[str, None]] = {}
        for link in self.links:
            former.setdefault(link.new_commune_code, {})[link.old_district_code] = None
        self._former_districts = {code: tuple(districts) for code, districts in former.items()}

    def new_of(self, old_commune_code: str) -> tuple[Link, ...]:
        """Return where an old commune went: one link, or several if it was split; none for an unknown code."""
        return tuple(link for link in self.links if link.old_commune_code == old_commune_code)

    def former_districts(self, new_commune_code: str) -> tuple[str, ...]:
        """Return the former districts of a new commune's territory, usually one; none for an unknown code."""
        return self._former_districts.get(new_commune_code, ())

    def communes_of_district(self, district_code: str) -> tuple[str, ...]:
        """Return the new communes with territory of a former district, those shared with another one too."""
        return tuple(
            dict.fromkeys(link.new_commune_code for link in self.links if link.old_district_code == district_code)
        )


def link_of(record: Record) -> Link:
    """Return a link from its row."""
    return Link(
        old_district_code=record.text("old_district_code"),
        old_commune_code=record.text("old_commune_code"),
        new_commune_code=record.text("new_commune_code"),
    )
