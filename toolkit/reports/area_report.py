"""The one frozen document of an area: whatever a page, a Word file or a spreadsheet shows comes from here."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.attainment.attainment import Attainment
from toolkit.attainment.own_targets import assess_local
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Plan
from toolkit.reports.blocks import Document
from toolkit.reports.context import Context, RunFacts, SourceBook, cycle_of, head_of
from toolkit.reports.data_quality import gaps_section, most_wanted, readings_section
from toolkit.reports.fan_charts import charts_section
from toolkit.reports.method import method_section, provenance_section, sources_section
from toolkit.reports.outlook import headline, nowcast_section, pace_section, standards_section, this_year_section
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
) -> Document:
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
    Document
        Always with the same section keys; a section with nothing to say has no blocks.

    Raises
    ------
    UsageError
        For a language other than ``vi`` and ``en``.
    ValueError
        If an attainment is another area's, or a statement of the plan has none.
    """
    _check(area, attainments, plan)
    wording, book, reporting = words(language), SourceBook(dataset.sources), cycle_of(cycle, plan)
    own = assess_local(area, plan, dataset, forecasts)
    context = Context(area, tuple(attainments), forecasts, dataset, plan, run, wording, book, reporting, own)
    sections = (
        targets_section(context),
        charts_section(context),
        standards_section(context),
        this_year_section(context),
        pace_section(context),
        own_section(context),
        nowcast_section(context),
        gaps_section(context),
        readings_section(context),
        method_section(wording, run, area.level),
        sources_section(wording, book),
        provenance_section(wording, run, reporting),
    )
    name = area.name(wording.language)
    notices = []
    if area.valid_to is not None and area.valid_to < run.as_of:
        key = "notice.former_district" if area.level == "district" else "notice.former_area"
        notices.append(wording.t(key, area=name, day=wording.day(area.valid_to)))
    head = head_of(
        context,
        sections,
        page_title=wording.t("page_title", area=name, number=plan.number),
        title=wording.t("title", area=name, number=plan.number),
        answer=headline(context, most_wanted(context)),
        notices=notices,
        tally=tally(context),
    )
    return Document(head, sections)


def _check(area: Area, attainments: Sequence[Attainment], plan: Plan) -> None:
    strangers = {attainment.area_code for attainment in attainments} - {area.code}
    if strangers:
        message = f"attainments of {sorted(strangers)} in the document of {area.code}"
        raise ValueError(message)
    judged = {item.target_id for item in attainments}
    lacking = [target.id for target in plan.targets if target.id not in judged]
    if lacking:
        message = f"no attainment for {', '.join(lacking)} in {area.code}"
        raise ValueError(message)
