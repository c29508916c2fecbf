from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from toolkit.data.dataset import PROJECT_DATA
from toolkit.data.reference import Reference, read_reference

TODAY = date(2026, 11, 23)
NOT_NEEDED = shutil.ignore_patterns("000[2-9].csv", "panels", "provinces", "plans")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the project's data that a test may change."""
    return Path(shutil.copytree(PROJECT_DATA, tmp_path / "data", ignore=NOT_NEEDED))


@pytest.fixture(scope="session")
def reference() -> Reference:
    return read_reference(PROJECT_DATA, now=TODAY)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")
