"""What becomes of an input that its reader refuses: it is set aside, so that the same command fetches it again.

A reader's job only leaves a note beside the file: other jobs may be reading it. Between runs, when nobody reads, the
file goes to `downloads/<study>/refused/`, and Snakemake finds it missing. Only copies are moved, never a file of the
user or of a mirror.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sidemine.errors import InputError, Problem, RetrievalError
from sidemine.retrieve.record import InputRecord, record_path, replace_file

FOLDER = "refused"
_in_use: dict[Path, IO[str]] = {}


def _note_path(file: Path) -> Path:
    return file.with_name(file.name + ".refused.json")


@contextmanager
def note_refusals(paths: Iterable[str]) -> Iterator[None]:
    """Note beside each input that a reader refuses inside why it does so; the error goes on.

    Parameters
    ----------
    paths
        The inputs of the job. Those without a record were not retrieved and do not matter here. Where the error names
        none of the files, each of them may be to blame.
    """
    try:
        yield
    except InputError as error:
        files = [path for path in map(Path, paths) if record_path(path).is_file()]
        named = [path for path in files if any(_names(problem, path) for problem in error.problems)]
        for path in named or files:
            note = {
                "sha256": InputRecord.read(path).sha256,
                "problems": [problem.to_dict() for problem in error.problems],
            }
            replace_file(_note_path(path), json.dumps(note, indent=2, sort_keys=True).encode("utf-8"))
        raise


def _names(problem: Problem, path: Path) -> bool:
    return str(path) in problem.where or path.name in problem.where


@dataclass(frozen=True)
class Refusal:
    """What was done about an input that a reader refused.

    Attributes
    ----------
    record
        The record of the input.
    kept
        It stays where it is: the lock records exactly this file.
    came_before
        The same bytes were set aside before, so that it is not the transfer that damages them.
    """

    record: InputRecord
    kept: bool = False
    came_before: bool = False

    def __str__(self) -> str:
        if self.kept:
            return (
                f"{self.record.url}: kept, because the lock records exactly this file, so it is no bad download. Its "
                "reader accepted it once: what the study declares, or the program, has changed since."
            )
        again = (
            " It came twice with the same content: it is not the transfer that damages it." if self.came_before else ""
        )
        return f"{self.record.url}: set aside in {FOLDER}/{self.record.key}; the next run fetches it again.{again}"


def set_aside_refused(
    downloads: Path, keys: Iterable[str], locked: Mapping[str, str], accepted: AbstractSet[str]
) -> list[Refusal]:
    """Move what readers refused out of the way. Nothing else may be running on these downloads.

    Parameters
    ----------
    downloads
        The downloads folder of the study.
    keys
        The inputs of the study.
    locked
        Digests by address, as the lock records them.
    accepted
        Inputs that all their readers accepted since: a note about one of these is out of date.

    Returns
    -------
    list of Refusal
        What was done, by key.
    """
    done = []
    for key in sorted(keys):
        file = downloads / key
        note_path = _note_path(file)
        if not note_path.is_file():
            continue
        try:
            note = json.loads(note_path.read_text(encoding="utf-8"))
            record = InputRecord.read(file)
            is_fresh = note["sha256"] == record.sha256 and key not in accepted
        except (OSError, ValueError, KeyError, TypeError, RetrievalError):
            is_fresh = False  # the note of another content
        if not is_fresh:
            note_path.unlink()
        elif locked.get(record.url) == record.sha256:
            note_path.unlink()
            done.append(Refusal(record, kept=True))
        else:
            done.append(_set_aside(file, downloads / FOLDER / key, record))
    return done


def forget_missing_inputs(downloads: Path, keys: Iterable[str]) -> None:
    """Delete what stands for inputs that could not be had, so that this run looks for them again.

    Parameters
    ----------
    downloads
        The downloads folder of the study. Nothing else may be running on it.
    keys
        The inputs of the study.
    """
    for file in (downloads / key for key in sorted(keys)):
        if record_path(file).is_file() and why_missing(file) is not None:
            file.unlink(missing_ok=True)
            record_path(file).unlink()


def why_missing(file: Path) -> str | None:
    """Return why an input could not be had; None where it is there, or was not retrieved at all."""
    try:
        return InputRecord.read(file).missing
    except RetrievalError:
        return None


def _set_aside(file: Path, place: Path, record: InputRecord) -> Refusal:
    try:
        came_before = InputRecord.read(place).sha256 == record.sha256
    except RetrievalError:
        came_before = False
    place.parent.mkdir(parents=True, exist_ok=True)
    # The file goes last: a process killed in between leaves its note, and the next run moves what is left.
    record_path(place).write_bytes(record_path(file).read_bytes())
    _note_path(place).write_bytes(_note_path(file).read_bytes())
    if file.is_file():
        file.replace(place)
    record_path(file).unlink(missing_ok=True)
    _note_path(file).unlink(missing_ok=True)
    return Refusal(record, came_before=came_before)


@contextmanager
def alone_on(downloads: Path) -> Iterator[bool]:
    """Tell whether no other run uses these downloads. From then on until this process ends, this run is one that does.

    Parameters
    ----------
    downloads
        The downloads folder of the study, which runs with other results folders may share.
    """
    downloads.mkdir(parents=True, exist_ok=True)
    if downloads not in _in_use:
        _in_use[downloads] = (downloads / ".in_use").open("a", encoding="utf-8")
    stream = _in_use[downloads]
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_alone = True
    except BlockingIOError:
        is_alone = False
    try:
        yield is_alone
    finally:
        fcntl.flock(stream, fcntl.LOCK_SH)
