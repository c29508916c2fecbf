"""The one door to typst: documents to PDF, our pictures to PNG. No network, no fonts of the machine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

PIXELS_PER_INCH = 200.0
_PICTURES = """#set page(width: auto, height: auto, margin: 0pt)
#for (number, name) in json("names.json").enumerate() { if number > 0 { pagebreak() }; image(name) }
"""


def compile_pdf(files: Mapping[str, bytes], *, day: int) -> bytes:
    """Return the PDF of ``main.typ``.

    Parameters
    ----------
    files :
        All files that the document may read, by name.
    day :
        Seconds since 1970 that the file's time of creation says, so that equal input gives equal bytes.
    """
    return bytes(_typst().compile(dict(files), font_paths=fonts(), format="pdf", timestamp=day))


def pictures_png(pictures: Mapping[str, str]) -> dict[str, bytes]:
    """Return each SVG (by its file's name) as PNG."""
    names: Sequence[str] = list(pictures)
    if not names:
        return {}
    files = {name: svg.encode() for name, svg in pictures.items()}
    files |= {"main.typ": _PICTURES.encode(), "names.json": json.dumps(names).encode()}
    made = _typst().compile(files, font_paths=fonts(), format="png", ppi=PIXELS_PER_INCH)
    pages = made if isinstance(made, list) else [made]
    return {name: bytes(page) for name, page in zip(names, pages, strict=True)}


def _typst() -> Any:
    """Return typst; its stub file knows single files only, the module takes several."""
    import typst

    return typst


@cache
def fonts() -> Any:
    """Return DejaVu Sans (all Vietnamese letters, all signs of the verdicts), which comes with matplotlib."""
    import matplotlib as mpl

    return _typst().Fonts(include_system_fonts=False, font_paths=[str(Path(mpl.get_data_path()) / "fonts" / "ttf")])
