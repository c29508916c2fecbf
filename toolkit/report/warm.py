"""A small document through the forms: what they keep for the next one (templates, styles, fonts) is there after it."""

from __future__ import annotations

from toolkit.report.html import section_html
from toolkit.report.page import notebook_page
from toolkit.report.parts import Bullets, Cell, Column, Item, Paragraph, Table
from toolkit.report.printed import printed
from toolkit.report.sections import Document, Head, Section
from toolkit.report.typesetting import fonts
from toolkit.report.word import docx_bytes


def warm_up() -> None:
    """Make a page and a Word file of next to nothing, and open the fonts, in a process that is to be forked.

    No PDF is set and no picture drawn: that starts threads, which do not survive a fork.
    """
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    document = _small()
    head = new_output("display_data", document.head._repr_mimebundle_())
    section = new_output("display_data", {"text/html": "".join(map(section_html, document.sections))})
    notebook_page(new_notebook(cells=[new_code_cell(outputs=[head, section])]), language="vi")
    docx_bytes(printed(document))
    fonts()


def _small() -> Document:
    table = Table("small", "-", (Column("-"),), ((Cell("-", ("-",)),),))
    blocks = (Paragraph("-"), Bullets((Item("-"),)), table)
    return Document(Head("vi", "-", "-", "-", "-", "-", "-", ("-",)), (Section("small", "-", blocks),))
