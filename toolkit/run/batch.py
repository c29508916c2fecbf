"""Many jobs on a few processes, or on a Dask cluster: one that fails, or whose process dies, never stops the rest."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from toolkit.base.errors import UsageError, need_extra
from toolkit.base.texts import say
from toolkit.forecast.make import available_cores
from toolkit.reports.blocks import Frame
from toolkit.reports.context import frame_of
from toolkit.reports.formats import Audience
from toolkit.reports.wording import words
from toolkit.run.kernels import Kernels, fork_key, fork_server, share_fork_server, start
from toolkit.run.manifest import read_about
from toolkit.run.notebook import Limits, NotebookError, Parameter, describe, execute

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
        On the time of a cell and what it shows.
    papers :
        Files that the notebook itself writes beside its page (Word, PDF); its parameter ``papers`` names them.
    audience :
        Whether the page leaves the code out or folds it.
    is_own :
        Whether the notebook is the user's: its page is what it shows, with title and last line of ours.
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
    is_own: bool = False

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


Work = Callable[[Job, Kernels], Done]
"""What a worker does with a job, given the kind of kernels to use. Must be importable."""


def run_job(job: Job, kernels: Kernels = "plain") -> Done:
    """Execute the notebook of `job` and turn it into its page; errors are caught and described."""
    started = time.perf_counter()
    error, cell, cells = "", 0, 0.0
    try:
        for old in (job.page, *job.papers):
            old.unlink(missing_ok=True)  # an older one must not pass for this run's
        cells = execute(job.template, job.notebook, dict(job.parameters), limits=job.limits, kernels=kernels)
        from toolkit.reports.formats import write_page

        write_page(job.notebook, job.page, language=job.language, audience=job.audience, frame=_frame(job))
    except Exception as caught:  # noqa: BLE001  (whatever happened to one area is that area's result)
        error = describe(caught)
        cell = caught.cell if isinstance(caught, NotebookError) else 0
    return Done(job, time.perf_counter() - started, error, cell, cell_seconds=cells)


def _frame(job: Job) -> Frame | None:
    """Return title, warning and last line of the page of one's own notebook, which shows no document that has them."""
    if not job.is_own:
        return None
    facts = read_about(job.page.parents[1]).facts
    return frame_of(words(job.language), facts, f"{job.label} – {job.template.stem}")


def run_jobs(
    jobs: Sequence[Job],
    *,
    workers: int | None = None,
    on_start: Callable[[Job], None] = lambda _: None,
    on_done: Callable[[Done], None] = lambda _: None,
    work: Work = run_job,
    kernels: Kernels = "plain",
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
        What a process does with a job.
    kernels :
        ``forked`` within :func:`toolkit.run.kernels.fork_server`; the workers are forked too.
    """
    waiting, attempts = deque(jobs), Counter[str]()
    ended: dict[str, Done] = {}
    pool: list[Worker] = []
    try:
        for _ in range(min(workers or available_cores(), len(jobs))):
            pool.append(Worker(work, kernels))  # noqa: PERF401  (so that it is closed if the next cannot be started)
        while len(ended) < len(jobs):
            for worker in pool:
                if waiting and worker.job is None:
                    job = waiting.popleft()
                    attempts[job.name] += 1
                    on_start(job)
                    worker.begin(job)
            ready = wait([worker.channel for worker in pool if worker.job])
            for worker in [worker for worker in pool if worker.channel in ready]:
                job, done = worker.end()
                if done is None and attempts[job.name] < ATTEMPTS:
                    waiting.append(job)
                    continue
                ended[job.name] = done or Done(job, 0.0, say("run.worker_died", attempts=ATTEMPTS))
                on_done(ended[job.name])
    finally:
        for worker in pool:
            worker.close()
    return [ended[job.name] for job in jobs]


class Worker:
    """A process that does one job at a time, and is replaced when it dies.

    Attributes
    ----------
    job :
        What it is at; None while it has nothing to do.
    channel :
        On which the result of the job will come.
    """

    def __init__(self, work: Work, kernels: Kernels) -> None:
        self.job: Job | None = None
        self._work, self._kernels = work, kernels
        self._open()

    def _open(self) -> None:
        self.channel, theirs = multiprocessing.Pipe()
        given = (theirs, self._work, self._kernels, fork_key())
        try:
            self._process = start(self._kernels, _serve, *given, environment=os.environ)
        except (OSError, EOFError):  # no fork server: then nothing is forked
            self._process = start("plain", _serve, theirs, self._work, "plain", None, environment=os.environ)
        theirs.close()

    def begin(self, job: Job) -> None:
        """Begin a job."""
        self.job = job
        with suppress(OSError):  # a dead worker is found out when its result is read
            self.channel.send(job)

    def end(self) -> tuple[Job, Done | None]:
        """Return the job and how it ended; None if the process died over it."""
        assert self.job is not None
        job, done = self.job, None
        try:
            done = self.channel.recv()
        except (OSError, EOFError):
            self.close()
            self._open()
        self.job = None
        return job, done

    def close(self) -> None:
        """End the process, whatever it is at."""
        self.channel.close()
        self._process.kill()
        self._process.join()


def _serve(channel: Connection, work: Work, kernels: Kernels, key: bytes | None) -> None:
    """Do the jobs that come on `channel` until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair, which then ends its workers
    if kernels == "forked":
        share_fork_server(key)
    with suppress(EOFError, OSError):
        while True:
            channel.send(work(channel.recv(), kernels))


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
    jobs: Sequence[Job], scheduler: str, *, kernels: Kernels, on_done: Callable[[Done], None] = lambda _: None
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
    need_extra("cluster")
    import distributed

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
