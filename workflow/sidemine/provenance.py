"""What made a result: every job records its specification, its code, what it read and what it wrote.

The records lie in `provenance/` below a study's results. A page is built only from results whose records agree with
the study (`study.json`) and with one another: numbers of another specification never reach it, however they came there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sidemine.errors import InputError, Problem
from sidemine.tables import write_json

FOLDER = "provenance"
_MOST_TOLD = 5
_RERUN = "Give the command that made these results again: it runs whatever does not fit the study any more."


@dataclass(frozen=True)
class JobRecord:
    """What one job read and wrote.

    Attributes
    ----------
    specification
        Digest of its specification (`study.specifications`).
    code
        Digest of its script and of the code that this uses.
    inputs, outputs
        SHA-256 by path: relative to the results of the study, or the key of a retrieved input.
    """

    specification: str
    code: str
    inputs: dict[str, str]
    outputs: dict[str, str]


def digest_of_specification(specification: Mapping[str, Any]) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of a specification, given as JSON-ready values."""
    text = json.dumps(specification, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


@contextmanager
def record_job(job: Any) -> Iterator[None]:
    """Record what a job of Snakemake did, when all inside went well.

    Parameters
    ----------
    job
        The object `snakemake` of its script; `output.provenance` says where the record goes.
    """
    yield
    path = Path(job.output.provenance)
    results = next(folder.parent for folder in path.parents if folder.name == FOLDER)
    record = JobRecord(
        specification=digest_of_specification(job.params.specification),
        code=job.params.code,
        inputs=dict(filter(None, (_described(Path(file), results) for file in job.input))),
        outputs=dict(filter(None, (_described(Path(file), results) for file in job.output if Path(file) != path))),
    )
    write_json(asdict(record), path)


def _described(file: Path, results: Path) -> tuple[str, str] | None:
    """Return the name of a file in records, and its digest; None where it is neither a result nor was retrieved."""
    if file.is_relative_to(results):
        return file.relative_to(results).as_posix(), _sha256(file)
    retrieved = file.with_name(file.name + ".record.json")
    if retrieved.is_file():
        record = json.loads(retrieved.read_text(encoding="utf-8"))
        return record["key"], record["sha256"]
    return None


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_results(results: Path) -> None:
    """Refuse results that do not fit their study or one another.

    Parameters
    ----------
    results
        Folder of the results of one study.

    Raises
    ------
    InputError
        Naming what contradicts the study: a result of another specification, a result that was changed or exchanged
        after it was written, a result that was computed from another version of its input.
    """
    from sidemine.study.load import digest_of_content

    study = _read(results / "study.json")
    specified = study.get("specifications")
    if not isinstance(specified, dict):
        raise InputError(
            Problem(
                "nothing tells what made these results",
                str(results / "study.json"),
                f"study.json with the digests of all specifications, and records in {FOLDER}/",
                "They were made by an older version of sidemine. " + _RERUN,
            )
        )
    problems = []
    if study["config_digest"] != digest_of_content(study):
        problems.append(_contradiction("study.json was changed after it was written", results / "study.json"))
    if study["config_digest"] != _read(results / "manifest.json").get("config_digest"):
        problems.append(
            _contradiction("manifest.json belongs to another study than study.json", results / "manifest.json")
        )
    records: dict[str, JobRecord] = {}
    for rule, jobs in specified.items():
        for job, digest in jobs.items():
            place = results / FOLDER / (f"{rule}/{job}.json" if job else f"{rule}.json")
            if not place.is_file():
                problems.append(_contradiction(f"nothing tells what made the results of {rule}{_of(job)}", place))
                continue
            record = records[f"{rule}{_of(job)}"] = JobRecord(**_read(place))
            if record.specification != digest:
                told = ", ".join(list(record.outputs)[:_MOST_TOLD])
                problems.append(
                    _contradiction(f"{told} was computed for another specification than the study's", place)
                )
    problems = problems or [*_changed(results, records), *_crossed(records, results)]
    if problems:
        raise InputError(problems[:_MOST_TOLD])


def _of(job: str) -> str:
    return f" of {job}" if job else ""


def _changed(results: Path, records: Mapping[str, JobRecord]) -> Iterator[Problem]:
    """Give the results that are not the ones that their job wrote."""
    for name, record in records.items():
        for place, digest in record.outputs.items():
            file = results / place
            if not file.is_file():
                yield _contradiction(f"{place}, a result of {name}, is missing", file)
            elif _sha256(file) != digest:
                yield _contradiction(f"{place} is not the file that {name} wrote", file)


def _crossed(records: Mapping[str, JobRecord], results: Path) -> Iterator[Problem]:
    """Give the results that were computed from another version of what lies beside them."""
    written = {place: digest for record in records.values() for place, digest in record.outputs.items()}
    for item in _read(results / "inputs.json") if records else ():
        written[item["key"]] = item["sha256"]
    for name, record in records.items():
        for place, digest in record.inputs.items():
            if place in written and written[place] != digest:
                yield _contradiction(f"the results of {name} come from another {place} than the one here", results)


def _contradiction(what: str, where: Path) -> Problem:
    return Problem(what, str(where), "results that were all made by the study in study.json", _RERUN)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            Problem(f"a result cannot be read: {error}", str(path), "JSON as the workflow wrote it", _RERUN)
        ) from error
