"""From an executed notebook to a page, and the two notebooks themselves."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.conftest import ROOT
from tests.reports.forms import NUMBER
from toolkit.reports.blocks import HEAD_TYPE, PAGE_TYPE, Document
from toolkit.reports.formats import PageError, document_html, docx_bytes, notebook_page, verdict_style, write_page
from toolkit.reports.paper import paper_of

Builder = Callable[..., Document]
TEMPLATES = ("area_report.ipynb", "plan_summary.ipynb")


def executed(document: Document) -> Any:
    """Return a notebook as papermill leaves it: one cell a piece of the document."""
    head = new_output("execute_result", data=document.head._repr_mimebundle_(), execution_count=1)
    cells = [new_code_cell("import toolkit  # secret", outputs=[]), new_code_cell("document.head", outputs=[head])]
    for section in document.sections:
        data = section._repr_mimebundle_()
        shown = new_output("execute_result", data=data, execution_count=2)
        cells.append(new_code_cell(f'document.section("{section.key}")', outputs=[shown]))
    return new_notebook(cells=cells)


def flat(page: str) -> list[str]:
    return BeautifulSoup(page, "html.parser").get_text(" ", strip=True).split()


def test_the_page_of_a_notebook_says_what_the_document_says(build: Builder) -> None:
    document = build("181")
    page = notebook_page(executed(document), language="vi")
    assert flat(page) == flat(document_html(document))
    assert "secret" not in page
    assert "jp-" not in page
    assert BeautifulSoup(page, "html.parser").html["lang"] == "vi"
    assert document.head.page_title in page


def test_the_notebook_keeps_title_language_and_banner_for_its_page(build: Builder) -> None:
    bundle = build("178", "en").head._repr_mimebundle_()
    frame = bundle[HEAD_TYPE]
    assert frame["language"] == "en"
    assert json.loads(json.dumps(frame)) == frame
    assert "Lạng Sơn city" in bundle["text/plain"]
    page = notebook_page(executed(build("178", "en")), language="vi")
    assert '<html lang="en"' in page


@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_output_shows_itself_without_a_style_sheet(build: Builder, language: str) -> None:
    """JupyterLab takes style sheets, drawings and scripts out of an output that it does not trust."""
    document = build("20", language)
    for part in (document.head, *document.sections):
        bundle = part._repr_mimebundle_()
        if "text/html" not in bundle:
            continue
        shown, page = (BeautifulSoup(bundle[kind], "html.parser") for kind in ("text/html", PAGE_TYPE))
        assert not shown.select("svg, style, script, link, [class], [id]")
        assert len(shown.select("img")) == len(page.select("svg"))
        for image, drawing in zip(shown.select("img"), page.select("svg"), strict=True):
            assert image["alt"] == drawing["aria-label"]
            held = b64decode(image["src"].removeprefix("data:image/svg+xml;base64,")).decode()
            assert held.startswith("<svg xmlns=")
            assert "<style>" in held
        for drawing in page.select("svg"):
            drawing.decompose()  # its numbers are in the picture
        told, written = (set(NUMBER.findall(soup.get_text(" "))) for soup in (shown, page))
        assert written <= told


def test_a_verdict_has_the_colours_and_the_sign_of_the_page(build: Builder) -> None:
    shown = BeautifulSoup(build("20").section("targets")._repr_mimebundle_()["text/html"], "html.parser")
    styles = {cell["style"] for cell in shown.select("td span[style]")}
    assert any(verdict_style("likely") in style for style in styles)
    assert any(verdict_style("very_unlikely") in style for style in styles)
    assert verdict_style("very_likely") != verdict_style("unlikely") != verdict_style("nobody")


def test_words_and_tables_that_a_researcher_adds_stand_on_the_page(build: Builder) -> None:
    notebook = executed(build("178"))
    notebook.cells.insert(0, new_markdown_cell("how to run this", metadata={"tags": ["about"]}))
    notebook.cells += [
        new_markdown_cell("## Thêm\n\n*ghi chú*"),
        new_code_cell("print()", outputs=[new_output("stream", name="stdout", text="in ra <b>\n")]),
        new_code_cell("x", outputs=[new_output("stream", name="stderr", text="cảnh báo riêng")]),
    ]
    page = notebook_page(notebook, language="vi")
    assert "<em>ghi chú</em>" in page
    assert "how to run this" not in page
    assert "in ra &lt;b&gt;" in page
    assert "cảnh báo riêng" not in page


def test_a_notebook_without_a_document_is_refused_in_words(tmp_path: Path) -> None:
    notebook = tmp_path / "a.ipynb"
    notebook.write_text(nbformat.writes(new_notebook(cells=[new_code_cell("1")])), encoding="utf-8")
    with pytest.raises(PageError, match="shows no document"):
        write_page(notebook, tmp_path / "a.html", language="vi")
    assert not (tmp_path / "a.html").exists()
    notebook.write_text("no notebook", encoding="utf-8")
    with pytest.raises(PageError, match="no readable notebook"):
        write_page(notebook, tmp_path / "a.html", language="vi")


def test_a_page_is_written_whole(build: Builder, tmp_path: Path) -> None:
    notebook = tmp_path / "181.ipynb"
    notebook.write_text(nbformat.writes(executed(build("181"))), encoding="utf-8")
    page = write_page(notebook, tmp_path / "pages" / "181.html", language="vi")
    assert page.read_text(encoding="utf-8").endswith("</html>")


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_notebooks_are_tidy(name: str) -> None:
    content = json.loads((ROOT / "parameterized" / name).read_text(encoding="utf-8"))
    nbformat.validate(content)
    cells = content["cells"]
    assert [cell["id"] for cell in cells] == [f"{number:02d}-{cell['id'][3:]}" for number, cell in enumerate(cells, 1)]
    assert [cell["metadata"].get("tags") for cell in cells[:2]] == [["about"], ["parameters"]]
    assert f"papermill parameterized/{name} out.ipynb -p " in "".join(cells[0]["source"])
    assert all(not cell["metadata"].get("tags") for cell in cells[2:])
    assert all(cell["cell_type"] == "code" for cell in cells[1:]), "headings come from the document, in its language"
    declared = re.findall(r"^(\w+): str = ", "".join(cells[1]["source"]), flags=re.MULTILINE)
    assert {"language", "as_of", "run_folder", "data_folder"} <= set(declared)


def test_the_area_notebook_shows_every_section(build: Builder) -> None:
    content = json.loads((ROOT / "parameterized" / "area_report.ipynb").read_text(encoding="utf-8"))
    source = "\n".join("".join(cell["source"]) for cell in content["cells"])
    assert re.findall(r'document\.section\("(\w+)"\)', source) == [section.key for section in build("181").sections]


def test_a_reviewer_finds_the_code_folded_and_escaped(build: Builder) -> None:
    notebook = executed(build("178", "en"))
    notebook.cells.insert(0, new_code_cell("x = '<script>alert(1)</script>'"))
    page = notebook_page(notebook, language="en", audience="reviewer")
    soup = BeautifulSoup(page, "html.parser")
    folded = soup.select("details.code")
    assert len(folded) == len(notebook.cells)
    assert {item.summary.text for item in folded} == {"Code of this part"}
    assert not any(item.has_attr("open") for item in folded)
    assert "x = '<script>alert(1)</script>'" in folded[0].pre.text
    assert soup.find("script") is None
    planner = notebook_page(notebook, language="en")
    assert "details" not in str(BeautifulSoup(planner, "html.parser").select("details.code"))


@pytest.mark.hostile
def test_a_page_that_is_larger_than_any_may_be_is_refused(build: Builder, tmp_path: Path) -> None:
    notebook = executed(build("181"))
    notebook.cells.append(new_code_cell("print(…)", outputs=[new_output("stream", text="x" * 200_000)]))
    nbformat.write(notebook, tmp_path / "n.ipynb")
    with pytest.raises(PageError, match=r"page\.html .* 150 KiB"):
        write_page(tmp_path / "n.ipynb", tmp_path / "page.html", language="vi")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.hostile
@pytest.mark.parametrize("mark", ["\u202e", "\u202d", "\u2066", "\u2067", "\u200f", "\u061c"])
def test_marks_that_change_the_direction_of_writing_are_shown_as_signs(mark: str, build: Builder) -> None:
    document = build("181")
    head = replace(document.head, title=f"12{mark}34 " + "ă" * 300)
    page = document_html(replace(document, head=head))
    assert mark not in page
    assert f"12⟨U+{ord(mark):04X}⟩34" in page
    docx_bytes(paper_of(replace(document, head=replace(head, page_title=head.title))))  # Word takes 255 letters
