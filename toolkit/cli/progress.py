"""Progress of a run: a live line on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from toolkit.base.numbers import numbers
from toolkit.base.texts import Language, texts
from toolkit.run.batch import Done


class Progress:
    """Tells how far a run is.

    Parameters
    ----------
    total :
        Number of pages to make.
    language :
        Of the messages.
    quiet :
        Say nothing (the result is printed for a machine).
    """

    def __init__(self, total: int, language: Language, *, quiet: bool = False) -> None:
        self._total = total
        self._count = 0
        self._texts = texts(language)
        self._numbers = numbers(language)
        self._quiet = quiet
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live: RichProgress | None = None
        if self._console.is_terminal and not quiet:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._live = RichProgress(*columns, console=self._console)
            self._task = self._live.add_task("", total=total)

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def stage(self, key: str) -> None:
        """Say which stage starts."""
        if self._live:
            self._live.update(self._task, description=self._texts.t(key))
        else:
            self._say(f"{self._texts.t(key)} …")

    def done(self, done: Done) -> None:
        """Say how one page ended."""
        self._count += 1
        key = "run.page_failed" if done.error else "run.page_kept" if done.kept else "run.page_done"
        seconds = self._numbers.decimal(done.seconds, 1)
        self._say(
            f"[{self._count}/{self._total}] "
            + self._texts.t(key, name=done.job.name, label=done.job.label, seconds=seconds, error=done.error)
        )
        if self._live:
            self._live.update(self._task, advance=1)

    def close_with(self, index: Path, failed: Sequence[Done]) -> None:
        """Say where the result is, and which pages are missing."""
        if failed:
            names = ", ".join(f"{item.job.label} ({item.job.name})" for item in failed)
            self._say(self._texts.t("run.some_failed", count=len(failed), names=names))
        print(self._texts.t("run.where", index=index), file=sys.stdout)  # noqa: T201

    def _say(self, line: str) -> None:
        if not self._quiet:
            self._console.print(line, markup=False)
