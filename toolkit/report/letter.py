"""Letterhead, addressee and signature of a report that is sent: settings of the plan file, open where not set."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.plan.plan import Plan
from toolkit.report.cycle import Cycle
from toolkit.report.words import Words


@dataclass(frozen=True)
class Letter:
    """What Decree 30 asks to stand around a report.

    Attributes
    ----------
    superior, body, number, place_and_date :
        Of the head, dotted where the office has to fill in.
    subject :
        What the report is about, under its form ("BÁO CÁO").
    addressee :
        "Kính gửi: …"; empty for a report outside a cycle.
    authority, post, signer, copies :
        Of the signature and of "Nơi nhận".
    """

    superior: str = ""
    body: str = ""
    number: str = ""
    place_and_date: str = ""
    subject: str = ""
    addressee: str = ""
    authority: str = ""
    post: str = ""
    signer: str = ""
    copies: tuple[str, ...] = ()


def letter_of(plan: Plan, words: Words, *, subject: str, year: int, cycle: Cycle | None) -> Letter:
    """Return the letter around a report.

    Parameters
    ----------
    plan :
        Its ``office`` and ``reporting_bodies`` are the settings.
    subject :
        Title of the report.
    year :
        Year in which it is dated; day and month stay open.
    cycle :
        The reporting round, which has an addressee; None for none.
    """
    office = plan.office
    addressee = cycle.receiver(words.language) if cycle is not None else ""
    return Letter(
        superior=(office.superior or words.t("paper.superior")).upper(),
        body=(office.body or words.t("paper.body")).upper(),
        number=words.t("paper.number", symbol=office.symbol or "…"),
        place_and_date=words.t("paper.place_and_date", place=office.place or "…", year=year),
        subject=subject,
        addressee=words.t("paper.addressee", receiver=addressee) if addressee else "",
        authority=(office.authority or words.t("paper.authority")).upper(),
        post=(office.post or words.t("paper.post")).upper(),
        signer=office.signer or words.t("paper.signer"),
        copies=_copies(office.copies or ((addressee,) if addressee else ()), words),
    )


def _copies(receivers: tuple[str, ...], words: Words) -> tuple[str, ...]:
    return (*(f"{receiver};" for receiver in receivers), words.t("paper.archive"))
