"""Jobs on an existing Dask cluster whose machines see the same files (extra ``cluster``)."""

from __future__ import annotations

import atexit
import multiprocessing
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache
from typing import Any

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.run.batch import Done, Job, run_job
from toolkit.run.kernels import Kernels, fork_server

RETRIES = 3
"""How often a job is tried again whose worker was lost."""
CONNECT_SECONDS = 10


def run_there(job: Job, kernels: Kernels) -> Done:
    """Run a job in a worker's process."""
    if kernels == "forked":
        _keep_fork_server()
    return run_job(job, kernels)


@cache
def _keep_fork_server() -> None:
    """Start this process's own fork server, once; it ends with the process, however that ends."""
    settings = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    settings["daemon"] = False  # Dask's workers are, and may have no children; ours end with their parents
    kept = ExitStack()
    kept.enter_context(fork_server())
    atexit.register(kept.close)


def run_on_cluster(
    jobs: Sequence[Job],
    scheduler: str,
    *,
    kernels: Kernels,
    on_done: Callable[[Done], None] = lambda _: None,
) -> list[Done]:
    """Run jobs on the workers of a Dask cluster and return how each ended, in the order of `jobs`.

    Parameters
    ----------
    jobs :
        What to make; the paths in them must mean the same on every machine.
    scheduler :
        Address such as ``tcp://host:8786``.
    kernels :
        ``forked``: each worker has a fork server of its own.
    on_done :
        Called in this process after each job.

    Raises
    ------
    UsageError
        If the extra is not installed, or nothing answers at the address.
    """
    try:
        import distributed
    except ImportError as error:
        raise UsageError(say("run.no_dask"), say("run.no_dask.remedy")) from error
    connect: Any = distributed.Client
    try:
        client: Any = connect(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(say("run.no_scheduler", scheduler=scheduler), say("run.no_scheduler.remedy")) from error
    ended: dict[str, Done] = {}
    with client:
        as_completed: Any = distributed.as_completed
        futures = {client.submit(run_there, job, kernels, pure=False, retries=RETRIES): job for job in jobs}
        for future in as_completed(futures, loop=client.loop):
            job = futures[future]
            lost = future.exception()
            done = future.result() if lost is None else Done(job, 0.0, f"{type(lost).__name__}: {lost}")
            ended[job.name] = done
            on_done(done)
    return [ended[job.name] for job in jobs]
