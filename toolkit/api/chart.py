"""A matplotlib figure that any notebook shows, with a description made from its numbers."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure


class Chart(Figure):
    """A figure that displays itself, whether or not pyplot is in use.

    Attributes
    ----------
    alt :
        What it shows, in words made from the numbers.
    """

    def __init__(self, *args: Any, alt: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.alt = alt

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str | bytes]:  # noqa: ARG002
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=110)
        return {"image/png": stream.getvalue(), "text/plain": self.alt}
