"""Two runs side by side: identical, within tolerance, or which numbers changed."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest

from toolkit.base.texts import say
from toolkit.forecast.store import packed
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
    assert (change.place, change.before, change.after) == ({"row": "2 (20, T1)", "column": "p"}, "0.85", "0.86")
    output = found["n.ipynb"].differences[0]
    assert output.place == {"entry": "/cells/2/outputs/1/data/text/html/1"}


def test_every_kind_of_difference_has_words_for_its_place(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    for folder, text in ((a, "1"), (b, "1\n2")):
        write(folder, "rows.csv", f"x\n{text}\n")
        write(folder, "row.csv", "x\n" + text.replace("\n", ",") + "\n")
        write(folder, "page.html", text)
        write(folder, "record.json", json.dumps(text))
        write(folder, "paper.pdf", text)
        archive(folder / "lines.docx", {"a.xml": text})
        archive(folder / "parts.xlsx", {text[-1]: text})
        draws(folder / "draws.npz", 2.0 + len(text))
    write(a, "value.csv", "x\n1\n")
    write(b, "value.csv", "x\n2\n")
    write(a, "page2.html", "1")
    write(b, "page2.html", "2")
    archive(a / "line.docx", {"a.xml": "1"})
    archive(b / "line.docx", {"a.xml": "2"})
    write(a, "broken.json", "{")
    write(b, "broken.json", "{}")
    found = [item.differences[0] for item in compare_runs(a, b)]
    names = {name for item in found for name in item.place}
    assert names == {"row", "column", "line", "part", "entry", "draw", "bytes", "unreadable"}
    for item in found:
        assert not item.is_rounding
        assert all(say(f"run.verify.at.{name}", value=value) for name, value in item.place.items())


def archive(path: Path, parts: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in parts.items():
            made.writestr(name, text)


def draws(path: Path, value: float) -> None:
    arrays, _ = packed([np.array([[1.0], [value]])])
    with path.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]


def test_draws_that_differ_by_rounding_are_within_tolerance(tmp_path: Path) -> None:
    for name, value in (("a", 3.0), ("b", 3.0000005)):
        (tmp_path / name).mkdir()
        draws(tmp_path / name / "181.npz", value)
    (found,) = compare_runs(tmp_path / "a", tmp_path / "b")
    assert found.outcome == "within_tolerance"


def test_a_real_difference_behind_one_of_rounding_is_found_on_the_same_line(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    write(a, "x.html", "0.3333333333" + " " * 5000 + "0.5")
    write(b, "x.html", "0.3333333334" + " " * 5000 + "0.6")
    assert compare_runs(a, b)[0].outcome == "changed"


@pytest.mark.parametrize("kind", ["json", "ipynb", "npz", "docx", "xlsx", "csv", "html"])
def test_hostile_files_are_differences_and_never_more(kind: str, tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    write(b, f"x.{kind}", "good")
    if kind in ("npz", "docx", "xlsx"):
        draws(b / f"x.{kind}", 3.0)
    hostile = [b"[" * 500_000, b"\x00\xff\xfe", b"", json.dumps({"cells": 7}).encode(), b"x" * 5_000_000]
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("low.npy", bytes(50_000_000))
    lie = io.BytesIO()
    np.lib.format.write_array_header_1_0(lie, {"descr": "<u2", "fortran_order": False, "shape": (10**13,)})
    lies = io.BytesIO()
    with zipfile.ZipFile(lies, "w") as made:
        for name in ("low.npy", "high.npy", "shape.npy"):
            made.writestr(name, lie.getvalue())
    for content in (*hostile, bomb.getvalue(), lies.getvalue()):
        a.mkdir(exist_ok=True)
        (a / f"x.{kind}").write_bytes(content)
        (found,) = compare_runs(a, b)
        assert found.outcome == "changed"


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("1.234.567,5", "1.234.567,5", True),
        ("12,2 %", "12,3 %", False),
        ("a", "b", False),
        ("−1", "1", False),
        ("2.884", "2,884", False),
        ("1234567", "1234568", False),
        ("1.234.567", "1.234.568", False),
        ("007", "7", False),
        ("0,3333333333", "0,3333333334", True),
        ("1e-05", "1.00000000001e-05", True),
    ],
)
def test_numbers_are_compared_as_numbers_and_words_as_words(before: str, after: str, same: bool) -> None:
    assert same_within_tolerance(before, after) is same
