"""What observation tables are checked against: areas, indicators, sources, standards, and today's date."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from toolkit.base.problems import Phrase, Problem, closest
from toolkit.base.yaml_files import YamlText
from toolkit.data.areas import Area, Areas, Crosswalk, area_of, link_of
from toolkit.data.indicators import Indicators, Proxy, read_indicators
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
    tables, indicators = reference.tables, reference.indicators
    standards = {standard.id for standard in reference.standards.all}
    for file in (STANDARDS.file, BREAKS.file, OVERLAPS.file, LOCAL_TARGETS.file):
        tables[file].check("indicator", indicators, "indicator")
    for file, column in ((BREAKS.file, "source_ids"), (OVERLAPS.file, "source_id"), (LOCAL_TARGETS.file, "source_id")):
        tables[file].check(column, reference.sources, "source")
    tables[MILESTONES.file].check("source_id", reference.sources, "source")
    tables[LOCAL_TARGETS.file].check("area_code", set(reference.areas.codes), "area")
    tables[LOCAL_TARGETS.file].check("standard", standards, "standard_name")
    for file, columns in ((BREAKS.file, ("before", "after")), (OVERLAPS.file, ("standard_from", "standard_to"))):
        for column in columns:
            tables[file].check(column, standards, "standard_name")
    _check_areas(tables[AREAS.file], reference)
    _check_crosswalk(tables[CROSSWALK.file], reference)
    _check_standards(tables[STANDARDS.file])
    _check_breaks(tables[BREAKS.file], reference)
    _check_local_targets(tables[LOCAL_TARGETS.file], reference)
    _check_milestones(tables[MILESTONES.file])
    _check_proxies(reference)


def _check_areas(table: Records, reference: Reference) -> None:
    codes = set(reference.areas.codes)
    spans: dict[str, list[tuple[date, date, int]]] = {}
    for record in table.rows:
        code, parent = record.text("code"), record.text("parent_code")
        if parent and parent not in codes:
            near = table.problems.near("area", parent, codes)
            table.problems.add("unknown_area", record.row, "parent_code", parent, fields={"near": near})
        first, last = record.days.get("valid_from", date.min), record.days.get("valid_to", date.max)
        if first > last:
            table.problems.add("validity_backwards", record.row, "valid_to", record.text("valid_to"))
        for other_first, other_last, row in spans.get(code, []):
            if first <= other_last and other_first <= last:
                table.problems.add("validity_overlaps", record.row, "code", code, fields={"first": row})
        spans.setdefault(code, []).append((first, last, record.row))


def _check_crosswalk(table: Records, reference: Reference) -> None:
    for record in table.rows:
        start = record.days.get("valid_from")
        for column, level in (
            ("old_district_code", "district"),
            ("old_commune_code", "commune"),
            ("new_commune_code", "commune"),
        ):
            code = record.text(column)
            units = [area for area in reference.areas.units(code) if area.level == level]
            if start is not None and not any(_fits(area, start, new=column.startswith("new")) for area in units):
                near = table.problems.near("area", code, reference.areas.codes)
                table.problems.add("unknown_area", record.row, column, code, fields={"near": near})
        weight = record.numbers.get("weight")
        if weight is not None and not 0 < weight <= 1:
            table.problems.add("bad_weight", record.row, "weight", record.text("weight"))
        if record.text("share") == "whole" and weight not in (None, 1.0):
            table.problems.add("bad_weight", record.row, "weight", record.text("weight"))


def _fits(area: Area, start: date, *, new: bool) -> bool:
    return area.valid_from == start if new else area.valid_to is not None and area.valid_to < start


def _check_standards(table: Records) -> None:
    for record in table.rows:
        if record.year("first_year") > record.year("last_year") > 0:
            table.problems.add(
                "period_backwards",
                record.row,
                "first_year",
                record.text("first_year"),
                fields={"year": record.text("last_year")},
            )
        published = record.text("published_next_year")
        if published and not _is_day_of_year(published):
            table.problems.add("no_day_of_year", record.row, "published_next_year", published)


def _is_day_of_year(text: str) -> bool:
    try:
        date.fromisoformat(f"2023-{text}")
    except ValueError:
        return False
    return True


def _check_breaks(table: Records, reference: Reference) -> None:
    declared: set[tuple[str, str, str]] = set()
    for record in table.rows:
        before, after = record.text("before"), record.text("after")
        declared |= {(indicator, before, after) for indicator in record.list("indicator")}
        complete = all(name in record.numbers for name in ("jump_mean", "jump_sd", "jump_skew"))
        if record.flags.get("comparable") and not complete:
            table.problems.add("no_jump", record.row, "jump_mean")
        if record.numbers.get("jump_sd", 1.0) <= 0 or record.numbers.get("jump_skew", 0.0) < 0:
            table.problems.add("bad_jump", record.row, "jump_sd", record.text("jump_sd"))
        if after in reference.standards and record.year("year") != reference.standards.get(after).first_year:
            first = reference.standards.get(after).first_year
            table.problems.add("wrong_break_year", record.row, "year", record.text("year"), fields={"first": first})
    for indicator in reference.indicators:
        for one, other in reference.standards.neighbours(indicator):
            if (indicator, one.id, other.id) not in declared:
                fields = {"indicator": indicator, "before": one.id, "after": other.id}
                table.problems.add("undeclared_break", 1, "before", one.id, fields=fields)


def _check_local_targets(table: Records, reference: Reference) -> None:
    for record in table.rows:
        indicator = record.text("indicator")
        if indicator in reference.indicators and record.text("unit") != reference.indicators[indicator].unit:
            fields = {"wanted": reference.indicators[indicator].unit, "indicator": indicator}
            table.problems.add("wrong_unit", record.row, "unit", record.text("unit"), fields=fields)
        if record.text("kind") == "target" and not record.text("op"):
            table.problems.add("empty_cell", record.row, "op")


def _check_milestones(table: Records) -> None:
    for record in table.rows:
        if record.text("status") not in ("", "unknown") and not (record.text("evidence") and record.text("source_id")):
            table.problems.add("no_evidence", record.row, "evidence")


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
