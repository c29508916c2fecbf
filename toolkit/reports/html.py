"""Pages as HTML, from documents or from executed notebooks that show one. All text is escaped here."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from toolkit.base.errors import ToolkitError
from toolkit.base.files import write_atomic
from toolkit.base.texts import Language, say, texts, visible
from toolkit.reports.blocks import HEAD_TYPE, Document, Frame, Head, Section, Tile, TileMap
from toolkit.reports.paper import MARKS, SIGNS
from toolkit.reports.svg import TEMPLATES, fan_chart_svg, sparkline_svg, standing_alone, style_sheet
from toolkit.reports.wording import words

LARGEST_PAGE = 150 * 1024
"""Bytes that no page may exceed."""

Audience = Literal["planner", "reviewer"]
"""For a planner the code is left out, for a reviewer it is there, folded."""
AUDIENCES: tuple[Audience, ...] = get_args(Audience)


class PageError(ToolkitError):
    """A notebook cannot become a page."""


@cache
def environment() -> Environment:
    """Return the templates, with automatic escaping and without silent blanks."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda shown: visible(shown) if type(shown) is str else shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "fan_chart_svg": fan_chart_svg,
        "sparkline_svg": sparkline_svg,
        "kind": lambda block: type(block).__name__,
        "css_text": css_text,
        "picture_address": picture_address,
        "rows_of_tiles": rows_of_tiles,
        "verdict_style": verdict_style,
        "verdict_sign": lambda verdict: SIGNS.get(verdict, ""),
        "chart_mark": lambda mark: MARKS.get(mark, ""),
    }
    return made


def css_text(text: str) -> Markup:
    r"""Return `text` as a CSS string: everything but letters, digits and spaces as a code point.

    >>> print(css_text('a"b'))
    "a\22 b"
    """
    safe = "".join(letter if letter.isalnum() or letter == " " else f"\\{ord(letter):x} " for letter in text)
    return Markup(f'"{safe}"')


def head_html(head: Head) -> str:
    """Return the top of a document: title, notices, answer, counts, contents."""
    return _without_blank_lines(environment().get_template("head.html.j2").render(head=head))


def section_html(section: Section) -> str:
    """Return one section; nothing for a section without blocks."""
    if not section.blocks:
        return ""
    return _without_blank_lines(environment().get_template("section.html.j2").render(section=section))


def notebook_html(part: Head | Section) -> str:
    """Return the top of a document, or a section, as a notebook shows it: it needs no style sheet and no script."""
    if isinstance(part, Section) and not part.blocks:
        return ""
    names = {"head": part, "section": None} if isinstance(part, Head) else {"head": None, "section": part}
    return _without_blank_lines(environment().get_template("notebook.html.j2").render(names))


def picture_address(svg: str) -> str:
    """Return a picture of ours as an address that holds it: shown where drawings inside a text are taken out."""
    return f"data:image/svg+xml;base64,{b64encode(standing_alone(svg).encode()).decode()}"


@cache
def verdict_style(verdict: str) -> str:
    """Return the colours of a verdict as the style of one element: those of the pages' style sheet, without patterns.

    >>> verdict_style("likely")
    'background-color:#dcedf8;color:#08324f;border:1px solid #c5ccd3'
    """
    rule = rf"\.v-{verdict}(?:,[^{{}}]*)?\{{background:(#\w+)[^;]*;color:(#\w+)"
    found = re.search(rule, style_sheet("style")) if verdict else None
    paper, ink = found.groups() if found else ("#ffffff", "#1f2933")
    return f"background-color:{paper};color:{ink};border:1px solid #c5ccd3"


def rows_of_tiles(item: TileMap) -> list[list[Tile | None]]:
    """Return the tiles row by row, with None where there is none."""
    placed = {(tile.row, tile.column): tile for tile in item.tiles}
    rows, columns = (max((place[axis] for place in placed), default=-1) + 1 for axis in (0, 1))
    return [[placed.get((row, column)) for column in range(columns)] for row in range(rows)]


def _without_blank_lines(html: str) -> str:
    return "\n".join(line.strip() for line in html.splitlines() if line.strip())


def document_html(document: Document) -> str:
    """Return a whole document as a page that opens from anywhere: one file, nothing loaded from outside."""
    body = "".join([head_html(document.head), *(section_html(section) for section in document.sections)])
    return page_html(document.head, body)


def page_html(frame: Frame, body: str, *, sheets: tuple[str, ...] = ("style", "picture")) -> str:
    """Return a page around `body`, which is HTML already.

    Parameters
    ----------
    frame :
        Language, title and standing lines; these are escaped.
    body :
        HTML made by this module or by nbconvert.
    sheets :
        Names of the style sheets it needs, in order.
    """
    maps = ("plan",) if 'class="heat"' in body or 'class="tiles"' in body else ()
    style = Markup("".join(map(style_sheet, (*maps, *sheets))))
    return environment().get_template("page.html.j2").render(frame=frame, style=style, body=Markup(body))


def write_page(notebook: Path, page: Path, *, language: str, audience: Audience = "planner") -> Path:
    """Write the page of an executed notebook.

    Parameters
    ----------
    notebook :
        Executed notebook; one of its outputs is the head of a document.
    page :
        The HTML file to write.
    language, audience :
        As in :func:`notebook_page`.

    Raises
    ------
    PageError
        If the file is no notebook, or shows no document, or the page would be larger than any may be.
    """
    import nbformat

    try:
        content = nbformat.reads(notebook.read_text(encoding="utf-8"), as_version=4)
    except (OSError, ValueError) as error:
        raise PageError(f"{notebook.name} is no readable notebook ({error}).", "Run the report again.") from error
    made = notebook_page(content, language=texts(language).language, audience=audience).encode()
    if len(made) > LARGEST_PAGE:
        sizes = {"size": len(made) // 1024, "most": LARGEST_PAGE // 1024}
        raise PageError(say("report.page_too_large", page=page.name, **sizes), say("report.page_too_large.remedy"))
    return write_atomic(page, made)


def notebook_page(notebook: Any, *, language: Language, audience: Audience = "planner") -> str:
    """Return the page of an executed notebook: its outputs in order, its code left out or folded.

    Parameters
    ----------
    notebook :
        As ``nbformat`` reads it.
    language :
        Of the page, where the notebook itself does not say.
    audience :
        Whether the code is left out or folded.

    Raises
    ------
    PageError
        If no output is the head of a document: the page would have no title.
    """
    frame = _frame(notebook, language)
    resources = {"code_summary": words(frame.language).t("code")}
    body, _ = _exporter(audience).from_notebook_node(notebook, resources=resources)
    return page_html(frame, "\n".join(line for line in str(body).splitlines() if line.strip()))


def _frame(notebook: Any, language: Language) -> Frame:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            head = output.get("data", {}).get(HEAD_TYPE)
            if isinstance(head, Mapping):
                kept = {item.name: str(head.get(item.name, "")) for item in fields(Frame)}
                kept["language"] = texts(kept["language"] or language).language
                return Frame(**kept)  # type: ignore[arg-type]  # its language is one of ours
    message = "The notebook shows no document: none of its outputs is a document's head."
    raise PageError(message, "Let a cell end with document.head.")


@cache
def _exporter(audience: Audience) -> Any:
    """Return nbconvert's exporter with our template, kept because its templates take long to compile."""
    from nbconvert.exporters import HTMLExporter
    from nbconvert.exporters.templateexporter import TemplateExporter
    from nbconvert.filters.highlight import Highlight2HTML

    class Exporter(HTMLExporter):  # type: ignore[misc]
        """Leaves out the last step of nbconvert's own, which parses and writes the whole page again for its cells."""

        from_notebook_node = TemplateExporter.from_notebook_node

    made = Exporter(
        template_name="langson",
        extra_template_basedirs=[str(TEMPLATES / "nbconvert")],
        exclude_input=audience == "planner",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        embed_images=False,  # the documents have none, and embedding would read and write the whole page again
    )
    made.register_filter("highlight_code", Highlight2HTML(parent=made))  # nbconvert's blocks ask for it
    return made
