"""One target asked of one area: all that is known of it from plan, data and forecasts, and what the rule says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
from toolkit.data.observations import Observation
from toolkit.forecast.paths import Path
from toolkit.forecast.store import Forecasts
from toolkit.plan.judgement import Bound, Case, Judgement, Note, covers
from toolkit.plan.plan import Plan, Target
from toolkit.plan.predicates import Printed, hardly_any, joint_weights, part_below_whole, probability, quantiles


@dataclass(frozen=True)
class Question:
    """A target asked of an area, with all that is known of it.

    Attributes
    ----------
    target :
        What is asked.
    area :
        Of whom.
    plan :
        The plan of the target.
    dataset :
        What is known.
    forecasts :
        Joint draws of what is not.
    across_breaks :
        False where the standard of the newest figure is to stay in force, whatever changes are known.
    """

    target: Target
    area: Area
    plan: Plan
    dataset: Dataset
    forecasts: Forecasts
    across_breaks: bool = True

    @property
    def for_orientation(self) -> bool:
        """True where the plan states it for the province alone, or no unit of the level can know such a figure."""
        if self.area.level == "province":
            return False
        known_above_alone = self.indicator.known_at("province") and not self.indicator.known_at(self.area.level)
        return self.target.level == "province" or known_above_alone

    @property
    def lent(self) -> bool:
        """True in a commune without a figure of its own: what a larger area suggests is no answer of the commune's."""
        return self.area.level == "commune" and self.path is not None and self.path.evidence.basis == "C"

    @property
    def everywhere(self) -> bool:
        """True where the target has to hold in every locality of the province that is asked."""
        return self.target.each_area and self.area.level == "province"

    @cached_property
    def indicator(self) -> Indicator:
        """The judged indicator."""
        return self.dataset.indicators.get(self.target.indicator)

    @cached_property
    def path(self) -> Path | None:
        """Joint draws of the judged indicator, parts and wholes agreeing."""
        own = self._drawn(self.target)
        if own is None:
            return None
        if self._whole is not None:
            whole = self._drawn(self._whole)
            return own if whole is None else agree(own, whole)[0]
        for part_target in self._parts:
            part = self._drawn(part_target)
            own = own if part is None else agree(part, own)[1]
        return own

    @cached_property
    def benchmark(self) -> Path | None:
        """Joint draws of what it is compared with."""
        wanted, across = self.target.rule.compared_with, self.across_breaks
        if wanted is None:
            return None
        return self.forecasts.path(self._benchmark_code, wanted.indicator, wanted.scope, across_breaks=across)

    @cached_property
    def case(self) -> Case | None:
        """What the rule is judged on, or None where a forecast is missing."""
        if self.path is None or (self.target.rule.compared_with is not None and self.benchmark is None):
            return None
        printed = Printed(self.indicator.decimals, self.indicator.lower, self.indicator.upper)
        return Case(self.target.due, self.path, printed, self.benchmark)

    def _drawn(self, target: Target) -> Path | None:
        across = self.across_breaks
        return self.forecasts.path(self.area.code, target.indicator, target.scope, across_breaks=across)

    @property
    def _benchmark_code(self) -> str:
        """Code of the area whose value is the benchmark."""
        wanted = self.target.rule.compared_with
        if wanted is None:
            return ""
        return wanted.area_code(self.area.code, self.plan.province_code, self.dataset.areas)

    @property
    def _parts(self) -> tuple[Target, ...]:
        """Targets of the plan that are parts of this one, with the same denominator."""
        return tuple(other for other in self.plan.targets if other.part_of == self.target.id and other.one_denominator)

    @property
    def _whole(self) -> Target | None:
        """The target of the plan that this one is a part of, with the same denominator."""
        part_of = self.target.part_of if self.target.one_denominator else None
        return None if part_of is None else self.plan.target(part_of)

    def part_notes(self) -> tuple[Note, ...]:
        """Return notes on published parts that exceed their published whole."""
        pairs = [(part, self.target) for part in self._parts]
        if self._whole is not None:
            pairs.append((self.target, self._whole))
        drawn = [(self._drawn(part), self._drawn(whole), part.id) for part, whole in pairs]
        found = [
            contradictions(part, whole, name) for part, whole, name in drawn if part is not None and whole is not None
        ]
        return tuple(note for notes in found for note in notes)

    # what is published

    @property
    def measured(self) -> tuple[str, str]:
        """The (indicator, scope) that is measured: the target's own, or its stand-in's."""
        stand_in = None if self.path is None else self.path.proxy
        return (self.target.indicator, self.target.scope) if stand_in is None else (stand_in.indicator, stand_in.scope)

    @property
    def measured_unit(self) -> str:
        """Unit of what is measured."""
        return self.dataset.indicators.get(self.measured[0]).unit

    @cached_property
    def figures(self) -> tuple[Observation, ...]:
        """Usable figures of the area itself that the answer rests on, or would rest on, by year."""
        if self.path is not None:
            return self.path.evidence.observations
        return tuple(self.dataset.series(self.area.code, self.target.indicator, self.target.scope).observations)

    @property
    def last(self) -> Observation | None:
        """The newest of these figures on the standard that is judged."""
        return newest(self.figures, self.path)

    # what the rule says

    @cached_property
    def localities(self) -> tuple[Question, ...]:
        """The same question to every locality of the province, where the target has to hold in each.

        Localities are the province's districts, those that have ended included: their figures and forecasts are the
        ones held.
        """
        if not self.everywhere:
            return ()
        districts = self.dataset.areas.all(level="district")
        return tuple(replace(self, area=area) for area in districts if area.parent_code == self.area.code)

    @property
    def _answered(self) -> list[Question]:
        return [one for one in self.localities if not one.judged.missing and one.bound == "exact"]

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """All forecasts that the answer rests on, or would rest on."""
        if self.everywhere:
            return tuple(path for one in self._answered for path in one.paths)
        return tuple(path for path in (self.path, self.benchmark) if path is not None)

    @cached_property
    def bound(self) -> Bound | None:
        """Whether the rule's probability is exact or a lower bound; None where a stand-in cannot answer the rule."""
        if self.everywhere:
            return "exact"
        relations = ["equal" if path.proxy is None else path.proxy.relation for path in self.paths]
        bounds = [self.target.rule.bound(relation) for relation in relations]
        if not bounds or self.refuted is not None:
            return "exact"
        return None if None in bounds else bounds[0]

    @cached_property
    def refuted(self) -> Judgement | None:
        """What the rule says at best, where a stand-in bounds from both sides and that is not enough; else None."""
        use = None if self.path is None else self.path.proxy
        if self.case is None or use is None:
            return None
        declared = next((proxy for proxy in self.indicator.proxies if proxy.id == use.proxy_id), None)
        other = self.forecasts.path(self.area.code, use.indicator, use.scope, across_breaks=self.across_breaks)
        if declared is None or not declared.two_sided or other is None:
            return None
        return self.target.rule.refuted(self.case, other)

    @cached_property
    def judged(self) -> Judgement:
        """What the rule says on the joint draws, in the area or in all its localities at once, or what is missing."""
        missing = self._missing_series() if self.case is None or self.lent else ()
        if self.everywhere:
            return self._judged_everywhere(missing)
        if missing or self.case is None:
            return Judgement(missing=missing)
        if self.refuted is not None:
            return self.refuted
        return self._only_a_bound() if self.bound is None else self.target.rule.judge(self.case)

    def _missing_series(self) -> tuple[Note, ...]:
        """Return the series that the rule compares and that nothing is known of, or nothing of the area's own."""
        target, wanted, missing = self.target, self.target.rule.compared_with, []
        if self.path is None or self.lent:
            missing.append((self.area.code, target.indicator, target.scope))
        if wanted is not None and self.benchmark is None:
            missing.append((self._benchmark_code, wanted.indicator, wanted.scope))
        return tuple(
            Note("attainment.missing.series", {"indicator": indicator, "scope": scope, "area": area})
            for area, indicator, scope in missing
        )

    def _only_a_bound(self) -> Judgement:
        """Return what figures are missing where a stand-in gives a bound that cannot answer the rule."""
        bounds = [path for path in self.paths if path.proxy is not None and path.proxy.relation != "equal"]
        return Judgement(
            missing=tuple(
                Note(
                    "attainment.missing.instead_of_bound",
                    {"indicator": path.indicator, "scope": path.scope, "area": path.area_code},
                )
                for path in bounds
            ),
            notes=tuple(note for path in bounds for note in bound_note(path, self.target.due)),
        )

    def _judged_everywhere(self, missing: tuple[Note, ...]) -> Judgement:
        answered = {one.area.code for one in self._answered}
        lacking = tuple(one.area.code for one in self.localities if one.area.code not in answered)
        if lacking or not self.localities:
            fields = {"areas": lacking, "indicator": self.target.indicator, "scope": self.target.scope}
            return Judgement(missing=(*missing, Note("attainment.missing.localities", fields)))
        found = [one.judged for one in self.localities]
        decided = [judged.decided for judged in found]
        return Judgement(
            met=np.logical_and.reduce([judged.met for judged in found]),
            quantity=np.min(np.column_stack([judged.quantity for judged in found]), axis=1),
            decided=False if False in decided else (True if all(decided) else None),
            weights=joint_weights(self.paths),
        )

    @property
    def areas_met(self) -> tuple[int, int] | None:
        """Localities with a probability of one half or more, and all; None where only the area itself is asked."""
        if not self.everywhere:
            return None
        found = [one.judged for one in self._answered]
        return sum(probability(judged.met, judged.weights) >= 0.5 for judged in found), len(self.localities)


def newest(observations: Sequence[Observation], path: Path | None = None) -> Observation | None:
    """Return the figure of the latest year; of two in one year that on the standard of the path."""

    def on_path(figure: Observation) -> bool:
        if path is None or not covers(path, figure.year):
            return False
        return path.standards[path.position(figure.year)] == figure.standard

    return max(observations, key=lambda figure: (figure.year, on_path(figure)), default=None)


def bound_note(path: Path, due: int) -> tuple[Note, ...]:
    """Return what a stand-in that cannot answer a rule says all the same: a bound of the level."""
    if path.proxy is None or not covers(path, due):
        return ()
    middle, low, high = quantiles(path.at(due), path.weights, (0.5, 0.1, 0.9))
    fields = {"year": due, "median": middle, "low": low, "high": high, "unit": path.unit}
    return (Note(f"attainment.note.bound.{path.proxy.relation}", fields),)


def agree(part: Path, whole: Path) -> tuple[Path, Path]:
    """Return both paths with the part at most the whole, in every draw of every common year.

    Published figures stay; see :func:`toolkit.plan.predicates.part_below_whole`. A path through a stand-in that is
    only a bound is left alone: a bound of the part may well exceed the whole.
    """
    if any(path.proxy is not None and path.proxy.relation != "equal" for path in (part, whole)):
        return part, whole
    part_draws, whole_draws = part.draws.copy(), whole.draws.copy()
    for year in _common_years(part, whole):
        at_part, at_whole = part.position(year), whole.position(year)
        part_draws[:, at_part], whole_draws[:, at_whole] = part_below_whole(
            part_draws[:, at_part],
            whole_draws[:, at_whole],
            part_known=bool(part.observed[at_part]),
            whole_known=bool(whole.observed[at_whole]),
        )
    return replace(part, draws=part_draws), replace(whole, draws=whole_draws)


def contradictions(part: Path, whole: Path, part_id: str) -> tuple[Note, ...]:
    """Return a note for each year in which both are published and the part exceeds the whole."""
    return tuple(
        Note("attainment.note.part_above_whole", {"year": year, "target": part_id})
        for year in _common_years(part, whole)
        if part.observed[part.position(year)]
        and whole.observed[whole.position(year)]
        and hardly_any(part.at(year) <= whole.at(year), None)
    )


def _common_years(part: Path, whole: Path) -> list[int]:
    return sorted({int(year) for year in part.years} & {int(year) for year in whole.years})
