"""Sentences made from the numbers; none says more than the evidence behind it allows.

The evidence grade decides how a sentence begins (its condition), whether its probability is "about" or "at
least", and whether the area itself may be the subject; the probability decides the verb.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from toolkit.attainment.attainment import Attainment
from toolkit.plan.judgement import Bound
from toolkit.report.context import Context

JUDGED = (
    ("met", ("met",)),
    ("likely", ("very_likely", "likely")),
    ("even", ("about_as_likely_as_not",)),
    ("unlikely", ("unlikely", "very_unlikely")),
    ("not_met", ("not_met",)),
)
"""Verdicts as the first sentence adds them up."""
OPEN = (
    ("open", ("not_decided_by_bound", "outlook", "orientation")),
    ("cannot_be_assessed", ("cannot_be_assessed",)),
    ("milestone", ("milestone",)),
)
"""What has no likelihood."""


def headline(context: Context, most_wanted: str) -> tuple[str, ...]:
    """Return the answer in two to four sentences.

    Parameters
    ----------
    context :
        The area's numbers.
    most_wanted :
        The sentence about the figure that would help most; empty for none.
    """
    sentences = [counts_sentence(context)]
    leading = leading_target(context)
    if leading is not None:
        sentences.append(verdict_sentence(context, leading))
    other = weakest_target(context, leading) or strongest_target(context, leading)
    if other is not None:
        sentences.append(verdict_sentence(context, other))
    if most_wanted:
        sentences.append(most_wanted)
    return tuple(sentences)


def counts_sentence(context: Context) -> str:
    """Return how many of the plan's statements have which kind of answer."""
    words = context.words
    judged, rest = (
        [(name, sum(item.verdict in verdicts for item in context.attainments)) for name, verdicts in groups]
        for groups in (JUDGED, OPEN)
    )
    total = sum(number for _, number in judged)
    listed, others = (
        words.listed([words.counted(f"count.{name}", number) for name, number in groups if number])
        for groups in (judged, rest)
    )
    fields = {"total": len(context.attainments), "number": context.plan.number, "list": listed}
    text = words.counted("headline.answered", total, **fields) if total else words.t("headline.none_answered", **fields)
    sentence = words.sentence(text)
    return f"{sentence} {words.sentence(words.t('headline.rest', rest=others))}" if others else sentence


def condition(context: Context, attainment: Attainment) -> str:
    """Return what a sentence about an attainment has to say first, by its evidence grade; empty for grade A."""
    words = context.words
    path = context.path(attainment)
    parts = []
    if attainment.grade.startswith("B") and path is not None:
        parts.append(words.counted("condition.few", path.evidence.own_points))
    if attainment.grade.startswith("C") and path is not None:
        parts.append(words.t("condition.borrowed", area=context.here, parent=context.followed(path)))
    if path is not None and path.proxy is not None:
        parts.append(words.t("condition.proxy", indicator=context.stand_in(path)))
    elif "D" in attainment.grade:  # the stand-in is that of another quantity in the rule, such as a benchmark
        parts.append(words.t("condition.proxy_part"))
    return "; ".join(parts)


def verdict_sentence(context: Context, attainment: Attainment) -> str:
    """Return one sentence that answers one target, hedged by its probability and its evidence grade."""
    words = context.words
    quoted = context.quoted(attainment)
    if attainment.outcome == "settled":
        value = context.judged(attainment, attainment.last_value)
        text = words.t(f"settled.{attainment.verdict}", target=quoted, value=value, year=attainment.last_year)
        return words.sentence(text)
    if attainment.outcome != "probability":
        return words.sentence(words.t(f"state.{attainment.outcome}", target=quoted))
    tense = "past" if attainment.due < context.year else "future"
    phrase = words.t(f"phrase.{attainment.verdict}.{tense}", target=quoted, chance=chance(context, attainment))
    before = condition(context, attainment)
    return words.sentence(words.t("conditional", condition=before, statement=phrase) if before else phrase)


def chance(context: Context, attainment: Attainment) -> str:
    """Return the probability in words: plain for grade A, "about" for weaker evidence, "at least" through a bound."""
    words = context.words
    if attainment.bound == "at_least":
        shown = words.numbers.percent(whole_percent(attainment.probability or 0.0, attainment.bound) / 100)
        return words.t("chance.at_least", probability=shown)
    probability = attainment.probability if attainment.probability is not None else float("nan")
    if probability < 0.01 or probability > 0.99:
        limit = words.numbers.percent(0.01 if probability < 0.01 else 0.99)
        return words.t("chance.below" if probability < 0.01 else "chance.above", probability=limit)
    shown = words.numbers.probability(probability)
    return words.t("chance.plain" if attainment.grade == "A" else "chance.about", probability=shown)


def whole_percent(probability: float, bound: Bound) -> int:
    """Return a probability in whole per cent as it is written: a bound is rounded down, nothing is more than 99.

    >>> whole_percent(0.839, "at_least"), whole_percent(0.839, "exact"), whole_percent(1.0, "exact")
    (83, 84, 99)
    """
    written = int(100 * probability + 1e-9) if bound == "at_least" else round(100 * probability)
    return min(written, 99)


def open_targets(context: Context) -> tuple[Attainment, ...]:
    """Return what still lies ahead and has a likelihood word, in the plan's order."""
    return tuple(
        attainment
        for attainment in context.attainments
        if attainment.outcome == "probability" and attainment.verdict != "outlook" and attainment.due >= context.year
    )


def _graded(attainment: Attainment) -> int:
    return "ABC".find(attainment.grade[:1]) + (3 if "D" in attainment.grade else 0)


def leading_target(context: Context) -> Attainment | None:
    """Return the open target to speak of first: one that a coming change of standard touches, else the best known."""
    choices = open_targets(context)
    touched = [attainment for attainment in choices if attainment.probability_same_standard is not None]
    ranked = sorted(touched or choices, key=lambda attainment: (attainment.due, _graded(attainment)))
    return ranked[0] if ranked else None


def weakest_target(context: Context, leading: Attainment | None) -> Attainment | None:
    """Return the open target that is least likely to be met, if any is unlikely."""
    choices = _without(open_targets(context), leading, ("unlikely", "very_unlikely"))
    return min(choices, key=lambda attainment: (attainment.probability or 0.0, _graded(attainment)), default=None)


def strongest_target(context: Context, leading: Attainment | None) -> Attainment | None:
    """Return the open target that is most likely to be met, if any is likely; the best known of equals."""
    choices = _without(open_targets(context), leading, ("likely", "very_likely"))
    return min(choices, key=lambda attainment: (_graded(attainment), -(attainment.probability or 0.0)), default=None)


def _without(choices: Iterable[Attainment], leading: Attainment | None, verdicts: Sequence[str]) -> list[Attainment]:
    return [attainment for attainment in choices if attainment is not leading and attainment.verdict in verdicts]
