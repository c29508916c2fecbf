"""Pages: small, self-contained, accessible, and safe whatever the data say."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from toolkit.attainment.assess import assess_all
from toolkit.data.areas import Areas
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan import Plan
from toolkit.reports.area_report import build_area_document
from toolkit.reports.blocks import Document
from toolkit.reports.context import RunFacts
from toolkit.reports.formats import LARGEST_PAGE, document_html
from toolkit.reports.svg import TEMPLATES

Builder = Callable[..., Document]
LOADS = re.compile(
    r"""(?:src|srcset|poster|data|action)\s*=\s*["']?[^"'>\s]|url\(|@import|<link|<script|<iframe|<base""",
    re.IGNORECASE,
)


def parsed(page: str) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")


@pytest.fixture(scope="module", params=[("20", "vi"), ("181", "vi"), ("178", "en")], ids=str)
def page(request: pytest.FixtureRequest, build: Builder) -> str:
    return document_html(build(*request.param))


def test_a_page_loads_nothing(page: str) -> None:
    assert LOADS.search(re.sub(r'content="width=[^"]*"', "", page)) is None
    links = re.findall(r'href="([^"]*)"', page)  # of sources; what follows them is the reader
    assert [link for link in links if not link.startswith(("#", "https://", "http://"))] == []


def test_a_page_is_within_the_budget(page: str) -> None:
    assert len(page.encode()) <= 0.95 * LARGEST_PAGE  # a notebook adds a kilobyte, links into a run five


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_page_with_a_series_for_every_indicator_is_within_the_budget(
    real_data: Dataset, real_plan: Plan, full_forecasts: Forecasts, facts: RunFacts, language: str
) -> None:
    province = real_data.areas.get("20")
    answers = assess_all(real_plan, [province], real_data, full_forecasts)
    run = replace(facts, simulated=True)
    document = build_area_document(province, answers, full_forecasts, real_data, real_plan, language=language, run=run)
    page = document_html(document)
    assert len(page.encode()) <= LARGEST_PAGE
    assert len(parsed(page).select("figure.fan")) == 4
    assert len(parsed(page).select("svg.spark")) > 30


def test_headings_language_title_and_labels(page: str) -> None:
    soup = parsed(page)
    assert soup.html["lang"] in {"vi", "en"}
    assert len(soup.title.text) > 10
    assert [heading.text for heading in soup.find_all("h1")] == [soup.h1.text]
    levels = [int(heading.name[1]) for heading in soup.find_all(["h1", "h2", "h3"])]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert all(section.find("h2")["id"] == section["aria-labelledby"] for section in soup.find_all("section"))
    assert soup.find("main")["id"] == "content"
    assert soup.select_one("a.skip")["href"] == "#content"


def test_identifiers_are_unique_and_every_link_inside_leads_somewhere(page: str) -> None:
    found = re.findall(r'\sid="([^"]*)"', page)
    assert len(found) == len(set(found))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(found)


def test_pictures_have_words_and_tables_have_captions_and_heads(page: str) -> None:
    soup = parsed(page)
    assert [svg for svg in soup.find_all("svg") if not svg.get("aria-label")] == []
    for figure in soup.select("figure.fan"):
        assert len(figure.svg["aria-label"]) > 60
        assert len(figure.select("details table tbody tr")) > 1
    for table in soup.find_all("table"):
        assert table.caption.text.strip()
        assert all(cell["scope"] == "col" for cell in table.select("thead th"))
        widths = {len(row.find_all(["th", "td"])) for row in table.find_all("tr")}
        assert len(widths) == 1


def test_code_is_hidden(page: str) -> None:
    assert "import toolkit" not in page
    assert "build_area_document" not in page


def test_the_banner_of_made_up_data_stands_on_the_page_and_on_every_sheet(build: Builder, facts: RunFacts) -> None:
    page = document_html(build("181", run=replace(facts, simulated=True)))
    assert "SỐ LIỆU MÔ PHỎNG" in parsed(page).select_one("p.banner").text
    assert re.search(r"@media print\{.*\.banner\{position:fixed", page)
    assert parsed(document_html(build("181"))).select_one("p.banner") is None


NASTY = "<script>alert(1)</script>\"'&$\\frac{1}{0}$"


def test_text_from_data_never_becomes_markup(build: Builder, hostile: Dataset, facts: RunFacts) -> None:
    area = replace(hostile.areas.get("20"), name_vi=f"Tỉnh {NASTY}", name_en=NASTY)
    others = [item for item in hostile.areas.all() if item.code != "20"]
    known = replace(hostile, areas=Areas([area, *others]))
    for language in ("vi", "en"):
        page = document_html(build("20", language, known=known, run=replace(facts, commit=NASTY, command=NASTY)))
        soup = parsed(page)
        assert soup.find_all("script") == []
        assert soup.find_all("img") == []
        assert LOADS.search(re.sub(r'content="width=[^"]*"', "", page).replace("src=x", "")) is None
        assert "<script>alert(1)</script>" in soup.h1.text
        assert 'javascript:alert("u")<b>' in soup.find(id="sources").text
        assert '"><' not in soup.find("svg")["aria-label"]


def test_names_with_mathematics_and_markup_can_be_charted(build: Builder, real_data: Dataset) -> None:
    area = replace(real_data.areas.get("20"), name_vi="Tỉnh $\\bad{ <g onload=x>")
    known = replace(real_data, areas=Areas([area, *(item for item in real_data.areas.all() if item.code != "20")]))
    soup = parsed(document_html(build("178", known=known)))
    assert soup.select("[onload]") == []
    assert "$\\bad{ <g onload=x>" in soup.text


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_text_on_every_tint_can_be_read() -> None:
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    names = dict(re.findall(r"--([a-z]+):(#[0-9a-f]{3,6})", style))
    rules = re.findall(r"\.v-(\w+)\{([^}]*color:[^}]*)\}", style)
    assert len(rules) == 12
    for verdict, rule in rules:
        text = re.search(r"(?<!-)color:(#\w+|var\(--(\w+)\))", rule)
        ink = names[text[2]] if text[2] else text[1]
        tints = re.findall(r"#[0-9a-f]{3,6}\b", rule.split("color:")[0])
        assert tints
        assert min(contrast(ink, tint) for tint in tints) >= 4.5, verdict
    for ink in ("ink", "muted", "accent"):
        assert contrast(names[ink], names["paper"]) >= 4.5
        assert contrast(names[ink], names["soft"]) >= 4.5
