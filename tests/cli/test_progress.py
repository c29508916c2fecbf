"""Progress: lines for a reader, events for a machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolkit.cli.report import Progress
from toolkit.run.batch import Done, Job


def job(name: str) -> Job:
    return Job(name, f"Area {name}", Path("t"), Path("n"), Path("p"), (), "en")


def follow(progress: Progress) -> None:
    progress.stage("run.reporting")
    progress.done(Done(job("a"), 0.0, kept=True))
    progress.start(job("b"))
    progress.start(job("c"))
    progress.done(Done(job("b"), 1.26, error="cell 3: broken", cell=3))


def test_a_reader_gets_a_line_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    follow(Progress(4, "en"))
    assert capsys.readouterr().err.splitlines() == [
        "Making the report of each area …",
        "[1/4] Area a (a): still good, kept",
        "[2/4] Area b (b): FAILED – cell 3: broken",
    ]


def test_a_machine_gets_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(4, "vi", events=True)
    follow(progress)
    progress.close_with(Path("run/index.html"), [], "ab-cd")
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["stage", "kept", "start", "start", "failed", "end"]
    assert events[4] == {
        "event": "failed", "name": "b", "seconds": 1.26, "error": "cell 3: broken", "cell": 3, "left": 2
    }  # fmt: skip
