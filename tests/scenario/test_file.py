"""Scenario files: what they may say, and how every fault is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.base.errors import DataError
from toolkit.scenario.scenario import read_scenarios
from toolkit.scenario.steps import RequiredPace, Shock

GOOD = """
title: {vi: "Nghèo", en: "Poverty"}
areas: ["181", "Bắc Sơn"]
targets: [T30-03]
at_least: [1]
scenarios:
  - id: faster
    title: {vi: "Nhanh hơn", en: "Faster"}
    steps:
      - {verb: required_pace, target: T30-03, probability: 0.9}
      - {verb: shock, indicator: poverty_rate, year: 2028, points: 2, recovery: fast, areas: ["181"]}
      - {verb: planned_values, indicator: poverty_rate, values: {2028: 3, 2027: 4.5}}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "s.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_says_what_python_says(tmp_path: Path) -> None:
    read = read_scenarios(written(tmp_path, GOOD))
    pace, shock, planned = read.scenarios[0].steps
    assert pace == RequiredPace(target="T30-03", probability=0.9)
    assert isinstance(shock, Shock)
    assert shock.areas == ("181",)
    assert dict(planned.values or {}) == {2027: 4.5, 2028: 3.0}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("required_pace", "requird_pace", "scenarios.0.steps.0"),
        ("probability: 0.9", "probability: 2", "probability"),
        ("points: 2", "depth: 2", "shock"),
        ("targets: [T30-03]", "target: T30-03", "target"),
        ("id: faster", "id: '../x'", "scenarios.0.id"),
        ("areas: [\"181\", \"Bắc Sơn\"]", "areas: []", "areas"),
        ("title: {vi: \"Nhanh hơn\", en: \"Faster\"}", "title: Faster", "title"),
    ],
)  # fmt: skip
def test_faults_are_told_with_their_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    assert old in GOOD
    with pytest.raises(DataError) as caught:
        read_scenarios(written(tmp_path, GOOD.replace(old, new, 1)))
    found = [problem for problem in caught.value.problems if place in problem.column]
    assert found
    assert old != "required_pace" or old in found[0].problem  # an unknown verb is told with those that there are


@pytest.mark.parametrize("text", ["", "[1]", "a: [", "!!python/object:os.system {}", "x: y"])
def test_what_is_no_scenario_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError):
        read_scenarios(written(tmp_path, text))


def test_two_scenarios_of_one_id_are_refused(tmp_path: Path) -> None:
    again = GOOD.split("scenarios:\n")[1]
    with pytest.raises(DataError, match="faster"):
        read_scenarios(written(tmp_path, GOOD + again))
    with pytest.raises(DataError):
        read_scenarios(tmp_path / "none.yaml")
