"""The answer to one target in one area: its numbers and verdict, its notes in words, and all answers as one table.

An answer holds no words: its notes are keys of the catalogue with fields, worded where they are printed. The table is
``attainment.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from toolkit.base.texts import Texts, numbers
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Unit
from toolkit.data.observations import Observation
from toolkit.plan.judgement import Bound, Note
from toolkit.plan.plan import Plan

if TYPE_CHECKING:
    import pandas as pd


Verdict = Literal[
    "met",
    "not_met",
    "very_likely",
    "likely",
    "about_as_likely_as_not",
    "unlikely",
    "very_unlikely",
    "at_least_very_likely",
    "at_least_likely",
    "not_decided_by_bound",
    "outlook",
    "cannot_be_assessed",
    "milestone",
    "orientation",
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Outcome = Literal["settled", "probability", "milestone", "orientation", "cannot_assess"]

LONGEST_TESTED_HORIZON = 8
"""Years ahead for which forecasts were ever tested; beyond, a probability is an outlook without a likelihood word."""


@dataclass(frozen=True)
class Attainment:
    """The answer to one target in one area.

    Attributes
    ----------
    area_code, target_id, due :
        What is answered.
    outcome :
        How it is answered.
    probability :
        P(target met), 0..1: 1 or 0 when settled, None where there is none.
    bound :
        Whether it is that probability or at least that probability.
    verdict :
        The verdict.
    grade :
        The evidence grade ``A``, ``B``, ``C``, with ``·D`` through a proxy; ``N`` without evidence; empty for
        milestones.
    proxy :
        Id of the stand-in; empty if none.
    missing :
        What figures would be needed, or would help.
    inferred :
        Fields of the target that had to be read into the plan's text.
    unit :
        Unit of the judged quantity: the target's, ``times`` for ratios, ``percentage_points`` or ``percent`` for
        changes; empty for milestones.
    last_value, last_year, last_status, last_qualifier, last_standard, last_source :
        The newest usable own figure as published; through a proxy that of the stand-in.
    last_indicator, last_scope, last_unit :
        What that figure measures.
    overruled :
        Figures set aside by those used.
    expected :
        Median of the judged quantity: the level, ratio or mean at the due year, the worst year's value or change for
        rules about every year.
    low, high :
        Its 80 % interval.
    required_pace :
        Constant yearly pace needed from the newest figure to the due year; 0 where it is enough to hold what has
        been reached.
    recent_pace :
        The pace lately kept.
    pace_unit :
        ``percentage_points_per_year``, ``percent_per_year`` or ``<unit>_per_year``; empty without a pace.
    recent_pace_years :
        First and last year of the recent pace.
    peers_pace_share :
        Share of past spells of other areas that kept the required pace or better.
    peers_count :
        Number of those spells.
    year_reached :
        First year with P >= 1/2 (rules about the due year).
    probability_same_standard :
        The probability if today's standard stayed in force, where a change lies ahead.
    probability_stretch :
        Of the harder value.
    probability_basically :
        Of the softer reading of "basically".
    probability_average :
        Of the mean change, where every year is judged.
    years_met :
        (year, P) for rules about every year, judged years only.
    areas_met :
        (expected to meet it, all) localities, at the province, for rules about each of them.
    horizon :
        Years from the newest figure to the due year, at least 0.
    monte_carlo_error :
        Standard error of the probability from the number of draws.
    effective_draws :
        That number after reweighting.
    narrowing :
        Share of the answer's uncertainty that the area's own figure of the running year (of the due year, if that is
        past) is expected to remove, 0..1; None where the answer is not a probability from draws.
    notes :
        All else that a reader has to know.
    """

    area_code: str
    target_id: str
    due: int
    outcome: Outcome
    probability: float | None
    bound: Bound
    verdict: Verdict
    grade: str
    proxy: str
    missing: tuple[Note, ...]
    inferred: tuple[str, ...]
    unit: str
    last_value: float | None = None
    last_year: int | None = None
    last_status: str = ""
    last_qualifier: str = ""
    last_standard: str = ""
    last_source: str = ""
    last_indicator: str = ""
    last_scope: str = ""
    last_unit: str = ""
    overruled: tuple[Observation, ...] = ()
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    required_pace: float | None = None
    recent_pace: float | None = None
    pace_unit: str = ""
    recent_pace_years: tuple[int, int] | None = None
    peers_pace_share: float | None = None
    peers_count: int = 0
    year_reached: int | None = None
    probability_same_standard: float | None = None
    probability_stretch: float | None = None
    probability_basically: float | None = None
    probability_average: float | None = None
    years_met: tuple[tuple[int, float], ...] = ()
    areas_met: tuple[int, int] | None = None
    horizon: int | None = None
    monte_carlo_error: float | None = None
    effective_draws: float | None = None
    narrowing: float | None = None
    notes: tuple[Note, ...] = ()

    @property
    def basis(self) -> str:
        """The grade without its ``·D``."""
        return self.grade[:1]

    @property
    def through_proxy(self) -> bool:
        """True where any quantity of the rule is seen through a stand-in."""
        return "D" in self.grade


def likelihood(probability: float) -> Verdict:
    """Return the word of the IPCC's scale.

    Mastrandrea et al. 2010, guidance note for lead authors of the fifth assessment report, table 1: very likely
    90–100 %, likely 66–100 %, about as likely as not 33–66 %, unlikely 0–33 %, very unlikely 0–10 %.

    >>> likelihood(0.66), likelihood(0.33), likelihood(0.1)
    ('likely', 'unlikely', 'very_unlikely')
    """
    if probability >= 0.90:
        return "very_likely"
    if probability >= 0.66:
        return "likely"
    if probability <= 0.10:
        return "very_unlikely"
    if probability <= 0.33:
        return "unlikely"
    return "about_as_likely_as_not"


LIMITS = (0.10, 0.33, 0.66, 0.90)
"""Probabilities at which the word changes."""
_THROUGH_A_BOUND: Mapping[Verdict, Verdict] = {"very_likely": "at_least_very_likely", "likely": "at_least_likely"}


def verdict_of(probability: float, bound: Bound, horizon: int) -> Verdict:
    """Return the verdict of an unsettled target.

    Through a bound the probability is at least `probability`: a lower bound excludes nothing above it, so its words
    have one side, and a low one says nothing.

    >>> verdict_of(0.5, "at_least", 5), verdict_of(0.7, "at_least", 5), verdict_of(0.95, "exact", 9)
    ('not_decided_by_bound', 'at_least_likely', 'outlook')
    """
    if horizon > LONGEST_TESTED_HORIZON:
        return "outlook"
    word = likelihood(probability)
    if bound == "exact":
        return word
    return _THROUGH_A_BOUND.get(word, "not_decided_by_bound")


def note_text(note: Note, dataset: Dataset, texts: Texts) -> str:
    """Return a note as a sentence in the language of `texts`.

    Fields are put into words by their names: ``indicator``, ``scope``, ``area``, ``areas``, ``standard``,
    ``before``, ``after``, ``status``, ``qualifier``, ``source``, ``unit``, ``probability`` and ``share``; other numbers
    are formatted, years stay as they are.
    """
    fields = {name: _worded(name, value, dataset, texts) for name, value in note.fields.items()}
    for name, of in (("value", "unit"), ("used", "unit"), ("median", "unit"), ("start", "level"), ("end", "level")):
        if name in fields and (unit := str(note.fields.get(of, ""))):
            fields[name] = with_unit(fields[name], unit, dataset, texts)
    return texts.t(note.key, **fields)


def notes_text(notes: Sequence[Note], dataset: Dataset, texts: Texts) -> str:
    """Return notes as one text."""
    return " ".join(note_text(note, dataset, texts) for note in notes)


def with_unit(number: str, unit: str, dataset: Dataset, texts: Texts) -> str:
    """Return a number's text with the printed unit."""
    printed = "%" if unit in ("percent", "percent_per_year") else unit_text(unit, dataset.indicators.units, texts)
    return numbers(texts.language).with_unit(number, printed)


def unit_text(unit: str, units: Mapping[str, Unit], texts: Texts) -> str:
    """Return a unit as printed: as `units` (of the data folder) declare it, else from the catalogue, else its id."""
    if unit in ("", "index", "milestone"):
        return ""
    declared = units.get(unit)
    if declared is not None:
        return declared.vi if texts.language == "vi" else declared.en
    key = f"plan.unit.{unit}"
    return texts.t(key) if texts.has(key) else unit.replace("_", " ")


def _worded(name: str, value: object, dataset: Dataset, texts: Texts) -> str:
    formatter = numbers(texts.language)
    if isinstance(value, float):
        return formatter.probability(value) if name == "probability" else formatter.plain(value, 2)
    if isinstance(value, int):
        return str(value) if name in ("year", "first", "last") else formatter.decimal(value, 0)
    if isinstance(value, Mapping):
        return str(value[texts.language])
    if isinstance(value, tuple):
        return ", ".join(_worded("signal" if name == "signals" else "area", part, dataset, texts) for part in value)
    return _named(name, str(value if value is not None else ""), dataset, texts)


def _named(name: str, value: str, dataset: Dataset, texts: Texts) -> str:
    match name:
        case "signal" if value not in dataset.indicators:
            return texts.t(f"attainment.signal.{value}")
        case "indicator" | "signal":
            return lowered(dataset.indicators.get(value).names[texts.language])
        case "scope":
            return texts.t(f"plan.scope.{value}")
        case "area":
            return area_in_sentence(dataset.areas.get(value), texts) if value in dataset.areas else value
        case "standard" | "before" | "after":
            return _standard(value, dataset, texts)
        case "status" | "qualifier":
            return texts.t(f"attainment.{name}.{value}")
        case "source":
            return _source(value, dataset)
        case "share":
            return _share(value, texts)
    return value


def lowered(name: str) -> str:
    """Return a name as it stands inside a sentence: its first letter small, unless it is an abbreviation.

    >>> lowered("Tỷ lệ hộ nghèo"), lowered("HDI of the people")
    ('tỷ lệ hộ nghèo', 'HDI of the people')
    """
    return name if name[1:2].isupper() else f"{name[:1].lower()}{name[1:]}"


def area_in_sentence(area: Area, texts: Texts) -> str:
    """Return an area's name inside a sentence: Vietnamese writes ``huyện Bình Gia`` there."""
    if texts.language == "vi" and area.kind:
        return f"{area.kind.lower()} {area.short_name}"
    return area.name(texts.language)


def _share(text: str, texts: Texts) -> str:
    """Return ``"83.91 (2019)"`` as the language writes it: ``83,91% (2019)``."""
    number, _, rest = text.partition(" ")
    figure = number.replace(".", ",") if texts.language == "vi" else number
    return f"{figure}% {rest}".strip()


def _standard(name: str, dataset: Dataset, texts: Texts) -> str:
    if not name or name not in dataset.standards:
        return name or texts.t("attainment.no_standard")
    return dataset.standards.get(name).name(texts.language)


def _source(source_id: str, dataset: Dataset) -> str:
    if source_id not in dataset.sources.index:
        return source_id
    return str(dataset.sources.loc[source_id, "publisher"])


FIRST_COLUMNS = (
    "area_code", "area_name", "level", "target_id", "due",
    "outcome", "probability", "verdict", "grade", "proxy", "missing",
)  # fmt: skip
COLUMNS = (
    *FIRST_COLUMNS, "bound", "target_name", "clause", "indicator", "scope", "unit",
    "expected", "low80", "high80", "last_value", "last_year", "last_status", "last_qualifier", "last_standard",
    "last_source", "last_indicator", "last_scope", "last_unit", "overruled",
    "required_pace", "recent_pace", "recent_pace_years", "pace_unit", "peers_pace_share", "peers_count", "year_reached",
    "probability_same_standard", "probability_stretch", "probability_basically", "probability_average", "years_met",
    "areas_meeting", "areas_total", "inferred", "horizon", "mc_error", "effective_draws", "notes",
)  # fmt: skip
ATTRIBUTES = {"low80": "low", "high80": "high", "mc_error": "monte_carlo_error"}
"""Attributes of an answer whose column has another name."""
WHOLE_NUMBERS = ("last_year", "year_reached", "horizon", "areas_meeting", "areas_total", "peers_count")
PLACES = 10
"""Decimal places kept of computed numbers: what lies beyond is rounding noise of the machine."""


def attainment_table(attainments: Sequence[Attainment], dataset: Dataset, plan: Plan, texts: Texts) -> pd.DataFrame:
    """Return one row an answer.

    Parameters
    ----------
    attainments :
        Answers, in the order wanted.
    dataset, plan :
        Names of areas, indicators and standards; names of targets.
    texts :
        Language of `missing`, `notes` and the names; ids and verdicts stay the same in every language.

    Returns
    -------
    pandas.DataFrame
        Columns :data:`FIRST_COLUMNS`, then all else that a reviewer needs. Numbers that do not exist are empty.
    """
    import pandas as pd

    rows = attainment_rows(attainments, dataset, plan, texts)
    table = pd.DataFrame(rows, columns=list(COLUMNS if rows else FIRST_COLUMNS))
    return table.astype({name: "Int64" for name in WHOLE_NUMBERS if name in table})


def attainment_rows(
    attainments: Sequence[Attainment], dataset: Dataset, plan: Plan, texts: Texts
) -> list[dict[str, object]]:
    """Return the rows of :func:`attainment_table`, None where a number does not exist."""
    return [_row(attainment, dataset, plan, texts) for attainment in attainments]


def verdict_words(verdict: str) -> str:
    """Return a verdict in plain English, as the table has it.

    >>> verdict_words("about_as_likely_as_not")
    'about as likely as not'
    """
    return verdict.replace("_", " ")


def _row(answer: Attainment, dataset: Dataset, plan: Plan, texts: Texts) -> dict[str, object]:
    area, target = dataset.areas.get(answer.area_code), plan.target(answer.target_id)
    met, total = answer.areas_met or (None, None)
    told = {
        "area_name": area.name(texts.language),
        "level": area.level,
        "verdict": verdict_words(answer.verdict),
        "missing": notes_text(answer.missing, dataset, texts),
        "bound": answer.bound if answer.outcome == "probability" else "",
        "target_name": target.name(texts.language),
        "clause": target.clause,
        "indicator": target.indicator,
        "scope": target.scope,
        "overruled": "; ".join(f"{other.value:g} ({other.year}, {other.source_id})" for other in answer.overruled),
        "recent_pace_years": "-".join(str(year) for year in answer.recent_pace_years or ()),
        "years_met": "; ".join(f"{year}: {share:.3f}" for year, share in answer.years_met),
        "areas_meeting": met,
        "areas_total": total,
        "inferred": "; ".join(answer.inferred),
        "notes": notes_text(answer.notes, dataset, texts),
    }
    return {name: told[name] if name in told else _kept(answer, ATTRIBUTES.get(name, name)) for name in COLUMNS}


def _kept(answer: Attainment, name: str) -> object:
    value: object = getattr(answer, name)
    return float(round(value, PLACES)) if isinstance(value, float) else value
