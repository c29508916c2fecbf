"""Plans: what a plan file says of itself, its targets in the plan's order, and what contradicts itself in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from toolkit.base.errors import UsageError
from toolkit.base.texts import Language, Tabular, nearest, say
from toolkit.data.indicators import Scope
from toolkit.plan.judgement import Contradiction, Name, Raw, RuleBase, Strict, Year, refuse
from toolkit.plan.rules import RULES, Rule

if TYPE_CHECKING:
    import pandas as pd

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class Target(Strict):
    """One statement of a plan.

    Attributes
    ----------
    id :
        Our number.
    due :
        The due year.
    clause :
        Section and paragraph in the plan.
    indicator, scope, unit :
        What is judged.
    name_vi, name_en :
        Its short wording.
    rule :
        How it is judged.
    level :
        ``"province"`` where the plan states the value for the province alone.
    each_area :
        True where it has to hold in every locality.
    inferred :
        Fields that the plan's text leaves open and that had to be read into it.
    part_of :
        The row whose "trong đó" this is.
    one_denominator :
        Whether both are shares of the same thing.
    share_of, share_of_vi :
        Of what.
    note, note_vi :
        A remark.
    lead :
        Who leads (filled in by users, never guessed).
    """

    id: Identifier
    due: Year
    clause: str
    indicator: Name
    scope: Scope
    unit: Name
    name_vi: Text
    name_en: Text
    rule: Rule
    level: Literal["province"] | None = None
    each_area: bool = False
    inferred: tuple[str, ...] = ()
    part_of: Identifier | None = None
    one_denominator: bool | None = None
    share_of: Text | None = None
    share_of_vi: Text | None = None
    note: Text | None = None
    note_vi: Text | None = None
    lead: Text | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        refuse(target_faults(self.model_dump(by_alias=True)))
        return self

    @property
    def series(self) -> tuple[tuple[str, str], ...]:
        """The (indicator, scope) pairs that the rule compares; none for a milestone."""
        benchmark = self.rule.compared_with
        compared = () if benchmark is None else ((benchmark.indicator, benchmark.scope),)
        return ((self.indicator, self.scope), *compared) if self.rule.has_number else ()

    def name(self, lang: Language) -> str:
        """Return the target's short wording in `lang`."""
        return self.name_vi if lang == "vi" else self.name_en

    def share_text(self, lang: Language) -> str:
        """Return of what the target is a share, or an empty text."""
        return (self.share_of_vi if lang == "vi" and self.share_of_vi else self.share_of) or ""


class StandingBody(Strict):
    """Who keeps the plan's books, until when, and who came after."""

    name_vi: Text
    name_en: Text | None = None
    until: date | None = None
    successor_vi: Text | None = None
    successor_en: Text | None = None


class Report(Strict):
    """A report that the plan asks for; `before` is the day (MM-DD) before which it comes in."""

    kind: Literal["six_month", "annual", "synthesis", "review"]
    name_vi: Text
    name_en: Text | None = None
    before: Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")] | None = None
    from_vi: Text
    to_vi: Text


class ReportingBodies(Strict):
    """Who reports to whom from a day on: a setting, with its basis."""

    from_day: date = Field(alias="from")
    to_day: date | None = Field(alias="to", default=None)
    reporters_vi: Text
    reporters_en: Text
    receiver_vi: Text
    receiver_en: Text
    inferred: bool
    basis_vi: Text
    basis_en: Text


class Office(Strict):
    """Letterhead and signature of the reports in Word: a setting; what is left out stays open for the office."""

    superior: Text | None = None
    body: Text | None = None
    symbol: Text | None = None
    place: Text | None = None
    authority: Text | None = None
    post: Text | None = None
    signer: Text | None = None
    copies: tuple[Text, ...] = ()


class ProxySwitches(Strict):
    """Declared stand-ins that the plan's assessment may (on) or may not (off) go through."""

    on: tuple[Name, ...] = ()
    off: tuple[Name, ...] = ()


class PlanHeader(Strict):
    """What a plan file says beside its targets."""

    id: Identifier
    number: Text
    issued: date
    issuer_vi: Text
    issuer_en: Text | None = None
    name_vi: Text
    name_en: Text
    implements: Text | None = None
    implements_vi: Text | None = None
    province_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
    base_year: Year
    horizons: Annotated[tuple[Year, ...], Field(min_length=1)]
    standing_body: StandingBody | None = None
    reporting: tuple[Report, ...] = ()
    reporting_bodies: tuple[ReportingBodies, ...] = ()
    office: Office = Office()
    duties_note: Text | None = None
    duties_note_vi: Text | None = None
    proxies: ProxySwitches = ProxySwitches()


class Plan(Tabular, PlanHeader):
    """A plan and its targets, in the plan's order."""

    targets: tuple[Target, ...]

    def name(self, lang: Language) -> str:
        """Return the plan's title in `lang`."""
        return self.name_vi if lang == "vi" else self.name_en

    def target(self, target_id: str) -> Target:
        """Return one target.

        Raises
        ------
        UsageError
            If the plan has no such target.
        """
        for target in self.targets:
            if target.id == target_id:
                return target
        near = ", ".join(nearest(target_id, [target.id for target in self.targets]))
        raise UsageError(say("plan.no_target", number=self.number, target=target_id), say("plan.near", near=near))

    def to_frame(self) -> pd.DataFrame:
        """Return the targets, one row each, with the words of their rules as they stand in the plan file."""
        import pandas as pd

        fields = [
            "id", "due", "clause", "indicator", "scope", "unit", "name_vi", "name_en", "level", "each_area", "lead",
        ]  # fmt: skip
        in_rule = ["kind", "op", "value", "stretch", "base_year", "from", "to", "tolerance"]
        rules = [target.rule.model_dump(by_alias=True) for target in self.targets]
        rows = [
            [*(getattr(target, name) for name in fields), *(rule.get(name) for name in in_rule)]
            for target, rule in zip(self.targets, rules, strict=True)
        ]
        return pd.DataFrame(rows, columns=[*fields, *in_rule])

    def with_target(self, target_id: str, *, like: str = "", **changes: object) -> Plan:
        """Return the plan with one target changed, or with a new one beside the others.

        Parameters
        ----------
        target_id :
            Of the target.
        like :
            For a new target: the one that it is made like.
        changes :
            Fields of the target or of its rule, as in a plan file (``value``, ``op``, ``due`` …); ``from_`` for
            ``from``.

        Raises
        ------
        UsageError
            For an unknown target or field, or a target that contradicts itself.

        Examples
        --------
        >>> plan.with_target("T30-03", value=5).target("T30-03").rule.value
        5.0
        """
        known = [target.id for target in self.targets]
        raw = self.target(like or target_id).model_dump(by_alias=True, exclude_none=True)
        if like and target_id in known:
            raise UsageError(say("plan.target_known", target=target_id), say("plan.target_known.remedy"))
        rule = raw["rule"]
        in_rule = {field.alias or name for name, field in RULES[rule["kind"]].model_fields.items()}
        for name, value in ((name.removesuffix("_"), value) for name, value in changes.items()):
            (rule if name in in_rule else raw)[name] = value
        changed = _checked(raw | {"id": target_id})
        targets = [changed if target.id == target_id else target for target in self.targets]
        made = self.model_copy(update={"targets": (*targets, *([changed] if like else []))})
        faults = plan_faults(made.model_dump(by_alias=True), [one.model_dump(by_alias=True) for one in made.targets])
        for _, fault in faults:
            raise refused(target_id, fault.field, fault.key, fault.fields)
        return made

    def with_proxy(self, proxy_id: str) -> Plan:
        """Return the plan with a declared stand-in switched on."""
        return self._switched(proxy_id, on=True)

    def without_proxy(self, proxy_id: str) -> Plan:
        """Return the plan with a declared stand-in switched off; one that the data do not declare is refused with them.

        >>> plan.without_proxy("poverty_dtts_from_all").proxies.off
        ('poverty_dtts_from_all',)
        """
        return self._switched(proxy_id, on=False)

    def _switched(self, proxy_id: str, *, on: bool) -> Plan:
        off = tuple(name for name in self.proxies.off if name != proxy_id)
        other = tuple(name for name in self.proxies.on if name != proxy_id)
        switches = {"on": (*other, *([proxy_id] if on else [])), "off": (*off, *([] if on else [proxy_id]))}
        return self.model_copy(update={"proxies": self.proxies.model_copy(update=switches)})

    def bodies_on(self, day: date) -> ReportingBodies | None:
        """Return who reports to whom on `day`, or None where the plan file has no setting for it."""
        for bodies in self.reporting_bodies:
            if bodies.from_day <= day and (bodies.to_day is None or day <= bodies.to_day):
                return bodies
        return None


def _checked(raw: Raw) -> Target:
    """Return a target, or refuse what it says as a user's mistake."""
    try:
        return Target.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise refused(
            str(raw["id"]), ".".join(map(str, place_in_target(first))), *words_of(first, TARGET_FIELDS)
        ) from error


def refused(name: str, field: str, key: str, fields: Mapping[str, object]) -> UsageError:
    """Return the error that a target or plan cannot be used, worded as a fault of its file."""
    reason, remedy = (say(f"plan.{part}.{key}", **fields) for part in ("problem", "remedy"))
    return UsageError(say("plan.bad_target", target=name, field=field, reason=reason), remedy)


TARGET_FIELDS = sorted(
    {*Target.model_fields, *(field.alias or name for one in RULES.values() for name, field in one.model_fields.items())}
)
TYPES = ("float_type", "int_type", "string_type", "bool_type", "date_type", "tuple_type")


def place_in_target(detail: Any) -> tuple[str | int, ...]:
    """Return where one of pydantic's errors is: it puts the kind of rule between ``rule`` and its field."""
    loc = detail["loc"]
    inside = ("rule", *loc[2:]) if loc[:1] == ("rule",) and loc[1:2] and loc[1] in RULES else loc
    return (*inside, "kind") if detail["type"].startswith("union_tag") else inside


def words_of(detail: Any, fields: Iterable[str]) -> tuple[str, dict[str, object]]:
    """Return the catalogue key of one of pydantic's errors, and what fills its text."""
    kind, context = str(detail["type"]), detail.get("ctx", {})
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    near = ", ".join(nearest(name, fields, count=2))
    choices = context.get("expected", "") if kind == "literal_error" else ", ".join(RULES)
    known = {
        "extra_forbidden": "unknown_field",
        "missing": "field_missing",
        "union_tag_invalid": "rule_kind",
        "union_tag_not_found": "no_rule_kind",
        "literal_error": "choice",
        "string_pattern_mismatch": "pattern",
        "finite_number": "not_finite",
    }
    key = known.get(kind) or (f"type_{kind.removesuffix('_type')}" if kind in TYPES else "bad_value")
    return key, {"near": near, "choices": choices, "pattern": context.get("pattern", ""), "reason": detail["msg"]}


def target_faults(target: Raw) -> Iterator[Contradiction]:
    """Yield what contradicts itself in one target and its rule, as the file has them.

    They are found on the raw entries so that a type error in one field does not hide a contradiction in another;
    entries of a wrong type are skipped (they are refused elsewhere).
    """
    rule = target.get("rule")
    if isinstance(rule, Mapping):
        yield from RULES.get(str(rule.get("kind")), RuleBase).faults(rule)
        yield from _years_faults(target, rule)
        milestone_unit, milestone_rule = target.get("unit") == "milestone", rule.get("kind") == "milestone"
        if milestone_unit != milestone_rule and isinstance(target.get("unit"), str):
            yield Contradiction("unit", "milestone")
    yield from _part_faults(target)
    yield from _inferred_faults(target)
    if target.get("level") == "province" and target.get("each_area") is True:
        yield Contradiction("each_area", "each_area")


def _years_faults(target: Raw, rule: Raw) -> Iterator[Contradiction]:
    due, last, base = target.get("due"), rule.get("to"), rule.get("base_year")
    if isinstance(due, int) and isinstance(last, int) and last > due:
        yield Contradiction("rule.to", "after_due", {"year": last, "due": due})
    if isinstance(due, int) and isinstance(base, int) and base >= due:
        yield Contradiction("rule.base_year", "base", {"year": base, "due": due})


def _part_faults(target: Raw) -> Iterator[Contradiction]:
    if target.get("part_of") is None:
        if target.get("one_denominator") is not None:
            yield Contradiction("one_denominator", "no_part")
        return
    if target.get("part_of") == target.get("id"):
        yield Contradiction("part_of", "part_of_itself")
    for name in ("share_of", "one_denominator"):
        if target.get(name) is None:
            yield Contradiction(name, f"no_{name}")


def _inferred_faults(target: Raw) -> Iterator[Contradiction]:
    inferred = target.get("inferred")
    for name in inferred if isinstance(inferred, Sequence) and not isinstance(inferred, str) else ():
        if isinstance(name, str) and not _holds(target, name.split(".")):
            yield Contradiction("inferred", "inferred", {"name": name})


def _holds(entry: Raw, path: Sequence[str]) -> bool:
    here: object = entry
    for part in path:
        if not isinstance(here, Mapping) or here.get(part) is None:
            return False
        here = here[part]
    return True


def plan_faults(header: Raw, targets: Sequence[Raw]) -> Iterator[tuple[int | None, Contradiction]]:
    """Yield contradictions between a plan's header and its targets, with the position of the target.

    The position is None where the header itself is at fault.
    """
    yield from ((None, fault) for fault in _header_faults(header))
    identifiers = [target.get("id") for target in targets]
    horizons = header.get("horizons")
    for position, target in enumerate(targets):
        identifier, due = target.get("id"), target.get("due")
        if identifier is not None and identifier in identifiers[:position]:
            yield position, Contradiction("id", "duplicate", {"first": identifiers.index(identifier) + 1})
        if isinstance(horizons, Sequence) and isinstance(due, int) and due not in horizons:
            choices = ", ".join(str(year) for year in horizons)
            yield position, Contradiction("due", "horizon", {"year": due, "horizons": choices})
        for fault in _whole_faults(target, targets):
            yield position, fault


def _header_faults(header: Raw) -> Iterator[Contradiction]:
    proxies = header.get("proxies")
    if isinstance(proxies, Mapping):
        on, off = proxies.get("on"), proxies.get("off")
        if isinstance(on, Sequence) and isinstance(off, Sequence):
            for name in sorted({str(proxy) for proxy in on} & {str(proxy) for proxy in off}):
                yield Contradiction("proxies", "on_and_off", {"proxy": name})


def _whole_faults(target: Raw, targets: Sequence[Raw]) -> Iterator[Contradiction]:
    whole_id = target.get("part_of")
    if not isinstance(whole_id, str) or whole_id == target.get("id"):
        return
    whole = next((other for other in targets if other.get("id") == whole_id), None)
    if whole is None:
        yield Contradiction("part_of", "part_of_nothing", {"target": whole_id})
        return
    if whole.get("part_of") is not None:
        yield Contradiction("part_of", "part_of_part", {"target": whole_id})
    unlike = (whole.get("unit"), whole.get("due")) != (target.get("unit"), target.get("due"))
    if target.get("one_denominator") is True and unlike:
        yield Contradiction("one_denominator", "unlike_whole", {"target": whole_id})
