"""What stands at an address is told without fetching it whole, and a range is the range that was asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scripted_server import Fetcher, Handler, ScriptedServer

from sidemine.errors import RetrievalError
from sidemine.retrieve.patience import Pace
from sidemine.retrieve.probe import Client, Probe

BODY = b"".join(b"!Series_title\t%d\n" % number for number in range(20_000))


def ranged(body: bytes, etag: str = '"v1"') -> Callable[[Handler], None]:
    def answer(handler: Handler) -> None:
        first, last = (int(part) for part in handler.headers["Range"].removeprefix("bytes=").split("-"))
        last = min(last, len(body) - 1)
        handler.reply(206, body[first : last + 1], Content_Range=f"bytes {first}-{last}/{len(body)}", ETag=etag)

    return answer


@pytest.fixture
def client(fetcher: Fetcher) -> Client:
    return Client(fetcher.session, Pace(connect=60, stall=60), fetcher.waits.append, allow_loopback_http=True)


def test_a_file_is_described_without_its_body(server: ScriptedServer, client: Client) -> None:
    url = server.on("/x.gz", lambda handler: handler.reply(200, announce=10**9, ETag='"v"', Content_Type="a/b"))
    assert client.probe(url) == Probe(url, exists=True, size=10**9, content_type="a/b", validator='"v"')


def test_a_missing_file_is_told(server: ScriptedServer, client: Client) -> None:
    assert not client.probe(server.base + "/nothing.gz").exists


@pytest.mark.parametrize("code", [403, 405, 501])
def test_a_server_without_head_is_asked_for_one_byte(server: ScriptedServer, client: Client, code: int) -> None:
    url = server.on("/x", lambda handler: handler.reply(code), ranged(BODY))
    assert (client.probe(url).size, server.requests[1][1]["Range"]) == (len(BODY), "bytes=0-0")


def test_a_failing_server_is_asked_again_and_then_told(server: ScriptedServer, client: Client) -> None:
    url = server.on("/x", lambda handler: handler.reply(503), lambda handler: handler.reply(200, announce=7))
    assert client.probe(url).size == 7
    server.on("/x", lambda handler: handler.reply(503))
    with pytest.raises(RetrievalError, match="answers 503") as caught:
        client.probe(url)
    assert caught.value.problems[0].next_step


@pytest.mark.parametrize(("start", "end"), [(0, 99), (5, 5), (70_000, 140_000), (len(BODY) - 3, len(BODY) + 50)])
@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_range_is_what_was_asked(
    server: ScriptedServer, client: Client, start: int, end: int, knows_ranges: bool
) -> None:
    url = server.on("/x", ranged(BODY) if knows_ranges else lambda handler: handler.reply(200, BODY))
    assert client.fetch_range(url, start, end) == BODY[start : end + 1]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("bytes 1-100/1000", "another range"),
        ("bytes 0-100/1000", "another range"),
        ("lines 0-99/1000", "another range"),
        ("bytes 0-9/1000", "another range"),
        ("", "another range"),
    ],
)
def test_another_range_is_refused(server: ScriptedServer, client: Client, told: str, words: str) -> None:
    url = server.on("/x", lambda handler: handler.reply(206, BODY[:100], Content_Range=told))
    with pytest.raises(RetrievalError, match=words):
        client.fetch_range(url, 0, 99)


def test_an_error_text_is_no_range(server: ScriptedServer, client: Client) -> None:
    url = server.on("/x", lambda handler: handler.reply(200, b'{"error": "quota exceeded"}'))
    with pytest.raises(RetrievalError, match="a JSON document"):
        client.fetch_range(url, 0, 99)
    with pytest.raises(RetrievalError, match="answers 404"):
        client.fetch_range(server.base + "/nothing", 0, 9)
