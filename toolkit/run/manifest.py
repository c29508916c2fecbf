"""What a run's folder says of itself: where its numbers come from, and what is in it.

``manifest.json`` holds versions, state of the program, and hashes of what went in and came out; ``run.json`` what those
who open the run need; ``ro-crate-metadata.json`` makes the folder a research object (RO-Crate 1.1, written by hand:
https://www.researchobject.org/ro-crate/specification/1.1/).
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Any

from toolkit.base.errors import DataError
from toolkit.base.files import sha256, write_atomic
from toolkit.base.texts import Language, say, texts
from toolkit.data.dataset import Dataset
from toolkit.data.schemas import NATIONAL, file_of
from toolkit.forecast.store import Forecasts
from toolkit.reports.context import RunFacts

PACKAGES = ("langson-toolkit", "numpy", "pandas", "scipy", "statsmodels", "matplotlib", "papermill", "nbconvert")
PROJECT = Path(__file__).resolve().parents[2]
MANIFEST = "manifest.json"
FORECASTS = "forecasts"
ABOUT = "run.json"
HERE = "here.json"
"""What is true on this machine only; no part of what two runs of the same data have in common."""
CRATE = "ro-crate-metadata.json"
DEVELOPERS = "The Lạng Sơn indicator toolkit developers"
LICENSE = "https://spdx.org/licenses/MIT"


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
    return file.is_file() and file.name not in (MANIFEST, HERE) and not file.name.startswith(".")


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


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a run.

    Raises
    ------
    DataError
        If there is none, or it is damaged.
    """
    try:
        record = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {**record, "inputs": dict(record["inputs"]), "outputs": dict(record["outputs"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            say("run.no_manifest", folder=folder, error=error), remedy=say("forecast.no_store.remedy")
        ) from error


@dataclass(frozen=True)
class About:
    """What stands in a run's folder beside its numbers.

    Attributes
    ----------
    plan :
        Identifier of the plan.
    facts :
        How the numbers came about.
    data :
        Folder of the data, if it is still there; else empty.
    """

    plan: str
    facts: RunFacts
    data: str


def write_about(folder: Path, *, plan: str, data: Path, facts: RunFacts) -> None:
    """Write what :func:`read_about` reads."""
    record = {"plan": plan, "facts": {**asdict(facts), "as_of": facts.as_of.isoformat()}}
    write_here(folder, data)
    write_atomic(folder / FORECASTS / ABOUT, json.dumps(record, ensure_ascii=False, indent=1) + "\n")


def write_here(folder: Path, data: Path) -> None:
    """Write where the data of a run lie, as seen from the run: what is published names no path of this machine.

    Nothing is written for another drive, which has no such name.
    """
    try:
        seen = Path(os.path.relpath(data.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return
    write_atomic(folder / HERE, json.dumps({"data": seen}, ensure_ascii=False) + "\n")


def read_about(folder: Path) -> About:
    """Read what a run's folder says of itself.

    Raises
    ------
    DataError
        If it holds no run.
    """
    try:
        record = json.loads((folder / FORECASTS / ABOUT).read_text(encoding="utf-8"))
        facts = RunFacts(**{**record["facts"], "as_of": date.fromisoformat(record["facts"]["as_of"])})
        return About(record["plan"], facts, _data(folder))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            say("forecast.no_store", folder=folder, error=error), remedy=say("forecast.no_store.remedy")
        ) from error


def _data(folder: Path) -> str:
    """Return where the data of a run lay, if they still lie there: a run that was moved takes the project's own."""
    try:
        here: Mapping[str, Any] = json.loads((folder / HERE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    seen = str(here.get("data", ""))
    data = (folder / seen).resolve()
    return str(data) if seen and data.is_dir() else ""


_FORMATS = {
    ".html": "text/html",
    ".csv": "text/csv",
    ".json": "application/json",
    ".ipynb": "application/x-ipynb+json",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pdf": "application/pdf",
    ".npz": "application/zip",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_HEAD = {
    "@id": CRATE,
    "@type": "CreativeWork",
    "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    "about": {"@id": "./"},
}


def write_crate(folder: Path, facts: RunFacts, *, language: Language, plan: str) -> Path:
    """Write the metadata of a run's folder: what it is, every file in it, and the program that made it.

    Parameters
    ----------
    folder :
        The run; all its files are there but the manifest, which is named all the same.
    facts :
        How its numbers came about.
    language :
        Of the descriptions.
    plan :
        Name of the plan.
    """
    outputs = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if is_output(file)}
    names = sorted(outputs - {CRATE} | {MANIFEST})
    graph: list[Mapping[str, Any]] = [_HEAD, _root(names, facts, language, plan), _licence()]
    graph += [*map(_file, names), *_made(facts)]
    record = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    text = json.JSONEncoder(ensure_ascii=False, indent=1).iterencode(record)
    return write_atomic(folder / CRATE, chain(text, "\n"))


def _root(names: Sequence[str], facts: RunFacts, language: Language, plan: str) -> dict[str, Any]:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": texts(language).t("run.crate.name", plan=plan, day=facts.as_of.isoformat()),
        "description": texts(language).t("run.crate.description"),
        "datePublished": facts.as_of.isoformat(),
        "license": {"@id": LICENSE},
        "inLanguage": language,
        "hasPart": [{"@id": name} for name in names],
        "author": {"@id": "#developers"},
        "publisher": {"@id": "#developers"},
        "mentions": {"@id": "#run"},
    }


def _licence() -> dict[str, Any]:
    return {"@id": LICENSE, "@type": "CreativeWork", "name": "MIT", "identifier": LICENSE}


def _file(name: str) -> Mapping[str, Any]:
    return {"@id": name, "@type": "File", "name": name, "encodingFormat": _FORMATS.get(Path(name).suffix, "text/plain")}


def _made(facts: RunFacts) -> list[Mapping[str, Any]]:
    program = {
        "@id": "#toolkit",
        "@type": "SoftwareApplication",
        "name": "langson-toolkit",
        "softwareVersion": f"{facts.versions.get('langson-toolkit', '')} {facts.commit}".strip(),
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": facts.command or "toolkit report",
        "instrument": {"@id": "#toolkit"},
        "agent": {"@id": "#developers"},
        "result": {"@id": "./"},
    }
    developers = {"@id": "#developers", "@type": "Organization", "name": DEVELOPERS}
    return [program, action, developers]
