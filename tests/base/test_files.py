from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from toolkit.base.files import LONGEST_SOCKET_FOLDER, MARK, scratch_folder, sha256, socket_folder, write_atomic


def test_text_and_bytes_are_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    assert write_atomic(path, "Lạng Sơn\n") == path
    assert path.read_bytes() == "Lạng Sơn\n".encode()
    write_atomic(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert sha256(path) == hashlib.sha256(b"\x00\xff").hexdigest()
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_atomic(tmp_path / "a.txt", "old")

    def fail(*_: object) -> None:
        message = "disk full"
        raise OSError(message)

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_killed_processes_left_is_removed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = [tmp_path / f"toolkit-kernel-{name}" for name in (f"{ended.pid}-a", f"{os.getpid()}-b", "x-c")]
    left.append(tmp_path / f"toolkit-run-{ended.pid}-d")
    for folder in left:
        folder.mkdir()
        (folder / MARK).write_text(folder.name.split("-")[2])
    foreign = tmp_path / f"toolkit-kernel-{ended.pid}-plans"
    foreign.mkdir()
    (foreign / "letter.docx").write_text("mine")
    with scratch_folder("kernel") as made:
        assert made.name.startswith(f"toolkit-kernel-{os.getpid()}-")
    assert not made.exists()
    assert [folder.exists() for folder in left] == [False, True, True, True]
    assert (foreign / "letter.docx").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix", reason="sockets have no such paths elsewhere")
def test_sockets_fit_however_deep_temporary_files_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * LONGEST_SOCKET_FOLDER)
    deep.mkdir()
    for place in (str(deep), "/tmp"):
        monkeypatch.setattr("tempfile.tempdir", place)
        folder = Path(socket_folder("test"))
        try:
            assert folder.parent == Path("/tmp")
            with socket.socket(socket.AF_UNIX) as one:
                one.bind(f"{folder}/kernels")
        finally:
            shutil.rmtree(folder)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_folders_of_the_unburied_dead_are_removed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    child = subprocess.Popen([sys.executable, "-c", ""])
    try:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays unburied
        for owner in (child.pid, os.getpid()):
            (tmp_path / f"toolkit-unburied-{owner}-abc").mkdir()
            (tmp_path / f"toolkit-unburied-{owner}-abc" / MARK).write_text(str(owner))
        with scratch_folder("unburied"):
            pass
        assert [folder.name for folder in tmp_path.iterdir()] == [f"toolkit-unburied-{os.getpid()}-abc"]
    finally:
        child.wait()
