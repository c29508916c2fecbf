"""The summary of the plan: heat map in words, tile map, ranking of risks."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from tests.conftest import ROOT
from toolkit.attainment.assess import assess_all
from toolkit.attainment.attainment import Attainment
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan import Plan
from toolkit.reports.blocks import Document, Folded, HeatMap, Table, TileMap
from toolkit.reports.context import RunFacts
from toolkit.reports.formats import LARGEST_PAGE, document_html
from toolkit.reports.plan_summary import build_plan_document
from toolkit.reports.wording import words


@pytest.fixture(scope="module")
def areas(real_data: Dataset) -> list[Area]:
    return [real_data.areas.get("20"), *real_data.areas.all(level="district")]


@pytest.fixture(scope="module")
def answers(
    areas: list[Area], real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts
) -> tuple[Attainment, ...]:
    return tuple(assess_all(real_plan, areas, real_data, real_forecasts))


@pytest.fixture(scope="module", params=["vi", "en"])
def document(
    request: pytest.FixtureRequest, areas: list[Area], answers: tuple[Attainment, ...], real_data: Dataset,
    real_plan: Plan, real_forecasts: Forecasts, facts: RunFacts,
) -> Document:  # fmt: skip
    return build_plan_document(areas, answers, real_forecasts, real_data, real_plan, language=request.param, run=facts)


def test_the_heat_map_says_in_words_what_each_area_was_told(
    document: Document, answers: tuple[Attainment, ...], areas: list[Area]
) -> None:
    heat = next(block for block in document.section("heat").blocks if isinstance(block, HeatMap))
    assert len(heat.columns) == len(areas) == 12
    found = {(item.area_code, item.target_id): item for item in answers}
    numbers = words(document.language).numbers
    for head, cells in heat.rows:
        target_id = head.details[-1]
        for area, cell in zip(areas, cells, strict=True):
            answer = found[area.code, target_id]
            assert cell.verdict == answer.verdict
            assert cell.text == words(document.language).t(f"short.{answer.verdict}")
            if answer.outcome == "probability" and (answer.bound == "exact" or answer.probability >= 0.01):
                assert cell.details[0] == numbers.probability(answer.probability, bound=answer.bound)
                assert cell.details[1] == answer.grade


def test_every_statement_is_in_the_map_or_among_those_without_an_answer(document: Document, real_plan: Plan) -> None:
    heat = next(block for block in document.section("heat").blocks if isinstance(block, HeatMap))
    folded = next(block for block in document.section("heat").blocks if isinstance(block, Folded))
    rest = next(block for block in folded.blocks if isinstance(block, Table))
    shown = [head.details[-1] for head, _ in heat.rows] + [row[0].details[-1] for row in rest.rows]
    assert sorted(shown) == sorted(target.id for target in real_plan.targets)


def test_tiles_stand_where_the_file_puts_them(document: Document) -> None:
    tiles = next(block for block in document.section("tiles").blocks if isinstance(block, TileMap)).tiles
    places = {tile.code: (tile.column, tile.row) for tile in tiles}
    assert len(set(places.values())) == len(tiles) == 11
    assert places["180"][1] < places["181"][1] < places["186"][1], "Tràng Định is north of Bình Gia, Hữu Lũng south"
    assert places["185"][0] < places["189"][0], "Bắc Sơn is west of Đình Lập"
    assert all(re.search(r"\d", tile.text) and tile.detail for tile in tiles)


def test_areas_with_figures_of_their_own_are_ranked_from_the_least_likely(
    document: Document, answers: tuple[Attainment, ...]
) -> None:
    table = next(block for block in document.section("first").blocks if isinstance(block, Table))
    chances = [row[1].value for row in table.rows]
    assert len(chances) > 2
    assert chances == sorted(chances)
    assert all(row[0].details[0].startswith(("A", "B")) for row in table.rows)
    assert set(chances) <= {item.probability for item in answers}


def test_without_figures_of_areas_the_summary_names_what_would_give_an_order(
    areas: list[Area], answers: tuple[Attainment, ...], real_data: Dataset, real_plan: Plan,
    real_forecasts: Forecasts, facts: RunFacts,
) -> None:  # fmt: skip
    borrowed = [item if item.area_code == "20" else replace(item, grade="C") for item in answers]
    document = build_plan_document(areas, borrowed, real_forecasts, real_data, real_plan, language="vi", run=facts)
    none, wanted = document.section("first").blocks
    assert "Chưa xếp thứ tự được" in none.text
    assert wanted.text.startswith("Số liệu giúp xếp thứ tự nhiều địa bàn nhất")
    assert "11/11" in wanted.text


def test_areas_that_do_not_differ_are_given_no_order(
    areas: list[Area], answers: tuple[Attainment, ...], real_data: Dataset, real_plan: Plan,
    real_forecasts: Forecasts, facts: RunFacts,
) -> None:  # fmt: skip
    alike = [replace(item, probability=0.5) if item.outcome == "probability" else item for item in answers]
    document = build_plan_document(areas, alike, real_forecasts, real_data, real_plan, language="vi", run=facts)
    first, wanted = document.section("first").blocks
    assert "gần như nhau (50% đến 50%)" in first.text
    assert wanted.text.startswith("Số liệu giúp xếp thứ tự")


def test_borrowed_answers_are_not_counted_as_the_areas_own(document: Document) -> None:
    text = " ".join(document.head.answer)
    assert ("không có số liệu riêng" if document.language == "vi" else "no figures of their own") in text
    assert document.head.notices


def test_the_page_is_small_and_colour_is_never_alone(document: Document) -> None:
    page = document_html(document)
    assert len(page.encode()) <= LARGEST_PAGE
    soup = BeautifulSoup(page, "html.parser")
    assert all(cell.get_text(strip=True) for cell in soup.select("table.heat td"))
    assert len(soup.find_all("h1")) == 1
    assert soup.select_one("div.scroll")["tabindex"] == "0"
    found = re.findall(r'\sid="([^"]*)"', page)
    assert len(found) == len(set(found))


def test_many_areas_are_counted_in_place_of_a_map(
    areas: list[Area], answers: tuple[Attainment, ...], real_data: Dataset, real_plan: Plan,
    real_forecasts: Forecasts, facts: RunFacts,
) -> None:  # fmt: skip
    communes = [replace(area, code=f"{area.code}{copy}") for area in areas[1:] for copy in ("a", "b")]
    copies = [replace(item, area_code=f"{item.area_code}{copy}") for item in answers for copy in ("a", "b")]
    everyone = [*answers, *copies]
    document = build_plan_document(
        [areas[0], *communes], everyone, real_forecasts, real_data, real_plan, language="vi", run=facts
    )
    table = next(block for block in document.section("heat").blocks if isinstance(block, Table))
    assert all(sum(cell.value or 0 for cell in row[1:]) == 22 for row in table.rows)
    assert len(document_html(document).encode()) <= LARGEST_PAGE


def test_the_notebook_shows_every_section(document: Document) -> None:
    """A section that no cell shows would be in the contents of the page and nowhere else."""
    cells = json.loads((ROOT / "parameterized" / "plan_summary.ipynb").read_text(encoding="utf-8"))["cells"]
    shown = re.findall(r'document\.section\("(\w+)"\)', "".join("".join(cell["source"]) for cell in cells))
    assert shown == [section.key for section in document.sections]
