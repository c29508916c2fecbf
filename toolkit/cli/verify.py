"""``toolkit verify``: whether a run is still what it says, and whether making it again gives the same."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from toolkit.base.files import scratch_prefix
from toolkit.base.texts import say
from toolkit.cli import options

if TYPE_CHECKING:
    from toolkit.run.verify import Altered, FileResult


def verify(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, as toolkit report leaves it.")],
    hashes: Annotated[bool, typer.Option("--hashes", help="Only compare hashes; do not make the run again.")] = False,
    data: options.Data = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (the option itself sets the language)
    as_json: options.Json = False,
) -> None:
    """Name every altered file of a run; then make it again and name the numbers that changed, cell by cell.

    Example: toolkit verify reports/langson-138_2026-11-23_vi --lang en
    """
    from toolkit.run.manifest import commit, read_manifest
    from toolkit.run.verify import altered_files, made_again

    manifest = read_manifest(run)
    altered = altered_files(run, data=data)
    if not as_json:
        _print_altered(altered, len(manifest["inputs"]) + len(manifest["outputs"]))
    results: Sequence[FileResult] = ()
    if not hashes:
        if not as_json:
            if manifest["commit"] != commit():
                print(say("run.verify.other_program", then=manifest["commit"], now=commit()))  # noqa: T201
            print(f"{say('run.verify.again')} …", flush=True)  # noqa: T201
        with tempfile.TemporaryDirectory(prefix=scratch_prefix("verify")) as folder:
            results = made_again(run, Path(folder), data=data)
        if not as_json:
            _print_results(results)
    if as_json:
        record = {"altered": [asdict(item) for item in altered], "files": [asdict(item) for item in results]}
        print(json.dumps(record, ensure_ascii=False, indent=1))  # noqa: T201
    if altered or any(item.outcome not in ("identical", "within_tolerance") for item in results):
        raise typer.Exit(1)


def _print_altered(altered: Sequence[Altered], count: int) -> None:
    for item in altered:
        print(f"{say(f'run.verify.{item.part}')} {item.file}: {say(f'run.verify.{item.change}')}")  # noqa: T201
    if not altered:
        print(say("run.verify.hashes_good", count=count))  # noqa: T201


def _print_results(results: Sequence[FileResult]) -> None:
    from toolkit.run.verify import Outcome

    counts = Counter(item.outcome for item in results)
    for outcome in get_args(Outcome):
        if counts[outcome]:
            key = "gone" if outcome == "missing" else outcome
            print(say(f"run.verify.{key}", count=counts[outcome]))  # noqa: T201
    for item in results:
        if item.outcome != "identical":
            print(f"{item.file}:")  # noqa: T201
        for difference in item.differences:
            place = say(f"run.verify.at.{difference.kind}", **difference.cell)
            words = {"before": difference.before[:160], "after": difference.after[:160]}
            print(f"  {say('run.verify.was_now', place=place, **words)}")  # noqa: T201
