"""The page that stands alone on top of a report: will it be met, what first, what changed, what is asked of whom.

Nothing else need be read. Its parts go on into the letter, whose sections they fill.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from toolkit.attainment.attainment import LONGEST_TESTED_HORIZON, Attainment, lowered, verdict_words
from toolkit.base.errors import UsageError
from toolkit.base.files import sha256
from toolkit.base.texts import NO_VALUE, say
from toolkit.data.indicators import Indicator
from toolkit.plan.judgement import Bound
from toolkit.reports.blocks import Cell, Paragraph, Section
from toolkit.reports.context import Context
from toolkit.reports.evidence import gap_effects, missing_series
from toolkit.reports.targets import name_cell
from toolkit.reports.wording import GROUPS, JUDGED, SCALE, asked_of

AT_RISK, ASKS = 3, 3
"""Targets at risk and requests on the page."""
RISKY = ("about_as_likely_as_not", "unlikely", "very_unlikely")


def front(context: Context, changed: Section) -> tuple[Section, ...]:
    """Return what stands under the answer: the targets most at risk, what changed, what is asked.

    Parameters
    ----------
    context :
        The area's numbers.
    changed :
        As :func:`changes_section` returns it.
    """
    unchanged = Section("changes", changed.title, (Paragraph(context.words.t("first.no_earlier")),))
    return (risk_section(context), changed if changed.blocks else unchanged, asks_section(context))


def answer(context: Context) -> tuple[str, ...]:
    """Return one sentence a due year, in its tense: how many targets have which answer; those without come last."""
    words, sentences = context.words, []
    for due in sorted({item.due for item in context.attainments}):
        found = [item for item in context.attainments if item.due == due]
        tense = "past" if due < context.year else "future"
        counts = [(name, sum(item.verdict in verdicts for item in found)) for name, verdicts in GROUPS[:JUDGED]]
        counts.append(("unknown", len(found) - sum(count for _, count in counts)))
        listed = words.listed([words.counted(f"count.{name}.{tense}", count) for name, count in counts if count])
        when = "beyond" if due > context.year + LONGEST_TESTED_HORIZON else tense
        sentences.append(words.sentence(words.t(f"first.{when}", due=due, total=len(found), list=listed)))
    return tuple(sentences)


def at_risk(context: Context) -> tuple[Attainment, ...]:
    """Return the targets that are most at risk, the least likely first; those of a past year too, none twice.

    Of the same quantity only the least likely target counts.
    """
    chosen: dict[tuple[str, str], Attainment] = {}
    for item in sorted(context.attainments, key=lambda item: item.probability or 0.0):
        if item.outcome == "probability" and item.verdict in RISKY:
            target = context.target(item)
            chosen.setdefault((target.indicator, target.scope), item)
    return tuple(chosen.values())


def risk_section(context: Context) -> Section:
    """Return the targets most at risk with the pace that they need beside the pace kept lately."""
    t, rows = context.words.t, [_risk_row(context, item) for item in at_risk(context)[:AT_RISK]]
    names = ("target", "likelihood", "required", "recent")
    return Section.of_rows(t, "risk", names, rows, title=t("first.risk"), nothing=t("first.no_risk"))


def _risk_row(context: Context, item: Attainment) -> tuple[Cell, ...]:
    words, verdict = context.words, item.verdict
    details = [words.t("first.over", due=item.due)] if item.due < context.year else []
    details += [chance(context, item), _condition(context, item)]
    likelihood = Cell(words.verdict(verdict), tuple(filter(None, details)), item.probability, (), verdict)
    return (name_cell(context, item), likelihood, *pace_cells(context, item))


def pace_cells(context: Context, item: Attainment) -> tuple[Cell, Cell]:
    """Return the pace that a target needs, with the source of the figure it starts from, and that kept lately."""
    words = context.words
    recent = Cell(NO_VALUE, (words.t("pace.no_recent"),))
    if item.recent_pace is not None:
        details = ["–".join(map(str, item.recent_pace_years or ()))]
        if any(note.key.startswith("attainment.note.pace_of_bound") for note in item.notes):
            details.append(words.t("pace.of_bound"))
        recent = Cell(context.pace(item, item.recent_pace), tuple(details), item.recent_pace)
    good, needs = context.sources.citable(item.last_source), item.required_pace is not None
    references = context.sources.references(item.last_source) if good and needs else ()  # none else stands in a letter
    weak = () if good else (words.t("last.weak_source"),)
    return Cell(context.required_pace(item), weak, item.required_pace, references), recent


def asks_section(context: Context) -> Section:
    """Return what is asked: to keep the pace that the riskiest target ahead needs, and the figures needed most."""
    words = context.words
    ahead = (item for item in at_risk(context) if item.due >= context.year and item.required_pace)
    rows: list[tuple[Cell, ...]] = []
    for item in list(ahead)[:1]:
        action = Cell(words.t("ask.action", pace=context.required_pace(item)), (context.quoted(item),))
        rows.append(_ask(context, [item], action))
    for gap in missing_series(context)[: ASKS - len(rows)]:
        name = lowered(context.series_name(gap.indicator, gap.scope))
        text = words.t("ask.figure", indicator=name, area=context.area_name, year=context.year - 1)
        ask = Cell(text, tuple(gap_effects(context, gap)[:1]))
        known = context.dataset.indicators[gap.indicator]
        rows.append(_ask(context, [*gap.unanswered, *gap.weak], ask, known))
    names, title = ("ask", "whom", "until"), words.t("first.asks")
    return Section.of_rows(words.t, "asks", names, rows, title=title, nothing=words.t("ask.nothing"))


def _ask(
    context: Context, items: Iterable[Attainment], ask: Cell, indicator: Indicator | None = None
) -> tuple[Cell, ...]:
    leads = [context.target(item).lead for item in items]
    return (ask, Cell(asked_of(leads, indicator, context.words)), Cell(context.next_round))


def open_targets(context: Context) -> tuple[Attainment, ...]:
    """Return what still lies ahead and has a likelihood word, in the plan's order."""
    return tuple(
        attainment
        for attainment in context.attainments
        if attainment.outcome == "probability" and attainment.verdict != "outlook" and attainment.due >= context.year
    )


def leading_target(context: Context) -> Attainment | None:
    """Return the open target to speak of first: one that a coming change of standard touches, else the best known."""
    choices = open_targets(context)
    touched = [item for item in choices if item.probability_same_standard is not None]
    return min(touched or choices, key=lambda item: (item.due, _grade_rank(item)), default=None)


def _grade_rank(attainment: Attainment) -> int:
    return "ABC".find(attainment.basis) + (3 if attainment.through_proxy else 0)


def verdict_sentence(context: Context, attainment: Attainment) -> str:
    """Return one sentence that answers one target, hedged by its probability and its evidence grade."""
    words = context.words
    quoted = context.quoted(attainment)
    if attainment.outcome == "settled":
        value = context.judged(attainment, attainment.last_value)
        text = words.t(f"settled.{attainment.verdict}", target=quoted, value=value, year=attainment.last_year)
        return words.sentence(text)
    if attainment.outcome != "probability":
        return words.sentence(words.t(f"state.{attainment.outcome}", target=quoted))
    tense = "past" if attainment.due < context.year else "future"
    phrase = words.t(f"phrase.{attainment.verdict}.{tense}", target=quoted, chance=chance(context, attainment))
    before = _condition(context, attainment)
    return words.sentence(words.t("conditional", condition=before, statement=phrase) if before else phrase)


def _condition(context: Context, attainment: Attainment) -> str:
    """Return what a sentence about an attainment has to say first, by its evidence grade; empty for grade A."""
    words = context.words
    path = context.path(attainment)
    parts = []
    if attainment.basis == "B" and path is not None:
        parts.append(words.counted("condition.few", path.evidence.own_points))
    if attainment.basis == "C" and path is not None:
        parts.append(words.t("condition.borrowed", area=context.area_name, parent=context.parent_name(path)))
    if path is not None and path.proxy is not None:
        parts.append(words.t("condition.proxy", indicator=context.proxy_name(path)))
    elif attainment.through_proxy:  # the proxy is that of another quantity in the rule, such as a benchmark
        parts.append(words.t("condition.proxy_part"))
    return "; ".join(parts)


def chance(context: Context, attainment: Attainment) -> str:
    """Return the probability in words: plain for grade A, "about" for weaker evidence, "at least" through a bound."""
    words = context.words
    if attainment.bound == "at_least":
        shown = words.numbers.percent(whole_percent(attainment.probability or 0.0, attainment.bound) / 100)
        return words.t("chance.at_least", probability=shown)
    probability = attainment.probability if attainment.probability is not None else float("nan")
    if probability < 0.01 or probability > 0.99:
        limit = words.numbers.percent(0.01 if probability < 0.01 else 0.99)
        return words.t("chance.below" if probability < 0.01 else "chance.above", probability=limit)
    shown = words.numbers.probability(probability)
    return words.t("chance.plain" if attainment.grade == "A" else "chance.about", probability=shown)


def whole_percent(probability: float, bound: Bound) -> int:
    """Return a probability in whole per cent as it is written: a bound is rounded down, nothing is more than 99.

    >>> whole_percent(0.839, "at_least"), whole_percent(0.839, "exact"), whole_percent(1.0, "exact")
    (83, 84, 99)
    """
    written = int(100 * probability + 1e-9) if bound == "at_least" else round(100 * probability)
    return min(written, 99)


STEP = 0.05
"""A probability that moved by less than this counts as unchanged."""
MOST = 10
"""Changes shown: the largest."""


@dataclass(frozen=True)
class EarlierAnswer:
    """An answer of the earlier run: verdict, probability (None without one) or its bound, newest value and year."""

    verdict: str
    probability: float | None
    last_year: int | None
    bound: str = "exact"
    last_value: float | None = None


AnswerChange = tuple[Attainment, EarlierAnswer | None, float]
"""An answer that is another one now, the earlier one, and how far the probability moved (1 for a new verdict alone)."""


def earlier_answers(run: Path) -> dict[tuple[str, str], EarlierAnswer]:
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
            found = {(row["area_code"], row["target_id"]): _earlier(row) for row in csv.DictReader(stream)}
        if not found:
            raise ValueError(file)
        return found
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise UsageError(say("report.since.unreadable", file=file), say("report.since.remedy")) from error


def _earlier(row: Mapping[str, str]) -> EarlierAnswer:
    verdict = {verdict_words(name): name for name in SCALE}[row["verdict"]]
    probability, year, value = row["probability"], row.get("last_year"), row.get("last_value")
    return EarlierAnswer(
        verdict,
        float(probability) if probability else None,
        int(float(year)) if year else None,
        row.get("bound") or "exact",
        float(value) if value else None,
    )


BASIS = "basis.json"
"""Beside the earlier answers: what they were made from, as :func:`basis_of` returns it."""


def basis_of(facts: Mapping[str, object], files: Mapping[str, str]) -> dict[str, object]:
    """Return what two runs are compared by to say why answers moved.

    Parameters
    ----------
    facts :
        With ``as_of``, ``commit``, ``versions``, ``model``, ``draws`` and ``seed``.
    files :
        SHA-256 of every file of data, by its name in the data folder, the plan's among them.
    """
    told = {name: one for name, one in files.items() if not name.endswith(".md")}
    return {
        "plan": {name: one for name, one in told.items() if name.startswith("plans/")},
        "data": {name: one for name, one in told.items() if not name.startswith("plans/")}
        | {"as_of": str(facts["as_of"])},
        "program": [facts["commit"], facts["versions"]],
        "settings": [facts["model"], facts["draws"], facts["seed"]],
    }


def common_reason(context: Context, since: Path) -> str:
    """Return what else than a target's own figure differs between an earlier run and this one, in words."""
    words, folder = context.words, context.dataset.folder
    if not (since / BASIS).is_file():
        return words.t("changes.other")
    then = json.loads((since / BASIS).read_text(encoding="utf-8"))
    names = {*then["plan"], *then["data"], *(f"observations/{file.name}" for file in folder.glob("observations/*"))}
    files = {name: sha256(folder / name) for name in names if (folder / name).is_file()}
    now = basis_of(vars(context.facts), files)
    return words.listed([words.t(f"changes.{kind}") for kind in now if now[kind] != then[kind]])


def changes(
    attainments: Iterable[Attainment], before: Mapping[tuple[str, str], EarlierAnswer]
) -> tuple[list[AnswerChange], int]:
    """Return the largest changes of answers, :data:`MOST` at most, the largest first, and how many there are.

    Areas that the earlier run lacked are left out.
    """
    known = {area for area, _ in before}
    largest: list[AnswerChange] = []
    count = 0
    for item in attainments:
        old = before.get((item.area_code, item.target_id))
        size = _size(item, old)
        if item.area_code in known and (old is None or item.verdict != old.verdict or size >= STEP):
            count += 1
            largest = sorted([*largest, (item, old, size)], key=lambda change: -change[2])[:MOST]
    return largest, count


def _size(item: Attainment, old: EarlierAnswer | None) -> float:
    if old is None or item.probability is None or old.probability is None:
        return 1.0 if old is None or item.verdict != old.verdict else 0.0
    return abs(item.probability - old.probability)


def changes_section(
    context: Context, names: Mapping[str, str], attainments: Iterable[Attainment], since: Path | None
) -> Section:
    """Return what changed since an earlier run, each with its reason; without blocks if none is named.

    Parameters
    ----------
    context :
        For the words, the plan, and what today's answers are made from.
    names :
        Names of the areas by code.
    attainments :
        Today's answers.
    since :
        The earlier run, or None.
    """
    words = context.words
    title = words.t("section.changes")
    if since is None:
        return Section("changes", title, ())
    largest, count = changes(attainments, earlier_answers(since))
    if not count:
        return Section("changes", title, (Paragraph(words.t("changes.none")),))
    columns: tuple[str, ...] = ("target", "before", "now", "because")
    common = common_reason(context, since)
    rows = [_change_row(context, item, old, common) for item, old, _ in largest]
    if len(names) > 1:
        places = (Cell(names.get(item.area_code, "")) for item, *_ in largest)
        columns, rows = ("area", *columns), [(place, *row) for place, row in zip(places, rows, strict=True)]
    section = Section.of_rows(words.t, "changes", columns, rows, intro=words.counted("changes.intro", count))
    rest = (Paragraph(words.counted("changes.rest", count - MOST), "note"),) if count > MOST else ()
    return replace(section, blocks=(*section.blocks, *rest))


def _change_row(context: Context, item: Attainment, old: EarlierAnswer | None, because: str) -> tuple[Cell, ...]:
    words = context.words
    before = Cell(words.t("changes.new"))
    if old is not None:
        uncertain = old.probability is not None and old.verdict not in {"met", "not_met"}
        details = (words.numbers.probability(old.probability, bound=old.bound),) if uncertain else ()
        before = Cell(words.verdict(old.verdict), details, old.probability, (), old.verdict)
        now, then = (words.amount(value, item.last_unit) for value in (item.last_value, old.last_value))
        if item.last_year is not None and item.last_year > (old.last_year or 0):
            because = words.t("changes.figure", year=item.last_year, value=now)
        elif item.last_year == old.last_year and now != then and item.last_value is not None:
            because = words.t("changes.corrected", year=item.last_year, before=then, value=now)
    shown = words.numbers.probability(item.probability, bound=item.bound)
    details = (shown,) if item.outcome == "probability" else ()
    return (
        Cell(context.plan.target(item.target_id).name(words.language), (item.target_id,)),
        before,
        Cell(words.verdict(item.verdict), details, item.probability, (), item.verdict),
        Cell(because),
    )
