"""Contradictions inside a rule, a target or a plan, found on the raw entries so that all show at once.

A type error in one field must not hide a contradiction in another; hence these checks read plain
mappings and skip what is not of the kind they need (the types are refused elsewhere).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Raw = Mapping[str, object]


@dataclass(frozen=True)
class Fault:
    """One contradiction.

    Attributes
    ----------
    field :
        Where, as a dotted path inside the entry (``"rule.to"``).
    problem, remedy :
        What is wrong and what to do.
    """

    field: str
    problem: str
    remedy: str


def rule_faults(rule: Raw) -> Iterator[Fault]:
    """Yield what contradicts itself in one rule."""
    first, last = rule.get("from"), rule.get("to")
    if isinstance(first, int) and isinstance(last, int) and first > last:
        yield Fault("rule.from", f"the period starts in {first} and ends in {last}.", "Let from be at most to.")
    op, value, stretch = rule.get("op"), rule.get("value"), rule.get("stretch")
    if isinstance(op, str) and isinstance(value, int | float) and isinstance(stretch, int | float):
        harder = stretch > value if op.startswith(">") else stretch < value
        if not harder:
            yield Fault(
                "rule.stretch",
                f"{stretch} is no harder than the value {value} (op {op}).",
                "Give a stretch value on the far side of the value, or leave it out.",
            )
    if rule.get("wording") == "basically" and rule.get("tolerance") is None:
        yield Fault(
            "rule.tolerance",
            "a target worded 'basically' needs a stated tolerance.",
            "Add rule.tolerance in the target's unit, and rule.tolerance to inferred if it is your reading.",
        )


def target_faults(target: Raw) -> Iterator[Fault]:
    """Yield what contradicts itself in one target, its rule included."""
    rule = target.get("rule")
    if isinstance(rule, Mapping):
        yield from rule_faults(rule)
        yield from _years_faults(target, rule)
        yield from _unit_faults(target, rule)
    yield from _part_faults(target)
    yield from _inferred_faults(target)
    if target.get("level") == "province" and target.get("each_area") is True:
        yield Fault(
            "each_area",
            "a target stated for the province alone cannot have to hold in each locality.",
            "Remove level: province or each_area: true.",
        )


def _years_faults(target: Raw, rule: Raw) -> Iterator[Fault]:
    due, last, base = target.get("due"), rule.get("to"), rule.get("base_year")
    if not isinstance(due, int):
        return
    if isinstance(last, int) and last > due:
        yield Fault("rule.to", f"the period ends in {last}, after the due year {due}.", "Let to be at most due.")
    if isinstance(base, int) and base >= due:
        yield Fault("rule.base_year", f"the base {base} is not before the due year {due}.", "Give an earlier base.")


def _unit_faults(target: Raw, rule: Raw) -> Iterator[Fault]:
    milestone_unit, milestone_rule = target.get("unit") == "milestone", rule.get("kind") == "milestone"
    if milestone_unit != milestone_rule and isinstance(target.get("unit"), str):
        yield Fault(
            "unit",
            "the unit milestone and the rule kind milestone belong together.",
            "Give both, or a unit of measurement and a rule with a number.",
        )


def _part_faults(target: Raw) -> Iterator[Fault]:
    if target.get("part_of") is None:
        if target.get("one_denominator") is not None:
            yield Fault("one_denominator", "there is no part_of it could speak of.", "Add part_of, or remove it.")
        return
    if target.get("part_of") == target.get("id"):
        yield Fault("part_of", "a target cannot be part of itself.", "Name the row that holds the whole.")
    for field, meaning in (
        ("share_of", "of what it is a share"),
        ("one_denominator", "whether part and whole share one denominator (true or false)"),
    ):
        if target.get(field) is None:
            yield Fault(field, f"a target with part_of has to say {meaning}.", f"Add {field}.")


def _inferred_faults(target: Raw) -> Iterator[Fault]:
    inferred = target.get("inferred")
    for name in inferred if isinstance(inferred, Sequence) and not isinstance(inferred, str) else ():
        if isinstance(name, str) and not _holds(target, name.split(".")):
            yield Fault(
                "inferred", f"the target has no field {name!r}.", "Name fields of this target, such as rule.from."
            )


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
            first = identifiers.index(identifier) + 1
            problem = f"the id stands a second time (first as target {first} of the file)."
            yield position, Fault("id", problem, "Give every target an id of its own.")
        if isinstance(horizons, Sequence) and isinstance(due, int) and due not in horizons:
            problem = f"{due} is none of the plan's horizons {list(horizons)}."
            yield position, Fault("due", problem, "Mend the year, or add it to horizons.")
        for fault in _whole_faults(target, targets):
            yield position, fault


def _header_faults(header: Raw) -> Iterator[Fault]:
    proxies = header.get("proxies")
    if isinstance(proxies, Mapping):
        on, off = proxies.get("on"), proxies.get("off")
        if isinstance(on, Sequence) and isinstance(off, Sequence):
            for name in sorted({str(proxy) for proxy in on} & {str(proxy) for proxy in off}):
                yield Fault("proxies", f"{name} is switched on and off.", "Leave it in one of the two lists.")


def _whole_faults(target: Raw, targets: Sequence[Raw]) -> Iterator[Fault]:
    whole_id = target.get("part_of")
    if not isinstance(whole_id, str) or whole_id == target.get("id"):
        return
    wholes = [other for other in targets if other.get("id") == whole_id]
    if not wholes:
        yield Fault("part_of", f"there is no target {whole_id!r}.", "Name the id of the row that holds the whole.")
        return
    whole = wholes[0]
    if whole.get("part_of") is not None:
        yield Fault("part_of", f"{whole_id} is a part itself.", "Name the row of the whole: parts have one level.")
    if target.get("one_denominator") is True and (whole.get("unit"), whole.get("due")) != (
        target.get("unit"),
        target.get("due"),
    ):
        yield Fault(
            "one_denominator",
            f"unit or due year differ from those of {whole_id}.",
            "Set one_denominator: false, or give both rows one unit and year.",
        )
