"""Files that are there whole or not at all, some written once for all; and the hash of every file as it was read."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
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
MARK = ".toolkit"
"""File that marks folders that we made."""


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

    Raises
    ------
    ToolkitError
        If a device, a folder or the like is there.
    OSError
        With the file's name: no right to write, no room.
    """
    parts = [content] if isinstance(content, str | bytes) else content
    with atomic(path) as stream:
        for part in parts:
            stream.write(part.encode("utf-8") if isinstance(part, str) else part)
    return path


def write_result(path: Path, content: str | bytes) -> Path:
    """Write a result where its user wants it, and never in the place of what somebody else has made.

    A file that is there is ours if it is empty or begins with the line that we would write, as a table does.
    A workbook, in which people go on writing, gives way to its equal alone.

    Raises
    ------
    ToolkitError
        If any other file is there.
    """
    written = content.encode() if isinstance(content, str) else content
    if path.is_file():
        first = written if isinstance(content, bytes) else written.partition(b"\n")[0] + b"\n"
        with path.open("rb") as stream:
            held = stream.read(len(first))
        if held not in (b"", first):
            raise ToolkitError(say("base.not_our_file", file=path), say("base.not_our_file.remedy"))
    return write_atomic(path, written)


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
    target = path.resolve()  # a link stays, and what it leads to is written
    if (target.exists() and not target.is_file()) or path.absolute().parts[1:2] in (("dev",), ("proc",)):
        raise ToolkitError(say("base.no_plain_file", file=path), say("base.no_plain_file.remedy"))
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        if not once:
            Path(name).replace(target)
        elif os.name == "nt":  # there a rename refuses what exists
            Path(name).rename(target)
        else:
            target.hardlink_to(name)  # refuses it too
            Path(name).unlink()
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        if error.filename in (None, name):  # a full disk names no file
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        raise
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def results_folder() -> Path:
    """Return where results go unless told otherwise: ``reports`` in the checkout, else in the folder we are in."""
    return (PROJECT if IN_CHECKOUT else Path.cwd()) / "reports"


@contextmanager
def scratch_folder(purpose: str, *, sockets: bool = False) -> Iterator[Path]:
    """Give a temporary folder, in which `sockets` fit if they have to, and remove it in the end."""
    made = Path(socket_folder(purpose)) if sockets else _scratch(purpose)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def socket_folder(purpose: str) -> str:
    """Make a temporary folder in which sockets fit: their whole path may have about 100 characters.

    Where the system's folder for temporary files lies too deep, it is made in ``/tmp``.
    """
    deep = len(tempfile.gettempdir()) + len(f"toolkit-{purpose}-{os.getpid()}-") > LONGEST_SOCKET_FOLDER
    return str(_scratch(purpose, SHALLOW if deep and os.access(SHALLOW, os.W_OK) else None))


def _scratch(purpose: str, place: str | None = None) -> Path:
    """Make a temporary folder whose name and mark tell the process that it belongs to.

    Folders of the same purpose that processes left behind when they were killed are removed.
    """
    for around in {tempfile.gettempdir(), SHALLOW}:
        for folder in Path(around).glob(f"toolkit-{purpose}-*-*"):
            owner = folder.name.removeprefix(f"toolkit-{purpose}-").partition("-")[0]
            if owner.isdigit() and _mark_of(folder) == owner and not _runs(int(owner)):
                shutil.rmtree(folder, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f"toolkit-{purpose}-{os.getpid()}-", dir=place))
    (made / MARK).write_text(str(os.getpid()), encoding="utf-8")
    return made


def _mark_of(folder: Path) -> str:
    try:
        return (folder / MARK).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def check_own(folder: Path, *signs: str) -> Path:
    """Return a folder that is new, empty or ours: see :func:`own_folder`, which holds any other to be somebody's."""
    held = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    if held and not _any_file(folder, (*signs, MARK)):
        raise ToolkitError(say("base.not_ours", folder=folder, file=held[0]), say("base.not_ours.remedy"))
    return folder


@contextmanager
def own_folder(folder: Path, *signs: str) -> Iterator[None]:
    """Hold the lock of a folder in which everything is ours; it is made if it is new, and marked until a sign is there.

    Parameters
    ----------
    signs :
        Files below it any of which tells, in place of the mark, that the folder is ours.

    Raises
    ------
    ToolkitError
        If the folder holds anything else, which we would overwrite, or another program writes there.
    """
    check_own(folder, *signs)
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / MARK, os.O_RDWR | os.O_CREAT)
    try:
        _lock(handle, folder)
        yield
        if _any_file(folder, signs):
            with suppress(OSError):  # Windows keeps what is open
                (folder / MARK).unlink()
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    """Lock an open file until it is closed, however its process ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        message = say("base.locked", folder=folder, reason=error.strerror)
        raise ToolkitError(message, say("base.locked.remedy")) from error


def _any_file(folder: Path, names: Iterable[str]) -> bool:
    return any((folder / name).is_file() for name in names)


def _runs(process: int) -> bool:
    """Say whether a process is at work; one that has ended stays where nobody asks for its exit code."""
    import psutil

    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


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
