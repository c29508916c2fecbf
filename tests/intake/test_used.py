"""What comes in is used: own figures answer, counts are figures, and any single figure goes the whole way."""

from __future__ import annotations

import io
import random
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from markupsafe import escape

from tests.data.tables import text
from toolkit.attainment.assess import assess_all
from toolkit.attainment.attainment import Attainment, notes_text
from toolkit.base.texts import texts
from toolkit.data.consistency import RATES
from toolkit.data.dataset import PROJECT_DATA, Dataset, load, mark_of
from toolkit.forecast.make import Span, make_forecasts, needed
from toolkit.forecast.store import Forecasts
from toolkit.intake import incoming
from toolkit.intake.history import history
from toolkit.intake.incoming import doubts_within
from toolkit.intake.ingest import effect_lines, prepare, with_doubts, withdraw, write_changes
from toolkit.intake.template import context_of, requests, standard_in
from toolkit.plan.load import load_plan
from toolkit.plan.plan import Plan
from toolkit.reports.area_report import build_area_document
from toolkit.reports.evidence import missing_series
from toolkit.run.manifest import facts_of

CASES = Path(__file__).parents[1] / "data" / "cases"
DISTRICTS = ("178", *map(str, range(180, 190)))
NEW_COMMUNES = ("06073", "06076", "06079", "06085", "06091", "06103", "06112", "06115")
"""Communes of 2025 on the territory of Bình Gia."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the project's data and plan that a test may change."""
    left_out = shutil.ignore_patterns("panels", "provinces")
    return Path(shutil.copytree(PROJECT_DATA, tmp_path / "data", ignore=left_out))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(folder=PROJECT_DATA)


def row(area: str, indicator: str, value: str, year: int = 2024, scope: str = "all", **cells: str) -> tuple[str, ...]:
    unit, standard, status = (cells.get(name, usual) for name, usual in
                              (("unit", "percent"), ("standard", "mdp_2022"), ("status", "reported")))  # fmt: skip
    return (area, indicator, scope, str(year), "", value, "", unit, standard, status, "kh99-2021", "", "", "")


def delivered(rows: Sequence[Sequence[str]], folder: Path) -> Dataset:
    (folder.parent / "in.csv").write_text(text(rows), encoding="utf-8")
    found = prepare([folder.parent / "in.csv"], folder)
    assert not found.rejected, [problem.line() for problem in found.problems]
    assert write_changes(found)
    return load(folder)


def forecast(dataset: Dataset, plan: Plan, codes: Sequence[str]) -> Forecasts:
    return make_forecasts(dataset, plan, codes, draws=200)


def answers(dataset: Dataset, plan: Plan, code: str) -> Mapping[str, Attainment]:
    found = assess_all(plan, [dataset.areas.get(code)], dataset, forecast(dataset, plan, [code]))
    return {item.target_id: item for item in found}


def test_the_very_series_that_a_report_asks_for_answers_its_targets(folder: Path, plan: Plan) -> None:
    before = answers(load(folder), plan, "181")
    assert {before[name].verdict for name in ("T25-11", "T30-25")} == {"cannot_be_assessed"}
    write_changes(prepare([CASES / "asked_for_by_the_report.xlsx"], folder))
    after = answers(load(folder), plan, "181")
    assert [(after[name].outcome, after[name].grade, after[name].last_value) for name in ("T25-11", "T30-25")] == [
        ("probability", "A", 55.5), ("probability", "A", 55.5),
    ]  # fmt: skip
    assert {name for name in after if after[name].verdict != before[name].verdict} == {"T25-11", "T30-25"}


@pytest.mark.parametrize("held", [3, 9, 11])
def test_a_province_is_forecast_from_its_districts_as_far_as_they_cover_it(held: int, folder: Path, plan: Plan) -> None:
    wanted = ("at_risk_households_relocated_share", "dtts")
    rows = [row(code, wanted[0], str(30 + number), scope="dtts", standard="")
            for number, code in enumerate(DISTRICTS[:held])]  # fmt: skip
    dataset = delivered(rows, folder)
    made = forecast(dataset, plan, ["20"])
    assert [made.path(code, *wanted) is not None for code in DISTRICTS] == [True] * held + [False] * (11 - held)
    province = made.path("20", *wanted)
    if held == 3:
        assert province is None
        return
    assert province is not None
    people = {code: dataset.areas.get(code).population_2019 or 0 for code in DISTRICTS}
    covered = sum(people[code] for code in DISTRICTS[:held]) / sum(people.values())
    evidence = province.evidence
    assert (evidence.basis, evidence.parts, evidence.parts_held) == ("C", 11, held)
    assert evidence.covered == pytest.approx(covered)
    mean = sum(people[code] * (30 + number) for number, code in enumerate(DISTRICTS)) / sum(people.values())
    low, middle, high = province.quantiles((0.1, 0.5, 0.9))[province.position(2024)]
    assert middle == pytest.approx(mean, abs=1.5 if held == 11 else 6)
    assert high - low > (0 if held == 11 else 1)
    answer = answers(dataset, plan, "20")["T25-11"]
    assert f"{held} of 11 areas below" in notes_text(answer.notes, dataset, texts("en"))
    assert f"{held}/11 địa bàn" in notes_text(answer.notes, dataset, texts("vi"))


def test_counts_of_a_commune_are_rates_that_answer_its_targets(folder: Path, plan: Plan) -> None:
    counts = {("poor_households", "all"): "120", ("households", "all"): "2600", ("poor_households", "dtts"): "119",
              ("households", "dtts"): "2480"}  # fmt: skip
    more = {"unit": "households", "status": "final"}
    rows = [row("06112", name, value, 2025, scope, **more) for (name, scope), value in counts.items()]
    dataset = delivered(rows, folder)
    rates = {scope: dataset.series("06112", "poverty_rate", scope).observations for scope in ("all", "dtts")}
    assert {scope: [(one.value, one.qualifier, one.note) for one in held] for scope, held in rates.items()} == {
        "all": [(4.62, "derived", "120/2600")], "dtts": [(4.8, "derived", "119/2480")],
    }  # fmt: skip
    assert answers(dataset, plan, "06112")["T30-03"].last_value == 4.8
    told = [item for item in history(dataset, "181", "poverty_rate", "all") if item.year == 2025]
    assert [(item.value, item.standing, item.coverage) for item in told] == [("4.62", "summed", "1/8")]
    assert dataset.series("181", "poverty_rate", "all").observations[-1].year == 2018  # one of eight is no district


@pytest.mark.parametrize("held", [6, 7])
def test_most_communes_stand_for_their_district_with_coverage(held: int, folder: Path, plan: Plan) -> None:
    more = {"unit": "households", "status": "final"}
    rows = [row(code, name, value, 2025, "dtts", **more) for number, code in enumerate(NEW_COMMUNES[:held])
            for name, value in (("poor_households", str(100 + number)), ("households", "2000"))]  # fmt: skip
    dataset = delivered([*rows, row(NEW_COMMUNES[7], "households", "9000", 2025, "dtts", **more)], folder)
    found = [(one.value, one.qualifier, one.note) for one in dataset.series("181", "poverty_rate", "dtts").observations]
    assert found == ([(5.15, "about", "7/8: 721/14000")] if held == 7 else [])  # the eighth has but one of two counts
    assert dataset.series("181", "poor_households", "dtts").observations[-1].year == 2018
    assert (answers(dataset, plan, "181")["T30-03"].last_value == 5.15) == (held == 7)


def test_counts_of_all_communes_are_those_of_their_district(folder: Path) -> None:
    more = {"unit": "households", "status": "final"}
    rows = [row(code, name, value, 2025, **more) for code in NEW_COMMUNES
            for name, value in (("poor_households", "100"), ("households", "2000"))]  # fmt: skip
    dataset = delivered(rows, folder)
    (figure,) = (one for one in dataset.series("181", "poor_households", "all").observations if one.year == 2025)
    assert (figure.value, figure.qualifier, figure.note, figure.status) == (800.0, "derived", "8/8", "final")
    assert dataset.series("181", "poverty_rate", "all").observations[-1].value == 5.0
    assert [item.standing for item in history(dataset, "181", "poor_households") if item.year == 2025] == ["counts"]


def test_districts_add_up_to_their_province_and_a_printed_total_stands(folder: Path) -> None:
    more = {"unit": "households", "status": "final"}
    for total in ("", "12000"):
        rows = [row(code, "near_poor_households", "1000", 2024, "dtts", **more) for code in DISTRICTS]
        rows += [row("20", "near_poor_households", total, 2024, "dtts", **more)] if total else []
        place = Path(shutil.copytree(folder, folder.parent / f"with{total}" / "data"))
        found = delivered(rows, place).series("20", "near_poor_households", "dtts").observations
        assert [one.value for one in found if one.year == 2024] == [float(total or 11_000)]


def test_where_rate_and_counts_disagree_both_are_shown_and_said(folder: Path) -> None:
    more = {"unit": "households", "status": "reported"}
    rows = [row("181", "poor_households", "120", **more), row("181", "households", "2600", **more),
            row("181", "poverty_rate", "6.5"), row("182", "poor_households", "120", **more),
            row("182", "households", "2600", **more), row("182", "poverty_rate", "4.6")]  # fmt: skip
    dataset = delivered(rows, folder)
    kept, agreed = (
        next(one for one in dataset.series(code, "poverty_rate", "all").observations if one.year == 2024)
        for code in ("181", "182")
    )
    assert (kept.value, [one.value for one in kept.overruled]) == (6.5, [4.62])
    assert (agreed.value, agreed.overruled) == (4.6, ())
    shutil.rmtree(folder / "observations")
    shutil.copytree(PROJECT_DATA / "observations", folder / "observations")
    told = [item for item in prepare([folder.parent / "in.csv"], folder).problems if item.kind == "rate_and_count"]
    assert [(item.file, item.row, item.fields["implied"]) for item in told] == [("in.csv", 4, "4.62")]


@pytest.mark.parametrize(("area", "check_all"), [("20", False), pytest.param("181", True, marks=pytest.mark.slow)])
def test_one_minority_poverty_figure_is_taken_checked_and_used(
    area: str, check_all: bool, folder: Path, plan: Plan
) -> None:
    (folder.parent / "in.csv").write_text(text([row(area, "poverty_rate", "4.0", scope="dtts")]), encoding="utf-8")
    found = with_doubts(prepare([folder.parent / "in.csv"], folder), plan)
    assert write_changes(found)
    dataset = load(folder)
    if check_all:  # `check --model` forecasts every series from every past year: twenty seconds
        assert isinstance(doubts_within(dataset, plan), tuple)
    answer = answers(dataset, plan, area)["T30-03"]
    assert (answer.last_value, answer.proxy, answer.grade) == (4.0, "", "B")


def test_what_a_delivery_changed_is_told_and_what_its_withdrawal_did(folder: Path, plan: Plan) -> None:
    before = load(folder)
    number = max(item.number for item in before.deliveries) + 1
    write_changes(prepare([CASES / "asked_for_by_the_report.xlsx"], folder))
    after = load(folder)
    lines = effect_lines(number, before, after, plan)
    assert lines[0] == "Bình Gia district: answers 2 more of the plan's statements (T25-11, T30-25)."
    assert lines[1].startswith("Bình Gia district, T25-11: cannot be assessed → ")
    assert lines[-1].startswith("The figure needed most: ")
    withdraw(folder, number, "wrong district")
    back = effect_lines(number, after, load(folder), plan)
    assert back[0] == "Bình Gia district: 2 of the plan's statements cannot be answered any more (T25-11, T30-25)."


def test_a_figure_that_changes_nothing_says_truly_why(folder: Path, plan: Plan) -> None:
    before = load(folder)
    rows = [
        row("181", "under5_mortality_rate", "20", scope="dtts_mn", unit=before.indicators["under5_mortality_rate"].unit,
            standard=""),
        (*row("181", "poverty_rate", "6.2", 2023)[:6], "unverified", *row("181", "poverty_rate", "6.2", 2023)[7:]),
        row("20", "poverty_rate", "3.9", 2024, status="preliminary"),
        row("181", "extremely_difficult_villages", "40", 2018, "dtts_mn", unit="villages", standard="list_2016"),
        row("VN-NMM", "makeshift_houses", "418", 2003, unit="households", standard=""),
    ]  # fmt: skip
    number = max(item.number for item in before.deliveries) + 1
    lines = effect_lines(number, before, delivered(rows, folder), plan)
    for name, reason in (("Under-five", "no target of the plan asks"), ("6.2%", "marked unverified"),
                         ("3.9%", "3.36 (source baodantoc-ls-2025) has a better status"),
                         ("40\xa0villages", "on the standard list_2016"),
                         ("418\xa0households", "changes no answer")):  # fmt: skip
        assert any(name.casefold() in line.casefold() and reason in line for line in lines), (name, lines)


@pytest.mark.parametrize("code", ["181", "06112"])
def test_what_a_report_promises_comes_true(code: str, plan: Plan) -> None:
    dataset = load()
    area = dataset.areas.get(code)
    made = forecast(dataset, plan, [code])
    found = assess_all(plan, [area], dataset, made)
    context = context_of(area, found, made, dataset, plan, "en")
    gaps = missing_series(context)
    promised = {item.target_id for gap in gaps for item in gap.unanswered}
    assert len(promised) > 30
    page, workbook = requests(context)  # the same series are asked for, and who holds them is known of all
    rows = list(openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0].iter_rows(min_row=5, values_only=True))
    assert len(rows) == sum(bool(gap.unanswered) for gap in gaps)
    assert {name for row in rows for name in re.findall(r"T\d\d-\d\d[ab]?", str(row[2]))} == promised
    for _, series, _, _, holder, document in rows:
        assert holder != "not known" != document
        assert escape(str(series)) in page
    came = [
        dataset.figures[0]._replace(
            area_code=code, indicator=gap.indicator, scope=gap.scope, year=year, value=value, qualifier="",
            standard=standard.id if (standard := standard_in(dataset, indicator, year)) else "", status="reported",
        )
        for gap in gaps if gap.unanswered and (indicator := dataset.indicators[gap.indicator])
        for year in range(2021, 2027) if dataset.areas.unit_in(code, year) == area or year == 2026
        for value in [4.0 if indicator.whole else 0.3 if (indicator.upper or 9) <= 1 else 30.0 + year % 10]
    ]  # fmt: skip
    held = replace(dataset, figures=(*dataset.figures, *came))
    after = assess_all(plan, [area], held, forecast(held, plan, [code]))
    assert {item.target_id for item in after if item.outcome == "cannot_assess"} & promised == set()


Sample = tuple[str, str, str, int]
"""Area, indicator, scope and year of a figure that may be delivered."""


def stratified(dataset: Dataset, seed: int) -> list[Sample]:
    """Return figures drawn for every kind of indicator, level of areas and scope, each of a year of its own."""
    chance, kinds, found = random.Random(seed), dict[tuple[str, bool], list[str]](), list[Sample]()
    for item in dataset.indicators.values():
        if item.unit != "milestone" and not item.period_average_of:
            kinds.setdefault((item.link, item.whole), []).append(item.id)
    for level in ("province", "district", "commune"):
        codes = [area.code for area in dataset.areas.all(level)] if level != "province" else ["20"]
        for scope in ("all", "dtts", "dtts_mn", "dtts_in_dtts_mn"):
            for names in kinds.values():
                while True:
                    code, name, year = chance.choice(codes), chance.choice(names), chance.randint(2010, 2025)
                    indicator, unit = dataset.indicators[name], dataset.areas.unit_in(code, year)
                    needless = not indicator.standard_required or standard_in(dataset, indicator, year)
                    if unit is not None and unit.level == level and needless:
                        break
                found.append((code, name, scope, year))
    return found


def touched(what: Sample, dataset: Dataset, plan: Plan) -> dict[tuple[str, str], Span]:
    """Return the series of the plan that a figure can change: its own, rates made of it, what it stands in for."""
    _, name, scope, _ = what
    served = {(name, scope), *((item.id, scope) for item in dataset.indicators.values() if item.denominator == name)}
    served |= {(one.rate, of_whom) for one in RATES if name in (one.part, one.whole) for of_whom in (scope, "all")}
    sources = {
        key: {key, *((proxy.indicator, proxy.scope) for proxy in dataset.indicators[key[0]].proxies),
              *((proxy.transform.indicator, proxy.transform.scope) for proxy in dataset.indicators[key[0]].proxies
                if proxy.transform.kind == "divide_by_share")}
        for key in needed(plan, dataset)
    }  # fmt: skip
    return {key: span for key, span in needed(plan, dataset).items() if sources[key] & served}


def whole_way(what: Sample, folder: Path, plan: Plan, before: Forecasts) -> None:
    """Take one figure through check with the model, ingest, correction, forecast, report and withdrawal."""
    code, name, scope, year = what
    dataset = load(folder)
    indicator, held = dataset.indicators[name], len(dataset.figures)
    standard = standard_in(dataset, indicator, year)
    low, high = indicator.lower if indicator.lower is not None else 1.0, indicator.upper or 900.0
    made: list[Path] = []
    for number, share in enumerate((0.4, 0.5)):
        value = str(round(low + share * (high - low), 0 if indicator.whole else 2))
        cells = {"unit": indicator.unit, "standard": standard.id if standard else ""}
        (folder.parent / "in.csv").write_text(text([row(code, name, value, year, scope, **cells)]), encoding="utf-8")
        found = prepare([folder.parent / "in.csv"], folder)
        found = found if number else with_doubts(found, plan)
        assert not found.rejected, (what, [problem.line() for problem in found.problems])
        assert [change.kind for change in found.changes] == ["changed" if number else "new"]
        written = write_changes(found)
        assert written is not None
        made.append(written)
    dataset = load(folder)
    assert len(dataset.figures) == held + 1
    area, only = dataset.areas.get(code), touched(what, dataset, plan)
    if dataset.areas.unit_in(code, year) == area:
        after = make_forecasts(dataset, plan, [code], draws=100, only=only) if only else before
        forecasts = replace(before, paths={**before.paths, **after.paths})
        answers = assess_all(plan, [area], dataset, forecasts)
        run = facts_of(dataset, forecasts)
        assert build_area_document(area, answers, forecasts, dataset, plan, language="vi", run=run).sections
    for path in made:
        withdraw(folder, int(path.stem), "thử")
    assert len(load(folder).figures) == held
    for path in made:  # the next one begins as this one did
        mark_of(path).unlink()
        path.unlink()


def go_the_whole_way(samples: Sequence[Sample], folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "DOUBT_DRAWS", 100)
    before = make_forecasts(load(folder), plan, [code for code, *_ in samples], draws=100)
    for what in samples:
        whole_way(what, folder, plan, before)


def test_any_single_figure_goes_the_whole_way(folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    go_the_whole_way(stratified(load(folder), seed=20)[5::17], folder, plan, monkeypatch)


@pytest.mark.slow
def test_figures_of_every_kind_level_and_scope_go_the_whole_way(
    folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = stratified(load(folder), seed=138)
    assert len(samples) >= 40
    go_the_whole_way(samples, folder, plan, monkeypatch)
