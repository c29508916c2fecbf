"""What stands above the reports of a run: its index, a page that works with scripts off, and tables for spreadsheets.

Tables are CSV files and workbooks in which no text can become a formula, written row by row.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pandas as pd
from markupsafe import Markup, escape

from toolkit.attainment.attainment import Attainment, notes_text
from toolkit.base.files import write_atomic
from toolkit.base.texts import Language, formula_like, neutral
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.data.observations import Figure
from toolkit.plan.plan import Plan
from toolkit.reports.blocks import CREATED, Cell, Frame, Section, Table
from toolkit.reports.context import RunFacts, cycle_of, figure_place, frame_of, kicker
from toolkit.reports.evidence import made_of, web_address
from toolkit.reports.formats import environment, page_html, section_html, unbroken
from toolkit.reports.svg import TEMPLATES
from toolkit.reports.wording import GROUPS, Words, asked_of, requirement, words

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
    workbook: bool = True,
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
    workbook :
        Whether the tables are there as a workbook too.
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
        title=Markup(unbroken(escape(title))),
        kicker=kicker(wording, cycle_of(cycle, plan)),
        subtitle=Markup(
            unbroken(escape(wording.t("subtitle", plan=plan.name(language), day=wording.day(facts.as_of))))
        ),
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
        papers_of=lambda entry: [
            (PAPERS.get(file.partition(".")[2]) or wording.t("index.brief"), file) for file in entry.papers
        ],
        data=_data({entry.name: found for entry, found in shown}, [GROUPS[at] for at in used], wording, plan),
        script=Markup((TEMPLATES / "index.js").read_text(encoding="utf-8")),
        changes=Markup(section_html(changed) if changed else ""),
        files=[(file, wording.t(f"index.file.{key}")) for file, key in FILES if workbook or key != "workbook"],
        failed=failed,
        failed_title=wording.counted("index.failed", len(failed)),
        provenance=made_of(wording, facts),
    )  # fmt: skip
    frame = frame_of(wording, facts, title, skip=wording.t("skip"))
    before, after = page_html(frame, _CONTENT_HERE, sheets=("style", "index")).split(_CONTENT_HERE)
    yield before
    yield from content
    yield after


def figure_pages(dataset: Dataset, plan: Plan, language: Language, facts: RunFacts) -> Iterator[tuple[str, str]]:
    """Yield pages with the rows of data that reports lead to, each with its file's name in the run.

    A row leads on to its source's address and to its file in the run's copy of the data.
    """
    wording, by_page, beside = words(language), dict[str, list[Figure]](), dataset.areas.beside(plan.province_code)
    for figure in (one for one in dataset.figures if one.area_code not in beside):
        by_page.setdefault(figure_place(figure).partition("#")[0], []).append(figure)
    for page, figures in by_page.items():
        file = f"data/observations/{figures[0].delivery:04d}.csv" if figures[0].delivery else "data/observations.csv"
        title = wording.t("figures.title", file=file)
        rows = [_figure_row(figure, dataset, wording, file) for figure in figures]
        names, anchors = (
            ("area", "indicator", "year", "value", "source", "place"),
            tuple(f"r{one.row}" for one in figures),
        )
        table = Table.of(wording.t, "figures", names, rows, caption=title, layout="grid", anchors=anchors)
        body = f"<h1>{escape(title)}</h1>{section_html(Section('figures', title, (table,)))}"
        yield page, page_html(frame_of(wording, facts, title), body)


def _figure_row(figure: Figure, dataset: Dataset, wording: Words, file: str) -> tuple[Cell, ...]:
    known, source = dataset.indicators, dataset.sources.loc[figure.source_id]
    name = known[figure.indicator].names[wording.language] if figure.indicator in known else figure.indicator
    area = dataset.areas.unit_in(figure.area_code, figure.year)
    return (
        Cell(area.name(wording.language) if area else figure.area_code, (figure.area_code,)),
        Cell(name, (wording.t(f"scope.{figure.scope}"),)),
        Cell(str(figure.year)),
        Cell(wording.amount(figure.value, figure.unit), (wording.t(f"status.{figure.status}"),), figure.value),
        Cell(str(source["title"]), (str(source["publisher"]),), link=web_address(str(source["url"]))),
        Cell(f"{file.rpartition('/')[2]}:{figure.row}", link=f"../{file}"),
    )


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


ANSWERED = (
    "area", "id", "target", "asked", "last", "last_unit", "last_year", "unit", "expected", "low", "high", "likelihood",
    "probability", "grade", "required", "recent", "lead",
)  # fmt: skip
LACKING = ("area", "id", "target", "due", "missing", "lead")
"""Columns of the annex: of its sheets of answers, and of that of missing figures."""


class Annex:
    """The workbook beside the reports, in words: a sheet a due year, and one of missing figures with who leads.

    Parameters
    ----------
    book :
        Where the sheets go.
    plan, wording :
        Names of the targets, and the language.
    """

    def __init__(self, book: Workbook, plan: Plan, wording: Words) -> None:
        self._plan, self._words = plan, wording
        answered, lacking = ([wording.t(f"annex.{name}") for name in names] for names in (ANSWERED, LACKING))
        self._years = {due: book.sheet(str(due), answered) for due in plan.horizons}
        self._missing = book.sheet(wording.t("section.gaps"), lacking)

    def add(self, area: Area, answers: Sequence[Attainment], dataset: Dataset) -> None:
        """Append an area's answers."""
        name, words = area.name(self._words.language), self._words
        for due, sheet in self._years.items():
            sheet.add([self._answered(name, item) for item in answers if item.due == due])
        lacking = [(item, self._plan.target(item.target_id)) for item in answers if item.outcome == "cannot_assess"]
        for item, target in lacking:
            missing = notes_text(item.missing, dataset, words.texts)
            lead = asked_of([target.lead], dataset.indicators.get(target.indicator), words)
            self._missing.add([(name, item.target_id, target.name(words.language), item.due, missing, lead)])

    def _answered(self, area: str, item: Attainment) -> SheetRow:
        words, target = self._words, self._plan.target(item.target_id)
        return (
            area, item.target_id, target.name(words.language), requirement(target, words), item.last_value,
            words.unit(item.last_unit) if item.last_year else "", item.last_year, words.unit(item.unit), item.expected,
            item.low, item.high, words.verdict(item.verdict), item.probability, item.grade,
            words.t("pace.hold") if item.required_pace == 0 else words.pace(item.required_pace, item.pace_unit),
            words.pace(item.recent_pace, item.pace_unit), target.lead or "",
        )  # fmt: skip


UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
WIDEST, NARROWEST, PAGE = 60, 10, 190
"""Characters that a column shows at most, and at least if it has more; and those beside each other on paper."""
LINE, MOST_LINES = 15.0, 6
"""Points of a line, and lines of a row at most."""
ROWS_FOR_WIDTH = 200
"""Rows by which a column's width is chosen."""

SheetRow = Sequence[object]
"""Texts, numbers, booleans; None or not-a-number where there is nothing."""


def csv_text(rows: Iterable[SheetRow]) -> str:
    r"""Return rows as CSV, lines ending with ``\n``, with every text neutralised.

    >>> csv_text([("year", "note"), (2030, "=1"), (None, float("nan"))])
    "year,note\n2030,'=1\n,\n"
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    return stream.getvalue()


def table_csv(table: pd.DataFrame) -> str:
    r"""Return a table as CSV, lines ending with ``\n``, with every text neutralised.

    >>> import pandas as pd
    >>> table_csv(pd.DataFrame({"unit": ["=1+1", "a"], "value": [-0.5, None]}))
    "unit,value\n'=1+1,-0.5\na,\n"
    """
    return csv_text([tuple(map(str, table.columns)), *rows_of(table)])


def _csv_cell(cell: object) -> object:
    if isinstance(cell, str):
        return _csv_text(cell)
    return None if cell != cell else cell


@lru_cache(maxsize=1024)  # most texts of a table are the same again and again
def _csv_text(text: str) -> str:
    """Return a text of CSV; line breaks are of one kind: a lone carriage return would end the row unquoted."""
    return neutral(text.replace("\r\n", "\n").replace("\r", "\n"))


def rows_of(table: pd.DataFrame) -> Iterator[SheetRow]:
    """Yield the rows of a table, None where it has nothing."""
    return iter(table.astype(object).where(table.notna(), None).itertuples(index=False, name=None))


@contextmanager
def open_workbook(path: Path) -> Iterator[Workbook]:
    """Give a workbook to fill; it is at `path` when the block has ended. Equal rows give equal bytes."""
    stream = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        book = Workbook(stream, folder)
        try:
            yield book
        finally:
            book.close()
    write_atomic(path, stream.getvalue())


class Workbook:
    """A workbook that grows row by row; rows are kept in files until it is closed, not in memory.

    Parameters
    ----------
    stream :
        Where the workbook is written when it is closed.
    folder :
        For the files of rows.
    """

    def __init__(self, stream: IO[bytes], folder: str) -> None:
        from xlsxwriter import Workbook as Book

        self._book = Book(stream, {"constant_memory": True, "tmpdir": folder})
        self._book.set_properties({"created": CREATED})
        kinds: dict[str, dict[str, object]] = {"head": {"bold": True}, "text": {}, "quoted": {"quote_prefix": True}}
        kinds["decimal"] = {"num_format": "#,##0.00"}
        wrapped = {"text_wrap": True, "valign": "top"}
        self._formats = {name: self._book.add_format(wrapped | kind) for name, kind in kinds.items()}
        self._sheets: list[Sheet] = []

    def sheet(self, name: str, columns: Sequence[str]) -> Sheet:
        """Return a new sheet, its head frozen and filterable; of the name, 31 characters count."""
        made = Sheet(self._book.add_worksheet(name[:31]), columns, self._formats)
        self._sheets.append(made)
        return made

    def close(self) -> None:
        """Write all sheets to the stream."""
        for sheet in self._sheets:
            sheet.finish()
        self._book.close()


class Sheet:
    """One sheet of a :class:`Workbook`.

    Parameters
    ----------
    sheet :
        Of XlsxWriter.
    columns :
        Names of the columns.
    formats :
        Of the first row (``head``), of texts, of texts that would be formulas if they were typed again (``quoted``)
        and of broken numbers (``decimal``).
    """

    def __init__(self, sheet: Any, columns: Sequence[str], formats: Mapping[str, Any]) -> None:
        self._sheet, self._columns, self._formats = sheet, tuple(columns), formats
        self._widths: list[int] = []
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        self._count = 0

    def add(self, rows: Iterable[SheetRow]) -> None:
        """Append rows; the first of the first ones decide how wide the columns are."""
        coming = iter(rows)
        if not self._count:
            first = list(islice(coming, ROWS_FOR_WIDTH))
            self._fit(first)
            self._write([self._columns], head=True)
            self._write(first)
        self._write(coming)

    def finish(self) -> None:
        """Say which rows the filters cover."""
        self.add(())
        if self._columns:
            self._sheet.autofilter(0, 0, self._count - 1, len(self._columns) - 1)

    def _fit(self, rows: Sequence[SheetRow]) -> None:
        """Set the widths of the columns, so that all beside each other can be read on paper."""
        names = [max(map(len, name.split()), default=0) for name in self._columns]
        cells = zip(*([_shown(cell) for cell in row] for row in rows), strict=True)
        wanted = [2 + max(name, *found) for name, found in zip(names, cells, strict=True)] if rows else names
        fitting = (most for most in range(WIDEST, NARROWEST, -1) if sum(min(one, most) for one in wanted) <= PAGE)
        widest = next(fitting, NARROWEST)
        self._widths = [min(width, widest) for width in wanted]
        for number, width in enumerate(self._widths):
            self._sheet.set_column(number, number, width)

    def _write(self, rows: Iterable[SheetRow], *, head: bool = False) -> None:
        for row in rows:
            cells = list(zip(self._widths, row, strict=True))
            lines = max((-(-len(cell) // width) for width, cell in cells if isinstance(cell, str)), default=1)
            if lines > 1:  # XlsxWriter remembers each height
                self._sheet.set_row(self._count, LINE * min(lines, MOST_LINES))
            for number, (_, cell) in enumerate(cells):
                self._write_cell(number, cell, "head" if head else "text")
            self._count += 1

    def _write_cell(self, number: int, cell: object, kind: str) -> None:
        """Write a cell; text is marked as text, whatever it begins with."""
        if isinstance(cell, str):
            style = self._formats["quoted" if kind == "text" and formula_like(cell) else kind]
            self._sheet.write_string(self._count, number, _printable(cell), style)
        elif isinstance(cell, bool):
            self._sheet.write_boolean(self._count, number, cell)
        elif cell is not None and cell == cell:
            style = self._formats["text" if float(cell).is_integer() else "decimal"]  # type: ignore[arg-type]
            self._sheet.write_number(self._count, number, cell, style)


def _shown(cell: object) -> int:
    """Return how many letters a cell shows."""
    return len(f"{cell:,.2f}" if isinstance(cell, float) else str(cell))


@lru_cache(maxsize=1024)
def _printable(text: str) -> str:
    return UNPRINTABLE.sub("\ufffd", text)
