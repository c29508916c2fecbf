"""From a probability to a verdict, and from evidence to a grade."""

from __future__ import annotations

from toolkit.attainment.result import Bound, Verdict
from toolkit.forecast.paths import Path
from toolkit.plan.schema import LevelRule, Rule

LONGEST_TESTED_HORIZON = 8
"""Years ahead for which forecasts were ever tested; beyond, a probability is an outlook without a likelihood word."""


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


def bound_of(rule: Rule, path: Path) -> Bound | None:
    """Return what a path's probability is for this rule, or None if the path cannot answer it.

    A stand-in that is an upper bound makes a target of the kind "below" at least as likely as it looks, and says
    nothing about one of the kind "above"; changes, means and ratios of a bound bound nothing.
    """
    if path.proxy is None or path.proxy.relation == "equal":
        return "exact"
    if not isinstance(rule, LevelRule):
        return None
    helpful = ("<", "<=") if path.proxy.relation == "upper_bound" else (">", ">=")
    return "at_least" if rule.op in helpful else None


def grade_of(*paths: Path) -> str:
    """Return the evidence grade of what rests on all of `paths`: the weakest basis, ``·D`` if any is a stand-in.

    Without a path it is ``N``.
    """
    if not paths:
        return "N"
    weakest = max(path.evidence.basis for path in paths)
    return f"{weakest}·D" if any(path.proxy is not None for path in paths) else weakest
