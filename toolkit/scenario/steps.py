"""The verbs of a scenario, each defined once: its parameters, what it does to joint draws, its words of help.

A step is a verb with its parameters. The method of :class:`toolkit.scenario.scenario.Scenario` and the step in a
scenario file are made from the same class; what is published never changes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, fields, replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StrictBool
from pydantic.dataclasses import dataclass

from toolkit.base.errors import UsageError
from toolkit.base.texts import say, several
from toolkit.data.indicators import Scope
from toolkit.forecast.paths import Break, Path
from toolkit.forecast.store import Forecasts, round_as_stored
from toolkit.models.panel import FloatArray, Jump
from toolkit.plan.predicates import Operator
from toolkit.scenario.effort import EffortStart, Which, aim_at_level, aim_at_target, pace_of_peers, too_late
from toolkit.scenario.propagate import (
    Setting,
    Spread,
    apply_shifts,
    nobody,
    open_years,
    path_of,
    shift_along,
    shift_between,
    shift_to_line,
    with_stand_ins,
    years_lasted,
)

Recovery = Literal["never", "slow", "fast"]
RECOVERY_YEARS = {"slow": 5, "fast": 2}
STRICT = ConfigDict(extra="forbid")


def _plain(value: object) -> object:
    """Return a number of numpy as one of Python."""
    return value.item() if isinstance(value, np.generic) else value


StepYear = Annotated[int, BeforeValidator(_plain), Field(strict=True, ge=1990, le=2100)]
StepNumber = Annotated[float, BeforeValidator(_plain), Field(strict=True, allow_inf_nan=False)]
AreaChoice = Annotated[Sequence[str], BeforeValidator(several), AfterValidator(tuple)]
Values = Annotated[
    Mapping[StepYear, StepNumber], Field(min_length=1), AfterValidator(lambda found: dict(sorted(found.items())))
]


@dataclass(frozen=True, config=STRICT)
class Step(ABC):
    """What every verb has.

    Parameters
    ----------
    areas :
        Codes or names of the areas it acts on; all areas by default. Areas that follow one of them (a district
        the province, a commune its former district) move with it, unless they are named themselves.
    """

    verb: ClassVar[str] = ""
    _: KW_ONLY
    areas: AreaChoice | None = None

    @abstractmethod
    def apply(self, forecasts: Forecasts, setting: Setting) -> Forecasts:
        """Return the forecasts of another course of events; the given ones never change.

        Raises
        ------
        UsageError
            If the verb has nothing to act on, or asks for what cannot be.
        """

    def check(self, forecasts: Forecasts, setting: Setting) -> None:
        """Refuse what nobody knows of, and years that lie behind all evidence of the areas named (or the province)."""
        codes = setting.codes(self.areas or [setting.plan.province_code], forecasts)
        given = self.parameters
        if "target" in given:
            setting.plan.target(given["target"])
        if "indicator" not in given:
            return
        setting.indicator(given["indicator"])
        years = [given[name] for name in ("year", "from_year", "to_year", "due") if name in given]
        years += [max(given["values"])] if "values" in given else []
        held = [path for code in codes if (path := forecasts.path(code, given["indicator"], given.get("scope", "all")))]
        oldest = min(held, key=lambda path: path.evidence.last_year, default=None)
        if years and oldest is not None and min(years) <= oldest.evidence.last_year:
            raise too_late(oldest, min(years))

    @property
    def parameters(self) -> dict[str, Any]:
        """What was said, by name; without what is None."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, config=STRICT)
class BusinessAsUsual(Step):
    """Let everything go on as forecast: nothing changes.

    Examples
    --------
    >>> usual.business_as_usual().forecasts is usual.base
    True
    """

    verb: ClassVar[str] = "business_as_usual"

    def apply(self, forecasts: Forecasts, setting: Setting) -> Forecasts:  # noqa: ARG002
        """Return the same forecasts."""
        return forecasts


@dataclass(frozen=True, config=STRICT)
class RequiredPace(Step):
    """Add as much effort each year as meets a target with a wanted probability.

    The effort is the same in every draw and every year. For a level or a ratio it is a constant slope on the
    indicator's link scale, added to the forecast from its newest figure to the due year, and held from there on;
    for a yearly flow or an average as much more in each year that can still change; for yearly changes the same
    change more each year, in units or per cent.

    Parameters
    ----------
    target :
        Of the plan; any but a milestone, and rules about every year that are seen through a stand-in.
    indicator, scope, op, value, due :
        In place of `target`: a level of one's own.
    probability :
        With which the target is to be met, above 0 and below 1.
    counted_from :
        ``last``: the effort begins after the newest figure. ``base``: as if it had begun in the plan's base year.
        Rules about every year and averages know no difference.
    keep_better :
        Leave an area alone that meets the target with this probability anyhow.
    areas :
        Codes or names; all by default.

    Examples
    --------
    >>> usual.required_pace("T30-03", probability=0.8)
    <Scenario –: required_pace>
    >>> usual.required_pace(indicator="poverty_rate", op="<", value=1.5, due=2030, areas=["20"])
    <Scenario –: required_pace>
    """

    verb: ClassVar[str] = "required_pace"
    target: str | None = None
    _: KW_ONLY
    indicator: str | None = None
    scope: Scope = "all"
    op: Operator | None = None
    value: StepNumber | None = None
    due: StepYear | None = None
    probability: Annotated[StepNumber, Field(gt=0, lt=1)] = 0.5
    counted_from: EffortStart = "last"
    keep_better: StrictBool = True

    def __post_init__(self) -> None:
        own = [part is not None for part in (self.indicator, self.op, self.value, self.due)]
        if any(own) if self.target is not None else not all(own):
            raise ValueError("name either a target of the plan, or indicator, op, value and due")

    def apply(self, forecasts: Forecasts, setting: Setting) -> Forecasts:
        """Return forecasts in which every area makes the effort that it lacks."""
        target = setting.plan.target(self.target) if self.target is not None else None
        indicator, scope = (target.indicator, target.scope) if target else (str(self.indicator), self.scope)
        shifts: dict[tuple[str, str], dict[str, FloatArray]] = {}
        for code in setting.codes(self.areas, forecasts):
            if self.areas is None and forecasts.path(code, indicator, scope) is None:
                continue
            if target is not None:
                aim = aim_at_target(forecasts, code, target, setting, self.counted_from)
            elif self.op is not None and self.value is not None and self.due is not None:
                path = path_of(forecasts, code, indicator, scope)
                aim = aim_at_level(forecasts, path, self.op, self.value, self.due, setting, self.counted_from)
            enough = self.keep_better and aim.chance() >= self.probability
            shift = aim.shift(0.0 if enough else aim.effort(self.probability), setting)
            shifts.setdefault((aim.path.indicator, aim.path.scope), {})[code] = shift
        if not shifts:
            raise nobody(self.target or self.indicator, self.scope)
        for (moved_indicator, moved_scope), found in shifts.items():
            forecasts = apply_shifts(forecasts, moved_indicator, moved_scope, found, setting)
        return forecasts


@dataclass(frozen=True, config=STRICT)
class Shifting(Step):
    """A verb that shifts one indicator, area by area."""

    across_breaks: ClassVar[bool] = True  # whether changes of standard count, or today's standard alone
    indicator: str
    _: KW_ONLY
    scope: Scope = "all"

    @abstractmethod
    def shift(self, path: Path, setting: Setting) -> FloatArray:
        """Return what is added to a path on the link scale, shape (T,) or (S, T)."""

    def each(self, forecasts: Forecasts, setting: Setting) -> Iterator[tuple[str, Shifting]]:
        """Yield the code of every area and what is done to it."""
        for code in setting.codes(self.areas, forecasts):
            yield code, self

    def apply(self, forecasts: Forecasts, setting: Setting) -> Forecasts:
        """Return forecasts in which the areas are shifted, with what follows them and what they are part of.

        Areas without a forecast of their own are passed over, unless they are named.
        """
        setting.indicator(self.indicator)
        shifts: dict[str, FloatArray] = {}
        for code, step in self.each(forecasts, setting):
            held = forecasts.path(code, self.indicator, self.scope)
            if step.areas is None and (held is None or held.proxy is not None):
                continue
            path = path_of(forecasts, code, self.indicator, self.scope)
            if path.proxy is not None:
                fields = {"indicator": path.indicator, "scope": path.scope, "area": code}
                seen = {"measured": path.proxy.indicator, "measured_scope": path.proxy.scope}
                raise UsageError(say("scenario.stand_in", **fields), say("scenario.stand_in.remedy", **seen))
            if not step.across_breaks:
                path = forecasts.path(code, self.indicator, self.scope, across_breaks=False) or path
            shifts[code] = np.where(open_years(path), step.shift(path, setting), 0.0)
        if not shifts:
            raise nobody(self.indicator, self.scope)
        return apply_shifts(forecasts, self.indicator, self.scope, shifts, setting)


@dataclass(frozen=True, config=STRICT)
class FixedTarget(Shifting):
    """Lead the median straight from the newest value to `value` in `year`; it stays there.

    Parameters
    ----------
    indicator, scope, areas :
        What moves, and where.
    value, year :
        In the indicator's unit.
    spread :
        ``kept``: the draws keep their distance from the median on the link scale; ``none``: every draw
        takes the value.

    Examples
    --------
    >>> usual.fixed_target("poverty_rate", 1.5, 2029, areas=["20"])
    <Scenario –: fixed_target>
    """

    verb: ClassVar[str] = "fixed_target"
    value: StepNumber
    year: StepYear
    _: KW_ONLY
    spread: Spread = "kept"

    def shift(self, path: Path, setting: Setting) -> FloatArray:
        """Return the shift to the straight line, which is held."""
        return shift_along(path, {self.year: self.value}, setting, spread=self.spread)


@dataclass(frozen=True, config=STRICT)
class Lasting(Shifting):
    """A verb with a first and a last year."""

    _: KW_ONLY
    from_year: StepYear | None = None
    to_year: StepYear | None = None

    def __post_init__(self) -> None:
        if self.from_year is not None and self.to_year is not None and self.from_year > self.to_year:
            raise ValueError("from_year comes after to_year")


@dataclass(frozen=True, config=STRICT)
class Sized(Shifting):
    """A verb with a size, in units or per cent."""

    _: KW_ONLY
    points: StepNumber | None = None
    percent: Annotated[StepNumber, Field(ge=-100)] | None = None

    def __post_init__(self) -> None:
        if (self.points is None) == (self.percent is None):
            raise ValueError("say either points or percent")


@dataclass(frozen=True, config=STRICT)
class Paced(Lasting, Sized):
    """A verb about a pace, in units or per cent a year."""

    def __post_init__(self) -> None:
        Lasting.__post_init__(self)
        Sized.__post_init__(self)

    def after(self, value: FloatArray | float, years: FloatArray) -> FloatArray:
        """Return what becomes of a value after so many years of the pace."""
        if self.points is not None:
            return np.asarray(value + self.points * years, dtype=np.float64)
        return np.asarray(value * (1.0 + (self.percent or 0.0) / 100.0) ** years, dtype=np.float64)


@dataclass(frozen=True, config=STRICT)
class ChangeOfPace(Paced):
    """Add a pace to the forecast: `points` (units a year) or `percent` a year, from a year on.

    Parameters
    ----------
    indicator, scope, areas :
        What moves, and where.
    points, percent :
        One of them.
    from_year, to_year :
        First year of the pace, and its last: what was gained by then is kept.

    Examples
    --------
    >>> usual.change_of_pace("poverty_rate", percent=-10, from_year=2028).steps[0].parameters["percent"]
    -10.0
    """

    verb: ClassVar[str] = "change_of_pace"

    def shift(self, path: Path, setting: Setting) -> FloatArray:
        """Return the pace times the years that it has lasted."""
        changed = self.after(path.draws, years_lasted(path, self.from_year, self.to_year))
        return shift_between(path, changed, setting)


@dataclass(frozen=True, config=STRICT)
class PeersPace(Lasting):
    """Let the median move at a pace that other areas kept when they stood about where this area stands.

    Parameters
    ----------
    indicator, scope, areas :
        What moves, and where.
    which :
        The best, the one that a third of the peers' steps reached, or the median.
    from_year, to_year :
        First year of the new pace, and its last.

    Examples
    --------
    >>> usual.peers_pace("poverty_rate", "top_third", to_year=2030, areas=["20"])
    <Scenario –: peers_pace>
    """

    verb: ClassVar[str] = "peers_pace"
    which: Which = "median"

    def shift(self, path: Path, setting: Setting) -> FloatArray:
        """Return the shift of the median to the line of that pace."""
        pace = pace_of_peers(setting, path, self.which)
        lasted = years_lasted(path, self.from_year, self.to_year)
        return shift_to_line(path, setting, self.from_year, lambda start: start + pace * lasted)


@dataclass(frozen=True, config=STRICT)
class FixedPace(Paced):
    """Let the median move by so much each year from its newest value, whatever pace the forecast itself has.

    Parameters
    ----------
    indicator, scope, areas :
        What moves, and where.
    points, percent :
        One of them: units a year (``points=-1``: one percentage point less each year), or per cent a year.
    from_year, to_year :
        First year of the pace, and its last: what was reached by then is kept.

    Examples
    --------
    >>> usual.fixed_pace("poverty_rate", points=-0.3, areas=["20"])
    <Scenario –: fixed_pace>
    """

    verb: ClassVar[str] = "fixed_pace"

    def shift(self, path: Path, setting: Setting) -> FloatArray:
        """Return the shift of the median to the line of that pace; inside the indicator's bounds."""
        scale, indicator = setting.scale(path.indicator), setting.indicator(path.indicator)
        lasted = years_lasted(path, self.from_year, self.to_year)

        def line(start: float) -> FloatArray:
            reached = self.after(float(scale.from_link(np.array(start))), lasted)
            return np.asarray(scale.to_link(np.clip(reached, indicator.lower, indicator.upper)))

        return shift_to_line(path, setting, self.from_year, line)


@dataclass(frozen=True, config=STRICT)
class HaltRise(Shifting):
    """Let no draw get worse any more from a year on; what improves goes on improving.

    Parameters
    ----------
    indicator, scope, areas :
        What moves, and where.
    from_year :
        First year that is compared with the one before it; by default the first without a figure.

    Examples
    --------
    >>> usual.halt_rise("poverty_rate", from_year=2027)
    <Scenario –: halt_rise>
    """

    verb: ClassVar[str] = "halt_rise"
    across_breaks: ClassVar[bool] = False  # a change of standard is no rise
    _: KW_ONLY
    from_year: StepYear | None = None

    def shift(self, path: Path, setting: Setting) -> FloatArray:
        """Return the shift to the best value so far."""
        direction = setting.indicator(path.indicator).direction
        if direction == "none":
            message = say("scenario.no_direction", indicator=path.indicator)
            raise UsageError(message, say("scenario.no_direction.remedy"))
        open_, changed = open_years(path, self.from_year), path.draws.copy()
        first = max(int(np.argmax(open_)) - 1, 0)
        best = np.minimum if direction == "down" else np.maximum
        changed[:, first:] = best.accumulate(path.draws[:, first:], axis=1)
        return shift_between(path, np.where(open_, changed, path.draws), setting)


@dataclass(frozen=True, config=STRICT)
class Shock(Sized):
    """Strike in one year, in `points` (units) or `percent` of the value, with recovery.

    Parameters
    ----------
    indicator, scope, areas :
        What moves, and where.
    year :
        Of the shock.
    points, percent :
        One of them.
    recovery :
        ``never`` leaves the level where the shock put it; ``slow`` wears off evenly in five years, ``fast`` in two.

    Examples
    --------
    >>> usual.shock("poverty_rate", 2028, points=5, recovery="fast", areas=["Bình Gia"])
    <Scenario –: shock>
    """

    verb: ClassVar[str] = "shock"
    year: StepYear
    _: KW_ONLY
    recovery: Recovery = "slow"

    def shift(self, path: Path, setting: Setting) -> FloatArray:
        """Return what is left of the shock in each year."""
        since = path.years - self.year
        left = 1.0 if self.recovery == "never" else np.clip(1.0 - since / RECOVERY_YEARS[self.recovery], 0.0, 1.0)
        size = self.points if self.points is not None else path.draws * (self.percent or 0.0) / 100.0
        return shift_between(path, path.draws + size * np.where(since >= 0, left, 0.0), setting)


@dataclass(frozen=True, config=STRICT)
class PlannedValues(Shifting):
    """Let the median run through planned values, straight between them; after the last it goes on as forecast.

    Parameters
    ----------
    indicator, scope, areas :
        What moves, and where.
    values :
        By year, the same in all of `areas`.
    by_area :
        In their place: values by area, code or name; all these areas are then moved at once.
    spread :
        As for ``fixed_target``.

    Examples
    --------
    >>> usual.planned_values("poverty_rate", {2027: 2.0, 2029: 1.8}, areas=["20"])
    <Scenario –: planned_values>
    >>> usual.planned_values("poverty_rate", by_area={"20": {2028: 1.0}, "Bình Gia": {2028: 6.0}})
    <Scenario –: planned_values>
    """

    verb: ClassVar[str] = "planned_values"
    values: Values | None = None
    _: KW_ONLY
    by_area: Annotated[Mapping[str, Values], Field(min_length=1)] | None = None
    spread: Spread = "kept"

    def __post_init__(self) -> None:
        if (self.values is None) == (self.by_area is None) or (self.by_area is not None and self.areas is not None):
            raise ValueError("say either values (and areas), or by_area")

    def check(self, forecasts: Forecasts, setting: Setting) -> None:
        """Refuse what nobody knows of, and values that all lie in the past, area by area."""
        for name, values in (self.by_area or {}).items():
            replace(self, values=values, by_area=None, areas=(name,)).check(forecasts, setting)
        if self.by_area is None:
            super().check(forecasts, setting)

    def each(self, forecasts: Forecasts, setting: Setting) -> Iterator[tuple[str, Shifting]]:
        """Yield the code of every area with its values."""
        if self.by_area is None:
            yield from super().each(forecasts, setting)
            return
        for name, values in self.by_area.items():
            yield setting.codes([name], forecasts)[0], replace(self, values=values, by_area=None, areas=(name,))

    def shift(self, path: Path, setting: Setting) -> FloatArray:
        """Return the shift to the line through the values that lie ahead."""
        values = self.values or {}
        ahead = {year: value for year, value in values.items() if year > path.evidence.last_year}
        if not ahead:
            raise too_late(path, max(values))
        shift = shift_along(path, ahead, setting, spread=self.spread)
        later = path.years > max(ahead)
        shift[:, later] = shift[:, [path.position(min(max(ahead), int(path.years[-1])))]]
        return shift


@dataclass(frozen=True, config=STRICT)
class NewStandard(Step):
    """Measure on another standard from a year on: the level jumps on the link scale, everywhere by one score.

    It replaces a declared future change of the indicator. Today's standard is kept beside it.

    Parameters
    ----------
    indicator, year, areas :
        What is measured otherwise, from when on, and where.
    mean, sd, skew :
        Of the jump, as in :class:`toolkit.models.panel.Jump`; take them from one's own double count.
    standard :
        How the new one is called.

    Examples
    --------
    >>> usual.new_standard("poverty_rate", 2028, mean=0.4, sd=0.2)
    <Scenario –: new_standard>
    """

    verb: ClassVar[str] = "new_standard"
    indicator: str
    year: StepYear
    _: KW_ONLY
    mean: StepNumber
    sd: Annotated[StepNumber, Field(gt=0)]
    skew: Annotated[StepNumber, Field(ge=0)] = 0.0
    standard: str = "scenario"

    def apply(self, forecasts: Forecasts, setting: Setting) -> Forecasts:
        """Return forecasts across this change of standard; draw s has one score for all areas, as it is one event."""
        codes = set(setting.codes(self.areas, forecasts))
        jump = Jump(self.year, 0, 1, self.mean, self.sd, self.skew)
        random = np.random.Generator(np.random.PCG64([forecasts.seed, self.year]))
        jumps = jump.at(random.standard_normal(forecasts.draw_count))
        paths = dict(forecasts.paths)
        touched: set[tuple[str, str]] = set()
        for (code, name, scope, across), path in forecasts.paths.items():
            if not across:
                continue
            if path.proxy is not None:  # it stands for both readings, so that both are made anew
                paths.setdefault((code, name, scope, False), path)
            elif name == self.indicator and code in codes:
                today = forecasts.path(code, name, scope, across_breaks=False) or path
                if open_years(today, self.year).any():
                    paths[code, name, scope, True] = self._jumped(today, jumps, setting)
                    paths[code, name, scope, False] = today
                    touched.add((name, scope))
        if not touched:
            setting.indicator(self.indicator)
            raise nobody(self.indicator, "*")
        return replace(forecasts, paths=with_stand_ins(paths, forecasts.paths, touched, setting))

    def _jumped(self, path: Path, jumps: FloatArray, setting: Setting) -> Path:
        later, scale = open_years(path, self.year), setting.scale(path.indicator)
        drawn = np.where(later, scale.from_link(scale.to_link(path.draws) + jumps[:, None]), path.draws)
        at = int(np.argmax(later))
        first = int(path.years[at])
        standards = (*path.standards[:at], *[self.standard] * (len(path.years) - at))
        kept = tuple(change for change in path.breaks if change.year < first)
        change = Break(first, path.standards[max(at - 1, 0)], self.standard, measured=False)
        return replace(path, draws=round_as_stored(drawn), standards=standards, breaks=(*kept, change))


VERBS: dict[str, type[Step]] = {
    step.verb: step
    for step in (
        BusinessAsUsual, RequiredPace, FixedTarget, FixedPace, ChangeOfPace, PeersPace, HaltRise, Shock, PlannedValues,
        NewStandard,
    )
}  # fmt: skip
