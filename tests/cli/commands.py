"""Runs the program as a user does, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "toolkit"


def run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``toolkit`` and return what it printed and its exit code."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOOLKIT_")}
    environment |= {"PYTHONIOENCODING": "utf-8", "COLUMNS": "200"}
    return subprocess.run(
        [str(PROGRAM), *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", check=False, cwd=cwd, env=environment,
    )  # fmt: skip
