"""Reporting rounds, own targets, what changed since a run, communes by former district, an area without data."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from toolkit.attainment.assess import assess_all, assess_local
from toolkit.attainment.attainment import Attainment, attainment_table
from toolkit.base.errors import UsageError
from toolkit.base.files import sha256
from toolkit.base.texts import texts
from toolkit.data.dataset import Dataset
from toolkit.forecast.make import make_forecasts
from toolkit.forecast.store import Forecasts
from toolkit.plan import Plan
from toolkit.reports.area_report import build_area_document
from toolkit.reports.blocks import Bullets, Document, Paragraph, Table, TileMap
from toolkit.reports.context import Context, RunFacts, SourceBook, cycle_of
from toolkit.reports.first_page import BASIS, MOST, basis_of, changes, changes_section, earlier_answers
from toolkit.reports.formats import LARGEST_PAGE, document_html, docx_bytes
from toolkit.reports.paper import paper_of, pdf_bytes
from toolkit.reports.plan_summary import build_plan_document
from toolkit.reports.wording import words

Builder = Callable[..., Document]


@pytest.mark.parametrize(
    ("name", "deadline", "as_of", "receiver"),
    [
        ("2026-annual", date(2026, 11, 30), date(2026, 11, 23), "Sở Dân tộc và Tôn giáo"),
        ("2026-six-month", date(2026, 5, 25), date(2026, 5, 24), "Sở Dân tộc và Tôn giáo"),
        ("2024-annual", date(2024, 11, 30), date(2024, 11, 29), "Ban Dân tộc"),
    ],
)
def test_a_round_has_its_day_and_its_addressee(
    real_plan: Plan, name: str, deadline: date, as_of: date, receiver: str
) -> None:
    cycle = cycle_of(name, real_plan)
    assert cycle is not None
    assert (cycle.deadline, cycle.as_of(date(2026, 11, 23)), cycle.receiver("vi")) == (deadline, as_of, receiver)


@pytest.mark.parametrize("name", ["2026", "2026-synthesis", "annual", "1826-annual", "2026-annual2"])
def test_other_rounds_are_refused_with_the_way_to_write_them(real_plan: Plan, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        cycle_of(name, real_plan)
    assert "2026-six-month" in str(caught.value)


def test_a_plan_without_the_report_has_no_such_round(real_plan: Plan) -> None:
    plan = real_plan.model_copy(update={"reporting": ()})
    with pytest.raises(UsageError, match="2026-annual"):
        cycle_of("2026-annual", plan)
    assert cycle_of("", plan) is None


@pytest.fixture(scope="module")
def in_round(
    real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts, facts: RunFacts
) -> Callable[[str, str], Document]:
    province = real_data.areas.get("20")
    answers = assess_all(real_plan, [province], real_data, real_forecasts)

    def make(cycle: str, language: str = "vi") -> Document:
        return build_area_document(
            province, answers, real_forecasts, real_data, real_plan, language=language, run=facts, cycle=cycle
        )

    return make


def test_the_page_names_round_deadline_and_the_letter_its_addressee(in_round: Callable[[str, str], Document]) -> None:
    annual, half = in_round("2026-annual", "vi"), in_round("2026-six-month", "en")
    assert "năm 2026" in annual.head.kicker
    assert "30/11/2026" in annual.head.kicker
    assert "25 May 2026" in half.head.kicker
    assert annual.head.letter.addressee == "Kính gửi: Ủy ban nhân dân tỉnh Lạng Sơn"
    assert (annual.head.letter.body, annual.head.letter.authority) == ("SỞ DÂN TỘC VÀ TÔN GIÁO", "")
    assert half.head.letter.addressee == "To: People’s Committee of Lạng Sơn province"
    assert annual.section("nowcast").title == "Ước thực hiện năm 2026"
    assert "Không tìm thấy văn bản nào giao lại nhiệm vụ" in str(annual.section("provenance").blocks)


def test_the_half_year_report_names_what_this_year_can_still_move(in_round: Callable[[str, str], Document]) -> None:
    section = in_round("2026-six-month", "vi").section("nowcast")
    assert section.title == "Năm 2026 còn có thể thay đổi gì"
    table = next(block for block in section.blocks if isinstance(block, Table))
    poverty = next(row for row in table.rows if "T30-03" in row[0].details)
    assert poverty[4].text == "giữ mức đã đạt"


def test_own_targets_stand_beside_the_plans(
    build: Builder, real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts
) -> None:
    for language in ("vi", "en"):
        section = build("20", language).section("own")
        table = next(block for block in section.blocks if isinstance(block, Table))
        own = assess_local(real_data.areas.get("20"), real_plan, real_data, real_forecasts)
        assert len(table.rows) == len(own) > 0
        wording = words(language)
        for row, item in zip(table.rows, own, strict=True):
            assert row[3].text == wording.verdict(item.attainment.verdict)
            assert row[0].references
        beside = {row[0].text: row[4] for row in table.rows}
        assert any("T30-26" in cell.text for cell in beside.values())
    assert build("178").section("own").blocks == ()
    stated = real_data.local_targets.query("area_code == '20' and kind == 'target'")
    listed = next(block for block in section.blocks if isinstance(block, Bullets))
    assert len(listed.items) + len(own) == len(stated)


def moved(answers: tuple[Attainment, ...]) -> list[Attainment]:
    """Return answers of a later run: one probability moved much, one little, one verdict new."""
    later = list(answers)
    judged = [number for number, item in enumerate(later) if item.outcome == "probability" and item.bound == "exact"]
    first, second, third = judged[:3]
    new_p = 0.5 if abs((later[first].probability or 0) - 0.5) > 0.2 else 0.95
    later[first] = replace(later[first], probability=new_p, last_year=2026)
    later[second] = replace(later[second], probability=(later[second].probability or 0) * 0.99 + 0.001)
    later[third] = replace(later[third], verdict="met", outcome="settled", probability=1.0)
    return later


def test_changes_since_a_run_are_told_with_the_reason(
    real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts, facts: RunFacts, tmp_path: Path
) -> None:
    answers = assess_all(real_plan, [real_data.areas.get("20")], real_data, real_forecasts)
    table = attainment_table(answers, real_data, real_plan, texts("en"))
    table.to_csv(tmp_path / "attainment.csv", index=False)
    before = earlier_answers(tmp_path)
    assert len(before) == 68
    assert changes(answers, before) == ([], 0)
    found, count = changes(moved(answers), before)
    assert len(found) == count == 2
    assert found[0][2] >= found[1][2]
    everything, count = changes([replace(item, verdict="milestone") for item in answers], before)
    assert count > MOST == len(everything)
    names = {"20": "Tỉnh Lạng Sơn"}

    def context(language: str) -> Context:
        given = (real_data.areas.get("20"), answers, real_forecasts, real_data, real_plan, facts, words(language))
        return Context(*given, SourceBook(real_data.sources))

    def reasons(changed: list[Attainment]) -> list[str]:
        section = changes_section(context("vi"), names, changed, tmp_path)
        return [row[-1].text for row in next(block for block in section.blocks if isinstance(block, Table)).rows]

    assert any("có số liệu mới của năm 2026" in reason for reason in reasons(moved(answers)))
    corrected = [replace(item, last_value=9.9) if item.last_year != 2026 else item for item in moved(answers)]
    assert any(reason.startswith("số liệu năm") and "được sửa" in reason for reason in reasons(corrected))
    assert any("kỳ trước không ghi" in reason for reason in reasons(moved(answers)))
    same = {name: sha256(real_data.folder / name) for name in ("areas.csv", "plans/langson-138.yaml")}
    same |= {f"observations/{one.name}": sha256(one) for one in real_data.folder.glob("observations/*")}
    for told, earlier in (
        ("tệp kế hoạch đã sửa", basis_of(vars(facts), same | {"plans/langson-138.yaml": "0"})),
        ("chương trình", basis_of({**vars(facts), "commit": "0"}, same)),
        ("số liệu khác", basis_of(vars(facts), {**same, "observations/0001.csv": "0"})),
        ("hạt giống", basis_of({**vars(facts), "seed": 1}, same)),
    ):
        (tmp_path / BASIS).write_text(json.dumps(earlier), encoding="utf-8")
        found = [reason for reason in reasons(moved(answers)) if "2026" not in reason]
        assert len(found) == 1
        assert told in found[0]
    assert changes_section(context("vi"), names, moved(answers), None).blocks == ()
    calm = changes_section(context("en"), names, answers, tmp_path / "attainment.csv")
    assert [type(block).__name__ for block in calm.blocks] == ["Paragraph"]


def test_a_page_on_which_every_answer_changed_keeps_its_budget(
    real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts, facts: RunFacts, tmp_path: Path
) -> None:
    province = real_data.areas.get("20")
    answers = assess_all(real_plan, [province], real_data, real_forecasts)
    table = attainment_table(answers, real_data, real_plan, texts("vi")).assign(verdict="not met", last_year=2000)
    table.to_csv(tmp_path / "attainment.csv", index=False)
    run = replace(facts, digest="0" * 32)
    document = build_area_document(
        province, answers, real_forecasts, real_data, real_plan, language="vi", run=run, since=str(tmp_path)
    )
    shown = next(block for block in document.head.front[1].blocks if isinstance(block, Table))
    assert len(shown.rows) == MOST
    assert len(document_html(document).encode()) <= LARGEST_PAGE


def test_an_unreadable_earlier_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="attainment"):
        earlier_answers(tmp_path)
    (tmp_path / "attainment.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UsageError):
        earlier_answers(tmp_path)


def test_communes_stand_in_tile_maps_of_their_former_districts(
    real_data: Dataset, real_plan: Plan, facts: RunFacts
) -> None:
    communes = real_data.areas.all(level="commune", on=facts.as_of)
    forecasts = make_forecasts(real_data, real_plan, [area.code for area in communes], draws=100)
    areas = [real_data.areas.get("20"), *communes]
    answers = assess_all(real_plan, areas, real_data, forecasts)
    document = build_plan_document(areas, answers, forecasts, real_data, real_plan, language="vi", run=facts)
    blocks = document.section("tiles").blocks
    maps = [block for block in blocks if isinstance(block, TileMap)]
    assert len(maps) == 11 == len({item.caption for item in maps})
    assert maps[0].caption == "Thành phố Lạng Sơn"
    assert sum(isinstance(block, Paragraph) and "Thôn đặc biệt khó khăn" in block.text for block in blocks) == 1
    assert sorted(tile.code for item in maps for tile in item.tiles) == sorted(area.code for area in communes)
    assert len(communes) == 65
    shared = [tile.detail for item in maps for tile in item.tiles if "một phần từ" in tile.detail]
    assert len(shared) == 4
    for item in maps:
        assert len({(tile.column, tile.row) for tile in item.tiles}) == len(item.tiles)
    assert len(document_html(document).encode()) <= LARGEST_PAGE


@pytest.fixture(scope="module")
def without_figures(real_data: Dataset, real_plan: Plan) -> tuple[Dataset, Forecasts]:
    empty = replace(real_data, observations=real_data.observations.iloc[0:0], figures=())
    assert empty.with_data() == set()
    return empty, make_forecasts(empty, real_plan, [], draws=100)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_area_without_any_figure_has_a_useful_report_in_every_form(
    without_figures: tuple[Dataset, Forecasts], real_plan: Plan, facts: RunFacts, language: str
) -> None:
    empty, forecasts = without_figures
    area = empty.areas.get("181")
    answers = assess_all(real_plan, [area], empty, forecasts)
    document = build_area_document(area, answers, forecasts, empty, real_plan, language=language, run=facts)
    targets = document.section("targets").unfolded
    assert sum(len(block.rows) for block in targets if isinstance(block, Table)) == 68
    assert len(document.head.answer) == 3  # a sentence a due year
    assert [section.key for section in document.head.front] == ["risk", "changes", "asks"]
    gaps = next(block for block in document.section("gaps").blocks if isinstance(block, Table))
    assert len(gaps.rows) >= 5
    assert {item.outcome for item in answers} <= {"cannot_assess", "milestone", "orientation"}
    assert not any(item.probability is not None or item.last_value is not None for item in answers)
    made = paper_of(document)
    assert len(document_html(document)) > 10_000
    assert len(pdf_bytes(made)) > 10_000
    assert len(docx_bytes(made)) > 10_000
