"""From an executed notebook to a page: nbconvert's basic blocks, our light page around them, code hidden."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from toolkit.base.errors import ToolkitError
from toolkit.base.files import write_atomic
from toolkit.base.texts import Language, texts
from toolkit.report.html import TEMPLATES, Frame, page_html
from toolkit.report.sections import HEAD_TYPE
from toolkit.report.words import words


class PageError(ToolkitError):
    """A notebook cannot become a page."""


Audience = Literal["planner", "reviewer"]
"""For a planner the code is left out, for a reviewer it is there, folded."""
AUDIENCES: tuple[Audience, ...] = get_args(Audience)


def write_page(notebook: Path, page: Path, *, language: str, audience: Audience = "planner") -> Path:
    """Write the page of an executed notebook.

    Parameters
    ----------
    notebook :
        Executed notebook; one of its outputs is the head of a document.
    page :
        The HTML file to write.
    language :
        Of the page, where the notebook itself does not say.
    audience :
        Whether the code is left out or folded.

    Raises
    ------
    PageError
        If the file is no notebook, or shows no document.
    """
    import nbformat

    try:
        content = nbformat.reads(notebook.read_text(encoding="utf-8"), as_version=4)
    except (OSError, ValueError) as error:
        message = f"{notebook.name} is no readable notebook ({error})."
        raise PageError(message, "Run the report again.") from error
    return write_atomic(page, notebook_page(content, language=texts(language).language, audience=audience))


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
    return page_html(frame, _body(notebook, frame.language, audience))


def _frame(notebook: Any, language: Language) -> Frame:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            head = output.get("data", {}).get(HEAD_TYPE)
            if isinstance(head, Mapping):
                return Frame(
                    language=texts(str(head.get("language", language))).language,
                    title=str(head["title"]),
                    banner=str(head.get("banner", "")),
                    foot=str(head.get("foot", "")),
                    skip=str(head.get("skip", "")),
                )
    message = "The notebook shows no document: none of its outputs is a document's head."
    raise PageError(message, "Let a cell end with document.head.")


def _body(notebook: Any, language: Language, audience: Audience) -> str:
    resources = {"code_summary": words(language).t("code")}
    body, _ = _exporter(audience).from_notebook_node(notebook, resources=resources)
    return "\n".join(line for line in str(body).splitlines() if line.strip())


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
