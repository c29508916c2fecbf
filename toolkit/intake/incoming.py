"""A file that somebody hands in, to figures: what can be used, what is rejected and why, what the model doubts.

Unlikely figures are flagged and never dropped.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.base.problems import Problem, Problems, shortened
from toolkit.base.texts import LANGUAGES, numbers, texts
from toolkit.data.consistency import check_between, check_doubles
from toolkit.data.dataset import Dataset
from toolkit.data.observations import OBSERVATION_LAYOUT, UNUSED, Figure, figures_of
from toolkit.data.parsing import Numeral, RawSheet, Row, decimals_of
from toolkit.data.reference import Reference
from toolkit.data.schemas import OBSERVATIONS, SOURCES
from toolkit.data.tables import InputTable, TableLayout, Tables, read_by, read_tables, table_of
from toolkit.intake.mapping import ColumnMapping, figure_and_status, mapped_tables

if TYPE_CHECKING:
    from toolkit.forecast.make import Span
    from toolkit.forecast.store import Forecasts
    from toolkit.plan.plan import Plan

Cells = dict[str, str]
"""A row as text, by column."""


def value_text(value: float, written: str) -> str:
    """Return a figure as the project writes it: decimal point, no thousands, as many decimals as its source printed.

    >>> value_text(12.2, "12,20%"), value_text(12868.0, "12.868"), value_text(0.692, "0.692")
    ('12.20', '12868', '0.692')
    """
    places = decimals_of(written)
    shown = f"{value:.{min(places, 12)}f}"
    if float(shown) == value and not (places == 3 and value == int(value)):
        return shown
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


MARK = "toolkit_template"
"""Name defined in a workbook that was made by ``toolkit template``."""
INFORMATION = ("info_name", "info_scope", "info_bounds", "info_last", "info_last_year", "info_last_source")
"""Columns that a template shows and nobody reads back."""
ENTERED = ("qualifier", "source_id", "available_from", "note")
"""Cells that say something about a figure; filled without one they are a mistake."""
PROJECT_COLUMNS = TableLayout(OBSERVATION_LAYOUT.required, (*OBSERVATION_LAYOUT.optional, *INFORMATION), titled=True)
SOURCE_COLUMNS = TableLayout(SOURCES.names[:2], SOURCES.names[2:], may_be_empty=True, titled=True)
NAMED = tuple(column.name for column in SOURCES.columns if column.required)
"""What a source has to say of itself."""
LARGEST_DIRECTORY = 20_000_000


def is_template(path: Path) -> bool:
    """Say whether a file is a workbook made by ``toolkit template``."""
    named = {".xlsx": "xl/workbook.xml", ".xlsm": "xl/workbook.xml", ".ods": "content.xml"}.get(path.suffix.casefold())
    if named is None:
        return False
    try:
        with zipfile.ZipFile(path) as parts, parts.open(named) as stream:
            return MARK.encode() in stream.read(LARGEST_DIRECTORY)
    except Exception:  # noqa: BLE001  (a damaged archive may raise anything; the reader of tables says what is wrong)
        return False


def filled_tables(path: Path, reference: Reference) -> tuple[Tables, tuple[Cells, ...]]:
    """Return the filled rows of a template, and the sources that it declares."""
    sources: list[Cells] = []

    def of_sheet(sheet: RawSheet) -> list[InputTable] | None:
        tables = table_of(sheet, PROJECT_COLUMNS)
        named = None if tables else _sources(sheet, reference)
        sources.extend(named or ())
        guide = sheet.name in [texts(language).t("desk.template.sheet.guide") for language in LANGUAGES]
        return None if guide or named is not None else tables

    found = read_by(path, OBSERVATION_LAYOUT.columns, of_sheet, OBSERVATION_LAYOUT.required)
    first = sources[0]["source_id"] if sources else ""
    return found._replace(tables=tuple(_filled(table, first) for table in found.tables)), tuple(sources)


def _filled(table: InputTable, source: str) -> InputTable:
    """Return the rows with a figure, in the order of an observation table; without a source they have the first."""
    rows = []
    for row in table.rows:
        cells = dict(zip(table.columns, row.cells, strict=False))
        if not cells.get("value"):
            if any(cells.get(name) for name in ENTERED):
                table.problems.warn("no_figure", row.number, "value")
            continue
        cells["source_id"] = cells.get("source_id") or source
        if not isinstance(cells["value"], Numeral):
            cells["value"], flag = figure_and_status(cells["value"])
            cells["status"] = flag or cells.get("status", "")
        rows.append(Row(row.number, tuple(cells.get(name, "") for name in OBSERVATIONS.names)))
    return replace(table, columns=OBSERVATIONS.names, rows=tuple(rows))


def _sources(sheet: RawSheet, reference: Reference) -> list[Cells] | None:
    """Return the sources that a sheet names, None if it is no sheet of them; an id alone, as proposed, is none."""
    named = tuple(row for row in sheet.rows if len(list(filter(None, row.cells))) > 1 or not row.cells[0])
    found: list[Cells] = []
    tables = table_of(replace(sheet, rows=named), SOURCE_COLUMNS)
    for table in tables:
        for row in table.rows:
            held = dict(zip(table.columns, map(str, row.cells), strict=True))
            cells = {name: held.get(name, "") for name in SOURCES.names}
            known = cells["source_id"] in reference.sources
            lacking = [name for name in NAMED if not cells[name]]
            if cells["source_id"] and (known or not lacking):
                found.append(cells)
            elif any(cells[name] for name in SOURCES.names[1:]):
                sheet.problems.add("source_unnamed", row.number, lacking[0])
    return found if tables else None


@dataclass(frozen=True)
class Rejected:
    """A row that is not taken.

    Attributes
    ----------
    file, sheet, row :
        Where it stands; the row as a spreadsheet shows it.
    cells :
        What it says, by column of an observation table; empty where its cells do not belong to columns.
    problems :
        Why.
    """

    file: str
    sheet: str
    row: int
    cells: Cells
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Incoming:
    """What a file holds.

    Attributes
    ----------
    path :
        The file.
    figures :
        Rows that can be used; each knows the row, sheet and file where it stands.
    rejected :
        Rows that cannot.
    problems :
        Everything noted, errors and warnings.
    sources :
        Sources that it declares, as rows of ``sources.csv``.
    """

    path: Path
    figures: tuple[Figure, ...]
    rejected: tuple[Rejected, ...]
    problems: tuple[Problem, ...]
    sources: tuple[Cells, ...] = ()

    def without(self, refused: Mapping[Figure, Problem]) -> Incoming:
        """Return the file without some figures: rejected for an error, told of where the same figure came before."""
        out = {item: refused[item] for item in self.figures if item in refused}
        kept = tuple(item for item in self.figures if item not in out)
        wrong = [Rejected(item.file, item.sheet, item.row, stored_cells(item), (problem,))
                 for item, problem in out.items() if problem.severity == "error"]  # fmt: skip
        return replace(self, figures=kept, rejected=(*self.rejected, *wrong), problems=(*self.problems, *out.values()))


def read_together(
    paths: Sequence[Path], reference: Reference, mapping: ColumnMapping | None = None
) -> tuple[Incoming, ...]:
    """Read files that come in together: two figures of one source for one cell are refused, wherever they stand."""
    files = [read_incoming(path, reference, mapping) for path in paths]
    found = Problems("")
    refused = check_doubles([figure for file in files for figure in file.figures], found)
    told = [replace(item, severity="warning") if item.kind == "double_row" else item for item in found.found]
    reasons = {(item.file, item.sheet, item.row): item for item in told}
    why = {item: reasons[item.file, item.sheet, item.row] for item in refused}
    return tuple(file.without(why) for file in files)


def read_incoming(path: Path, reference: Reference, mapping: ColumnMapping | None = None) -> Incoming:
    """Read a file: a filled template, a table with the project's own columns, or one read by a mapping.

    Parameters
    ----------
    path :
        CSV or workbook.
    reference :
        The project's areas, indicators, sources, standards.
    mapping :
        How to read a table of somebody else's making.

    Returns
    -------
    Incoming
        Every row that holds anything is either a figure or rejected with its reasons.
    """
    sources: tuple[Cells, ...] = ()
    if mapping is not None:
        read = mapped_tables(path, mapping, reference)
    elif is_template(path):
        read, sources = filled_tables(path, reference)
        reference = reference.with_sources(sources)
    else:
        read = read_tables(path, OBSERVATION_LAYOUT)
    problems = read.problems
    figures: list[Figure] = []
    rejected: list[Rejected] = []
    for table in read.tables:
        usable, unusable = checked_rows(table, reference)
        figures += usable
        rejected += unusable
        problems += table.problems.all()
    if read.damaged:  # letters that were lost in one row may be lost in all
        reason = Problem("data.problem.file_refused", path.name, 1)
        rejected += [Rejected(item.file, item.sheet, item.row, stored_cells(item), (reason,)) for item in figures]
        problems, figures = [*problems, reason], []
    rejected += _elsewhere(problems, rejected)
    unsourced = [item for item in problems if (item.kind, item.column) == ("empty_cell", "source_id")]
    if len(unsourced) > 1 and not sources and is_template(path):  # said once, of the sheet that nobody filled in
        reason = replace(unsourced[0], key="data.problem.sources_empty", fields={"count": len(unsourced)})
        problems = [reason, *(item for item in problems if item not in unsourced)]
    return Incoming(path, tuple(figures), tuple(rejected), tuple(dict.fromkeys(problems)), sources)


def checked_rows(table: InputTable, reference: Reference) -> tuple[list[Figure], list[Rejected]]:
    """Check every row of a table by the rules of observations, and against each other."""
    read, problems = figures_of(table, reference), table.problems
    refused = check_between(read, reference, problems)
    by_row = {figure.row: figure for figure in read if figure not in refused}
    reasons: dict[int, list[Problem]] = {}
    for problem in problems.all():
        if problem.severity == "error":
            reasons.setdefault(problem.row, []).append(problem)
    figures, rejected = [], []
    for row in table.rows:
        if row.number in by_row and row.number not in reasons:
            figures.append(by_row[row.number])
        else:
            cells = dict(zip(table.columns, row.cells, strict=True))
            why = reasons.get(row.number) or reasons.get(table.header_row, [])
            rejected.append(Rejected(problems.file, problems.sheet, row.number, cells, tuple(why)))
    return figures, rejected


def stored_cells(figure: Figure) -> Cells:
    """Return a figure as a row of an observation table."""
    held = figure._asdict()
    cells = {name: "" if held[name] is None else str(held[name]) for name in OBSERVATIONS.names}
    return {**cells, "value": value_text(figure.value, str(figure.written))}


def _elsewhere(problems: Sequence[Problem], rejected: Sequence[Rejected]) -> list[Rejected]:
    """Return the rows with an error whose cells never became a row of a table: broken, too short, too long."""
    held = {(item.file, item.sheet, item.row) for item in rejected}
    found: dict[tuple[str, str, int], list[Problem]] = {}
    for problem in problems:
        place = (problem.file, problem.sheet, problem.row)
        if problem.severity == "error" and place not in held:
            found.setdefault(place, []).append(problem)
    return [Rejected(*place, {}, tuple(reasons)) for place, reasons in found.items()]


def check_files(paths: Sequence[Path], reference: Reference, mapping: ColumnMapping | None = None) -> list[Problem]:
    """Return all problems of files: filled templates, tables with the project's columns, or mapped ones.

    Parameters
    ----------
    paths :
        CSV or workbooks; ``from_year``, ``qualifier``, ``available_from``, ``available_basis`` and ``note`` may
        be missing.
    reference :
        The project's areas, indicators, sources, standards, which the file is checked against.
    mapping :
        How to read a table of somebody else's making.

    Returns
    -------
    list of Problem
        By file, sheet and row; row 1 for a file that cannot be read. Errors and warnings.
    """
    problems = [item for file in read_together(paths, reference, mapping) for item in file.problems]
    return [item for item in problems if item.kind != "file_refused"]  # only who takes figures in refuses the rest


TAIL = 0.005
"""A figure that fewer draws than this reach, on its side, is unlikely: about one good figure in a hundred is too."""
DOUBT_DRAWS = 1000
MOST_KEYS = 20
"""Indicators and scopes forecast in one go, so that memory stays bounded."""
FOLDS = 4
"""Parts of every series that are held out in turn."""
PASSED_OVER = (UNUSED, "at_least", "at_most")
"""Qualifiers of figures that are not judged."""


@dataclass(frozen=True)
class Doubt:
    """A figure that the model thought unlikely.

    Attributes
    ----------
    figure :
        The figure.
    tail :
        Share of the draws at least as far out, on its side of the median.
    low, high :
        80 % interval that was expected, in printed units.
    """

    figure: Figure
    tail: float
    low: float
    high: float


def doubts(figures: Sequence[Figure], known: Dataset, plan: Plan, *, seed: int = 138) -> tuple[Doubt, ...]:
    """Return the figures that lie far out in the predictive distribution made from what is known.

    Parameters
    ----------
    figures :
        Figures to judge; those for which a figure is known already on the same standard, means of periods,
        one-sided and unverified ones are passed over, and so is what only a proxy gives.
    known :
        The data that the predictions rest on; must not hold the figures themselves.
    plan :
        Its province, and the proxies that are switched on.
    """
    return tuple(doubt for part in _parts(_judged(figures)) for doubt in _doubts(part, known, plan, seed))


def doubts_within(dataset: Dataset, plan: Plan, *, seed: int = 138) -> tuple[Doubt, ...]:
    """Return the figures of a dataset that lie far out in what the model expects from all the others.

    Each figure is held out, with any other for the same area, indicator, scope and year, and predicted from the
    rest: its own series before and after it, its parents and its peers. So that this takes few passes, every
    fourth year of every series is held out at a time: one at most of short series, a quarter of long ones.

    Parameters
    ----------
    dataset :
        Figures to judge.
    plan :
        Its province, and the proxies that are switched on.
    """
    series: dict[tuple[str, str, str], dict[int, list[Figure]]] = {}
    for item in judged_within(dataset, plan):
        years = series.setdefault((item.area_code, item.indicator, item.scope), {})
        years.setdefault(item.year, []).append(item)
    found: list[Doubt] = []
    for number in range(FOLDS):
        out = [item for years in series.values() for year in sorted(years)[number::FOLDS] for item in years[year]]
        places = {(item.area_code, item.indicator, item.scope, item.year) for item in out}
        rest = tuple(item for item in dataset.figures
                     if (item.area_code, item.indicator, item.scope, item.year) not in places)  # fmt: skip
        found += doubts(out, replace(dataset, figures=rest), plan, seed=seed)
    return tuple(sorted(found, key=lambda item: item.figure.row))


def judged_within(dataset: Dataset, plan: Plan) -> list[Figure]:
    """Return the figures of a dataset that can be held against the model; other provinces only stand beside."""
    beside = dataset.areas.beside(plan.province_code)
    return [item for item in _judged(dataset.figures) if item.area_code not in beside]


def _judged(figures: Iterable[Figure]) -> list[Figure]:
    return [item for item in figures if item.from_year is None and item.qualifier not in PASSED_OVER]


def _doubts(judged: Sequence[Figure], known: Dataset, plan: Plan, seed: int) -> list[Doubt]:
    from toolkit.forecast.make import Span, make_forecasts  # late: reading a file needs no model

    wanted: dict[tuple[str, str], Span] = {}
    for item in judged:
        key, span = (item.indicator, item.scope), Span(item.year, item.year, item.year)
        wanted[key] = wanted.get(key, span) | span
    codes = sorted({item.area_code for item in judged})
    forecasts = make_forecasts(known, plan, codes, draws=DOUBT_DRAWS, seed=seed, only=wanted)
    found = [_doubt(item, forecasts) for item in judged]
    return [item for item in found if item is not None]


def _doubt(figure: Figure, forecasts: Forecasts) -> Doubt | None:
    import numpy as np

    path = forecasts.path(figure.area_code, figure.indicator, figure.scope)
    if path is None or path.proxy is not None or not path.years[0] <= figure.year <= path.years[-1]:
        return None
    at = path.position(figure.year)
    if path.observed[at] or figure.standard not in ("", path.standards[at]):
        return None
    draws = path.at(figure.year)
    weights = np.full(len(draws), 1 / len(draws)) if path.weights is None else path.weights
    tail = float(min(weights[draws <= figure.value].sum(), weights[draws >= figure.value].sum()))
    if tail >= TAIL:
        return None
    low, high = path.quantiles((0.1, 0.9))[at]
    return Doubt(figure, tail, float(low), float(high))


def _parts(figures: Iterable[Figure]) -> list[list[Figure]]:
    """Return the figures in parts of no more indicators and scopes than are forecast in one go."""
    by_key: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        by_key.setdefault((figure.indicator, figure.scope), []).append(figure)
    keys = list(by_key)
    return [
        [figure for key in keys[start : start + MOST_KEYS] for figure in by_key[key]]
        for start in range(0, len(keys), MOST_KEYS)
    ]


def as_problem(doubt: Doubt) -> Problem:
    """Return a doubt as a warning at the figure's cell."""
    figure, tail = doubt.figure, numbers("en").probability(doubt.tail)  # below 1 %, which both languages write alike
    fields = {"low": round(doubt.low, 2), "high": round(doubt.high, 2), "tail": tail}
    value = shortened(str(figure.written))
    return Problem("data.problem.unlikely", figure.file, figure.row, "value", value, fields, "warning", figure.sheet)
