"""What a template cannot say: widths of columns, words for pictures, language and title of a Word file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from toolkit.report.archive import timeless
from toolkit.report.printed import Piece
from toolkit.report.sections import Head

TEXT_WIDTH = 162 * 56.6929
"""Twentieths of a point between the margins of the template."""


def finish(docx: Any, tables: Sequence[Piece], alts: Sequence[str], head: Head) -> bytes:
    """Return the file's bytes, its tables and pictures completed.

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
    return timeless(stream.getvalue())


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
    fonts = docx.styles["Normal"].element.get_or_add_rPr()
    language = fonts.find(qn("w:lang"))
    if language is None:
        language = OxmlElement("w:lang")
        fonts.append(language)
    language.set(qn("w:val"), "vi-VN" if head.language == "vi" else "en-GB")
