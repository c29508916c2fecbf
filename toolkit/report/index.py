"""The index of a run: a plain table that works with scripts off and opens from disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.attainment.result import Attainment
from toolkit.base.files import write_atomic
from toolkit.base.texts import Language
from toolkit.plan.schema import Plan
from toolkit.report.document import foot
from toolkit.report.facts import RunFacts
from toolkit.report.html import Frame, environment, page_html
from toolkit.report.parts import Definitions
from toolkit.report.words import Words, words

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
    """

    name: str
    label: str
    page: str
    notebook: str
    error: str = ""
    attainments: tuple[Attainment, ...] = ()


def write_index(path: Path, entries: Sequence[IndexEntry], *, plan: Plan, facts: RunFacts, language: Language) -> Path:
    """Write the index of a run.

    Parameters
    ----------
    path :
        ``index.html`` on top of the run's folder.
    entries :
        Every page of the run, in order, failed ones too.
    plan, facts, language :
        What the run is about.
    """
    return write_atomic(path, index_html(entries, plan=plan, facts=facts, language=language))


def index_html(entries: Sequence[IndexEntry], *, plan: Plan, facts: RunFacts, language: Language) -> str:
    """Return the index as a page; see :func:`write_index`."""
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
    body = (
        environment()
        .get_template("index.html.j2")
        .render(
            t=wording.t,
            title=title,
            subtitle=wording.t("subtitle", plan=plan.names[language], day=wording.day(facts.as_of)),
            pages=pages,
            columns=[(verdict, wording.t(f"index.group.{verdict}")) for verdict, _ in used],
            rows=[(entry, _counts(entry, used, wording)) for entry in areas if entry.attainments and not entry.error],
            failed=failed,
            failed_title=wording.counted("index.failed", len(failed)),
            provenance=_provenance(wording, facts),
        )
    )
    banner = wording.t("simulated") if facts.simulated else ""
    return page_html(Frame(language, title, banner, foot(wording, facts), wording.t("skip")), body)


def _counts(entry: IndexEntry, used: Sequence[tuple[str, tuple[str, ...]]], wording: Words) -> list[str]:
    counts = [sum(item.verdict in verdicts for item in entry.attainments) for _, verdicts in used]
    return [wording.numbers.decimal(count, 0) for count in counts]


def _provenance(wording: Words, facts: RunFacts) -> Definitions:
    entries = [("as_of", wording.day(facts.as_of)), ("commit", facts.commit), ("command", facts.command)]
    return Definitions(tuple((wording.t(f"provenance.{key}"), text) for key, text in entries if text))
