"""The index of a run: a plain table that works with scripts off and opens from disk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from toolkit.attainment.attainment import Attainment
from toolkit.base.texts import Language
from toolkit.plan.plan import Plan
from toolkit.reports.blocks import Definitions, Frame, Section
from toolkit.reports.context import RunFacts, cycle_of, foot, kicker
from toolkit.reports.html import environment, page_html, section_html
from toolkit.reports.svg import TEMPLATES
from toolkit.reports.wording import GROUPS, Words, words

PAPERS = {"docx": "Word", "pdf": "PDF"}
FILES = (
    ("attainment.xlsx", "workbook"), ("attainment.csv", "attainment"), ("tables/forecast.csv", "forecast"),
    ("tables/sources.csv", "sources"), ("manifest.json", "manifest"),
)  # fmt: skip
"""Files on top of a run, and the key of what is said of them."""
_CONTENT_HERE = "<!-- content -->"


@dataclass(frozen=True)
class AreaCounts:
    """What the index says of an area's answers: so little that it may be in memory for all areas.

    Attributes
    ----------
    counts :
        How many answers stand in each of :data:`toolkit.reports.wording.GROUPS`.
    grades :
        Evidence grades that occur.
    data :
        What the filters work on, as JSON: for each target the group, verdict, grade and probability.
    """

    counts: tuple[int, ...]
    grades: frozenset[str]
    data: str


def counts_of(answers: Sequence[Attainment], plan: Plan, language: Language) -> AreaCounts:
    """Return what the index says of an area's answers."""
    probability = words(language).numbers.probability
    groups = {verdict: name for name, verdicts in GROUPS for verdict in verdicts}
    by_target = {item.target_id: item for item in answers}
    data = []
    for item in (by_target[target.id] for target in plan.targets):
        shown = probability(item.probability, bound=item.bound) if item.outcome == "probability" else ""
        data.append([groups[item.verdict], item.verdict, item.grade, shown])
    return AreaCounts(
        counts=tuple(sum(item.verdict in verdicts for item in answers) for _, verdicts in GROUPS),
        grades=frozenset(part for item in answers for part in item.grade.split("·") if part),
        data=_json(data),
    )


@dataclass(frozen=True)
class IndexEntry:
    """One page of a run.

    Attributes
    ----------
    name, label :
        Area code (or name of the page), and what readers call it.
    page, notebook :
        Paths relative to the index; `notebook` is empty if there is none.
    error :
        Why the page could not be made; empty if it could.
    answers :
        Counts of the area's answers; None for the plan summary.
    level :
        ``province``, ``district`` or ``commune``.
    papers :
        The report's other forms, relative to the index.
    """

    name: str
    label: str
    page: str
    notebook: str
    error: str = ""
    answers: AreaCounts | None = None
    level: str = ""
    papers: tuple[str, ...] = ()


def index_page(
    entries: Sequence[IndexEntry],
    *,
    plan: Plan,
    facts: RunFacts,
    language: Language,
    cycle: str = "",
    changed: Section | None = None,
) -> Iterator[str]:
    """Yield the index of a run as a page, part by part.

    Parameters
    ----------
    entries :
        Every page of the run, in order, failed ones too.
    plan, facts, language :
        What the run is about.
    cycle :
        The reporting round.
    changed :
        What changed since an earlier run.
    """
    wording = words(language)
    title = wording.t("index.title", number=plan.number)
    failed = [entry for entry in entries if entry.error]
    shown = [(entry, entry.answers) for entry in entries if entry.answers and not entry.error]
    counted = [entry.answers.counts for entry in entries if entry.answers]
    used = [at for at in range(len(GROUPS)) if any(counts[at] for counts in counted)]
    content = environment().get_template("index.html.j2").generate(
        t=wording.t,
        title=title,
        kicker=kicker(wording, cycle_of(cycle, plan)),
        subtitle=wording.t("subtitle", plan=plan.names[language], day=wording.day(facts.as_of)),
        pages=[entry for entry in entries if not entry.answers and not entry.error],
        columns=[(GROUPS[at][0], wording.t(f"index.group.{GROUPS[at][0]}")) for at in used],
        shown=bool(shown),
        rows=((entry, [wording.numbers.decimal(found.counts[at], 0) for at in used]) for entry, found in shown),
        levels=[
            (level, wording.t(f"index.level.{level}"))
            for level in ("province", "district", "commune")
            if any(entry.level == level for entry, _ in shown)
        ],
        targets=[(target.id, target.name(language)) for target in plan.targets],
        grades=sorted(frozenset[str]().union(*(found.grades for _, found in shown))),
        papers_of=lambda entry: [(PAPERS.get(file.rpartition(".")[2], file), file) for file in entry.papers],
        data=_data({entry.name: found for entry, found in shown}, [GROUPS[at] for at in used], wording, plan),
        script=Markup((TEMPLATES / "index.js").read_text(encoding="utf-8")),
        changes=Markup(section_html(changed) if changed else ""),
        files=[(file, wording.t(f"index.file.{key}")) for file, key in FILES],
        failed=failed,
        failed_title=wording.counted("index.failed", len(failed)),
        provenance=_provenance(wording, facts),
    )  # fmt: skip
    frame = Frame(
        language=language,
        page_title=title,
        banner=wording.t("simulated") if facts.simulated else "",
        foot=foot(wording, facts),
        skip_label=wording.t("skip"),
    )
    before, after = page_html(frame, _CONTENT_HERE, sheets=("style", "index")).split(_CONTENT_HERE)
    yield before
    yield from content
    yield after


def start_html(plan: Plan, languages: Sequence[Language]) -> str:
    """Return the page above runs in several languages: one link to the index of each."""
    titles = {language: words(language).t("index.title", number=plan.number) for language in languages}
    links = "".join(
        f'<li lang="{language}"><a href="{language}/index.html" hreflang="{language}">{escape(title)}</a></li>'
        for language, title in titles.items()
    )
    title = titles[languages[0]]
    frame = Frame(language=languages[0], page_title=title)
    return page_html(frame, f'<h1>{escape(title)}</h1><ul class="entries">{links}</ul>')


def _data(
    areas: Mapping[str, AreaCounts], used: Sequence[tuple[str, tuple[str, ...]]], wording: Words, plan: Plan
) -> Iterator[Markup]:
    """Yield what the filters work on: words, and the answers of each area."""
    content = {
        "targets": [target.id for target in plan.targets],
        "groups": [name for name, _ in used],
        "verdicts": {verdict: wording.verdict(verdict) for _, verdicts in used for verdict in verdicts},
        "found": wording.t("index.found", areas="{areas}", answers="{answers}"),
    }
    yield _in_script(f'{_json(content)[:-1]},"areas":{{')
    for number, (name, found) in enumerate(areas.items()):
        yield _in_script(f"{',' if number else ''}{_json(name)}:{found.data}")
    yield Markup("}}")


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _in_script(text: str) -> Markup:
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))


def _provenance(wording: Words, facts: RunFacts) -> Definitions:
    entries = [("as_of", wording.day(facts.as_of)), ("commit", facts.commit), ("command", facts.command)]
    return Definitions(tuple((wording.t(f"provenance.{key}"), text) for key, text in entries if text))
