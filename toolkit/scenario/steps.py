"""The verbs of a scenario as data: strict, frozen, the same in Python and in a scenario file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from toolkit.data.indicators import Scope
from toolkit.plan.predicates import Operator

Year = Annotated[int, Field(ge=1990, le=2100)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Spread = Literal["kept", "none"]
Recovery = Literal["never", "slow", "fast"]
Which = Literal["best", "top_third", "median"]
Start = Literal["last", "base"]


class Step(BaseModel):
    """What every verb has.

    Attributes
    ----------
    areas :
        Codes or names of the areas it acts on; all areas by default. Areas that follow one of them (a district
        the province, a commune its former district) move with it, unless they are named themselves.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    areas: tuple[str, ...] | None = Field(default=None, strict=False)


class BusinessAsUsual(Step):
    """Everything goes on as forecast: changes nothing."""

    verb: Literal["business_as_usual"] = "business_as_usual"


class Measured(Step):
    """A verb that acts on one indicator."""

    indicator: str
    scope: Scope = "all"


class RequiredPace(Step):
    """As much more effort each year as meets a target with a wanted probability.

    The effort is the same in every draw and every year. For a level or a ratio it is a constant slope on the
    indicator's link scale, added to the forecast from its newest figure to the due year, and held from there on;
    for a yearly flow or an average as much more in each year that can still change; for yearly changes the same
    change more each year, in units or per cent.

    Attributes
    ----------
    target :
        Of the plan; any but a milestone, and rules about every year that are seen through a stand-in.
    indicator, scope, op, value, due :
        In place of `target`: a level of one's own.
    probability :
        With which the target is to be met, above 0 and below 1.
    counted_from :
        ``last``: the effort begins after the newest figure. ``base``: as if it had begun in the plan's base
        year; the years that remain start on that line. Rules about every year and averages know no difference.
    keep_better :
        Leave an area alone that meets the target with this probability anyhow.
    """

    verb: Literal["required_pace"] = "required_pace"
    target: str | None = None
    indicator: str | None = None
    scope: Scope = "all"
    op: Operator | None = None
    value: Number | None = None
    due: Year | None = None
    probability: Annotated[float, Field(gt=0, lt=1)] = 0.5
    counted_from: Start = "last"
    keep_better: bool = True

    @model_validator(mode="after")
    def _one_aim(self) -> Self:
        own = (self.indicator, self.op, self.value, self.due)
        if (self.target is None) == all(part is None for part in own) or (
            self.target is None and any(part is None for part in own)
        ):
            message = "name either a target of the plan, or indicator, op, value and due"
            raise ValueError(message)
        return self


class FixedTarget(Measured):
    """The median runs straight from the newest value to `value` in `year`, and stays there.

    Attributes
    ----------
    value, year :
        In the indicator's unit.
    spread :
        ``kept``: the draws keep their distance from the median on the link scale; ``none``: every draw
        takes the value.
    """

    verb: Literal["fixed_target"] = "fixed_target"
    value: Number
    year: Year
    spread: Spread = "kept"


class ChangeOfPace(Measured):
    """A pace added to the forecast: `points` (units a year) or `percent` a year, from a year on.

    `to_year` ends it: what was gained by then is kept.
    """

    verb: Literal["change_of_pace"] = "change_of_pace"
    points: Number | None = None
    percent: Annotated[float, Field(gt=-100, allow_inf_nan=False)] | None = None
    from_year: Year | None = None
    to_year: Year | None = None

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        _exactly_one(self.points, self.percent)
        return self


class PeersPace(Measured):
    """The median moves at a pace that other areas kept when they stood about where this area stands.

    Attributes
    ----------
    which :
        The best, the one that a third of the peers' steps reached, or the median.
    from_year, to_year :
        First year of the new pace, and its last.
    """

    verb: Literal["peers_pace"] = "peers_pace"
    which: Which = "median"
    from_year: Year | None = None
    to_year: Year | None = None


class HaltRise(Measured):
    """From a year on no draw gets worse any more; what improves goes on improving."""

    verb: Literal["halt_rise"] = "halt_rise"
    from_year: Year | None = None


class Shock(Measured):
    """A blow in one year, in `points` (units) or `percent` of the value, with recovery.

    ``never`` leaves the level where the blow put it; ``slow`` wears off evenly in five years, ``fast`` in two.
    """

    verb: Literal["shock"] = "shock"
    year: Year
    points: Number | None = None
    percent: Annotated[float, Field(ge=-100, allow_inf_nan=False)] | None = None
    recovery: Recovery = "slow"

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        _exactly_one(self.points, self.percent)
        return self


Values = Annotated[
    Mapping[Year, Number], Field(min_length=1), AfterValidator(lambda found: dict(sorted(found.items())))
]


class PlannedValues(Measured):
    """The median runs through planned values, straight between them; after the last it goes on as forecast.

    Attributes
    ----------
    values :
        By year, the same in all of `areas`.
    by_area :
        In their place: values by area, code or name; all these areas are then moved at once.
    """

    verb: Literal["planned_values"] = "planned_values"
    values: Values | None = None
    by_area: Annotated[Mapping[str, Values], Field(min_length=1)] | None = None
    spread: Spread = "kept"

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.values is None) == (self.by_area is None) or (self.by_area is not None and self.areas is not None):
            message = "say either values (and areas), or by_area"
            raise ValueError(message)
        return self


class NewStandard(Step):
    """A change of standard: the level jumps on the link scale, in all areas by one and the same score.

    It replaces a declared future change of the indicator. Attributes `mean`, `sd` and `skew` are those of
    :class:`toolkit.models.panel.Jump`; take them from one's own double count.
    """

    verb: Literal["new_standard"] = "new_standard"
    indicator: str
    year: Year
    mean: Number
    sd: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    skew: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    standard: str = "scenario"


AnyStep = Annotated[
    BusinessAsUsual
    | RequiredPace
    | FixedTarget
    | ChangeOfPace
    | PeersPace
    | HaltRise
    | Shock
    | PlannedValues
    | NewStandard,
    Field(discriminator="verb"),
]
VERBS = (
    "business_as_usual",
    "required_pace",
    "fixed_target",
    "change_of_pace",
    "peers_pace",
    "halt_rise",
    "shock",
    "planned_values",
    "new_standard",
)


def _exactly_one(points: Any, percent: Any) -> None:
    if (points is None) == (percent is None):
        message = "say either points or percent"
        raise ValueError(message)
