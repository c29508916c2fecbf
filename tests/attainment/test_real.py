"""The real plan on the real data: 68 answers for the province and each of its districts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd
import pytest

from toolkit.attainment.assess import assess_all
from toolkit.attainment.attainment import FIRST_COLUMNS, VERDICTS, Attainment, attainment_table, note_text, notes_text
from toolkit.base.texts import texts
from toolkit.data.dataset import Dataset, load
from toolkit.forecast.make import SEED, make_forecasts
from toolkit.plan.load import load_plan
from toolkit.plan.plan import Plan

AS_OF = date(2026, 11, 23)
OUTCOMES = {"settled", "probability", "milestone", "orientation", "cannot_assess"}


@dataclass(frozen=True)
class Real:
    dataset: Dataset
    plan: Plan
    answers: tuple[Attainment, ...]

    def of(self, area: str, target: str) -> Attainment:
        return next(one for one in self.answers if (one.area_code, one.target_id) == (area, target))


def of_seed(seed: int) -> Real:
    dataset = load(as_of=AS_OF)
    plan = load_plan("langson-138", folder=dataset.folder)
    province = dataset.areas.get(plan.province_code)
    areas = [province, *(a for a in dataset.areas.all(level="district") if a.parent_code == province.code)]
    forecasts = make_forecasts(dataset, plan, [area.code for area in areas], draws=400, seed=seed)
    return Real(dataset, plan, assess_all(plan, areas, dataset, forecasts))


@pytest.fixture(scope="module")
def real() -> Real:
    return of_seed(SEED)


def test_whether_there_is_an_answer_never_hangs_on_the_seed(real: Real) -> None:
    for seed in (1, 2):
        for one, other in zip(real.answers, of_seed(seed).answers, strict=True):
            assert one.outcome == other.outcome, (one.area_code, one.target_id)


def test_every_area_accounts_for_every_statement(real: Real) -> None:
    counts = pd.Series([one.area_code for one in real.answers]).value_counts()
    assert len(counts) == 12
    assert set(counts) == {68}
    for one in real.answers:
        assert one.outcome in OUTCOMES
        assert one.verdict in VERDICTS
        assert (one.probability is None) == (one.outcome not in ("settled", "probability"))
        assert one.probability is None or 0 <= one.probability <= 1
        assert one.outcome != "cannot_assess" or one.missing
        assert (one.grade == "") == (one.outcome == "milestone")
        assert ("D" in one.grade) == bool(one.proxy)
        if one.low is not None:
            assert one.expected is not None
            assert one.high is not None
            assert one.low <= one.expected <= one.high
    assert sum(one.outcome == "milestone" for one in real.answers) == 12 * 12


def test_province_rows_are_orientation_in_every_district(real: Real) -> None:
    asked = {target.id: real.dataset.indicators[target.indicator] for target in real.plan.targets if target.indicator}
    above = {name for name, one in asked.items() if one.known_at("province") and not one.known_at("district")}
    stated = above | {target.id for target in real.plan.targets if target.level == "province"}
    assert {"T30-07", "T30-01"} <= stated
    for one in real.answers:
        assert (one.outcome == "orientation") == (one.target_id in stated and one.area_code != "20")


def test_the_headline_is_answered_everywhere_through_the_declared_bound(real: Real) -> None:
    answers = [one for one in real.answers if one.target_id == "T30-03"]
    assert all(one.outcome == "probability" and one.bound == "at_least" for one in answers)
    assert {one.proxy for one in answers} == {"poverty_dtts_from_all"}
    assert all(one.probability_same_standard is not None for one in answers)
    grades = {one.area_code: one.grade for one in answers}
    assert grades["20"] == "A·D"
    assert [code for code, grade in grades.items() if grade == "C·D"] == [
        "178",
        "182",
        "183",
        "184",
        "186",
        "188",
        "189",
    ]
    province = real.of("20", "T30-03")
    assert (province.last_value, province.last_year, province.last_status) == (2.32, 2025, "final")
    assert [figure.value for figure in province.overruled if figure.year == 2025] == [3.0]


def test_changes_and_ratios_through_a_bound_are_not_assessed(real: Real) -> None:
    for target in ("T25-01", "T30-02", "T45-01"):
        answer = real.of("20", target)
        assert (answer.outcome, answer.probability) == ("cannot_assess", None)
        assert any(note.key == "attainment.missing.instead_of_bound" for note in answer.missing)


def test_a_yearly_fall_is_refuted_by_two_bounds_of_held_figures(real: Real) -> None:
    """3.36 % of all in 2024 are at most 4.1 % of the minorities, 2.32 % in 2025 at least 2.32 %."""
    answer = real.of("20", "T25-02")
    assert (answer.outcome, answer.probability, answer.bound, answer.verdict) == (
        "probability", 0.0, "exact", "very_unlikely",
    )  # fmt: skip
    [note] = [note for note in answer.notes if note.key == "attainment.note.refuted"]
    assert (note.fields["first"], note.fields["year"], note.fields["end"]) == (2024, 2025, 2.32)
    assert note.fields["value"] == pytest.approx(2.32 - 3.36 / 0.832, abs=0.02)
    assert answer.recent_pace is None  # of a bound nothing is kept
    # from 12.2 to 2.79 at least, from 14.67 to 2.32 at most, in four years: 3 points a year may be or not
    [mean] = [note for note in answer.notes if note.key == "attainment.note.between"]
    assert (mean.fields["first"], mean.fields["year"]) == (2022, 2025)
    assert mean.fields["start"] == pytest.approx((2.32 - 12.2 / 0.832) / 4, abs=0.1)
    assert mean.fields["end"] == pytest.approx((2.32 / 0.832 - 12.2) / 4, abs=0.1)
    assert answer.probability_average is None
    said = [notes_text(answer.notes, real.dataset, texts(language)) for language in ("vi", "en")]
    assert ["−3" in text for text in said] == [True, True]
    assert real.of("181", "T25-02").outcome == "cannot_assess"  # no figures of two years
    assert sum(one.outcome == "cannot_assess" for one in real.answers if one.area_code == "20") <= 38


def test_growth_takes_the_published_mean_for_its_years(real: Real) -> None:
    answer = real.of("20", "T30-01")
    [note] = [note for note in answer.notes if note.key == "attainment.note.period_average"]
    assert (note.fields["first"], note.fields["last"], note.fields["value"]) == (2021, 2025, 7.1)
    assert answer.required_pace == pytest.approx(100 * (1.06**10 / 1.071**5) ** 0.2 - 100)
    assert answer.probability_stretch is not None


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_table_begins_as_agreed_and_speaks_the_language(real: Real, language: str) -> None:
    table = attainment_table(real.answers, real.dataset, real.plan, texts(language))
    assert tuple(table.columns[: len(FIRST_COLUMNS)]) == FIRST_COLUMNS
    assert len(table) == 12 * 68
    assert set(table["verdict"]) <= {verdict.replace("_", " ") for verdict in VERDICTS}
    assert table.loc[0, "area_name"] == {"vi": "Tỉnh Lạng Sơn", "en": "Lạng Sơn province"}[language]
    text = " ".join([*table["notes"], *table["missing"]])
    assert "{" not in text
    assert ("the" in text.split()) == (language == "en")
    assert ("của" in text.split()) == (language == "vi")
    refused = table[table["outcome"] == "cannot_assess"]
    assert refused["probability"].isna().all()
    assert (refused["missing"] != "").all()


def test_every_note_can_be_said_in_both_languages(real: Real) -> None:
    for one in real.answers:
        for note in (*one.notes, *one.missing):
            spoken = {language: note_text(note, real.dataset, texts(language)) for language in ("vi", "en")}
            assert spoken["vi"] != spoken["en"]
            assert "None" not in spoken["vi"]


def test_the_plan_names_every_stand_in_that_its_targets_could_use(real: Real) -> None:
    used = {target.indicator for target in real.plan.targets}
    used |= {target.rule.benchmark.indicator for target in real.plan.targets if target.rule.kind == "ratio_to"}
    declared = {proxy.id for name in used for proxy in real.dataset.indicators[name].proxies}
    assert declared == {*real.plan.proxies.on, *real.plan.proxies.off}


def test_a_commune_answers_from_its_own_figures_alone(real: Real) -> None:
    codes = [area.code for area in real.dataset.areas.all("commune", on=real.dataset.as_of)][:30]
    made = make_forecasts(real.dataset, real.plan, codes, draws=100)
    areas = [real.dataset.areas.get(code, real.dataset.as_of) for code in codes]
    answers = assess_all(real.plan, areas, real.dataset, made)
    answered = [one for one in answers if one.outcome in ("probability", "settled")]
    assert answered
    assert {one.basis for one in answered} <= {"A", "B"}
    for one in answers:
        target = real.plan.target(one.target_id)
        if one.outcome == "cannot_assess" and made.path(one.area_code, target.indicator, target.scope) is not None:
            assert one.missing
            assert (one.expected, one.required_pace, one.probability) == (None, None, None)
