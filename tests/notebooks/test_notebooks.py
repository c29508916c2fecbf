"""The researchers' notebooks: in step with their scripts, bilingual, and they run."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from toolkit.scenario.steps import VERBS
from workshop.notebooks import run_folder, text_of

FOLDER = ROOT / "notebooks"
SCRIPTS = sorted(FOLDER.glob("*.py"))
WANTED = tuple(f"{number:02d}" for number in range(1, 11))


def test_every_notebook_has_its_script() -> None:
    assert [path.stem for path in SCRIPTS] == [path.stem for path in sorted(FOLDER.glob("*.ipynb"))]
    assert [path.name[:2] for path in SCRIPTS] == list(WANTED)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_is_what_its_script_says(script: Path) -> None:
    kept = json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))
    assert kept == json.loads(text_of(script)), "run: python -m workshop.notebooks write notebooks"
    ids = [cell["id"] for cell in kept["cells"]]
    assert ids == [f"cell-{number:02d}" for number in range(1, len(ids) + 1)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_headings_stand_in_both_languages(script: Path) -> None:
    headings = re.findall(r"^# #+ (.+)$", script.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert headings
    assert [heading for heading in headings if " · " not in heading] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_researcher_imports_nothing_of_ours_but_the_package(script: Path) -> None:
    tree = ast.parse(script.read_text(encoding="utf-8"))
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names]
    assert [name for name in names if name.startswith(("toolkit.", "workshop"))] == []


def test_from_import_to_a_plotted_probability_in_ten_lines() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"## Ten lines\n\n```python\n(.*?)```", text, re.DOTALL)
    assert lines.startswith("import toolkit\n")
    assert "answer.plot()" in lines
    assert len([line for line in lines.splitlines() if line]) <= 10


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all notebooks, run."""
    folder = tmp_path_factory.mktemp("notebooks")
    assert run_folder(FOLDER, folder) == 0
    return folder


@pytest.mark.slow
def test_all_notebooks_run_and_show_something_in_english(executed: Path) -> None:
    for path in sorted(executed.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        shown = [cell for cell in cells if cell["cell_type"] == "code" and cell["outputs"]]
        assert shown, path.name
        outputs = [output for cell in shown for output in cell["outputs"]]
        assert not [one for one in outputs if one["output_type"] == "error" or one.get("name") == "stderr"], path.name
        said = "".join("".join(one.get("text", "")) for one in outputs)
        assert not re.search("khả năng|mục tiêu|trung vị", said), path.name


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_shows_the_notebooks_with_their_outputs(
    executed: Path, tmp_path: Path
) -> None:
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "--fail-on-warning",
        "--keep-going",
        "-q",
        str(ROOT / "docs"),
        str(tmp_path),
    ]
    environment = {**os.environ, "EXECUTED_NOTEBOOKS": str(executed)}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(r"(?:src|<link[^>]* href)=\"(https?:[^\"]+)\"", page.read_text(encoding="utf-8"))
        assert loaded == [], page.name
    lesson = (tmp_path / "tutorials" / "02_from_figures_to_draws.html").read_text(encoding="utf-8")
    assert lesson.count("<img") >= 3
    assert "P by hand" in lesson
    reference = (tmp_path / "api.html").read_text(encoding="utf-8")
    assert "toolkit.compute_run" in reference
    verbs = re.findall(r'id="toolkit\.Scenario\.(\w+)"', reference)
    assert set(VERBS) <= set(verbs)
