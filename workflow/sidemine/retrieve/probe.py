"""What stands at an address, without keeping it: its existence, size and type, a few of its bytes, or a short answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from sidemine.errors import Problem, RetrievalError
from sidemine.retrieve.patience import FileAbsent, Pace, TransferFailed, Transient

if TYPE_CHECKING:
    import requests

_T = TypeVar("_T")
_Opener = Callable[[str, dict[str, str]], "AbstractContextManager[requests.Response]"]
_ATTEMPTS = 3
_LONGEST_WAIT = 10.0  # seconds
_BLOCK = 2**16
_WITHOUT_HEAD = {400, 403, 405, 501}  # answers of servers that know GET only, or refuse HEAD of signed addresses


@dataclass(frozen=True)
class Probe:
    """What a server says of an address.

    Attributes
    ----------
    url
        The address that was asked.
    exists
        The server has it. False only when the server says that it has not (404, 410).
    size
        Bytes, where the server tells; None otherwise.
    content_type
        Its media type as the server names it, or ''.
    validator
        Its strong ETag, else its Last-Modified date, else ''.
    """

    url: str
    exists: bool
    size: int | None
    content_type: str
    validator: str


@dataclass(frozen=True)
class Client:
    """How addresses are asked.

    Attributes
    ----------
    session
        A session of `connection.new_session`; one is made for each question where there is none.
    pace
        How slow the server may be.
    sleep
        The function that waits between attempts.
    allow_loopback_http
        Let plain http pass to 127.0.0.1: for tests.
    """

    session: requests.Session | None = None
    pace: Pace = field(default_factory=Pace)
    sleep: Callable[[float], None] = time.sleep
    allow_loopback_http: bool = False

    def probe(self, url: str) -> Probe:
        """Ask whether a file exists, how large it is and what it is, without fetching it.

        Parameters
        ----------
        url
            The address.

        Returns
        -------
        Probe
            Also when the file does not exist.

        Raises
        ------
        RetrievalError
            When the server cannot be reached, refuses, or redirects to where it must not.
        """
        try:
            return self._persist(url, lambda opened: _describe(url, opened))
        except FileAbsent:
            return Probe(url, exists=False, size=None, content_type="", validator="")

    def fetch_range(self, url: str, start: int, end: int) -> bytes:
        """Return some bytes of a file, as they are stored.

        Parameters
        ----------
        url
            The address.
        start, end
            First and last byte, from 0, both included.

        Returns
        -------
        bytes
            `end - start + 1` bytes; fewer where the file ends before. A server without ranges is read up to `end` only.

        Raises
        ------
        RetrievalError
            When the file does not exist or cannot be had, when the server answers with another range than asked, or
            with a web page or error text.
        """
        if not 0 <= start <= end:
            raise ValueError("a range has 0 <= start <= end")
        return self._fetch(url, lambda opened: _read_range(opened, start, end))

    def fetch_answer(self, url: str, max_bytes: int) -> bytes:
        """Return the whole answer of a service, which is kept nowhere.

        Parameters
        ----------
        url
            The address, its question included.
        max_bytes
            Most bytes that the answer may have.

        Raises
        ------
        RetrievalError
            When it cannot be had, or is longer.
        """
        return self._fetch(url, lambda opened: _read_answer(opened, max_bytes))

    def _fetch(self, url: str, ask: Callable[[_Opener], bytes]) -> bytes:
        try:
            return self._persist(url, ask)
        except FileAbsent as error:
            raise RetrievalError(_not_had(url, error)) from error

    def _persist(self, url: str, ask: Callable[[_Opener], _T]) -> _T:
        """Ask a few times, and say in four parts what kept failing."""
        from sidemine.retrieve.connection import new_session, open_url

        with ExitStack() as stack:
            session = self.session or stack.enter_context(new_session(self.pace))

            def opened(method: str, headers: dict[str, str]) -> AbstractContextManager[requests.Response]:
                return open_url(
                    session,
                    url,
                    method=method,
                    headers=headers,
                    pace=self.pace,
                    allow_loopback_http=self.allow_loopback_http,
                )

            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    return ask(opened)
                except FileAbsent:
                    raise
                except Transient as error:
                    if attempt == _ATTEMPTS:
                        raise RetrievalError(_not_had(url, error)) from error
                    self.sleep(min(float(2 ** (attempt - 1)) if error.wait is None else error.wait, _LONGEST_WAIT))
                except TransferFailed as error:
                    raise RetrievalError(_not_had(url, error)) from error
        raise AssertionError("every attempt returns or raises")


def _describe(url: str, opened: _Opener) -> Probe:
    from sidemine.retrieve.transfer import judge_status, strong_validator, total_size

    def describe(response: requests.Response) -> Probe:
        judge_status(response, allowed={200, 206})
        kind = response.headers.get("Content-Type", "")
        return Probe(url, True, total_size(response), kind, strong_validator(response))

    with opened("HEAD", {}) as response:
        if response.status_code not in _WITHOUT_HEAD:
            return describe(response)
    with opened("GET", {"Range": "bytes=0-0"}) as response:
        return describe(response)


def _read_range(opened: _Opener, start: int, end: int) -> bytes:
    from sidemine.retrieve.connection import read_blocks
    from sidemine.retrieve.transfer import content_range, judge_status, transit_encoding
    from sidemine.sources.forms import error_in_place_of_data

    with opened("GET", {"Range": f"bytes={start}-{end}"}) as response:
        judge_status(response, allowed={200, 206})
        if transit_encoding(response):
            raise TransferFailed("the server packs what it sends, so its bytes are not those of the file")
        skip, wanted = start, end - start + 1
        if response.status_code == 206:
            content = content_range(response)
            if content is None or content.start != start or content.end > end:
                raise Transient("the server sends another range than asked")
            skip, wanted = 0, content.end - start + 1
        data, position = bytearray(), 0
        for block in read_blocks(response, _BLOCK):
            data += block[max(0, skip - position) :]
            position += len(block)
            if len(data) >= wanted:
                break
        if response.status_code == 206 and len(data) < wanted:
            raise Transient(f"the transfer broke off at {len(data):,} of {wanted:,} bytes")
        data = data[:wanted]
        if start == 0 and (error := error_in_place_of_data(bytes(data))):
            raise TransferFailed(f"the server sent {error} in place of the file")
        return bytes(data)


def _read_answer(opened: _Opener, max_bytes: int) -> bytes:
    from sidemine.retrieve.connection import read_blocks
    from sidemine.retrieve.transfer import judge_status, transit_encoding

    with opened("GET", {}) as response:
        judge_status(response, allowed={200})
        if transit_encoding(response):
            raise TransferFailed("the server packs what it sends, which nobody asked for")
        data = bytearray()
        for block in read_blocks(response, _BLOCK):
            data += block
            if len(data) > max_bytes:
                raise TransferFailed(f"the answer is longer than {max_bytes:,} bytes")
        return bytes(data)


def _not_had(url: str, reason: Exception) -> Problem:
    return Problem(
        "an address does not give what it should",
        f"{url}: {reason}",
        "an address that answers over https",
        "Look at the address in a web browser; mend it, or try again later.",
    )
