"""One parameterized notebook, executed by papermill in a kernel of its own."""

from __future__ import annotations

import ast
import json
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.base.errors import ToolkitError, UsageError
from toolkit.base.files import write_atomic
from toolkit.base.texts import say
from toolkit.run.kernels import KERNEL_NAME, MANAGERS, Kernels

Parameter = str | int | float | bool
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
    """Seconds that one cell, and a whole notebook, may take before they are stopped."""

    cell: float = 600
    notebook: float = 1800


@dataclass(frozen=True)
class ParameterCell:
    """The tagged cell of a notebook: the names it declares and their default values."""

    defaults: Mapping[str, Parameter]


def read_parameters(template: Path) -> ParameterCell:
    """Read the cell tagged ``parameters`` of a notebook, without running it.

    Raises
    ------
    UsageError
        If the file is no notebook, or has no such cell, or the cell holds anything but plain assignments.
    """
    try:
        cells = json.loads(template.read_text(encoding="utf-8"))["cells"]
        tagged = [cell for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", [])]
        source = "".join(tagged[0]["source"])
        defaults = {}
        for statement in ast.parse(source).body:
            name, value = _assignment(statement)
            defaults[name] = value
    except (OSError, ValueError, KeyError, IndexError, TypeError, SyntaxError) as error:
        message = say("run.no_parameters", template=template, error=error)
        raise UsageError(message, say("run.no_parameters.remedy")) from error
    return ParameterCell(defaults)


def _assignment(statement: ast.stmt) -> tuple[str, Parameter]:
    match statement:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            literal = ast.literal_eval(value)
        case _:
            message = f"line {statement.lineno} is no plain assignment"
            raise ValueError(message)
    if not isinstance(literal, Parameter):
        message = f"{name} is no text, number or truth value"
        raise TypeError(message)
    return name, literal


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
        Seconds that one cell, and the whole notebook, may take.
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

    from toolkit.run.engine import Watch, use_engine
    from toolkit.run.parameters import check_parameters

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
        raise NotebookError(template, error.cell_index + 1, f"{error.ename}: {_plain(error.evalue)}") from error
    except Exception as error:
        if not watch.started:
            raise
        raise NotebookError(template, watch.cell + 1, watch.reason(error)) from error
    finally:
        if watch.notebook is not None:
            write_atomic(output, nbformat.writes(without_traces(watch.notebook)) + "\n")
    return watch.cell_seconds


def _plain(text: str) -> str:
    return _TERMINAL_COLOURS.sub("", str(text)).strip()


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
