"""papermill's engine with limits on time, and with the notebook within reach however the run ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from toolkit.base.texts import say

if TYPE_CHECKING:
    from toolkit.run.notebook import Limits

NAME = "toolkit"


class Watch:
    """Follows one notebook while it runs.

    Attributes
    ----------
    notebook :
        With all outputs so far; None before the kernel was asked for.
    cell :
        Index of the cell that was begun last; -1 before the first.
    cell_seconds :
        Seconds that the cells took so far.
    """

    def __init__(self, limits: Limits) -> None:
        self.notebook: Any = None
        self.cell = -1
        self.cell_seconds = 0.0
        self._cell_begun = 0.0
        self._limits = limits
        self._begun = time.monotonic()

    @property
    def started(self) -> bool:
        """Say whether a cell has been begun."""
        return self.cell >= 0

    def begin_cell(self, cell: Any, cell_index: int) -> None:
        """Note that a cell begins."""
        del cell
        self.cell = cell_index
        self._cell_begun = time.monotonic()

    def end_cell(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        """Note that a cell has been executed."""
        del cell, cell_index, execute_reply
        self.cell_seconds += time.monotonic() - self._cell_begun

    def seconds_left(self, cell: Any) -> float:
        """Return how long the next cell may take."""
        del cell
        # nbclient takes 0 for "no limit"
        return max(0.01, min(self._limits.cell, self._limits.notebook - (time.monotonic() - self._begun)))

    def reason(self, error: Exception) -> str:
        """Return what went wrong, in a reader's words."""
        from nbclient.exceptions import CellTimeoutError, DeadKernelError

        if isinstance(error, CellTimeoutError):
            if time.monotonic() - self._begun >= self._limits.notebook:
                return say("run.notebook_timeout", seconds=f"{self._limits.notebook:g}")
            return say("run.cell_timeout", seconds=f"{self._limits.cell:g}")
        if isinstance(error, DeadKernelError):
            return say("run.kernel_died")
        return f"{type(error).__name__}: {error}"


def use_engine() -> str:
    """Register the engine with papermill and return the name to call it by."""
    from papermill.engines import NBClientEngine, papermill_engines

    if NAME not in papermill_engines._engines:

        class ToolkitEngine(NBClientEngine):  # type: ignore[misc]
            """Runs the notebook under a :class:`Watch`."""

            @classmethod
            def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, watch: Watch, **settings: Any) -> Any:
                """Execute the cells; see papermill."""
                watch.notebook = nb_man.nb
                return super().execute_managed_notebook(
                    nb_man,
                    kernel_name,
                    timeout_func=watch.seconds_left,
                    on_cell_start=watch.begin_cell,
                    on_cell_executed=watch.end_cell,
                    shutdown_kernel="immediate",
                    **settings,
                )

        papermill_engines.register(NAME, ToolkitEngine)
    return NAME
