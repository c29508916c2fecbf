"""Documents on the real data, and on made-up data in which every indicator has a series of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path as FilePath

import numpy as np
import pytest

from tests.small_world import small_world
from toolkit.attainment.assess import assess_all
from toolkit.data.dataset import Dataset
from toolkit.data.observations import Observation
from toolkit.forecast.make import DRAWS
from toolkit.forecast.paths import Evidence, Path
from toolkit.forecast.store import Forecasts
from toolkit.plan import Plan
from toolkit.plan.rules import MilestoneRule, RatioToRule
from toolkit.reports.area_report import build_area_document
from toolkit.reports.blocks import Document
from toolkit.reports.context import RunFacts

AS_OF = date(2026, 11, 23)
FORMS = ("html", "docx", "pdf")
YEARS = np.arange(2015, 2046)
Builder = Callable[..., Document]


@pytest.fixture(scope="session")
def facts() -> RunFacts:
    return RunFacts(
        AS_OF,
        seed=138,
        draws=DRAWS,
        model="default",
        versions={"toolkit": "0.1"},
        commit="abc1234",
        command="toolkit report",
    )


@pytest.fixture(scope="session")
def build(real_data: Dataset, real_plan: Plan, real_forecasts: Forecasts, facts: RunFacts) -> Builder:
    """Return a maker of area documents on the real data, any part of which may be replaced."""

    def make(
        code: str,
        language: str = "vi",
        *,
        known: Dataset = real_data,
        run: RunFacts = facts,
        paths: Forecasts = real_forecasts,
    ) -> Document:
        area = known.areas.get(code)
        answers = assess_all(real_plan, [area], known, paths)
        return build_area_document(area, answers, paths, known, real_plan, language=language, run=run)

    return make


def made_up_path(dataset: Dataset, code: str, indicator_id: str, scope: str, *, seed: int) -> Path:
    """Return a path with final figures of eleven years and draws that spread out after them."""
    indicator = dataset.indicators[indicator_id]
    random = np.random.default_rng(seed)
    steps = random.normal(size=(200, len(YEARS))) * np.where(YEARS <= 2025, 0.0, 0.04)
    shape = 0.25 + 0.5 * (1 + np.sin(np.linspace(0, 1.5, len(YEARS)) + seed)) / 2 + np.cumsum(steps, axis=1)
    low, high = indicator.lower or 0.0, indicator.upper if indicator.upper is not None else 1000.0
    draws = np.round(low + (high - low) * np.clip(shape, 0.001, 0.999), indicator.decimals)
    source = str(dataset.sources.index[seed % 12])
    observations = tuple(
        Observation(int(year), float(draws[0, column]), "final", "", "", source)
        for column, year in enumerate(YEARS)
        if year <= 2025
    )
    observed = YEARS <= 2025
    return Path(
        area_code=code,
        indicator=indicator_id,
        scope=scope,
        unit=indicator.unit,
        years=YEARS.astype(np.int64),
        draws=draws,
        observed=observed,
        final=observed.copy(),
        standards=("",) * len(YEARS),
        breaks=(),
        evidence=Evidence("A", 11, observations, "", 2025),
    )


@pytest.fixture(scope="session")
def full_forecasts(real_data: Dataset, real_plan: Plan) -> Forecasts:
    """Return forecasts in which every indicator of the plan has a series of its own in the province."""
    wanted = {
        ("20", target.indicator, target.scope)
        for target in real_plan.targets
        if not isinstance(target.rule, MilestoneRule)
    }
    for target in real_plan.targets:
        if isinstance(target.rule, RatioToRule):
            benchmark = target.rule.benchmark
            wanted.add(("VN" if benchmark.area == "country" else "20", benchmark.indicator, benchmark.scope))
    paths = {
        (*key, across): made_up_path(real_data, *key, seed=number)
        for number, key in enumerate(sorted(wanted))
        for across in (False, True)
    }
    return Forecasts(paths=paths, seed=1, draw_count=200, as_of=AS_OF, model_name="made up")


@pytest.fixture(scope="session")
def hostile(real_data: Dataset) -> Dataset:
    """Return the real data with names and sources that try to become markup, script or mathematics."""
    sources = real_data.sources.copy()
    sources["title"] = '<script>alert("t")</script> $\\frac{1}{0}$ & "quoted"'
    sources["publisher"] = "</li><img src=x onerror=alert(1)>"
    sources["url"] = 'javascript:alert("u")<b>'
    return replace(real_data, sources=sources)


SITES = ("real-vi", "real-en", "simulated-vi", "simulated-en")


@pytest.fixture(scope="session")
def make_site(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], FilePath]:
    """Return a maker of the folder that one command leaves: every area, three forms, both languages."""
    from typer.testing import CliRunner

    from toolkit.cli.main import app

    @cache
    def made(kind: str) -> FilePath:
        folder = tmp_path_factory.mktemp(kind)
        arguments = ["report", "--lang", "vi,en", "--format", ",".join(FORMS), "--draws", "200"]
        if kind == "simulated":
            arguments += ["--data", str(small_world(folder / "data"))]
        done = CliRunner().invoke(app, [*arguments, "--as-of", AS_OF.isoformat(), "--out", str(folder / "site")])
        assert done.exit_code == 0, done.output
        return folder / "site"

    return made


@pytest.fixture(scope="session", params=["vi", "en"])
def real_site(request: pytest.FixtureRequest, make_site: Callable[[str], FilePath]) -> FilePath:
    """Return the folder of the run on the real data in one language."""
    return make_site("real") / str(request.param)


@pytest.fixture(scope="session", params=SITES)
def site(request: pytest.FixtureRequest, make_site: Callable[[str], FilePath]) -> FilePath:
    """Return the folder of one run: real or simulated data, in one language (its name)."""
    kind, language = request.param.split("-")
    return make_site(kind) / language
