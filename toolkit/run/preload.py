"""What the fork server imports once (:mod:`toolkit.run.kernels`): all that workers and kernels will need.

A page and a Word file of next to nothing are made too: compiled templates and opened fonts stay. No PDF is set and no
picture drawn, as that starts threads, which do not survive a fork.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module

NEEDED = (
    "papermill",
    "nbconvert.exporters",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "IPython.core.debugger",
    "IPython.core.completerlib",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "toolkit.api",
    "toolkit.report.document",
    "toolkit.report.plan_document",
    "toolkit.report.papers",
    "toolkit.run.batch",
)
"""What is missing here is only slower."""
LEFT_OUT = ("rfc3987_syntax",)
"""What jsonschema would load to check IRIs, of which notebooks have none: it takes over a second to make a grammar."""


def import_all() -> None:
    """Import what will be needed, without what only costs time."""
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # else the debugger that ipykernel brings writes a warning
    sys.modules.update(dict.fromkeys(LEFT_OUT))  # type: ignore[arg-type]  # None: cannot be imported
    for name in NEEDED:
        with suppress(ImportError):
            import_module(name)
    for name in LEFT_OUT:
        del sys.modules[name]


def make_small_report() -> None:
    """Make a page and a Word file, and open the fonts of PDF files."""
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    from toolkit.report.html import section_html
    from toolkit.report.page import notebook_page
    from toolkit.report.parts import Bullets, Cell, Column, Item, Paragraph, Table
    from toolkit.report.printed import printed
    from toolkit.report.sections import Document, Head, Section
    from toolkit.report.typesetting import fonts
    from toolkit.report.word import docx_bytes

    table = Table("small", "-", (Column("-"),), ((Cell("-", ("-",)),),))
    blocks = (Paragraph("-"), Bullets((Item("-"),)), table)
    document = Document(Head("vi", "-", "-", "-", "-", "-", "-", ("-",)), (Section("small", "-", blocks),))
    head = new_output("display_data", document.head._repr_mimebundle_())
    section = new_output("display_data", {"text/html": "".join(map(section_html, document.sections))})
    notebook_page(new_notebook(cells=[new_code_cell(outputs=[head, section])]), language="vi")
    docx_bytes(printed(document))
    fonts()


signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the affair of the process that started the fork server
import_all()
with suppress(ImportError):
    make_small_report()
gc.collect()
gc.freeze()  # collections in children would copy the pages of all that was imported
