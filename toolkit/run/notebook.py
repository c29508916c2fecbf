"""One parameterized notebook: what may be passed to it, and its execution by papermill in a kernel of its own."""

from __future__ import annotations

import ast
import json
import re
import signal
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model

from toolkit.base.errors import ToolkitError, UsageError
from toolkit.base.files import write_atomic
from toolkit.base.texts import nearest, say
from toolkit.reports.context import ROUND_NAME as CYCLE
from toolkit.run.kernels import KERNEL_NAME, MANAGERS, Kernels

Parameter = str | int | float | bool
ENGINE = "toolkit"
INJECTED = "# Parameters"
"""How the cell begins that papermill puts behind the one tagged ``parameters``."""
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has the second alone, and means the first
_TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class NotebookError(ToolkitError):
    """A cell of a notebook failed; the partial notebook is kept.

    Attributes
    ----------
    cell :
        Number of the cell, counted from 1.
    error :
        Name and text of the error raised in the cell.
    """

    def __init__(self, notebook: Path, cell: int, error: str) -> None:
        super().__init__(
            say("run.cell_failed", notebook=notebook.name, cell=cell, error=error), say("run.cell_failed.remedy")
        )
        self.cell = cell
        self.error = error


@dataclass(frozen=True)
class Limits:
    """Seconds that one cell may take before it is stopped; bytes that it may show."""

    cell: int = 600
    output: int = 8_000_000


def _day(text: str) -> str:
    if text:
        date.fromisoformat(text)
    return text


Round = Annotated[str, Field(pattern=rf"^({CYCLE.pattern})?$", description="report.parameter.cycle")]
Code = Annotated[str, Field(pattern=r"^(\d{2}|\d{3}|\d{5})$", description="run.parameter.area_code")]
Day = Annotated[str, AfterValidator(_day), Field(description="run.parameter.as_of")]


class Declared(BaseModel):
    """What a notebook takes. Nothing is converted: a code is a text, 1 is no truth value."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Parameters(Declared):
    """What all parameterized notebooks of ours take."""

    language: Annotated[Literal["vi", "en"], Field(description="run.parameter.language")] = "vi"
    as_of: Day = ""
    run_folder: Annotated[str, Field(description="run.parameter.run_folder")] = ""
    data_folder: Annotated[str, Field(description="run.parameter.data_folder")] = ""
    cycle: Round = ""
    since: Annotated[str, Field(description="report.parameter.since")] = ""
    papers: Annotated[str, Field(description="report.parameter.papers")] = ""


class AreaReport(Parameters):
    """Parameters of ``area_report.ipynb``."""

    area_code: Code


class PlanSummary(Parameters):
    """Parameters of ``plan_summary.ipynb``."""

    level: Annotated[Literal["province", "district", "commune"], Field(description="run.parameter.level")]


MODELS: Mapping[str, type[Declared]] = {"area_report.ipynb": AreaReport, "plan_summary.ipynb": PlanSummary}


def read_parameters(template: Path) -> dict[str, Parameter]:
    """Return the names that the cell tagged ``parameters`` of a notebook declares, and their defaults; nothing is run.

    Raises
    ------
    UsageError
        If the file is no notebook, or has no such cell, or the cell holds anything but plain assignments.
    """
    try:
        if not template.is_file():
            raise UsageError(say("cli.no_file", file=template), say("run.no_parameters.remedy"))
        cells = json.loads(template.read_text(encoding="utf-8"))["cells"]
        tagged = [cell for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", [])]
        source = "".join(tagged[0]["source"])
        return dict(_assignment(statement) for statement in ast.parse(source).body)
    except (OSError, ValueError, KeyError, IndexError, TypeError, SyntaxError) as error:
        message = say("run.no_parameters", template=template, error=error)
        raise UsageError(message, say("run.no_parameters.remedy")) from error


def _assignment(statement: ast.stmt) -> tuple[str, Parameter]:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            literal = ast.literal_eval(value)
        case _:
            raise ValueError(f"line {statement.lineno} is no plain assignment")
    if not isinstance(literal, Parameter):
        raise TypeError(f"{name} is no text, number or truth value")
    return name, literal


def model_of(template: Path) -> type[Declared]:
    """Return the model of a notebook's parameters: ours, which its tagged cell must declare, or just that cell.

    Raises
    ------
    UsageError
        If the file is no notebook with a usable cell of parameters, or its cell differs from the model.
    """
    declared, model = read_parameters(template), MODELS.get(template.name)
    if model is None:
        fields: Any = {name: (type(value), value) for name, value in declared.items()}
        return create_model(template.stem, __base__=Declared, **fields)
    if differing := sorted(set(declared) ^ set(model.model_fields)):
        message = say("run.cell_differs", template=template.name, names=", ".join(differing))
        raise UsageError(message, say("run.cell_differs.remedy"))
    return model


def check_parameters(template: Path, given: Mapping[str, Parameter]) -> None:
    """Refuse parameters that are unknown, missing or mistyped, before anything starts.

    papermill itself would only log an unknown one.

    Raises
    ------
    UsageError
        Naming the parameter, and the nearest declared one or what would be right.
    """
    model = model_of(template)
    try:
        model.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise _unknown(template.name, name, model) from error
        key = "run.missing_parameter" if first["type"] == "missing" else "run.bad_parameter"
        message = say(key, template=template.name, name=name, value=given.get(name))
        raise UsageError(message, f"{name}: {_help(model, name)}") from error


def _unknown(notebook: str, name: str, model: type[Declared]) -> UsageError:
    message = say("run.unknown_parameter", template=notebook, name=name)
    return UsageError(message, say("data.nearest", near=", ".join(nearest(name, model.model_fields))))


def _help(model: type[Declared], name: str) -> str:
    field = model.model_fields[name]
    kind = getattr(field.annotation, "__name__", "")
    return say(field.description) if field.description else say("run.parameter.typed", kind=kind)


def check_injected(notebook: str, cells: Sequence[str], **required: Parameter) -> None:
    """Refuse what papermill passed to a notebook of ours by hand, where it does not know a name or lacks a value.

    papermill itself passes unknown names on, and the report of another area would be made in silence.

    Parameters
    ----------
    notebook :
        Name of the notebook's file.
    cells :
        Sources of the cells run so far: ``In`` of IPython.
    required :
        Parameters that have no default, as they were given.

    Raises
    ------
    UsageError
        Naming the parameter, and the nearest one or what to write.
    """
    model = MODELS[notebook]
    injected = [cell for cell in cells if cell.lstrip().startswith(INJECTED)]
    for name in (name for cell in injected for name, _ in map(_assignment, ast.parse(cell).body)):
        if name not in model.model_fields:
            raise _unknown(notebook, name, model)
    for name in (name for name, value in required.items() if value == ""):
        example = say("run.missing_parameter.remedy", template=notebook)
        message = say("run.missing_parameter", template=notebook, name=name)
        raise UsageError(message, f"{name}: {_help(model, name)} {example}")


def describe_parameters(template: Path) -> list[dict[str, Any]]:
    """Return one entry a parameter: name, type, default, whether it is required, allowed values, and help.

    Raises
    ------
    UsageError
        If the file is no notebook with a usable cell of parameters.
    """
    model = model_of(template)
    properties = model.model_json_schema()["properties"]
    return [
        {
            "name": name,
            "type": type(value).__name__,
            "default": value,
            "required": model.model_fields[name].is_required(),
            "allowed": ", ".join(properties[name].get("enum", ())) or properties[name].get("pattern", ""),
            "help": _help(model, name),
        }
        for name, value in read_parameters(template).items()
    ]


def execute(
    template: Path,
    output: Path,
    parameters: Mapping[str, Parameter],
    *,
    limits: Limits = Limits(),
    needs_parameters: bool = True,
    kernels: Kernels = "plain",
) -> float:
    """Execute `template` with `parameters` and leave the executed notebook at `output`.

    The kernel works in the folder of `output`, so a notebook may name its run by a relative path, and an executed
    notebook that is opened where it lies can be run again.

    Parameters
    ----------
    template, output :
        The notebook to run and the file to write, whole or (after an error) as far as it came.
    parameters :
        Checked against the tagged cell before anything starts.
    limits :
        On the time of a cell and on what it shows.
    needs_parameters :
        False for a notebook without a tagged cell.
    kernels :
        ``forked`` within :func:`toolkit.run.kernels.fork_server`.

    Returns
    -------
    float
        Seconds that the cells themselves took.

    Raises
    ------
    NotebookError
        If a cell fails or takes too long, or its kernel dies; the partial notebook is written all the same.
    """
    import nbformat
    import papermill

    if needs_parameters:
        check_parameters(template, parameters)

    output.parent.mkdir(parents=True, exist_ok=True)
    watch = Watch(limits)
    try:
        # papermill fills {fields} in paths, writes beside its own chdir, and only at the end: it gets no path at all
        papermill.execute_notebook(
            nbformat.reads(template.read_text(encoding="utf-8"), as_version=4),
            None,
            parameters=dict(parameters),
            engine_name=use_engine(),
            kernel_name=KERNEL_NAME,
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            kernel_manager_class=MANAGERS[kernels],
            resources={"metadata": {"path": str(output.parent)}},
            watch=watch,
        )
    except papermill.PapermillExecutionError as error:
        reason = _TERMINAL_COLOURS.sub("", f"{error.ename}: {error.evalue}").strip()
        raise NotebookError(template, error.cell_index + 1, reason) from error
    except Exception as error:
        if not watch.started:
            raise
        raise NotebookError(template, watch.cell + 1, watch.reason(error)) from error
    finally:
        if watch.notebook is not None:
            write_atomic(output, nbformat.writes(without_traces(watch.notebook)) + "\n")
    return watch.cell_seconds


def without_traces(notebook: Any) -> Any:
    """Return the notebook without times and paths of this machine, which would differ at every run."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.pop("language_info", None)  # the version of Python stands in the manifest
    for number, cell in enumerate(notebook.cells, start=1):
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell.id = "injected-parameters"
        elif "papermill-error-cell-tag" in cell.metadata.get("tags", ()):
            cell.id = f"error-{number:02d}"
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    return notebook


def describe(error: BaseException) -> str:
    """Return an error as one line for the index: our own in words, others with where they arose."""
    if isinstance(error, ToolkitError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" ({Path(last[0].filename).name}:{last[0].lineno})" if last else ""
    return f"{type(error).__name__}: {error}{place}"


class Watch:
    """Follows one notebook while it runs.

    Attributes
    ----------
    notebook :
        With all outputs so far; None before the kernel was asked for.
    cell :
        Index of the cell that was begun last; -1 before the first.
    cell_seconds :
        Seconds that the cells took so far.
    flooded :
        Whether the last cell showed more than it may.
    """

    def __init__(self, limits: Limits) -> None:
        self.notebook: Any = None
        self.cell = -1
        self.cell_seconds = 0.0
        self.flooded = False
        self._shown = 0
        self._cell_begun = 0.0
        self.limits = limits

    @property
    def started(self) -> bool:
        """Say whether a cell has been begun."""
        return self.cell >= 0

    def begin_cell(self, cell: Any, cell_index: int) -> None:
        """Note that a cell begins."""
        del cell
        self.cell = cell_index
        self._shown = 0
        self._cell_begun = time.monotonic()

    def end_cell(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        """Note that a cell has been executed."""
        del cell, cell_index, execute_reply
        self.cell_seconds += time.monotonic() - self._cell_begun

    def takes(self, message: Any) -> bool:
        """Say whether the cell may show what comes now."""
        content = message["content"]
        shown = [content.get("text", ""), *content.get("data", {}).values(), *content.get("traceback", ())]
        self._shown += sum(len(part) if isinstance(part, str) else len(repr(part)) for part in shown)
        self.flooded = self._shown > self.limits.output
        return not self.flooded

    def reason(self, error: Exception) -> str:
        """Return what went wrong, in a reader's words."""
        from nbclient.exceptions import CellTimeoutError, DeadKernelError

        if self.flooded:
            return say("run.cell_flood", limit=self.limits.output // 1_000_000)
        if isinstance(error, CellTimeoutError):
            return say("run.cell_timeout", seconds=f"{self.limits.cell:g}")
        if isinstance(error, DeadKernelError):
            return say("run.kernel_died")
        return f"{type(error).__name__}: {error}"


def use_engine() -> str:
    """Register the engine with papermill and return the name to call it by."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    if ENGINE not in papermill_engines._engines:

        class ToolkitEngine(NBClientEngine):  # type: ignore[misc]
            """Runs the notebook under a :class:`Watch`."""

            @classmethod
            def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, watch: Watch, **settings: Any) -> Any:
                """Execute the cells; see papermill."""
                watch.notebook = nb_man.nb
                settings.pop("input_path", None)
                client = Client(
                    nb_man,
                    kernel_name=kernel_name,
                    startup_timeout=settings.pop("start_timeout", 60),
                    timeout=watch.limits.cell,
                    on_cell_start=watch.begin_cell,
                    on_cell_executed=watch.end_cell,
                    shutdown_kernel="immediate",
                    **settings,
                )
                client.watch = watch
                return client.execute()

        class Client(PapermillNotebookClient):  # type: ignore[misc]
            """Ends the kernel of a cell that shows more than it may: nobody would read it, and it fills memory."""

            watch: Watch

            def process_message(self, message: Any, cell: Any, cell_index: int) -> Any:
                """Take a message of the kernel."""
                if self.watch.flooded or not self.watch.takes(message):
                    self.km.provisioner.process.send_signal(KILL)
                    return None
                return super().process_message(message, cell, cell_index)

        papermill_engines.register(ENGINE, ToolkitEngine)
    return ENGINE
