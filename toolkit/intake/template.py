"""What is sent out, apart because people read it: workbooks that areas fill in, lists of who is asked for figures."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from math import ceil
from typing import TYPE_CHECKING

from toolkit.base.errors import UsageError, need_extra
from toolkit.base.texts import LANGUAGES, Language, Texts, neutral_cell, numbers, say, slug, texts
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator, Standard
from toolkit.data.observations import Observation
from toolkit.data.schemas import QUALIFIERS, SOURCES, STATUSES
from toolkit.intake.history import districts_of
from toolkit.intake.incoming import MARK
from toolkit.plan.plan import Plan, Target
from toolkit.plan.rules import MilestoneRule, RatioToRule

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from toolkit.attainment.attainment import Attainment
    from toolkit.forecast.store import Forecasts
    from toolkit.reports.context import Context

SUPPORTING = {
    "poverty_rate": ("poor_households", "households"),
    "near_poverty_rate": ("near_poor_households", "households"),
}
"""Numerator and denominator of a rate; asked for in the rows below it."""
MOST_YEARS = 40
SPAN_OF_YEARS = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?", re.ASCII)


@dataclass(frozen=True)
class RequestedFigure:
    """One figure asked for.

    Attributes
    ----------
    indicator, scope, year :
        What is asked.
    standard :
        Definition in force in that year on the chain that targets are judged on; None where there is none.
    last :
        The newest figure held, None without one.
    """

    indicator: Indicator
    scope: str
    year: int
    standard: Standard | None
    last: Observation | None


def requested_figures(dataset: Dataset, plan: Plan, area: Area, years: Sequence[int]) -> tuple[RequestedFigure, ...]:
    """Return what an area is asked for, in the plan's order; every indicator and scope once a year.

    Raises
    ------
    UsageError
        For a year that is not one, lies ahead, or in which the area was not in force.
    """
    for year in years:
        if not area.exists_in(year):
            message = say("desk.template.not_in_force", area=f"{area.code} {area.name_vi}", year=year)
            raise UsageError(message, say("desk.template.not_in_force.remedy", validity=area.validity()))
        if year > dataset.as_of.year:
            raise UsageError(say("desk.template.ahead", year=year), say("desk.template.ahead.remedy"))
    keys = list(dict.fromkeys(key for target in plan.targets for key in _keys(target, plan, area, dataset)))
    return tuple(
        RequestedFigure(
            indicator=dataset.indicators[name],
            scope=scope,
            year=year,
            standard=standard_in(dataset, dataset.indicators[name], year),
            last=next(reversed(dataset.series(area.code, name, scope).observations), None),
        )
        for year in years
        for name, scope in keys
    )


def standard_in(dataset: Dataset, indicator: Indicator, year: int) -> Standard | None:
    """Return the standard on which an indicator was measured in a year, of the kind that targets are judged on."""
    declared = dataset.standards.of(indicator.id)
    if not declared:
        return None
    standard = dataset.standards.in_force(indicator.id, indicator.judged_on or declared[-1].chain, year)
    return standard if standard is not None and standard.measured_in(year) else None


def years_of(text: str) -> tuple[int, ...]:
    """Return the years of a cycle written as ``2026``, ``2024-2026`` or ``2023,2025``.

    >>> years_of("2023-2025,2020")
    (2020, 2023, 2024, 2025)
    """
    spans = [SPAN_OF_YEARS.fullmatch(part.strip()) for part in text.split(",")]
    years = {year for span in spans if span for year in range(int(span[1]), int(span[2] or span[1]) + 1)}
    if None in spans or not 1 <= len(years) <= MOST_YEARS:
        raise UsageError(say("desk.template.no_years", text=text), say("desk.template.no_years.remedy"))
    return tuple(sorted(years))


def bounds_text(indicator: Indicator, language: Language) -> str:
    """Return the bounds and the unit of an indicator as a reader writes them."""
    lower, upper = ("" if bound is None else f"{bound:g}" for bound in (indicator.lower, indicator.upper))
    bounds = f"{lower} … {upper}" if lower and upper else f"≥ {lower}" if lower else f"≤ {upper}" if upper else ""
    return f"{bounds} {indicator.units[language]}".strip()


def _keys(target: Target, plan: Plan, area: Area, dataset: Dataset) -> list[tuple[str, str]]:
    if isinstance(target.rule, MilestoneRule) or (target.level == "province" and area.code != plan.province_code):
        return []
    keys: list[tuple[str, str]] = [(target.indicator, target.scope)]
    if isinstance(target.rule, RatioToRule) and target.rule.benchmark.area == "same":
        keys.append((target.rule.benchmark.indicator, target.rule.benchmark.scope))
    proxies = [item for item in dataset.indicators[target.indicator].proxies if item.for_scope == target.scope]
    keys += [(item.indicator, item.scope) for item in proxies if item.id in plan.proxies.on or item.on_by_default]
    keys = [(name, scope) for rate, scope in keys for name in (rate, *SUPPORTING.get(rate, ()))]
    return [key for key in keys if dataset.indicators[key[0]].known_at(area.level)]


FIGURE_COLUMNS = {
    "info_name": 40, "info_scope": 12, "info_bounds": 14, "info_last": 11, "info_last_year": 8,
    "info_last_source": 30, "year": 7, "value": 13, "status": 14, "qualifier": 13, "source_id": 16,
    "available_from": 13, "note": 24, "standard": 13, "unit": 16, "area_code": 10, "indicator": 26, "scope": 10,
}  # fmt: skip
"""Columns of the sheet of figures, with their widths; names that begin with info_ are shown and not read back."""
SHOWN = 14
"""Columns that people see and print; those behind them hold codes for programs."""
OPEN = ("value", "qualifier", "status", "source_id", "available_from", "note", "standard")
"""Columns that may be edited."""
SOURCE_ROWS = 12
LABEL_ROW, NAME_ROW, FIRST_ROW = 4, 5, 6
LINE = 15
"""Height of a line in points; programs do not find the height of wrapped text by themselves."""
BOOK = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
ENTRY, SHADE = "#FDF3D0", "#EFEFEF"


def template(dataset: Dataset, plan: Plan, area: Area, years: Sequence[int], *, language: Language = "vi") -> bytes:
    """Return a workbook (.xlsx) that asks an area for the figures of some years.

    Parameters
    ----------
    dataset, plan :
        What is known, and what the targets need.
    area :
        Who fills it in.
    years :
        One set of rows a year.
    language :
        Of labels and instructions; instructions come in both, this one first.

    Raises
    ------
    UsageError
        For a year in which the area was not in force, or that lies ahead.
    """
    need_extra("sheets")
    import xlsxwriter

    asked, stream, words = requested_figures(dataset, plan, area, years), io.BytesIO(), texts(language)
    with xlsxwriter.Workbook(stream, BOOK) as book:
        book.set_properties({"created": datetime.combine(dataset.as_of, time())})  # the same bytes on any day
        pen = Pen(book)
        _guide(pen, dataset, plan, area, years, language)
        _figures(pen, dataset, area, asked, language)
        _sources(pen, area, years, words)
        book.define_name(MARK, f"='{words.t('desk.template.sheet.figures')}'!$A${NAME_ROW}")
    return stream.getvalue()


REQUEST_COLUMNS = {"number": 5, "series": 40, "answers": 48, "years": 11, "holder": 28, "document": 52}
"""Columns of a list of requests, with their widths."""


def context_of(area: Area, answers: Sequence[Attainment], forecasts: Forecasts, dataset: Dataset, plan: Plan,
               language: Language) -> Context:  # fmt: skip
    """Return what lists and messages about an area are made from, outside any run."""
    from toolkit.reports.context import Context, RunFacts, SourceBook  # late: reading a file needs no reports
    from toolkit.reports.wording import words

    run = RunFacts(
        dataset.as_of, forecasts.seed, forecasts.draw_count, forecasts.model_name, simulated=dataset.simulated
    )
    own = tuple(item for item in answers if item.area_code == area.code)
    return Context(area, own, forecasts, dataset, plan, run, words(language), SourceBook(dataset.sources), None, ())


def requests(context: Context) -> tuple[str, bytes]:
    """Return the list of figures without which statements have no answer, as a page and as a workbook (.xlsx).

    The figure that would answer most stands first. Who holds it is what the plan says of who leads on its statements,
    else who is likely to by the file of indicators, which also names the document.
    """
    need_extra("sheets")
    import xlsxwriter
    from markupsafe import escape

    from toolkit.reports.blocks import Cell, Frame, Paragraph, Section, Table
    from toolkit.reports.evidence import missing_series
    from toolkit.reports.formats import page_html, section_html

    language, stream = context.words.language, io.BytesIO()
    asked = [gap for gap in missing_series(context) if gap.unanswered]
    rows = [_request(context, gap.indicator, gap.scope, gap.unanswered) for gap in asked]
    rows = [(str(number), *cells) for number, cells in enumerate(rows, start=1)]

    def t(key: str, **fields: object) -> str:
        return texts(language).t(f"desk.requests.{key}", **fields)

    title, note = t("title", area=context.area_name, plan=context.plan.number), t("note", count=len(rows))
    table = Table.of(t, "requests", REQUEST_COLUMNS, [tuple(map(Cell, cells)) for cells in rows], caption=title)
    warning = context.words.t("simulated") if context.dataset.simulated else ""
    day = t("foot", day=context.words.day(context.dataset.as_of))
    frame = Frame(language=language, page_title=title, banner=warning, foot=day)
    body = f"<h1>{escape(title)}</h1>{section_html(Section('requests', t('sheet'), (Paragraph(note), table)))}"
    with xlsxwriter.Workbook(stream, BOOK) as book:
        book.set_properties({"created": datetime.combine(context.dataset.as_of, time())})
        pen = Pen(book)
        sheet = pen.sheet(t("sheet"), locked=False)
        pen.put(sheet, 1, 1, title, "title")
        sheet.merge_range(1, 0, 1, len(REQUEST_COLUMNS) - 1, f"{note} {day}", pen.formats["plain"])
        sheet.set_row(1, 2 * LINE)
        heads = tuple(t(f"column.{name}") for name in REQUEST_COLUMNS)
        for at, width in enumerate(REQUEST_COLUMNS.values()):
            sheet.set_column(at, at, width)
        for row, cells in enumerate((heads, *rows), start=LABEL_ROW):
            for column, text in enumerate(cells, start=1):
                pen.put(sheet, row, column, text, "label" if row == LABEL_ROW else "plain")
        sheet.repeat_rows(LABEL_ROW - 1)
    return page_html(frame, body), stream.getvalue()


def _request(context: Context, indicator: str, scope: str, answers: Sequence[Attainment]) -> tuple[str, ...]:
    """Return the row of a series: what, for which statements, for which years, whom to ask, in which document it is."""
    language, known = context.words.language, context.dataset.indicators[indicator]
    targets = [context.target(item) for item in answers]
    names = [f"{target.id} {target.name_vi if language == 'vi' else target.name_en}" for target in targets]
    leads = ", ".join(dict.fromkeys(target.lead for target in targets if target.lead))
    unknown = texts(language).t("desk.requests.unknown")
    return (
        f"{context.series_name(indicator, scope)} ({known.units[language]})",
        "; ".join(names),
        f"{context.plan.base_year}–{context.dataset.as_of.year}",
        leads or (known.holder[language] if known.holder else unknown),
        known.document[language] if known.document else unknown,
    )


def file_name(area: Area, years: Sequence[int]) -> str:
    """Return a name for a template's file."""
    span = str(years[0]) if len(years) == 1 else f"{years[0]}-{years[-1]}"
    return f"{area.code}-{slug(area.name_vi)}-{span}.xlsx"


def default_source(area: Area, years: Sequence[int]) -> str:
    """Return the id that a template proposes for the report it is filled in from."""
    return f"bc-{area.code.lower()}-{years[-1]}"


class Pen:
    """Writes the sheets of one workbook: what is not for entry is locked.

    Parameters
    ----------
    book :
        Of XlsxWriter.
    """

    def __init__(self, book: Workbook) -> None:
        self.book = book
        shown = {"text_wrap": True, "valign": "top"}
        kinds: dict[str, dict[str, object]] = {
            "plain": {**shown, "font_size": 11},
            "title": {"bold": True, "font_size": 13},
            "label": {**shown, "bold": True, "bg_color": SHADE},
            "machine": {"font_size": 8, "font_color": "#808080"},
            "text": {**shown, "num_format": "@"},
            "number": shown,
            "entry": {**shown, "num_format": "@", "bg_color": ENTRY, "border": 1, "locked": False},
        }
        self.formats = {name: book.add_format(kind) for name, kind in kinds.items()}

    def sheet(self, title: str, *, locked: bool = True) -> Worksheet:
        """Add a sheet, locked without a password unless told otherwise: that guards against slips, not people.

        Printed on A4 across, as wide as one page.
        """
        sheet = self.book.add_worksheet(title)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&L&A&R&P/&N")
        if locked:
            sheet.protect("", {"format_columns": True, "format_rows": True, "autofilter": True})
        return sheet

    def put(self, sheet: Worksheet, row: int, column: int, value: object, kind: str) -> None:
        """Write a cell (row and column from 1), text as text whatever it begins with."""
        style = self.formats[kind]
        if value in ("", None):
            sheet.write_blank(row - 1, column - 1, None, style)
        elif isinstance(value, int | float):
            sheet.write_number(row - 1, column - 1, value, style)
        else:
            sheet.write_string(row - 1, column - 1, neutral_cell(value), style)

    def header(self, sheet: Worksheet, widths: Mapping[str, int], row: int, words: Texts) -> None:
        """Write the labels of columns and, below them, their names for programs."""
        for column, (name, width) in enumerate(widths.items(), start=1):
            sheet.set_column(column - 1, column - 1, width)
            self.put(sheet, row, column, words.t(f"desk.column.{name}"), "label")
            self.put(sheet, row + 1, column, name, "machine")
        sheet.set_row(row, None, None, {"hidden": True})
        sheet.repeat_rows(row - 1)


def _guide(pen: Pen, dataset: Dataset, plan: Plan, area: Area, years: Sequence[int], language: Language) -> None:
    sheet = pen.sheet(texts(language).t("desk.template.sheet.guide"))
    sheet.set_column(0, 0, 110)
    lines = [(texts(language).t("report.simulated"), "title")] if dataset.simulated else []
    for spoken in sorted(LANGUAGES, key=lambda name: name != language):
        told = texts(spoken)
        fields = {
            "area": area.name(spoken), "code": area.code, "years": ", ".join(map(str, years)), "plan": plan.number
        }  # fmt: skip
        lines.append((told.t("desk.template.title", **fields), "title"))
        lines += [(told.t(f"desk.template.guide.{number}", **fields), "plain") for number in range(1, 9)]
        lines.append(("", "plain"))
    for row, (line, kind) in enumerate(lines, start=1):
        pen.put(sheet, row, 1, line, kind)


def _figures(pen: Pen, dataset: Dataset, area: Area, asked: Sequence[RequestedFigure], language: Language) -> None:
    words = texts(language)
    sheet = pen.sheet(words.t("desk.template.sheet.figures"))
    pen.header(sheet, FIGURE_COLUMNS, LABEL_ROW, words)
    pen.put(sheet, 1, 1, words.t("desk.template.figures", area=area.name(language), code=area.code), "title")
    if dataset.simulated:
        pen.put(sheet, 2, 1, words.t("report.simulated"), "title")
    for row, question in enumerate(asked, start=FIRST_ROW):
        cells = _cells(question, dataset, area, language)
        lines = max(ceil(1.1 * len(str(cells[name])) / width) for name, width in list(FIGURE_COLUMNS.items())[:SHOWN])
        sheet.set_row(row - 1, LINE * lines)
        for column, (name, value) in enumerate(cells.items(), start=1):
            kind = "entry" if name in OPEN else "text" if isinstance(value, str) else "number"
            pen.put(sheet, row, column, value, kind)
    _validate(sheet, asked, words)
    sheet.freeze_panes(FIRST_ROW - 1, 1)
    sheet.set_column(SHOWN, len(FIGURE_COLUMNS) - 1, None, None, {"hidden": True})
    sheet.print_area(0, 0, FIRST_ROW + len(asked) - 2, SHOWN - 1)


def _cells(question: RequestedFigure, dataset: Dataset, area: Area, language: Language) -> dict[str, object]:
    indicator, last, words = question.indicator, question.last, texts(language)
    shown: dict[str, object] = {
        "info_name": f"– {indicator.names[language]}" if indicator.whole else indicator.names[language],
        "info_scope": words.t(f"desk.scope.{question.scope}"),
        "info_bounds": bounds_text(indicator, language),
        "info_last": numbers(language).plain(last.value) if last else "–",
        "info_last_year": last.year if last else "–",
        "info_last_source": _source(dataset, last) if last else _of_parents(question, dataset, area, language),
        "year": question.year,
        "status": words.t(f"desk.status.{'preliminary' if question.year >= dataset.as_of.year else 'reported'}"),
        "standard": question.standard.id if question.standard else "",
        "unit": indicator.unit,
        "area_code": area.code,
        "indicator": indicator.id,
        "scope": question.scope,
    }
    return {name: shown.get(name, "") for name in FIGURE_COLUMNS}


def _source(dataset: Dataset, figure: Observation) -> str:
    """Return the title of a figure's source, with its id."""
    title = str(dataset.sources.loc[figure.source_id, "title"])
    return f"{title} ({figure.source_id})"


def _of_parents(question: RequestedFigure, dataset: Dataset, area: Area, language: Language) -> str:
    """Return the newest figures of a commune's (former) districts, said to be theirs."""
    told = []
    for code in districts_of(dataset, area.code):
        held = dataset.series(code, question.indicator.id, question.scope).observations
        if held and not question.indicator.whole:
            fields = {"code": code, "value": numbers(language).plain(held[-1].value), "year": held[-1].year}
            told.append(texts(language).t("desk.template.of_district", **fields))
    return "; ".join(told) or "–"


def _sources(pen: Pen, area: Area, years: Sequence[int], words: Texts) -> None:
    sheet = pen.sheet(words.t("desk.template.sheet.sources"))
    pen.header(sheet, dict(zip(SOURCES.names[:5], (24, 60, 36, 14, 50), strict=True)), 3, words)
    pen.put(sheet, 1, 1, words.t("desk.template.sources"), "title")
    for row in range(5, 5 + SOURCE_ROWS):
        for column, name in enumerate(SOURCES.names[:5], start=1):  # its class is for who keeps the data to say
            proposed = default_source(area, years) if row == 5 and name == "source_id" else ""
            pen.put(sheet, row, column, proposed, "entry")


def _validate(sheet: Worksheet, asked: Sequence[RequestedFigure], words: Texts) -> None:
    """Give every cell of entry its rule: bounds of the figure, lists of words."""
    columns = {name: at for at, name in enumerate(FIGURE_COLUMNS)}
    by_indicator: dict[str, list[int]] = {}
    for at, question in enumerate(asked, start=FIRST_ROW - 1):
        by_indicator.setdefault(question.indicator.id, []).append(at)
    for rows in by_indicator.values():
        cells = [[at, columns["value"], at, columns["value"]] for at in rows]
        rule = _bounds_rule(asked[rows[0] - FIRST_ROW + 1].indicator)
        sheet.data_validation(*cells[0], {**rule, "other_cells": cells[1:]})
    last = FIRST_ROW + len(asked) - 2
    for name, choices in (("qualifier", QUALIFIERS), ("status", STATUSES)):
        if asked:
            rule = {"validate": "list", "source": [words.t(f"desk.{name}.{choice}") for choice in choices if choice]}
            sheet.data_validation(FIRST_ROW - 1, columns[name], last, columns[name], rule)


def _bounds_rule(indicator: Indicator) -> dict[str, object]:
    lower, upper = indicator.lower, indicator.upper
    rule: dict[str, object] = {
        "validate": "integer" if indicator.whole else "decimal",
        "error_title": "!",
        "error_message": f"{indicator.names['vi']}: {bounds_text(indicator, 'vi')}"[:250],
    }
    if lower is not None and upper is not None:
        return {**rule, "criteria": "between", "minimum": lower, "maximum": upper}
    if upper is not None:
        return {**rule, "criteria": "<=", "value": upper}
    return {**rule, "criteria": ">=", "value": -1e15 if lower is None else lower}
