"""Deliveries: nothing lost, nothing twice, nothing half-written, nothing edited; what is withdrawn stays."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.data.tables import COLUMNS, GOOD, changed, text
from toolkit.base.errors import DataError, ToolkitError, UsageError
from toolkit.base.files import sha256
from toolkit.data.dataset import PROJECT_DATA, check_folder, load
from toolkit.data.reference import read_reference
from toolkit.intake import ingest as ingest_module
from toolkit.intake.history import history
from toolkit.intake.incoming import check_files
from toolkit.intake.ingest import Ingest, prepare, withdraw, write_changes, write_rejected

NEW = (
    ("181", "poverty_rate", "all", "2024", "", "7.50", "", "percent", "mdp_2022", "reported", "kh99-2021", "", "", ""),
    ("187", "poverty_rate", "all", "2024", "", "5.25", "", "percent", "mdp_2022", "final", "kh99-2021", "", "", "x=1"),
)
CORRECTION = changed(3, value="3.37")


def table(path: Path, rows: object, name: str = "incoming.csv") -> Path:
    file = path / name
    file.write_text(text(rows), encoding="utf-8")  # type: ignore[arg-type]
    return file


def ingested(file: Path, folder: Path) -> Ingest:
    found = prepare([file], folder)
    write_changes(found, "Phòng Dân tộc")
    return found


def state(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, hidden ones too."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def in_2024(folder: Path, day: date | None = None) -> list[float]:
    series = load(folder, as_of=day).series("20", "poverty_rate", "all")
    return [figure.value for figure in series.observations if figure.year == 2024]


def test_what_comes_in_is_a_table_of_its_own_and_nothing_else_changes(folder: Path, tmp_path: Path) -> None:
    before = state(folder)
    file = table(tmp_path, NEW)
    found = ingested(file, folder)
    assert [change.kind for change in found.changes] == ["new", "new"]
    after = state(folder)
    assert after.keys() - before.keys() == {"observations/0002.csv"}
    assert {name: after[name] for name in before} == before
    with (folder / "observations" / "0002.csv").open(encoding="utf-8", newline="") as stream:
        written = list(csv.DictReader(stream))
    assert [tuple(row[name] for name in COLUMNS) for row in written] == list(NEW)
    origin = {(row["delivered_on"], row["delivered_by"], row["file"], row["sha256"]) for row in written}
    assert origin == {(found.today, "Phòng Dân tộc", "incoming.csv", sha256(file))}
    figure = load(folder).series("181", "poverty_rate", "all").observations[-1]
    assert (figure.value, figure.delivery, figure.available_from) == (7.5, 2, found.today)
    assert figure.available_basis == "delivered"


def test_ingesting_twice_changes_nothing(folder: Path, tmp_path: Path) -> None:
    file = table(tmp_path, [*NEW, CORRECTION])
    ingested(file, folder)
    before = state(folder)
    again = prepare([file], folder)
    assert (again.writes, {change.kind for change in again.changes}) == (False, {"same"})
    assert write_changes(again) is None
    assert state(folder) == before


def test_what_the_project_holds_is_the_same_when_it_comes_in_again(folder: Path, tmp_path: Path) -> None:
    held = (PROJECT_DATA / "observations" / "0001.csv").read_text(encoding="utf-8")
    rows = [[row[name] for name in COLUMNS] for row in csv.DictReader(held.splitlines())]
    again = prepare([table(tmp_path, rows)], folder)
    assert {change.kind for change in again.changes} == {"same"}
    assert (len(again.changes), again.rejected) == (len(rows), ())


def test_a_correction_replaces_and_keeps_what_it_replaces(folder: Path, tmp_path: Path) -> None:
    found = ingested(table(tmp_path, [CORRECTION]), folder)
    assert [(change.kind, change.cells["value"]) for change in found.changes] == [("changed", "3.37")]
    assert found.changes[0].before is not None
    assert found.changes[0].cells["note"] == found.changes[0].before["note"]  # an empty cell erases nothing
    assert in_2024(folder, date(2025, 6, 1)) == [3.36]
    assert in_2024(folder) == [3.37]
    dataset = load(folder)
    (aside,) = dataset.set_aside
    assert (aside.figure.value, aside.by and aside.by.value) == (3.36, 3.37)
    beside = dataset.series("20", "poverty_rate", "all").observations[-2].overruled
    assert [(item.qualifier, item.note) for item in beside] == [("derived", "6912/205621")]  # none with itself


def test_a_withdrawn_delivery_counts_until_that_day_and_stays(folder: Path, tmp_path: Path) -> None:
    write_changes(prepare([table(tmp_path, [CORRECTION])], folder, today=date(2026, 3, 1)))
    delivered = (folder / "observations" / "0002.csv").read_bytes()
    done = withdraw(folder, 2, "nhầm huyện", by="A", day=date(2026, 3, 10))
    assert (done.withdrawn_on, done.reason, done.count) == ("2026-03-10", "nhầm huyện", 1)
    assert (folder / "observations" / "0002.csv").read_bytes() == delivered
    days = (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 9), date(2026, 3, 10), None)
    assert [in_2024(folder, day) for day in days] == [[3.36], [3.37], [3.37], [3.36], [3.36]]
    (aside,) = load(folder).set_aside
    assert (aside.figure.value, aside.by) == (3.37, None)
    again = prepare([table(tmp_path, [CORRECTION])], folder)  # it may come in once more, as another delivery
    assert write_changes(again) == folder / "observations" / "0003.csv"
    assert in_2024(folder) == [3.37]


@pytest.mark.parametrize(("number", "reason"), [(7, "x"), (0, "x"), (1, "  "), (2, "again")])
def test_only_what_was_delivered_can_be_withdrawn_once_and_with_a_reason(
    number: int, reason: str, folder: Path, tmp_path: Path
) -> None:
    ingested(table(tmp_path, NEW), folder)
    withdraw(folder, 2, "wrong file")
    before = state(folder)
    with pytest.raises(UsageError):
        withdraw(folder, number, reason)
    assert state(folder) == before


def test_a_wrong_file_that_makes_errors_can_be_withdrawn(folder: Path, tmp_path: Path) -> None:
    ingested(table(tmp_path, NEW), folder)
    (folder / "observations" / "0003.csv").write_text("nonsense\n", encoding="utf-8")
    with pytest.raises(DataError):
        load(folder)
    (folder / "observations" / "0003.csv").unlink()
    (folder / "observations" / "notes.csv").write_text("x\n", encoding="utf-8")
    assert [(item.file, item.kind) for item in check_folder(folder) if item.file == "notes.csv"] == [
        ("notes.csv", "no_delivery")
    ]
    load(folder)


def test_a_mark_that_cannot_be_read_is_told(folder: Path, tmp_path: Path) -> None:
    ingested(table(tmp_path, NEW), folder)
    (folder / "observations" / "0002.withdrawn.csv").write_text("withdrawn_on,withdrawn_by,reason\nx,,y\n")
    with pytest.raises(DataError) as caught:
        load(folder)
    assert [(item.file, item.row, item.column) for item in caught.value.problems] == [
        ("0002.withdrawn.csv", 2, "withdrawn_on")
    ]


def test_a_table_of_the_old_style_is_what_was_there_before_deliveries(folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder / "observations")
    (folder / "observations.csv").write_text(text(GOOD), encoding="utf-8")
    assert in_2024(folder) == [3.36]
    assert {item.available_basis for item in load(folder).figures if item.year == 2024} == {"rule"}
    ingested(table(tmp_path, [CORRECTION]), folder)
    assert (in_2024(folder), in_2024(folder, date(2025, 6, 1))) == ([3.37], [3.36])
    assert [item.number for item in load(folder).deliveries] == [0, 1]


def test_a_better_status_stands_against_a_later_delivery_and_the_conflict_is_told(folder: Path, tmp_path: Path) -> None:
    found = ingested(table(tmp_path, [changed(3, value="4.1", status="preliminary")]), folder)
    (told,) = (item for item in found.warnings if item.kind == "conflict")
    assert told.file == "incoming.csv"
    assert all(part in told.text("en") for part in ("3.36", "baodantoc-ls-2025", "final", "preliminary"))
    (kept,) = (item for item in load(folder).series("20", "poverty_rate", "all").observations if item.year == 2024)
    assert (kept.value, [item.value for item in kept.overruled]) == (3.36, [4.1])


def test_a_day_by_rule_is_never_earlier_than_the_delivery(folder: Path, tmp_path: Path) -> None:
    ruled = changed(2, year="2022", value="9.1", available_from="2023-01-31")
    said = changed(2, year="2021", value="12.3", source_id="kh99-2021", available_from="2022-02-01",
                   available_basis="published")  # fmt: skip
    found = ingested(table(tmp_path, [ruled, said]), folder)
    known = {item.year: item.available_from for item in load(folder).figures if item.delivery == 2}
    assert known == {2022: found.today, 2021: "2022-02-01"}
    assert [item.year for item in load(folder, as_of=date(2026, 1, 1)).figures if item.delivery == 2] == [2021]


def test_another_sources_figure_stays_beside_and_is_told(folder: Path, tmp_path: Path) -> None:
    other = changed(2, value="6.5", source_id="kh99-2021", status="final")
    found = ingested(table(tmp_path, [other]), folder)
    (change,) = found.changes
    assert (change.kind, [item.value for item in change.others]) == ("new", [6.03])
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


def test_a_folder_with_errors_takes_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / "observations.csv").write_text(text([changed(2, indicator="nothing")]), encoding="utf-8")
    with pytest.raises(DataError):
        prepare([table(tmp_path, NEW)], folder)


def test_changes_worked_out_against_other_data_are_not_written(folder: Path, tmp_path: Path) -> None:
    first, second = prepare([table(tmp_path, NEW[:1])], folder), prepare([table(tmp_path, NEW[1:], "b.csv")], folder)
    write_changes(first)
    with pytest.raises(ToolkitError):
        write_changes(second)


def test_of_two_that_write_at_once_one_writes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = prepare([table(tmp_path, NEW[:1])], folder), prepare([table(tmp_path, NEW[1:], "b.csv")], folder)
    write_changes(first)
    monkeypatch.setattr(ingest_module, "state_of", lambda _: second.state)  # it looked before the first one wrote
    monkeypatch.setattr(ingest_module, "new_delivery", lambda _: folder / "observations" / "0002.csv")
    before = state(folder)
    with pytest.raises(ToolkitError):
        write_changes(second)
    assert state(folder) == before


def test_two_figures_of_one_source_in_two_files_or_sheets_take_neither(folder: Path, tmp_path: Path) -> None:
    other = (*NEW[0][:5], "9.9", *NEW[0][6:])
    files = [table(tmp_path, NEW, "a.csv"), table(tmp_path, [other], "b.csv")]
    found = prepare(files, folder)
    assert [change.cells["area_code"] for change in found.changes] == ["187"]
    assert [(row.file, row.row) for row in found.rejected] == [("a.csv", 2), ("b.csv", 2)]
    words = [problem.text("en") for problem in found.problems if problem.kind == "two_values"]
    assert ["row 2 of b.csv: 9.9" in words[0], "row 2 of a.csv: 7.50" in words[1]] == [True, True]
    assert [item.kind for item in check_files(files, read_reference(folder)) if item.severity == "error"] == [
        "two_values", "two_values",
    ]  # fmt: skip


@pytest.mark.parametrize("order", [("final", "preliminary"), ("preliminary", "final")])
def test_of_two_figures_with_two_statuses_the_better_one_counts_wherever_it_stands(
    order: tuple[str, str], folder: Path, tmp_path: Path
) -> None:
    values = {"final": "7.5", "preliminary": "9.9"}
    rows = [(*NEW[0][:5], values[status], *NEW[0][6:9], status, *NEW[0][10:]) for status in order]
    files = [table(tmp_path, [row], f"{status}.csv") for row, status in zip(rows, order, strict=True)]
    found = prepare(files, folder)
    assert write_changes(found)
    (told,) = (item for item in found.warnings if item.kind == "conflict")
    assert (told.file, told.fields["other"]) == ("preliminary.csv", "7.5")
    (figure,) = (item for item in load(folder).series("181", "poverty_rate", "all").observations if item.year == 2024)
    assert figure.value == 7.5


STEPS = ("mkdir", "replace", "rename", "link", "unlink", "rmdir", "fsync", "chmod")
"""Calls by which files are written, moved and removed."""
SOURCE = {"source_id": "bc-181", "title": "Báo cáo", "publisher": "UBND", "published": "", "url": ""}


def with_source(found: Ingest) -> Ingest:
    """Return an ingest that also declares the source of its new rows, as a template does."""
    changes = tuple(
        replace(item, cells={**item.cells, "source_id": "bc-181"}) if item.kind == "new" else item
        for item in found.changes
    )
    return replace(found, changes=changes, files=(replace(found.files[0], sources=(SOURCE,)),))


def test_a_source_that_a_delivery_declares_is_known_with_it(folder: Path, tmp_path: Path) -> None:
    sources = (folder / "sources.csv").read_bytes()
    write_changes(with_source(prepare([table(tmp_path, NEW)], folder)))
    assert (folder / "sources.csv").read_bytes() == sources
    dataset = load(folder)
    assert dataset.sources.loc["bc-181", "title"] == "Báo cáo"
    assert dataset.series("181", "poverty_rate", "all").observations[-1].source_id == "bc-181"
    assert prepare([table(tmp_path, [changed(2, source_id="bc-181", year="2022", value="9")])], folder).writes


def test_two_corrections_and_back_are_all_remembered(folder: Path, tmp_path: Path) -> None:
    for value in ("3.40", "3.36", "3.40"):
        ingested(table(tmp_path, [changed(3, value=value)]), folder)
    entries = history(load(folder), "20", "poverty_rate", "all")
    of_2024 = [item for item in entries if item.year == 2024 and not item.qualifier]
    assert [(item.value, item.standing, item.delivery) for item in of_2024] == [
        ("3.4", "counts", 4), ("3.36", "replaced", 1), ("3.4", "replaced", 2), ("3.36", "replaced", 3),
    ]  # fmt: skip


@pytest.mark.parametrize("what", ["ingest", "undo"])
def test_what_is_cut_off_at_any_step_leaves_the_old_state_or_the_new_one(
    what: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = with_source(prepare([table(tmp_path, [*NEW, CORRECTION])], folder))

    def act() -> object:
        return write_changes(found) if what == "ingest" else withdraw(folder, 1, "wrong")

    def visible() -> dict[str, bytes]:
        return {name: content for name, content in state(folder).items() if "/." not in name}

    old = visible()
    act()
    new = visible()
    (made,) = new.keys() - old.keys()
    seen = []
    for number in range(50):
        for file in (folder / "observations").iterdir():
            if file.name == Path(made).name or file.name.startswith("."):
                file.unlink()
        with monkeypatch.context() as patched:
            steps = cut_at(number, patched)
            cut = False
            try:
                act()
            except KeyboardInterrupt:
                cut = True
        assert visible() in (old, new), (number, steps)
        load(folder)
        seen.append(visible() == new)
        if not cut:
            break
    assert not cut
    assert seen.index(True) > 2  # steps before the one that decides
    assert sorted(seen) == seen  # and it decides once


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


def test_what_was_read_is_hashed_as_it_was_read(folder: Path, tmp_path: Path) -> None:
    ingested(table(tmp_path, NEW), folder)
    inputs = load(folder).inputs
    assert {path.relative_to(folder).as_posix() for path in inputs} >= {
        "observations/0001.csv", "observations/0002.csv", "sources.csv", "areas.csv", "indicators.yaml",
    }  # fmt: skip
    assert inputs == {path: sha256(path) for path in inputs}
