"""The index of a run: a plain table that works with scripts off and opens from disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from toolkit.attainment.result import Attainment
from toolkit.base.texts import Language
from toolkit.plan.schema import Plan
from toolkit.report.changes import changes_section
from toolkit.report.cycle import cycle_of
from toolkit.report.document import foot, kicker
from toolkit.report.facts import RunFacts
from toolkit.report.html import TEMPLATES, Frame, environment, page_html, section_html
from toolkit.report.parts import Definitions
from toolkit.report.words import Words, words

PAPERS = {"docx": "Word", "pdf": "PDF"}
FILES = (
    ("attainment.xlsx", "workbook"), ("attainment.csv", "attainment"), ("tables/forecast.csv", "forecast"),
    ("tables/sources.csv", "sources"), ("manifest.json", "manifest"),
)  # fmt: skip
"""Files on top of a run, and the key of what is said of them."""
GROUPS = (
    ("met", ("met",)),
    ("likely", ("very_likely", "likely")),
    ("about_as_likely_as_not", ("about_as_likely_as_not",)),
    ("unlikely", ("unlikely", "very_unlikely")),
    ("not_met", ("not_met",)),
    ("outlook", ("not_decided_by_bound", "outlook", "orientation")),
    ("cannot_be_assessed", ("cannot_be_assessed",)),
    ("milestone", ("milestone",)),
)
"""Columns of the table: verdicts that are counted together."""


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
    attainments :
        The area's answers; empty for the plan summary.
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
    attainments: tuple[Attainment, ...] = ()
    level: str = ""
    papers: tuple[str, ...] = ()


def index_html(
    entries: Sequence[IndexEntry],
    *,
    plan: Plan,
    facts: RunFacts,
    language: Language,
    cycle: str = "",
    since: Path | None = None,
) -> str:
    """Return the index of a run as a page.

    Parameters
    ----------
    entries :
        Every page of the run, in order, failed ones too.
    plan, facts, language :
        What the run is about.
    cycle, since :
        The reporting round; an earlier run to tell changes from.
    """
    wording = words(language)
    title = wording.t("index.title", number=plan.number)
    areas = [entry for entry in entries if entry.attainments or entry.error]
    pages = [entry for entry in entries if not entry.attainments and not entry.error]
    used = [
        (verdict, verdicts)
        for verdict, verdicts in GROUPS
        if any(item.verdict in verdicts for entry in areas for item in entry.attainments)
    ]
    failed = [entry for entry in entries if entry.error]
    shown = [entry for entry in areas if entry.attainments and not entry.error]
    names = {entry.name: entry.label for entry in shown}
    answers = [item for entry in shown for item in entry.attainments]
    columns = [(verdict, wording.t(f"index.group.{verdict}")) for verdict, _ in used]
    changed = changes_section(wording, plan, names, answers, since)
    body = (
        environment()
        .get_template("index.html.j2")
        .render(
            t=wording.t,
            title=title,
            kicker=kicker(wording, cycle_of(cycle, plan)),
            subtitle=wording.t("subtitle", plan=plan.names[language], day=wording.day(facts.as_of)),
            pages=pages,
            columns=columns,
            rows=[(entry, _counts(entry, used, wording)) for entry in shown],
            levels=[
                (level, wording.t(f"index.level.{level}"))
                for level in ("province", "district", "commune")
                if any(entry.level == level for entry in shown)
            ],
            targets=[(target.id, target.name(language)) for target in plan.targets],
            grades=sorted({part for item in answers for part in item.grade.split("·") if part}),
            papers_of=_papers,
            data=_data(shown, used, wording, plan),
            script=Markup((TEMPLATES / "index.js").read_text(encoding="utf-8")),
            changes=Markup(section_html(changed)),
            files=[(file, wording.t(f"index.file.{key}")) for file, key in FILES],
            failed=failed,
            failed_title=wording.counted("index.failed", len(failed)),
            provenance=_provenance(wording, facts),
        )
    )
    banner = wording.t("simulated") if facts.simulated else ""
    return page_html(
        Frame(language, title, banner, foot(wording, facts), wording.t("skip")), body, sheets=("style", "index")
    )


def start_html(plan: Plan, languages: Sequence[Language]) -> str:
    """Return the page above runs in several languages: one link to the index of each."""
    titles = {language: words(language).t("index.title", number=plan.number) for language in languages}
    links = "".join(
        f'<li lang="{language}"><a href="{language}/index.html" hreflang="{language}">{escape(title)}</a></li>'
        for language, title in titles.items()
    )
    first = languages[0]
    return page_html(Frame(first, titles[first]), f'<h1>{escape(titles[first])}</h1><ul class="entries">{links}</ul>')


def _papers(entry: IndexEntry) -> list[tuple[str, str]]:
    return [(PAPERS.get(file.rpartition(".")[2], file), file) for file in entry.papers]


def _data(
    entries: Sequence[IndexEntry], used: Sequence[tuple[str, tuple[str, ...]]], wording: Words, plan: Plan
) -> Markup:
    """Return what the filters work on: of each area and target the column, verdict, grade and probability."""
    ids = [target.id for target in plan.targets]
    groups = {verdict: name for name, verdicts in used for verdict in verdicts}
    areas = {}
    for entry in entries:
        by_target = {item.target_id: item for item in entry.attainments}
        areas[entry.name] = [_datum(by_target[key], groups, wording) for key in ids]
    content = {
        "targets": ids,
        "groups": [name for name, _ in used],
        "verdicts": {verdict: wording.verdict(verdict) for verdict in groups},
        "found": wording.t("index.found", areas="{areas}", answers="{answers}"),
        "areas": areas,
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))


def _datum(item: Attainment, groups: dict[str, str], wording: Words) -> list[str]:
    shown = wording.numbers.probability(item.probability, bound=item.bound) if item.outcome == "probability" else ""
    return [groups[item.verdict], item.verdict, item.grade, shown]


def _counts(entry: IndexEntry, used: Sequence[tuple[str, tuple[str, ...]]], wording: Words) -> list[str]:
    counts = [sum(item.verdict in verdicts for item in entry.attainments) for _, verdicts in used]
    return [wording.numbers.decimal(count, 0) for count in counts]


def _provenance(wording: Words, facts: RunFacts) -> Definitions:
    entries = [("as_of", wording.day(facts.as_of)), ("commit", facts.commit), ("command", facts.command)]
    return Definitions(tuple((wording.t(f"provenance.{key}"), text) for key, text in entries if text))
