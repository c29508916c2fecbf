"""The corpora of faults and hostile inputs: how many there are. Each of them asks for no traceback, hang or loss."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HOSTILE

ROOT = Path(__file__).parents[2]
FEWEST = 450


def test_the_corpora_are_as_large_as_promised(request: pytest.FixtureRequest) -> None:
    """``pytest -m hostile --collect-only -q | tail -1`` prints how many there are."""
    config = request.config
    found = config.stash[HOSTILE]
    if config.args != config.getini("testpaths"):  # a part of the tests was asked for
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "hostile", "-p", "no:cacheprovider"]
        done = subprocess.run([*command, "tests"], cwd=ROOT, capture_output=True, text=True, check=False)
        found = sum("::" in line for line in done.stdout.splitlines())
    assert found >= FEWEST
