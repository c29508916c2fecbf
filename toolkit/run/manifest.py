"""What a run's folder says of itself: where its numbers come from, and what is in it.

``manifest.json`` holds versions, state of the program, and hashes of what went in and came out; ``run.json`` what those
who open the run need; ``ro-crate-metadata.json`` makes the folder a research object (RO-Crate 1.1, written by hand:
https://www.researchobject.org/ro-crate/specification/1.1/). A finished report has a record, and a run at work holds a
lock.

A report is *fresh* when its record names the content key that it would have today, and every file it left is byte for
byte what the record says. The record is written last: a run killed at any moment leaves either a report with its
record, or a report that is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.base.errors import DataError, UsageError
from toolkit.base.files import PROJECT, sha256, write_atomic
from toolkit.base.texts import Language, say, texts
from toolkit.data.dataset import Dataset
from toolkit.data.schemas import NATIONAL, file_of
from toolkit.forecast.store import Forecasts
from toolkit.reports.context import RunFacts

if TYPE_CHECKING:
    from toolkit.run.batch import Done, Job

PACKAGES = ("langson-toolkit", "numpy", "pandas", "scipy", "statsmodels", "matplotlib", "papermill", "nbconvert")
MANIFEST = "manifest.json"
FORECASTS = "forecasts"
ABOUT = "run.json"
HERE = "here.json"
"""What is true on this machine only; no part of what two runs of the same data have in common."""
CRATE = "ro-crate-metadata.json"
DEVELOPERS = "The Lạng Sơn indicator toolkit developers"
KEY = "key"
RECORDS = "records"
LOCK = ".lock"
LICENSE = "https://spdx.org/licenses/MIT"
_LICENCE = {"@id": LICENSE, "@type": "CreativeWork", "name": "MIT", "identifier": LICENSE}


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
    graph: list[Mapping[str, Any]] = [_HEAD, _root(names, facts, language, plan), _LICENCE]
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


def content_key(**parts: object) -> str:
    """Return the SHA-256 of anything that plain JSON can hold, independent of the order of its names."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def program_key() -> str:
    """Return a key of the program itself: its files, the lock, and the versions it runs with."""
    package = Path(__file__).parents[1]
    files = (file for file in package.rglob("*") if "__pycache__" not in file.parts)
    return content_key(
        code=hashes(files, package), lock=hashes([PROJECT / "requirements.lock"], PROJECT), versions=versions()
    )


class ReportRecords:
    """The records of finished reports in a run's folder.

    Parameters
    ----------
    folder :
        The run.
    """

    def __init__(self, folder: Path) -> None:
        self._run = folder
        self._folder = folder / RECORDS

    def key(self, job: Job, inputs: Mapping[str, object]) -> str:
        """Return the content key of a job: what it is made from, whatever folder it is made in."""
        return content_key(
            inputs=inputs,
            template=sha256(job.template),
            parameters=sorted(job.parameters),
            language=job.language,
            audience=job.audience,
            outputs=[file.relative_to(self._run).as_posix() for file in job.outputs],
        )

    def is_fresh(self, job: Job, key: str) -> bool:
        """Say whether the job's files are there, whole, and what they would be again."""
        try:
            record = json.loads(self._file(job).read_text(encoding="utf-8"))
            found = {file.relative_to(self._run).as_posix(): sha256(file) for file in job.outputs}
        except (OSError, ValueError):
            return False
        return bool(record == {"key": key, "outputs": found})

    def forget(self, job: Job) -> None:
        """Remove a job's record before it is done again."""
        self._file(job).unlink(missing_ok=True)

    def write(self, done: Done, key: str) -> None:
        """Record a job that went well; one that failed has no record and is done again next time."""
        if not done.error:
            found = {file.relative_to(self._run).as_posix(): sha256(file) for file in done.job.outputs}
            write_atomic(self._file(done.job), json.dumps({"key": key, "outputs": found}, indent=1) + "\n")

    def sweep(self, jobs: Iterable[Job]) -> None:
        """Remove the parts that a killed run left half-written, and records of jobs that the run has no more."""
        for part in self._run.rglob(".*.part"):
            part.unlink(missing_ok=True)
        names = {self._file(job) for job in jobs}
        for file in self._folder.glob("*.json"):
            if file not in names:
                file.unlink()

    def _file(self, job: Job) -> Path:
        return self._folder / f"{job.name}.json"


class Lock:
    """Keeps a second run out of a folder while the first is at work; it ends with the process that holds it.

    Raises
    ------
    UsageError
        If another run is at work there.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / LOCK
        self._stream: Any = None

    def __enter__(self) -> None:
        try:
            import fcntl
        except ImportError:  # no such locks on this system
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._stream = self._file.open("w")
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._stream.close()
            raise UsageError(say("run.busy", folder=self._file.parent), say("run.busy.remedy")) from error

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._file.unlink(missing_ok=True)
            self._stream.close()
