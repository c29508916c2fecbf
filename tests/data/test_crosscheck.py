from __future__ import annotations

from datetime import date

import pytest

from tests.data.conftest import Check
from tests.data.tables import GOOD, changed, text
from toolkit.data.areas import divided
from toolkit.data.dataset import PROJECT_DATA, check_folder
from toolkit.data.reference import Reference

COUNT = {"unit": "households", "standard": "mdp_2022", "status": "reported", "available_from": "", "note": ""}
RATE = {**COUNT, "unit": "percent"}


def warned(check: Check, *rows: tuple[str, ...]) -> dict[int, str]:
    problems = check(text(rows))
    assert [problem.line() for problem in problems if problem.severity == "error"] == []
    return {problem.row: problem.problem for problem in problems}


def test_a_rate_follows_from_its_counts(check: Check) -> None:
    poor = changed(4, area_code="20", year="2025", value="4643", **COUNT)
    households = changed(5, area_code="20", year="2025", value="199765", **COUNT)
    rate = changed(2, year="2025", value="2.32", **RATE)
    assert warned(check, poor, households, rate) == {}
    assert list(warned(check, poor, households, changed(2, year="2025", value="2.42", **RATE))) == [4]


def test_binh_gia_2018_as_its_source_prints_it(check: Check) -> None:
    rate = changed(2, area_code="181", year="2018", standard="mdp_2016", value="28.61", available_from="")
    dtts = changed(4, scope="dtts", value="3670")
    share = changed(4, indicator="dtts_share_of_poor_households", value="98.66", unit="percent", standard="")
    found = warned(check, GOOD[2], GOOD[3], rate, dtts, share)
    assert list(found) == [6]
    assert "3670 of 3681 is 99.70%" in found[6]
    right = changed(4, indicator="dtts_share_of_poor_households", value="99.70", unit="percent", standard="")
    assert warned(check, GOOD[2], GOOD[3], rate, dtts, right) == {}


def test_the_projects_own_figures_name_binh_gia() -> None:
    found = [item for item in check_folder(PROJECT_DATA) if "99.70%" in item.problem]
    assert [(item.value, item.column, item.severity) for item in found] == [("98.66", "value", "warning")]


def test_poor_and_near_poor_add_up(check: Check) -> None:
    rows = [
        changed(2, year="2024", indicator=name, value=value, **RATE)
        for name, value in (("poverty_rate", "3.36"), ("near_poverty_rate", "8"), ("poor_or_near_poor_rate", "11.36"))
    ]
    assert warned(check, *rows) == {}
    rows[2] = changed(2, year="2024", indicator="poor_or_near_poor_rate", value="14.36", **RATE)
    assert list(warned(check, *rows)) == [4]


def test_a_part_never_passes_its_whole(check: Check) -> None:
    households = changed(5, value="3000", available_from="")
    assert list(warned(check, GOOD[2], households)) == [2]
    assert list(warned(check, GOOD[2], changed(4, scope="dtts", value="3682"))) == [3]
    assert warned(check, GOOD[2], changed(4, scope="dtts", value="3670")) == {}


def test_districts_add_up_to_their_province(check: Check) -> None:
    codes = ["178", *(str(code) for code in range(180, 190))]
    below = [changed(4, area_code=code, value="1000") for code in codes]
    assert warned(check, *below, changed(4, area_code="20", value="11000")) == {}
    assert warned(check, *below[:-1], changed(4, area_code="20", value="11000")) == {}
    found = warned(check, *below, changed(4, area_code="20", value="12500"))
    assert list(found) == [13]
    assert "11000" in found[13]


NEW = ("06073", "06076", "06079", "06085", "06091", "06103", "06112", "06115")
"""The communes of July 2025 on the territory of the former district 181."""


def communes(reference: Reference, district: str) -> list[str]:
    return [area.code for area in reference.areas.children(district, "commune", date(2024, 12, 31))]


def test_communes_add_up_to_their_district(check: Check, reference: Reference) -> None:
    cells = {"year": "2024", "standard": "mdp_2022", "available_from": "", "note": ""}
    codes = communes(reference, "181")
    assert len(codes) > 10
    below = [changed(4, area_code=code, value="100", **cells) for code in codes]
    district = changed(4, area_code="181", value=str(100 * len(codes)), **cells)
    assert warned(check, *below, district) == {}
    found = warned(check, *below, changed(4, area_code="181", value="5000", **cells))
    assert list(found) == [len(codes) + 2]
    assert f"its {len(codes)} units" in found[len(codes) + 2]


def test_new_communes_add_up_to_the_former_district_with_coverage_stated(check: Check) -> None:
    cells = {"year": "2025", "standard": "mdp_2022", "available_from": ""}
    below = [changed(4, area_code=code, value="100", note="", **cells) for code in NEW]
    whole = {**cells, "area_code": "181", "note": "before July 2025"}
    assert warned(check, *below, changed(4, value="800", **whole)) == {}
    assert "its 8 units add up to 800" in warned(check, *below, changed(4, value="900", **whole))[10]
    assert warned(check, *below[:5], changed(4, value="900", **whole)) == {}
    assert "5 of its 8 units alone add up to 500" in warned(check, *below[:5], changed(4, value="450", **whole))[7]


def test_a_commune_of_two_former_districts_keeps_the_sum_open(check: Check, reference: Reference) -> None:
    cells = {"year": "2025", "standard": "mdp_2022", "available_from": ""}
    (division,) = divided("178", 2025, reference.areas, reference.crosswalk)
    assert set(division.shared) == {"05977", "06187"}
    below = [changed(4, area_code=code, value="10", note="", **cells) for code in division.codes]
    whole = changed(4, area_code="178", value="500", **{**cells, "note": "before July 2025"})
    assert warned(check, *below, whole) == {}


@pytest.mark.parametrize(
    ("later", "implausible"), [("5.9", False), ("3.0", False), ("60.3", True), ("0.6", True), ("9.5", False)]
)
def test_a_jump_is_told_and_kept(later: str, implausible: bool, check: Check) -> None:
    rows = [GOOD[0], changed(2, year="2024", value=later, available_from="")]
    assert list(warned(check, *rows)) == ([3] if implausible else [])


def test_no_jump_is_looked_for_across_standards_or_in_figures_that_are_not_exact(check: Check) -> None:
    old = changed(2, year="2018", standard="mdp_2016", value="60", available_from="")
    assert warned(check, old, GOOD[0]) == {}
    assert warned(check, changed(2, qualifier="at_least", value="0.1"), GOOD[1]) == {}


def test_conflicts_name_the_figure_that_counts(check: Check) -> None:
    other = changed(3, source_id="s-89", status="preliminary", value="3.9")
    found = warned(check, other, GOOD[1])
    assert list(found) == [2]
    assert "row 3 (3.36, source baodantoc-ls-2025)" in found[2]
    assert warned(check, changed(3, source_id="s-89", value="3.4"), GOOD[1]) == {}  # the same, rounded


def test_two_standards_or_periods_are_two_cells(check: Check) -> None:
    old = changed(2, year="2021", standard="mdp_2016", value="7.0", available_from="")
    new = changed(2, year="2021", standard="mdp_2022", value="12.2", available_from="")
    assert warned(check, old, new) == {}
    assert warned(check, GOOD[5], changed(7, from_year="2011", value="5.32")) == {}


def test_unverified_figures_are_left_alone(check: Check) -> None:
    assert warned(check, GOOD[1], changed(3, source_id="s-89", qualifier="unverified", value="30")) == {}
