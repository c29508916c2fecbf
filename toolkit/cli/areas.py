"""From names and codes on the command line to areas."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.base.errors import UsageError
from toolkit.base.texts import interface_language, say
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.plan.plan import Plan
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
    for area in found:
        _check_in_force(dataset, area)
    return tuple({area.code: area for area in found}.values())


def _check_in_force(dataset: Dataset, area: Area) -> None:
    """Refuse an ended commune: planning goes on in its heir. Former districts keep their past, and their reports."""
    if area.level != "commune" or area.in_force(dataset.as_of):
        return
    codes = dict.fromkeys(link.new_commune_code for link in dataset.crosswalk.new_of(area.code))
    heirs = [dataset.areas.get(code, dataset.as_of) for code in codes]
    language = interface_language()
    listed = ", ".join(f"{heir.code} {heir.name(language)}" for heir in heirs) or say("cli.heirs_unknown")
    message = say("cli.ended", code=area.code, name=area.name(language), day=area.valid_to)
    raise UsageError(message, say("cli.ended.remedy", heirs=listed))
