"""Each file of the data folder spoilt in turn: `check_folder` names file, row and column."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.base.errors import DataError
from toolkit.base.problems import Problem
from toolkit.data.dataset import PROJECT_DATA, check_folder, load
from toolkit.data.schemas import SCHEMAS

Change = Callable[[Path], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "data"
    shutil.copytree(PROJECT_DATA, copy, ignore=shutil.ignore_patterns("panels", "plans"))
    return copy


def cell(file: str, row: int, column: str, value: str) -> Change:
    """Return a change of one cell (row as in a spreadsheet)."""

    def change(folder: Path) -> None:
        path = folder / file
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        rows[row - 1][rows[0].index(column)] = value
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)

    return change


def words(file: str, before: str, after: str) -> Change:
    """Return a change of some text."""

    def change(folder: Path) -> None:
        path = folder / file
        content = path.read_text(encoding="utf-8")
        assert before in content
        path.write_text(content.replace(before, after, 1), encoding="utf-8")

    return change


def errors(problems: list[Problem]) -> set[tuple[str, int, str]]:
    return {(problem.file, problem.row, problem.column) for problem in problems if problem.severity == "error"}


CASES: list[tuple[Change, tuple[str, int, str]]] = [
    (cell("sources.csv", 5, "source_id", "bacson2019"), ("sources.csv", 5, "source_id")),
    (cell("sources.csv", 5, "title", ""), ("sources.csv", 5, "title")),
    (cell("areas.csv", 6, "level", "huyện"), ("areas.csv", 6, "level")),
    (cell("areas.csv", 6, "parent_code", "21"), ("areas.csv", 6, "parent_code")),
    (cell("areas.csv", 6, "valid_to", "06/30/2025"), ("areas.csv", 6, "valid_to")),
    (cell("areas.csv", 6, "population_2019", "59.8k"), ("areas.csv", 6, "population_2019")),
    (cell("areas.csv", 6, "area_km2", "rộng"), ("areas.csv", 6, "area_km2")),
    (cell("areas.csv", 6, "valid_from", "2025-07-01"), ("areas.csv", 6, "valid_to")),
    (cell("areas.csv", 6, "code", "178"), ("areas.csv", 6, "code")),
    (cell("crosswalk_2025.csv", 2, "old_commune_code", "5971"), ("crosswalk_2025.csv", 2, "old_commune_code")),
    (cell("crosswalk_2025.csv", 2, "new_commune_code", "05971"), ("crosswalk_2025.csv", 2, "new_commune_code")),
    (cell("crosswalk_2025.csv", 2, "old_district_code", "20"), ("crosswalk_2025.csv", 2, "old_district_code")),
    (cell("crosswalk_2025.csv", 2, "weight", "1.5"), ("crosswalk_2025.csv", 2, "weight")),
    (cell("crosswalk_2025.csv", 2, "weight", "0.5"), ("crosswalk_2025.csv", 2, "weight")),
    (cell("crosswalk_2025.csv", 2, "share", "half"), ("crosswalk_2025.csv", 2, "share")),
    (cell("standards.csv", 4, "indicator", "poverty_rat"), ("standards.csv", 4, "indicator")),
    (cell("standards.csv", 4, "first_year", "2030"), ("standards.csv", 4, "first_year")),
    (cell("standards.csv", 4, "last_year", "later"), ("standards.csv", 4, "last_year")),
    (cell("standards.csv", 4, "published_next_year", "31-01"), ("standards.csv", 4, "published_next_year")),
    (cell("breaks.csv", 2, "after", "income_2012"), ("breaks.csv", 2, "after")),
    (cell("breaks.csv", 2, "jump_sd", "0"), ("breaks.csv", 2, "jump_sd")),
    (cell("breaks.csv", 2, "jump_mean", ""), ("breaks.csv", 2, "jump_mean")),
    (cell("breaks.csv", 2, "year", "2011"), ("breaks.csv", 2, "year")),
    (cell("breaks.csv", 2, "measured", "maybe"), ("breaks.csv", 2, "measured")),
    (cell("breaks.csv", 2, "indicator", "poverty_rate"), ("breaks.csv", 1, "before")),
    (cell("breaks.csv", 6, "source_ids", "quangngai"), ("breaks.csv", 6, "source_ids")),
    (cell("standard_overlaps.csv", 2, "standard_to", "mdp"), ("standard_overlaps.csv", 2, "standard_to")),
    (cell("standard_overlaps.csv", 2, "value_to", "x"), ("standard_overlaps.csv", 2, "value_to")),
    (cell("local_targets.csv", 3, "area_code", "021"), ("local_targets.csv", 3, "area_code")),
    (cell("local_targets.csv", 3, "unit", "percent"), ("local_targets.csv", 3, "unit")),
    (cell("local_targets.csv", 3, "op", ""), ("local_targets.csv", 3, "op")),
    (cell("local_targets.csv", 3, "op", "=>"), ("local_targets.csv", 3, "op")),
    (cell("local_targets.csv", 3, "kind", "plan"), ("local_targets.csv", 3, "kind")),
    (cell("local_targets.csv", 3, "standard", "mdp"), ("local_targets.csv", 3, "standard")),
    (cell("local_targets.csv", 3, "source_id", "tv"), ("local_targets.csv", 3, "source_id")),
    (cell("milestones.csv", 3, "status", "done"), ("milestones.csv", 3, "evidence_vi")),
    (cell("milestones.csv", 3, "status", "xong"), ("milestones.csv", 3, "status")),
    (cell("milestones.csv", 3, "target_id", "T25-09"), ("milestones.csv", 3, "target_id")),
    (cell("milestones.csv", 3, "as_of", "2026"), ("milestones.csv", 3, "as_of")),
    (cell("observations/0001.csv", 3, "value", "x"), ("0001.csv", 3, "value")),
    (words("observations/0001.csv", "area_code,", "code,"), ("0001.csv", 1, "area_code")),
    (words("standards.csv", "standard,chain", "standard,kette"), ("standards.csv", 1, "chain")),
]  # fmt: skip


@pytest.mark.parametrize(("change", "place"), CASES, ids=[" ".join(map(str, place)) for _, place in CASES])
def test_a_spoilt_file_is_told(change: Change, place: tuple[str, int, str], folder: Path) -> None:
    change(folder)
    problems = check_folder(folder)
    assert place in errors(problems), [problem.line() for problem in problems if problem.severity == "error"]
    assert all("{" not in problem.line() and problem.remedy for problem in problems)


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("indicator: dtts_population_share", "indicator: dtts_share", "poverty_rate.proxies.poverty_dtts_from_all"),
        ("judged_on: administrative", "judged_on: admin", "households_with_electricity_share.judged_on"),
        ("[wiki-th]", "[wiki]", "hdi.proxies.hdi_dtts_from_all"),
        ("average_of: grdp_growth", "average_of: grdp", "grdp_growth_period_average.period_average_of"),
        ("id: hdi_dtts_from_all", "id: poverty_dtts_from_all", "hdi.proxies.poverty_dtts_from_all"),
        (
            "standard: administrative",
            "standard: admin",
            "households_with_electricity_share.proxies.electricity_all_from_dtts_mn",
        ),
        ("link: log\n", "link: sqrt\n", "poor_households.link"),
        ("direction: none\n", "direction: sideways\n", "households.direction"),
        ("    countable: communes", "    countables: communes", "extremely_difficult_communes.countables"),
    ],
)
def test_a_wrong_declaration_is_told_with_its_line(before: str, after: str, place: str, folder: Path) -> None:
    words("indicators.yaml", before, after)(folder)
    found = [problem for problem in check_folder(folder) if problem.column == place]
    lines = (folder / "indicators.yaml").read_text(encoding="utf-8").splitlines()
    assert [lines[problem.row - 1].strip() for problem in found] in (
        [f"{place.split('.', maxsplit=1)[0]}:"],
        [after.strip()],
    )


@pytest.mark.parametrize("file", [*(schema.file for schema in SCHEMAS), "indicators.yaml"])
def test_a_missing_or_empty_file_is_told(file: str, folder: Path) -> None:
    shutil.rmtree(folder / "observations")
    (folder / file).write_bytes(b"")
    assert (file, 1, "") in errors(check_folder(folder))
    (folder / file).unlink()
    assert (file, 1, "") in errors(check_folder(folder))


@pytest.mark.parametrize("file", ["areas.csv", "indicators.yaml", "standards.csv"])
def test_nothing_is_read_from_a_broken_folder(file: str, folder: Path) -> None:
    (folder / file).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError):
        load(folder)


def test_the_projects_folder_has_no_error() -> None:
    assert errors(check_folder(PROJECT_DATA)) == set()
