"""Pages made from documents: parts as HTML, and the light page around them. All text is escaped here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from toolkit.base.texts import Language
from toolkit.report.charts import fan_svg
from toolkit.report.figures import Fan
from toolkit.report.parts import Spark
from toolkit.report.sections import Block, Document, Head, Section
from toolkit.report.svg import sheet, sparkline

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Frame:
    """What the page around a body needs.

    Attributes
    ----------
    language, title :
        Of the page.
    banner, foot, skip :
        Warning on every page, last line, and name of the link that skips to the content.
    """

    language: Language
    title: str
    banner: str = ""
    foot: str = ""
    skip: str = ""


@cache
def environment() -> Environment:
    """Return the templates, with automatic escaping and without silent blanks."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"fan_svg": _fan_svg, "spark_svg": _spark_svg, "kind": _kind, "css_text": css_text}
    return made


def _fan_svg(fan: Fan) -> Markup:
    return Markup(fan_svg(fan))


def _spark_svg(spark: Spark) -> Markup:
    return Markup(sparkline(spark))


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


def css_text(text: str) -> Markup:
    r"""Return `text` as a CSS string: everything but letters, digits and spaces as a code point.

    >>> print(css_text('a"b'))
    "a\22 b"
    """
    safe = "".join(letter if letter.isalnum() or letter == " " else f"\\{ord(letter):x} " for letter in text)
    return Markup(f'"{safe}"')


def head_html(head: Head) -> str:
    """Return the top of a document: title, notices, answer, counts, contents."""
    return _tidy(environment().get_template("head.html.j2").render(head=head))


def section_html(section: Section) -> str:
    """Return one section; nothing for a section without blocks."""
    if not section.blocks:
        return ""
    return _tidy(environment().get_template("section.html.j2").render(section=section))


def document_html(document: Document) -> str:
    """Return a whole document as a page that opens from anywhere: one file, nothing loaded from outside."""
    head = document.head
    frame = Frame(head.language, head.page_title, head.banner, head.foot, head.skip_label)
    body = "".join([head_html(head), *(section_html(section) for section in document.sections)])
    return page_html(frame, body)


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
    template = environment().get_template("page.html.j2")
    maps = ("plan",) if 'class="heat"' in body or 'class="tiles"' in body else ()
    return template.render(frame=frame, style=Markup("".join(map(sheet, (*maps, *sheets)))), body=Markup(body))


def _tidy(html: str) -> str:
    return "\n".join(line.strip() for line in html.splitlines() if line.strip())
