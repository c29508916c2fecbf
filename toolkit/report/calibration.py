"""How far forecasts of this model can be trusted: the lines of the calibration record that apply to an area."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from toolkit.data.folder import PROJECT_DATA
from toolkit.report.parts import Cell, Column, Paragraph, Table
from toolkit.report.words import Words

RECORD = PROJECT_DATA / "panels" / "calibration.csv"
"""It belongs to the model, not to the data of a province: always the one that came with the program."""
LINES = {
    "dense": ("all", "measured", "vietnam_provinces", "grade_A", "grade_B"),
    "sparse": ("all", "vietnam_provinces", "grade_B", "grade_C"),
}
"""A province has series like those of the dense cuts; below it few areas have points, as in the sparse ones."""


@dataclass(frozen=True)
class Line:
    """One line of the record: a group of forecasts of panels that no weight was learned on.

    Attributes
    ----------
    group :
        Which forecasts, as in the record.
    covers_80, covers_95 :
        Share of outcomes inside these intervals.
    covers_80_error, covers_95_error :
        Their standard errors, nan where the record holds a single indicator.
    brier, base_rate :
        Brier scores of the probabilities, and of quoting how often the events came true.
    cuts, families :
        Number of histories forecast, and of the indicators they belong to: the sample size.
    """

    group: str
    covers_80: float
    covers_95: float
    covers_80_error: float
    covers_95_error: float
    brier: float
    base_rate: float
    cuts: int
    families: int


def lines_for(level: str, record: Path = RECORD) -> tuple[Line, ...]:
    """Return the out-of-sample lines that apply to areas of a level; none where the record is missing."""
    shape = "dense" if level in ("country", "region", "province") else "sparse"
    if not record.is_file():
        return ()
    with record.open(encoding="utf-8", newline="") as stream:
        found = {
            row["group"]: row
            for row in csv.DictReader(stream)
            if (row["shape"], row["model"], row["sample"]) == (shape, "default", "out_of_sample")
        }
    return tuple(_line(found[group]) for group in LINES[shape] if group in found)


def _line(row: dict[str, str]) -> Line:
    return Line(
        group=row["group"],
        covers_80=float(row["covers_80"]),
        covers_95=float(row["covers_95"]),
        covers_80_error=float(row["covers_80_error"] or "nan"),
        covers_95_error=float(row["covers_95_error"] or "nan"),
        brier=float(row["brier"]),
        base_rate=float(row["base_rate"]),
        cuts=int(row["cuts"]),
        families=int(row["families"]),
    )


def calibration_blocks(words: Words, level: str, record: Path = RECORD) -> tuple[Paragraph | Table, ...]:
    """Return the record's lines as a table with a sentence before and one after it."""
    lines = lines_for(level, record)
    if not lines:
        return (Paragraph(words.t("calibration.none")),)
    columns = [Column(words.t("calibration.group"))]
    columns += [
        Column(words.t(f"calibration.{name}"), numeric=True) for name in ("c80", "c95", "brier", "base", "cuts")
    ]
    table = Table(
        "calibration", words.t("calibration.caption"), tuple(columns), tuple(_row(words, line) for line in lines)
    )
    before = Paragraph(words.t("calibration.before"))
    return (before, table, Paragraph(words.t("calibration.after"), "note"))


def _row(words: Words, line: Line) -> tuple[Cell, ...]:
    numbers = words.numbers
    shares = [
        Cell(numbers.with_percent(numbers.with_error(100 * share, 100 * error, 1)), value=share)
        for share, error in ((line.covers_80, line.covers_80_error), (line.covers_95, line.covers_95_error))
    ]
    return (
        Cell(words.t(f"calibration.groups.{line.group}")),
        *shares,
        Cell(numbers.decimal(line.brier, 3), value=line.brier),
        Cell(numbers.decimal(line.base_rate, 3), value=line.base_rate),
        Cell(f"{numbers.decimal(line.cuts, 0)} ({numbers.decimal(line.families, 0)})", value=line.cuts),
    )
