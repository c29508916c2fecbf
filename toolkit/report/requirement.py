"""What a target asks for, with its due year, in words."""

from __future__ import annotations

from toolkit.plan.plan import Target
from toolkit.report.words import Words


def requirement(target: Target, words: Words, printed_unit: str) -> str:
    """Return what `target` asks for, without its name: ``"below 10% by 2030"``.

    Parameters
    ----------
    target :
        The target.
    words :
        Of the language wanted.
    printed_unit :
        How to write a unit that the catalogue lacks.
    """
    unit = words.unit(target.unit, printed_unit)
    asked = target.rule.words("%" if unit.startswith("%") else unit, words.texts)
    if target.rule.at_due:
        return words.t("ask.by", asked=asked, due=target.due)
    return asked


def lowered(name: str) -> str:
    """Return a name as it stands inside a sentence: its first letter small, unless it is an abbreviation.

    >>> lowered("Tỷ lệ hộ nghèo"), lowered("HDI of the people")
    ('tỷ lệ hộ nghèo', 'HDI of the people')
    """
    return name if name[1:2].isupper() else f"{name[:1].lower()}{name[1:]}"
