"""What many tests share: the real data, the plan, and forecasts with few draws."""

from __future__ import annotations

import os
import re
import shutil
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from toolkit.data.dataset import Dataset, load
from toolkit.forecast.make import make_forecasts
from toolkit.forecast.store import Forecasts
from toolkit.plan.load import load_plan
from toolkit.plan.plan import Plan

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 11, 23)

# Several workers may share two cores. Where CI is set hypothesis tries the same examples every time: what lands is
# judged by what changed, and new examples are looked for by those who can mend what they show.
settings.register_profile("any machine", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("any machine")

HOSTILE = pytest.StashKey[int]()
"""How many tests are marked ``hostile``, of all that were collected."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Count the corpora before any of them is left out."""
    config.stash[HOSTILE] = sum(item.get_closest_marker("hostile") is not None for item in items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker whole files; the two that look at one site, which is slow to make, go together."""
    from xdist.scheduler import LoadFileScheduling

    class BySite(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return re.sub(r"reports/test_(?:browser|site)\.py", "reports", super()._split_scope(nodeid))

    return BySite(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(autouse=True)
def language_of_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every test begin with messages in Vietnamese, whatever an earlier one chose in this process."""
    monkeypatch.setenv("TOOLKIT_LANG", "vi")


@pytest.fixture(scope="session")
def real_data() -> Dataset:
    """Return the project's data as known on 23 November 2026."""
    return load(ROOT / "data", as_of=TODAY)


@pytest.fixture(scope="session")
def real_plan() -> Plan:
    """Return Plan 138/KH-UBND."""
    return load_plan("langson-138", folder=ROOT / "data")


@pytest.fixture(scope="session")
def real_forecasts(real_data: Dataset, real_plan: Plan) -> Forecasts:
    """Return forecasts of everything the plan needs, with 400 draws."""
    return make_forecasts(real_data, real_plan, [], draws=400)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a running Chromium; a machine without one fails."""
    found = shutil.which("chromium")
    if found is None:
        pytest.fail("Chromium is not installed (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # playwright's own
        with sync_playwright() as playwright:
            running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
            yield running
            running.close()
