"""Notebooks in a real JupyterLab: a delivered report that is not trusted, the area notebook alone, and tutorials."""

from __future__ import annotations

import os
import re
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
from typer.testing import CliRunner

from tests.conftest import ROOT
from toolkit.cli.main import app

pytestmark = pytest.mark.slow
OUTPUTS = ".jp-OutputArea-output"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what a researcher has: a run, the parameterized notebooks and two of the course."""
    made = tmp_path_factory.mktemp("lab")
    arguments = ["report", "--area", "20", "--area", "181", "--draws", "200", "--out", str(made / "run")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    for kind in ("parameterized", "notebooks"):
        shutil.copytree(ROOT / kind, made / kind)
    return made


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[str]:
    """Start JupyterLab as a user has it, without any trust carried over, and return its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = folder / "home"
    places = {f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--ServerApp.token=t", f"--ServerApp.root_dir={folder}", "--LabApp.news_url=", "--ip=127.0.0.1"]
    environment = {**os.environ, "HOME": str(home), **places, "PYTHONPATH": str(ROOT)}
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield _answering(f"http://127.0.0.1:{port}", folder / "lab.log")
    finally:
        server.terminate()
        server.wait(timeout=90)


def _answering(address: str, log: Path) -> str:
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/api?token=t", timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            return address
    pytest.fail(log.read_text())


def opened(browser: Any, lab: str, notebook: str, scheme: str = "light") -> Any:
    """Open a notebook; the window is so tall that JupyterLab shows every cell."""
    page = browser.new_context(viewport={"width": 1200, "height": 20000}, color_scheme=scheme).new_page()
    page.goto(f"{lab}/lab/tree/{notebook}?token=t&reset")
    page.wait_for_selector(f".jp-Notebook {OUTPUTS}, .jp-Notebook .jp-Cell", timeout=180_000)
    return page


def run_all(page: Any, seconds: int) -> None:
    """Run all cells once the kernel is there, and wait until it has done so; an error in a cell ends it at once.

    A kernel that connects again forgets what it was asked before: where nothing runs or is waiting, it is asked again.
    """
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=180_000)
    deadline, still = time.monotonic() + seconds, 0
    while True:
        prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
        errors = page.locator(f"{OUTPUTS}[data-mime-type='application/vnd.jupyter.error']").all_inner_texts()
        assert not errors, errors
        if prompts and all(re.search(r"\d", one) for one in prompts):
            return
        assert time.monotonic() < deadline, (prompts, page.inner_text(".jp-Notebook")[-3000:])
        still = 0 if any("*" in one for one in prompts) else still + 1
        if still % 20 == 1:
            page.get_by_text("Run", exact=True).first.click()
            page.get_by_text("Run All Cells", exact=True).click()
        page.wait_for_timeout(500)


def pictures(page: Any) -> list[dict[str, Any]]:
    """Return every picture of the outputs: its words, its size once loaded, and how many colours it has."""
    return list(
        page.evaluate(
            """async (where) => { const found = [];
            for (const image of document.querySelectorAll(`${where} img`)) {
              await image.decode();
              const canvas = document.createElement('canvas'), size = [image.naturalWidth, image.naturalHeight];
              [canvas.width, canvas.height] = size;
              const context = canvas.getContext('2d'); context.drawImage(image, 0, 0);
              const data = context.getImageData(0, 0, ...size).data, colours = new Set();
              for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 250)
                colours.add(data.slice(at, at + 3).join());
              found.push({alt: image.alt, width: size[0], height: size[1], colours: colours.size,
                          band: colours.has('181,207,232')}); }
            return found; }""",
            OUTPUTS,
        )
    )


def test_a_delivered_report_that_is_not_trusted_shows_its_charts_tables_and_colours(
    browser: Any, lab: str, folder: Path
) -> None:
    (name,) = [file.name for file in (folder / "run" / "areas").glob("20-*.ipynb")]
    page = opened(browser, lab, f"run/areas/{name}")
    page.wait_for_function(  # cells further down are drawn when there is time
        f"() => [...document.querySelectorAll('{OUTPUTS} img')].filter(one => one.naturalWidth >= 300).length >= 4",
        timeout=180_000,
    )
    shown = pictures(page)
    charts = [one for one in shown if one["width"] >= 300]
    assert len(charts) >= 4
    assert all(one["alt"] and one["colours"] > 8 for one in charts), charts
    assert any(one["band"] for one in charts), "the 80 % band has its colour"
    text = page.inner_text(".jp-Notebook")
    assert "0102030402" not in text
    assert "Tỷ lệ che phủ rừng" in text
    colours = page.evaluate(
        f"""() => new Set([...document.querySelectorAll('{OUTPUTS} td span')]
        .map(cell => getComputedStyle(cell).backgroundColor)).size"""
    )
    assert colours >= 4, "verdicts have their colours"
    apart = page.evaluate(
        f"() => Math.min(...[...document.querySelectorAll('{OUTPUTS} td')].slice(0, 50)"
        ".map(cell => parseFloat(getComputedStyle(cell).paddingLeft)))"
    )
    assert apart >= 2, "cells of tables stand apart"
    page.context.close()


def test_the_area_notebook_run_alone_shows_the_area_asked_for(browser: Any, lab: str, folder: Path) -> None:
    file = folder / "parameterized" / "area_report.ipynb"
    source = file.read_text(encoding="utf-8").replace('area_code: str = \\"\\"', 'area_code: str = \\"Bình Gia\\"')
    (folder / "mine.ipynb").write_text(source, encoding="utf-8")
    page = opened(browser, lab, "mine.ipynb", "dark")
    run_all(page, 240)
    text = page.inner_text(".jp-Notebook")
    assert "Huyện Bình Gia: khả năng đạt" in text
    assert "Error" not in text
    charts = [one for one in pictures(page) if one["width"] >= 300]
    assert charts
    assert all(one["colours"] > 8 for one in charts)
    page.context.close()


@pytest.mark.parametrize("name", ["01_a_first_look", "02_from_figures_to_draws", "04_scenarios"])
def test_a_tutorial_runs_in_the_lab_and_shows_its_pictures(browser: Any, lab: str, name: str) -> None:
    page = opened(browser, lab, f"notebooks/{name}.ipynb")
    run_all(page, 240)
    assert page.locator(f"{OUTPUTS} img").count() >= 1
    assert all(one["colours"] > 8 for one in pictures(page))
    page.context.close()
