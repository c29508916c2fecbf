"""Office files are zip archives: with one time for all their parts, equal contents give equal bytes."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime

MADE = (2022, 6, 13, 0, 0, 0)
"""Time that every part says: the plan's day, not the run's."""
PROPERTIES = "docProps/core.xml"
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def timeless(content: bytes) -> bytes:
    """Return the archive with :data:`MADE` as the time of all its parts, and of the document where it says one."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == PROPERTIES:  # openpyxl writes the time of saving there, whatever it was told
                part = _STAMP.sub(f"{datetime(*MADE).isoformat()}Z".encode(), part)  # noqa: DTZ001
            new.writestr(zipfile.ZipInfo(name, MADE), part, zipfile.ZIP_DEFLATED)
    return made.getvalue()
