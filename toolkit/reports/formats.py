"""The forms of a document: its page in HTML, the Word file, and which forms are made.

All text is escaped here. Pages are made from documents, or from executed notebooks that show one.
"""

from __future__ import annotations

import io
import re
import zipfile
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from toolkit.base.errors import ToolkitError, UsageError
from toolkit.base.files import write_atomic
from toolkit.base.texts import Language, say, texts, visible
from toolkit.reports.blocks import (
    CREATED,
    HEAD_TYPE,
    Bullets,
    Cell,
    Column,
    Document,
    Frame,
    Head,
    Item,
    Paragraph,
    Section,
    Table,
    Tile,
    TileMap,
)
from toolkit.reports.paper import (
    MARKS,
    SIGNS,
    Paper,
    PaperBlock,
    PaperSection,
    fonts,
    paper_of,
    pictures_png,
    write_brief,
    write_pdf,
)
from toolkit.reports.svg import TEMPLATES, fan_chart_svg, sparkline_svg, standing_alone, style_sheet
from toolkit.reports.wording import UNBROKEN, words

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
    linked = Markup(unbroken(with_mentions_linked(body)))
    return environment().get_template("page.html.j2").render(frame=frame, style=style, body=linked)


IN_PAGE = re.compile(rf"(<svg.*?</svg>|<script.*?</script>|<[^>]*>)|({UNBROKEN})(?! ·)", re.DOTALL)
"""Tags, which stay as they are, and what no line ends in; the number of a row's own target begins its line."""


def unbroken(html: str) -> str:
    """Return HTML in which no number of a document or target is cut by the end of a line.

    >>> unbroken('<h1 title="138/KH-UBND">Kế hoạch 138/KH-UBND</h1>')
    '<h1 title="138/KH-UBND">Kế hoạch <bdi>138/KH-UBND</bdi></h1>'
    """
    return IN_PAGE.sub(lambda found: found[1] or f"<bdi>{found[2]}</bdi>", html)


ROW = re.compile(r'<tr id="(T[\w-]+)"><th[^>]*>(.*?)<small>(.*?)(?:<br>|</small>)')
MENTION = re.compile(
    r"(<a .*?</a>|<svg.*?</svg>|<tr id=.*?</tr>|<[^>]*>)|(?<=“)([^“”<]*)(?=”)|\b(T\d\d-\d\d\w?)\b", re.DOTALL
)
"""Tags, and what is left as it is; a target as a sentence quotes it; a target's number."""


def with_mentions_linked(body: str) -> str:
    """Return the body of a page in which every mention of a target leads to its row, and so to its figures.

    >>> with_mentions_linked('<p>“Poor: below 5%”: likely.</p><tr id="T30-03"><th>Poor<small>below 5%<br>T30-03')[:48]
    '<p>“<a href="#T30-03">Poor: below 5%</a>”: likel'
    """
    places = {f"{name}: {asked}": place for place, name, asked in ROW.findall(body)}
    places |= {place: place for place in places.values()}

    def linked(found: re.Match[str]) -> str:
        text = found[2] or found[3] or ""
        return f'<a href="#{places[text]}">{text}</a>' if text in places else found[0]

    return MENTION.sub(linked, body) if places else body


def write_page(
    notebook: Path, page: Path, *, language: str, audience: Audience = "planner", frame: Frame | None = None
) -> Path:
    """Write the page of an executed notebook.

    Parameters
    ----------
    notebook :
        Executed notebook; one of its outputs is the head of a document.
    page :
        The HTML file to write.
    language, audience, frame :
        As in :func:`notebook_page`; a page with a frame of its own may be as large as its notebook makes it.

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
    made = notebook_page(content, language=texts(language).language, audience=audience, frame=frame).encode()
    if frame is None and len(made) > LARGEST_PAGE:
        sizes = {"size": len(made) // 1024, "most": LARGEST_PAGE // 1024}
        raise PageError(say("report.page_too_large", page=page.name, **sizes), say("report.page_too_large.remedy"))
    return write_atomic(page, made)


def notebook_page(
    notebook: Any, *, language: Language, audience: Audience = "planner", frame: Frame | None = None
) -> str:
    """Return the page of an executed notebook: its outputs in order, its code left out or folded.

    Parameters
    ----------
    notebook :
        As ``nbformat`` reads it.
    language :
        Of the page, where the notebook itself does not say.
    audience :
        Whether the code is left out or folded.
    frame :
        Of a notebook that shows no document.

    Raises
    ------
    PageError
        If no output is the head of a document: the page would have no title.
    """
    frame = frame or _frame(notebook, language)
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


TEMPLATE = TEMPLATES / "report.docx"
CHART_WIDTH, SPARK_WIDTH = 120.0, 17.0
"""Millimetres."""
TEXT_WIDTH = 162 * 56.6929
"""Twentieths of a point between the margins of the template."""
PARTS = (
    ("results", ("answer", "changes", "suggested", "nowcast")),
    ("shortcomings", ("risk",)),
    ("tasks", ("pace",)),
    ("requests", ("asks", "request")),
)
"""Sections of the letter, and what of the document stands in each before the place for what people write."""
ANNEXES = (
    ("targets", ("targets", "first", "heat", "tiles", "coherence", "own", "gaps")),
    ("charts", ("charts", "record")),
    ("basis", ("standards", "readings", "method", "sources")),
)
"""Sections that stand in annexes: long tables, charts, and what the numbers rest on; how they are made in none."""
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
FIXED = ("nation", "motto", "form", "end", "copies_title")
"""Words of the letterhead that are the same in every report."""
OPEN = "……"
"""What people fill in."""
Annexes = Sequence[tuple[str, Sequence[PaperSection]]]


def write_docx(document: Document, path: Path) -> Path:
    """Write `document` as a Word file and return `path`; equal documents give equal bytes."""
    return write_atomic(path, docx_bytes(paper_of(document)))


def docx_bytes(paper: Paper) -> bytes:
    """Return the Word file of a document on paper: a letter whose body has the sections of Decree 30, and annexes.

    A document that no body signs (a comparison of scenarios) is one annex, to go with somebody's letter.
    """
    t, head = words(paper.document.language).t, paper.document.head
    answer = PaperSection("answer", "", tuple(PaperBlock("paragraph", sentence) for sentence in head.answer))
    known = {section.key: section for section in (answer, *paper.front, *paper.sections)}
    body, signed = [], bool(head.letter.body)
    for name, keys in PARTS if signed else ():
        blocks: list[PaperBlock] = []
        for section in (known[key] for key in keys if key in known):
            blocks += [PaperBlock("heading", section.title)] if section.title else []
            blocks += section.blocks
        place = PaperBlock("paragraph", t(f"letter.place.{name}"))
        body.append(PaperSection(name, t(f"letter.part.{name}"), (*blocks, place)))
    annexes = [(t(f"paper.annex.{name}"), [known[key] for key in keys if key in known]) for name, keys in ANNEXES]
    annexes = (
        [(title, found) for title, found in annexes if found] if signed else [(head.page_title, [*known.values()])]
    )
    last = annexes[-1][1] if annexes else body
    last[-1] = replace(last[-1], blocks=(*last[-1].blocks, PaperBlock("paragraph", head.foot, "note")))  # the digest
    template = template_class()(str(TEMPLATE))
    template.init_docx()
    template.render(_content(template, paper, body, annexes), compiler(), autoescape=True)
    if signed:
        _keep_with_signature(template.docx)
    else:
        for part in _letter(template.docx):
            template.docx.element.body.remove(part)
    sections = [*body, *(section for _, found in annexes for section in found)]
    return _finish(template.docx, [block for item in sections for block in item.blocks], paper)


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

    reference = t("paper.annex_reference", body=head.letter.body or OPEN)
    fixed = {name: t(f"paper.{name}") for name in FIXED}
    return {
        "head": head,
        "letter": asdict(head.letter) | fixed | {"annex_reference": reference},
        "body": [
            {"number": number, "title": section.title, "blocks": filled(section.blocks)}
            for number, section in zip(ROMAN, body, strict=False)
        ],
        "annexes": [
            {
                "number": t("paper.annex", number=number if body else OPEN),
                "title": title,
                "sections": [{"title": item.title, "blocks": filled(item.blocks)} for item in sections],
            }
            for number, (title, sections) in zip(ROMAN, annexes, strict=False)
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


def _letter(docx: Any) -> list[Any]:
    """Return the elements of a letter: the letterhead to the signature, and the end of its page."""
    _, signature = [table for table in docx.tables if table.style is None or table.style.name != "Table Grid"]
    parts = list(docx.element.body)
    return parts[: parts.index(signature._tbl) + 2]


def _keep_with_signature(docx: Any) -> None:
    """Keep the signature from a page of its own: the last three paragraphs go with it, or a row of a table before."""
    said = 0
    for part in reversed(_letter(docx)[:-2]):
        row = part.tr_lst[-1] if part.tag.endswith("}tbl") else part
        for line in row.xpath("descendant-or-self::w:p"):
            line.get_or_add_pPr().get_or_add_keepNext()
        said += bool(row.xpath("string(.)"))
        if row is not part or said > 2:
            return


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


WORD_TEXT = re.compile(r"(?<=<w:t>)[^<]+|(?<=<w:t xml:space=\"preserve\">)[^<]+")
CODE_HYPHEN = re.compile(r"(?<=[A-ZĐ\d])-(?=[A-ZĐ\d…])")
"""Word breaks lines after every hyphen: inside T25-02 and 138/KH-UBND it is one that does not."""


def _without_breaks(text: re.Match[str]) -> str:
    return CODE_HYPHEN.sub('</w:t><w:noBreakHyphen/><w:t xml:space="preserve">', text[0])


def _dateless(content: bytes) -> bytes:
    """Return the archive with one time for all its parts, so that equal contents give equal bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "word/document.xml":
                part = WORD_TEXT.sub(_without_breaks, part.decode()).encode()
            new.writestr(zipfile.ZipInfo(name, CREATED.timetuple()[:6]), part, zipfile.ZIP_DEFLATED)
    return made.getvalue()


WRITERS: Mapping[str, Callable[[Document, Path], Path]] = {
    ".docx": write_docx,
    ".brief.pdf": write_brief,
    ".pdf": write_pdf,
}
"""By the ending of a file's name; the first that fits."""
FORMATS = ("html", *(suffix.split(".")[1] for suffix in WRITERS))
"""What ``--format`` may name."""


def papers_of(page: Path, formats: Sequence[str]) -> tuple[Path, ...]:
    """Return the files beside a page in those of :data:`FORMATS` that are wanted."""
    return tuple(page.with_suffix(suffix) for suffix in WRITERS if suffix.split(".")[1] in formats)


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
        writer = next((found for suffix, found in WRITERS.items() if path.name.endswith(suffix)), None)
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
