"""Kill and load: an ingest killed at any moment loses no row; a table of 200,000 rows needs bounded memory."""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.commands import PROGRAM, run
from tests.data.tables import COLUMNS, changed, text
from tests.small_world import add_sources
from toolkit.data.dataset import PROJECT_DATA, load

pytestmark = pytest.mark.slow
LEFT_OUT = shutil.ignore_patterns("panels", "provinces", "000[2-9].csv")
DISTRICTS = (178, *range(180, 190))
MOST_MEMORY = 800_000_000
MOST_ADDRESSES = 1_200_000_000
"""Bytes of address space, libraries included."""


def copied(folder: Path) -> Path:
    """Return a copy of the project's data with sources enough for large tables."""
    shutil.copytree(PROJECT_DATA, folder, ignore=LEFT_OUT)
    add_sources(folder, *(f"many-{number}" for number in range(100)))
    return folder


def keys(path: Path) -> set[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {(*list(row.values())[:5], row["standard"], row["source_id"]) for row in csv.DictReader(stream)}


def state(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder that counts; a program that was killed may leave a hidden one."""
    files = (file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def killed_at_random(command: list[str], folder: Path, took: float, old: object, new: dict[str, bytes]) -> set[bool]:
    """Kill a command at twenty moments; return whether it had done its work, each time starting from the old state."""
    moments, seen = random.Random(138), set()
    for number in range(20):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(took * (moments.random() if number % 4 == 0 else moments.uniform(0.8, 1.1)))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        load(folder)
        found = state(folder)
        assert found in (old, new)
        seen.add(found == new)
        for name in new.keys() & found.keys() - old.keys():  # type: ignore[attr-defined]
            (folder / name).unlink()
    return seen


@pytest.mark.parametrize("what", ["ingest", "undo"])
def test_what_is_killed_at_any_moment_leaves_the_old_or_the_new_state(what: str, tmp_path: Path) -> None:
    folder, whole = (copied(tmp_path / name) for name in ("data", "whole"))
    incoming, correction = large(tmp_path / "in.csv", 4000), tmp_path / "correction.csv"
    correction.write_text(text([changed(3, value="3.37")]), encoding="utf-8")
    work = ["ingest", str(incoming), str(correction), "--yes", "--no-model"]
    if what == "undo":
        assert all(run(*work, "--data", place).returncode == 0 for place in (folder, whole))
        work = ["undo", "2", "--reason", "nhầm tệp"]
    old, command = state(folder), [str(PROGRAM), *work, "--data"]
    started = time.monotonic()
    done = subprocess.run([*command, str(whole)], capture_output=True, text=True, check=False)
    took = time.monotonic() - started
    assert done.returncode == 0, done.stdout[-2000:]
    new = state(whole)
    made = {"ingest": "observations/0002.csv", "undo": "observations/0002.withdrawn.csv"}[what]
    assert {name for name in new if new[name] != old.get(name)} == {made}
    assert False in killed_at_random([*command, str(folder)], folder, took, old, new)
    assert subprocess.run([*command, str(folder)], capture_output=True, check=False).returncode == 0
    assert state(folder) == new
    delivered = keys(folder / "observations" / "0002.csv")
    assert delivered == keys(incoming) | keys(correction)


MEASURED = """
import json, resource, sys
from pathlib import Path
from toolkit.intake.ingest import prepare, write_changes
found = prepare([Path(sys.argv[1])], Path(sys.argv[2]))
written = write_changes(found)
print(json.dumps([len(found.changes), len(found.rejected), written is not None,
                  resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]))
"""


def test_two_hundred_thousand_rows_in_bounded_memory(tmp_path: Path) -> None:
    folder = copied(tmp_path / "data")
    incoming = large(tmp_path / "large.csv", 200_000)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(incoming), str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    taken, rejected, written, memory = json.loads(done.stdout)
    assert (taken, rejected, written) == (200_000, 0, True)
    assert memory < MOST_MEMORY


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
from toolkit.cli.main import main
sys.argv = ["toolkit", "check", sys.argv[2], "--data", sys.argv[3]]
main()
"""


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_checking_two_hundred_thousand_rows_needs_no_more_than_it_may(kind: str, tmp_path: Path) -> None:
    folder = copied(tmp_path / "data")
    incoming = large(tmp_path / "large.csv", 200_000)
    if kind == "xlsx":
        incoming = as_workbook(incoming, tmp_path / "large.xlsx")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(MOST_ADDRESSES), str(incoming), str(folder)],
        capture_output=True, text=True, check=False, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def as_workbook(source: Path, target: Path) -> Path:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Số liệu")
    with source.open(encoding="utf-8", newline="") as stream:
        for row in csv.reader(stream):
            sheet.append(row)
    book.save(target)
    return target


def large(path: Path, count: int) -> Path:
    """Write rows of 100 sources, four scopes, five indicators, ten years and eleven districts."""
    names = ("hygienic_water_share", "health_insurance_share", "literacy_15_plus", "primary_attendance",
             "antenatal_care_share")  # fmt: skip
    made = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for source in range(100):
            for scope in ("all", "dtts", "dtts_mn", "dtts_in_dtts_mn"):
                for name in names:
                    for code in DISTRICTS:
                        for year in range(2015, 2025):
                            if made == count:
                                return path
                            writer.writerow((code, name, scope, year, "", "91.5", "", "percent", "", "reported",
                                             f"many-{source}", "", "", ""))  # fmt: skip
                            made += 1
    return path


def test_a_zip_bomb_is_refused_at_once(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("[Content_Types].xml", "<Types/>")
        for number in range(40):
            parts.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * 50_000_000)
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = run("ingest", path, "--yes")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - started < 20
