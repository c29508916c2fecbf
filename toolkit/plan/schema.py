"""Typed plans: what a plan file says beside its targets, and the targets in the plan's order."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from toolkit.base.errors import UsageError
from toolkit.base.names import nearest
from toolkit.base.texts import Language, say
from toolkit.plan.targets import (
    AnnualChangeRule,
    AverageRule,
    EachYearRule,
    Identifier,
    LevelRule,
    MilestoneRule,
    Name,
    RatioToBaseRule,
    RatioToRule,
    Rule,
    Strict,
    Target,
    Text,
    Year,
)

__all__ = (
    "AnnualChangeRule",
    "AverageRule",
    "EachYearRule",
    "LevelRule",
    "MilestoneRule",
    "Office",
    "Plan",
    "PlanHeader",
    "ProxySwitches",
    "RatioToBaseRule",
    "RatioToRule",
    "Report",
    "ReportingBodies",
    "Rule",
    "StandingBody",
    "Target",
)


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


class Plan(PlanHeader):
    """A plan and its targets, in the plan's order."""

    targets: tuple[Target, ...]

    @property
    def names(self) -> dict[str, str]:
        """The plan's title by language."""
        return {"vi": self.name_vi, "en": self.name_en}

    def name(self, lang: Language) -> str:
        """Return the plan's title in `lang`."""
        return self.names[lang]

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
        message = say("plan.no_target", number=self.number, target=target_id)
        raise UsageError(message, say("plan.near", near=near))

    def bodies_on(self, day: date) -> ReportingBodies | None:
        """Return who reports to whom on `day`, or None where the plan file has no setting for it."""
        for bodies in self.reporting_bodies:
            if bodies.from_day <= day and (bodies.to_day is None or day <= bodies.to_day):
                return bodies
        return None
