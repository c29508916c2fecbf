"""The forms of a document beside its page: the Word file, and which forms are made, for which round and for whom."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from toolkit.base.errors import UsageError
from toolkit.base.files import write_atomic
from toolkit.base.texts import say
from toolkit.reports.blocks import CREATED, Bullets, Cell, Column, Document, Head, Item, Paragraph, Section, Table
from toolkit.reports.html import Audience, notebook_page
from toolkit.reports.paper import Paper, PaperBlock, PaperSection, fonts, paper_of, pictures_png, write_pdf
from toolkit.reports.svg import TEMPLATES
from toolkit.reports.wording import words

TEMPLATE = TEMPLATES / "report.docx"
CHART_WIDTH, SPARK_WIDTH = 120.0, 17.0
"""Millimetres."""
TEXT_WIDTH = 162 * 56.6929
"""Twentieths of a point between the margins of the template."""
ANNEXES = (
    ("targets", ("targets", "heat", "tiles")),
    ("charts", ("charts",)),
    ("basis", ("readings", "method", "sources", "provenance")),
)
"""Sections that stand in annexes: long tables, charts, and what the numbers rest on."""
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
FIXED = ("nation", "motto", "form", "general", "end", "copies_title")
"""Words of the letterhead that are the same in every report."""
Annexes = Sequence[tuple[str, Sequence[PaperSection]]]


def write_docx(document: Document, path: Path) -> Path:
    """Write `document` as a Word file and return `path`; equal documents give equal bytes."""
    return write_atomic(path, docx_bytes(paper_of(document)))


def docx_bytes(paper: Paper) -> bytes:
    """Return the Word file of a document on paper."""
    annexed = {key for _, keys in ANNEXES for key in keys}
    body = [section for section in paper.sections if section.key not in annexed]
    annexes = [(name, [item for item in paper.sections if item.key in keys]) for name, keys in ANNEXES]
    annexes = [(name, found) for name, found in annexes if found]
    template = template_class()(str(TEMPLATE))
    template.init_docx()
    template.render(_content(template, paper, body, annexes), compiler(), autoescape=True)
    sections = [*body, *(section for _, found in annexes for section in found)]
    return _finish(template.docx, [*paper.tally, *(block for item in sections for block in item.blocks)], paper)


@cache
def template_class() -> Any:
    """Return docxtpl's template, which mends the same few texts of ours once and not for every document."""
    from docxtpl import DocxTemplate

    mended = cache(lambda xml: DocxTemplate.patch_xml(None, xml))
    return type("Template", (DocxTemplate,), {"patch_xml": lambda _, xml: mended(xml)})


@cache
def compiler() -> Any:
    """Return jinja2's environment, which compiles those texts once."""
    from jinja2 import Environment

    made: Any = Environment(autoescape=True)
    made.from_string = cache(made.from_string)
    return made


def _content(template: Any, paper: Paper, body: Sequence[PaperSection], annexes: Annexes) -> dict[str, object]:
    """Return what the template is filled with."""
    head, t = paper.document.head, words(paper.document.language).t
    pictures = pictures_png(paper.pictures)

    def filled(blocks: Sequence[PaperBlock]) -> list[dict[str, object]]:
        return [_block(template, block, pictures) for block in blocks]

    reference = t("paper.annex_reference", body=head.letter.body)
    fixed = {name: t(f"paper.{name}") for name in FIXED}
    return {
        "head": head,
        "letter": asdict(head.letter) | fixed | {"annex_reference": reference},
        "tally": filled(paper.tally),
        "body": [
            {"number": number, "title": section.title, "blocks": filled(section.blocks)}
            for number, section in zip(ROMAN[1:], body, strict=False)
        ],
        "annexes": [
            {
                "number": t("paper.annex", number=number),
                "title": t(f"paper.annex.{key}"),
                "sections": [{"title": item.title, "blocks": filled(item.blocks)} for item in sections],
            }
            for number, (key, sections) in zip(ROMAN, annexes, strict=False)
        ],
    }


def _block(template: Any, block: PaperBlock, pictures: Mapping[str, bytes]) -> dict[str, object]:
    def picture(name: str, width: float) -> object:
        from docx.shared import Mm
        from docxtpl import InlineImage

        return InlineImage(template, io.BytesIO(pictures[name]), width=Mm(width)) if name else ""

    rows = [
        [
            {
                "first": cell.lines[0] if cell.lines else "",
                "rest": cell.lines[1:],
                "numeric": cell.numeric,
                "picture": picture(cell.picture, SPARK_WIDTH),
            }
            for cell in row
        ]
        for row in block.rows
    ]
    shown = {name: getattr(block, name) for name in ("kind", "text", "tone", "head", "columns")}
    return {**shown, "rows": rows, "picture": picture(block.picture, CHART_WIDTH)}


def _finish(docx: Any, blocks: Sequence[PaperBlock], paper: Paper) -> bytes:
    """Return the file's bytes with what a template cannot say: widths of columns, words for pictures, the language.

    Parameters
    ----------
    docx :
        python-docx document with the letterhead's tables and one table a block, in order.
    blocks :
        All that it shows, in order.
    paper :
        For title and language.
    """
    grids = [table for table in docx.tables if table.style is not None and table.style.name == "Table Grid"]
    for table, block in zip(grids, (block for block in blocks if block.kind == "table"), strict=True):
        _set_widths(table, [share * TEXT_WIDTH for share in block.widths])
        table._tbl.tblPr.append(_element("w:tblCaption", block.text))  # for those who listen; the schema wants it last
    drawn = []
    for block in blocks:
        drawn += [block.alt] if block.picture else [cell.alt for row in block.rows for cell in row if cell.picture]
    for shape, alt in zip(docx.inline_shapes, drawn, strict=True):
        shape._inline.docPr.set("descr", alt)
    _set_properties(docx, paper.document.head)
    stream = io.BytesIO()
    docx.save(stream)
    return _dateless(stream.getvalue())


def _element(name: str, value: str, attribute: str = "w:val") -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(name)
    made.set(qn(attribute), value)
    return made


def _set_widths(table: Any, twips: Sequence[float]) -> None:
    table.autofit = False
    grid = table._tbl.tblGrid
    for column in list(grid):
        grid.remove(column)
    for width in twips:
        grid.append(_element("w:gridCol", str(round(width)), "w:w"))
    for row in table._tbl.tr_lst:
        for cell, width in zip(row.tc_lst, twips, strict=True):
            cell.width = round(width * 635)


def _set_properties(docx: Any, head: Head) -> None:
    from docx.oxml.ns import qn

    properties = docx.core_properties
    properties.title, properties.language = head.page_title[:255], head.language  # Word takes no more
    properties.created = properties.modified = CREATED
    fonts = docx.styles["Normal"].element.get_or_add_rPr()
    code = "vi-VN" if head.language == "vi" else "en-GB"
    language = fonts.find(qn("w:lang"))
    if language is None:
        fonts.append(_element("w:lang", code))
    else:
        language.set(qn("w:val"), code)


def _dateless(content: bytes) -> bytes:
    """Return the archive with one time for all its parts, so that equal contents give equal bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, CREATED.timetuple()[:6]), old.read(name), zipfile.ZIP_DEFLATED)
    return made.getvalue()


WRITERS: Mapping[str, Callable[[Document, Path], Path]] = {".docx": write_docx, ".pdf": write_pdf}
FORMATS = ("html", *(suffix.removeprefix(".") for suffix in WRITERS))
"""What ``--format`` may name."""


@dataclass(frozen=True)
class Edition:
    """In which forms, for which round and for whom the reports of a run are made.

    Attributes
    ----------
    formats :
        Of :data:`FORMATS`; the page is always made.
    cycle :
        Reporting round such as ``2026-annual``; empty for none.
    audience :
        Whether pages leave the code out or fold it.
    since :
        Folder of an earlier run to tell changes from; None for none.
    """

    formats: tuple[str, ...] = ("html",)
    cycle: str = ""
    audience: Audience = "planner"
    since: Path | None = None

    def papers(self, page: Path) -> tuple[Path, ...]:
        """Return the files beside a page in the wanted forms."""
        return tuple(page.with_suffix(suffix) for suffix in WRITERS if suffix.removeprefix(".") in self.formats)


def write_papers(document: Document, names: str) -> None:
    """Write `document` into each of the files named, by the ending of their names.

    Parameters
    ----------
    document :
        What to write.
    names :
        Files separated by commas, such as ``"report.docx,report.pdf"``; empty for none.

    Raises
    ------
    UsageError
        If a name ends in something else.
    """
    for name in filter(None, names.split(",")):
        path = Path(name.strip())
        writer = WRITERS.get(path.suffix)
        if writer is None:
            message = say("cli.no_format", formats=path.suffix or path.name)
            raise UsageError(message, say("base.choose", choices=", ".join(WRITERS)))
        writer(document, path)


def warm_up() -> None:
    """Make a page and a Word file of next to nothing, and open the fonts, in a process that is to be forked.

    Compiled templates, styles and fonts are kept for the next document. No PDF is set and no picture drawn: that
    starts threads, which do not survive a fork.
    """
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    table = Table("small", "-", (Column("-"),), ((Cell("-", ("-",)),),))
    section = Section("small", "-", (Paragraph("-"), Bullets((Item("-"),)), table))
    head = Head(language="vi", page_title="-", kicker="-", title="-", subtitle="-", answer=("-",))
    outputs = [
        new_output("display_data", head._repr_mimebundle_()),
        new_output("display_data", section._repr_mimebundle_()),
    ]
    notebook_page(new_notebook(cells=[new_code_cell(outputs=outputs)]), language="vi")
    docx_bytes(paper_of(Document(head, (section,))))
    fonts()
