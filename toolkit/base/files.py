"""Files that are there whole or not at all, some written once for all; and the hash of every file as it was read."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO

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


def write_once(path: Path, content: str) -> Path:
    """Write a file that is never written again: there in one step, and only if nothing is there yet.

    Raises
    ------
    FileExistsError
        If there is a file at `path`: somebody else was first.
    """
    with atomic(path, once=True) as stream:
        stream.write(content.encode("utf-8"))
    return path


@contextmanager
def atomic(path: Path, *, once: bool = False) -> Iterator[IO[bytes]]:
    """Give a stream to write; what was written is at `path` when the block has ended, and nothing if it failed.

    With `once`, a file that is there already stays, and is an error.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        if not once:
            Path(name).replace(path)
        elif os.name == "nt":  # there a rename refuses what exists
            Path(name).rename(path)
        else:
            path.hardlink_to(name)  # refuses it too
            Path(name).unlink()
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


_READ: ContextVar[dict[Path, str] | None] = ContextVar("files read", default=None)


@contextmanager
def noting_reads() -> Iterator[dict[Path, str]]:
    """Give the SHA-256 of every file that :func:`read_file` reads inside the block, of the bytes that were read."""
    around, read = _READ.get(), dict[Path, str]()
    token = _READ.set(read)
    try:
        yield read
    finally:
        _READ.reset(token)
        if around is not None:
            around |= read


def read_file(path: Path) -> bytes:
    """Return the bytes of a file; a block of :func:`noting_reads` around the call notes their hash."""
    content, noted = path.read_bytes(), _READ.get()
    if noted is not None:
        noted[path] = hashlib.sha256(content).hexdigest()
    return content
