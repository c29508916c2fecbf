"""Who follows whom: country and region beside the province, districts under it, communes under their old district."""

from __future__ import annotations

from dataclasses import dataclass

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


def families_below(dataset: Dataset, province: str) -> list[Family]:
    """Return the families below a province: its districts, then the communes that follow the same area.

    A family never depends on which areas are asked for: a forecast is the same alone and in any company. Communes,
    ended ones too, follow the former district that all of their territory came from, or the province where it came
    from several.
    """
    districts = sorted({area.code for area in dataset.areas.all(level="district") if area.parent_code == province})
    communes: dict[str, set[str]] = {}
    for area in dataset.areas.all(level="commune"):
        parent = parent_of_commune(dataset, province, area.code)
        if parent == province or parent in districts:
            communes.setdefault(parent, set()).add(area.code)
    below = [Family(parent, tuple(sorted(communes[parent]))) for parent in sorted(communes)]
    return [Family(province, tuple(districts)), *below]


def parent_of_commune(dataset: Dataset, province: str, code: str) -> str:
    """Return the area whose path a commune follows: its (former) district, or the province."""
    area = dataset.areas.get(code)
    if area.level == "commune" and area.parent_code != province:
        return area.parent_code
    former = dataset.crosswalk.former_districts(code)
    return former[0] if len(former) == 1 else province
