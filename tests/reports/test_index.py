"""The index of a run: a plain table, links that work from disk, failed areas with their error."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from toolkit.attainment.assess import assess_all
from toolkit.base.texts import Language
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan import Plan
from toolkit.reports.context import RunFacts
from toolkit.reports.index import IndexEntry, counts_of, index_page


@pytest.fixture(scope="module")
def entries(real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts) -> list[IndexEntry]:
    made = []
    for code in ("20", "181"):
        area = real_data.areas.get(code)
        told = counts_of(assess_all(real_plan, [area], real_data, real_forecasts), real_plan, "vi")
        papers = (f"areas/{code}.docx", f"areas/{code}.pdf")
        made.append(
            IndexEntry(code, area.name("vi"), f"areas/{code}.html", f"areas/{code}.ipynb", "", told, area.level, papers)
        )
    made.append(IndexEntry("182", "Huyện Văn Lãng", "areas/182.html", "areas/182.ipynb", "KeyError: <b>x</b>"))
    made.append(IndexEntry("plan-summary", "Tổng hợp", "plan-summary.html", "plan-summary.ipynb"))
    return made


def html_of(entries: list[IndexEntry], *, plan: Plan, facts: RunFacts, language: Language) -> str:
    return "".join(index_page(entries, plan=plan, facts=facts, language=language))


def test_each_area_has_a_row_with_its_counts_and_links(
    entries: list[IndexEntry], real_plan: Plan, facts: RunFacts
) -> None:
    soup = BeautifulSoup(html_of(entries, plan=real_plan, facts=facts, language="vi"), "html.parser")
    rows = soup.select("table.index tbody tr")
    assert [row.th.a["href"] for row in rows] == ["areas/20.html", "areas/181.html"]
    for row in rows:
        assert sum(int(cell.text) for cell in row.select("td.num")) == 68
        assert [link["href"].rpartition(".")[2] for link in row.find_all("a")] == ["html", "docx", "pdf", "ipynb"]
    assert soup.find("a", href="plan-summary.html")
    assert soup.find("a", href="attainment.csv")
    assert [script.get("src") for script in soup.find_all("script")] == [None, None]
    assert soup.find("form").has_attr("hidden")  # nothing is offered that needs scripts
    assert len(soup.find_all("h1")) == 1


def test_failed_areas_come_first_with_their_error_as_text(
    entries: list[IndexEntry], real_plan: Plan, facts: RunFacts
) -> None:
    soup = BeautifulSoup(html_of(entries, plan=real_plan, facts=facts, language="en"), "html.parser")
    first = soup.select_one("section")
    assert first.h2.text == "One page could not be made"
    assert "KeyError: <b>x</b>" in first.text
    assert first.find("b") is None
    assert first.find("a")["href"] == "areas/182.ipynb"
    several = [replace(entry, error="x") for entry in entries[:2]]
    text = html_of([*several, *entries[2:]], plan=real_plan, facts=facts, language="en")
    assert "3 pages could not be made" in text


def test_a_failed_summary_is_not_offered(entries: list[IndexEntry], real_plan: Plan, facts: RunFacts) -> None:
    failed = [*entries[:2], replace(entries[3], error="broken")]
    soup = BeautifulSoup(html_of(failed, plan=real_plan, facts=facts, language="vi"), "html.parser")
    assert soup.find("a", href="plan-summary.html") is None
    assert "broken" in soup.text


def test_the_index_is_a_page_of_its_own(entries: list[IndexEntry], real_plan: Plan, facts: RunFacts) -> None:
    simulated = replace(facts, simulated=True)
    page = html_of(entries, plan=real_plan, facts=simulated, language="vi")
    assert "SỐ LIỆU MÔ PHỎNG" in page
    assert "http" not in page
    assert len(page.encode()) < 50_000


def test_the_index_comes_in_parts_however_many_areas_there_are(
    entries: list[IndexEntry], real_plan: Plan, facts: RunFacts
) -> None:
    many = [replace(entries[1], name=f"{number:05}") for number in range(200)]
    sizes = [len(part) for part in index_page(many, plan=real_plan, facts=facts, language="vi")]
    assert sum(sizes) > 500_000
    assert max(sizes) < 30_000


def test_what_the_filters_work_on_is_what_the_table_says(
    entries: list[IndexEntry], real_plan: Plan, facts: RunFacts
) -> None:
    soup = BeautifulSoup(html_of(entries, plan=real_plan, facts=facts, language="en"), "html.parser")
    data = json.loads(soup.find(id="answers").string)
    assert data["targets"] == [target.id for target in real_plan.targets]
    for row in soup.select("table.index tbody tr"):
        answers = data["areas"][row["data-code"]]
        counts = [sum(answer[0] == group for answer in answers) for group in data["groups"]]
        assert counts == [int(cell.text) for cell in row.select("td.num")]
    assert [option["value"] for option in soup.select("select[name=target] option")][1:] == data["targets"]


def test_data_cannot_leave_the_script(entries: list[IndexEntry], real_plan: Plan, facts: RunFacts) -> None:
    nasty = [replace(entries[0], name="</script><script>alert(1)</script>", label="</script><b>x</b>")]
    soup = BeautifulSoup(html_of(nasty, plan=real_plan, facts=facts, language="en"), "html.parser")
    assert len(soup.find_all("script")) == 2
    assert soup.find("b") is None
    assert "</script><script>alert(1)</script>" in json.loads(soup.find(id="answers").string)["areas"]
