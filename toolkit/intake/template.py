"""What a template asks an area for: the figures that the plan's targets need, with what is known of each."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.base.errors import UsageError
from toolkit.base.names import slug
from toolkit.base.numbers import numbers
from toolkit.base.texts import Language, say, texts
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
from toolkit.data.observations import Observation
from toolkit.data.schemas import BASES, QUALIFIERS, SOURCES, STATUSES
from toolkit.data.standards import Standard
from toolkit.intake.history import districts_of
from toolkit.intake.incoming import MARK, harmless
from toolkit.plan.schema import MilestoneRule, Plan, RatioToRule, Target

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

SUPPORTING = {
    "poverty_rate": ("poor_households", "households"),
    "near_poverty_rate": ("near_poor_households", "households"),
}
"""Counts that a rate can be checked by; asked for beside it."""
MOST_YEARS = 40


@dataclass(frozen=True)
class Question:
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


def questions(dataset: Dataset, plan: Plan, area: Area, years: Sequence[int]) -> tuple[Question, ...]:
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
        Question(
            indicator=dataset.indicators[name],
            scope=scope,
            year=year,
            standard=standard_in(dataset, dataset.indicators[name], year),
            last=_last(dataset, area, name, scope),
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
    years: set[int] = set()
    for part in text.split(","):
        first, sign, last = part.strip().partition("-")
        if not first.isdigit() or (sign and not last.isdigit()) or len(first) > 4 or len(last) > 4:
            raise UsageError(say("desk.template.no_years", text=text), say("desk.template.no_years.remedy"))
        years |= set(range(int(first), int(last or first) + 1))
    if not 1 <= len(years) <= MOST_YEARS:
        raise UsageError(say("desk.template.no_years", text=text), say("desk.template.no_years.remedy"))
    return tuple(sorted(years))


def bounds_text(indicator: Indicator, language: Language) -> str:
    """Return the bounds and the unit of an indicator as a reader writes them."""
    lower = "" if indicator.lower is None else f"{indicator.lower:g}"
    upper = "" if indicator.upper is None else f"{indicator.upper:g}"
    return f"{lower} … {upper} {indicator.units[language]}".strip()


def _keys(target: Target, plan: Plan, area: Area, dataset: Dataset) -> list[tuple[str, str]]:
    if isinstance(target.rule, MilestoneRule) or (target.level == "province" and area.code != plan.province_code):
        return []
    keys: list[tuple[str, str]] = [(target.indicator, target.scope)]
    if isinstance(target.rule, RatioToRule) and target.rule.benchmark.area == "same":
        keys.append((target.rule.benchmark.indicator, target.rule.benchmark.scope))
    keys += [(proxy, scope) for proxy, scope in _stand_ins(dataset.indicators[target.indicator], target.scope, plan)]
    keys += [(count, scope) for name, scope in list(keys) for count in SUPPORTING.get(name, ())]
    return [key for key in keys if _measured(dataset, key[0])]


def _measured(dataset: Dataset, name: str) -> bool:
    indicator = dataset.indicators[name]
    return indicator.unit != "milestone" and indicator.period_average_of is None


def _stand_ins(indicator: Indicator, scope: str, plan: Plan) -> Iterable[tuple[str, str]]:
    for proxy in indicator.proxies:
        if proxy.for_scope == scope and (proxy.id in plan.proxies.on or proxy.on_by_default):
            yield proxy.indicator, proxy.scope


def _last(dataset: Dataset, area: Area, indicator: str, scope: str) -> Observation | None:
    held = dataset.series(area.code, indicator, scope).observations
    return held[-1] if held else None


FIGURES = {
    "info_name": 44, "info_scope": 14, "info_bounds": 18, "info_last": 12, "info_last_year": 10,
    "info_last_source": 22, "year": 8, "value": 14, "qualifier": 12, "status": 13, "source_id": 22,
    "available_from": 14, "note": 30, "standard": 14, "unit": 16, "area_code": 10, "indicator": 26, "scope": 10,
    "from_year": 10, "available_basis": 14,
}  # fmt: skip
"""Columns of the sheet of figures, with their widths; names that begin with info_ are shown and not read back."""
OPEN = ("value", "qualifier", "status", "source_id", "available_from", "note", "standard")
"""Columns that may be edited."""
SOURCE_ROWS = 12
LABEL_ROW, NAME_ROW, FIRST_ROW = 4, 5, 6
ENTRY, SHADE = "FFFDF3D0", "FFEFEFEF"


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
    import openpyxl

    asked = questions(dataset, plan, area, years)
    book = openpyxl.Workbook()
    guide = book.active
    assert guide is not None
    _guide(guide, plan, area, years, language)
    figures = book.create_sheet(texts(language).t("desk.template.sheet.figures"))
    _figures(figures, dataset, area, asked, language)
    _sources(book.create_sheet(texts(language).t("desk.template.sheet.sources")), area, years, language)
    _mark(book, figures.title)
    book.active = 0
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def file_name(area: Area, years: Sequence[int]) -> str:
    """Return a name for a template's file."""
    span = str(years[0]) if len(years) == 1 else f"{years[0]}-{years[-1]}"
    return f"{area.code}-{slug(area.name_vi)}-{span}.xlsx"


def default_source(area: Area, years: Sequence[int]) -> str:
    """Return the id that a template proposes for the report it is filled in from."""
    return f"bc-{area.code.lower()}-{years[-1]}"


def _mark(book: Workbook, title: str) -> None:
    """Name a cell, by which the workbook is known again; spreadsheet programs keep names."""
    from openpyxl.workbook.defined_name import DefinedName

    book.defined_names[MARK] = DefinedName(MARK, attr_text=f"'{title}'!$A${NAME_ROW}")


def _guide(sheet: Worksheet, plan: Plan, area: Area, years: Sequence[int], language: Language) -> None:
    from openpyxl.styles import Alignment, Font

    words = texts(language)
    sheet.title = words.t("desk.template.sheet.guide")
    sheet.column_dimensions["A"].width = 110
    other: Language = "en" if language == "vi" else "vi"
    span = ", ".join(map(str, years))
    lines: list[tuple[str, bool]] = []
    for spoken in (language, other):
        told = texts(spoken)
        fields = {"area": area.name(spoken), "code": area.code, "years": span, "plan": plan.number}
        lines.append((told.t("desk.template.title", **fields), True))
        lines += [(told.t(f"desk.template.guide.{number}", **fields), False) for number in range(1, 9)]
        lines.append(("", False))
    for row, (line, bold) in enumerate(lines, start=1):
        cell: Any = sheet.cell(row=row, column=1, value=harmless(line))
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.font = Font(bold=bold, size=13 if bold else 11)
    _protect(sheet)


def _figures(sheet: Worksheet, dataset: Dataset, area: Area, asked: Sequence[Question], language: Language) -> None:
    words = texts(language)
    title = words.t("desk.template.figures", area=area.name(language), code=area.code)
    _put(sheet, 1, 1, title, bold=True)
    if dataset.simulated:
        _put(sheet, 2, 1, words.t("report.simulated"), bold=True)
    _header(sheet, FIGURES, words.t, LABEL_ROW)
    for row, question in enumerate(asked, start=FIRST_ROW):
        for column, (name, value) in enumerate(_cells(question, dataset, area, language).items(), start=1):
            _put(sheet, row, column, value, entry=name in OPEN)
    last = FIRST_ROW + len(asked) - 1
    if asked:
        _validate(sheet, asked, last)
    sheet.freeze_panes = f"B{FIRST_ROW}"
    _protect(sheet)


def _cells(question: Question, dataset: Dataset, area: Area, language: Language) -> dict[str, object]:
    indicator, last, words = question.indicator, question.last, texts(language)
    shown: dict[str, object] = {
        "info_name": indicator.names[language],
        "info_scope": words.t(f"desk.scope.{question.scope}"),
        "info_bounds": bounds_text(indicator, language),
        "info_last": numbers(language).plain(last.value) if last else "–",
        "info_last_year": last.year if last else "–",
        "info_last_source": last.source_id if last else _of_parents(question, dataset, area, language),
        "year": question.year,
        "status": "preliminary" if question.year >= dataset.as_of.year else "reported",
        "standard": question.standard.id if question.standard else "",
        "unit": indicator.unit,
        "area_code": area.code,
        "indicator": indicator.id,
        "scope": question.scope,
    }
    return {name: shown.get(name, "") for name in FIGURES}


def _of_parents(question: Question, dataset: Dataset, area: Area, language: Language) -> str:
    """Return the newest figures of a commune's (former) districts, said to be theirs."""
    told = []
    for code in districts_of(dataset, area.code):
        held = dataset.series(code, question.indicator.id, question.scope).observations
        if held and not question.indicator.whole:
            fields = {"code": code, "value": numbers(language).plain(held[-1].value), "year": held[-1].year}
            told.append(texts(language).t("desk.template.of_district", **fields))
    return "; ".join(told) or "–"


def _sources(sheet: Worksheet, area: Area, years: Sequence[int], language: Language) -> None:
    words = texts(language)
    _put(sheet, 1, 1, words.t("desk.template.sources"), bold=True)
    widths = dict(zip(SOURCES.names, (24, 60, 36, 14, 50), strict=True))
    _header(sheet, widths, words.t, 3)
    for row in range(5, 5 + SOURCE_ROWS):
        for column, name in enumerate(SOURCES.names, start=1):
            proposed = default_source(area, years) if row == 5 and name == "source_id" else ""
            _put(sheet, row, column, proposed, entry=True)
    _protect(sheet)


def _header(sheet: Worksheet, widths: dict[str, int], words: Any, row: int) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    for column, (name, width) in enumerate(widths.items(), start=1):
        label = sheet.cell(row=row, column=column, value=words(f"desk.column.{name}"))
        label.font = Font(bold=True)
        label.alignment = Alignment(wrap_text=True, vertical="top")
        label.fill = PatternFill("solid", fgColor=SHADE)
        machine = sheet.cell(row=row + 1, column=column, value=name)
        machine.font = Font(size=8, color="FF808080")
        sheet.column_dimensions[get_column_letter(column)].width = width


def _put(sheet: Worksheet, row: int, column: int, value: object, *, bold: bool = False, entry: bool = False) -> None:
    from openpyxl.styles import Font, PatternFill, Protection

    cell: Any = sheet.cell(row=row, column=column)
    text = harmless(value) if isinstance(value, str) else value
    cell.value = text if text != "" else None
    if isinstance(text, str):
        cell.number_format = "@"
    if bold:
        cell.font = Font(bold=True, size=13)
    if entry:
        cell.fill = PatternFill("solid", fgColor=ENTRY)
        cell.protection = Protection(locked=False)


def _validate(sheet: Worksheet, asked: Sequence[Question], last: int) -> None:
    """Give every cell of entry its rule: bounds of the figure, lists of words, days."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    letters = {name: get_column_letter(at) for at, name in enumerate(FIGURES, start=1)}
    rules: dict[tuple[Any, ...], Any] = {}
    for row, question in enumerate(asked, start=FIRST_ROW):
        bounds = (question.indicator.whole, question.indicator.lower, question.indicator.upper)
        if bounds not in rules:
            rules[bounds] = _number_rule(question.indicator)
        rules[bounds].add(f"{letters['value']}{row}")
    for name, choices in (("qualifier", QUALIFIERS), ("status", STATUSES), ("available_basis", BASES)):
        listed = ",".join(filter(None, choices))
        rules[name,] = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True, showErrorMessage=True)
        rules[name,].add(f"{letters[name]}{FIRST_ROW}:{letters[name]}{last}")
    for rule in rules.values():
        sheet.add_data_validation(rule)


def _number_rule(indicator: Indicator) -> Any:
    from openpyxl.worksheet.datavalidation import DataValidation

    lower, upper = indicator.lower, indicator.upper
    if lower is not None and upper is not None:
        operator, first, second = "between", f"{lower:g}", f"{upper:g}"
    elif upper is not None:
        operator, first, second = "lessThanOrEqual", f"{upper:g}", None
    else:
        operator, first, second = "greaterThanOrEqual", f"{-1e15 if lower is None else lower:g}", None
    fields: dict[str, Any] = {"type": "whole" if indicator.whole else "decimal", "operator": operator}
    words = f"{indicator.names['vi']}: {bounds_text(indicator, 'vi')}"[:250]
    return DataValidation(
        formula1=first, formula2=second, allow_blank=True, showErrorMessage=True, errorTitle="!", error=words, **fields
    )


def _protect(sheet: Worksheet) -> None:
    """Lock what is not for entry; without a password, since it guards against slips, not against people."""
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False
    sheet.protection.formatRows = False
    sheet.protection.autoFilter = False
