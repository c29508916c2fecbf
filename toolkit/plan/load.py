"""Plan files: found by name, read strictly, held against the data; every problem is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from toolkit.base.errors import DataError, UsageError
from toolkit.base.problems import Problem
from toolkit.base.texts import nearest, say
from toolkit.base.yaml_files import Place, YamlText, read_yaml
from toolkit.data.dataset import Dataset
from toolkit.data.indicators import Indicator
from toolkit.plan.judgement import FAULT, Contradiction, NumberRule
from toolkit.plan.plan import (
    TARGET_FIELDS,
    Plan,
    PlanHeader,
    Target,
    place_in_target,
    plan_faults,
    refused,
    target_faults,
    words_of,
)


def load_plan(path_or_id: str | Path | None = None, *, folder: Path) -> Plan:
    """Read a plan file.

    Parameters
    ----------
    path_or_id :
        Path of a YAML file, or the name of a file in ``<folder>/plans`` without ``.yaml``, or a plan's own id.
        None takes the only plan of the folder.
    folder :
        The data folder.

    Raises
    ------
    UsageError
        If there is no such plan, or none is named and there are several.
    DataError
        If the file breaks a rule; it carries every problem with line, target and remedy.
    """
    return read_plan(find_plan(path_or_id, folder=folder))


def find_plan(path_or_id: str | Path | None = None, *, folder: Path) -> Path:
    """Return the path of the plan file meant; see :func:`load_plan`."""
    files = sorted((folder / "plans").glob("*.yaml"))
    if path_or_id is None:
        if len(files) == 1:
            return files[0]
        names = ", ".join(file.stem for file in files)
        key = "several" if files else "none"
        fields = {"folder": folder / "plans", "count": len(files), "names": names}
        raise UsageError(say(f"plan.find.{key}", **fields), say(f"plan.find.{key}.remedy", **fields))
    asked = Path(path_or_id)
    if asked.suffix in {".yaml", ".yml"} or isinstance(path_or_id, Path):
        if asked.is_file():
            return asked
        raise UsageError(say("plan.find.no_file", path=asked), say("plan.find.no_file.remedy"))
    for file in files:
        if path_or_id in (file.stem, _own_id(file)):
            return file
    near = ", ".join(nearest(str(path_or_id), [file.stem for file in files])) or "–"
    raise UsageError(say("plan.find.unknown", name=path_or_id, folder=folder / "plans"), say("plan.near", near=near))


def _own_id(file: Path) -> object:
    content = read_yaml(file, room="plan", references=False).content
    header = content.get("plan") if isinstance(content, Mapping) else None
    return header.get("id") if isinstance(header, Mapping) else None


def read_plan(path: Path) -> Plan:
    """Read one plan file; see :func:`load_plan` for what it raises."""
    text = read_yaml(path, room="plan", references=False)
    header, targets = _parts(text)
    typed_header = _typed_header(text, header)
    typed_targets = [_typed_target(text, position, raw) for position, raw in enumerate(targets)]
    for position, fault in plan_faults(header, targets):
        place: Place = ("plan",) if position is None else ("targets", position)
        label = "plan" if position is None else _label(targets[position], position)
        text.add((*place, *fault.field.split(".")), f"{label}: {fault.field}", fault.key, fault.fields)
    if text.problems or typed_header is None:
        problems = sorted(text.problems, key=lambda problem: problem.row)
        message = say("plan.unusable", file=path.name, count=len(problems))
        raise DataError(message, problems, say("plan.unusable.remedy"))
    fields = {name: getattr(typed_header, name) for name in PlanHeader.model_fields}
    return Plan(**fields, targets=tuple(target for target in typed_targets if target is not None))


def plan_text(plan: Plan) -> str:
    """Return a plan as the text of a plan file; read again it is the same plan.

    >>> plan_text(plan).splitlines()[0]
    'plan:'
    """
    import yaml

    content = plan.model_dump(by_alias=True, exclude_none=True)
    targets = content.pop("targets")
    return yaml.safe_dump({"plan": content, "targets": targets}, allow_unicode=True, sort_keys=False, width=120)


def _parts(text: YamlText) -> tuple[Mapping[str, object], list[Mapping[str, object]]]:
    content = text.content
    if not isinstance(content, Mapping):
        if not text.problems:
            text.add((), "", "empty")
        return {}, []
    for name in content:
        if name not in ("plan", "targets"):
            text.add((name,), name, "no_such_part")
    header, targets = content.get("plan"), content.get("targets")
    if not isinstance(header, Mapping):
        text.add(("plan",), "plan", "no_header")
        header = {}
    if not isinstance(targets, tuple) or not targets:
        text.add(("targets",), "targets", "no_targets")
        targets = ()
    return header, [raw if isinstance(raw, Mapping) else {} for raw in targets]


def _typed_header(text: YamlText, header: Mapping[str, object]) -> PlanHeader | None:
    try:
        return PlanHeader.model_validate(header)
    except ValidationError as error:
        _note(text, error, ("plan",), "plan", PlanHeader.model_fields)
        return None


def _typed_target(text: YamlText, position: int, raw: Mapping[str, object]) -> Target | None:
    label, place = _label(raw, position), ("targets", position)
    for fault in target_faults(raw):
        text.add((*place, *fault.field.split(".")), f"{label}: {fault.field}", fault.key, fault.fields)
    try:
        return Target.model_validate(raw)
    except ValidationError as error:
        _note(text, error, place, label, TARGET_FIELDS)
        return None


def _label(raw: Mapping[str, object], position: int) -> str:
    return str(raw.get("id") or say("plan.unnamed_target", number=position + 1))


def _note(text: YamlText, error: ValidationError, place: Place, label: str, fields: Iterable[str]) -> None:
    for detail in error.errors(include_url=False):
        if detail["type"] == FAULT:  # found on the raw entry already
            continue
        inside, (key, fields_of_text) = place_in_target(detail), words_of(detail, fields)
        column = ".".join(str(part) for part in inside)
        value = "" if detail["type"] == "missing" else detail.get("input", "")
        if detail["type"].startswith("union_tag") and isinstance(value, Mapping):
            value = value.get("kind", "")
        text.add((*place, *inside), f"{label}: {column}", key, fields_of_text, value)


def check_plan(path: Path, dataset: Dataset) -> list[Problem]:
    """Return everything that is wrong with a plan file, in itself and against the data.

    Parameters
    ----------
    path :
        The plan file.
    dataset :
        The data whose indicators, stand-ins and areas it names.
    """
    try:
        plan = read_plan(path)
    except DataError as error:
        return list(error.problems)
    text = read_yaml(path, room="plan", references=False)
    for fault in _header_faults(plan, dataset):
        text.add(("plan", *_place(fault)), f"plan: {fault.field}", fault.key, fault.fields)
    for position, target in enumerate(plan.targets):
        for fault in _target_faults(target, dataset):
            place: Place = ("targets", position, *_place(fault))
            text.add(place, f"{target.id}: {fault.field}", fault.key, fault.fields)
    return text.problems


def usable_with(plan: Plan, dataset: Dataset) -> Plan:
    """Return a plan that was made or changed in memory, held against the data as its file would be.

    Raises
    ------
    UsageError
        If it names an indicator, a stand-in or an area that the data do not know, or contradicts them.
    """
    for fault in _header_faults(plan, dataset):
        raise refused(plan.id, fault.field, fault.key, fault.fields)
    for target in plan.targets:
        for fault in _target_faults(target, dataset):
            raise refused(target.id, fault.field, fault.key, fault.fields)
    return plan


def _place(fault: Contradiction) -> Place:
    return tuple(int(part) if part.isdigit() else part for part in fault.field.split("."))


def _header_faults(plan: Plan, dataset: Dataset) -> Iterator[Contradiction]:
    if plan.province_code not in dataset.areas:
        yield Contradiction("province_code", "unknown_area", {"name": plan.province_code})
    declared = [proxy.id for indicator in dataset.indicators.values() for proxy in indicator.proxies]
    for switch, names in (("proxies.on", plan.proxies.on), ("proxies.off", plan.proxies.off)):
        for position, name in enumerate(names):
            if name not in declared:
                near = ", ".join(nearest(name, declared))
                yield Contradiction(f"{switch}.{position}", "unknown_proxy", {"name": name, "near": near})


def _target_faults(target: Target, dataset: Dataset) -> Iterator[Contradiction]:
    rule = target.rule
    named, benchmark = [("indicator", target.indicator)], rule.compared_with
    if benchmark is not None:
        named.append(("rule.benchmark.indicator", benchmark.indicator))
        area = benchmark.area
        if area not in ("same", "country", "province") and area not in dataset.areas:
            yield Contradiction("rule.benchmark.area", "unknown_area", {"name": area})
    for field, name in named:
        if name not in dataset.indicators:
            near = ", ".join(nearest(name, dataset.indicators))
            yield Contradiction(field, "unknown_indicator", {"name": name, "near": near})
    if target.indicator not in dataset.indicators:
        return
    indicator = dataset.indicators[target.indicator]
    unit = dataset.indicators.units.get(target.unit)
    if indicator.unit not in (target.unit, unit.measured_as if unit else None):
        yield Contradiction("unit", "unlike_unit", {"unit": target.unit, "declared": indicator.unit})
    if isinstance(rule, NumberRule) and rule.of_level and _outside(rule.value, indicator):
        yield Contradiction("rule.value", "out_of_bounds", {"value": rule.value})


def _outside(value: float, indicator: Indicator) -> bool:
    below = indicator.lower is not None and value < indicator.lower
    return below or (indicator.upper is not None and value > indicator.upper)
