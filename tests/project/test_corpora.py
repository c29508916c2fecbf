"""The corpora of faults and hostile inputs: how many there are. Each of them asks for no traceback, hang or loss."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FEWEST = 450


def test_the_corpora_are_as_large_as_promised() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-m", "hostile", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, "tests"], cwd=ROOT, capture_output=True, text=True, check=False)
    found = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(found) >= FEWEST, done.stdout[-500:]
