"""Shards of one run, made apart, brought together: ``--shard 1/3`` … and ``toolkit merge``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from toolkit.base.errors import UsageError
from toolkit.base.files import write_atomic
from toolkit.base.texts import say
from toolkit.forecast.store import INDEX as STORE_INDEX
from toolkit.run.manifest import FORECASTS, read_about, read_manifest, write_here
from toolkit.run.reports import KEY, QUIET, RECORDS, Listener, ReportRequest, ReportRun, forecasts_key, make_reports
from toolkit.run.verify import request_of

SAME = ("as_of", "seed", "draws", "model", "commit", "command", "versions", "inputs")
"""Parts of the manifests in which shards of one run agree."""


def merge_runs(shards: Sequence[Path], into: Path, listener: Listener = QUIET) -> ReportRun:
    """Bring shards together; only what concerns all areas (summary, index, table, manifest) is made anew.

    Parameters
    ----------
    shards :
        Folders of the runs to merge.
    into :
        A folder that is empty or does not exist.
    listener :
        Told how far it is.

    Raises
    ------
    UsageError
        If the shards belong to different runs, one is missing, or the folder holds something.
    """
    if into.exists() and any(into.iterdir()):
        raise UsageError(say("run.merge_full", folder=into), say("run.merge_full.remedy"))
    manifests = [read_manifest(shard) for shard in shards]
    for shard, manifest in zip(shards, manifests, strict=True):
        different = [name for name in SAME if manifest[name] != manifests[0][name]]
        if different or manifest["parameters"]["all_areas"] != manifests[0]["parameters"]["all_areas"]:
            message = say("run.merge_differs", first=shards[0], other=shard, names=", ".join(different) or "areas")
            raise UsageError(message, say("run.merge_differs.remedy"))
    every = manifests[0]["parameters"]["all_areas"]
    found = {code for manifest in manifests for code in manifest["parameters"]["areas"]}
    missing = [code for code in every if code not in found]
    if missing:
        raise UsageError(say("run.merge_missing", codes=", ".join(missing)), say("run.merge_missing.remedy"))
    for shard in shards:
        _copy(shard, into)
    request = request_of(shards[0], into, areas=every)
    _join_forecasts(shards, request)
    return make_reports(request, listener)


def _copy(shard: Path, into: Path) -> None:
    for part in ("areas", RECORDS, FORECASTS):
        shutil.copytree(shard / part, into / part, dirs_exist_ok=True)
    if data := read_about(shard).data:
        write_here(into, Path(data))


def _join_forecasts(shards: Sequence[Path], request: ReportRequest) -> None:
    folder = request.folder / FORECASTS
    indexes = [json.loads((shard / FORECASTS / STORE_INDEX).read_text(encoding="utf-8")) for shard in shards]
    areas = sorted({code for index in indexes for code in index["areas"]})
    write_atomic(folder / STORE_INDEX, json.dumps({**indexes[0], "areas": areas}, ensure_ascii=False, indent=1))
    write_atomic(folder / KEY, forecasts_key(replace(request, shard=None)) + "\n")
