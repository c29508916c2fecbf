"""Every note that the room can write has its words, in both languages, and every word is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.attainment.house import World
from toolkit.attainment.attainment import note_text, notes_text, with_unit
from toolkit.base.texts import FIELD, catalogue, texts
from toolkit.plan.judgement import Note

ROOMS = [Path(__file__).parents[2] / "toolkit" / room for room in ("plan", "attainment")]
WRITTEN_FROM_PARTS = {"proxy", "break_ahead", "bound", "milestone", "pace_of_bound"}


def keys_in_code() -> set[str]:
    source = "".join(path.read_text(encoding="utf-8") for room in ROOMS for path in room.glob("*.py"))
    return set(re.findall(r'"(attainment\.(?:note|missing)\.[a-z_.]+)"', source))


def test_every_key_in_the_code_is_in_the_catalogue_and_the_other_way_round() -> None:
    entries = {key for key in catalogue() if re.match(r"attainment\.(note|missing)\.", key)}
    assert keys_in_code() <= entries
    left = {key for key in entries - keys_in_code() if key.split(".")[2] not in WRITTEN_FROM_PARTS}
    assert left == set()


@pytest.mark.parametrize("key", sorted(key for key in catalogue() if key.startswith("attainment.")))
def test_both_languages_use_the_same_fields(key: str) -> None:
    entry = catalogue()[key]
    assert set(FIELD.findall(entry["vi"])) == set(FIELD.findall(entry["en"]))


def spoken(note: Note) -> tuple[str, str]:
    world = World()
    return tuple(note_text(note, world, texts(language)).replace("\u00a0", " ") for language in ("vi", "en"))  # type: ignore[arg-type, return-value]


def test_fields_are_put_into_words_by_their_names() -> None:
    fields = {"year": 2025, "value": 3.0, "used": 2.32, "unit": "percent", "source": "decision"}
    assert spoken(Note("attainment.note.overruled", fields)) == (
        "Năm 2025: dùng 2,32%; không dùng 3% (UBND tỉnh).",
        "2025: 2.32% is used; 3% (UBND tỉnh) is overruled.",
    )
    wanted = {"indicator": "share", "scope": "dtts", "area": "181"}
    assert spoken(Note("attainment.missing.series", wanted)) == (
        "Cần số liệu hằng năm về chỉ số share (người dân tộc thiểu số) của huyện Bình Gia.",
        "Yearly figures are needed for Bình Gia district: indicator share (ethnic minorities).",
    )
    share = Note("attainment.note.share_used", {"share": "83.91 (2019)"})
    assert [text.split(": ")[1] for text in spoken(share)] == ["83,91% (2019).", "83.91% (2019)."]
    assert spoken(Note("attainment.note.reweighted", {"effective": 1899}))[0].endswith("còn 1.899.")
    tolerance = Note("attainment.note.tolerance", {"tolerance": 0.05, "probability": 0.004})
    assert spoken(tolerance)[0] == "Tính cả dung sai 0,05 lần; không tính dung sai thì xác suất là <1%."
    localities = {"areas": ("181", "185"), "indicator": "share", "scope": "all"}
    assert "huyện Bình Gia, huyện Bắc Sơn" in spoken(Note("attainment.missing.localities", localities))[0]
    status = Note("attainment.note.not_final", {"year": 2025, "status": "preliminary"})
    assert spoken(status) == ("Số liệu năm 2025 mới ở mức sơ bộ.", "The figure of 2025 is preliminary, not final.")


def test_names_that_nobody_declared_stay_as_they_are() -> None:
    fields = {"year": 2027, "before": "mdp_2022", "after": ""}
    vietnamese, english = spoken(Note("attainment.note.break_ahead.measured", fields))
    assert "mdp_2022" in vietnamese
    assert "no standard stated" in english
    source = Note("attainment.note.unverified", {"year": 2008, "value": 19.32, "unit": "percent", "source": "unheard"})
    assert "unheard" in spoken(source)[0]
    assert "99999" in spoken(Note("attainment.note.borrowed", {"area": "99999"}))[0]


def test_units_follow_the_number() -> None:
    world = World()
    assert with_unit("3", "times", world, texts("vi")) == "3\u00a0lần"  # type: ignore[arg-type]
    assert with_unit("3", "index", world, texts("vi")) == "3"  # type: ignore[arg-type]
    assert with_unit("3", "odd_things", world, texts("en")) == "3\u00a0odd things"  # type: ignore[arg-type]
    notes = (Note("attainment.note.few_draws"), Note("attainment.missing.milestone"))
    assert notes_text(notes, world, texts("en")).count(". ") == 1  # type: ignore[arg-type]
