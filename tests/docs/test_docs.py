"""The documentation names every verb and every public name, its example is true."""

from __future__ import annotations

import re

import pandas as pd
import yaml

import toolkit
from tests.conftest import ROOT
from toolkit.attainment.official import official_verdicts
from toolkit.scenario.scenario import ScenarioFile
from toolkit.scenario.steps import VERBS

DOCS = ROOT / "docs"


def test_every_verb_is_described() -> None:
    text = (DOCS / "scenarios.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE) == list(VERBS)


def test_the_example_file_is_a_scenario_file() -> None:
    text = (DOCS / "scenarios.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    assert ScenarioFile.model_validate(yaml.safe_load(example)).scenarios[0].id == "faster"


def test_the_example_of_disagreement_is_what_the_systems_say() -> None:
    text = (DOCS / "other_systems.md").read_text(encoding="utf-8")
    found = official_verdicts([2015, 2018, 2020, 2022], [20.0, 17.0, 15.8, 15.0], 10.0, 2030, direction="down")
    for name, answer in found.items():
        assert answer is not None
        assert f"| {name} | {answer.verdict} |" in text
    for line in pd.read_csv(DOCS / "tables" / "official_cost.csv").itertuples():
        assert f"| {line.system} | {line.brier:.3f} | {line.base_rate:.3f} |" in text
    record = pd.read_csv(ROOT / "data" / "panels" / "calibration.csv")
    keys = ["shape", "model", "sample", "group"]
    (held,) = record.set_index(keys).loc[[("dense", "default", "out_of_sample", "horizon_4_8")]].itertuples()
    assert f"has {held.brier:.3f} against a base rate of {held.base_rate:.3f}" in text
    (whole,) = record.set_index(keys).loc[[("dense", "default", "out_of_sample", "all")]].itertuples()
    told = f"held {whole.covers_80:.0%} of {whole.outcomes:,} outcomes".replace("%", " %")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert told in readme
    assert f"Brier {whole.brier:.3f} against {whole.base_rate:.3f}" in readme


def test_what_users_call_is_in_the_reference() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    names = [name for name in toolkit.__all__ if name != "__version__"]
    assert [
        name for name in names if not re.search(rf"auto(function|class):: toolkit\.{name}$", text, re.MULTILINE)
    ] == []
