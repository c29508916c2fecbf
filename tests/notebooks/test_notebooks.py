"""The researchers' notebooks: in step with their scripts, bilingual, and they run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from toolkit.run.notebook import run_folder
from toolkit.run.pairs import text_of

FOLDER = ROOT / "notebooks"
SCRIPTS = sorted(FOLDER.glob("*.py"))
WANTED = ("01", "02", "03", "04", "05", "06", "07")


def test_every_notebook_has_its_script() -> None:
    assert [path.stem for path in SCRIPTS] == [path.stem for path in sorted(FOLDER.glob("*.ipynb"))]
    assert {path.name[:2] for path in SCRIPTS} == set(WANTED)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_is_what_its_script_says(script: Path) -> None:
    kept = json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))
    assert kept == json.loads(text_of(script)), "run: python -m toolkit.run.pairs notebooks"
    ids = [cell["id"] for cell in kept["cells"]]
    assert ids == [f"cell-{number:02d}" for number in range(1, len(ids) + 1)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_headings_stand_in_both_languages(script: Path) -> None:
    headings = re.findall(r"^# #+ (.+)$", script.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert headings
    assert [heading for heading in headings if " · " not in heading] == []


def test_from_import_to_a_plotted_probability_in_ten_lines() -> None:
    cells = json.loads((FOLDER / "01_from_data_to_answer.ipynb").read_text(encoding="utf-8"))["cells"]
    lines: list[str] = []
    for cell in cells:
        if cell["cell_type"] == "code":
            lines += [line for line in "".join(cell["source"]).split("\n") if line.strip()]
            if ".plot(" in lines[-1]:
                break
    assert lines[0] == "import toolkit"
    assert ".plot(" in lines[-1]
    assert len(lines) <= 10


@pytest.mark.slow
def test_all_notebooks_run(tmp_path: Path) -> None:
    assert run_folder(FOLDER, tmp_path) == 0
    for path in sorted(tmp_path.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        shown = [cell for cell in cells if cell["cell_type"] == "code" and cell["outputs"]]
        assert shown, path.name
        outputs = [output for cell in shown for output in cell["outputs"]]
        assert not [one for one in outputs if one["output_type"] == "error" or one.get("name") == "stderr"], path.name
