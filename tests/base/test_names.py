from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.base.texts import fold, nearest, normalise, slug

NAMES = ["Bình Gia", "Bắc Sơn", "Đình Lập", "Văn Quan", "Văn Lãng", "Cao Lộc", "Lộc Bình"]


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip()


@given(st.text(max_size=30))
def test_folding_ignores_case_diacritics_and_form(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)
    assert fold(normalise(text)) == fold(text)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("dinh lap", "Đình Lập"), ("ĐÌNH LẬP", "Đình Lập"), ("Quý Hoà", "Quý Hòa"), ("Bính Xá", "binh xa")],
)
def test_spellings_of_one_name_fold_alike(typed: str, meant: str) -> None:
    assert fold(typed) == fold(meant)


@given(st.sampled_from(NAMES), st.integers(0, 20))
def test_a_name_with_one_letter_missing_is_found(name: str, at: int) -> None:
    typed = name[: at % len(name)] + name[at % len(name) + 1 :]
    assert name in nearest(typed, NAMES, count=2)


@given(st.text(max_size=12), st.lists(st.text(max_size=6), max_size=12), st.integers(1, 4))
def test_nearest_returns_distinct_choices(text: str, choices: list[str], count: int) -> None:
    found = nearest(text, choices, count)
    assert len(found) == len(set(found)) == min(count, len(set(choices)))
    assert set(found) <= set(choices)


def test_nearest_puts_the_best_first() -> None:
    assert nearest("van quan", NAMES)[0] == "Văn Quan"
    assert nearest("x", [], 3) == []


@given(st.text(max_size=40))
def test_slugs_are_safe_in_file_names(text: str) -> None:
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug("../Huyện Lộc Bình") == "huyen-loc-binh"
