"""Indicators: what is counted, on which scale it changes, and which proxies there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from toolkit.base.errors import UsageError
from toolkit.base.problems import closest
from toolkit.base.texts import Language, say, texts
from toolkit.base.yaml_files import Place, YamlText, read_yaml
from toolkit.data.folder import file_of

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
    """The proxy's figure is taken as it is."""

    kind: Literal["identity"]


class Scale(Strict):
    """The proxy's figure times a factor, such as thousand VND a month to million VND a year."""

    kind: Literal["scale"]
    factor: float = Field(gt=0)


class DivideByShare(Strict):
    """The proxy's figure over a group's share (in per cent), never above 100 %."""

    kind: Literal["divide_by_share"]
    indicator: str
    scope: Scope


Transform = Annotated[Identity | Scale | DivideByShare, Field(discriminator="kind")]


class Proxy(Strict):
    """A declared proxy for an indicator that has no data in the scope that a target needs.

    Attributes
    ----------
    id :
        Its name in plan files and reports.
    for_scope :
        Scope of the indicator that it replaces.
    indicator, scope, standard :
        What is measured; `standard` only where one of several kinds is meant.
    relation :
        ``equal``, ``upper_bound`` (the wanted value is at most the proxy's) or ``lower_bound``.
    transform :
        From the measured figure to the wanted one.
    on_by_default :
        Used unless a plan switches it off.
    source_ids, basis :
        Why it may replace it.
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
        Declared proxies.
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
    """

    def __init__(self, indicators: Mapping[str, Indicator], units: Mapping[str, Unit]) -> None:
        self._indicators = dict(indicators)
        self.units = dict(units)

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


FILE = "indicators.yaml"
PARTS = ("units", "indicators")
Declared = TypeVar("Declared", bound=BaseModel)


def read_indicators(folder: Path) -> tuple[Indicators, YamlText]:
    """Read ``indicators.yaml``; whatever is wrong is noted in the text, and the rest returned."""
    text = read_yaml(file_of(folder, FILE), room="data")
    if not text.problems and not (isinstance(text.content, dict) and set(PARTS) <= set(text.content)):
        text.add((), "", "no_indicators")
    units = {
        key: unit
        for key, entry in _entries(text, "units")
        if (unit := _made(Unit, entry, ("units", key), text)) is not None
    }
    indicators = {
        key: made
        for key, entry in _entries(text, "indicators")
        if (made := _made(Indicator, _completed(key, entry, units), ("indicators", key), text)) is not None
    }
    return Indicators(indicators, units), text


def _entries(text: YamlText, part: str) -> list[tuple[str, Any]]:
    entries = text.content.get(part) if isinstance(text.content, dict) else None
    return [(str(key), entry) for key, entry in entries.items()] if isinstance(entries, dict) else []


def _completed(key: str, entry: Any, units: Mapping[str, Unit]) -> Any:
    """Add what an entry leaves to the file as a whole: its id, its unit's words, whose definition it is."""
    if not isinstance(entry, dict) or entry.get("unit") not in units:
        return {"id": key, **entry} if isinstance(entry, dict) else entry
    unit = units[entry["unit"]]
    definition = entry.get("definition")
    origin = entry.get("definition_from")
    if isinstance(definition, dict) and origin in ("plan", "source", "ours"):
        definition = {
            language: f"{definition[language]} {texts(language).t(f'data.definition.{origin}')}"
            for language in ("vi", "en")
            if language in definition
        }
    words = {"vi": unit.vi, "en": unit.en}
    return {"id": key, **entry, "units": words, "whole": unit.whole, "definition": definition}


def _made(kind: type[Declared], entry: Any, place: Place, text: YamlText) -> Declared | None:
    try:
        return kind.model_validate(entry)
    except ValidationError as error:
        for fault in error.errors():
            field = ".".join([str(place[1]), *(str(part) for part in fault["loc"])])
            text.add((*place, *fault["loc"]), field, "bad_entry", {"reason": fault["msg"]})
        return None
