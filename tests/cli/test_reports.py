"""The main job on the real data, from the command to the text of the pages: what the first issue promises."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.commands import run
from tests.conftest import TODAY

pytestmark = pytest.mark.end_to_end

DISTRICTS = ("178", "180", "181", "182", "183", "184", "185", "186", "187", "188", "189")
AREAS = ("20", *DISTRICTS)
WITH_POVERTY_RATE = {"180", "181", "185", "187"}
FIRST_COLUMNS = (
    "area_code,area_name,level,target_id,due,outcome,probability,verdict,grade,proxy,missing".split(",")  # noqa: SIM905
)
OUTCOMES = {"settled", "probability", "milestone", "orientation", "cannot_assess"}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make all reports once, in Vietnamese."""
    folder = tmp_path_factory.mktemp("run")
    done = run("report", "--out", folder, "--as-of", TODAY.isoformat())
    assert done.returncode == 0, done.stderr
    assert str(folder / "index.html") in done.stdout
    assert "[13/13]" in done.stderr
    return folder


@pytest.fixture(scope="module")
def answers(reports: Path) -> pd.DataFrame:
    """Read the table of answers as a user would, codes as texts."""
    return pd.read_csv(reports / "attainment.csv", dtype={"area_code": str}, keep_default_na=False)


@pytest.fixture(scope="module")
def pages(reports: Path) -> dict[str, str]:
    """Return the visible text of each area's page."""
    return {file.name.split("-")[0]: text_of(file) for file in (reports / "areas").glob("*.html")}


def text_of(page: Path) -> str:
    """Return the text of a page as a reader sees it, spaces made plain."""
    content = re.sub(r"(?s)<(style|script|svg).*?</\1>", " ", page.read_text(encoding="utf-8"))
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", content))).replace("\u00a0", " ")


def test_everything_is_there_and_linked(reports: Path) -> None:
    assert {file.name.split("-")[0] for file in (reports / "areas").glob("*.html")} == set(AREAS)
    assert {file.stem for file in (reports / "areas").glob("*.ipynb")} == {
        file.stem for file in (reports / "areas").glob("*.html")
    }
    links = re.findall(r'href="([^"#]+)"', (reports / "index.html").read_text(encoding="utf-8"))
    assert len({link for link in links if link.startswith("areas/") and link.endswith(".html")}) == 12
    assert [link for link in links if not (reports / link).exists()] == []
    assert "plan-summary.html" in links


def test_the_table_begins_as_agreed_and_has_68_rows_an_area(answers: pd.DataFrame) -> None:
    assert list(answers.columns[:11]) == FIRST_COLUMNS
    assert dict(answers.groupby("area_code").size()) == dict.fromkeys(AREAS, 68)
    assert set(answers["outcome"]) <= OUTCOMES
    asked = answers[answers["outcome"] == "probability"]
    assert pd.to_numeric(asked["probability"]).between(0, 1).all()
    assert (asked["grade"] != "").all()
    assert (answers.loc[answers["outcome"] == "cannot_assess", "missing"] != "").all()
    assert (answers.loc[answers["outcome"].isin(["milestone", "orientation"]), "probability"] == "").all()


def test_every_statement_stands_in_every_report(pages: dict[str, str], answers: pd.DataFrame) -> None:
    for code in AREAS:
        ids = answers.loc[answers["area_code"] == code, "target_id"]
        assert [name for name in ids if name not in pages[code]] == [], code


def test_probabilities_on_the_pages_are_those_of_the_table(pages: dict[str, str], answers: pd.DataFrame) -> None:
    for row in answers[answers["outcome"] == "probability"].itertuples():
        probability = float(row.probability)
        shown = "<1%" if probability < 0.01 else ">99%" if probability > 0.99 else f"{100 * probability:.0f}%"
        if row.verdict == "not decided by bound":
            continue  # the bound is too low to say anything, and the page says that in words
        if row.bound == "at_least":
            shown = f"≥ {min(int(100 * probability + 1e-9), 99)}%"
        assert shown in pages[row.area_code], (row.area_code, row.target_id)


def test_the_province_shows_the_decided_rate_with_its_source_and_what_it_overrules(pages: dict[str, str]) -> None:
    text = pages["20"]
    assert "2,32%" in text
    assert "83/QĐ-UBND" in text
    assert re.search(r"3%[^.]{0,80}(VnEconomy|báo chí|bị bác|không dùng|thay)", text)


def test_minority_poverty_in_2030_is_answered_everywhere_through_the_declared_proxy(answers: pd.DataFrame) -> None:
    rows = answers[answers["target_id"] == "T30-03"].set_index("area_code")
    assert (rows["outcome"] == "probability").all()
    assert (rows["proxy"] == "poverty_dtts_from_all").all()
    assert (rows["bound"] == "at_least").all()
    assert (pd.to_numeric(rows["probability_same_standard"]) >= pd.to_numeric(rows["probability"])).all()
    assert set(rows.index[rows["grade"] == "C·D"]) == set(DISTRICTS) - WITH_POVERTY_RATE


def test_the_line_of_2027_is_explained_in_words(pages: dict[str, str]) -> None:
    assert [code for code in AREAS if not re.search(r"chuẩn[^.]{0,80}2027", pages[code])] == []


def test_districts_without_a_rate_say_so(answers: pd.DataFrame) -> None:
    rows = answers[(answers["target_id"] == "T45-02") & (answers["level"] == "district")].set_index("area_code")
    assert set(rows.index[rows["grade"] == "C"]) == set(DISTRICTS) - WITH_POVERTY_RATE
    assert (rows.loc[rows["grade"] == "C", "last_value"] == "").all()


def test_a_former_districts_report_says_so(pages: dict[str, str]) -> None:
    assert [code for code in DISTRICTS if "30/6/2025" not in pages[code] and "1/7/2025" not in pages[code]] == []


def test_targets_of_the_province_alone_are_no_verdict_on_a_district(answers: pd.DataFrame) -> None:
    rows = answers[answers["target_id"].isin(["T30-01", "T30-02", "T30-06", "T30-26", "T45-01"])]
    assert set(rows.loc[rows["level"] == "district", "outcome"]) == {"orientation"}
    assert "orientation" not in set(rows.loc[rows["level"] == "province", "outcome"])


def test_milestones_have_no_probability_and_start_as_unknown(answers: pd.DataFrame) -> None:
    rows = answers[answers["outcome"] == "milestone"]
    assert dict(rows.groupby("area_code").size()) == dict.fromkeys(AREAS, 12)


def test_pages_are_small_self_contained_and_say_their_language(reports: Path) -> None:
    for page in [*(reports / "areas").glob("*.html"), *reports.glob("*.html")]:
        content = page.read_text(encoding="utf-8")
        assert len(content.encode()) <= 150 * 1024, page.name
        assert '<html lang="vi"' in content
        assert len(re.findall(r"<h1[\s>]", content)) == 1
        assert not re.search(r'(src|srcset)="(https?:)?//|@import|url\((https?:)?//|<link[^>]+href="http', content), (
            page.name
        )
        assert "import toolkit" not in content


def test_executed_notebooks_name_no_folder_of_this_machine_but_the_parameters(reports: Path) -> None:
    for notebook in (reports / "areas").glob("*.ipynb"):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        others = [cell for cell in cells if "injected-parameters" not in cell["metadata"].get("tags", [])]
        assert str(reports) not in json.dumps(others)


def test_the_manifest_says_what_the_run_was_made_from(reports: Path) -> None:
    manifest = json.loads((reports / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["parameters"]["as_of"] == TODAY.isoformat()
    assert manifest["parameters"]["seed"] == 138
    assert "data/observations/0001.csv" in manifest["inputs"]
    assert {"attainment.csv", "index.html", "plan-summary.html"} <= set(manifest["outputs"])
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in manifest["outputs"].values())


def test_one_area_in_english(tmp_path: Path, answers: pd.DataFrame) -> None:
    done = run("report", "--area", "Bình Gia", "--lang", "en", "--as-of", TODAY.isoformat(), "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    page = next((tmp_path / "areas").glob("181-*.html"))
    text = text_of(page)
    assert '<html lang="en"' in page.read_text(encoding="utf-8")
    assert "Bình Gia district" in text
    assert not re.search(r"\b(xác suất|chưa đánh giá|huyện Bình Gia)\b", text)
    table = pd.read_csv(tmp_path / "attainment.csv", dtype={"area_code": str}, keep_default_na=False)
    both = answers[answers["area_code"] == "181"].reset_index(drop=True)
    assert list(table["probability"]) == list(both["probability"])
    assert list(table["verdict"]) == list(both["verdict"])


def test_an_earlier_day_sees_only_what_was_known(tmp_path: Path) -> None:
    done = run("report", "--area", "20", "--as-of", "2024-12-31", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2,32%" not in text_of(next((tmp_path / "areas").glob("20-*.html")))
