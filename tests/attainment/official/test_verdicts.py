"""Seven systems on one series: they disagree where their rules do, and give nothing where they have none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from toolkit.attainment.official.verdicts import SYSTEMS, official_verdicts


def test_on_one_example_the_systems_disagree() -> None:
    found = official_verdicts([2015, 2018, 2020, 2022], [20.0, 17.0, 15.8, 15.0], 10.0, 2030, direction="down")
    assert tuple(found) == SYSTEMS
    verdicts = {name: answer.verdict for name, answer in found.items() if answer}
    assert verdicts["UNSD 2022"] == "Fair progress but acceleration needed"
    assert verdicts["Eurostat"] == "moderate progress"
    assert verdicts["UNSD 2023"].startswith("2")
    assert verdicts["ESCAP"] == "maintain (on track)"
    assert {answer.on_track for answer in found.values() if answer} == {True, False}


def test_what_has_been_reached_is_on_track_for_those_who_look() -> None:
    found = official_verdicts([2020, 2022], [20.0, 9.0], 10.0, 2030, direction="down")
    assert all(answer is not None and answer.on_track for answer in found.values())


def test_through_zero_the_growth_systems_give_nothing() -> None:
    found = official_verdicts([2020, 2022], [0.0, 9.0], 10.0, 2030, direction="up")
    assert found["UNSD 2022"] is None
    assert found["Destatis"] is not None


@given(
    values=st.lists(st.floats(0, 100), min_size=2, max_size=8), target=st.floats(0, 100), up=st.booleans()
)  # fmt: skip
def test_no_published_series_breaks_a_rule(values: list[float], target: float, up: bool) -> None:
    years = list(range(2022 - len(values) + 1, 2023))
    found = official_verdicts(years, values, target, 2030, direction="up" if up else "down")
    assert tuple(found) == SYSTEMS
