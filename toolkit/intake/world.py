"""A made-up world for a plan: the true course of every figure, coherent between areas, scopes, rates and counts.

Nothing here is an estimate of anything. Levels start near figures held for the province, so that the world looks
familiar; trends, shocks, differences between areas and jumps of standards are drawn.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from toolkit.data.consistency import PARTS
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
from toolkit.data.standards import BreakPrior
from toolkit.forecast.make import needed
from toolkit.forecast.panels import scale_of
from toolkit.intake.template import standard_in
from toolkit.plan.schema import Plan

FloatArray = npt.NDArray[np.float64]
Key = tuple[str, str]
LEVEL_SPREAD = {"logit": 0.45, "log": 0.25, "identity": 1.0}
"""How far areas lie apart, standard deviation on the link scale."""
STEP = {"logit": 0.05, "log": 0.03, "identity": 0.5}
"""Yearly shocks that all areas share, and (times 0.7) those of their own; on the link scale."""
PERSISTENCE = 0.97
SIGN = {"up": 1.0, "down": -1.0, "none": 0.0}
PEOPLE_IN_HOUSEHOLD = 4.0
USUAL_POPULATION = 30_000.0
POVERTY = ("poverty_rate", "near_poverty_rate", "poor_households", "near_poor_households", "poor_or_near_poor_rate",
           "households")  # fmt: skip
"""Indicators of the household review, made from one another so that rates follow from counts."""


@dataclass(frozen=True)
class World:
    """True values of everything that a plan needs.

    Attributes
    ----------
    years :
        Years, ascending.
    values :
        (area code, indicator, scope) to the true value of each year in printed units, on the standard of that year.
    standards :
        Indicator to the standard of each year; empty where there is none, None where nothing is measured.
    jumps :
        (indicator, standard) to the true jump on to it, on the link scale.
    """

    years: tuple[int, ...]
    values: dict[tuple[str, str, str], FloatArray]
    standards: dict[str, tuple[str | None, ...]]
    jumps: dict[tuple[str, str], float]


@dataclass
class Maker:
    """Draws one world.

    Attributes
    ----------
    dataset, plan :
        Areas, indicators, standards; what is needed.
    years :
        Years to make.
    seed :
        Of all random numbers.
    with_breaks :
        False: changes of standard do not change levels.
    """

    dataset: Dataset
    plan: Plan
    years: tuple[int, ...]
    seed: int
    with_breaks: bool = True
    values: dict[tuple[str, str, str], FloatArray] = field(default_factory=dict)
    jumps: dict[tuple[str, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        dataset, province = self.dataset, self.plan.province_code
        self.above = [area.code for area in dataset.areas.ancestors(province)]
        districts = [area for area in dataset.areas.all(level="district") if area.parent_code == province]
        self.parts = [area.code for area in districts] or [province]
        self.weights = {area.code: float(area.population_2019 or USUAL_POPULATION) for area in districts}
        self.weights.setdefault(province, sum(self.weights.values()) or USUAL_POPULATION)

    def make(self) -> None:
        """Make the figures of the country, the region, the province and its districts."""
        keys = wanted_keys(self.plan, self.dataset)
        for indicator, scope in keys:
            if indicator not in POVERTY:
                self._generic(self.dataset.indicators[indicator], scope)
        for scope in dict.fromkeys(scope for indicator, scope in keys if indicator in POVERTY):
            self._poverty(scope)
        self.constrain()
        self.sum_up()

    def world(self) -> World:
        """Return what has been made."""
        names = dict.fromkeys(indicator for indicator, _ in wanted_keys(self.plan, self.dataset))
        return World(self.years, self.values, {name: self.standards(name) for name in names}, self.jumps)

    def standards(self, indicator: str) -> tuple[str | None, ...]:
        """Return the standard of an indicator in each year."""
        declared = self.dataset.indicators[indicator]
        if not self.dataset.standards.of(indicator):
            return ("",) * len(self.years)
        found = [standard_in(self.dataset, declared, year) for year in self.years]
        return tuple(None if item is None else item.id for item in found)

    def random(self, *names: str) -> np.random.Generator:
        """Return random numbers of their own for a name: what is asked beside it does not change them."""
        return np.random.default_rng(np.random.SeedSequence([self.seed, zlib.crc32("|".join(names).encode())]))

    def _generic(self, indicator: Indicator, scope: str) -> None:
        province = self.plan.province_code
        common, offsets = self.common(indicator, scope), self.offsets(indicator.id)
        for code in [*self.parts, *self.above]:
            linked = common + self.deviation(indicator, scope, code) + offsets
            value = scale_of(indicator).from_link(linked)
            if indicator.whole and code in self.parts:
                value = np.round(value * self.weights[code] / self.weights[province])
            self.values[code, indicator.id, scope] = value
        if self.parts != [province]:
            self.values[province, indicator.id, scope] = self._together(indicator, scope)

    def _together(self, indicator: Indicator, scope: str) -> FloatArray:
        """Return the province's values: the sum of its parts' counts, the mean of their rates by people."""
        parts = np.array([self.values[code, indicator.id, scope] for code in self.parts])
        if indicator.whole:
            return np.asarray(parts.sum(axis=0))
        weights = np.array([self.weights[code] for code in self.parts])
        return np.asarray(weights @ parts / weights.sum())

    def common(self, indicator: Indicator, scope: str) -> FloatArray:
        """Return the course that all areas share, on the link scale; scopes share their shocks."""
        random = self.random(indicator.id)
        start = self._start(indicator, random)
        logit = indicator.link == "logit"
        speed = SIGN[indicator.direction] * random.uniform(0.03, 0.12) * (0.0 if indicator.link == "identity" else 1.0)
        if indicator.link == "log":
            speed *= 0.6
        shocks = random.normal(0.0, STEP[indicator.link], len(self.years))
        course = np.asarray(np.arange(len(self.years)) * speed + np.cumsum(shocks))
        behind = 0.0 if scope == "all" or indicator.link == "identity" else -0.25 * SIGN[indicator.direction]
        return start + course + (behind if logit else behind * 0.5)

    def _start(self, indicator: Indicator, random: np.random.Generator) -> float:
        """Return a level for the first year: the first figure held for the province, else one that is drawn."""
        drawn = {"logit": 0.8 * SIGN[indicator.direction] + random.normal(0, 0.6), "log": random.uniform(4.0, 7.0),
                 "identity": random.normal(4.0, 1.5)}[indicator.link]  # fmt: skip
        for scope in ("all", "dtts"):
            held = self.dataset.series(self.plan.province_code, indicator.id, scope).observations
            if held:
                return float(np.clip(scale_of(indicator).to_link(held[0].value), -4.0, 14.0))
        return float(drawn)

    def deviation(self, indicator: Indicator, scope: str, code: str) -> FloatArray:
        """Return how far an area lies from the common course; it lasts, and scopes share most of it."""
        random, own = self.random(indicator.id, code), self.random(indicator.id, code, scope)
        step = STEP[indicator.link] * 0.7
        level, made = random.normal(0.0, LEVEL_SPREAD[indicator.link]) + own.normal(0.0, step), []
        for _ in self.years:
            made.append(level)
            level = PERSISTENCE * level + random.normal(0.0, step)
        return np.array(made)

    def offsets(self, indicator: str) -> FloatArray:
        """Return what changes of standard have added to the level by each year, on the link scale."""
        standards = self.standards(indicator)
        total, before, made = 0.0, "", []
        for standard in standards:
            if standard and before and standard != before and self.with_breaks:
                prior = self.dataset.standards.link(before, standard, indicator)
                jump = self._jump(prior, indicator, standard)
                self.jumps[indicator, standard] = jump
                total += jump
            before = standard or before
            made.append(total)
        return np.array(made)

    def _jump(self, prior: BreakPrior | None, indicator: str, standard: str) -> float:
        random = self.random(indicator, standard, "jump")
        if prior is None or prior.jump_mean is None or prior.jump_sd is None:
            return float(random.normal(0.0, 0.2))
        side = random.normal(0.0, prior.jump_sd)
        return float(prior.jump_mean + side * (1.0 + (prior.jump_skew or 0.0) if side > 0 else 1.0))

    def sum_up(self) -> None:
        """Set the province's counts to the sums of its districts', and the rates of the review to what follows."""
        if self.parts != [self.plan.province_code]:
            for code, name, scope in list(self.values):
                if code == self.plan.province_code and self.dataset.indicators[name].whole:
                    parts = [self.values[part, name, scope] for part in self.parts]
                    self.values[code, name, scope] = np.asarray(np.sum(parts, axis=0))
        self.rates_of_review([*self.parts, *self.above, self.plan.province_code])

    def _poverty(self, scope: str) -> None:
        """Make the counts of the household review; the province's are the sums."""
        for code in [*self.parts, *self.above]:
            for name, value in self._review(code, scope).items():
                self.values[code, name, scope] = value
        for name in ("households", "poor_households", "near_poor_households"):
            self.values.setdefault((self.plan.province_code, name, scope), np.zeros(len(self.years)))

    def _review(self, code: str, scope: str) -> dict[str, FloatArray]:
        people = self.weights.get(code, 100.0 * self.weights[self.plan.province_code])
        grown = people / PEOPLE_IN_HOUSEHOLD * np.cumprod(np.full(len(self.years), 1.008))
        share = 1.0 if scope == "all" else float(self.random("share", code, scope).uniform(0.7, 0.97))
        households = np.round(grown * share)
        counts = {"households": households}
        for rate, count in (("poverty_rate", "poor_households"), ("near_poverty_rate", "near_poor_households")):
            indicator = self.dataset.indicators[rate]
            linked = self.common(indicator, scope) + self.deviation(indicator, scope, code) + self.offsets(rate)
            made = np.round(scale_of(indicator).from_link(linked) * households / 100)
            everyone = self.values.get((code, count, "all"))
            most = households * 0.49 if everyone is None or scope == "all" else np.minimum(everyone, households * 0.49)
            counts[count] = np.floor(np.minimum(made, most))
        return counts

    def rates_of_review(self, codes: Iterable[str]) -> None:
        """Set the rates of the household review to what its counts say."""
        scopes = [scope for code, name, scope in self.values if (code, name) == (self.parts[0], "households")]
        for code, scope in ((code, scope) for code in dict.fromkeys(codes) for scope in scopes):
            counts = (self.values[code, name, scope] for name in ("poor_households", "near_poor_households"))
            poor, near = counts
            households = np.maximum(self.values[code, "households", scope], 1.0)
            self.values[code, "poverty_rate", scope] = 100 * poor / households
            self.values[code, "near_poverty_rate", scope] = 100 * near / households
            self.values[code, "poor_or_near_poor_rate", scope] = 100 * (poor + near) / households

    def constrain(self) -> None:
        """Keep parts below their wholes, groups below everyone, and every value as it would be printed."""
        for (code, name, scope), value in self.values.items():
            everyone = self.values.get((code, name, "all"))
            if self.dataset.indicators[name].whole and scope != "all" and everyone is not None:
                self.values[code, name, scope] = np.minimum(value, everyone)
        wholes = {target.id: target for target in self.plan.targets}
        pairs = [(part, whole, scope) for part, whole in PARTS for scope in ("all", "dtts", "dtts_mn")]
        pairs += [
            (target.indicator, wholes[target.part_of].indicator, target.scope)
            for target in self.plan.targets
            if target.part_of and target.one_denominator
        ]
        for part, whole, scope in pairs:
            for code in {code for code, name, held in self.values if (name, held) == (part, scope)}:
                if (code, whole, scope) in self.values:
                    limit = self.values[code, whole, scope]
                    self.values[code, part, scope] = np.minimum(self.values[code, part, scope], limit)


def wanted_keys(plan: Plan, dataset: Dataset) -> tuple[Key, ...]:
    """Return indicators and scopes to make: what the plan's targets rest on, and the counts behind its rates."""
    keys = dict.fromkeys(needed(plan, dataset))
    review = {scope: None for name, scope in keys if name in POVERTY}
    keys |= dict.fromkeys((name, scope) for scope in ["all", *review] for name in POVERTY if review)
    known = dataset.indicators
    measured = [key for key in keys if known[key[0]].unit != "milestone" and known[key[0]].period_average_of is None]
    return tuple(sorted(measured, key=lambda key: (key[0], key[1] != "all", key[1])))
