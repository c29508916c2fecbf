"""What a template asks an area for: the figures that the plan's targets need, with what is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from toolkit.base.errors import UsageError
from toolkit.base.texts import Language, say
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
from toolkit.data.series import Observation
from toolkit.data.standards import Standard
from toolkit.plan.plan import Plan, Target

SUPPORTING = {
    "poverty_rate": ("poor_households", "households"),
    "near_poverty_rate": ("near_poor_households", "households"),
}
"""Counts that a rate can be checked by; asked for beside it."""
MOST_YEARS = 40


@dataclass(frozen=True)
class Question:
    """One figure asked for.

    Attributes
    ----------
    indicator, scope, year :
        What is asked.
    standard :
        Definition in force in that year on the chain that targets are judged on; None where there is none.
    last :
        The newest figure held, None without one.
    """

    indicator: Indicator
    scope: str
    year: int
    standard: Standard | None
    last: Observation | None


def questions(dataset: Dataset, plan: Plan, area: Area, years: Sequence[int]) -> tuple[Question, ...]:
    """Return what an area is asked for, in the plan's order; every indicator and scope once a year.

    Raises
    ------
    UsageError
        For a year that is not one, lies ahead, or in which the area was not in force.
    """
    for year in years:
        if not area.exists_in(year):
            message = say("desk.template.not_in_force", area=f"{area.code} {area.name_vi}", year=year)
            raise UsageError(message, say("desk.template.not_in_force.remedy", validity=area.validity()))
        if year > dataset.as_of.year:
            raise UsageError(say("desk.template.ahead", year=year), say("desk.template.ahead.remedy"))
    keys = list(dict.fromkeys(key for target in plan.targets for key in _keys(target, plan, area, dataset)))
    return tuple(
        Question(
            indicator=dataset.indicators[name],
            scope=scope,
            year=year,
            standard=standard_in(dataset, dataset.indicators[name], year),
            last=_last(dataset, area, name, scope),
        )
        for year in years
        for name, scope in keys
    )


def standard_in(dataset: Dataset, indicator: Indicator, year: int) -> Standard | None:
    """Return the standard on which an indicator was measured in a year, of the kind that targets are judged on."""
    declared = dataset.standards.of(indicator.id)
    if not declared:
        return None
    standard = dataset.standards.in_force(indicator.id, indicator.judged_on or declared[-1].chain, year)
    return standard if standard is not None and standard.measured_in(year) else None


def years_of(text: str) -> tuple[int, ...]:
    """Return the years of a cycle written as ``2026``, ``2024-2026`` or ``2023,2025``.

    >>> years_of("2023-2025,2020")
    (2020, 2023, 2024, 2025)
    """
    years: set[int] = set()
    for part in text.split(","):
        first, sign, last = part.strip().partition("-")
        if not first.isdigit() or (sign and not last.isdigit()) or len(first) > 4 or len(last) > 4:
            raise UsageError(say("desk.template.no_years", text=text), say("desk.template.no_years.remedy"))
        years |= set(range(int(first), int(last or first) + 1))
    if not 1 <= len(years) <= MOST_YEARS:
        raise UsageError(say("desk.template.no_years", text=text), say("desk.template.no_years.remedy"))
    return tuple(sorted(years))


def bounds_text(indicator: Indicator, language: Language) -> str:
    """Return the bounds and the unit of an indicator as a reader writes them."""
    lower = "" if indicator.lower is None else f"{indicator.lower:g}"
    upper = "" if indicator.upper is None else f"{indicator.upper:g}"
    return f"{lower} … {upper} {indicator.units[language]}".strip()


def _keys(target: Target, plan: Plan, area: Area, dataset: Dataset) -> list[tuple[str, str]]:
    if not target.rule.has_number or (target.level == "province" and area.code != plan.province_code):
        return []
    keys: list[tuple[str, str]] = [(target.indicator, target.scope)]
    benchmark = target.rule.compared_with
    if benchmark is not None and benchmark.area == "same":
        keys.append((benchmark.indicator, benchmark.scope))
    keys += [(proxy, scope) for proxy, scope in _stand_ins(dataset.indicators[target.indicator], target.scope, plan)]
    keys += [(count, scope) for name, scope in list(keys) for count in SUPPORTING.get(name, ())]
    return [key for key in keys if _measured(dataset, key[0])]


def _measured(dataset: Dataset, name: str) -> bool:
    indicator = dataset.indicators[name]
    return indicator.unit != "milestone" and indicator.period_average_of is None


def _stand_ins(indicator: Indicator, scope: str, plan: Plan) -> Iterable[tuple[str, str]]:
    for proxy in indicator.proxies:
        if proxy.for_scope == scope and (proxy.id in plan.proxies.on or proxy.on_by_default):
            yield proxy.indicator, proxy.scope


def _last(dataset: Dataset, area: Area, indicator: str, scope: str) -> Observation | None:
    held = dataset.series(area.code, indicator, scope).observations
    return held[-1] if held else None
