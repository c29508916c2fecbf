"""What a report says about itself: how its run was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class RunFacts:
    """How the numbers of a run came about.

    Attributes
    ----------
    as_of :
        What was known on this day counts, nothing later.
    seed, draws :
        Seed and number of the joint draws.
    model :
        Name of the forecasting model.
    versions :
        Version by package, this toolkit first.
    title :
        Title of the run; may be empty.
    simulated :
        True where the data are made up: every page says so.
    commit :
        State of the program, e.g. ``"cb50862"``; empty if unknown.
    command :
        Command that makes the run again; empty if it was not started by one.
    """

    as_of: date
    seed: int
    draws: int
    model: str
    versions: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    simulated: bool = False
    commit: str = ""
    command: str = ""
