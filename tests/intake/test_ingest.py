"""Ingest: nothing lost, nothing twice, nothing half-written; what is replaced is kept."""

from __future__ import annotations

import csv
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.data.tables import COLUMNS, GOOD, changed, text
from toolkit.base.errors import DataError, ToolkitError
from toolkit.base.files import locked
from toolkit.data.dataset import DECIDED, INGESTS, REPLACED, STAGED, finish_switch, load, read_rows
from toolkit.intake.ingest import Ingest, prepare, write_changes, write_rejected

NEW = (
    ("181", "poverty_rate", "all", "2024", "", "7.50", "", "percent", "mdp_2022", "reported", "kh99-2021", "", "", ""),
    ("187", "poverty_rate", "all", "2024", "", "5.25", "", "percent", "mdp_2022", "final", "kh99-2021", "", "", "x=1"),
)
CORRECTION = changed(3, value="3.37")


def table(path: Path, rows: object, name: str = "incoming.csv") -> Path:
    file = path / name
    file.write_text(text(rows), encoding="utf-8")  # type: ignore[arg-type]
    return file


def rows_of(folder: Path) -> list[list[str]]:
    with (folder / "observations.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def ingested(file: Path, folder: Path) -> Ingest:
    found = prepare([file], folder)
    write_changes(found)
    return found


def test_new_figures_go_to_the_end_and_nothing_else_changes(folder: Path, tmp_path: Path) -> None:
    before = (folder / "observations.csv").read_bytes()
    found = ingested(table(tmp_path, NEW), folder)
    assert [change.kind for change in found.changes] == ["new", "new"]
    assert (folder / "observations.csv").read_bytes() == before + text(NEW).partition("\n")[2].encode()
    assert not (folder / REPLACED).exists()
    assert (load(folder).series("181", "poverty_rate", "all").observations[-1].value) == 7.5


def test_ingesting_twice_changes_nothing(folder: Path, tmp_path: Path) -> None:
    file = table(tmp_path, [*NEW, CORRECTION])
    ingested(file, folder)
    state = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    again = prepare([file], folder)
    assert (again.writes, {change.kind for change in again.changes}) == (False, {"same"})
    assert write_changes(again) is False
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == state


def test_what_the_project_holds_is_the_same_when_it_comes_in_again(folder: Path) -> None:
    again = prepare([folder / "observations.csv"], folder)
    assert {change.kind for change in again.changes} == {"same"}
    assert (len(again.changes), again.rejected) == (len(rows_of(folder)) - 1, ())


def test_a_correction_replaces_and_keeps_what_it_replaces(folder: Path, tmp_path: Path) -> None:
    held = next(row for row in rows_of(folder) if row[:4] == ["20", "poverty_rate", "all", "2024"] and row[5] == "3.36")
    found = ingested(table(tmp_path, [CORRECTION]), folder)
    assert [(change.kind, change.cells["value"]) for change in found.changes] == [("changed", "3.37")]
    kept = read_rows(folder / REPLACED).rows
    assert [[row[name] for name in COLUMNS] for row in kept] == [held]
    assert (kept[0]["replaced_by"], kept[0]["replaced_on"]) == ("incoming.csv", found.today)
    assert len(rows_of(folder)) == 293
    stored = found.changes[0].cells
    assert (stored["available_from"], stored["note"]) == (found.today, held[-1])  # the new number was not known before
    before_it = load(folder, as_of=date(2025, 6, 1)).series("20", "poverty_rate", "all")
    assert [figure.value for figure in before_it.observations if figure.year == 2024] == [3.36]
    now = load(folder).series("20", "poverty_rate", "all")
    assert [figure.value for figure in now.observations if figure.year == 2024] == [3.37]


def test_another_sources_figure_stays_beside_and_is_told(folder: Path, tmp_path: Path) -> None:
    other = changed(2, value="6.5", source_id="kh99-2021", status="final")
    found = ingested(table(tmp_path, [other]), folder)
    (change,) = found.changes
    assert (change.kind, [row["value"] for row in change.others]) == ("new", ["6.03"])
    assert any(problem.severity == "warning" and "6.5" in problem.problem for problem in found.warnings)
    figure = next(item for item in load(folder).series("20", "poverty_rate", "all").observations if item.year == 2023)
    assert (figure.value, [loser.value for loser in figure.overruled]) == (6.5, [6.03])


def test_bad_rows_are_rejected_with_their_reason_and_good_ones_taken(folder: Path, tmp_path: Path) -> None:
    bad = changed(2, area_code="999", note="=HYPERLINK(1)")
    found = ingested(table(tmp_path, [NEW[0], bad, NEW[1]]), folder)
    assert len(found.of("new")) == 2
    path = write_rejected(found, tmp_path / "rejected.csv")
    assert path is not None
    with path.open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["row"], row["area_code"], row["note"]) == ("3", "999", "'=HYPERLINK(1)")
    assert row["problem"].startswith("area_code:")
    assert row["remedy"]


def test_rejected_rows_can_be_mended_and_ingested(folder: Path, tmp_path: Path) -> None:
    found = prepare([table(tmp_path, [changed(2, value="7.7", year="2022", area_code="18l")])], folder)
    path = write_rejected(found, tmp_path / "rejected.csv")
    assert path is not None
    path.write_text(path.read_text(encoding="utf-8").replace("18l", "181"), encoding="utf-8")
    assert [change.kind for change in prepare([path], folder).changes] == ["new"]


def test_what_was_rejected_and_mended_is_never_written_over(folder: Path, tmp_path: Path) -> None:
    rows = [changed(2, value="7.7", year="2022", area_code="18l"), changed(2, value="x", year="2021")]
    path = write_rejected(prepare([table(tmp_path, rows)], folder), tmp_path / "rejected.csv")
    assert path is not None
    path.write_text(path.read_text(encoding="utf-8").replace("18l", "181"), encoding="utf-8")
    mended = path.read_bytes()
    again = prepare([path], folder)
    assert (len(again.changes), len(again.rejected)) == (1, 1)
    assert write_rejected(again, path) == tmp_path / "rejected-2.csv"
    assert path.read_bytes() == mended


def test_two_values_of_one_source_in_one_file_take_neither(folder: Path, tmp_path: Path) -> None:
    found = prepare([table(tmp_path, [NEW[0], (*NEW[0][:5], "9.9", *NEW[0][6:]), NEW[1]])], folder)
    assert [change.cells["area_code"] for change in found.changes] == ["187"]
    assert [row.row for row in found.rejected] == [2, 3]


def test_every_row_of_a_file_is_taken_or_rejected(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.csv"
    file.write_text(text(NEW) + "20,poverty_rate\n" + '20,"poverty_rate"x,all,2021\n', encoding="utf-8")
    found = prepare([file], folder)
    taken = {change.figure.row for change in found.changes}
    assert taken | {row.row for row in found.rejected} == {2, 3, 4, 5}
    assert all(row.problems for row in found.rejected)


def test_an_empty_cell_never_erases(folder: Path, tmp_path: Path) -> None:
    found = prepare([table(tmp_path, [changed(4, note="", available_from="", available_basis="")])], folder)
    assert [change.kind for change in found.changes] == ["same"]


def test_a_figure_whose_rule_day_lies_ahead_is_known_from_today(folder: Path, tmp_path: Path) -> None:
    row = ("20", "poverty_rate", "all", "2026", "", "1.9", "", "percent", "mdp_2022", "preliminary", "kh99-2021",
           "", "", "")  # fmt: skip
    found = ingested(table(tmp_path, [row]), folder)
    assert found.changes[0].cells["available_from"] == found.today
    assert load(folder).series("20", "poverty_rate", "all").observations[-1].year == 2026


def test_a_folder_with_errors_takes_nothing(folder: Path, tmp_path: Path) -> None:
    with (folder / "observations.csv").open("a", encoding="utf-8") as stream:
        stream.write("20,nothing,all,2024,,1,,percent,,final,kh99-2021,,,\n")
    with pytest.raises(DataError):
        prepare([table(tmp_path, NEW)], folder)


def test_changes_worked_out_against_other_data_are_not_written(folder: Path, tmp_path: Path) -> None:
    first, second = prepare([table(tmp_path, NEW[:1])], folder), prepare([table(tmp_path, NEW[1:], "b.csv")], folder)
    write_changes(first)
    with pytest.raises(ToolkitError):
        write_changes(second)


def test_two_ingests_never_write_at_once(folder: Path, tmp_path: Path) -> None:
    found = prepare([table(tmp_path, NEW)], folder)
    with locked(folder), pytest.raises(ToolkitError), locked(folder, wait=0.1):
        pass
    started = threading.Thread(target=write_changes, args=(found,))
    with locked(folder):
        started.start()
        started.join(0.3)
        assert started.is_alive()  # it waits
    started.join()
    assert not prepare([table(tmp_path, NEW)], folder).writes


STEPS = ("mkdir", "replace", "unlink", "rmdir", "fsync", "chmod")
"""Calls by which files are written, moved and removed."""
SOURCE = {"source_id": "bc-181", "title": "Báo cáo", "publisher": "UBND", "published": "", "url": ""}


def state(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, hidden ones too."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def restored(folder: Path, files: dict[str, bytes]) -> None:
    for name in state(folder).keys() - files.keys():
        (folder / name).unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def with_source(found: Ingest) -> Ingest:
    """Return an ingest that also declares the source of its new rows, as a template does."""
    changes = tuple(
        replace(item, cells={**item.cells, "source_id": "bc-181"}) if item.kind == "new" else item
        for item in found.changes
    )
    return replace(found, changes=changes, files=(replace(found.files[0], sources=(SOURCE,)),))


def test_two_corrections_and_back_are_all_remembered(folder: Path, tmp_path: Path) -> None:
    first, second = changed(3, value="3.36"), changed(3, value="3.40")
    for row in (second, first, second):
        ingested(table(tmp_path, [row]), folder)
    assert [row["value"] for row in read_rows(folder / REPLACED).rows] == ["3.36", "3.40", "3.36"]


def test_an_ingest_cut_off_at_any_step_leaves_the_old_state_or_the_new_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = with_source(prepare([table(tmp_path, [*NEW, CORRECTION])], folder))
    old = state(folder)
    assert write_changes(found)
    new = state(folder)
    assert {name for name in new if new[name] != old.get(name)} == {
        "sources.csv", "replaced.csv", "ingests.csv", "observations.csv",
    }  # fmt: skip
    seen = []
    for number in range(200):
        restored(folder, old)
        with monkeypatch.context() as patched:
            steps = cut_at(number, patched)
            cut = False
            try:
                write_changes(found)
            except KeyboardInterrupt:
                cut = True
        finish_switch(folder)  # what the next start does first
        assert state(folder) in (old, new), (number, steps)
        seen.append(state(folder) == new)
        if not cut:
            break
        if not seen[-1]:
            assert write_changes(found)
            assert state(folder) == new
    assert not cut
    assert seen.index(True) > 10  # many steps before the one that decides
    assert sorted(seen) == seen  # and it decides once
    assert seen.count(True) > 5


def cut_at(number: int, patched: pytest.MonkeyPatch) -> list[str]:
    """Make the program end at its n-th step on files: neither that one nor any later one is done."""
    steps: list[str] = []

    def stopping(name: str) -> Callable[..., object]:
        real = getattr(os, name)

        def step(*arguments: object, **named: object) -> object:
            if len(steps) >= number:
                raise KeyboardInterrupt
            steps.append(name)
            return real(*arguments, **named)

        return step

    for name in STEPS:
        patched.setattr(os, name, stopping(name))
    return steps


def test_a_decided_switch_needs_the_right_to_write(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staged = folder / STAGED
    staged.mkdir()
    (staged / "observations.csv").write_bytes((folder / "observations.csv").read_bytes())
    load(folder)
    assert not staged.exists()  # nothing was decided: it is forgotten
    staged.mkdir()
    (staged / "sources.csv").write_bytes((folder / "sources.csv").read_bytes())
    (staged / DECIDED).write_text('["sources.csv"]', encoding="utf-8")

    def refused(*_: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", refused)
        with pytest.raises(ToolkitError, match="right to write"):
            load(folder)
    load(folder)
    assert not staged.exists()


def test_the_log_of_ingests_tells_file_and_counts(folder: Path, tmp_path: Path) -> None:
    ingested(table(tmp_path, [*NEW, CORRECTION, GOOD[0]]), folder)
    (row,) = read_rows(folder / INGESTS).rows
    assert [row[name] for name in ("file", "new", "changed", "same", "rejected")] == [
        "incoming.csv",
        "2",
        "1",
        "1",
        "0",
    ]
