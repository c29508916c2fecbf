"""Simulated data: complete, coherent, reproducible, marked, with the truth beside them."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from toolkit.base.errors import UsageError
from toolkit.data.check import check_folder, check_observations
from toolkit.data.dataset import Dataset, load
from toolkit.data.folder import PROJECT_DATA
from toolkit.desk.simulate import ERRORS, WITH_ERRORS, Simulation, read_truth, simulate
from toolkit.desk.world import Maker, wanted_keys
from toolkit.plan.load import load_plan
from toolkit.plan.schema import Plan


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load(PROJECT_DATA, as_of=date(2026, 11, 23))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan("langson-138", folder=PROJECT_DATA)


@pytest.fixture(scope="module")
def made(dataset: Dataset, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "data"
    return simulate(dataset, plan, folder, Simulation(first=2020, errors=20))


@pytest.fixture(scope="module")
def simulated(made: Path) -> Dataset:
    return load(made, as_of=date(2026, 11, 23))


def test_it_is_a_good_folder_without_a_doubt_about_any_figure(made: Path) -> None:
    assert [problem for problem in check_folder(made) if problem.file != "local_targets.csv"] == []


def test_it_is_marked(simulated: Dataset, dataset: Dataset) -> None:
    assert simulated.simulated
    assert not dataset.simulated
    assert set(simulated.observations["source_id"]) == {"simulated"}
    assert set(simulated.observations["note"]) == {"SIMULATED"}


def test_it_is_complete(simulated: Dataset, plan: Plan) -> None:
    areas = ["VN", "VN-NMM", "20", *(area.code for area in simulated.areas.all(level="district"))]
    held = simulated.with_data()
    lacking = {key for key in wanted_keys(plan, simulated) for code in areas if (code, *key) not in held}
    assert lacking == set()
    years = [item.year for item in simulated.series("181", "poverty_rate", "dtts").observations]
    assert years == list(range(2020, 2026))


def test_districts_add_up_to_their_province_and_rates_follow_from_counts(simulated: Dataset) -> None:
    table = simulated.observations
    year = table[(table["year"] == 2023) & (table["scope"] == "all")]
    poor, households = (
        year[year["indicator"] == name].set_index("area_code")["value"] for name in ("poor_households", "households")
    )
    districts = [area.code for area in simulated.areas.all(level="district")]
    assert poor["20"] == poor[districts].sum()
    rates = year[year["indicator"] == "poverty_rate"].set_index("area_code")["value"]
    assert np.allclose(rates, (100 * poor / households)[rates.index], atol=0.0051)


def test_the_truth_is_what_was_published_and_goes_on(made: Path, simulated: Dataset) -> None:
    truth = read_truth(made, ["poverty_rate"])
    for item in simulated.series("181", "poverty_rate", "all").observations:
        assert truth["181", "poverty_rate", "all", item.year] == pytest.approx(item.value, abs=0.006)
    assert ("181", "poverty_rate", "all", 2030) in truth


def test_parts_never_pass_their_wholes(simulated: Dataset, plan: Plan) -> None:
    held = {
        (figure.area_code, figure.indicator, figure.scope, figure.year): figure.value for figure in simulated.figures
    }
    pairs = [
        (t, next(w for w in plan.targets if w.id == t.part_of)) for t in plan.targets if t.part_of and t.one_denominator
    ]
    assert pairs
    for part, whole in pairs:
        for (code, name, scope, year), value in held.items():
            if (name, scope) == (part.indicator, part.scope):
                assert value <= held[code, whole.indicator, whole.scope, year]


def test_changes_of_standard_jump_and_can_be_left_out(dataset: Dataset, plan: Plan) -> None:
    years = tuple(range(2018, 2026))
    with_breaks, without = (Maker(dataset, plan, years, 5, breaks) for breaks in (True, False))
    name = "poverty_rate"
    jump = with_breaks.offsets(name)
    assert with_breaks.jumps[name, "mdp_2022"] == jump[-1] != 0
    assert (jump[: years.index(2021)] == 0).all()
    assert (without.offsets(name) == 0).all()


def test_the_same_seed_gives_the_same_bytes(dataset: Dataset, plan: Plan, made: Path, tmp_path: Path) -> None:
    again = simulate(dataset, plan, tmp_path / "again", Simulation(first=2020, errors=20))
    names = sorted(path.name for path in made.rglob("*") if path.is_file())
    assert names == sorted(path.name for path in again.rglob("*") if path.is_file())
    assert [
        name
        for name in names
        if name != "langson-138.yaml" and (made / name).read_bytes() != (again / name).read_bytes()
    ] == []
    other = simulate(dataset, plan, tmp_path / "other", Simulation(first=2020, seed=2))
    assert (other / "observations.csv").read_bytes() != (made / "observations.csv").read_bytes()


def test_gaps_are_as_many_as_asked(dataset: Dataset, plan: Plan, made: Path, tmp_path: Path) -> None:
    gappy = simulate(dataset, plan, tmp_path / "gappy", Simulation(first=2020, gaps=0.3, truth_until=2025))
    full, left = (len(load(folder).figures) for folder in (made, gappy))
    assert left / full == pytest.approx(0.7, abs=0.03)


def test_every_planted_mistake_is_found_in_its_cell(made: Path) -> None:
    with (made / ERRORS).open(encoding="utf-8", newline="") as stream:
        planted = list(csv.DictReader(stream))
    found = {(problem.row, problem.column) for problem in check_observations(made / WITH_ERRORS, made)}
    silent = [slip for slip in planted if (int(slip["row"]), slip["column"]) not in found]
    assert len(planted) == 20
    assert [slip["kind"] for slip in silent if slip["kind"] != "decimal_slip"] == []


@pytest.mark.slow
def test_communes_before_and_after_the_reform(dataset: Dataset, plan: Plan, tmp_path: Path) -> None:
    folder = simulate(dataset, plan, tmp_path / "communes", Simulation(level="commune", first=2024))
    made = load(folder, as_of=date(2026, 11, 23))
    table = made.observations[made.observations["indicator"] == "poverty_rate"]
    count = {year: len({code for code in rows["area_code"] if len(code) == 5}) for year, rows in table.groupby("year")}
    assert count == {2024: 194, 2025: 65}


@pytest.mark.parametrize(
    "wanted",
    [Simulation(first=2030), Simulation(last=2027), Simulation(gaps=1.0), Simulation(noise=-1), Simulation(seed=-1)],
)
def test_what_cannot_be_simulated_is_refused(dataset: Dataset, plan: Plan, tmp_path: Path, wanted: Simulation) -> None:
    with pytest.raises(UsageError):
        simulate(dataset, plan, tmp_path / "x", wanted)


def test_a_folder_that_holds_something_is_never_written_to(dataset: Dataset, plan: Plan, folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(UsageError):
        simulate(dataset, plan, folder, Simulation())
    assert sorted(path.name for path in folder.iterdir()) == before
