"""Whether the districts add up to the province: each is forecast from its own figures, so the gap is told."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.forecast.summary import CoherenceGap, coherence_gaps
from toolkit.report.context import Context
from toolkit.report.parts import Cell, Column, Paragraph, Table
from toolkit.report.sections import Section


def coherence_section(contexts: Sequence[Context], main: Context) -> Section:
    """Return how far the areas below `main` lie, taken together, from its own forecast.

    Empty where the areas do not make up the whole, or nothing can be added up.
    """
    wording = main.words
    parts = [context.area.code for context in contexts if context is not main]
    level = {context.area.level for context in contexts if context is not main}
    found: tuple[CoherenceGap, ...] = ()
    if level == {"district"} and len(parts) == _districts(main):
        years = sorted({main.facts.as_of.year, *(item.due for item in main.attainments if _near(main, item.due))})
        found = coherence_gaps(main.forecasts, main.dataset, main.area.code, parts, years)
    title = wording.t("section.coherence")
    if not found:
        return Section("coherence", title, ())
    table = Table(
        key="coherence",
        caption=wording.t("coherence.caption"),
        columns=tuple(
            Column(wording.t(f"column.{name}"), numeric=name != "indicator")
            for name in ("indicator", "year", "province_own", "parts_together", "parts_gap")
        ),
        rows=tuple(_row(main, gap) for gap in found),
        quiet=True,
    )
    apart = sum(not gap.agrees for gap in found)
    verdict = wording.counted("coherence.apart", apart) if apart else wording.t("coherence.agree")
    return Section("coherence", title, (Paragraph(verdict), Paragraph(wording.t("coherence.intro"), "note"), table))


def _districts(main: Context) -> int:
    areas = main.dataset.areas.all(level="district")
    return sum(area.parent_code == main.area.code for area in areas)


def _near(main: Context, due: int) -> bool:
    return main.facts.as_of.year <= due <= main.facts.as_of.year + 8


def _row(main: Context, gap: CoherenceGap) -> tuple[Cell, ...]:
    wording, indicator = main.words, main.dataset.indicators[gap.indicator]
    printed, places = main.printed_unit(indicator), indicator.decimals
    unit = "percentage_points" if indicator.unit == "percent" else indicator.unit
    name = indicator.names[wording.language]
    basis = wording.t(f"coherence.weights.{gap.weights}", parts=gap.parts, borrowed=gap.borrowed)
    return (
        Cell(name if gap.scope == "all" else f"{name}, {wording.t(f'scope.{gap.scope}')}", (basis,)),
        Cell(str(gap.year), (), gap.year),
        Cell(wording.amount(gap.whole, indicator.unit, places, printed=printed), (), gap.whole),
        Cell(wording.amount(gap.together, indicator.unit, places, printed=printed), (), gap.together),
        Cell(
            wording.amount(gap.median, unit, places, printed=printed),
            (wording.interval(gap.low, gap.high, unit, places, printed=printed),),
            gap.median,
        ),
    )
