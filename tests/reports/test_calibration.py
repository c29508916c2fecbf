"""The calibration record in a report: the lines that apply to the area, numbers as in the file."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from toolkit.reports.blocks import Paragraph, Table
from toolkit.reports.evidence import RECORD, calibration_blocks, lines_for
from toolkit.reports.wording import words


@pytest.mark.parametrize(
    ("level", "shape", "last"), [("province", "dense", "grade_B"), ("district", "sparse", "grade_C")]
)
def test_the_lines_are_those_of_the_record(level: str, shape: str, last: str) -> None:
    with RECORD.open(encoding="utf-8", newline="") as stream:
        rows = {
            row["group"]: row
            for row in csv.DictReader(stream)
            if (row["shape"], row["model"], row["sample"]) == (shape, "default", "out_of_sample")
        }
    lines = [line for line in lines_for(level) if line.shape == shape]
    assert lines[0].group == "all"
    assert lines[-1].group == last
    for line in lines:
        row = rows[line.group]
        assert (line.covers_80, line.covers_80_error, line.brier) == tuple(
            float(row[name]) for name in ("covers_80", "covers_80_error", "brier")
        )
        assert (line.cuts, line.families) == (int(row["cuts"]), int(row["families"]))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_table_shows_them_in_the_readers_numbers(language: str) -> None:
    _, table, _ = calibration_blocks(words(language), "commune")
    assert isinstance(table, Table)
    line = lines_for("commune")[0]
    shown = [cell.text for cell in table.rows[0]]
    point = "," if language == "vi" else "."
    share = f"{100 * line.covers_80:.1f} ± {100 * line.covers_80_error:.1f}".replace(".", point)
    assert shown[1] == f"{share}%"
    assert shown[3] == f"{line.brier:.3f}".replace(".", point)
    assert shown[5].endswith(f"({line.families})")


def test_a_single_indicator_has_no_error_to_show(tmp_path: Path) -> None:
    with RECORD.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    record = tmp_path / "record.csv"
    with record.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "covers_80_error": "", "families": "1"} for row in rows)
    _, table, _ = calibration_blocks(words("en"), "province", record)
    assert isinstance(table, Table)
    assert "±" not in table.rows[0][1].text
    assert "±" in table.rows[0][2].text


def test_without_a_record_the_report_says_so(tmp_path: Path) -> None:
    (only,) = calibration_blocks(words("en"), "province", tmp_path / "none.csv")
    assert isinstance(only, Paragraph)
    assert "No calibration record" in only.text
