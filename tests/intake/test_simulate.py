"""Simulated data: complete, coherent, reproducible, marked, with the truth beside them."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.base.errors import UsageError
from toolkit.data.dataset import Dataset, check_folder, load
from toolkit.data.folder import PROJECT_DATA
from toolkit.data.reference import read_reference
from toolkit.intake.incoming import check_file
from toolkit.intake.pieces import shared_out
from toolkit.intake.simulate import ERRORS, WITH_ERRORS, Simulation, read_truth, simulate
from toolkit.intake.world import Maker, wanted_keys
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
    found = {(problem.row, problem.column) for problem in check_file(made / WITH_ERRORS, read_reference(made))}
    silent = [slip for slip in planted if (int(slip["row"]), slip["column"]) not in found]
    assert len(planted) == 20
    assert [slip["kind"] for slip in silent if slip["kind"] != "decimal_slip"] == []


@pytest.fixture(scope="module")
def communes(dataset: Dataset, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("communes") / "data"
    wanted = Simulation(level="commune", first=2024, truth_until=2025)
    return load(simulate(dataset, plan, folder, wanted), as_of=date(2026, 11, 23))


def counts(made: Dataset, year: int) -> dict[tuple[str, str], dict[str, float]]:
    """Return the whole-number figures of a year: indicator and scope to area code to figure."""
    held: dict[tuple[str, str], dict[str, float]] = {}
    for item in made.figures:
        if item.year == year and made.indicators[item.indicator].whole:
            held.setdefault((item.indicator, item.scope), {})[item.area_code] = item.value
    return held


def test_communes_before_and_after_the_reform(communes: Dataset) -> None:
    table = communes.observations[communes.observations["indicator"] == "poverty_rate"]
    count = {year: len({code for code in rows["area_code"] if len(code) == 5}) for year, rows in table.groupby("year")}
    assert count == {2024: 194, 2025: 65}
    assert check_folder(communes.folder) == []  # no sum that fails, no jump from an old unit to a new one


def test_communes_add_up_to_their_districts_exactly(communes: Dataset) -> None:
    old = {area.code: area.parent_code for area in communes.areas.all(level="commune", on=date(2024, 12, 31))}
    summed = 0
    for held in counts(communes, 2024).values():
        for district in set(old.values()) & held.keys():
            assert held[district] == sum(held[code] for code, parent in old.items() if parent == district)
            summed += held[district] > 0
    assert summed > 50


def test_new_communes_add_up_to_the_province_and_rates_follow(communes: Dataset) -> None:
    new = [area.code for area in communes.areas.all(level="commune", on=date(2025, 12, 31))]
    held = counts(communes, 2025)
    for values in held.values():
        assert values["20"] == sum(values[code] for code in new)
    for code in new:
        held_rates = communes.series(code, "poverty_rate", "dtts").observations
        (rate,) = [item.value for item in held_rates if item.year == 2025]
        poor, households = (held[name, "dtts"][code] for name in ("poor_households", "households"))
        assert rate == pytest.approx(100 * poor / households, abs=0.0051)


@given(
    total=st.integers(0, 500),
    pieces=st.lists(st.tuples(st.floats(0, 10), st.integers(0, 100)), min_size=1, max_size=20),
)
def test_sharing_out_loses_nothing_and_passes_no_limit(total: int, pieces: list[tuple[float, int]]) -> None:
    weights, limits = (np.array(column, dtype=float) for column in zip(*pieces, strict=True))
    given_out = shared_out(total, weights, limits)
    assert given_out.sum() == min(total, limits.sum())
    assert (given_out <= limits).all()
    assert (given_out == np.floor(given_out)).all()


@pytest.mark.slow
def test_as_many_communes_as_a_load_test_wants(dataset: Dataset, plan: Plan, tmp_path: Path) -> None:
    wanted = Simulation(communes=80, first=2024, last=2025, truth_until=2025)
    made = load(simulate(dataset, plan, tmp_path / "many", wanted), as_of=date(2026, 11, 23))
    in_force = made.areas.all(level="commune", on=made.as_of)
    assert len(in_force) == 80
    assert all(made.crosswalk.former_districts(area.code) for area in in_force)
    reported = {item.area_code for item in made.figures if item.year == 2025}
    assert {area.code for area in in_force} <= reported
    assert [item for item in check_folder(made.folder) if item.severity == "error"] == []


@pytest.mark.parametrize(
    "wanted",
    [
        Simulation(first=2030),
        Simulation(last=2027),
        Simulation(gaps=1.0),
        Simulation(noise=-1),
        Simulation(communes=-1),
        Simulation(seed=-1),
    ],
)
def test_what_cannot_be_simulated_is_refused(dataset: Dataset, plan: Plan, tmp_path: Path, wanted: Simulation) -> None:
    with pytest.raises(UsageError):
        simulate(dataset, plan, tmp_path / "x", wanted)


def test_a_folder_that_holds_something_is_never_written_to(dataset: Dataset, plan: Plan, folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(UsageError):
        simulate(dataset, plan, folder, Simulation())
    assert sorted(path.name for path in folder.iterdir()) == before
