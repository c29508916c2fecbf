"""By clicking only: from every number to its row of data, its source's address, and the run's tables and notebook."""

from __future__ import annotations

import csv
import re
import shutil
from functools import cache
from pathlib import Path
from urllib.parse import urlparse

import pytest
from bs4 import BeautifulSoup, PageElement, Tag

from tests.conftest import ROOT
from tests.run.test_engine import report
from toolkit.reports.formats import LARGEST_PAGE, write_page
from toolkit.run.notebook import execute
from toolkit.run.reports import SUMMARY_TEMPLATE


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a run with a summary of its plan and carry it elsewhere, as on a stick."""
    there = tmp_path_factory.mktemp("run") / "here"
    report(there, areas=("--area", "20", "--area", "181"))
    summary = there / "plan-summary.ipynb"
    execute(SUMMARY_TEMPLATE, summary, {"run_folder": str(there), "level": "district", "language": "en"})
    write_page(summary, summary.with_suffix(".html"), language="en")
    return Path(shutil.move(there, tmp_path_factory.mktemp("stick") / "reports"))


@cache
def soup(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def target_of(page: Path, link: Tag) -> tuple[Path, Tag | None]:
    """Return the file that a link leads to, and the element there."""
    found = urlparse(str(link["href"]))
    file = (page.parent / found.path).resolve() if found.path else page
    return file, soup(file).find(id=found.fragment) if found.fragment else None


def test_every_link_within_the_run_leads_somewhere_in_it(run: Path) -> None:
    for page in run.rglob("*.html"):
        shown = soup(page)
        for link in shown.select("a[href]"):
            if urlparse(str(link["href"])).scheme:
                assert str(link["href"]).startswith(("https://", "http://"))
                continue
            file, place = target_of(page, link)
            assert file.is_file(), (page, link)
            assert file.is_relative_to(run.resolve()), link
            assert ("#" not in str(link["href"])) or place is not None, (page, link)
        assert page.stat().st_size <= LARGEST_PAGE, page


NO_NUMBERS = "h1, .kicker, .subtitle, .notice, footer, .quiet, script, svg, option"
"""What names plan, area and day, and what is drawn: from a table beside it."""


def leads_on(text: PageElement) -> bool:
    """Say whether a text is a link, or its row, entry or paragraph holds one, or its section names its data."""
    block = text.find_parent(["tr", "li", "p", "dd", "h3", "figcaption"])
    if text.find_parent("a") or (block and block.select_one("a[href]")):
        return True
    part = text.find_parent(["section", "header"])
    return (
        part is not None
        and part.select_one(":scope > .data a, :scope > .answer > .data a, :scope > dl dt a") is not None
    )


def test_every_number_of_a_text_leads_to_what_it_was_made_from(run: Path) -> None:
    for page in (run / "index.html", run / "plan-summary.html", *(run / "areas").glob("*.html")):
        shown = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        for part in shown.select(NO_NUMBERS):
            part.decompose()
        numbers = shown.main.find_all(string=re.compile(r"\d"))
        assert len(numbers) > (10 if page.stem == "index" else 300)
        assert [text for text in numbers if not leads_on(text)] == [], page
        for link in shown.select("p.data a"):
            link.decompose()
        if page.stem != "index":  # its rows lead to the reports
            assert not all(leads_on(text) for text in numbers if text.parent)


def test_a_number_leads_to_its_row_the_row_to_its_source_and_its_file(run: Path) -> None:
    followed = 0
    for page in (run / "areas").glob("*.html"):
        for cell in soup(page).select("td a[href*='figures/']"):
            file, row = target_of(page, cell)
            assert row is not None
            number = cell.get_text().split()[0].rstrip("%*").strip("~≈")
            links = {str(link["href"]) for link in row.select("a[href]")}
            (data,) = (file.parent / link for link in links if link.startswith("../data/"))
            line = int(str(row["id"])[1:])
            with data.open(encoding="utf-8", newline="") as stream:
                values = list(csv.reader(stream))
            record = dict(zip(values[0], values[line - 1], strict=True))
            assert record["area_code"] in ("20", "181")
            if number[:1].isdigit() and "," not in number:
                assert float(record["value"]) == pytest.approx(float(number.rstrip("○▲●")), rel=0.05), (cell, record)
            followed += 1
    assert followed > 50


def test_every_published_value_in_a_table_is_such_a_number(run: Path) -> None:
    for page in (run / "areas").glob("*.html"):
        cells = [cell for cell in soup(page).select("td") if cell.select("a[href^='#_']")]
        published = [cell for cell in cells if cell.get_text()[:1].isdigit()]
        assert published
        assert [cell for cell in published if not cell.select("a[href*='figures/']")] == []


def test_what_sentences_say_of_a_target_leads_to_its_row(run: Path) -> None:
    for page in (run / "areas").glob("*.html"):
        shown = soup(page)
        names = {str(row["id"]): row.select_one("th").get_text(" ").split(" T")[0] for row in shown.select("tr[id^=T]")}
        said = [
            part for part in shown.select("p, li, h3") if any(f"“{name[:20]}" in str(part) for name in names.values())
        ]
        linked = [part.select_one("a[href^='#T']") for part in shown.select("p, li, h3") if "“<a" in str(part)]
        assert said == []
        assert len(linked) >= 2
        for link in linked:
            assert link.get_text().replace(":", "")[:15] in names[str(link["href"])[1:]]
        for text in shown.find_all(string=re.compile(r"^T\d\d-\d\d$")):
            assert text.find_parent(["a", "tr"]) is not None


def test_sources_lead_to_their_addresses_and_pages_to_tables_and_notebook(run: Path) -> None:
    with (ROOT / "data" / "sources.csv").open(encoding="utf-8", newline="") as stream:
        addresses = {row["url"] for row in csv.DictReader(stream)}
    for page in (run / "areas").glob("*.html"):
        shown = soup(page)
        entries = shown.select("#sources ol.entries li")
        named = [link for entry in entries if (link := entry.select_one("strong a"))]
        assert len(named) > 0.8 * len(entries)  # few sources have no address
        assert all(link["href"] in addresses for link in named)
        links = {str(link["href"]) for link in shown.select("header a[href]")}
        files = {"../index.html", "../attainment.csv", "../tables/forecast.csv", f"../areas/{page.stem}.ipynb"}
        assert {*files, "#targets"} <= links
