"""What holds for every verb: parts and whole agree, a file says what Python says, business as usual adds nothing."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenario.test_verbs import LATER, path, step_from, steps, summed
from toolkit.base.errors import UsageError
from toolkit.scenario.scenario import Scenario, read_scenarios, scenarios_of
from toolkit.scenario.steps import VERBS

POVERTY: dict[str, Any] = {"indicator": "poverty_rate"}
SAMPLES: dict[str, dict[str, Any]] = {
    "business_as_usual": {},
    "required_pace": POVERTY | {"op": "<", "value": 1.5, "due": 2030, "probability": 0.8},
    "fixed_target": POVERTY | {"value": 1.2, "year": 2029},
    "fixed_pace": POVERTY | {"points": -0.1, "from_year": 2028},
    "change_of_pace": POVERTY | {"points": 0.2, "from_year": 2028},
    "peers_pace": POVERTY | {"which": "top_third"},
    "halt_rise": POVERTY | {"from_year": 2027},
    "shock": POVERTY | {"year": 2028, "percent": 40.0},
    "planned_values": POVERTY | {"values": {2028: 2.0, 2030: 1.5}},
    "new_standard": POVERTY | {"year": 2028, "mean": 0.4, "sd": 0.2},
}
ADDING_UP = [verb for verb in VERBS if verb not in ("business_as_usual", "new_standard")]
QUICK = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_every_verb_has_a_sample() -> None:
    assert tuple(SAMPLES) == tuple(VERBS)


@pytest.mark.parametrize("verb", ADDING_UP)
def test_the_province_changes_as_its_districts_do(usual: Scenario, people: dict[str, float], verb: str) -> None:
    made = usual.then(step_from({"verb": verb, "areas": ["181", "187"]} | SAMPLES[verb]))
    gained = (path(made, "20").draws - path(usual, "20").draws)[:, -LATER:]
    inside = path(made, "20").draws[:, -LATER:] > 0
    np.testing.assert_allclose(gained[inside], summed(usual, made, people)[inside], atol=1e-4)
    assert gained.any()


@pytest.mark.parametrize("verb", ADDING_UP)
def test_the_districts_change_as_their_province_does(usual: Scenario, people: dict[str, float], verb: str) -> None:
    made = usual.then(step_from({"verb": verb, "areas": ["20"]} | SAMPLES[verb]))
    gained = (path(made, "20").draws - path(usual, "20").draws)[:, -LATER:]
    mean = np.sum([size * path(usual, code).draws[:, -LATER:] for code, size in people.items()], axis=0)
    able = mean / sum(people.values()) + gained > 0.05  # districts cannot fall by more than they have
    assert np.isclose(gained, summed(usual, made, people), atol=5e-3)[able].mean() > 0.97
    assert gained.any()


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_gives_the_same_bytes_as_python(usual: Scenario, tmp_path: Path, verb: str) -> None:
    step = {"verb": verb, "areas": ["20"]} | SAMPLES[verb]
    content = {
        "title": {"vi": "Thử", "en": "A test"},
        "areas": ["20"],
        "scenarios": [{"id": "one", "title": {"vi": "Một", "en": "One"}, "steps": [step]}],
    }
    file = tmp_path / "s.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    read = scenarios_of(read_scenarios(file), usual.base, usual.dataset, usual.plan)
    mine = getattr(usual, verb)(**SAMPLES[verb], areas=["20"])
    for key, one in mine.forecasts.paths.items():
        assert one.draws.tobytes() == read["one"].forecasts.paths[key].draws.tobytes(), key


@pytest.mark.parametrize("verb", VERBS)
def test_a_method_has_the_parameters_and_the_help_of_its_verb(usual: Scenario, verb: str) -> None:
    method, step = getattr(usual, verb), VERBS[verb]
    assert list(inspect.signature(method).parameters.items()) == list(inspect.signature(step).parameters.items())
    assert inspect.getdoc(method) == inspect.getdoc(step)
    assert f">>> usual.{verb}(" in (inspect.getdoc(method) or "")
    assert (method.__name__, verb in dir(usual)) == (verb, True)
    with pytest.raises(UsageError, match="depth"):
        method(**SAMPLES[verb], depth=3)


@QUICK
@given(content=st.lists(steps(), min_size=1, max_size=2))
def test_business_as_usual_adds_nothing_to_any_chain(usual: Scenario, content: list[dict[str, object]]) -> None:
    made = usual
    for one in content:
        made = made.then(step_from({key: value for key, value in one.items() if value is not None}))
    again = made.business_as_usual()
    assert len(again.steps) == len(made.steps) + 1
    for key, one in made.forecasts.paths.items():
        assert one.draws.tobytes() == again.forecasts.paths[key].draws.tobytes()
