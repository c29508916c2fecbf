"""One notebook: parameters are checked before anything starts, failures keep the partial notebook."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from tests.run.notebooks import write_notebook
from toolkit.base.errors import UsageError
from toolkit.run.notebook import NotebookError, check_parameters, execute, read_parameters


def test_a_code_stays_a_text_and_reaches_the_kernel(tmp_path: Path) -> None:
    template = write_notebook(tmp_path / "t.ipynb", "print(repr(area_code))")
    execute(template, tmp_path / "out {x}" / "done.ipynb", {"area_code": "05977"})
    done = nbformat.read(tmp_path / "out {x}" / "done.ipynb", as_version=4)
    assert done.cells[-1].outputs[0].text == "'05977'\n"


def test_executed_notebooks_hold_no_times_and_no_paths(tmp_path: Path) -> None:
    template = write_notebook(tmp_path / "t.ipynb", "1 + 1")
    execute(template, tmp_path / "a.ipynb", {"area_code": "20"})
    execute(template, tmp_path / "b" / "b.ipynb", {"area_code": "20"})
    text = (tmp_path / "a.ipynb").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert "papermill" not in json.loads(text)["metadata"]
    assert all("execution" not in cell["metadata"] for cell in json.loads(text)["cells"])


def test_a_failing_cell_is_named_and_the_partial_notebook_kept(tmp_path: Path) -> None:
    template = write_notebook(
        tmp_path / "t.ipynb", "kept = 41 + 1\nkept", "raise ValueError('no such year')", "never = 1"
    )
    with pytest.raises(NotebookError, match="no such year") as caught:
        execute(template, tmp_path / "out.ipynb", {"area_code": "20"})
    assert caught.value.error.startswith("ValueError")
    assert "42" in (tmp_path / "out.ipynb").read_text(encoding="utf-8")


def test_the_kernel_is_this_interpreter_and_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    template = write_notebook(
        tmp_path / "t.ipynb", "import sys, os\nprint(sys.executable, os.environ['OMP_NUM_THREADS'])"
    )
    execute(template, tmp_path / "out.ipynb", {})
    assert f"{sys.executable} 1" in (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    assert list((tmp_path / "t").iterdir()) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"area_cod": "20"}, "no parameter “area_cod”.*Nearest: area_code"),
        ({"area_code": 20}, "cannot be “20”.*a value of type str"),
        ({"area_code": True}, "cannot be “True”.*a value of type str"),
    ],
)
def test_unknown_and_mistyped_parameters_are_refused(tmp_path: Path, given: dict, message: str) -> None:
    template = write_notebook(tmp_path / "t.ipynb")
    with pytest.raises(UsageError, match=message):
        check_parameters(template, given)


@pytest.mark.parametrize("cell", ["area_code = open('x').read()", "import os", "x = [1]", "x, y = 1, 2", "x ="])
def test_a_cell_of_parameters_holds_plain_assignments_only(tmp_path: Path, cell: str) -> None:
    template = write_notebook(tmp_path / "t.ipynb", parameters=cell)
    with pytest.raises(UsageError, match="no usable cell of parameters"):
        read_parameters(template)


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"cells": []}'])
def test_a_file_that_is_no_notebook_is_refused_in_words(tmp_path: Path, content: str) -> None:
    (tmp_path / "t.ipynb").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="no usable cell of parameters"):
        read_parameters(tmp_path / "t.ipynb")
