"""What the sections of a document are made from: the run, the reporting round, the area's answers, numbered sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pandas as pd

from toolkit.attainment.assess import LocalTarget
from toolkit.attainment.attainment import Attainment, area_in_sentence, lowered, note_text
from toolkit.base.errors import UsageError
from toolkit.base.texts import Language, say, slug
from toolkit.data.areas import Area
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
from toolkit.data.observations import Figure, Observation
from toolkit.forecast.make import DRAWS, MODEL, SEED
from toolkit.forecast.paths import Path
from toolkit.forecast.store import Forecasts
from toolkit.plan.judgement import Note
from toolkit.plan.load import find_plan
from toolkit.plan.plan import Office, Plan, ReportingBodies, Target
from toolkit.reports.blocks import Frame, Head, Letter, Links, Paragraph, Section
from toolkit.reports.wording import Words, requirement


@dataclass(frozen=True)
class RunFacts:
    """How the numbers of a run came about.

    Attributes
    ----------
    as_of :
        What was known on this day counts, nothing later.
    seed, draws :
        Seed and number of the joint draws.
    model :
        Name of the forecasting model.
    versions :
        Version by package, this toolkit first.
    simulated :
        True where the data are made up: every page says so.
    commit :
        State of the program, e.g. ``"cb50862"``; empty if unknown.
    command :
        Command that makes the run again; empty if it was not started by one.
    digest :
        Of inputs, program, parameters, draws and answers, printed on every page; empty outside a run's folder.
    areas :
        Codes of the areas that the run has reports of.
    """

    as_of: date
    seed: int
    draws: int
    model: str
    versions: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False
    commit: str = ""
    command: str = ""
    digest: str = ""
    areas: tuple[str, ...] = ()

    @property
    def is_published(self) -> bool:
        """Say whether model, draws and seed are those of what is published."""
        return (self.model, self.draws, self.seed) == (MODEL, DRAWS, SEED)


ROUND_NAME = re.compile(r"(20\d\d)-(annual|six-month)")


@dataclass(frozen=True)
class Cycle:
    """One round of reports.

    Attributes
    ----------
    name, kind, year :
        ``2026-six-month``, what the plan calls it (``six_month``), and the running year.
    deadline :
        The report comes in before this day.
    bodies :
        Who reports to whom on the day before, as the plan file says; None where it does not.
    """

    name: str
    kind: str
    year: int
    deadline: date
    bodies: ReportingBodies | None

    def as_of(self, today: date) -> date:
        """Return the day up to which data count: the last one before the deadline, never one still to come."""
        return min(self.deadline - timedelta(days=1), today)

    def receiver(self, language: Language) -> str:
        """Return who receives the report; empty where the plan file does not say."""
        if self.bodies is None:
            return ""
        return self.bodies.receiver_vi if language == "vi" else self.bodies.receiver_en


def cycle_of(name: str, plan: Plan) -> Cycle | None:
    """Return the round called `name`, None for an empty name.

    Parameters
    ----------
    name :
        ``YEAR-annual`` or ``YEAR-six-month``.
    plan :
        Its ``reporting`` gives the deadlines, its ``reporting_bodies`` the addressee.

    Raises
    ------
    UsageError
        If `name` is no round, or the plan asks for no such report with a day.
    """
    if not name:
        return None
    found = ROUND_NAME.fullmatch(name.strip())
    if found is None:
        raise UsageError(say("report.cycle.unknown", name=name), say("report.cycle.remedy"))
    year, kind = int(found[1]), found[2].replace("-", "_")
    before = next((report.before for report in plan.reporting if report.kind == kind and report.before), None)
    if before is None:
        raise UsageError(say("report.cycle.not_asked", name=name, number=plan.number), say("report.cycle.remedy"))
    deadline = date.fromisoformat(f"{year}-{before}")
    return Cycle(name.strip(), kind, year, deadline, plan.bodies_on(deadline - timedelta(days=1)))


def next_deadline(plan: Plan, day: date) -> date:
    """Return the next day after `day` before which the plan asks for a report; 31 December where it names none."""
    named = [report.before for report in plan.reporting if report.before] or ["12-31"]
    days = [date.fromisoformat(f"{year}-{before}") for year in (day.year, day.year + 1) for before in named]
    return min(found for found in days if found > day)


CITABLE = ("", "official", "press")


class SourceBook:
    """Numbers sources in the order in which a document first names them.

    Parameters
    ----------
    sources :
        The data folder's sources, by id.
    """

    def __init__(self, sources: pd.DataFrame) -> None:
        self._sources = sources
        self._numbers: dict[str, int] = {}

    def number(self, source_id: str) -> int:
        """Return the number of a source, a new one if it was not named before; 0 for no source."""
        if not source_id or source_id not in self._sources.index:
            return 0
        return self._numbers.setdefault(source_id, len(self._numbers) + 1)

    def references(self, *source_ids: str) -> tuple[int, ...]:
        """Return the numbers of several sources, without repeats and without those that are unknown."""
        found = [self.number(source_id) for source_id in source_ids]
        return tuple(dict.fromkeys(number for number in found if number))

    def publisher(self, source_id: str) -> str:
        """Return who published a source; empty for an unknown one."""
        return str(self._sources.loc[source_id, "publisher"] or "") if source_id in self._sources.index else ""

    def citable(self, source_id: str) -> bool:
        """Say whether a source may stand in a letter: it is official or press, and nothing below."""
        return source_id not in self._sources.index or self._sources.loc[source_id, "class"] in CITABLE

    def named(self) -> tuple[dict[str, str], ...]:
        """Return the records of all sources named so far, in the order of their numbers."""
        records = self._sources.loc[list(self._numbers)].fillna("").to_dict("records")
        return tuple({str(name): str(value) for name, value in record.items()} for record in records)


MINORITY = ("DTTS", "dân tộc thiểu số", "thnic-minorit", "thnic minorit")
"""How a name says already that it is about ethnic minorities."""


@dataclass(frozen=True)
class Context:
    """What an area's sections are made from, and how they word it.

    Attributes
    ----------
    area, attainments, forecasts, dataset, plan, facts, words :
        As given to :func:`toolkit.reports.area_report.build_area_document`.
    sources :
        Numbering of the sources, shared by all sections.
    cycle :
        The reporting round that the document belongs to; None for none.
    own :
        Targets that the area has set itself, judged.
    up :
        Leads from the page's folder to the run's.
    """

    area: Area
    attainments: tuple[Attainment, ...]
    forecasts: Forecasts
    dataset: Dataset
    plan: Plan
    facts: RunFacts
    words: Words
    sources: SourceBook = field(repr=False)
    cycle: Cycle | None = None
    own: tuple[LocalTarget, ...] = ()
    up: str = "../"

    def __post_init__(self) -> None:
        """Let the words know the units that the data folder declares."""
        object.__setattr__(self, "words", replace(self.words, units=self.dataset.indicators.units))

    @property
    def year(self) -> int:
        """The running year: the reporting round's, else that of the as-of date."""
        return self.cycle.year if self.cycle is not None else self.facts.as_of.year

    @property
    def next_round(self) -> str:
        """The day before which the next report is asked for, after the running round's, as it is written."""
        day = self.cycle.deadline if self.cycle is not None else self.facts.as_of
        return self.words.day(next_deadline(self.plan, day))

    def target(self, attainment: Attainment) -> Target:
        """Return the target that an attainment judges."""
        own = (item.target for item in self.own if item.target.id == attainment.target_id)
        return next(own, None) or self.plan.target(attainment.target_id)

    def indicator(self, attainment: Attainment) -> Indicator:
        """Return the indicator that an attainment's target is about."""
        return self.dataset.indicators[self.target(attainment).indicator]

    def path(self, attainment: Attainment, *, across_breaks: bool = True) -> Path | None:
        """Return the path that an attainment was judged on."""
        target = self.target(attainment)
        return self.forecasts.path(self.area.code, target.indicator, target.scope, across_breaks=across_breaks)

    def name(self, attainment: Attainment) -> str:
        """Return the target's name, a part ("trong đó …") with its whole's name before it."""
        target = self.target(attainment)
        own = target.name(self.words.language)
        if target.part_of is None:
            return own
        whole = self.plan.target(target.part_of).name(self.words.language)
        return f"{whole}, {own}"

    def requirement(self, attainment: Attainment) -> str:
        """Return what the target requires, in words."""
        return requirement(self.target(attainment), self.words)

    def quoted(self, attainment: Attainment) -> str:
        """Return name and requirement as a sentence quotes them."""
        return self.words.t("quoted", name=self.name(attainment), asked=self.requirement(attainment))

    @property
    def area_name(self) -> str:
        """The document's area inside a sentence."""
        return area_in_sentence(self.area, self.words.texts)

    @property
    def short_name(self) -> str:
        """The area's name where there is little room; a city says that it is one, for a province may bear its name."""
        name = self.area.short_name
        return self.words.t("summary.city", name=name) if self.area.kind == "Thành phố" else name

    def parent_name(self, path: Path) -> str:
        """Return the area whose course a path follows, or how many of the areas below make it up, in a sentence."""
        if path.evidence.parts:
            return self.words.t("parts_held", held=path.evidence.parts_held, count=path.evidence.parts)
        parent = self.dataset.areas.get(path.evidence.parent_code or self.plan.province_code)
        return area_in_sentence(parent, self.words.texts)

    def series_name(self, indicator_id: str, scope: str) -> str:
        """Return an indicator's name with the scope, unless the name says it or it is everybody."""
        name = self.dataset.indicators[indicator_id].names[self.words.language]
        said = scope == "all" or (scope == "dtts" and any(mark in name for mark in MINORITY))
        return name if said else f"{name}, {self.words.t(f'scope.{scope}')}"

    def quantity(self, attainment: Attainment) -> str:
        """Return what a target's observations measure: indicator and scope."""
        target = self.target(attainment)
        return self.series_name(target.indicator, target.scope)

    def proxy_name(self, path: Path) -> str:
        """Return the proxy that a path is made from, inside a sentence; empty for none."""
        if path.proxy is None:
            return ""
        return lowered(self.dataset.indicators[path.proxy.indicator].names[self.words.language])

    def observation(self, path: Path, number: int) -> str:
        """Return an observation (by its place) that a path is made from, with its unit; it may be a proxy's."""
        source = self.dataset.indicators[path.proxy.indicator if path.proxy else path.indicator]
        value = path.evidence.observations[number].value
        return self.words.amount(value, source.unit)

    def expected(self, path: Path, year: int) -> tuple[float, str, str]:
        """Return the median of a path in one year, the same with its unit, and the 80 % interval in words."""
        words, indicator = self.words, self.dataset.indicators[path.indicator]
        low, median, high = (float(value) for value in path.quantiles((0.1, 0.5, 0.9))[path.position(year)])
        interval = words.interval(low, high, path.unit, indicator.decimals)
        return median, words.amount(median, path.unit, indicator.decimals), interval

    def judged(self, attainment: Attainment, value: float | None) -> str:
        """Return a value of the judged quantity (level, ratio, mean, change) with its unit."""
        return self.words.amount(value, attainment.unit, self._places(attainment))

    def judged_interval(self, attainment: Attainment) -> str:
        """Return the 80 % interval of the judged quantity."""
        return self.words.interval(attainment.low, attainment.high, attainment.unit, self._places(attainment))

    def _places(self, attainment: Attainment) -> int:
        rate = attainment.unit in {"times", "ratio", "percentage_points"}
        return 2 if rate else self.indicator(attainment).decimals

    @property
    def is_lent(self) -> bool:
        """Say whether the area is a commune without figures of its own, whose page tells what others suggest."""
        return self.area.level == "commune" and not any(item.basis in {"A", "B"} for item in self.attainments)

    def answer_link(self, attainment: Attainment) -> str:
        """Return the address, from the page, of an answer's row in the area's report; empty where there is none."""
        if self.area.code not in self.facts.areas:
            return ""
        return f"{self.up}{page_of(self.area)}.html" + ("" if self.is_lent else f"#{attainment.target_id}")

    def links(self, *addresses: str) -> Links:
        """Return links to parts of the document (``#key``) and to files of the run; none outside a run's folder."""
        if not (self.facts.digest and addresses):
            return ()
        found = (
            (self.words.t(f"section.{one[1:]}"), one) if one.startswith("#") else (one, f"{self.up}{one}")
            for one in addresses
        )
        return ((self.words.t("run_files"), ""), *found)

    def with_origins(self, sections: Iterable[Section]) -> tuple[Section, ...]:
        """Return sections that say which files of the run their numbers come from, where they are more than a text."""
        if not self.facts.digest:
            return tuple(sections)
        plan = find_plan(self.plan.id, folder=self.dataset.folder).name
        places = {"plan": f"data/plans/{plan}", "notebook": f"{page_of(self.area)}.ipynb"}
        return tuple(
            item
            if all(isinstance(block, Paragraph) for block in item.blocks)
            else replace(item, links=self.links(*(file.format(**places) for file in ORIGINS.get(item.key, ()))))
            for item in sections
        )

    def figure_link(self, item: Observation | None) -> str:
        """Return the address, from the page, of the row of a figure; empty outside a run's folder."""
        return f"{self.up}{figure_place(item)}" if item and self.facts.digest else ""

    def last_link(self, attainment: Attainment) -> str:
        """Return the same for the newest figure of an attainment."""
        target, item = self.target(attainment), attainment
        key = (item.last_indicator or target.indicator, item.last_scope or target.scope)
        found = self.dataset.series(self.area.code, *key).observations
        wanted = (item.last_year, item.last_source)
        return self.figure_link(next((one for one in found if (one.year, one.source_id) == wanted), None))

    def pace(self, attainment: Attainment, value: float | None) -> str:
        """Return a yearly pace in words, counts (villages, households) without small fractions."""
        unit = self.dataset.indicators.units.get(attainment.pace_unit.removesuffix("_per_year"))
        whole = unit is not None and unit.whole and value is not None and abs(value) >= 10
        return self.words.pace(value, attainment.pace_unit, 0 if whole else 2)

    def required_pace(self, attainment: Attainment) -> str:
        """Return the pace that a target needs; to hold what has been reached needs none."""
        if attainment.required_pace == 0:
            return self.words.t("pace.hold")
        return self.pace(attainment, attainment.required_pace)

    def note(self, note: Note) -> str:
        """Return a note of the attainment room in words."""
        return note_text(note, self.dataset, self.words.texts)


def head_of(
    context: Context,
    sections: Iterable[Section],
    *,
    page_title: str,
    title: str,
    answer: Sequence[str],
    notices: Sequence[str] = (),
    front: tuple[Section, ...] = (),
    links: tuple[str, ...] = (),
) -> Head:
    """Return the head of a document about the context's area; arguments as in :class:`Head`, `links` as addresses."""
    words = context.words
    return Head(
        language=words.language,
        page_title=page_title,
        foot=foot(words, context.facts),
        skip_label=words.t("skip"),
        kicker=kicker(words, context.cycle),
        title=title,
        subtitle=words.t("subtitle", plan=context.plan.name(words.language), day=words.day(context.facts.as_of)),
        answer=tuple(answer),
        notices=tuple(notices),
        banner=banner(words, context.facts),
        front=context.with_origins(front),
        contents_title=words.t("contents"),
        contents=tuple((section.key, section.title) for section in sections if section.blocks),
        letter=_letter(context),
        links=context.links(*links),
    )


ORIGINS = {
    "changes": ("since/attainment.csv", "attainment.csv"),
    "suggested": ("tables/forecast.csv",),
    "request": ("attainment.csv",),
    "targets": ("attainment.csv", "tables/forecast.csv", "{plan}"),
    "charts": ("tables/forecast.csv",),
    "standards": ("attainment.csv", "tables/forecast.csv", "data/standards.csv", "data/breaks.csv"),
    "pace": ("attainment.csv",),
    "own": ("data/local_targets.csv", "{notebook}"),
    "nowcast": ("tables/forecast.csv",),
    "gaps": ("attainment.csv",),
    "record": ("{notebook}",),
    "readings": ("attainment.csv", "data/indicators.yaml", "{plan}"),
    "first": ("attainment.csv",),
    "heat": ("attainment.csv",),
    "tiles": ("attainment.csv",),
    "coherence": ("tables/forecast.csv",),
    "method": ("tables/calibration.csv", "manifest.json"),
    "sources": ("tables/sources.csv",),
    "provenance": ("manifest.json",),
}
"""Files of a run that the numbers of each section come from, by the section's key."""


def page_of(area: Area) -> str:
    """Return where in a run the report of an area lies, without the ending of its forms."""
    return f"areas/{area.code}-{slug(area.name_vi)[:80]}"


FIGURES = "figures"
"""Folder of a run with the rows of data that pages lead to."""
FIGURES_A_PAGE = 200


def figure_place(item: Observation | Figure) -> str:
    """Return where in a run the row of a figure is shown: its page and its anchor there."""
    return f"{FIGURES}/{item.delivery:04d}-{item.row // FIGURES_A_PAGE + 1}.html#r{item.row}"


def kicker(words: Words, cycle: Cycle | None) -> str:
    """Return the line above the title: the reporting round and its deadline, where there is one."""
    if cycle is None:
        return words.t("kicker")
    return words.t(f"kicker.{cycle.kind}", year=cycle.year, day=words.day(cycle.deadline))


def foot(words: Words, facts: RunFacts) -> str:
    """Return the last line of every page."""
    text = words.t("foot", day=words.day(facts.as_of), commit=facts.commit or words.t("foot.no_commit"))
    return words.t("foot.digest", text=text, digest=facts.digest) if facts.digest else text


def banner(words: Words, facts: RunFacts) -> str:
    """Return what every page says on top of data that are made up, or of other settings than the published ones."""
    said = [words.t("simulated")] if facts.simulated else []
    if not facts.is_published:
        own, usual = (
            {"model": model, "draws": words.numbers.decimal(draws, 0), "seed": seed}
            for model, draws, seed in ((facts.model, facts.draws, facts.seed), (MODEL, DRAWS, SEED))
        )
        said.append(words.t("unpublished", **own, usual=words.t("unpublished.settings", **usual)))
    return " ".join(said)


def frame_of(words: Words, facts: RunFacts, title: str, *, skip: str = "") -> Frame:
    """Return what the page around anything of a run needs; `skip` names the link to its content."""
    return Frame(
        language=words.language, page_title=title, banner=banner(words, facts), foot=foot(words, facts), skip_label=skip
    )


def _letter(context: Context) -> Letter:
    """Return letterhead, addressee and signature; day and month stay open.

    A commune's committee writes to the department that receives reports. All else is that department's letter to the
    committee of the province, with what the plan file sets.
    """
    words, cycle, plan, facts = context.words, context.cycle, context.plan, context.facts
    bodies = cycle.bodies if cycle is not None else plan.bodies_on(facts.as_of)
    receiver = "" if bodies is None else bodies.receiver_vi if words.language == "vi" else bodies.receiver_en
    department = receiver or words.t("paper.body")
    whole, commune = context.dataset.areas.get(plan.province_code), context.area.level == "commune"
    own, province = (
        words.t("letter.committee", area=area_in_sentence(area, words.texts)) for area in (context.area, whole)
    )
    office, key = (Office(), "committee") if commune else (plan.office, "department")
    superior, body, addressee = ("", own, receiver) if commune else (province, department, province)
    place = (context.area if commune else whole).short_name
    kind = cycle.kind if cycle is not None else "none"
    issuer = plan.issuer_vi if words.language == "vi" else plan.issuer_en or plan.issuer_vi
    days = {"day": words.day(plan.issued), "until": words.day(facts.as_of)}
    named = {"number": plan.number, "issuer": issuer, "plan": plan.name(words.language)}
    return Letter(
        superior=(office.superior or superior).upper(),
        body=(office.body or body).upper(),
        number=words.t("paper.number", symbol=office.symbol or "…"),
        place_and_date=words.t("paper.place_and_date", place=office.place or place, year=facts.as_of.year),
        subject=words.t(f"letter.subject.{kind}", number=plan.number, year=context.year, area=context.area_name),
        addressee=words.t("paper.addressee", receiver=addressee),
        opening=words.t("letter.opening", body=office.body or body, **days, **named),
        authority=(office.authority or (words.t("letter.authority") if commune else "")).upper(),
        post=(office.post or words.t(f"letter.post.{key}")).upper(),
        signer=office.signer or words.t("paper.signer"),
        copies=(*(f"{name};" for name in office.copies or (addressee,)), words.t("paper.archive")),
    )
