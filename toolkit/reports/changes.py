"""What changed since an earlier run: its ``attainment.csv`` held against today's answers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.attainment.attainment import Attainment
from toolkit.attainment.table import verdict_words
from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.plan.plan import Plan
from toolkit.reports.blocks import Block, Cell, Folded, Heading, Paragraph, Section, Table
from toolkit.reports.wording import SCALE, Words

STEP = 0.05
"""A probability that moved by less than this counts as unchanged."""
FIRST, MOST = 12, 40
"""Changes shown at once, and shown at all: the largest."""


@dataclass(frozen=True)
class Earlier:
    """An answer of the earlier run: verdict, probability (None without one) or its bound, year of the newest value."""

    verdict: str
    probability: float | None
    last_year: int | None
    bound: str = "exact"


@dataclass(frozen=True)
class Change:
    """An answer that is another one now; `size` is how far the probability moved, 1 for a new verdict without one."""

    attainment: Attainment
    before: Earlier | None
    size: float


def earlier_answers(run: Path) -> dict[tuple[str, str], Earlier]:
    """Read the answers of an earlier run.

    Parameters
    ----------
    run :
        The run's folder, or its ``attainment.csv``.

    Raises
    ------
    UsageError
        If there are none.
    """
    file = run / "attainment.csv" if run.is_dir() else run
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return {(row["area_code"], row["target_id"]): _earlier(row) for row in csv.DictReader(stream)}
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(say("report.since.unreadable", file=file), say("report.since.remedy")) from error


def _earlier(row: Mapping[str, str]) -> Earlier:
    verdict = {verdict_words(name): name for name in SCALE}[row["verdict"]]
    probability, year = row["probability"], row.get("last_year")
    return Earlier(
        verdict,
        float(probability) if probability else None,
        int(float(year)) if year else None,
        row.get("bound") or "exact",
    )


def changes(attainments: Iterable[Attainment], before: Mapping[tuple[str, str], Earlier]) -> tuple[list[Change], int]:
    """Return the largest changes of answers, :data:`MOST` at most, the largest first, and how many there are.

    Areas that the earlier run lacked are left out.
    """
    known = {area for area, _ in before}
    largest: list[Change] = []
    count = 0
    for item in attainments:
        old = before.get((item.area_code, item.target_id))
        size = _size(item, old)
        if item.area_code in known and (old is None or item.verdict != old.verdict or size >= STEP):
            count += 1
            largest = sorted([*largest, Change(item, old, size)], key=lambda change: -change.size)[:MOST]
    return largest, count


def _size(item: Attainment, old: Earlier | None) -> float:
    if old is None or item.probability is None or old.probability is None:
        return 1.0 if old is None or item.verdict != old.verdict else 0.0
    return abs(item.probability - old.probability)


def changes_section(
    words: Words, plan: Plan, names: Mapping[str, str], attainments: Iterable[Attainment], since: Path | None
) -> Section:
    """Return what changed since an earlier run; without blocks if none is named.

    Parameters
    ----------
    words, plan :
        Language, and names of the targets.
    names :
        Names of the areas by code.
    attainments :
        Today's answers.
    since :
        The earlier run, or None.
    """
    title, caption = words.t("section.changes"), words.t("changes.caption")
    if since is None:
        return Section("changes", title, ())
    largest, count = changes(attainments, earlier_answers(since))
    if not count:
        return Section("changes", title, (Paragraph(words.t("changes.none")),))
    columns = ("area", "target", "before", "now", "because")
    rows = [_row(words, plan, names, change) for change in largest]
    blocks: list[Block] = [
        Paragraph(words.counted("changes.intro", count), "note"),
        Table.of(words.t, "changes", columns, rows[:FIRST], caption=caption),
    ]
    if smaller := rows[FIRST:]:
        table = Table.of(words.t, "changes-smaller", columns, smaller, caption=caption)
        blocks.append(Folded(Heading(words.counted("changes.smaller", len(smaller))), (table,)))
    if count > MOST:
        blocks.append(Paragraph(words.counted("changes.rest", count - MOST), "note"))
    return Section("changes", title, tuple(blocks))


def _row(words: Words, plan: Plan, names: Mapping[str, str], change: Change) -> tuple[Cell, ...]:
    item, old = change.attainment, change.before
    before, because = Cell(words.t("changes.new")), words.t("changes.other")
    if old is not None:
        uncertain = old.probability is not None and old.verdict not in {"met", "not_met"}
        details = (words.numbers.probability(old.probability, bound=old.bound),) if uncertain else ()
        before = Cell(words.verdict(old.verdict), details, old.probability, (), old.verdict)
        if item.last_year is not None and item.last_year > (old.last_year or 0):
            because = words.t("changes.figure", year=item.last_year)
    shown = words.numbers.probability(item.probability, bound=item.bound)
    details = (shown,) if item.outcome == "probability" else ()
    return (
        Cell(names.get(item.area_code, item.area_code)),
        Cell(plan.target(item.target_id).name(words.language), (item.target_id,)),
        before,
        Cell(words.verdict(item.verdict), details, item.probability, (), item.verdict),
        Cell(because),
    )
