"""From names and codes on the command line to areas."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.plan.schema import Plan
from toolkit.run.session import plan_areas


def wanted_areas(dataset: Dataset, plan: Plan, names: Sequence[str] | None, level: str | None) -> tuple[Area, ...]:
    """Return the areas asked for; without names, those of the level, or the province and its districts.

    Raises
    ------
    UsageError
        For an unknown or ambiguous name, with the nearest names or the codes to choose from.
    """
    if not names:
        return tuple(plan_areas(dataset, plan, level))
    found = [dataset.areas.find(name, level=level, on=dataset.as_of) for name in names]
    return tuple({(area.code, area.valid_from): area for area in found}.values())
