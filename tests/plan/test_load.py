"""Plan files: nothing lost on the way in, everything wrong reported at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from toolkit.base.errors import DataError, UsageError
from toolkit.base.texts import texts
from toolkit.plan.load import load_plan, read_plan
from toolkit.plan.plan import Plan
from toolkit.plan.rules import MilestoneRule

DATA = Path(__file__).parents[2] / "data"

BAC_KAN = """
plan:
  id: backan-379
  number: "379/KH-UBND"
  issued: 2022-05-30
  issuer_vi: "Ủy ban nhân dân tỉnh Bắc Kạn"
  name_vi: "Kế hoạch"
  name_en: "Plan"
  province_code: "06"
  base_year: 2020
  horizons: [2025]
targets:
  - {id: B1, due: 2025, clause: "1", indicator: income_per_capita, scope: dtts,
     unit: million_vnd_per_year, name_vi: "Thu nhập", name_en: "Income",
     rule: {kind: ratio_to_base, op: ">", value: 2, base_year: 2020}}
  - {id: B2, due: 2025, clause: "1", indicator: poverty_rate, scope: dtts,
     unit: percent, name_vi: "Giảm nghèo", name_en: "Poverty",
     rule: {kind: annual_change, op: "<=", value: -2.5, from: 2021, to: 2025, measured_in: percentage_points}}
  - {id: B3, due: 2025, clause: "1", scope: all,
     indicator: households_with_electricity_share, unit: percent, name_vi: "Điện", name_en: "Electricity",
     rule: {kind: level, op: ">", value: 98.5}}
"""


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_LANG", "en")


@pytest.fixture(scope="module")
def langson() -> Plan:
    return load_plan("langson-138", folder=DATA)


def write(folder: Path, text: str, name: str = "p.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_statement_is_there_and_typed(langson: Plan) -> None:
    assert len(langson.targets) == 68
    assert len({target.id for target in langson.targets}) == 68
    assert sum(isinstance(target.rule, MilestoneRule) for target in langson.targets) == 12
    assert [sum(target.due == due for target in langson.targets) for due in langson.horizons] == [33, 30, 5]
    assert sum("scope" in target.inferred for target in langson.targets) == 18
    assert {target.id for target in langson.targets if target.level} == {
        "T30-01",
        "T30-02",
        "T30-06",
        "T30-26",
        "T45-01",
    }
    assert [target.id for target in langson.targets if target.each_area] == ["T25-28"]
    assert {target.id: target.part_of for target in langson.targets if target.part_of} == {
        "T25-17": "T25-16", "T25-25": "T25-24", "T30-09": "T30-08",
        "T30-11": "T30-10", "T30-15": "T30-14", "T30-17": "T30-16",
    }  # fmt: skip


def test_nothing_of_the_file_is_lost(langson: Plan) -> None:
    raw = yaml.safe_load((DATA / "plans" / "langson-138.yaml").read_text(encoding="utf-8"))
    for entry, target in zip(raw["targets"], langson.targets, strict=True):
        kept = target.model_dump(by_alias=True, exclude_defaults=True) | {"rule": target.rule.model_dump(by_alias=True)}
        for field, value in entry.items():
            if field == "rule":
                assert value == {name: kept["rule"][name] for name in value}
            elif field == "inferred":
                assert tuple(value) == target.inferred
            else:
                assert kept[field] == value, (target.id, field)
    header = langson.model_dump(by_alias=True, exclude={"targets"})
    assert set(raw["plan"]) <= set(header)
    assert len(langson.reporting) == 4


def test_readings_of_ours_are_marked(langson: Plan) -> None:
    basically = [target for target in langson.targets if getattr(target.rule, "wording", None)]
    assert [target.id for target in basically] == ["T30-04a", "T30-04b", "T45-02"]
    assert all("rule.tolerance" in target.inferred for target in basically)
    for language in ("vi", "en"):
        for target in langson.targets:
            for field in target.inferred:
                assert texts(language).t(f"plan.inferred.{field}")


def test_every_free_text_has_both_languages(langson: Plan) -> None:
    for target in langson.targets:
        assert (target.share_of is None) == (target.share_of_vi is None)
        assert (target.note is None) == (target.note_vi is None)
        if target.share_of:
            assert target.share_text("vi") != target.share_text("en")


def test_who_reports_to_whom_follows_the_calendar(langson: Plan) -> None:
    before, after = langson.bodies_on(date(2024, 5, 1)), langson.bodies_on(date(2026, 11, 23))
    assert before is not None
    assert after is not None
    assert before.receiver_vi == "Ban Dân tộc"
    assert (after.receiver_vi, after.inferred) == ("Sở Dân tộc và Tôn giáo", True)
    assert langson.bodies_on(date(2020, 1, 1)) is None


def test_plans_are_found_by_name_id_and_path(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    file = write(tmp_path / "plans", BAC_KAN, "bac-kan.yaml")
    assert [load_plan(name, folder=tmp_path).id for name in (None, "bac-kan", "backan-379", file)] == ["backan-379"] * 4
    write(tmp_path / "plans", BAC_KAN.replace("backan-379", "other"), "other.yaml")
    with pytest.raises(UsageError, match="Name one of: bac-kan, other"):
        load_plan(folder=tmp_path)
    with pytest.raises(UsageError, match="Near: bac-kan"):
        load_plan("bac-kạn", folder=tmp_path)
    with pytest.raises(UsageError, match="no plan file"):
        load_plan(tmp_path / "none.yaml", folder=tmp_path)


def test_another_province_needs_no_code(tmp_path: Path) -> None:
    plan = read_plan(write(tmp_path, BAC_KAN))
    assert [target.rule.words("%", texts("en")).replace("\u00a0", " ") for target in plan.targets] == [
        "above 2 times the value of 2020",
        "a fall of at least 2.5 percentage points in each year, 2021–2025",
        "above 98.5%",
    ]


BROKEN = {
    "unknown kind": ("kind: level", "kind: levle", "B3: rule.kind", "unknown kind of rule"),
    "op outside the four": ('op: "<="', 'op: "=="', "B2: rule.op", "not one of the choices"),
    "period backwards": (
        "from: 2021, to: 2025",
        "from: 2026, to: 2025",
        "B2: rule.from",
        "starts in 2026 and ends in 2025",
    ),
    "number as text": ("value: 98.5", 'value: "98,5"', "B3: rule.value", "no number"),
    "unknown field": (
        'clause: "1", indicator: poverty_rate',
        'claus: "1", indicator: poverty_rate',
        "B2: claus",
        "unknown field",
    ),
    "duplicate id": ("id: B2", "id: B1", "B1: id", "a second time"),
    "part of nothing": (
        "id: B2,",
        "id: B2, part_of: B9, one_denominator: true, share_of: x,",
        "B2: part_of",
        "no target “B9”",
    ),
    "part of itself": (
        "id: B2,",
        "id: B2, part_of: B2, one_denominator: true, share_of: x,",
        "B2: part_of",
        "part of itself",
    ),
    "part without its denominator": (
        "id: B3,",
        "id: B3, part_of: B2, share_of: x,",
        "B3: one_denominator",
        "share one denominator",
    ),
    "not finite": ("value: 98.5", "value: .nan", "B3: rule.value", "finite"),
    "no horizon": ("id: B3, due: 2025", "id: B3, due: 2031", "B3: due", "none of the plan's horizons"),
    "base after due": ("value: 2, base_year: 2020", "value: 2, base_year: 2025", "B1: rule.base_year", "not before"),
    "stretch too easy": ("value: 98.5", "value: 98.5, stretch: 98", "B3: rule.stretch", "no harder"),
    "basically without tolerance": (
        "value: 98.5",
        "value: 98.5, wording: basically",
        "B3: rule.tolerance",
        "tolerance",
    ),
    "inferred names nothing": ("id: B3,", "id: B3, inferred: [rule.from],", "B3: inferred", "no field “rule.from”"),
    "milestone with a unit": (
        'rule: {kind: level, op: ">", value: 98.5}',
        "rule: {kind: milestone}",
        "B3: unit",
        "belong together",
    ),
    "scope unknown": ("scope: all", "scope: everyone", "B3: scope", "not one of the choices"),
    "key twice": ("id: B3, due: 2025", "id: B3, due: 2025, due: 2025", "due", "stands twice"),
    "switch on and off": (
        "horizons: [2025]",
        "horizons: [2025]\n  proxies: {on: [a], off: [a]}",
        "plan: proxies",
        "on and off",
    ),
    "header field missing": ('  number: "379/KH-UBND"\n', "", "plan: number", "missing"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_named_with_line_and_remedy(name: str, tmp_path: Path) -> None:
    old, new, column, words = BROKEN[name]
    assert old in BAC_KAN
    text = BAC_KAN.replace(old, new, 1)
    with pytest.raises(DataError) as caught:
        read_plan(write(tmp_path, text))
    hits = [problem for problem in caught.value.problems if problem.column == column and words in problem.problem]
    assert hits, caught.value.problems
    assert all(problem.remedy and problem.file == "p.yaml" for problem in hits)
    if column.startswith("B"):
        identifier = column.split(":")[0]
        lines = text.splitlines()
        place = max(number for number, line in enumerate(lines, start=1) if f"id: {identifier}," in line)
        assert place <= hits[0].row <= place + 2


def test_faults_are_told_in_vietnamese_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOOLKIT_LANG")
    with pytest.raises(DataError, match=r"Không dùng được p\.yaml: có 1 lỗi") as caught:
        read_plan(write(tmp_path, BAC_KAN.replace("scope: all", "scope: everyone", 1)))
    assert caught.value.problems[0].problem == "Không nằm trong các lựa chọn."


def test_all_faults_show_at_once(tmp_path: Path) -> None:
    together = (
        "unknown kind",
        "op outside the four",
        "period backwards",
        "duplicate id",
        "base after due",
        "scope unknown",
    )
    text = BAC_KAN
    for name in together:
        text = text.replace(BROKEN[name][0], BROKEN[name][1], 1)
    with pytest.raises(DataError) as caught:
        read_plan(write(tmp_path, text))
    found = {(problem.column.split(": ")[-1], problem.problem.split(" ")[0]) for problem in caught.value.problems}
    assert {"kind", "op", "from", "id", "base_year", "scope"} <= {column.split(".")[-1] for column, _ in found}
    rows = [problem.row for problem in caught.value.problems]
    assert rows == sorted(rows)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no entries"),
        (b"plan: [1\n", "Not valid YAML"),
        (b"- 1\n- 2\n", "holds no entries"),
        (b"plan: {}\ntargets: []\nextra: 1\n", "no such part"),
        ("plan: Kế".encode("utf-16"), "not UTF-8"),
        (b"plan: &a {id: x}\ntargets: [*a]\n", "refers to another"),
        (b"plan: {issued: 2022-99-99}\ntargets: [1]\n", "cannot be read"),
        (b"plan: {id: !!python/object:os.system x}\ntargets: [1]\n", "cannot be read"),
    ],
)
def test_unreadable_files_are_refused_politely(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_plan(path)
    assert any(words in problem.problem for problem in caught.value.problems), caught.value.problems


def test_asking_for_an_unknown_target_names_the_nearest(langson: Plan) -> None:
    assert langson.target("T30-03").rule.kind == "level"
    with pytest.raises(UsageError, match="T30-03"):
        langson.target("T30-3")
