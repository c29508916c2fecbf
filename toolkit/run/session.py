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
from toolkit.base.texts import interface_language, say, several, texts
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset, delivery_files, load, new_delivery
from toolkit.data.dataset import data_folder as find_data
from toolkit.data.reference import today
from toolkit.data.schemas import DECLARED, DELIVERED, OBSERVATIONS
from toolkit.forecast import store
from toolkit.forecast.make import DRAWS, MODEL, SEED, make_forecasts
from toolkit.forecast.paths import Path as ForecastPath
from toolkit.forecast.store import Forecasts, observation_from
from toolkit.intake.ingest import own_row, table_text
from toolkit.models import Model
from toolkit.plan.judgement import Note
from toolkit.plan.load import find_plan, load_plan, plan_text, read_plan, usable_with
from toolkit.plan.plan import Plan
from toolkit.reports.context import Context, RunFacts, SourceBook
from toolkit.reports.wording import words
from toolkit.run.manifest import FORECASTS, SNAPSHOT, About, facts_of, read_about, take_snapshot, write_about
from toolkit.scenario.propagate import no_path
from toolkit.scenario.scenario import Scenario

FURTHEST = 366
"""Days from today to the last day that may be asked for."""


@dataclass(frozen=True)
class Stored:
    """What a run's folder says of itself: how its numbers came about, where the answers lie, and what they are of."""

    facts: RunFacts
    answers: Path
    of: tuple[Plan, Forecasts]


@dataclass(frozen=True, repr=False)
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
        """Return the answer to every statement of the plan for one area, in the plan's order.

        Answers that were stored are read; with another plan or other forecasts they are made anew.
        """
        if self.stored and self.stored.of[0] is self.plan and self.stored.of[1] is self.forecasts:
            kept = load_answers(area_code, self.stored.answers)
            if kept is not None:
                return kept
        return assess_all(self.plan, [self.dataset.areas.get(area_code)], self.dataset, self.forecasts)

    def area(self, name: str | int) -> Area:
        """Return an area of this run by its code or name.

        Raises
        ------
        UsageError
            For an unknown or ambiguous name, and for an area that the run holds no forecasts of.
        """
        found = self.dataset.areas.find(name, on=self.dataset.as_of)
        if found.code not in (self.plan.province_code, *self.forecasts.areas()):
            message = say("run.not_in_run", area=found.name(interface_language()), code=found.code)
            raise UsageError(message, say("run.not_in_run.remedy", code=found.code))
        return found

    def chosen(self, areas: str | int | Sequence[str | int] | None = None) -> list[Area]:
        """Return areas of this run by codes or names, one or several; by default those the plan reports on."""
        if areas is None:
            held = {self.plan.province_code, *self.forecasts.areas()}
            return [area for area in plan_areas(self.dataset, self.plan) if area.code in held]
        return [self.area(name) for name in several(areas)]

    def path(self, area: str | int, indicator: str, scope: str = "all", *, across_breaks: bool = True) -> ForecastPath:
        """Return the joint draws of an indicator in an area, see :class:`toolkit.forecast.paths.Path`.

        Raises
        ------
        UsageError
            If neither the area nor anything above it has evidence.

        Examples
        --------
        >>> run.path("Bình Gia", "poverty_rate")
        <Path 181 poverty_rate (all) 2018–2045, 200 draws, B>
        """
        self.dataset.indicators.get(indicator)
        code = self.area(area).code
        found = self.forecasts.path(code, indicator, scope, across_breaks=across_breaks)
        if found is None:
            raise no_path(indicator, scope, code)
        return found

    def table(self, areas: str | int | Sequence[str | int] | None = None, *, language: str = "") -> pd.DataFrame:
        """Return the answers for some areas as a table: one row an area and statement.

        Parameters
        ----------
        areas :
            Codes or names, one or several; by default those that the plan reports on.
        language :
            Of the texts; that of the interface by default. The columns are those of ``attainment.csv``.
        """
        found = [answer for area in self.chosen(areas) for answer in self.attainments(area.code)]
        return attainment_table(found, self.dataset, self.plan, texts(language or interface_language()))

    def context(self, area: str | int, language: str = "", answers: Sequence[Attainment] | None = None) -> Context:
        """Return what documents of an area are made from.

        Parameters
        ----------
        area :
            Code or name of an area of this run.
        language :
            Of the words; that of the interface by default.
        answers :
            The area's; all by default.
        """
        found = self.area(area)
        answers = self.attainments(found.code) if answers is None else tuple(answers)
        wording, book = words(texts(language or interface_language()).language), SourceBook(self.dataset.sources)
        return Context(found, answers, self.forecasts, self.dataset, self.plan, self.facts, wording, book)

    def what_if(self, name: str = "") -> Scenario:
        """Return the beginning of a scenario: everything as forecast, verbs to follow.

        >>> run.what_if("storm").shock("poverty_rate", 2028, points=5)
        <Scenario storm: shock>
        """
        return Scenario(self.forecasts, self.dataset, self.plan, name)

    def save(self, folder: Path | str) -> Path:
        """Write the run to a folder that :func:`open_run` opens: data, plan, draws and answers; return the folder.

        Figures, targets and stand-ins of one's own are written with it, so that the folder stands by itself.
        """
        target = Path(folder)
        take_snapshot(self.dataset.folder, target)
        self._save_own(target / SNAPSHOT)
        writer = store.Store(_emptied(target / FORECASTS))
        for code in self.forecasts.areas():
            writer.add({key: self.forecasts.paths[key] for key in self.forecasts.keys_of(code)})
        save_run(self, target, self.chosen())
        write_about(target, About(self.plan.id, self.facts))
        return target

    def _save_own(self, folder: Path) -> None:
        """Write figures of one's own as deliveries, and a plan that is not the one of its file."""
        on_disk = delivery_files(folder)
        for delivery in self.dataset.deliveries:
            if delivery.number and delivery.number not in on_disk:
                rows = [own_row(item) for item in self.dataset.figures if item.delivery == delivery.number]
                text = table_text((*OBSERVATIONS.names, *DELIVERED, *DECLARED), rows)
                write_atomic(new_delivery(folder), text)
        kept = find_plan(self.plan.id, folder=folder)
        if read_plan(kept) != self.plan:
            write_atomic(kept, plan_text(self.plan))

    def __repr__(self) -> str:
        """Return what the run is about, in one line."""
        counts = f"{len(self.forecasts.areas())} areas, {len(self.plan.targets)} targets"
        drawn = f"{self.forecasts.draw_count} draws, model {self.forecasts.model_name}"
        return f"<Run {self.plan.id}: {counts}, {drawn}, as of {self.dataset.as_of.isoformat()}>"

    @cached_property
    def facts(self) -> RunFacts:
        """Return how the numbers of this run came about."""
        if self.stored:
            return self.stored.facts
        return facts_of(self.dataset, self.forecasts)


def compute_run(
    areas: str | int | Sequence[str | int] = (),
    *,
    data: Dataset | Path | str | None = None,
    plan: Plan | str | None = None,
    as_of: date | str | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
    model: Model = MODEL,
    folder: Path | None = None,
) -> Run:
    """Load the data, make all forecasts, and return both.

    Parameters
    ----------
    areas :
        Codes or names of areas wanted beyond the province and its districts, such as communes.
    data :
        Data folder, or data that were loaded; the project's own by default.
    plan :
        A plan, or the identifier of one in ``data/plans``; the only one there by default.
    as_of :
        Use only what was known on this day (a date, or text such as ``2024-12-31``); today by default.
    draws, seed, model :
        As in :func:`toolkit.forecast.make.make_forecasts`; a model of one's own has ``fit`` and ``predict``.
    folder :
        Of a run: the draws are kept there, not in memory, and read back when they are asked for.
        :func:`save_run` makes them complete.
    """
    dataset, loaded, wanted = opened(data, plan, areas, as_of)
    codes = [area.code for area in wanted]
    forecasts = make_forecasts(
        dataset, loaded, codes, draws=draws, seed=seed, model=model, keep=folder and _emptied(folder / FORECASTS)
    )
    return Run(dataset, loaded, forecasts)


def opened(
    data: Dataset | Path | str | None,
    plan: Plan | str | None,
    areas: str | int | Sequence[str | int] = (),
    as_of: date | str | None = None,
) -> tuple[Dataset, Plan, list[Area]]:
    """Return data, plan and areas as :func:`compute_run` takes them: given, or loaded."""
    day = parse_day(as_of) if isinstance(as_of, str) else as_of
    if isinstance(data, Dataset):
        dataset = data if day is None else data.known_on(day)
    else:
        dataset = load(find_data(data), as_of=day)
    loaded = usable_with(plan, dataset) if isinstance(plan, Plan) else load_plan(plan, folder=dataset.folder)
    found = [dataset.areas.find(area, on=dataset.as_of) for area in several(areas)]
    return dataset, loaded, found or plan_areas(dataset, loaded)


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def plan_areas(dataset: Dataset, plan: Plan, level: str | None = None) -> list[Area]:
    """Return the areas that a plan reports on: the province and its districts, or those of levels (with commas)."""
    wanted = [name.strip() for name in (level or "province,district").split(",")]
    if unknown := [name for name in wanted if name not in ("province", "district", "commune")]:
        raise UsageError(say("data.no_level", level=", ".join(unknown)), say("run.levels"))
    communes = list(dataset.areas.all(level="commune", on=dataset.as_of)) if "commune" in wanted else []
    if wanted == ["commune"]:
        return communes
    province = dataset.areas.get(plan.province_code)
    below = [area for area in dataset.areas.all(level="district") if area.parent_code == province.code]
    return [*([province] if "province" in wanted else ()), *(below if "district" in wanted else ()), *communes]


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
    return Run(dataset, plan, forecasts, Stored(about.facts, folder / FORECASTS / ANSWERS, (plan, forecasts)))


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
        answers = assess_all(run.plan, [area], run.dataset, run.forecasts)
        text = json.dumps(answers, ensure_ascii=False, separators=(",", ":"), default=_fields)
        write_atomic(stored / ANSWERS / f"{area.code}.json", text)
    store.close(run.forecasts, stored)


def stored_in(run: Run, folder: Path) -> Run:
    """Return a run whose answers are read from the folder, with what that says of it."""
    stored = Stored(read_about(folder).facts, folder / FORECASTS / ANSWERS, (run.plan, run.forecasts))
    return replace(run, stored=stored)


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
