"""One writer at a time in a folder; the lock ends with the process, however it ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit.base.errors import ToolkitError
from toolkit.base.texts import say

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
    import hashlib
    import msvcrt
    import tempfile

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
