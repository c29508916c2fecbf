"""Data in memory: frames of what is held, and figures of one's own, checked as a file would be."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit.base.errors import DataError
from toolkit.data.dataset import OWN_SOURCE, PROJECT_DATA, load

COLUMNS = ["area_code", "indicator", "year", "value"]


def test_everything_that_holds_rows_gives_a_frame() -> None:
    data = load(PROJECT_DATA)
    assert data.areas.to_frame()["code"].nunique() == len(data.areas.codes)
    assert list(data.indicators.to_frame()["id"]) == list(data.indicators)
    held = data.series("20", "poverty_rate", "all")
    assert held.to_frame()["value"].tolist() == [one.value for one in held.observations]
    for part in (data.areas, data.indicators):
        assert len(repr(part)) < 100


def test_own_figures_stand_beside_those_held_and_nothing_is_written() -> None:
    data = load(PROJECT_DATA)
    own = pd.DataFrame(
        [["Bình Gia", "poverty_rate", 2025, 9.5], [181, "literacy_15_plus", 2024, 91.0]], columns=COLUMNS
    )
    more = data.with_observations(own)
    found = more.series("181", "poverty_rate", "all").observations[-1]
    assert (found.year, found.value, found.status) == (2025, 9.5, "reported")
    assert (found.standard, found.source_id) == ("mdp_2022", OWN_SOURCE["source_id"])
    assert len(more.observations) == len(data.observations) + 2
    assert OWN_SOURCE["source_id"] in more.sources.index
    assert len(load(PROJECT_DATA).observations) == len(data.observations)
    twice = more.with_observations(own.assign(value=[8.0, 92.0]))
    assert twice.series("181", "poverty_rate", "all").observations[-1].value == 8.0, "a later one corrects"


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (["Bình Giaa", "poverty_rate", 2025, 9.5], "area_code"),
        (["181", "povrety", 2025, 9.5], "indicator"),
        (["181", "poverty_rate", 2055, 9.5], "year"),
        (["181", "poverty_rate", 2025, 109.5], "value"),
        (["181", "poverty_rate", 2025, float("nan")], "value"),
    ],
)
def test_a_mistake_names_row_and_column(row: list[object], column: str) -> None:
    frame = pd.DataFrame([["20", "poverty_rate", 2025, 3.0], row], columns=COLUMNS)
    with pytest.raises(DataError) as error:
        load(PROJECT_DATA).with_observations(frame)
    assert (3, column) in {(problem.row, problem.column) for problem in error.value.problems}
