"""Reporting rounds: the annual and the half-year report, with their day, deadline, title and addressee."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from toolkit.base.errors import UsageError
from toolkit.base.texts import Language, say
from toolkit.plan.plan import Plan, ReportingBodies

Kind = Literal["annual", "six_month"]
KINDS: dict[str, Kind] = {"annual": "annual", "six-month": "six_month"}
NAME = re.compile(r"(20\d\d)-(annual|six-month)")


@dataclass(frozen=True)
class Cycle:
    """One round of reports.

    Attributes
    ----------
    name, kind, year :
        ``2026-six-month``, what the plan calls it, and the running year.
    deadline :
        The report comes in before this day.
    bodies :
        Who reports to whom on the day before, as the plan file says; None where it does not.
    """

    name: str
    kind: Kind
    year: int
    deadline: date
    bodies: ReportingBodies | None

    def as_of(self, today: date) -> date:
        """Return the day up to which figures count: the last one before the deadline, never one still to come."""
        return min(self.deadline - timedelta(days=1), today)

    def receiver(self, language: Language) -> str:
        """Return who receives the report; empty where the plan file does not say."""
        if self.bodies is None:
            return ""
        return self.bodies.receiver_vi if language == "vi" else self.bodies.receiver_en


def cycle_of(name: str, plan: Plan) -> Cycle | None:
    """Return the round called `name`, None for an empty name.

    Parameters
    ----------
    name :
        ``YEAR-annual`` or ``YEAR-six-month``.
    plan :
        Its ``reporting`` gives the deadlines, its ``reporting_bodies`` the addressee.

    Raises
    ------
    UsageError
        If `name` is no round, or the plan asks for no such report with a day.
    """
    if not name:
        return None
    found = NAME.fullmatch(name.strip())
    if found is None:
        raise UsageError(say("report.cycle.unknown", name=name), say("report.cycle.remedy"))
    year, kind = int(found[1]), KINDS[found[2]]
    before = next((report.before for report in plan.reporting if report.kind == kind and report.before), None)
    if before is None:
        raise UsageError(say("report.cycle.not_asked", name=name, number=plan.number), say("report.cycle.remedy"))
    month, day = (int(part) for part in before.split("-"))
    deadline = date(year, month, day)
    return Cycle(name.strip(), kind, year, deadline, plan.bodies_on(deadline - timedelta(days=1)))
