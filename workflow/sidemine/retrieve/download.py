"""Bring one input into the downloads folder: from a local path, a mirror folder, a person's hand, or the network.

Whatever the way, the same checks follow: every byte is looked at, the digest is compared with the lock, and only then
does the file take its name. A file that fails is not kept.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem, RetrievalError
from sidemine.retrieve.addresses import mirror_key
from sidemine.retrieve.folders import pack_folder
from sidemine.retrieve.integrity import (
    carries_simulation_marker,
    ends_itself,
    file_name_of,
    find_defect,
    find_early,
    find_open_end,
)
from sidemine.retrieve.lock import LockEntry, check_record, expected_entry
from sidemine.retrieve.needed_files import Source
from sidemine.retrieve.patience import FileAbsent, Retries, TransferFailed
from sidemine.retrieve.record import InputRecord, record_path, replace_file
from sidemine.sources.forms import FOLDER_FORMS
from sidemine.text.file_digest import sha256_of

if TYPE_CHECKING:
    import requests

logger = logging.getLogger(__name__)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


class NothingThere(RetrievalError):
    """An input is at none of the places where it may be.

    Parameters
    ----------
    words
        Why, in a few words, without paths of this machine.
    problem
        What to do about it.
    """

    def __init__(self, words: str, problem: Problem) -> None:
        super().__init__(problem)
        self.words = words


@dataclass(frozen=True)
class _Arrived:
    """A file under its temporary name, not yet judged."""

    path: Path
    url: str
    tried: tuple[str, ...]
    etag: str = ""
    mirror: bool = False
    by_hand: bool = False
    is_checked: bool = False
    fetched: InputRecord | None = None
    """What `sidemine fetch` wrote beside the mirror's copy."""


@dataclass
class _Fetch:
    """One call of `fetch`: what it was asked for, step by step."""

    source: Source
    destination: Path
    mirror: Path | None
    expected: LockEntry | None
    relock: bool
    max_bytes: int
    progress: bool
    session: requests.Session | None
    retries: Retries
    sleep: Callable[[float], None]
    today: Callable[[], str]
    allow_loopback_http: bool
    part: Path = field(init=False)
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        self.part = self.destination.with_name(self.destination.name + ".part")
        depth = len(Path(self.source.key).parts)
        is_below = self.destination.parts[-depth:] == Path(self.source.key).parts
        self.root = self.destination.parents[depth - 1] if is_below else self.destination.parent

    @property
    def hand(self) -> Path:
        """Where a person may put the file. Not its final name: Snakemake clears that before the rule runs."""
        return self.root / "by_hand" / self.source.key

    def cached(self, sha256: str) -> Path:
        """Return the place of a mutable source's content in the content-addressed cache."""
        return self.root / "by_sha256" / sha256[:2] / sha256

    def run(self) -> InputRecord:
        """Bring, judge and keep the file."""
        try:
            arrived = self._arrive()  # a transfer that broke off leaves its beginning behind, to be resumed
        except NothingThere as error:
            if not self.source.may_be_missing or self.expected is not None:  # what the lock knows was there once
                raise
            return self._stand_in(error.words)
        try:
            record = self._judge(arrived)
        except BaseException:
            self._forget_part()
            raise
        self._keep(record)
        return record

    def _arrive(self) -> _Arrived:
        if self.source.local_path is not None:
            return self._copy_local(self.source.local_path)
        if self.mirror is not None:
            return self._copy_from_mirror(self.mirror)
        if self.hand.is_file():
            logger.info("%s: taken from %s", self.source.locations[0], self.hand)
            self._copy(self.hand)
            return _Arrived(self.part, self._first_location(), (), by_hand=True)
        if self.source.mutable and self.expected is not None and not self.relock:
            cached = self.cached(self.expected.sha256)
            if cached.is_file():  # the locked content of a moving address is still here: no need to move on
                self._copy(cached)
                return _Arrived(self.part, self.expected.url, (), self.expected.etag)
        return self._download()

    def _stand_in(self, why: str) -> InputRecord:
        """Keep an empty file in the place of one that cannot be had, with a record that says so."""
        logger.warning("%s: %s; the study goes on without it", self.source.purpose, why)
        self.destination.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self.destination, b"")
        record = InputRecord(
            key=self.source.key,
            url=self.source.locations[0],
            urls_tried=self.source.locations,
            sha256=sha256_of(self.destination),
            size=0,
            etag="",
            retrieved="",
            mutable=self.source.mutable,
            simulated=False,
            mirror=self.mirror is not None and self.source.local_path is None,
            missing=why,
        )
        record.write_beside(self.destination)
        return record

    def _first_location(self) -> str:
        return self.expected.url if self.expected is not None else self.source.locations[0]

    def _ordered_locations(self) -> list[str]:
        """Return the addresses to try: first the one that the lock knows."""
        first = self._first_location()
        return sorted(self.source.locations, key=lambda url: url != first)

    def _copy(self, path: Path) -> None:
        size = path.stat().st_size
        if size > self.max_bytes:
            raise RetrievalError(
                Problem(
                    f"the file has {size:,} bytes",
                    f"{self.source.purpose}: {path}",
                    f"at most {self.max_bytes:,} bytes (settings.max_download_gb)",
                    "Raise settings.max_download_gb if the file is right.",
                )
            )
        self._forget_part()
        self.part.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, self.part)
        with self.part.open("rb+") as stream:
            os.fsync(stream.fileno())

    def _copy_local(self, path: Path) -> _Arrived:
        written = self.source.locations[0]
        if path.is_dir() and self.source.form in FOLDER_FORMS:
            self._forget_part()
            self.part.parent.mkdir(parents=True, exist_ok=True)
            pack_folder(path, self.part, self.max_bytes, self.source.purpose)
        elif path.is_file():
            self._copy(path)
        else:
            folder = path.is_dir()
            raise NothingThere(
                f"{written} is {'a folder' if folder else 'not there'}",
                Problem(
                    "a local input is a folder" if folder else "a local input does not exist",
                    f"{self.source.purpose}: {written} (that is {path})",
                    "one file (of layouts archive and tenx also a folder): an absolute path, or one relative to the folder "
                    "of the config file",
                    "Name the file in it that is meant." if folder else "Mend the path.",
                ),
            )
        return _Arrived(self.part, written, (written,))

    def _copy_from_mirror(self, mirror: Path) -> _Arrived:
        tried: list[str] = []
        for url in self.source.locations:
            tried.append(url)
            path = mirror / mirror_key(url)
            if path.is_file():
                fetched = InputRecord.read(path) if record_path(path).is_file() else None
                self._copy(path)
                etag, asked = (fetched.etag, fetched.urls_tried) if fetched else ("", tuple(tried))
                return _Arrived(self.part, url, asked, etag, mirror=True, fetched=fetched)
        looked = "\n           ".join(f"{url}\n             looked for {mirror / mirror_key(url)}" for url in tried)
        state = "" if mirror.is_dir() else f" (the mirror folder {mirror} itself does not exist)"
        raise NothingThere(
            f"the mirror does not have {' or '.join(tried)}",
            Problem(
                f"the mirror does not have an input{state}",
                f"{self.source.purpose}: {looked}",
                "with the config key mirror set, every address is served from that folder; the network is not tried",
                f"Fetch {tried[0]} and save it as {mirror / mirror_key(tried[0])}"
                + (" (any one of the addresses will do)" if len(tried) > 1 else "")
                + ", or unset mirror.",
            ),
        )

    def _download(self) -> _Arrived:
        if self.session is not None:
            return self._download_with(self.session)
        from sidemine.retrieve.connection import new_session

        with new_session(self.retries.pace) as session:
            return self._download_with(session)

    def _download_with(self, session: requests.Session) -> _Arrived:
        from sidemine.retrieve.transfer import Transfer

        reasons: list[str] = []
        tried: list[str] = []
        for url in self._ordered_locations():
            tried.append(url)
            transfer = Transfer(
                url,
                self.part,
                max_bytes=self.max_bytes,
                session=session,
                retries=self.retries,
                find_defect=partial(find_defect, name=file_name_of(url), form=self.source.form),
                find_open_end=find_open_end,
                ends_itself=ends_itself,
                find_early=lambda head: find_early(head, self.source.form),
                sleep=self.sleep,
                progress=self.progress,
                allow_loopback_http=self.allow_loopback_http,
            )
            try:
                transfer.run()
            except FileAbsent as error:
                reasons.append(f"{url}: {error}")
                continue
            except TransferFailed as error:
                # Only a file that does not exist sends us on: a passing failure must not change which file is used.
                reasons.append(f"{url}: {error}")
                break
            return _Arrived(self.part, url, tuple(tried), transfer.etag, is_checked=True)
        raise NothingThere(f"it could not be downloaded ({'; '.join(reasons)})", self._not_had(reasons))

    def _not_had(self, reasons: list[str]) -> Problem:
        where = "\n           ".join(reasons)
        return Problem(
            "an input could not be downloaded",
            f"{self.source.purpose}: {where}",
            "a complete data file over https",
            "Run the same command again; a broken transfer is resumed. If that does not help, fetch one of these by "
            f"hand: {', '.join(self.source.locations)}\n           and save it as {self.hand}"
            f"\n           or, below a mirror folder, as {mirror_key(self.source.locations[0])}",
        )

    def _judge(self, arrived: _Arrived) -> InputRecord:
        name = file_name_of(arrived.url)
        defect = None if arrived.is_checked else find_defect(arrived.path, name, form=self.source.form)
        if defect is not None:
            raise RetrievalError(self._defective(arrived, defect))
        sha256 = sha256_of(arrived.path)
        if arrived.fetched is not None and arrived.fetched.sha256 != sha256:
            raise RetrievalError(self._defective(arrived, "it is not the file that was fetched into the mirror"))
        try:
            simulated = carries_simulation_marker(arrived.path)
        except InputError as error:
            raise RetrievalError(error.problems) from error
        record = InputRecord(
            key=self.source.key,
            url=arrived.url,
            urls_tried=arrived.tried,
            sha256=sha256,
            size=arrived.path.stat().st_size,
            etag=arrived.etag,
            retrieved=self._date(sha256, arrived.fetched, simulated=simulated),
            mutable=self.source.mutable,
            simulated=simulated,
            mirror=arrived.mirror,
            by_hand=arrived.by_hand,
        )
        if not self.relock:
            check_record(record, self.expected)
        return record

    def _date(self, sha256: str, fetched: InputRecord | None, *, simulated: bool) -> str:
        if simulated:
            return ""
        if self.expected is not None and self.expected.sha256 == sha256 and self.expected.retrieved:
            return self.expected.retrieved
        return fetched.retrieved if fetched is not None and fetched.retrieved else self.today()

    def _defective(self, arrived: _Arrived, defect: str) -> Problem:
        if self.source.local_path is not None:
            where, next_step = str(self.source.local_path), "Mend or replace the file."
        elif arrived.mirror and self.mirror is not None:
            where = f"{arrived.url} (served by the mirror: {self.mirror / mirror_key(arrived.url)})"
            next_step = "Fetch it again and replace the mirror's copy with it (`sidemine fetch` sees what is damaged)."
        elif arrived.by_hand:
            where, next_step = f"{arrived.url} (put there by hand: {self.hand})", "Fetch the file again, or delete it."
        else:
            where = arrived.url
            next_step = f"Run the same command again, or fetch the address by hand and save it as {self.hand}"
        return Problem(
            f"an input is not what it should be: {defect}",
            f"{self.source.purpose}: {where}",
            "a complete file of the kind that its name says",
            next_step,
        )

    def _keep(self, record: InputRecord) -> None:
        """Give the file its name, then write its record: a record never lies beside a file that is not there."""
        if record.mutable:
            cached = self.cached(record.sha256)
            if not cached.is_file():
                cached.parent.mkdir(parents=True, exist_ok=True)
                temporary = cached.with_name(f".{cached.name}.{os.getpid()}.new")
                shutil.copyfile(self.part, temporary)
                temporary.replace(cached)
        self.part.replace(self.destination)
        _flush_folder(self.destination.parent)
        self._forget_part()
        record.write_beside(self.destination)

    def _forget_part(self) -> None:
        self.part.unlink(missing_ok=True)
        self.part.with_name(self.part.name + ".json").unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fetch(
    source: Source,
    destination: Path,
    *,
    max_bytes: int,
    mirror: Path | None = None,
    lock: Mapping[str, LockEntry] | None = None,
    relock: bool = False,
    progress: bool = True,
    session: requests.Session | None = None,
    retries: Retries | None = None,
    sleep: Callable[[float], None] = time.sleep,
    today: Callable[[], str] = _today,
    allow_loopback_http: bool = False,
) -> InputRecord:
    """Bring one input to its place and write its record beside it.

    Parameters
    ----------
    source
        What to bring.
    destination
        Where it belongs: `downloads/<study>/<source.key>`.
    max_bytes
        Most bytes that it may have.
    mirror
        Folder that serves every address; the network is then never tried.
    lock
        The input lock, by address. An entry of this source decides which of its addresses is tried first, and what
        the file has to be.
    relock
        Let the file differ from the lock.
    progress
        Show progress, if standard error is a terminal.
    session, retries, sleep, today
        The HTTP session, its patience, the function that waits and the one that names today's date (YYYY-MM-DD, UTC).
    allow_loopback_http
        Let plain http pass to 127.0.0.1: for tests.

    Returns
    -------
    InputRecord
        What was brought; also in `<destination>.record.json`.

    Raises
    ------
    RetrievalError
        When the file cannot be had, is damaged, cut short, a web page or not of the kind that its name says, or is not
        the file that the lock records. Nothing is then kept at `destination`; what a broken transfer brought waits
        in `<destination>.part` to be resumed.
    """
    fetching = _Fetch(
        source=source,
        destination=destination,
        mirror=mirror,
        expected=expected_entry(lock or {}, source),
        relock=relock,
        max_bytes=max_bytes,
        progress=progress,
        session=session,
        retries=retries or Retries(),
        sleep=sleep,
        today=today,
        allow_loopback_http=allow_loopback_http,
    )
    try:
        return fetching.run()
    except OSError as error:  # the network's own errors have become a RetrievalError
        raise RetrievalError(_disk_problem(error, source, destination)) from error


def _disk_problem(error: OSError, source: Source, destination: Path) -> Problem:
    kinds = {
        "the disk is full": (errno.ENOSPC, errno.EDQUOT),
        "a file would become larger than this system or its limits allow": (errno.EFBIG,),
        "its folder cannot be written": (errno.EACCES, errno.EPERM, errno.EROFS),
        "a file stands where a folder is needed, or a folder where a file is": (
            errno.ENOTDIR,
            errno.EEXIST,
            errno.EISDIR,
        ),
    }
    what = next((words for words, numbers in kinds.items() if error.errno in numbers), "the disk failed")
    return Problem(
        f"an input could not be kept: {what} ({error.strerror or error})",
        f"{source.purpose}: {error.filename2 or error.filename or destination}",
        "a folder that can be written, with room for the inputs",
        "Make room, mend the rights, or name another folder (of a run `--config downloads=FOLDER`, of a fetch "
        "`--to FOLDER`); then give the same command again.",
    )
