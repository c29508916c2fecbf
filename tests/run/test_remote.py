"""Runs on S3: a real server and real drivers, which live in an environment of their own (see docs/exchange.md)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT
from toolkit.base.errors import UsageError
from toolkit.run.remote import Remote

PYTHON = os.environ.get("TOOLKIT_S3", "")
PROGRAM = """
import builtins, json, os, sys
import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://{}:{}".format(*server.get_host_and_port())
os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1",
               "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": "true"}
client = boto3.client("s3", endpoint_url=address)
client.create_bucket(Bucket="runs")
if sys.argv[1] == "obstore":
    sys.modules["s3fs"] = None  # as where it is not installed
from toolkit.run.remote import destination

def stored():
    found = client.list_objects_v2(Bucket="runs").get("Contents", [])
    return {item["Key"]: [item["LastModified"].isoformat(), item["ETag"]] for item in found}

told = {}
with destination("s3://runs/vi/first") as first:
    told["driver"] = type(first.remote._files).__module__.split(".")[0]
    (first.folder / "areas").mkdir()
    (first.folder / "areas" / "Lạng Sơn.html").write_text("xin chào", encoding="utf-8")
    (first.folder / "areas" / "old.bin").write_bytes(bytes(range(256)) * 40_000)  # more than one part
    first.after(lambda done: told.update(between=sorted(stored())))(None)
    (first.folder / "manifest.json").write_text("{}", encoding="utf-8")
told["first"] = stored()
with destination("s3://runs/vi/first") as again:
    told["fetched"] = {
        file.relative_to(again.folder).as_posix(): file.stat().st_size
        for file in sorted(again.folder.rglob("*")) if file.is_file()
    }
    (again.folder / "areas" / "Lạng Sơn.html").write_text("chào lại", encoding="utf-8")
told["second"] = stored()
print(json.dumps(told))
server.stop()
"""


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="needs moto: set TOOLKIT_S3 to a Python that has it (docs/exchange.md)")
@pytest.mark.parametrize("driver", ["s3fs", "obstore"])
def test_a_run_on_s3_is_sent_fetched_and_sent_again_where_it_changed(driver: str, tmp_path: Path) -> None:
    place = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    command = [PYTHON, "-c", PROGRAM, driver]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=place, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["driver"] == driver
    page, large, manifest = (f"vi/first/{name}" for name in ("areas/Lạng Sơn.html", "areas/old.bin", "manifest.json"))
    assert told["between"] == [page, large]
    assert told["fetched"] == {"areas/Lạng Sơn.html": 9, "areas/old.bin": 10_240_000, "manifest.json": 2}
    assert set(told["second"]) == set(told["first"]) == {page, large, manifest}
    assert [name for name in told["first"] if told["first"][name] != told["second"][name]] == [page]
    assert list(tmp_path.iterdir()) == []


def test_where_the_usual_driver_is_missing_obstore_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fsspec
    from fsspec.registry import _registry

    asked: list[str] = []

    def register(protocol: str) -> None:
        asked.append(protocol)
        monkeypatch.setitem(_registry, protocol, fsspec.get_filesystem_class("memory"))

    stand_in = ModuleType("obstore.fsspec")
    monkeypatch.setattr(stand_in, "register", register, raising=False)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setitem(sys.modules, "obstore", ModuleType("obstore"))
    monkeypatch.setitem(sys.modules, "obstore.fsspec", stand_in)
    Remote("s3://bucket/run", tmp_path)
    assert asked == ["s3"]


def test_without_any_driver_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("s3fs", "obstore", "obstore.fsspec"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match="s3fs") as caught:
        Remote("s3://bucket/run", tmp_path)
    assert "obstore" in str(caught.value.remedy)
