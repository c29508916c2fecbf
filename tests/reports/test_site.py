"""What one command leaves: every area in three forms and two languages, a site that can be put on any server."""

from __future__ import annotations

import csv
import json
import re
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from tests.reports.conftest import SITES
from tests.reports.forms import NUMBER, docx_rows, docx_text, html_text, pdf_rows, pdf_text, squeezed
from toolkit.base.files import PROJECT
from toolkit.data.dataset import PROJECT_DATA, Dataset, load
from toolkit.reports.formats import LARGEST_PAGE
from toolkit.reports.wording import Words, words

pytestmark = pytest.mark.slow
ANSWERED = ("probability", "settled", "orientation")
MARK = re.compile(r"(T\d\d-\d\d[a-z]?)·(?:mục|clause)")
"""How the first cell of a target's row ends, without spaces."""


def answers(site: Path) -> dict[str, list[dict[str, str]]]:
    """Return the rows of ``attainment.csv`` by area."""
    found: dict[str, list[dict[str, str]]] = {}
    with (site / "attainment.csv").open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            found.setdefault(row["area_code"], []).append(row)
    return found


def reports(site: Path) -> dict[str, Path]:
    return {page.name.split("-")[0]: page for page in sorted((site / "areas").glob("*.html"))}


def number(text: str) -> float | None:
    return float(text) if text else None


NUDGES = (1.0, 1 - 1e-9, 1 + 1e-9)


def told(row: dict[str, str], wording: Words, dataset: Dataset) -> Iterator[str | tuple[str, ...]]:
    """Return every number of an answer that its row in the table of targets shows, as the language may write it."""
    indicators = dataset.indicators
    if row["last_value"]:
        yield wording.amount(float(row["last_value"]), row["last_unit"])
        yield row["last_year"]
    if row["outcome"] not in ANSWERED:
        return
    if row["expected"]:
        indicator = indicators[row["indicator"]]
        places = 2 if row["unit"] in {"times", "ratio", "percentage_points"} else indicator.decimals
        low, high = float(row["low80"] or "nan"), float(row["high80"] or "nan")
        # ten places stand in the table: a number on the edge of two roundings may be either
        yield tuple(wording.amount(float(row["expected"]) * nudge, row["unit"], places) for nudge in NUDGES)
        if high > low:
            yield tuple(
                wording.interval(low * one, high * other, row["unit"], places) for one in NUDGES for other in NUDGES
            )
    if row["outcome"] != "settled":
        yield row["grade"]
    if row["outcome"] == "probability" and not (row["bound"] == "at_least" and float(row["probability"]) < 0.01):
        for name in ("probability", "probability_same_standard", "probability_stretch", "probability_basically",
                     "probability_average"):  # fmt: skip
            if row[name]:
                yield wording.numbers.probability(float(row[name]), bound=row["bound"])
        if row["areas_meeting"]:
            yield row["areas_meeting"]


def paced(row: dict[str, str], wording: Words) -> Iterator[str]:
    """Return every number that the table of paces shows of an answer."""
    unit = row["pace_unit"]
    for value in (number(row["required_pace"]), number(row["recent_pace"])):
        # ten places stand in the table: a number on the edge of two roundings may be either
        if value and abs(value) < 10 and unit.startswith("percent") and abs(value * 1000 % 10 - 5) > 1e-6:
            yield wording.pace(value, unit)
    if row["recent_pace_years"]:
        yield row["recent_pace_years"].replace("-", "–")
    if row["peers_pace_share"] and row["peers_count"]:
        yield wording.numbers.percent(float(row["peers_pace_share"]))
        yield wording.numbers.decimal(int(row["peers_count"]), 0)
    yield row["year_reached"]


def in_page(page: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the rows of the tables of targets and of paces, by target."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    rows = {row["id"]: row.get_text(" ") for row in soup.select("#targets tbody tr")}
    paces = soup.select("#pace tbody tr")
    return rows, {re.findall(r"T\d\d-\d\d[a-z]?", row.th.get_text(" "))[-1]: row.get_text(" ") for row in paces}


def on_paper(rows: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the same of the rows of all tables of a Word file or PDF, in their order."""
    targets, paces = {}, {}
    for row in rows:
        if found := MARK.search(squeezed(row)):
            targets[found[1]] = row
        elif found := re.search(r"^(T\d\d-\d\d[a-z]?)$", row, re.MULTILINE):
            paces.setdefault(found[1], []).append(row)
    return targets, {name: "\n".join(found) for name, found in paces.items()}


def test_one_command_makes_every_area_in_three_forms(site: Path, make_site: Callable[[str], Path]) -> None:
    found = reports(site)
    assert len(found) == 12
    assert set(found) == set(answers(site))
    for page in (*found.values(), site / "plan-summary.html"):
        for form in (".docx", ".pdf", ".ipynb"):
            assert page.with_suffix(form).stat().st_size > 10_000
        assert f'<html lang="{site.name}">' in page.read_text(encoding="utf-8")[:200]
    start = BeautifulSoup((site.parent / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert [link["href"] for link in start.select("main a")] == ["vi/index.html", "en/index.html"]


def test_all_forms_of_all_areas_carry_the_numbers_of_the_attainment_table(
    site: Path, real_data: Dataset, request: pytest.FixtureRequest
) -> None:
    wording, by_area, compared = words(site.name), answers(site), Counter[str]()
    turn = SITES.index(request.node.callspec.params["site"])
    for place, (code, page) in enumerate(reports(site).items()):
        forms = [in_page(page), on_paper(docx_rows(page.with_suffix(".docx").read_bytes()))]
        if code == "20" or place % len(SITES) == turn:  # tags are read slowly: each district's in one of the sites
            forms.append(on_paper(pdf_rows(page.with_suffix(".pdf"))))
        for rows, paces in forms:
            assert set(rows) == {row["target_id"] for row in by_area[code]}
            for row in by_area[code]:
                name = row["target_id"]
                shown = squeezed(rows[name])
                for text in told(row, wording, real_data):
                    ways = (text,) if isinstance(text, str) else text
                    assert any(squeezed(way) in shown for way in ways), (code, name, text, rows[name])
                    compared["targets"] += 1
                if row["required_pace"] and row["outcome"] == "probability" and name in forms[0][1]:
                    shown = squeezed(paces[name])
                    for text in paced(row, wording):
                        assert squeezed(text) in shown, (code, name, text, paces[name])
                        compared["paces"] += 1
        open_ones = {
            row["target_id"]
            for row in by_area[code]
            if row["required_pace"] and row["outcome"] == "probability" and row["verdict"] != "outlook"
            if int(row["due"]) >= 2026
        }
        assert set(forms[0][1]) == open_ones
    assert compared["targets"] > 2000
    assert compared["paces"] > 100


FILE_NAME = re.compile(r"https?://\S+|[\w-]+\.(?:ipynb|csv|html|xlsx|yaml|json)\b")


NOT_IN_LETTERS = "h1, .kicker, .subtitle, .notice, #provenance"
"""Parts of a page whose place a letterhead takes, and how its numbers are made again."""


def test_word_and_pdf_show_no_number_more_or_less_than_the_page(site: Path) -> None:
    for page in reports(site).values():
        whole = page.read_text(encoding="utf-8")
        shown = html_text(whole, NOT_IN_LETTERS).replace("\u00a0", " ")
        on_page = Counter(NUMBER.findall(FILE_NAME.sub("", shown)))  # papers lead to no files
        written = docx_text(page.with_suffix(".docx").read_bytes()).replace("\u00a0", " ").partition("\nI. ")[2]
        on_paper = Counter(NUMBER.findall(FILE_NAME.sub("", written)))
        assert on_page - on_paper == Counter()
        foot = Counter(NUMBER.findall(BeautifulSoup(whole, "html.parser").footer.get_text()))  # ends the last annex
        listed = len(BeautifulSoup(whole, "html.parser").select("#sources li"))
        assert on_paper - on_page == foot + Counter(map(str, range(1, listed + 1)))
        pdf = squeezed(pdf_text(page.with_suffix(".pdf").read_bytes()))
        assert [text for text in on_page if text not in pdf] == []


def test_index_and_summary_carry_the_numbers_of_the_attainment_table(site: Path) -> None:
    wording, by_area = words(site.name), answers(site)
    index = BeautifulSoup((site / "index.html").read_text(encoding="utf-8"), "html.parser")
    data: dict[str, Any] = json.loads(index.find(id="answers").string)
    names = {entry["data-code"]: entry.th.a.get_text() for entry in index.select("table.index tbody tr")}
    summary = BeautifulSoup((site / "plan-summary.html").read_text(encoding="utf-8"), "html.parser")
    columns = [item["title"] for item in summary.select("table.heat thead abbr")]
    heat = {
        re.search(r"T\d\d-\d\d[a-z]?", row.th.get_text(" "))[0]: dict(zip(columns, row.select("td"), strict=True))
        for row in summary.select("table.heat tbody tr")
    }
    short = {item["title"]: item.get_text() for item in summary.select("table.heat thead abbr")}
    word = _by_target(docx_rows((site / "plan-summary.docx").read_bytes()))
    pdf = _by_target(pdf_rows(site / "plan-summary.pdf"))
    assert set(pdf) >= set(heat)
    seen = 0
    for code, rows in by_area.items():
        for place, row in enumerate(rows):
            _, verdict, grade, shown = data["areas"][code][place]
            assert data["targets"][place] == row["target_id"]
            assert (verdict.replace("_", " "), grade) == (row["verdict"], row["grade"])
            probability = ""
            if row["outcome"] == "probability":
                probability = wording.numbers.probability(float(row["probability"]), bound=row["bound"])
            assert shown == probability
            vague = row["bound"] == "at_least" and float(row["probability"] or 1) < 0.01
            if probability and not vague and row["target_id"] in heat:
                cell = heat[row["target_id"]][names[code]]
                assert squeezed(f"{probability} · {row['grade']}") in squeezed(cell.get_text(" "))
                printed = squeezed(f"{short[names[code]]} ({probability}; {row['grade']})")
                assert printed in word[row["target_id"]]
                assert printed in pdf[row["target_id"]]
                seen += 1
    assert seen > 50


def _by_target(rows: list[str]) -> dict[str, str]:
    """Return all that the rows of all tables say of a target."""
    found: dict[str, str] = {}
    for row in rows:
        if name := re.search(r"T\d\d-\d\d[a-z]?", row):
            found[name[0]] = found.get(name[0], "") + squeezed(row)
    return found


def test_every_link_leads_somewhere_and_none_leads_out(site: Path) -> None:
    pages = {page: BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser") for page in site.rglob("*.html")}
    identifiers = {page: {item["id"] for item in soup.select("[id]")} for page, soup in pages.items()}
    followed, published = 0, set(load(PROJECT_DATA).sources["url"])
    for page, soup in pages.items():
        assert soup.select("[src], link[href], iframe, object, form[action]") == []
        for link in soup.select("[href]"):
            address = urllib.parse.urlsplit(link["href"])
            if link["href"] in published:  # a source's own address: followed when it is clicked, never loaded
                continue
            assert (address.scheme, address.netloc) == ("", ""), link
            assert not address.path.startswith("/"), link
            aim = (page.parent / urllib.parse.unquote(address.path)).resolve() if address.path else page
            assert aim.is_file(), link
            assert site.resolve() in aim.resolve().parents, link
            if address.fragment:
                assert address.fragment in identifiers[aim], link
            followed += 1
    assert followed > 300


def test_no_file_names_a_place_on_the_machine_that_made_it(site: Path) -> None:
    places = [str(site.resolve()), str(PROJECT), str(Path.home()), "file://"]
    texts = [file for file in site.rglob("*") if file.suffix in {".html", ".ipynb", ".json", ".csv", ".css", ".js"}]
    assert len(texts) > 40
    for file in texts:
        text = file.read_text(encoding="utf-8")
        assert [place for place in places if place in text] == [], file


def test_every_page_keeps_its_budget(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert page.stat().st_size <= LARGEST_PAGE, page.name


WRONG = {
    "vi": re.compile(r"\d[ \u00a0]%|(?<![\d./-])\d+\.\d{1,2}(?![\d./])"),
    "en": re.compile(r"\d[ \u00a0\u202f]%|\d,\d{1,2}(?!\d)"),
}
"""How the other language writes numbers."""
STRANGE = {
    "vi": re.compile(r"\b(?:the|of|and|with|by|from|for|is|are|not|year|area|target|figure)\b"),
    "en": re.compile(r"\b(?:năm|của|và|tỷ lệ|mục tiêu|số liệu|không|được|chưa|khả năng|huyện|xã|dự báo)\b"),
}
"""Words that only the other language has."""
CLAUSE = re.compile(r"(?:mục|clause) [\d./]+|“toolkit [^”]*”")
"""Clauses of the plan and commands are the same in both languages."""


def spoken(page: Path) -> Iterator[str]:
    """Return all texts of a page that are ours, those read out too; sources and commands are as they are."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    for part in soup.select("style, script, #sources, #provenance, #files-title ~ dl, footer"):
        part.decompose()
    yield from (CLAUSE.sub("", str(text)) for text in soup.find("main").find_all(string=True))
    yield from (item["aria-label"] for item in soup.select("[aria-label]"))


def test_numbers_and_words_are_those_of_the_language(site: Path) -> None:
    publishers = {"en": r"\b(?:Báo|Cổng|UBND|Sở|Cục|Ban)\b[^;,.]*", "vi": r"[A-Z][\w’']+ (?:of|and|for) [^;,.]*"}
    for page in site.rglob("*.html"):
        if page.parent.name == "figures":  # rows of the data as they stand, with titles in the language of their source
            continue
        for text in spoken(page):
            assert WRONG[site.name].search(text) is None, (page.name, text)
            ours = re.sub(publishers[site.name], "", text)  # names of those who published are not translated
            assert STRANGE[site.name].search(ours) is None, (page.name, text)


def test_papers_write_numbers_as_the_language_does(site: Path) -> None:
    for page in (*reports(site).values(), site / "plan-summary.html"):
        for text in docx_rows(page.with_suffix(".docx").read_bytes()):
            assert WRONG[site.name].search(CLAUSE.sub("", text)) is None, (page.name, text)
