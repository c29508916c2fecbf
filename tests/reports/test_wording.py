"""Sentence rules of both languages: units, singular and plural, direction words, points of a rate, dates, lists."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.attainment.attainment import lowered
from toolkit.base.texts import FIELD, catalogue
from toolkit.data.indicators import Unit
from toolkit.reports.wording import SCALE, words

VI, EN = words("vi"), words("en")
NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "vietnamese", "english"),
    [
        (2.32, "percent", None, "2,32%", "2.32%"),
        (12.0, "percent", 1, "12,0%", "12.0%"),
        (6.5, "percent_per_year", None, "6,5%/năm", "6.5% a year"),
        (1, "communes", 0, "1 xã", "1 commune"),
        (88, "communes", 0, "88 xã", "88 communes"),
        (0, "villages", 0, "0 thôn", "0 villages"),
        (781655, "persons", 0, "781.655 người", "781,655 persons"),
        (1.5, "times", None, "1,5 lần", "1.5 times"),
        (1, "percentage_points", None, "1 điểm phần trăm", "1 percentage point"),
        (2.47, "percentage_points", None, "2,47 điểm phần trăm", "2.47 percentage points"),
        (0.692, "index", None, "0,692", "0.692"),
        (69.41, "million_vnd_per_year", None, "69,41 triệu đồng/người/năm", "69.41 million VND per person and year"),
        (None, "percent", None, "–", "–"),
        (float("nan"), "percent", 1, "–", "–"),
    ],
)
def test_an_amount_is_written_as_its_language_does(value, unit, decimals, vietnamese, english) -> None:
    assert VI.amount(value, unit, decimals).replace(NBSP, " ") == vietnamese
    assert EN.amount(value, unit, decimals).replace(NBSP, " ") == english


def test_a_unit_without_words_of_its_own_is_printed_as_the_data_say() -> None:
    declared = replace(EN, units={"beehives": Unit(vi="tổ ong", en="hives", whole=True)})
    assert declared.amount(3, "beehives", 0).replace(NBSP, " ") == "3 hives"
    assert EN.amount(3, "bee_hives", 0).replace(NBSP, " ") == "3 bee hives"


@pytest.mark.parametrize(
    ("value", "unit", "vietnamese", "english"),
    [
        (
            -1.5,
            "percentage_points_per_year",
            "giảm 1,5 điểm phần trăm mỗi năm",
            "a fall of 1.5 percentage points a year",
        ),
        (1.0, "percentage_points_per_year", "tăng 1 điểm phần trăm mỗi năm", "a rise of 1 percentage point a year"),
        (4.91, "percent_per_year", "tăng 4,91% mỗi năm", "a rise of 4.91% a year"),
        (-12.0, "communes_per_year", "giảm 12 xã mỗi năm", "a fall of 12 communes a year"),
        (0.0, "percentage_points_per_year", "không đổi", "no change"),
        (-0.001, "percentage_points_per_year", "không đổi", "no change"),
        (None, "", "–", "–"),
    ],
)
def test_a_pace_names_its_direction_and_never_calls_points_per_cent(value, unit, vietnamese, english) -> None:
    assert VI.pace(value, unit).replace(NBSP, " ") == vietnamese
    assert EN.pace(value, unit).replace(NBSP, " ") == english


@given(st.floats(-50, 50, allow_nan=False))
def test_direction_words_follow_the_sign(value: float) -> None:
    text = VI.pace(value, "percentage_points_per_year")
    if round(abs(value), 2) == 0:
        assert text == "không đổi"
    else:
        assert text.startswith("giảm" if value < 0 else "tăng")
        assert "−" not in text, "the word carries the sign"


def test_intervals_give_both_limits_and_spell_out_negative_ones() -> None:
    assert VI.interval(0.84, 3.91, "percent", 1).replace(NBSP, " ") == "0,8–3,9%"
    assert EN.interval(-1.2, 2.0, "percent", 1).replace(NBSP, " ") == "−1.2 to 2.0%"
    assert VI.interval(None, 2.0, "percent", 1) == "–"


def test_dates_and_lists() -> None:
    assert VI.day(date(2025, 6, 30)) == "30/6/2025"
    assert VI.day(date(2026, 1, 5)) == "05/01/2026"
    assert EN.day(date(2026, 1, 5)) == "5 January 2026"
    assert VI.listed(["một"]) == "một"
    assert EN.listed(["one", "two", "three"]) == "one, two and three"
    assert VI.listed([]) == ""


def test_a_count_chooses_its_form() -> None:
    assert EN.counted("gaps.opens", 1, ids="T1") == "opens 1 target: T1"
    assert EN.counted("gaps.opens", 2, ids="T1, T2") == "opens 2 targets: T1, T2"
    assert "1.234" in VI.counted("gaps.opens", 1234, ids="")


def test_sentences_begin_with_a_capital_and_end_with_one_stop() -> None:
    assert EN.sentence("the end") == "The end."
    assert EN.sentence("The end.") == "The end."
    assert EN.sentence("") == ""
    assert VI.sentence("đạt") == "Đạt."


def test_names_inside_sentences() -> None:
    assert lowered("Tỷ lệ hộ nghèo") == "tỷ lệ hộ nghèo"
    assert lowered("GRDP bình quân") == "GRDP bình quân"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_verdict_has_words(language: str) -> None:
    shown = [words(language).verdict(verdict) for verdict in SCALE]
    assert len(set(shown)) == len(SCALE)
    assert len({words(language).t(f"short.{verdict}") for verdict in SCALE}) == len(SCALE)


REPORT = {key: texts for key, texts in catalogue().items() if key.startswith("report.")}


@pytest.mark.parametrize("key", REPORT)
def test_both_languages_use_the_same_fields(key: str) -> None:
    fields = {language: set(FIELD.findall(text)) for language, text in REPORT[key].items()}
    assert fields["vi"] == fields["en"] or key in {"report.day", "report.month_of"}


def test_texts_are_written_in_their_language() -> None:
    letters = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)
    english = [key for key, texts in REPORT.items() if letters.search(texts["en"].replace("ước", ""))]
    assert english == []
    long = [key for key, texts in REPORT.items() if len(texts["vi"].split()) > 4 and not letters.search(texts["vi"])]
    assert long == []
    points = [key for key, texts in REPORT.items() if re.search(r"[\d}]\s%|\d\.\d", texts["vi"])]
    assert points == [], "a percent sign stands at its number, as in the plan, and decimals have a comma"
