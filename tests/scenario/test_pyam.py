"""Both ways through pyam itself, which lives in an environment of its own (see docs/exchange.md)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit.scenario.exchange import iamc_table, scenarios_from_iamc
from toolkit.scenario.scenario import Scenario

PYTHON = os.environ.get("TOOLKIT_PYAM", "")
PROGRAM = """
import sys, warnings
warnings.simplefilter("ignore")
import pyam
frame = pyam.IamDataFrame(sys.argv[1])
assert set(frame.scenario) == {"usual", "plan"}, frame.scenario
assert frame.region == ["Tỉnh Lạng Sơn [20]"], frame.region
kept = frame.filter(scenario="plan", variable="poverty_rate|all|*", year=range(2026, 2036))
assert len(kept.variable) == 3, kept.variable
assert not kept.empty
kept.to_csv(sys.argv[2])
"""


@pytest.mark.skipif(not PYTHON, reason="needs pyam: set TOOLKIT_PYAM to a Python that has it (docs/exchange.md)")
def test_pyam_reads_what_we_write_and_we_read_what_it_writes(usual: Scenario, tmp_path: Path) -> None:
    planned = usual.planned_values("poverty_rate", {2027: 2.0, 2035: 1.0}, areas=["20"])
    table = iamc_table({"usual": usual.base, "plan": planned.forecasts}, usual.dataset, ["20"])
    table.to_csv(tmp_path / "ours.csv", index=False)
    command = [PYTHON, "-c", PROGRAM, str(tmp_path / "ours.csv"), str(tmp_path / "theirs.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    theirs = pd.read_csv(tmp_path / "theirs.csv")
    assert "2030" in theirs.columns  # pyam writes wide
    read, passed = scenarios_from_iamc(theirs, usual.base, usual.dataset, "pyam")
    assert passed == ()
    again = usual.then(read.scenarios[0].steps[0])
    before, after = (one.forecasts.path("20", "poverty_rate", "all") for one in (planned, again))
    assert before is not None
    assert after is not None
    columns = slice(before.position(2026), before.position(2035) + 1)
    np.testing.assert_allclose(
        np.median(after.draws, axis=0)[columns], np.median(before.draws, axis=0)[columns], atol=0.02
    )
