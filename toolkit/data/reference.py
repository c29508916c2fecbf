"""What observation tables are checked against: areas, indicators, sources, standards; checked against each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from toolkit.base.problems import Phrase, Problem, closest
from toolkit.base.yaml_files import YamlText
from toolkit.data.areas import Area, Areas, Crosswalk, area_of, link_of
from toolkit.data.indicators import Indicators, Proxy, read_indicators
from toolkit.data.parsing import day_of
from toolkit.data.schemas import (
    AREAS,
    BREAKS,
    CROSSWALK,
    LOCAL_TARGETS,
    MILESTONES,
    OVERLAPS,
    SOURCES,
    STANDARDS,
    Records,
    Schema,
    read_records,
)
from toolkit.data.standards import Standards, break_of, standard_of

SMALL_TABLES = (SOURCES, AREAS, CROSSWALK, STANDARDS, BREAKS, OVERLAPS, LOCAL_TARGETS, MILESTONES)


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
    tables: dict[str, Records]
    today: date
    indicator_text: YamlText

    @property
    def sources(self) -> frozenset[str]:
        """Codes of all sources."""
        return frozenset(record.text("source_id") for record in self.tables[SOURCES.file].rows)

    def problems(self) -> list[Problem]:
        """Return the problems of all files, file after file."""
        small = [problem for table in self.tables.values() for problem in table.problems.all()]
        return [*small, *sorted(self.indicator_text.problems, key=lambda problem: problem.row)]


def today() -> date:
    """Return today's civil date."""
    return date.today()  # noqa: DTZ011  (a civil date, as on the user's calendar)


def read_reference(folder: Path, *, now: date | None = None) -> Reference:
    """Read all of a data folder but its observations, noting what is wrong."""
    tables = {schema.file: read_records(folder, schema) for schema in SMALL_TABLES}
    indicators, indicator_text = read_indicators(folder)
    return Reference(
        areas=Areas(area_of(record) for record in tables[AREAS.file].rows),
        crosswalk=Crosswalk(link_of(record) for record in tables[CROSSWALK.file].rows),
        indicators=indicators,
        standards=Standards(
            (standard_of(record) for record in tables[STANDARDS.file].rows),
            (break_of(record) for record in tables[BREAKS.file].rows),
        ),
        tables=tables,
        today=now or today(),
        indicator_text=indicator_text,
    )


def check_reference(reference: Reference) -> None:
    """Note every name in a file that another file should know and does not, and every contradiction."""
    tables = reference.tables
    standards = [standard.id for standard in reference.standards.all]
    named: tuple[tuple[Schema, str, Collection[str], str], ...] = (
        *((schema, "indicator", reference.indicators, "indicator")
          for schema in (STANDARDS, BREAKS, OVERLAPS, LOCAL_TARGETS)),
        *((schema, "source_id", reference.sources, "source") for schema in (OVERLAPS, LOCAL_TARGETS, MILESTONES)),
        (BREAKS, "source_ids", reference.sources, "source"),
        (LOCAL_TARGETS, "area_code", reference.areas.codes, "area"),
        *((schema, column, standards, "standard_name")
          for schema, column in ((LOCAL_TARGETS, "standard"), (BREAKS, "before"), (BREAKS, "after"),
                                 (OVERLAPS, "standard_from"), (OVERLAPS, "standard_to"))),
    )  # fmt: skip
    for schema, column, known, kind in named:
        tables[schema.file].check(column, known, kind)
    _check_areas(tables[AREAS.file], reference)
    _check_crosswalk(tables[CROSSWALK.file], reference)
    _check_standards(tables[STANDARDS.file])
    _check_breaks(tables[BREAKS.file], reference)
    _check_local_targets(tables[LOCAL_TARGETS.file], reference)
    _check_milestones(tables[MILESTONES.file])
    _check_proxies(reference)


def _check_areas(table: Records, reference: Reference) -> None:
    table.check("parent_code", reference.areas.codes, "area")
    spans: dict[str, list[tuple[date, date, int]]] = {}
    for record in table.rows:
        first, last = record.values["valid_from"] or date.min, record.values["valid_to"] or date.max
        if first > last:
            table.note("validity_backwards", record, "valid_to")
        held = spans.setdefault(record.text("code"), [])
        for other_first, other_last, row in held:
            if first <= other_last and other_first <= last:
                table.note("validity_overlaps", record, "code", first=row)
        held.append((first, last, record.row))


def _check_crosswalk(table: Records, reference: Reference) -> None:
    codes = {"old_district_code": "district", "old_commune_code": "commune", "new_commune_code": "commune"}
    for record in table.rows:
        start, weight = record.values["valid_from"], record.values["weight"]
        for column, level in codes.items() if start is not None else ():
            units = [area for area in reference.areas.units(record.text(column)) if area.level == level]
            if not any(_fits(area, start, new=column.startswith("new")) for area in units):
                near = table.problems.near("area", record.text(column), reference.areas.codes)
                table.note("unknown_area", record, column, near=near)
        if weight is not None and (not 0 < weight <= 1 or (record.text("share") == "whole" and weight != 1)):
            table.note("bad_weight", record, "weight")


def _fits(area: Area, start: date, *, new: bool) -> bool:
    return area.valid_from == start if new else area.valid_to is not None and area.valid_to < start


def _check_standards(table: Records) -> None:
    for record in table.rows:
        if record.year("first_year") > record.year("last_year") > 0:
            table.note("period_backwards", record, "first_year", year=record.text("last_year"))
        published = record.text("published_next_year")
        if published and day_of(f"2023-{published}") is None:
            table.note("no_day_of_year", record, "published_next_year")


def _check_breaks(table: Records, reference: Reference) -> None:
    declared: set[tuple[str, str, str]] = set()
    for record in table.rows:
        before, after = record.text("before"), record.text("after")
        declared |= {(indicator, before, after) for indicator in record.list("indicator")}
        mean, sd, skew = (record.values[name] for name in ("jump_mean", "jump_sd", "jump_skew"))
        if record.values["comparable"] and None in (mean, sd, skew):
            table.note("no_jump", record, "jump_mean")
        if (sd is not None and sd <= 0) or (skew is not None and skew < 0):
            table.note("bad_jump", record, "jump_sd")
        first = reference.standards.get(after).first_year if after in reference.standards else None
        if first not in (None, record.year("year")):
            table.note("wrong_break_year", record, "year", first=first)
    for indicator in reference.indicators:
        for one, other in reference.standards.neighbours(indicator):
            if (indicator, one.id, other.id) not in declared:
                fields = {"indicator": indicator, "before": one.id, "after": other.id}
                table.problems.add("undeclared_break", 1, "before", one.id, fields=fields)


def _check_local_targets(table: Records, reference: Reference) -> None:
    for record in table.rows:
        indicator = record.text("indicator")
        if indicator in reference.indicators and record.text("unit") != reference.indicators[indicator].unit:
            wanted = reference.indicators[indicator].unit
            table.note("wrong_unit", record, "unit", wanted=wanted, indicator=indicator)
        if record.text("kind") == "target" and not record.text("op"):
            table.note("empty_cell", record, "op")


def _check_milestones(table: Records) -> None:
    for record in table.rows:
        if record.text("status") not in ("", "unknown") and not (record.text("evidence") and record.text("source_id")):
            table.note("no_evidence", record, "evidence")


def _check_proxies(reference: Reference) -> None:
    text = reference.indicator_text
    ids: set[str] = set()
    for indicator in reference.indicators.values():
        place = ("indicators", indicator.id)
        for proxy in indicator.proxies:
            column = f"{indicator.id}.proxies.{proxy.id}"
            if proxy.id in ids:
                text.add(place, column, "double_proxy", value=proxy.id)
            ids.add(proxy.id)
            for kind, names, known in _named_by(proxy, reference):
                for name in names:
                    if name not in known:
                        text.add(place, column, f"unknown_{kind}", _near(name, known), name)
        for field in ("period_average_of", "denominator"):
            named = getattr(indicator, field)
            if named is not None and named not in reference.indicators:
                near = _near(named, reference.indicators)
                text.add(place, f"{indicator.id}.{field}", "unknown_indicator", near, named)
        chain = indicator.judged_on
        if chain is not None and chain not in {standard.chain for standard in reference.standards.of(indicator.id)}:
            text.add(place, f"{indicator.id}.judged_on", "unknown_chain", value=chain)


def _near(name: str, known: Iterable[str]) -> dict[str, object]:
    return {"near": ", ".join(closest(name, known)) or Phrase("problem.see_list")}


def _named_by(proxy: Proxy, reference: Reference) -> tuple[tuple[str, Iterable[str], Collection[str]], ...]:
    """Return what a proxy names: its kind, the names, and those that are known."""
    share = [proxy.transform.indicator] if proxy.transform.kind == "divide_by_share" else []
    standard = [proxy.standard] if proxy.standard is not None else []
    known_standards = [item.id for item in reference.standards.of(proxy.indicator)]
    return (
        ("indicator", [proxy.indicator, *share], reference.indicators),
        ("source", proxy.source_ids, reference.sources),
        ("standard_name", standard, known_standards),
    )
