"""Word and PDF: the same pieces, the same numbers, real tables, described pictures, a layout an office can send."""

from __future__ import annotations

import io
import re
import subprocess
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import docx
import pypdf
import pytest
from bs4 import BeautifulSoup
from docx.shared import Mm, Pt
from lxml import etree
from openxml_audit import FileFormat, OpenXmlValidator

from tests.reports.forms import NUMBER, W, docx_text, html_text, pdf_text, squeezed
from toolkit.attainment.assess import assess_all
from toolkit.data.dataset import Dataset
from toolkit.forecast.store import Forecasts
from toolkit.plan import Plan
from toolkit.plan.plan import Office
from toolkit.reports.area_report import build_area_document
from toolkit.reports.blocks import Document
from toolkit.reports.context import RunFacts
from toolkit.reports.formats import document_html, docx_bytes, write_papers
from toolkit.reports.paper import BOLD, LETTER, PADDING, SIGNS, Paper, PaperCell, paper_of, pdf_bytes, widths
from toolkit.reports.plan_summary import build_plan_document
from toolkit.reports.svg import TEMPLATES
from toolkit.reports.wording import UNBROKEN, words

Builder = Callable[..., Document]
VIETNAMESE = "aăâbcdđeêghiklmnoôơpqrstuưvxy" + "".join(
    unicodedata.normalize("NFC", letter + tone)
    for letter in "aăâeêioôơuưy"
    for tone in "\u0300\u0301\u0309\u0303\u0323"
)


@pytest.fixture(scope="module", params=[("20", "vi"), ("181", "en"), ("plan", "vi"), ("plan", "en")], ids=str)
def made(
    request: pytest.FixtureRequest,
    build: Builder,
    real_data: Dataset,
    real_plan: Plan,
    real_forecasts: Forecasts,
    facts: RunFacts,
) -> Paper:
    code, language = request.param
    if code != "plan":
        return paper_of(build(code, language))
    areas = [real_data.areas.get("20"), *real_data.areas.all(level="district")]
    answers = assess_all(real_plan, areas, real_data, real_forecasts)
    return paper_of(
        build_plan_document(areas, answers, real_forecasts, real_data, real_plan, language=language, run=facts)
    )


def test_word_and_pdf_carry_the_numbers_of_the_page(made: Paper) -> None:
    page, word, pdf = (
        html_text(document_html(made.document), "h1, .kicker, .subtitle, #provenance"),
        docx_text(docx_bytes(made)),
        pdf_text(pdf_bytes(made)),
    )
    on_page = Counter(NUMBER.findall(page.replace("\u00a0", " ")))
    on_paper = Counter(NUMBER.findall(word.replace("\u00a0", " ")))
    if is_area_report(made):
        assert on_page - on_paper == Counter()
        listed = sum(piece.head.startswith("[") for piece in pieces(made))
        letter = made.document.head.letter
        foot = made.document.head.foot  # ends the last annex too
        around = NUMBER.findall(f"{letter.place_and_date} {letter.subject} {letter.opening} {foot}")
        assert on_paper - on_page == Counter([*around, *map(str, range(1, listed + 1))])  # and list numbers
    assert set(on_page) <= set(on_paper)
    foot = r"\s+".join(map(re.escape, made.document.head.foot.split()))  # it stands in a text that two pages share
    squeezed_pdf = squeezed(re.sub(rf"{foot}\s+(Page \d+ of \d+|Trang \d+/\d+)\b", "", pdf))
    for piece in pieces(made):
        for text in (
            piece.text if piece.kind != "table" else "",
            *(line for row in piece.rows for c in row for line in c.lines),
        ):
            assert squeezed(text) in squeezed(word)
            parts = [part for part in re.split(r"\s+", text) if NUMBER.search(part)]
            assert [part for part in parts if squeezed(part) not in squeezed_pdf] == [], text


def is_area_report(made: Paper) -> bool:
    return any(section.key == "targets" for section in made.document.sections)


def pieces(made: Paper) -> list:
    """Return all that a letter says: how its numbers are made again stands on the page and in the PDF alone."""
    sections = [section for section in (*made.front, *made.sections) if section.key != "provenance"]
    return [piece for section in sections for piece in section.blocks]


def test_every_answer_of_the_attainment_table_stands_in_all_forms(
    build: Builder, real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts
) -> None:
    """The row of a target carries its rounded probability, its expected value and its grade, form by form."""
    for code, language in (("20", "vi"), ("184", "en")):
        made, wording = paper_of(build(code, language)), words(language)
        answers = assess_all(real_plan, [real_data.areas.get(code)], real_data, real_forecasts)
        rows = {
            found[1]: row
            for table in docx.Document(io.BytesIO(docx_bytes(made))).tables
            for row in table.rows
            if (found := re.search(r"\b(T\d\d-\d\d\w?) · ", row.cells[0].text))
        }
        page = BeautifulSoup(document_html(made.document), "html.parser").find(id="targets")
        cells = {
            found[1]: row.get_text(" ")
            for row in page.select("tbody tr")
            if (found := re.search(r"\b(T\d\d-\d\d\w?) · ", row.th.get_text(" ")))
        }
        pdf = squeezed(pdf_text(pdf_bytes(made)))
        assert set(rows) == set(cells) == {answer.target_id for answer in answers}
        for answer in answers:
            row = squeezed(" ".join(cell.text for cell in rows[answer.target_id].cells))
            shown = squeezed(cells[answer.target_id])
            told = [answer.grade] if answer.outcome == "probability" else []
            vague = answer.bound == "at_least" and (answer.probability or 0) < 0.01
            if answer.outcome == "probability" and not vague:
                told.append(wording.numbers.probability(answer.probability, bound=answer.bound))
            for text in map(squeezed, told):
                assert text in row, answer.target_id
                assert text in shown, answer.target_id
                assert text in pdf, answer.target_id


def test_numbers_of_documents_and_codes_are_not_cut_by_the_end_of_a_line(build: Builder) -> None:
    """In Word by the hyphen that does not break, in PDF and pages by a box."""
    document = build("20", "vi")
    numbers = {*re.findall(UNBROKEN, document_html(document))}
    assert {"138/KH-UBND", "83/QĐ-UBND"} <= numbers
    with zipfile.ZipFile(io.BytesIO(docx_bytes(paper_of(document)))) as archive:
        letter = archive.read("word/document.xml").decode()
    cut = [text for text in re.findall(r"<w:t(?: [^>]*)?>([^<]*)", letter) if re.search(r"T\d\d-\d|/[A-ZĐ]+-", text)]
    assert cut == []
    assert letter.count("<w:noBreakHyphen/>") > 100
    assert "138/KH-UBND" in docx_text(docx_bytes(paper_of(document)))
    lines = pdf_text(pdf_bytes(paper_of(document))).splitlines()
    assert [line for line in lines if re.search(r"(^|\s)\d+/[A-ZĐ]*-?$|\d–$", line.strip())] == []
    page = BeautifulSoup(document_html(document), "lxml")
    loose = [
        text
        for text in page.main.find_all(string=re.compile(UNBROKEN))
        if text.parent.name != "bdi" and " · " not in text
    ]
    assert loose == []


def test_paper_shows_the_signs_that_pages_show() -> None:
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    on_pages = dict(re.findall(r'\.v-(\w+),\.s-\w+\{--s:"(.+?)"\}', style))
    assert set(SIGNS) <= set(on_pages)
    assert {name: on_pages[name] for name in SIGNS} == SIGNS


def test_every_vietnamese_letter_can_be_read_back_from_the_pdf(build: Builder) -> None:
    document = build("181")
    alphabet = f"{VIETNAMESE} {VIETNAMESE.upper()}"
    made = paper_of(replace(document, head=replace(document.head, title=alphabet, answer=(alphabet,))))
    text = unicodedata.normalize("NFC", pdf_text(pdf_bytes(made)))
    assert squeezed(text).count(squeezed(alphabet)) == 2
    reader = pypdf.PdfReader(io.BytesIO(pdf_bytes(made)))
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    descriptors = [
        font["/DescendantFonts"][0].get_object()["/FontDescriptor"] for font in fonts if "/DescendantFonts" in font
    ]
    assert descriptors
    assert all({"/FontFile2", "/FontFile3"} & set(item) for item in descriptors)
    assert reader.metadata.title == document.head.page_title
    assert reader.trailer["/Root"]["/Lang"] == "vi"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_the_word_file_has_real_tables_with_repeated_heads_and_described_pictures(build: Builder) -> None:
    made = paper_of(build("20"))
    file = docx.Document(io.BytesIO(docx_bytes(made)))
    grids = [table for table in file.tables if table.style.name == "Table Grid"]
    assert len(grids) == sum(piece.kind == "table" for piece in pieces(made))
    assert all(table._tbl.xpath("./w:tr[1]/w:trPr/w:tblHeader") for table in grids)
    assert all(table._tbl.xpath("./w:tblPr/w:tblCaption/@w:val") for table in grids)
    alts = {shape._inline.docPr.get("descr") for shape in file.inline_shapes}
    assert {piece.alt for piece in pieces(made) if piece.kind == "picture"} <= alts
    assert all(alts)
    assert "{{" not in docx_text(docx_bytes(made))
    assert "{%" not in docx_text(docx_bytes(made))


def test_the_word_file_is_laid_out_as_decree_30_asks(build: Builder) -> None:
    file = docx.Document(io.BytesIO(docx_bytes(paper_of(build("20")))))
    for section in file.sections:
        assert abs(section.page_width - Mm(210)) < Mm(0.1)
        assert abs(section.page_height - Mm(297)) < Mm(0.1)
        assert Mm(20) <= section.top_margin <= Mm(25)
        assert Mm(20) <= section.bottom_margin <= Mm(25)
        assert Mm(30) <= section.left_margin <= Mm(35)
        assert Mm(15) <= section.right_margin <= Mm(20)
        assert section.different_first_page_header_footer
        assert "PAGE" in section.header._element.xpath("string(.)")
        assert section.first_page_header._element.xpath("string(.)").strip() == ""
    styles = file.styles
    assert styles["Normal"].font.name == "Times New Roman"
    assert Pt(13) <= styles["Body"].font.size <= Pt(14)
    assert styles["Body"].paragraph_format.space_after >= Pt(6)
    assert styles["Body"].paragraph_format.alignment == 3
    texts = [paragraph.text for paragraph in file.paragraphs]
    assert "BÁO CÁO" in texts
    assert [text for text in texts if text.startswith("I. ")] == ["I. KẾT QUẢ"]
    assert [text for text in texts if re.match(r"I[IV]+\. ", text)] == [
        "II. TỒN TẠI, HẠN CHẾ VÀ NGUYÊN NHÂN", "III. NHIỆM VỤ, GIẢI PHÁP", "IV. KIẾN NGHỊ",
    ]  # fmt: skip
    assert sum(text.startswith("[Cơ quan báo cáo ghi") for text in texts) == 4
    assert not any("toolkit" in text for text in texts)
    assert any(text.endswith("./.") for text in texts)
    assert [text for text in texts if text.startswith("Phụ lục ")] == ["Phụ lục I", "Phụ lục II", "Phụ lục III"]
    left, right = file.tables[0].rows[0].cells
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in right.text
    assert "Độc lập - Tự do - Hạnh phúc" in right.text
    assert re.search(r"Số:\s……/BC-", left.text)
    assert "Nơi nhận:" in file.tables[-1].rows[0].cells[0].text or any(
        "Nơi nhận:" in table.rows[0].cells[0].text for table in file.tables
    )


def test_no_signature_stands_on_a_page_of_its_own(made: Paper) -> None:
    """Three paragraphs, or the row of a table that stands nearer, are kept on its page."""
    file = docx.Document(io.BytesIO(docx_bytes(made)))
    signature = [table for table in file.tables if table.style.name != "Table Grid"][-1]
    said = []
    for part in signature._tbl.itersiblings(preceding=True):
        row = part.xpath("./w:tr[last()]")
        lines = (row[0] if row else part).xpath(".//w:p" if row else ".")
        if not all(line.xpath("./w:pPr/w:keepNext") for line in lines):
            break
        said += [text for line in lines if (text := line.xpath("string(.)"))]
    assert len(said) >= 3
    assert said[0].endswith("./.")


def test_letterhead_and_signature_are_settings_of_the_plan(
    real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts, facts: RunFacts
) -> None:
    office = Office(
        superior="UBND tỉnh Lạng Sơn", body="Sở Dân tộc và Tôn giáo", symbol="SDTTG", place="Lạng Sơn",
        authority="KT. Giám đốc", post="Phó Giám đốc", signer="Nguyễn <Văn> A & B", copies=("UBND tỉnh",),
    )  # fmt: skip
    plan = real_plan.model_copy(update={"office": office})
    province = real_data.areas.get("20")
    answers = assess_all(plan, [province], real_data, real_forecasts)
    document = build_area_document(
        province, answers, real_forecasts, real_data, plan, language="vi", run=facts, cycle="2026-annual"
    )
    text = docx_text(docx_bytes(paper_of(document)))
    for wanted in ("UBND TỈNH LẠNG SƠN", "SỞ DÂN TỘC VÀ TÔN GIÁO", "/BC-SDTTG", "KT. GIÁM ĐỐC", "Nguyễn <Văn> A & B",
                   "- UBND tỉnh;", "Kính gửi: Ủy ban nhân dân tỉnh Lạng Sơn", "năm 2026 trên địa bàn"):  # fmt: skip
        assert wanted in text


def test_the_brief_has_two_pages_and_no_letterhead(build: Builder, tmp_path: Path) -> None:
    write_papers(build("20", "en"), str(tmp_path / "province.brief.pdf"))
    pages = [page.extract_text() for page in pypdf.PdfReader(tmp_path / "province.brief.pdf").pages]
    assert len(pages) == 2
    assert "Most at risk" in pages[0]
    assert "What is asked" in pages[0]
    text = "".join(pages)
    assert "SOCIALIST REPUBLIC" not in text
    assert "Keeping the standard of new-rural communes" in text  # titles of sources are translated
    assert not re.search(r"\b(Secondary|Weak source)\b", text)


def test_text_from_data_is_never_a_command(build: Builder, hostile: Dataset, facts: RunFacts) -> None:
    nasty = '#panic("x") {{ 7*7 }} {% for %} <w:p> \\ $x$ [y] *z* @ref'
    document = build("181", known=hostile, run=replace(facts, commit=nasty))
    made = paper_of(replace(document, head=replace(document.head, title=nasty, notices=(nasty,))))
    assert squeezed(nasty) in squeezed(pdf_text(pdf_bytes(made)))
    assert nasty in docx_text(docx_bytes(made))


def test_equal_documents_give_equal_bytes(build: Builder) -> None:
    made = paper_of(build("181"))
    assert pdf_bytes(made) == pdf_bytes(made)
    assert docx_bytes(made) == docx_bytes(made)


def test_the_banner_of_made_up_data_stands_on_both_papers(build: Builder, facts: RunFacts) -> None:
    made = paper_of(build("181", run=replace(facts, simulated=True)))
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf_bytes(made))).pages]
    assert all("SỐ LIỆU MÔ PHỎNG" in page for page in pages)
    for section in docx.Document(io.BytesIO(docx_bytes(made))).sections:
        assert "SỐ LIỆU MÔ PHỎNG" in section.header._element.xpath("string(.)")
        assert "SỐ LIỆU MÔ PHỎNG" in section.first_page_header._element.xpath("string(.)")


def test_the_archive_of_the_word_file_is_sound(made: Paper) -> None:
    with zipfile.ZipFile(io.BytesIO(docx_bytes(made))) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == "[Content_Types].xml"


def faults(content: bytes, folder: Path) -> list[str]:
    """Return what the schemas of Office Open XML, and Word's own rules beyond them, find wrong in a Word file."""
    path = folder / "report.docx"
    path.write_bytes(content)
    found = OpenXmlValidator(file_format=FileFormat.OFFICE_2019).validate(path)
    return [f"{error.part_uri} {error.path}: {error.description}" for error in found.errors]


def test_the_word_file_is_valid_by_the_schema(made: Paper, tmp_path: Path) -> None:
    assert faults(docx_bytes(made), tmp_path) == []


def test_a_word_file_with_its_parts_in_another_order_would_not_pass(build: Builder, tmp_path: Path) -> None:
    content = io.BytesIO(docx_bytes(paper_of(build("181"))))
    broken = io.BytesIO()
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "word/document.xml":
                root = etree.fromstring(part)
                properties = next(root.iter(f"{W}tblPr"))
                properties.append(properties[0])
                part = etree.tostring(root)
            new.writestr(name, part)
    assert faults(broken.getvalue(), tmp_path)


def test_rows_are_as_wide_as_their_grid_and_pictures_have_numbers_of_their_own(made: Paper) -> None:
    with zipfile.ZipFile(io.BytesIO(docx_bytes(made))) as archive:
        body = etree.fromstring(archive.read("word/document.xml"))
    for table in body.iter(f"{W}tbl"):
        wide = len(table.find(f"{W}tblGrid"))
        assert {len(row.findall(f"{W}tc")) for row in table.findall(f"{W}tr")} == {wide}
    drawing = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
    ids = [element.get("id") for element in body.iter(drawing)]
    assert len(ids) == len(set(ids))


@pytest.mark.slow
def test_the_word_file_opens_in_libreoffice(build: Builder, tmp_path: Path) -> None:
    made = paper_of(build("20"))
    (tmp_path / "report.docx").write_bytes(docx_bytes(made))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "txt:Text (encoded):UTF8", "report.docx"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=180)
    shown = (tmp_path / "report.txt").read_text(encoding="utf-8-sig").replace("\u2011", "-")
    text = squeezed(shown)
    assert [piece.text for piece in pieces(made) if squeezed(piece.text) not in text and piece.kind != "table"] == []
    cells = [line for piece in pieces(made) for row in piece.rows for cell in row for line in cell.lines]
    assert [line for line in cells if squeezed(line) not in text] == []


def test_a_narrow_column_holds_the_bold_word_of_its_heading() -> None:
    """Office programs cut a heading that is wider than its column: "Evidenc-e"."""
    long = PaperCell(("several words of an explanation that goes on and on " * 4,))
    letter = PaperCell(("A",))
    row = (long, letter, letter, long)
    shares = widths(("Target", "Evidence", "Grade", "Reading"), (row, row))
    assert sum(shares) == pytest.approx(1.0, abs=1e-3)
    assert shares[1] >= PADDING + LETTER * BOLD * len("Evidence") - 1e-4
    assert shares[1] > shares[2]
