"""Two runs side by side: identical, within tolerance, or which numbers changed."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from toolkit.base.texts import say
from toolkit.run.verify import compare_runs, same_within_tolerance


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def notebook(text: str) -> str:
    cell = nbformat.v4.new_code_cell("x", id="x")
    cell.outputs = [nbformat.v4.new_output("display_data", data={"text/html": text})]
    return nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A", id="a"), cell]))


def test_each_file_gets_its_outcome_and_each_changed_cell_its_place(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    for folder, value, close in ((a, "0.85", "0.3333333333"), (b, "0.86", "0.3333333334")):
        write(folder, "same.csv", "x\n1\n")
        write(folder, "close.csv", f"x\n{close}\n")
        write(folder, "table.csv", f"area_code,n,l,target_id,p\n20,a,b,T1,{value}\n")
        write(folder, "n.ipynb", notebook(f"<p>{value}</p>"))
    write(a, "gone.html", "x")
    write(b, "new.html", "x")
    found = {item.file: item for item in compare_runs(a, b)}
    assert {name: item.outcome for name, item in found.items()} == {
        "same.csv": "identical", "close.csv": "within_tolerance", "table.csv": "changed", "n.ipynb": "changed",
        "gone.html": "missing", "new.html": "unexpected",
    }  # fmt: skip
    change = found["table.csv"].differences[0]
    assert (change.kind, change.file, change.before, change.after) == ("value", "table.csv", "0.85", "0.86")
    assert change.cell == {"row": 2, "of": "20, T1", "column": "p"}
    output = found["n.ipynb"].differences[0]
    assert (output.kind, output.cell) == ("output", {"cell": 2, "output": 1, "form": "text/html", "line": 1})


def test_every_kind_of_difference_has_words_for_its_place(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    for folder, text in ((a, "1"), (b, "1\n2")):
        write(folder, "rows.csv", f"x\n{text}\n")
        write(folder, "row.csv", "x\n" + text.replace("\n", ",") + "\n")
        write(folder, "page.html", text)
        write(folder, "lines.ipynb", notebook(text))
    write(a, "cells.ipynb", json.dumps({"cells": []}))
    write(b, "cells.ipynb", notebook("1"))
    write(a, "rest.ipynb", notebook("1"))
    write(b, "rest.ipynb", notebook("1").replace('"id": "x"', '"id": "y"'))
    write(a, "metadata.ipynb", notebook("1"))
    write(b, "metadata.ipynb", json.dumps({**json.loads(notebook("1")), "metadata": {"a": 1}}))
    found = [item.differences[0] for item in compare_runs(a, b)]
    assert {item.kind for item in found} == {"rows", "row", "page_lines", "output_lines", "cells", "rest", "metadata"}
    for item in found:
        assert not item.is_rounding
        assert say(f"run.verify.at.{item.kind}", **item.cell)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [("1.234.567,5", "1.234.567,5", True), ("12,2 %", "12,3 %", False), ("a", "b", False), ("−1", "1", False)],
)
def test_numbers_are_compared_as_numbers_and_words_as_words(before: str, after: str, same: bool) -> None:
    assert same_within_tolerance(before, after) is same
