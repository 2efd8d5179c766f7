"""A finished study as a Workflow Run RO-Crate: results, workflow, inputs and the run that made one of the other, in one zip.

The profile is Workflow Run Crate 0.5 (Leo et al. 2024, doi 10.1371/journal.pone.0309210) of RO-Crate 1.1 (Soiland-Reyes et al.
2022, doi 10.3233/DS-210053). Metadata are written as plain JSON: the crate is one graph of a known shape.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sidemine.code_digest import digest_of_package
from sidemine.errors import InputError, Problem
from sidemine.places import RESOURCES, WORKFLOW
from sidemine.provenance import check_results, find_leftovers
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
_PIECE = 1 << 20


@dataclass(frozen=True)
class Packed:
    """Size and SHA-256 of a file in a crate."""

    size: int
    sha256: str


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
        When the folder holds no finished study, one that was changed or made by other code, or files that cannot be packed.
    """
    if output.suffix != ".zip":
        raise InputError(
            Problem("a crate is a zip", str(output), "a path that ends in .zip", "Name the file FILE.zip.")
        )
    if not (results / "report.html").is_file():
        raise InputError(
            Problem(
                "this is no finished study",
                str(results),
                "the folder of results of a study that was run to its end (report.html lies in it)",
                "Run the study first: sidemine run STUDY",
            )
        )
    check_results(results)
    study = read_record(StudyDescription, results / "study.json")
    manifest = read_record(Manifest, results / "manifest.json")
    run = read_record(Run, results / "run.json")
    if manifest.code_digest != digest_of_package():
        raise InputError(
            Problem(
                "these results were made by other code than is installed, and a crate holds the workflow that made them",
                f"{results / 'manifest.json'}: code {manifest.code_digest}, sidemine {manifest.versions.sidemine}",
                f"results of this code: {digest_of_package()}",
                "Run the study again (what does not change is kept), or pack it with the code that made it.",
            )
        )
    files = _files_of(results, output)
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_name(f".{output.name}.unfinished")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            packed = {name: _pack(archive, name, path) for name, path in files.items()}
            metadata = json.dumps(crate_metadata(study, manifest, run, packed), indent=1, ensure_ascii=False) + "\n"
            archive.writestr(_entry(METADATA), metadata.encode())
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)
    return len(files)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _FIXED_DATE)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return entry


def _pack(archive: zipfile.ZipFile, name: str, path: Path) -> Packed:
    """Copy a file piece by piece, and return the size and digest of what was copied."""
    entry, digest, size = _entry(name), sha256(), 0
    entry.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(entry, "w") as copy:
        while piece := source.read(_PIECE):
            copy.write(piece)
            digest.update(piece)
            size += len(piece)
    return Packed(size, digest.hexdigest())


def _files_of(results: Path, output: Path) -> dict[str, Path]:
    """Return the files of the crate by their names in it: the results, the workflow, the tables beside it.

    The crate itself may lie among the results, and so may what an earlier version of the study left there. A link that leads
    out of them is not followed: it may show any file.
    """
    leftovers = {results / place for place in find_leftovers(results)}
    found: dict[str, Path] = {}
    problems: list[Problem] = []
    crates = {output.absolute(), output.resolve(), output.absolute().with_name(f".{output.name}.unfinished")}
    for prefix, folder in (("results", results), ("workflow", WORKFLOW), ("resources", RESOURCES)):
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if _LEFT_OUT & set(inside.parts) or path.absolute() in crates or path in leftovers:
                continue
            name = f"{prefix}/{inside.as_posix()}"
            if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
                problems.append(
                    _unpackable(path, "a link leads out of the folder", "Delete the link, or put the file there.")
                )
            elif not name.isprintable():
                problems.append(_unpackable(path, "a file's name holds what is no text", "Rename the file."))
            elif path.is_file():
                found[name] = path
    if problems:
        raise InputError(problems)
    return found


def _unpackable(path: Path, what: str, next_step: str) -> Problem:
    return Problem(what, ascii(str(path)), "files of the study itself, by names that can be read", next_step)


def crate_metadata(
    study: StudyDescription, manifest: Manifest, run: Run, files: Mapping[str, Packed]
) -> dict[str, JsonValue]:
    """Return the graph of a crate.

    Parameters
    ----------
    study, manifest, run
        Records of the study.
    files
        Size and digest of every file by its name in the crate.
    """
    results = [quote(name) for name in files if name.startswith("results/")]
    inputs = {_id_of(record): record for record in manifest.inputs if record.missing is None}
    parts = [*_refs(map(quote, files)), *_refs(name for name in inputs if not name.startswith("#"))]
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
        *(_file(name, packed, manifest) for name, packed in files.items()),
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


def _file(name: str, packed: Packed, manifest: Manifest) -> dict[str, JsonValue]:
    entity: dict[str, JsonValue] = {
        "@id": quote(name),
        "@type": "File",
        "name": name,
        "contentSize": str(packed.size),
        "sha256": packed.sha256,
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
