"""Files that are either the old ones or the new ones, never half of either; one writer at a time in a folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from toolkit.base.errors import ToolkitError
from toolkit.base.texts import say

CHECKOUT = Path(__file__).resolve().parents[2]
IN_CHECKOUT = (CHECKOUT / "parameterized").is_dir()
PROJECT = CHECKOUT if IN_CHECKOUT else CHECKOUT / "toolkit" / "project"
"""Folder of data, parameterized notebooks and lock: the checkout, or what came with the installed package."""
LONGEST_SOCKET_FOLDER = 80
"""Characters of a folder's path, without the eight that make it unique; the kernels' own names take the rest."""
SHALLOW = "/tmp"


def write_atomic(path: Path, content: str | bytes | Iterable[str]) -> Path:
    r"""Write `content` to `path` so that a reader, or a killed run, never sees a part of it.

    Parameters
    ----------
    path :
        Target; its folder is made if needed.
    content :
        Text (written as UTF-8 with ``\\n``), bytes, or text in parts that need not all be in memory.

    Returns
    -------
    Path
        `path`.
    """
    parts = [content] if isinstance(content, str | bytes) else content
    with atomic(path) as stream:
        for part in parts:
            stream.write(part.encode("utf-8") if isinstance(part, str) else part)
    return path


@contextmanager
def atomic(path: Path) -> Iterator[IO[bytes]]:
    """Give a stream to write; what was written is at `path` when the block has ended, and nothing if it failed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def results_folder() -> Path:
    """Return where results go unless told otherwise: ``reports`` in the checkout, else in the folder we are in."""
    return (PROJECT if IN_CHECKOUT else Path.cwd()) / "reports"


def scratch_prefix(purpose: str) -> str:
    """Return a prefix for temporary folders that names this process.

    Folders that processes with the same purpose left behind when they were killed are removed.
    """
    if os.name == "posix":  # elsewhere a process cannot be asked for without harm
        for place in {tempfile.gettempdir(), SHALLOW}:
            for folder in Path(place).glob(f"toolkit-{purpose}-*-*"):
                owner = folder.name.removeprefix(f"toolkit-{purpose}-").partition("-")[0]
                if owner.isdigit() and not _runs(int(owner)):
                    shutil.rmtree(folder, ignore_errors=True)
    return f"toolkit-{purpose}-{os.getpid()}-"


def socket_folder(purpose: str) -> str:
    """Make a temporary folder in which sockets fit: their whole path may have about 100 characters.

    Where the system's folder for temporary files lies too deep, it is made in ``/tmp``.
    """
    prefix = scratch_prefix(purpose)
    deep = len(tempfile.gettempdir()) + len(prefix) > LONGEST_SOCKET_FOLDER
    return tempfile.mkdtemp(prefix=prefix, dir=SHALLOW if deep and os.access(SHALLOW, os.W_OK) else None)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return not _only_unburied(process)


def _only_unburied(process: int) -> bool:
    """Say whether a process has ended and nobody has asked for its exit code: so it stays where init does not."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


WAIT = 10.0
"""Seconds for which another writer is waited for."""
PAUSE = 0.05


@contextmanager
def locked(folder: Path, *, wait: float = WAIT) -> Iterator[None]:
    """Hold the lock of a folder.

    On POSIX systems the folder itself is locked. Windows cannot lock a folder: there it is a file among the
    user's temporary ones, so two machines that share a folder do not see each other's lock.

    Parameters
    ----------
    folder :
        An existing folder.
    wait :
        Seconds to wait for whoever holds the lock.

    Raises
    ------
    ToolkitError
        If the lock is still held then, or the file system knows no locks.
    """
    handle = _opened(folder)
    try:
        until = time.monotonic() + wait
        while not _taken(handle, folder):
            if time.monotonic() >= until:
                raise ToolkitError(say("base.locked", folder=folder), say("base.locked.remedy"))
            time.sleep(PAUSE)
        yield
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _opened(folder: Path) -> int:
        name = hashlib.sha256(str(folder.resolve()).casefold().encode()).hexdigest()[:16]
        return os.open(Path(tempfile.gettempdir()) / f"toolkit-{name}.lock", os.O_RDWR | os.O_CREAT)

    def _taken(handle: int, folder: Path) -> bool:  # noqa: ARG001
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _opened(folder: Path) -> int:
        return os.open(folder, os.O_RDONLY)

    def _taken(handle: int, folder: Path) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ToolkitError(say("base.no_lock", folder=folder, reason=reason), say("base.no_lock.remedy")) from error
        return True
