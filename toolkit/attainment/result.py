"""What is said about one target in one area: numbers, a verdict, and notes as catalogue keys. No words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from toolkit.forecast.paths import Observation, Path

Verdict = Literal[
    "met",
    "not_met",
    "very_likely",
    "likely",
    "about_as_likely_as_not",
    "unlikely",
    "very_unlikely",
    "not_decided_by_bound",
    "outlook",
    "cannot_be_assessed",
    "milestone",
    "orientation",
]
Outcome = Literal["settled", "probability", "milestone", "orientation", "cannot_assess"]
Bound = Literal["exact", "at_least"]


@dataclass(frozen=True)
class Note:
    """A remark: a key of the catalogue and the fields of its text.

    Attributes
    ----------
    key :
        ``attainment.note.…`` or ``attainment.missing.…``.
    fields :
        Numbers, and ids that readers of the note put into words: ``indicator``, ``scope``, ``area``,
        ``standard``, ``source`` and so on (see :func:`toolkit.attainment.words.note_text`).
    """

    key: str
    fields: Mapping[str, object] = field(default_factory=dict)


class PathSource(Protocol):
    """What holds the forecasts; :class:`toolkit.forecast.store.Forecasts` is one."""

    @property
    def as_of(self) -> date:
        """What was known on this day counts."""
        ...

    def path(self, area_code: str, indicator: str, scope: str, *, across_breaks: bool = True) -> Path | None:
        """Return the joint draws of an indicator in an area, or None without evidence."""
        ...


@dataclass(frozen=True)
class Attainment:
    """The answer to one target in one area.

    Attributes
    ----------
    area_code, target_id, due :
        What is answered.
    outcome :
        How it is answered.
    probability, bound :
        P(target met), 0..1 (1 or 0 when settled; None where there is none), and whether it is that probability
        or at least that probability.
    verdict, grade :
        The verdict; the evidence grade ``A``, ``B``, ``C``, with ``·D`` through a proxy, ``N`` without evidence,
        empty for milestones.
    proxy :
        Id of the stand-in; empty if none.
    missing :
        What figures would be needed, or would help.
    inferred :
        Fields of the target that had to be read into the plan's text.
    unit :
        Unit of the judged quantity: the target's, ``times`` for ratios, ``percentage_points`` or ``percent`` for
        changes; empty for milestones.
    last_value, last_year, last_status, last_qualifier, last_standard, last_source :
        The newest usable own figure as published; through a proxy that of the stand-in.
    last_indicator, last_scope, last_unit :
        What that figure measures.
    overruled :
        Figures set aside by those used.
    expected, low, high :
        Median and 80 % interval of the judged quantity: the level, ratio or mean at the due year, the worst
        year's value or change for rules about every year.
    required_pace, recent_pace, pace_unit, recent_pace_years :
        Constant yearly pace needed from the newest figure to the due year (0 where it is enough to hold what has
        been reached), the pace lately kept, and between which years. ``pace_unit`` is
        ``percentage_points_per_year``, ``percent_per_year`` or ``<unit>_per_year``; empty without a pace.
    peers_pace_share, peers_count :
        Share of past spells of other areas that kept the required pace or better, of how many.
    year_reached :
        First year with P >= 1/2 (rules about a level).
    probability_same_standard :
        The probability if today's standard stayed in force, where a change lies ahead.
    probability_stretch, probability_basically, probability_average :
        Of the harder value; of the softer reading of "basically"; of the mean change where every year is judged.
    years_met :
        (year, P) for rules about every year, judged years only.
    areas_met :
        (expected to meet it, all) localities, at the province, for rules about each of them.
    horizon :
        Years from the newest figure to the due year, at least 0.
    monte_carlo_error, effective_draws :
        Standard error of the probability from the number of draws; that number after reweighting.
    narrowing :
        Share of the answer's uncertainty that the area's own figure of the running year (of the due year, if that is
        past) is expected to remove, 0..1; None where the answer is not a probability from draws.
    notes :
        All else that a reader has to know.
    """

    area_code: str
    target_id: str
    due: int
    outcome: Outcome
    probability: float | None
    bound: Bound
    verdict: Verdict
    grade: str
    proxy: str
    missing: tuple[Note, ...]
    inferred: tuple[str, ...]
    unit: str
    last_value: float | None = None
    last_year: int | None = None
    last_status: str = ""
    last_qualifier: str = ""
    last_standard: str = ""
    last_source: str = ""
    last_indicator: str = ""
    last_scope: str = ""
    last_unit: str = ""
    overruled: tuple[Observation, ...] = ()
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    required_pace: float | None = None
    recent_pace: float | None = None
    pace_unit: str = ""
    recent_pace_years: tuple[int, int] | None = None
    peers_pace_share: float | None = None
    peers_count: int = 0
    year_reached: int | None = None
    probability_same_standard: float | None = None
    probability_stretch: float | None = None
    probability_basically: float | None = None
    probability_average: float | None = None
    years_met: tuple[tuple[int, float], ...] = ()
    areas_met: tuple[int, int] | None = None
    horizon: int | None = None
    monte_carlo_error: float | None = None
    effective_draws: float | None = None
    narrowing: float | None = None
    notes: tuple[Note, ...] = ()
