"""Many jobs on a few processes: one that fails, or whose process dies, never stops the rest."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from toolkit.run.notebook import Parameter, describe, execute

ATTEMPTS = 2
"""A job whose process died under it is tried once more, alone in a fresh pool."""


@dataclass(frozen=True)
class Job:
    """One page to make: a notebook, its parameters, and where its two results go.

    Attributes
    ----------
    name :
        What progress and errors call it: an area's code, or ``plan``.
    label :
        The same for a reader.
    template :
        The parameterized notebook.
    notebook, page :
        The executed notebook and the HTML page to write.
    parameters :
        For the notebook's tagged cell, as sorted pairs.
    language :
        ``vi`` or ``en``.
    """

    name: str
    label: str
    template: Path
    notebook: Path
    page: Path
    parameters: tuple[tuple[str, Parameter], ...]
    language: str


@dataclass(frozen=True)
class Done:
    """How a job ended: `error` is empty when it went well."""

    job: Job
    seconds: float
    error: str = ""


def run_job(job: Job) -> Done:
    """Execute the notebook of `job` and turn it into its page; errors are caught and described."""
    started = time.perf_counter()
    try:
        job.page.unlink(missing_ok=True)  # an older page must not pass for this run's
        execute(job.template, job.notebook, dict(job.parameters))
        from toolkit.report.page import write_page

        write_page(job.notebook, job.page, language=job.language)
        error = ""
    except Exception as caught:  # noqa: BLE001  (whatever happened to one area is that area's result)
        error = describe(caught)
    return Done(job, time.perf_counter() - started, error)


def run_jobs(
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    on_done: Callable[[Done], None] = lambda _: None,
    work: Callable[[Job], Done] = run_job,
) -> list[Done]:
    """Run all jobs on `workers` processes and return how each ended, in the order of `jobs`.

    Parameters
    ----------
    jobs :
        What to make.
    workers :
        Number of processes; all cores by default.
    on_done :
        Called in this process after each job, in the order of ending.
    work :
        What a process does with a job; must be importable.
    """
    ended: dict[str, Done] = {}
    for attempt in range(ATTEMPTS):
        pending = [job for job in jobs if job.name not in ended]
        # after a process died nobody knows which job killed it: the second time each has a pool to itself
        groups = [pending] if attempt == 0 else [[job] for job in pending]
        for group in groups:
            for done in _run_pool(group, workers or available_cores(), work, last=attempt == ATTEMPTS - 1):
                ended[done.job.name] = done
                on_done(done)
    return [ended[job.name] for job in jobs]


def available_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run_pool(jobs: Sequence[Job], workers: int, work: Callable[[Job], Done], *, last: bool) -> Iterator[Done]:
    """Run jobs in one pool; those lost with a dying process are left out, or reported if this was their last try."""
    if not jobs:
        return
    started = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context) as pool:
        futures: dict[Future[Done], Job] = {pool.submit(work, job): job for job in jobs}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool as error:
                if last:
                    yield Done(futures[future], time.perf_counter() - started, describe(error))
