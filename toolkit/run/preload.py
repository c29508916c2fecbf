"""What the fork server imports once: all that workers and kernels will need. Apart because importing it is its work.

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
    "toolkit.reports.context",
    "toolkit.reports.plan_summary",
    "toolkit.reports.formats",
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


signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the affair of the process that started the fork server
import_all()
with suppress(Exception):  # the reports themselves say what is wrong
    import_module("toolkit.reports.formats").warm_up()
gc.collect()
gc.freeze()  # collections in children would copy the pages of all that was imported
