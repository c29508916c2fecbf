"""Seven systems on one series, and 41 conformance cases: classes as published, or computed from published rules.

``official_cases.json`` keeps inputs, expected numbers and classes, and the source of each. Cases that document a
defect of the other system are marked, and tested as what we do in its place.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.attainment import official
from toolkit.attainment.official import SYSTEMS, cagr, official_verdicts, weighted_line

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "official_cases.json").read_text(encoding="utf-8")
)  # fmt: skip
BY_ID = {case["id"]: case for case in CASES}


def test_all_cases_are_here_with_their_sources() -> None:
    assert len(BY_ID) == 41
    assert all((case["source"] and case["expected"]) or case["class"] for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_case(case: dict[str, Any]) -> None:
    result = getattr(official, case["function"])(**case["inputs"])
    for name, value in case["expected"].items():
        # scores are printed to six digits; the worked classes rest on the ratio alone
        assert getattr(result, name) == pytest.approx(value, rel=2e-5, abs=2e-6), name
    if case["class"]:
        verdict = result.verdict
        assert verdict[0] == case["class"] if case["id"].startswith("UNSD23") else verdict == case["class"]


def test_defects_of_other_systems_are_marked() -> None:
    marked = [case["id"] for case in CASES if case.get("defect")]
    assert marked == ["OSDG-08"]


def test_no_growth_rate_leads_through_zero() -> None:
    for first, last, years in ((0.0, 2.0, 5), (2.0, -1.0, 5), (2.0, 3.0, 0)):
        with pytest.raises(ValueError, match=r"growth|rate"):
            cagr(first, last, years)


def test_a_line_through_points_on_a_line_is_that_line() -> None:
    assert weighted_line([2015, 2017, 2022], [20.0, 18.0, 13.0], 2030) == pytest.approx(5.0)


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
