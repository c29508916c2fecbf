"""All forecasts that a plan needs, for the areas of a run: made once, read by everything later."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path as FilePath
from typing import TypeVar

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.data.dataset import Dataset
from toolkit.forecast.build import Builder, Family, FittedFamily, families_below
from toolkit.forecast.paths import Path, through_proxy
from toolkit.forecast.store import Forecasts, PathKey, Store, round_as_stored
from toolkit.models import Model, get
from toolkit.models.panel_model import PanelModel
from toolkit.plan.plan import Plan

Key = tuple[str, str]
"""(indicator, scope)"""
Item = TypeVar("Item")
Made = TypeVar("Made")

DRAWS = 10_000
"""The fewest with which no probability errs by more than half a point by simulation, even if draws were independent."""
SEED = 138
MODEL = "default"
"""With draws and seed, the settings of what is published."""
FEWEST, MOST = 100, 20_000
"""Draws: with fewer a probability says nothing; more fit no memory and tell no more."""
BATCH = 4
"""Areas in memory at a time: some 30 MB each; with fewer the model's own steps begin to count."""


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
    model: Model = MODEL,
    only: Mapping[Key, Span] | None = None,
    keep: FilePath | None = None,
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
        Joint draws of each path, 100 to 20,000.
    seed :
        Of all random numbers, 0 or more: the same seed, data and version give the same draws.
    model :
        Name of a forecaster of the models room, or a model of one's own with ``fit`` and ``predict``.
    only :
        Forecast these in place of what the plan needs.
    keep :
        Folder to keep the draws in, a few areas at a time, in place of memory; they are read back when they are asked
        for. :func:`toolkit.forecast.store.close` makes the folder complete.

    Returns
    -------
    Forecasts

    Raises
    ------
    UsageError
        For too few draws or too many, an impossible seed or an unknown model.
    """
    check_numbers(draws, seed)
    batches = forecast_batches(dataset, plan, area_codes, draws=draws, seed=seed, model=model, only=only)
    paths: Mapping[PathKey, Path]
    if keep is None:
        paths = {key: path for batch in batches for key, path in batch.items()}
    else:
        writer = Store(keep)
        for batch in batches:
            writer.add(batch, partial(at_once, threads=available_cores()))
            del batch  # else it would stay while the next is made
        paths = writer.opened()
    return Forecasts(paths, seed, draws, dataset.as_of, get(model).name)


def check_numbers(draws: int = DRAWS, seed: int = SEED) -> None:
    """Refuse a number of draws or a seed that cannot be.

    Raises
    ------
    UsageError
        Naming the number.
    """
    if draws < FEWEST:
        raise UsageError(say("forecast.few_draws", draws=draws), say("forecast.few_draws.remedy", usual=DRAWS))
    if draws > MOST:
        raise UsageError(say("forecast.many_draws", draws=draws), say("forecast.many_draws.remedy", most=MOST))
    if not 0 <= seed < 2**63:
        raise UsageError(say("forecast.no_seed", seed=seed), say("forecast.no_seed.remedy"))


def forecast_batches(
    dataset: Dataset,
    plan: Plan,
    area_codes: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    model: Model = MODEL,
    only: Mapping[Key, Span] | None = None,
    size: int = BATCH,
) -> Iterator[dict[PathKey, Path]]:
    """Forecast as :func:`make_forecasts`, a few areas at a time, parents before children.

    An area's paths all come in one batch, and are the same whatever `size` is and whichever other areas are asked
    for: memory depends on the size of a batch, not on the number of areas. The districts come together, for they add
    up to the province.

    Parameters
    ----------
    size :
        Areas of a batch, at most; of communes.

    Yields
    ------
    dict
        Paths by area, indicator, scope and whether future changes of standard are crossed.
    """
    families = tuple(families_below(dataset, plan.province_code))
    builder = Builder(dataset, plan.province_code, families, get(model), draws, seed)
    # a model of one's own may keep what it fitted in itself
    threads = available_cores() if isinstance(builder.model, PanelModel) else 1
    needs = needed(plan, dataset) if only is None else with_proxy_sources(only, dataset)
    found = {key: builder.spec(*key, one.first, one.last, one.judged_in) for key, one in needs.items()}
    specs = {key: spec for key, spec in found.items() if spec is not None}

    def drawn(
        members: Iterable[tuple[Key, FittedFamily, Sequence[int]]], wholes: Mapping[Key, Mapping[bool, Path]]
    ) -> Direct:
        direct: Direct = {key: {True: {}, False: {}} for key in needs}
        asked = list(members)
        made = at_once(lambda one: builder.paths(specs[one[0]], *one[1:], wholes.get(one[0])), asked, threads)
        for (key, *_), paths in zip(asked, made, strict=True):
            for across, found in paths.items():
                direct[key][across] |= found
        return direct

    def below(family: Family, above: Mapping[Key, FittedFamily]) -> dict[Key, FittedFamily]:
        found = at_once(lambda key: builder.below(specs[key], family, above.get(key)), specs, threads)
        return {key: fitted for key, fitted in zip(specs, found, strict=True) if fitted is not None}

    top = dict(zip(specs, at_once(builder.top, specs.values(), threads), strict=True))
    direct = drawn(((key, fitted, [0]) for key, areas in top.items() for fitted in areas.values()), {})
    code = plan.province_code
    province = {key: areas[code] for key, areas in top.items() if code in areas}
    wholes = {key: {across: found[code] for across, found in direct[key].items()} for key in province}
    specs = {key: spec.below() for key, spec in specs.items()}
    districts = below(families[0], province)
    for key in districts.keys() - province.keys():
        for across, whole in builder.from_parts(specs[key], districts[key]).items():
            direct[key][across] |= whole
    yield _with_proxies(direct, dataset, plan)
    del top, direct
    every = range(len(families[0].members))
    yield _with_proxies(drawn(((key, one, every) for key, one in districts.items()), wholes), dataset, plan)
    del wholes
    for family in families[1:]:
        asked = [row for row, member in enumerate(family.members) if member in area_codes]
        fitted = below(family, province if family.parent_code == code else districts) if asked else {}
        for start in range(0, len(asked), size):
            rows = asked[start : start + size]
            yield _with_proxies(drawn(((key, one, rows) for key, one in fitted.items()), {}), dataset, plan)


def at_once(work: Callable[[Item], Made], items: Iterable[Item], threads: int) -> list[Made]:
    """Return what comes of each item; NumPy lets other threads on while it computes."""
    if threads == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def available_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def needed(plan: Plan, dataset: Dataset) -> dict[Key, Span]:
    """Return all that the plan's targets rest on, with the years: their indicators, benchmarks and proxies."""
    needs: dict[Key, Span] = {}
    for target in plan.targets:
        span = Span(plan.base_year, max(target.due, dataset.as_of.year), target.due)
        for key in target.series:
            needs[key] = needs.get(key, span) | span
    return with_proxy_sources(needs, dataset)


def with_proxy_sources(wanted: Mapping[Key, Span], dataset: Dataset) -> dict[Key, Span]:
    """Add the indicators that proxies of the wanted ones rest on."""
    needs = dict(wanted)
    for key in wanted:
        for proxy in dataset.indicators.get(key[0]).proxies:
            sources = [(proxy.indicator, proxy.scope)]
            if proxy.transform.kind == "divide_by_share":
                sources.append((proxy.transform.indicator, proxy.transform.scope))
            for source in sources:
                needs[source] = needs.get(source, needs[key]) | needs[key]
    return needs


Direct = dict[Key, dict[bool, dict[str, Path]]]
"""Own and borrowed paths by indicator and scope, whether future changes of standard are crossed, and area."""


def _with_proxies(direct: Direct, dataset: Dataset, plan: Plan) -> dict[PathKey, Path]:
    """Return own, borrowed and proxied paths; those on today's standards only where they differ."""
    paths: dict[PathKey, Path] = {}
    for key in direct:
        today = _resolved(key, False, direct, dataset, plan)
        for code, path in _resolved(key, True, direct, dataset, plan).items():
            paths[code, *key, True] = replace(path, draws=round_as_stored(path.draws))
            if not np.array_equal(path.draws, today[code].draws):
                paths[code, *key, False] = replace(today[code], draws=round_as_stored(today[code].draws))
    return paths


def _resolved(key: Key, across: bool, direct: Direct, dataset: Dataset, plan: Plan) -> dict[str, Path]:
    """Return own and borrowed paths, and where there are none those through the first proxy that gives one."""
    found = dict(direct[key][across])
    indicator = dataset.indicators.get(key[0])
    for proxy in indicator.proxies:
        on = proxy.id in plan.proxies.on or (proxy.on_by_default and proxy.id not in plan.proxies.off)
        if proxy.for_scope != key[1] or not on:
            continue
        shares: Mapping[str, Path] = {}
        if proxy.transform.kind == "divide_by_share":
            shares = direct[proxy.transform.indicator, proxy.transform.scope][across]
        for code, source in direct[proxy.indicator, proxy.scope][across].items():
            if code not in found and (path := through_proxy(proxy, indicator, source, shares.get(code))):
                found[code] = path
    return found
