"""Contradictions inside a rule, a target or a plan, found on the raw entries so that all show at once.

A type error in one field must not hide a contradiction in another; hence these checks read plain
mappings and skip what is not of the kind they need (the types are refused elsewhere).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from toolkit.base.texts import say

Raw = Mapping[str, object]


@dataclass(frozen=True)
class Fault:
    """One contradiction.

    Attributes
    ----------
    field :
        Where, as a dotted path inside the entry (``"rule.to"``).
    key, fields :
        The words: catalogue keys ``plan.problem.<key>`` and ``plan.remedy.<key>``, and what fills them.
    """

    field: str
    key: str
    fields: Mapping[str, object] = dataclass_field(default_factory=dict)

    @property
    def problem(self) -> str:
        """What is wrong, in the user's language."""
        return say(f"plan.problem.{self.key}", **self.fields)

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return say(f"plan.remedy.{self.key}", **self.fields)


def rule_faults(rule: Raw) -> Iterator[Fault]:
    """Yield what contradicts itself in one rule."""
    first, last = rule.get("from"), rule.get("to")
    if isinstance(first, int) and isinstance(last, int) and first > last:
        yield Fault("rule.from", "backwards", {"first": first, "last": last})
    op, value, stretch = rule.get("op"), rule.get("value"), rule.get("stretch")
    if isinstance(op, str) and isinstance(value, int | float) and isinstance(stretch, int | float):
        harder = stretch > value if op.startswith(">") else stretch < value
        if not harder:
            yield Fault("rule.stretch", "stretch", {"stretch": stretch, "value": value, "op": op})
    if rule.get("wording") == "basically" and rule.get("tolerance") is None:
        yield Fault("rule.tolerance", "tolerance")


def target_faults(target: Raw) -> Iterator[Fault]:
    """Yield what contradicts itself in one target, its rule included."""
    rule = target.get("rule")
    if isinstance(rule, Mapping):
        yield from rule_faults(rule)
        yield from _years_faults(target, rule)
        milestone_unit, milestone_rule = target.get("unit") == "milestone", rule.get("kind") == "milestone"
        if milestone_unit != milestone_rule and isinstance(target.get("unit"), str):
            yield Fault("unit", "milestone")
    yield from _part_faults(target)
    yield from _inferred_faults(target)
    if target.get("level") == "province" and target.get("each_area") is True:
        yield Fault("each_area", "each_area")


def _years_faults(target: Raw, rule: Raw) -> Iterator[Fault]:
    due, last, base = target.get("due"), rule.get("to"), rule.get("base_year")
    if isinstance(due, int) and isinstance(last, int) and last > due:
        yield Fault("rule.to", "after_due", {"year": last, "due": due})
    if isinstance(due, int) and isinstance(base, int) and base >= due:
        yield Fault("rule.base_year", "base", {"year": base, "due": due})


def _part_faults(target: Raw) -> Iterator[Fault]:
    if target.get("part_of") is None:
        if target.get("one_denominator") is not None:
            yield Fault("one_denominator", "no_part")
        return
    if target.get("part_of") == target.get("id"):
        yield Fault("part_of", "part_of_itself")
    for name in ("share_of", "one_denominator"):
        if target.get(name) is None:
            yield Fault(name, f"no_{name}")


def _inferred_faults(target: Raw) -> Iterator[Fault]:
    inferred = target.get("inferred")
    for name in inferred if isinstance(inferred, Sequence) and not isinstance(inferred, str) else ():
        if isinstance(name, str) and not _holds(target, name.split(".")):
            yield Fault("inferred", "inferred", {"name": name})


def _holds(entry: Raw, path: Sequence[str]) -> bool:
    here: object = entry
    for part in path:
        if not isinstance(here, Mapping) or here.get(part) is None:
            return False
        here = here[part]
    return True


def plan_faults(header: Raw, targets: Sequence[Raw]) -> Iterator[tuple[int | None, Fault]]:
    """Yield contradictions between a plan's header and its targets, with the position of the target.

    The position is None where the header itself is at fault.
    """
    yield from ((None, fault) for fault in _header_faults(header))
    identifiers = [target.get("id") for target in targets]
    horizons = header.get("horizons")
    for position, target in enumerate(targets):
        identifier, due = target.get("id"), target.get("due")
        if identifier is not None and identifier in identifiers[:position]:
            yield position, Fault("id", "duplicate", {"first": identifiers.index(identifier) + 1})
        if isinstance(horizons, Sequence) and isinstance(due, int) and due not in horizons:
            choices = ", ".join(str(year) for year in horizons)
            yield position, Fault("due", "horizon", {"year": due, "horizons": choices})
        for fault in _whole_faults(target, targets):
            yield position, fault


def _header_faults(header: Raw) -> Iterator[Fault]:
    proxies = header.get("proxies")
    if isinstance(proxies, Mapping):
        on, off = proxies.get("on"), proxies.get("off")
        if isinstance(on, Sequence) and isinstance(off, Sequence):
            for name in sorted({str(proxy) for proxy in on} & {str(proxy) for proxy in off}):
                yield Fault("proxies", "on_and_off", {"proxy": name})


def _whole_faults(target: Raw, targets: Sequence[Raw]) -> Iterator[Fault]:
    whole_id = target.get("part_of")
    if not isinstance(whole_id, str) or whole_id == target.get("id"):
        return
    whole = next((other for other in targets if other.get("id") == whole_id), None)
    if whole is None:
        yield Fault("part_of", "part_of_nothing", {"target": whole_id})
        return
    if whole.get("part_of") is not None:
        yield Fault("part_of", "part_of_part", {"target": whole_id})
    unlike = (whole.get("unit"), whole.get("due")) != (target.get("unit"), target.get("due"))
    if target.get("one_denominator") is True and unlike:
        yield Fault("one_denominator", "unlike_whole", {"target": whole_id})
