"""Typed targets and their rules: what one statement of a plan asks, and what had to be read into it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from toolkit.base.texts import Language
from toolkit.plan.faults import rule_faults, target_faults

Operator = Literal["<", "<=", ">", ">="]
Scope = Literal["all", "dtts", "dtts_mn", "dtts_in_dtts_mn"]

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
BenchmarkArea = Annotated[str, StringConstraints(pattern=r"^(same|country|province|[0-9]{2,5}|[A-Z]{2}(-[A-Z]+)?)$")]
Year = Annotated[int, Field(ge=1990, le=2100)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]

FAULT = "plan_fault"


class Strict(BaseModel):
    """Frozen, nothing converted silently, unknown fields refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=True)


class _Rule(Strict):
    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for fault in rule_faults(self.model_dump(by_alias=True)):
            raise PydanticCustomError(FAULT, "{problem}", {"problem": f"{fault.field}: {fault.problem}"})
        return self


class LevelRule(_Rule):
    """X(due) `op` `value`.

    With ``wording: basically`` the exact value is judged and `tolerance` (in the target's unit) gives the
    second, softer reading; `stretch` is a second, harder value.
    """

    kind: Literal["level"]
    op: Operator
    value: Number
    stretch: Number | None = None
    wording: Literal["basically"] | None = None
    tolerance: Tolerance | None = None


class RatioToBaseRule(_Rule):
    """X(due) / X(base_year) `op` `value`."""

    kind: Literal["ratio_to_base"]
    op: Operator
    value: Number
    base_year: Year


class AnnualChangeRule(_Rule):
    """X(t) − X(t−1) `op` `value` for each year t of from..to; relative changes where measured in percent."""

    kind: Literal["annual_change"]
    op: Operator
    value: Number
    from_year: Year = Field(alias="from")
    to_year: Year = Field(alias="to")
    measured_in: Literal["percentage_points", "percent"]


class EachYearRule(_Rule):
    """X(t) `op` `value` for each year t of from..to, X being a yearly flow."""

    kind: Literal["each_year"]
    op: Operator
    value: Number
    from_year: Year = Field(alias="from")
    to_year: Year = Field(alias="to")


class AverageRule(_Rule):
    """Mean of X over from..to `op` `value`; growth rates in per cent compound."""

    kind: Literal["average"]
    op: Operator
    value: Number
    stretch: Number | None = None
    from_year: Year = Field(alias="from")
    to_year: Year = Field(alias="to")
    compounds: bool = False


class Benchmark(Strict):
    """What a value is held against: an indicator of the same area, of the country, the province or a coded area."""

    indicator: Name
    area: BenchmarkArea
    scope: Scope


class RatioToRule(_Rule):
    """X(due) / benchmark(due) `op` `value`; `tolerance` softens the value where the plan asks for parity."""

    kind: Literal["ratio_to"]
    op: Operator
    value: Number
    tolerance: Tolerance = 0.0
    benchmark: Benchmark


class MilestoneRule(_Rule):
    """No number in the plan: a status with evidence, never a probability."""

    kind: Literal["milestone"]


NumberRule = LevelRule | RatioToBaseRule | AnnualChangeRule | EachYearRule | AverageRule | RatioToRule
Rule = Annotated[NumberRule | MilestoneRule, Field(discriminator="kind")]


class Target(Strict):
    """One statement of a plan.

    Attributes
    ----------
    id, due, clause :
        Our number, the due year, and section/paragraph in the plan.
    indicator, scope, unit, name_vi, name_en, rule :
        What is judged and how.
    level :
        ``"province"`` where the plan states the value for the province alone.
    each_area :
        True where it has to hold in every locality.
    inferred :
        Fields that the plan's text leaves open and that had to be read into it.
    part_of, one_denominator, share_of, share_of_vi :
        The row whose "trong đó" this is, whether both are shares of the same thing, and of what.
    note, note_vi, lead :
        A remark; who leads (filled in by users, never guessed).
    """

    id: Identifier
    due: Year
    clause: str
    indicator: Name
    scope: Scope
    unit: Name
    name_vi: Text
    name_en: Text
    rule: Rule
    level: Literal["province"] | None = None
    each_area: bool = False
    inferred: tuple[str, ...] = ()
    part_of: Identifier | None = None
    one_denominator: bool | None = None
    share_of: Text | None = None
    share_of_vi: Text | None = None
    note: Text | None = None
    note_vi: Text | None = None
    lead: Text | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for fault in target_faults(self.model_dump(by_alias=True)):
            raise PydanticCustomError(FAULT, "{problem}", {"problem": f"{fault.field}: {fault.problem}"})
        return self

    def name(self, lang: Language) -> str:
        """Return the target's short wording in `lang`."""
        return self.name_vi if lang == "vi" else self.name_en

    def share_text(self, lang: Language) -> str:
        """Return of what the target is a share, or an empty text."""
        return (self.share_of_vi if lang == "vi" and self.share_of_vi else self.share_of) or ""
