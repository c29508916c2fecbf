"""Every source states its terms, and the page on licences says what follows from them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
PAGE = (DATA / "LICENCES.md").read_text(encoding="utf-8")
TERMS = re.findall(r"^\| ([^|`]+) \| ", PAGE.partition("| `licence` says |")[2], flags=re.MULTILINE)


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


PANELS = rows(DATA / "panels" / "sources.csv")


def terms_of(licence: str) -> str:
    """Return the row of the page that a licence falls under; empty for none."""
    return next((name for name in TERMS if name in licence), "")


def test_every_panel_states_terms_that_the_page_explains() -> None:
    unknown = sorted({row["licence"] for row in PANELS if not terms_of(row["licence"])})
    assert unknown == [], "add a row to data/LICENCES.md that says what follows from these"
    assert [row["panel_id"] for row in PANELS if not row["source"].strip()] == []


def test_the_page_explains_no_terms_that_no_panel_states() -> None:
    used = {terms_of(row["licence"]) for row in PANELS}
    assert [name for name in TERMS if name not in used and not name.startswith("---")] == []


def test_panels_read_from_what_is_under_the_gpl_are_named() -> None:
    under = [row["panel_id"] for row in PANELS if "GPL" in row["licence"] or "GPL" in row["source"]]
    assert under
    assert [name for name in under if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize("file", sorted(DATA.rglob("sources.csv")), ids=lambda file: file.parent.name)
def test_every_source_of_figures_can_be_found(file: Path) -> None:
    if file.parent.name != "panels":
        found = rows(file)
        assert [row["source_id"] for row in found if not (row["publisher"].strip() and row["url"].strip())] == []


def test_every_part_of_the_data_folder_stands_on_the_page() -> None:
    words = re.findall(r"`([\w./]+)`", PAGE)
    kinds = ("README.md", "LICENCES.md", "sources.csv", "standards.csv", "standard_overlaps.csv")
    parts = [f"{item.name}/" if item.is_dir() else item.name for item in DATA.iterdir() if item.name not in kinds]
    assert [part for part in parts if not any(word.startswith(part) for word in words)] == []
