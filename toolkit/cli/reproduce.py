"""What a run is worth later: ``toolkit verify`` and ``toolkit review``. Apart as a group of commands."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from toolkit.base.errors import UsageError
from toolkit.base.files import scratch_folder
from toolkit.base.texts import numbers, say, texts, visible
from toolkit.cli import options

if TYPE_CHECKING:
    from toolkit.run.verify import FileResult


def verify(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, as toolkit report leaves it.")],
    hashes: Annotated[bool, typer.Option("--hashes", help="Only compare hashes; do not make the run again.")] = False,
    digest: Annotated[
        str, typer.Option("--digest", help="Digest off a page, or the last line of the command.", show_default=False)
    ] = "",
    signers: Annotated[
        Path | None,
        typer.Option("--signers", metavar="FILE", help="Allowed signers, as ssh-keygen has them.", show_default=False),
    ] = None,
    notebook: options.Notebook = None,
    data: options.Data = None,
    lang: options.Speech = "vi",  # noqa: ARG001  (sets the language by itself)
    as_json: options.Json = False,
) -> None:
    """Name every altered file of a run; then make it again and name the numbers that changed, cell by cell.

    The last line is the outcome: identical, only versions differ, or numbers that changed. Exit code 1 where anything
    was altered, a number changed, or a digest or signature does not hold.

    Example: toolkit verify reports/langson-138-2022_2026-11-23_vi --lang en
    """
    from toolkit.run.manifest import read_manifest, signed_by, signer
    from toolkit.run.verify import (
        altered_files,
        digest_holds,
        made_again,
        not_compared,
        outcome_of,
        own_data,
        unchecked,
    )  # fmt: skip

    if signers:
        signer(signers)
    manifest = read_manifest(run)
    tell = (lambda _: None) if as_json else _tell
    against = data or own_data(manifest)
    altered = altered_files(run, data=against)
    for item in altered:
        tell(f"{say(f'run.verify.{item.part}')} {item.file}: {say(f'run.verify.{item.change}')}")
    if not altered:
        tell(say("run.verify.hashes_good", count=len(manifest.inputs) + len(manifest.outputs)))
    if against is None:
        tell(say("run.verify.no_data", data=manifest.parameters.data))
    holds = digest_holds(run, given=digest)
    tell(say(f"run.verify.digest.{'holds' if holds else 'differs'}", digest=manifest.digest))
    claims = unchecked(manifest)
    for name, then, now in claims:
        tell(say("run.verify.unchecked", name=name, then=then or "–", now=now or "–"))
    signed = signed_by(run, signers) if signers else ""
    if signers:
        tell(say("run.verify.signed", name=signed) if signed else say("run.verify.not_signed"))
    results: Sequence[FileResult] = ()
    if not hashes:
        tell(f"{say('run.verify.again')} …")
        with scratch_folder("verify") as folder:
            results = made_again(run, folder, data=data, notebook=notebook)
        _tell_results(results, tell)
        left = not_compared(run)
        tell(say("run.verify.not_compared", files=", ".join(left)) if left else say("run.verify.all_compared"))
    outcome = "" if hashes else outcome_of(results, same_program=not claims)
    if outcome:
        tell(say(f"run.verify.outcome.{outcome}"))
    if as_json:
        record = {
            "outcome": outcome,
            "altered": [asdict(item) for item in altered],
            "digest_holds": holds,
            "signed_by": signed,
            "unchecked": [{"name": name, "then": then, "now": now} for name, then, now in claims],
            "files": [asdict(item) for item in results],
        }
        print(json.dumps(record, ensure_ascii=False, indent=1))
    if altered or not holds or outcome == "changed" or (signers and not signed):
        raise typer.Exit(1)


def _tell(line: str) -> None:
    print(visible(line), flush=True)


def _tell_results(results: Sequence[FileResult], tell: Callable[[str], None]) -> None:
    from toolkit.run.verify import FileOutcome

    counts = Counter(item.outcome for item in results)
    for outcome in get_args(FileOutcome):
        if counts[outcome]:
            key = "gone" if outcome == "missing" else outcome
            tell(say(f"run.verify.{key}", count=counts[outcome]))
    for item in results:
        if item.outcome != "identical":
            tell(f"{item.file}:")
        for difference in item.differences:
            place = ", ".join(say(f"run.verify.at.{name}", value=value) for name, value in difference.place.items())
            words = {"before": difference.before[:160], "after": difference.after[:160]}
            tell(f"  {say('run.verify.was_now', place=place, **words)}")


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

    Example: toolkit review reports/langson-138-2022_2024-12-31_vi --lang en
    """
    from toolkit.base.files import check_own, own_folder, write_atomic
    from toolkit.data.dataset import data_folder
    from toolkit.evaluate.ledger import review as settle
    from toolkit.reports.index import table_csv
    from toolkit.run.session import compute_run
    from toolkit.run.verify import ledger_of

    folder = check_own(out or run.with_name(f"{run.resolve().name}-review"))
    day = options.counted_day(as_of)
    manifest, ledger = ledger_of(run)
    known = manifest.parameters.as_of
    if day <= known:
        raise UsageError(say("run.review.not_later", day=day, known=known), say("run.review.not_later.remedy"))
    codes = manifest.parameters.areas
    later = compute_run(codes, data=data_folder(data), plan=manifest.parameters.plan, as_of=day)
    answers = {(code, answer.target_id): answer for code in codes for answer in later.attainments(code)}
    settled = {key: answer.verdict == "met" for key, answer in answers.items() if answer.outcome == "settled"}
    reported = {key for key, answer in answers.items() if answer.last_year == answer.due and answer.grade != "N"}
    found = settle(ledger, later.dataset, settled, reported)
    with own_folder(folder):
        for name, table in (("figures", found.figures), ("verdicts", found.verdicts)):
            write_atomic(folder / f"{name}.csv", table_csv(table))
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
    print(say("run.review.counts", **found.counts))
    print(say("run.review.written", folder=folder))
