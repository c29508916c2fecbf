"""A document as a Word file that an office can edit and send: docxtpl fills the template, laid out by Decree 30.

Page, type, headings and letterhead are the template's (``templates/report.docx``); whoever wants another look edits
that file in a word processor.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from toolkit.base.files import write_atomic
from toolkit.reports.blocks import CREATED, Document, Head, Letter
from toolkit.reports.html import TEMPLATES
from toolkit.reports.paper import Piece, Printed, PrintedSection, pictures_png, printed
from toolkit.reports.wording import Words, words

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


def write_docx(document: Document, path: Path) -> Path:
    """Write `document` as a Word file and return `path`; equal documents give equal bytes."""
    return write_atomic(path, docx_bytes(printed(document)))


def docx_bytes(made: Printed) -> bytes:
    """Return the Word file of a printed document."""
    template = _template_class()(str(TEMPLATE))
    template.init_docx()
    template.render(_content(template, made), _compiler(), autoescape=True)
    pieces = _in_order(made)
    tables = [piece for piece in pieces if piece.kind == "table"]
    return _finish(template.docx, tables, [alt for piece in pieces for alt in _alts(piece)], made.document.head)


@cache
def _template_class() -> Any:
    """Return docxtpl's template, which mends the same few texts of ours once and not for every document."""
    from docxtpl import DocxTemplate

    mended = cache(lambda xml: DocxTemplate.patch_xml(None, xml))
    return type("Template", (DocxTemplate,), {"patch_xml": lambda _, xml: mended(xml)})


@cache
def _compiler() -> Any:
    """Return jinja2's environment, which compiles those texts once."""
    from jinja2 import Environment

    made: Any = Environment(autoescape=True)
    made.from_string = cache(made.from_string)
    return made


def _content(template: Any, made: Printed) -> dict[str, object]:
    head, wording = made.document.head, words(made.document.language)
    pictures = pictures_png(made.pictures)
    body, annexes = _parts(made)

    def filled(pieces: Sequence[Piece]) -> list[dict[str, object]]:
        return [_piece(template, piece, pictures) for piece in pieces]

    return {
        "head": head,
        "letter": asdict(head.letter) | _standing(wording, head.letter),
        "tally": filled(made.tally),
        "body": [
            {"number": number, "title": section.title, "pieces": filled(section.pieces)}
            for number, section in zip(ROMAN[1:], body, strict=False)
        ],
        "annexes": [
            {
                "number": wording.t("paper.annex", number=number),
                "title": wording.t(f"paper.annex.{key}"),
                "sections": [{"title": item.title, "pieces": filled(item.pieces)} for item in sections],
            }
            for number, (key, sections) in zip(ROMAN, annexes, strict=False)
        ],
    }


def _standing(wording: Words, letter: Letter) -> dict[str, str]:
    names = ("nation", "motto", "form", "general", "end", "copies_title")
    return {name: wording.t(f"paper.{name}") for name in names} | {
        "annex_reference": wording.t("paper.annex_reference", body=letter.body)
    }


def _parts(made: Printed) -> tuple[list[PrintedSection], list[tuple[str, list[PrintedSection]]]]:
    """Return the sections of the body, and those of each annex that has any."""
    annexed = {key for _, keys in ANNEXES for key in keys}
    body = [section for section in made.sections if section.key not in annexed]
    annexes = [(name, [section for section in made.sections if section.key in keys]) for name, keys in ANNEXES]
    return body, [(name, sections) for name, sections in annexes if sections]


def _in_order(made: Printed) -> list[Piece]:
    body, annexes = _parts(made)
    sections = [*body, *(section for _, sections in annexes for section in sections)]
    return [*made.tally, *(piece for section in sections for piece in section.pieces)]


def _alts(piece: Piece) -> list[str]:
    """Return what the pictures of a piece show, in order."""
    small = [cell.alt for row in piece.rows for cell in row if cell.picture]
    return [piece.alt, *small] if piece.picture else small


def _piece(template: Any, piece: Piece, pictures: Mapping[str, bytes]) -> dict[str, object]:
    rows = [
        [
            {
                "first": cell.lines[0] if cell.lines else "",
                "rest": cell.lines[1:],
                "numeric": cell.numeric,
                "picture": _picture(template, pictures, cell.picture, SPARK_WIDTH),
            }
            for cell in row
        ]
        for row in piece.rows
    ]
    shown = replace(piece, rows=())
    picture = _picture(template, pictures, piece.picture, CHART_WIDTH)
    return {name: getattr(shown, name) for name in ("kind", "text", "tone", "head", "columns")} | {
        "rows": rows,
        "picture": picture,
    }


def _picture(template: Any, pictures: Mapping[str, bytes], name: str, width: float) -> object:
    if not name:
        return ""
    from docx.shared import Mm
    from docxtpl import InlineImage

    return InlineImage(template, io.BytesIO(pictures[name]), width=Mm(width))


def _finish(docx: Any, tables: Sequence[Piece], alts: Sequence[str], head: Head) -> bytes:
    """Return the file's bytes with what a template cannot say: widths of columns, words for pictures, the language.

    Parameters
    ----------
    docx :
        python-docx document with the letterhead's tables and one table a piece, in order.
    tables :
        The pieces that its tables with a grid show.
    alts :
        What its pictures show, in order.
    head :
        Title and language.
    """
    grids = [table for table in docx.tables if table.style is not None and table.style.name == "Table Grid"]
    for table, piece in zip(grids, tables, strict=True):
        _set_widths(table, [share * TEXT_WIDTH for share in piece.widths])
        _describe_table(table, piece.text)
    for shape, alt in zip(docx.inline_shapes, alts, strict=True):
        shape._inline.docPr.set("descr", alt)
    _tell(docx, head)
    stream = io.BytesIO()
    docx.save(stream)
    return _dateless(stream.getvalue())


def _set_widths(table: Any, twips: Sequence[float]) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    table.autofit = False
    grid = table._tbl.tblGrid
    for column in list(grid):
        grid.remove(column)
    for width in twips:
        column = OxmlElement("w:gridCol")
        column.set(qn("w:w"), str(round(width)))
        grid.append(column)
    for row in table._tbl.tr_lst:
        for cell, width in zip(row.tc_lst, twips, strict=True):
            cell.width = round(width * 635)


def _describe_table(table: Any, text: str) -> None:
    """Give a table its title for those who listen; the schema wants it last."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    caption = OxmlElement("w:tblCaption")
    caption.set(qn("w:val"), text)
    table._tbl.tblPr.append(caption)


def _tell(docx: Any, head: Head) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = docx.core_properties
    properties.title, properties.language = head.page_title, head.language
    properties.created = properties.modified = CREATED
    fonts = docx.styles["Normal"].element.get_or_add_rPr()
    language = fonts.find(qn("w:lang"))
    if language is None:
        language = OxmlElement("w:lang")
        fonts.append(language)
    language.set(qn("w:val"), "vi-VN" if head.language == "vi" else "en-GB")


def _dateless(content: bytes) -> bytes:
    """Return the archive with one time for all its parts, so that equal contents give equal bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, CREATED.timetuple()[:6]), old.read(name), zipfile.ZIP_DEFLATED)
    return made.getvalue()
