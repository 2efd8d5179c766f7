"""One file over HTTPS into a `.part` file: retried, resumed, bounded. What it holds is judged elsewhere."""

from __future__ import annotations

import email.utils
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from sidemine import __version__
from sidemine.retrieve.addresses import is_loopback
from sidemine.retrieve.integrity import file_name_of, page_in_place_of_data
from sidemine.retrieve.progress import Progress
from sidemine.retrieve.record import replace_file

if TYPE_CHECKING:
    import requests
    import tenacity

BLOCK = 64 * 1024
_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_REDIRECTS = 10
_TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}
_ABSENT_STATUS = {404, 410}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Retries:
    """How patient a transfer is.

    Attributes
    ----------
    attempts
        Most attempts in a row that bring no new byte.
    attempts_in_all
        Most attempts altogether, those that brought something included.
    longest_wait
        Longest pause between attempts, in seconds; a server's Retry-After is cut to it.
    timeout
        Seconds to wait for a connection, and for the next bytes.
    """

    attempts: int = 6
    attempts_in_all: int = 50
    longest_wait: float = 120.0
    timeout: tuple[float, float] = (30.0, 120.0)


class TransferFailed(Exception):
    """The file could not be had from this address; the message says why, in one clause."""


class FileAbsent(TransferFailed):
    """The server says that there is no such file: the next address may have it."""


class _Transient(TransferFailed):
    """A failure that may pass: try again after `wait` seconds, if the server said so."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


def new_session() -> requests.Session:
    """Return a session that says who asks, and asks for the bytes as they are stored."""
    import requests  # here, so that files of a mirror do not wait for it

    session = requests.Session()
    session.headers.update({"User-Agent": f"sidemine/{__version__}", "Accept-Encoding": "identity"})
    return session


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
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


class Transfer:
    """Brings the file of one address into a `.part` file.

    Parameters
    ----------
    url
        The address: https, or http of this very machine when `allow_loopback_http`.
    part
        The partial file. What a broken transfer left there is taken up again, when the server can vouch (by ETag or
        Last-Modified) that it still serves the same content.
    max_bytes
        Most bytes that the file may have.
    session, retries, sleep
        The HTTP session, its patience, and the function that waits.
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
        sleep: Callable[[float], None] = time.sleep,
        progress: bool = False,
        allow_loopback_http: bool = False,
    ) -> None:
        self._url = url
        self._part = part
        self._memory = part.with_name(part.name + ".json")
        self._max_bytes = max_bytes
        self._session = session
        self._retries = retries
        self._sleep = sleep
        self._progress = progress
        self._allow_loopback_http = allow_loopback_http
        self._idle_attempts = 0
        self._size_before = 0
        self.etag = ""

    def run(self) -> None:
        """Bring the file.

        Raises
        ------
        FileAbsent
            When the server says that there is none.
        TransferFailed
            When it cannot be had, or when what comes is too large or a web page; nothing of those is kept.
        """
        self._part.parent.mkdir(parents=True, exist_ok=True)
        import tenacity

        backoff = tenacity.wait_exponential(multiplier=1, max=self._retries.longest_wait) + tenacity.wait_random(0, 1)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.wait if isinstance(error, _Transient) else None
            pause = backoff(state) if asked is None else min(asked, self._retries.longest_wait)
            logger.info("%s: %s; trying again in %.0f s", self._url, error, pause)
            return pause

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Transient),
            stop=self._patience_is_over,
            wait=wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            retrying(self._attempt)
        except _Transient as error:
            raise TransferFailed(f"{error}, also after several attempts") from error

    def forget(self) -> None:
        """Delete the partial file and what is known of it."""
        self._part.unlink(missing_ok=True)
        self._memory.unlink(missing_ok=True)

    def _patience_is_over(self, state: tenacity.RetryCallState) -> bool:
        size = self._part.stat().st_size if self._part.exists() else 0
        self._idle_attempts = 0 if size > self._size_before else self._idle_attempts + 1
        self._size_before = size
        return self._idle_attempts >= self._retries.attempts or state.attempt_number >= self._retries.attempts_in_all

    def _attempt(self) -> None:
        validator = self._validator_of_part()
        offset = self._part.stat().st_size if validator else 0
        headers = {"Range": f"bytes={offset}-", "If-Range": validator} if validator else {}
        with _network_errors(), self._get(headers) as response:
            self._judge_status(response)
            if response.status_code != 206:
                offset = 0
            elif not response.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
                self.forget()
                raise _Transient("the server resumed at another place than asked")
            self.etag = response.headers.get("ETag", "")
            self._receive(response, offset)

    def _get(self, headers: dict[str, str]) -> requests.Response:
        url = self._url
        for _ in range(_MAX_REDIRECTS):
            self._check_address(url)
            response = self._session.get(
                url, headers=headers, stream=True, allow_redirects=False, timeout=self._retries.timeout
            )
            if response.status_code not in _REDIRECTS or "Location" not in response.headers:
                return response
            response.close()
            url = urljoin(url, response.headers["Location"])
        raise TransferFailed(f"more than {_MAX_REDIRECTS} redirects")

    def _check_address(self, url: str) -> None:
        scheme = urlsplit(url).scheme
        if scheme == "https" or (scheme == "http" and self._allow_loopback_http and is_loopback(url)):
            return
        how = "the address is" if url == self._url else "it redirects to an address that is"
        raise TransferFailed(f"{how} not https ({url})")

    def _judge_status(self, response: requests.Response) -> None:
        status = response.status_code
        told = f"the server answers {status} {response.reason or ''}".rstrip()
        if status in _ABSENT_STATUS:
            self.forget()
            raise FileAbsent(told)
        if status == 416:
            self.forget()
            raise _Transient("the server cannot resume, so the transfer starts anew", wait=0.0)
        if status in _TRANSIENT_STATUS:
            raise _Transient(told, seconds_of_retry_after(response.headers.get("Retry-After"), datetime.now(UTC)))
        if status not in {200, 206}:
            raise TransferFailed(told)

    def _receive(self, response: requests.Response, offset: int) -> None:
        # Some servers call a stored .gz file "encoded as gzip": it is the file itself and must stay as it is. A text
        # that was compressed for the way only is unpacked, and its length is then not the one announced.
        encoded = response.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}
        unpack = encoded and not file_name_of(self._url).lower().endswith((".gz", ".tgz"))
        announced = _length_of(response)
        if announced is not None and offset + announced > self._max_bytes:
            self.forget()
            raise TransferFailed(self._too_large(offset + announced))
        if offset == 0:
            # In this order, a process killed in between never leaves old bytes with the new content's validator.
            self._part.unlink(missing_ok=True)
            self._remember(response, resumable=not unpack)
        total = None if announced is None or unpack else offset + announced
        with (
            self._part.open("ab" if offset else "wb") as out,
            Progress(file_name_of(self._url), total, show=self._progress, done=offset) as progress,
        ):
            size = offset
            for block in response.raw.stream(BLOCK, decode_content=unpack):
                if size == 0 and (page := page_in_place_of_data(block, file_name_of(self._url))):
                    self.forget()
                    raise TransferFailed(f"the server sent {page} with status 200 in place of the file")
                size += len(block)
                if size > self._max_bytes:
                    self.forget()
                    raise TransferFailed(self._too_large(size))
                out.write(block)
                progress.add(len(block))
            out.flush()
            os.fsync(out.fileno())
        if total is not None and size != total:
            raise _Transient(f"the transfer broke off at {size:,} of {total:,} bytes")

    def _too_large(self, size: int) -> str:
        return f"the file has {size:,} bytes or more, the limit (settings.max_download_gb) is {self._max_bytes:,}"

    def _remember(self, response: requests.Response, *, resumable: bool) -> None:
        """Note which content the partial file is the beginning of."""
        etag = response.headers.get("ETag", "")
        # A weak ETag promises equal meaning, not equal bytes.
        validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
        memory = {"url": self._url, "validator": validator if resumable else ""}
        replace_file(self._memory, json.dumps(memory, sort_keys=True).encode("utf-8"))

    def _validator_of_part(self) -> str:
        """Return what proves that the server still has the content of the partial file; '' when nothing does."""
        try:
            memory = json.loads(self._memory.read_text(encoding="utf-8"))
            usable = memory["url"] == self._url and self._part.stat().st_size > 0
            return str(memory["validator"]) if usable else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""


def _length_of(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else None


@contextmanager
def _network_errors() -> Iterator[None]:
    """Turn what the network libraries raise into our own words: those that may pass, and those that will not."""
    import requests
    import urllib3.exceptions

    try:
        yield
    except (requests.exceptions.SSLError, requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader) as error:
        raise TransferFailed(f"{type(error).__name__}: {error}") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(
            error, requests.RequestException | ConnectionError | TimeoutError
        ):
            raise  # the disk, not the network
        raise _Transient(f"{type(error).__name__}: {error}") from error
