"""Runs: `report` with its progress, `params`, and what they are worth later: `verify`, `review`. Apart as a group."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from toolkit.base.errors import UsageError, missing_packages, need_extra
from toolkit.base.files import check_own, own_folder, results_folder, scratch_folder, write_atomic
from toolkit.base.texts import Language, numbers, say, slug, texts, visible
from toolkit.cli import options
from toolkit.cli.options import option
from toolkit.forecast.make import DRAWS, MODEL, SEED
from toolkit.run.batch import Done, Job

if TYPE_CHECKING:
    from datetime import date

    from toolkit.plan.plan import Plan
    from toolkit.run.manifest import Asked
    from toolkit.run.reports import ReportRequest
    from toolkit.run.verify import FileResult


def report(
    area: options.AreaNames = None,
    level: options.LevelName = None,
    lang: Annotated[
        str,
        option(
            "--lang",
            "Language of the reports and of messages: vi, en, or vi,en for both.",
            callback=lambda text: options.speak(text.split(",")[0].strip()) and text,
            is_eager=True,
        ),
    ] = "vi",
    formats: Annotated[str, option("--format", "Forms: html,docx,pdf,brief (two pages).")] = "html",
    cycle: Annotated[str, option("--cycle", "Reporting round.", metavar="YEAR-annual|YEAR-six-month")] = "",
    audience: Annotated[str, option("--audience", "planner (no code) or reviewer (code to unfold).")] = "planner",
    since: Annotated[Path | None, option("--since", "Tell what changed since an earlier run.", metavar="RUN")] = None,
    notebook: options.Notebook = None,
    as_of: options.AsOf = None,
    out: Annotated[str | None, option("--out", "Folder of the run.", "reports/…", metavar="DIR")] = None,
    jobs: Annotated[int | None, option("--jobs", "Processes at a time.", "all cores", min=1)] = None,
    kernels: Annotated[
        str | None, option("--kernels", "forked (from a warm process) or plain.", "forked where the system can")
    ] = None,
    scheduler: Annotated[str, option("--scheduler", "Run on a Dask cluster.", metavar="tcp://…")] = "",
    force: Annotated[
        bool, option("--force/--resume", "Make all anew, or keep what is still good of an earlier run.")
    ] = False,
    cell_timeout: Annotated[int, option("--cell-timeout", "Seconds that a cell may take.", min=1)] = 600,
    sign: Annotated[Path | None, option("--sign", "Sign the manifest with an SSH key.", metavar="KEY")] = None,
    data: options.Data = None,
    plan: options.PlanName = None,
    draws: options.DrawCount = DRAWS,
    seed: options.Seed = SEED,
    model: options.Model = MODEL,
    as_json: Annotated[bool, option("--json", "Print events, one JSON object a line.")] = False,
) -> None:
    """Make the reports of areas: by default the province, its districts and the plan summary.

    Example: toolkit report --area "Bình Gia" --lang en

    Example: toolkit report --lang vi,en --format html,docx,pdf --level province,district,commune

    Example: toolkit report --notebook mine.ipynb
    """
    from toolkit.data.dataset import data_folder, load
    from toolkit.models import NAMES
    from toolkit.plan.load import load_plan
    from toolkit.reports.formats import AUDIENCES, FORMATS
    from toolkit.reports.index import start_html
    from toolkit.run.kernels import KINDS
    from toolkit.run.manifest import MANIFEST, Asked, signer
    from toolkit.run.notebook import Limits
    from toolkit.run.reports import ReportRequest, data_name

    if sign:
        signer(sign)
    if "://" in (out or ""):
        raise UsageError(say("run.no_address", out=out), say("run.no_address.remedy"))
    languages = tuple(dict.fromkeys(texts(name.strip()).language for name in lang.split(",")))
    forms = options.forms(formats, ("html",) if notebook else FORMATS)
    reader = options.one_of(audience, AUDIENCES, "report.no_audience", audience=audience)
    options.one_of(model, NAMES, "forecast.no_model", model=model)
    kind = options.one_of(kernels, KINDS, "run.no_kernels", kernels=kernels) if kernels else None
    if scheduler:
        need_extra("cluster")
    if missing := missing_packages("sheets"):
        print(say("run.no_workbook", packages=" ".join(missing)), file=sys.stderr)
    folder = data_folder(data)
    loaded = load_plan(plan, folder=folder)
    dataset = load(folder, as_of=_day(as_of, cycle, loaded))
    areas = options.wanted_areas(dataset, loaded, area, level)
    asked = Asked(
        areas=tuple(area.code for area in areas), plan=loaded.id, as_of=dataset.as_of, language=languages[0],
        summary=not area, level="" if area else level or "", data=data_name(folder), draws=draws, seed=seed,
        model=model, formats=tuple(form for form in FORMATS if form in {"html", *forms}), cycle=cycle.strip(),
        audience=reader, since=since is not None, notebook=visible(notebook.name) if notebook else "",
    )  # fmt: skip
    top = Path(out or results_folder() / run_name(asked, folder, "-".join(languages), area)).resolve()
    request = ReportRequest(
        asked, areas, top, folder.resolve(), since, notebook, jobs, kind, force, Limits(cell_timeout),
        scheduler,
    )  # fmt: skip
    failed, several = False, len(languages) > 1
    with own_folder(top, *(f"{name}/{MANIFEST}" for name in languages)) if several else nullcontext():
        for language in languages:
            options.speak(language)
            spoken = asked.model_copy(update={"language": language})
            failed |= _made(replace(request, asked=spoken, folder=top / language if several else top), as_json, sign)
        if several:
            write_atomic(top / "index.html", start_html(loaded, languages))
    if failed:
        raise typer.Exit(1)


def _made(request: ReportRequest, as_json: bool, key: Path | None) -> bool:
    """Make one run, sign it if there is a key, tell how far it is, and say whether a report failed."""
    from toolkit.run.manifest import sign
    from toolkit.run.reports import Listener, jobs_of, make_reports

    progress = Progress(total=len(jobs_of(request)), language=request.asked.language, events=as_json)
    run = make_reports(request, Listener(progress.stage, progress.start, progress.done))
    if key:
        sign(run.folder, key)
    progress.close_with(run.index, run.failed, run.digest)
    return bool(run.failed)


def _day(as_of: str | None, cycle: str, plan: Plan) -> date:
    """Return the day that counts: the one given, else the reporting round's, else today."""
    from toolkit.reports.context import cycle_of

    reporting = cycle_of(cycle.strip(), plan)
    if as_of or reporting is None:
        return options.counted_day(as_of)
    return reporting.as_of(options.counted_day(None))


LONGEST_NAME = 60
"""Characters of a part of a folder's name."""


def run_name(asked: Asked, data: Path, languages: str, names: Sequence[str] | None) -> str:
    """Return the usual name of a run's folder: two runs that differ in what a reader sees never share one."""
    unusual = asked.model_dump(include={"model", "draws", "seed", "audience", "notebook"}, exclude_defaults=True)
    parts = [
        asked.cycle or asked.as_of.isoformat(), languages, asked.level, "-".join(names or []),
        *(f"{name}-{value}" for name, value in unusual.items()),
        _told_apart(asked.data, str(data.resolve())) if asked.data else "",
    ]  # fmt: skip
    return "_".join([asked.plan, *(_short(part) for part in parts if part)])


def _short(text: str) -> str:
    """Return text as part of a name; what is cut off is told apart by six digits."""
    made = slug(text)
    return made if len(made) <= LONGEST_NAME else _told_apart(made[:LONGEST_NAME], text)


def _told_apart(name: str, whole: str) -> str:
    return f"{name}-{hashlib.sha256(whole.encode()).hexdigest()[:6]}"


class Progress:
    """Tells how far a run is, a line a report.

    Parameters
    ----------
    total :
        Number of reports to make.
    language :
        Of the messages.
    events :
        Print one JSON object a line to standard output instead of words to standard error.
    """

    def __init__(self, total: int, language: Language, *, events: bool = False) -> None:
        self._total, self._ended = total, 0
        self._texts, self._numbers = texts(language), numbers(language)
        self._events = events

    def stage(self, key: str) -> None:
        """Say which stage starts."""
        self._tell("stage", f"{self._texts.t(key)} …", name=key.removeprefix("run."))

    def start(self, job: Job) -> None:
        """Note that a report is begun."""
        self._tell("start", "", name=job.name)

    def done(self, done: Done) -> None:
        """Say how one report ended."""
        self._ended += 1
        outcome = "failed" if done.error else "kept" if done.kept else "done"
        job, seconds = done.job, self._numbers.decimal(done.seconds, 1)
        words = self._texts.t(f"run.page_{outcome}", name=job.name, label=job.label, seconds=seconds, error=done.error)
        told = {"seconds": round(done.seconds, 2), "error": done.error, "cell": done.cell}
        left = self._total - self._ended
        self._tell(outcome, f"[{self._ended}/{self._total}] {words}", name=job.name, **told, left=left)

    def close_with(self, index: Path, failed: Sequence[Done], digest: str) -> None:
        """Say where the result is, which reports are missing, and last the digest of the run."""
        names = [item.job.name for item in failed]
        listed = ", ".join(f"{item.job.label} ({item.job.name})" for item in failed)
        missing = self._texts.t("run.some_failed", count=len(failed), names=listed) if failed else ""
        self._tell("end", missing, index=str(index), folder=str(index.parent), failed=names, digest=digest)
        if not self._events:
            print(self._texts.t("run.where", index=index))
            print(self._texts.t("run.digest", digest=digest))

    def _tell(self, event: str, line: str, **fields: object) -> None:
        if self._events:
            print(json.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)
        elif line:
            print(line, file=sys.stderr, flush=True)


def params(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="A notebook with a cell tagged 'parameters'.")],
    lang: options.Speech = "vi",  # noqa: ARG001  (sets the language by itself)
    as_json: options.Json = False,
) -> None:
    """Print the parameters of a notebook: name, type, default, what is allowed, and what it means.

    Example: toolkit params parameterized/area_report.ipynb --lang en
    """
    from toolkit.run.notebook import describe_parameters

    entries = describe_parameters(notebook)
    if as_json:
        print(json.dumps(entries, ensure_ascii=False, indent=1))
        return
    for entry in entries:
        state = say("run.required") if entry["required"] else f"= {json.dumps(entry['default'], ensure_ascii=False)}"
        allowed = f" [{entry['allowed']}]" if entry["allowed"] else ""
        print(f"{entry['name']}: {entry['type']}{allowed} {state}\n    {entry['help']}".rstrip())


def verify(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, as toolkit report leaves it.")],
    hashes: Annotated[bool, option("--hashes", "Only compare hashes; do not make the run again.")] = False,
    digest: Annotated[str, option("--digest", "Digest off a page, or the last line of the command.")] = "",
    signers: Annotated[
        Path | None, option("--signers", "Allowed signers, as ssh-keygen has them.", metavar="FILE")
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
    from toolkit.run import verify as checks
    from toolkit.run.manifest import read_manifest, signed_by, signer

    if signers:
        signer(signers)
    manifest = read_manifest(run)
    tell = (lambda _: None) if as_json else _tell
    against = data or checks.own_data(manifest)
    altered = checks.altered_files(run, data=against)
    for item in altered:
        tell(f"{say(f'run.verify.{item.part}')} {item.file}: {say(f'run.verify.{item.change}')}")
    if not altered:
        tell(say("run.verify.hashes_good", count=len(manifest.inputs) + len(manifest.outputs)))
    if against is None:
        tell(say("run.verify.no_data", data=manifest.parameters.data))
    holds = checks.digest_holds(run, given=digest)
    tell(say(f"run.verify.digest.{'holds' if holds else 'differs'}", digest=manifest.digest))
    claims = checks.unchecked(manifest)
    for name, then, now in claims:
        tell(say("run.verify.unchecked", name=name, then=then or "–", now=now or "–"))
    signed = signed_by(run, signers) if signers else ""
    if signers:
        tell(say("run.verify.signed", name=signed) if signed else say("run.verify.not_signed"))
    results: Sequence[FileResult] = ()
    if not hashes:
        tell(f"{say('run.verify.again')} …")
        with scratch_folder("verify") as folder:
            results = checks.made_again(run, folder, data=data, notebook=notebook)
        _tell_results(results, tell)
        left = checks.not_compared(run)
        tell(say("run.verify.not_compared", files=", ".join(left)) if left else say("run.verify.all_compared"))
    outcome = "" if hashes else checks.outcome_of(results, same_program=not claims)
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
    out: Annotated[Path | None, option("--out", "Folder for the tables.", "RUN-review", metavar="DIR")] = None,
    as_of: options.AsOf = None,
    data: options.Data = None,
    lang: options.Speech = "vi",
    as_json: options.Json = False,
) -> None:
    """Settle the forecasts of a run against newer data, and score them.

    Example: toolkit review reports/langson-138-2022_2024-12-31_vi --lang en
    """
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
