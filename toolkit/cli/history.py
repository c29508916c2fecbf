"""``toolkit history``: all that was ever held about one indicator of one area."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.base.numbers import numbers
from toolkit.base.texts import interface_language, nearest, say
from toolkit.cli import options

if TYPE_CHECKING:
    from toolkit.intake.history import Entry


def history(
    area: Annotated[str, typer.Argument(metavar="AREA", help="Area by code or name.")],
    indicator: Annotated[str, typer.Argument(metavar="INDICATOR", help="Indicator, such as poverty_rate.")],
    scope: Annotated[
        str | None, typer.Option("--scope", help="all, dtts, dtts_mn or dtts_in_dtts_mn.", show_default="every scope")
    ] = None,
    level: options.Level = None,
    as_of: options.AsOf = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (the option itself sets the language)
    data: options.Data = None,
    as_json: options.Json = False,
) -> None:
    """List every figure of an indicator: what counts, what it overrules, conflicts and revisions.

    Example: toolkit history "Lạng Sơn" poverty_rate

    Example: toolkit history 20 poverty_rate --as-of 2024-12-31
    """
    from toolkit.base.errors import UsageError
    from toolkit.data.dataset import data_folder, load
    from toolkit.data.schemas import SCOPES
    from toolkit.intake.history import history as entries_of

    if scope is not None and scope not in SCOPES:
        near = ", ".join(nearest(scope, SCOPES))
        raise UsageError(say("desk.no_scope", scope=scope), say("data.nearest", near=near))
    dataset = load(data_folder(data), as_of=options.day_of(as_of))
    found_area = dataset.areas.find(area, level=level, on=dataset.as_of)
    declared = dataset.indicators.get(indicator)
    entries = entries_of(dataset, found_area.code, declared.id, scope)
    if as_json:
        record = {"area_code": found_area.code, "indicator": declared.id, "as_of": dataset.as_of.isoformat()}
        print(json.dumps({**record, "entries": [asdict(entry) for entry in entries]}, ensure_ascii=False, indent=1))  # noqa: T201
        return
    language = interface_language()
    name = found_area.name(language)
    print(  # noqa: T201
        say("desk.history.title", area=name, code=found_area.code, indicator=declared.names[language],
            unit=declared.units[language], day=dataset.as_of)
    )  # fmt: skip
    if dataset.simulated:
        print(say("report.simulated"))  # noqa: T201
    if not entries:
        print(say("desk.history.none"))  # noqa: T201
        return
    rows = [
        (
            f"{entry.from_year}–{entry.year}" if entry.from_year else str(entry.year),
            entry.scope,
            entry.standard or "–",
            numbers(language).plain(float(entry.value)) if _is_number(entry.value) else entry.value,
            " ".join(filter(None, (entry.status, entry.qualifier))),
            entry.source_id,
            " ".join(filter(None, (entry.available_from, entry.available_basis and f"({entry.available_basis})"))),
            _standing(entry),
        )
        for entry in entries
    ]
    header = tuple(
        say(f"desk.history.{name}")
        for name in ("year", "scope", "standard", "value", "status", "source", "known", "standing")
    )
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    for row in (header, *rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())  # noqa: T201


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _standing(entry: Entry) -> str:
    fields = {"day": entry.replaced_on, "file": entry.replaced_by, "share": entry.coverage, "code": entry.parent_code}
    return say(f"desk.history.standing.{entry.standing}", **fields)
