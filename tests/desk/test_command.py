"""``toolkit ingest`` as a user runs it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.commands import run
from tests.data.tables import changed, text


def test_it_asks_before_it_writes_and_says_what_it_did(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(text([changed(3, value="3.37"), changed(2, area_code="x")]), encoding="utf-8")
    before = (folder / "observations.csv").read_bytes()
    unasked = run("ingest", tmp_path / "in.csv", "--data", folder, "--lang", "en")
    assert (unasked.returncode, (folder / "observations.csv").read_bytes()) == (1, before)
    assert "--yes" in unasked.stderr
    done = run("ingest", tmp_path / "in.csv", "--data", folder, "--yes", "--lang", "en")
    assert done.returncode == 1  # a row was rejected
    assert "value 3.36 → 3.37" in done.stdout
    assert (tmp_path / "rejected.csv").read_text(encoding="utf-8").count("\n") == 2
    assert (folder / "observations.csv").read_bytes() != before
    assert "Traceback" not in unasked.stderr + done.stderr
