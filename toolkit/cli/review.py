"""``toolkit review``: past forecasts held against what came."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from toolkit.base.errors import UsageError
from toolkit.base.numbers import numbers
from toolkit.base.texts import say, texts
from toolkit.cli import options


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

    manifest, day = read_manifest(run), options.day_of(as_of)
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
        print(json.dumps({**summary, "folder": str(folder)}, indent=1))  # noqa: T201
        return
    format_number = numbers(texts(lang).language).decimal
    words = {name: "–" if value is None else format_number(value, 2) for name, value in summary.items()}
    if summary["figures"]:
        print(  # noqa: T201
            say("run.review.figures", count=summary["figures"], inside80=words["inside80"], inside95=words["inside95"],
                score=words["interval_score"])
        )  # fmt: skip
    if summary["verdicts"]:
        print(say("run.review.verdicts", count=summary["verdicts"], brier=words["brier"]))  # noqa: T201
    if not summary["figures"] and not summary["verdicts"]:
        print(say("run.review.none"))  # noqa: T201
    print(say("run.review.open", count=summary["open"]))  # noqa: T201
    print(say("run.review.written", folder=folder))  # noqa: T201
