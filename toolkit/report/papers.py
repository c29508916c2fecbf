"""The forms of a document that are written beside its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from toolkit.base.errors import UsageError
from toolkit.base.texts import say
from toolkit.report.pdf import write_pdf
from toolkit.report.sections import Document
from toolkit.report.word import write_docx

WRITERS: Mapping[str, Callable[[Document, Path], Path]] = {".docx": write_docx, ".pdf": write_pdf}
FORMATS = ("html", *(suffix.removeprefix(".") for suffix in WRITERS))
"""What ``--format`` may name."""


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
