"""The summary of a plan over all areas: heat map, tile map, ranking of risks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolkit.attainment.attainment import Attainment
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Plan
from toolkit.report.about import method_section, provenance_section, sources_section
from toolkit.report.changes import changes_section
from toolkit.report.coherence import coherence_section
from toolkit.report.context import Context, SourceBook
from toolkit.report.cycle import cycle_of
from toolkit.report.document import foot, kicker, letter
from toolkit.report.facts import RunFacts
from toolkit.report.heat import heat_section
from toolkit.report.narrative import chance, counts_sentence, leading_target, open_targets, verdict_sentence
from toolkit.report.parts import Cell, Column, Paragraph, Table
from toolkit.report.sections import Head, PlanDocument, Section
from toolkit.report.target_tables import tally
from toolkit.report.tiles import answer, tile_section
from toolkit.report.words import words


def build_plan_document(
    areas: Sequence[Area],
    attainments: Sequence[Attainment],
    forecasts: Forecasts,
    dataset: Dataset,
    plan: Plan,
    *,
    language: str,
    run: RunFacts,
    cycle: str = "",
    since: str = "",
) -> PlanDocument:
    """Return the summary of the plan as data.

    Parameters
    ----------
    areas :
        Areas to show, the plan's province among them or not.
    attainments :
        Of these areas, one for every statement of the plan each.
    forecasts, dataset, plan, language, run, cycle :
        As in :func:`toolkit.report.document.build_area_document`.
    since :
        Folder of an earlier run, to say what changed since then; empty for none.
    """
    wording = words(language)
    book = SourceBook(dataset.sources)
    contexts = tuple(
        Context(
            area, tuple(item for item in attainments if item.area_code == area.code), forecasts, dataset, plan, run,
            wording, book, cycle_of(cycle, plan),
        )
        for area in areas
    )  # fmt: skip
    main = next((item for item in contexts if item.area.code == plan.province_code), contexts[0])
    sections = (
        changes_section(wording, plan, _names(contexts), attainments, Path(since) if since else None),
        heat_section(contexts),
        tile_section(contexts, main),
        _risk_section(contexts, main),
        coherence_section(contexts, main),
        method_section(wording, run, "province"),
        sources_section(wording, book),
        provenance_section(wording, run, main.cycle),
    )
    return PlanDocument(
        head=_head(main, contexts, sections), sections=sections, area_codes=tuple(area.code for area in areas)
    )


def _head(main: Context, contexts: Sequence[Context], sections: Sequence[Section]) -> Head:
    wording, plan = main.words, main.plan
    answer = [counts_sentence(main)]
    leading = leading_target(main)
    if leading is not None:
        answer += [verdict_sentence(main, leading), *_spread(main, contexts, leading)]
    return Head(
        language=wording.language,
        page_title=wording.t("summary.page_title", number=plan.number),
        foot=foot(wording, main.facts),
        skip_label=wording.t("skip"),
        kicker=kicker(wording, main.cycle),
        title=wording.t("summary.title", number=plan.number),
        subtitle=wording.t("subtitle", plan=plan.names[wording.language], day=wording.day(main.facts.as_of)),
        answer=tuple(answer),
        notices=(wording.t("notice.former_districts"),) if _former(contexts, main) else (),
        banner=wording.t("simulated") if main.facts.simulated else "",
        tally=tally(main),
        contents_title=wording.t("contents"),
        contents=tuple((section.key, section.title) for section in sections if section.blocks),
        letter=letter(main, wording.t("summary.title", number=plan.number)),
    )


def _names(contexts: Sequence[Context]) -> dict[str, str]:
    return {context.area.code: context.area.name(context.words.language) for context in contexts}


def _former(contexts: Sequence[Context], main: Context) -> bool:
    return any(item.area.valid_to is not None and item.area.valid_to < main.facts.as_of for item in contexts)


def _spread(main: Context, contexts: Sequence[Context], leading: Attainment) -> list[str]:
    """Return in how many areas the leading target is likely, with the weakest grade that stands behind it."""
    others = [item for item in contexts if item is not main]
    found = [item for context in others for item in context.attainments if item.target_id == leading.target_id]
    likely = [item for item in found if item.verdict in {"likely", "very_likely", "met"}]
    if not found:
        return []
    borrowed = sum(item.grade.startswith("C") for item in found)
    fields = {"likely": len(likely), "total": len(found), "borrowed": borrowed}
    return [main.words.t("summary.spread_borrowed" if borrowed else "summary.spread", **fields)]


def _risk_section(contexts: Sequence[Context], main: Context) -> Section:
    """Return the open targets of the province, the least likely first, with how many areas share the risk."""
    wording = main.words
    found = sorted(open_targets(main), key=lambda item: item.probability or 0.0)
    if not found:
        return Section("risks", wording.t("section.risks"), (Paragraph(wording.t("summary.no_risk")),))
    others = [context for context in contexts if context is not main]
    titles = ("target", "likelihood", "required", "areas_at_risk", "grade")
    table = Table(
        key="risks",
        caption=wording.t("summary.risk_caption"),
        columns=tuple(Column(wording.t(f"column.{title}")) for title in titles),
        rows=tuple(_risk_row(main, others, item) for item in found),
        quiet=True,
    )
    return Section("risks", wording.t("section.risks"), (Paragraph(wording.t("summary.risk_intro"), "note"), table))


def _risk_row(main: Context, others: Sequence[Context], attainment: Attainment) -> tuple[Cell, ...]:
    wording = main.words
    below = [answer(context, attainment.target_id) for context in others]
    judged = [item for item in below if item.outcome == "probability"]
    risky = [item for item in judged if item.verdict in {"unlikely", "very_unlikely"}]
    areas = wording.t("summary.areas_at_risk", risky=len(risky), judged=len(judged)) if judged else "–"
    return (
        Cell(main.name(attainment), (main.asked(attainment), attainment.target_id)),
        Cell(
            wording.verdict(attainment.verdict), (chance(main, attainment),), attainment.probability, (),
            attainment.verdict, attainment.probability,
        ),
        Cell(main.required(attainment), (), attainment.required_pace),
        Cell(areas),
        Cell(attainment.grade),
    )  # fmt: skip
