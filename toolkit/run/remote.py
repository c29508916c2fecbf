"""Runs whose folder is elsewhere: any file system that fsspec has a driver for, such as ``s3://bucket/run``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from toolkit.base.errors import UsageError
from toolkit.base.files import scratch_prefix, sha256
from toolkit.base.texts import say

T = TypeVar("T")


def is_remote(out: str) -> bool:
    """Say whether an output names another file system than this machine's.

    Examples
    --------
    >>> is_remote("s3://bucket/run"), is_remote("reports/run")
    (True, False)
    """
    return "://" in out


class Remote:
    """A folder on another file system, and its copy here.

    Parameters
    ----------
    url :
        With the protocol of an fsspec driver.
    folder :
        Where the copy lies.

    Raises
    ------
    UsageError
        If there is no driver for the protocol, or it cannot be reached.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        try:
            self._files, self._root = _opened(url)
        except (ImportError, ValueError) as error:
            raise UsageError(say("run.no_driver", url=url, error=error), say("run.no_driver.remedy")) from error
        self._sent: dict[str, str] = {}

    def pull(self) -> None:
        """Fetch what an earlier run left, so that it can be continued."""
        if not self._files.exists(self._root):
            return
        for source in self._files.find(self._root):
            name = str(source)[len(self._files._strip_protocol(self._root)) :].lstrip("/")
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._files.cat_file(source))
            self._sent[name] = sha256(target)

    def push(self) -> None:
        """Send every file that is new or has changed; records and the manifest go last, as they vouch for the rest."""
        names = sorted(
            (file.relative_to(self.folder).as_posix() for file in self.folder.rglob("*") if _goes(file)),
            key=lambda name: (name == "manifest.json", name.startswith("records/"), name),
        )
        for name in names:
            now = sha256(self.folder / name)
            if self._sent.get(name) != now:
                target = f"{self._root}/{name}"
                self._files.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
                self._files.pipe_file(target, (self.folder / name).read_bytes())
                self._sent[name] = now


def _opened(url: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it, by its usual driver or else by obstore.

    obstore asks for nothing that the toolkit's own packages shut out; s3fs wants an older python-dateutil than
    jupyter-client.
    """
    from fsspec.core import url_to_fs

    try:
        found = url_to_fs(url)
    except ImportError as error:
        try:
            import_module("obstore.fsspec").register(url.partition("://")[0])
        except ImportError:
            raise error from None
        found = url_to_fs(url)
    return found[0], str(found[1])


def _goes(file: Path) -> bool:
    return file.is_file() and not file.name.startswith(".")


@dataclass(frozen=True)
class Destination:
    """Where a run goes: a folder here, and the address it is mirrored to, if any."""

    folder: Path
    url: str = ""
    remote: Remote | None = None

    def after(self, then: Callable[[T], None]) -> Callable[[T], None]:
        """Return what to call after each report: `then`, with everything so far sent first."""

        def send(done: T) -> None:
            if self.remote is not None:
                self.remote.push()
            then(done)

        return send

    def shown(self, file: Path) -> Path | str:
        """Return how to name a file of the run to a user."""
        return f"{self.url.rstrip('/')}/{file.relative_to(self.folder).as_posix()}" if self.remote else file


@contextmanager
def destination(out: str) -> Iterator[Destination]:
    """Give the folder to write a run to; a remote one is fetched first and sent back, even when the run fails."""
    if not is_remote(out):
        yield Destination(Path(out).resolve())
        return
    with TemporaryDirectory(prefix=scratch_prefix("run")) as folder:
        remote = Remote(out, Path(folder).resolve())
        remote.pull()
        try:
            yield Destination(remote.folder, out, remote)
        finally:
            remote.push()
