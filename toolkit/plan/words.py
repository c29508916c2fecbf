"""A target's rule in words, from the catalogue: ``dưới 10%``, ``at least 1.5 times 2020``."""

from __future__ import annotations

from toolkit.base.numbers import numbers
from toolkit.base.texts import Texts
from toolkit.plan.targets import (
    AnnualChangeRule,
    AverageRule,
    EachYearRule,
    LevelRule,
    MilestoneRule,
    Operator,
    RatioToBaseRule,
    RatioToRule,
    Target,
)

OP_KEYS: dict[Operator, str] = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}


def rule_words(target: Target, unit: str, texts: Texts) -> str:
    """Return what the target's rule asks, in the language of `texts`.

    Parameters
    ----------
    target :
        The target.
    unit :
        The unit as printed in that language, such as ``%``; joined to numbers with a no-break space unless it is
        a percent sign in English.
    texts :
        The catalogue.
    """
    rule = target.rule
    if isinstance(rule, MilestoneRule):
        return texts.t("plan.rule.milestone")
    if isinstance(rule, AnnualChangeRule):
        return _annual_change(rule, texts)
    fields: dict[str, object] = {"bound": _bound(rule.op, rule.value, unit, texts)}
    match rule:
        case LevelRule():
            key = "level_basically" if rule.wording else "level"
        case RatioToBaseRule():
            key = "ratio_to_base"
            fields = {"bound": _bound(rule.op, rule.value, texts.t("plan.unit.times"), texts), "year": rule.base_year}
        case RatioToRule():
            return _ratio_to(rule, texts)
        case EachYearRule():
            key = "each_year"
            fields |= {"first": rule.from_year, "last": rule.to_year}
        case AverageRule():
            key = "average_stretch" if rule.stretch is not None else "average"
            fields |= {"first": rule.from_year, "last": rule.to_year}
    stretch = getattr(rule, "stretch", None)
    if stretch is not None:
        fields["stretch"] = quantity(stretch, unit, texts)
        key = "level_stretch" if key == "level" else key
    return texts.t(f"plan.rule.{key}", **fields)


def quantity(value: float, unit: str, texts: Texts) -> str:
    """Return a number with its printed unit."""
    formatter = numbers(texts.language)
    text = formatter.plain(value)
    if unit == "%":
        return formatter.with_percent(text)
    return f"{text}\u00a0{unit}" if unit else text


def _bound(op: Operator, value: float, unit: str, texts: Texts) -> str:
    if op == "<=" and value == 0:
        return texts.t("plan.op.none")
    if op == ">=" and value == 100 and unit == "%":
        return texts.t("plan.op.full", value=quantity(value, unit, texts))
    return texts.t(f"plan.op.{OP_KEYS[op]}", value=quantity(value, unit, texts))


def _ratio_to(rule: RatioToRule, texts: Texts) -> str:
    area = rule.benchmark.area if rule.benchmark.area in ("country", "same") else "area"
    bound = _bound(rule.op, rule.value, texts.t("plan.unit.times"), texts)
    words = texts.t(f"plan.rule.ratio_to.{area}", bound=bound)
    if not rule.tolerance:
        return words
    return texts.t("plan.rule.tolerance", words=words, tolerance=quantity(rule.tolerance, "", texts))


def _annual_change(rule: AnnualChangeRule, texts: Texts) -> str:
    unit = "%" if rule.measured_in == "percent" else texts.t("plan.unit.percentage_points")
    falls = rule.op in ("<", "<=")
    turned: dict[Operator, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
    op = turned[rule.op] if falls and rule.value < 0 else rule.op
    value = -rule.value if falls and rule.value < 0 else rule.value
    return texts.t(
        "plan.rule.annual_fall" if falls and rule.value < 0 else "plan.rule.annual_change",
        bound=_bound(op, value, unit, texts),
        first=rule.from_year,
        last=rule.to_year,
    )
