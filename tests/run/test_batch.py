"""Many jobs: order kept, failures contained, a dying process costs a retry."""

from __future__ import annotations

import os
import time
from pathlib import Path

from toolkit.run.batch import Done, Job, run_jobs
from toolkit.run.kernels import Kernels


def job(name: str, folder: Path) -> Job:
    return Job(name, name, folder / "t.ipynb", folder / f"{name}.ipynb", folder / f"{name}.html", (), "vi")


def succeed(item: Job, kernels: Kernels) -> Done:
    time.sleep(0.05 if item.name == "a" else 0)
    return Done(item, 0.0)


def fail_b(item: Job, kernels: Kernels) -> Done:
    return Done(item, 0.0, "broken" if item.name == "b" else "")


def die_once(item: Job, kernels: Kernels) -> Done:
    mark = item.page.with_suffix(".died")
    if item.name == "b" and not mark.exists():
        mark.touch()
        os._exit(9)
    return Done(item, 0.0)


def always_die(item: Job, kernels: Kernels) -> Done:
    if item.name == "b":
        os._exit(9)
    return Done(item, 0.0)


def test_results_come_in_the_order_of_the_jobs_and_are_told_as_they_end(tmp_path: Path) -> None:
    told: list[str] = []
    jobs = [job(name, tmp_path) for name in "abc"]
    done = run_jobs(jobs, workers=2, on_done=lambda item: told.append(item.job.name), work=succeed)
    assert [item.job.name for item in done] == ["a", "b", "c"]
    assert sorted(told) == ["a", "b", "c"]


def test_one_failure_stops_nothing(tmp_path: Path) -> None:
    done = run_jobs([job(name, tmp_path) for name in "abc"], workers=2, work=fail_b)
    assert [item.error for item in done] == ["", "broken", ""]


def test_a_process_that_dies_costs_a_retry(tmp_path: Path) -> None:
    done = run_jobs([job(name, tmp_path) for name in "abcd"], workers=2, work=die_once)
    assert [item.error for item in done] == ["", "", "", ""]


def test_a_job_that_kills_its_process_is_reported_alone(tmp_path: Path) -> None:
    done = run_jobs([job(name, tmp_path) for name in "abcd"], workers=2, work=always_die)
    assert [bool(item.error) for item in done] == [False, True, False, False]


def test_a_missing_template_is_that_jobs_error(tmp_path: Path) -> None:
    done = run_jobs([job("a", tmp_path)])
    assert "There is no file" in done[0].error
