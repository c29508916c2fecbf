"""A run in which one area fails: the others are made, the failure is named everywhere, the exit code says so."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner, Result

from tests.conftest import TODAY
from toolkit.cli.main import app
from toolkit.run import reports


@pytest.fixture(scope="module")
def broken_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the real notebook with a cell that fails for one area."""
    notebook = nbformat.reads(reports.AREA_TEMPLATE.read_text(encoding="utf-8"), as_version=4)
    fault = 'if area_code == "182":\n    raise ZeroDivisionError("the well ran dry <b>")'
    notebook.cells.insert(3, nbformat.v4.new_code_cell(fault, id="fault"))
    path = tmp_path_factory.mktemp("template") / "area_report.ipynb"
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def failed_run(broken_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """Run two areas, one of which fails."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reports, "AREA_TEMPLATE", broken_template)
        arguments = [
            "report",
            "--area",
            "182",
            "--area",
            "180",
            "--lang",
            "en",
            "--draws",
            "200",
            "--as-of",
            TODAY.isoformat(),
        ]
        done = CliRunner().invoke(app, [*arguments, "--out", str(folder)])
    return done, folder


def test_the_exit_code_and_the_messages_say_so(failed_run: tuple[Result, Path]) -> None:
    done, _ = failed_run
    assert done.exit_code == 1, done.output
    assert "FAILED" in done.output
    assert "the well ran dry" in done.output
    assert "[2/2]" in done.output


def test_the_other_area_is_complete(failed_run: tuple[Result, Path]) -> None:
    _, folder = failed_run
    assert next((folder / "areas").glob("180-*.html")).stat().st_size > 20_000
    assert list((folder / "areas").glob("182-*.html")) == []


def test_the_partial_notebook_is_kept(failed_run: tuple[Result, Path]) -> None:
    _, folder = failed_run
    notebook = next((folder / "areas").glob("182-*.ipynb")).read_text(encoding="utf-8")
    assert "the well ran dry" in notebook


def test_index_and_manifest_name_the_failure_as_text(failed_run: tuple[Result, Path]) -> None:
    _, folder = failed_run
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert "the well ran dry &lt;b&gt;" in index
    assert "<b>" not in index
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert list(manifest["failed"]) == ["182"]


def test_the_table_of_answers_has_both_areas(failed_run: tuple[Result, Path]) -> None:
    _, folder = failed_run
    rows = (folder / "attainment.csv").read_text(encoding="utf-8-sig").splitlines()
    assert sum(row.startswith("182,") for row in rows) == 68
    assert sum(row.startswith("180,") for row in rows) == 68
