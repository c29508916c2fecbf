"""Made-up figures of communes: counts are shared out so that communes add up to districts exactly, rates follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from toolkit.data.consistency import PARTS
from toolkit.data.indicators import Indicator
from toolkit.forecast.hierarchy import parent_of_commune
from toolkit.forecast.panels import scale_of
from toolkit.intake.world import POVERTY, FloatArray, Key, Maker

SIZE_SPREAD = 0.35
"""How far the populations of communes lie apart, standard deviation of their logarithm."""
OWN_SHARE = 0.6
"""Of the spread between districts that communes show around theirs."""
MOST_OF_HOUSEHOLDS = 0.49
"""Largest share of poor, and of near-poor, households in a commune: both together stay below all."""


@dataclass(frozen=True)
class Piece:
    """Territory that no reform cut: an old commune, or the part of one that went into one new commune.

    Attributes
    ----------
    district :
        Area whose counts it is a part of.
    old, new :
        Codes of the communes that it belonged and belongs to; equal where there was no reform.
    """

    district: str
    old: str
    new: str


@dataclass
class CommuneMaker:
    """Adds communes to a made-up world.

    Attributes
    ----------
    maker :
        Holds the figures of the districts; those of counts are summed again from their pieces.
    keys :
        Indicators and scopes to make.
    """

    maker: Maker
    keys: Sequence[Key]
    pieces: tuple[Piece, ...] = ()
    sizes: FloatArray = field(default_factory=lambda: np.zeros(0))
    counts: dict[Key, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pieces = tuple(_pieces(self.maker))
        spread = [self.maker.random("size", _name(piece)).normal(0.0, SIZE_SPREAD) for piece in self.pieces]
        self.sizes = np.exp(np.array(spread))

    def add(self) -> None:
        """Make every commune's figures."""
        indicators = self.maker.dataset.indicators
        whole = [key for key in self.keys if indicators[key[0]].whole]
        parts = {part for part, _ in PARTS}
        for key in sorted(whole, key=lambda key: (key[0] in parts, key[1] != "all", key)):
            self.counts[key] = self._shared_out(indicators[key[0]], key)
        self._sum_up()
        for code in dict.fromkeys(code for piece in self.pieces for code in (piece.old, piece.new)):
            for key in self.keys:
                if key in self.counts:
                    self.maker.values[code, *key] = self._of_commune(code, self.counts[key])
                elif key[0] not in POVERTY:
                    self.maker.values[code, *key] = self._rate(code, indicators[key[0]], key[1])
        self.maker.rates_of_review(code for piece in self.pieces for code in (piece.old, piece.new))
        self.maker.constrain()

    def _shared_out(self, indicator: Indicator, key: Key) -> FloatArray:
        """Return the counts of all pieces, shape (pieces, years)."""
        years = len(self.maker.years)
        limits = self._limits(key)
        base = limits if limits is not None else np.repeat(self.sizes[:, None], years, axis=1)
        own = [self.maker.deviation(indicator, key[1], _name(piece)) * OWN_SHARE for piece in self.pieces]
        weights = base * (1.0 if key[0] == "households" else np.exp(np.array(own)))
        made = np.zeros_like(weights)
        for district in dict.fromkeys(piece.district for piece in self.pieces):
            at = np.array([piece.district == district for piece in self.pieces])
            total = self.maker.values[district, *key]
            for year in range(years):
                most = np.full(at.sum(), total[year]) if limits is None else limits[at, year]
                made[at, year] = shared_out(total[year], weights[at, year], most)
        return made

    def _limits(self, key: Key) -> FloatArray | None:
        """Return what no piece's count may pass: everyone's in place of a group's, the whole's in place of a part's."""
        name, scope = key
        found = [self.counts[name, "all"]] if scope != "all" and (name, "all") in self.counts else []
        for part, whole in PARTS:
            if part == name and (whole, scope) in self.counts:
                most = self.counts[whole, scope]
                found.append(np.floor(most * MOST_OF_HOUSEHOLDS) if name in POVERTY else most)
        return np.minimum.reduce(found) if found else None

    def _sum_up(self) -> None:
        """Set districts to the sums of their pieces (what did not fit is gone), and the province to theirs."""
        maker = self.maker
        for key, counts in self.counts.items():
            for district in dict.fromkeys(piece.district for piece in self.pieces):
                at = np.array([piece.district == district for piece in self.pieces])
                maker.values[district, *key] = counts[at].sum(axis=0)
        maker.sum_up()

    def _of_commune(self, code: str, counts: FloatArray) -> FloatArray:
        """Return a commune's counts: of its old pieces while the old unit of the code lasted, then of its new ones."""
        old, new = (np.array([getattr(piece, era) == code for piece in self.pieces]) for era in ("old", "new"))
        if not new.any() or not old.any():
            return np.asarray(counts[old | new].sum(axis=0))
        first = self.maker.dataset.areas.units(code)[-1].valid_from
        since = np.array(self.maker.years) >= (first.year if first else 0)
        return np.asarray(np.where(since, counts[new].sum(axis=0), counts[old].sum(axis=0)))

    def _rate(self, code: str, indicator: Indicator, scope: str) -> FloatArray:
        maker = self.maker
        parent = parent_of_commune(maker.dataset, maker.plan.province_code, code)
        place = parent if (parent, indicator.id, scope) in maker.values else maker.plan.province_code
        scale = scale_of(indicator)
        linked = scale.to_link(maker.values[place, indicator.id, scope])
        return scale.from_link(linked + OWN_SHARE * maker.deviation(indicator, scope, code))


def shared_out(total: float, weights: FloatArray, limits: FloatArray) -> FloatArray:
    """Return whole numbers in about the proportion of the weights, none above its limit.

    Their sum is the total, or that of the limits where it is less.

    >>> shared_out(10, np.array([1.0, 1.0, 2.0]), np.array([9.0, 1.0, 9.0])).tolist()
    [2.0, 1.0, 7.0]
    """
    room, given = np.floor(limits), np.zeros(len(weights))
    left = min(float(total), float(room.sum()))
    while left >= 1:
        share = np.where(room > 0, np.maximum(weights, 1e-9), 0.0)
        wanted = left * share / share.sum()
        part = np.minimum(np.floor(wanted), room)
        if not part.any():
            part[np.argsort(-wanted, kind="stable")[: int(left)]] = 1.0
            part = np.minimum(part, room)
        given, room, left = given + part, room - part, left - float(part.sum())
    return given


def _pieces(maker: Maker) -> Iterable[Piece]:
    dataset, province = maker.dataset, maker.plan.province_code
    links = dataset.crosswalk.links
    linked = {code for link in links for code in (link.old_commune_code, link.new_commune_code)}
    for link in links:
        yield Piece(link.old_district_code, link.old_commune_code, link.new_commune_code)
    for code in dict.fromkeys(area.code for area in dataset.areas.all(level="commune")):
        parent = parent_of_commune(dataset, province, code)
        if code not in linked and parent in maker.parts:
            yield Piece(parent, code, code)


def _name(piece: Piece) -> str:
    return f"{piece.old}>{piece.new}"
