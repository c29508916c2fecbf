from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from toolkit.base.problems import Problem
from toolkit.data.consistency import check_between
from toolkit.data.dataset import PROJECT_DATA, Dataset, load
from toolkit.data.observations import OBSERVATION_LAYOUT, figures_of
from toolkit.data.reference import Reference, read_reference
from toolkit.data.tables import read_tables

TODAY = date(2026, 11, 23)
Check = Callable[[bytes | str, str], list[Problem]]


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return load(PROJECT_DATA, as_of=TODAY)


@pytest.fixture(scope="session")
def reference() -> Reference:
    return read_reference(PROJECT_DATA, now=TODAY)


@pytest.fixture(autouse=True)
def speak_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")


def check_against(path: Path, reference: Reference) -> list[Problem]:
    """Return all problems of one observation table."""
    read_file = read_tables(path, OBSERVATION_LAYOUT)
    problems = read_file.problems
    for table in read_file.tables:
        read = figures_of(table, reference)
        check_between(read, reference, table.problems)
        problems.extend(table.problems.all())
    return problems


@pytest.fixture
def check(tmp_path: Path, reference: Reference) -> Check:
    """Write a file, check it, return its problems."""

    def run(content: bytes | str, name: str = "table.csv") -> list[Problem]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return check_against(path, reference)

    return run
