from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path
from shutil import copytree, ignore_patterns

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.conftest import TODAY
from toolkit.base.errors import AmbiguousNameError, UsageError
from toolkit.base.texts import fold
from toolkit.data.areas import Area, Areas
from toolkit.data.dataset import PROJECT_DATA, Dataset, load

AREAS = load(PROJECT_DATA).areas
BEFORE = date(2025, 6, 30)
AFTER = date(2025, 7, 1)
DISTRICTS = [area for area in AREAS.all("district") if area.code != "178"]


@pytest.fixture(scope="module")
def areas(dataset: Dataset) -> Areas:
    return dataset.areas


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Bình Gia", "181"), ("binh gia", "181"), ("HUYỆN BÌNH GIA", "181"), ("181", "181"), (" 181 ", "181"),
        ("Binh Gia district", "181"), ("Chi Lăng", "187"), ("tỉnh Lạng Sơn", "20"), ("Lang Son province", "20"),
        ("thành phố Lạng Sơn", "178"), ("20", "20"), ("Việt Nam", "VN"), ("vietnam", "VN"), ("VN", "VN"),
        ("Trung du và miền núi phía Bắc", "VN-NMM"), ("Đình Lập", "189"), ("dinh lap", "189"),
    ],
)  # fmt: skip
def test_a_name_without_level_means_a_district_the_province_or_what_is_above(
    text: str, code: str, areas: Areas
) -> None:
    for on in (None, BEFORE, AFTER, TODAY):
        assert areas.find(text, on=on).code == code


@given(st.sampled_from(DISTRICTS), st.sampled_from(["upper", "lower", "title"]), st.booleans(), st.booleans())
def test_every_district_is_found_however_it_is_typed(area: Area, case: str, plain: bool, decomposed: bool) -> None:
    name = fold(area.short_name) if plain else getattr(area.short_name, case)()
    assert AREAS.find(unicodedata.normalize("NFD", name) if decomposed else name) == area


@given(st.sampled_from(AREAS.all()))
def test_every_unit_is_found_by_its_code_while_it_is_in_force(area: Area) -> None:
    day = area.valid_to or area.valid_from or TODAY
    assert AREAS.find(area.code, on=day) == area
    assert AREAS.get(area.code, day) == area
    assert area.in_force(day)


@given(st.text(max_size=20), st.sampled_from([None, "commune", "district", "province"]))
def test_any_text_is_found_or_refused_with_a_way_out(text: str, level: str | None) -> None:
    try:
        found = AREAS.find(text, level=level, on=TODAY)
    except UsageError as error:
        remedy = error.remedy
    else:
        remedy = "found"
        assert level is None or found.level == level
    assert remedy


def test_a_misspelt_name_gets_the_nearest(areas: Areas) -> None:
    with pytest.raises(UsageError, match=r"Bình Gia \(181\)") as caught:
        areas.find("Binh Ga")
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match="05977"):
        areas.get("5977")


def test_chi_lang_among_communes_is_ambiguous_with_codes_and_validity(areas: Areas) -> None:
    with pytest.raises(AmbiguousNameError) as caught:
        areas.find("Chi Lăng", level="commune", on=TODAY)
    for part in ("05983", "06034", "06463", "06466", "06523", "until 2025-06-30", "from 2025-07-01"):
        assert part in str(caught.value)


def test_the_bare_name_of_province_and_city_is_ambiguous(areas: Areas) -> None:
    with pytest.raises(AmbiguousNameError, match="20 Tỉnh Lạng Sơn; 178 Thành phố Lạng Sơn"):
        areas.find("Lạng Sơn", on=TODAY)
    assert areas.find("Lạng Sơn", level="province").code == "20"
    assert areas.find("Lạng Sơn", level="district").code == "178"


def test_a_code_means_the_unit_in_force(areas: Areas) -> None:
    assert areas.find("05977", on=BEFORE).name_vi == "Phường Vĩnh Trại"
    assert areas.find("05977", on=AFTER).name_vi == "Phường Đông Kinh"
    assert areas.get("05977").name_vi == "Phường Đông Kinh"
    assert [area.name_vi for area in areas.units("05977")] == ["Phường Vĩnh Trại", "Phường Đông Kinh"]


def test_an_ended_commune_is_refused_without_level_and_found_with_it(areas: Areas) -> None:
    with pytest.raises(UsageError, match="05971 Phường Hoàng Văn Thụ"):
        areas.find("05971", on=TODAY)
    assert areas.find("05971", level="commune", on=TODAY).valid_to == BEFORE
    assert areas.find("05971", on=BEFORE).short_name == "Hoàng Văn Thụ"


def test_diacritics_decide_where_they_are_given(areas: Areas) -> None:
    assert areas.find("Vân Thủy", level="commune").code != areas.find("Vạn Thủy", level="commune").code
    with pytest.raises(AmbiguousNameError):
        areas.find("van thuy", level="commune")


def test_accents_may_stand_on_either_vowel(areas: Areas) -> None:
    assert areas.find("Quý Hoà", level="commune", on=TODAY).name_vi == "Xã Quý Hòa"


def test_a_commune_by_name_needs_the_level(areas: Areas) -> None:
    with pytest.raises(UsageError, match="--level commune"):
        areas.find("Na Dương", on=TODAY)
    assert areas.find("Na Dương", level="commune", on=TODAY).code == "06526"
    with pytest.raises(UsageError, match="commune"):
        areas.find("Na Dương", level="comune")


def test_levels_on_a_day(areas: Areas) -> None:
    assert len(areas.all("commune", BEFORE)) == 194
    assert len(areas.all("commune", AFTER)) == 65
    assert len(areas.all("district", BEFORE)) == 11
    assert areas.all("district", AFTER) == ()
    assert len(areas.all("commune", date(2024, 11, 30))) == 189  # the five of December 2024 are newer
    assert len(areas) == 335


def test_family(areas: Areas) -> None:
    assert [area.code for area in areas.ancestors("181")] == ["20", "VN-NMM", "VN"]
    assert [area.code for area in areas.ancestors("05977", BEFORE)] == ["178", "20", "VN-NMM", "VN"]
    assert [area.code for area in areas.ancestors("05977", AFTER)] == ["20", "VN-NMM", "VN"]
    assert areas.ancestors("VN") == ()
    assert len(areas.children("20", "district")) == 11
    assert len(areas.children("20", "commune", AFTER)) == 65
    assert sum(len(areas.children(area.code, "commune")) for area in areas.all("district")) == 194
    with pytest.raises(UsageError):
        areas.ancestors("999")


def test_names_in_both_languages(areas: Areas) -> None:
    names = {code: areas.get(code).name("en") for code in ("181", "178", "20", "VN", "VN-NMM", "05977")}
    assert names == {
        "181": "Bình Gia district",
        "178": "Lạng Sơn city",
        "20": "Lạng Sơn province",
        "VN": "Vietnam",
        "VN-NMM": "Northern Midlands and Mountains",
        "05977": "Đông Kinh ward",
    }
    assert areas.get("181").name("vi") == areas.get("181").name() == "Huyện Bình Gia"
    assert all(area.short_name and area.name("en") for area in areas.all())
    assert areas.get("181").population_2019 == 52689


def test_the_districts_people_add_up(areas: Areas) -> None:
    assert sum(area.population_2019 or 0 for area in areas.all("district")) == areas.get("20").population_2019 == 781655


def test_new_communes_reuse_codes_27_under_another_name(areas: Areas) -> None:
    new = areas.all("commune", AFTER)
    pairs = [areas.units(area.code) for area in new]
    assert all(len(units) == 2 for units in pairs)
    assert sum(old.short_name != young.short_name for old, young in pairs) == 27
    rural = {area.short_name for area in areas.all("district") if area.kind == "Huyện"}
    assert len(rural & {area.short_name for area in new}) == 10


def test_a_whole_number_is_the_only_code_of_that_number(areas: Areas) -> None:
    """A program that passes 05977 as a number passes 5977."""
    written = [code for code in areas.codes if code.isdigit()]
    for code in written:
        same = [other for other in written if int(other) == int(code)]
        newest = areas.units(code)[-1]
        if len(same) == 1:
            assert areas.find(int(code), level=newest.level).code == code
        else:
            with pytest.raises(AmbiguousNameError, match=code):
                areas.find(int(code), level=newest.level)
    with pytest.raises(UsageError, match="99999"):
        areas.find(99999)


@pytest.mark.parametrize(
    ("name", "level", "code"),
    [
        *((name, "district", "181") for name in ("H. Bình Gia", "H.Bình Gia", "h bình gia", "3. Huyện Bình Gia",
                                                 "III. Bình Gia", "12) H. Bình Gia", "Huyện Bình Gia (*)",
                                                 "Bình Gia (1)", "Bình Gia **")),
        *((name, "district", "178") for name in ("TP. Lạng Sơn", "TP Lạng Sơn", "T.P Lạng Sơn", "tp.lạng sơn")),
        ("X. Bắc Sơn", "commune", "06325"), ("TT. Đồng Đăng", "commune", "06184"),
        *((name, None, "VN") for name in ("Cả nước", "CẢ NƯỚC", "Toàn quốc")), ("T. Lạng Sơn", None, "20"),
    ],
)  # fmt: skip
def test_names_are_known_as_offices_write_them(name: str, level: str | None, code: str, areas: Areas) -> None:
    assert areas.find(name, level=level).code == code


@pytest.mark.parametrize("name", ["X. Bắc Sơn", "Tỉnh Lạng Sơn", "Cả nước"])
def test_a_district_is_not_guessed_from_the_name_of_another_level(name: str, areas: Areas) -> None:
    with pytest.raises(UsageError) as caught:
        areas.find(name, level="district")
    assert name.startswith("X.") or "178" not in caught.value.remedy


def test_a_full_name_states_its_level(areas: Areas) -> None:
    found = {text: areas.stated(text) for text in ("Tỉnh Lạng Sơn", "Cả nước", "H. Bình Gia", "Bình Gia", "Xã Bắc Sơn")}
    codes = {text: area.code if area else None for text, area in found.items()}
    assert list(codes.values()) == ["20", "VN", "181", None, None]


@pytest.mark.parametrize(
    "folder", [PROJECT_DATA, *sorted((PROJECT_DATA / "provinces").iterdir())], ids=lambda at: at.name
)
def test_every_last_day_has_its_source(folder: Path) -> None:
    if not folder.is_dir():
        return
    held = load(folder)
    ended = [area for area in held.areas.all() if area.valid_to is not None]
    assert ended
    assert {area.code for area in ended if area.valid_source not in held.sources.index} == set()
    assert set(held.sources.loc[[area.valid_source for area in ended], "class"]) == {"official"}


def test_eleven_of_63_provinces_were_left_alone_in_2025(areas: Areas) -> None:
    before = areas.all(level="province", on=date(2024, 12, 31))
    merged = {area.code for area in before if area.valid_source == "nq202-2025"}
    left = {
        fold(area.name_vi).removeprefix("tinh ").removeprefix("thanh pho ")
        for area in before
        if area.code not in merged
    }
    assert (len(before), len(merged)) == (63, 52)
    assert left == {
        "ha noi", "thua thien hue", "cao bang", "dien bien", "lai chau", "son la", "lang son", "quang ninh",
        "thanh hoa", "nghe an", "ha tinh",
    }  # fmt: skip
    assert {area.valid_to for area in before if area.code in merged} == {date(2025, 6, 30)}


def test_a_table_of_areas_of_before_has_no_sources_of_days(tmp_path: Path) -> None:
    copytree(PROJECT_DATA, tmp_path / "old", ignore=ignore_patterns("panels", "provinces"))
    file = tmp_path / "old" / "areas.csv"
    table = pd.read_csv(file, dtype=str, keep_default_na=False).drop(columns="valid_source")
    table.to_csv(file, index=False)
    assert {area.valid_source for area in load(tmp_path / "old").areas.all()} == {""}
