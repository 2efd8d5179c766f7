"""Fill a mirror folder with all that a study fetches, on a machine with internet, for a run on one without.

The layout is the one that the config key `mirror` reads. Beside each file lies its record (`retrieve.record`): a run from
the mirror compares the file with it, so that a copy that was damaged on the way is told as such.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sidemine.errors import Problem, RetrievalError
from sidemine.retrieve.addresses import mirror_key
from sidemine.retrieve.download import fetch
from sidemine.retrieve.lock import LockEntry, check_record, expected_entry
from sidemine.retrieve.needed_files import Source
from sidemine.retrieve.patience import Retries
from sidemine.retrieve.record import InputRecord, record_path
from sidemine.system_errors import explain_system_error
from sidemine.text.file_digest import sha256_of

if TYPE_CHECKING:
    import requests

logger = logging.getLogger(__name__)
_UNDER_WAY = ".fetching"
"""Folder of the mirror for what is not whole yet: a transfer that broke off goes on from there."""


@dataclass(frozen=True)
class Filled:
    """What became of one input.

    Attributes
    ----------
    source
        The input.
    state
        `fetched`, `already there` (whole, by its record), or `failed`.
    record
        Of the file in the mirror; None where there is none.
    problems
        Why it failed, or how the file differs from the lock.
    """

    source: Source
    state: Literal["fetched", "already there", "failed"]
    record: InputRecord | None = None
    problems: tuple[Problem, ...] = ()


def fill_mirror(
    sources: Iterable[Source],
    mirror: Path,
    *,
    max_bytes: int,
    lock: Mapping[str, LockEntry],
    origin: Path | None = None,
    session: requests.Session | None = None,
    retries: Retries | None = None,
    allow_loopback_http: bool = False,
) -> Iterator[Filled]:
    """Bring every input that has an address into a mirror, one after the other; one that fails stops no other.

    Parameters
    ----------
    sources
        Inputs of a study; local files are passed over.
    mirror
        The folder to fill. What is whole stays; what a broken transfer left is gone on with.
    max_bytes
        Most bytes of one file.
    lock
        The study's input lock. A file that differs from it is kept and told.
    origin
        Another mirror to copy from, in place of the network.
    session, retries, allow_loopback_http
        As in `download.fetch`.

    Yields
    ------
    Filled
        One per input with an address, in order of their places, each as soon as it is settled.

    Raises
    ------
    RetrievalError
        When something else fills this mirror at the moment.
    """
    with _alone_in(mirror):
        bring = partial(
            fetch,
            max_bytes=max_bytes,
            lock=lock,
            relock=True,  # what differs from the lock is kept, and told below
            session=session,
            retries=retries,
            allow_loopback_http=allow_loopback_http,
        )
        settled = []
        for source in sorted(sources, key=lambda source: source.key):
            if source.local_path is None:
                settled.append(_fill(source, mirror, bring, expected_entry(lock, source), origin))
                yield settled[-1]
        if all(file.record for file in settled):
            shutil.rmtree(mirror / _UNDER_WAY, ignore_errors=True)


@contextmanager
def _alone_in(mirror: Path) -> Iterator[None]:
    """Keep a second one from filling the same mirror, where the disk knows locks."""
    (mirror / _UNDER_WAY).mkdir(parents=True, exist_ok=True)
    with (mirror / _UNDER_WAY / ".lock").open("a", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            problem = Problem(
                "this mirror is being filled already",
                str(mirror),
                "one `sidemine fetch` per folder at a time",
                "Wait for the other one to end, or name another folder.",
            )
            raise RetrievalError(problem) from None
        except OSError:
            logger.warning("%s lies on a disk without locks: fill it from one machine at a time", mirror)
        yield


def _fill(
    source: Source, mirror: Path, bring: Callable[..., InputRecord], locked: LockEntry | None, origin: Path | None
) -> Filled:
    state: Literal["fetched", "already there", "failed"] = "already there"
    place = next((path for url in source.locations if (path := mirror / mirror_key(url)).is_file()), None)
    record = None
    try:
        record = _read_whole(place) if place else None
        if record is None:
            # A file without a record was put there by hand: it is looked at, and kept when it is in order.
            by_hand = place is not None and not record_path(place).is_file()
            arriving = mirror / _UNDER_WAY / source.key
            record, state = bring(source, arriving, mirror=mirror if by_hand else origin), "fetched"
            _move(arriving, mirror / mirror_key(record.url))
        check_record(record, locked)
    except RetrievalError as error:
        return Filled(source, state if record else "failed", record, tuple(error.problems))
    except OSError as error:  # something in the mirror is in the way: the others may still have room
        problem = explain_system_error(error)
        assert problem is not None  # noqa: S101 - every OSError has one
        return Filled(source, "failed", None, (problem.within(source.purpose),))
    return Filled(source, state, record)


def _read_whole(file: Path) -> InputRecord | None:
    """Return the record of a file in a mirror; None where it has none, or is not what its record says."""
    try:
        record = InputRecord.read(file)
    except RetrievalError:
        return None
    return record if file.stat().st_size == record.size and sha256_of(file) == record.sha256 else None


def _move(file: Path, place: Path) -> None:
    """Give a whole file and its record their places."""
    place.parent.mkdir(parents=True, exist_ok=True)
    file.replace(place)
    record_path(file).replace(record_path(place))
