"""The answer to one target in one area: numbers, a verdict on the likelihood scale, notes as keys. No words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from toolkit.data.observations import Observation
from toolkit.plan.judgement import Bound, Note

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
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Outcome = Literal["settled", "probability", "milestone", "orientation", "cannot_assess"]

LONGEST_TESTED_HORIZON = 8
"""Years ahead for which forecasts were ever tested; beyond, a probability is an outlook without a likelihood word."""


@dataclass(frozen=True)
class Attainment:
    """The answer to one target in one area.

    Attributes
    ----------
    area_code, target_id, due :
        What is answered.
    outcome :
        How it is answered.
    probability :
        P(target met), 0..1: 1 or 0 when settled, None where there is none.
    bound :
        Whether it is that probability or at least that probability.
    verdict :
        The verdict.
    grade :
        The evidence grade ``A``, ``B``, ``C``, with ``·D`` through a proxy; ``N`` without evidence; empty for
        milestones.
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
    expected :
        Median of the judged quantity: the level, ratio or mean at the due year, the worst year's value or change for
        rules about every year.
    low, high :
        Its 80 % interval.
    required_pace :
        Constant yearly pace needed from the newest figure to the due year; 0 where it is enough to hold what has
        been reached.
    recent_pace :
        The pace lately kept.
    pace_unit :
        ``percentage_points_per_year``, ``percent_per_year`` or ``<unit>_per_year``; empty without a pace.
    recent_pace_years :
        First and last year of the recent pace.
    peers_pace_share :
        Share of past spells of other areas that kept the required pace or better.
    peers_count :
        Number of those spells.
    year_reached :
        First year with P >= 1/2 (rules about the due year).
    probability_same_standard :
        The probability if today's standard stayed in force, where a change lies ahead.
    probability_stretch :
        Of the harder value.
    probability_basically :
        Of the softer reading of "basically".
    probability_average :
        Of the mean change, where every year is judged.
    years_met :
        (year, P) for rules about every year, judged years only.
    areas_met :
        (expected to meet it, all) localities, at the province, for rules about each of them.
    horizon :
        Years from the newest figure to the due year, at least 0.
    monte_carlo_error :
        Standard error of the probability from the number of draws.
    effective_draws :
        That number after reweighting.
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


def likelihood(probability: float) -> Verdict:
    """Return the word of the IPCC's scale.

    Mastrandrea et al. 2010, guidance note for lead authors of the fifth assessment report, table 1: very likely
    90–100 %, likely 66–100 %, about as likely as not 33–66 %, unlikely 0–33 %, very unlikely 0–10 %.

    >>> likelihood(0.66), likelihood(0.33), likelihood(0.1)
    ('likely', 'unlikely', 'very_unlikely')
    """
    if probability >= 0.90:
        return "very_likely"
    if probability >= 0.66:
        return "likely"
    if probability <= 0.10:
        return "very_unlikely"
    if probability <= 0.33:
        return "unlikely"
    return "about_as_likely_as_not"


def verdict_of(probability: float, bound: Bound, horizon: int) -> Verdict:
    """Return the verdict of an unsettled target.

    Through a bound the probability is at least `probability`: a low one says nothing.

    >>> verdict_of(0.2, "at_least", 5), verdict_of(0.7, "at_least", 5), verdict_of(0.95, "exact", 9)
    ('not_decided_by_bound', 'likely', 'outlook')
    """
    if horizon > LONGEST_TESTED_HORIZON:
        return "outlook"
    word = likelihood(probability)
    if bound == "at_least" and word in ("unlikely", "very_unlikely"):
        return "not_decided_by_bound"
    return word
