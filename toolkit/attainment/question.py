"""One target asked of one area: what it is judged on, gathered from plan, data and forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from toolkit.attainment.case import Case, Judgement, Refusal
from toolkit.attainment.judge import judge
from toolkit.attainment.parts import agree, contradictions
from toolkit.attainment.result import Note, PathSource
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
from toolkit.forecast.paths import Path
from toolkit.plan.rules import Printed
from toolkit.plan.schema import Plan, RatioToRule, Target


def indicator_of(dataset: Dataset, name: str) -> Indicator:
    """Return an indicator; an unknown one is refused with the nearest names."""
    found: Indicator = dataset.indicators.get(name)
    return found


@dataclass(frozen=True)
class Question:
    """A target asked of an area.

    Attributes
    ----------
    target, area, plan :
        What is asked, of whom, in which plan.
    dataset, forecasts :
        What is known, and joint draws of what is not.
    """

    target: Target
    area: Area
    plan: Plan
    dataset: Dataset
    forecasts: PathSource

    @property
    def indicator(self) -> Indicator:
        """The judged indicator."""
        return indicator_of(self.dataset, self.target.indicator)

    @cached_property
    def path(self) -> Path | None:
        """Joint draws of the judged indicator, on the standard in force in each year."""
        return self.path_on(across_breaks=True)

    def path_on(self, *, across_breaks: bool) -> Path | None:
        """Return the joint draws of the judged indicator, parts and wholes agreeing."""
        own = self._drawn(self.target, across_breaks=across_breaks)
        if own is None:
            return None
        if self.target.part_of is not None and self.target.one_denominator:
            whole = self._drawn(self.plan.target(self.target.part_of), across_breaks=across_breaks)
            return own if whole is None else agree(own, whole)[0]
        for part_target in self.parts:
            part = self._drawn(part_target, across_breaks=across_breaks)
            own = own if part is None else agree(part, own)[1]
        return own

    @property
    def parts(self) -> tuple[Target, ...]:
        """Targets of the plan that are parts of this one, with the same denominator."""
        return tuple(other for other in self.plan.targets if other.part_of == self.target.id and other.one_denominator)

    def part_notes(self) -> tuple[Note, ...]:
        """Return notes on published parts that exceed their published whole."""
        pairs = [(part, self.target) for part in self.parts]
        if self.target.part_of is not None and self.target.one_denominator:
            pairs.append((self.target, self.plan.target(self.target.part_of)))
        notes: list[Note] = []
        for part_target, whole_target in pairs:
            part, whole = (self._drawn(target, across_breaks=True) for target in (part_target, whole_target))
            if part is not None and whole is not None:
                notes.extend(contradictions(part, whole, part_target.id))
        return tuple(notes)

    def _drawn(self, target: Target, *, across_breaks: bool) -> Path | None:
        return self.forecasts.path(self.area.code, target.indicator, target.scope, across_breaks=across_breaks)

    @cached_property
    def benchmark_code(self) -> str:
        """Code of the area whose value is the benchmark; empty where the rule has none."""
        if not isinstance(self.target.rule, RatioToRule):
            return ""
        match self.target.rule.benchmark.area:
            case "same":
                return self.area.code
            case "province":
                return self.plan.province_code
            case "country":
                above = self.dataset.areas.ancestors(self.area.code)
                return next((area.code for area in above if area.level == "country"), "")
            case code:
                return code

    def benchmark_on(self, *, across_breaks: bool) -> Path | None:
        """Return the joint draws of the benchmark, or None."""
        if not isinstance(self.target.rule, RatioToRule):
            return None
        benchmark = self.target.rule.benchmark
        return self.forecasts.path(
            self.benchmark_code, benchmark.indicator, benchmark.scope, across_breaks=across_breaks
        )

    @cached_property
    def printed(self) -> Printed:
        """How the judged indicator is printed."""
        return Printed(self.indicator.decimals, self.indicator.lower, self.indicator.upper)

    def case(self, *, across_breaks: bool = True) -> Case | Refusal:
        """Return what the rule is judged on, or what is missing for it."""
        path = self.path if across_breaks else self.path_on(across_breaks=False)
        benchmark = self.benchmark_on(across_breaks=across_breaks)
        missing: list[Note] = []
        if path is None:
            missing.append(self._missing_series(self.area.code, self.target.indicator, self.target.scope))
        if isinstance(self.target.rule, RatioToRule) and benchmark is None:
            wanted = self.target.rule.benchmark
            missing.append(self._missing_series(self.benchmark_code, wanted.indicator, wanted.scope))
        if path is None or missing:
            return Refusal(tuple(missing))
        return Case(self.target.rule, self.target.due, path, self.printed, benchmark)

    def _missing_series(self, area: str, indicator: str, scope: str) -> Note:
        return Note("attainment.missing.series", {"indicator": indicator, "scope": scope, "area": area})

    @cached_property
    def judged(self) -> Judgement | Refusal:
        """What the rule says on the joint draws."""
        case = self.case()
        return case if isinstance(case, Refusal) else judge(case)
