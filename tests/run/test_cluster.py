"""Runs on a Dask cluster: a worker that is killed costs a retry, nothing else."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.conftest import TODAY
from tests.run.notebooks import write_notebook
from toolkit.base.errors import UsageError
from toolkit.cli.main import app
from toolkit.run.batch import Done, Job, run_on_cluster

distributed = pytest.importorskip("distributed")


def test_a_scheduler_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.run.batch.CONNECT_SECONDS", 0.5)
    with pytest.raises(UsageError, match=r"No scheduler answers at tcp://127\.0\.0\.1:9"):
        run_on_cluster([], "tcp://127.0.0.1:9", kernels="plain")


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Return a cluster of two worker processes on this machine."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local:
        yield local


def die_with_one(client: Any) -> int:
    """Kill the process of one worker and return its number."""
    pids = client.run(os.getpid)
    pid = int(next(iter(pids.values())))
    os.kill(pid, signal.SIGKILL)
    return pid


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what distributed says about a worker we killed
def test_a_killed_worker_costs_only_a_retry(tmp_path: Path, cluster: Any) -> None:
    template = write_notebook(tmp_path / "t.ipynb", "import time\ntime.sleep(1)\nprint(area_code)")
    folder = tmp_path / "out"
    jobs = [
        Job(name, name, template, folder / f"{name}.ipynb", folder / f"{name}.html", (("area_code", name),), "vi")
        for name in (f"{number:05d}" for number in range(8))
    ]
    killed: list[int] = []

    def kill_once(_: Done) -> None:
        if not killed:
            with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
                killed.append(die_with_one(client))

    # the notebook shows no document, so no page can be made: the error says that all else went well
    done = run_on_cluster(jobs, cluster.scheduler_address, kernels="plain", on_done=kill_once)
    assert killed
    assert [item.job.name for item in done] == [job.name for job in jobs]
    assert all("shows no document" in item.error for item in done)
    assert all(job.name in job.notebook.read_text(encoding="utf-8") for job in jobs)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_sixty_five_communes_on_a_cluster_that_loses_a_worker(tmp_path: Path, cluster: Any) -> None:
    import threading

    def kill_later() -> None:
        limit = time.monotonic() + 600
        while len(list((tmp_path / "areas").glob("*.html"))) < 5 and time.monotonic() < limit:
            time.sleep(0.5)
        with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
            die_with_one(client)

    killer = threading.Thread(target=kill_later)
    killer.start()
    arguments = ["report", "--level", "commune", "--draws", "200", "--as-of", TODAY.isoformat(), "--json"]
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path), "--scheduler", cluster.scheduler_address])
    killer.join()
    assert done.exit_code == 0, done.output[-2000:]
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert sum(event["event"] == "done" for event in events) == 66
    assert len(list((tmp_path / "areas").glob("*.html"))) == 65
