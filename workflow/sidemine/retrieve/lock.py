"""The lock of the inputs: `inputs.lock.tsv` beside the config, committed by the user.

It says which bytes each address served, so that the same study gives the same answer next year, or says that it
cannot. Addresses are its keys; local files stand under their path as written.
"""

from __future__ import annotations

import csv
import io
import logging
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path

from sidemine.errors import Problem, RetrievalError
from sidemine.retrieve.needed_files import Source
from sidemine.retrieve.record import InputRecord, record_path, replace_file
from sidemine.study.paths import is_url

COLUMNS = ("url", "sha256", "size", "retrieved", "etag", "simulated")
RELOCK_COMMAND = "the run with --config relock=yes"
"""How a user says that changed inputs are to be recorded anew."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LockEntry:
    """One line of the lock: what an address served.

    Attributes
    ----------
    url
        Address, or local path as written.
    sha256, size
        Digest and size in bytes.
    retrieved
        Date on which this content was first retrieved (YYYY-MM-DD); '' for simulated files.
    etag
        The server's entity tag, or ''.
    simulated
        The file carries the simulator's mark.
    """

    url: str
    sha256: str
    size: int
    retrieved: str
    etag: str
    simulated: bool


def read_lock(path: Path) -> dict[str, LockEntry]:
    """Read a lock; a missing file is an empty lock.

    Returns
    -------
    dict
        Entries by address, in the order of the file.

    Raises
    ------
    RetrievalError
        When lines cannot be read, all of them at once.
    """
    if not path.exists():
        return {}
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8")), delimiter="\t", quoting=csv.QUOTE_NONE))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise RetrievalError(_unreadable(f"{path}, line 1: {' '.join(rows[0]) if rows else 'nothing'}", "the header"))
    entries: dict[str, LockEntry] = {}
    problems: list[Problem] = []
    for number, row in enumerate(rows[1:], start=2):
        entry = _entry_of(row)
        if entry is None or entry.url in entries:
            problems.append(_unreadable(f"{path}, line {number}: {' '.join(row)}", f"line {number}"))
        else:
            entries[entry.url] = entry
    if problems:
        raise RetrievalError(problems)
    return entries


def _entry_of(row: list[str]) -> LockEntry | None:
    if len(row) != len(COLUMNS):
        return None
    url, sha256, size, retrieved, etag, simulated = row
    well_formed = (
        bool(url)
        and re.fullmatch(r"[0-9a-f]{64}", sha256) is not None
        and re.fullmatch(r"[0-9]{1,18}", size) is not None
        and re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})?", retrieved) is not None
        and simulated in {"yes", "no"}
    )
    return LockEntry(url, sha256, int(size), retrieved, etag, simulated == "yes") if well_formed else None


def _unreadable(where: str, part: str) -> Problem:
    return Problem(
        f"{part} of the input lock cannot be read",
        where,
        f"tab-separated columns {', '.join(COLUMNS)}; each url once; sha256 of 64 hexadecimal digits; simulated yes|no",
        "Restore the file from version control, or delete it so that the inputs are recorded anew.",
    )


def expected_entry(lock: Mapping[str, LockEntry], source: Source) -> LockEntry | None:
    """Return what the lock says of a source: the entry of the first of its locations that it knows."""
    return next((lock[location] for location in source.locations if location in lock), None)


def check_record(record: InputRecord, entry: LockEntry | None) -> None:
    """Raise unless a retrieved file is the one that the lock records.

    A mutable source may have changed, but never from real to simulated or back.

    Raises
    ------
    RetrievalError
        With the old and the new digest, size and date, and the way to record the new file.
    """
    if entry is None:
        return
    if entry.simulated != record.simulated:
        raise RetrievalError(_kinds_mixed(f"{record.url}: locked as {_kind(entry)}, now {_kind(record)}"))
    if not record.mutable and entry.sha256 != record.sha256:
        raise RetrievalError(_mismatch(record, entry))


def _mismatch(record: InputRecord, entry: LockEntry) -> Problem:
    old = f"sha256 {entry.sha256}, {entry.size:,} bytes, retrieved {entry.retrieved or 'on no recorded date'}"
    new = f"sha256 {record.sha256}, {record.size:,} bytes, retrieved {record.retrieved or 'on no recorded date'}"
    keep = "put a copy into a mirror folder (config key mirror)" if is_url(record.url) else "bring the old file back"
    return Problem(
        "an input is not the file that the lock records",
        f"{record.url}\n           locked: {old}\n           now:    {new}",
        "the locked file, byte by byte",
        "Find out why it changed. To go on with the new file, record it anew: "
        f"{RELOCK_COMMAND}; to go on with the old one, {keep}.",
    )


def _kind(entry: LockEntry | InputRecord) -> str:
    return "simulated" if entry.simulated else "real"


def _kinds_mixed(where: str) -> Problem:
    return Problem(
        "simulated and real inputs would share one lock",
        where,
        "a lock of simulated inputs, or a lock of real ones; local files without the simulator's mark (sheets, curated "
        "sets) may stand in either",
        "Give the simulated run a lock, a downloads folder and a results folder of its own (config keys lock, "
        "downloads and results).",
    )


def update_lock(
    path: Path, records: Iterable[InputRecord], relock: AbstractSet[str] | bool = False
) -> list[InputRecord]:
    """Add what is not in the lock yet, and write it: sorted, whole or not at all, the same bytes every time.

    Parameters
    ----------
    path
        The lock; made when missing.
    records
        What was retrieved; what could not be had is left out.
    relock
        Addresses whose entries may be replaced; True: any. Mutable sources are always recorded as they are now.

    Returns
    -------
    list of InputRecord
        The records by address, each with the date on which the lock first saw its content.

    Raises
    ------
    RetrievalError
        When an input differs from its entry and `relock` does not name it (all such inputs at once), or when
        simulated and real inputs would share the lock. The file is then left as it was.
    """
    old = read_lock(path)
    new = dict(old)
    problems: list[Problem] = []
    there = [record for record in records if record.missing is None]
    ordered = sorted(there, key=lambda record: (record.url, record.key))
    for record in ordered:
        known = old.get(record.url)
        may_replace = record.mutable or relock is True or (not isinstance(relock, bool) and record.url in relock)
        if known is not None and known.sha256 != record.sha256 and not may_replace:
            problems.append(_mismatch(record, known))
            continue
        new[record.url] = _merged(known, record)
    if problems:
        raise RetrievalError(problems)
    _refuse_mixture(new, path)
    data = _to_text(new).encode("utf-8")
    if not path.exists() or path.read_bytes() != data:  # an unchanged lock keeps its time stamp
        replace_file(path, data)
    return [replace(record, retrieved=new[record.url].retrieved) for record in ordered]


def find_accepted(accepted_by: Mapping[str, Iterable[str]], downloads: Path, results: Path) -> set[str]:
    """Return the inputs whose readers all wrote their results since the input was retrieved.

    Parameters
    ----------
    accepted_by
        Per key, what its readers write, below `results` (`StudySources.accepted_by`).
    downloads, results
        The study's folders.
    """

    def is_accepted(key: str) -> bool:
        try:
            since = record_path(downloads / key).stat().st_mtime_ns
            return all((results / name).stat().st_mtime_ns >= since for name in accepted_by[key])
        except OSError:
            return False

    return {key for key in accepted_by if is_accepted(key)}


def _merged(known: LockEntry | None, record: InputRecord) -> LockEntry:
    if known is not None and known.sha256 == record.sha256:
        return replace(known, simulated=record.simulated)  # date and tag of the first retrieval stay
    if known is not None:
        logger.warning("%s changed: sha256 %s is now %s", record.url, known.sha256, record.sha256)
    date = "" if record.simulated else record.retrieved
    etag = record.etag.replace("\t", " ").replace("\n", " ").replace("\r", " ")
    return LockEntry(record.url, record.sha256, record.size, date, etag, record.simulated)


def _refuse_mixture(entries: Mapping[str, LockEntry], path: Path) -> None:
    simulated = sorted(url for url, entry in entries.items() if entry.simulated)
    # Sheets and curated sets are local, unmarked and belong to simulated studies too; downloads never do.
    real = sorted(url for url, entry in entries.items() if not entry.simulated and is_url(url))
    if simulated and real:
        raise RetrievalError(
            _kinds_mixed(f"{path}: {len(simulated)} simulated (first: {simulated[0]}), {len(real)} real ({real[0]})")
        )


def _to_text(entries: Mapping[str, LockEntry]) -> str:
    lines = ["\t".join(COLUMNS)]
    for url in sorted(entries):
        entry = entries[url]
        simulated = "yes" if entry.simulated else "no"
        lines.append("\t".join([url, entry.sha256, str(entry.size), entry.retrieved, entry.etag, simulated]))
    return "\n".join(lines) + "\n"
