"""No sentence says more than its evidence allows: conditions by grade, "about" and "at least", verbs by probability."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from toolkit.attainment.assess import assess_all
from toolkit.attainment.attainment import Attainment, verdict_of
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan import Plan
from toolkit.plan.judgement import Bound
from toolkit.reports.area_report import standards_section
from toolkit.reports.blocks import Paragraph
from toolkit.reports.context import Context, RunFacts, SourceBook
from toolkit.reports.first_page import answer as first_answer
from toolkit.reports.first_page import asks_section, at_risk, chance, risk_section, verdict_sentence
from toolkit.reports.wording import LIKELY, words


class Contexts(dict[str, Context]):
    """Contexts by code and language, quickly shown when a test fails."""

    def __repr__(self) -> str:
        return f"<contexts {sorted(self)}>"


@pytest.fixture(scope="session")
def contexts(real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts, facts: RunFacts) -> dict[str, Context]:
    """Return contexts of the province and of a district without a poverty rate, by code and language."""
    made = Contexts()
    for code in ("20", "178"):
        area = real_data.areas.get(code)
        answers = assess_all(real_plan, [area], real_data, real_forecasts)
        for language in ("vi", "en"):
            book = SourceBook(real_data.sources)
            made[code + language] = Context(
                area, answers, real_forecasts, real_data, real_plan, facts, words(language), book
            )
    return made


def answer(context: Context, target_id: str, **changes: object) -> Attainment:
    found = next(item for item in context.attainments if item.target_id == target_id)
    return replace(found, **changes)


VERDICTS = {"very_likely": 0.95, "likely": 0.7, "about_as_likely_as_not": 0.5, "unlikely": 0.2, "very_unlikely": 0.05}


@pytest.mark.parametrize(("verdict", "probability"), VERDICTS.items())
def test_the_verb_follows_the_verdict(contexts: dict[str, Context], verdict: str, probability: float) -> None:
    given = {"verdict": verdict, "probability": probability, "bound": "exact", "proxy": "", "outcome": "probability"}
    for language in ("vi", "en"):
        context = contexts[f"20{language}"]
        text = verdict_sentence(context, answer(context, "T30-26", **given))
        assert words(language).numbers.percent(probability) in text
        plain = {"very_likely": "very likely", "likely": "is likely", "unlikely": "is unlikely"}
        if language == "en" and verdict in plain:
            assert plain[verdict] in text
        assert not any(sure in text for sure in ("will be met", "sẽ đạt", "certain", "chắc chắn"))


def test_grade_a_states_the_probability_plainly_and_weaker_grades_say_about(contexts: dict[str, Context]) -> None:
    context = contexts["20en"]
    for grade, expected in (("A", "probability 72%"), ("B", "probability about 72%"), ("C", "probability about 72%")):
        changed = answer(context, "T30-26", grade=grade, probability=0.72, bound="exact", outcome="probability")
        assert chance(context, changed) == expected


def test_a_bound_says_at_least_and_is_rounded_down(contexts: dict[str, Context]) -> None:
    context = contexts["20en"]
    changed = answer(context, "T30-03", probability=0.8779, bound="at_least")
    assert chance(context, changed) == "probability at least 87%"
    assert chance(context, replace(changed, probability=1.0)) == "probability at least 99%"


def test_extremes_are_limits_never_certainties(contexts: dict[str, Context]) -> None:
    context = contexts["20vi"]
    for probability, expected in ((0.0, "dưới 1%"), (1.0, "trên 99%")):
        changed = answer(context, "T30-26", probability=probability, bound="exact")
        assert expected in chance(context, changed).replace("\u00a0", " ")


def test_borrowed_and_proxied_answers_say_so_before_they_answer(contexts: dict[str, Context]) -> None:
    vietnamese = verdict_sentence(contexts["178vi"], answer(contexts["178vi"], "T30-03"))
    assert vietnamese.index("chưa có số liệu riêng") < vietnamese.index("mục tiêu")
    assert vietnamese.index("chỉ tiêu thay thế") < vietnamese.index("mục tiêu")
    assert "ít nhất" in vietnamese
    english = verdict_sentence(contexts["178en"], answer(contexts["178en"], "T30-03"))
    assert english.index("no figure of its own") < english.index("the target")
    assert "tỉnh Lạng Sơn" in vietnamese
    assert "Lạng Sơn province" in english


def test_few_figures_are_counted(contexts: dict[str, Context]) -> None:
    context = contexts["20en"]
    text = verdict_sentence(context, answer(context, "T30-04b"))
    assert text.startswith("With only 1 figure of its own:")


def test_past_years_are_spoken_of_in_the_past(contexts: dict[str, Context]) -> None:
    context = contexts["20en"]
    past = answer(context, "T25-18", verdict="likely", probability=0.7, outcome="probability", bound="exact")
    assert "likely to have been met" in verdict_sentence(context, past)
    assert "likely to be met" in verdict_sentence(context, replace(past, due=2030))
    assert "likely to be met" in verdict_sentence(context, replace(past, due=context.year))


def test_settled_targets_name_figure_and_year(contexts: dict[str, Context]) -> None:
    context = contexts["20vi"]
    changes = {"outcome": "settled", "verdict": "met", "probability": 1.0, "last_value": 68.2, "last_year": 2030}
    text = verdict_sentence(context, answer(context, "T30-26", **changes))
    assert "đã đạt: 68,2% vào năm 2030" in text.replace("\u00a0", " ")
    assert "xác suất" not in text


@pytest.mark.parametrize(("outcome", "english"), [("cannot_assess", "cannot be assessed"), ("milestone", "milestone")])
def test_what_has_no_probability_gets_none(contexts: dict[str, Context], outcome: str, english: str) -> None:
    context = contexts["20en"]
    text = verdict_sentence(context, answer(context, "T30-05", outcome=outcome, verdict="x", probability=None))
    assert english in text
    assert "%)" not in text


def test_the_answer_counts_every_statement_once_in_the_tense_of_its_year(contexts: dict[str, Context]) -> None:
    for key, context in contexts.items():
        sentences = first_answer(context)
        assert len(sentences) == 3
        for due, sentence in zip((2025, 2030, 2045), sentences, strict=True):
            found = [item for item in context.attainments if item.due == due]
            total, *parts = (int(part) for part in re.findall(r"\b\d+\b", sentence) if int(part) != due)
            assert total == len(found) == sum(parts)
            judged = sum(item.verdict in {*VERDICTS, *LIKELY, "met", "not_met"} for item in found)
            assert parts[-1] == total - judged, "what is not known comes last"
        past, ahead = ("đã đạt", "đạt") if key.endswith("vi") else ("have been met", "to be met")
        assert past in sentences[0]
        assert past not in sentences[1]
        assert ahead in sentences[1]


def test_an_area_without_any_answer_still_has_a_first_page(contexts: dict[str, Context]) -> None:
    context = contexts["178vi"]
    nothing = tuple(
        replace(item, outcome="cannot_assess", verdict="cannot_be_assessed", probability=None)
        for item in context.attainments
    )
    empty = replace(context, attainments=nothing)
    assert first_answer(empty)[0].endswith("33 chưa biết.")
    assert isinstance(risk_section(empty).blocks[0], Paragraph)
    assert len(asks_section(empty).blocks[0].rows) == 3


def test_the_riskiest_targets_come_first_those_of_a_past_year_too(contexts: dict[str, Context]) -> None:
    context = contexts["20vi"]
    ranked = at_risk(context)
    chances = [item.probability for item in ranked]
    assert chances == sorted(chances)
    assert {item.due for item in ranked[:3]} == {2025, 2030}
    assert len({context.quantity(item) for item in ranked}) == len(ranked)
    table = risk_section(context).blocks[0]
    for item, row in zip(ranked, table.rows, strict=False):
        assert row[0].details[-1] == item.target_id
        assert row[1].value == item.probability
        assert (row[2].value, row[3].value) == (item.required_pace, item.recent_pace)
        assert any("đã đến hạn" in detail for detail in row[1].details) == (item.due < context.year)


def test_requests_name_who_leads_and_the_next_round(contexts: dict[str, Context]) -> None:
    context = contexts["20vi"]
    rows = asks_section(context).blocks[0].rows
    assert [row[2].text for row in rows] == ["30/11/2026"] * 3
    assert "chưa có trong tệp kế hoạch" in rows[0][1].text
    assert all("nơi nhiều khả năng có số liệu" in row[1].text for row in rows[1:])
    led = [target.model_copy(update={"lead": "Sở Y tế"}) for target in context.plan.targets]
    rows = asks_section(replace(context, plan=context.plan.model_copy(update={"targets": tuple(led)}))).blocks[0].rows
    assert {row[1].text for row in rows} == {"Sở Y tế"}


SAID = {  # from the strongest; the first that a sentence holds is what it claims
    "vi": (
        "ít nhất là rất nhiều khả năng",
        "ít nhất là nhiều khả năng",
        "rất nhiều khả năng",
        "rất ít khả năng",
        "nhiều khả năng",
        "ít khả năng",
        "ngang nhau",
    ),
    "en": (
        "at least very likely",
        "at least likely",
        "very likely",
        "very unlikely",
        "is unlikely",
        "is likely",
        "as likely as not",
    ),
}
MEANT = {
    "ít nhất là rất nhiều khả năng": "at_least_very_likely", "ít nhất là nhiều khả năng": "at_least_likely",
    "at least very likely": "at_least_very_likely", "at least likely": "at_least_likely",
    "rất nhiều khả năng": "very_likely", "very likely": "very_likely", "rất ít khả năng": "very_unlikely",
    "very unlikely": "very_unlikely", "nhiều khả năng": "likely", "is likely": "likely", "ít khả năng": "unlikely",
    "is unlikely": "unlikely", "ngang nhau": "about_as_likely_as_not", "as likely as not": "about_as_likely_as_not",
}  # fmt: skip
CERTAIN = re.compile(r"will be met|certain|sure|guarantee|sẽ đạt|chắc chắn|nhất định|impossible|không thể")


@settings(max_examples=300)
@given(
    probability=st.floats(0, 1),
    bound=st.sampled_from(["exact", "at_least"]),
    grade=st.sampled_from(["A", "B", "C", "A·D", "B·D", "C·D"]),
    due=st.integers(2024, 2036),
    target=st.sampled_from(["T30-03", "T30-26", "T25-22", "T30-04b", "T25-18"]),
    spoken=st.sampled_from(["20vi", "20en", "178vi", "178en"]),
)
def test_no_sentence_says_more_than_probability_and_grade_allow(
    contexts: dict[str, Context], probability: float, bound: Bound, grade: str, due: int, target: str, spoken: str
) -> None:
    context = contexts[spoken]
    language = context.words.language
    assume(context.path(answer(context, target)) is not None)  # without one there is no probability
    verdict = verdict_of(probability, bound, due - 2025)
    changes = {"probability": probability, "bound": bound, "grade": grade, "due": due, "verdict": verdict}
    changed = answer(context, target, outcome="probability", **changes)
    text = verdict_sentence(context, changed).replace("\u00a0", " ")
    assert CERTAIN.search(text) is None
    claim = next((MEANT[phrase] for phrase in SAID[language] if phrase in text), None)
    assert claim == (verdict if verdict in MEANT.values() else None)
    written = re.search(r"(?:xác suất|probability) (.*?)(\d+) ?%", text)
    hedge, percent = written[1].strip(), int(written[2])
    if bound == "at_least":
        assert hedge in {"ít nhất", "at least"}
        assert percent <= 100 * probability + 1e-6
    elif 0.01 <= probability <= 0.99:
        assert abs(percent - 100 * probability) <= 0.5 + 1e-9
        assert hedge in ({""} if grade == "A" else {"khoảng", "about"})
    else:
        assert (hedge, percent) in {("dưới", 1), ("below", 1), ("trên", 99), ("above", 99)}
    first = text.split("“")[0].lower()
    assert ("C" in grade) <= any(said in first for said in ("chưa có số liệu riêng", "no figure of its own"))
    assert ("D" in grade) <= any(said in first for said in ("chỉ tiêu thay thế", "stand-in"))
    assert ("B" in grade) <= any(said in first for said in ("chỉ có", "with only"))
    past = any(said in text for said in ("have been met", "đã đạt", "fell due", "đến hạn quá xa"))
    if verdict != "not_decided_by_bound":
        assert past == (due < context.year)
    assert text[0].isupper()
    assert text.endswith(".")
    assert "  " not in text
    assert "{" not in text


@settings(max_examples=200)
@given(across=st.floats(0, 1), today=st.floats(0, 1), bound=st.sampled_from(["exact", "at_least"]))
def test_what_a_new_standard_does_follows_from_the_numbers_shown(
    contexts: dict[str, Context], across: float, today: float, bound: Bound
) -> None:
    for spoken in ("20vi", "20en"):
        context = contexts[spoken]
        changed = answer(context, "T30-03", probability=across, probability_same_standard=today, bound=bound)
        only = replace(context, attainments=(changed,))
        blocks = standards_section(only).blocks
        text = next(block.text for block in blocks if isinstance(block, Paragraph) and block.tone == "lead")
        text = text.replace("\u00a0", " ")
        shown = [int(part) for part in re.findall(r"(?:xác suất|probability) [^\d]*?(\d+) ?%", text)[:2]]
        moved = re.search(r"(giảm|tăng|lowers the probability by|raises the probability by) (\d+) (.*?)\.", text)
        if moved is None:
            assert re.search(r"gần như nhau|nearly the same", text)
            assert abs(shown[0] - shown[1]) <= 1
        else:
            assert (moved[1] in {"giảm", "lowers the probability by"}) == (today > across)
            assert abs(abs(shown[0] - shown[1]) - int(moved[2])) <= 1  # limits are shown as 1 and 99
            named = {"vi": "điểm phần trăm", "en": "percentage point" if moved[2] == "1" else "percentage points"}
            assert moved[3] == named[context.words.language]


@given(
    pace=st.floats(-50, 50),
    unit=st.sampled_from(["percentage_points_per_year", "percent_per_year", "communes_per_year", "years_per_year"]),
)
def test_a_pace_names_its_direction_its_size_and_its_unit(pace: float, unit: str) -> None:
    size = round(abs(pace), 2)
    vietnamese, english = (words(language).pace(pace, unit).replace("\u00a0", " ") for language in ("vi", "en"))
    if size == 0:
        assert (vietnamese, english) == ("không đổi", "no change")
        return
    assert vietnamese.startswith("giảm " if pace < 0 else "tăng ")
    assert english.startswith("a fall of " if pace < 0 else "a rise of ")
    assert vietnamese.endswith(" mỗi năm")
    assert english.endswith(" a year")
    assert words("vi").numbers.plain(size, 2) in vietnamese
    assert "." not in vietnamese
    if unit == "percentage_points_per_year":
        assert "điểm phần trăm" in vietnamese
        assert f"percentage point{'' if size == 1 else 's'} " in english
    if unit == "communes_per_year":
        assert f"commune{'' if size == 1 else 's'} " in english
