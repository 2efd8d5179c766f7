"""One HTTP exchange, with nothing taken on trust: how it is framed, how fast it comes, where it is led.

`requests` brings proxies, certificates and pools. What it leaves to the good will of a server is put right here:
interim answers (103), malformed chunks, more bytes than announced, one byte now and then, redirects to elsewhere.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, cast
from urllib.parse import quote, urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from sidemine import __version__
from sidemine.retrieve.addresses import is_loopback
from sidemine.retrieve.patience import Pace, SurplusBytes, TooSlow, TransferFailed, Transient

_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_REDIRECTS = 10
_MAX_INTERIM = 20
_MAX_TRAILER_LINES = 100
_WAIT_FOR_SURPLUS = 1.0  # seconds for the end of the stream, or for bytes that nobody announced
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(;[^\r\n]*)?\r?\n")


class MalformedAnswer(http.client.HTTPException):
    """The server breaks HTTP in a way that would have to be guessed at."""


class _PacedStream(io.RawIOBase):
    """The bytes of a socket, as long as they come fast enough."""

    def __init__(self, raw: io.RawIOBase, pace: Pace) -> None:
        self._raw = raw
        self._pace = pace
        self._is_body = False
        self._since = pace.clock()
        self._came = 0

    def readable(self) -> bool:
        return True

    def begin_body(self) -> None:
        self._is_body, self._since, self._came = True, self._pace.clock(), 0

    def readinto(self, buffer: Any) -> int | None:
        count = self._raw.readinto(buffer)
        self._came += count or 0
        if count:
            self._judge()
        return count

    def _judge(self) -> None:
        now = self._pace.clock()
        passed = now - self._since
        if not self._is_body:
            if passed > self._pace.answer:
                raise TooSlow(f"the head of the answer is not complete after {passed:.0f} s")
        elif passed >= self._pace.window:
            if self._came < self._pace.slowest * passed:
                raise TooSlow(f"the server sent {self._came:,} bytes in {passed:.0f} s")
            self._since, self._came = now, 0

    def close(self) -> None:
        self._raw.close()
        super().close()


class CheckedResponse(http.client.HTTPResponse):
    """A response that passes over interim answers, reads chunks to the letter and notices surplus bytes."""

    def __init__(self, sock: socket.socket, *arguments: Any, pace: Pace, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._socket = sock
        self._paced = _PacedStream(self.fp.detach(), pace)
        self.fp = io.BufferedReader(self._paced)
        self.has_surplus = False
        self.expects_end = False

    def begin(self) -> None:
        """Read the head of the final answer: 103 Early Hints, 102 and the like come before it."""
        super().begin()
        for _ in range(_MAX_INTERIM):
            if not 102 <= self.status <= 199:
                self._check_framing()
                self._paced.begin_body()
                return
            self.headers = self.msg = cast("Any", None)  # what `begin` takes for "not yet begun"
            super().begin()
        raise MalformedAnswer(f"more than {_MAX_INTERIM} interim answers")

    def _check_framing(self) -> None:
        """Raise when the headers do not say where the body ends: what they say is not guessed at."""
        encodings = self.headers.get_all("Transfer-Encoding", [])
        if encodings and [encoding.strip().lower() for encoding in encodings] != ["chunked"]:
            raise MalformedAnswer(f"the transfer encoding is not known ({', '.join(encodings)[:80]})")
        lengths = ",".join(self.headers.get_all("Content-Length", ["0"]))
        values = {value.strip() for value in lengths.split(",")}
        if len(values) > 1 or re.fullmatch(r"[0-9]{1,18}", values.pop()) is None:
            raise MalformedAnswer(f"the announced length cannot be read ({lengths[:80]})")

    def look_for_surplus(self) -> None:
        """Note whether bytes follow where the announced length ends."""
        if not self.expects_end or self.fp is None or self.chunked or self.length != 0:
            return
        self.expects_end = False
        try:
            self._socket.settimeout(_WAIT_FOR_SURPLUS)
            self.has_surplus = bool(self.fp.peek(1))
        except (OSError, ValueError):
            return  # silence, or a connection that is gone already: nothing more came

    # Four methods that http.client keeps to itself; tests/retrieve/test_transport_modes.py fails when one is renamed.
    def _close_conn(self) -> None:
        self.look_for_surplus()
        super()._close_conn()  # type: ignore[misc]

    def _get_chunk_left(self) -> int | None:
        if self.chunk_left == 0:
            if self._safe_read(2) != b"\r\n":  # type: ignore[attr-defined]
                raise MalformedAnswer("a chunk does not end where its size says")
            self.chunk_left = None
        return super()._get_chunk_left()  # type: ignore[misc, no-any-return]

    def _read_next_chunk_size(self) -> int:
        line = self.fp.readline(4096)
        match = _CHUNK_SIZE.fullmatch(line)
        if match is None:
            # int() would take -5, 1_0 and 0x10, and then read what is no part of the body.
            raise MalformedAnswer(f"the size of a chunk cannot be read ({line[:40]!r})")
        return int(match[1], 16)

    def _read_and_discard_trailer(self) -> None:
        for _ in range(_MAX_TRAILER_LINES):
            if self.fp.readline(4096) in {b"\r\n", b"\n", b""}:
                return
        raise MalformedAnswer("the trailer does not end")


class _Adapter(HTTPAdapter):
    """Makes connections whose responses are checked."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self._use_own_responses(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        self._use_own_responses(manager)
        return manager

    def _use_own_responses(self, manager: urllib3.PoolManager) -> None:
        response = partial(CheckedResponse, pace=self._pace)

        def connect(kind: type[HTTPConnection], **options: Any) -> HTTPConnection:
            connection = kind(**options)
            connection.response_class = cast("type[http.client.HTTPResponse]", response)
            return connection

        def pool(
            kind: type[urllib3.HTTPConnectionPool], base: type[HTTPConnection], *place: Any, **options: Any
        ) -> Any:
            made = kind(*place, **options)
            made.ConnectionCls = cast("Any", partial(connect, base))
            return made

        manager.pool_classes_by_scheme = cast(
            "Any",
            {
                "http": partial(pool, urllib3.HTTPConnectionPool, HTTPConnection),
                "https": partial(pool, urllib3.HTTPSConnectionPool, HTTPSConnection),
            },
        )


class _Session(requests.Session):
    """A session that leaves redirects to us: requests would read the whole body of one, and parse any Location."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None."""


def new_session(pace: Pace | None = None) -> requests.Session:
    """Return a session that says who asks, asks for the bytes as they are stored, and checks what comes.

    Parameters
    ----------
    pace
        How slow servers may be.
    """
    session = _Session()
    adapter = _Adapter(pace or Pace())
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers.update(
        {"User-Agent": f"sidemine/{__version__}", "Accept-Encoding": "identity", "Connection": "close"}
    )
    return session


def _resolve(host: str) -> list[str]:
    """Return the numbers of a host; none where names are not known here (behind a proxy)."""
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


def is_private(url: str, resolve: Callable[[str], list[str]] = _resolve) -> bool:
    """Tell whether an address leads into this machine or a network that the public does not reach.

    >>> is_private("http://127.0.0.1/x"), is_private("https://[fe80::1]/x"), is_private("https://192.0.2.1/x")
    (True, True, True)
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        numbers = [str(ipaddress.ip_address(host))]
    except ValueError:
        numbers = resolve(host)
    return any(not ipaddress.ip_address(number.partition("%")[0]).is_global for number in numbers)


def _check_address(url: str, origin: str, *, allow_loopback_http: bool, resolve: Callable[[str], list[str]]) -> None:
    """Raise `TransferFailed` unless `url` may be asked for on behalf of `origin`."""
    how = "the address is" if url == origin else "it redirects to an address that is"
    try:
        parts = urlsplit(url)
        _ = parts.port
        scheme, host = parts.scheme, parts.hostname
    except ValueError as error:
        raise TransferFailed(f"{how} malformed ({url[:200]}: {error})") from error
    if not (scheme == "https" or (scheme == "http" and allow_loopback_http and is_loopback(url))):
        raise TransferFailed(f"{how} not https ({url[:200]})")
    if not host or "@" in parts.netloc:
        raise TransferFailed(f"{how} without a host, or with a user name")
    if url != origin and not is_private(origin, resolve) and is_private(url, resolve):
        raise TransferFailed(f"{how} inside a private network ({url[:200]})")


def _location_of(response: requests.Response, url: str) -> str:
    location = response.headers.get("Location", "").strip()
    if not location:
        raise Transient(f"the server answers {response.status_code} without saying where to go")
    try:
        # Headers are read as Latin-1; servers write UTF-8 or percent-encoding.
        location = quote(location.encode("latin-1"), safe="%/:?#[]@!$&'()*+,;=~-._")
        return urljoin(url, location)
    except ValueError as error:
        raise TransferFailed(f"it redirects to an address that is malformed ({location[:200]}: {error})") from error


@contextmanager
def open_url(
    session: requests.Session,
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    pace: Pace,
    allow_loopback_http: bool = False,
    resolve: Callable[[str], list[str]] = _resolve,
) -> Iterator[requests.Response]:
    """Ask for an address, follow its redirects, and give the final answer with its body unread.

    Parameters
    ----------
    session
        A session of `new_session`.
    url
        The address: https, or http of this very machine when `allow_loopback_http`.
    method, headers
        What to ask, and with which further headers.
    pace
        How long to wait.
    allow_loopback_http
        Let plain http pass to 127.0.0.1: for tests.
    resolve
        What gives the numbers of a host's name.

    Raises
    ------
    Transient
        When the network or the server failed in a way that may pass, while asking or while the body is read.
    TransferFailed
        When it will not pass: a forbidden or endless redirect, a certificate that does not fit.
    """
    with network_errors():
        target = url
        for _ in range(_MAX_REDIRECTS):
            _check_address(target, url, allow_loopback_http=allow_loopback_http, resolve=resolve)
            response = session.request(
                method,
                target,
                headers=dict(headers or {}),
                stream=True,
                allow_redirects=False,
                timeout=(pace.connect, pace.stall),
            )
            if response.status_code not in _REDIRECTS:
                with response:
                    yield response
                return
            with response:
                target = _location_of(response, target)
        raise TransferFailed(f"more than {_MAX_REDIRECTS} redirects")


def length_of(response: requests.Response) -> int | None:
    """Return how many bytes the body has as the server announces it; None where it does not."""
    if "Transfer-Encoding" in response.headers or "Content-Length" not in response.headers:
        return None
    return int(response.headers["Content-Length"].split(",")[0])


def read_blocks(response: requests.Response, block: int) -> Iterator[bytes]:
    """Give the body as it comes, unchanged by any decoding.

    Parameters
    ----------
    response
        An answer of `open_url`.
    block
        Most bytes at a time.

    Raises
    ------
    SurplusBytes
        When more bytes come than were announced. Broken transfers raise what `network_errors` translates.
    """
    original = cast("CheckedResponse", response.raw._original_response)
    original.expects_end = True
    while data := response.raw.read1(block, decode_content=False):
        yield data
    original.look_for_surplus()
    if original.has_surplus:
        raise SurplusBytes("the server sends more bytes than it announced")


@contextmanager
def network_errors() -> Iterator[None]:
    """Turn what the network libraries raise into our own words: those that may pass, and those that will not.

    Raises
    ------
    Transient
        When the same request may succeed later: broken connections, time-outs, hand-shakes that break off.
    TransferFailed
        When it will not: an address that cannot be asked, a certificate that does not fit.
    """
    try:
        yield
    except TransferFailed:
        raise
    except requests.exceptions.SSLError as error:
        # A certificate that does not fit will not fit the next time either; a hand-shake that breaks off may.
        kind = TransferFailed if "certificate" in str(error).lower() else Transient
        raise kind(_words(error)) from error
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        raise TransferFailed(_words(error)) from error
    except (requests.RequestException, HTTPError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise Transient(_words(error)) from error


def _words(error: BaseException) -> str:
    """Return what happened: our own words where they stand behind an exception of a library."""
    cause, first = error, error
    while True:
        if isinstance(cause, TooSlow | MalformedAnswer):
            return str(cause)
        first = cause
        if (before := cause.__cause__ or cause.__context__) is None:
            break
        cause = before
    return f"the connection failed ({str(first)[:200] or type(first).__name__})"
