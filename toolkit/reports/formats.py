"""The forms of a document that are written beside its page, for which round and for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.reports.blocks import Bullets, Cell, Column, Document, Head, Item, Paragraph, Section, Table
from toolkit.reports.html import Audience, notebook_page, section_html
from toolkit.reports.paper import fonts, paper_of, write_pdf
from toolkit.reports.word import docx_bytes, write_docx

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
        new_output("display_data", {"text/html": section_html(section)}),
    ]
    notebook_page(new_notebook(cells=[new_code_cell(outputs=outputs)]), language="vi")
    docx_bytes(paper_of(Document(head, (section,))))
    fonts()
