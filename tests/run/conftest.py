"""Messages of these tests are English."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speak English."""
    monkeypatch.setenv("TOOLKIT_LANG", "en")
