"""The scenario page: a slider moves the chance and the chart, within a second, and nothing comes from elsewhere."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.web import HTTPError

from tests.conftest import ROOT
from toolkit.api.explorer import Setup, askable, scenario_of, view_of
from toolkit.attainment.assess import assess
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.schema import Plan
from toolkit.run.explorer.__main__ import arguments
from toolkit.run.explorer.kernels import MOST_KERNELS, CappedKernelManager
from toolkit.run.session import Run

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
def run(real_forecasts: Forecasts, real_data: Dataset, real_plan: Plan) -> Run:
    return Run(real_data, real_plan, real_forecasts)


def test_sliders_at_rest_are_business_as_usual(run: Run) -> None:
    found = view_of(run, Setup("181", "T30-03"), "en")
    assert found.usual == found.changed
    assert (found.change, found.change_error) == (0.0, 0.0)
    assert found.svg().startswith("<svg")


def test_what_the_page_says_is_what_the_verbs_say(run: Run) -> None:
    setup = Setup("181", "T30-03", pace=-0.5, blow=4.0)
    made = scenario_of(run, setup)
    assert [step.verb for step in made.steps] == ["change_of_pace", "shock"]
    answer = assess(run.plan.target("T30-03"), run.dataset.areas.get("181"), run.plan, run.dataset, made.forecasts)
    assert view_of(run, setup, "en").changed == answer


def test_a_move_takes_less_than_a_second_of_a_core(run: Run) -> None:
    view_of(run, Setup("181", "T30-03", pace=-0.1), "vi").svg()
    started = time.process_time()
    view_of(run, Setup("181", "T30-03", pace=-0.5, blow=4.0), "vi").svg()
    assert time.process_time() - started < 1.0


def test_only_what_can_still_change_is_offered(run: Run) -> None:
    for code in ("20", "181"):
        found = askable(run, run.dataset.areas.get(code))
        assert "T30-03" in {target.id for target in found}
        assert all(target.due > 2026 for target in found)


def test_served_on_loopback_with_idle_kernels_stopped() -> None:
    given = arguments(Path("n.ipynb"), 1234)
    assert "--Voila.ip=127.0.0.1" in given
    assert any("cull_idle_timeout=600" in one for one in given)


def test_no_more_kernels_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    manager: Any = CappedKernelManager()
    monkeypatch.setattr(manager, "list_kernel_ids", lambda: ["k"] * MOST_KERNELS)
    with pytest.raises(HTTPError) as caught:
        asyncio.run(manager.start_kernel())
    assert caught.value.status_code == 503


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    notebook = shutil.copy(ROOT / "notebooks" / "03_scenarios.ipynb", tmp_path)
    command = [sys.executable, "-m", "toolkit.run.explorer", str(notebook), str(port)]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/static/voila.js", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.terminate()
            server.wait(30)


@pytest.mark.slow
@pytest.mark.load
def test_a_slider_moves_the_chance_and_the_chart(served: str) -> None:
    assert CHROMIUM, "Debian's package chromium is needed (apt-get install chromium)"
    from playwright.sync_api import sync_playwright

    hosts: set[str] = set()
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: hosts.add(request.url.split("/")[2] if "://" in request.url else ""))
        page.goto(served, timeout=240_000)
        page.wait_for_selector(".explorer-answer", timeout=240_000)
        assert not page.locator("pre code, .jp-CodeMirrorEditor").count()
        waited = []
        for key in ("ArrowLeft", "ArrowLeft", "ArrowRight"):
            text, chart = page.inner_text(".explorer-answer"), page.inner_html(".explorer-chart")
            page.locator(".noUi-handle").first.focus()
            started = time.perf_counter()
            page.keyboard.press(key)
            page.wait_for_function(
                "([text, chart]) => document.querySelector('.explorer-answer').innerText !== text"
                " && document.querySelector('.explorer-chart').innerHTML !== chart",
                arg=[text, chart],
                timeout=30_000,
            )
            waited.append(time.perf_counter() - started)
        browser.close()
    assert {host for host in hosts if host} == {served.split("/")[2]}
    assert len(waited) == 3
