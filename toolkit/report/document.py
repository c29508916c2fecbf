"""The one frozen document of an area: whatever a page, a Word file or a spreadsheet shows comes from here."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.attainment.attainment import Attainment
from toolkit.attainment.own_targets import assess_local
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Plan
from toolkit.report.about import method_section, provenance_section, sources_section
from toolkit.report.answers import charts_section, nowcast_section, pace_section, standards_section
from toolkit.report.context import Context, SourceBook
from toolkit.report.cycle import Cycle, cycle_of
from toolkit.report.facts import RunFacts
from toolkit.report.gaps import gaps_section, most_wanted
from toolkit.report.letter import Letter, letter_of
from toolkit.report.movable import movable_section
from toolkit.report.narrative import headline
from toolkit.report.own_targets import own_section
from toolkit.report.readings import readings_section
from toolkit.report.sections import AreaDocument, Head, Section
from toolkit.report.target_tables import tally, targets_section
from toolkit.report.words import Words, words


def build_area_document(
    area: Area,
    attainments: Sequence[Attainment],
    forecasts: Forecasts,
    dataset: Dataset,
    plan: Plan,
    *,
    language: str,
    run: RunFacts,
    cycle: str = "",
) -> AreaDocument:
    """Return the report of one area as data.

    Parameters
    ----------
    area :
        The unit that the report is about: a province, a (former) district or a commune.
    attainments :
        One for every statement of the plan, in the plan's order.
    forecasts, dataset, plan :
        What the attainments were made from.
    language :
        ``"vi"`` or ``"en"``.
    run :
        How the numbers came about.
    cycle :
        Reporting round such as ``2026-annual``; empty for a report outside the rounds.

    Returns
    -------
    AreaDocument
        Always with the same section keys; a section with nothing to say has no blocks.

    Raises
    ------
    UsageError
        For a language other than ``vi`` and ``en``.
    ValueError
        If an attainment is another area's, or a statement of the plan has none.
    """
    _check(area, attainments, plan)
    book = SourceBook(dataset.sources)
    wording = words(language)
    reporting = cycle_of(cycle, plan)
    own = assess_local(area, plan, dataset, forecasts)
    context = Context(area, tuple(attainments), forecasts, dataset, plan, run, wording, book, reporting, own)
    sections = (
        targets_section(context),
        charts_section(context),
        standards_section(context),
        movable_section(context),
        pace_section(context),
        own_section(context),
        nowcast_section(context),
        gaps_section(context),
        readings_section(context),
        method_section(wording, run, area.level),
        sources_section(wording, book),
        provenance_section(wording, run, reporting),
    )
    return AreaDocument(head=_head(context, sections), sections=sections, area_code=area.code)


def _check(area: Area, attainments: Sequence[Attainment], plan: Plan) -> None:
    strangers = {attainment.area_code for attainment in attainments} - {area.code}
    if strangers:
        message = f"attainments of {sorted(strangers)} in the document of {area.code}"
        raise ValueError(message)
    lacking = [target.id for target in plan.targets if target.id not in {item.target_id for item in attainments}]
    if lacking:
        message = f"no attainment for {', '.join(lacking)} in {area.code}"
        raise ValueError(message)


def _head(context: Context, sections: Sequence[Section]) -> Head:
    wording = context.words
    name = context.area.name(wording.language)
    return Head(
        language=wording.language,
        page_title=wording.t("page_title", area=name, number=context.plan.number),
        foot=foot(wording, context.facts),
        skip_label=wording.t("skip"),
        kicker=kicker(wording, context.cycle),
        title=wording.t("title", area=name, number=context.plan.number),
        subtitle=wording.t("subtitle", plan=context.plan.names[wording.language], day=wording.day(context.facts.as_of)),
        answer=headline(context, most_wanted(context)),
        notices=_notices(context),
        banner=wording.t("simulated") if context.facts.simulated else "",
        tally=tally(context),
        contents_title=wording.t("contents"),
        contents=tuple((section.key, section.title) for section in sections if section.blocks),
        letter=letter(context, wording.t("title", area=name, number=context.plan.number)),
    )


def kicker(words: Words, cycle: Cycle | None) -> str:
    """Return the line above the title: the reporting round and its deadline, where there is one."""
    if cycle is None:
        return words.t("kicker")
    return words.t(f"kicker.{cycle.kind}", year=cycle.year, day=words.day(cycle.deadline))


def letter(context: Context, subject: str) -> Letter:
    """Return letterhead, addressee and signature; the subject names the round."""
    words, cycle = context.words, context.cycle
    if cycle is not None:
        subject = words.t(f"subject.{cycle.kind}", year=cycle.year, subject=subject)
    return letter_of(context.plan, words, subject=subject, year=context.facts.as_of.year, cycle=cycle)


def foot(wording: Words, run: RunFacts) -> str:
    """Return the last line of every page."""
    return wording.t("foot", day=wording.day(run.as_of), commit=run.commit or wording.t("foot.no_commit"))


def _notices(context: Context) -> tuple[str, ...]:
    wording, area = context.words, context.area
    if area.valid_to is None or area.valid_to >= context.facts.as_of:
        return ()
    key = "notice.former_district" if area.level == "district" else "notice.former_area"
    return (wording.t(key, area=area.name(wording.language), day=wording.day(area.valid_to)),)
