"""Kill a run at random moments: the next one completes it, and nothing half-written passes for finished."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import ROOT, TODAY
from tests.run.test_engine import contents

KILLS, TOGETHER = 20, 2
COMMAND = (
    "report", "--area", "20", "--area", "182", "--draws", "100", "--lang", "en", "--as-of", TODAY.isoformat()
)  # fmt: skip


def start(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    program = "from toolkit.cli.main import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", program, *COMMAND, "--out", str(folder), *more],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def finish(folder: Path) -> str:
    process = start(folder)
    printed = process.communicate(timeout=300)[0].decode()
    assert process.returncode == 0, printed
    return printed


def killed(folder: Path, seed: int, whole: float, expected: dict[str, bytes]) -> set[int]:
    """Kill runs in a folder, each followed by one that completes it; return how many records each left."""
    chance, seen = random.Random(seed), set()
    for number in range(KILLS // TOGETHER):
        here = folder / f"killed-{number % 2}"  # a killed run may start from nothing, or anew over a complete one
        process = start(here, "--force")
        time.sleep(chance.uniform(0.02, 1.0) * whole)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        left = contents(here) if here.exists() else {}
        seen.add(len([name for name in left if name.startswith("records/")]))
        finish(here)
        now = contents(here)
        assert now.keys() == expected.keys()
        assert [name for name in expected if now[name] != expected[name]] == []
    return seen


@pytest.mark.slow
def test_killed_at_twenty_random_moments_the_next_run_completes_it(tmp_path: Path) -> None:
    begun = time.monotonic()
    finish(tmp_path / "undisturbed")
    whole = time.monotonic() - begun
    expected = contents(tmp_path / "undisturbed")
    with ThreadPoolExecutor(TOGETHER) as pool:
        jobs = [pool.submit(killed, tmp_path / f"{seed}", seed, whole, expected) for seed in range(138, 138 + TOGETHER)]
        seen = set().union(*(job.result() for job in jobs))
    assert len(seen) > 1  # the kills hit different stages
