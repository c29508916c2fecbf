"""All forecasts that a plan needs, for the areas of a run: made once, read by everything later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Proxy
from toolkit.forecast.build import Builder, Wanted
from toolkit.forecast.paths import Path
from toolkit.forecast.proxies import through_proxy
from toolkit.forecast.store import Forecasts, PathKey, compact
from toolkit.models import NAMES, get
from toolkit.plan.schema import MilestoneRule, Plan, RatioToRule, Target

Key = tuple[str, str]
"""(indicator, scope)"""

DRAWS = 2000
SEED = 138


@dataclass(frozen=True)
class Span:
    """Years in which something is needed, and the due year by whose standard it is judged."""

    first: int
    last: int
    judged_in: int

    def __or__(self, other: Span) -> Span:
        return Span(min(self.first, other.first), max(self.last, other.last), max(self.judged_in, other.judged_in))


def make_forecasts(
    dataset: Dataset,
    plan: Plan,
    area_codes: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    model: str = "default",
    only: Mapping[Key, Span] | None = None,
) -> Forecasts:
    """Forecast everything that the plan's targets ask about.

    Parameters
    ----------
    dataset :
        Data as known on a date.
    plan :
        The plan; says which proxies are switched on.
    area_codes :
        Areas wanted. The province, and all its former districts, are always part of the result: others follow
        the first, and targets that must hold in every locality need the second.
    draws :
        Joint draws of each path, 100 or more.
    seed :
        Of all random numbers: the same seed, data and version give the same draws.
    model :
        Name of a forecaster of the models room.
    only :
        Forecast these in place of what the plan needs.

    Returns
    -------
    Forecasts

    Raises
    ------
    UsageError
        For fewer than 100 draws or an unknown model.
    """
    if draws < 100:
        raise UsageError(say("forecast.few_draws", draws=draws), say("forecast.few_draws.remedy", usual=DRAWS))
    if model not in NAMES:
        raise UsageError(say("forecast.no_model", model=model), say("base.choose", choices=", ".join(NAMES)))
    forecaster = get(model)
    builder = Builder(dataset, plan.province_code, tuple(area_codes), forecaster, draws, seed)
    needs = needed(plan, dataset) if only is None else with_sources(only, dataset)
    direct = {key: _both(builder, key, span) for key, span in needs.items()}
    paths: dict[PathKey, Path] = {}
    for key in needs:
        today = _resolved(key, False, direct, dataset, plan)
        for code, path in _resolved(key, True, direct, dataset, plan).items():
            paths[code, *key, True] = replace(path, draws=compact(path.draws))
            if not np.array_equal(path.draws, today[code].draws):
                paths[code, *key, False] = replace(today[code], draws=compact(today[code].draws))
    return Forecasts(
        paths=paths,
        seed=seed,
        draw_count=draws,
        as_of=dataset.as_of,
        model_name=forecaster.name,
        simulated=dataset.simulated,
    )


def needed(plan: Plan, dataset: Dataset) -> dict[Key, Span]:
    """Return all that the plan's targets rest on, with the years: their indicators, benchmarks and proxies."""
    needs: dict[Key, Span] = {}
    for target in plan.targets:
        if isinstance(target.rule, MilestoneRule):
            continue
        span = Span(plan.base_year, max(target.due, dataset.as_of.year), target.due)
        for key in _keys(target):
            needs[key] = needs.get(key, span) | span
    return with_sources(needs, dataset)


def with_sources(wanted: Mapping[Key, Span], dataset: Dataset) -> dict[Key, Span]:
    """Add the indicators that proxies of the wanted ones rest on."""
    needs = dict(wanted)
    for key in wanted:
        for proxy in dataset.indicators.get(key[0]).proxies:
            for source in _sources(proxy):
                needs[source] = needs.get(source, needs[key]) | needs[key]
    return needs


def _keys(target: Target) -> list[Key]:
    keys: list[Key] = [(target.indicator, target.scope)]
    if isinstance(target.rule, RatioToRule):
        keys.append((target.rule.benchmark.indicator, target.rule.benchmark.scope))
    return keys


def _sources(proxy: Proxy) -> list[Key]:
    share = [(proxy.transform.indicator, proxy.transform.scope)] if proxy.transform.kind == "divide_by_share" else []
    return [(proxy.indicator, proxy.scope), *share]


def _both(builder: Builder, key: Key, span: Span) -> dict[bool, dict[str, Path]]:
    """Return the paths of one need without and across future breaks, made once where there is no such break."""
    wanted = Wanted(key[0], key[1], span.first, span.last, span.judged_in)
    across = builder.paths(wanted, across_breaks=True)
    future = any(not change.measured for path in across.values() for change in path.breaks)
    return {True: across, False: builder.paths(wanted, across_breaks=False) if future else across}


def _resolved(
    key: Key, across: bool, direct: Mapping[Key, Mapping[bool, Mapping[str, Path]]], dataset: Dataset, plan: Plan
) -> dict[str, Path]:
    """Return own and borrowed paths, and where there are none those through the first proxy that gives one."""
    found = dict(direct[key][across])
    indicator = dataset.indicators.get(key[0])
    for proxy in _switched_on(indicator.proxies, key[1], plan):
        shares: Mapping[str, Path] = {}
        if proxy.transform.kind == "divide_by_share":
            shares = direct[proxy.transform.indicator, proxy.transform.scope][across]
        for code, source in direct[proxy.indicator, proxy.scope][across].items():
            if code not in found and (path := through_proxy(proxy, indicator, source, shares.get(code))):
                found[code] = path
    return found


def _switched_on(proxies: Iterable[Proxy], scope: str, plan: Plan) -> list[Proxy]:
    return [
        proxy
        for proxy in proxies
        if proxy.for_scope == scope
        and (proxy.id in plan.proxies.on or (proxy.on_by_default and proxy.id not in plan.proxies.off))
    ]
