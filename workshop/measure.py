"""One measurement in a process of its own: ``python workshop/measure.py WHAT …`` prints JSON.

Seconds, core-seconds of this process and all its children, and peaks of memory (MiB): of this process, and of the
largest of its children.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from toolkit.data.dataset import load
from toolkit.plan.load import load_plan
from toolkit.run.batch import Done
from toolkit.run.manifest import Asked
from toolkit.run.reports import Listener, ReportRequest, jobs_of, make_reports
from toolkit.run.session import plan_areas

AS_OF = date(2026, 11, 23)
MEBI = 1024 * 1024
LOST_AFTER = 0.2
"""Share of the reports after which the cluster loses a worker."""


def request(data: Path, folder: Path, level: str, count: int, draws: int, workers: int, formats: str) -> ReportRequest:
    """Return a request for the first `count` areas of a level."""
    dataset, plan = load(data, as_of=AS_OF), load_plan(folder=data)
    areas = tuple(plan_areas(dataset, plan, level))[:count]
    codes = tuple(area.code for area in areas)
    asked = Asked(areas=codes, plan=plan.id, as_of=AS_OF, summary=False, draws=draws, formats=tuple(formats.split(",")))
    return ReportRequest(asked, areas, folder, data, workers=workers)


def ours(asked: ReportRequest) -> dict[str, float]:
    """Make the reports and return how long the stages took."""
    begun: dict[str, float] = {}
    done: list[Done] = []

    def stage(key: str) -> None:
        begun[key] = time.perf_counter()

    make_reports(asked, Listener(stage=stage, done=done.append))
    begun["end"] = time.perf_counter()
    made = [item for item in done if not item.error]
    return {
        "areas": len(made),
        "forecasting": begun["run.reporting"] - begun["run.forecasting"],
        "reporting": begun["run.gathering"] - begun["run.reporting"],
        "gathering": begun["end"] - begun["run.gathering"],
        "cells": sum(item.cell_seconds for item in made),
    }


def plain(asked: ReportRequest) -> dict[str, float]:
    """Run the same notebooks with plain papermill one after another, and nbconvert, on the same stored forecasts."""
    import nbconvert
    import papermill

    begun = time.perf_counter()
    jobs = jobs_of(asked)
    for job in jobs:
        output = job.notebook.with_name(f"plain-{job.notebook.name}")
        papermill.execute_notebook(
            str(job.template), str(output), parameters=dict(job.parameters), kernel_name="python3",
            cwd=str(output.parent), progress_bar=False,
        )  # fmt: skip
        page, _ = nbconvert.HTMLExporter(exclude_input=True).from_filename(str(output))
        output.with_suffix(".html").write_text(page, encoding="utf-8")
    return {"areas": len(jobs), "reporting": time.perf_counter() - begun}


def cells(asked: ReportRequest) -> dict[str, float]:
    """Run the cells of the same notebooks in this process, after a first one that warms it up: their own cost."""
    from IPython.core.interactiveshell import InteractiveShell

    new_shell: Any = InteractiveShell
    jobs = jobs_of(asked)
    used = 0.0
    for number, job in enumerate((jobs[0], *jobs)):
        shell: Any = new_shell()
        os.chdir(job.notebook.parent)
        template = json.loads(job.template.read_text(encoding="utf-8"))
        begun = time.process_time()
        for cell in (one for one in template["cells"] if one["cell_type"] == "code"):
            value = shell.run_cell("".join(cell["source"]), silent=True)
            value.raise_error()
            shell.display_formatter.format(value.result)
            if "parameters" in cell["metadata"].get("tags", ()):
                shell.push(dict(job.parameters))
        used += (time.process_time() - begun) if number else 0.0
    return {"areas": len(jobs), "cells": used}


def clustered(asked: ReportRequest) -> dict[str, float]:
    """Make the reports on a Dask cluster of this machine, one of whose workers is killed in mid-run."""
    import distributed

    new_cluster: Any = distributed.LocalCluster
    new_client: Any = distributed.Client
    done: list[Done] = []
    lost: list[int] = []
    with new_cluster(n_workers=asked.workers, threads_per_worker=1, dashboard_address=None) as cluster:

        def finished(item: Done) -> None:
            done.append(item)
            if not lost and len(done) >= LOST_AFTER * len(asked.areas):
                with new_client(cluster.scheduler_address, set_as_default=False) as client:
                    lost.append(min(client.run(os.getpid).values()))
                os.kill(lost[0], signal.SIGKILL)

        make_reports(replace(asked, scheduler=cluster.scheduler_address), Listener(done=finished))
    return {"areas": sum(not item.error for item in done), "lost": len(lost)}


def measured(work: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Return what `work` returns, with time, core-seconds and peaks of memory."""
    stop, largest = threading.Event(), {"server": 0.0, "forked": 0.0}
    watcher = threading.Thread(target=_watch_children, args=(stop, largest))
    watcher.start()
    begun, before = time.perf_counter(), _core_seconds()
    try:
        found = work()
    finally:
        stop.set()
        watcher.join()
    return {
        **found,
        "seconds": time.perf_counter() - begun,
        "core_seconds": _core_seconds() - before,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        **{f"peak_{role}": size for role, size in largest.items()},
    }


def _core_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _watch_children(stop: threading.Event, largest: dict[str, float]) -> None:
    import psutil

    me = psutil.Process(os.getpid())
    while not stop.wait(0.5):
        servers = {child.pid for child in me.children()}
        for child in me.children(recursive=True):
            role = "server" if child.pid in servers else "forked"
            with contextlib.suppress(psutil.Error):
                largest[role] = max(largest[role], child.memory_info().rss / MEBI)


def main(what: str, data: str, folder: str, level: str, count: str, draws: str, workers: str, formats: str) -> None:
    """Measure one thing and print it."""
    asked = request(Path(data), Path(folder), level, int(count), int(draws), int(workers), formats)
    work = {"ours": ours, "plain": plain, "cells": cells, "clustered": clustered}[what]
    print(json.dumps(measured(lambda: work(asked))))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:9])
