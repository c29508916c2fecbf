"""A session: data, plan and forecasts that belong together, computed on the spot or opened from a run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.attainment.assess import assess_all
from toolkit.attainment.attainment import Attainment, attainment_table
from toolkit.base.errors import UsageError
from toolkit.base.files import write_atomic
from toolkit.base.texts import say, texts
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset, load
from toolkit.data.dataset import data_folder as find_data
from toolkit.data.reference import today
from toolkit.forecast import store
from toolkit.forecast.make import DRAWS, MODEL, SEED, make_forecasts
from toolkit.forecast.store import Forecasts, observation_from
from toolkit.plan.judgement import Note
from toolkit.plan.load import load_plan
from toolkit.plan.plan import Plan
from toolkit.reports.context import RunFacts
from toolkit.run.manifest import FORECASTS, SNAPSHOT, facts_of, read_about

FURTHEST = 366
"""Days from today to the last day that may be asked for."""


@dataclass(frozen=True)
class Stored:
    """What a run's folder says of itself."""

    facts: RunFacts
    answers: Path


@dataclass(frozen=True)
class Run:
    """Data, plan and forecasts that belong together.

    Attributes
    ----------
    dataset :
        The data as known on a date.
    plan :
        The plan whose targets are asked about.
    forecasts :
        Joint draws for all areas of the run.
    stored :
        How the numbers came about, and the folder of the answers, where the run was opened from its folder.
    """

    dataset: Dataset
    plan: Plan
    forecasts: Forecasts
    stored: Stored | None = None

    def attainments(self, area_code: str) -> tuple[Attainment, ...]:
        """Return the answer to every statement of the plan for one area, in the plan's order."""
        kept = load_answers(area_code, self.stored.answers) if self.stored else None
        if kept is not None:
            return kept
        return assess_all(self.plan, [self.dataset.areas.get(area_code)], self.dataset, self.forecasts)

    def table(self, area_codes: Sequence[str], *, language: str = "vi") -> pd.DataFrame:
        """Return the answers for some areas as a table: one row an area and statement.

        Its columns are those of ``attainment.csv``; texts are in `language`.
        """
        found = [answer for code in area_codes for answer in self.attainments(code)]
        return attainment_table(found, self.dataset, self.plan, texts(language))

    @cached_property
    def facts(self) -> RunFacts:
        """Return how the numbers of this run came about."""
        if self.stored:
            return self.stored.facts
        return facts_of(self.dataset, self.forecasts)


def compute_run(
    areas: Sequence[str | int] = (),
    *,
    data: Path | str | None = None,
    plan: str | None = None,
    as_of: date | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
    model: str = MODEL,
    folder: Path | None = None,
) -> Run:
    """Load the data, make all forecasts, and return both.

    Parameters
    ----------
    areas :
        Codes or names of areas wanted beyond the province and its districts, such as communes.
    data :
        Data folder; the project's own by default.
    plan :
        Identifier of a plan in ``data/plans``; the only one there by default.
    as_of :
        Use only what was known on this day; today by default.
    draws, seed, model :
        As in :func:`toolkit.forecast.make.make_forecasts`.
    folder :
        Of a run: the draws are kept there, not in memory, and read back when they are asked for.
        :func:`save_run` makes them complete.
    """
    source = find_data(data)
    dataset = load(source, as_of=as_of)
    loaded = load_plan(plan, folder=source)
    wanted = [dataset.areas.find(area, on=dataset.as_of) for area in areas] or plan_areas(dataset, loaded)
    codes = [area.code for area in wanted]
    forecasts = make_forecasts(
        dataset, loaded, codes, draws=draws, seed=seed, model=model, keep=folder and _emptied(folder / FORECASTS)
    )
    return Run(dataset, loaded, forecasts)


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def plan_areas(dataset: Dataset, plan: Plan, level: str | None = None) -> list[Area]:
    """Return the areas that a plan reports on: the province and its districts, or those of one level."""
    province = dataset.areas.get(plan.province_code)
    below = [area for area in dataset.areas.all(level="district") if area.parent_code == province.code]
    match level:
        case None:
            return [province, *below]
        case "province":
            return [province]
        case "district":
            return list(below)
        case "commune":
            return list(dataset.areas.all(level="commune", on=dataset.as_of))
        case _:
            raise UsageError(say("data.no_level", level=level), say("run.levels"))


def open_run(
    run_folder: str | Path = "", *, data_folder: str | Path = "", as_of: str = "", areas: Sequence[str | int] = ()
) -> Run:
    """Open the forecasts of a run, or make them here when no run is named.

    Parameters
    ----------
    run_folder :
        Folder of a run, as ``toolkit report`` leaves it; empty to compute.
    data_folder :
        Data folder; if empty the run's own copy of its data, or the project's.
    as_of :
        ISO date; for a run it must be the run's own, or empty.
    areas :
        When computing: codes or names wanted beyond the province and its districts, such as a commune's.

    Returns
    -------
    Run

    Raises
    ------
    UsageError
        If `as_of` is no date, or differs from the run's.
    DataError
        If the folder holds no complete run.
    """
    day = parse_day(as_of) if as_of else None
    if not run_folder:
        return compute_run(areas, data=data_folder or None, as_of=day)
    folder = Path(run_folder)
    forecasts = store.open_forecasts(folder / FORECASTS)
    if day not in (None, forecasts.as_of):
        message = say("run.other_day", folder=folder, known=forecasts.as_of, wanted=day)
        raise UsageError(message, say("run.other_day.remedy"))
    about = read_about(folder)
    data = find_data(data_folder or folder / SNAPSHOT)
    dataset = load(data, as_of=forecasts.as_of)
    plan = load_plan(about.plan, folder=data)
    return Run(dataset, plan, forecasts, Stored(about.facts, folder / FORECASTS / ANSWERS))


def save_run(run: Run, folder: Path, areas: Sequence[Area]) -> None:
    """Answer for some areas, and store all where :func:`open_run` finds it; the index of the forecasts comes last.

    Parameters
    ----------
    run :
        Computed with the same `folder`.
    folder :
        Of the run.
    areas :
        That are reported on.
    """
    stored = folder / FORECASTS
    for area in areas:  # one by one: what is answered need not stay in memory
        save_answers(assess_all(run.plan, [area], run.dataset, run.forecasts), stored / ANSWERS)
    store.close(run.forecasts, stored)


def stored_in(run: Run, folder: Path) -> Run:
    """Return a run whose answers are read from the folder, with what that says of it."""
    return replace(run, stored=Stored(read_about(folder).facts, folder / FORECASTS / ANSWERS))


def parse_day(text: str) -> date:
    """Return an ISO date.

    Raises
    ------
    UsageError
        If `text` is no date such as 2026-11-23, or lies more than a year ahead.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(say("run.no_date", text=text), say("run.no_date.remedy")) from error
    if (day - today()).days > FURTHEST:
        raise UsageError(say("run.far_date", text=text), say("run.far_date.remedy"))
    return day


ANSWERS = "answers"


def save_answers(answers: Sequence[Attainment], folder: Path) -> None:
    """Write answers to `folder`, one file an area."""
    by_area: dict[str, list[Attainment]] = {}
    for answer in answers:
        by_area.setdefault(answer.area_code, []).append(answer)
    for code, entries in by_area.items():
        text = json.dumps(entries, ensure_ascii=False, separators=(",", ":"), default=_fields)
        write_atomic(folder / f"{code}.json", text)


def _fields(result: Any) -> dict[str, Any]:
    """Return one level of a result; json comes back for those inside it."""
    return {item.name: getattr(result, item.name) for item in fields(result)}


def load_answers(area_code: str, folder: Path) -> tuple[Attainment, ...] | None:
    """Return the stored answers of an area; None if there are none."""
    file = folder / f"{area_code}.json"
    if not file.is_file():
        return None
    return tuple(_answer(entry) for entry in json.loads(file.read_text(encoding="utf-8")))


def _answer(entry: Mapping[str, Any]) -> Attainment:
    plain = {name: tuples(value) if isinstance(value, list) else value for name, value in entry.items()}
    plain |= {name: tuple(Note(**note) for note in plain[name]) for name in ("missing", "notes")}
    plain["overruled"] = tuple(observation_from(item) for item in entry["overruled"])
    return Attainment(**plain)


def tuples(value: Any) -> Any:
    """Return `value` as it was before it became JSON: our results hold tuples, never lists."""
    if isinstance(value, list):
        return tuple(tuples(item) for item in value)
    if isinstance(value, dict):
        return {name: tuples(item) for name, item in value.items()}
    return value
