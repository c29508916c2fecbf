"""Ingest: nothing lost, nothing twice, nothing half-written; what is replaced is kept."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

import toolkit.desk.ingest as module
import toolkit.desk.store as store
from tests.data.tables import COLUMNS, GOOD, changed, text
from toolkit.base.errors import DataError, ToolkitError
from toolkit.data.dataset import load
from toolkit.desk.ingest import Ingest, commit, prepare, write_rejected
from toolkit.desk.store import INGESTS, REPLACED, locked, read_rows, replaced_rows

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
    commit(found)
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
    assert commit(again) is False
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == state


def test_what_the_project_holds_is_the_same_when_it_comes_in_again(folder: Path) -> None:
    again = prepare([folder / "observations.csv"], folder)
    assert {change.kind for change in again.changes} == {"same"}
    assert (len(again.changes), again.rejected) == (len(rows_of(folder)) - 1, ())


def test_a_correction_replaces_and_keeps_what_it_replaces(folder: Path, tmp_path: Path) -> None:
    held = next(row for row in rows_of(folder) if row[:4] == ["20", "poverty_rate", "all", "2024"] and row[5] == "3.36")
    found = ingested(table(tmp_path, [CORRECTION]), folder)
    assert [(change.kind, change.cells["value"]) for change in found.changes] == [("changed", "3.37")]
    kept = replaced_rows(folder)
    assert [[row[name] for name in COLUMNS] for row in kept] == [held]
    assert (kept[0]["replaced_by"], kept[0]["replaced_on"]) == ("incoming.csv", found.today)
    assert len(rows_of(folder)) == 292
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


def test_two_values_of_one_source_in_one_file_take_neither(folder: Path, tmp_path: Path) -> None:
    found = prepare([table(tmp_path, [NEW[0], (*NEW[0][:5], "9.9", *NEW[0][6:]), NEW[1]])], folder)
    assert [change.cells["area_code"] for change in found.changes] == ["187"]
    assert [row.row for row in found.rejected] == [2, 3]


def test_every_row_of_a_file_is_taken_or_rejected(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.csv"
    file.write_text(text(NEW) + "20,poverty_rate\n" + '20,"poverty_rate"x,all,2021\n', encoding="utf-8")
    found = prepare([file], folder)
    taken = {change.proposed.figure.row for change in found.changes}
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
    commit(first)
    with pytest.raises(ToolkitError):
        commit(second)


def test_two_ingests_never_write_at_once(folder: Path, tmp_path: Path) -> None:
    found = prepare([table(tmp_path, NEW)], folder)
    with locked(folder), pytest.raises(ToolkitError):
        commit(found)
    assert commit(found)


@pytest.mark.parametrize("step", range(3))
def test_an_ingest_cut_off_at_any_step_leaves_the_old_state_and_can_be_repeated(
    folder: Path, tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = table(tmp_path, [*NEW, CORRECTION])
    before, steps = rows_of(folder), iter(range(10))
    write = store.write_atomic

    def cut(path: Path, content: str) -> Path:
        if next(steps) == step:
            raise KeyboardInterrupt
        return write(path, content)

    monkeypatch.setattr(store, "write_atomic", cut)
    monkeypatch.setattr(module, "write_atomic", cut)
    with pytest.raises(KeyboardInterrupt):
        commit(prepare([file], folder))
    assert rows_of(folder) == before
    assert replaced_rows(folder) == ()
    monkeypatch.undo()
    assert ingested(file, folder).writes
    assert len(rows_of(folder)) == len(before) + 2
    assert [len(read_rows(folder / name).rows) for name in (REPLACED, INGESTS)] == [1, 1]


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
