"""Progress of a run: a live table on a terminal, plain lines in a log, events for a machine."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from toolkit.base.numbers import numbers
from toolkit.base.texts import Language, texts
from toolkit.run.batch import Done, Job


class Progress:
    """Tells how far a run is.

    Parameters
    ----------
    total :
        Number of reports to make.
    language :
        Of the messages.
    events :
        Print one JSON object a line to standard output instead of words.
    console :
        Where words go; standard error by default.
    """

    def __init__(self, total: int, language: Language, *, events: bool = False, console: Console | None = None) -> None:
        self._total = total
        self._counts = {"done": 0, "kept": 0, "failed": 0}
        self._running: dict[str, str] = {}
        self._first_start = 0.0
        self._stage = ""
        self._texts = texts(language)
        self._numbers = numbers(language)
        self._events = events
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, get_renderable=self._table, refresh_per_second=2, transient=True)
        self._is_live = self._console.is_terminal and not events

    def __enter__(self) -> Self:
        if self._is_live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_live:
            self._live.stop()

    def stage(self, key: str) -> None:
        """Say which stage starts."""
        self._stage = self._texts.t(key)
        if self._events:
            self._event("stage", name=key.removeprefix("run."))
        elif not self._is_live:
            self._say(f"{self._stage} …")

    def start(self, job: Job) -> None:
        """Note that a report is begun."""
        self._running[job.name] = job.label
        self._first_start = self._first_start or time.monotonic()
        if self._events:
            self._event("start", name=job.name)

    def done(self, done: Done) -> None:
        """Say how one report ended."""
        self._running.pop(done.job.name, None)
        outcome = "failed" if done.error else "kept" if done.kept else "done"
        self._counts[outcome] += 1
        if self._events:
            self._event(
                outcome,
                name=done.job.name,
                seconds=round(done.seconds, 2),
                error=done.error,
                cell=done.cell,
                left=self.left,
            )
            return
        seconds = self._numbers.decimal(done.seconds, 1)
        key = {"failed": "run.page_failed", "kept": "run.page_kept", "done": "run.page_done"}[outcome]
        words = self._texts.t(key, name=done.job.name, label=done.job.label, seconds=seconds, error=done.error)
        self._say(f"[{self._total - self.left}/{self._total}] {words}")

    @property
    def left(self) -> int:
        """Return how many reports have not ended."""
        return self._total - sum(self._counts.values())

    def seconds_to_go(self) -> float | None:
        """Return an estimate of the time to the end; None before the first report was made."""
        made = self._counts["done"] + self._counts["failed"]
        if not made or not self._first_start:
            return None
        return (time.monotonic() - self._first_start) / made * self.left

    def close_with(self, index: Path, failed: Sequence[Done]) -> None:
        """Say where the result is, and which reports are missing."""
        if self._events:
            self._event("end", index=str(index), folder=str(index.parent), failed=[item.job.name for item in failed])
            return
        if failed:
            listed = ", ".join(f"{item.job.label} ({item.job.name})" for item in failed)
            self._say(self._texts.t("run.some_failed", count=len(failed), names=listed))
        print(self._texts.t("run.where", index=index), file=sys.stdout)  # noqa: T201

    def _table(self) -> Group:
        counts = {**self._counts, "running": len(self._running), "left": self.left - len(self._running)}
        table = Table(box=None, pad_edge=False)
        for name in counts:
            table.add_column(self._texts.t(f"run.count.{name}"), justify="right")
        table.add_column(self._texts.t("run.count.to_go"), justify="right")
        to_go = self.seconds_to_go()
        table.add_row(*map(str, counts.values()), "–" if to_go is None else f"{int(to_go) // 60}:{int(to_go) % 60:02d}")
        running = [f"  {label} ({name})" for name, label in self._running.items()]
        return Group(Text(self._stage), table, *(Text(line) for line in running))

    def _event(self, event: str, **fields: object) -> None:
        print(json.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)  # noqa: T201

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False)
