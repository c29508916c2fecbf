"""What a run is worth later: ``toolkit verify`` and ``toolkit review``. Apart as a group of commands."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from toolkit.base.errors import UsageError
from toolkit.base.files import scratch_prefix
from toolkit.base.texts import numbers, say, texts
from toolkit.cli import options

if TYPE_CHECKING:
    from toolkit.run.verify import Altered, FileResult


def verify(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, as toolkit report leaves it.")],
    hashes: Annotated[bool, typer.Option("--hashes", help="Only compare hashes; do not make the run again.")] = False,
    data: options.Data = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (sets the language by itself)
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
                print(say("run.verify.other_program", then=manifest["commit"], now=commit()))
            print(f"{say('run.verify.again')} …", flush=True)
        with tempfile.TemporaryDirectory(prefix=scratch_prefix("verify")) as folder:
            results = made_again(run, Path(folder), data=data)
        if not as_json:
            _print_results(results)
    if as_json:
        record = {"altered": [asdict(item) for item in altered], "files": [asdict(item) for item in results]}
        print(json.dumps(record, ensure_ascii=False, indent=1))
    if altered or any(item.outcome not in ("identical", "within_tolerance") for item in results):
        raise typer.Exit(1)


def _print_altered(altered: Sequence[Altered], count: int) -> None:
    for item in altered:
        print(f"{say(f'run.verify.{item.part}')} {item.file}: {say(f'run.verify.{item.change}')}")
    if not altered:
        print(say("run.verify.hashes_good", count=count))


def _print_results(results: Sequence[FileResult]) -> None:
    from toolkit.run.verify import FileOutcome

    counts = Counter(item.outcome for item in results)
    for outcome in get_args(FileOutcome):
        if counts[outcome]:
            key = "gone" if outcome == "missing" else outcome
            print(say(f"run.verify.{key}", count=counts[outcome]))
    for item in results:
        if item.outcome != "identical":
            print(f"{item.file}:")
        for difference in item.differences:
            place = say(f"run.verify.at.{difference.kind}", **difference.cell)
            words = {"before": difference.before[:160], "after": difference.after[:160]}
            print(f"  {say('run.verify.was_now', place=place, **words)}")


def review(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, as toolkit report leaves it.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for the tables.", show_default="RUN-review")
    ] = None,
    as_of: options.AsOf = None,
    data: options.Data = None,
    lang: options.Speech = "vi",
    as_json: options.Json = False,
) -> None:
    """Settle the forecasts of a run against newer data, and score them.

    Example: toolkit review reports/langson-138_2024-12-31_vi --lang en
    """
    from toolkit.base.files import write_atomic
    from toolkit.evaluate.ledger import read_ledger
    from toolkit.evaluate.ledger import review as settle
    from toolkit.run.manifest import read_manifest
    from toolkit.run.reports import LEDGER
    from toolkit.run.session import compute_run
    from toolkit.run.verify import data_of

    manifest, day = read_manifest(run), options.counted_day(as_of)
    if day.isoformat() <= manifest["as_of"]:
        raise UsageError(
            say("run.review.not_later", day=day, known=manifest["as_of"]), say("run.review.not_later.remedy")
        )
    ledger = read_ledger(run / LEDGER)
    codes = manifest["parameters"]["areas"]
    later = compute_run(codes, data=data or data_of(run), plan=manifest["parameters"]["plan"], as_of=day)
    answers = [answer for code in codes for answer in later.attainments(code) if answer.outcome == "settled"]
    settled = {(answer.area_code, answer.target_id): answer.verdict == "met" for answer in answers}
    found = settle(ledger, later.dataset, settled)
    folder = out or run.with_name(f"{run.resolve().name}-review")
    write_atomic(folder / "figures.csv", found.figures.to_csv(index=False, lineterminator="\n"))
    write_atomic(folder / "verdicts.csv", found.verdicts.to_csv(index=False, lineterminator="\n"))
    summary = found.summary()
    if as_json:
        print(json.dumps({**summary, "folder": str(folder)}, indent=1))
        return
    format_number = numbers(texts(lang).language).decimal
    words = {name: "–" if value is None else format_number(value, 2) for name, value in summary.items()}
    if summary["figures"]:
        print(
            say("run.review.figures", count=summary["figures"], inside80=words["inside80"], inside95=words["inside95"],
                score=words["interval_score"])
        )  # fmt: skip
    if summary["verdicts"]:
        print(say("run.review.verdicts", count=summary["verdicts"], brier=words["brier"]))
    if not summary["figures"] and not summary["verdicts"]:
        print(say("run.review.none"))
    print(say("run.review.open", count=summary["open"]))
    print(say("run.review.written", folder=folder))
