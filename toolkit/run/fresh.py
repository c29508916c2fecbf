"""What of an earlier run is still good: content keys, and the record of each finished report.

A report is fresh when its record names the key that it would have today, and every file it left is byte for byte
what the record says. The record is written last: a run killed at any moment leaves either a report with its record,
or a report that is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.base.errors import UsageError
from toolkit.base.files import sha256, write_atomic
from toolkit.base.texts import say
from toolkit.run.provenance import PROJECT, hashes, versions

if TYPE_CHECKING:
    from toolkit.run.batch import Done, Job

RECORDS = "records"
LOCK = ".lock"


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


class Records:
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
