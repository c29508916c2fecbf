"""Target rules: one class a rule, which owns all that the rule means.

A rule says how it is judged on joint draws, in which unit, when it counts as reached, which pace it asks for, which
level a scenario has to reach, what contradicts it, and how it reads. All other rooms ask the rule and know no kinds.

To add a rule: a class in this file that derives from :class:`DueRule` or :class:`PeriodRule`, its name in
:data:`Rule`, its sentence in the catalogue (``plan.rule.<kind>``), and tests against a plain loop over draws.
"""

# ruff: noqa: ARG002 -- rules answer the same questions, and not every rule needs all that is asked

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, get_args

import numpy as np
from pydantic import Field

from toolkit.base.texts import Texts
from toolkit.data.indicators import LinkName
from toolkit.data.observations import PeriodAverage
from toolkit.plan.judgement import (
    Benchmark,
    Case,
    Draws,
    Judgement,
    Note,
    Number,
    NumberRule,
    PaceStart,
    Required,
    RuleBase,
    Tolerance,
    Year,
    amount,
    covers,
    is_final,
    no_years,
)
from toolkit.plan.predicates import (
    BoolArray,
    FloatArray,
    Operator,
    PaceKind,
    Printed,
    hardly_any,
    level_met,
    mean_growth,
    median,
    pace,
    pace_kind,
    pace_unit,
    probability,
    ratio,
    ratio_threshold,
    required_mean,
    satisfies,
    usable_averages,
    worst,
    yearly_changes,
)

TURNED: Mapping[Operator, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class DueRule(NumberRule):
    """A rule about one year, the due year: a level, or a level divided by something."""

    at_due: ClassVar[bool] = True

    @property
    def threshold(self) -> float:
        """The number that the judged quantity is compared with."""
        return self.value

    def years(self, due: int) -> tuple[int, ...]:
        """Return the years of the indicator that are needed to judge the year `due`."""
        return (due,)

    def divisor(self, case: Case, years: Sequence[int]) -> FloatArray | None:
        """Return what the values of `years` are divided by, shape (S, 1) or (S, T); None where they are not."""
        return None

    def reaches(self, values: FloatArray, threshold: float, printed: Printed) -> BoolArray:
        """Return where values meet a threshold of the judged quantity."""
        return satisfies(values, self.op, threshold)

    def can_judge(self, case: Case, year: int) -> bool:
        """Say whether the draws reach all that the rule needs in `year`."""
        return covers(case.path, *self.years(year))

    def judge(self, case: Case) -> Judgement:
        """Judge the quantity of the due year."""
        years = self.years(case.due)
        if not self.can_judge(case, case.due):
            return no_years(years)
        values = self._quantities(case, [case.due])[:, 0]
        met = self.reaches(values, self.threshold, case.printed)
        final = is_final(case.path, *years) and (case.benchmark is None or is_final(case.benchmark, case.due))
        return Judgement(met, values, bool(met.all()) if final else None, case.weights)

    def met_by_year(self, case: Case, first: int) -> tuple[list[int], BoolArray] | None:
        """Return for every year from `first` on which draws would meet the rule if it were due then."""
        years = [year for year in map(int, case.path.years) if year >= first and self.can_judge(case, year)]
        if not years:
            return None
        return years, self.reaches(self._quantities(case, years), self.threshold, case.printed)

    def _quantities(self, case: Case, years: Sequence[int]) -> FloatArray:
        values = np.asarray(case.path.draws[:, [case.path.position(year) for year in years]], dtype=np.float64)
        divisor = self.divisor(case, years)
        return values if divisor is None else ratio(values, divisor)

    def level_asked(self, case: Case) -> float | FloatArray | None:
        """Return the level of the indicator that meets the rule in the due year, one or one a draw."""
        divisor = self.divisor(case, (case.due,))
        return self.threshold if divisor is None else self.threshold * divisor[:, 0]

    def aim(self, case: Case, known: Mapping[int, float]) -> float | None:
        """Return the level of the indicator that meets the rule, as one number."""
        divisor = self.divisor(case, (case.due,))
        middle = 1.0 if divisor is None else median(divisor[:, 0], case.weights)
        return None if middle is None else self.threshold * middle

    def required(
        self, case: Case, link: LinkName, start: PaceStart | None, known: Mapping[int, float]
    ) -> Required | None:
        """Return the pace from the newest figure to the level asked, 0 where it is reached already."""
        aim = self.aim(case, known)
        if start is None or aim is None:
            return None
        kind, span = pace_kind(link, start.value, aim), case.due - start.year
        unit = pace_unit(case.path.unit, kind)
        if span <= 0:
            return Required(None, kind, unit, span)
        if self.reaches(np.array([start.value]), aim, case.printed)[0]:
            fields = {"year": start.year, "value": start.value, "unit": case.path.unit}
            return Required(0.0, kind, unit, span, (*start.notes, Note("attainment.note.hold", fields)))
        return Required(pace(start.value, aim, span, kind), kind, unit, span, start.notes)


class LevelRule(DueRule):
    """X(due) `op` `value`.

    With ``wording: basically`` the exact value is judged and `tolerance` (in the target's unit) gives the
    second, softer reading; `stretch` is a second, harder value.
    """

    of_level: ClassVar[bool] = True
    drawn: ClassVar[bool] = True

    kind: Literal["level"]
    stretch: Number | None = None
    wording: Literal["basically"] | None = None
    tolerance: Tolerance | None = None

    def words(self, unit: str, texts: Texts) -> str:
        """Return the bound of the level, with its second reading."""
        key = "level_basically" if self.wording else "level" if self.stretch is None else "level_stretch"
        return self._sentence(key, unit, texts)

    def reaches(self, values: FloatArray, threshold: float, printed: Printed) -> BoolArray:
        """Return where levels meet a threshold, as printed if it is a bound of the indicator."""
        return level_met(values, self.op, threshold, printed)

    def judge(self, case: Case) -> Judgement:
        """Judge the level of the due year and its second readings."""
        judged = super().judge(case)
        if judged.missing:
            return judged
        stretch = basically = None
        if self.stretch is not None:
            stretch = self.reaches(judged.quantity, self.stretch, case.printed)
        if self.tolerance is not None:
            softer = ratio_threshold(self.value, self.op, self.tolerance)
            basically = self.reaches(judged.quantity, softer, case.printed) | judged.met
        return replace(judged, met_stretch=stretch, met_basically=basically)

    def fixed_level(self, path: Draws) -> tuple[float, Note] | None:
        """Return the value itself."""
        return self.value, Note("chart.goal")


class RatioToBaseRule(DueRule):
    """X(due) / X(base_year) `op` `value`."""

    drawn: ClassVar[bool] = True

    kind: Literal["ratio_to_base"]
    base_year: Year

    def unit(self, unit: str) -> str:
        """Return ``times``."""
        return "times"

    def words(self, unit: str, texts: Texts) -> str:
        """Return the bound of the ratio and its base year."""
        return self._sentence("ratio_to_base", texts.t("plan.unit.times"), texts, year=self.base_year)

    def years(self, due: int) -> tuple[int, ...]:
        """Return the base year and the due year."""
        return (self.base_year, due)

    def divisor(self, case: Case, years: Sequence[int]) -> FloatArray | None:
        """Return the value of the base year."""
        return case.path.at(self.base_year)[:, None]

    def can_judge(self, case: Case, year: int) -> bool:
        """Say whether the draws reach both years, the base being the earlier one."""
        return year > self.base_year and super().can_judge(case, year)

    def judge(self, case: Case) -> Judgement:
        """Judge the ratio, whose two years have to stand on one standard."""
        judged, path = super().judge(case), case.path
        if judged.missing:
            return judged
        before, after = (path.standards[path.position(year)] for year in (self.base_year, case.due))
        if before != after:
            fields = {"year": self.base_year, "before": before, "after": after}
            return Judgement(missing=(Note("attainment.missing.base_on_standard", fields),))
        if path.observed[path.position(self.base_year)]:
            return judged
        return replace(judged, notes=(Note("attainment.note.base_unobserved", {"year": self.base_year}),))

    def aim(self, case: Case, known: Mapping[int, float]) -> float | None:
        """Return the multiple of the base: of its own figure, else of its median."""
        base = known.get(self.base_year)
        return super().aim(case, known) if base is None else self.threshold * base

    def fixed_level(self, path: Draws) -> tuple[float, Note] | None:
        """Return the multiple of the base's median."""
        label = Note("chart.goal_ratio", {"base": self.base_year})
        base = median(path.at(self.base_year), path.weights) if covers(path, self.base_year) else None
        return None if base is None else (self.value * base, label)


class RatioToRule(DueRule):
    """X(due) / benchmark(due) `op` `value`; `tolerance` softens the value where the plan asks for parity."""

    kind: Literal["ratio_to"]
    tolerance: Tolerance = 0.0
    benchmark: Benchmark

    @property
    def compared_with(self) -> Benchmark | None:
        """The benchmark."""
        return self.benchmark

    @property
    def threshold(self) -> float:
        """The value softened by the tolerance."""
        return ratio_threshold(self.value, self.op, self.tolerance)

    def unit(self, unit: str) -> str:
        """Return ``times``."""
        return "times"

    def words(self, unit: str, texts: Texts) -> str:
        """Return the bound of the ratio, whose benchmark it is, and the tolerance."""
        area = self.benchmark.area if self.benchmark.area in ("country", "same") else "area"
        words = self._sentence(f"ratio_to.{area}", texts.t("plan.unit.times"), texts)
        if not self.tolerance:
            return words
        return texts.t(
            "plan.rule.tolerance", words=words, tolerance=amount(self.tolerance, texts.t("plan.unit.times"), texts)
        )

    def divisor(self, case: Case, years: Sequence[int]) -> FloatArray | None:
        """Return the benchmark's values."""
        held = case.benchmark
        return None if held is None else np.column_stack([held.at(year) for year in years])

    def can_judge(self, case: Case, year: int) -> bool:
        """Say whether the draws of the indicator and of the benchmark reach `year`."""
        return case.benchmark is not None and covers(case.benchmark, year) and super().can_judge(case, year)

    def judge(self, case: Case) -> Judgement:
        """Judge the ratio with its tolerance, and in full."""
        judged = super().judge(case)
        if judged.missing or not self.tolerance:
            return judged
        return replace(judged, met_in_full=satisfies(judged.quantity, self.op, self.value), tolerance=self.tolerance)


class PeriodRule(NumberRule):
    """A rule about all years from `from_year` to `to_year`."""

    flow: ClassVar[bool] = True

    from_year: Year = Field(alias="from")
    to_year: Year = Field(alias="to")

    def years(self, path: Draws) -> list[int]:
        """Return the years whose values are judged one by one."""
        return list(range(self.from_year, self.to_year + 1))

    def _yearly(self, values: FloatArray, years: Sequence[int], final: Sequence[bool], case: Case) -> Judgement:
        """Return the judgement on values (S, K) of `years`, all of which have to meet the rule."""
        met = satisfies(values, self.op, self.value)
        settled = [bool(met[:, column].all()) for column, known in enumerate(final) if known]
        decided = True if len(settled) == len(final) else None  # one final year that fails is enough
        return Judgement(
            met=np.asarray(met.all(axis=1)),
            quantity=worst(values, self.op),
            decided=decided if all(settled) else False,
            weights=case.weights,
            by_year=tuple((year, met[:, column]) for column, year in enumerate(years)),
        )

    def _period_words(self, key: str, unit: str, texts: Texts) -> str:
        return self._sentence(key, unit, texts, first=self.from_year, last=self.to_year)


class EachYearRule(PeriodRule):
    """X(t) `op` `value` for each year t of from..to, X being a yearly flow."""

    of_level: ClassVar[bool] = True

    kind: Literal["each_year"]

    def words(self, unit: str, texts: Texts) -> str:
        """Return the bound of every year, and the years."""
        return self._period_words("each_year", unit, texts)

    def judge(self, case: Case) -> Judgement:
        """Judge every year."""
        path, years = case.path, self.years(case.path)
        if not covers(path, years[0], years[-1]):
            return no_years(years)
        values = path.draws[:, path.position(years[0]) : path.position(years[-1]) + 1]
        return self._yearly(values, years, [is_final(path, year) for year in years], case)


class AnnualChangeRule(PeriodRule):
    """X(t) − X(t−1) `op` `value` for each year t of from..to; relative changes where measured in percent."""

    flow: ClassVar[bool] = False

    kind: Literal["annual_change"]
    measured_in: Literal["percentage_points", "percent"]

    def unit(self, unit: str) -> str:
        """Return ``percentage_points`` or ``percent``."""
        return self.measured_in

    def words(self, unit: str, texts: Texts) -> str:
        """Return the bound of every year's change, a negative one as a fall."""
        unit = "%" if self.measured_in == "percent" else texts.t("plan.unit.percentage_points")
        years = {"first": self.from_year, "last": self.to_year}
        if self.falling and self.value < 0:
            bound = self._bound_words(unit, texts, TURNED[self.op], -self.value)
            return texts.t("plan.rule.annual_fall", bound=bound, **years)
        return texts.t("plan.rule.annual_change", bound=self._bound_words(unit, texts), **years)

    def judge(self, case: Case) -> Judgement:
        """Judge the change of every year that stands on one standard with the year before."""
        path = case.path
        years, notes = self._comparable_years(path)
        if not years:
            fields = {"first": self.from_year, "last": self.to_year}
            return Judgement(missing=(Note("attainment.missing.comparable_years", fields),), notes=notes)
        columns = [path.position(year) for year in years]
        pairs = [yearly_changes(path.draws[:, column - 1 : column + 1], self.measured_in) for column in columns]
        changes = np.column_stack(pairs)
        judged = self._yearly(changes, years, [is_final(path, year - 1, year) for year in years], case)
        return replace(judged, met_average=satisfies(changes.mean(axis=1), self.op, self.value), notes=notes)

    def refuted(self, case: Case, other: Draws) -> Judgement | None:
        """Judge the years with figures, then their mean, by the largest wanted change that two bounds leave."""
        known = [year for year in self._comparable_years(case.path)[0] if covers(other, year - 1, year)]
        whole = known if len(known) > 1 and known[-1] - known[0] == len(known) - 1 else []
        runs = [years for years in (*([year] for year in known), whole) if years and _has_ends(other, years)]
        for years in runs:
            change, _ = self._mean_changes(case, other, years)
            met = satisfies(change, self.op, self.value)
            if hardly_any(met, case.weights):
                notes, average = [self._refuted_note(case, other, years, change)], None
                if whole in runs:
                    ends = self._mean_changes(case, other, whole)
                    at_best, at_worst = (satisfies(mean, self.op, self.value) for mean in ends)
                    clear = hardly_any(at_best, case.weights) or hardly_any(~at_worst, case.weights)
                    average = at_best if clear else None
                    notes.append(_between(self, whole, ends, self.measured_in))
                by_year = () if years == whole else ((years[0], met),)
                return Judgement(met, change, None, case.weights, by_year, average, notes=tuple(notes))
        return None

    @property
    def _ends(self) -> tuple[np.ufunc, np.ufunc]:
        """The function that picks the more wanted of two values, and the one that picks the other."""
        return (np.minimum, np.maximum) if self.falling else (np.maximum, np.minimum)

    def _mean_changes(self, case: Case, other: Draws, years: Sequence[int]) -> list[FloatArray]:
        """Return the best and the worst mean change (S,) of `years` that any way between two bounds has."""
        totals = [np.zeros((2, len(case.path.draws)))] * 2
        for year in years:
            start, end = (np.stack([path.at(at) for path in (case.path, other)]) for at in (year - 1, year))
            pairs = np.stack(np.broadcast_arrays(start[:, None], end), axis=-1)  # (from, to, S, 2)
            steps = yearly_changes(pairs.reshape(-1, 2), self.measured_in).reshape(pairs.shape[:-1])
            totals = [pick.reduce(total[:, None] + steps) for pick, total in zip(self._ends, totals, strict=True)]
        return [np.asarray(pick.reduce(one) / len(years)) for pick, one in zip(self._ends, totals, strict=True)]

    def _refuted_note(self, case: Case, other: Draws, years: Sequence[int], change: FloatArray) -> Note:
        """Return the line that says what `years` changed by at best."""
        wanted, least = self._ends
        start, end = (
            float(np.median(pick(case.path.at(at), other.at(at))))
            for pick, at in ((least, years[0] - 1), (wanted, years[-1]))
        )
        said = {"first": years[0] - 1, "year": years[-1], "start": start, "end": end, "level": case.path.unit}
        said |= {"value": float(np.median(change)), "used": self.value, "unit": self.measured_in}
        return Note("attainment.note.refuted", said)

    def _comparable_years(self, path: Draws) -> tuple[list[int], tuple[Note, ...]]:
        """Return the years whose change can be judged, and notes that name the others."""
        kept: list[int] = []
        notes: list[Note] = []
        for year in self.years(path):
            if not covers(path, year - 1, year):
                notes.append(Note("attainment.note.change_without_figures", {"year": year}))
                continue
            before, after = path.standards[path.position(year) - 1], path.standards[path.position(year)]
            if before == after:
                kept.append(year)
            else:
                fields = {"year": year, "before": before, "after": after}
                notes.append(Note("attainment.note.change_across_break", fields))
        return kept, tuple(notes)

    def required(
        self, case: Case, link: LinkName, start: PaceStart | None, known: Mapping[int, float]
    ) -> Required | None:
        """Return the change that is asked for."""
        kind: PaceKind = "points" if self.measured_in == "percentage_points" else "percent"
        return Required(self.value, kind, pace_unit(case.path.unit, kind), self.to_year - self.from_year + 1)

    def pace_kind(self, link: LinkName, first: float, last: float) -> PaceKind:
        """Return how the rule counts changes."""
        return "points" if self.measured_in == "percentage_points" else super().pace_kind(link, first, last)


class AverageRule(PeriodRule):
    """Mean of X over from..to `op` `value`; growth rates in per cent compound."""

    of_level: ClassVar[bool] = True

    kind: Literal["average"]
    stretch: Number | None = None
    compounds: bool = False

    def words(self, unit: str, texts: Texts) -> str:
        """Return the bound of the mean, its harder value, and the years."""
        return self._period_words("average" if self.stretch is None else "average_stretch", unit, texts)

    def _means(self, path: Draws) -> list[PeriodAverage]:
        """Return the published means that stand for years of the period."""
        return usable_averages(path.period_averages, self.from_year, self.to_year)

    def years(self, path: Draws) -> list[int]:
        """Return the years that no published mean covers."""
        covered = {year for mean in self._means(path) for year in range(mean.from_year, mean.to_year + 1)}
        return [year for year in super().years(path) if year not in covered]

    def judge(self, case: Case) -> Judgement:
        """Judge the mean of published means and of the single years between them."""
        path, years, means = case.path, self.years(case.path), self._means(case.path)
        if years and not covers(path, years[0], years[-1]):
            return no_years(years)
        columns = [np.full(path.draws.shape[0], mean.value) for mean in means] + [path.at(year) for year in years]
        lengths = [_length(mean) for mean in means] + [1] * len(years)
        values = mean_growth(np.column_stack(columns), lengths, compounds=self.compounds)
        met = satisfies(values, self.op, self.value)
        final = path.proxy is None and all(mean.status == "final" for mean in means) and is_final(path, *years)
        return Judgement(
            met=met,
            quantity=values,
            decided=bool(met.all()) if final else None,
            weights=case.weights,
            met_stretch=None if self.stretch is None else satisfies(values, self.op, self.stretch),
            notes=tuple(_mean_note(mean, path.unit) for mean in means),
        )

    def refuted(self, case: Case, other: Draws) -> Judgement | None:
        """Judge the mean at both bounds."""
        ends = [self.judge(replace(case, path=path)) for path in (case.path, other)]
        if any(end.missing or not hardly_any(end.met, case.weights) for end in ends):
            return None
        years = range(self.from_year, self.to_year + 1)
        note = _between(self, years, [end.quantity for end in ends], case.path.unit)
        likelier = max(ends, key=lambda end: probability(end.met, case.weights))
        return replace(likelier, notes=(note, *ends[1].notes))

    def required(
        self, case: Case, link: LinkName, start: PaceStart | None, known: Mapping[int, float]
    ) -> Required | None:
        """Return the mean that the years left have to reach."""
        path = case.path
        means = [(mean.value, _length(mean)) for mean in self._means(path)]
        means += [(known[year], 1) for year in self.years(path) if year in known]
        years = self.to_year - self.from_year + 1
        in_percent = path.unit == "percent" or self.compounds
        return Required(
            pace=required_mean(means, self.value, years, compounds=self.compounds),
            kind="points",
            unit="percent_per_year" if in_percent else pace_unit(path.unit, "points"),
            span=years - sum(count for _, count in means),
        )


def _has_ends(path: Draws, years: Sequence[int]) -> bool:
    """Return whether the year before the first and the last of consecutive `years` have figures."""
    return all(path.observed[path.position(year)] for year in (years[0] - 1, years[-1]))


def _between(rule: PeriodRule, years: Sequence[int], ends: Sequence[FloatArray], unit: str) -> Note:
    """Return the line that says between which two values the mean of `years` lies."""
    low, high = sorted(float(np.median(end)) for end in ends)
    said = {"first": years[0], "year": years[-1], "start": low, "end": high, "level": unit}
    return Note("attainment.note.between", {**said, "used": rule.value, "unit": unit})


def _length(mean: PeriodAverage) -> int:
    return mean.to_year - mean.from_year + 1


def _mean_note(mean: PeriodAverage, unit: str) -> Note:
    fields = {"first": mean.from_year, "last": mean.to_year, "value": mean.value, "unit": unit}
    return Note("attainment.note.period_average", fields | {"status": mean.status, "source": mean.source_id})


class MilestoneRule(RuleBase):
    """No number in the plan: a status with evidence, never a probability."""

    has_number: ClassVar[bool] = False

    kind: Literal["milestone"]

    def unit(self, unit: str) -> str:
        """Return no unit."""
        return ""

    def words(self, unit: str, texts: Texts) -> str:
        """Return that the plan gives no number."""
        return texts.t("plan.rule.milestone")

    def judge(self, case: Case) -> Judgement:
        """Refuse: a milestone has no number to judge."""
        raise TypeError("a milestone has no number to judge")


Rule = Annotated[
    LevelRule | RatioToBaseRule | AnnualChangeRule | EachYearRule | AverageRule | RatioToRule | MilestoneRule,
    Field(discriminator="kind"),
]
RULES: Mapping[str, type[RuleBase]] = {
    get_args(rule.model_fields["kind"].annotation)[0]: rule for rule in get_args(get_args(Rule)[0])
}
"""Every rule by its kind."""
