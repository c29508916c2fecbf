from __future__ import annotations

import shutil
from datetime import date
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.tables import GOOD, changed, text
from toolkit.base.errors import DataError, UsageError
from toolkit.data.dataset import PROJECT_DATA, Dataset, check_folder, data_folder, load
from toolkit.data.observations import Observation, resolved

STATUSES = ("final", "reported", "preliminary")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder that may be changed."""
    copy = tmp_path / "data"
    shutil.copytree(PROJECT_DATA, copy, ignore=shutil.ignore_patterns("panels", "plans"))
    return copy


def write(folder: Path, *rows: tuple[str, ...]) -> Path:
    """Write what was there before deliveries, and nothing else."""
    shutil.rmtree(folder / "observations", ignore_errors=True)
    (folder / "observations.csv").write_text(text(rows), encoding="utf-8")
    return folder


def test_the_conflict_of_2025_is_settled_by_status(dataset: Dataset) -> None:
    figure = dataset.series("20", "poverty_rate", "all").observations[-1]
    assert (figure.year, figure.value, figure.status, figure.source_id) == (2025, 2.32, "final", "lsgov-2025review")
    assert [(loser.value, loser.source_id) for loser in figure.overruled] == [(3.0, "vneconomy-ls-2025")]


def test_unverified_figures_are_kept_apart(dataset: Dataset) -> None:
    series = dataset.series("20", "poverty_rate", "all")
    assert [(figure.year, figure.value) for figure in series.unverified] == [(2008, 19.32)]
    assert 2008 not in [figure.year for figure in series.observations]


def test_means_over_several_years_are_kept_apart(dataset: Dataset) -> None:
    series = dataset.series("20", "grdp_growth_period_average", "all")
    assert series.observations == ()
    assert {(item.from_year, item.to_year, item.value) for item in series.period_averages} == {
        (2016, 2020, 4.67), (2021, 2025, 7.1),
    }  # fmt: skip


def test_a_year_may_hold_a_figure_on_each_standard(folder: Path) -> None:
    old = changed(2, year="2015", standard="income_2011", value="9.22", available_from="")
    new = changed(2, year="2015", standard="mdp_2016", value="15.19", available_from="")
    series = load(write(folder, old, new)).series("20", "poverty_rate", "all")
    found = [(figure.standard, figure.value) for figure in series.observations]
    assert found == [("income_2011", 9.22), ("mdp_2016", 15.19)]


def test_as_of_leaves_out_what_was_not_known(dataset: Dataset) -> None:
    then = load(PROJECT_DATA, as_of=date(2024, 12, 31))
    known = [(figure.year, figure.value) for figure in then.series("20", "poverty_rate", "all").observations]
    assert known[-1] == (2023, 6.03)
    assert len(then.observations) == int((dataset.observations["available_from"] <= "2024-12-31").sum())
    press = load(PROJECT_DATA, as_of=date(2025, 12, 31)).series("20", "poverty_rate", "all").observations[-1]
    assert (press.year, press.value, press.overruled) == (2025, 3.0, ())


def test_later_days_never_know_less() -> None:
    days = [date(1990, 1, 1), date(2013, 6, 30), date(2019, 1, 31), date(2024, 12, 31), date(2026, 11, 23)]
    frames = [load(PROJECT_DATA, as_of=day).observations for day in days]
    known = [set(zip(frame["delivery"], frame["row"], strict=True)) for frame in frames]
    assert all(earlier < later for earlier, later in pairwise(known))
    assert known[0] == set()


def test_a_figure_without_a_day_gets_the_rule(folder: Path) -> None:
    data = load(write(folder, GOOD[1], GOOD[6]))
    assert data.observations[["available_from", "available_basis"]].to_numpy().tolist() == [
        ["2025-01-31", "rule"],
        ["2026-06-30", "rule"],
    ]
    assert len(load(folder, as_of=date(2026, 6, 29)).observations) == 1


FIGURES = st.builds(
    Observation,
    year=st.integers(2015, 2017),
    value=st.floats(0, 100),
    status=st.sampled_from(STATUSES),
    qualifier=st.just(""),
    standard=st.sampled_from(["", "a"]),
    source_id=st.text("abc", max_size=3),
    available_from=st.dates(date(2016, 1, 1), date(2020, 1, 1)).map(str),
)


@given(st.lists(FIGURES, max_size=10))
def test_the_better_status_then_the_later_day_then_the_earlier_row_wins(figures: list[Observation]) -> None:
    winners = resolved(figures)
    assert sum(1 + len(winner.overruled) for winner in winners) == len(figures)
    assert len({(winner.year, winner.standard) for winner in winners}) == len(winners)
    for winner in winners:
        rivals = [figure for figure in figures if (figure.year, figure.standard) == (winner.year, winner.standard)]
        best = min(STATUSES.index(figure.status) for figure in rivals)
        top = [figure for figure in rivals if STATUSES.index(figure.status) == best]
        newest = max(figure.available_from for figure in top)
        first = next(figure for figure in top if figure.available_from == newest)
        assert (winner.value, winner.source_id) == (first.value, first.source_id)


def test_types(dataset: Dataset) -> None:
    frame = dataset.observations
    assert str(frame["year"].dtype) == "int64"
    assert str(frame["from_year"].dtype) == "Int64"
    assert str(frame["value"].dtype) == "float64"
    assert 0 < frame["from_year"].notna().sum() < 10
    texts = frame.drop(columns=["year", "from_year", "value", "row", "delivery"])
    assert not texts.isna().to_numpy().any()
    assert all(isinstance(cell, str) for cell in texts.to_numpy().ravel())
    assert isinstance(dataset.sources.loc["lsgov-2025review", "title"], str)
    assert set(dataset.milestones["status"]) == {"unknown", "in_progress"}


def test_with_data(dataset: Dataset) -> None:
    known = dataset.with_data()
    assert ("20", "poverty_rate", "all") in known
    assert ("182", "poverty_rate", "all") not in known
    assert ("20", "poverty_rate", "dtts") not in known
    districts = {area for area, name, _ in known if name == "poverty_rate" and len(area) == 3}
    assert {"180", "181", "185", "187"} <= districts
    assert "182" not in districts


def test_an_empty_series_is_empty(dataset: Dataset) -> None:
    series = dataset.series("182", "poverty_rate", "dtts")
    assert (series.observations, series.period_averages, series.unverified, series.overruled) == ((), (), (), ())


def test_errors_of_all_files_come_at_once(folder: Path) -> None:
    write(folder, changed(2, value="x"), changed(3, unit="%"))
    (folder / "milestones.csv").unlink()
    with pytest.raises(DataError) as caught:
        load(folder)
    found = {(problem.file, problem.row, problem.column) for problem in caught.value.problems}
    assert found == {("milestones.csv", 1, ""), ("observations.csv", 2, "value"), ("observations.csv", 3, "unit")}


def test_simulated_folders_say_so(folder: Path, dataset: Dataset) -> None:
    assert not dataset.simulated
    (folder / "simulated").write_text("", encoding="utf-8")
    assert load(folder).simulated


def test_the_folder_comes_from_the_argument_then_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOOLKIT_DATA", raising=False)
    assert data_folder() == PROJECT_DATA
    monkeypatch.setenv("TOOLKIT_DATA", str(folder))
    assert data_folder() == folder
    assert data_folder(str(PROJECT_DATA)) == PROJECT_DATA
    with pytest.raises(UsageError, match="nowhere"):
        data_folder("nowhere")


def test_no_observations_at_all_is_a_dataset(folder: Path) -> None:
    data = load(write(folder))
    assert isinstance(data.observations, pd.DataFrame)
    assert len(data.observations) == 0
    assert data.with_data() == set()


def test_a_commune_never_takes_figures_of_the_old_one_of_its_code(folder: Path) -> None:
    cells = {"indicator": "population", "value": "9000", "standard": "census_2019_based", "note": "", "unit": "persons"}
    old = changed(8, area_code="06112", year="2023", **cells)
    new = changed(8, area_code="06112", year="2025", **{**cells, "value": "30000"})
    write(folder, old, new)
    today, before = load(folder, as_of=date(2026, 11, 23)), load(folder, as_of=date(2025, 1, 31))
    assert [item.year for item in today.series("06112", "population", "all").observations] == [2025]
    assert len(today.observations) == 2
    assert [item.year for item in before.series("06112", "population", "all").observations] == [2023]
    assert [problem for problem in check_folder(folder) if "implausible" in problem.problem] == []
