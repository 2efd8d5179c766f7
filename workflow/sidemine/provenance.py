"""What made a result: every job records its specification, its code, what it read and what it wrote.

The records lie in `provenance/` below a study's results. A page is built only from results whose records agree with
the study (`study.json`) and with one another: numbers of another specification never reach it, however they came there.
Every script imports this module before its log is open: it loads little itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sidemine.errors import InputError, Problem, SidemineError
from sidemine.tables import write_json
from sidemine.text.file_digest import sha256_of

FOLDER = "provenance"
_MOST_TOLD = 5
_RERUN = "Run the study again, and once more if that ends here too: it deletes what does not fit, and makes it again."
_DESCRIPTIONS = {"describe_study": "study.json", "write_manifest": "manifest.json"}
"""Jobs whose results say what the study is, and these results: they are compared with each other, not with a digest."""
_NOT_COMPARED = ("retrieve_input", "write_manifest")
"""Jobs whose specification is not looked up in `study.json`: retrieval has records of its own, the manifest is one."""


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


_Contradiction = tuple[Problem, list[str]]
"""What is wrong, and the files that have to be made again."""


def digest_of_specification(specification: Mapping[str, Any]) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of a specification, given as JSON-ready values."""
    text = json.dumps(specification, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def recorded_jobs(specifications: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, str]]:
    """Return the digests of the specifications of all jobs that record what they did, for `study.json`.

    Parameters
    ----------
    specifications
        Of all jobs of a study, by rule and by what the job is about, as JSON-ready values.
    """
    return {
        rule: {job: digest_of_specification(one) for job, one in jobs.items()}
        for rule, jobs in specifications.items()
        if rule not in _NOT_COMPARED
    }


def places_of_records(jobs: Mapping[str, Iterable[str]]) -> list[str]:
    """Return where jobs, given by rule, and those that describe the study and the run keep their records."""
    names = [f"{rule}/{job}" if job else rule for rule, of_rule in jobs.items() for job in of_rule]
    return [_record_of(name) for name in [*names, *_DESCRIPTIONS]]


@contextmanager
def record_job(job: Any, specification: str = "specification") -> Iterator[None]:
    """Record what a job of Snakemake did, when all inside went well.

    Parameters
    ----------
    job
        The object `snakemake` of its script; `output.provenance` says where the record goes.
    specification
        Name of the parameter that holds its specification.

    Raises
    ------
    InputError
        In place of what a result raised that was changed after its job had written it.
    """
    path = Path(job.output.provenance)
    results = next(folder.parent for folder in path.parents if folder.name == FOLDER)
    try:
        yield
    except SidemineError:
        raise
    except Exception as error:
        if changed := _changed_inputs([Path(file) for file in job.input], results):
            raise InputError(changed) from error
        raise
    record = JobRecord(
        specification=digest_of_specification(job.params[specification]),
        code=job.params.code,
        inputs=dict(filter(None, (_described(Path(file), results) for file in job.input))),
        outputs=dict(filter(None, (_described(Path(file), results) for file in job.output if Path(file) != path))),
    )
    write_json(asdict(record), path)


def _changed_inputs(files: Iterable[Path], results: Path) -> list[Problem]:
    """Return the problems of inputs of a job that are not what their own jobs wrote, by their records."""
    written: dict[str, tuple[str, str]] = {}
    for record in (results / FOLDER).rglob("*.json"):
        name = record.relative_to(results / FOLDER).with_suffix("").as_posix()
        with suppress(InputError):
            written |= {place: (digest, name) for place, digest in _read(record).get("outputs", {}).items()}
    problems = []
    for file in files:
        place = file.relative_to(results).as_posix() if file.is_relative_to(results) else ""
        digest, name = written.get(place, ("", ""))
        if digest and file.is_file() and sha256_of(file) != digest:
            problems.append(
                Problem(
                    f"{place} is not the file that {_in_words(name)} wrote",
                    str(file),
                    "results as the workflow wrote them",
                    "Delete the file and run the study again: it is made anew.",
                )
            )
    return problems


def _described(file: Path, results: Path) -> tuple[str, str] | None:
    """Return the name of a file in records, and its digest; None where it is neither a result nor was retrieved."""
    if file.is_relative_to(results):
        return file.relative_to(results).as_posix(), sha256_of(file)
    retrieved = file.with_name(file.name + ".record.json")
    if retrieved.is_file():
        record = json.loads(retrieved.read_text(encoding="utf-8"))
        return record["key"], record["sha256"]
    return None


def check_results(results: Path, *, forget: bool = False) -> None:
    """Refuse results that do not fit their study or one another.

    Parameters
    ----------
    results
        Folder of the results of one study.
    forget
        Delete all results of the jobs concerned, so that the next run makes them again: Snakemake compares dates, and
        would keep a result that was edited or exchanged for ever. Only where nothing else is at work in the folder.

    Raises
    ------
    InputError
        Naming what contradicts the study: a result of another specification, a result that was changed or exchanged
        after it was written, a result that was computed from another version of its input.
    """
    contradictions = list(_contradictions(results))
    if forget:
        for _, places in contradictions:
            for place in places:
                file = results / place
                if file.resolve().is_relative_to(results.resolve()):  # a record may say anything
                    file.unlink(missing_ok=True)
    if contradictions:
        raise InputError([problem for problem, _ in contradictions[:_MOST_TOLD]])


def forget_outdated(results: Path, jobs: Mapping[str, Mapping[str, str]], code_of: Callable[[str], str]) -> None:
    """Delete the records of jobs that were given another specification, or code, than they would be now: they run again.

    Snakemake remembers what jobs were given in `.snakemake`, which moves with no results and may be deleted.

    Parameters
    ----------
    results
        Folder of the results of one study, where nothing else is at work.
    jobs
        Digests of the specifications of its jobs, as `recorded_jobs` gives them.
    code_of
        Returns the digest of the code of a rule.
    """
    for rule, of_rule in jobs.items():
        for job, digest in of_rule.items():
            path = results / _record_of(f"{rule}/{job}" if job else rule)
            if path.is_file():
                try:
                    record = _read(path)
                    outdated = (record.get("specification"), record.get("code")) != (digest, code_of(rule))
                except InputError:
                    outdated = True
                if outdated:
                    path.unlink()


def find_leftovers(results: Path) -> set[str]:
    """Return the files, by their place below the results, that an earlier version of the study left there.

    A contrast or data set that was renamed or taken out keeps its tables, which no job of the study makes any more. Files that
    somebody put beside the results are none of these.

    Parameters
    ----------
    results
        Folder of the results of one study; they were checked (`check_results`).
    """
    jobs: dict[str, dict[str, str]] = _read(results / "study.json")["specifications"]
    records = set(places_of_records(jobs))
    made = records | {place for record in records for place in _read(results / record)["outputs"]}
    folders = {place.partition("/")[0] for place in made if "/" in place}
    there = [path.relative_to(results).as_posix() for path in sorted(results.rglob("*")) if path.is_file()]
    left = {place for place in there if "/" in place and place.partition("/")[0] in folders and place not in made}
    old = [_read(results / place) for place in left if place.startswith(f"{FOLDER}/")]
    return left | {place for record in old for place in record.get("outputs", ()) if place not in made}


def _contradictions(results: Path) -> Iterator[_Contradiction]:
    """Give what does not fit, each with the files that have to be made again."""
    from sidemine.records import as_record

    if not (results / "study.json").exists():
        problem = Problem(
            "there are no results of a study here",
            str(results),
            "the results folder of one study, with its study.json",
            "Check the path; `sidemine run STUDY` makes results.",
        )
        yield problem, []
        return
    described: dict[str, dict[str, Any]] = {}
    for name in _DESCRIPTIONS.values():
        try:
            described[name] = _read(results / name)
        except InputError as error:
            yield error.problems[0], [name]
            return
    study, manifest = described.values()
    try:
        specified: dict[str, dict[str, str]] = as_record(dict[str, dict[str, str]], study.get("specifications"))
    except InputError:
        problem = Problem(
            "nothing tells what made these results",
            str(results / "study.json"),
            f"study.json with the digests of all specifications, and records in {FOLDER}/",
            "They were made by an older version of sidemine. " + _RERUN,
        )
        yield problem, ["study.json"]
        return
    agree = True
    if study.get("config_digest") != manifest.get("config_digest"):
        agree = False
        yield _contradiction(
            "manifest.json belongs to another study than study.json", results / "manifest.json", ["manifest.json"]
        )
    records: dict[str, JobRecord] = {}
    expected: dict[str, Mapping[str, str | None]] = {**specified, **{name: {"": None} for name in _DESCRIPTIONS}}
    for rule, jobs in expected.items():
        for job, digest in jobs.items():
            name = f"{rule}/{job}" if job else rule
            place = results / _record_of(name)
            try:
                record = records[name] = as_record(JobRecord, _read(place), str(place))
            except InputError:
                agree = False
                what = f"nothing tells what made the results of {_in_words(name)}"
                yield _contradiction(what, place, [_record_of(name)])
                continue
            if digest not in (None, record.specification):
                agree = False
                named = ", ".join(list(record.outputs)[:_MOST_TOLD])
                yield _contradiction(
                    f"{named} was computed for another specification than the study's", place, _files(name, record)
                )
    if agree:
        changed = list(_changed(results, records))
        yield from changed
        if not any("inputs.json" in places for _, places in changed):
            yield from _crossed(records, results)


def _in_words(name: str) -> str:
    return name.replace("/", " of ", 1)


def _record_of(name: str) -> str:
    return f"{FOLDER}/{name}.json"


def _files(name: str, record: JobRecord) -> list[str]:
    """Return all that a job wrote."""
    return [*record.outputs, _record_of(name)]


def _changed(results: Path, records: Mapping[str, JobRecord]) -> Iterator[_Contradiction]:
    """Give the results that are not the ones that their job wrote."""
    for name, record in records.items():
        for place, digest in record.outputs.items():
            file = results / place
            if not file.is_file():
                yield _contradiction(f"{place}, a result of {_in_words(name)}, is missing", file, _files(name, record))
            elif sha256_of(file) != digest:
                what = f"{place} is not the file that {_in_words(name)} wrote"
                yield _contradiction(what, file, _files(name, record))


def _crossed(records: Mapping[str, JobRecord], results: Path) -> Iterator[_Contradiction]:
    """Give the results that were computed from another version of what lies beside them."""
    from pydantic import JsonValue

    from sidemine.records import read_record

    written = {place: digest for record in records.values() for place, digest in record.outputs.items()}
    for item in read_record(list[dict[str, JsonValue]], results / "inputs.json"):
        written[str(item.get("key"))] = str(item.get("sha256"))
    for name, record in records.items():
        for place, digest in record.inputs.items():
            if place in written and written[place] != digest:
                what = f"the results of {_in_words(name)} come from another {place} than the one here"
                yield _contradiction(what, results, _files(name, record))


def _contradiction(what: str, where: Path, again: list[str]) -> _Contradiction:
    return Problem(what, str(where), "results that were all made by the study in study.json", _RERUN), again


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise TypeError("no object")
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            Problem(f"a result cannot be read: {error}", str(path), "JSON as the workflow wrote it", _RERUN)
        ) from error
    return content
