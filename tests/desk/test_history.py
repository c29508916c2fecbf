from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.data.tables import changed, text
from toolkit.data.dataset import load
from toolkit.desk.history import history
from toolkit.desk.ingest import commit, prepare


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
    commit(prepare([file], folder))
    entries = [entry for entry in history(load(folder), "20", "poverty_rate", "all") if entry.year == 2024]
    assert [(entry.value, entry.standing) for entry in entries] == [("3.37", "counts"), ("3.36", "replaced")]
    assert (entries[1].replaced_by, entries[1].available_from) == ("incoming.csv", "2025-01-31")
    earlier = history(load(folder, as_of=date(2025, 6, 1)), "20", "poverty_rate", "all")
    assert [(entry.value, entry.standing) for entry in earlier if entry.year == 2024] == [("3.36", "counts")]
