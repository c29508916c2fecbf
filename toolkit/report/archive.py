"""Office files are zip archives: with one time for all their parts, equal contents give equal bytes."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import IO

MADE = (2022, 6, 13, 0, 0, 0)
"""Time that every part says: the plan's day, not the run's."""
PROPERTIES = "docProps/core.xml"
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def timeless(content: bytes) -> bytes:
    """Return the archive with :data:`MADE` as the time of all its parts, and of the document where it says one."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            put(new, name, [timeless_part(name, old.read(name))])
    return made.getvalue()


def timeless_part(name: str, part: bytes) -> bytes:
    """Return a part of an archive with :data:`MADE` as the document's time."""
    if name != PROPERTIES:
        return part
    # openpyxl writes the time of saving there, whatever it was told
    return _STAMP.sub(f"{datetime(*MADE).isoformat()}Z".encode(), part)  # noqa: DTZ001


def put(archive: zipfile.ZipFile, name: str, pieces: Iterable[bytes | IO[bytes]]) -> None:
    """Write one part of an archive from bytes and from files, which are read from their beginning."""
    part = zipfile.ZipInfo(name, MADE)
    part.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(part, "w", force_zip64=False) as stream:
        for piece in pieces:
            if isinstance(piece, bytes):
                stream.write(piece)
            else:
                piece.seek(0)
                shutil.copyfileobj(piece, stream)
