"""A data folder with complete, made-up figures and the truth behind them; marked as simulated wherever it is shown."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np

from toolkit.base.errors import UsageError
from toolkit.base.files import write_atomic
from toolkit.base.texts import LANGUAGES, say, texts
from toolkit.data.areas import Area
from toolkit.data.dataset import SIMULATED, Dataset
from toolkit.data.folder import file_of
from toolkit.data.journal import Cells, read_rows, table_text
from toolkit.data.reference import read_reference
from toolkit.data.schemas import (
    AREAS,
    BREAKS,
    CROSSWALK,
    LOCAL_TARGETS,
    MILESTONES,
    OBSERVATIONS,
    OVERLAPS,
    SOURCES,
    STANDARDS,
)
from toolkit.intake.incoming import value_text
from toolkit.intake.more_communes import MOST_COMMUNES, add_communes
from toolkit.intake.pieces import CommuneMaker
from toolkit.intake.slips import Slip, with_slips
from toolkit.intake.world import Maker, World, wanted_keys
from toolkit.plan.load import find_plan
from toolkit.plan.schema import Plan

COPIED = (AREAS, CROSSWALK, STANDARDS, BREAKS, OVERLAPS, MILESTONES)
SOURCE, NOTE = "simulated", "SIMULATED"
TRUTH, JUMPS = "truth.csv", "truth_jumps.csv"
TRUTH_NAMES = ("area_code", "indicator", "scope", "year", "standard", "value")
ERRORS, WITH_ERRORS = "errors.csv", "with_errors.csv"
NAMES = OBSERVATIONS.names


@dataclass(frozen=True)
class Simulation:
    """What to simulate.

    Attributes
    ----------
    level :
        ``district``: province and districts; ``commune``: their communes too, old ones before the reform of
        2025 and new ones after it.
    first, last :
        Years with figures.
    truth_until :
        Last year of the truth that is written down.
    communes :
        Make communes up until so many are in force; for teaching and load. Says ``commune`` too.
    seed :
        The same seed, plan and version give the same bytes.
    noise :
        Standard deviation of errors of measurement, on the link scale; counts and rates made from them have none.
    gaps :
        Share of figures that are missing, at random.
    breaks :
        Whether changes of standard change levels.
    errors :
        Number of slips and broken cells in ``with_errors.csv``, a copy of the figures to practise checking on.
    """

    level: Literal["district", "commune"] = "district"
    first: int = 2015
    last: int = 2025
    truth_until: int = 2030
    seed: int = 138
    noise: float = 0.0
    gaps: float = 0.0
    breaks: bool = True
    errors: int = 0
    communes: int = 0

    def check(self, today: date) -> None:
        """Refuse what cannot be simulated.

        Raises
        ------
        UsageError
            For years in the wrong order or ahead, and shares outside 0 to 1.
        """
        wrong = (
            not 1990 <= self.first <= self.last <= today.year
            or self.level not in ("district", "commune")
            or not 0 <= self.gaps < 1
            or not 0 <= self.noise <= 1
            or self.errors < 0
            or not 0 <= self.communes <= MOST_COMMUNES
            or self.seed < 0
        )
        if wrong:
            raise UsageError(say("desk.simulate.wrong"), say("desk.simulate.wrong.remedy", year=today.year))


def simulate(dataset: Dataset, plan: Plan, folder: Path, wanted: Simulation) -> Path:
    """Write a data folder of made-up figures.

    Parameters
    ----------
    dataset, plan :
        Areas, indicators and standards to use, and the plan whose needs are filled.
    folder :
        Where to write; must not hold anything yet.
    wanted :
        Options.

    Returns
    -------
    pathlib.Path
        The folder: a complete data folder with ``observations.csv``, the plan, the marker ``simulated``, and the
        truth in ``truth.csv`` and ``truth_jumps.csv``.

    Raises
    ------
    UsageError
        If the folder holds something, or an option is out of range.
    """
    wanted.check(dataset.as_of)
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(say("desk.simulate.not_empty", folder=folder), say("desk.simulate.not_empty.remedy"))
    years = tuple(range(wanted.first, max(wanted.last, wanted.truth_until) + 1))
    _write_frame(dataset, plan, folder, wanted)
    if wanted.communes:
        add_communes(folder, dataset, plan.province_code, wanted.communes)
        reference = read_reference(folder)
        dataset = replace(dataset, areas=reference.areas, crosswalk=reference.crosswalk)
    world = _world(dataset, plan, years, wanted)
    rows = list(_rows(dataset, world, wanted))
    write_atomic(folder / OBSERVATIONS.file, table_text(NAMES, rows))
    write_atomic(
        folder / TRUTH, table_text(("area_code", "indicator", "scope", "year", "standard", "value"), _truth(world))
    )
    jumps = [
        {"indicator": name, "standard": standard, "jump": f"{jump:.6f}"}
        for (name, standard), jump in world.jumps.items()
    ]
    write_atomic(folder / JUMPS, table_text(("indicator", "standard", "jump"), jumps))
    if wanted.errors:
        spoilt, slips = with_slips(rows, wanted.errors, wanted.seed)
        write_atomic(folder / WITH_ERRORS, table_text(NAMES, spoilt))
        listed = [{name: str(value) for name, value in asdict(slip).items()} for slip in slips]
        write_atomic(folder / ERRORS, table_text(tuple(Slip.__dataclass_fields__), listed))
    return folder


def _world(dataset: Dataset, plan: Plan, years: tuple[int, ...], wanted: Simulation) -> World:
    maker = Maker(dataset, plan, years, wanted.seed, wanted.breaks)
    maker.make()
    if wanted.level == "commune" or wanted.communes:
        CommuneMaker(maker, wanted_keys(plan, dataset)).add()
    return maker.world()


def _rows(dataset: Dataset, world: World, wanted: Simulation) -> Iterator[Cells]:
    random = np.random.default_rng(np.random.SeedSequence([wanted.seed, 1]))
    for (code, name, scope), values in sorted(world.values.items()):
        indicator = dataset.indicators[name]
        units = dataset.areas.units(code)
        for year, standard, value in zip(world.years, world.standards[name], values, strict=True):
            missing = random.random() < wanted.gaps
            slip = random.normal(0.0, wanted.noise) if wanted.noise else 0.0
            if year > wanted.last or standard is None or missing or not any(_counted(unit, year) for unit in units):
                continue
            yield {
                "area_code": code, "indicator": name, "scope": scope, "year": str(year),
                "value": _published(dataset, name, float(value), slip), "unit": indicator.unit, "standard": standard,
                "status": "preliminary" if year == dataset.as_of.year else "final", "source_id": SOURCE, "note": NOTE,
            }  # fmt: skip


def _counted(unit: Area, year: int) -> bool:
    """Say whether a unit reports on a year: communes that were in force at its end, districts to their last year."""
    return unit.in_force(date(year, 12, 31)) if unit.level == "commune" else unit.exists_in(year)


def _published(dataset: Dataset, name: str, value: float, slip: float) -> str:
    from toolkit.forecast.panels import scale_of

    indicator = dataset.indicators[name]
    if slip and not indicator.whole:
        scale = scale_of(indicator)
        value = float(scale.from_link(scale.to_link(value) + slip))
    if indicator.lower is not None:
        value = max(value, indicator.lower)
    if indicator.upper is not None:
        value = min(value, indicator.upper)
    places = 0 if indicator.whole else indicator.decimals
    return value_text(round(value, places), f"{value:.{places}f}")


def _truth(world: World) -> Iterator[Cells]:
    for (code, name, scope), values in sorted(world.values.items()):
        for year, standard, value in zip(world.years, world.standards[name], values, strict=True):
            yield {
                "area_code": code, "indicator": name, "scope": scope, "year": str(year),
                "standard": standard or "", "value": f"{value:.6g}",
            }  # fmt: skip


def _write_frame(dataset: Dataset, plan: Plan, folder: Path, wanted: Simulation) -> None:
    """Copy what is not made up, and mark the folder before any figure is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {**asdict(wanted), "plan": plan.id}
    write_atomic(folder / SIMULATED, json.dumps(options, indent=1, sort_keys=True) + "\n")
    for name in (*(schema.file for schema in COPIED), "indicators.yaml", "tiles.csv"):
        source = file_of(dataset.folder, name)
        if source.is_file():
            shutil.copyfile(source, folder / name)
    path = find_plan(plan.id, folder=dataset.folder)
    (folder / "plans").mkdir(exist_ok=True)
    shutil.copyfile(path, folder / "plans" / path.name)
    held = read_rows(dataset.folder / SOURCES.file)
    words = {
        "source_id": SOURCE,
        "title": " · ".join(texts(language).t("report.simulated") for language in LANGUAGES),
        "publisher": "toolkit simulate",
    }
    write_atomic(folder / SOURCES.file, table_text(SOURCES.names, [*held.rows, words]))
    write_atomic(folder / LOCAL_TARGETS.file, table_text(LOCAL_TARGETS.names, []))


def read_truth(folder: Path, names: Sequence[str] = ()) -> dict[tuple[str, str, str, int], float]:
    """Return the truth behind a simulated folder, by area, indicator, scope and year."""
    return {
        (row["area_code"], row["indicator"], row["scope"], int(row["year"])): float(row["value"])
        for row in read_rows(folder / TRUTH).rows
        if not names or row["indicator"] in names
    }
