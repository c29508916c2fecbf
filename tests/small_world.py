"""A small made-up world with a known course: complete, coherent figures for everything that a plan rests on.

Levels start near figures held for the province; trends, shocks and differences between areas are drawn, changes of
standard shift levels as much as is expected of them. Nothing here is an estimate of anything.
"""

from __future__ import annotations

import csv
import shutil
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolkit.data.consistency import PARTS_AND_WHOLES
from toolkit.data.dataset import PROJECT_DATA, SIMULATED, Dataset, load
from toolkit.data.indicators import Indicator
from toolkit.data.schemas import DELIVERIES, LOCAL_TARGETS, NATIONAL, OBSERVATIONS, file_of
from toolkit.forecast.make import needed
from toolkit.forecast.paths import scale_of
from toolkit.intake.template import standard_in
from toolkit.plan.load import load_plan
from toolkit.plan.plan import Plan

DAY = date(2026, 11, 23)
YEARS = tuple(range(2015, 2026))
SOURCE = "simulated"
SPREAD = {"logit": 0.45, "log": 0.25, "identity": 1.0}
"""How far areas lie apart, standard deviation on the link scale."""
STEP = {"logit": 0.05, "log": 0.03, "identity": 0.5}
"""Yearly shocks that all areas share, and (times 0.7) those of their own."""
SPEED = {"logit": 1.0, "log": 0.6, "identity": 0.0}
SIGN = {"up": 1.0, "down": -1.0, "none": 0.0}
REVIEW = (("poverty_rate", "poor_households"), ("near_poverty_rate", "near_poor_households"))
"""Rates of the household review, and the counts that they follow from."""
REVIEW_NAMES = {name for pair in REVIEW for name in pair} | {"poor_or_near_poor_rate"}

Course = npt.NDArray[np.float64]
Values = dict[tuple[str, str, str], Course]


def add_sources(folder: Path, *ids: str) -> None:
    """Add sources to a data folder, with as many cells as its file has columns."""
    file = folder / "sources.csv"
    rest = "," * (file.read_text(encoding="utf-8").partition("\n")[0].count(",") - 2)
    with file.open("a", encoding="utf-8") as stream:
        stream.writelines(f"{name},Made up,Nobody{rest}\n" for name in ids)


def small_world(folder: Path, source: Path = PROJECT_DATA) -> Path:
    """Write a data folder like `source`, marked as simulated, with figures of every year for province and districts."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("panels", "provinces"))
    (folder / SIMULATED).touch()
    for name in NATIONAL:
        if not (folder / name).exists():
            shutil.copyfile(file_of(source, name), folder / name)
    add_sources(folder, SOURCE)
    shutil.rmtree(folder / DELIVERIES)
    head = (folder / LOCAL_TARGETS.file).read_text(encoding="utf-8").splitlines()[0]
    (folder / LOCAL_TARGETS.file).write_text(f"{head}\n", encoding="utf-8")
    dataset, plan = load(source, as_of=DAY), load_plan(folder=source)
    with (folder / OBSERVATIONS.file).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, OBSERVATIONS.names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(_rows(dataset, values(dataset, plan)))
    return folder


def values(dataset: Dataset, plan: Plan) -> Values:
    """Return the course of every figure: districts add up to the province, rates follow from counts."""
    province = dataset.areas.get(plan.province_code)
    parts = [area for area in dataset.areas.all(level="district") if area.parent_code == province.code]
    people = {area.code: float(area.population_2019 or 30_000) for area in parts}
    total = sum(people.values())
    people |= {area.code: 100 * total for area in dataset.areas.ancestors(province.code)}
    keys = set(needed(plan, dataset))
    scopes = {"all", *(scope for name, scope in keys if name in REVIEW_NAMES)}
    keys |= {(name, scope) for pair in REVIEW for name in pair for scope in scopes}
    made: Values = {}
    for name in sorted({name for name, _ in keys}):
        indicator = dataset.indicators[name]
        if indicator.unit != "milestone" and indicator.period_average_of is None:
            wanted = sorted(scope for known, scope in keys if known == name)
            made |= _courses(dataset, plan, indicator, wanted, people, total)
    for code, size in people.items():
        for scope in scopes:
            _review(made, code, scope, size * (1.0 if scope == "all" else 0.8) / 4)
    _keep_parts_below_wholes(made, dataset, plan)
    for name, scope in {key[1:] for key in made}:
        courses = [made[area.code, name, scope] for area in parts]
        weights = [people[area.code] / total for area in parts]
        summed = dataset.indicators[name].whole
        made[province.code, name, scope] = np.sum(courses, axis=0) if summed else np.average(courses, 0, weights)
    for code in [*people, province.code]:
        for scope in scopes:
            _rates(made, code, scope)
    return made


def _courses(
    dataset: Dataset, plan: Plan, indicator: Indicator, scopes: list[str], people: dict[str, float], total: float
) -> Values:
    """Return one indicator in all areas but the province; scopes and areas share most of its course."""
    random = np.random.default_rng([138, zlib.crc32(indicator.id.encode())])
    link, sign, count = indicator.link, SIGN[indicator.direction], len(YEARS)
    start = {
        "logit": 0.8 * sign + random.normal(0, 0.6),
        "log": random.uniform(4, 7),
        "identity": random.normal(4, 1.5),
    }
    level, scale = start[link], scale_of(indicator)
    for scope in ("dtts", "all"):
        for held in dataset.series(plan.province_code, indicator.id, scope).observations[:1]:
            level = float(np.clip(scale.to_link(held.value), -4, 14))
    speed = sign * SPEED[link] * random.uniform(0.03, 0.12)
    common = level + speed * np.arange(count) + np.cumsum(random.normal(0, STEP[link], count))
    common += _jumps(dataset, indicator)
    made = {}
    for code, size in people.items():
        own = random.normal(0, SPREAD[link]) + np.cumsum(random.normal(0, 0.7 * STEP[link], count))
        for scope in scopes:
            behind = 0.0 if scope == "all" else -0.25 * sign * SPEED[link]
            course = scale.from_link(common + own + behind)
            share = min(size / total, 1.0) if indicator.whole else 1.0
            made[code, indicator.id, scope] = np.round(course * share, 0 if indicator.whole else 6)
    return made


def _jumps(dataset: Dataset, indicator: Indicator) -> Course:
    """Return what changes of standard have added by each year: as much as is expected of them."""
    used = [standard_in(dataset, indicator, year) for year in YEARS]
    added, total, before = [], 0.0, ""
    for standard in used:
        if standard and before and standard.id != before:
            known = dataset.standards.link(before, standard.id, indicator.id)
            total += (known and known.jump_mean) or 0.0
        before = standard.id if standard else before
        added.append(total)
    return np.array(added)


def _review(made: Values, code: str, scope: str, size: float) -> None:
    """Set the counts of the household review to what its rates say of so many households."""
    households = np.round(size * 1.008 ** np.arange(len(YEARS)))
    made[code, "households", scope] = households
    for rate, count in REVIEW:
        made[code, count, scope] = np.floor(np.minimum(made[code, rate, scope], 49) * households / 100)


def _rates(made: Values, code: str, scope: str) -> None:
    """Set the rates of the household review to what its counts say."""
    for rate, count in REVIEW:
        made[code, rate, scope] = 100 * made[code, count, scope] / made[code, "households", scope]
    made[code, "poor_or_near_poor_rate", scope] = sum(made[code, rate, scope] for rate, _ in REVIEW)


def _keep_parts_below_wholes(made: Values, dataset: Dataset, plan: Plan) -> None:
    targets = {target.id: target for target in plan.targets}
    pairs = [(part, whole, scope) for part, whole in PARTS_AND_WHOLES for scope in ("all", "dtts", "dtts_mn")]
    pairs += [
        (target.indicator, targets[target.part_of].indicator, target.scope)
        for target in plan.targets
        if target.part_of and target.one_denominator
    ]
    for code, name, scope in sorted(made):  # "all" comes before any group
        limits = [(code, name, "all")] if dataset.indicators[name].whole else []
        limits += [(code, whole, scope) for part, whole, among in pairs if (part, among) == (name, scope)]
        for limit in limits:
            if limit in made:
                made[code, name, scope] = np.minimum(made[code, name, scope], made[limit])


def _rows(dataset: Dataset, made: Values) -> Iterator[dict[str, str]]:
    for (code, name, scope), course in sorted(made.items()):
        indicator, units = dataset.indicators[name], dataset.areas.units(code)
        for year, value in zip(YEARS, course, strict=True):
            standard = standard_in(dataset, indicator, year)
            measured = standard is not None or not dataset.standards.of(name)
            if measured and any(unit.exists_in(year) for unit in units):
                yield {
                    "area_code": code, "indicator": name, "scope": scope, "year": str(year),
                    "value": f"{value:.{0 if indicator.whole else indicator.decimals}f}", "unit": indicator.unit,
                    "standard": standard.id if standard else "", "status": "final", "source_id": SOURCE,
                    "note": "SIMULATED",
                }  # fmt: skip
