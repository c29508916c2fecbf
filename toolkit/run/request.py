"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from toolkit.base.texts import Language
from toolkit.data.areas import Area
from toolkit.reports.formats import Edition
from toolkit.run.kernels import Kernels
from toolkit.run.notebook import Limits


@dataclass(frozen=True)
class ReportRequest:
    """What to report on.

    Attributes
    ----------
    areas :
        Areas to report on, in order; one report each.
    summary :
        Whether to make the plan summary too.
    language :
        ``vi`` or ``en``.
    folder :
        The run: all files go below it.
    data :
        Data folder.
    plan :
        Identifier of the plan; None for the only one.
    as_of :
        Only what was known on this day is used.
    draws, seed, model :
        Of the forecasts.
    workers :
        Number of processes; all cores if None.
    kernels :
        ``forked`` from a process that has imported everything, or ``plain``; what suits the system if None.
    force :
        Make everything anew, even what an earlier run left that is still good.
    limits :
        On the time of a cell and of a notebook.
    scheduler :
        Address of a Dask cluster to run on; empty for this machine.
    command :
        How the run can be asked for again, recorded in the manifest.
    edition :
        Forms, reporting round and audience of the reports.
    """

    areas: tuple[Area, ...]
    summary: bool
    language: Language
    folder: Path
    data: Path
    plan: str | None
    as_of: date
    draws: int
    seed: int
    model: str
    workers: int | None = None
    kernels: Kernels | None = None
    force: bool = False
    limits: Limits = Limits()  # noqa: RUF009  (frozen)
    scheduler: str = ""
    command: str = ""
    edition: Edition = Edition()  # noqa: RUF009  (frozen)
