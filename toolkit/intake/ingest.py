"""Ingest: changes that can be read first, then written as one delivery. Apart because it alone writes to the data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from toolkit.base.errors import ToolkitError, UsageError
from toolkit.base.files import sha256, write_atomic, write_once
from toolkit.base.problems import Problem, Problems
from toolkit.base.texts import interface_language, neutral_cell, numbers, say
from toolkit.data.consistency import RATES, FigureKey, agree, check_plausible, figure_key, why_used
from toolkit.data.dataset import (
    OWN_SOURCE,
    Dataset,
    Delivery,
    Held,
    delivery_files,
    load,
    mark_of,
    new_delivery,
    read_folder,
    state_of,
    usable_folder,
)
from toolkit.data.observations import UNUSED, Figure, best_first
from toolkit.data.reference import Reference, today
from toolkit.data.schemas import DECLARED, DELIVERED, DELIVERIES, OBSERVATIONS, WITHDRAWN
from toolkit.intake.incoming import (
    DOUBT_DRAWS,
    Cells,
    Incoming,
    Rejected,
    as_problem,
    doubts,
    read_together,
    stored_cells,
)
from toolkit.intake.mapping import ColumnMapping
from toolkit.intake.template import context_of
from toolkit.plan.plan import Plan

if TYPE_CHECKING:
    from toolkit.attainment.attainment import Attainment
    from toolkit.forecast.store import Forecasts
    from toolkit.reports.wording import Words

ChangeKind = Literal["new", "changed", "same"]
CHANGE_KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
ARRIVING = 1_000_000_000
"""Number of a delivery that is not written yet: behind all others."""
ONE_SIDED = ("at_least", "at_most")
UNSAID = ("qualifier", "available_from", "available_basis", "note")
"""An empty cell here says nothing about the row held: it never erases what stands there."""


@dataclass(frozen=True)
class RowChange:
    """One incoming row and what becomes of it.

    Attributes
    ----------
    kind :
        ``new``, ``changed`` (the same source corrects itself) or ``same``.
    figure :
        The incoming figure.
    cells :
        The row as it will be stored.
    before :
        The row of the same source beside which it comes; None for a new one.
    others :
        Other figures for the same cell that say something else, held or arriving: all stay.
    """

    kind: ChangeKind
    figure: Figure
    cells: Cells
    before: Cells | None = None
    others: tuple[Figure, ...] = ()


def changes_of(figures: Sequence[Figure], held: Sequence[Figure]) -> tuple[RowChange, ...]:
    """Return what becomes of each incoming figure beside the figures that stand and those that come with it."""
    by_cell: dict[FigureKey, list[Figure]] = {}
    for figure in (*held, *(item._replace(delivery=ARRIVING) for item in figures)):
        by_cell.setdefault(figure_key(figure), []).append(figure)
    return tuple(_change(figure, by_cell[figure_key(figure)]) for figure in figures)


def _change(figure: Figure, cell: Sequence[Figure]) -> RowChange:
    """Return what becomes of a figure beside those for its cell; of its own source only those held can change."""
    given = stored_cells(figure)
    if given["available_basis"] == "rule":  # it was not known before it came in, whatever a rule would say
        given |= {"available_from": "", "available_basis": ""}
    own = [item for item in cell if item.delivery != ARRIVING and item.source_id == figure.source_id]
    others = tuple(
        item for item in cell if item not in own and UNUSED not in (item.qualifier, figure.qualifier)
        and not agree(item, figure)
    )  # fmt: skip
    if not own:
        return RowChange("new", figure, given, None, others)
    before = stored_cells(own[-1])
    cells = {**given, **{name: given[name] or before[name] for name in ("qualifier", "note")}}
    for item in own:
        kept = stored_cells(item)
        if item.value == figure.value and all(
            kept[name] == cells[name] for name in OBSERVATIONS.names
            if name != "value" and (given[name] or name not in UNSAID)
        ):  # fmt: skip
            return RowChange("same", figure, kept, kept, others)
    return RowChange("changed", figure, cells, before, others)


def warnings_beside(held: Held, arriving: Sequence[Figure], reference: Reference) -> list[Problem]:
    """Return what is unlikely about the incoming figures beside those held, at the row of the incoming file."""
    number = max((item.number for item in held.deliveries), default=0) + 1
    day = reference.today.isoformat()
    dated = (item._replace(delivery=number, available_from=item.available_from or day) for item in arriving)
    after = replace(held, figures=(*held.figures, *dated))
    codes = {figure.area_code for figure in arriving}
    counted = {figure.indicator for figure in arriving if reference.indicators[figure.indicator].whole}

    def unlikely(one: Held) -> list[Problem]:
        near = [item for item in one.on(reference.today)[0] if item.area_code in codes or item.indicator in counted]
        problems = Problems(DELIVERIES)
        check_plausible(near, reference, problems)
        return problems.all()

    known = set(unlikely(held))
    return [item for item in unlikely(after) if item not in known]


REJECTED = "rejected.csv"
REJECTED_NAMES = ("file", "sheet", "row", *OBSERVATIONS.names, "problem", "remedy")


@dataclass(frozen=True)
class Ingest:
    """What files would change in a data folder.

    Attributes
    ----------
    folder :
        The data folder.
    files :
        What each file holds.
    changes :
        What becomes of each figure.
    warnings :
        What is unlikely beside the figures held.
    state :
        Of the observations that the changes were worked out against.
    today, reference :
        Day on which the figures come in (ISO), and what they were checked against.
    """

    folder: Path
    files: tuple[Incoming, ...]
    changes: tuple[RowChange, ...]
    warnings: tuple[Problem, ...]
    state: tuple[str, ...]
    today: str
    reference: Reference

    def of(self, kind: str) -> tuple[RowChange, ...]:
        """Return the changes of a kind."""
        return tuple(change for change in self.changes if change.kind == kind)

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Rows that are not taken."""
        return tuple(row for file in self.files for row in file.rejected)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, file after file, then those beside the figures held."""
        found = (*(problem for file in self.files for problem in file.problems), *self.warnings)
        return tuple(dict.fromkeys(found))

    @property
    def writes(self) -> bool:
        """Whether anything would change."""
        return any(change.kind != "same" for change in self.changes)


def prepare(
    files: Sequence[Path], folder: Path, mapping: ColumnMapping | None = None, *, today: date | None = None
) -> Ingest:
    """Read files and work out what they would change; nothing is written.

    Parameters
    ----------
    files :
        Filled templates, tables with the project's columns, or, with `mapping`, tables of somebody else's making.
    folder :
        The data folder.
    mapping :
        How to read the tables.
    today :
        Day on which the figures come in: what lies ahead of it is refused; they are known from it on.

    Raises
    ------
    DataError
        If the folder's own files have errors.
    UsageError
        If `today` lies ahead.
    """
    reference, held = usable_folder(folder)
    day = today or reference.today
    if day > reference.today:
        raise UsageError(say("desk.day_ahead", day=day), say("desk.day_ahead.remedy", today=reference.today))
    reference = replace(reference, today=day)
    state, incoming = state_of(folder), read_together(files, reference, mapping)
    figures = [figure for file in incoming for figure in file.figures]
    changes = changes_of(figures, held.on(day)[0])
    told = {replace(item, column="") for file in incoming for item in file.problems}  # there, columns have other names
    warnings = [
        item for item in warnings_beside(held, [item.figure for item in changes if item.kind != "same"], reference)
        if replace(item, column="") not in told
    ]  # fmt: skip
    return Ingest(folder, incoming, changes, tuple(warnings), state, day.isoformat(), reference)


def with_doubts(ingest: Ingest, plan: Plan) -> Ingest:
    """Return the ingest with a warning for each incoming figure that the model thinks unlikely; none is dropped."""
    arriving = [change.figure for change in ingest.changes if change.kind != "same"]
    known = load(ingest.folder, as_of=date.fromisoformat(ingest.today))
    found = tuple(as_problem(item) for item in doubts(arriving, known, plan))
    return replace(ingest, warnings=(*ingest.warnings, *found))


def write_changes(ingest: Ingest, by: str = "") -> Path | None:
    """Write the changes as one delivery, there in one step; return its table, None if there was nothing to write.

    Parameters
    ----------
    by :
        Who delivers.

    Raises
    ------
    ToolkitError
        If the observations have changed since the changes were worked out.
    """
    if not ingest.writes:
        return None
    path = new_delivery(ingest.folder)
    try:
        if state_of(ingest.folder) == ingest.state:
            return write_once(path, table_text((*OBSERVATIONS.names, *DELIVERED, *DECLARED), _delivered(ingest, by)))
    except FileExistsError:
        pass
    raise ToolkitError(say("desk.moved", folder=ingest.folder), say("desk.moved.remedy"))


def _delivered(ingest: Ingest, by: str) -> Iterator[Cells]:
    """Give the rows of the delivery: each with who brought it when and from where, and what is new of its source."""
    hashes = {file.path.name: sha256(file.path) for file in ingest.files}
    sources = {source["source_id"]: source for file in ingest.files for source in file.sources}
    for change in ingest.changes:
        if change.kind != "same":
            declared = sources.get(change.cells["source_id"], {})
            source = {column: declared.get(column.removeprefix("source_"), "") for column in DECLARED}
            origin = (ingest.today, by, change.figure.file, hashes[change.figure.file])
            yield {**change.cells, **dict(zip(DELIVERED, origin, strict=True)), **source}


def own_row(figure: Figure) -> Cells:
    """Return a figure that came in memory as a row of a delivery."""
    origin = (figure.available_from, "", OWN_SOURCE["source_id"], "0" * 64)
    declared = (OWN_SOURCE["title"], OWN_SOURCE["publisher"]) if figure.source_id == OWN_SOURCE["source_id"] else ()
    said = dict(zip(DELIVERED, origin, strict=True)) | dict(zip(DECLARED, declared, strict=False))
    return stored_cells(figure) | said


def table_text(names: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows as CSV text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([row.get(name, "") for name in names] for row in rows)
    return stream.getvalue()


def withdraw(folder: Path, number: int, reason: str, *, by: str = "", day: date | None = None) -> Delivery:
    """Mark a delivery as withdrawn: its figures do not stand any more from this day on, and stay where they are.

    Parameters
    ----------
    number :
        Of the delivery.
    reason, by, day :
        Why, who says so, and since when; today by default.

    Raises
    ------
    UsageError
        If there is no such delivery, it is withdrawn already, or nothing is given as reason.
    """
    deliveries = {item.number: item for item in read_folder(folder)[1].deliveries if item.number}
    chosen = deliveries.get(number)
    if chosen is None:
        raise UsageError(
            say("desk.undo.none", number=number), say("desk.undo.none.remedy", numbers=", ".join(map(str, deliveries)))
        )
    if not reason.strip():
        raise UsageError(say("desk.undo.no_reason"), say("desk.undo.no_reason.remedy"))
    cells = dict(zip(WITHDRAWN, ((day or today()).isoformat(), by, " ".join(reason.split())), strict=True))
    try:
        write_once(mark_of(delivery_files(folder)[number]), table_text(WITHDRAWN, [cells]))
    except FileExistsError:
        raise UsageError(say("desk.undo.twice", number=number, day=chosen.withdrawn_on, reason=chosen.reason)) from None
    return replace(chosen, withdrawn_on=cells["withdrawn_on"], withdrawn_by=by, reason=cells["reason"])


def write_rejected(ingest: Ingest, path: Path) -> Path | None:
    """Write the rejected rows with their reasons, so that they can be mended and ingested; None if there are none.

    Returns
    -------
    Path or None
        The file: `path`, or one with a number behind its name where `path` is one of the files read; those are
        never written over.
    """
    if not ingest.rejected:
        return None
    read = {file.path.resolve() for file in ingest.files}
    names = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    path = next(item for item in chain([path], names) if item.resolve() not in read)
    return write_atomic(path, table_text(REJECTED_NAMES, [_rejected_cells(row) for row in ingest.rejected]))


def _rejected_cells(row: Rejected) -> Cells:
    reasons = [problem for problem in row.problems if problem.severity == "error"]
    words = {
        "problem": " ".join(dict.fromkeys(": ".join(filter(None, (one.column, one.problem))) for one in reasons))
        or say("desk.many_of_a_kind"),
        "remedy": " ".join(dict.fromkeys(problem.remedy for problem in reasons)),
    }
    cells = {**{name: neutral_cell(text) for name, text in row.cells.items()}, **words}
    named = {"file": row.file, "sheet": row.sheet, "row": str(row.row)}
    return {name: neutral_cell(text) for name, text in {**cells, **named}.items()}


MOST_AREAS = 6
"""Areas below the province whose answers are worked out before and after figures come in."""


def effect_lines(delivery: int, before: Dataset, after: Dataset, plan: Plan) -> list[str]:
    """Return what a delivery changed in the answers of its areas, what was not used and why, what is needed most now.

    Parameters
    ----------
    delivery :
        Number of the delivery that came in, or was withdrawn.
    before, after :
        The data without and with it, or the other way round.
    """
    from toolkit.attainment.assess import assess_all  # late: reading a file needs no model
    from toolkit.forecast.make import make_forecasts, needed
    from toolkit.reports.evidence import most_wanted
    from toolkit.reports.wording import words

    said = words(interface_language())
    with_it = after if any(item.delivery == delivery for item in after.figures) else before
    figures = [item for item in with_it.figures if item.delivery == delivery]
    own = [after.areas.get(code) for code in dict.fromkeys(item.area_code for item in figures)]
    below = [area for area in own if area.level in ("district", "commune")]
    province, asked_of = after.areas.get(plan.province_code), below[:MOST_AREAS]
    areas = [province, *asked_of] if province in own else [*asked_of, province]
    codes = [area.code for area in areas]
    old, new = (make_forecasts(data, plan, codes, draws=DOUBT_DRAWS) for data in (before, after))
    answers = assess_all(plan, areas, after, new)
    lines, unchanged = [], set[str]()
    for area in areas:
        was = assess_all(plan, [area], before, old)
        told = _changes_of(
            was, [item for item in answers if item.area_code == area.code], area.name(said.language), said
        )
        lines += told
        unchanged |= set() if told else {area.code}
    asked, made = needed(plan, with_it), new if with_it is after else old
    if not lines:  # figures of areas without answers of their own, such as the nation, change none either
        unchanged |= {area.code for area in own if area not in below}
    if len(below) > MOST_AREAS:
        lines.append(say("desk.effect.more_areas", count=len(below) - MOST_AREAS))
    for figure in figures:
        key, why = _unused(figure, with_it, asked, made)
        if key or figure.area_code in unchanged:
            cells = stored_cells(figure)
            fields = {"place": _place(cells, with_it), "value": _amount(cells, with_it), **why}
            lines.append(say(f"desk.effect.{key or 'same'}", **fields))
    context = context_of(areas[0], answers, new, after, plan, said.language)
    return [*lines[:MOST_LINES], *filter(None, [most_wanted(context)])]


def _changes_of(old: Sequence[Attainment], new: Sequence[Attainment], area: str, said: Words) -> list[str]:
    """Return what changed between two sets of answers of an area; nothing if they are equal."""
    pairs, lines = list(zip(old, new, strict=True)), []
    opened = [now.target_id for was, now in pairs if was.outcome == "cannot_assess" != now.outcome]
    closed = [now.target_id for was, now in pairs if was.outcome != "cannot_assess" == now.outcome]
    for key, ids in (("opens", opened), ("closes", closed)):
        if ids:
            lines.append(say(f"desk.effect.{key}", count=len(ids), area=area, ids=", ".join(ids)))
    moved = [(was, now) for was, now in pairs if was.verdict != now.verdict]
    lines += [
        f"{area}, {now.target_id}: {said.verdict(was.verdict)} → {said.verdict(now.verdict)}" for was, now in moved
    ]
    firmer = any((was.probability, was.expected, was.grade) != (now.probability, now.expected, now.grade)
                 for was, now in pairs)  # fmt: skip
    return lines or ([say("desk.effect.firms", area=area)] if firmer else [])


def _unused(
    figure: Figure, dataset: Dataset, asked: Mapping[tuple[str, str], object], made: Forecasts
) -> tuple[str, dict[str, object]]:
    """Return why no answer can rest on a figure, as a key and what fills its words; an empty key if one can."""
    series = dataset.series(figure.area_code, figure.indicator, figure.scope)
    place = (figure.delivery, figure.row)
    winners = {(lost.delivery, lost.row): item for item in series.observations for lost in item.overruled}
    winner = winners.get(place)
    if figure.qualifier == UNUSED:
        return "unverified", {}
    if winner is not None:
        return "overruled", {"other": _cell("value", {"value": str(winner.value)}), "source": winner.source_id}
    if not dataset.of_present_unit(figure):
        return "earlier_unit", {}
    serves = {(figure.indicator, figure.scope)}
    serves |= {(item.rate, scope) for item in RATES for scope in ("all", figure.scope)
               if figure.indicator in (item.part, item.whole)}  # fmt: skip
    whole_of = {dataset.indicators[name].denominator for name, _ in asked}
    if not serves & asked.keys() and figure.indicator not in whole_of:
        return "not_asked", {}
    path = made.path(figure.area_code, figure.indicator, figure.scope)
    own = (figure.indicator, figure.scope) in asked and figure.from_year is None and figure.qualifier not in ONE_SIDED
    if own and (path is None or path.proxy is None):
        known = {(item.year, item.standard) for item in path.evidence.observations} if path else set()
        if (figure.year, figure.standard) not in known:
            return "other_standard", {"standard": figure.standard or "–"}
    return "", {}


MOST_PLACES = 12
COMPARED = ("value", "qualifier", "status", "available_from", "available_basis", "unit", "note")
MOST_LINES = 200


def diff_lines(ingest: Ingest) -> list[str]:
    """Return the differences, one a line: ``+`` new, ``~`` changed, ``!`` a conflict; then the counts."""
    lines = [line for change in ingest.changes for line in _lines(change, ingest)]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], say("problem.more", count=len(lines) - MOST_LINES)]
    return [*lines, say("desk.counts", **_counts(ingest))]


def as_data(ingest: Ingest, *, written: bool) -> dict[str, object]:
    """Return an ingest as plain data, for ``--json``."""
    changes = [
        {
            "kind": change.kind,
            "file": change.figure.file,
            "sheet": change.figure.sheet,
            "row": change.figure.row,
            "after": change.cells,
            "before": change.before,
            "conflicts_with": list(map(stored_cells, change.others)),
        }
        for change in ingest.changes
        if change.kind != "same"
    ]
    problems = [problem.as_row() for problem in ingest.problems]
    named = {"folder": str(ingest.folder), "written": written, "counts": _counts(ingest)}
    return {**named, "changes": changes, "problems": problems}


def _counts(ingest: Ingest) -> dict[str, int]:
    conflicts = sum(bool(change.others) and change.kind != "same" for change in ingest.changes)
    counts: dict[str, int] = {kind: len(ingest.of(kind)) for kind in CHANGE_KINDS}
    return {**counts, "conflicts": conflicts, "rejected": len(ingest.rejected)}


def _lines(change: RowChange, ingest: Ingest) -> Iterator[str]:
    if change.kind == "same":
        return
    cells, known = change.cells, ingest.reference
    place = _place(cells, known)
    if change.before is None:
        yield f"+ {place}: {_amount(cells, known)} ({_cell('status', cells)}, {cells['source_id']})"
    else:
        parts = [
            f"{say(f'desk.column.{name}').lower()} {_cell(name, change.before)} → {_cell(name, cells)}"
            for name in COMPARED
            if cells[name] and change.before.get(name, "") != cells[name]
        ]
        yield f"~ {place} ({cells['source_id']}): {'; '.join(parts)}"
    for other in change.others:
        pair = sorted((change.figure._replace(delivery=ARRIVING), other), key=lambda item: (item.delivery, item.row))
        used, unused = best_first([item._replace(available_from=item.available_from or ingest.today) for item in pair])
        fields = {
            "mine": _cell("value", cells), "other": _cell("value", stored_cells(other)), "source": other.source_id,
            "status": _cell("status", stored_cells(other)), "used": _cell("value", stored_cells(used)),
            "why": why_used(used, unused).text(interface_language()),
        }  # fmt: skip
        yield f"! {place}: {say('desk.conflict', **fields)}"


def _cell(name: str, cells: Mapping[str, str]) -> str:
    """Return a cell as a reader of the user's language has it: decimal mark, status and qualifier in words."""
    text = cells.get(name, "")
    if text and name in ("status", "qualifier"):
        return say(f"attainment.{name}.{text}")
    return numbers(interface_language()).plain(float(text), MOST_PLACES) if name == "value" else text or "–"


def _amount(cells: Mapping[str, str], known: Reference | Dataset) -> str:
    unit = known.indicators[cells["indicator"]].units[interface_language()]
    return numbers(interface_language()).with_unit(_cell("value", cells), unit)


def _place(cells: Mapping[str, str], known: Reference | Dataset) -> str:
    """Return what a figure is about, in words: area, indicator, of whom, when, on which standard."""
    language = interface_language()
    area = known.areas.unit_in(cells["area_code"], int(cells["year"])) or known.areas.get(cells["area_code"])
    years = f"{cells['from_year']}–{cells['year']}" if cells.get("from_year") else cells["year"]
    standard = f" [{cells['standard']}]" if cells["standard"] else ""
    name = known.indicators[cells["indicator"]].names[language]
    return f"{area.name(language)} ({area.code}), {name}, {say('desk.scope.' + cells['scope'])}, {years}{standard}"
