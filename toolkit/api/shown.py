"""What every result shows of itself in a notebook: its sentences, then its table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from toolkit.reports.wording import Words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Shown(ABC):
    """A result with a table, a text and a chart; immutable, and shown by what it says."""

    @property
    @abstractmethod
    def table(self) -> pd.DataFrame:
        """The numbers."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The same in sentences."""

    @abstractmethod
    def plot(self) -> Figure:
        """Return the chart."""

    @property
    @abstractmethod
    def wording(self) -> Words:
        """The words and the number format of the result's language."""

    def shown(self) -> pd.DataFrame:
        """Return the part of the table that a notebook displays."""
        return self.table

    def __repr__(self) -> str:
        """Return the sentences."""
        return self.text

    def _repr_html_(self) -> str:
        from markupsafe import escape

        write = self.wording.numbers
        table = self.shown().to_html(index=False, float_format=lambda value: write.decimal(value, 3), na_rep="–")
        return f"<p>{'<br>'.join(str(escape(line)) for line in self.text.splitlines())}</p>{table}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002  (IPython gives both)
        printer.text(self.text)
