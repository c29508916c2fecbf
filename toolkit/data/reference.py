"""What observation tables are checked against (areas, indicators, sources, standards), and the rules of one row.

Each rule looks at a few cells, and its verdict on them is remembered: a table of a million rows holds few different
combinations of, say, indicator, standard and year, so each is judged once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from toolkit.base.problems import Phrase, Problem, Problems, Severity
from toolkit.base.texts import fold
from toolkit.base.yaml_files import YamlText
from toolkit.data import schemas
from toolkit.data.areas import Area, Areas, Crosswalk, link_of
from toolkit.data.indicators import Indicator, Indicators, Standards, break_of, read_indicators, standard_of
from toolkit.data.parsing import day_of, no_year, year_of
from toolkit.data.tables import InputTable


@dataclass(frozen=True)
class Reference:
    """A data folder without its observations.

    Attributes
    ----------
    areas, crosswalk, indicators, standards :
        As read; entries that cannot be read are missing, and noted.
    tables :
        The small tables by file name.
    today :
        Day from which the future is judged.
    indicator_text :
        ``indicators.yaml`` with its lines and problems.
    """

    areas: Areas
    crosswalk: Crosswalk
    indicators: Indicators
    standards: Standards
    tables: dict[str, schemas.Records]
    today: date
    indicator_text: YamlText

    @property
    def sources(self) -> frozenset[str]:
        """Codes of all sources."""
        return frozenset(record.text("source_id") for record in self.tables[schemas.SOURCES.file].rows)

    def with_sources(self, declared: Iterable[Mapping[str, str]]) -> Reference:
        """Return the reference with sources that ``sources.csv`` does not have, as rows of it."""
        known, held = self.sources, self.tables[schemas.SOURCES.file]
        full = [
            {**dict.fromkeys(schemas.SOURCES.names, ""), **cells}
            for cells in declared
            if cells["source_id"] not in known
        ]
        added = {cells["source_id"]: schemas.Record(0, cells, cells) for cells in full}
        table = replace(held, rows=(*held.rows, *added.values()))
        return replace(self, tables={**self.tables, schemas.SOURCES.file: table}) if added else self

    @property
    def weak_sources(self) -> frozenset[str]:
        """Codes of the sources whose figures are shown and never used."""
        rows = self.tables[schemas.SOURCES.file].rows
        return frozenset(record.text("source_id") for record in rows if record.text("class") == schemas.WEAK)

    def problems(self) -> list[Problem]:
        """Return the problems of all files, file after file."""
        small = [problem for table in self.tables.values() for problem in table.problems.all()]
        return [*small, *sorted(self.indicator_text.problems, key=lambda problem: problem.row)]


def today() -> date:
    """Return today's civil date."""
    return date.today()  # noqa: DTZ011  (a civil date, as on the user's calendar)


def read_reference(folder: Path, *, now: date | None = None) -> Reference:
    """Read all of a data folder but its observations, noting what is wrong."""
    tables = {schema.file: schemas.read_records(folder, schema) for schema in schemas.SMALL_TABLES}
    indicators, indicator_text = read_indicators(folder)
    return Reference(
        areas=Areas(Area(**record.values) for record in tables[schemas.AREAS.file].rows),
        crosswalk=Crosswalk(link_of(record) for record in tables[schemas.CROSSWALK.file].rows),
        indicators=indicators,
        standards=Standards(
            (standard_of(record) for record in tables[schemas.STANDARDS.file].rows),
            (break_of(record) for record in tables[schemas.BREAKS.file].rows),
        ),
        tables=tables,
        today=now or today(),
        indicator_text=indicator_text,
    )


LONGEST_NAME = 100
PLANNED = frozenset(
    {"plan", "planned", "target", "forecast", "projection", "projected", "official forecast",
     "ke hoach", "muc tieu", "chi tieu", "du bao"}
)  # fmt: skip
"""What plans call the status of their figures; folded."""
STATUS_WORDS = {
    **dict.fromkeys(("chinh thuc", "da phe duyet", "phe duyet", "da duyet", "official", "final"), "final"),
    **dict.fromkeys(("bao cao", "da bao cao"), "reported"),
    **dict.fromkeys(
        ("so bo", "uoc", "uoc tinh", "uoc thuc hien", "uoc th", "uoc dat", "p", "e", "est", "prel", "estimate",
         "estimated", "provisional"), "preliminary",
    ),
}  # fmt: skip
"""What offices call the status of a figure, folded."""
QUALIFIER_WORDS = {
    "khoang": "about", "it nhat": "at_least", "nhieu nhat": "at_most", "tinh ra": "derived",
    "chua kiem chung": "unverified",
}  # fmt: skip


def in_codes(table: InputTable) -> InputTable:
    """Return a table with the codes of statuses and qualifiers where its cells have words for them."""
    rows = table.rows
    for column, words in (("status", STATUS_WORDS), ("qualifier", QUALIFIER_WORDS)):
        at = table.columns.index(column) if table.has(column) else len(table.columns)
        texts = {row.cells[at] for row in rows} if table.has(column) else set()
        codes = {text: words[word] for text in texts
                 if (word := _word(text)) in words and (len(word) > 1 or text.isascii())}  # fmt: skip
        if codes:
            changed = ((row, codes.get(row.cells[at], row.cells[at])) for row in rows)
            rows = tuple(row._replace(cells=(*row.cells[:at], code, *row.cells[at + 1 :])) for row, code in changed)
    return replace(table, rows=rows)


def _word(text: str) -> str:
    return fold(text[:LONGEST_NAME]).replace("-", " ").replace("_", " ")


@dataclass(frozen=True)
class RowFault:
    """What a rule finds wrong.

    Attributes
    ----------
    key, column, fields :
        Words of the catalogue, the cell meant, and what fills the words.
    severity :
        ``error`` or ``warning``.
    """

    key: str
    column: str
    fields: dict[str, object] = field(default_factory=dict)
    severity: Severity = "error"


@dataclass(frozen=True)
class RowContext:
    """What rules need to know.

    Attributes
    ----------
    reference :
        The project's areas, indicators, sources, standards.
    problems :
        Where the nearest choices are remembered.
    has_periods :
        Whether the table has the column ``from_year``.
    """

    reference: Reference
    problems: Problems
    has_periods: bool

    def indicator(self, key: str) -> Indicator | None:
        """Return a known indicator."""
        return self.reference.indicators[key] if key in self.reference.indicators else None  # noqa: SIM401  (get refuses)


def known_area(context: RowContext, area_code: str) -> list[RowFault]:
    """Check that the code is a known area's."""
    areas = context.reference.areas
    if not area_code:
        return [RowFault("empty_cell", "area_code")]
    if area_code in areas:
        return []
    near = ", ".join(f"{area.code} ({area.name_vi})" for area in areas.named(area_code[:LONGEST_NAME])[:5])
    return [
        RowFault("unknown_area", "area_code", {"near": near or context.problems.near("area", area_code, areas.codes)})
    ]


def known_indicator(context: RowContext, indicator: str) -> list[RowFault]:
    """Check that the indicator is declared, and one that is measured."""
    if not indicator:
        return [RowFault("empty_cell", "indicator")]
    declared = context.indicator(indicator)
    if declared is None:
        near = context.problems.near("indicator", indicator, context.reference.indicators)
        return [RowFault("unknown_indicator", "indicator", {"near": near})]
    return [RowFault("milestone_indicator", "indicator")] if declared.unit == "milestone" else []


def one_of(column: str, choices: tuple[str, ...]) -> Callable[[RowContext, str], list[RowFault]]:
    """Return the rule that a cell is one of some choices."""

    def rule(context: RowContext, text: str) -> list[RowFault]:
        if text in choices:
            return []
        near = context.problems.near(column, text, filter(None, choices))
        return [RowFault("unknown_choice", column, {"near": near}) if text else RowFault("empty_cell", column)]

    return rule


def known_source(context: RowContext, source_id: str) -> list[RowFault]:
    """Check that the source stands in ``sources.csv``."""
    sources = context.reference.sources
    if not source_id:
        return [RowFault("empty_cell", "source_id")]
    if source_id in sources:
        return []
    return [
        RowFault("unknown_source", "source_id", {"near": context.problems.near("source", source_id, sorted(sources))})
    ]


def right_unit(context: RowContext, indicator: str, unit: str) -> list[RowFault]:
    """Check that the unit is the indicator's."""
    if not unit:
        return [RowFault("empty_cell", "unit")]
    units = context.reference.indicators.units
    declared = context.indicator(indicator)
    if unit not in units:
        near = declared.unit if declared else context.problems.near("unit", unit, units)
        return [RowFault("unknown_unit", "unit", {"near": near})]
    if declared is not None and unit != declared.unit:
        return [RowFault("wrong_unit", "unit", {"wanted": declared.unit, "indicator": declared.names})]
    return []


def right_year(context: RowContext, year: str) -> list[RowFault]:
    """Check that the year is one, and has begun."""
    return _year(context, "year", year) if year else [RowFault("empty_cell", "year")]


def right_period(context: RowContext, indicator: str, from_year: str, year: str) -> list[RowFault]:
    """Check that a period begins before it ends; means over a period need one."""
    first, last = year_of(from_year), year_of(year)
    declared = context.indicator(indicator)
    if not from_year:
        if declared is None or declared.period_average_of is None:
            return []
        return [RowFault("no_period", "from_year", severity="error" if context.has_periods else "warning")]
    faults = _year(context, "from_year", from_year)
    if first is not None and last is not None and first >= last:
        faults.append(RowFault("period_backwards", "from_year", {"year": year}))
    return faults


def area_in_force(context: RowContext, area_code: str, year: str, note: str) -> list[RowFault]:
    """Check that the unit was in force in the year."""
    known, units = year_of(year), context.reference.areas.units(area_code)
    if known is None or not units:
        return []
    fields: dict[str, object] = {
        "area": f"{area_code} {units[-1].name_vi}",
        "validity": units[-1].validity(),
        "year": year,
    }
    if not any(area.exists_in(known) for area in units):
        ended = all(area.valid_to is not None and area.valid_to.year < known for area in units)
        return [RowFault("area_ended" if ended else "area_not_yet", "area_code", fields)]
    if not note and not any(area.in_force(date(known, 12, 31)) for area in units):
        return [RowFault("area_ends_in_year", "area_code", fields, "warning")]
    return []


def right_standard(context: RowContext, indicator: str, standard: str, year: str) -> list[RowFault]:
    """Check that the standard is one of the indicator's, and was measured in the year."""
    declared = context.indicator(indicator)
    if declared is None:
        return []
    allowed = context.reference.standards.of(indicator)
    names = tuple(item.id for item in allowed)
    known = year_of(year)
    fitting = [item.id for item in allowed if known is not None and item.measured_in(known)]
    near = ", ".join(fitting or names)
    if not standard:
        return [RowFault("no_standard", "standard", {"near": near})] if declared.standard_required and allowed else []
    if not allowed:
        return [RowFault("needless_standard", "standard", {"indicator": declared.names})]
    if standard not in names:
        known_ones = context.problems.near(f"standard of {indicator}", standard, names)
        return [RowFault("unknown_standard", "standard", {"near": known_ones, "indicator": declared.names})]
    item = context.reference.standards.get(standard)
    if known is None or item.measured_in(known):
        return []
    fields: dict[str, object] = {"first": item.first_year, "last": item.last_year, "year": year, "near": near}
    return [RowFault("standard_not_in_force", "standard", fields)]


def right_status(context: RowContext, indicator: str, status: str, year: str) -> list[RowFault]:
    """Check that the status is an observation's; a year that is not over has no final figure yet."""
    if not status:
        return [RowFault("empty_cell", "status")]
    if status not in schemas.STATUSES:
        if _word(status) in PLANNED:
            return [RowFault("planned_status", "status")]
        return [RowFault("unknown_choice", "status", {"near": Phrase("data.status_choices")})]
    known, declared = year_of(year), context.indicator(indicator)
    decided = declared is not None and declared.set_by_decision
    if status == "final" and known == context.reference.today.year and not decided:
        return [RowFault("final_too_early", "status", {"year": year})]
    return []


def right_day(context: RowContext, available_from: str, year: str) -> list[RowFault]:
    """Check that the day of publication is one, in the past, and not before the year began."""
    if not available_from:
        return []
    day, known = day_of(available_from), year_of(year)
    if day is None:
        return [RowFault("no_day", "available_from")]
    if day > context.reference.today:
        return [RowFault("day_ahead", "available_from", {"today": context.reference.today})]
    if known is not None and known <= context.reference.today.year and day < date(known, 1, 1):
        return [RowFault("known_before", "available_from", {"year": year})]
    return []


ROW_RULES: tuple[tuple[tuple[str, ...], Callable[..., list[RowFault]]], ...] = (
    (("area_code",), known_area),
    (("indicator",), known_indicator),
    (("scope",), one_of("scope", schemas.SCOPES)),
    (("qualifier",), one_of("qualifier", schemas.QUALIFIERS)),
    (("available_basis",), one_of("available_basis", schemas.BASES)),
    (("source_id",), known_source),
    (("indicator", "unit"), right_unit),
    (("year",), right_year),
    (("indicator", "from_year", "year"), right_period),
    (("area_code", "year", "note"), area_in_force),
    (("indicator", "standard", "year"), right_standard),
    (("indicator", "status", "year"), right_status),
    (("available_from", "year"), right_day),
)
"""Columns that a rule looks at, and the rule."""


def _year(context: RowContext, column: str, text: str) -> list[RowFault]:
    year = year_of(text)
    if year is None:
        return [RowFault(no_year(text), column)]
    today = context.reference.today
    return [RowFault("year_ahead", column, {"today": today.year})] if year > today.year else []
