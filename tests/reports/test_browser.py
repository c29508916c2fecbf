"""Pages in a browser: no violation of accessibility rules, no request leaving, filters and deep links that work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.reports.forms import NUMBER, pdf_text

pytestmark = pytest.mark.slow
WIDTHS = (360, 1280)


def opened(browser: Any, file: Path, width: int, **context: Any) -> tuple[Any, list[str]]:
    """Return a page opened from disk, and all addresses that it asks for."""
    page = browser.new_context(viewport={"width": width, "height": 900}, **context).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    return page, asked


def pages(site: Path) -> list[Path]:
    areas = [next((site / "areas").glob(f"{code}-*.html")) for code in ("20", "178", "181")]
    return [site / "index.html", site / "plan-summary.html", *areas]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_breaks_a_rule_asks_for_anything_or_scrolls_sideways(site: Path, browser: Any, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for file in pages(site):
        page, asked = opened(browser, file, width)
        page.evaluate("document.querySelectorAll('details').forEach((item) => { item.open = true; })")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{file.name} at {width}:\n{found.generate_report()}"
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{file.name} at {width} is {wide} pixels too wide"
        assert asked == [file.as_uri()]
        page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_cards_are_still_a_table_to_those_who_listen(site: Path, browser: Any, width: int) -> None:
    page, _ = opened(browser, pages(site)[2], width)
    page.evaluate("document.querySelectorAll('details').forEach((item) => { item.open = true; })")
    table = page.locator("table.cards").first
    assert table.get_by_role("row").count() > 1
    assert page.get_by_role("table").count() >= page.locator("table.cards").count()
    assert table.get_by_role("columnheader").count() >= 3
    assert table.get_by_role("rowheader").count() >= 1
    page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_search_filters_sorting_and_deep_links(real_site: Path, browser: Any, width: int) -> None:
    page, _ = opened(browser, real_site / "index.html", width)
    rows = page.locator("table.index tbody tr:visible")
    assert rows.count() == 12
    page.fill("[name=q]", "binh gia")  # without marks
    assert rows.count() == 1
    assert "181" in rows.first.inner_text()
    page.wait_for_url("**#q=binh+gia")
    page.click("#reset")
    page.wait_for_function("document.querySelectorAll('table.index tbody tr:not([hidden])').length === 12")
    page.select_option("[name=level]", "province")
    assert rows.count() == 1
    page.select_option("[name=level]", "")
    page.select_option("[name=target]", "T30-03")
    assert page.locator("td.answer-cell:visible").count() == rows.count() == 12
    assert "%" in page.locator("td.answer-cell:visible").first.inner_text()
    page.select_option("[name=grade]", "A")
    assert rows.count() == 1
    link = rows.first.locator("th a")
    assert link.get_attribute("href").endswith("#T30-03")
    link.click()
    page.wait_for_url("**/areas/20-*.html#T30-03")
    assert page.locator("tr:target").inner_text().count("T30-03") == 1
    page.go_back()
    assert rows.count() == 1  # the filters stand in the address
    page.click("#reset")
    page.wait_for_function("document.querySelectorAll('table.index tbody tr:not([hidden])').length === 12")
    number = page.locator("th.num button").last
    number.click()
    head = page.locator("th[aria-sort]")
    assert (head.count(), head.get_attribute("aria-sort")) == (1, "descending")
    column = page.locator("table.index thead th").count() - 1
    values = [int(text) for text in page.locator(f"table.index tbody td:nth-child({column})").all_inner_texts()]
    assert values == sorted(values, reverse=True)
    page.context.close()


def test_the_index_is_complete_without_scripts(real_site: Path, browser: Any) -> None:
    page, _ = opened(browser, real_site / "index.html", 1280, java_script_enabled=False)
    assert page.locator("table.index tbody tr:visible").count() == 12
    assert page.locator("#filters").is_hidden()
    links = [link.get_attribute("href") for link in page.locator("a[href]").all()]
    missing = [link for link in links if not link.startswith("#") and not (real_site / link).exists()]
    assert missing == []
    assert sum(link.endswith(".docx") for link in links) == 13
    assert sum(link.endswith(".pdf") for link in links) == 13
    page.context.close()


def test_a_report_can_be_read_with_the_keyboard(real_site: Path, browser: Any) -> None:
    page, _ = opened(browser, pages(real_site)[2], 360)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.wait_for_url("**#content")
    reached = set()
    for _ in range(400):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName + (document.activeElement.textContent || '')"))
    closed = page.locator("summary")
    assert all(f"SUMMARY{text}" in reached for text in closed.all_text_contents())
    for number in range(closed.count()):
        closed.nth(number).focus()
        page.keyboard.press("Enter")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator("#charts details table").first.is_visible()
    page.context.close()


def test_on_a_phone_every_cell_names_its_column(real_site: Path, browser: Any) -> None:
    page, _ = opened(browser, pages(real_site)[2], 360)
    page.evaluate("document.querySelectorAll('details').forEach((item) => { item.open = true; })")
    cells = page.evaluate("""[...document.querySelectorAll('table.cards tbody td')].map((cell) => [
        cell.closest('table').tHead.rows[0].cells[cell.cellIndex].textContent.trim(),
        getComputedStyle(cell, '::before').content.replaceAll('"', '').trim()])""")
    assert cells
    assert [cell for cell in cells if cell[0] != cell[1]] == []
    narrow = page.evaluate("""[...document.querySelectorAll('table.cards caption:not(.quiet)')].filter(
        (caption) => caption.offsetWidth < 0.9 * caption.parentElement.offsetWidth).length""")
    assert narrow == 0
    page.context.close()


def test_a_link_to_a_folded_row_unfolds_it(real_site: Path, browser: Any) -> None:
    report = pages(real_site)[2]
    page, _ = opened(browser, report, 1280)
    assert not page.locator("#T45-04").is_visible()
    page.goto(f"{report.as_uri()}#T45-04")
    page.wait_for_function("document.querySelector('#T45-04').checkVisibility()")
    page.context.close()


def test_in_the_dark_and_in_print_nothing_is_lost(site: Path, browser: Any) -> None:
    """Colours are the page's own whatever the system prefers; on paper all that is folded is there."""
    from axe_playwright_python.sync_playwright import Axe

    report = pages(site)[2]
    page, asked = opened(browser, report, 1280, color_scheme="dark", reduced_motion="reduce")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    printed = pdf_text(page.pdf(format="A4"))
    folded = page.evaluate(
        """() => [...document.querySelectorAll("details td, details th, details small")]
        .flatMap((cell) => [...cell.childNodes].filter((part) => part.nodeType === 3).map((part) => part.data))"""
    )
    told = [number for text in folded for number in NUMBER.findall(text)]
    assert len(told) > 200
    assert set(told) - set(NUMBER.findall(printed)) == set()
    assert asked == [report.as_uri()]
    page.context.close()


def test_the_index_can_be_used_with_the_keyboard(real_site: Path, browser: Any) -> None:
    page, _ = opened(browser, real_site / "index.html", 1280)
    page.locator("[name=q]").focus()
    page.keyboard.type("loc binh")
    rows = page.locator("table.index tbody tr:visible")
    assert rows.count() == 1
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('tbody th') !== null"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/areas/188-*.html")
    page.context.close()
