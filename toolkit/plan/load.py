"""Plan files: found by name, read strictly, refused with every problem at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from toolkit.base.errors import DataError, UsageError
from toolkit.base.names import nearest
from toolkit.plan.faults import plan_faults, target_faults
from toolkit.plan.reading import Place, YamlText, read_yaml
from toolkit.plan.schema import Plan, PlanHeader
from toolkit.plan.targets import FAULT, NumberRule, Target

RULE_FIELDS = sorted(
    {field.alias or name for rule in get_args(NumberRule) for name, field in rule.model_fields.items()}
)
RULE_KINDS = ("level", "ratio_to_base", "annual_change", "each_year", "average", "ratio_to", "milestone")


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
        message = f"{folder / 'plans'} holds {'no plan' if not files else f'{len(files)} plans'}."
        remedy = "Add a plan file." if not files else f"Name one of: {', '.join(file.stem for file in files)}."
        raise UsageError(message, remedy)
    asked = Path(path_or_id)
    if asked.suffix in {".yaml", ".yml"} or isinstance(path_or_id, Path):
        if asked.is_file():
            return asked
        message = f"There is no plan file {asked}."
        raise UsageError(message, "Check the path.")
    for file in files:
        if path_or_id in (file.stem, _own_id(file)):
            return file
    message = f"There is no plan {path_or_id!r} in {folder / 'plans'}."
    raise UsageError(message, f"Near: {', '.join(nearest(str(path_or_id), [file.stem for file in files])) or 'none'}.")


def _own_id(file: Path) -> object:
    content = read_yaml(file).content
    header = content.get("plan") if isinstance(content, Mapping) else None
    return header.get("id") if isinstance(header, Mapping) else None


def read_plan(path: Path) -> Plan:
    """Read one plan file; see :func:`load_plan` for what it raises."""
    text = read_yaml(path)
    header, targets = _parts(text)
    typed_header = _typed_header(text, header)
    typed_targets = [_typed_target(text, position, raw) for position, raw in enumerate(targets)]
    for position, fault in plan_faults(header, targets):
        place: Place = ("plan",) if position is None else ("targets", position)
        label = "plan" if position is None else _label(targets[position], position)
        text.add((*place, *fault.field.split(".")), f"{label}: {fault.field}", fault.problem, fault.remedy)
    if text.problems or typed_header is None:
        problems = sorted(text.problems, key=lambda problem: problem.row)
        message = f"{path.name} cannot be used: {len(problems)} problem(s)."
        raise DataError(message, problems, "Mend the lines named and read the plan again.")
    fields = {name: getattr(typed_header, name) for name in PlanHeader.model_fields}
    return Plan(**fields, targets=tuple(target for target in typed_targets if target is not None))


def _parts(text: YamlText) -> tuple[Mapping[str, object], list[Mapping[str, object]]]:
    content = text.content
    if not isinstance(content, Mapping):
        if not text.problems:
            text.add((), "", "the file holds no entries.", "A plan file has the parts plan: and targets:.")
        return {}, []
    for name in content:
        if name not in ("plan", "targets"):
            text.add((name,), name, "no such part.", "A plan file has the parts plan: and targets:.")
    header, targets = content.get("plan"), content.get("targets")
    if not isinstance(header, Mapping):
        text.add(("plan",), "plan", "the part plan: is missing or no mapping.", "Add plan: with id, number, issued …")
        header = {}
    if not isinstance(targets, tuple) or not targets:
        text.add(("targets",), "targets", "the part targets: is missing or empty.", "Add targets: with a list.")
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
        text.add((*place, *fault.field.split(".")), f"{label}: {fault.field}", fault.problem, fault.remedy)
    try:
        return Target.model_validate(raw)
    except ValidationError as error:
        _note(text, error, place, label, [*Target.model_fields, *RULE_FIELDS])
        return None


def _label(raw: Mapping[str, object], position: int) -> str:
    return str(raw.get("id") or f"target {position + 1} of the file")


def _note(text: YamlText, error: ValidationError, place: Place, label: str, fields: Iterable[str]) -> None:
    for detail in error.errors(include_url=False):
        if detail["type"] == FAULT:  # found on the raw entry already
            continue
        loc = detail["loc"]  # pydantic puts the kind of rule between "rule" and its field
        inside = ("rule", *loc[2:]) if loc[:1] == ("rule",) and loc[1:2] and loc[1] in RULE_KINDS else loc
        if detail["type"].startswith("union_tag"):
            inside = (*inside, "kind")
        problem, remedy = _words(detail, [str(name) for name in fields])
        column = ".".join(str(part) for part in inside)
        value = "" if detail["type"] == "missing" else detail.get("input", "")
        if detail["type"].startswith("union_tag") and isinstance(value, Mapping):
            value = value.get("kind", "")
        text.add((*place, *inside), f"{label}: {column}", problem, remedy, value)


def _words(detail: Any, fields: list[str]) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    if kind == "extra_forbidden":
        return "unknown field.", f"Near: {', '.join(nearest(name, fields, count=2))}. Remove it or mend its name."
    if kind == "missing":
        return "the field is missing.", "Add it."
    if kind == "union_tag_invalid":
        return "unknown kind of rule.", f"Choose one of: {', '.join(RULE_KINDS)}."
    if kind == "union_tag_not_found":
        return "the rule has no kind.", f"Add kind, one of: {', '.join(RULE_KINDS)}."
    if kind == "literal_error":
        return "not one of the choices.", f"Choose one of: {context.get('expected', '')}."
    if kind == "string_pattern_mismatch":
        return "not in the form asked for.", f"It has to match {context.get('pattern', '')}."
    return f"{str(detail['msg']).rstrip('.')}.", "Mend the value; data/plans/README.md describes the field."
