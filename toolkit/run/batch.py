"""Many jobs on a few processes: one that fails, or whose process dies, never stops the rest."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from toolkit.base.texts import say
from toolkit.reports.html import Audience
from toolkit.run.notebook import Limits, NotebookError, Parameter, describe, execute
from toolkit.run.worker import Work, Worker

ATTEMPTS = 2
"""A job whose process died under it is tried once more."""


@dataclass(frozen=True)
class Job:
    """One report to make: a notebook, its parameters, and where its results go.

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
    limits :
        On the time of a cell and of the notebook.
    papers :
        Files that the notebook itself writes beside its page (Word, PDF); its parameter ``papers`` names them.
    audience :
        Whether the page leaves the code out or folds it.
    """

    name: str
    label: str
    template: Path
    notebook: Path
    page: Path
    parameters: tuple[tuple[str, Parameter], ...]
    language: str
    limits: Limits = Limits()  # noqa: RUF009  (frozen)
    papers: tuple[Path, ...] = ()
    audience: Audience = "planner"

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Return the files that the job leaves when it goes well."""
        return (self.notebook, self.page, *self.papers)


@dataclass(frozen=True)
class Done:
    """How a job ended.

    Attributes
    ----------
    error :
        Why it failed; empty when it went well.
    cell :
        Number of the cell that failed, from 1; 0 if none did.
    kept :
        True if the results of an earlier run were still good.
    cell_seconds :
        Of `seconds`, what the notebook's cells themselves took.
    """

    job: Job
    seconds: float
    error: str = ""
    cell: int = 0
    kept: bool = False
    cell_seconds: float = 0.0


def run_job(job: Job, zygote: str = "") -> Done:
    """Execute the notebook of `job` and turn it into its page; errors are caught and described."""
    started = time.perf_counter()
    error, cell, cells = "", 0, 0.0
    try:
        for old in (job.page, *job.papers):
            old.unlink(missing_ok=True)  # an older one must not pass for this run's
        cells = execute(job.template, job.notebook, dict(job.parameters), limits=job.limits, zygote=zygote)
        from toolkit.reports.html import write_page

        write_page(job.notebook, job.page, language=job.language, audience=job.audience)
    except Exception as caught:  # noqa: BLE001  (whatever happened to one area is that area's result)
        error = describe(caught)
        cell = caught.cell if isinstance(caught, NotebookError) else 0
    return Done(job, time.perf_counter() - started, error, cell, cell_seconds=cells)


def run_jobs(
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    on_start: Callable[[Job], None] = lambda _: None,
    on_done: Callable[[Done], None] = lambda _: None,
    work: Work = run_job,
    zygote: str = "",
) -> list[Done]:
    """Run all jobs on `workers` processes and return how each ended, in the order of `jobs`.

    Parameters
    ----------
    jobs :
        What to make.
    workers :
        Number of processes; all cores by default.
    on_start, on_done :
        Called in this process as each job begins and ends.
    work :
        What a process does with a job and the zygote's address; must be importable.
    zygote :
        Address of the process to fork workers and kernels from; empty for plain ones.
    """
    waiting, attempts = deque(jobs), dict.fromkeys((job.name for job in jobs), 0)
    ended: dict[str, Done] = {}
    with _pool(min(workers or available_cores(), len(jobs)), work, zygote) as (idle, renew):
        busy: dict[object, Worker] = {}
        while waiting or busy:
            while waiting and idle:
                worker, job = idle.pop(), waiting.popleft()
                attempts[job.name] += 1
                on_start(job)
                worker.start(job)
                busy[worker.channel] = worker
            for channel in wait([worker.channel for worker in busy.values()]):
                worker = busy.pop(channel)
                job = worker.job
                done = _result(worker)
                idle.append(renew(worker) if done is None else worker)
                if done is None and attempts[job.name] < ATTEMPTS:
                    waiting.append(job)
                    continue
                done = done or Done(job, 0.0, say("run.worker_died", attempts=ATTEMPTS))
                ended[job.name] = done
                on_done(done)
    return [ended[job.name] for job in jobs]


def available_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _result(worker: Worker) -> Done | None:
    """Return how the worker's job ended; None if the worker died over it."""
    try:
        done = worker.result()
    except EOFError:
        return None
    return done if isinstance(done, Done) else None


@contextmanager
def _pool(size: int, work: Work, zygote: str) -> Iterator[tuple[list[Worker], Callable[[Worker], Worker]]]:
    """Give workers, and a way to replace one that died; end them all afterwards, whatever happened."""
    alive = [Worker(work, zygote) for _ in range(size)]

    def renew(dead: Worker) -> Worker:
        dead.close()
        alive.remove(dead)
        alive.append(Worker(work, zygote))
        return alive[-1]

    try:
        yield list(alive), renew
    finally:
        for worker in alive:
            worker.close()
