"""Indicators: what is counted, on which scale it changes, and what may stand in for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from toolkit.base.errors import UsageError
from toolkit.base.texts import Language, say
from toolkit.data.problems import closest

Scope = Literal["all", "dtts", "dtts_mn", "dtts_in_dtts_mn"]
Relation = Literal["equal", "upper_bound", "lower_bound"]
Link = Literal["logit", "log", "identity"]
Countable = Literal["communes", "villages", "schools", "health_stations"]


class Strict(BaseModel):
    """Base of all declarations: frozen, and nothing unknown in them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Both(Strict):
    """A text in both languages, readable like a mapping: ``names["vi"]``."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def __getitem__(self, language: Language) -> str:
        return self.vi if language == "vi" else self.en


class Unit(Strict):
    """A unit of measurement.

    Attributes
    ----------
    vi, en :
        As printed after a number.
    whole :
        True for things that come in whole numbers.
    measured_as :
        Unit of the figures, where a plan names it otherwise (``percent_per_year``).
    """

    vi: str
    en: str
    whole: bool
    measured_as: str | None = None


class Identity(Strict):
    """The stand-in's figure is taken as it is."""

    kind: Literal["identity"]


class Scale(Strict):
    """The stand-in's figure times a factor, such as thousand VND a month to million VND a year."""

    kind: Literal["scale"]
    factor: float = Field(gt=0)


class DivideByShare(Strict):
    """The stand-in's figure over a group's share (in per cent), never above 100 %."""

    kind: Literal["divide_by_share"]
    indicator: str
    scope: Scope


Transform = Annotated[Identity | Scale | DivideByShare, Field(discriminator="kind")]


class Proxy(Strict):
    """A declared stand-in for an indicator that has no data in the scope that a target needs.

    Attributes
    ----------
    id :
        Its name in plan files and reports.
    for_scope :
        Scope of the indicator that it stands in for.
    indicator, scope, standard :
        What is measured; `standard` only where one of several kinds is meant.
    relation :
        ``equal``, ``upper_bound`` (the wanted value is at most the stand-in's) or ``lower_bound``.
    transform :
        From the measured figure to the wanted one.
    on_by_default :
        Used unless a plan switches it off.
    source_ids, basis :
        Why it may stand in.
    """

    id: str
    for_scope: Scope
    indicator: str
    scope: Scope
    standard: str | None = None
    relation: Relation
    transform: Transform
    on_by_default: bool
    source_ids: tuple[str, ...]
    basis: Both


class Indicator(Strict):
    """One indicator.

    Attributes
    ----------
    id, names, family :
        Code, names in both languages, and group.
    unit, units :
        Unit of its figures, and that unit as printed.
    decimals :
        Printed precision; a level at a bound is met when it rounds to the bound at it.
    lower, upper :
        Values that cannot be passed; None where open.
    direction :
        Whether more is better (``up``), less is (``down``), or neither.
    link :
        Scale on which it changes evenly.
    definition, definition_from :
        What is counted, and whose words that rests on; the text says so too.
    countable :
        Things of which it is a share or a number, drawn as k of n.
    denominator :
        Indicator that counts what it is a share of: where these are few, chance alone moves the share.
    period_average_of :
        Indicator of which its figures are means over several years.
    judged_on :
        Chain of standards on which targets are judged where several kinds of figure stand side by side.
    standard_required :
        A figure without its standard cannot be used.
    set_by_decision :
        The figure is what a decision lists, so it is final as soon as the decision is out.
    proxies :
        Declared stand-ins.
    """

    id: str
    names: Both
    family: str
    unit: str
    units: Both
    whole: bool
    decimals: int = Field(ge=0, le=6)
    lower: float | None
    upper: float | None
    direction: Literal["up", "down", "none"]
    link: Link
    definition: Both
    definition_from: Literal["plan", "source", "ours"]
    countable: Countable | None = None
    denominator: str | None = None
    period_average_of: str | None = None
    judged_on: str | None = None
    standard_required: bool = False
    set_by_decision: bool = False
    proxies: tuple[Proxy, ...] = ()

    @model_validator(mode="after")
    def _bounds_fit_the_link(self) -> Indicator:
        if self.link == "logit" and (self.lower is None or self.upper is None or self.lower >= self.upper):
            message = "a logit link needs a lower and an upper bound"
            raise ValueError(message)
        if self.link == "log" and self.lower != 0:
            message = "a log link needs the lower bound 0"
            raise ValueError(message)
        return self

    def allows(self, value: float) -> bool:
        """Say whether a figure can be: inside the bounds, and whole if only whole ones exist."""
        inside = (self.lower is None or value >= self.lower) and (self.upper is None or value <= self.upper)
        return inside and (not self.whole or value == int(value))


class Indicators(Mapping[str, Indicator]):
    """All indicators by id, and the units.

    Parameters
    ----------
    indicators, units :
        By id, in the order of the file.
    lines :
        Line of the file at which an indicator is declared.
    """

    def __init__(
        self, indicators: Mapping[str, Indicator], units: Mapping[str, Unit], lines: Mapping[str, int] | None = None
    ) -> None:
        self._indicators = dict(indicators)
        self.units = dict(units)
        self.lines = dict(lines or {})

    def __getitem__(self, key: str) -> Indicator:
        return self._indicators[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._indicators)

    def __len__(self) -> int:
        return len(self._indicators)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the indicator of an id.

        Raises
        ------
        UsageError
            For an unknown id without a default, with the nearest ids.
        """
        if key in self._indicators:
            return self._indicators[key]
        if default is not None:
            return default
        near = ", ".join(closest(key, self._indicators))
        raise UsageError(say("data.no_indicator", indicator=key), say("data.nearest", near=near))
