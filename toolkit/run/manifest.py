"""What a run's folder says of itself: where its numbers come from, and what is in it.

``manifest.json`` holds versions, state of the program, and hashes of what went in and came out; ``data/`` the very data
that the run was made from; ``run.json`` what those who open the run need; ``ro-crate-metadata.json`` makes the folder a
research object (RO-Crate 1.1, written by hand: https://www.researchobject.org/ro-crate/specification/1.1/). A finished
report has a record.

A report is *fresh* when its record names the content key that it would have today, and every file it left is byte for
byte what the record says; so are the forecasts. The record is written last: a run killed at any moment leaves either a
report with its record, or a report that is made again.

The *digest* printed on every page covers inputs, program, parameters, draws and answers: all that a page is made from.
No page can hold a digest of itself; the command prints a second half behind it, which covers every file.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from toolkit.base.errors import DataError, UsageError
from toolkit.base.files import PROJECT, sha256, write_atomic
from toolkit.base.texts import Language, say, texts, visible
from toolkit.data.dataset import PROJECT_DATA, Dataset
from toolkit.data.schemas import NATIONAL, PROVINCES, file_of
from toolkit.forecast import store
from toolkit.forecast.make import DRAWS, MODEL, SEED
from toolkit.forecast.store import Forecasts
from toolkit.reports.context import RunFacts
from toolkit.reports.evidence import RECORD
from toolkit.reports.formats import Audience

if TYPE_CHECKING:
    from toolkit.run.batch import Done, Job

PACKAGES = (
    "langson-toolkit", "numpy", "pandas", "scipy", "statsmodels", "matplotlib", "papermill", "nbconvert", "typst",
    "docxtpl", "xlsxwriter",
)  # fmt: skip
MANIFEST = "manifest.json"
FORECASTS = "forecasts"
ABOUT = "run.json"
SNAPSHOT = "data"
"""Folder of a run with the data that it was made from."""
SINCE = "since"
"""Folder with the answers of the earlier run that changes are told from."""
NOTEBOOK = "notebook"
"""Folder with the notebook of one's own that a run was made by."""
ASIDE = ("panels", PROVINCES, "scenarios")
"""Folders beside the data that no report of a run is made from."""
SIGNATURE = "manifest.json.sig"
NAMESPACE = "langson-toolkit"
CRATE = "ro-crate-metadata.json"
DEVELOPERS = "The Lạng Sơn indicator toolkit developers"
KEY = "key"
RECORDS = "records"
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
            ["git", "--no-optional-locks", "-C", str(PROJECT), *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


@dataclass(frozen=True)
class Program:
    """What makes a run.

    Attributes
    ----------
    key :
        Of its files, the lock, and the versions.
    commit :
        Its state, as :func:`commit` returns it.
    versions :
        Of Python and the packages.
    """

    key: str
    commit: str
    versions: Mapping[str, str]


def this_program() -> Program:
    """Return the program that runs here."""
    return Program(program_key(), commit(), versions())


def facts_of(dataset: Dataset, forecasts: Forecasts, command: str = "", program: Program | None = None) -> RunFacts:
    """Return what a report says about how its numbers came about, made by this program unless another is named."""
    made_by = program or Program("", commit(), versions())
    return RunFacts(
        as_of=dataset.as_of,
        seed=forecasts.seed,
        draws=forecasts.draw_count,
        model=forecasts.model_name,
        versions=made_by.versions,
        simulated=dataset.simulated,
        commit=made_by.commit,
        command=command,
    )


def hashes(files: Iterable[Path], base: Path) -> dict[str, str]:
    """Return the SHA-256 of files by their path below `base`, sorted."""
    return {file.relative_to(base).as_posix(): sha256(file) for file in sorted(files) if file.is_file()}


def data_files(folder: Path) -> dict[str, Path]:
    """Return the files of a data folder that a run may rest on, by the name under which a run keeps them.

    What a province leaves to the country belongs to it.
    """
    found = ((file.relative_to(folder), file) for file in sorted(folder.rglob("*")) if file.is_file())
    own = {
        f"{SNAPSHOT}/{name.as_posix()}": file
        for name, file in found
        if name.parts[0] not in ASIDE and not any(part.startswith(".") for part in name.parts)
    }
    above = {f"{SNAPSHOT}/{name}": file_of(folder, name) for name in NATIONAL}
    return {**{name: file for name, file in above.items() if file.is_file()}, **own}


def take_snapshot(source: Path, folder: Path) -> dict[str, str]:
    """Copy the data that a run is made from into it, and return their SHA-256, taken from what was read.

    All of the run works on this copy: what an ingest changes meanwhile is no part of it. Where the copy of an earlier
    run differs, its forecasts count no more: old forecasts and new figures never stand side by side.
    """
    read: dict[str, bytes] = {}
    while read != (now := {name: file.read_bytes() for name, file in data_files(source).items()}):
        read = now  # until two readings agree: an ingest may change files between two that are read
    taken = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(read.items())}
    if taken != hashes((folder / SNAPSHOT).rglob("*"), folder):
        for mark in (KEY, store.INDEX):
            (folder / FORECASTS / mark).unlink(missing_ok=True)
        shutil.rmtree(folder / SNAPSHOT, ignore_errors=True)
        for name, content in read.items():
            write_atomic(folder / name, content)
    return taken


def program_inputs() -> dict[str, str]:
    """Return the hashes of what the program itself brings to a run: templates, lock, and the test record."""
    own = [*(PROJECT / "parameterized").glob("*.ipynb"), PROJECT / "requirements.lock"]
    return hashes(own, PROJECT) | hashes([RECORD], PROJECT_DATA)


def numbers_of(folder: Path) -> dict[str, str]:
    """Return the hashes of a run's draws and answers."""
    found = hashes((folder / FORECASTS).rglob("*"), folder)
    return {name: digest for name, digest in found.items() if _is_number(name)}


def is_output(file: Path) -> bool:
    """Say whether a file of a run's folder is something that the run vouches for."""
    return file.is_file() and file.name not in (MANIFEST, SIGNATURE) and not file.name.startswith(".")


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


VISIBLE = r"^[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*$"
Printable = Annotated[str, Field(pattern=VISIBLE, max_length=4000)]
Command = Annotated[str, Field(pattern=VISIBLE, max_length=200_000)]
"""Room for one that names every commune of the country."""
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[\w.-]+$", max_length=200)]


class Asked(_Strict):
    """What was asked for: all that shapes the numbers and words of a run, not where or how fast it is made.

    Attributes
    ----------
    areas :
        Codes of the areas to report on, in order; one report each.
    plan :
        Its identifier.
    as_of :
        Only what was known on this day is used.
    language :
        ``vi`` or ``en``.
    summary :
        Whether the plan summary is made too.
    level :
        Levels of the areas, where they are not the usual ones.
    data :
        What the command calls the data folder: by no path of this machine; empty for the project's own.
    draws, seed, model :
        Of the forecasts.
    formats, cycle, audience :
        Forms of the reports, the reporting round such as ``2026-annual``, and whether pages leave the code out or fold
        it.
    since :
        Whether changes since an earlier run are told.
    notebook :
        Name of a notebook of one's own that is run for each area; empty for the report.
    """

    areas: tuple[Name, ...]
    plan: Name
    as_of: date
    language: Language = "vi"
    summary: bool = True
    level: Printable = ""
    data: Printable = ""
    draws: Annotated[int, Field(ge=100, le=1_000_000)] = DRAWS
    seed: Annotated[int, Field(ge=0)] = SEED
    model: Name = MODEL
    formats: tuple[Name, ...] = ("html",)
    cycle: Printable = ""
    audience: Audience = "planner"
    since: bool = False
    notebook: Printable = ""

    @property
    def command(self) -> str:
        """Return the command that makes the run again."""
        parts = [] if self.summary else [part for code in self.areas for part in ("--area", code)]
        for name, option in OPTIONS.items():
            value, field = getattr(self, name), type(self).model_fields[name]
            if value != field.default or name == "language":
                parts += [option, ",".join(value) if isinstance(value, tuple) else str(value)]
        return shlex.join(["toolkit", "report", *parts])


OPTIONS = {
    "level": "--level", "language": "--lang", "as_of": "--as-of", "formats": "--format", "cycle": "--cycle",
    "audience": "--audience", "plan": "--plan", "data": "--data", "draws": "--draws", "seed": "--seed",
    "model": "--model", "notebook": "--notebook",
}  # fmt: skip
"""Options of the command, by what they stand for."""


class Manifest(_Strict):
    """Everything needed to make a run again, and to see what was altered since."""

    digest: Printable
    parameters: Asked
    simulated: bool
    command: Command
    program: Printable
    commit: Printable
    versions: dict[Printable, Printable]
    failed: dict[Printable, str]
    inputs: dict[Printable, Hash]
    outputs: dict[Printable, Hash]

    def expected_digest(self) -> str:
        """Return the digest that pages should print by what the manifest says."""
        numbers = {name: digest for name, digest in self.outputs.items() if _is_number(name)}
        parts = self.model_dump(mode="json", exclude={"digest", "command", "failed", "outputs"})
        return content_key(numbers=numbers, **parts)[:32]


def _is_number(name: str) -> bool:
    """Say whether a file of a run, by its name, holds draws or answers."""
    return name.startswith(f"{FORECASTS}/") and name.rpartition("/")[2] not in (KEY, ABOUT)


def write_manifest(folder: Path, manifest: Manifest) -> Path:
    """Write ``manifest.json`` with the hashes of all other files of the folder; an older signature goes."""
    outputs = hashes((file for file in plain_files(folder).values() if is_output(file)), folder)
    (folder / SIGNATURE).unlink(missing_ok=True)
    record = manifest.model_copy(update={"outputs": outputs}).model_dump(mode="json")
    return write_atomic(folder / MANIFEST, json.dumps(record, ensure_ascii=False, indent=1) + "\n")


LARGEST_RECORD = 64 * 1024 * 1024


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run, which may be anybody's: nothing in it is taken for what it should be.

    Raises
    ------
    DataError
        If there is none, or it is damaged.
    """
    file = folder / MANIFEST
    try:
        if not _is_plain(file) or file.stat().st_size > LARGEST_RECORD:
            raise ValueError(say("run.not_plain.file"))
        return Manifest.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        reason = f"{'/'.join(map(str, first['loc']))[:200]}: {first['msg']}"
    except (OSError, ValueError) as error:
        reason = str(error)
    raise DataError(
        say("run.no_manifest", folder=folder, error=visible(reason)), remedy=say("forecast.no_store.remedy")
    )


def _is_plain(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()


MOST_FILES = 100_000
DEEPEST = 8


def plain_files(folder: Path) -> dict[str, Path]:
    """Return all files of a run by their names; links are not followed, and nothing is opened.

    Raises
    ------
    DataError
        If there is anything but plain files and folders, or far more than a run has.
    """
    found = dict[str, Path]()
    for place, folders, files in os.walk(folder):
        here = Path(place)
        for entry in (here / name for name in (*folders, *files)):
            if entry.is_symlink() or not (entry.is_file() or entry.is_dir()):
                message = say("run.not_plain", file=entry.relative_to(folder))
                raise DataError(message, remedy=say("run.not_plain.remedy"))
        found |= {(here / name).relative_to(folder).as_posix(): here / name for name in files}
        if len(found) > MOST_FILES or len(here.relative_to(folder).parts) > DEEPEST:
            raise DataError(say("run.too_many_files", folder=folder), remedy=say("run.not_plain.remedy"))
    return dict(sorted(found.items()))


def full_digest(folder: Path, digest: str) -> str:
    """Return the digest of a whole run: the one on its pages, and 128 bits of the manifest, which covers every file."""
    return f"{digest}-{sha256(folder / MANIFEST)[:32]}"


def signer(key: Path | None = None) -> str:
    """Return the program that signs and checks signatures; what is lacking is told before anything starts.

    Raises
    ------
    UsageError
        If there is no ``ssh-keygen``, or no such key.
    """
    found = shutil.which("ssh-keygen")
    if found is None:
        raise UsageError(say("run.no_signer"), say("run.no_signer.remedy"))
    if key is not None and not key.is_file():
        raise UsageError(say("cli.no_file", file=key), say("run.no_key.remedy"))
    return found


def sign(folder: Path, key: Path) -> None:
    """Sign a run's manifest with an SSH key, by OpenSSH: ``manifest.json.sig``.

    Raises
    ------
    UsageError
        If OpenSSH does not sign; with what it says.
    """
    command = [signer(key), "-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(key)]
    with (folder / MANIFEST).open("rb") as manifest:
        done = subprocess.run(command, stdin=manifest, capture_output=True, check=False)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        raise UsageError(say("run.not_signed", file=key, reason=reason), say("run.no_key.remedy"))
    write_atomic(folder / SIGNATURE, done.stdout)


def signed_by(folder: Path, signers: Path) -> str:
    """Return who signed a run's manifest, of those whom a file of allowed signers names; empty for none of them.

    Parameters
    ----------
    signers :
        As ``ssh-keygen`` has it: a name and a public key on each line.
    """
    program, manifest, signature = signer(signers), folder / MANIFEST, folder / SIGNATURE
    if not (_is_plain(manifest) and _is_plain(signature)):
        return ""
    files = ["-s", str(signature), "-f", str(signers)]
    found = subprocess.run([program, "-Y", "find-principals", *files], capture_output=True, text=True, check=False)
    for name in found.stdout.splitlines():
        command = [program, "-Y", "verify", "-n", NAMESPACE, "-I", name, *files]
        with manifest.open("rb") as stream:
            if subprocess.run(command, stdin=stream, capture_output=True, check=False).returncode == 0:
                return name
    return ""


@dataclass(frozen=True)
class About:
    """What stands in a run's folder beside its numbers: the identifier of its plan, and how they came about."""

    plan: str
    facts: RunFacts


def write_about(folder: Path, about: About) -> None:
    """Write what :func:`read_about` reads."""
    write_atomic(folder / FORECASTS / ABOUT, TypeAdapter(About).dump_json(about, indent=1))


def read_about(folder: Path) -> About:
    """Read what a run's folder says of itself.

    Raises
    ------
    DataError
        If it holds no run.
    """
    try:
        return TypeAdapter(About).validate_json((folder / FORECASTS / ABOUT).read_bytes())
    except (OSError, ValueError) as error:
        message = say("forecast.no_store", folder=folder, error=error)
        raise DataError(message, remedy=say("forecast.no_store.remedy")) from error


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
    t, day = texts(language).t, facts.as_of.isoformat()
    outputs = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if is_output(file)}
    names = sorted(outputs - {CRATE} | {MANIFEST})
    developers, run, program = ({"@id": f"#{name}"} for name in ("developers", "run", "toolkit"))
    about: list[Mapping[str, Any]] = [
        {
            "@id": CRATE, "@type": "CreativeWork", "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        {
            "@id": "./", "@type": "Dataset", "name": t("run.crate.name", plan=plan, day=day),
            "description": t("run.crate.description"), "datePublished": day, "license": {"@id": LICENSE},
            "inLanguage": language, "hasPart": [{"@id": name} for name in names], "author": developers,
            "publisher": developers, "mentions": run,
        },
        {
            "@id": LICENSE, "@type": "CreativeWork", "name": "MIT", "identifier": LICENSE,
            "description": t("run.crate.licence"),
        },
        {
            **program, "@type": "SoftwareApplication", "name": "langson-toolkit",
            "softwareVersion": f"{facts.versions.get('langson-toolkit', '')} {facts.commit}".strip(),
        },
        {
            **run, "@type": "CreateAction", "name": facts.command or "toolkit report", "instrument": program,
            "agent": developers, "result": {"@id": "./"},
        },
        {**developers, "@type": "Organization", "name": DEVELOPERS},
    ]  # fmt: skip
    files = [
        {"@id": name, "@type": "File", "name": name, "encodingFormat": _FORMATS.get(Path(name).suffix, "text/plain")}
        for name in names
    ]
    record = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": [*about, *files]}
    text = json.JSONEncoder(ensure_ascii=False, indent=1).iterencode(record)
    return write_atomic(folder / CRATE, chain(text, "\n"))


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


def write_record(file: Path, key: str, outputs: Iterable[Path], folder: Path) -> None:
    """Write what files of a run were made from, and what they are."""
    write_atomic(file, json.dumps({"key": key, "outputs": hashes(outputs, folder)}, indent=1) + "\n")


def is_whole(file: Path, key: str, outputs: Iterable[Path], folder: Path) -> bool:
    """Say whether files of a run are all there, byte for byte what their record says, and would be the same again."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        found = {output.relative_to(folder).as_posix(): sha256(output) for output in sorted(outputs)}
    except (OSError, ValueError, RecursionError):
        return False
    return bool(record == {"key": key, "outputs": found})


class ReportRecords:
    """The records of finished reports in a run's folder.

    Parameters
    ----------
    folder :
        The run.
    inputs :
        Content key of all that every report depends on.
    """

    def __init__(self, folder: Path, inputs: str) -> None:
        self._run, self._inputs = folder, inputs

    def stale(self, jobs: Sequence[Job], *, whole: bool) -> list[Job]:
        """Return the jobs whose files are not all there, whole, and what they would be again: all unless `whole`.

        Their records go first, and those of jobs that the run has no more, and what a killed run left half-written.
        """
        for part in self._run.rglob(".*.part"):
            part.unlink(missing_ok=True)
        fresh = [job for job in jobs if whole and is_whole(self._file(job), self._key(job), job.outputs, self._run)]
        kept = {self._file(job) for job in fresh}
        for file in set((self._run / RECORDS).glob("*.json")) - kept:
            file.unlink()
        return [job for job in jobs if job not in fresh]

    def write(self, done: Done) -> None:
        """Record a job that went well; one that failed has no record and is done again next time."""
        if not done.error:
            write_record(self._file(done.job), self._key(done.job), done.job.outputs, self._run)

    def _key(self, job: Job) -> str:
        """Return the content key of a job: what it is made from, whatever folder it is made in."""
        return content_key(
            inputs=self._inputs,
            template=sha256(job.template),
            parameters=sorted(job.parameters),
            language=job.language,
            audience=job.audience,
            outputs=[file.relative_to(self._run).as_posix() for file in job.outputs],
        )

    def _file(self, job: Job) -> Path:
        return self._run / RECORDS / f"{job.name}.json"
