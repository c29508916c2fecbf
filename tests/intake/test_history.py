from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.data.tables import changed, text
from toolkit.data.dataset import load
from toolkit.intake.history import history
from toolkit.intake.ingest import prepare, write_changes


def test_conflicts_and_what_counts() -> None:
    entries = history(load(as_of=date(2026, 11, 23)), "20", "poverty_rate", "all")
    in_2025 = [(entry.value, entry.standing) for entry in entries if entry.year == 2025]
    assert in_2025 == [("2.32", "counts"), ("3", "overruled")]
    assert [entry.standing for entry in entries if entry.year == 2008] == ["unverified"]


def test_as_of_shows_only_what_was_known() -> None:
    entries = history(load(as_of=date(2025, 12, 31)), "20", "poverty_rate")
    assert [(entry.value, entry.standing) for entry in entries if entry.year == 2025] == [("3", "counts")]


def test_means_of_periods_are_listed_apart() -> None:
    entries = history(load(as_of=date(2026, 11, 23)), "20", "grdp_growth_period_average")
    assert {(entry.from_year, entry.standing) for entry in entries} >= {("2016", "period_average")}


def test_what_a_source_corrected_stays_in_its_history(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "incoming.csv"
    file.write_text(text([changed(3, value="3.37")]), encoding="utf-8")
    write_changes(prepare([file], folder))
    entries = [entry for entry in history(load(folder), "20", "poverty_rate", "all")
               if entry.year == 2024 and not entry.qualifier]  # fmt: skip
    assert [(entry.value, entry.standing) for entry in entries] == [("3.37", "counts"), ("3.36", "replaced")]
    assert (entries[1].replaced_by, entries[1].available_from) == ("incoming.csv", "2025-01-31")
    earlier = history(load(folder, as_of=date(2025, 6, 1)), "20", "poverty_rate", "all")
    assert [(entry.value, entry.standing) for entry in earlier if entry.year == 2024] == [("3.36", "counts")]


NEW_COMMUNES = ("06073", "06076", "06079", "06085", "06091", "06103", "06112", "06115")


def test_communes_are_summed_to_their_former_district_with_coverage(folder: Path, tmp_path: Path) -> None:
    cells = {"year": "2025", "standard": "mdp_2022", "available_from": "", "note": ""}
    rows = [changed(4, area_code=code, value="100", **cells) for code in NEW_COMMUNES[:5]]
    (tmp_path / "in.csv").write_text(text(rows), encoding="utf-8")
    write_changes(prepare([tmp_path / "in.csv"], folder))
    dataset = load(folder)
    of_2025 = [item for item in history(dataset, "181", "poor_households") if item.year == 2025]
    assert [(item.standing, item.value, item.coverage) for item in of_2025] == [("summed", "500", "5/8")]
    assert dataset.series("181", "poor_households", "all").observations[-1].year == 2018  # it is no figure of the area


def test_a_commune_shows_its_former_district_as_its_parent_never_as_its_own() -> None:
    dataset = load(as_of=date(2026, 11, 23))
    found = history(dataset, "06112", "poverty_rate", "all")
    assert {(item.standing, item.parent_code) for item in found} == {("parent", "181")}
    assert ("28.61", 2018) in {(item.value, item.year) for item in found}
    assert dataset.series("06112", "poverty_rate", "all").observations == ()
    shared = history(dataset, "06187", "poverty_rate", "all")
    assert {item.parent_code for item in shared} <= {"178", "183"}
