"""Runs all notebooks of a folder, one after another, as a reader would: ``python -m toolkit.run.showcase IN OUT``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from toolkit.base.errors import ToolkitError, UsageError
from toolkit.run.notebook import execute


def run_folder(notebooks: Path, output: Path) -> int:
    """Execute every notebook of a folder and return how many failed.

    Raises
    ------
    UsageError
        If the folder holds no notebook.
    """
    found = sorted(notebooks.glob("*.ipynb"))
    if not found:
        message = f"{notebooks} holds no notebook."
        raise UsageError(message, "Name a folder with .ipynb files.")
    failed = 0
    for notebook in found:
        started = time.perf_counter()
        try:
            execute(notebook, output / notebook.name, {}, needs_parameters=False)
            outcome = "done"
        except ToolkitError as error:
            outcome, failed = f"FAILED – {error}", failed + 1
        print(f"{notebook.name}: {outcome} ({time.perf_counter() - started:.1f} s)", flush=True)  # noqa: T201
    return failed


if __name__ == "__main__":
    sys.exit(bool(run_folder(Path(sys.argv[1]), Path(sys.argv[2]))))
