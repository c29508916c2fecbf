"""Indicators and their standards: what is counted, on which scale, by which proxies, and by which definition when.

Standards of one chain follow each other; at each change a prior says how the level jumps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from toolkit.base.errors import UsageError
from toolkit.base.problems import closest
from toolkit.base.texts import LANGUAGES, FieldsAlone, Language, Tabular, fold, say, texts
from toolkit.base.yaml_files import Place, YamlText, read_yaml
from toolkit.data.parsing import day_of
from toolkit.data.schemas import Record, file_of
from toolkit.data.tables import frame_of

if TYPE_CHECKING:
    import pandas as pd

Scope = Literal["all", "dtts", "dtts_mn", "dtts_in_dtts_mn"]
Relation = Literal["equal", "upper_bound", "lower_bound"]
LinkName = Literal["logit", "log", "identity"]
Countable = Literal["communes", "villages", "schools", "health_stations", "hectares"]


class Declaration(FieldsAlone, BaseModel):
    """Base of all declarations: frozen, and nothing unknown in them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Both(Declaration):
    """A text in both languages, readable like a mapping: ``names["vi"]``."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def __getitem__(self, language: Language) -> str:
        return self.vi if language == "vi" else self.en

    def text(self, language: Language) -> str:
        """Return the text in a language, as messages ask for it."""
        return self[language]


class Unit(Declaration):
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


class Identity(Declaration):
    """The proxy's figure is taken as it is."""

    kind: Literal["identity"]


class Multiply(Declaration):
    """The proxy's figure times a factor, such as thousand VND a month to million VND a year."""

    kind: Literal["scale"]
    factor: float = Field(gt=0)


class DivideByShare(Declaration):
    """The proxy's figure over a group's share (in per cent), never above 100 %."""

    kind: Literal["divide_by_share"]
    indicator: str
    scope: Scope


Transform = Annotated[Identity | Multiply | DivideByShare, Field(discriminator="kind")]


class Proxy(Declaration):
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
    two_sided :
        Whether the measured figure as it is bounds the wanted one from the other side.
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
    two_sided: bool = False
    on_by_default: bool
    source_ids: tuple[str, ...]
    basis: Both


LEVELS_DOWN = ("country", "region", "province", "district", "commune")


class Indicator(Declaration):
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
    lowest_level :
        Lowest level whose units can know it: a commune has no HDI of its own.
    holder, document :
        Who is likely to hold its figures, and in which document; None where nobody is known.
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
    link: LinkName
    definition: Both
    definition_from: Literal["plan", "source", "ours"]
    countable: Countable | None = None
    denominator: str | None = None
    period_average_of: str | None = None
    judged_on: str | None = None
    standard_required: bool = False
    set_by_decision: bool = False
    lowest_level: Literal["province", "district", "commune"] = "commune"
    holder: Both | None = None
    document: Both | None = None
    proxies: tuple[Proxy, ...] = ()

    @model_validator(mode="after")
    def _bounds_fit_the_link(self) -> Indicator:
        if self.link == "logit" and (self.lower is None or self.upper is None or self.lower >= self.upper):
            raise ValueError("a logit link needs a lower and an upper bound")
        if self.link == "log" and self.lower != 0:
            raise ValueError("a log link needs the lower bound 0")
        return self

    def within(self, value: float) -> bool:
        """Say whether a value lies inside the bounds."""
        return (self.lower is None or value >= self.lower) and (self.upper is None or value <= self.upper)

    def allows(self, value: float) -> bool:
        """Say whether a figure can be: inside the bounds, and whole if only whole ones exist."""
        return self.within(value) and (not self.whole or value == int(value))

    def known_at(self, level: str) -> bool:
        """Say whether a unit of a level can have a figure of its own: a commune has no share of its communes."""
        if self.unit == "milestone" or self.period_average_of is not None:
            return False
        of_communes = "communes" in (self.unit, self.countable) and level == "commune"
        return not of_communes and LEVELS_DOWN.index(level) <= LEVELS_DOWN.index(self.lowest_level)


class Indicators(Tabular, Mapping[str, Indicator]):
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

    def to_frame(self) -> pd.DataFrame:
        """Return all indicators, one row each: what a researcher looks up before anything else."""
        names = ("id", "unit", "decimals", "lower", "upper", "direction", "link", "family")
        named = {f"name_{language}": [item.names[language] for item in self.values()] for language in LANGUAGES}
        return frame_of(self.values(), names).assign(**named)

    def get(self, key: str, default: Indicator | None = None) -> Indicator:  # type: ignore[override]  # refuses
        """Return the indicator of an id, or of a name in either language.

        Raises
        ------
        UsageError
            For an unknown one without a default, with the nearest ids.
        """
        if key in self._indicators:
            return self._indicators[key]
        if default is not None:
            return default
        named = [item for item in self._indicators.values() if fold(key) in (fold(item.names.vi), fold(item.names.en))]
        if len(named) == 1:
            return named[0]
        near = ", ".join(closest(key, self._indicators))
        raise UsageError(say("data.no_indicator", indicator=key), say("data.nearest", near=near))


FILE = "indicators.yaml"
Declared = TypeVar("Declared", bound=BaseModel)


def read_indicators(folder: Path) -> tuple[Indicators, YamlText]:
    """Read ``indicators.yaml``; whatever is wrong is noted in the text, and the rest returned."""
    text = read_yaml(file_of(folder, FILE), room="data")
    if not text.problems and not (isinstance(text.content, dict) and {"units", "indicators"} <= set(text.content)):
        text.add((), "", "no_indicators")
    units = _declared(Unit, "units", text, lambda _, entry: entry)
    made = _declared(Indicator, "indicators", text, lambda key, entry: _completed(key, entry, units))
    return Indicators(made, units), text


def _declared(
    kind: type[Declared], part: str, text: YamlText, completed: Callable[[str, Any], Any]
) -> dict[str, Declared]:
    """Return the declarations of a part of the file, by their keys; those that cannot be used are noted."""
    entries = text.content.get(part) if isinstance(text.content, dict) else None
    named = {str(key): entry for key, entry in entries.items()} if isinstance(entries, dict) else {}
    made = {key: _made(kind, completed(key, entry), (part, key), text) for key, entry in named.items()}
    return {key: declaration for key, declaration in made.items() if declaration is not None}


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


OTHERWISE_PUBLISHED = (6, 30)
"""Month and day of the next year on which a figure counts as known where its publication is not held."""


@dataclass(frozen=True)
class Standard:
    """A definition that figures of some indicators follow.

    Attributes
    ----------
    id, indicators :
        Code, and the indicators that it defines.
    name_vi, name_en, legal_text, note :
        In words.
    chain :
        Standards of one chain follow each other; chains of one indicator run side by side.
    first_year, last_year :
        Years in which it is measured. Two standards of one chain may share a year (a double count).
    published :
        Month and day of the next year on which its figures count as known where only a later
        publication is held.
    """

    id: str
    indicators: tuple[str, ...]
    name_vi: str
    name_en: str
    legal_text: str
    chain: str
    first_year: int
    last_year: int
    published: tuple[int, int]
    note: str

    def name(self, language: Language) -> str:
        """Return the name in a language."""
        return self.name_vi if language == "vi" else self.name_en

    def measured_in(self, year: int) -> bool:
        """Say whether figures of a year can be on this standard."""
        return self.first_year <= year <= self.last_year


@dataclass(frozen=True)
class BreakPrior:
    """What is known of the jump at a change of standard, on the indicator's link scale.

    Attributes
    ----------
    indicators :
        For which it holds.
    before, after, year :
        The standards, and the first year on the new one.
    jump_mean, jump_sd, jump_skew :
        Two-piece normal prior: median, standard deviation below it, and how much wider (times 1 + skew)
        it is above. None where the two standards cannot be compared.
    measured :
        Whether any place was measured on both, or on either side of the change.
    comparable :
        False where no trend may run across.
    basis_vi, basis_en, source_ids :
        Where the prior comes from.
    """

    indicators: tuple[str, ...]
    before: str
    after: str
    year: int
    jump_mean: float | None
    jump_sd: float | None
    jump_skew: float | None
    measured: bool
    comparable: bool
    basis_vi: str
    basis_en: str
    source_ids: tuple[str, ...]

    def basis(self, language: Language) -> str:
        """Return where the prior comes from, in a language."""
        return self.basis_vi if language == "vi" else self.basis_en


class Standards:
    """All standards and the changes between them.

    Parameters
    ----------
    standards, breaks :
        In the order of their files.
    """

    def __init__(self, standards: Iterable[Standard], breaks: Iterable[BreakPrior]) -> None:
        self.all = tuple(standards)
        self.breaks = tuple(breaks)
        self._by_id = {standard.id: standard for standard in self.all}
        self._of: dict[str, list[Standard]] = {}
        for standard in self.all:
            for indicator in standard.indicators:
                self._of.setdefault(indicator, []).append(standard)

    def __contains__(self, standard: object) -> bool:
        return standard in self._by_id

    def get(self, standard: str) -> Standard:
        """Return a standard by its id.

        Raises
        ------
        KeyError
            For an unknown one.
        """
        return self._by_id[standard]

    def of(self, indicator: str) -> tuple[Standard, ...]:
        """Return the standards of an indicator, oldest first within their chains; none if it has none."""
        return tuple(self._of.get(indicator, ()))

    def in_force(self, indicator: str, chain: str, year: int) -> Standard | None:
        """Return the newest standard of a chain that had begun in `year`; None before the first.

        The last standard declared stays in force until a newer one is declared.
        """
        begun = [item for item in self.of(indicator) if item.chain == chain and item.first_year <= year]
        return max(begun, key=lambda standard: standard.first_year, default=None)

    def link(self, before: str, after: str, indicator: str | None = None) -> BreakPrior | None:
        """Return the change from one standard to the next, for an indicator (the first declared if none is given)."""
        found = (item for item in self.breaks if (item.before, item.after) == (before, after))
        return next((item for item in found if indicator is None or indicator in item.indicators), None)

    def published(self, standard: str, year: int) -> date:
        """Return the day on which a figure of `year` counts as known by rule."""
        month, day = self._by_id[standard].published if standard in self._by_id else OTHERWISE_PUBLISHED
        return date(year + 1, month, day)

    def neighbours(self, indicator: str) -> tuple[tuple[Standard, Standard], ...]:
        """Return each pair of an indicator's standards that follow each other in a chain."""
        chains: dict[str, list[Standard]] = {}
        for standard in self.of(indicator):
            chains.setdefault(standard.chain, []).append(standard)
        return tuple(pair for chain in chains.values() for pair in pairwise(chain))


def standard_of(record: Record) -> Standard:
    """Return a standard from its row."""
    values = dict(record.values)
    day = day_of(f"2001-{values.pop('published_next_year')}")
    published = (day.month, day.day) if day else OTHERWISE_PUBLISHED
    years = {name: record.year(name) for name in ("first_year", "last_year")}
    named = {"id": values.pop("standard"), "indicators": record.list("indicator"), "published": published}
    del values["indicator"]
    return Standard(**{**values, **years, **named})


def break_of(record: Record) -> BreakPrior:
    """Return a change of standard from its row."""
    values = {name: value for name, value in record.values.items() if name != "indicator"}
    flags = {name: bool(values[name]) for name in ("measured", "comparable")}
    lists = {"indicators": record.list("indicator"), "source_ids": record.list("source_ids")}
    return BreakPrior(**{**values, **flags, **lists, "year": record.year("year")})
