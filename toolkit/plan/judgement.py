"""What every target rule is asked, and what it says: the case, the judgement, and the class that all rules derive from.

No forecasts here and no verdicts. A rule also names what contradicts itself in it (:class:`Contradiction`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import field as dataclass_field
from typing import Annotated, ClassVar, Literal, Protocol, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from toolkit.base.texts import FieldsAlone, Texts, numbers, say
from toolkit.data.areas import Areas
from toolkit.data.indicators import LinkName, Relation, Scope
from toolkit.data.observations import PeriodAverage
from toolkit.plan.predicates import (
    BoolArray,
    FloatArray,
    IntArray,
    Operator,
    PaceKind,
    Printed,
    joint_weights,
    pace_kind,
)

Bound = Literal["exact", "at_least"]
"""Whether a probability is exact or a lower bound."""


@dataclass(frozen=True)
class Note:
    """A remark: a key of the catalogue and the fields of its text.

    Attributes
    ----------
    key :
        ``attainment.note.…`` or ``attainment.missing.…``.
    fields :
        Numbers, and ids that readers of the note put into words: ``indicator``, ``scope``, ``area``,
        ``standard``, ``source`` and so on (see :func:`toolkit.attainment.attainment.note_text`).
    """

    key: str
    fields: Mapping[str, object] = field(default_factory=dict)


class Draws(Protocol):
    """What a rule reads of a forecast: joint draws of one indicator in one area.

    :class:`toolkit.forecast.paths.Path` is one, and says what each of these means.
    """

    @property
    def unit(self) -> str:
        """Unit of the values."""

    @property
    def years(self) -> IntArray:
        """Consecutive years, shape (T,)."""

    @property
    def draws(self) -> FloatArray:
        """Values, shape (S, T)."""

    @property
    def observed(self) -> BoolArray:
        """Years with a usable own figure, shape (T,)."""

    @property
    def final(self) -> BoolArray:
        """Years whose own figure is final and exact, shape (T,)."""

    @property
    def standards(self) -> tuple[str, ...]:
        """The standard of each year."""

    @property
    def period_averages(self) -> tuple[PeriodAverage, ...]:
        """Published means over several years."""

    @property
    def proxy(self) -> object | None:
        """The stand-in that the values come through; None for the indicator itself."""

    @property
    def weights(self) -> FloatArray | None:
        """Weights of the draws, shape (S,); None if all are equal."""

    def at(self, year: int) -> FloatArray:
        """Return the draws of one year, shape (S,)."""

    def position(self, year: int) -> int:
        """Return the column of `year`."""


def covers(path: Draws, *years: int) -> bool:
    """Say whether a forecast holds all of `years`."""
    return all(int(path.years[0]) <= year <= int(path.years[-1]) for year in years)


def is_final(path: Draws, *years: int) -> bool:
    """Say whether final and exact own figures are held for all of `years`."""
    return path.proxy is None and all(bool(path.final[path.position(year)]) for year in years)


@dataclass(frozen=True)
class Case:
    """What a rule is judged on.

    Attributes
    ----------
    due :
        The due year.
    path :
        Joint draws of the judged indicator.
    printed :
        How that indicator is printed.
    benchmark :
        Joint draws of what it is compared with; None where the rule compares with nothing.
    """

    due: int
    path: Draws
    printed: Printed
    benchmark: Draws | None = None

    @property
    def weights(self) -> FloatArray | None:
        """Weights of the joint draws, shape (S,), summing to 1; None if all are equal."""
        return joint_weights([self.path] if self.benchmark is None else [self.path, self.benchmark])


@dataclass(frozen=True)
class Judgement:
    """What a rule says on joint draws, or what figures it lacks to say anything.

    Attributes
    ----------
    met : (S,)
        Draws that meet the target.
    quantity : (S,)
        The judged quantity: level, ratio, mean, or the worst year's value or change.
    decided :
        The answer where final figures alone give it, else None.
    weights : (S,) or None
        Weights of the draws.
    by_year :
        (year, draws that meet the rule in it) for rules about every year.
    met_average :
        Draws whose mean meets a rule about every year, shape (S,); None for other rules.
    met_stretch :
        Draws that meet the harder value, shape (S,); None where there is none.
    met_basically :
        Draws that meet the softer reading of "basically", shape (S,); None where there is none.
    met_in_full :
        Draws that meet the value without its tolerance, shape (S,); None where there is no tolerance.
    tolerance :
        That tolerance.
    notes :
        What had to be left out or replaced.
    missing :
        Figures without which nothing can be judged: then all the rest is empty.
    """

    met: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    quantity: FloatArray = field(default_factory=lambda: np.zeros(0, dtype=np.float64))
    decided: bool | None = None
    weights: FloatArray | None = None
    by_year: tuple[tuple[int, BoolArray], ...] = ()
    met_average: BoolArray | None = None
    met_stretch: BoolArray | None = None
    met_basically: BoolArray | None = None
    met_in_full: BoolArray | None = None
    tolerance: float = 0.0
    notes: tuple[Note, ...] = ()
    missing: tuple[Note, ...] = ()


def no_years(years: Sequence[int]) -> Judgement:
    """Return the judgement on years that no forecast reaches, named by the first and the last."""
    return Judgement(missing=(Note("attainment.missing.years", {"first": years[0], "last": years[-1]}),))


@dataclass(frozen=True)
class PaceStart:
    """Where the way to a target begins.

    Attributes
    ----------
    year :
        Year of the newest figure, or of the estimate that takes its place.
    value :
        What was reached then.
    notes :
        What a reader has to know of a way that begins there.
    """

    year: int
    value: float
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Required:
    """The pace that a rule asks for.

    Attributes
    ----------
    pace :
        Constant yearly pace, 0 where it is enough to hold what has been reached; None where no year is left.
    kind :
        Whether it is counted in units or in per cent a year.
    unit :
        Name of its unit, such as ``percentage_points_per_year``.
    span :
        Years over which it has to be kept.
    notes :
        What it leaves out.
    """

    pace: float | None
    kind: PaceKind
    unit: str
    span: int
    notes: tuple[Note, ...] = ()


# ruff: noqa: ARG002 -- what most rules do not have needs none of its arguments


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
BenchmarkArea = Annotated[str, StringConstraints(pattern=r"^(same|country|province|[0-9]{2,5}|[A-Z]{2}(-[A-Z]+)?)$")]
Year = Annotated[int, Field(ge=1990, le=2100)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Raw = Mapping[str, object]

FAULT = "plan_fault"
OP_KEYS: Mapping[Operator, str] = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}


@dataclass(frozen=True)
class Contradiction:
    """One contradiction in a plan file.

    Attributes
    ----------
    field :
        Where, as a dotted path inside the entry (``"rule.to"``).
    key :
        Its words: ``plan.problem.<key>`` and ``plan.remedy.<key>`` of the catalogue.
    fields :
        What fills them.
    """

    field: str
    key: str
    fields: Mapping[str, object] = dataclass_field(default_factory=dict)


class Strict(FieldsAlone, BaseModel):
    """Frozen, nothing converted silently, unknown fields refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=True)


def refuse(faults: Iterator[Contradiction]) -> None:
    """Raise the first contradiction as an error of pydantic's."""
    for fault in faults:
        problem = say(f"plan.problem.{fault.key}", **fault.fields)
        raise PydanticCustomError(FAULT, "{problem}", {"problem": f"{fault.field}: {problem}"})


class Benchmark(Strict):
    """What a value is compared with: an indicator of the same area, of the country, the province or a coded area."""

    indicator: Name
    area: BenchmarkArea
    scope: Scope

    def area_code(self, asked: str, province: str, areas: Areas) -> str:
        """Return the code of the area whose value it is, for a rule that is asked of the area `asked`.

        Empty where that area lies in no country.
        """
        if self.area == "country":
            return next((area.code for area in areas.ancestors(asked) if area.level == "country"), "")
        return {"same": asked, "province": province}.get(self.area, self.area)


class RuleBase(Strict):
    """What every rule can be asked.

    Attributes
    ----------
    has_number :
        True where the rule has a number to judge.
    at_due :
        True where the rule is about the due year alone.
    flow :
        True where it is about yearly flows: what was kept is then the mean of the years, not the way between two.
    of_level :
        True where its value is a value of the indicator itself, and lies in its bounds.
    drawn :
        True where it asks for a fixed level, which charts draw.
    """

    has_number: ClassVar[bool] = True
    at_due: ClassVar[bool] = False
    flow: ClassVar[bool] = False
    of_level: ClassVar[bool] = False
    drawn: ClassVar[bool] = False

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        refuse(self.faults(self.model_dump(by_alias=True)))
        return self

    @classmethod
    def faults(cls, raw: Raw) -> Iterator[Contradiction]:
        """Yield what contradicts itself in a rule as the file has it; entries of a wrong type are skipped."""
        first, last = raw.get("from"), raw.get("to")
        if isinstance(first, int) and isinstance(last, int) and first > last:
            yield Contradiction("rule.from", "backwards", {"first": first, "last": last})
        op, value, stretch = raw.get("op"), raw.get("value"), raw.get("stretch")
        if isinstance(op, str) and isinstance(value, int | float) and isinstance(stretch, int | float):
            harder = stretch > value if op.startswith(">") else stretch < value
            if not harder:
                yield Contradiction("rule.stretch", "stretch", {"stretch": stretch, "value": value, "op": op})
        if raw.get("wording") == "basically" and raw.get("tolerance") is None:
            yield Contradiction("rule.tolerance", "tolerance")

    @property
    def falling(self) -> bool:
        """True where less is wanted."""
        return False

    @property
    def compared_with(self) -> Benchmark | None:
        """What the judged value is compared with; None where it stands for itself."""
        return None

    @abstractmethod
    def words(self, unit: str, texts: Texts) -> str:
        """Return what the rule asks, in the language of `texts`; `unit` is the target's unit as printed there."""

    @abstractmethod
    def judge(self, case: Case) -> Judgement:
        """Judge the rule draw by draw."""

    def unit(self, unit: str) -> str:
        """Return the unit of the judged quantity, for a target in `unit`."""
        return unit

    def bound(self, relation: Relation) -> Bound | None:
        """Return what the probability is when it is seen through a stand-in, or None if that cannot answer the rule.

        A stand-in that is an upper bound makes a target of the kind "below" at least as likely as it looks, and
        says nothing about one of the kind "above". So do levels, and means of yearly values, which lie on the side
        of their bounds; changes and ratios of a bound bound nothing.
        """
        if relation == "equal":
            return "exact"
        return "at_least" if self.of_level and self.falling == (relation == "upper_bound") else None

    def refuted(self, case: Case, other: Draws) -> Judgement | None:
        """Return the judgement at best, where next to no draw meets the rule for any values between two bounds.

        Its probability is the largest that the bounds allow. None where they leave the rule open.

        Parameters
        ----------
        case :
            Whose path is the one bound.
        other :
            Joint draws of the other bound.
        """
        return None

    def met_by_year(self, case: Case, first: int) -> tuple[list[int], BoolArray] | None:
        """Return for every year from `first` on which draws meet the rule in it, shape (S, T).

        None for rules that speak of more than one year.
        """
        return None

    def required(
        self, case: Case, link: LinkName, start: PaceStart | None, known: Mapping[int, float]
    ) -> Required | None:
        """Return the pace that the rule asks for, or None for rules without one.

        Parameters
        ----------
        case :
            What the rule is judged on.
        link :
            Scale on which the indicator changes evenly.
        start :
            Where the way begins; None where nothing is known.
        known :
            The value of every year with an own figure, in the judged unit.
        """
        return None

    def pace_kind(self, link: LinkName, first: float, last: float) -> PaceKind:
        """Return how the pace between two values is counted."""
        return pace_kind(link, first, last)

    def level_asked(self, case: Case) -> float | FloatArray | None:
        """Return the level of the indicator that meets the rule in the due year, one or one a draw.

        None where the rule asks for no level.
        """
        return None

    def fixed_level(self, path: Draws) -> tuple[float, Note] | None:
        """Return the level that charts draw and the key of its label, or None where none is fixed."""
        return None


class NumberRule(RuleBase):
    """A rule that compares a quantity with a number."""

    op: Operator
    value: Number

    @property
    def falling(self) -> bool:
        """True where less is wanted."""
        return self.op in ("<", "<=")

    def _bound_words(self, unit: str, texts: Texts, op: Operator | None = None, value: float | None = None) -> str:
        op, value = op or self.op, self.value if value is None else value
        if op == "<=" and value == 0:
            return texts.t("plan.op.none")
        key = "full" if op == ">=" and value == 100 and unit == "%" else OP_KEYS[op]
        return texts.t(f"plan.op.{key}", value=amount(value, unit, texts))

    def _sentence(self, key: str, unit: str, texts: Texts, **fields: object) -> str:
        stretch = getattr(self, "stretch", None)
        if stretch is not None:
            fields["stretch"] = amount(stretch, unit, texts)
        return texts.t(f"plan.rule.{key}", bound=self._bound_words(unit, texts), **fields)


def amount(value: float, unit: str, texts: Texts) -> str:
    """Return a number with its printed unit."""
    formatter = numbers(texts.language)
    return formatter.with_unit(formatter.plain(value), unit)
