"""Figures: ``check``, ``ingest``, ``undo``, ``history``, ``template``, ``requests``. Apart as a group of commands."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.base.errors import AmbiguousNameError, UsageError, need_extra
from toolkit.base.problems import PROBLEM_COLUMNS, Problem, has_error
from toolkit.base.texts import interface_language, nearest, neutral_cell, numbers, say, slug, texts
from toolkit.cli import options
from toolkit.cli.options import option

if TYPE_CHECKING:
    from toolkit.data.dataset import Dataset, Delivery
    from toolkit.intake.history import Entry
    from toolkit.intake.ingest import Ingest
    from toolkit.intake.mapping import ColumnMapping
    from toolkit.plan.plan import Plan

MOST_OF_A_KIND = 10
"""Warnings of one kind in one file that are printed; tables of problems have all."""
MOST_FOR_MODEL = 3000
"""Figures that are held against the model; for more that would take too long."""


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]…", help="Observation tables; none: the whole data folder.")
    ] = None,
    mapping: options.MappingFile = None,
    column: options.Columns = None,
    fixed: options.Fixed = None,
    years: options.Years = False,
    area_level: options.AreaLevel = None,
    as_of: options.AsOf = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (sets the language by itself)
    data: options.Data = None,
    as_csv: Annotated[bool, option("--csv", "Print the problems as CSV.")] = False,
    model: Annotated[
        bool, option("--model", "Also flag figures that the model thinks unlikely, given all others.")
    ] = False,
    plan: options.PlanName = None,
    as_json: options.Json = False,
) -> None:
    """Check observation tables, each alone against the project's areas, indicators, sources and standards.

    Example: toolkit check my-district.csv

    Example: toolkit check --model
    """
    from toolkit.data.dataset import data_folder, usable_folder
    from toolkit.intake.incoming import check_files
    from toolkit.intake.mapping import mapping_of
    from toolkit.plan.load import load_plan

    folder, day = data_folder(data), options.counted_day(as_of)
    options.existing(files or [])
    declared = mapping_of(mapping, column or (), fixed or (), years=years, area_level=area_level)
    if files:
        reference = usable_folder(folder)[0]
        problems = check_files(files, replace(reference, today=min(day, reference.today)), declared)
    else:
        problems = _whole(folder, day)
    if model and not has_error(problems):
        loaded = load_plan(plan, folder=folder)
        problems += _unlikely(files, folder, declared, loaded, day) if files else _unlikely_held(folder, loaded, day)
    if as_json:
        text = json.dumps([problem.as_row() for problem in problems], ensure_ascii=False, indent=1)
    elif as_csv:
        text = _csv(problems)
    else:
        text = "\n".join(_few_of_a_kind(problems))
    if text:
        print(text)
    errors = sum(problem.severity == "error" for problem in problems)
    if not (as_json or as_csv):
        print(say("cli.checked", errors=errors, warnings=len(problems) - errors))
    if errors:
        raise typer.Exit(1)


def _few_of_a_kind(problems: list[Problem]) -> Iterator[str]:
    """Yield problems as lines: all errors; of the warnings of one kind in a file the first, and how many more."""
    told: Counter[tuple[str, str]] = Counter()
    for problem in problems:
        kind = (problem.file, problem.key)
        told[kind] += problem.severity == "warning"
        if problem.severity == "error" or told[kind] <= MOST_OF_A_KIND:
            yield problem.line()
    for (file, _), count in told.items():
        if count > MOST_OF_A_KIND:
            yield say("cli.more_of_kind", file=file, count=count - MOST_OF_A_KIND)


def _unlikely(files: list[Path], folder: Path, mapping: ColumnMapping | None, plan: Plan, day: date) -> list[Problem]:
    """Return what the model thinks unlikely of files, given the figures of the folder."""
    from toolkit.intake.ingest import prepare, with_doubts

    prepared = [prepare([file], folder, mapping, today=day) for file in files]
    if not few_enough(sum(len(item.changes) for item in prepared)):
        return []
    doubted = [(item, with_doubts(item, plan)) for item in prepared]
    return [problem for item, found in doubted for problem in found.warnings if problem not in item.warnings]


def _unlikely_held(folder: Path, plan: Plan, day: date) -> list[Problem]:
    """Return what the model thinks unlikely of the folder's own figures, each given all others."""
    from toolkit.data.dataset import load
    from toolkit.intake.incoming import as_problem, doubts_within, judged_within

    dataset = load(folder, as_of=day)
    if not few_enough(len(judged_within(dataset, plan))):
        return []
    return [as_problem(doubt) for doubt in doubts_within(dataset, plan)]


def _whole(folder: Path, day: date) -> list[Problem]:
    """Check every table of a data folder, as far as known on a day, and its plans against them."""
    from toolkit.data.dataset import check_folder, load
    from toolkit.plan.load import check_plan

    problems = check_folder(folder)
    if not has_error(problems):
        dataset = load(folder, as_of=day)
        tables, known = {item.file for item in dataset.deliveries}, {(item.file, item.row) for item in dataset.figures}
        problems = [item for item in problems if item.file not in tables or (item.file, item.row) in known]
        problems += [problem for plan in sorted(folder.glob("plans/*.yaml")) for problem in check_plan(plan, dataset)]
    return problems


def _csv(problems: list[Problem]) -> str:
    from toolkit.reports.index import csv_text

    rows = [tuple(map(neutral_cell, problem.as_row().values())) for problem in problems]
    return csv_text([PROBLEM_COLUMNS, *rows]).rstrip("\n")


def few_enough(figures: int) -> bool:
    """Say whether figures can be held against the model in bearable time; tell the user if not."""
    if figures > MOST_FOR_MODEL:
        print(say("desk.no_model_many", most=MOST_FOR_MODEL), file=sys.stderr)
    return figures <= MOST_FOR_MODEL


def ingest(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Filled templates, CSV tables or workbooks.")],
    mapping: options.MappingFile = None,
    column: options.Columns = None,
    fixed: options.Fixed = None,
    years: options.Years = False,
    area_level: options.AreaLevel = None,
    yes: Annotated[bool, option("--yes -y", "Write without asking.")] = False,
    dry_run: Annotated[bool, option("--dry-run", "Show the differences and write nothing.")] = False,
    rejected: Annotated[
        Path | None, option("--rejected", "Where rejected rows go.", "beside the first file", metavar="FILE")
    ] = None,
    as_of: Annotated[
        str | None, option("--as-of", "Day on which the figures came in.", "today", metavar="DATE")
    ] = None,
    by: options.By = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (sets the language by itself)
    data: options.Data = None,
    plan: options.PlanName = None,
    model: Annotated[bool, option("--model/--no-model", "Flag figures that the model thinks unlikely.")] = True,
    as_json: options.Json = False,
) -> None:
    """Read figures into the data folder: shows what is new, changed or in conflict, then asks.

    They become one delivery, a table of its own in the data folder that nothing changes later; rejected rows go to
    rejected.csv with their reasons. Ingesting a file twice changes nothing.

    Example: toolkit ingest binh-gia-2026.xlsx

    Example: toolkit ingest bieu.csv --years --column area_code="Huyện" --fixed indicator=poverty_rate …
    """
    from toolkit.data.dataset import data_folder, load
    from toolkit.intake.ingest import REJECTED, as_data, diff_lines, prepare, write_changes, write_rejected
    from toolkit.intake.mapping import mapping_of

    folder = data_folder(data)
    options.existing(files)
    declared = mapping_of(mapping, column or (), fixed or (), years=years, area_level=area_level)
    found = prepare(files, folder, declared, today=options.counted_day(as_of))
    if model and found.writes:
        found = _doubted(found, folder, plan)
    if not as_json:
        lines = [*(problem.line() for problem in found.problems), *diff_lines(found)]
        print("\n".join(lines))
    kept = write_rejected(found, rejected or files[0].parent / REJECTED) if not dry_run else None
    agreed = not dry_run and found.writes and (yes or (not as_json and _agreed()))
    before = load(folder, as_of=date.fromisoformat(found.today)) if agreed and model and not as_json else None
    written = write_changes(found, options.deliverer(by)) if agreed else None
    if as_json:
        print(json.dumps(as_data(found, written=bool(written)), ensure_ascii=False, indent=1))
    else:
        if written:
            print(say("desk.written", number=int(written.stem), file=written))
            if before is not None and few_enough(len(found.changes)):
                _tell_effects(int(written.stem), before, plan)
        else:
            print(say("desk.nothing_written", folder=folder))
        if kept:
            print(say("desk.rejected", count=len(found.rejected), file=kept))
    declined = found.writes and not written and not dry_run
    if found.rejected or declined or has_error(found.problems):
        raise typer.Exit(1)


def _only_plan(folder: Path, plan: str | None) -> Plan | None:
    """Return the plan that tells the province: the one named, or the only one; None where there are several."""
    from toolkit.plan.load import load_plan

    try:
        return load_plan(plan, folder=folder)
    except UsageError:
        if plan is not None:
            raise
        return None


def _tell_effects(delivery: int, before: Dataset, plan: str | None) -> None:
    """Print what a delivery, or its withdrawal, changed in the answers, if there is one plan."""
    from toolkit.data.dataset import load
    from toolkit.intake.ingest import effect_lines

    if loaded := _only_plan(before.folder, plan):
        print("\n".join(effect_lines(delivery, before, load(before.folder, as_of=before.as_of), loaded)))


def _doubted(found: Ingest, folder: Path, plan: str | None) -> Ingest:
    """Hold the figures against the model, if there is one plan to tell the province and they are not too many."""
    from toolkit.intake.ingest import with_doubts

    loaded = _only_plan(folder, plan)
    if loaded is None:
        print(say("desk.no_model_plan"), file=sys.stderr)
    return with_doubts(found, loaded) if loaded and few_enough(len(found.changes)) else found


def _agreed() -> bool:
    """Ask on a terminal; elsewhere nobody can answer, so nothing is written."""
    if not sys.stdin.isatty():
        print(say("desk.nobody_to_ask"), file=sys.stderr)
        return False
    return typer.confirm(say("desk.ask"), default=False)


def undo(
    delivery: Annotated[int, typer.Argument(metavar="DELIVERY", help="Its number, as toolkit history lists them.")],
    reason: Annotated[str, option("--reason", "Why; it stays with the delivery.")],
    by: options.By = None,
    as_of: Annotated[
        str | None, option("--as-of", "Day since when it does not count.", "today", metavar="DATE")
    ] = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (sets the language by itself)
    data: options.Data = None,
    plan: options.PlanName = None,
    model: Annotated[bool, option("--model/--no-model", "Say what changes in the answers.")] = True,
) -> None:
    """Withdraw a delivery: its figures count no more, and stay in the data folder with the reason.

    Example: toolkit undo 2 --reason "biểu của huyện khác"
    """
    from toolkit.data.dataset import data_folder, load
    from toolkit.intake.ingest import withdraw

    folder, day = data_folder(data), options.counted_day(as_of)
    before = load(folder, as_of=day)
    done = withdraw(folder, delivery, reason, by=options.deliverer(by), day=day)
    print(say("desk.undo.done", number=done.number, count=done.count, reason=done.reason))
    if model and few_enough(done.count):
        _tell_effects(delivery, before, plan)


def history(
    area: Annotated[
        str | None, typer.Argument(metavar="[AREA]", help="Area by code or name; none: all deliveries.")
    ] = None,
    indicator: Annotated[
        str | None, typer.Argument(metavar="[INDICATOR]", help="Indicator, such as poverty_rate, or its name.")
    ] = None,
    scope: Annotated[str | None, option("--scope", "all, dtts, dtts_mn or dtts_in_dtts_mn.", "every scope")] = None,
    level: options.LevelName = None,
    as_of: options.AsOf = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (sets the language by itself)
    data: options.Data = None,
    as_json: options.Json = False,
) -> None:
    """List every figure of an indicator: what counts, what it overrules, conflicts and revisions; or all deliveries.

    Example: toolkit history

    Example: toolkit history "Lạng Sơn" poverty_rate

    Example: toolkit history 20 poverty_rate --as-of 2024-12-31
    """
    from toolkit.data.dataset import data_folder, load
    from toolkit.data.schemas import SCOPES
    from toolkit.intake.history import history as entries_of

    if scope is not None and scope not in SCOPES:
        near = ", ".join(nearest(scope, SCOPES))
        raise UsageError(say("desk.no_scope", scope=scope), say("data.nearest", near=near))
    dataset = load(data_folder(data), as_of=options.counted_day(as_of))
    if area is None or indicator is None:
        if area is not None:
            raise UsageError(say("desk.history.no_indicator"), say("desk.history.no_indicator.remedy"))
        _print_deliveries(dataset.deliveries, as_json=as_json)
        return
    try:
        found_area = dataset.areas.find(area, level=level, on=dataset.as_of)
    except AmbiguousNameError:  # of a province and its city that bear one name the province is meant
        if level or not any(one.level == "province" for one in dataset.areas.named(area)):
            raise
        found_area = dataset.areas.find(area, level="province", on=dataset.as_of)
    declared = dataset.indicators.get(indicator)
    entries = entries_of(dataset, found_area.code, declared.id, scope)
    if as_json:
        record = {"area_code": found_area.code, "indicator": declared.id, "as_of": dataset.as_of.isoformat()}
        print(json.dumps({**record, "entries": [asdict(entry) for entry in entries]}, ensure_ascii=False, indent=1))
        return
    language = interface_language()
    named = {"area": found_area.name(language), "code": found_area.code, "indicator": declared.names[language]}
    print(say("desk.history.title", **named, unit=declared.units[language], day=dataset.as_of))
    if dataset.simulated:
        print(say("report.simulated"))
    if entries:
        names = ("year", "scope", "standard", "value", "status", "source", "known", "standing")
        _print_table(names, [_shown(entry) for entry in entries])
    else:
        print(say("desk.history.none"))


def _shown(entry: Entry) -> tuple[str, ...]:
    """Return an entry as a line of the table of a history."""
    kinds = [say(f"attainment.{kind}.{text}") for kind in ("status", "qualifier") if (text := getattr(entry, kind))]
    basis = f"({say(f'desk.basis.{entry.available_basis}')})" if entry.available_basis else ""
    fields = {"day": entry.replaced_on, "file": entry.replaced_by, "share": entry.coverage, "code": entry.parent_code}
    return (
        f"{entry.from_year}–{entry.year}" if entry.from_year else str(entry.year),
        say(f"desk.scope.{entry.scope}"),
        entry.standard or "–",
        numbers(interface_language()).plain(float(entry.value)),
        ", ".join(kinds),
        entry.source_id,
        f"{entry.available_from} {basis}".strip(),
        say(f"desk.history.standing.{entry.standing}", **fields),
    )


def _print_deliveries(deliveries: Sequence[Delivery], *, as_json: bool) -> None:
    """Print what came in when, from whom, and what was withdrawn; a line a delivery."""
    if as_json:
        print(json.dumps([asdict(item) for item in deliveries], ensure_ascii=False, indent=1))
        return
    rows = [
        (
            str(item.number), item.delivered_on or "–", item.delivered_by or "–",
            ", ".join(f"{name} ({digest[:8]})" for name, digest in item.files) or item.file, str(item.count),
            say("desk.history.withdrawn_on", day=item.withdrawn_on, reason=item.reason) if item.withdrawn_on else "",
        )
        for item in deliveries
    ]  # fmt: skip
    _print_table(("delivery", "on", "by", "files", "count", "withdrawn"), rows)


def _print_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    header = tuple(say(f"desk.history.{name}") for name in names)
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    for row in (header, *rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def template(
    area: options.AreaNames = None,
    level: options.LevelName = None,
    cycle: Annotated[str | None, option("--cycle", "2026 or 2023-2025.", "this year", metavar="YEARS")] = None,
    lang: options.Lang = "vi",
    as_of: options.AsOf = None,
    out: Annotated[Path, option("--out", "Folder for the workbooks.", "templates", metavar="DIR")] = Path("templates"),
    data: options.Data = None,
    plan: options.PlanName = None,
) -> None:
    """Make an Excel workbook for each area: what its targets need, what is known, what may be entered.

    Filled in, it comes back with toolkit ingest.

    Example: toolkit template --area "Lạng Sơn" --level province --cycle 2026

    Example: toolkit template --level commune --cycle 2026
    """
    need_extra("sheets")
    from toolkit.base.files import write_result
    from toolkit.intake.template import file_name, years_of
    from toolkit.intake.template import template as workbook_of

    dataset, loaded = options.data_and_plan(data, plan, as_of)
    years = years_of(cycle or str(dataset.as_of.year))
    language = texts(lang).language
    if not area and level is None:
        level = "province"
    for item in options.wanted_areas(dataset, loaded, area, level):
        content = workbook_of(dataset, loaded, item, years, language=language)
        print(say("desk.template.written", file=write_result(out / file_name(item, years), content)))


def requests(
    area: options.AreaNames = None,
    level: options.LevelName = None,
    lang: options.Lang = "vi",
    as_of: options.AsOf = None,
    out: Annotated[Path, option("--out", "Folder for pages and lists.", "requests", metavar="DIR")] = Path("requests"),
    data: options.Data = None,
    plan: options.PlanName = None,
) -> None:
    """List the figures without which statements have no answer: who is likely to hold each, and in which document.

    One page and one Excel list an area, to be sent; the province by default.

    Example: toolkit requests

    Example: toolkit requests --area "Bình Gia" --lang en
    """
    from toolkit.attainment.assess import assess_all
    from toolkit.base.files import write_result
    from toolkit.forecast.make import make_forecasts
    from toolkit.intake.incoming import DOUBT_DRAWS
    from toolkit.intake.template import context_of
    from toolkit.intake.template import requests as lists_of

    dataset, loaded = options.data_and_plan(data, plan, as_of)
    areas = options.wanted_areas(dataset, loaded, area, level or (None if area else "province"))
    forecasts = make_forecasts(dataset, loaded, [item.code for item in areas], draws=DOUBT_DRAWS)
    for item in areas:
        answers = assess_all(loaded, [item], dataset, forecasts)
        page, workbook = lists_of(context_of(item, answers, forecasts, dataset, loaded, texts(lang).language))
        for ending, content in ((".html", page), (".xlsx", workbook)):
            file = out / f"{item.code}-{slug(item.name_vi)}{ending}"
            print(say("desk.template.written", file=write_result(file, content)))
