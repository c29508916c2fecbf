"""All that was ever held about one indicator of one area: figures, conflicts, revisions, and what counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from toolkit.data.consistency import RATES, sums_of_parts, that_count
from toolkit.data.dataset import Dataset, SetAside
from toolkit.data.observations import Figure, Observation, Series

Standing = Literal[
    "counts", "overruled", "period_average", "unverified", "replaced", "withdrawn", "earlier_unit", "summed", "parent"
]

COPIED = (
    "year",
    "standard",
    "qualifier",
    "status",
    "source_id",
    "available_from",
    "available_basis",
    "note",
    "delivery",
)
"""Attributes of an entry that are those of the figure."""


@dataclass(frozen=True)
class Entry:
    """One figure as somebody published it.

    Attributes
    ----------
    scope, year, from_year, standard, value, qualifier, status, source_id, note :
        As in an observation table; `value` as its source printed it.
    available_from, available_basis :
        Day from which it was known, and what that rests on.
    standing :
        Whether it ``counts``, was ``overruled`` by another source's figure, is a ``period_average``, is
        ``unverified`` (shown, never used), was ``replaced`` by its own source, was ``withdrawn``, or is of an
        ``earlier_unit`` that bore the same code. Two are no figures of the area:
        ``summed`` from its communes, and ``parent``: that of the (former) district of a commune.
    replaced_on, replaced_by :
        Day and file of the correction, or day and reason of the withdrawal; empty for figures that stand.
    delivery :
        Number of the delivery that it came with; 0 for what was there before.
    coverage :
        Of a sum: how many of the communes have a figure, such as ``5/8``.
    parent_code :
        Of a parent's figure: whose it is.
    """

    scope: str
    year: int
    from_year: str
    standard: str
    value: str
    qualifier: str
    status: str
    source_id: str
    available_from: str
    available_basis: str
    standing: Standing
    note: str = ""
    replaced_on: str = ""
    replaced_by: str = ""
    delivery: int = 0
    coverage: str = ""
    parent_code: str = ""


def history(dataset: Dataset, area_code: str, indicator: str, scope: str | None = None) -> tuple[Entry, ...]:
    """Return every figure of an area and indicator that was known on the dataset's day, by scope and year.

    Beside a district's stand the sums of its communes' counts, with their coverage; beside a commune's the figures
    of its (former) district, as information on its parent and never as its own.

    Parameters
    ----------
    dataset :
        The data as known on a day; figures replaced before that day are listed as replaced.
    area_code, indicator :
        Whose history.
    scope :
        Only this scope; all if None.

    Returns
    -------
    tuple of Entry
        Within a year the figure that counts comes first, then those it overrules, then what was replaced.
    """
    held = {item.scope for item in dataset.figures if (item.area_code, item.indicator) == (area_code, indicator)}
    held |= {of_whom for area, name, of_whom in dataset.with_data() if (area, name) == (area_code, indicator)}
    scopes = [scope] if scope else sorted(held)
    entries = [entry for name in scopes for entry in _standing(dataset, area_code, indicator, name)]
    entries += [_set_aside(item, dataset) for item in dataset.set_aside
                if (item.figure.area_code, item.figure.indicator) == (area_code, indicator)
                and scope in (None, item.figure.scope)]  # fmt: skip
    entries += _summed(dataset, area_code, indicator, scope)
    for parent in districts_of(dataset, area_code):
        found = [item for item in history(dataset, parent, indicator, scope) if item.standing == "counts"]
        entries += [replace(item, standing="parent", parent_code=parent) for item in found]
    order = get_args(Standing)
    return tuple(sorted(entries, key=lambda item: (item.scope, item.year, item.standard, order.index(item.standing))))


def districts_of(dataset: Dataset, code: str) -> tuple[str, ...]:
    """Return the (former) districts of a commune; none for other areas."""
    units = [area for area in dataset.areas.units(code) if area.level == "commune"]
    districts = {area.code for area in dataset.areas.all(level="district")}
    old = [area.parent_code for area in units if area.parent_code in districts]
    new = dataset.crosswalk.former_districts(code) if any(area.in_force(dataset.as_of) for area in units) else ()
    return tuple(dict.fromkeys(new or old))


def _summed(dataset: Dataset, code: str, indicator: str, scope: str | None) -> list[Entry]:
    """Return what the counts of an area's parts add up to, or the rate of two such sums, where some are lacking.

    Sums over all parts are figures that the dataset derives by itself.
    """
    ratio = next((item for item in RATES if item.rate == indicator and not item.part_scope), None)
    if ratio is None and not dataset.indicators[indicator].whole:
        return []
    names = (ratio.part, ratio.whole) if ratio else (indicator,)
    entries, figures = [], that_count(dataset.figures).values()
    for found in sums_of_parts(figures, dataset.areas, dataset.crosswalk, dataset.indicators, names):
        figure = found.figures[0]
        if figure.area_code == code and not found.complete and scope in (None, figure.scope):
            total, *whole = (item.value for item in found.figures)
            shown = f"{100.0 * total / whole[0]:.2f}" if whole and whole[0] else f"{total:.10g}"
            made = Entry(figure.scope, figure.year, "", figure.standard, shown, "derived", "", "", "", "", "summed")
            entries.append(replace(made, coverage=f"{found.held}/{found.count}"))
    return entries


def _standing(dataset: Dataset, area_code: str, indicator: str, scope: str) -> list[Entry]:
    series: Series = dataset.series(area_code, indicator, scope)
    entries = []
    for figure in series.observations:
        entries.append(_entry(scope, figure, "counts"))
        entries += [_entry(scope, loser, "overruled") for loser in figure.overruled]
    entries += [_entry(scope, figure, "unverified") for figure in series.unverified]
    for item in dataset.figures:
        if (item.area_code, item.indicator, item.scope) == (area_code, indicator, scope):
            if not dataset.of_present_unit(item):
                entries.append(_entry(scope, item, "earlier_unit"))
            elif item.from_year:
                entries.append(replace(_entry(scope, item, "period_average"), from_year=str(item.from_year)))
    return entries


def _entry(scope: str, figure: Observation | Figure, standing: Standing) -> Entry:
    copied = {name: getattr(figure, name) for name in COPIED}
    return Entry(scope=scope, from_year="", value=f"{figure.value:.10g}", standing=standing, **copied)


def _set_aside(item: SetAside, dataset: Dataset) -> Entry:
    """Return the entry of a figure that its source has corrected, or that was withdrawn."""
    deliveries = {delivery.number: delivery for delivery in dataset.deliveries}
    if item.by is None:
        mark = deliveries[item.figure.delivery]
        day, why = mark.withdrawn_on, mark.reason
    else:
        correction = deliveries[item.by.delivery]
        day, why = correction.delivered_on, ", ".join(name for name, _ in correction.files)
    period = str(item.figure.from_year or "")
    entry = _entry(item.figure.scope, item.figure, "replaced" if item.by else "withdrawn")
    return replace(entry, from_year=period, replaced_on=day, replaced_by=why)
