"""A folder's lock: one holder at a time, none left behind, and a clear word where there are no locks."""

from __future__ import annotations

import errno
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toolkit.base.errors import ToolkitError
from toolkit.base.files import locked

HOLDER = "import sys, time; from pathlib import Path; from toolkit.base.files import locked\n" \
         "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"  # fmt: skip


def test_who_comes_second_waits_and_then_is_told(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(ToolkitError, match=str(tmp_path)), locked(tmp_path, wait=0.1):
        pass
    with locked(tmp_path, wait=0.0):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_lock_ends_with_its_holder(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(ToolkitError), locked(tmp_path, wait=0.0):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    started = time.monotonic()
    with locked(tmp_path):
        assert time.monotonic() - started < 5


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refused)
    with pytest.raises(ToolkitError, match="No locks available"), locked(tmp_path):
        pass
