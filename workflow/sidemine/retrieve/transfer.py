"""One file over HTTPS into a `.part` file: retried, resumed, bounded. What it holds is judged by the caller's check."""

from __future__ import annotations

import email.utils
import hashlib
import json
import logging
import os
import re
import time
import zlib
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.retrieve.connection import length_of, open_url, read_blocks
from sidemine.retrieve.integrity import file_name_of
from sidemine.retrieve.patience import FileAbsent, Retries, SurplusBytes, TransferFailed, Transient
from sidemine.retrieve.progress import Progress
from sidemine.retrieve.record import replace_file

if TYPE_CHECKING:
    import requests
    import tenacity

BLOCK = 64 * 1024
_TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}
_ABSENT_STATUS = {404, 410}
_SECONDS_UNTIL_A_DATE_IS_PROOF = 60

logger = logging.getLogger(__name__)


class _Refused(Transient):
    """The body came whole, and is not the file."""


def seconds_of_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the pause that a Retry-After header asks for (seconds, or a date), never negative; None without one.

    >>> seconds_of_retry_after("7", datetime(2026, 1, 1, tzinfo=UTC))
    7.0
    >>> seconds_of_retry_after("Thu, 01 Jan 2026 00:00:30 GMT", datetime(2026, 1, 1, tzinfo=UTC))
    30.0
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    moment = _date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def judge_status(response: requests.Response, allowed: Collection[int]) -> None:
    """Raise unless the answer has one of the allowed statuses.

    Raises
    ------
    FileAbsent
        404 and 410.
    Transient
        Statuses that may pass; with the pause that the server asks for.
    TransferFailed
        All others.
    """
    status = response.status_code
    if status in allowed:
        return
    answer = f"the server answers {status} {(response.reason or '')[:80]}".rstrip()
    if status in _ABSENT_STATUS:
        raise FileAbsent(answer)
    if status in _TRANSIENT_STATUS:
        raise Transient(answer, seconds_of_retry_after(response.headers.get("Retry-After"), datetime.now(UTC)))
    raise TransferFailed(answer)


@dataclass(frozen=True)
class ContentRange:
    """Which bytes of a file a 206 holds: first and last, both included, and the size of the file where it is told."""

    start: int
    end: int
    total: int | None


def content_range(response: requests.Response) -> ContentRange | None:
    """Return what a 206 says of itself; None when it says something else than one range of bytes."""
    text = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", text.strip())
    if match is None:
        return None
    start, end = int(match[1]), int(match[2])
    total = None if match[3] == "*" else int(match[3])
    length = length_of(response)
    fits = start <= end and (total is None or end < total) and length in {None, end - start + 1}
    return ContentRange(start, end, total) if fits else None


def total_size(response: requests.Response) -> int | None:
    """Return the size of the file, as far as a 200 or 206 tells it; None when it is packed for the way."""
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        return None
    if response.status_code == 206:
        content = content_range(response)
        return content.total if content else None
    return length_of(response)


def strong_validator(response: requests.Response) -> str:
    """Return what proves that later bytes belong to the same content: a strong ETag, else a settled date, else ''.

    A weak ETag promises equal meaning, not equal bytes; a date of less than a minute ago may cover two contents.
    """
    etag = response.headers.get("ETag", "").strip()
    if re.fullmatch(r'"[^"\s]*"', etag):
        return etag
    changed = response.headers.get("Last-Modified", "").strip()
    modified, now = _date(changed), _date(response.headers.get("Date", ""))
    if modified is None or now is None:
        return ""
    return changed if (now - modified).total_seconds() >= _SECONDS_UNTIL_A_DATE_IS_PROOF else ""


def transit_encoding(response: requests.Response) -> str:
    """Return how the body is packed for the way: '', 'gzip' or 'deflate'.

    Raises
    ------
    TransferFailed
        When it is packed in another way: we asked for none.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return ""
    if encoding in {"gzip", "x-gzip"}:
        return "gzip"
    if encoding == "deflate":
        return "deflate"
    raise TransferFailed(f"the server packs the file in a way that was not asked for ({encoding[:80]})")


class _Unpacker:
    """Unpacks what was packed for the way, in bounded pieces, and knows whether it came to the end."""

    def __init__(self, encoding: str) -> None:
        self._bits = zlib.MAX_WBITS | 16 if encoding == "gzip" else zlib.MAX_WBITS
        self._inner = zlib.decompressobj(self._bits)
        self._has_begun = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return what comes out, in pieces; raises `zlib.error` for what cannot be unpacked."""
        pieces = []
        while data:
            if self._inner.eof:  # gzip files may follow each other
                self._inner = zlib.decompressobj(self._bits)
            self._has_begun = True
            if piece := self._inner.decompress(data, 16 * BLOCK):
                pieces.append(piece)
            data = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail
        return pieces

    @property
    def is_complete(self) -> bool:
        """Whether the packed stream came to its own end."""
        return self._has_begun and self._inner.eof


@dataclass(frozen=True)
class _Memory:
    """Which content a partial file is the beginning of."""

    url: str
    validator: str
    total: int | None


class Transfer:
    """Brings the file of one address into a `.part` file.

    Parameters
    ----------
    url
        The address: https, or http of this very machine when `allow_loopback_http`.
    part
        The partial file. What a broken transfer left there is taken up again, when the server can vouch (by a strong
        ETag, or a Last-Modified date that has settled) that it still serves the same content.
    max_bytes
        Most bytes that the file may have.
    session, retries, sleep
        The HTTP session (of `connection.new_session`), its patience, and the function that waits.
    find_defect
        Tells what is wrong with the whole file, in one clause, or None. What is wrong is fetched again.
    find_open_end
        Tells what shows that the end of the file is missing, or None. Asked where the server announced no length.
    ends_itself
        Tells whether the content shows by itself that it is complete. Where it does not and the server announced no
        length, two transfers have to agree.
    find_early
        Tells from the first bytes of the file what is wrong with it, or None.
    progress
        Show progress on the terminal.
    allow_loopback_http
        Let plain http pass to 127.0.0.1: for tests.
    """

    def __init__(
        self,
        url: str,
        part: Path,
        *,
        max_bytes: int,
        session: requests.Session,
        retries: Retries,
        find_defect: Callable[[Path], str | None],
        find_open_end: Callable[[Path], str | None],
        ends_itself: Callable[[Path], bool],
        find_early: Callable[[bytes], str | None],
        sleep: Callable[[float], None] = time.sleep,
        progress: bool = False,
        allow_loopback_http: bool = False,
    ) -> None:
        self._url = url
        self._part = part
        self._memory_path = part.with_name(part.name + ".json")
        self._max_bytes = max_bytes
        self._session = session
        self._retries = retries
        self._find_defect = find_defect
        self._find_open_end = find_open_end
        self._ends_itself = ends_itself
        self._find_early = find_early
        self._sleep = sleep
        self._progress = progress
        self._allow_loopback_http = allow_loopback_http
        self._idle_attempts = 0
        self._refusals = 0
        self._most_bytes = 0
        self._started = 0.0
        self._digest_without_length = ""
        self.etag = ""

    def run(self) -> None:
        """Bring the file.

        Raises
        ------
        FileAbsent
            When the server says that there is none.
        TransferFailed
            When it cannot be had, or when what comes is too large or no data; nothing of those is kept.
        """
        self._part.parent.mkdir(parents=True, exist_ok=True)
        import tenacity

        self._started = self._retries.pace.clock()
        backoff = tenacity.wait_exponential(multiplier=1, max=self._retries.longest_wait) + tenacity.wait_random(0, 1)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.wait if isinstance(error, Transient) else None
            pause = backoff(state) if asked is None else min(asked, self._retries.longest_wait)
            logger.info("%s: %s; trying again in %.0f s", self._url, error, pause)
            return pause

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Transient),
            stop=self._patience_is_over,
            wait=wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            retrying(self._attempt)
        except Transient as error:
            raise TransferFailed(f"{error}, also after several attempts") from error

    def forget(self) -> None:
        """Delete the partial file and what is known of it."""
        self._part.unlink(missing_ok=True)
        self._memory_path.unlink(missing_ok=True)

    def _patience_is_over(self, state: tenacity.RetryCallState) -> bool:
        size = self._part.stat().st_size if self._part.exists() else 0
        self._idle_attempts = 0 if size > self._most_bytes else self._idle_attempts + 1
        self._most_bytes = max(size, self._most_bytes)
        return (
            self._idle_attempts >= self._retries.attempts
            or state.attempt_number >= self._retries.attempts_in_all
            or self._refusals >= self._retries.refusals
            or self._is_overdue(size)
        )

    def _is_overdue(self, size: int) -> bool:
        passed = self._retries.pace.clock() - self._started
        return passed > self._retries.grace + size / self._retries.pace.slowest

    def _start_anew(self, reason: str) -> Transient:
        self.forget()
        return Transient(f"{reason}, so the transfer starts anew", wait=0.0)

    def _attempt(self) -> None:
        memory = self._memory_of_part()
        size = self._part.stat().st_size if memory else 0
        headers = {"Range": f"bytes={size}-", "If-Range": memory.validator} if memory else {}
        try:
            with open_url(
                self._session,
                self._url,
                headers=headers,
                pace=self._retries.pace,
                allow_loopback_http=self._allow_loopback_http,
            ) as response:
                if response.status_code == 416 and memory:
                    raise self._start_anew("the server cannot resume")
                judge_status(response, allowed={200, 206} if memory else {200})
                if response.status_code == 200:
                    memory, size = None, 0
                if memory is not None and (other := _difference(response, memory, size)):
                    raise self._start_anew(other)
                self.etag = response.headers.get("ETag", "")
                is_vouched = self._receive(response, size, memory)
        except FileAbsent:
            self.forget()
            raise
        except SurplusBytes as error:
            raise self._refuse(str(error)) from error
        self._judge(is_vouched=is_vouched)

    def _receive(self, response: requests.Response, offset: int, memory: _Memory | None) -> bool:
        """Write the body to the partial file, and tell whether its framing proves that it is complete."""
        encoding = transit_encoding(response)
        content = content_range(response) if memory is not None else None
        announced = length_of(response) if content is None else content.end - content.start + 1
        total = None if announced is None or encoding else offset + announced
        if total is not None and total > self._max_bytes:
            self.forget()
            raise TransferFailed(self._too_large(total))
        if memory is None:
            # In this order, a process killed in between never leaves old bytes with the new content's validator.
            self._part.unlink(missing_ok=True)
            self._remember(_Memory(self._url, "" if encoding else strong_validator(response), total))
        unpacker: _Unpacker | None = None
        came, size = 0, offset
        with (
            self._part.open("ab" if offset else "wb") as out,
            Progress(file_name_of(self._url), total, show=self._progress, done=offset) as progress,
        ):
            for block in read_blocks(response, BLOCK):
                if came == 0 and encoding and not self._is_stored_packed(encoding, block):
                    unpacker = _Unpacker(encoding)
                came += len(block)
                for piece in self._unpack(unpacker, block):
                    if size == 0 and (reason := self._find_early(piece)):
                        raise self._refuse(reason)
                    size += len(piece)
                    if size > self._max_bytes:
                        self.forget()
                        raise TransferFailed(self._too_large(size))
                    out.write(piece)
                progress.add(len(block))
                if self._is_overdue(size):
                    raise TransferFailed(f"only {size:,} bytes came in the time that was given")
            out.flush()
            os.fsync(out.fileno())
        if announced is not None and came != announced:
            raise Transient(f"the transfer broke off at {offset + came:,} of {offset + announced:,} bytes")
        if unpacker is not None and not unpacker.is_complete:
            raise self._start_anew("the transfer broke off inside what the server had packed for the way")
        return announced is not None or unpacker is not None or "Transfer-Encoding" in response.headers

    def _unpack(self, unpacker: _Unpacker | None, block: bytes) -> list[bytes]:
        if unpacker is None:
            return [block]
        try:
            return unpacker.feed(block)
        except zlib.error as error:
            raise self._start_anew(f"what the server packed for the way is damaged ({error})") from error

    def _is_stored_packed(self, encoding: str, block: bytes) -> bool:
        """Tell whether the packing is the file's own: some servers call a stored .gz file "encoded as gzip".

        A .gz file that was packed once more for the way shows gzip's magic bytes again inside.
        """
        if encoding != "gzip" or not file_name_of(self._url).lower().endswith((".gz", ".tgz")):
            return False
        try:
            inside = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(block, 2)
        except zlib.error:
            return True  # not packed at all: what it is, the checks tell
        return inside != b"\x1f\x8b"

    def _judge(self, *, is_vouched: bool) -> None:
        """Raise unless the whole file is what it should be."""
        if reason := self._find_defect(self._part):
            raise self._refuse(reason)
        if is_vouched:
            return
        if reason := self._find_open_end(self._part):
            raise self._refuse(f"the server announced no length, and {reason}")
        if self._ends_itself(self._part):
            return
        # Nothing says where this file ends, so it may have been cut between two lines: two transfers have to agree.
        with self._part.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != self._digest_without_length:
            self._digest_without_length = digest
            raise self._start_anew("the server announced no length, and no two transfers agreed yet")

    def _refuse(self, reason: str) -> _Refused:
        self.forget()
        self._refusals += 1
        return _Refused(reason)

    def _too_large(self, size: int) -> str:
        return f"the file has {size:,} bytes or more, the limit (settings.max_download_gb) is {self._max_bytes:,}"

    def _remember(self, memory: _Memory) -> None:
        replace_file(self._memory_path, json.dumps(asdict(memory), sort_keys=True).encode("utf-8"))

    def _memory_of_part(self) -> _Memory | None:
        """Return what is known of the partial file; None when nothing could prove that it still fits."""
        try:
            memory = _Memory(**json.loads(self._memory_path.read_text(encoding="utf-8")))
            size = self._part.stat().st_size
        except (OSError, ValueError, TypeError):
            return None
        fits = memory.total is None or size < memory.total
        return memory if memory.url == self._url and memory.validator and size > 0 and fits else None


def _difference(response: requests.Response, memory: _Memory, size: int) -> str:
    """Tell how a 206 differs from what was asked for; '' when it is exactly that."""
    content = content_range(response)
    if content is None:
        return "the server answers with something else than one range of bytes"
    if content.start != size:
        return "the server resumed at another place than asked"
    if transit_encoding(response):
        return "the server packed the rest for the way"
    etag, changed = (response.headers.get(name, "").strip() for name in ("ETag", "Last-Modified"))
    if memory.validator != (etag if memory.validator.startswith('"') else changed):
        return "the server resumed without saying that the content is the same"
    total = content.total if content.total is not None else memory.total
    if total is None or content.end != total - 1 or memory.total not in {None, total}:
        return "the rest that the server sends does not end where the file ends"
    return ""
