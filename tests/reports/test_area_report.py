"""The document of an area: every statement, the numbers of the attainments, and what a reader must be told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.conftest import ROOT
from toolkit.attainment.assess import assess_all
from toolkit.data.dataset import Dataset
from toolkit.forecast.make import make_forecasts
from toolkit.forecast.store import Forecasts
from toolkit.plan import Plan
from toolkit.reports.area_report import KEYS, build_area_document
from toolkit.reports.blocks import Bullets, Cell, Document, FanChart, FanCharts, Paragraph, Section, Table
from toolkit.reports.context import RunFacts
from toolkit.reports.wording import words

Builder = Callable[..., Document]
SHOWN = (*KEYS, "sources", "provenance")


def tables(section: Section) -> Iterator[Table]:
    yield from (block for block in section.unfolded if isinstance(block, Table))


def text_of(section: Section) -> str:
    parts = []
    for block in section.unfolded:
        if isinstance(block, Paragraph):
            parts.append(block.text)
        if isinstance(block, Bullets):
            parts += [f"{item.head} {item.text}" for item in block.items]
        if isinstance(block, Table):
            parts += [" ".join((cell.text, *cell.details)) for row in block.rows for cell in row]
    return " ".join(parts).replace("\u00a0", " ")


def fans(document: Document) -> tuple[FanChart, ...]:
    return next((block.charts for block in document.section("charts").blocks if isinstance(block, FanCharts)), ())


@pytest.mark.parametrize("code", ["20", "178", "181"])
def test_every_statement_has_exactly_one_row(build: Builder, real_plan: Plan, code: str) -> None:
    rows = [row for table in tables(build(code).section("targets")) for row in table.rows]
    shown = [detail.split(" · ")[0] for row in rows for detail in row[0].details[1:2]]
    assert sorted(shown) == sorted(target.id for target in real_plan.targets)
    assert len(rows) == 68


@pytest.mark.parametrize("language", ["vi", "en"])
def test_rows_carry_the_numbers_of_the_attainments(
    build: Builder, real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts, language: str
) -> None:
    numbers = words(language).numbers
    rows = {
        row[0].details[1].split(" · ")[0]: row
        for table in tables(build("20", language).section("targets"))
        for row in table.rows
    }
    checked = 0
    for answer in assess_all(real_plan, [real_data.areas.get("20")], real_data, real_forecasts):
        if answer.outcome != "probability":
            continue
        last, expected, likelihood = rows[answer.target_id][1:4]
        assert last.value == answer.last_value
        assert expected.value == answer.expected
        assert likelihood.value == answer.probability
        assert likelihood.text == words(language).verdict(answer.verdict)
        if answer.bound == "exact" or (answer.probability or 0) >= 0.01:
            shown = numbers.probability(answer.probability, bound=answer.bound)
            assert any(shown in detail for detail in likelihood.details)
        checked += 1
    assert checked > 10


def test_both_languages_have_the_same_structure_and_numbers(build: Builder) -> None:
    vietnamese, english = build("181", "vi"), build("181", "en")
    assert tuple(section.key for section in vietnamese.sections) == SHOWN
    assert tuple(section.key for section in english.sections) == SHOWN
    for left, right in zip(vietnamese.sections, english.sections, strict=True):
        assert [type(block) for block in left.blocks] == [type(block) for block in right.blocks]
        pairs = zip(tables(left), tables(right), strict=True)
        for one, other in pairs:
            assert [[cell.value for cell in row] for row in one.rows] == [
                [cell.value for cell in row] for row in other.rows
            ]
            assert [[cell.references for cell in row] for row in one.rows] == [
                [cell.references for cell in row] for row in other.rows
            ]


def test_the_decided_rate_has_its_decision_as_source_and_the_other_figure_is_named(build: Builder) -> None:
    document = build("20")
    sources = next(block for block in document.section("sources").blocks if isinstance(block, Bullets)).items
    table = next(table for table in tables(document.section("readings")) if table.key == "overruled")
    kept, aside = next(row[1:] for row in table.rows if row[1].value == 2.32)
    assert kept.text.replace("\u00a0", " ") == "2,32%"
    assert kept.details[0].startswith("chính thức, ")
    assert aside.details == ("sơ bộ, VnEconomy",)
    assert aside.text.replace("\u00a0", " ") == "3%"
    assert "83/QĐ-UBND" in sources[kept.references[0] - 1].head
    assert kept.references != aside.references


def test_minority_poverty_is_answered_on_both_standards_and_the_difference_explained(build: Builder) -> None:
    for code in ("20", "178"):
        text = text_of(build(code).section("standards"))
        assert "Chuẩn nghèo đa chiều 2027–2030" in text
        assert "Chuẩn nghèo đa chiều 2022–2025" in text
        assert "theo chuẩn mới" in text
        assert "theo chuẩn hiện nay" in text
        assert "thước đo" in text


def test_a_former_districts_report_says_what_it_is_about(build: Builder, facts: RunFacts) -> None:
    assert "địa bàn của đơn vị cũ" in build("181").head.notices[0]
    assert "30/6/2025" in build("181").head.notices[0]
    assert build("20").head.notices == ()
    before = replace(facts, as_of=facts.as_of.replace(year=2025, month=6, day=1))
    assert build("181", run=before).head.notices == ()


def test_simulated_data_are_announced(build: Builder, facts: RunFacts) -> None:
    assert build("181").head.banner == ""
    assert "MÔ PHỎNG" in build("181", run=replace(facts, simulated=True)).head.banner
    assert "SIMULATED" in build("181", "en", run=replace(facts, simulated=True)).head.banner


def test_stand_ins_are_named_with_their_basis_and_sources(build: Builder, real_data: Dataset) -> None:
    table = next(table for table in tables(build("20", "en").section("readings")) if table.key == "proxies")
    proxies = {proxy.basis.en: proxy for item in real_data.indicators.values() for proxy in item.proxies}
    for row in table.rows:
        proxy = proxies[row[2].text]
        assert len(row[2].references) == len(set(proxy.source_ids))
        assert row[0].text == real_data.indicators[proxy.indicator].names["en"]


def test_every_reading_of_ours_is_listed(build: Builder, real_plan: Plan) -> None:
    table = next(table for table in tables(build("20").section("readings")) if table.key == "inferred")
    listed = sorted(place for row in table.rows for place in (*row[0].details, row[0].text)[0].split(", "))
    assert listed == sorted(target.id for target in real_plan.targets if target.inferred)
    readings = [row[1].text for row in table.rows]
    assert all(readings)
    assert len(set(readings)) == len(readings)  # one reading, one row
    marked = [
        row[0].details[1].split(" · ")[0]
        for table in tables(build("20").section("targets"))
        for row in table.rows
        if "hiểu thêm" in row[0].details[1]
    ]
    assert sorted(marked) == listed


def test_what_is_missing_is_said_for_every_target_that_cannot_be_assessed(build: Builder) -> None:
    table = next(
        table for table in tables(build("181").section("targets")) if table.key == "targets-cannot_be_assessed"
    )
    assert all(len(row[1].text) > 15 for row in table.rows)
    ranked = next(tables(build("181").section("gaps")))
    assert len(ranked.rows) == 12
    assert all("T" in row[1].text for row in ranked.rows)


def test_charts_are_few_say_what_they_show_and_hold_their_numbers(build: Builder) -> None:
    for code, most in (("20", 6), ("178", 6)):
        charts = fans(build(code))
        assert 1 <= len(charts) <= most
        assert len({chart.key for chart in charts}) == len(charts)
        for chart in charts:
            assert str(chart.bands[-1].year) in chart.alt
            assert len(chart.table.rows) == len(chart.bands)
            for row, band in zip(chart.table.rows, chart.bands, strict=True):
                assert row[0].text == str(band.year)
                assert row[2].value == band.median
                assert (
                    band.low95 <= band.low80 <= band.low50 <= band.median <= band.high50 <= band.high80 <= band.high95
                )


def test_a_proxied_path_never_shows_the_stand_ins_figures_as_its_own(build: Builder) -> None:
    chart = next(chart for chart in fans(build("20")) if chart.through_proxy)
    assert chart.points == ()
    assert [point.value for point in chart.proxy_points][-1] == 2.32
    assert [point.value for point in chart.overruled] == [3.0]
    assert chart.note


def test_only_figures_of_the_areas_own_are_drawn(build: Builder) -> None:
    charts = fans(build("178"))
    assert charts
    assert all(chart.points or chart.proxy_points for chart in charts)
    assert {line.label for chart in charts for line in chart.lines} == {"tỉnh Lạng Sơn"}
    assert {line.label for chart in fans(build("20")) for line in chart.lines} <= {"Việt Nam"}


def test_this_years_estimates_are_marked_as_such_and_rest_on_recent_figures(build: Builder) -> None:
    section = build("20").section("nowcast")
    assert section.title == "Ước thực hiện năm 2026"
    rows = next(tables(section)).rows
    assert all(row[1].text.startswith("ước ") for row in rows)
    assert all(int(row[3].details[0]) >= 2023 for row in rows if row[3].details)


def test_sources_are_numbered_as_they_are_cited(build: Builder) -> None:
    document = build("20")
    listed = next(block for block in document.section("sources").blocks if isinstance(block, Bullets))
    cited = {
        number
        for section in document.sections
        for block in section.blocks
        for cells in ([cell for row in block.rows for cell in row] if isinstance(block, Table) else [])
        for number in cells.references
    }
    assert listed.ordered
    assert max(cited) <= len(listed.items)
    assert len({item.head + item.text for item in listed.items}) == len(listed.items)


def test_provenance_tells_how_to_make_it_again(build: Builder, facts: RunFacts) -> None:
    text = str(build("20").section("provenance").blocks)
    assert all(part in text for part in (facts.commit, facts.command, "138", "23/11/2026"))
    assert "chưa học" in text_of(build("20").section("method"))


def test_documents_are_built_the_same_every_time_and_cannot_be_changed(build: Builder) -> None:
    document = build("178")
    assert document == build("178")
    with pytest.raises(AttributeError):
        document.sections = ()  # type: ignore[misc]


@pytest.fixture(scope="module")
def communes(real_data: Dataset, real_plan: Plan, facts: RunFacts) -> dict[str, Document]:
    """Return the reports of a commune without figures of its own, and of one that has some."""
    areas = [real_data.areas.get("06019"), real_data.areas.get("06385")]
    forecasts = make_forecasts(real_data, real_plan, [area.code for area in areas], draws=200)
    made = {}
    for area in areas:
        answers = assess_all(real_plan, [area], real_data, forecasts)
        made[area.code] = build_area_document(
            area, answers, forecasts, real_data, real_plan, language="vi", run=facts, cycle="2026-annual"
        )
    return made


def test_a_commune_without_figures_gets_one_page_of_borrowed_figures_and_a_form(communes: dict[str, Document]) -> None:
    document = communes["06019"]
    shown = [section.key for section in document.sections if section.blocks]
    assert shown == ["suggested", "request", "sources", "provenance"]
    borrowed = next(tables(document.section("suggested")))
    assert all(row[1].text in {"Huyện Tràng Định", "Tỉnh Lạng Sơn"} and row[2].references for row in borrowed.rows)
    assert not any(cell.probability or cell.verdict for row in borrowed.rows for cell in row)
    assert not any("GRDP" in row[0].text or "Tăng trưởng" in row[0].text for row in borrowed.rows)
    assert next(tables(document.section("request"))).rows
    assert "chưa có kết quả đánh giá riêng" in document.head.answer[0]
    letter = document.head.letter
    assert (letter.superior, letter.authority, letter.post) == ("", "TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")
    assert letter.body == "ỦY BAN NHÂN DÂN XÃ TÂN TIẾN"
    assert letter.addressee == "Kính gửi: Sở Dân tộc và Tôn giáo"


def test_a_commune_with_figures_has_a_whole_report(communes: dict[str, Document]) -> None:
    document = communes["06385"]
    assert len([row for table in tables(document.section("targets")) for row in table.rows]) == 68
    estimated = [row for table in tables(document.section("nowcast")) for row in table.rows]
    assert not any("GRDP" in row[0].text or "Thu nhập" in row[0].text for row in estimated)


def test_the_province_is_told_whether_earlier_forecasts_were_right(
    real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts, facts: RunFacts
) -> None:
    province = real_data.areas.get("20")
    answers = assess_all(real_plan, [province], real_data, real_forecasts)
    document = build_area_document(
        province, answers, real_forecasts, real_data, real_plan, language="vi", run=facts, look_back=True
    )
    rows = next(tables(document.section("record"))).rows
    assert any(row[0].text == "Tỷ lệ hộ nghèo" for row in rows)
    for row in rows:
        inside, total = (int(part) for part in re.findall(r"\d+", row[2].text)[:2])
        assert row[2].value == inside / total
        outcomes = dict(row[1].spark.observed)
        name = next(key for key, item in real_data.indicators.items() if item.names["vi"] == row[0].text)
        held = real_data.series("20", name, "all")
        published = {figure.year: figure.value for figure in held.observations}
        assert outcomes == {year: published[year] for year in outcomes}
        assert ("quá hẹp" in " ".join(row[2].details)) == (inside / total < 0.65)


def test_wrong_or_incomplete_attainments_are_refused(
    real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts, facts: RunFacts
) -> None:
    province, district = real_data.areas.get("20"), real_data.areas.get("181")
    answers = assess_all(real_plan, [province], real_data, real_forecasts)
    given = (real_forecasts, real_data, real_plan)
    with pytest.raises(ValueError, match="20"):
        build_area_document(district, answers, *given, language="vi", run=facts)
    with pytest.raises(ValueError, match="T45-04"):
        build_area_document(province, answers[:-1], *given, language="vi", run=facts)


def test_an_unknown_section_is_named(build: Builder) -> None:
    with pytest.raises(KeyError, match="no section 'nothing'"):
        build("20").section("nothing")


def test_cells_of_words_have_no_value() -> None:
    assert Cell("x").value is None


def test_the_notebook_shows_every_section() -> None:
    cells = json.loads((ROOT / "parameterized" / "area_report.ipynb").read_text(encoding="utf-8"))["cells"]
    shown = re.findall(r'document\.section\("(\w+)"\)', "".join("".join(cell["source"]) for cell in cells))
    assert tuple(shown) == SHOWN
