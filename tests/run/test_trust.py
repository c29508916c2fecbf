"""What verify means: forgeries, snapshots, relaunches, digests, signatures, and runs that mean harm."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT, TODAY
from tests.reports.forms import pdf_text
from tests.run.test_engine import COMMON, contents, made, report, toolkit
from toolkit.base.errors import DataError
from toolkit.base.files import sha256
from toolkit.cli.report import run_name
from toolkit.evaluate.ledger import open_ledger
from toolkit.run import manifest
from toolkit.run import reports as runs
from toolkit.run.manifest import Asked, Manifest, read_manifest
from toolkit.run.session import open_run
from toolkit.run.verify import altered_files, compare_runs, digest_holds, request_of

ONE = ("--area", "182")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the data that tests may alter."""
    copy = tmp_path_factory.mktemp("project") / "data"
    return Path(shutil.copytree(ROOT / "data", copy, ignore=shutil.ignore_patterns("panels", "provinces")))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """Make a run of one area in all forms; its last event tells the digest."""
    folder = tmp_path_factory.mktemp("run") / "first"
    events = report(folder, "--data", data, "--format", "html,docx,pdf", areas=ONE)
    (folder.parent / "digest").write_text(events[-1]["digest"], encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def again(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the run again, as verify does."""
    folder = tmp_path_factory.mktemp("again") / "run"
    runs.make_reports(request_of(run, folder))
    return folder


@pytest.fixture
def forged(run: Path, tmp_path: Path) -> Path:
    """Return a copy of the run to forge."""
    return Path(shutil.copytree(run, tmp_path / "forged"))


def mend(folder: Path, **claims: object) -> None:
    """Let records, manifest and its digest say what a forged run now is, as a careful forger does."""
    files = {name: sha256(file) for name, file in manifest.plain_files(folder).items() if manifest.is_output(file)}
    for record in [*(folder / "records").glob("*.json"), folder / "forecasts" / "key"]:
        said = json.loads(record.read_text(encoding="utf-8"))
        said["outputs"] = {name: files[name] for name in said["outputs"] if name in files}
        record.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
        files[record.relative_to(folder).as_posix()] = sha256(record)
    said = {**json.loads((folder / "manifest.json").read_text(encoding="utf-8")), "outputs": files, **claims}
    said["digest"] = Manifest.model_validate_json(json.dumps(said)).expected_digest()
    (folder / "manifest.json").write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def digit(content: bytes) -> bytes:
    """Return content with its last digit but one changed."""
    at = [place for place, byte in enumerate(content) if byte in b"0123456789"][-2]
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def first_digit(content: bytes) -> bytes:
    """Return content with its first digit changed: of a record, the key."""
    at = next(place for place, byte in enumerate(content) if byte in b"0123456789")
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def in_archive(part: str) -> Callable[[bytes], bytes]:
    """Return a forgery of one part of an archive."""

    def forge(content: bytes) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                body = old.read(name)
                new.writestr(zipfile.ZipInfo(name), digit(body) if name.startswith(part) else body)
        return made.getvalue()

    return forge


def other_draw(content: bytes) -> bytes:
    """Return draws of which one is another."""
    arrays = dict(np.load(io.BytesIO(content)))
    arrays["low"] = arrays["low"] ^ np.array([0] * (arrays["low"].size - 1) + [4096], dtype=np.uint16)
    made = io.BytesIO()
    np.savez(made, **arrays)
    return made.getvalue()


FORGERIES: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("areas/*.html", digit), ("areas/*.ipynb", digit), ("areas/*.docx", in_archive("word/document.xml")),
    ("areas/*.pdf", digit), ("index.html", digit), ("attainment.csv", digit),
    ("attainment.xlsx", in_archive("xl/worksheets/sheet1.xml")), ("tables/forecast.csv", digit),
    ("tables/sources.csv", digit), ("ledger.zip", digit), ("forecasts/182.npz", other_draw),
    ("forecasts/182.json", digit), ("forecasts/answers/182.json", digit), ("forecasts/index.json", digit),
    ("forecasts/run.json", digit), ("ro-crate-metadata.json", digit), ("records/182.json", first_digit),
)  # fmt: skip


def test_what_is_made_again_is_the_same_byte_for_byte(run: Path, again: Path) -> None:
    assert {item.outcome for item in compare_runs(run, again)} == {"identical"}
    assert contents(run) == contents(again)


@pytest.mark.parametrize(("name", "forge"), FORGERIES, ids=[name for name, _ in FORGERIES])
def test_a_forged_file_whose_hash_was_mended_is_found(
    name: str, forge: Callable[[bytes], bytes], run: Path, again: Path, forged: Path
) -> None:
    (file,) = forged.glob(name)
    file.write_bytes(forge(file.read_bytes()))
    mend(forged)
    assert [item for item in altered_files(forged) if item.file != file.relative_to(forged).as_posix()] == []
    changed = {item.file for item in compare_runs(forged, again) if item.outcome != "identical"}
    assert file.relative_to(forged).as_posix() in changed
    whole = (run.parent / "digest").read_text(encoding="utf-8")
    assert not digest_holds(forged, given=whole)  # and the anchor outside the folder tells at once


def test_every_kind_of_file_of_a_run_has_its_forgery(run: Path) -> None:
    kinds = {file.suffix for name, _ in FORGERIES for file in run.glob(name)}
    outputs = {name for name in read_manifest(run).outputs if not name.startswith("data/")}
    assert {Path(name).suffix for name in outputs} - {""} == kinds


@pytest.mark.parametrize(
    ("claim", "entry"),
    [
        ({"command": "toolkit report --area 182; rm -rf ~"}, "/command"),
        ({"simulated": True}, "/simulated"),
        ({"failed": {"20": "no"}}, "/failed/20"),
    ],
)
def test_what_a_manifest_claims_of_the_run_is_checked(
    claim: dict[str, object], entry: str, forged: Path, again: Path
) -> None:
    mend(forged, **claim)
    (found,) = (item for item in compare_runs(forged, again) if item.file == "manifest.json")
    assert entry in {item.place["entry"] for item in found.differences}


def test_data_in_a_run_that_its_manifest_does_not_name_are_altered_input(forged: Path) -> None:
    table = forged / "data" / "observations" / "0001.csv"
    table.write_bytes(digit(table.read_bytes()))
    mend(forged)
    assert [(item.part, item.file) for item in altered_files(forged)] == [("input", "data/observations/0001.csv")]


def test_another_commit_with_the_same_numbers_is_only_another_version(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "commit", lambda: "0123456789ab")
    done = toolkit("verify", run, "--lang", "en")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == "Outcome: only versions differ, the numbers are the same."
    assert f"Not checked here: commit – the run says {read_manifest(run).commit or '–'}" in done.output


def test_an_ingest_during_a_run_is_no_part_of_it(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, save = data / "observations" / "0001.csv", runs.save_run
    kept = table.read_bytes()

    def ingested(*given: object) -> None:
        table.write_bytes(kept.replace(b",2025,,2.32,", b",2025,,2.42,", 1))
        save(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "save_run", ingested)
    try:
        report(tmp_path / "run", "--data", data, areas=("--area", "20"))
        assert table.read_bytes() != kept
        record = read_manifest(tmp_path / "run")
        assert (tmp_path / "run" / "data" / "observations" / "0001.csv").read_bytes() == kept
        assert record.inputs["data/observations/0001.csv"] == record.outputs["data/observations/0001.csv"]
        assert record.inputs["data/observations/0001.csv"] != sha256(table)
        page = next((tmp_path / "run" / "areas").glob("*.html")).read_text(encoding="utf-8")
        assert "2.32%" in page
        assert open_run(tmp_path / "run").dataset.series("20", "poverty_rate", "all").observations[-1].value == 2.32
    finally:
        table.write_bytes(kept)


@pytest.mark.parametrize("name", ["forecasts/182.npz", "forecasts/182.json", "forecasts/answers/182.json"])
def test_altered_draws_and_answers_are_made_again_and_never_laundered(name: str, forged: Path, data: Path) -> None:
    before = contents(forged)
    file = forged / name
    file.write_bytes(other_draw(before[name]) if name.endswith("npz") else digit(before[name]))
    assert made(report(forged, "--data", data, "--format", "html,docx,pdf", areas=ONE)) == ["182"]
    assert contents(forged) == before


def test_other_data_in_the_same_folder_leave_no_old_forecast_beside_them(forged: Path, data: Path) -> None:
    other = Path(shutil.copytree(data, forged.parent / "other"))
    table = other / "observations" / "0001.csv"
    table.write_bytes(table.read_bytes().replace(b",2025,,2.32,", b",2025,,2.42,", 1))
    manifest.take_snapshot(other, forged)
    with pytest.raises(DataError):
        open_run(forged)  # as a run killed right here would leave it


def test_the_digest_stands_on_every_page_and_paper_and_in_the_last_line(run: Path) -> None:
    whole = (run.parent / "digest").read_text(encoding="utf-8")
    page = whole.partition("-")[0]
    assert re.fullmatch(r"[0-9a-f]{32}-[0-9a-f]{32}", whole)
    for file in run.rglob("*.html"):
        assert page in file.read_text(encoding="utf-8"), file
    with zipfile.ZipFile(next(run.rglob("*.docx"))) as paper:
        assert page in paper.read("word/document.xml").decode()
    assert page in re.sub(r"\s", "", pdf_text(next(run.rglob("*.pdf")).read_bytes()))
    for given, code in ((page, 0), (whole, 0), (page.upper(), 0), (whole[:-1] + "x", 1), ("0" * 32, 1)):
        assert toolkit("verify", run, "--hashes", "--digest", given).exit_code == code, given


def test_a_run_with_other_settings_says_so_on_its_pages(run: Path) -> None:
    for page in run.rglob("*.html"):
        text = page.read_text(encoding="utf-8").replace("\u00a0", " ")
        assert "A trial, not the published version: model default, 200 paths, seed 138" in text


ASKED = Asked(areas=(), plan="langson-138-2022", as_of=date(2026, 11, 23))


def test_the_usual_folder_tells_runs_apart() -> None:
    usual = run_name(ASKED, ROOT / "data", "vi", None)
    assert usual == "langson-138-2022_2026-11-23_vi"
    changes = [{"model": "drift"}, {"draws": 200}, {"seed": 1}, {"plan": "bac-kan-379"}, {"audience": "reviewer"},
               {"level": "commune"}, {"cycle": "2026-annual"}]  # fmt: skip
    names = [run_name(ASKED.model_copy(update=change), ROOT / "data", "vi", None) for change in changes]
    figures = ASKED.model_copy(update={"data": "figures"})
    names += [run_name(figures, Path(folder), "vi", None) for folder in ("/a/figures", "/b/figures")]
    names += [run_name(ASKED, ROOT / "data", "vi", ["x" * 60, last]) for last in ("a", "b")]
    assert len({usual, *names}) == len(names) + 1
    assert all(re.fullmatch(r"[\w.-]{1,200}", name) for name in names)


def test_a_run_may_name_every_commune_of_the_country() -> None:
    asked = ASKED.model_copy(update={"areas": tuple(f"{code:05d}" for code in range(3321)), "summary": False})
    nothing: dict[str, str] = {}
    record = Manifest(
        digest="", parameters=asked, simulated=False, command=asked.command, program="", commit="",
        versions=nothing, failed=nothing, inputs=nothing, outputs=nothing,
    )  # fmt: skip
    assert record.command.count("--area") == 3321


def test_a_signature_holds_for_what_was_signed_and_for_nobody_else(forged: Path, data: Path, tmp_path: Path) -> None:
    for name in ("key", "other"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(tmp_path / name)]
        subprocess.run(command, check=True)
        public = (tmp_path / f"{name}.pub").read_text(encoding="utf-8")
        (tmp_path / f"{name}.signers").write_text(f"{name}@example.org {public}", encoding="utf-8")
    report(forged, "--data", data, "--format", "html,docx,pdf", "--sign", tmp_path / "key", areas=ONE)
    good = toolkit("verify", forged, "--hashes", "--signers", tmp_path / "key.signers", "--lang", "en")
    assert (good.exit_code, "Signed by key@example.org." in good.output) == (0, True)
    stranger = toolkit("verify", forged, "--hashes", "--signers", tmp_path / "other.signers", "--lang", "en")
    assert (stranger.exit_code, "No good signature" in stranger.output) == (1, True)
    mend(forged, simulated=True)
    assert toolkit("verify", forged, "--hashes", "--signers", tmp_path / "key.signers").exit_code == 1
    refused = toolkit("report", *ONE, *COMMON, "--out", tmp_path / "out", "--sign", tmp_path / "none")
    assert refused.exit_code != 0
    assert not (tmp_path / "out").exists()


def hostile(folder: Path, kind: str) -> None:
    """Make a run one that means harm."""
    record = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    table = folder / "ledger.zip"
    match kind:
        case "link":
            table.unlink()
            table.symlink_to("/etc/passwd")
        case "linked folder":
            (folder / "tables" / "more").symlink_to("/")
        case "pipe":
            table.unlink()
            os.mkfifo(table)
        case "linked manifest":
            (folder / "manifest.json").rename(folder.parent / "manifest.json")
            (folder / "manifest.json").symlink_to(folder.parent / "manifest.json")
        case "deep folders":
            (folder / "/".join("d" * 20)).mkdir(parents=True)
        case "deep":
            (folder / "manifest.json").write_text("[" * 200_000, encoding="utf-8")
        case "mistyped":
            record["outputs"] = 7
        case "no text":
            record["parameters"]["areas"] = [{"a": 1}]
        case "outside":
            record["parameters"]["plan"] = "../../../etc/passwd"
        case "endless":
            record["parameters"]["draws"] = 10**12
        case "terminal":
            record["outputs"]["\x1b]0;x\x07"] = "0" * 64
        case "not a list":
            record = []  # type: ignore[assignment]
    if kind not in ("deep", "linked manifest"):
        (folder / "manifest.json").write_text(json.dumps(record), encoding="utf-8")


@pytest.mark.parametrize("command", ["verify", "review"])
@pytest.mark.parametrize(
    "kind",
    ["link", "linked folder", "pipe", "linked manifest", "deep folders", "deep", "mistyped", "no text", "outside",
     "endless", "terminal", "not a list"],
)  # fmt: skip
def test_a_run_that_means_harm_is_refused_in_words(kind: str, command: str, forged: Path) -> None:
    hostile(forged, kind)
    done = toolkit(command, forged)
    assert isinstance(done.exception, DataError), done.exception
    assert "\x1b" not in str(done.exception)


def test_a_ledger_that_is_not_the_manifests_is_no_record(forged: Path) -> None:
    table = forged / "ledger.zip"
    packed = table.read_bytes()
    table.write_bytes(digit(packed))
    day = date(TODAY.year + 1, 6, 1).isoformat()
    assert "ledger.zip" in str(toolkit("review", forged, "--as-of", day).exception)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        kept = archive.read("ledger.csv")

    def archived(text: bytes) -> bytes:
        stream = io.BytesIO()
        with open_ledger(stream) as ledger:
            ledger.write(text)
        return stream.getvalue()

    assert archived(kept) == packed
    for broken in (
        archived(kept.replace(b"2026-11-23", b"2020-01-01")),
        archived(kept.replace(b",0.5,", b",0.4,")),
        archived(kept[:-9]),
        packed[:-9],
        b"\x00",
        b"",
    ):
        table.write_bytes(broken)
        mend(forged)
        assert isinstance(toolkit("review", forged, "--as-of", day).exception, DataError)
