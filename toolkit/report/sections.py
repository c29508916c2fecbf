"""Documents as data: a head and sections of blocks, frozen, in one language; every form is made from them."""

from __future__ import annotations

from dataclasses import dataclass, field

from toolkit.base.texts import Language
from toolkit.report.figures import Fans, HeatMap, TileMap
from toolkit.report.letter import Letter
from toolkit.report.parts import Bullets, Definitions, Heading, Paragraph, Table, Tally

HEAD_TYPE = "application/vnd.langson-toolkit.head+json"
"""Media type under which a notebook keeps what the page around its outputs needs."""


@dataclass(frozen=True)
class Folded:
    """Blocks under a heading that a reader opens when wanted; printed in full."""

    heading: Heading
    blocks: tuple[Block, ...]


Block = Paragraph | Bullets | Heading | Table | Tally | Fans | TileMap | HeatMap | Definitions | Folded


@dataclass(frozen=True)
class Section:
    """A titled part of a document. `key` is the same in every language."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    boxed: bool = False

    @property
    def unfolded(self) -> tuple[Block, ...]:
        """All blocks in order, those that a page folds in full after their heading: as on paper."""
        opened = [(block.heading, *block.blocks) if isinstance(block, Folded) else (block,) for block in self.blocks]
        return tuple(block for blocks in opened for block in blocks)

    def __repr__(self) -> str:
        """Return the title and the size of the section, for plain text output."""
        return f"<Section {self.key}: {self.title} ({len(self.blocks)} blocks)>"

    def _repr_html_(self) -> str:
        from toolkit.report.html import section_html

        return section_html(self)  # empty for a section without blocks


@dataclass(frozen=True)
class Head:
    """What stands on top: title, what it is about, the answer in words.

    Attributes
    ----------
    language, page_title, foot, skip_label :
        Of the whole document: language of all its texts, title of the window, last line, name of the link that
        skips to the content.
    kicker, title, subtitle :
        Line above the title, the only heading of level 1, and the plan and day below it.
    answer :
        The headline: two to four sentences.
    notices :
        What has to be read first (territory of a former district).
    banner :
        Warning on every page and every printed sheet (simulated data).
    tally :
        Counts by verdict.
    contents_title, contents :
        Table of contents: ``(key, title)`` of the sections.
    letter :
        Letterhead and signature of the form that is sent.
    """

    language: Language
    page_title: str
    foot: str
    skip_label: str
    kicker: str
    title: str
    subtitle: str
    answer: tuple[str, ...]
    notices: tuple[str, ...] = ()
    banner: str = ""
    tally: Tally | None = None
    contents_title: str = ""
    contents: tuple[tuple[str, str], ...] = ()
    letter: Letter = field(default_factory=Letter)

    def __repr__(self) -> str:
        """Return title and answer as text."""
        return "\n".join(text for text in (self.banner, self.title, self.subtitle, *self.notices, *self.answer) if text)

    def _repr_mimebundle_(  # IPython asks with both arguments; all forms are small, so none is left out
        self,
        include: object = None,  # noqa: ARG002
        exclude: object = None,  # noqa: ARG002
    ) -> dict[str, str | dict[str, str]]:
        from toolkit.report.html import head_html

        frame = {"language": self.language, "title": self.page_title, "banner": self.banner}
        frame |= {"foot": self.foot, "skip": self.skip_label}
        return {"text/html": head_html(self), "text/plain": repr(self), HEAD_TYPE: frame}


@dataclass(frozen=True)
class Document:
    """What every document is: a head and sections, in one language."""

    head: Head
    sections: tuple[Section, ...]

    @property
    def language(self) -> Language:
        """Language of all texts."""
        return self.head.language

    def section(self, key: str) -> Section:
        """Return the section named `key`.

        Raises
        ------
        KeyError
            If there is none; the message names those there are.
        """
        for section in self.sections:
            if section.key == key:
                return section
        message = f"no section {key!r}; there are {[section.key for section in self.sections]}"
        raise KeyError(message)


@dataclass(frozen=True)
class AreaDocument(Document):
    """The report of one area."""

    area_code: str = ""


@dataclass(frozen=True)
class PlanDocument(Document):
    """The summary of the whole plan over all areas."""

    area_codes: tuple[str, ...] = ()
