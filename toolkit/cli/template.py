"""``toolkit template``: workbooks that areas fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.base.texts import say, texts
from toolkit.cli import options
from toolkit.cli.areas import wanted_areas


def template(
    area: options.AreaNames = None,
    level: options.Level = None,
    cycle: Annotated[
        str | None,
        typer.Option("--cycle", metavar="YEARS", help="2026 or 2023-2025.", show_default="this year"),
    ] = None,
    lang: options.Lang = "vi",
    as_of: options.AsOf = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the workbooks.", show_default="templates")
    ] = Path("templates"),
    data: options.Data = None,
    plan: options.PlanName = None,
) -> None:
    """Make an Excel workbook for each area: what its targets need, what is known, what may be entered.

    Filled in, it comes back with toolkit ingest.

    Example: toolkit template --area "Lạng Sơn" --level province --cycle 2026

    Example: toolkit template --level commune --cycle 2026
    """
    from toolkit.base.files import write_atomic
    from toolkit.data.dataset import data_folder, load
    from toolkit.intake.template import file_name, years_of
    from toolkit.intake.template import template as workbook_of
    from toolkit.plan.load import load_plan

    folder = data_folder(data)
    dataset = load(folder, as_of=options.day_of(as_of))
    loaded = load_plan(plan, folder=folder)
    years = years_of(cycle or str(dataset.as_of.year))
    language = texts(lang).language
    if not area and level is None:
        level = "province"
    for item in wanted_areas(dataset, loaded, area, level):
        content = workbook_of(dataset, loaded, item, years, language=language)
        print(say("desk.template.written", file=write_atomic(out / file_name(item, years), content)))  # noqa: T201
