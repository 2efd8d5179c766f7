"""A finished study as a Workflow Run RO-Crate: results, workflow, inputs and the run that made one of the other, in one zip.

The profile is Workflow Run Crate 0.5 (Leo et al. 2024, doi 10.1371/journal.pone.0309210) of RO-Crate 1.1 (Soiland-Reyes et al.
2022, doi 10.3233/DS-210053). Metadata are written as plain JSON: the crate is one graph of a known shape.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.places import RESOURCES, WORKFLOW
from sidemine.records import read_record
from sidemine.report.manifest import Manifest, Run
from sidemine.retrieve.record import InputRecord
from sidemine.study.description import StudyDescription

if TYPE_CHECKING:
    from pydantic import JsonValue

METADATA = "ro-crate-metadata.json"
MAIN = "workflow/Snakefile"
_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
_LICENCE = "https://spdx.org/licenses/GPL-3.0-or-later"
_FORMATS = {
    ".html": "text/html",
    ".json": "application/json",
    ".tsv": "text/tab-separated-values",
    ".gz": "application/gzip",
    ".h5ad": "application/x-hdf5",
    ".npz": "application/zip",
    ".svg": "image/svg+xml",
    ".py": "text/x-python",
    ".smk": "text/x-python",
    ".md": "text/markdown",
    ".rst": "text/x-rst",
    ".yaml": "application/yaml",
}
_TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
"""What the profile adds to the terms of RO-Crate, as far as it is used here."""
_LEFT_OUT = {"__pycache__", ".run_lock"}
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)


def write_crate(results: Path, output: Path) -> int:
    """Write the crate of a finished study, the same bytes from the same results.

    Parameters
    ----------
    results
        Folder of the results.
    output
        The zip to write.

    Returns
    -------
    int
        How many files it holds, its metadata left out.

    Raises
    ------
    InputError
        When the folder holds no finished study, or lacks a record of it.
    """
    if not (results / "report.html").is_file():
        raise InputError(
            Problem(
                "this is no finished study",
                str(results),
                "the folder of results of a study that was run to its end (report.html lies in it)",
                "Run the study first: sidemine run STUDY",
            )
        )
    files = dict(_files_of(results))
    metadata = crate_metadata(
        read_record(StudyDescription, results / "study.json"),
        read_record(Manifest, results / "manifest.json"),
        read_record(Run, results / "run.json"),
        {name: path.read_bytes() for name, path in files.items()},
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(metadata, indent=1, ensure_ascii=False) + "\n"
        for name, data in ((METADATA, text.encode()), *((name, path.read_bytes()) for name, path in files.items())):
            entry = zipfile.ZipInfo(name, _FIXED_DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, data)
    return len(files)


def _files_of(results: Path) -> Iterator[tuple[str, Path]]:
    """Give the files of the crate by their names in it: the results, the workflow, the tables beside it."""
    for prefix, folder in (("results", results), ("workflow", WORKFLOW), ("resources", RESOURCES)):
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and not _LEFT_OUT & set(inside.parts):
                yield f"{prefix}/{inside.as_posix()}", path


def crate_metadata(
    study: StudyDescription, manifest: Manifest, run: Run, files: Mapping[str, bytes]
) -> dict[str, JsonValue]:
    """Return the graph of a crate.

    Parameters
    ----------
    study, manifest, run
        Records of the study.
    files
        Content of every file by its name in the crate.
    """
    results = [name for name in files if name.startswith("results/")]
    inputs = {_id_of(record): record for record in manifest.inputs if record.missing is None}
    parts = [*_refs(files), *_refs(name for name in inputs if not name.startswith("#"))]
    graph: list[JsonValue] = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": [{"@id": "https://w3id.org/ro/crate/1.1"}, {"@id": list(_PROFILES)[-1]}],
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": study.config.study.title,
            "description": f"Results of the study {study.config.study.id} by sidemine {manifest.versions.sidemine}, with the workflow "
            "that made them.",
            "datePublished": run.finished,
            "license": {"@id": _LICENCE},
            "conformsTo": [{"@id": profile} for profile in _PROFILES],
            "hasPart": parts,
            "mainEntity": {"@id": MAIN},
            "mentions": {"@id": "#run"},
        },
        {
            "@id": _LICENCE,
            "@type": "CreativeWork",
            "name": "GNU General Public License v3.0 or later",
            "description": "Of the workflow. Each input has terms of its own: results/study.json names them.",
        },
        *map(_profile, _PROFILES),
        {
            "@id": "#snakemake",
            "@type": "ComputerLanguage",
            "name": "Snakemake",
            "identifier": {"@id": "https://snakemake.readthedocs.io"},
            "url": {"@id": "https://snakemake.github.io"},
            "version": manifest.versions.packages["snakemake"],
        },
        {
            "@id": "#run",
            "@type": "CreateAction",
            "name": f"Run of the study {study.config.study.id}",
            "description": run.command,
            "instrument": {"@id": MAIN},
            "endTime": run.finished,
            "actionStatus": "http://schema.org/CompletedActionStatus",
            "object": _refs(inputs),
            "result": _refs(results),
        },
        *(_input(name, record) for name, record in inputs.items()),
        *(_file(name, data, manifest) for name, data in files.items()),
    ]
    return {
        "@context": ["https://w3id.org/ro/crate/1.1/context", dict(_TERMS)],
        "@graph": graph,
    }


def _refs(names: Iterable[str]) -> list[JsonValue]:
    return [{"@id": name} for name in names]


def _profile(address: str) -> JsonValue:
    return {"@id": address, "@type": "CreativeWork", "name": _PROFILES[address], "version": address.rsplit("/", 1)[1]}


def _id_of(record: InputRecord) -> str:
    """Return the address of an input on the web; the key of any other, which the crate does not hold."""
    on_web = record.url.startswith(("https://", "http://", "ftp://"))
    return record.url if on_web else f"#input/{record.key}"


def _input(name: str, record: InputRecord) -> dict[str, JsonValue]:
    entity: dict[str, JsonValue] = {
        "@id": name,
        "@type": "CreativeWork" if name.startswith("#") else "File",
        "name": record.key,
        "sha256": record.sha256,
        "contentSize": str(record.size),
    }
    if record.retrieved:
        entity["sdDatePublished"] = record.retrieved
    return entity


def _file(name: str, data: bytes, manifest: Manifest) -> dict[str, JsonValue]:
    entity: dict[str, JsonValue] = {
        "@id": name,
        "@type": "File",
        "name": name,
        "contentSize": str(len(data)),
        "sha256": sha256(data).hexdigest(),
    }
    if name == MAIN:
        entity |= {
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
            "name": "sidemine",
            "programmingLanguage": {"@id": "#snakemake"},
            "license": {"@id": _LICENCE},
            "version": f"{manifest.versions.sidemine} (code {manifest.code_digest})",
        }
    elif kind := _FORMATS.get(Path(name).suffix):
        entity["encodingFormat"] = kind
    return entity
