"""Reading reports back: the text of each form, and of each row of their tables."""

from __future__ import annotations

import io
import re
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import docx
import pypdf
from bs4 import BeautifulSoup

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def squeezed(text: str) -> str:
    """Return text without any space: a form may break lines where it likes."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text))


def docx_text(content: bytes) -> str:
    """Return all text of a Word file in order, cells too."""
    return "\n".join(_written(p) for p in docx.Document(io.BytesIO(content)).element.body.iter(f"{W}p"))


def _written(paragraph: Any) -> str:
    """Return the text of a paragraph; a hyphen at which no line ends is a piece of its own."""
    return "".join(
        "-" if t.tag == f"{W}noBreakHyphen" else t.text or "" for t in paragraph.iter(f"{W}t", f"{W}noBreakHyphen")
    )


def docx_rows(content: bytes) -> list[str]:
    """Return the text of every row of the tables of a Word file."""
    root = docx.Document(io.BytesIO(content)).element.body
    return ["\n".join(map(_written, row.iter(f"{W}p"))) for row in root.iter(f"{W}tr")]


def pdf_text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def pdf_rows(file: Path) -> list[str]:
    """Return the text of every row of the tables of a PDF."""
    return ["\n".join(row) for row in pdf_cells(file)]


def pdf_cells(file: Path) -> list[list[str]]:
    """Return the cells of every row of the tables of a PDF, as its tags say: read as a screen reader would."""
    told = subprocess.run(["pdfinfo", "-struct-text", str(file)], check=True, capture_output=True, timeout=60)
    rows: list[list[str]] = []
    for line in told.stdout.decode("utf-8", "replace").splitlines():
        if line.strip() == "TR":
            rows.append([])
        elif rows and re.match(r"\s+T[DH]\b", line):
            rows[-1].append("")
        elif rows and rows[-1] and line.strip().startswith('"'):
            rows[-1][-1] += f"{line.strip()[1:-1]}\n"
    return rows


def html_text(page: str, without: str = "nav") -> str:
    soup = BeautifulSoup(page, "html.parser")
    for part in soup.select(f"svg, style, nav, footer, .key, caption.quiet, {without}"):
        part.decompose()
    for link in soup.select(".entries a[href^=http]"):  # an address is printed once, by the print style
        link.append(f" {link['href']}")
    return soup.find("main").get_text("\n")
