"""``toolkit merge``: shards of one run, made apart, brought together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.base.texts import texts
from toolkit.cli import options
from toolkit.cli.progress import Progress


def merge(
    shards: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Folders of the shards.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder for the whole run.")],
    lang: options.Speech = "vi",
) -> None:
    """Bring the shards of one run together; their reports are kept, what concerns all areas is made.

    Example: toolkit report --shard 1/2 --out a; toolkit report --shard 2/2 --out b; toolkit merge a b --out all
    """
    from toolkit.run.manifest import read_manifest
    from toolkit.run.merge import merge_runs
    from toolkit.run.reports import Listener

    asked = read_manifest(shards[0])["parameters"]
    progress = Progress(total=len(asked["all_areas"]) + asked["summary"], language=texts(lang).language)
    with progress:
        run = merge_runs(shards, out.resolve(), Listener(progress.stage, progress.start, progress.done))
    progress.close_with(run.index, run.failed)
    if run.failed:
        raise typer.Exit(1)
