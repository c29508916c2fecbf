"""Worker processes: each does one job at a time and says how it ended."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

from toolkit.run.forked import forked_worker

Work = Callable[[Any, str], Any]
"""What a worker does with a job, given the zygote's address (empty: plain kernels). Must be importable."""


def serve(channel: Connection) -> None:
    """Take ``(work, job, zygote)`` from `channel` and send back what ``work(job, zygote)`` returns, until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair, which then ends its workers
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_with, args=(parent.sentinel,), daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            work, job, zygote = channel.recv()
            channel.send(work(job, zygote))


def _leave_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


class Worker:
    """One worker process, and the job it is at.

    Parameters
    ----------
    work :
        What it does with each job.
    zygote :
        Address of the process to fork it from, and its kernels; empty to start plain ones.
    """

    def __init__(self, work: Work, zygote: str) -> None:
        self._work = work
        self._zygote = zygote
        self.job: Any = None
        try:
            started: tuple[Any, Connection] = forked_worker(zygote) if zygote else _plain_worker()
        except OSError:
            self._zygote = ""
            started = _plain_worker()
        self._process, self.channel = started

    def start(self, job: Any) -> None:
        """Begin a job; its result will come on `channel`."""
        self.job = job
        with contextlib.suppress(OSError):  # a dead worker is found out when its result is read
            self.channel.send((self._work, job, self._zygote))

    def result(self) -> Any:
        """Return what the job came to.

        Raises
        ------
        EOFError
            If the worker died.
        """
        self.job = None
        try:
            return self.channel.recv()
        except OSError as error:
            raise EOFError from error

    def close(self) -> None:
        """End the worker, whatever it is at."""
        self.channel.close()
        self._process.kill()
        if isinstance(self._process, multiprocessing.process.BaseProcess):
            self._process.join()
        else:
            self._process.wait()


def _plain_worker() -> tuple[Any, Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return process, ours
