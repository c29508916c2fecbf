"""Small worlds to judge in: an indicator, a few areas, hand-made paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from toolkit.attainment.assess import assess
from toolkit.attainment.attainment import Attainment
from toolkit.data.areas import Area, Areas
from toolkit.data.indicators import Indicator, Indicators, Standards
from toolkit.data.observations import Observation, PeriodAverage, Series
from toolkit.forecast.paths import Break, Evidence, Path, ProxyUse
from toolkit.plan.plan import Plan, Target

COUNTRY = Area("VN", "Việt Nam", "country", "", None, None, None, None)
PROVINCE = Area("20", "Tỉnh Lạng Sơn", "province", "VN", None, None, None, None)
BINH_GIA = Area("181", "Huyện Bình Gia", "district", "20", None, date(2025, 6, 30), None, None)
BAC_SON = Area("185", "Huyện Bắc Sơn", "district", "20", None, date(2025, 6, 30), None, None)
AREAS = Areas([COUNTRY, PROVINCE, BINH_GIA, BAC_SON])

UNITS = {"percent": "%", "million_vnd_per_year": "triệu đồng/năm", "households": "hộ"}


def indicator(name: str, **changes: Any) -> Indicator:
    fields: dict[str, Any] = {
        "id": name, "names": {"vi": f"Chỉ số {name}", "en": f"Indicator {name}"}, "family": "test",
        "unit": "percent", "units": {"vi": "%", "en": "%"}, "whole": False, "decimals": 1, "lower": 0.0,
        "upper": 100.0, "direction": "down", "link": "logit", "definition": {"vi": "x", "en": "x"},
        "definition_from": "ours",
    }  # fmt: skip
    return Indicator(**(fields | changes))


SHARE = indicator("share")
OTHER = indicator("other")
INCOME = indicator("income", unit="million_vnd_per_year", upper=None, link="log", direction="up")
GROWTH = indicator("growth", lower=-100.0, upper=None, link="identity", decimals=2)
HOUSES = indicator("houses", unit="households", upper=None, link="log", decimals=0)


@dataclass
class World:
    """A data set and forecasts in one; both are what rooms below would give."""

    paths: dict[tuple[str, str, str, bool], Path] = field(default_factory=dict)
    held: dict[tuple[str, str, str], Series] = field(default_factory=dict)
    as_of: date = date(2026, 11, 23)
    stated: Sequence[Mapping[str, object]] = ()
    milestones: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(
            columns=["target_id", "status", "evidence_vi", "evidence_en", "source_id", "as_of", "note"]
        )
    )
    areas: Areas = AREAS
    standards: Standards = field(default_factory=lambda: Standards([], []))
    sources: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"publisher": ["UBND tỉnh"]}, index=["decision"])
    )
    indicators: Indicators = field(
        default_factory=lambda: Indicators({item.id: item for item in (SHARE, OTHER, INCOME, GROWTH, HOUSES)}, {})
    )

    @property
    def local_targets(self) -> pd.DataFrame:
        columns = [
            "area_code", "indicator", "scope", "kind", "due", "op", "value", "unit", "standard", "source_id", "note"
        ]  # fmt: skip
        return pd.DataFrame(self.stated, columns=columns)

    def series(self, area_code: str, name: str, scope: str) -> Series:
        return self.held.get((area_code, name, scope), Series(area_code, name, scope))

    def with_data(self) -> set[tuple[str, str, str]]:
        return {key for key, series in self.held.items() if series.observations}

    def path(self, area_code: str, name: str, scope: str, *, across_breaks: bool = True) -> Path | None:
        crossing = self.paths.get((area_code, name, scope, True))
        return crossing if across_breaks else self.paths.get((area_code, name, scope, False), crossing)

    def put(self, *paths: Path, across: bool = True) -> World:
        for path in paths:
            self.paths[path.area_code, path.indicator, path.scope, across] = path
        return self

    def hold(self, *series: Series) -> World:
        for one in series:
            self.held[one.area_code, one.indicator, one.scope] = one
        return self

    def ask(self, target: Target, area: Area = PROVINCE, others: Sequence[Target] = ()) -> Attainment:
        plan = plan_of(target, *others)
        return assess(target, area, plan, self, self)  # type: ignore[arg-type]


def figure(year: int, value: float, **changes: Any) -> Observation:
    fields: dict[str, Any] = {"status": "final", "qualifier": "", "standard": "", "source_id": "decision"}
    return Observation(year=year, value=value, **(fields | changes))


def path_of(
    draws: np.ndarray,
    first: int,
    *,
    name: str = "share",
    scope: str = "all",
    area: str = "20",
    figures: Sequence[Observation] = (),
    standards: Sequence[str] | None = None,
    proxy: ProxyUse | None = None,
    basis: str | None = None,
    last_year: int | None = None,
    weights: np.ndarray | None = None,
    averages: Sequence[PeriodAverage] = (),
) -> Path:
    """Return a path; every figure replaces its year's draws, final exact ones mark it final."""
    years = np.arange(first, first + draws.shape[1])
    names = tuple(standards) if standards is not None else ("",) * len(years)
    drawn, observed, final = draws.astype(float).copy(), np.zeros(len(years), bool), np.zeros(len(years), bool)
    for item in figures:
        column = item.year - first
        observed[column] = True
        if item.status == "final" and not item.qualifier and proxy is None:
            final[column] = True
            drawn[:, column] = item.value
    grade = basis or ("A" if len(figures) > 3 else "B" if figures else "C")
    newest = last_year if last_year is not None else max([item.year for item in figures], default=first)
    breaks = tuple(
        Break(int(year), before, after, measured=False)
        for year, before, after in zip(years[1:], names[:-1], names[1:], strict=True)
        if before != after
    )
    unit = {"income": "million_vnd_per_year", "houses": "households"}.get(name, "percent")
    evidence = Evidence(grade, len(figures), tuple(figures), "" if area == "20" else "20", newest)  # type: ignore[arg-type]
    return Path(
        area, name, scope, unit, years, drawn, observed, final, names, breaks, evidence, proxy, weights, tuple(averages)
    )


def target_of(rule: Mapping[str, object], name: str = "share", due: int = 2030, **changes: Any) -> Target:
    unit = {"income": "million_vnd_per_year", "houses": "households"}.get(name, "percent")
    fields: dict[str, Any] = {
        "id": "T1", "due": due, "clause": "1", "indicator": name, "scope": "all", "unit": unit,
        "name_vi": "Chỉ tiêu", "name_en": "Target", "rule": rule,
    }  # fmt: skip
    return Target.model_validate(fields | changes)


def level(op: str, value: float, **changes: Any) -> dict[str, Any]:
    return {"kind": "level", "op": op, "value": value, **changes}


def plan_of(*targets: Target) -> Plan:
    return Plan.model_validate(
        {
            "id": "p", "number": "1", "issued": date(2022, 6, 13), "issuer_vi": "x", "name_vi": "x", "name_en": "x",
            "province_code": "20", "base_year": 2020, "horizons": tuple(sorted({t.due for t in targets})),
            "targets": targets,
        }
    )  # fmt: skip


def upper_bound(name: str = "other", **changes: Any) -> ProxyUse:
    return replace(ProxyUse("stand_in", name, "all", "upper_bound"), **changes)


def normal(seed: int, shape: tuple[int, int], mean: float = 50.0, sd: float = 5.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, sd, shape)
