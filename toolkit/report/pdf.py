"""A document as PDF, set by typst from the same pieces as every other form on paper."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from toolkit.base.files import write_atomic
from toolkit.report.html import TEMPLATES
from toolkit.report.printed import Printed, printed
from toolkit.report.sections import Document
from toolkit.report.typesetting import compile_pdf
from toolkit.report.words import words


def write_pdf(document: Document, path: Path) -> Path:
    """Write `document` as PDF (tagged, with bookmarks, fonts embedded) and return `path`.

    Text of the document reaches the typesetter as data, so nothing in it is ever taken for a command.
    """
    return write_atomic(path, pdf_bytes(printed(document)))


def pdf_bytes(made: Printed) -> bytes:
    """Return the PDF of a printed document; equal documents give equal bytes."""
    head = made.document.head
    wording = words(head.language)
    content = {
        "language": head.language,
        "window": head.page_title,
        "banner": head.banner,
        "kicker": head.kicker,
        "title": head.title,
        "subtitle": head.subtitle,
        "notices": head.notices,
        "answer": head.answer,
        "foot": head.foot,
        "contents": head.contents_title,
        "page_of": wording.t("paper.page_of", page="{page}", pages="{pages}"),
        "tally": [asdict(piece) for piece in made.tally],
        "sections": [asdict(section) for section in made.sections],
    }
    files = {name: svg.encode() for name, svg in made.pictures.items()}
    files["main.typ"] = (TEMPLATES / "report.typ").read_bytes()
    files["document.json"] = json.dumps(content, ensure_ascii=False).encode()
    return compile_pdf(files, day=int(datetime(2022, 6, 13, tzinfo=UTC).timestamp()))
