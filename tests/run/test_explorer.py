"""The scenario page: a slider moves the chance and the chart, and nothing is needed from elsewhere."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import ROOT
from toolkit.api.comparisons import USUAL, Part, as_code, askable, compare, explore, moved, panes
from toolkit.attainment.assess import assess
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan.plan import Plan
from toolkit.run.session import Run

CHROMIUM = shutil.which("chromium")
PROGRAM = "from toolkit.cli.main import main; main()"


@pytest.fixture(scope="session")
def run(real_forecasts: Forecasts, real_data: Dataset, real_plan: Plan) -> Run:
    return Run(real_data, real_plan, real_forecasts)


def shown(run: Run, **sliders: float) -> Part:
    return compare(run, moved(run, "181", "T30-03", **sliders), "181", "T30-03").parts[0]


def test_sliders_at_rest_are_business_as_usual(run: Run) -> None:
    (effect,) = (part := shown(run)).effects
    assert effect.usual == effect.changed
    assert (effect.change, effect.change_error) == (0.0, 0.0)
    assert "<svg" in panes(part)[1]


def test_what_the_page_says_is_what_the_verbs_say(run: Run) -> None:
    made = moved(run, "181", "T30-03", pace=-0.5, shock=4.0)
    assert [step.verb for step in made.steps] == ["fixed_pace", "shock"]
    answer = assess(run.plan.target("T30-03"), run.dataset.areas.get("181"), run.plan, run.dataset, made.forecasts)
    assert shown(run, pace=-0.5, shock=4.0).effects[0].changed == answer


def test_a_move_takes_less_than_a_second_of_a_core(run: Run) -> None:
    panes(shown(run, pace=-0.1))
    started = time.process_time()
    panes(shown(run, pace=-0.5, shock=4.0))
    assert time.process_time() - started < 1.0


def test_only_what_can_still_change_is_offered(run: Run) -> None:
    for code in ("20", "181"):
        found = askable(run, run.dataset.areas.get(code))
        assert "T30-03" in {target.id for target in found}
        assert all(target.due > 2026 for target in found)


def test_the_sliders_number_is_the_pace_of_the_median(run: Run) -> None:
    """One point a year less is that, whatever the forecast's own pace; a new standard (2027) makes its own jump."""
    made = moved(run, "20", "T30-03", pace=-0.1)
    path = made.forecasts.path("20", "poverty_rate", "all")
    assert path is not None
    median, years = path.quantiles([0.5])[:, 0], list(path.years)
    assert float(median[years.index(2025)] - median[years.index(2026)]) == pytest.approx(0.1, abs=0.02)


def test_sliders_write_numbers_as_the_language_does(run: Run) -> None:
    for language, written in (("vi", "−0,5"), ("en", "−0.5")):
        page = explore(run, language=language)
        parts = page._parts
        slider = parts["pace"]
        assert dict(slider.options)[written] == -0.5
        assert slider.value == USUAL
        labels = [label for label, _ in slider.options]
        numbers = [value if value != USUAL else -10.0 for _, value in slider.options]
        assert labels[numbers.index(-10.0)].startswith("như dự báo" if language == "vi" else "as forecast")
        before = parts["answer"].value, parts["chart"].value
        slider.value = -0.5
        assert parts["answer"].value != before[0]
        assert parts["chart"].value != before[1]
        assert "fixed_pace" in parts["code"].value
        parts["shock"].value = 4.0
        parts["year"].value = parts["year"].options[-1][1]
        assert f"year={parts['year'].value}" in parts["code"].value
        parts["reset"].click()
        assert (slider.value, parts["shock"].value) == (USUAL, 0.0)
        assert (parts["answer"].value, parts["chart"].value) == before
    parts["language"].value = "vi"
    assert parts["shock"].description.startswith("Cú sốc")
    assert "Xác suất" in parts["answer"].value


def test_the_code_of_a_scenario_makes_it_again(run: Run) -> None:
    made = moved(run, "181", "T30-03", pace=-1.0, shock=2.0, year=2028)
    code = as_code(made, "181", "T30-03").replace("toolkit.compute_run()", "run")
    told: dict[str, object] = {"run": run}
    exec(code.replace("run = run\n", "").replace("toolkit.compare(", "found = toolkit.compare("), told)
    assert told["found"].table.equals(compare(run, made, "181", "T30-03").table)


class Server:
    """The scenario page, served as ``make explore`` does.

    Attributes
    ----------
    url :
        With the key; ``url.partition("?")[0]`` is the address alone.
    """

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, "explore", "--port", str(self.port)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
                stderr=log,
            )
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()
        for _ in range(1800):
            if self.process.poll() is not None:
                break
            with socket.socket() as door:
                if door.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        pytest.fail(f"the page is not served:\n{self.log.read_text()}")

    def asked(self, path: str = "/", **headers: str) -> int:
        """Return the status of a request."""
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        door = http.client.HTTPConnection("127.0.0.1", self.port, timeout=180)
        try:
            door.request("GET", path, headers={"Host": f"localhost:{self.port}", **given})
            answer = door.getresponse()
            if answer.status == 200:
                answer.read()  # it comes as the cells are run
            return answer.status
        finally:
            door.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(90)
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("served"))
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.slow
def test_who_lacks_the_key_or_comes_from_elsewhere_is_refused(served: Server) -> None:
    key = f"/?{urlsplit(served.url).query}"
    assert served.asked() == 302  # to the page that asks for the key
    assert served.asked("/login") == 200
    assert [served.asked(key) for _ in range(4)] == [200] * 4  # a lone user who loads the page again and again
    for host in ("evil.example", f"evil.example:{served.port}", "192.0.2.1"):
        assert served.asked(key, Host=host) == 403
    [folder] = Path("/tmp").glob(f"toolkit-explore-{served.process.pid}-*/voila*")
    kernel = next(folder.glob("kernel-*.json")).stem.removeprefix("kernel-")
    assert list(folder.glob(f"kernel-{kernel}-ipc-*"))  # no port of a kernel is open
    socket_call = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13",
                   "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA=="}  # fmt: skip
    channels = f"/api/kernels/{kernel}/channels"
    assert served.asked(channels, **socket_call) == 403
    for origin, status in (("http://evil.example", 403), ("null", 403), (f"http://localhost:{served.port}", 101)):
        assert served.asked(channels + key[1:], Origin=origin, **socket_call) == status


@pytest.mark.slow
def test_a_port_in_use_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        taken_port = taken.getsockname()[1]
        command = [sys.executable, "-c", PROGRAM, "explore", "--port", str(taken_port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"Cổng {taken_port} " in done.stderr


MOVE = """async ([selector, key]) => {
  const seen = () => ['.explorer-answer', '.explorer-chart'].map(one => document.querySelector(one)?.innerHTML);
  const before = seen(), handle = document.querySelectorAll(selector)[0];
  handle.focus();
  const started = performance.now();
  handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
  for (;;) {
    await new Promise(done => requestAnimationFrame(done));
    const now = seen();
    if (now.every((text, place) => text && text !== before[place])) return performance.now() - started;
    if (performance.now() - started > 60000) return -1;
  }
}"""
"""Presses a key on a slider and returns the milliseconds until both the answer and the chart have changed."""


@pytest.mark.slow
def test_a_slider_moves_the_chance_and_the_chart(
    served: Server, record_property: Callable[[str, object], None]
) -> None:
    assert CHROMIUM, "Debian's package chromium is needed (apt-get install chromium)"
    from playwright.sync_api import Route, sync_playwright

    own, faults = urlsplit(served.url).netloc, []
    hosts: set[str] = set()
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()

        def load(route: Route) -> None:
            host = urlsplit(route.request.url).netloc
            hosts.add(host)
            route.continue_() if host in ("", own) else route.abort()

        page.route("**/*", load)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(served.url, timeout=180_000)
        page.wait_for_selector(".explorer-chart svg", timeout=180_000)
        # controls come one by one, before the chart or after it
        page.wait_for_function("document.querySelectorAll('.widget-readout').length >= 3", timeout=180_000)
        assert not page.locator("pre code, .jp-CodeMirrorEditor").count()
        shown = page.locator(".widget-readout").all_inner_texts()
        assert shown[0].startswith("như dự báo")
        assert shown[1:] == ["0,0", "2027"]
        waited = [page.evaluate(MOVE, [".noUi-handle", key]) for key in ("ArrowLeft", "ArrowLeft", "ArrowRight")]
        assert re.fullmatch(r"[+−]?\d,\d", page.locator(".widget-readout").first.inner_text())
        browser.close()
    assert hosts - {""} <= {own, "cdn.jsdelivr.net"}  # Voilà asks there for icons, which the page does without
    assert faults == []
    record_property("milliseconds", [round(one) for one in waited])
    sys.stderr.write(f"a move of the slider takes {[round(one) for one in waited]} ms\n")
    assert all(one > 0 for one in waited)
