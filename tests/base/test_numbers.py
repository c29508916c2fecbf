from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.base.texts import NO_VALUE, numbers

VALUES = st.floats(-1e12, 1e12, allow_nan=False)


@given(VALUES, st.integers(0, 6))
def test_both_languages_say_the_same_number(value: float, places: int) -> None:
    vietnamese, english = numbers("vi").decimal(value, places), numbers("en").decimal(value, places)
    assert vietnamese.translate(str.maketrans(",.", ".,")) == english
    plain = float(english.replace("−", "-").replace(",", ""))
    assert math.isclose(plain, value, rel_tol=1e-9, abs_tol=0.5 * 10.0**-places + 1e-9)


@given(VALUES, st.integers(0, 4))
def test_there_is_no_negative_zero(value: float, places: int) -> None:
    text = numbers("en").decimal(value, places)
    assert not re.fullmatch(r"−0(\.0*)?", text)


@pytest.mark.parametrize(
    ("value", "places", "vietnamese"),
    [(12.2, 1, "12,2"), (781655, 0, "781.655"), (-2.47, 2, "−2,47"), (1234567.891, 2, "1.234.567,89"), (0.0, 1, "0,0"),
     (None, 1, NO_VALUE), (math.nan, 1, NO_VALUE), (math.inf, 1, "∞"), (-math.inf, 1, "−∞")],
)  # fmt: skip
def test_vietnamese_numbers(value: float | None, places: int, vietnamese: str) -> None:
    assert numbers("vi").decimal(value, places) == vietnamese


def test_signs_are_shown_on_demand() -> None:
    form = numbers("vi")
    assert [form.decimal(value, 1, sign=True) for value in (2.5, -2.5, 0.0)] == ["+2,5", "−2,5", "0,0"]


@given(st.decimals(0, 1000, places=3))
def test_plain_numbers_keep_the_places_of_their_source(value: object) -> None:
    number = float(str(value))
    shown = numbers("en").plain(number)
    assert float(shown.replace(",", "")) == pytest.approx(number)
    assert not shown.endswith(".")
    assert "." not in shown or not shown.endswith("0")


@given(st.floats(0, 1))
def test_a_probability_is_never_a_false_certainty(probability: float) -> None:
    text = numbers("en").probability(probability)
    assert text not in ("0%", "100%")
    assert numbers("vi").probability(probability).replace("\u00a0%", "%") == text


@pytest.mark.parametrize(("probability", "text"), [(0.999, "≥\u00a099%"), (0.4371, "≥\u00a043%"), (1.0, "≥\u00a099%")])
def test_a_lower_bound_is_rounded_down(probability: float, text: str) -> None:
    assert numbers("en").probability(probability, bound="at_least") == text


def test_nothing_known_is_a_dash() -> None:
    form = numbers("vi")
    assert {form.plain(None), form.percent(None), form.probability(math.nan)} == {NO_VALUE}
