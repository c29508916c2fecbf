"""The one frozen document of an area: whatever a page, a Word file or a spreadsheet shows comes from here."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.attainment.local import assess_local
from toolkit.attainment.result import Attainment
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.schema import Plan
from toolkit.reports.blocks import AreaDocument, Head, Section
from toolkit.reports.context import Context, RunFacts, SourceBook, cycle_of, foot, kicker, letter
from toolkit.reports.data_quality import gaps_section, most_wanted, readings_section
from toolkit.reports.fan_charts import charts_section
from toolkit.reports.method import method_section, provenance_section, sources_section
from toolkit.reports.outlook import headline, movable_section, nowcast_section, pace_section, standards_section
from toolkit.reports.targets import own_section, tally, targets_section
from toolkit.reports.wording import words


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


def _notices(context: Context) -> tuple[str, ...]:
    wording, area = context.words, context.area
    if area.valid_to is None or area.valid_to >= context.facts.as_of:
        return ()
    key = "notice.former_district" if area.level == "district" else "notice.former_area"
    return (wording.t(key, area=area.name(wording.language), day=wording.day(area.valid_to)),)
