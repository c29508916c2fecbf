"""Who follows whom: country and region beside the province, districts under it, communes under their old district."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset


@dataclass(frozen=True)
class Family:
    """Areas whose figures are pooled, and the area whose path they all follow.

    Attributes
    ----------
    parent_code :
        Followed area; empty for the family at the top.
    members :
        Codes of the family, in a fixed order.
    """

    parent_code: str
    members: tuple[str, ...]


def upward(dataset: Dataset, province: str) -> tuple[str, ...]:
    """Return the country, the region and the province, the largest first."""
    return (*reversed([area.code for area in dataset.areas.ancestors(province)]), province)


def families_below(dataset: Dataset, province: str, codes: Iterable[str]) -> list[Family]:
    """Return the families needed to forecast `codes`, parents before children.

    All districts of the province are always one family, so that a district's forecast is the same
    whether it is asked for alone or with the others. Communes follow the former district that all of
    their territory came from, or the province where it came from several.
    """
    districts = [area.code for area in dataset.areas.all(level="district") if area.parent_code == province]
    families = [Family(province, tuple(sorted(districts)))]
    communes: dict[str, set[str]] = {}
    for code in codes:
        if code not in districts and code != province:
            communes.setdefault(parent_of_commune(dataset, province, code), set()).add(code)
    for parent in sorted(communes):
        siblings = {area.code for area in commune_siblings(dataset, province, parent)}
        families.append(Family(parent, tuple(sorted(siblings | communes[parent]))))
    return families


def parent_of_commune(dataset: Dataset, province: str, code: str) -> str:
    """Return the area whose path a commune follows: its (former) district, or the province."""
    area = dataset.areas.get(code)
    if area.level == "commune" and area.parent_code != province:
        return area.parent_code
    former = dataset.crosswalk.former_districts(code)
    return former[0] if len(former) == 1 else province


def commune_siblings(dataset: Dataset, province: str, parent: str) -> list[Area]:
    """Return the communes in force today that follow `parent`."""
    communes = dataset.areas.all(level="commune", on=dataset.as_of)
    return [area for area in communes if parent_of_commune(dataset, province, area.code) == parent]
