"""What data are missing, and which would help most."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.attainment.attainment import Attainment
from toolkit.report.context import Context
from toolkit.report.parts import Cell, Column, Paragraph, Table
from toolkit.report.requirement import lowered
from toolkit.report.sections import Block, Section

SHOWN = 12


@dataclass(frozen=True)
class Gap:
    """A series that the area lacks.

    Attributes
    ----------
    indicator, scope :
        What is missing.
    opens :
        Targets that cannot be assessed without it.
    firms :
        Targets whose answer rests on a stand-in, or on other areas, in its place.
    worth :
        What the ranking goes by: see :func:`gaps`.
    """

    indicator: str
    scope: str
    opens: tuple[Attainment, ...]
    firms: tuple[Attainment, ...]
    worth: float


def gaps(context: Context) -> tuple[Gap, ...]:
    """Return the missing series, the one that would help most first.

    A target that could not be answered at all counts 1. One answered through a stand-in or from other areas
    counts by what the area's own figure would take away: how uncertain the answer is, 4 p (1 − p), times the share of
    that which the figure is expected to remove (:func:`toolkit.attainment.evidence.narrowing`). Targets still ahead
    count in full, those of a past year half, those beyond the tested horizon a quarter.
    """
    found: dict[tuple[str, str], list[Attainment]] = {}
    for attainment in context.attainments:
        if _is_gap(attainment):
            target = context.target(attainment)
            found.setdefault((target.indicator, target.scope), []).append(attainment)
    ranked = [
        Gap(
            *key,
            opens=tuple(item for item in items if item.outcome == "cannot_assess"),
            firms=tuple(item for item in items if item.outcome != "cannot_assess"),
            worth=sum(_worth(context, item) for item in items),
        )
        for key, items in found.items()
    ]
    return tuple(sorted(ranked, key=lambda gap: -gap.worth))


def _is_gap(attainment: Attainment) -> bool:
    borrowed = attainment.grade[:1] == "C" or "D" in attainment.grade
    return attainment.outcome == "cannot_assess" or (attainment.outcome == "probability" and borrowed)


def _worth(context: Context, attainment: Attainment) -> float:
    when = 0.5 if attainment.due < context.year else 1.0 if attainment.due <= context.year + 8 else 0.25
    if attainment.outcome == "cannot_assess":
        return when
    chance = attainment.probability or 0.0
    removed = 1.0 if attainment.narrowing is None else attainment.narrowing
    return when * 4 * chance * (1 - chance) * removed


def most_wanted(context: Context) -> str:
    """Return the headline's sentence about the figure that would help most; empty when nothing is missing."""
    ranked = gaps(context)
    if not ranked:
        return ""
    words, first = context.words, ranked[0]
    name = lowered(context.scoped(first.indicator, first.scope))
    key, count = ("opens", len(first.opens)) if first.opens else ("firms", len(first.firms))
    text = words.counted(f"headline.gap_{key}", count, indicator=name, area=context.here)
    return words.sentence(text)


def gaps_section(context: Context) -> Section:
    """Return the ranking of missing series."""
    words = context.words
    ranked = gaps(context)
    title = words.t("section.gaps")
    if not ranked:
        return Section("gaps", title, (Paragraph(words.t("gaps.nothing")),))
    columns = tuple(Column(words.t(f"column.{name}")) for name in ("gap", "would_answer", "held_now"))
    rows = tuple(_row(context, gap) for gap in ranked[:SHOWN])
    blocks: list[Block] = [
        Paragraph(words.t("gaps.intro"), "note"),
        Table("gaps", words.t("gaps.caption"), columns, rows, quiet=True),
    ]
    rest = len(ranked) - SHOWN
    if rest > 0:
        blocks.append(Paragraph(words.counted("gaps.rest", rest), "note"))
    blocks.append(Paragraph(words.t("gaps.template", code=context.area.code), "note"))
    return Section("gaps", title, tuple(blocks))


def _row(context: Context, gap: Gap) -> tuple[Cell, ...]:
    words = context.words
    answers = []
    if gap.opens:
        answers.append(words.counted("gaps.opens", len(gap.opens), ids=_ids(gap.opens)))
    if gap.firms:
        answers.append(words.counted("gaps.firms", len(gap.firms), ids=_ids(gap.firms)))
        removed = [item.narrowing for item in gap.firms if item.narrowing is not None and _open(item)]
        if removed:
            percent = words.numbers.with_percent(words.numbers.decimal(100 * max(removed), 0))
            answers.append(words.t("gaps.removes", percent=percent))
    return (
        Cell(context.scoped(gap.indicator, gap.scope)),
        Cell(answers[0], tuple(answers[1:])),
        Cell(_held(context, gap)),
    )


def _open(attainment: Attainment) -> bool:
    return attainment.probability is not None and 0.0 < attainment.probability < 1.0


def _ids(attainments: tuple[Attainment, ...]) -> str:
    return ", ".join(attainment.target_id for attainment in attainments)


def _held(context: Context, gap: Gap) -> str:
    """Return what is held in place of the missing series."""
    words = context.words
    path = context.forecasts.path(context.area.code, gap.indicator, gap.scope)
    if path is None:
        return words.t("gaps.held.nothing")
    if path.proxy is not None:
        key = "gaps.held.proxy" if path.evidence.own_points else "gaps.held.proxy_borrowed"
        return words.t(key, indicator=context.stand_in(path))
    if path.evidence.basis == "C":
        return words.t("gaps.held.borrowed", parent=context.followed(path))
    return words.counted("gaps.held.own", path.evidence.own_points)
