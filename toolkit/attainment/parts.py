"""Parts never exceed their wholes: paths of a "trong đó" and of its whole, made to agree draw by draw."""

from __future__ import annotations

from dataclasses import replace

from toolkit.attainment.result import Note
from toolkit.forecast.paths import Path
from toolkit.plan.rules import part_below_whole


def agree(part: Path, whole: Path) -> tuple[Path, Path]:
    """Return both paths with the part at most the whole, in every draw of every common year.

    Published figures stay; see :func:`toolkit.plan.rules.part_below_whole`. A path through a stand-in that is
    only a bound is left alone: a bound of the part may well exceed the whole.
    """
    if any(path.proxy is not None and path.proxy.relation != "equal" for path in (part, whole)):
        return part, whole
    part_draws, whole_draws = part.draws.copy(), whole.draws.copy()
    for year in sorted({int(year) for year in part.years} & {int(year) for year in whole.years}):
        at_part, at_whole = part.position(year), whole.position(year)
        part_draws[:, at_part], whole_draws[:, at_whole] = part_below_whole(
            part_draws[:, at_part],
            whole_draws[:, at_whole],
            part_known=bool(part.observed[at_part]),
            whole_known=bool(whole.observed[at_whole]),
        )
    return replace(part, draws=part_draws), replace(whole, draws=whole_draws)


def contradictions(part: Path, whole: Path, part_id: str) -> tuple[Note, ...]:
    """Return a note for each year in which both are published and the part exceeds the whole."""
    years = sorted({int(year) for year in part.years} & {int(year) for year in whole.years})
    return tuple(
        Note("attainment.note.part_above_whole", {"year": year, "target": part_id})
        for year in years
        if part.observed[part.position(year)]
        and whole.observed[whole.position(year)]
        and (part.at(year) > whole.at(year)).all()
    )
