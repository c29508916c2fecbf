"""Where a run's numbers come from: versions, state of the program, hashes of what went in and came out."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Any

from toolkit.base.files import sha256, write_atomic
from toolkit.data.dataset import Dataset
from toolkit.data.folder import NATIONAL, file_of
from toolkit.forecast.store import Forecasts
from toolkit.reports.context import RunFacts

PACKAGES = ("langson-toolkit", "numpy", "pandas", "scipy", "statsmodels", "matplotlib", "papermill", "nbconvert")
PROJECT = Path(__file__).resolve().parents[2]
MANIFEST = "manifest.json"


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers and pages depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def commit() -> str:
    """Return the commit of the program, with ``+`` when files differ from it; empty outside a checkout."""
    if not (PROJECT / ".git").exists():
        return ""
    head = _git("rev-parse", "--short=12", "HEAD")
    return f"{head}+" if head and _git("status", "--porcelain", "--untracked-files=no") else head


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(PROJECT), *arguments], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def facts_of(dataset: Dataset, forecasts: Forecasts, command: str = "") -> RunFacts:
    """Return what a report says about how its numbers came about."""
    return RunFacts(
        as_of=dataset.as_of,
        seed=forecasts.seed,
        draws=forecasts.draw_count,
        model=forecasts.model_name,
        versions=versions(),
        simulated=dataset.simulated,
        commit=commit(),
        command=command,
    )


def hashes(files: Iterable[Path], base: Path) -> dict[str, str]:
    """Return the SHA-256 of files by their path below `base`, sorted."""
    return {file.relative_to(base).as_posix(): sha256(file) for file in sorted(files) if file.is_file()}


def data_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a data folder, by its path beginning with the folder's name.

    What a province leaves to the country belongs to it, by the name of the country's folder.
    """
    above = [file for file in (file_of(folder, name) for name in NATIONAL) if file.parent != folder and file.is_file()]
    return hashes(folder.rglob("*"), folder.parent) | {
        f"{file.parent.name}/{file.name}": sha256(file) for file in above
    }


def inputs_of(data: Path) -> dict[str, str]:
    """Return the hashes of what goes into a run: data, plans, templates and lock."""
    return data_hashes(data) | hashes(
        [*(PROJECT / "parameterized").glob("*.ipynb"), PROJECT / "requirements.lock"], PROJECT
    )


def is_output(file: Path) -> bool:
    """Say whether a file of a run's folder is something that the run vouches for."""
    return file.is_file() and file.name not in (MANIFEST, "here.json") and not file.name.startswith(".")


def write_manifest(folder: Path, *, inputs: Mapping[str, str], parameters: Mapping[str, Any], facts: RunFacts) -> Path:
    """Write ``manifest.json``: everything needed to make the run again and to see what was altered since.

    Parameters
    ----------
    folder :
        The run; the hashes of all its files are taken last.
    inputs :
        Hashes of data, plan, templates and lock.
    parameters :
        Of the run, as plain JSON types.
    facts :
        Seed, versions, commit.
    """
    record = {
        "as_of": facts.as_of.isoformat(),
        "seed": facts.seed,
        "draws": facts.draws,
        "model": facts.model,
        "simulated": facts.simulated,
        "commit": facts.commit,
        "command": facts.command,
        "versions": dict(facts.versions),
        "parameters": dict(parameters),
        "inputs": dict(inputs),
        "outputs": hashes((file for file in folder.rglob("*") if is_output(file)), folder),
    }
    text = json.JSONEncoder(ensure_ascii=False, indent=1).iterencode(record)
    return write_atomic(folder / MANIFEST, chain(text, "\n"))
