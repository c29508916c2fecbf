"""A run as a research object: ``ro-crate-metadata.json`` by the RO-Crate 1.1 specification, written by hand.

https://www.researchobject.org/ro-crate/specification/1.1/
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from toolkit.base.files import write_atomic
from toolkit.base.texts import Language, texts
from toolkit.reports.context import RunFacts

CRATE = "ro-crate-metadata.json"
DEVELOPERS = "The Lạng Sơn indicator toolkit developers"
LICENSE = "https://spdx.org/licenses/MIT"
_FORMATS = {
    ".html": "text/html",
    ".csv": "text/csv",
    ".json": "application/json",
    ".ipynb": "application/x-ipynb+json",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pdf": "application/pdf",
    ".npz": "application/zip",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_HEAD = {
    "@id": CRATE,
    "@type": "CreativeWork",
    "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    "about": {"@id": "./"},
}


def write_crate(folder: Path, facts: RunFacts, *, language: Language, plan: str) -> Path:
    """Write the metadata of a run's folder: what it is, every file in it, and the program that made it.

    Parameters
    ----------
    folder :
        The run; all its files are there but the manifest, which is named all the same.
    facts :
        How its numbers came about.
    language :
        Of the descriptions.
    plan :
        Name of the plan.
    """
    names = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if _is_part(file)} | {"manifest.json"}
    graph: list[Mapping[str, Any]] = [_HEAD, _root(sorted(names), facts, language, plan), _licence()]
    graph += [*(_file(name) for name in sorted(names)), *_made(facts)]
    record = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    text = json.JSONEncoder(ensure_ascii=False, indent=1).iterencode(record)
    return write_atomic(folder / CRATE, chain(text, "\n"))


def _is_part(file: Path) -> bool:
    return file.is_file() and file.name not in (CRATE, "here.json") and not file.name.startswith(".")


def _root(names: Sequence[str], facts: RunFacts, language: Language, plan: str) -> dict[str, Any]:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": texts(language).t("run.crate.name", plan=plan, day=facts.as_of.isoformat()),
        "description": texts(language).t("run.crate.description"),
        "datePublished": facts.as_of.isoformat(),
        "license": {"@id": LICENSE},
        "inLanguage": language,
        "hasPart": [{"@id": name} for name in names],
        "author": {"@id": "#developers"},
        "publisher": {"@id": "#developers"},
        "mentions": {"@id": "#run"},
    }


def _licence() -> dict[str, Any]:
    return {"@id": LICENSE, "@type": "CreativeWork", "name": "MIT", "identifier": LICENSE}


def _file(name: str) -> Mapping[str, Any]:
    return {"@id": name, "@type": "File", "name": name, "encodingFormat": _FORMATS.get(Path(name).suffix, "text/plain")}


def _made(facts: RunFacts) -> list[Mapping[str, Any]]:
    program = {
        "@id": "#toolkit",
        "@type": "SoftwareApplication",
        "name": "langson-toolkit",
        "softwareVersion": f"{facts.versions.get('langson-toolkit', '')} {facts.commit}".strip(),
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": facts.command or "toolkit report",
        "instrument": {"@id": "#toolkit"},
        "agent": {"@id": "#developers"},
        "result": {"@id": "./"},
    }
    developers = {"@id": "#developers", "@type": "Organization", "name": DEVELOPERS}
    return [program, action, developers]
