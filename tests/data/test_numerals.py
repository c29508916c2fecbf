from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.base.texts import numbers
from toolkit.data.parsing import Numeral, Reading, as_column, day_of, narrowed_reading, reading, whole_of, year_of


def column(readings: list[Reading]) -> list[tuple[float | None, str]]:
    return list(as_column(dict(enumerate(readings)), Counter(range(len(readings)))).values())


FINITE = st.floats(-1e9, 1e9, allow_nan=False)


@given(FINITE, st.integers(0, 6), st.sampled_from(["vi", "en"]))
def test_what_the_formatter_writes_is_read_back(value: float, places: int, language: str) -> None:
    style = "comma" if language == "vi" else "point"
    written = numbers("vi" if language == "vi" else "en").decimal(value, places)
    meanings = reading(written).meanings
    assert math.isclose(meanings[style], round(value, places), rel_tol=1e-9, abs_tol=1e-9)


@given(st.lists(FINITE, min_size=1, max_size=12), st.integers(1, 4), st.sampled_from(["vi", "en"]))
def test_a_column_in_one_style_is_read_whole(values: list[float], places: int, language: str) -> None:
    form = numbers("vi" if language == "vi" else "en")
    clear = [*values, 0.5]  # 0,5 or 0.5 tells the style
    settled = column([reading(form.decimal(value, places)) for value in clear])
    assert {fault for _, fault in settled} == {""}
    assert [value for value, _ in settled] == pytest.approx([round(value, places) for value in clear], abs=1e-9)


@given(st.integers(0, 10**12))
def test_plain_digits_are_no_question(value: int) -> None:
    found = reading(str(value))
    assert set(found.meanings.values()) == {float(value)}
    assert not found.open
    assert found.telling is None


@given(st.text(max_size=20))
def test_any_text_is_a_finite_number_or_a_fault(text: str) -> None:
    found = reading(text)
    assert bool(found.meanings) != bool(found.fault)
    assert all(math.isfinite(value) for value in found.meanings.values())


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["12,2", "1.234", "7"], [12.2, 1234.0, 7.0]),
        (["12.2", "1,234", "7"], [12.2, 1234.0, 7.0]),
        (["12 345,5", "1"], [12345.5, 1.0]),
        (["1.234", "5.678"], [None, None]),
        (["12,2", "12.2"], [None, None]),
        (["12,2", "3,1", "12.2"], [12.2, 3.1, None]),
        (["1.234.567", "12.345"], [1234567.0, 12345.0]),
    ],
)
def test_a_column_decides_or_refuses(cells: list[str], values: list[float | None]) -> None:
    assert [value for value, _ in column([reading(cell) for cell in cells])] == values


def test_what_is_counted_narrows_the_meaning() -> None:
    found = reading("12.868")
    assert narrowed_reading(found, float.is_integer).meanings == {"comma": 12868.0}
    assert narrowed_reading(found, lambda value: value <= 100).meanings == {"point": 12.868}
    assert narrowed_reading(found, lambda value: value < 0).open


def test_numbers_of_a_workbook_tell_no_style() -> None:
    settled = column([reading(Numeral("12.868")), reading("3,5")])
    assert [value for value, _ in settled] == [12.868, 3.5]


@given(st.integers(1945, 2100))
def test_years(year: int) -> None:
    assert year_of(str(year)) == year_of(f"{year}.0") == year
    assert year_of(str(year)[1:]) is None


@given(st.dates())
def test_days(day: object) -> None:
    assert day_of(str(day)) == day


@given(st.text(max_size=12))
def test_other_texts_are_no_days_years_or_counts(text: str) -> None:
    assert day_of(text) is None or text == day_of(text).isoformat()  # type: ignore[union-attr]
    assert year_of(text) is None or text.startswith(str(year_of(text)))
    assert whole_of(text) is None or int(float(text)) == whole_of(text)
