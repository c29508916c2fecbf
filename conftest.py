"""What examples in docstrings may use: ``run``, a small run on the project's data, made once, and ``usual`` of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import toolkit

API = (
    "toolkit/api",
    "toolkit/scenario",
    "toolkit/run/s",
    "toolkit/plan/plan",
    "toolkit/plan/load",
    "toolkit/forecast/paths",
    "toolkit/data/dataset",
)
"""Modules whose examples ask for them."""


@pytest.fixture(scope="session")
def small_run() -> object:
    """Return forecasts of the project's data with few draws."""
    return toolkit.compute_run(as_of=date(2026, 11, 23), draws=200)


@pytest.fixture(autouse=True)
def _examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, object]) -> None:
    place = Path(str(request.node.path)).as_posix()
    if isinstance(request.node, pytest.DoctestItem) and any(part in place for part in API):
        run = request.getfixturevalue("small_run")
        doctest_namespace.update(run=run, usual=run.what_if(), plan=run.plan, data=run.dataset)
